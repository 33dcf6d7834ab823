//! The questions that the engine can ask, in words for the officer.

use super::decision::{Question, SettledBy};
use super::pack::{Entry, Ground};
use super::prearrival::Exception;
use crate::mrz::Field;
use alloc::{format, string::String, string::ToString, vec::Vec};

fn ask(id: &str, settled_by: SettledBy, text: String) -> Question {
    Question { id: id.into(), text, settled_by, age: None }
}

pub(super) fn announced_entry(entry: &Entry) -> Question {
    let text = format!(
        "The rule \"{}\" is only announced, and the operator has not confirmed it. Are biometrics due?",
        entry.id
    );
    ask("announced-entry", SettledBy::Supervisor, text)
}

pub(super) fn announced_rule(title: &str, entry: &str) -> Question {
    let text = format!("Only announced, until the operator has confirmed the entry \"{entry}\": {title}. Is it owed?");
    ask("announced-rule", SettledBy::Supervisor, text)
}

pub(super) fn birth_date(years: u8) -> Question {
    let text = format!(
        "The document does not say for certain whether the traveller is under {years}. What is the date of birth?"
    );
    Question { age: Some(years), ..ask("birth-date", SettledBy::Officer, text) }
}

pub(super) fn confirm_attestation(ground: &Ground) -> Question {
    let text = format!("Is the claimed exemption shown: {}? A second person has to confirm it.", ground.title);
    ask("confirm-attestation", SettledBy::Supervisor, text)
}

pub(super) fn confirm_entered_child(years: u8) -> Question {
    let text = format!("The date of birth was entered by hand. Is the traveller a child under {years}?");
    Question { age: Some(years), ..ask("confirm-child", SettledBy::Officer, text) }
}

pub(super) fn confirm_child(years: u8) -> Question {
    let text = format!(
        "The year of birth has two digits only. Is the traveller a child under {years}, and not a hundred years older?"
    );
    Question { age: Some(years), ..ask("confirm-child", SettledBy::Officer, text) }
}

pub(super) fn confirm_nationality(code: &str) -> Question {
    let text = format!("Does the printed page of the document show the nationality {code}?");
    ask("confirm-nationality", SettledBy::Officer, text)
}

pub(super) fn hinted_exemption(grounds: &[&Ground]) -> Question {
    let titles: Vec<&str> = grounds.iter().map(|ground| ground.title.as_str()).collect();
    let text = format!(
        "The document may belong to an exempt person, which it cannot show alone. Does the traveller claim to be one \
         of these: {}? Enter the claim with its evidence, or answer no.",
        titles.join("; ")
    );
    ask("hinted-exemption", SettledBy::Officer, text)
}

pub(super) fn no_rule() -> Question {
    let text = "No rule of the policy pack applies to this date, checkpoint and direction. What is to be done?";
    ask("no-rule", SettledBy::Supervisor, text.into())
}

pub(super) fn read_again(failed: &[Field]) -> Question {
    let fields: Vec<String> = failed.iter().map(ToString::to_string).collect();
    let text = format!(
        "Check digits do not hold: {}. Read the document again, or compare these fields with the printed page: does it \
         show them as read?",
        fields.join(", ")
    );
    ask("read-again", SettledBy::Officer, text)
}

pub(super) fn nationality_missing() -> Question {
    let text = "The nationality is not known. Read the document again, or enter its fields from the printed page.";
    ask("read-again", SettledBy::Officer, text.into())
}

pub(super) fn nationality_differs() -> Question {
    let text =
        "The printed page shows another nationality. Read the document again, or enter its fields from the page.";
    ask("read-again", SettledBy::Officer, text.into())
}

pub(super) fn two_documents(other: &str) -> Question {
    let text = format!("Another document of this traveller shows the nationality {other}. Are biometrics due?");
    ask("two-documents", SettledBy::Supervisor, text)
}

pub(super) fn unknown_code() -> Question {
    let text = "The document states a nationality that tells neither a State nor a stateless person or refugee. Are \
                biometrics due?";
    ask("unknown-code", SettledBy::Supervisor, text.into())
}

pub(super) fn stated_exception(exception: &Exception) -> Question {
    ask(&exception.id, SettledBy::Officer, exception.question.clone())
}
