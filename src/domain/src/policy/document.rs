//! Whether the document can be relied on, and whether it shows a citizen of the pack's own country.

use super::answer::Answer;
use super::facts::{Evidence, Facts};
use super::pack::Pack;
use super::questions;
use crate::mrz::Field;
use crate::mrz::codes::{self, CodeKind};
use alloc::string::String;
use alloc::vec::Vec;

/// How far a nationality of some list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The document names another.
    No,
    /// The officer says that the printed page shows another one than was read.
    Otherwise,
    /// Read so, and the officer has to confirm it from the printed page: no check digit protects the nationality.
    Unconfirmed,
    Yes,
}

/// What is to be asked before anything rests on the document: a misread field, no nationality, a code that tells none.
pub(super) fn doubt(facts: &Facts) -> Option<Answer> {
    if facts.misread() {
        let failed: Vec<&str> = facts.failed_checks.iter().map(|field| field.id()).collect();
        return Some(Answer::ask(questions::read_again(&facts.failed_checks), &failed));
    }
    let Some(nationality) = facts.nationality() else {
        return Some(Answer::ask(questions::nationality_missing(), &[Field::Nationality.id()]));
    };
    match codes::known(nationality) {
        None | Some(CodeKind::Unspecified) => Some(Answer::ask(questions::unknown_code(), &[Field::Nationality.id()])),
        Some(_) => None,
    }
}

/// Whether the document shows one of these nationalities: by itself when a reader read it and the issuing State is the
/// same, else by the officer's word.
pub(super) fn shows_nationality(listed: &[String], facts: &Facts) -> Shown {
    let Some(nationality) = facts.nationality().filter(|code| listed.iter().any(|own| own == code)) else {
        return Shown::No;
    };
    let by_itself = facts.evidence_now() == Evidence::Reader && facts.issuing_state() == Some(nationality);
    match facts.answers.nationality {
        Some(true) => Shown::Yes,
        Some(false) => Shown::Otherwise,
        None if by_itself => Shown::Yes,
        None => Shown::Unconfirmed,
    }
}

/// Own citizens are not in scope, whatever the entries say.
pub(super) fn own_citizen(pack: &Pack, facts: &Facts) -> Option<Answer> {
    match (shows_nationality(&pack.own_nationalities, facts), doubt(facts)) {
        (Shown::No, _) => None,
        (_, Some(doubt)) => Some(doubt),
        (shown, None) => Some(nationality_open(shown, facts).unwrap_or_else(Answer::not_in_scope)),
    }
}

/// The question that a nationality leaves open.
pub(super) fn nationality_open(shown: Shown, facts: &Facts) -> Option<Answer> {
    let missing = [Field::Nationality.id()];
    match shown {
        Shown::No | Shown::Yes => None,
        Shown::Otherwise => Some(Answer::ask(questions::nationality_differs(), &missing)),
        Shown::Unconfirmed => {
            let code = facts.nationality().unwrap_or_default();
            Some(Answer::ask(questions::confirm_nationality(code), &missing))
        }
    }
}
