//! Displays for travellers: which screens may show what the desk tells travellers, and nothing else.
//!
//! An administrator makes a code for a display. The display turns it, once and soon, into a secret of its own that stays in
//! its browser; the file keeps digests of both. A new code for the same display ends the old secret.

use crate::people::hex;
use crate::setup::write_private;
use domain::units::StaffId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use store::{Action, Reason};
use thiserror::Error;

/// How long a code can be used, in milliseconds: time enough to walk to the display and type it.
pub const CODE_LASTS_MS: i64 = 15 * 60 * 1000;

/// Changes that may wait for the station to note them in its audit trail.
const MOST_CHANGES: usize = 1000;

/// Displays of one station, at most.
const MOST_DISPLAYS: usize = 16;

/// The letters of codes: none that is taken for another (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters in a code, each of five bits: far more than can be tried while it lasts.
const CODE_LETTERS: usize = 12;

/// The file of displays.
#[derive(Clone, Debug)]
pub struct Displays {
    path: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    display: Vec<Entry>,
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    change: Vec<Change>,
}

/// What was done to a display, until the audit trail has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// When: UTC, milliseconds since 1970.
    pub at_ms: i64,
    /// Who did it: the administrator at the command line, or the station to which a display showed its code.
    pub by: StaffId,
    /// What.
    pub what: Action,
    /// To which display.
    display: String,
}

impl Change {
    fn of(at_ms: i64, by: &str, what: Action, display: &str) -> Self {
        Self { at_ms, by: StaffId(by.into()), what, display: display.into() }
    }

    /// The display as the audit trail names it: `display-hall-1`.
    pub fn reason(&self) -> Option<Reason> {
        Reason::word(&format!("display-{}", self.display.to_ascii_lowercase()))
    }
}

/// One display.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Digest of the code that can still be used.
    code: Option<String>,
    /// Until when, in milliseconds since 1970.
    code_until_ms: Option<i64>,
    /// Digest of the secret in its browser, once it has one.
    secret: Option<String>,
}

impl Entry {
    /// Whether a browser is bound to it.
    pub fn bound(&self) -> bool {
        self.secret.is_some()
    }
}

/// The displays cannot be looked after.
#[derive(Debug, Error)]
pub enum DisplaysError {
    /// The file cannot be read or written.
    #[error("the file of displays {0} cannot be used: {1}")]
    Io(String, io::Error),
    /// It is not what this program writes.
    #[error("the file of displays {0} is damaged: {1}. Delete it and make codes for the displays again")]
    Damaged(String, String),
    /// No randomness.
    #[error("no random numbers are to be had: {0}")]
    Random(String),
    /// A name that cannot be one.
    #[error("a display's name has 1 to 40 letters, digits and dashes")]
    Name,
    /// There is no such display.
    #[error("there is no display of this name")]
    Unknown,
    /// There are too many.
    #[error("this station has {MOST_DISPLAYS} displays: remove one with `gatepost display remove`")]
    TooMany,
    /// Too many changes wait.
    #[error("too many changes wait for the audit trail: start the station, which notes them")]
    Unnoted,
}

impl Displays {
    /// The displays of a station, in this file.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// A code for a display: a new one, or one whose browser is to be another from now on.
    pub fn invite(&self, name: &str, now_ms: i64) -> Result<String, DisplaysError> {
        let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if !(1..=40).contains(&name.len()) || !name.bytes().all(letters) {
            return Err(DisplaysError::Name);
        }
        let bytes = random::<CODE_LETTERS>()?;
        let code: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let entry = Entry {
            name: name.into(),
            code: Some(digest(&code)),
            code_until_ms: Some(now_ms.saturating_add(CODE_LASTS_MS)),
            secret: None,
        };
        self.change(|list| {
            list.display.retain(|known| known.name != name);
            if list.display.len() >= MOST_DISPLAYS {
                return Err(DisplaysError::TooMany);
            }
            list.display.push(entry);
            list.note(Change::of(now_ms, "administrator", Action::DisplayInvited, name))
        })?;
        Ok([&code[..4], &code[4..8], &code[8..]].join("-"))
    }

