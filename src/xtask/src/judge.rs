//! `cargo xtask judge`: programs that others wrote look at what ours does.
//!
//! Each script under tests/judge prints one line a check: `PASS name`, `FAIL name: why` or `SKIPPED name: why`.

use crate::failure::Failure;
use crate::process::cargo;
use crate::{packages, setup};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the scripts are, and beside them the exact versions of the outside programs of each.
pub const FOLDER: &str = "tests/judge";

/// The environments of the outside programs.
const VENVS: &str = "target/judge";

/// The scripts in the order in which they run, each with its environment: `NAME` is made of `NAME.txt`. Programs that
/// cannot live together live in environments of their own.
const JUDGES: &[(&str, &str)] = &[
    ("mrz_lines.py", "requirements"),
    ("ef01_sensor.py", "requirements"),
    ("ef01_library.py", "requirements"),
    ("dependencies.py", "requirements"),
    ("sbi.py", "sbi"),
    ("heads.py", "heads"),
    ("faces.py", "heads"),
    ("minutiae.py", "prints"),
    ("prints.py", "prints"),
    ("nfiq2.py", "nfiq2"),
    ("gfq.py", "gfq"),
    ("forest.py", "forest"),
    ("slap.py", "requirements"),
    ("sbom.py", "sbom"),
    ("cose.py", "cose"),
    ("metrics.py", "requirements"),
];

/// What `judge` is told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Only the judges whose names contain one of these.
    names: Vec<String>,
}

/// How a list of versions begins that names everything, so that nothing else is installed.
const COMPLETE: &str = "# Complete:";

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Failed,
    Passed,
    Skipped,
}

/// Builds what is judged, makes the environment, runs the scripts and counts.
pub fn run(options: &Options) -> Result<(), Failure> {
    let wanted = |script: &str| options.names.is_empty() || options.names.iter().any(|name| script.contains(name));
    let judges: Vec<_> = JUDGES.iter().filter(|(script, _)| wanted(script)).collect();
    if judges.is_empty() {
        let known: Vec<_> = JUDGES.iter().map(|(script, _)| *script).collect();
        return Err(Failure::new(format!("No judge has such a name. There are: {}.", known.join(", "))));
    }
    setup::run(setup::For::Judges)?;
    if judges.iter().any(|(script, _)| *script == "metrics.py") {
        packages::install_program("promtool", packages::PROMETHEUS)?;
    }
    cargo(&["build", "--package", "domain", "--example", "mrz"])?;
    cargo(&["build", "--release"])?;
    if judges.iter().any(|(script, _)| *script == "cose.py") {
        // Beside the programs that are delivered, one that asks their functions single questions.
        cargo(&["build", "--release", "--workspace", "--all-features", "--bin", "cose_messages"])?;
    }
    let mut verdicts = Vec::new();
    for (script, needs) in judges {
        match environment(needs) {
            Ok(python) => verdicts.extend(judge(&python, script)),
            Err(why) => {
                println!("SKIPPED {script}: {why}");
                verdicts.push(Verdict::Skipped);
            }
        }
    }
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let (passed, failed, skipped) = (count(Verdict::Passed), count(Verdict::Failed), count(Verdict::Skipped));
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 { Ok(()) } else { Err(Failure::new("An outside program disagrees; see FAIL above.")) }
}

/// The interpreter of an environment with exactly the wanted programs. `Err` says why there is none.
pub fn environment(needs: &str) -> Result<PathBuf, String> {
    let venv = Path::new(VENVS).join(needs);
    let (python, stamp) = (venv.join("bin/python"), venv.join("requirements.txt"));
    let requirements = format!("{FOLDER}/{needs}.txt");
    let wanted =
        fs::read_to_string(&requirements).map_err(|error| format!("{requirements} cannot be read: {error}"))?;
    if fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    // Half an environment, or one of other versions, is no environment.
    let _ = fs::remove_dir_all(&venv);
    quietly("python3", &["-m", "venv", &venv.display().to_string()])?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", &requirements];
    // Some programs ask for others that they do not need here, or that would stand in the way.
    let alone: &[&str] = if wanted.starts_with(COMPLETE) { &["--no-deps"] } else { &[] };
    quietly(&python.display().to_string(), &[&pip, alone].concat())?;
    fs::write(&stamp, wanted).map_err(|error| format!("{} cannot be written: {error}", stamp.display()))?;
    Ok(python)
}

fn quietly(program: &str, arguments: &[&str]) -> Result<(), String> {
    let said = format!("{program} {}", arguments.join(" "));
    println!("$ {said}");
    match Command::new(program).args(arguments).stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{said}` ended with {status}; it needs a network the first time")),
        Err(error) => Err(format!("`{said}` could not be started: {error}")),
    }
}

fn judge(python: &Path, script: &str) -> Vec<Verdict> {
    let path = format!("{FOLDER}/{script}");
    // Tracebacks go to the terminal as they come; the verdicts are read.
    let output = Command::new(python).arg(&path).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            println!("FAIL {script}: it could not be started: {error}");
            return vec![Verdict::Failed];
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let mut verdicts: Vec<Verdict> = said.lines().filter_map(verdict).collect();
    if !output.status.success() && !verdicts.contains(&Verdict::Failed) {
        println!("FAIL {script}: it ended with {}", output.status);
        verdicts.push(Verdict::Failed);
    } else if verdicts.is_empty() {
        println!("FAIL {script}: it checked nothing");
        verdicts.push(Verdict::Failed);
    }
    verdicts
}

fn verdict(line: &str) -> Option<Verdict> {
    match line.split_once(' ')?.0 {
        "PASS" => Some(Verdict::Passed),
        "FAIL" => Some(Verdict::Failed),
        "SKIPPED" => Some(Verdict::Skipped),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verdicts_count() {
        for (line, expected) in [
            ("PASS mrz td3", Some(Verdict::Passed)),
            ("FAIL mrz td1: another check digit", Some(Verdict::Failed)),
            ("SKIPPED ef01: no simulator", Some(Verdict::Skipped)),
            ("PASSED x", None),
            ("a PASS in a sentence", None),
            ("", None),
        ] {
            assert_eq!(verdict(line), expected, "{line}");
        }
    }

    #[test]
    fn every_script_is_there_and_in_the_list() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut there: Vec<String> = fs::read_dir(root.join(FOLDER))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter(|name| name.ends_with(".py"))
            .collect();
        there.sort();
        let mut listed: Vec<_> = JUDGES.iter().map(|(script, _)| *script).collect();
        listed.sort_unstable();
        assert_eq!(there, listed);
        for (script, needs) in JUDGES {
            let requirements = root.join(FOLDER).join(format!("{needs}.txt"));
            assert!(requirements.exists(), "{script} needs {}", requirements.display());
        }
    }
}
