//! The audit trail: who did what, when, and why in a code. Never anything about a traveller: no field could hold it.
//!
//! Lines are those of the journal: a hash over the line before, a space, JSON, a line feed; the first hangs on the
//! station's name. They lie in segments, each named by the number of its first line. Every record's header names the
//! trail's head at that moment, the intake countersigns it, and the journal repeats it: a trail that is shorter or other
//! than that was cut or altered.

mod action;

pub use action::Action;

use crate::journal::{Broken, Chain};
use domain::case::{CaseNumber, StationId};
use domain::policy::is_identifier;
use domain::record::AuditHead;
use domain::units::StaffId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Lines that are held while the disk is full: more than a station makes before somebody looks after it.
pub(crate) const MOST_OWED: usize = 1024;

/// A segment that is larger is followed by a new one: opening a store reads two at most.
pub(crate) const SEGMENT_BYTES: u64 = 4 << 20;

/// The folder of the segments.
pub(crate) const FOLDER: &str = "audit";

/// One thing that somebody did, or that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When: UTC, milliseconds since 1970, by the station's clock.
    pub at_ms: i64,
    /// Who: somebody of the people file, `administrator`, or `station` where nobody had to do anything.
    pub who: StaffId,
    /// What.
    pub what: Action,
    /// On which case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseNumber>,
    /// Why, or which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Why, in one of five forms. Names and numbers of documents have none of them as documents write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A code as people read it out: `D-12`.
    Code(String),
    /// SHA-256.
    Digest([u8; 32]),
    /// Words with the SHA-256 of what they name: `ru-entry/v2026.1/sha256:...` or `all-checkpoints-2026/sha256:...`.
    Digested(String, [u8; 32]),
    /// A key's identifier.
    Key(String),
    /// A word of the program or of a policy pack: `under-six`.
    Word(String),
}

/// A trail as it was found: the chain after its last whole line, and what belongs to whole lines.
pub(crate) struct Found {
    pub chain: Chain,
    pub good: usize,
}

impl Reason {
    /// A word of the program or of a policy pack; words with other characters have none.
    pub fn word(text: &str) -> Option<Self> {
        is_identifier(text).then(|| Self::Word(text.into()))
    }

    /// A policy pack: its name, `v` with its version, and its digest. What is no plain word of a version is left out.
    pub fn pack(id: &str, version: &str, digest: [u8; 32]) -> Self {
        let version = format!("v{version}");
        let words = if is_version(&version) { format!("{id}/{version}") } else { id.to_owned() };
        Self::Digested(words, digest)
    }

    /// A reason from its text form.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(digest) = text.strip_prefix("sha256:") {
            return crate::unhex32(digest).map(Self::Digest);
        }
        if let Some((words, digest)) = text.split_once("/sha256:") {
            let mut parts = words.splitn(2, '/');
            let fits = parts.next().is_some_and(is_identifier) && parts.next().is_none_or(is_version);
            return crate::unhex32(digest).filter(|_| fits).map(|digest| Self::Digested(words.into(), digest));
        }
        if let Some(key) = text.strip_prefix("key:") {
            let fits = key.len() == 16 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            return fits.then(|| Self::Key(key.into()));
        }
        let [letter, b'-', digits @ ..] = text.as_bytes() else {
            return Self::word(text);
        };
        match letter {
            b'A'..=b'Z' if digits.len() == 2 && digits.iter().all(u8::is_ascii_digit) => Some(Self::Code(text.into())),
            _ => Self::word(text),
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(text) | Self::Word(text) => f.write_str(text),
            Self::Digest(digest) => write!(f, "sha256:{}", crate::hex(digest)),
            Self::Digested(words, digest) => write!(f, "{words}/sha256:{}", crate::hex(digest)),
            Self::Key(id) => write!(f, "key:{id}"),
        }
    }
}

/// `v2026.1`: a version as packs have it, when it is short and plain.
fn is_version(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    text.len() <= 20 && text.starts_with('v') && text.bytes().all(plain)
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a reason"))
    }
}

/// What the first line of a station's trail hangs on.
pub(crate) fn beginning(station: &StationId) -> Chain {
    let last = Sha256::new().chain_update(b"gatepost audit trail 1 ").chain_update(&station.0).finalize().into();
    Chain { last, lines: 0 }
}

/// The head of a trail, as headers name it.
pub(crate) fn head(chain: &Chain) -> AuditHead {
    AuditHead { lines: chain.lines, digest: chain.last }
}

/// The file of the segment whose first line has this number.
pub(crate) fn segment(first_line: u64) -> String {
    format!("{FOLDER}/{first_line:012}.log")
}

