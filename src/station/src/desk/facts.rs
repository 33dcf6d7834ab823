//! Between the document and the policy engine.

use super::command::{DeskRefusal, ManualFields};
use crate::config::Loaded;
use domain::mrz::Mrz;
use domain::policy::{
    self, Attestation, BirthDate, Checkpoint, Decision, EntryConfirmation, Evidence, Facts, Pack, PreArrivalAnswer,
    PreArrivalFacts, Question,
};
use domain::units::StaffId;
use jiff::civil::DateTime;

/// Asks the rules about these facts, here and at this local time.
pub fn decide(loaded: &Loaded, at: DateTime, facts: &Facts) -> Decision {
    policy::decide(&loaded.rules.pack, facts, at, &checkpoint(loaded), &loaded.confirmed)
}

/// Where this station stands.
pub fn checkpoint(loaded: &Loaded) -> Checkpoint {
    let station = &loaded.config.station;
    Checkpoint { id: station.checkpoint.clone(), technically_possible: station.technically_possible }
}

/// Asks the same pack what was owed before an arrival here and at this local time.
pub fn before_arrival(loaded: &Loaded, at: DateTime, facts: &Facts, told: &PreArrivalFacts) -> Vec<PreArrivalAnswer> {
    policy::before_arrival(&loaded.rules.pack, facts, told, at, &loaded.confirmed)
}

/// The facts of an MRZ, from the reader or typed.
pub fn from_mrz(mrz: &Mrz, evidence: &'static str) -> Facts {
    Facts::from_mrz(mrz, if evidence == "reader" { Evidence::Reader } else { Evidence::Typed })
}

/// The facts of the printed page, field by field.
pub fn from_fields(fields: &ManualFields) -> Result<Facts, DeskRefusal> {
    for (name, value) in [("nationality", &fields.nationality), ("issuing State", &fields.issuing_state)] {
        if value.is_empty() || value.len() > 3 || !value.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(DeskRefusal::Field(
                name,
                "write the code of one to three letters from the printed page".into(),
            ));
        }
    }
    let birth = BirthDate::parse(fields.birth_date.expose());
    let birth =
        birth.ok_or(DeskRefusal::Field("date of birth", "write it like 1974-08-12, XX for unknown parts".into()))?;
    if fields.document_number.expose().is_empty() || fields.surname.expose().is_empty() {
        return Err(DeskRefusal::Field("document number and surname", "neither may be empty".into()));
    }
    Ok(Facts {
        nationality: Some(fields.nationality.clone()),
        issuing_state: Some(fields.issuing_state.clone()),
        document_code: Some(fields.document_code.clone()),
        birth_date: Some(birth),
        ..Facts::none(Evidence::Manual)
    })
}

/// Puts an officer's answer among the facts.
pub fn answer(facts: &mut Facts, asked: &Question, answer: &str) -> Result<(), DeskRefusal> {
    facts.answers.set(&asked.id, answer).map_err(|_| DeskRefusal::UnknownAnswer)
}

/// Whether the pack knows this kind of evidence for this ground.
pub fn is_evidence(pack: &Pack, ground: &str, evidence: &str) -> bool {
    pack.ground(ground).is_some_and(|ground| ground.evidence.iter().any(|known| known == evidence))
}

/// A claimed exemption, not yet confirmed.
pub fn claim(facts: &mut Facts, ground: &str, evidence: &str) {
    facts.attestation = Some(Attestation { ground: ground.into(), evidence: evidence.into(), confirmed_by: None });
}

/// A supervisor confirms the claim.
pub fn confirm_claim(facts: &mut Facts, by: &StaffId) {
    if let Some(attestation) = facts.attestation.as_mut() {
        attestation.confirmed_by = Some(by.clone());
    }
}

/// What a supervisor's decision changes for a traveller who comes back undecided: a claim is off the table, and a
/// document's hint is not asked about again; or biometrics are due by ruling.
pub fn after_review(facts: &mut Facts, was_claim: bool, supervisor: Option<&StaffId>) {
    if was_claim {
        facts.attestation = None;
        facts.answers.claims_exemption = Some(false);
    } else {
        facts.ruled_due_by = supervisor.cloned();
    }
}

impl From<&crate::config::Confirmed> for EntryConfirmation {
    fn from(confirmed: &crate::config::Confirmed) -> Self {
        Self {
            entry: confirmed.entry.clone(),
            who: confirmed.who.clone(),
            when: confirmed.when.clone(),
            basis: confirmed.basis.clone(),
        }
    }
}
