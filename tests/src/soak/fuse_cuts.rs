//! Power cuts under real programs: a process works at a store on a file system of ours, which loses power at a random
//! writing call. What is left is mounted again, loses power once more while the store is opened, and is then held against
//! what the process was promised.

use super::worker::{Checked, Job, check};
use super::{Found, Soak, Work};
use crate::power::{PowerFs, Tree, missing};
use std::path::Path;
use store::testing::{Draw, World};

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "fuse-cuts", counts: "cuts", count: 40, work: Work::Promises(run) };

/// Cases of one life.
const CASES: u8 = 12;

/// No case: the store is opened, and that is all.
#[expect(clippy::reversed_empty_ranges, reason = "that is what it says")]
const NOTHING: std::ops::RangeInclusive<u8> = 1..=0;

/// Values that plain sled is given in one life.
const SLED_VALUES: u32 = 60;

/// Writing calls while a store is opened that the second cut may come at.
const OPENING: u64 = 12;

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let mut found = Found { skipped: missing(), ..Found::default() };
    if found.skipped.is_some() {
        return Ok(found);
    }
    let (world, mut draw) = (World::new(), Draw::new(seed));
    let keys = world.dir.path();
    let calls = calm(keys)?;
    let (mut during, mut again, mut died) = (0, 0, 0);
    for cut in 1..=count {
        let fs = PowerFs::new(Tree::new(), Some(draw.below(calls)));
        let promises = {
            let mounted = fs.mount(&keys.join("mount")).map_err(|error| format!("mount: {error}"))?;
            let job = Job::work(&mounted.folder().join("store"), keys, draw.bits(), 1..=CASES);
            job.until_cut(&fs)
        };
        during += u64::from(fs.is_dead());
        let mut tree = fs.after_cut(&mut draw);
        if draw.below(2) == 0 {
            let fs = PowerFs::new(tree, Some(draw.below(OPENING)));
            let mounted = fs.mount(&keys.join("mount")).map_err(|error| format!("mount: {error}"))?;
            drop(Job::work(&mounted.folder().join("store"), keys, 1, NOTHING).until_cut(&fs));
            again += u64::from(fs.is_dead());
            drop(mounted);
            tree = fs.after_cut(&mut draw);
        }
        let fs = PowerFs::new(tree, None);
        let mounted = fs.mount(&keys.join("mount")).map_err(|error| format!("mount: {error}"))?;
        let Checked { tally, starts } = check(&mounted.folder().join("store"), keys, &promises);
        found.tally.add(format!("cut {cut} of seed {seed}"), tally);
        died += u64::from(starts > 1);
        tell(cut);
    }
    found.words = format!(
        "{calls} writing calls in a calm day; {during} cuts in its middle, {again} more while opening; the index ended the \
         program {died} times, and did not at its next start"
    );
    if during * 2 < count { Err(format!("the power hardly ever went: {}", found.words)) } else { Ok(found) }
}

/// Writing calls of a day without a cut.
fn calm(keys: &Path) -> Result<u64, String> {
    std::fs::create_dir_all(keys.join("mount")).map_err(|error| error.to_string())?;
    let fs = PowerFs::new(Tree::new(), None);
    let mounted = fs.mount(&keys.join("mount")).map_err(|error| format!("mount: {error}"))?;
    let promises = Job::work(&mounted.folder().join("store"), keys, 1, 1..=CASES).until_over();
    if promises.contains("done\n") {
        Ok(fs.calls())
    } else {
        Err(format!("a day without a cut ended early: {promises}"))
    }
}

/// What plain sled loses under the same cuts: values that it called kept, and how many of them are gone or cannot be had.
/// `None` where this machine cannot mount the file system.
pub fn plain_sled(cuts: u64, seed: u64) -> Result<Option<(u64, u64)>, String> {
    if missing().is_some() {
        return Ok(None);
    }
    let (dir, mut draw) = (tempfile::tempdir().map_err(|error| error.to_string())?, Draw::new(seed));
    let folder = dir.path();
    let (mut kept, mut lost) = (0, 0);
    for _ in 0..cuts {
        let fs = PowerFs::new(Tree::new(), Some(150 + draw.below(100)));
        let said = {
            let mounted = fs.mount(folder).map_err(|error| format!("mount: {error}"))?;
            Job::sled_work(&mounted.folder().join("sled"), SLED_VALUES).until_cut(&fs)
        };
        let promised = said.lines().filter(|line| line.starts_with("kept ")).count() as u64;
        let fs = PowerFs::new(fs.after_cut(&mut draw), None);
        let mounted = fs.mount(folder).map_err(|error| format!("mount: {error}"))?;
        // An open that fails or ends the program gives nothing back.
        let there = Job::sled_check(&mounted.folder().join("sled"), promised).until_over();
        let there = there.lines().find_map(|line| line.strip_prefix("there ")?.parse::<u64>().ok()).unwrap_or(0);
        kept += promised;
        lost += promised - there.min(promised);
    }
    Ok(Some((kept, lost)))
}
