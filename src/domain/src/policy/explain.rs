//! The decision with everything it rests on: sources, facts, remarks.

use super::answer::Answer;
use super::birth::Younger;
use super::capture::Modalities;
use super::decision::{Decision, FactUsed, Source, Verdict};
use super::entries::{Checkpoint, EntryConfirmation, Ranked, confirmation};
use super::facts::Facts;
use super::grounds;
use super::pack::{Entry, Ground, Pack, Rule};
use super::validate::OWN_CITIZENS;
use crate::mrz::codes::{self, CodeKind};
use alloc::{format, string::String, string::ToString, vec, vec::Vec};
use jiff::civil::{Date, DateTime};

/// All that the engine was asked with, and the entries it found.
pub(super) struct Case<'a> {
    pub(super) pack: &'a Pack,
    pub(super) facts: &'a Facts,
    pub(super) at: DateTime,
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) confirmations: &'a [EntryConfirmation],
    pub(super) entries: Ranked<'a>,
}

/// Explains an answer.
pub(super) fn decision(case: &Case<'_>, answer: Answer) -> Decision {
    // Own citizens are out of scope before any entry is asked.
    let by_entry = answer.verdict != Verdict::NotInScope;
    let entry = case.entries.deciding.filter(|_| by_entry);
    let superseded = case.entries.superseded.iter().filter(|_| by_entry).map(|entry| entry.id.clone()).collect();
    let ground = answer.ground.as_deref().and_then(|id| case.pack.ground(id));
    let limit = limit(&answer);
    Decision {
        verdict: answer.verdict,
        takes: answer.takes,
        sources: sources(case.pack, entry, ground),
        facts_used: facts_used(case).into_iter().chain(limit).collect(),
        notes: notes(case, answer.verdict),
        ground: answer.ground,
        entry: entry.map(|entry| entry.id.clone()),
        superseded,
        facts_missing: answer.missing,
        question: answer.question,
        pack: case.pack.label(),
    }
}

