//! The queue as sled keeps it: small values only, all of them to be had again from the journal.
//!
//! sled loses and hides things when power goes or bits flip, so nothing rests on it: each start compares it with the
//! journal and mends or remakes it. Where it cannot be opened at all, on a full disk say, the queue is kept in memory.

use crate::journal::{Entry, State};
use domain::case::RecordId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Memory that sled may use for its pages; its own default is 1 GB.
const CACHE_BYTES: u64 = 8 << 20;

/// How the index was found when the store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// It says what the journal says.
    Intact,
    /// It cannot be kept on this disk; the queue is in memory until the next start. The reason, for the log.
    InMemory(String),
    /// This many entries differed from the journal and were mended.
    Mended(usize),
    /// It was missing or damaged and has been made again. The reason, for the log.
    Rebuilt(String),
}

/// Queue states by sequence number, and digests of documents seen lately.
pub(crate) enum Index {
    Memory { records: BTreeMap<u64, Entry>, recent: BTreeMap<[u8; 32], i64> },
    Sled { records: sled::Tree, pending: sled::Tree, recent: sled::Tree },
}

impl Index {
    /// An index in memory.
    pub(crate) fn in_memory(entries: &BTreeMap<u64, Entry>) -> Self {
        Self::Memory { records: entries.clone(), recent: BTreeMap::new() }
    }

    /// Opens the index in this folder and makes it say what the journal says.
    pub(crate) fn open(folder: &Path, entries: &BTreeMap<u64, Entry>) -> (Self, IndexState) {
        let there = folder.exists();
        // sled may end the program on damage instead of saying so. Then this file is still there at the next start.
        let opening = beside(folder, ".opening");
        let died = there && opening.exists();
        if died && set_aside(folder).is_err() {
            return (Self::in_memory(entries), IndexState::InMemory("it ended the program when it was opened".into()));
        }
        // On a full disk the mark is missing, and only what it is for.
        let _ = std::fs::write(&opening, b"");
        let opened = Self::open_marked(folder, there && !died, entries);
        let _ = std::fs::remove_file(&opening);
        opened
    }

