//! How much memory a process and its children take.

use crate::failure::Failure;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

/// Proportional set size of a process and everything that it started, in KiB.
pub fn pss_kib(pid: u32) -> Result<f64, Failure> {
    let mut sum = 0.0;
    for pid in family(pid, &parents()?) {
        let path = format!("/proc/{pid}/smaps_rollup");
        // The station's programs let nobody but root look into their memory.
        let text =
            fs::read_to_string(&path).map_err(|error| Failure::io("read (as root)", Path::new(&path), &error))?;
        sum += pss_of(&text).ok_or_else(|| Failure::new(format!("{path} has no line \"Pss:\".")))?;
    }
    Ok(sum)
}

fn pss_of(rollup: &str) -> Option<f64> {
    rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?.split_whitespace().next()?.parse().ok()
}

/// The parent of every process.
fn parents() -> Result<HashMap<u32, u32>, Failure> {
    let proc = Path::new("/proc");
    let entries = fs::read_dir(proc).map_err(|error| Failure::io("list", proc, &error))?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // A process that ended in between has no parent to tell.
    Ok(pids
        .filter_map(|pid| Some((pid, parent_in(&fs::read_to_string(proc.join(format!("{pid}/stat"))).ok()?)?)))
        .collect())
}

/// The fourth field of /proc/PID/stat. The second one, the name in brackets, may hold spaces and brackets itself.
fn parent_in(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn family(head: u32, parents: &HashMap<u32, u32>) -> HashSet<u32> {
    let mut family = HashSet::from([head]);
    loop {
        let children: Vec<u32> = parents
            .iter()
            .filter(|(pid, of)| family.contains(of) && !family.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if children.is_empty() {
            return family;
        }
        family.extend(children);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_of_a_process_is_found() {
        let parents = HashMap::from([(2, 1), (3, 2), (4, 3), (5, 1), (6, 99)]);
        assert_eq!(family(2, &parents), HashSet::from([2, 3, 4]));
        assert_eq!(parent_in("17 (a ) odd) name) S 4 17 17 0"), Some(4));
        assert_eq!(parent_in(""), None);
    }

    #[test]
    fn this_process_has_a_weight() {
        assert!(pss_kib(std::process::id()).unwrap() > 100.0);
        assert_eq!(pss_of("Rss:   10 kB\nPss:      2345 kB\nPss_Dirty: 1 kB"), Some(2345.0));
    }
}
