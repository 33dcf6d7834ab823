//! One traveller's case with everything that the session does not hold: facts, personal data, samples.

use super::attack::AttackCues;
use super::before::Before;
use super::command::ManualFields;
use super::counting::Course;
use super::samples::Samples;
use super::view::TravellerPanel;
use crate::config::Loaded;
use domain::case::CaseNumber;
use domain::device::DeviceDescriptor;
use domain::guarded::Personal;
use domain::mrz::{Mrz, PartialDate, Sex};
use domain::policy::{Decision, Facts};
use domain::record::{ReviewTrace, Traveller, VetoTrace};
use domain::session::{Effect, Event, Parked, Progress, Refused, Session, Step};
use domain::units::StaffId;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Reservation;
use tokio::time::Instant;

/// A case at the desk or parked.
pub struct Case {
    /// Where it stands.
    pub session: Session,
    /// What the rules are asked with, once a document was read.
    pub facts: Option<Facts>,
    /// The traveller as the document says.
    pub traveller: Option<TravellerFile>,
    /// The best sample of each slot.
    pub samples: Samples,
    /// What the traveller owed before arrival.
    pub before: Before,
    /// What the officer should know.
    pub warnings: Vec<&'static str>,
    /// The officer who did something last: not always who opened the case.
    pub hand: StaffId,
    /// The case of the adult whom this traveller came with.
    pub accompanying: Option<CaseNumber>,
    /// Who signed.
    pub signed_by: Option<StaffId>,
    /// What officers said against the software.
    pub vetoes: Vec<VetoTrace>,
    /// A second person's part.
    pub review: Option<ReviewTrace>,
    /// Ground and evidence of a claimed exemption.
    pub claim: Option<(String, String)>,
    /// The exempt case that a relative's claim names, and who confirmed that one.
    pub refers: Option<(CaseNumber, StaffId)>,
    /// When the case was opened, local time.
    pub opened_at: String,
    /// When it was parked: for its age, and in local time.
    pub parked: Option<(Instant, String)>,
    /// Descriptors of the devices that took part.
    pub devices: BTreeMap<String, DeviceDescriptor>,
    /// Any device that took part says that it is simulated.
    pub simulated: bool,
    /// The language that the officer has chosen for the traveller.
    pub language: Option<&'static str>,
    /// What advisory attack cues say of this case, for the officer.
    pub attack_cues: Option<AttackCues>,
    /// Disk space kept for the record.
    pub reservation: Option<Reservation>,
    /// The newest decision: it outlives the step that held it, for the record.
    pub decided: Option<Decision>,
    /// The rules that worked when the case was opened. It goes on under them, whichever take over meanwhile.
    pub under: Option<Arc<Loaded>>,
    /// The number of that decision among the last ones.
    pub remembered: Option<u64>,
    /// The newest progress, likewise.
    pub taken: Option<Progress>,
    /// For the figures of the shift.
    pub course: Course,
}

impl Case {
    /// A case that has just been opened.
    pub fn new(session: Session, opened_at: String) -> Self {
        Self {
            hand: session.officer().clone(),
            accompanying: None,
            signed_by: None,
            vetoes: Vec::new(),
            session,
            before: Before::default(),
            facts: None,
            traveller: None,
            samples: Samples::default(),
            warnings: Vec::new(),
            review: None,
            claim: None,
            refers: None,
            opened_at,
            parked: None,
            devices: BTreeMap::new(),
            simulated: false,
            language: None,
            attack_cues: None,
            reservation: None,
            decided: None,
            under: None,
            remembered: None,
            taken: None,
            course: Course::begin(),
        }
    }

    /// Takes one event: the session goes on, or refuses and nothing changes.
    pub fn apply(&mut self, event: Event) -> Result<Vec<Effect>, Refused> {
        let (session, effects) = self.session.apply(event)?;
        self.session = session;
        if let Some(decision) = self.decision().cloned() {
            self.decided = Some(decision);
        }
        if let Some(progress) = self.progress().cloned() {
            self.taken = Some(progress);
        }
        Ok(effects)
    }

    /// This officer did something: the case is theirs as well.
    pub fn worked_on_by(&mut self, officer: &StaffId) {
        self.session = self.session.clone().worked_on_by(officer);
        self.hand = officer.clone();
    }

    /// Its number.
    pub fn number(&self) -> &CaseNumber {
        self.session.case()
    }

    /// The capture so far, if one has begun.
    pub fn progress(&self) -> Option<&Progress> {
        match self.session.step() {
            Step::Capturing(_, progress, _) | Step::Held(_, progress, _) | Step::Summary(_, progress) => Some(progress),
            // Before anything was taken there is nothing to show.
            Step::Declare(_, before) => Some(before).filter(|before| !before.attempts().is_empty()),
            Step::InReview(_, parked) | Step::AwaitingRecall(parked, _) => match parked {
                Parked::Taken(_, progress) => Some(progress),
                Parked::Undecided(_) => None,
            },
            Step::ConfirmDate | Step::Document | Step::Decided(_) | Step::Keeping(_) | Step::Closed(_) => None,
        }
    }

