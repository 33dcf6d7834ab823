//! The section `[escalation]`.

use serde::Deserialize;

/// What happens when no supervisor comes: at night, for one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Minutes that a case may wait before somebody is called, 1 to 1440.
    pub after_minutes: u16,
    /// Whom the officer calls, as it stands on the page: `Duty supervisor, extension 112`.
    pub call: String,
    /// What the officer tells the traveller meanwhile.
    pub traveller: WhileWaiting,
}

/// What becomes of a traveller whose case waits and nobody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhileWaiting {
    /// Waits in the waiting room until somebody has decided.
    Waits,
    /// Goes to border control without biometrics, where it is decided whether they may enter.
    GoesOn,
}

impl WhileWaiting {
    /// The word of the locale files.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::GoesOn => "goes-on",
        }
    }
}
