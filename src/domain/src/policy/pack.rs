//! A policy pack: who gives biometrics, when and where, as dated facts of one country.

use super::capture::{CaptureFingers, Modalities};
use super::decision::Source;
use super::notice::Notice;
use super::prearrival::PreArrivalRule;
use super::published::Published;
use alloc::{format, string::String, vec::Vec};
use core::fmt;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// A valid pack. [`Pack::parse`] is the only way to one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pack {
    /// Identifier: `ru-entry`.
    pub id: String,
    /// Version of this text: `2026.1`.
    pub version: String,
    /// When this version was published.
    pub published: Published,
    /// Code of the State whose border it is (ICAO Doc 9303-3): `RUS`.
    pub country: String,
    /// What the pack is about, for people.
    pub title: String,
    /// Nationality codes of own citizens, who are not in scope.
    pub own_nationalities: Vec<String>,
    /// Which fingers to take, for each class of device.
    pub capture: CaptureFingers,
    /// Dated rules. The order in the file says nothing.
    pub entries: Vec<Entry>,
    /// Grounds that entries may list.
    pub grounds: Vec<Ground>,
    /// Where we had to read more into the sources than they say.
    pub readings: Vec<Reading>,
    /// What travellers are told about their data, in the languages that the authority has it in; empty where it has given none.
    pub notices: Vec<Notice>,
    /// What is owed before arrival: a rule set of its own, which decides nothing about biometrics.
    pub pre_arrival: Vec<PreArrivalRule>,
}

/// One dated rule: foreign citizens and stateless persons owe biometrics, but for the grounds it lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Identifier within the pack.
    pub id: String,
    /// What it is, for people.
    pub title: String,
    /// When its source was published: the latest publication that applies wins.
    pub published: Published,
    /// What it rests on.
    pub sources: Vec<Source>,
    /// In force, or only announced.
    pub status: Status,
    /// Local time in which it applies.
    pub validity: Validity,
    /// Where it applies.
    pub checkpoints: Checkpoints,
    /// What else must hold at the checkpoint.
    pub condition: Option<Condition>,
    /// Directions of travel it applies to.
    pub directions: Vec<Direction>,
    /// Grounds that its source names.
    pub grounds: Vec<String>,
}

/// A ground to give nothing, or less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ground {
    /// Identifier within the pack.
    pub id: String,
    /// Whom it covers, for people.
    pub title: String,
    /// Kinds of evidence that can show it: `accreditation-card`.
    pub evidence: Vec<String>,
    /// How it is shown.
    pub rule: Rule,
    /// What stays due all the same: nothing for an exemption. Only a ground that the document shows can leave something
    /// due.
    pub gives: Modalities,
    /// An attestation of it needs a second person.
    pub second_person: bool,
    /// Document codes that suggest it and decide nothing.
    pub hint_documents: Vec<String>,
    /// Issuing codes that suggest it and decide nothing.
    pub hint_issuers: Vec<String>,
    /// What it rests on.
    pub sources: Vec<Source>,
}

/// Something that no source says, read by this project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Identifiers of the entries, grounds and rules before arrival that it concerns.
    pub of: Vec<String>,
    /// What we read.
    pub text: String,
    /// Whose reading: `project's reading`.
    pub source: String,
}

/// How a ground is shown. A closed set: a pack can combine these, and code is needed only for a new kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Younger than this many years on the local date. The document's birth date shows it.
    AgeBelow(u8),
    /// Only by attestation.
    Attested,
    /// One of these nationalities, issued by the same State. The document shows it.
    Nationality(Vec<String>),
}

/// Whether an entry decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Decides only once the operator has confirmed it.
    Announced,
    /// Decides.
    InForce,
}

/// What a checkpoint must offer for an entry to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// "Where technically possible": the operator says so for each checkpoint.
    TechnicallyPossible,
}

/// Direction of travel over the border of the pack's country.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Into the country.
    #[default]
    Entry,
    /// Out of the country.
    Exit,
    /// Through it without entering.
    Transit,
}

impl Direction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Entry, Self::Exit, Self::Transit];

    /// The word in packs, on the command line and in facts.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Transit => "transit",
        }
    }

    /// The direction with this word.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.id() == id)
    }
}

/// A span of local time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub from: DateTime,
    /// The last moment; none where the end is open.
    pub to: Option<DateTime>,
}

impl Validity {
    /// Whether a local time lies within.
    pub fn contains(&self, at: DateTime) -> bool {
        self.from <= at && self.to.is_none_or(|to| at <= to)
    }

    /// Whether the two share a moment.
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_in = |a: &Self, b: &Self| b.to.is_none_or(|to| a.from <= to);
        begins_in(self, other) && begins_in(other, self)
    }
}

/// Where an entry applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checkpoints {
    /// At every checkpoint.
    Every,
    /// At these.
    Listed(Vec<String>),
}

impl Checkpoints {
    /// Whether a checkpoint is meant.
    pub fn contain(&self, id: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Listed(ids) => ids.iter().any(|listed| listed == id),
        }
    }

    /// Whether the two share a checkpoint.
    pub fn overlap(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every, _) | (_, Self::Every) => true,
            (Self::Listed(ids), other) => ids.iter().any(|id| other.contain(id)),
        }
    }
}

impl Ground {
    /// Whether it exempts from everything.
    pub fn exempts(&self) -> bool {
        self.gives == Modalities::NONE
    }
}

impl Pack {
    /// Identifier and version, as decisions and records state them: `ru-entry 2026.1`.
    pub fn label(&self) -> String {
        format!("{} {}", self.id, self.version)
    }

    /// The ground with this identifier.
    pub fn ground(&self, id: &str) -> Option<&Ground> {
        self.grounds.iter().find(|ground| ground.id == id)
    }

    /// The entry with this identifier.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// Our readings of an entry, a ground or a rule before arrival, as sources.
    pub(super) fn readings_of(&self, id: &str) -> impl Iterator<Item = Source> + '_ {
        let concerns = |reading: &&Reading| reading.of.iter().any(|of| of == id);
        let wanted: Vec<&Reading> = self.readings.iter().filter(|reading| concerns(reading)).collect();
        wanted.into_iter().map(|reading| Source {
            cite: format!("{}: {}", reading.source, reading.text),
            published: self.published.as_str().into(),
        })
    }
}

/// One fault of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFault {
    /// Line from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub text: String,
}

/// All faults of a pack, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFaults(pub Vec<PackFault>);

impl fmt::Display for PackFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl fmt::Display for PackFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{fault}")?;
        }
        Ok(())
    }
}

impl core::error::Error for PackFaults {}
