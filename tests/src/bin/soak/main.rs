//! `soak NAME --count N --seed S`: the same work for a very long time, or very often. The last line says what became of it.

use std::process::ExitCode;
use tests::soak::{MemoryRun, PromiseRun, SOAKS, Soak, Watch, Work, find, resident};

/// Lines of progress in a whole run, about.
const LINES: u64 = 24;

/// The machine cannot do the work: nothing was proved.
const SKIPPED: u8 = 3;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let known = SOAKS.iter().map(|soak| soak.name).collect::<Vec<_>>().join(", ");
    let Some(soak) = words.first().and_then(|name| find(name)) else {
        eprintln!("soak NAME [--count N] [--seed S]; there are: {known}");
        return ExitCode::from(2);
    };
    let number = |flag: &str, otherwise: u64| {
        let at = words.iter().position(|word| word == flag);
        at.map_or(Some(otherwise), |at| words.get(at + 1)?.parse().ok())
    };
    let (Some(count), Some(seed)) = (number("--count", soak.count), number("--seed", 1)) else {
        eprintln!("--count and --seed take a number");
        return ExitCode::from(2);
    };
    println!("{count} {} from seed {seed}", soak.counts);
    match soak.work {
        Work::Memory(run) => memory(soak, run, count, seed),
        Work::Promises(run) => promises(soak, run, count, seed),
    }
}

fn memory(soak: &Soak, run: MemoryRun, count: u64, seed: u64) -> ExitCode {
    let mut progress = Progress::of(soak, count);
    let mut tell = |done, bytes: u64| progress.tell(done, &format!(", {:.1} MiB", bytes as f64 / f64::from(1 << 20)));
    let mut memory = resident;
    // A tenth warms up, and at most what an hour brings.
    let mut watch = Watch::new((count / 10).clamp(1, soak.count / 24), &mut memory, &mut tell);
    let (done, memory) = (run(count, seed, &mut watch), watch.end());
    let (words, good) = match (done, memory) {
        (Ok(words), Ok(memory)) if memory.holds() => (format!("{words}; {memory}"), true),
        (Ok(words), Ok(memory)) => (format!("memory grows: {memory}; {words}"), false),
        (Err(why), _) | (_, Err(why)) => (why, false),
    };
    println!("{} soak {} --count {count} --seed {seed}: {words}", if good { "PASS" } else { "FAIL" }, soak.name);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn promises(soak: &Soak, run: PromiseRun, count: u64, seed: u64) -> ExitCode {
    let mut progress = Progress::of(soak, count);
    let found = match run(count, seed, &mut |done| progress.tell(done, "")) {
        Ok(found) => found,
        Err(why) => {
            println!("{}: FAILED: {why}", soak.name);
            return ExitCode::FAILURE;
        }
    };
    if let Some(why) = found.skipped {
        println!("{}: SKIPPED: {why}", soak.name);
        return ExitCode::from(SKIPPED);
    }
    found.tally.words.iter().for_each(|words| println!("  {words}"));
    if !found.words.is_empty() {
        println!("{}", found.words);
    }
    println!("{}: {} in {count}", soak.name, found.tally);
    if found.tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Says now and then how far the work is.
struct Progress {
    counts: &'static str,
    every: u64,
    next: u64,
}

impl Progress {
    fn of(soak: &Soak, count: u64) -> Self {
        let every = (count / LINES).max(1);
        Self { counts: soak.counts, every, next: every }
    }

    fn tell(&mut self, done: u64, more: &str) {
        if done >= self.next {
            self.next = done + self.every;
            println!("  {done} {}{more}", self.counts);
        }
    }
}