    /// Turns a code into a display's own secret, which is given this once; none where the code is not good, or not any more.
    pub fn bind(&self, code: &str, now_ms: i64) -> Result<Option<(String, String)>, DisplaysError> {
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).map(as_written).collect();
        if code.len() != CODE_LETTERS {
            return Ok(None);
        }
        let (wanted, secret) = (digest(&code), hex(&random::<32>()?));
        self.change(|list| {
            let good = |entry: &&mut Entry| {
                entry.code.as_ref() == Some(&wanted) && entry.code_until_ms.is_some_and(|until| now_ms < until)
            };
            let Some(entry) = list.display.iter_mut().find(good) else { return Ok(None) };
            (entry.code, entry.code_until_ms, entry.secret) = (None, None, Some(digest(&secret)));
            let name = entry.name.clone();
            list.note(Change::of(now_ms, "station", Action::DisplayBound, &name))?;
            Ok(Some((name, secret.clone())))
        })
    }

    /// The display whose browser holds this secret. It is looked up each time, so that a removed one is out at once.
    pub fn find(&self, secret: &str) -> Option<String> {
        let wanted = digest(secret);
        let list = self.read().inspect_err(|error| tracing::error!(%error, "no display can be let in")).ok()?;
        list.display.into_iter().find(|entry| entry.secret.as_ref() == Some(&wanted)).map(|entry| entry.name)
    }

    /// Every display.
    pub fn list(&self) -> Result<Vec<Entry>, DisplaysError> {
        Ok(self.read()?.display)
    }

    /// Ends a display's right.
    pub fn remove(&self, name: &str, now_ms: i64) -> Result<(), DisplaysError> {
        self.change(|list| {
            let before = list.display.len();
            list.display.retain(|entry| entry.name != name);
            if list.display.len() == before {
                return Err(DisplaysError::Unknown);
            }
            list.note(Change::of(now_ms, "administrator", Action::DisplayRemoved, name))
        })
    }

    /// Gives the audit trail the changes that it does not have yet. They leave the file only after `note` has taken them: a
    /// cut in between doubles a line and loses none.
    pub fn hand_over(&self, note: impl Fn(&Change) -> bool) -> Result<(), DisplaysError> {
        if self.read()?.change.is_empty() {
            return Ok(());
        }
        self.change(|list| {
            let taken = list.change.iter().take_while(|change| note(change)).count();
            list.change.drain(..taken);
            Ok(())
        })
    }

    fn read(&self) -> Result<List, DisplaysError> {
        let name = || self.path.display().to_string();
        match fs::read_to_string(&self.path) {
            Ok(text) => toml::from_str(&text).map_err(|e| DisplaysError::Damaged(name(), e.message().into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(List::default()),
            Err(error) => Err(DisplaysError::Io(name(), error)),
        }
    }

    /// Changes the file while nobody else does: the administrator's command and the station are two programs. It is replaced
    /// whole, and left alone when the change is refused.
    fn change<T>(&self, change: impl FnOnce(&mut List) -> Result<T, DisplaysError>) -> Result<T, DisplaysError> {
        let failed = |error: io::Error| DisplaysError::Io(self.path.display().to_string(), error);
        let lock = File::create(beside(&self.path, "lock")).map_err(failed)?;
        lock.lock().map_err(failed)?;
        let mut list = self.read()?;
        let done = change(&mut list)?;
        let text = toml::to_string(&list)
            .map_err(|e| DisplaysError::Damaged(self.path.display().to_string(), e.to_string()))?;
        let fresh = beside(&self.path, "part");
        write_private(&fresh, text.as_bytes()).and_then(|()| fs::rename(&fresh, &self.path)).map_err(failed)?;
        Ok(done)
    }
}

impl List {
    fn note(&mut self, change: Change) -> Result<(), DisplaysError> {
        if self.change.len() >= MOST_CHANGES {
            return Err(DisplaysError::Unnoted);
        }
        self.change.push(change);
        Ok(())
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    path.with_extension(format!("toml.{ending}"))
}

/// People type `o` for nought and `l` for one.
fn as_written(letter: char) -> char {
    match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn random<const N: usize>() -> Result<[u8; N], DisplaysError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| DisplaysError::Random(e.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn displays() -> (tempfile::TempDir, Displays) {
        let dir = tempfile::tempdir().unwrap();
        let displays = Displays::new(dir.path().join("displays.toml"));
        (dir, displays)
    }

    #[test]
    fn a_code_binds_one_browser_once_and_in_time() {
        let (_dir, displays) = displays();
        let code = displays.invite("hall-1", 1000).unwrap();
        assert_eq!(code.len(), CODE_LETTERS + 2);
        assert_eq!(displays.bind("0000-0000-0000", 1000).unwrap(), None);
        assert_eq!(displays.bind("", 1000).unwrap(), None);
        let typed = code.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
        let (name, secret) = displays.bind(&typed, 1000 + CODE_LASTS_MS - 1).unwrap().unwrap();
        assert_eq!(name, "hall-1");
        assert_eq!(displays.find(&secret).as_deref(), Some("hall-1"));
        assert_eq!(displays.bind(&code, 1000).unwrap(), None, "a code is good once");
        assert_eq!(displays.find(&code), None, "a code is no secret");

        let late = displays.invite("hall-2", 1000).unwrap();
        assert_eq!(displays.bind(&late, 1000 + CODE_LASTS_MS).unwrap(), None);
    }

    #[test]
    fn a_new_code_or_a_removal_ends_the_old_browser() {
        let (_dir, displays) = displays();
        let bound = |name: &str| displays.bind(&displays.invite(name, 0).unwrap(), 0).unwrap().unwrap().1;
        let (first, other) = (bound("hall-1"), bound("hall-2"));
        displays.invite("hall-1", 0).unwrap();
        assert_eq!((displays.find(&first), displays.find(&other).as_deref()), (None, Some("hall-2")));
        displays.remove("hall-2", 9).unwrap();
        assert_eq!(displays.find(&other), None);
        assert!(matches!(displays.remove("hall-2", 9), Err(DisplaysError::Unknown)));
        for name in ["", "a b", "name.toml", &"x".repeat(41)] {
            assert!(matches!(displays.invite(name, 0), Err(DisplaysError::Name)), "{name}");
        }
    }

    #[test]
    fn what_is_done_to_displays_waits_for_the_trail_and_leaves_when_it_has_it() {
        let (dir, displays) = displays();
        let code = displays.invite("Hall-1", 7).unwrap();
        displays.bind("0000-0000-0000", 8).unwrap();
        displays.bind(&code, 8).unwrap().unwrap();
        displays.remove("Hall-1", 9).unwrap();
        let told = |most: usize| {
            let (told, left) = (std::cell::RefCell::new(Vec::new()), std::cell::Cell::new(most));
            let again = Displays::new(dir.path().join("displays.toml"));
            again
                .hand_over(|change| {
                    let takes = left.get() > 0;
                    left.set(left.get().saturating_sub(1));
                    if takes {
                        let reason = change.reason().unwrap().to_string();
                        told.borrow_mut().push((change.at_ms, change.by.0.clone(), change.what, reason));
                    }
                    takes
                })
                .unwrap();
            told.into_inner()
        };
        let line = |at, by: &str, what| (at, by.to_owned(), what, "display-hall-1".to_owned());
        assert_eq!(told(1), [line(7, "administrator", Action::DisplayInvited)], "the disk was full after one");
        assert_eq!(
            told(9),
            [line(8, "station", Action::DisplayBound), line(9, "administrator", Action::DisplayRemoved)]
        );
        assert_eq!(told(9), []);
        let waits = displays.change(|list| {
            list.change = vec![Change::of(0, "station", Action::DisplayBound, "x"); MOST_CHANGES];
            Ok(())
        });
        waits.unwrap();
        assert!(matches!(displays.invite("hall", 0), Err(DisplaysError::Unnoted)));
    }

    #[test]
    fn the_file_has_a_limit_and_holds_neither_code_nor_secret() {
        let (dir, displays) = displays();
        let code = displays.invite("d-0", 0).unwrap();
        let (_, secret) = displays.bind(&code, 0).unwrap().unwrap();
        for index in 1..MOST_DISPLAYS {
            displays.invite(&format!("d-{index}"), 0).unwrap();
        }
        assert!(matches!(displays.invite("one-more", 0), Err(DisplaysError::TooMany)));
        displays.invite("d-3", 0).unwrap();
        assert_eq!(displays.list().unwrap().iter().filter(|entry| entry.bound()).count(), 1);
        let text = fs::read_to_string(dir.path().join("displays.toml")).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&code.replace('-', "")));
    }

    #[test]
    fn a_damaged_file_lets_nobody_in() {
        let (dir, displays) = displays();
        let (_, secret) = displays.bind(&displays.invite("hall", 0).unwrap(), 0).unwrap().unwrap();
        fs::write(dir.path().join("displays.toml"), "[[display]]\nnaem = \"hall\"").unwrap();
        assert_eq!(displays.find(&secret), None);
        assert!(matches!(displays.invite("hall", 0), Err(DisplaysError::Damaged(..))));
    }
}