    fn open_marked(folder: &Path, there: bool, entries: &BTreeMap<u64, Entry>) -> (Self, IndexState) {
        let reason = match Self::open_sled(folder).and_then(|index| Ok((index.reconcile(entries)?, index))) {
            Ok((0, index)) if there || entries.is_empty() => return (index, IndexState::Intact),
            Ok((_, index)) if !there => return (index, IndexState::Rebuilt("it was not there".into())),
            // Mended once, it must now agree; an index that forgets what it is told is made again.
            Ok((mended, index)) => match index.reconcile(entries) {
                Ok(0) => return (index, IndexState::Mended(mended)),
                Ok(_) => "it does not keep what it is told".into(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        match set_aside(folder).and_then(|()| Ok(Self::open_sled(folder)?)) {
            Ok(index) if index.reconcile(entries).is_ok() => (index, IndexState::Rebuilt(reason)),
            _ => (Self::in_memory(entries), IndexState::InMemory(reason)),
        }
    }

    fn open_sled(folder: &Path) -> sled::Result<Self> {
        // A snapshot that was being written when the power went makes sled refuse to open; without it all is there.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if name.to_string_lossy().ends_with(".generating") {
                std::fs::remove_file(entry.path())?;
            }
        }
        let db = sled::Config::new()
            .path(folder)
            .cache_capacity(CACHE_BYTES)
            .mode(sled::Mode::LowSpace)
            .flush_every_ms(Some(500))
            .open()?;
        Ok(Self::Sled {
            records: db.open_tree("records")?,
            pending: db.open_tree("pending")?,
            recent: db.open_tree("recent")?,
        })
    }

    /// Mends every entry that differs from the journal's; how many did.
    fn reconcile(&self, entries: &BTreeMap<u64, Entry>) -> sled::Result<usize> {
        let Self::Sled { records, pending, .. } = self else {
            return Ok(0);
        };
        let mut wrong = BTreeSet::new();
        for (tree, all) in [(records, true), (pending, false)] {
            for key in tree.iter().keys() {
                let key = key?;
                let expected = sequence_of(&key).and_then(|sequence| entries.get(&sequence));
                let belongs = expected.is_some_and(|entry| all || entry.state == State::Pending);
                if !belongs {
                    tree.remove(&key)?;
                    wrong.insert(key);
                }
            }
        }
        for (sequence, entry) in entries {
            let kept = records.get(sequence.to_be_bytes())?;
            let queued = pending.contains_key(sequence.to_be_bytes())?;
            if kept.as_deref() != Some(&encode(entry)) || queued != (entry.state == State::Pending) {
                self.put_sled(*sequence, entry)?;
                wrong.insert(sled::IVec::from(&sequence.to_be_bytes()));
            }
        }
        Ok(wrong.len())
    }

    fn put_sled(&self, sequence: u64, entry: &Entry) -> sled::Result<()> {
        let Self::Sled { records, pending, .. } = self else {
            return Ok(());
        };
        let key = sequence.to_be_bytes();
        records.insert(key, encode(entry).as_slice())?;
        if entry.state == State::Pending {
            pending.insert(key, &[])?;
        } else {
            pending.remove(key)?;
        }
        Ok(())
    }

    /// Keeps the state of a record.
    pub(crate) fn put(&mut self, sequence: u64, entry: &Entry) -> sled::Result<()> {
        if let Self::Memory { records, .. } = self {
            records.insert(sequence, *entry);
            return Ok(());
        }
        self.put_sled(sequence, entry)
    }

    /// The state of a record.
    pub(crate) fn get(&self, sequence: u64) -> sled::Result<Option<Entry>> {
        match self {
            Self::Memory { records, .. } => Ok(records.get(&sequence).copied()),
            Self::Sled { records, .. } => Ok(records.get(sequence.to_be_bytes())?.and_then(|value| decode(&value))),
        }
    }

    /// The first records that wait for the upload, oldest first.
    pub(crate) fn pending(&self, limit: usize) -> sled::Result<Vec<u64>> {
        match self {
            Self::Memory { records, .. } => {
                let waiting = records.iter().filter(|(_, entry)| entry.state == State::Pending);
                Ok(waiting.map(|(sequence, _)| *sequence).take(limit).collect())
            }
            Self::Sled { pending, .. } => {
                let keys: sled::Result<Vec<_>> = pending.iter().keys().take(limit).collect();
                Ok(keys?.iter().filter_map(|key| sequence_of(key)).collect())
            }
        }
    }
}

/// Moves a damaged index out of the way; the one that was moved before is dropped.
fn set_aside(folder: &Path) -> std::io::Result<()> {
    let aside = beside(folder, ".damaged");
    if aside.exists() {
        std::fs::remove_dir_all(&aside)?;
    }
    if folder.exists() { std::fs::rename(folder, aside) } else { Ok(()) }
}

/// A name beside a folder: its own, and this ending.
fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn sequence_of(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// State, digest, record id, length: 57 bytes.
fn encode(entry: &Entry) -> [u8; 57] {
    let mut value = [0; 57];
    value[0] = entry.state as u8;
    value[1..33].copy_from_slice(&entry.digest);
    value[33..49].copy_from_slice(&entry.record.0);
    value[49..].copy_from_slice(&entry.bytes.to_be_bytes());
    value
}

fn decode(value: &[u8]) -> Option<Entry> {
    let value: &[u8; 57] = value.try_into().ok()?;
    let state = [State::Pending, State::Acknowledged, State::Erased, State::Quarantined];
    Some(Entry {
        state: *state.get(usize::from(value[0]))?,
        digest: value[1..33].try_into().ok()?,
        record: RecordId(value[33..49].try_into().ok()?),
        bytes: u64::from_be_bytes(value[49..].try_into().ok()?),
    })
}
