//! The same work for a very long time, or very often: to see whether memory grows, or whether a promise is broken. One
//! file each in this folder, one line each in [`SOAKS`].

mod crash_states;
mod disk_faults;
mod ext4_cuts;
mod face;
mod fuse_cuts;
mod kill;
mod network;
mod station_cuts;
mod station_days;
mod worker;

pub use fuse_cuts::plain_sled;

use std::fmt;
use store::testing::Tally;

/// One kind of work.
pub struct Soak {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it counts.
    pub counts: &'static str,
    /// How many of them are done when nobody says: those of 24 hours, or those that the project promises.
    pub count: u64,
    /// The work.
    pub work: Work,
}

/// Count, seed, and who watches the memory.
pub type MemoryRun = fn(u64, u64, &mut Watch<'_>) -> Result<String, String>;

/// Count, seed, and who hears how many are done.
pub type PromiseRun = fn(u64, u64, &mut dyn FnMut(u64)) -> Result<Found, String>;

/// What is looked at while the work is done.
#[derive(Clone, Copy)]
pub enum Work {
    /// Memory. Does it so many times, from a seed, and shows its [`Watch`] each one; what was seen, in words.
    Memory(MemoryRun),
    /// Promises. Does it so many times, from a seed, and tells how many are done.
    Promises(PromiseRun),
}

/// What became of promises.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Those that were broken.
    pub tally: Tally,
    /// What else is worth telling.
    pub words: String,
    /// Why this machine cannot do the work. Then nothing was proved.
    pub skipped: Option<String>,
}

/// Every kind of work.
pub const SOAKS: &[Soak] = &[
    crash_states::SOAK,
    disk_faults::SOAK,
    ext4_cuts::SOAK,
    face::SOAK,
    fuse_cuts::SOAK,
    kill::SOAK,
    network::SOAK,
    station_cuts::SOAK,
    station_days::SOAK,
];

/// The work of this name.
pub fn find(name: &str) -> Option<&'static Soak> {
    SOAKS.iter().find(|soak| soak.name == name)
}

impl Soak {
    /// A short run for the tests: every promise was kept. A machine that cannot do the work says so.
    ///
    /// # Panics
    /// When a promise was broken, or the run met nothing that could break one.
    pub fn holds(&self, count: u64, seed: u64) {
        let Work::Promises(run) = self.work else { panic!("{} is about memory", self.name) };
        let found = run(count, seed, &mut |_| ()).unwrap_or_else(|why| panic!("{}: {why}", self.name));
        if let Some(why) = found.skipped {
            eprintln!("SKIPPED {}: {why}", self.name);
            return;
        }
        assert!(found.tally.is_clean(), "{}: {}\n{}", self.name, found.tally, found.tally.words.join("\n"));
        println!("{}: {} in {count}; {}", self.name, found.tally, found.words);
    }
}

/// Memory that may come on top of what there was after the warm-up, in bytes: what the allocator keeps back differs by so
/// much from one moment to the next. A frame of 640x480 that is kept has a third of that.
pub const MOST_GROWTH: u64 = 3 << 20;

/// Steps between two looks at the memory.
const LOOK: u64 = 500;

/// Watches the memory of this process.
pub struct Watch<'a> {
    /// Steps until memory counts: buffers grow to their size, caches fill.
    warm_up: u64,
    memory: &'a mut dyn FnMut() -> u64,
    tell: &'a mut dyn FnMut(u64, u64),
    done: u64,
    warm: Option<u64>,
    last: u64,
    most: u64,
}

/// What became of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// After the warm-up, in bytes.
    pub warm: u64,
    /// The most after that.
    pub most: u64,
    /// At the end.
    pub end: u64,
}

impl<'a> Watch<'a> {
    /// Asks `memory` for the bytes in use now and then, and `tell`s steps and bytes.
    pub fn new(warm_up: u64, memory: &'a mut dyn FnMut() -> u64, tell: &'a mut dyn FnMut(u64, u64)) -> Self {
        Self { warm_up, memory, tell, done: 0, warm: None, last: 0, most: 0 }
    }

    /// One more step is done.
    pub fn step(&mut self) {
        self.done += 1;
        if self.done.is_multiple_of(LOOK) {
            self.look();
        }
    }

    /// What became of the memory; an error when the work was over before it was warm.
    pub fn end(&mut self) -> Result<Memory, String> {
        self.look();
        let warm = self.warm.ok_or(format!("{} steps are too few: {} warm up", self.done, self.warm_up))?;
        Ok(Memory { warm, most: self.most, end: self.last })
    }

    fn look(&mut self) {
        self.last = (self.memory)();
        if self.warm.is_none() && self.done >= self.warm_up {
            self.warm = Some(self.last);
        }
        if self.warm.is_some() {
            self.most = self.most.max(self.last);
        }
        (self.tell)(self.done, self.last);
    }
}

impl Memory {
    /// Whether it stayed where it was.
    pub fn holds(&self) -> bool {
        self.most.saturating_sub(self.warm) <= MOST_GROWTH
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [warm, most, end] = [self.warm, self.most, self.end].map(|bytes| bytes as f64 / f64::from(1 << 20));
        write!(f, "memory {warm:.1} MiB after the warm-up, {end:.1} MiB at the end, {most:.1} MiB at most between")
    }
}

/// Resident memory of this process in bytes (proc(5)).
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(steps: u64, memory: impl Fn(u64) -> u64) -> Result<Memory, String> {
        let (mut looks, mut told) = (0, Vec::new());
        let mut memory = || {
            looks += 1;
            memory(looks * LOOK)
        };
        let mut tell = |done, bytes| told.push((done, bytes));
        let mut watch = Watch::new(1000, &mut memory, &mut tell);
        (0..steps).for_each(|_| watch.step());
        watch.end()
    }

    #[test]
    fn growth_after_the_warm_up_is_found_and_none_before_it() {
        const BASE: u64 = 100 << 20;
        for (name, memory, holds) in [
            ("steady", Box::new(|_| BASE) as Box<dyn Fn(u64) -> u64>, true),
            ("grows while it warms up", Box::new(|at| BASE + at.min(1000) * 50_000), true),
            ("breathes", Box::new(|at| BASE + at / LOOK % 2 * (1 << 20)), true),
            ("falls", Box::new(|at| BASE - at * 1000), true),
            ("leaks 400 bytes a step", Box::new(|at| BASE + at * 400), false),
            ("a peak that is given back", Box::new(|at| BASE + u64::from(at == 9000) * (9 << 20)), false),
        ] {
            let memory = watched(10_000, memory).unwrap();
            assert_eq!(memory.holds(), holds, "{name}: {memory}");
        }
        assert!(watched(700, |_| BASE).unwrap_err().contains("too few"));
    }

    #[test]
    fn the_memory_of_this_process_is_seen() {
        let before = resident();
        let taken = vec![7u8; 64 << 20];
        let after = resident();
        assert!(after >= before + (48 << 20), "{before} {after} {}", taken[before as usize % taken.len()]);
    }
}
