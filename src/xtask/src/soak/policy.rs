//! `cargo xtask soak policy`: the policy engine against the deliberately naive second implementation in its tests, over
//! generated travellers.

use crate::failure::Failure;
use std::process::{Command, Stdio};

/// Travellers when nobody says: what the project promises.
pub const TRAVELLERS: u64 = 1_000_000;

/// Fewer do not meet every ground, question and source, and the twin fails for that.
const FEWEST: u64 = 50_000;

/// The twin's test, told how many and from which seed by the environment.
const TEST: [&str; 9] = [
    "test",
    "--release",
    "--package=domain",
    "--test=policy_twin",
    "--",
    "--exact",
    "--nocapture",
    "--include-ignored",
    "the_engine_and_the_naive_rules_give_the_same_answers_and_permits",
];

/// What the test's program says when the test ran and held: a name that matches no test ends well too, and proves nothing.
const HELD: &str = "test result: ok. 1 passed; 0 failed";

/// Asks both about so many travellers, from a seed. The first who is answered in two ways ends it.
pub fn run(travellers: u64, seed: u64) -> Result<(), Failure> {
    if travellers < FEWEST {
        return Err(Failure::new(format!("--count {travellers} is too few to meet every rule: at least {FEWEST}.")));
    }
    println!("$ cargo {}", TEST.join(" "));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(TEST)
        .env("GATEPOST_TRAVELLERS", travellers.to_string())
        .env("GATEPOST_SEED", seed.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("`cargo test` could not be started: {error}.")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    if output.status.success() && said.contains(HELD) {
        println!("policy: 0 lost, 0 twice, 0 unreadable in {travellers}");
        return Ok(());
    }
    println!("policy: FAILED");
    Err(Failure::new("The engine and the naive rules were not shown to agree."))
}
