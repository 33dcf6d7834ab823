//! Capture permits, from where they all come: a session whose traveller owes biometrics by the shipped rules.

use domain::case::{CaseNumber, StationId};
use domain::finger::Finger;
use domain::permit::CapturePermit;
use domain::policy::{BirthDate, Checkpoint, Evidence, Facts, Pack, decide};
use domain::session::{Aim, Attempt, CapturePlan, Effect, Event, Session, Slot};
use domain::units::{Millis, StaffId};

const PACK: &str = include_str!("../../../config/policies/ru-entry.toml");

/// Leave to take the face.
pub fn face() -> CapturePermit {
    walk().1
}

/// Leave to take the right index finger.
pub fn finger() -> CapturePermit {
    let attempt = Attempt { score: None, passes: true, wrong: None, took: Millis(1) };
    let (_, effects) = walk().0.apply(Event::AttemptScored(Aim::Face, vec![(Slot::Face, attempt)], vec![])).unwrap();
    permit(effects)
}

fn walk() -> (Session, CapturePermit) {
    let day = jiff::civil::date(2025, 12, 24);
    let facts = Facts {
        nationality: Some("KAZ".into()),
        issuing_state: Some("KAZ".into()),
        document_code: Some("P".into()),
        birth_date: BirthDate::parse("1985-01-01"),
        ..Facts::none(Evidence::Reader)
    };
    let checkpoint = Checkpoint { id: "mashtakovo".into(), technically_possible: true };
    let decision = decide(&Pack::parse(PACK).unwrap(), &facts, day.at(12, 0, 0, 0), &checkpoint, &[]);
    let plan = CapturePlan { placements: vec![vec![Finger::RightIndex]], ..CapturePlan::default() };
    let case = CaseNumber::new(&StationId("S1".into()), day, 1);
    let mut session = Session::open(case, StaffId("o1".into()), false);
    let mut effects = Vec::new();
    for event in [Event::Decided(decision), Event::Proceed, Event::CaptureDeclared(plan)] {
        (session, effects) = session.apply(event).unwrap();
    }
    (session, permit(effects))
}

fn permit(effects: Vec<Effect>) -> CapturePermit {
    let mut permits = effects.into_iter().filter_map(|effect| match effect {
        Effect::Capture(_, permit) => Some(permit),
        _ => None,
    });
    permits.next().unwrap()
}
