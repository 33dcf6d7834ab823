//! What the guest says, and whether it is enough.

use crate::failure::Failure;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The verdicts that were seen: each check with the reason why it failed, if it did.
#[derive(Debug, Default)]
pub struct Console {
    verdicts: BTreeMap<String, Option<String>>,
    ended: bool,
    late: bool,
}

/// Reads the console until it closes or the time is over; keeps all of it in `log`.
pub fn listen(output: impl Read + Send + 'static, log: &Path, limit: Duration) -> Result<Console, Failure> {
    let (sender, lines) = channel();
    // Reading has no time limit, so it is done aside. The thread ends with the guest.
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    let (end, mut console, mut text) = (Instant::now() + limit, Console::default(), String::new());
    loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if console.hear(&line) {
                    println!("  {line}");
                }
                text.push_str(&line);
                text.push('\n');
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                console.late = true;
                break;
            }
        }
    }
    fs::write(log, text).map_err(|error| Failure::io("write", log, &error))?;
    Ok(console)
}

impl Console {
    /// Takes a line in; true for one of ours.
    fn hear(&mut self, line: &str) -> bool {
        let Some(said) = line.strip_prefix("vm: ") else { return false };
        let mut words = said.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("ok"), Some(name), _) => {
                self.verdicts.entry(name.to_owned()).or_insert(None);
            }
            (Some("FAIL"), Some(name), why) => {
                self.verdicts.insert(name.to_owned(), Some(why.unwrap_or("it does not say why").to_owned()));
            }
            (Some("end"), _, _) => self.ended = true,
            _ => {}
        }
        true
    }

    /// How many of the wanted checks are good, and what is wrong.
    pub fn judge(&self, wanted: &[&str]) -> (usize, Vec<String>) {
        let mut faults = Vec::new();
        let mut good = 0;
        for name in wanted {
            match self.verdicts.get(*name) {
                Some(None) => good += 1,
                Some(Some(why)) => faults.push(format!("FAIL {name}: {why}")),
                None => faults.push(format!("FAIL {name}: the guest did not come to it")),
            }
        }
        for (name, why) in self.verdicts.iter().filter(|(name, _)| !wanted.contains(&name.as_str())) {
            let why = why.as_deref().unwrap_or("nobody asked for it: the list in xtask lacks it");
            faults.push(format!("FAIL {name}: {why}"));
        }
        if self.late {
            faults.push("FAIL: the guest was too slow and was stopped".to_owned());
        } else if !self.ended {
            faults.push("FAIL: the guest ended early".to_owned());
        }
        (good, faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_of_the_wanted_checks_are_enough() {
        for (lines, good, faults) in [
            (&["vm: ok a", "vm: ok b", "vm: end"][..], 2, 0),
            (&["[ 1.0] a: vm: ok a", "vm: ok b", "vm: end"], 1, 1),
            (&["vm: ok a", "vm: FAIL b too dark", "vm: end"], 1, 1),
            (&["vm: FAIL a no", "vm: ok a", "vm: ok b", "vm: end"], 1, 1),
            (&["vm: ok a", "vm: ok b", "vm: ok c", "vm: end"], 2, 1),
            (&["vm: ok a", "vm: ok b"], 2, 1),
            (&[], 0, 3),
        ] {
            let mut console = Console::default();
            for line in lines {
                console.hear(line);
            }
            let (found, said) = console.judge(&["a", "b"]);
            assert_eq!((found, said.len()), (good, faults), "{lines:?}: {said:?}");
        }
    }

    #[test]
    fn a_guest_that_says_nothing_more_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let (silent, speaks) = std::io::pipe().unwrap();
        let console = listen(silent, &folder.path().join("log"), Duration::from_millis(1)).unwrap();
        drop(speaks);
        assert!(console.late);
    }
}
