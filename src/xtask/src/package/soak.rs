//! `cargo xtask soak package`: the packages on a clean Debian, from installation to purge.
//!
//! There is no systemd to start the units, so `life.sh` does, by their own lines; the second version has the first's
//! programs under a higher number.

use super::clean_root::{CleanRoot, Network};
use super::{OUT, Options, make, programs, units};
use crate::failure::Failure;
use crate::{packages, setup};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What the soak is called.
pub const NAME: &str = "package";

/// Travellers of each of the three parts when nobody says how many.
const TRAVELLERS: u64 = 10;

const INSTALL: &str = include_str!("install.sh");
const LIFE: &str = include_str!("life.sh");

/// What the station's store says of itself at the end.
#[derive(Debug, Deserialize)]
struct Stats {
    records: u64,
    acknowledged: u64,
    quarantined: u64,
}

/// What `gatepost store verify` found.
#[derive(Debug, Deserialize)]
struct Verified {
    damaged: Vec<u64>,
    quarantined: Vec<u64>,
}

/// A line of the intake's list.
#[derive(Debug, Deserialize)]
struct Listed {
    sequence: u64,
}

/// What became of the records.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    lost: u64,
    twice: u64,
    unreadable: u64,
}

/// Makes both versions, and lets a clean Debian live through them.
pub fn run(prebuilt: Option<&Path>, count: Option<u64>, seed: u64) -> Result<(), Failure> {
    setup::run(setup::For::Packages)?;
    packages::install(packages::CLEAN_ROOT)?;
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::new("A clean Debian is made by root: run this with sudo.").with_code(Some(3)));
    }
    let programs = programs(prebuilt)?;
    let shared = Path::new(OUT).join("soak");
    for (folder, version) in [("old", None), ("new", Some("99.0.0~soak".to_owned()))] {
        let (to, options) = (shared.join(folder), Options { prebuilt: None, version, names: Vec::new() });
        let _ = fs::remove_dir_all(&to);
        make(&options, &programs, &to)?;
    }
    let out = shared.join("out");
    let _ = fs::remove_dir_all(&out);
    let root = CleanRoot::new(Path::new(OUT))?;
    println!("  the packages are installed ...");
    let installed = root.run(INSTALL, &shared, Network::OfTheMachine, &[])?;
    let log = shared.join("install.log");
    fs::write(&log, installed).map_err(|error| Failure::io("write", &log, &error))?;
    let travellers = count.unwrap_or(TRAVELLERS);
    let words = [travellers.to_string(), seed.to_string()];
    print!("{}", root.run(LIFE, &shared, Network::None, &words)?);
    units::report()?;

    let stats: Stats = read(&out.join("stats.json"))?;
    let list = out.join("list.jsonl");
    let list = fs::read_to_string(&list).map_err(|error| Failure::io("read", &list, &error))?;
    let verified = ["before-upgrade", "after-upgrade", "at-the-end", "after-purge"]
        .map(|when| read::<Verified>(&out.join(format!("{when}.json"))));
    let verified = verified.into_iter().collect::<Result<Vec<_>, _>>()?;
    if stats.records < travellers {
        return Err(Failure::new(format!("Only {} records were made: nothing was proved.", stats.records)));
    }
    let tally = compare(&stats, &list, &verified)?;
    let (records, Tally { lost, twice, unreadable }) = (stats.records, &tally);
    println!("{NAME}: {lost} lost, {twice} twice, {unreadable} unreadable in {records}");
    if tally == Tally::default() { Ok(()) } else { Err(Failure::new("Records did not live through it.")) }
}

/// Records by their places in the station's chain, which begins with 1: here, and at the intake.
fn compare(stats: &Stats, list: &str, verified: &[Verified]) -> Result<Tally, Failure> {
    let mut there: BTreeMap<u64, u64> = BTreeMap::new();
    for line in list.lines() {
        let listed: Listed =
            serde_json::from_str(line).map_err(|error| Failure::new(format!("the intake's list: {error}")))?;
        *there.entry(listed.sequence).or_default() += 1;
    }
    let lost = (1..=stats.records).filter(|sequence| !there.contains_key(sequence)).count() as u64;
    let known = there.iter().filter(|(sequence, _)| (1..=stats.records).contains(*sequence));
    let twice = known.map(|(_, times)| times - 1).sum::<u64>();
    let foreign = there.iter().filter(|(sequence, _)| !(1..=stats.records).contains(*sequence)).count() as u64;
    let damaged = verified.iter().map(|one| one.damaged.len() + one.quarantined.len()).max().unwrap_or(0) as u64;
    // All had arrived, so whatever has no good receipt could not be read by one side.
    let unread = stats.records.saturating_sub(stats.acknowledged);
    Ok(Tally { lost, twice: twice + foreign, unreadable: damaged.max(stats.quarantined) + unread })
}

fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    serde_json::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}.", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_by_their_places() {
        let sound = || vec![Verified { damaged: vec![], quarantined: vec![] }];
        let stats = |waiting: u64, quarantined| Stats { records: 3, acknowledged: 3 - waiting, quarantined };
        let list = |places: &[u64]| places.iter().map(|at| format!("{{\"sequence\":{at}}}\n")).collect::<String>();
        let tally = |lost, twice, unreadable| Tally { lost, twice, unreadable };
        for (stats, places, verified, expected) in [
            (stats(0, 0), vec![1, 2, 3], sound(), tally(0, 0, 0)),
            (stats(0, 0), vec![1, 3], sound(), tally(1, 0, 0)),
            (stats(0, 0), vec![1, 2, 2, 3, 9], sound(), tally(0, 2, 0)),
            (stats(1, 0), vec![1, 2, 3], sound(), tally(0, 0, 1)),
            (stats(0, 2), vec![1, 2, 3], sound(), tally(0, 0, 2)),
            (stats(0, 0), vec![1, 2, 3], vec![Verified { damaged: vec![2], quarantined: vec![] }], tally(0, 0, 1)),
        ] {
            assert_eq!(compare(&stats, &list(&places), &verified).unwrap(), expected, "{places:?}");
        }
        assert!(compare(&stats(0, 0), "no JSON", &sound()).is_err());
    }
}
