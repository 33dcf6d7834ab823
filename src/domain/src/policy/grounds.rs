//! The exemption grounds that the deciding entry lists, weighed against the facts.

use super::answer::Answer;
use super::birth::Younger;
use super::document::{self, Shown};
use super::facts::{Evidence, Facts};
use super::pack::{Entry, Ground, Pack, Rule};
use super::questions;
use crate::mrz::Field;
use alloc::{string::String, vec::Vec};
use jiff::civil::Date;

/// What the facts say to the listed grounds. A ground that the entry does not list is not here.
pub(super) struct Weighed {
    exemption: Option<Answer>,
    claim: Option<Answer>,
    open: Option<Answer>,
    hint: Option<Answer>,
    /// Nationalities that an exemption rests on.
    exempting: Vec<String>,
    /// What is due if anything is.
    due: Answer,
}

impl Weighed {
    /// Weighs the grounds of the deciding entry, if there is one.
    pub(super) fn of(pack: &Pack, entry: Option<&Entry>, facts: &Facts, on: Date) -> Self {
        Self::over(listed(pack, entry).collect(), facts, on)
    }

    /// Weighs these grounds.
    pub(super) fn over(grounds: Vec<&Ground>, facts: &Facts, on: Date) -> Self {
        let (listed, limiting): (Vec<&Ground>, Vec<&Ground>) = grounds.into_iter().partition(|ground| ground.exempts());
        let by_document: Vec<Finding> = listed.iter().map(|ground| by_document(ground, facts, on)).collect();
        let limits: Vec<(&Ground, Finding)> =
            limiting.iter().map(|ground| (*ground, limit(ground, facts, on))).collect();
        let by_word = || listed.iter().filter_map(|ground| by_attestation(ground, facts));
        let shown = |finding: &Finding| match finding {
            Finding::Exempt(answer) => Some(answer.clone()),
            _ => None,
        };
        let open = |finding: &Finding| match finding {
            Finding::Open(answer) => Some(answer.clone()),
            _ => None,
        };
        // An exemption that stands goes before one that still needs a key.
        let settled = |answer: &Answer| answer.question.is_none();
        let exemptions =
            || by_document.iter().filter_map(shown).chain(by_word().filter(|answer| answer.question.is_none()));
        Self {
            exemption: exemptions().find(settled).or_else(|| exemptions().next()),
            claim: by_word().find(|answer| answer.question.is_some()),
            open: by_document.iter().find_map(open).or_else(|| limits.iter().find_map(|(_, limit)| unsettled(limit))),
            hint: hinted(&listed, facts),
            exempting: listed.iter().flat_map(|ground| nationalities(ground)).cloned().collect(),
            due: due(&limits),
        }
    }

    /// What is due where nothing exempts.
    pub(super) fn due(&self) -> Answer {
        self.due.clone()
    }

    /// Another document says that this is an own citizen, or one of an exempt nationality. Which of the two counts is
    /// nothing that the documents show.
    pub(super) fn other_document(&self, pack: &Pack, facts: &Facts) -> Option<Answer> {
        let matters = |code: &String| pack.own_nationalities.contains(code) || self.exempting.contains(code);
        let other = facts.others.iter().map(|other| &other.nationality).find(|code| matters(code))?;
        Some(Answer::ask(questions::two_documents(other), &[Field::Nationality.id()]))
    }

    /// A ground that is shown, perhaps but for one confirming key.
    pub(super) fn exemption(&self) -> Option<Answer> {
        self.exemption.clone()
    }

    /// A ground that is claimed and waits for a second person.
    pub(super) fn claim(&self) -> Option<Answer> {
        self.claim.clone()
    }

    /// A ground that the document may show, once a question is settled.
    pub(super) fn open(&self) -> Option<Answer> {
        self.open.clone()
    }

    /// A ground that the document only hints at.
    pub(super) fn hint(&self) -> Option<Answer> {
        self.hint.clone()
    }
}

/// What the document says to a ground that limits. Of a misread document it is not known, and so it is asked; an unknown
/// nationality says nothing about an age.
fn limit(ground: &Ground, facts: &Facts, on: Date) -> Finding {
    match &ground.rule {
        _ if facts.misread() => {
            let failed: Vec<&str> = facts.failed_checks.iter().map(|field| field.id()).collect();
            Finding::Open(Answer::ask(questions::read_again(&facts.failed_checks), &failed))
        }
        Rule::AgeBelow(years) => by_age(ground, *years, facts, on),
        Rule::Attested | Rule::Nationality(_) => by_document(ground, facts, on),
    }
}

