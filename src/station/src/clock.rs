//! The only place where the station looks at a clock.
//!
//! Age and rules depend on the local date, so a clock in doubt is a question for the officer: it is in doubt when
//! nobody vouches that it is synchronised, or when it jumped against the monotonic clock.

use crate::config::ClockTrust;
use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A wall clock that moved this much against the monotonic clock has jumped. NTP slews by less than a second between
/// two travellers; anything larger was set by hand, by a dead battery, or by somebody who wants another date.
const JUMP_MS: i64 = 5_000;

/// How often the time daemon is asked: a clock drifts by far less than a second in between.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// Time for the desk: local date for rules, UTC for records, and whether either can be believed.
#[derive(Debug)]
pub struct Clock {
    zone: TimeZone,
    trust: ClockTrust,
    last: Mutex<Seen>,
    /// What the time daemon last said. Asking takes a process and may take long, so a thread of its own asks.
    vouched: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Seen {
    wall_ms: i64,
    at: Instant,
    jumped: bool,
}

impl Clock {
    /// A clock in this time zone.
    pub fn new(zone: TimeZone, trust: ClockTrust) -> Self {
        let seen = Seen { wall_ms: wall_ms(), at: Instant::now(), jumped: false };
        let vouched = Arc::new(AtomicBool::new(false));
        if trust == ClockTrust::TimeDaemon {
            ask_again_and_again(&vouched);
        }
        Self { zone, trust, last: Mutex::new(seen), vouched }
    }

    /// UTC, milliseconds since 1970.
    pub fn utc_ms(&self) -> i64 {
        wall_ms()
    }

    /// What certificates are held against.
    pub fn for_certificates(self: &Arc<Self>) -> link::Time {
        let clock = self.clone();
        link::Time(Arc::new(move || clock.utc_ms()))
    }

    /// Local date and time, as rules and records use it.
    pub fn local(&self) -> DateTime {
        let stamp = Timestamp::from_millisecond(wall_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        Zoned::new(stamp, self.zone.clone()).datetime()
    }

    /// Local date and time of another moment, where there is one.
    pub fn local_of(&self, utc_ms: i64) -> Option<DateTime> {
        Some(Timestamp::from_millisecond(utc_ms).ok()?.to_zoned(self.zone.clone()).datetime())
    }

    /// Whether the officer has to confirm the date: a jump since the last look, or nobody to vouch for it.
    pub fn in_doubt(&self) -> bool {
        self.jumped() || !self.synchronised()
    }

    /// The officer has checked the date: jumps so far are settled.
    pub fn confirmed(&self) {
        if let Ok(mut last) = self.last.lock() {
            *last = Seen { wall_ms: wall_ms(), at: Instant::now(), jumped: false };
        }
    }

    /// Treats a wall clock earlier than the newest record as a jump: the battery died, or somebody set it back.
    pub fn compare_with_newest_record(&self, record_ms: i64) {
        if let Ok(mut last) = self.last.lock()
            && wall_ms() + JUMP_MS < record_ms
        {
            last.jumped = true;
        }
    }

    /// Whether the clock jumped since the officer last confirmed the date.
    pub fn jumped(&self) -> bool {
        let Ok(mut last) = self.last.lock() else { return true };
        let wall = wall_ms();
        let expected = last.wall_ms + i64::try_from(last.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        let jumped = last.jumped || (wall - expected).abs() > JUMP_MS;
        *last = Seen { wall_ms: wall, at: Instant::now(), jumped };
        jumped
    }

    /// A time daemon should keep it in step, and none does.
    pub fn lacks_a_daemon(&self) -> bool {
        self.trust == ClockTrust::TimeDaemon && !self.synchronised()
    }

    fn synchronised(&self) -> bool {
        match self.trust {
            ClockTrust::Demonstration => true,
            ClockTrust::OfficerConfirms => false,
            ClockTrust::TimeDaemon => self.vouched.load(Ordering::Relaxed),
        }
    }
}

/// Until the first answer, and where no thread can be had, nobody vouches and the officer confirms the date. The thread
/// ends with the clock.
fn ask_again_and_again(vouched: &Arc<AtomicBool>) {
    let told = Arc::downgrade(vouched);
    let asking = std::thread::Builder::new().name("clock".into()).spawn(move || {
        while let Some(vouched) = told.upgrade() {
            vouched.store(time_daemon_vouches(), Ordering::Relaxed);
            drop(vouched);
            std::thread::sleep(ASK_AGAIN);
        }
    });
    if let Err(error) = asking {
        tracing::error!(%error, "the time daemon cannot be asked");
    }
}

/// systemd asks the kernel (adjtimex) whether any daemon keeps the clock in step, whichever daemon it is.
pub fn time_daemon_vouches() -> bool {
    let asked = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|answer| answer.stdout.starts_with(b"yes"))
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that the rest of the station is given")]
pub(crate) fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_follows_trust_and_jumps() {
        let clock = |trust| Clock::new(TimeZone::UTC, trust);
        assert!(!clock(ClockTrust::Demonstration).in_doubt());
        assert!(clock(ClockTrust::OfficerConfirms).in_doubt());

        let set_back = clock(ClockTrust::Demonstration);
        set_back.compare_with_newest_record(set_back.utc_ms() + 60_000);
        assert!(set_back.in_doubt());
        set_back.confirmed();
        assert!(!set_back.in_doubt());
    }
}
