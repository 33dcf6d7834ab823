//! What the display shows. Nothing but the fields of [`Screen`] reaches its page: no name, no number of a document, no
//! score, no cue of an attack.

use crate::desk::{Panel, View};
use crate::web::hands::{DrawnFinger, DrawnHand};
use domain::case::CaseNumber;
use domain::finger::{Finger, Hand};
use domain::policy::Modality;

/// One moment of the display.
#[derive(Clone)]
pub struct Screen {
    /// `welcome`, `document`, `reading`, `next`, `face`, `fingers`, `pause`, `wait`, `supervisor`, `done`, `nothing`, `speak`.
    pub kind: &'static str,
    /// Grows with every change.
    pub version: u64,
    /// The number to ask with later; only where the traveller is about to leave the desk.
    pub case: Option<CaseNumber>,
    /// Where the live picture of this attempt is; none while there is no permit to take the face.
    pub mirror: Option<String>,
    /// What would make the capture better.
    pub advice: Option<&'static str>,
    /// What to do: `place-fingers`.
    pub prompt: Option<&'static str>,
    /// What is being captured: `face`, `right-four`.
    pub slot: Option<&'static str>,
    /// The hands that are put down.
    pub hands: Vec<DrawnHand>,
    /// Fingers that are put down while the face is captured: which, and what to do.
    pub beside: Option<(&'static str, &'static str)>,
    /// For each part of the capture, whether it is over.
    pub parts: Vec<bool>,
    /// Fingers are due besides the face.
    pub fingers: bool,
    /// The devices are simulated.
    pub simulated: bool,
}

impl Screen {
    /// What the desk's panel lets a traveller see.
    pub fn of(panel: &Panel) -> Self {
        let view = &panel.view;
        let kind = kind(view);
        let capturing = matches!(kind, "face" | "fingers");
        let beside = view.beside.as_ref().filter(|_| kind == "face");
        let leaving = matches!(kind, "supervisor" | "done" | "nothing" | "speak");
        Self {
            kind,
            version: view.version,
            case: view.case.clone().filter(|_| leaving),
            mirror: mirror(panel).filter(|_| kind == "face"),
            advice: view.hint.filter(|_| capturing),
            prompt: view.prompt.filter(|_| capturing),
            slot: view.slot.filter(|_| capturing),
            hands: if kind == "fingers" || beside.is_some() { hands(panel) } else { Vec::new() },
            beside: beside.map(|beside| (beside.slot, beside.prompt)),
            parts: if capturing { view.slots.iter().map(|slot| slot.state != "open").collect() } else { Vec::new() },
            fingers: view.decision.as_ref().is_none_or(|decision| decision.takes.contains(Modality::Fingers)),
            simulated: panel.simulated,
        }
    }
}

fn kind(view: &View) -> &'static str {
    match (view.step, view.slot, view.outcome) {
        ("idle", ..) => "welcome",
        ("document", ..) => "document",
        ("decided", ..) => "reading",
        ("declare", ..) => "next",
        ("capturing", Some("face"), _) => "face",
        ("capturing", ..) => "fingers",
        ("held", ..) => "pause",
        ("closed", _, Some("enrolled" | "enrolled-with-exceptions")) => "done",
        ("closed", _, Some("exempt" | "not-in-scope")) => "nothing",
        ("closed", _, Some("in-review")) => "supervisor",
        ("closed", ..) => "speak",
        _ => "wait",
    }
}

/// Where the live picture of an attempt is.
pub fn mirror_address(case: &str, attempt: &str) -> String {
    format!("/traveller/mirror/{case}/{attempt}")
}

fn mirror(panel: &Panel) -> Option<String> {
    let case = panel.view.case.as_ref()?;
    Some(mirror_address(&case.to_string(), &panel.attempts_so_far().to_string()))
}

/// The hands that are put down now. Of a finger that is done nobody here learns how good it was.
fn hands(panel: &Panel) -> Vec<DrawnHand> {
    let both = [Hand::Left, Hand::Right].into_iter().zip(panel.hands());
    let aimed = |hand: Hand| Finger::ALL.iter().any(|f| f.hand() == hand && panel.view.is_aimed_at(f.id()));
    let told = |finger: DrawnFinger| DrawnFinger {
        state: match finger.state {
            "accepted" | "exhausted" => "done",
            "open" => "idle",
            other => other,
        },
        ..finger
    };
    let drawn = both.filter(|(hand, _)| aimed(*hand)).map(|(_, hand)| hand);
    drawn.map(|hand| DrawnHand { fingers: hand.fingers.into_iter().map(told).collect(), ..hand }).collect()
}
