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
    /// What the traveller is told.
    pub prompt: Option<String>,
    /// What could be better.
    pub hint: Option<String>,
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

impl View {
    /// What has become of a case that left the desk.
    pub fn left(&self, case: &str) -> Option<&RecentView> {
        self.recent.iter().find(|left| left.case == case)
    }

    /// The finger that is being captured.
    pub fn finger(&self) -> Option<Finger> {
        self.slot.as_deref().and_then(Finger::from_id)
    }

    /// Attempts of all slots together.
    pub fn attempts(&self) -> u32 {
        self.slots.iter().map(|slot| slot.attempts).sum()
    }

    /// Attempts of the slot that is being captured.
    pub fn attempts_here(&self) -> u32 {
        let here = |slot: &&SlotView| Some(&slot.slot) == self.slot.as_ref();
        self.slots.iter().find(here).map_or(0, |slot| slot.attempts)
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
