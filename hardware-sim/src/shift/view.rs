//! What the officer's page shows, as `/officer/events` sends it.

use domain::finger::Finger;
use serde::Deserialize;

/// The officer's view. Fields that this program does not need are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct View {
    /// Count of changes.
    pub version: u64,
    /// The case at the desk.
    pub case: Option<String>,
    /// `idle`, `confirm-date`, `document`, `decided`, `declare`, `capturing`, `held`, `summary`, `in-review`,
    /// `keeping`, `closed`.
    pub step: String,
    /// What is being captured: `face`, a finger, or fingers that are put down together (`right-four`).
    pub slot: Option<String>,
    /// The slots that this attempt can fill.
    pub aimed_at: Vec<String>,
    /// What the traveller is told: `place-finger` or `place-fingers`, for one.
    pub prompt: Option<String>,
    /// Fingers that are taken while the face is.
    pub beside: Option<BesideView>,
    /// What could be better.
    pub hint: Option<String>,
    /// The fingers that the hint is about.
    pub hinted: Vec<String>,
    /// What the rules say.
    pub decision: Option<Decision>,
    /// Every slot of the plan.
    pub slots: Vec<SlotView>,
    /// How the case ended.
    pub outcome: Option<String>,
    /// The record that was kept.
    pub record: Option<RecordView>,
    /// A device that failed.
    pub fault: Option<FaultView>,
    /// What the officer should know.
    pub warnings: Vec<String>,
    /// Cases that wait for a supervisor, or for the traveller after one.
    pub parked: Vec<ParkedView>,
    /// Cases that ended or were parked, newest first.
    pub recent: Vec<RecentView>,
}

/// Fingers that are taken while the face is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct BesideView {
    /// What is put down.
    pub slot: String,
    /// The fingers.
    pub aimed_at: Vec<String>,
    /// What the traveller is told.
    pub prompt: String,
}

/// The decision, as far as the shift acts on it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// `required`, `exempt`, ...
    pub decision: String,
    /// What must be settled first.
    pub question: Option<Question>,
}

/// An open question.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Question {
    /// Identifier.
    pub id: String,
    /// `officer` or `supervisor`.
    pub settled_by: String,
}

/// One slot.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SlotView {
    /// `face` or a finger.
    pub slot: String,
    /// `open`, `accepted`, `exhausted`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
}

/// A kept record.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecordView {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Its place in the station's chain.
    pub sequence: u64,
    /// Durable here.
    pub queued: bool,
    /// The intake's receipt has come.
    pub uploaded: bool,
}

/// A device fault on the page.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct FaultView {
    /// `D-12`.
    pub code: String,
    /// For the officer.
    pub text: String,
}

/// A parked case.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ParkedView {
    /// Its number.
    pub case: String,
    /// Why it waits.
    pub reason: String,
    /// `waiting`, `approved`, `recapture`, `refused`.
    pub state: String,
}

/// A case that left the desk.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RecentView {
    /// Its number.
    pub case: String,
    /// How it ended, or `in-review`.
    pub outcome: String,
    /// Its record, if one was made.
    pub record: Option<RecordView>,
}

/// How the station's devices are, as `/health` tells it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Health {
    devices: Vec<DeviceHealth>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct DeviceHealth {
    state: String,
}

impl Health {
    /// From the page's text.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether every device could be used at once.
    pub fn is_well(&self) -> bool {
        self.devices.iter().all(|device| matches!(device.state.as_str(), "ready" | "degraded"))
    }
}

impl View {
    /// What has become of a case that left the desk.
    pub fn left(&self, case: &str) -> Option<&RecentView> {
        self.recent.iter().find(|left| left.case == case)
    }

    /// The finger that is being captured.
    pub fn finger(&self) -> Option<Finger> {
        self.slot.as_deref().and_then(Finger::from_id)
    }

    /// The fingers that are put down together for this attempt: those that the page names, or the one in the slot.
    pub fn fingers(&self) -> Vec<Finger> {
        let named: Vec<Finger> = self.aimed_at.iter().filter_map(|slot| Finger::from_id(slot)).collect();
        if named.is_empty() { self.finger().into_iter().collect() } else { named }
    }

    /// Whether this attempt is for what is called so: the slot, or one of the fingers that are put down together.
    pub fn takes(&self, slot: &str) -> bool {
        self.slot.as_deref() == Some(slot) || self.aimed_at.iter().any(|aimed| aimed == slot)
    }

    /// Attempts of all slots together.
    pub fn attempts(&self) -> u32 {
        self.slots.iter().map(|slot| slot.attempts).sum()
    }

    /// Attempts of what is being captured, added up over the fingers that are put down together.
    pub fn attempts_here(&self) -> u32 {
        self.slots.iter().filter(|slot| self.takes(&slot.slot)).map(|slot| slot.attempts).sum()
    }

    /// Where the case stands, in words for an error.
    pub fn describe(&self) -> String {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| String::from("none"));
        let fault =
            self.fault.as_ref().map_or(String::new(), |fault| format!(", fault {} ({})", fault.text, fault.code));
        format!(
            "step is {}, slot {}, prompt {}, hint {}{fault}",
            self.step,
            or_none(&self.slot),
            or_none(&self.prompt),
            or_none(&self.hint)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Finger::{RightIndex, RightMiddle};

    #[test]
    fn one_finger_or_several_are_read_from_the_page() {
        let slots = r#"[{"slot":"face","attempts":1},{"slot":"right-index","attempts":2},{"slot":"right-middle","attempts":1}]"#;
        let rows: [(&str, &[Finger], u32); 4] = [
            (r#""slot":"right-index""#, &[RightIndex], 2),
            (r#""slot":"right-index","aimed_at":["right-index"]"#, &[RightIndex], 2),
            (r#""slot":"right-four","aimed_at":["right-index","right-middle"]"#, &[RightIndex, RightMiddle], 3),
            (r#""slot":"face","aimed_at":["face"]"#, &[], 1),
        ];
        for (here, fingers, attempts) in rows {
            let view: View = serde_json::from_str(&format!(r#"{{{here},"slots":{slots}}}"#)).unwrap();
            assert_eq!((view.fingers().as_slice(), view.attempts_here()), (fingers, attempts), "{here}");
        }
        let four: View = serde_json::from_str(r#"{"slot":"right-four","aimed_at":["right-index"]}"#).unwrap();
        assert!(four.takes("right-four") && four.takes("right-index") && !four.takes("left-four"));
    }
}
