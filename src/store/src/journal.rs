//! The journal: one line for each fact, each line chained to the one before by SHA-256.
//!
//! A line is the hash in hexadecimal, a space, the fact as JSON, a line feed. The hash is over the hash of the line
//! before (zeros before the first) and the JSON. No line holds personal or biometric data.

use crate::audit::MOST_OWED;
use crate::restored::Restored;
use domain::case::{CaseNumber, RecordId, StationId};
use domain::record::AuditHead;
use domain::session::Outcome;
use domain::units::StaffId;
use jiff::{Timestamp, tz::TimeZone};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, VecDeque};

/// Case numbers that each minute of a day has for itself: more than a desk ever opens in one.
const CASES_OF_A_MINUTE: u32 = 1000;

/// Something that has happened, and that the next start must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Fact {
    /// The intake has the record; its body may go.
    Acknowledged { sequence: u64, received_ms: i64 },
    /// A record is on the disk under this name and digest.
    Appended(Appended),
    /// A case ended without a record of its own.
    CaseClosed { case: CaseNumber, outcome: Outcome },
    /// A traveller stands at the desk.
    CaseOpened { case: CaseNumber, officer: StaffId },
    /// A case waits for a supervisor, for the reason with this identifier.
    CaseParked { case: CaseNumber, reason: String },
    /// Cases of some days are counted from a number that no other copy of this store has given.
    CasesFrom(CasesFrom),
    /// The counter beside the store goes up to this value next.
    CounterNoted { value: u64 },
    /// The first line of every journal.
    Created { version: u8, station: StationId },
    /// The body is gone; the stub is left.
    Erased { sequence: u64 },
    /// The intake has this record of the station, which is not in this store.
    IntakeKnows(Known),
    /// The record's file is missing or damaged.
    Quarantined { sequence: u64 },
    /// An administrator goes on with what is an old copy.
    RestoredAccepted(Restored),
    /// The store is an old copy.
    RestoredFound(Restored),
}

/// A record of this station that the intake has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    pub sequence: u64,
    pub digest: Hash,
}

/// Where cases are counted from after an old copy of the store was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CasesFrom {
    /// Up to this day, as case numbers write it: `251224`. The other copy knew of none that comes after.
    pub until: String,
    /// The first case is one more than this.
    pub above: u32,
}

/// What the journal says of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Appended {
    pub sequence: u64,
    pub record: Name,
    pub case: CaseNumber,
    pub outcome: Outcome,
    pub digest: Hash,
    pub bytes: u64,
    pub time_ms: i64,
    /// Where the audit trail ended; journals of earlier versions do not say.
    #[serde(default)]
    pub audit_lines: u64,
    #[serde(default)]
    pub audit_head: Hash,
}

/// SHA-256, written in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hash(pub [u8; 32]);

/// A record's name, written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(pub RecordId);

/// What has become of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Waits for the upload.
    Pending = 0,
    /// The intake has it; the body is still to be erased.
    Acknowledged = 1,
    /// The body is gone.
    Erased = 2,
    /// Missing or damaged.
    Quarantined = 3,
}

/// A record as the queue knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub state: State,
    pub digest: [u8; 32],
    pub record: RecordId,
    pub bytes: u64,
}

/// The chain's end: what the next line hangs on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    pub last: [u8; 32],
    pub lines: u64,
}

/// A case without an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenCase {
    pub parked: bool,
}