    /// The decision that the step rests on.
    pub fn decision(&self) -> Option<&Decision> {
        match self.session.step() {
            Step::Decided(decision) => Some(decision),
            Step::Declare(due, _) | Step::Capturing(due, ..) | Step::Held(due, ..) | Step::Summary(due, _) => {
                Some(due.decision())
            }
            Step::InReview(_, parked) | Step::AwaitingRecall(parked, _) => Some(match parked {
                Parked::Taken(due, _) => due.decision(),
                Parked::Undecided(decision) => decision,
            }),
            Step::ConfirmDate | Step::Document | Step::Keeping(_) | Step::Closed(_) => None,
        }
    }
}

/// The traveller as read from the document.
pub struct TravellerFile {
    /// What goes into the record.
    traveller: Traveller,
    failed_checks: Vec<String>,
    evidence: &'static str,
}

impl TravellerFile {
    /// From an MRZ.
    pub fn from_mrz(mrz: &Mrz, evidence: &'static str, today: Date) -> Self {
        let name = &mrz.name;
        let full = match name.secondary.expose().as_str() {
            "" => name.primary.expose().clone(),
            given => format!("{}, {given}", name.primary.expose()),
        };
        let traveller = Traveller {
            name: Personal::new(full),
            document_number: Personal::new(mrz.document_number.expose().clone()),
            document_code: mrz.document_code.clone(),
            issuing_state: mrz.issuing_state.clone(),
            nationality: mrz.nationality.clone(),
            birth_date: Personal::new(written(mrz.birth_date, birth_century(mrz.birth_date, today))),
            sex: sex(mrz.sex).into(),
            expiry_date: written(mrz.expiry_date, expiry_century(mrz.expiry_date, today)),
            evidence: evidence.into(),
        };
        let failed_checks = mrz.failed_checks().map(|field| field.id().to_owned()).collect();
        Self { traveller, failed_checks, evidence }
    }

    /// From the printed page, field by field.
    pub fn from_fields(fields: &ManualFields) -> Self {
        let full = match fields.given_names.expose().as_str() {
            "" => fields.surname.expose().clone(),
            given => format!("{}, {given}", fields.surname.expose()),
        };
        let traveller = Traveller {
            name: Personal::new(full),
            document_number: fields.document_number.clone(),
            document_code: fields.document_code.clone(),
            issuing_state: fields.issuing_state.clone(),
            nationality: fields.nationality.clone(),
            birth_date: fields.birth_date.clone(),
            sex: fields.sex.clone(),
            expiry_date: fields.expiry_date.clone(),
            evidence: "manual".into(),
        };
        Self { traveller, failed_checks: Vec::new(), evidence: "manual" }
    }

    /// For the record.
    pub fn into_record(self) -> Traveller {
        self.traveller
    }

    /// What identifies the document, for the keyed digest of documents seen.
    pub fn document_key(&self) -> Personal<String> {
        let Traveller { issuing_state, document_number, .. } = &self.traveller;
        Personal::new(format!("{issuing_state}/{}", document_number.expose()))
    }

    /// Issuing State and number, for a look-up.
    pub fn document(&self) -> (String, Personal<String>) {
        (self.traveller.issuing_state.clone(), self.traveller.document_number.clone())
    }

    /// Nationality, then issuing State: what tells most of the traveller's language first.
    pub fn origin(&self) -> [&str; 2] {
        [&self.traveller.nationality, &self.traveller.issuing_state]
    }

    /// For the officer's eyes.
    pub fn panel(&self) -> TravellerPanel {
        let of = &self.traveller;
        TravellerPanel {
            name: of.name.expose().clone(),
            document_number: of.document_number.expose().clone(),
            document_code: of.document_code.clone(),
            issuing_state: of.issuing_state.clone(),
            nationality: of.nationality.clone(),
            birth_date: of.birth_date.expose().clone(),
            sex: of.sex.clone(),
            expiry_date: of.expiry_date.clone(),
            evidence: self.evidence,
            failed_checks: self.failed_checks.clone(),
        }
    }
}

/// A date of the MRZ as the record writes it: `1974-08-12`, with `XX` for what the document leaves open, the century
/// among it.
fn written(date: PartialDate, century: Option<i16>) -> String {
    let two = |part: Option<u8>| part.map_or_else(|| "XX".to_owned(), |part| format!("{part:02}"));
    let century = century.map_or_else(|| "XX".to_owned(), |century| format!("{century:02}"));
    format!("{century}{}-{}-{}", two(date.year2()), two(date.month()), two(date.day()))
}

/// The century of birth, where only one gives a possible age.
fn birth_century(date: PartialDate, today: Date) -> Option<i16> {
    match date.birth_candidates(today).as_slice() {
        [(earliest, latest)] if earliest.year() / 100 == latest.year() / 100 => Some(earliest.year() / 100),
        _ => None,
    }
}

fn expiry_century(date: PartialDate, today: Date) -> Option<i16> {
    date.expiry_range(today).map(|(earliest, _)| earliest.year() / 100)
}

fn sex(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "F",
        Sex::Male => "M",
        Sex::Unspecified => "X",
    }
}
