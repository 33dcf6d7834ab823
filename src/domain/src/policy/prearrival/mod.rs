//! What a traveller owes before arriving: an application with its windows of time, or a digital profile.
//!
//! A second rule set of the same pack. Its answer is noted and never holds anybody up: there is no verdict that refuses,
//! and [`super::decide`] does not see it.

mod engine;
mod number;
mod read;
#[cfg(test)]
mod tests;

pub use engine::before_arrival;
pub use number::{ApplicationNumber, MAX_SCAN_BYTES, NumberError};
pub(super) use read::{across, rule};

use super::decision::{FactUsed, Question, Source};
use super::pack::{Direction, Status, Validity};
use super::published::Published;
use alloc::{string::String, vec::Vec};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// One dated rule: foreign citizens and stateless persons owe it, but for the exceptions that it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreArrivalRule {
    /// Identifier within the pack.
    pub id: String,
    /// What it is, for people.
    pub title: String,
    /// What is owed.
    pub kind: PreArrivalKind,
    /// When its source was published.
    pub published: Published,
    /// What it rests on.
    pub sources: Vec<Source>,
    /// In force, or only announced.
    pub status: Status,
    /// The announced entry whose confirmation by the operator brings this rule into force too.
    pub confirmed_with: Option<String>,
    /// Local time of arrival in which it applies.
    pub validity: Validity,
    /// Directions of travel it applies to.
    pub directions: Vec<Direction>,
    /// When an application is in time; a profile has no window.
    pub window: Option<Window>,
    /// Grounds of the pack that the document shows and that make an exception here too.
    pub grounds: Vec<String>,
    /// Exceptions that the officer sees and states.
    pub exceptions: Vec<Exception>,
}

/// What can be owed before arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreArrivalKind {
    /// An application for each journey, handed in within a window of time.
    Application,
    /// A digital profile of the traveller.
    Profile,
}

/// When an application is in time, counted back from the arrival. Both ends are in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    /// At the latest so many hours before; 1 to 8,784.
    pub latest_hours: u16,
    /// At the latest so many hours before in an emergency; 1 to `latest_hours`.
    pub emergency_hours: u16,
    /// At the earliest so many days before; 1 to 366.
    pub earliest_days: u16,
}

/// An exception that no zone of a document shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Identifier within the rule: `visa`.
    pub id: String,
    /// What the officer is asked, in English.
    pub question: String,
}

/// What officer and traveller say, beside the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreArrivalFacts {
    /// Exceptions by identifier, and whether the officer has seen that they hold. The first of an identifier counts.
    pub stated: Vec<(String, bool)>,
    /// The journey is an emergency.
    pub emergency: bool,
    /// Local time at the checkpoint at which the application was handed in, where it is known.
    pub applied: Option<DateTime>,
}

/// What the rule says. None of these refuses anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreArrivalVerdict {
    /// A question is open.
    Ask,
    /// An exception holds.
    Excepted,
    /// An own citizen.
    NotInScope,
    /// It is owed.
    Owed,
}

/// How the time of an application fits the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timing {
    /// Within the window.
    InTime,
    /// After the last moment of the window.
    Late,
    /// Before the first moment of the window.
    TooEarly,
    /// Nobody has said when, or that there is one.
    Unknown,
}

/// The answer of one rule, with everything it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PreArrivalAnswer {
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub kind: PreArrivalKind,
    /// What it says.
    pub verdict: PreArrivalVerdict,
    /// The ground or exception that holds.
    pub exception: Option<String>,
    /// The window, where something is owed that has one.
    pub window: Option<Window>,
    /// How the time fits the window, where there is one.
    pub timing: Option<Timing>,
    /// What to settle first.
    pub question: Option<Question>,
    /// What rule and exception rest on.
    pub sources: Vec<Source>,
    /// Facts used.
    pub facts_used: Vec<FactUsed>,
    /// What the officer has to know: that nothing of this is a ground to refuse.
    pub note: String,
    /// Pack identifier and version.
    pub pack: String,
}

impl PreArrivalKind {
    /// The word of records and pages.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Profile => "profile",
        }
    }
}

impl PreArrivalVerdict {
    /// The word of records and pages.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Excepted => "excepted",
            Self::NotInScope => "not-in-scope",
            Self::Owed => "owed",
        }
    }
}

impl Timing {
    /// The word of records and pages.
    pub const fn id(self) -> &'static str {
        match self {
            Self::InTime => "in-time",
            Self::Late => "late",
            Self::TooEarly => "too-early",
            Self::Unknown => "unknown",
        }
    }
}

impl Window {
    /// How an application of this moment fits an arrival.
    pub fn timing(&self, applied: DateTime, arrival: DateTime, emergency: bool) -> Timing {
        if applied > self.latest(arrival, emergency) {
            Timing::Late
        } else if applied < self.earliest(arrival) {
            Timing::TooEarly
        } else {
            Timing::InTime
        }
    }

    /// The last moment that is in time, local time.
    pub fn latest(&self, arrival: DateTime, emergency: bool) -> DateTime {
        let hours = if emergency { self.emergency_hours } else { self.latest_hours };
        arrival.saturating_sub(SignedDuration::from_hours(hours.into()))
    }

    /// The first moment that is in time, local time.
    pub fn earliest(&self, arrival: DateTime) -> DateTime {
        arrival.saturating_sub(SignedDuration::from_hours(i64::from(self.earliest_days) * 24))
    }
}
