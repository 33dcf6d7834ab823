//! `soak NAME --count N --seed S`: the same work for a very long time. The last line says what became of it.

use std::process::ExitCode;
use tests::soak::{SOAKS, Watch, find, resident};

/// Lines of progress in a whole run, about.
const LINES: u64 = 24;

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
    let (Some(count), Some(seed)) = (number("--count", soak.day), number("--seed", 1)) else {
        eprintln!("--count and --seed take a number");
        return ExitCode::from(2);
    };
    println!("{count} {} from seed {seed}", soak.counts);
    let every = (count / LINES).max(1);
    let mut next = every;
    let mut tell = |done: u64, bytes: u64| {
        if done >= next {
            next = done + every;
            println!("  {done} {}, {:.1} MiB", soak.counts, bytes as f64 / f64::from(1 << 20));
        }
    };
    let mut memory = resident;
    // A tenth warms up, and at most what an hour brings.
    let mut watch = Watch::new((count / 10).clamp(1, soak.day / 24), &mut memory, &mut tell);
    let (done, memory) = ((soak.run)(count, seed, &mut watch), watch.end());
    let (words, good) = match (done, memory) {
        (Ok(words), Ok(memory)) if memory.holds() => (format!("{words}; {memory}"), true),
        (Ok(words), Ok(memory)) => (format!("memory grows: {memory}; {words}"), false),
        (Err(why), _) | (_, Err(why)) => (why, false),
    };
    println!("{} soak {} --count {count} --seed {seed}: {words}", if good { "PASS" } else { "FAIL" }, soak.name);
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
