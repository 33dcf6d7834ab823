//! What a store said yes to, so that it can be held against what is left; as lines of text between two programs.

use domain::case::{CaseNumber, RecordId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One promise, or the mark that something was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// The receipt for a record was taken.
    Acknowledged(u64),
    /// A case has ended.
    Ended(CaseNumber),
    /// A case is about to end: from here on it may have ended without a promise.
    Ending(CaseNumber),
    /// A line stands in the audit trail.
    Noted,
    /// A case was opened.
    Opened(CaseNumber),
    /// A line of the audit trail found no room and is held until there is some.
    Owed,
    /// A record is queued.
    Queued(u64, RecordId),
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// Records by their place in the chain.
    pub queued: BTreeMap<u64, RecordId>,
    /// Places of those whose receipts were taken.
    pub acknowledged: BTreeSet<u64>,
    /// Cases that stood at the desk.
    pub opened: BTreeSet<CaseNumber>,
    /// Cases that have ended.
    pub ended: BTreeSet<CaseNumber>,
    /// Cases that may have ended.
    pub ending: BTreeSet<CaseNumber>,
    /// Lines of the audit trail.
    pub noted: u64,
    /// Lines that are held: they may be written at any later moment.
    pub owed: u64,
}

impl Promises {
    /// Takes one in.
    pub fn take(&mut self, promise: Promise) {
        match promise {
            Promise::Acknowledged(sequence) => drop(self.acknowledged.insert(sequence)),
            Promise::Ended(case) => drop(self.ended.insert(case)),
            Promise::Ending(case) => drop(self.ending.insert(case)),
            Promise::Noted => self.noted += 1,
            Promise::Opened(case) => drop(self.opened.insert(case)),
            Promise::Owed => self.owed += 1,
            Promise::Queued(sequence, record) => drop(self.queued.insert(sequence, record)),
        }
    }

    /// From lines; what is no promise is left out, such as a last line that was cut short.
    pub fn read(lines: &str) -> Self {
        let mut promises = Self::default();
        let whole = lines.split_inclusive('\n').filter_map(|line| Promise::parse(line.strip_suffix('\n')?));
        whole.for_each(|promise| promises.take(promise));
        promises
    }
}

impl Promise {
    fn parse(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        Some(match word {
            "acknowledged" => Self::Acknowledged(rest.parse().ok()?),
            "ended" => Self::Ended(CaseNumber::parse(rest)?),
            "ending" => Self::Ending(CaseNumber::parse(rest)?),
            "noted" => Self::Noted,
            "opened" => Self::Opened(CaseNumber::parse(rest)?),
            "owed" => Self::Owed,
            "queued" => {
                let (sequence, record) = rest.split_once(' ')?;
                Self::Queued(sequence.parse().ok()?, RecordId::parse(record)?)
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acknowledged(sequence) => write!(f, "acknowledged {sequence}"),
            Self::Ended(case) => write!(f, "ended {case}"),
            Self::Ending(case) => write!(f, "ending {case}"),
            Self::Noted => write!(f, "noted"),
            Self::Opened(case) => write!(f, "opened {case}"),
            Self::Owed => write!(f, "owed"),
            Self::Queued(sequence, record) => write!(f, "queued {sequence} {record}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_come_back_from_their_lines() {
        let case = CaseNumber::parse("S1-251224-0007").unwrap();
        let all = [
            Promise::Acknowledged(7),
            Promise::Ended(case.clone()),
            Promise::Ending(case.clone()),
            Promise::Noted,
            Promise::Opened(case),
            Promise::Owed,
            Promise::Queued(7, RecordId([0xab; 16])),
        ];
        let mut expected = Promises::default();
        let mut lines = String::new();
        for promise in all {
            lines += &format!("{promise}\n");
            expected.take(promise);
        }
        assert_eq!(Promises::read(&lines), expected);
        assert_eq!(Promises::read(&(lines + "noted")), expected, "a line that was cut short");
    }
}
