//! A desk in any state that a request can find, for tests of what requests do.

use super::actor::{self, Desk};
use super::testing::{Place, anna, boris, chip, order, portrait, until};
use super::{Command, DeskHandle, DeskRefusal, Panel, ReviewDecision};
use domain::case::CaseNumber;
use domain::finger::Finger;
use domain::guarded::Personal;
use domain::mrz::{self, Fields, Format, PartialDate, Sex};
use domain::session::{Aim, Attempt, CapturePlan, Event, MAX_ATTEMPTS, Slot, Veto};
use domain::units::Millis;
use std::sync::mpsc::Sender;
use store::Signer;

/// Every state that a request can find the desk in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No case.
    Idle,
    /// The clock is in doubt.
    ConfirmDate,
    /// The document is asked for.
    Document,
    /// Biometrics are due.
    Required,
    /// The officer is asked a question.
    Question,
    /// Only a supervisor can answer the question.
    HardQuestion,
    /// An exemption that the document shows.
    Exempt,
    /// An own citizen.
    OwnCitizen,
    /// What can be taken is declared.
    Declare,
    /// The face is captured.
    Face,
    /// Fingers are captured.
    Fingers,
    /// A device has failed.
    Held,
    /// Everything is accepted.
    Summary,
    /// A finger stayed below its limit.
    Rejected,
    /// The record is being signed.
    Keeping,
    /// The record is signed.
    Signed,
    /// The officer closed the case.
    Cancelled,
    /// A rejected capture waits, and the desk is free.
    WaitsRejected,
    /// A claimed exemption waits.
    WaitsClaim,
    /// A question of the rules waits.
    WaitsQuestion,
    /// A case waits on which the supervisor worked.
    WaitsOwn,
    /// The traveller is to be called back.
    Recall,
    /// The same, with another traveller at the desk.
    RecallBusy,
    /// The store takes nothing.
    StoreFailed,
}

impl State {
    pub const ALL: [Self; 24] = [
        Self::Idle,
        Self::ConfirmDate,
        Self::Document,
        Self::Required,
        Self::Question,
        Self::HardQuestion,
        Self::Exempt,
        Self::OwnCitizen,
        Self::Declare,
        Self::Face,
        Self::Fingers,
        Self::Held,
        Self::Summary,
        Self::Rejected,
        Self::Keeping,
        Self::Signed,
        Self::Cancelled,
        Self::WaitsRejected,
        Self::WaitsClaim,
        Self::WaitsQuestion,
        Self::WaitsOwn,
        Self::Recall,
        Self::RecallBusy,
        Self::StoreFailed,
    ];

    /// The word of the table: `waits-own`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::ConfirmDate => "confirm-date",
            Self::Document => "document",
            Self::Required => "required",
            Self::Question => "question",
            Self::HardQuestion => "hard-question",
            Self::Exempt => "exempt",
            Self::OwnCitizen => "own-citizen",
            Self::Declare => "declare",
            Self::Face => "face",
            Self::Fingers => "fingers",
            Self::Held => "held",
            Self::Summary => "summary",
            Self::Rejected => "rejected",
            Self::Keeping => "keeping",
            Self::Signed => "signed",
            Self::Cancelled => "cancelled",
            Self::WaitsRejected => "waits-rejected",
            Self::WaitsClaim => "waits-claim",
            Self::WaitsQuestion => "waits-question",
            Self::WaitsOwn => "waits-own",
            Self::Recall => "recall",
            Self::RecallBusy => "recall-busy",
            Self::StoreFailed => "store-failed",
        }
    }

    /// The state from which this one is reached.
    const fn before(self) -> Option<Self> {
        Some(match self {
            Self::Idle => return None,
            Self::Document | Self::StoreFailed => Self::Idle,
            Self::ConfirmDate | Self::Required | Self::Question | Self::HardQuestion | Self::Exempt => Self::Document,
            Self::OwnCitizen | Self::Keeping | Self::Cancelled => Self::Document,
            Self::Declare | Self::WaitsClaim => Self::Required,
            Self::WaitsQuestion => Self::HardQuestion,
            Self::Face => Self::Declare,
            Self::Fingers | Self::Held => Self::Face,
            Self::Summary | Self::Rejected => Self::Fingers,
            Self::Signed | Self::WaitsOwn => Self::Summary,
            Self::WaitsRejected => Self::Rejected,
            Self::Recall => Self::WaitsRejected,
            Self::RecallBusy => Self::Recall,
        })
    }
}

/// A desk in a state.
pub(crate) struct Staged {
    pub desk: DeskHandle,
    /// The case at the desk, or the one that waits.
    pub case: Option<CaseNumber>,
    /// While nobody tells it to go on, the chip signs nothing.
    go_on: Option<Sender<()>>,
    _place: Place,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // A record that nobody signs would keep the test from ending.
        if let Some(go_on) = &self.go_on {
            // Whoever would hear it may be gone.
            (0..1000).for_each(|_| go_on.send(()).unwrap_or_default());
        }
    }
}

