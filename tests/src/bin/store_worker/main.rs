//! A real program at a real store, for tests that cut its power: `store_worker work | check | sled-work | sled-check`.
//!
//! It says each promise on a line of its own when the store has given it, and nothing that was not promised.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a program that cannot go on ends, and whoever started it sees how"
)]

use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;
use store::testing::{Act, Draw, Promises, World, check, work_through};
use store::{Outbox, rebuild_index};

/// Values that plain sled is given: the size of a record without images.
const SLED_BYTES: usize = 8 << 10;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["work", store, keys, seed, first, last] => {
            work(store, keys, seed.parse().unwrap(), first.parse().unwrap()..=last.parse().unwrap())
        }
        ["check", store, keys, promises] => return check_store(store, keys, promises),
        ["sled-work", folder, count] => sled_work(folder, count.parse().unwrap()),
        ["sled-check", folder, count] => sled_check(folder, count.parse().unwrap()),
        _ => {
            eprintln!("store_worker work STORE KEYS SEED FIRST LAST | check STORE KEYS PROMISES");
            eprintln!("store_worker sled-work FOLDER COUNT | sled-check FOLDER COUNT");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// These cases, on a disk that may fail meanwhile.
fn work(store: &str, keys: &str, seed: u64, cases: RangeInclusive<u8>) {
    let world = World::load(Path::new(keys));
    let (mut outbox, _) = Outbox::open(Path::new(store), &world.station).unwrap();
    let (mut draw, mut kept) = (Draw::new(seed), outbox.stats().records);
    for n in cases {
        let mut acts = vec![Act::Note, Act::Open(n)];
        match draw.below(6) {
            0 => acts.push(Act::Park(n)),
            1 => acts.push(Act::Close(n)),
            _ => {
                acts.push(Act::Keep(n));
                kept += 1;
            }
        }
        if kept > 0 && draw.below(2) == 0 {
            acts.push(Act::Acknowledge(1 + draw.below(kept)));
        }
        work_through(&world, &mut outbox, &acts, &mut |promise| say(&promise.to_string()));
    }
    say("done");
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// Holds a store against what another process was promised, and against its own index made anew.
fn check_store(store: &str, keys: &str, promises: &str) -> ExitCode {
    let (world, store) = (World::load(Path::new(keys)), Path::new(store));
    let promises = Promises::read(&std::fs::read_to_string(promises).unwrap());
    let opened = Outbox::open(store, &world.station);
    let (mut outbox, report) = match opened {
        Ok(opened) => opened,
        Err(fault) => {
            say(&format!("unreadable: the store does not open: {fault}"));
            return ExitCode::FAILURE;
        }
    };
    let stub = |sequence| store.join(format!("records/{sequence:010}.stub")).exists();
    let tally = check(&world, &mut outbox, &report, &promises, &stub);
    let mut good = tally.is_clean();
    tally.words.iter().for_each(|words| say(words));
    let before = outbox.stats();
    drop(outbox);
    let again = rebuild_index(store, &world.station).and_then(|_| Outbox::open(store, &world.station));
    match again {
        Ok((outbox, _)) if outbox.stats() == before => {}
        Ok((outbox, _)) => {
            say(&format!("lost: {before:?} before the index was made anew, {:?} after", outbox.stats()));
            good = false;
        }
        Err(fault) => {
            say(&format!("unreadable: the index is not made anew: {fault}"));
            good = false;
        }
    }
    say(&format!(
        "index {:?}, {} queued, {} acknowledged",
        report.index,
        promises.queued.len(),
        promises.acknowledged.len()
    ));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What sled calls kept.
fn sled_work(folder: &str, count: u32) {
    let db = sled::Config::new().path(folder).flush_every_ms(None).open().unwrap();
    for n in 0..count {
        db.insert(n.to_be_bytes(), vec![n as u8; SLED_BYTES]).unwrap();
        db.flush().unwrap();
        say(&format!("kept {n}"));
    }
}

/// How many of the first so many are there.
fn sled_check(folder: &str, count: u32) {
    let db = sled::Config::new().path(folder).flush_every_ms(None).open().unwrap();
    let there = |n: &u32| matches!(db.get(n.to_be_bytes()), Ok(Some(value)) if value == vec![*n as u8; SLED_BYTES]);
    say(&format!("there {}", (0..count).filter(there).count()));
}
