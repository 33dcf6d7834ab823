//! Faults of the store: each with a code, a sentence for the officer, and an inside text.

use crate::disk::is_full;
use crate::journal::Broken;
use crate::restored::{CounterFault, Restored};
use std::io;
use thiserror::Error;

/// The store cannot do what was asked. [`std::fmt::Display`] is the inside text for the log; neither text holds
/// anything about a person.
#[derive(Debug, Error)]
pub enum StoreFault {
    /// The audit trail was cut or altered. Everything is left as it is: it is evidence.
    #[error("line {line} of the audit trail {why}")]
    AuditBroken {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The configured name of the station cannot stand in a header.
    #[error("`{0}` is not a station: 1 to 24 letters, digits and dashes")]
    BadStation(String),
    /// The counter that shows whether the store is an old copy cannot be asked.
    #[error("the counter beside the store: {0}")]
    Counter(#[from] CounterFault),
    /// The disk failed.
    #[error("could not {what} {file}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// On which file.
        file: String,
        /// What the system said.
        error: io::Error,
    },
    /// A line in the middle of the journal is damaged. Everything is left as it is: it is evidence.
    #[error("journal.log line {line} {why}")]
    JournalBroken {
        /// Counted from 1.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There are records, but no journal.
    #[error("there are {0} files in records/, but no journal.log")]
    JournalMissing(usize),
    /// Another program has the store open.
    #[error("another program has the store open")]
    Locked,
    /// A folder outside of the store, on a medium say, cannot be read or written. The store is as it was.
    #[error("{0}: {1}")]
    Medium(String, io::Error),
    /// The disk is full. Nothing of what was asked has happened, the store goes on, and the same can be asked again
    /// when there is room.
    #[error("no space on the disk of the store")]
    NoSpace,
    /// There is no store in this folder.
    #[error("there is no store in {0}; --data names the folder that `gatepost init` made")]
    NoStore(String),
    /// The record was signed for another place in the chain, or its parts do not belong together.
    #[error("the record is not the next of this station's chain: sequence {found}, expected {expected}")]
    NotNext {
        /// The sequence number that comes next.
        expected: u64,
        /// The record's.
        found: u64,
    },
    /// The station's key does not sign: a chip that does not answer, or is locked. The record waits.
    #[error("the signing key did not sign")]
    NotSigned,
    /// The store belongs to another station.
    #[error("the store belongs to station {0}")]
    OtherStation(String),
    /// An earlier write or sync failed; nothing is taken until the next start.
    #[error("closed after an earlier fault: {0}")]
    Poisoned(String),
    /// The store is an old copy, and nobody has decided yet whether the station goes on with it.
    #[error("{0}; see `gatepost store accept-restored`")]
    Restored(Restored),
    /// The record is larger than any may be.
    #[error("the envelope has {0} bytes, more than any record may have")]
    TooLarge(usize),
}

/// A record cannot be read.
#[derive(Debug, Error)]
pub enum ReadFault {
    /// Its file is missing or damaged; it is in quarantine now.
    #[error("record {0} is missing or damaged and was put into quarantine")]
    Damaged(u64),
    /// There is none with this number, or its body is gone already.
    #[error("no record with sequence {0} is waiting")]
    NotWaiting(u64),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreFault),
}

impl StoreFault {
    pub(crate) fn io(what: &str, file: &str, error: io::Error) -> Self {
        if is_full(&error) { Self::NoSpace } else { Self::Io { what: what.into(), file: file.into(), error } }
    }

