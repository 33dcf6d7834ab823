//! The configuration, the rules and the clock that dates are taken from.

use super::{Finding, Patient};
use crate::clock::time_daemon_vouches;
use crate::config::{ClockTrust, ConfigFault, Loaded};
use crate::serve::DEMONSTRATION_PACKS;

pub fn check(patient: &Patient) -> Vec<Finding> {
    match patient.loaded {
        Ok(loaded) => {
            vec![Finding::good("configuration", "read, with all that it names"), rules(loaded), clock(loaded)]
        }
        Err(faults) => faults.0.iter().map(fault).collect(),
    }
}

fn fault(fault: &ConfigFault) -> Finding {
    Finding::fault(
        "configuration",
        fault.to_string(),
        "correct the file and run this again; the station does not start",
    )
}

fn rules(loaded: &Loaded) -> Finding {
    let pack = &loaded.rules;
    let found = format!("pack sha256:{}, signed by {}", pack.digest, pack.key);
    if pack.key == DEMONSTRATION_PACKS {
        let remedy = "have your authority sign the pack, and name its public key in [policy] trust";
        return Finding::note("rules", format!("{found}: the demonstration's key, which anybody has"), remedy);
    }
    Finding::good("rules", found)
}

fn clock(loaded: &Loaded) -> Finding {
    match loaded.config.clock.trust {
        ClockTrust::Demonstration => Finding::note(
            "clock",
            "believed without anybody vouching for it: a demonstration",
            "at a border write trust = \"time-daemon\" or \"officer-confirms\" in [clock]",
        ),
        ClockTrust::OfficerConfirms => Finding::good("clock", "the officer confirms the date of every case"),
        ClockTrust::TimeDaemon if time_daemon_vouches() => Finding::good("clock", "kept in step by a time daemon"),
        ClockTrust::TimeDaemon => Finding::fault(
            "clock",
            "no time daemon keeps it in step, and age and rules depend on the date",
            "run `timedatectl set-ntp true`, or set chrony up and wait until `timedatectl` says \"synchronized: yes\"; \
             until then the officer is asked to confirm each date",
        ),
    }
}
