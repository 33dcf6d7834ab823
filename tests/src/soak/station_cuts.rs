//! Power cuts under the whole station: its store lies on the file system of ours, which loses power at a random writing call
//! while an officer pushes cases through and records go to the intake. The station is started again on what is left, as its
//! supervisor does it, and held against everything that its pages have said.

use super::kill::{Ending, lives};
use super::{Found, Soak, Work};
use crate::power::{Mounted, PowerFs, Tree, missing};
use crate::process::run;
use crate::{Setup, Station};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::testing::Draw;

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "station-cuts", counts: "cuts", count: 40, work: Work::Promises(cuts) };

/// Writing calls that a life has left at most once the officer is at work: some cases.
const CALLS: u64 = 150;

/// How long the power may last before it is cut at whatever is going on: devices may keep an officer waiting.
const LONGEST: Duration = Duration::from_secs(8);

/// Starts of the station until it answers: sled may end the program at an index that a cut has harmed, once.
const STARTS: u32 = 2;

/// The store of a station on a file system that loses power.
pub(super) struct PoweredStore {
    folder: PathBuf,
    draw: Draw,
    fs: PowerFs,
    /// Dropped before another one is mounted.
    mounted: Option<Mounted>,
    cuts: u64,
    /// Cuts at a writing call, and not because nothing was written.
    during: u64,
    /// Starts that ended by themselves.
    again: u32,
}

fn cuts(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    if let Some(why) = missing() {
        return Ok(Found { skipped: Some(why), ..Found::default() });
    }
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
        station.stop().await;
        let store =
            PoweredStore::under(&station, seed).map_err(|error| format!("the store cannot be moved: {error}"))?;
        station.restart().await;
        lives(station, Ending::PowerCut(store), (count, seed), tell).await
    })
}

impl PoweredStore {
    /// Moves the store of a station that is not running onto a new file system.
    fn under(station: &Station, seed: u64) -> io::Result<Self> {
        let folder = station.place().path("station/store");
        let before = station.place().path("station/store.before");
        fs::rename(&folder, &before)?;
        fs::create_dir(&folder)?;
        let fs = PowerFs::new(Tree::new(), None);
        let mounted = Some(fs.mount(&folder)?);
        copy(&before, &folder)?;
        Ok(Self { folder, draw: Draw::new(seed), fs, mounted, cuts: 0, during: 0, again: 0 })
    }

    /// Cuts the power at a writing call that is drawn, or where none comes.
    pub(super) async fn cut(&mut self) {
        self.fs.cut_after(self.draw.below(CALLS));
        let fs = self.fs.clone();
        let during = tokio::task::spawn_blocking(move || fs.wait_dead(LONGEST)).await.unwrap_or(false);
        self.cuts += 1;
        self.during += u64::from(during);
        self.fs.cut();
    }

    /// The power is back: what is left is mounted, `gatepost store verify` finds nothing to see to, and the station starts.
    pub(super) async fn come_back(&mut self, station: &mut Station) -> Result<(), String> {
        self.mounted = None;
        self.fs = PowerFs::new(self.fs.after_cut(&mut self.draw), None);
        let mounted = self.fs.mount(&self.folder).map_err(|error| format!("mount: {error}"))?;
        self.mounted = Some(mounted);
        let verified = run("gatepost", &["store", "verify", "--data", &station.place().text("station")]);
        if !verified.status.success() {
            return Err(format!("cut {}: {}", self.cuts, String::from_utf8_lossy(&verified.stderr)));
        }
        self.again += station.restart_supervised(STARTS).await - 1;
        Ok(())
    }

    /// What the cuts met.
    pub(super) fn words(&self) -> String {
        format!(
            "{} of {} cuts at a writing call; the station ended at its start {} times",
            self.during, self.cuts, self.again
        )
    }
}

/// Copies a store without its index, which is made again, so that all of it lasts.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let target = to.join(&name);
        if path.is_dir() && name != "index" {
            fs::create_dir(&target)?;
            copy(&path, &target)?;
        } else if path.is_file() {
            fs::write(&target, fs::read(&path)?)?;
            File::open(&target)?.sync_all()?;
        }
    }
    File::open(to)?.sync_all()
}
