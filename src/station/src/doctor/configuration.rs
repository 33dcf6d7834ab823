//! The configuration and the rules.

use super::{Finding, Patient};
use crate::config::{ConfigFault, Loaded};
use crate::serve::DEMONSTRATION_PACKS;

pub fn check(patient: &Patient) -> Vec<Finding> {
    match patient.loaded {
        Ok(loaded) => {
            vec![Finding::good("configuration", "read, with all that it names"), rules(loaded)]
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
