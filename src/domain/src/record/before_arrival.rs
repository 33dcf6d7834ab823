//! What a traveller owed before arrival, as the record of an enrolment carries it. The numbers stand beside it.

use crate::policy::{PreArrivalKind, PreArrivalVerdict, Timing};
use alloc::string::String;

/// What one rule about the time before arrival says, and what came of it at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeforeArrival {
    /// The rule of the pack.
    pub rule: String,
    /// What it is about.
    pub kind: PreArrivalKind,
    /// What it says of this traveller.
    pub verdict: PreArrivalVerdict,
    /// The ground or exception that holds.
    pub exception: Option<String>,
    /// How the time of an application fits its window; `None` where there is none.
    pub timing: Option<Timing>,
    /// Whether the officer was given a number.
    pub shown: Shown,
    /// What the look-up said of the number; `None` where none was given.
    pub looked_up: Option<LookedUp>,
}

/// Whether a number was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It stands in the record.
    Given,
    /// Nobody asked, or nobody noted what came of it.
    NotKnown,
    /// The traveller had none to show.
    NotShown,
}

/// What a look-up says of a number. It is advice and decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookedUp {
    /// It was good once.
    Expired,
    /// It is good, and for this document.
    Found,
    /// There is none of this number.
    NotFound,
    /// Nobody was asked: this station looks nothing up.
    Offline,
    /// It is for another document.
    OtherDocument,
    /// Whoever was asked gave no answer that can be used, or none in time.
    Unknown,
}

impl Shown {
    /// The word of the record.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::NotKnown => "not-known",
            Self::NotShown => "not-shown",
        }
    }
}

impl LookedUp {
    /// All of them, by their words.
    pub const ALL: [Self; 6] =
        [Self::Expired, Self::Found, Self::NotFound, Self::Offline, Self::OtherDocument, Self::Unknown];

    /// The word of the record.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Found => "found",
            Self::NotFound => "not-found",
            Self::Offline => "offline",
            Self::OtherDocument => "other-document",
            Self::Unknown => "unknown",
        }
    }
}
