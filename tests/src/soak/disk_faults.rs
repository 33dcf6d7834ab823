//! Disks that are full or fail while the program lives on: random days in process, and a real program on a tmpfs that
//! somebody else has filled.

use super::worker::{Job, check};
use super::{Found, Soak, Work};
use crate::small_disk::SmallDisk;
use std::fs;
use store::testing::{DiskFaults, Draw, Tally, World};

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "disk-faults", counts: "days", count: 2_000, work: Work::Promises(run) };

/// A real program has one full tmpfs in so many days.
const DAYS_A_TMPFS: u64 = 50;

/// Its megabytes: more than the store wants free for a new traveller.
const TMPFS: u32 = 16;

/// Cases of a program's life, before the disk is full and after.
const CASES: u8 = 20;

/// At most so many bytes are free on the full disk.
const LEFT: u64 = 40 << 10;

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let (mut days, mut found) = (DiskFaults::new(seed), Found::default());
    let (world, mut draw, mut filled) = (World::new(), Draw::new(seed), 0);
    for day in 1..=count {
        found.tally.add(format!("seed {seed}"), days.one());
        if day % DAYS_A_TMPFS == 1 {
            match SmallDisk::mount(world.dir.path().join("tmpfs"), TMPFS) {
                Ok(tmpfs) => {
                    let tally = full_tmpfs(&tmpfs, &world, &mut draw)?;
                    found.tally.add(format!("a full tmpfs on day {day} of seed {seed}"), tally);
                    filled += 1;
                }
                Err(why) => found.words = format!("SKIPPED the real program on a full tmpfs: {why}"),
            }
        }
        tell(day);
    }
    if filled > 0 {
        found.words = format!("{filled} of them with a real program on a full tmpfs beside");
    }
    if days.bites() { Ok(found) } else { Err("the faults did not meet the work".into()) }
}

/// A program works, the disk is filled, it works on and is started again; with room again, everything is there.
fn full_tmpfs(tmpfs: &SmallDisk, world: &World, draw: &mut Draw) -> Result<Tally, String> {
    let (store, keys, mut tally) = (tmpfs.folder().join("store"), world.dir.path(), Tally::default());
    let mut said = Job::work(&store, keys, draw.bits(), 1..=CASES).until_over();
    // The ballast that the store gives up is taken too, as by a log that grows without end.
    let ballast = store.join("hold/ballast");
    if ballast.exists() {
        fs::remove_file(ballast).map_err(|error| error.to_string())?;
    }
    tmpfs.fill(draw.below(LEFT)).map_err(|error| format!("the tmpfs cannot be filled: {error}"))?;
    for life in 1..=2 {
        let more = Job::work(&store, keys, draw.bits(), life * CASES + 1..=(life + 1) * CASES).until_over();
        if !more.contains("done\n") {
            tally.garble(format!("on the full disk, start {life} ended early"));
        }
        if more.contains("opened ") {
            tally.lose("a traveller was taken on a full disk");
        }
        said += &more;
    }
    tmpfs.empty().map_err(|error| error.to_string())?;
    tally.add("with room again", check(&store, keys, &said).tally);
    Ok(tally)
}
