//! The clock that dates are taken from: who vouches for it, and whether it stands behind what was already written down.

use super::{Finding, Patient};
use crate::clock::{Clock, time_daemon_vouches};
use crate::config::ClockTrust;

const CLOCK: &str = "clock";

/// A record can be dated a little ahead: clocks are corrected by less than this between two travellers.
const BEHIND_MS: i64 = 5_000;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Ok(loaded) = patient.loaded else { return Vec::new() };
    let mut findings = vec![trust(loaded.config.clock.trust)];
    // The store of a station at work is its own; its health page tells of the clock.
    if let Ok(Some(newest_ms)) = store::newest_time_ms(&patient.data.store()) {
        findings.extend(behind(newest_ms, patient.now_ms));
    }
    findings
}

/// A clock that stands behind the newest record: a battery is empty, or somebody wants another date.
fn behind(newest_ms: i64, now_ms: i64) -> Option<Finding> {
    let behind_ms = newest_ms.saturating_sub(now_ms);
    (behind_ms > BEHIND_MS).then(|| {
        let minutes = behind_ms / 60_000 + 1;
        Finding::fault(CLOCK, format!("it stands up to {minutes} minutes behind the newest record"), SET_RIGHT)
    })
}

/// What a station that is at work finds.
pub(super) fn at_work(clock: &Clock) -> Finding {
    if clock.jumped() {
        let found = "it stands behind the newest record, or was set while the station was at work";
        return Finding::fault(CLOCK, found, SET_RIGHT);
    }
    if clock.lacks_a_daemon() {
        return trust(ClockTrust::TimeDaemon);
    }
    Finding::good(CLOCK, "it has gone on since the newest record, and nobody has set it since the start")
}

/// What to do about a wrong clock.
const SET_RIGHT: &str = "set date and time right (`timedatectl`), or have the officer compare and confirm the date, which \
                         the next case asks for: age and rules depend on it";

fn trust(trust: ClockTrust) -> Finding {
    match trust {
        ClockTrust::Demonstration => Finding::note(
            CLOCK,
            "believed without anybody vouching for it: a demonstration",
            "at a border write trust = \"time-daemon\" or \"officer-confirms\" in [clock]",
        ),
        ClockTrust::OfficerConfirms => Finding::good(CLOCK, "the officer confirms the date of every case"),
        ClockTrust::TimeDaemon if time_daemon_vouches() => Finding::good(CLOCK, "kept in step by a time daemon"),
        ClockTrust::TimeDaemon => Finding::fault(
            CLOCK,
            "no time daemon keeps it in step, and age and rules depend on the date",
            "run `timedatectl set-ntp true`, or set chrony up and wait until `timedatectl` says \"synchronized: yes\"; \
             until then the officer is asked to confirm each date",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_behind_the_newest_record_is_a_fault() {
        for (behind_ms, minutes) in [(-60_000, None), (0, None), (5_000, None), (5_001, Some(1)), (3_600_000, Some(61))]
        {
            let found = behind(1_000_000 + behind_ms, 1_000_000).map(|finding| finding.found);
            let expected = minutes.map(|minutes| format!("it stands up to {minutes} minutes behind the newest record"));
            assert_eq!(found, expected, "{behind_ms}");
        }
    }
}