/// The state that a journal leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replay {
    pub station: Option<StationId>,
    pub entries: BTreeMap<u64, Entry>,
    pub last_digest: [u8; 32],
    /// Time of the last record: UTC, milliseconds since 1970.
    pub newest_time_ms: Option<i64>,
    pub cases: BTreeMap<CaseNumber, OpenCase>,
    /// The newest records, oldest first: as many as lines of the audit trail can wait for room.
    pub newest: VecDeque<(CaseNumber, Outcome)>,
    /// Every end of the audit trail that a record was signed with, in order.
    pub anchors: Vec<AuditHead>,
    /// Highest count of a case for each station and day: `S1-251224` to 7.
    pub counts: BTreeMap<String, u32>,
    /// Where cases are counted from after an old copy was accepted.
    pub cases_from: Option<CasesFrom>,
    /// The counter's next value, as noted last.
    pub counter: Option<u64>,
    /// A record that the intake has and this store has not.
    pub known: Option<Known>,
    /// The record of the intake that the chain went on after.
    pub resumed: Option<Known>,
    /// The question that an administrator has to decide.
    pub restored: Option<Restored>,
}

/// A journal as it was found.
pub(crate) struct Read {
    pub replay: Replay,
    pub chain: Chain,
    /// Bytes that belong to whole lines; what follows is a torn line.
    pub good: usize,
}

/// The first line that does not hang on the one before, with others after it; counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub line: u64,
    pub why: &'static str,
}

impl Chain {
    /// The next line for this fact, and the chain with it.
    pub(crate) fn next<T: Serialize>(&self, fact: &T) -> Result<(Vec<u8>, Self), serde_json::Error> {
        let json = serde_json::to_string(fact)?;
        let last = self.hash(json.as_bytes());
        let line = format!("{} {json}\n", crate::hex(&last));
        Ok((line.into_bytes(), Self { last, lines: self.lines + 1 }))
    }

    fn hash(&self, json: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(self.last).chain_update(json).finalize().into()
    }

    /// The fact of a line that hangs on this chain, and the chain with it.
    pub(crate) fn read<T: DeserializeOwned>(&self, line: &[u8]) -> Result<(T, Self), &'static str> {
        let (hash, json) = line.split_at_checked(65).ok_or("is too short")?;
        let last = self.hash(json);
        if hash != format!("{} ", crate::hex(&last)).as_bytes() {
            return Err("does not hang on the line before");
        }
        let fact = serde_json::from_slice(json).map_err(|_| "is not a fact")?;
        Ok((fact, Self { last, lines: self.lines + 1 }))
    }
}

/// Reads a journal. A bad end is a torn write and is left out; a bad line with whole lines after it is a fault.
///
/// Each line is synced before the next is written, so at most one line can be torn.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Broken> {
    let mut found = Read { replay: Replay::default(), chain: Chain::default(), good: 0 };
    while found.good < bytes.len() {
        let rest = &bytes[found.good..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        let read = match end {
            Some(end) => found.chain.read(&rest[..end]).map(|read| (read, end + 1)),
            None => break,
        };
        let ((fact, chain), length) = match read {
            Ok(read) => read,
            // Nothing whole after it: torn.
            Err(_) if !rest[end.unwrap_or(0) + 1..].contains(&b'\n') => break,
            Err(why) => return Err(Broken { line: found.chain.lines + 1, why }),
        };
        found.replay.apply(&fact).map_err(|why| Broken { line: chain.lines, why })?;
        found.chain = chain;
        found.good += length;
    }
    Ok(found)
}

