//! Wrong tries at a name. Each try is counted on the disk before its PIN or key is looked at, so that neither a restart nor
//! many tries at once get more of them; the right one sets the count back.
//!
//! Names that nobody has are counted in the same way and at the same cost, in a fixed number of places: they lock as others
//! do, say nothing about who is known here, and take no more of the disk however many there are.

use super::shared::SharedFile;
use super::{hex, unhex};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Wrong tries in a row before a name has to wait.
pub const FREE: u32 = 5;

/// Wrong tries in a row after which waiting does not help: an administrator has to unlock the name. With the waiting
/// before it takes most of a day to get there, and 20 of 10,000 PINs are tried then.
pub const MOST: u32 = 20;

/// The wait after [`FREE`] wrong tries; each further one doubles it.
const FIRST_WAIT_MS: i64 = 30_000;

/// No wait is longer.
const LONGEST_WAIT_MS: i64 = 60 * 60 * 1000;

/// Places for names that nobody has.
const PLACES: usize = 256;

/// How a name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may be tried.
    Open,
    /// It may be tried again after this time, in milliseconds.
    Waits(i64),
    /// An administrator has to unlock it.
    Locked,
}

/// The counts, on the disk.
pub struct Tries(SharedFile);

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    wrong: u32,
    /// UTC, milliseconds since 1970: of the last one.
    at_ms: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    /// Turns a name that nobody has into its place, so that nobody can choose names for one place.
    secret: String,
    known: BTreeMap<String, Count>,
    others: Vec<Count>,
}

impl Tries {
    /// The counts in this file; it is made by the first try.
    pub fn new(path: &Path) -> Self {
        Self(SharedFile::new(path))
    }

    /// How a name stands. A clock that was set back makes nobody wait longer than the wait itself.
    pub fn standing(&self, name: &str, known: bool, now_ms: i64) -> io::Result<Standing> {
        Ok(Counts::of(self.0.read()?)?.count(name, known).standing(now_ms))
    }

    /// Counts a try that is about to be made: how many in a row that makes, or why it is not to be made.
    pub fn begin(&self, name: &str, known: bool, now_ms: i64) -> io::Result<Result<u32, Standing>> {
        self.0.change(|old| {
            let mut counts = Counts::of(old)?;
            let count = counts.count(name, known);
            match count.standing(now_ms) {
                Standing::Open => {
                    *count = Count { wrong: count.wrong.saturating_add(1), at_ms: now_ms };
                    let wrong = count.wrong;
                    Ok((Some(counts.bytes()?), Ok(wrong)))
                }
                closed => Ok((None, Err(closed))),
            }
        })
    }

    /// The try was right, or an administrator unlocks the name: whether anything had been counted.
    pub fn forget(&self, name: &str) -> io::Result<bool> {
        self.0.change(|old| {
            let mut counts = Counts::of(old)?;
            let gone = counts.known.remove(name).is_some();
            Ok((Some(counts.bytes()?), gone))
        })
    }
}

impl Count {
    fn standing(self, now_ms: i64) -> Standing {
        if self.wrong >= MOST {
            return Standing::Locked;
        }
        let Some(more) = self.wrong.checked_sub(FREE) else { return Standing::Open };
        let wait = FIRST_WAIT_MS.saturating_mul(1 << more.min(20)).min(LONGEST_WAIT_MS);
        let passed = now_ms.saturating_sub(self.at_ms).max(0);
        if passed >= wait { Standing::Open } else { Standing::Waits(wait - passed) }
    }
}