/// The first line's number of a segment, from its name in the folder.
pub(crate) fn first_line(name: &str) -> Option<u64> {
    name.strip_suffix(".log")?.parse().ok()
}

/// Where the chain stands at the end of a segment, by its last line's own word: for the segment after it, whose lines
/// then prove it.
pub(crate) fn end_of(bytes: &[u8], lines: u64) -> Option<Chain> {
    let lines_of = bytes.strip_suffix(b"\n")?;
    let last = lines_of.rsplit(|byte| *byte == b'\n').next()?;
    let hash = std::str::from_utf8(last.get(..64)?).ok()?;
    Some(Chain { last: crate::unhex32(hash)?, lines })
}

/// Reads a segment that hangs on `from`, and tells of every head on the way. A bad end is a torn write and is left out.
pub(crate) fn read(bytes: &[u8], from: &Chain, mut seen: impl FnMut(&Chain)) -> Result<Found, Broken> {
    let mut found = Found { chain: from.clone(), good: 0 };
    while found.good < bytes.len() {
        let rest = &bytes[found.good..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
        match found.chain.read::<Event>(&rest[..end]) {
            Ok((_, chain)) => found.chain = chain,
            // Nothing whole after it: torn.
            Err(_) if !rest[end + 1..].contains(&b'\n') => break,
            Err(why) => return Err(Broken { line: found.chain.lines + 1, why }),
        }
        seen(&found.chain);
        found.good += end + 1;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(n: i64) -> Event {
        Event {
            at_ms: 1_766_534_400_000 + n,
            who: StaffId("anna".into()),
            what: Action::DeviceFault,
            case: CaseNumber::parse("S1-251224-0007"),
            reason: Reason::parse("D-12"),
        }
    }

    fn written(count: i64) -> Vec<u8> {
        let (mut chain, mut bytes) = (beginning(&StationId("S1".into())), Vec::new());
        for n in 0..count {
            let (line, next) = chain.next(&event(n)).unwrap();
            bytes.extend(line);
            chain = next;
        }
        bytes
    }

    #[test]
    fn lines_are_as_auditors_read_them() {
        let text = String::from_utf8(written(1)).unwrap();
        let (hash, json) = text.trim_end().split_once(' ').unwrap();
        let expected =
            r#"{"at_ms":1766534400000,"who":"anna","what":"device-fault","case":"S1-251224-0007","reason":"D-12"}"#;
        assert_eq!((hash.len(), json), (64, expected));
    }

    #[test]
    fn reasons_have_five_forms_and_no_other() {
        let pack = Reason::pack("ru-entry", "2026.1", [7; 32]).to_string();
        assert!(pack.starts_with("ru-entry/v2026.1/sha256:07"), "{pack}");
        assert!(Reason::pack("ru-entry", "ERIKSSON", [7; 32]).to_string().starts_with("ru-entry/sha256:"));
        for text in [
            pack.as_str(),
            &format!("all-checkpoints-2026/sha256:{}", "0c".repeat(32)),
            "D-12",
            "under-six",
            "key:0123456789abcdef",
            &format!("sha256:{}", "ab".repeat(32)),
            "d-12",
        ] {
            assert_eq!(Reason::parse(text).unwrap().to_string(), text);
        }
        for canary in [
            "ERIKSSON",
            "ERIKSSON, ANNA MARIA",
            "L898902C3",
            "740812",
            "1974-08-12",
            "",
            "D-123",
            "key:L898902C3",
            "sha256:00",
            "ru-entry/sha256:00",
            &format!("ERIKSSON/sha256:{}", "0c".repeat(32)),
            &format!("ru-entry/L898902C3/sha256:{}", "0c".repeat(32)),
        ] {
            assert_eq!(Reason::parse(canary), None, "{canary}");
        }
    }

    #[test]
    fn a_trail_of_another_station_does_not_hang_here() {
        let bytes = written(3);
        let read = |station: &str| read(&bytes, &beginning(&StationId(station.into())), |_| ());
        assert_eq!(read("S1").unwrap().chain.lines, 3);
        assert!(read("S2").is_err());
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_found_or_taken_for_a_torn_end(at in 0usize..700, flip in 1u8..) {
            let bytes = written(5);
            let at = at % bytes.len();
            let mut touched = bytes.clone();
            touched[at] ^= flip;
            if let Ok(found) = read(&touched, &beginning(&StationId("S1".into())), |_| ()) {
                prop_assert!(found.good <= at);
                prop_assert!(found.chain.lines < 5);
            }
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes, &Chain::default(), |_| ());
            let _ = end_of(&bytes, 1);
            let _ = Reason::parse(&String::from_utf8_lossy(&bytes));
        }
    }
}