impl Staged {
    pub async fn new(state: State) -> Self {
        let place = Place::new();
        let (signer, go_on): (Box<dyn Signer>, _) = match state {
            State::Keeping => {
                let (chip, go_on) = chip(place.key());
                (Box::new(chip), Some(go_on))
            }
            _ => (Box::new(place.key()), None),
        };
        let (mut desk, inbox, handle) = actor::assemble(place.parts(signer).0);
        bring(&mut desk, &place, state).await;
        let case = desk.at_desk.as_ref().map(|case| case.number().clone());
        let case = if state == State::RecallBusy { None } else { case };
        let case = case.or_else(|| desk.parked.keys().next().cloned());
        tokio::spawn(desk.run(inbox));
        let ended = |panel: &Panel| panel.view.step == "closed";
        match state {
            State::Signed => order(&handle, Command::Sign).await.unwrap(),
            State::Cancelled | State::Keeping => order(&handle, Command::Cancel).await.unwrap(),
            // Whatever was done is on the pages once an order is answered.
            _ => order(&handle, Command::Speak("en")).await.unwrap(),
        }
        if matches!(state, State::Signed | State::Cancelled) {
            until(&handle, "the record", ended).await;
        }
        Self { desk: handle, case, go_on, _place: place }
    }
}

/// Leads the desk to a state, through those before it.
async fn bring(desk: &mut Desk, place: &Place, state: State) {
    if let Some(before) = state.before() {
        Box::pin(bring(desk, place, before)).await;
    }
    let by = anna();
    let done = match state {
        State::Idle | State::Keeping | State::Signed | State::Cancelled => Ok(()),
        State::ConfirmDate => desk.at_desk(Event::ClockDoubted),
        State::Document | State::RecallBusy => desk.order(Command::New, by).await,
        State::Required => desk.order(place.traveller(34), by).await,
        State::Question => desk.order(place.citizen("BLR", 34), by).await,
        State::HardQuestion => desk.order(place.citizen("QQQ", 34), by).await,
        State::Exempt => desk.read_document(&lines("BLR"), "reader", Some(&by)),
        State::OwnCitizen => desk.read_document(&lines("RUS"), "reader", Some(&by)),
        State::Declare => desk.order(Command::Proceed, by).await,
        State::Face => {
            let placements = vec![vec![Finger::RightIndex]];
            desk.at_desk(Event::CaptureDeclared(CapturePlan { placements, ..CapturePlan::default() }))
        }
        State::Fingers => {
            desk.at_desk.as_mut().unwrap().samples.offer_face(portrait(), 1, true);
            scored(desk, Aim::Face, true)
        }
        State::Held => desk.at_desk(Event::DeviceFailed(Aim::Face, "D-30".into())),
        State::Summary => scored(desk, finger(), true),
        State::Rejected => (0..MAX_ATTEMPTS).try_for_each(|_| scored(desk, finger(), false)),
        State::WaitsRejected => desk.order(Command::Sign, by).await,
        State::WaitsClaim => {
            let (ground, evidence) = ("diplomat".into(), "accreditation-card".into());
            desk.order(Command::Claim { ground, evidence, family_of: None }, by).await
        }
        State::WaitsQuestion => desk.order(Command::SendToSupervisor, by).await,
        State::WaitsOwn => {
            let (slot, veto, reason) = (Slot::Face, Veto::AcceptedWithoutReason, String::new());
            desk.order(Command::Veto { slot, veto, reason }, boris()).await
        }
        State::Recall => {
            let (case, decision) = (desk.parked.keys().next().unwrap().clone(), ReviewDecision::Recapture);
            let reason = "sample-unusable".into();
            desk.order(Command::Review { case, decision, reason, family: false, seen: None }, boris()).await
        }
        State::StoreFailed => {
            desk.store_failed("S-02".into());
            Ok(())
        }
    };
    done.unwrap_or_else(|refusal| panic!("{state:?}: {refusal}"));
}

/// What the reader reads of a grown-up's passport.
fn lines(nationality: &str) -> Personal<String> {
    let fields = Fields {
        document_code: "P",
        issuing_state: nationality,
        nationality,
        primary: "QUETZALNAME",
        secondary: "XOCHIGIVEN",
        document_number: "X87Q4Z91W",
        birth_date: PartialDate::new(Some(74), Some(8), Some(12)).unwrap(),
        sex: Sex::Female,
        expiry_date: PartialDate::new(Some(32), Some(4), Some(15)).unwrap(),
        optional: "",
        optional_2: "",
    };
    Personal::new(mrz::write(&fields, Format::Td3).unwrap().join("\n"))
}

fn finger() -> Aim {
    Aim::Fingers(vec![Finger::RightIndex])
}

fn scored(desk: &mut Desk, aim: Aim, passes: bool) -> Result<(), DeskRefusal> {
    let attempt = Attempt { score: None, passes, wrong: None, took: Millis(800) };
    let slots = aim.slots().into_iter().map(|slot| (slot, attempt)).collect();
    desk.at_desk(Event::AttemptScored(aim, slots, Vec::new()))
}