impl Replay {
    /// Takes a fact in, or says why it cannot follow on what came before.
    pub(crate) fn apply(&mut self, fact: &Fact) -> Result<(), &'static str> {
        match fact {
            Fact::Created { station, .. } if self.station.is_none() => self.station = Some(station.clone()),
            Fact::Created { .. } => return Err("creates the journal again"),
            _ if self.station.is_none() => return Err("comes before the journal's creation"),
            Fact::Acknowledged { sequence, .. } => self.to(*sequence, State::Acknowledged)?,
            Fact::Appended(appended) => self.appended(appended)?,
            Fact::CaseClosed { case, .. } => {
                self.cases.remove(case);
            }
            Fact::CaseOpened { case, .. } => self.case_opened(case),
            Fact::CasesFrom(from) => self.cases_from = Some(from.clone()),
            Fact::CounterNoted { value } => self.counter = Some(*value),
            Fact::RestoredAccepted(restored) => {
                self.counter = restored.noted_after(self.counter);
                self.restored = None;
                self.resume();
            }
            Fact::IntakeKnows(known) => self.known = Some(*known),
            Fact::RestoredFound(restored) => self.restored = Some(*restored),
            Fact::CaseParked { case, .. } => {
                self.cases.entry(case.clone()).or_insert(OpenCase { parked: true }).parked = true;
            }
            Fact::Erased { sequence } => self.to(*sequence, State::Erased)?,
            Fact::Quarantined { sequence } => self.to(*sequence, State::Quarantined)?,
        }
        Ok(())
    }

    /// The sequence number after the last record.
    pub(crate) fn next_sequence(&self) -> u64 {
        let here = self.entries.last_key_value().map_or(1, |(last, _)| last + 1);
        self.resumed.map_or(here, |known| here.max(known.sequence.saturating_add(1)))
    }

    /// The chain of a copy that was accepted goes on after the intake's record, where that is further than this store.
    fn resume(&mut self) {
        if let Some(known) = self.known.filter(|known| known.sequence >= self.next_sequence()) {
            self.last_digest = known.digest.0;
            self.resumed = Some(known);
        }
    }

    fn appended(&mut self, appended: &Appended) -> Result<(), &'static str> {
        if appended.sequence != self.next_sequence() {
            return Err("leaves a gap in the sequence");
        }
        let entry = Entry {
            state: State::Pending,
            digest: appended.digest.0,
            record: appended.record.0,
            bytes: appended.bytes,
        };
        self.entries.insert(appended.sequence, entry);
        self.last_digest = appended.digest.0;
        self.newest_time_ms = Some(appended.time_ms);
        let anchor = appended.audit();
        if anchor.lines > 0 && self.anchors.last() != Some(&anchor) {
            self.anchors.push(anchor);
        }
        self.cases.remove(&appended.case);
        self.newest.push_back((appended.case.clone(), appended.outcome));
        if self.newest.len() > MOST_OWED {
            self.newest.pop_front();
        }
        Ok(())
    }

    fn to(&mut self, sequence: u64, state: State) -> Result<(), &'static str> {
        self.entries.get_mut(&sequence).ok_or("is about a record that is not there")?.state = state;
        Ok(())
    }

    fn case_opened(&mut self, case: &CaseNumber) {
        self.cases.insert(case.clone(), OpenCase { parked: false });
        if let Some((day, count)) = case.as_str().rsplit_once('-') {
            let count = count.parse().unwrap_or(0);
            let highest = self.counts.entry(day.into()).or_default();
            *highest = count.max(*highest);
        }
    }
}

impl CasesFrom {
    /// For a copy that is accepted at this time (UTC, milliseconds since 1970): each minute of the day has numbers of its
    /// own, so that a copy that is accepted after another one gives none that the first has given.
    pub(crate) fn accepted_at(at_ms: i64) -> Self {
        let stamp = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
        let minute = u32::try_from(i32::from(stamp.hour()) * 60 + i32::from(stamp.minute())).unwrap_or(0);
        // East of Greenwich it is tomorrow already.
        let day = stamp.date().tomorrow().unwrap_or(stamp.date());
        Self { until: day.strftime("%y%m%d").to_string(), above: CASES_OF_A_MINUTE * (1 + minute) }
    }

    /// The highest number that may have been given on a day of this prefix: `S1-251224`.
    pub(crate) fn highest(&self, prefix: &str) -> u32 {
        let day = prefix.rsplit_once('-').map_or("", |(_, day)| day);
        if day <= self.until.as_str() { self.above } else { 0 }
    }
}

impl Appended {
    pub(crate) fn audit(&self) -> AuditHead {
        AuditHead { lines: self.audit_lines, digest: self.audit_head.0 }
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::unhex32(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not a digest"))
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        RecordId::parse(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not a record id"))
    }
}

#[cfg(test)]
mod tests;
