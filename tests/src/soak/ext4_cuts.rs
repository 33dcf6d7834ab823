//! Power cuts under ext4: a process works at a store on a real ext4, whose disk loses power at a random write or flush. What
//! is left of the disk is mounted again, ext4 mends itself by its journal, and the store is held against what the process
//! was promised.

use super::worker::{Checked, Job, check};
use super::{Found, Soak, Work};
use crate::power::{Ext4, PowerFs, ext4_missing, new_disk};
use std::path::Path;
use store::testing::{Draw, World};

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "ext4-cuts", counts: "cuts", count: 20, work: Work::Promises(run) };

/// Cases of one life.
const CASES: u8 = 40;

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let mut found = Found { skipped: ext4_missing(), ..Found::default() };
    if found.skipped.is_some() {
        return Ok(found);
    }
    let (world, mut draw) = (World::new(), Draw::new(seed));
    let keys = world.dir.path();
    let calls = calm(keys)?;
    let (mut during, mut records) = (0, 0);
    for cut in 1..=count {
        let fs = PowerFs::new(new_disk()?, None);
        let promises = {
            let mounted = Ext4::mount(&fs, keys)?;
            fs.cut_after(draw.below(calls));
            Job::work(&mounted.folder().join("store"), keys, draw.bits(), 1..=CASES).until_cut(&fs)
        };
        during += u64::from(fs.is_dead());
        records += promises.lines().filter(|line| line.starts_with("queued ")).count();
        let fs = PowerFs::new(fs.after_cut(&mut draw), None);
        match Ext4::mount(&fs, keys) {
            Ok(mounted) => {
                let Checked { tally, .. } = check(&mounted.folder().join("store"), keys, &promises);
                found.tally.add(format!("cut {cut} of seed {seed}"), tally);
            }
            Err(why) => found.tally.garble(format!("cut {cut} of seed {seed}: the disk cannot be mounted: {why}")),
        }
        tell(cut);
    }
    found.words =
        format!("{calls} writes and flushes in a calm day; {during} cuts in its middle, {records} records promised");
    if during * 2 < count { Err(format!("the power hardly ever went: {}", found.words)) } else { Ok(found) }
}

/// Writes and flushes of a day without a cut.
fn calm(keys: &Path) -> Result<u64, String> {
    let fs = PowerFs::new(new_disk()?, None);
    let mounted = Ext4::mount(&fs, keys)?;
    let before = fs.calls();
    let said = Job::work(&mounted.folder().join("store"), keys, 1, 1..=CASES).until_over();
    if said.contains("done\n") {
        Ok(fs.calls() - before)
    } else {
        Err(format!("a day without a cut ended early: {said}"))
    }
}
