//! `cargo xtask soak fuzz`: every parser of bytes from outside under libFuzzer, which is guided by the code that its inputs
//! reach, with the address sanitiser. The targets are in tests/fuzz, what they begin with in fuzz/corpus.

use crate::failure::Failure;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Seconds of each target when nobody says.
pub const SECONDS: u64 = 60;

/// The crate that is compiled for the fuzzer.
const FOLDER: &str = "fuzz";

/// What the runs find worth keeping, and what they fail at.
const FOUND: &str = "target/fuzz";

/// The only kind of machine that this is set up for.
const MACHINE: &str = "x86_64-unknown-linux-gnu";

/// How the compiler counts what is reached, as `cargo fuzz` asks it to.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-sanitizer-coverage-stack-depth --cfg fuzzing \
    -Clink-dead-code -Zsanitizer=address -Cdebug-assertions";

/// The machine cannot do it: nothing was proved.
const SKIPPED: i32 = 3;

/// Each target for so many seconds, from a seed. The last line says how many targets fell over.
pub fn run(seconds: u64, seed: u64) -> Result<(), Failure> {
    if let Err(why) = build() {
        println!("fuzz: SKIPPED: {why}");
        return Err(Failure::new("The fuzzers could not be built: nothing was proved.").with_code(Some(SKIPPED)));
    }
    let (mut inputs, mut fallen) = (0, 0);
    let targets = targets()?;
    for name in &targets {
        let tried = fuzz(name, seconds, seed)?;
        inputs += tried.inputs;
        fallen += u64::from(!tried.stands);
        let words = if tried.stands { "0 crashes" } else { "CRASHED; see" };
        let place = if tried.stands { String::new() } else { format!(" {FOUND}/artifacts/{name}") };
        println!("{name}: {} inputs in {seconds} s, {words}{place}", tried.inputs);
    }
    println!("{} targets, {inputs} inputs, {seconds} s each", targets.len());
    println!("fuzz: 0 lost, 0 twice, {fallen} unreadable in {seconds}");
    if fallen == 0 { Ok(()) } else { Err(Failure::new(format!("{fallen} targets fell over."))) }
}

/// What became of a target.
struct Tried {
    inputs: u64,
    stands: bool,
}

fn build() -> Result<(), String> {
    // Apart, so that a machine without a registry is told from code that does not compile.
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let manifest = format!("{FOLDER}/Cargo.toml");
    let fetched = Command::new(&cargo).args(["fetch", "--locked", "--manifest-path", &manifest]).status();
    if !fetched.is_ok_and(|status| status.success()) {
        return Err(
            "what the fuzzers are built of cannot be had here, or fuzz/Cargo.lock is out of date (see above)".into()
        );
    }
    println!("$ cargo build --release --manifest-path {manifest}, instrumented");
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--locked", "--bins", "--target", MACHINE, "--manifest-path", &manifest]);
    // The flags that count are unstable; the compiler is the stable one.
    let built = command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", FLAGS).stdin(Stdio::null()).status();
    if built.is_ok_and(|status| status.success()) { Ok(()) } else { Err("the fuzzers do not compile here".into()) }
}

/// Names of the targets: one file each.
fn targets() -> Result<Vec<String>, Failure> {
    let folder = Path::new(FOLDER).join("fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|error| Failure::io("list", &folder, &error))?;
    let stem = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = entries.filter_map(|entry| stem(entry.ok()?.path())).collect();
    names.sort();
    Ok(names)
}

fn fuzz(name: &str, seconds: u64, seed: u64) -> Result<Tried, Failure> {
    let [corpus, artifacts] = ["corpus", "artifacts"].map(|kind| Path::new(FOUND).join(kind).join(name));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).map_err(|error| Failure::io("make", folder, &error))?;
    }
    let program = format!("{FOLDER}/target/{MACHINE}/release/{name}");
    let output = Command::new(&program)
        .arg(&corpus)
        .arg(Path::new(FOLDER).join("corpus").join(name))
        .args([format!("-max_total_time={seconds}"), format!("-seed={seed}"), "-print_final_stats=1".into()])
        // Longer ones are slow and reach nothing more; an input that takes 10 seconds, or 2 GiB, is a finding.
        .args(["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048"])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(format!("`{program}` could not be started: {error}.")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        println!("{said}");
    }
    Ok(Tried { inputs: inputs(&said), stands: output.status.success() })
}

/// What libFuzzer says of how many inputs it tried.
fn inputs(said: &str) -> u64 {
    let line = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzzer_says_how_many_inputs_it_tried() {
        let said = "Done 12 runs in 1 second(s)\nstat::number_of_executed_units: 123456\nstat::peak_rss_mb: 60\n";
        assert_eq!((inputs(said), inputs("")), (123_456, 0));
    }
}