fn sources(pack: &Pack, entry: Option<&Entry>, ground: Option<&Ground>) -> Vec<Source> {
    let of_entry = |entry: &Entry| entry.sources.iter().cloned().chain(pack.readings_of(&entry.id)).collect::<Vec<_>>();
    let of_ground =
        |ground: &Ground| ground.sources.iter().cloned().chain(pack.readings_of(&ground.id)).collect::<Vec<_>>();
    let mut sources = entry.map_or_else(|| pack.readings_of(OWN_CITIZENS).collect(), of_entry);
    for source in ground.map(of_ground).unwrap_or_default() {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

fn facts_used(case: &Case<'_>) -> Vec<FactUsed> {
    let mut used = vec![
        fact("date", &case.at.to_string(), "clock"),
        fact("checkpoint", &case.checkpoint.id, "configuration"),
        fact("direction", case.facts.direction.id(), "configuration"),
    ];
    used.extend(of_checkpoint(case));
    used.extend(of_document(case));
    used.extend(of_officer(case.facts));
    used.extend(of_supervisor(case.facts));
    used
}

/// What a limit leaves, in the facts that records carry.
fn limit(answer: &Answer) -> Option<FactUsed> {
    let part = answer.verdict == Verdict::Required && answer.takes != Modalities::ALL;
    let takes: Vec<&str> = answer.takes.iter().map(|modality| modality.id()).collect();
    part.then(|| fact("takes", &takes.join(", "), "policy"))
}

fn of_checkpoint(case: &Case<'_>) -> Vec<FactUsed> {
    let Ranked { deciding, superseded, impossible } = &case.entries;
    let conditional =
        !impossible.is_empty() || deciding.iter().chain(superseded).any(|entry| entry.condition.is_some());
    let possible = if case.checkpoint.technically_possible { "yes" } else { "no" };
    let confirmed = deciding.and_then(|entry| confirmation(entry, case.confirmations));
    let confirmed = confirmed.map(|by| {
        let value = format!("{}, by {}, {}, on the basis \"{}\"", by.entry, by.who, by.when, by.basis);
        fact("entry-confirmation", &value, "configuration")
    });
    let condition = conditional.then(|| fact("technically-possible", possible, "configuration"));
    condition.into_iter().chain(confirmed).collect()
}

fn of_document(case: &Case<'_>) -> Vec<FactUsed> {
    let facts = case.facts;
    let evidence = facts.evidence_now().id();
    let nationality_evidence = if facts.answers.nationality == Some(true) { "officer" } else { evidence };
    let mut used: Vec<FactUsed> = Vec::new();
    used.extend(facts.nationality().map(|code| fact("nationality", code, nationality_evidence)));
    used.extend(facts.issuing_state().map(|code| fact("issuing-state", code, evidence)));
    used.extend(birth_date(case));
    let hinted = grounds::listed(case.pack, case.entries.deciding).any(|ground| grounds::is_hinted(ground, facts));
    let code = facts.document_code.as_ref().filter(|_| hinted);
    used.extend(code.map(|code| fact("document-code", code, evidence)));
    used.extend(facts.others.iter().map(|o| fact("other-nationality", &o.nationality, o.evidence.id())));
    used
}

/// The birth date as an age range, where an age matters.
fn birth_date(case: &Case<'_>) -> Option<FactUsed> {
    let years = grounds::listed(case.pack, case.entries.deciding).find_map(|ground| match ground.rule {
        Rule::AgeBelow(years) => Some(years),
        Rule::Attested | Rule::Nationality(_) => None,
    })?;
    age_range(case.facts, years, case.at.date())
}

/// The birth date as an age range about a limit.
pub(super) fn age_range(facts: &Facts, years: u8, on: Date) -> Option<FactUsed> {
    let range = match facts.birth_date_now()?.younger_than(years, on) {
        Younger::DependsOnCentury => format!("under {years}, or about a hundred years older"),
        Younger::No => format!("{years} or older"),
        Younger::Unclear => String::from("not clear"),
        Younger::Yes => format!("under {years}"),
    };
    let evidence = if facts.answers.birth_date.is_some() { "officer" } else { facts.evidence_now().id() };
    Some(fact("birth-date", &range, evidence))
}

fn of_officer(facts: &Facts) -> Vec<FactUsed> {
    let answers = &facts.answers;
    let given = [
        ("confirm-child", answers.child),
        ("confirm-nationality", answers.nationality),
        ("hinted-exemption", answers.claims_exemption),
        ("read-again", answers.read_again),
    ];
    let word = |yes: bool| if yes { "yes" } else { "no" };
    given.into_iter().filter_map(|(name, answer)| Some(fact(name, word(answer?), "officer"))).collect()
}

fn of_supervisor(facts: &Facts) -> Vec<FactUsed> {
    let attestation = facts.attestation.as_ref().map(|attestation| {
        let by = if attestation.confirmed_by.is_some() { "supervisor" } else { "officer" };
        fact("attestation", &format!("{}: {}", attestation.ground, attestation.evidence), by)
    });
    let ruling = facts.ruled_due_by.as_ref().map(|_| fact("ruling", "biometrics are due", "supervisor"));
    attestation.into_iter().chain(ruling).collect()
}

pub(super) fn fact(fact: &str, value: &str, evidence: &str) -> FactUsed {
    FactUsed { fact: fact.into(), value: value.into(), evidence: evidence.into() }
}

fn notes(case: &Case<'_>, verdict: Verdict) -> Vec<String> {
    let facts = case.facts;
    let specimen = facts.nationality().and_then(codes::known) == Some(CodeKind::Specimen);
    let mut notes = Vec::new();
    if specimen {
        notes.push("The nationality is the code of specimen documents; it is treated like that of any State.".into());
    }
    if !facts.failed_checks.is_empty() {
        let fields: Vec<String> = facts.failed_checks.iter().map(ToString::to_string).collect();
        notes.push(format!("Check digits do not hold: {}. They decide nothing.", fields.join(", ")));
    }
    if facts.birth_date_contradicted() {
        notes.push("The date of birth that was entered contradicts the document.".into());
    }
    notes.extend(case.entries.impossible.iter().map(|entry| {
        format!("Entry \"{}\" does not apply: capture is not technically possible at this checkpoint.", entry.id)
    }));
    if verdict != Verdict::NotInScope {
        notes.extend(of_attestation(case));
        notes.extend(of_hints(case));
    }
    if verdict == Verdict::Required && case.entries.deciding.is_none() {
        notes.push("No entry of the pack applies; biometrics are due by a supervisor's ruling.".into());
    }
    notes
}

/// What becomes of an attestation that the deciding entry has no place for, or that rests on unusual evidence.
fn of_attestation(case: &Case<'_>) -> Option<String> {
    let attestation = case.facts.attestation.as_ref()?;
    let listed = grounds::listed(case.pack, case.entries.deciding).find(|ground| ground.id == attestation.ground);
    match listed {
        None => {
            Some(format!("The entry does not list the ground \"{}\": the claim changes nothing.", attestation.ground))
        }
        Some(ground) if !ground.evidence.contains(&attestation.evidence) => {
            Some(format!("The ground \"{}\" is usually shown by: {}.", ground.id, ground.evidence.join(", ")))
        }
        Some(_) => None,
    }
}

fn of_hints(case: &Case<'_>) -> Vec<String> {
    let listed: Vec<&str> =
        grounds::listed(case.pack, case.entries.deciding).map(|ground| ground.id.as_str()).collect();
    let hinted = case.pack.grounds.iter().filter(|ground| grounds::is_hinted(ground, case.facts));
    let note = |ground: &Ground| {
        if listed.contains(&ground.id.as_str()) {
            format!("A code of the document hints at the ground \"{}\"; a hint decides nothing.", ground.id)
        } else {
            format!("A code of the document hints at the ground \"{}\", which the entry does not list.", ground.id)
        }
    };
    hinted.map(note).collect()
}