    /// Short code to read out over the telephone.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "S-01",
            Self::JournalBroken { .. } => "S-02",
            Self::JournalMissing(_) => "S-03",
            Self::Locked => "S-04",
            Self::NoSpace => "S-05",
            Self::NotNext { .. } => "S-06",
            Self::OtherStation(_) => "S-07",
            Self::Poisoned(_) => "S-08",
            Self::TooLarge(_) => "S-09",
            Self::BadStation(_) => "S-10",
            Self::AuditBroken { .. } => "S-11",
            Self::Medium(..) => "S-12",
            Self::Restored(_) => "S-13",
            Self::Counter(_) => "S-14",
            Self::NotSigned => "S-15",
            Self::NoStore(_) => "S-16",
        }
    }

    /// What the officer should know and do now.
    pub fn officer(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Poisoned(_) => {
                "The station's disk does not work properly. Take no new travellers and call the administrator."
            }
            Self::JournalBroken { .. } | Self::JournalMissing(_) => {
                "The station's journal is damaged. Change nothing on this station and call the administrator."
            }
            Self::AuditBroken { .. } => {
                "The station's audit trail was cut or altered. Change nothing on this station and call the administrator."
            }
            Self::Counter(_) => {
                "The station's security chip does not answer. Take no new travellers and call the administrator."
            }
            Self::Restored(_) => {
                "This station was put back to an earlier state. Take no new travellers and call the administrator."
            }
            Self::Medium(..) => "The medium cannot be read or written. Try another one; nothing is lost here.",
            Self::Locked => "The station program is already running. Close the second one.",
            Self::NoSpace => "The station's disk is full. Take no new travellers and call the administrator.",
            Self::NotSigned => {
                "The station's key does not sign. The record waits; leave the station on and call the administrator."
            }
            Self::NoStore(_) => "There is no store in this folder. Look whether it is the right one.",
            Self::NotNext { .. } => {
                "This traveller's record was not kept. Take no new travellers and call the administrator."
            }
            Self::BadStation(_) => "The station's name in the configuration cannot be used. Call the administrator.",
            Self::OtherStation(_) => "The store belongs to another station. Call the administrator.",
            Self::TooLarge(_) => "The record is too large to be kept. Call the administrator.",
        }
    }

    /// What the administrator of the station does now.
    pub fn administrator(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::Poisoned(_) => {
                "The disk of the store fails. Copy the folder of the store to another disk, and replace this one."
            }
            Self::JournalBroken { .. } | Self::JournalMissing(_) => {
                "The journal was altered, or the disk has spoilt it. Change nothing, and copy the folder of the store away: \
                 `gatepost-intake import` takes the copy's records/ as it takes a medium. Then move the store aside, run \
                 `gatepost init`, and decide by `gatepost store accept-restored` when the station asks for it."
            }
            Self::AuditBroken { .. } => {
                "The audit trail was cut or altered. Change nothing, copy the folder of the store away, and tell the auditor: \
                 the intake has countersigned how far the trail had come."
            }
            Self::Counter(_) => {
                "The TPM does not answer. Look at it by `gatepost doctor`, then start the station again."
            }
            Self::Restored(_) => {
                "Find out who put this copy in place; `gatepost store accept-restored --reason WORD` goes on with it."
            }
            Self::Medium(..) => "The medium cannot be read or written. Try another one; nothing is lost here.",
            Self::Locked => "The station is at work and has the store open. Stop it first: `systemctl stop gatepost`.",
            Self::NoSpace => "The disk is full. Make room, or bring the connection back so that records leave.",
            Self::NotSigned => {
                "The station's key does not sign. `gatepost doctor` tells whether it is the chip or its lock-out."
            }
            Self::NoStore(_) => "Name the folder that `gatepost init` made by --data.",
            Self::NotNext { .. } => "The record was not kept. Look into the log, and start the station again.",
            Self::BadStation(_) => "Correct [station] id in station.toml.",
            Self::OtherStation(_) => "Put [station] id in station.toml right, or name the other folder by --data.",
            Self::TooLarge(_) => "The record is too large to be kept. Report the software's version and the log.",
        }
    }
}

impl From<Broken> for StoreFault {
    fn from(Broken { line, why }: Broken) -> Self {
        Self::JournalBroken { line, why }
    }
}
