//! The process at the store: started, cut short, and another one that looks at what is left.

use crate::power::PowerFs;
use crate::process::program;
use std::fs;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::testing::Tally;

/// How long a process may take for its work on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A look at whether a process has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A process at work. Dropping it kills it.
pub(super) struct Job(Child);

/// What the second process found.
pub(super) struct Checked {
    pub tally: Tally,
    /// How often it had to be started: sled may end the program at an index that a cut has harmed.
    pub starts: u32,
}

impl Job {
    /// These cases at a store.
    pub(super) fn work(store: &Path, keys: &Path, seed: u64, cases: RangeInclusive<u8>) -> Self {
        let [first, last] = [cases.start(), cases.end()].map(u8::to_string);
        Self::start(&["work", &text(store), &text(keys), &seed.to_string(), &first, &last])
    }

    /// Values for plain sled.
    pub(super) fn sled_work(folder: &Path, count: u32) -> Self {
        Self::start(&["sled-work", &text(folder), &count.to_string()])
    }

    /// How many of the first values plain sled still has.
    pub(super) fn sled_check(folder: &Path, count: u64) -> Self {
        Self::start(&["sled-check", &text(folder), &count.to_string()])
    }

    fn start(words: &[&str]) -> Self {
        let mut command = Command::new(program("store_worker"));
        // What it says before a cut is the promise; how it dies of the cut is nobody's business.
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Waits until the power is gone or the work done, and kills it: what it has said.
    pub(super) fn until_cut(mut self, fs: &PowerFs) -> String {
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            if fs.wait_dead(LOOK) || self.0.try_wait().unwrap().is_some() {
                break;
            }
        }
        let _ = self.0.kill();
        self.until_over()
    }

    /// What it says until it ends.
    pub(super) fn until_over(mut self) -> String {
        let mut said = Vec::new();
        self.0.stdout.take().unwrap().read_to_end(&mut said).unwrap();
        self.0.wait().unwrap();
        String::from_utf8(said).unwrap()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `gatepost store verify`, then a process that opens the store and holds it against what was promised.
pub(super) fn check(store: &Path, keys: &Path, promises: &str) -> Checked {
    let said = keys.join("promises");
    fs::write(&said, promises).unwrap();
    let mut tally = Tally::default();
    // A store that was never finished has no journal, and nothing was promised of it.
    if promises.lines().count() > 0 {
        let data = store.parent().unwrap();
        let verified =
            Command::new(program("gatepost")).args(["store", "verify", "--data"]).arg(data).output().unwrap();
        if !verified.status.success() {
            tally.garble(format!("`gatepost store verify`: {}", String::from_utf8_lossy(&verified.stderr)));
        }
    }
    for starts in 1.. {
        let mut command = Command::new(program("store_worker"));
        let checked = command.args(["check", &text(store), &text(keys), &text(&said)]).output().unwrap();
        let words = String::from_utf8_lossy(&checked.stdout);
        // Nothing was said: it ended in the middle, as a station does that its supervisor starts again.
        if !checked.status.success() && words.is_empty() && starts < 3 {
            continue;
        }
        for line in words.lines() {
            match line.split_once(": ") {
                Some(("lost", what)) => tally.lose(what),
                Some(("twice", what)) => tally.double(what),
                Some(("unreadable", what)) => tally.garble(what),
                _ => {}
            }
        }
        if !checked.status.success() && tally.is_clean() {
            tally.garble(format!(
                "the check ended with {}: {}",
                checked.status,
                String::from_utf8_lossy(&checked.stderr)
            ));
        }
        return Checked { tally, starts };
    }
    Checked { tally, starts: 0 }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