/// The question that a limit leaves open.
fn unsettled(limit: &Finding) -> Option<Answer> {
    match limit {
        Finding::Exempt(answer) => answer.question.clone().map(|question| Answer::ask(question, &["birth-date"])),
        Finding::NotShown => None,
        Finding::Open(answer) => Some(answer.clone()),
    }
}

/// Everything, or what the first limit leaves that is shown. One that is still open counts as shown: where a supervisor
/// rules that biometrics are due, nothing is taken of which it is not known that it may be.
fn due(limits: &[(&Ground, Finding)]) -> Answer {
    let applies = |limit: &&(&Ground, Finding)| !matches!(limit.1, Finding::NotShown);
    limits.iter().find(applies).map_or_else(Answer::required, |(ground, _)| Answer::limited(ground))
}

/// The grounds that an entry lists.
pub(super) fn listed<'a>(pack: &'a Pack, entry: Option<&'a Entry>) -> impl Iterator<Item = &'a Ground> {
    entry.into_iter().flat_map(|entry| &entry.grounds).filter_map(|id| pack.ground(id))
}

/// The nationalities that show a ground.
fn nationalities(ground: &Ground) -> &[String] {
    match &ground.rule {
        Rule::AgeBelow(_) | Rule::Attested => &[],
        Rule::Nationality(codes) => codes,
    }
}

/// Whether a code of the document suggests a ground.
pub(super) fn is_hinted(ground: &Ground, facts: &Facts) -> bool {
    let document = facts.document_code.as_ref().is_some_and(|code| ground.hint_documents.contains(code));
    let named = |code: &Option<_>| code.as_ref().is_some_and(|code| ground.hint_issuers.contains(code));
    document || named(&facts.issuing_state) || named(&facts.nationality)
}

enum Finding {
    Exempt(Answer),
    NotShown,
    Open(Answer),
}

/// What the document says to a ground. A document in doubt says nothing.
fn by_document(ground: &Ground, facts: &Facts, on: Date) -> Finding {
    if document::doubt(facts).is_some() {
        return Finding::NotShown;
    }
    match &ground.rule {
        Rule::AgeBelow(years) => by_age(ground, *years, facts, on),
        Rule::Attested => Finding::NotShown,
        Rule::Nationality(codes) => by_nationality(ground, document::shows_nationality(codes, facts), facts),
    }
}

fn by_age(ground: &Ground, years: u8, facts: &Facts, on: Date) -> Finding {
    let unclear = || Finding::Open(Answer::ask(questions::birth_date(years), &[Field::BirthDate.id()]));
    let younger = facts.birth_date_now().map(|born| born.younger_than(years, on));
    match (younger, facts.answers.child) {
        _ if facts.birth_date_contradicted() => unclear(),
        (None | Some(Younger::Unclear), _) => unclear(),
        (Some(Younger::No), _) | (Some(_), Some(false)) => Finding::NotShown,
        // One person's typing alone exempts nobody: no check digit stands behind it.
        (Some(Younger::Yes), None) if facts.evidence_now() == Evidence::Manual => {
            Finding::Exempt(Answer::exempt(&ground.id, Some(questions::confirm_entered_child(years))))
        }
        (Some(Younger::Yes), _) | (Some(Younger::DependsOnCentury), Some(true)) => {
            Finding::Exempt(Answer::exempt(&ground.id, None))
        }
        (Some(Younger::DependsOnCentury), None) => {
            Finding::Exempt(Answer::exempt(&ground.id, Some(questions::confirm_child(years))))
        }
    }
}

fn by_nationality(ground: &Ground, shown: Shown, facts: &Facts) -> Finding {
    match document::nationality_open(shown, facts) {
        Some(question) => Finding::Open(question),
        None if shown == Shown::Yes => Finding::Exempt(Answer::exempt(&ground.id, None)),
        None => Finding::NotShown,
    }
}

/// What an attestation says to a ground. It rests on evidence beside the document, so a misread document does not
/// touch it.
fn by_attestation(ground: &Ground, facts: &Facts) -> Option<Answer> {
    let attestation = facts.attestation.as_ref().filter(|attestation| attestation.ground == ground.id)?;
    if attestation.confirmed_by.is_some() || !ground.second_person {
        Some(Answer::exempt(&ground.id, None))
    } else {
        Some(Answer::claimed(&ground.id, questions::confirm_attestation(ground)))
    }
}

/// A hint makes the officer ask the traveller. Once the traveller claims nothing, it is spent.
fn hinted(listed: &[&Ground], facts: &Facts) -> Option<Answer> {
    let hinted: Vec<&Ground> = listed.iter().copied().filter(|ground| is_hinted(ground, facts)).collect();
    let asked = facts.answers.claims_exemption == Some(false);
    let open = !hinted.is_empty() && !asked;
    open.then(|| Answer::ask(questions::hinted_exemption(&hinted), &["attestation"]))
}
