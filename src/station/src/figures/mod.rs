//! Figures of the station's shifts: counts and times, and nothing that tells of anybody.
//!
//! They are filled when a case ends and lie in a file of their own, so that a restart loses none of the shift. No line of
//! the file is about one traveller: what is kept is how many, by shift.

pub mod drift;
mod shift;
mod tally;

pub use drift::{Drift, Drifting};
pub use shift::Shifts;
pub use tally::{Attempted, Came, Ended, FEWEST, Grounds, Spread, Tally, Tries, WAITED_STEPS};

use crate::people::SharedFile;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shifts that are kept: a month of two a day. Older ones are in the auditor's saved copies, if anywhere.
const MOST_SHIFTS: usize = 62;

/// The figures, shared by the desk, the pages and the metrics.
pub struct Figures {
    shifts: Shifts,
    file: Option<SharedFile>,
    known: Mutex<Known>,
    /// Held while the file is written, so that the newest state is the one that stays.
    writing: Mutex<()>,
}

/// What is known.
#[derive(Default)]
struct Known {
    kept: Kept,
    /// Since the program started, for the metrics.
    started: Tally,
}

/// What the file holds.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// By the local time at which the shift began: `2026-03-15T08:00`.
    shifts: BTreeMap<String, Tally>,
    #[serde(default)]
    devices: Drift,
}

/// What the file holds now; nothing where there is none. One that is not ours is invalid data.
fn kept(file: &SharedFile) -> io::Result<Kept> {
    let Some(bytes) = file.read()? else { return Ok(Kept::default()) };
    // Not by `?`: half a file would become an end that came unexpectedly.
    serde_json::from_slice(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// What the figures' file says of the devices, for those who are not the station: it may be at work meanwhile, because the
/// file is only ever replaced as a whole.
///
/// # Errors
/// A file that cannot be read; `InvalidData` for one that is not ours.
pub fn drift_in(path: &Path) -> io::Result<Drift> {
    kept(&SharedFile::new(path)).map(|kept| kept.devices)
}

impl Figures {
    /// The figures in this file; it is made when the first case ends. One that cannot be read as ours begins anew.
    ///
    /// # Errors
    /// A file that cannot be read at all.
    pub fn open(path: &Path, shifts: Shifts) -> io::Result<Self> {
        let file = SharedFile::new(path);
        let kept = match kept(&file) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::error!(%error, "the file of the figures is damaged; counting begins anew");
                Kept::default()
            }
            kept => kept?,
        };
        let known = Mutex::new(Known { kept, started: Tally::default() });
        Ok(Self { shifts, file: Some(file), known, writing: Mutex::default() })
    }

    /// Figures without a file.
    pub fn in_memory(shifts: Shifts) -> Self {
        Self { shifts, file: None, known: Mutex::default(), writing: Mutex::default() }
    }

    /// When shifts begin.
    pub fn shifts(&self) -> &Shifts {
        &self.shifts
    }

    /// Counts a case that has ended at this local time, and has the file written beside whoever asked.
    pub fn ended(self: &Arc<Self>, now: DateTime, ended: &Ended) {
        {
            let mut known = self.known();
            let shift = self.shifts.begun(now);
            known.started.count(ended);
            known.kept.shifts.entry(shift).or_default().count(ended);
            while known.kept.shifts.len() > MOST_SHIFTS {
                known.kept.shifts.pop_first();
            }
        }
        let figures = Arc::clone(self);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || figures.write())),
            Err(_) => figures.write(),
        }
    }

    /// Looks at what a capture says of its device.
    pub fn captured(&self, device: &str, measure: &'static str, value: f64) {
        self.known().kept.devices.add(device, measure, value);
    }

    /// Devices whose captures are not what they were.
    pub fn drifting(&self) -> Vec<Drifting> {
        self.known().kept.devices.drifting()
    }

    /// Every device's drift, for those who show it all.
    pub fn drift(&self) -> Drift {
        self.known().kept.devices.clone()
    }

    /// The shifts that anything is known of, the newest first.
    pub fn known_shifts(&self) -> Vec<String> {
        self.known().kept.shifts.keys().rev().cloned().collect()
    }

    /// What is known of a shift.
    pub fn of(&self, shift: &str) -> Option<Tally> {
        self.known().kept.shifts.get(shift).cloned()
    }

    /// What was counted since the program started.
    pub fn since_the_start(&self) -> Tally {
        self.known().started.clone()
    }

    /// Writes the newest state. Figures that cannot be kept stay in memory: no traveller waits for them.
    fn write(&self) {
        let Some(file) = &self.file else { return };
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.known().kept.clone();
        let written = serde_json::to_vec(&kept)
            .map_err(io::Error::other)
            .and_then(|bytes| file.change(|_| Ok::<_, io::Error>((Some(bytes), ()))));
        if let Err(error) = written {
            tracing::warn!(%error, "the figures of the shift could not be kept");
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::session::Outcome;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    fn at(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    fn enrolled() -> Ended {
        Ended {
            outcome: Outcome::Enrolled,
            ground: None,
            took: Some(Duration::from_secs(40)),
            waited: Duration::from_millis(700),
            attempts: vec![],
        }
    }

    fn open(dir: &Path) -> Arc<Figures> {
        Arc::new(Figures::open(&dir.join("figures.json"), Shifts::default()).unwrap())
    }

    #[test]
    fn a_restart_within_the_shift_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for n in 1..=3 {
            let figures = open(dir.path());
            figures.ended(at("2026-03-15T12:00"), &enrolled());
            assert_eq!(figures.of("2026-03-15T08:00").unwrap().cases(), n);
            assert_eq!(figures.since_the_start().cases(), 1);
        }
        let mode = dir.path().join("figures.json").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("figures.json"), b"{\"shifts\":{\"x\":").unwrap();
        let figures = open(dir.path());
        assert!(figures.known_shifts().is_empty());
        figures.ended(at("2026-03-15T12:00"), &enrolled());
        assert_eq!(open(dir.path()).known_shifts(), ["2026-03-15T08:00"]);
    }

    #[test]
    fn a_month_is_kept_and_the_file_stays_small() {
        let dir = tempfile::tempdir().unwrap();
        let figures = Arc::new(Figures::in_memory(Shifts::default()));
        for day in 0..100 {
            figures.ended(at("2026-01-01T12:00").saturating_add(jiff::Span::new().days(day)), &enrolled());
        }
        assert_eq!(figures.known_shifts().len(), MOST_SHIFTS);
        assert_eq!(figures.known_shifts()[0], "2026-04-10T08:00");
        drop(dir);
    }
}