impl Counts {
    /// A file that cannot be read as one of ours would have been changed by hand: counting begins anew, which its owner
    /// could have had by removing it.
    fn of(bytes: Option<Vec<u8>>) -> io::Result<Self> {
        let read = bytes.and_then(|bytes| match serde_json::from_slice::<Self>(&bytes) {
            Ok(counts) if counts.others.len() == PLACES => Some(counts),
            _ => {
                tracing::error!("the file of wrong tries is damaged; counting begins anew");
                None
            }
        });
        if let Some(counts) = read {
            return Ok(counts);
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        Ok(Self { secret: hex(&secret), known: BTreeMap::new(), others: vec![Count::default(); PLACES] })
    }

    fn count(&mut self, name: &str, known: bool) -> &mut Count {
        if known {
            return self.known.entry(name.to_owned()).or_default();
        }
        let key = unhex(&self.secret).unwrap_or_default();
        let place = match Hmac::<Sha256>::new_from_slice(&key) {
            Ok(mac) => usize::from(mac.chain_update(name).finalize().into_bytes()[0]),
            Err(_) => 0,
        };
        &mut self.others[place % PLACES]
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries() -> (tempfile::TempDir, Tries) {
        let dir = tempfile::tempdir().unwrap();
        let tries = Tries::new(&dir.path().join("tries.json"));
        (dir, tries)
    }

    #[test]
    fn the_wait_grows_and_outlives_the_program() {
        let (dir, _) = tries();
        let mut now = 1_000;
        let mut waits = Vec::new();
        for n in 1..=MOST {
            // As after a restart.
            let tries = Tries::new(&dir.path().join("tries.json"));
            assert_eq!(tries.begin("anna", true, now).unwrap(), Ok(n));
            match tries.standing("anna", true, now).unwrap() {
                Standing::Open => assert!(n < FREE),
                Standing::Waits(ms) => {
                    assert_eq!(tries.begin("anna", true, now + ms - 1).unwrap(), Err(Standing::Waits(1)));
                    waits.push(ms / 1000);
                    now += ms;
                }
                Standing::Locked => assert_eq!(n, MOST),
            }
        }
        assert_eq!(waits[..8], [30, 60, 120, 240, 480, 960, 1920, 3600]);
        assert_eq!(waits.len(), 15);
        let tries = Tries::new(&dir.path().join("tries.json"));
        assert_eq!(tries.begin("anna", true, now + 100 * LONGEST_WAIT_MS).unwrap(), Err(Standing::Locked));
        assert!(tries.forget("anna").unwrap());
        assert_eq!(tries.begin("anna", true, now).unwrap(), Ok(1));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_for_ever() {
        let (_dir, tries) = tries();
        for _ in 0..FREE {
            tries.begin("anna", true, 1_000_000_000).unwrap().unwrap();
        }
        assert_eq!(tries.standing("anna", true, 0).unwrap(), Standing::Waits(FIRST_WAIT_MS));
    }

    #[test]
    fn names_that_nobody_has_lock_as_others_do_and_take_no_room() {
        let (dir, tries) = tries();
        for n in 1..=FREE {
            assert_eq!(tries.begin("eve", false, 0).unwrap(), Ok(n));
        }
        assert_eq!(tries.begin("eve", false, 0).unwrap(), Err(Standing::Waits(FIRST_WAIT_MS)));
        for n in 0..400 {
            let _ = tries.begin(&format!("name-{n}"), false, 0).unwrap();
        }
        assert!(dir.path().join("tries.json").metadata().unwrap().len() < 32 * 1024);
        assert_eq!(tries.standing("anna", true, 0).unwrap(), Standing::Open, "the others lock nobody who is known");
    }

    #[test]
    fn tries_at_once_get_no_more_than_those_one_by_one() {
        let (_dir, tries) = tries();
        let made: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(|| tries.begin("anna", true, 0).unwrap().is_ok())).collect();
            all.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
        });
        assert_eq!(made, FREE as usize);
    }

    #[test]
    fn a_damaged_file_is_no_obstacle() {
        let (dir, tries) = tries();
        for damaged in ["", "{", "{\"secret\":\"\",\"known\":{},\"others\":[]}", "\u{0}\u{1}"] {
            std::fs::write(dir.path().join("tries.json"), damaged).unwrap();
            assert_eq!(tries.begin("anna", true, 0).unwrap(), Ok(1), "{damaged:?}");
        }
    }
}
