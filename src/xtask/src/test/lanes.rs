//! Programs of tests run two at a time: most tests of stations wait (for people, devices, a power cut), and most tests
//! of computing do not. What a program prints is shown in one piece when it ends.

use crate::failure::Failure;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// A program of tests.
#[derive(Clone, Debug)]
pub struct Program {
    /// As people know it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The folder of its package, where it runs.
    pub folder: PathBuf,
}

/// How a program of tests ended.
struct Ended {
    name: String,
    took: Duration,
    /// What it printed.
    output: Vec<u8>,
    good: bool,
}

/// How a lane takes its next program.
type Take = fn(&mut VecDeque<Program>) -> Option<Program>;

/// The lanes: one takes programs from the front of the list, the other from its end, so that tests of packages of
/// computing run beside those of whole stations.
const TAKE: [Take; 2] = [VecDeque::pop_front, VecDeque::pop_back];

/// Runs all of them, whatever fails first: one run shows everything that is wrong.
pub fn run(programs: Vec<Program>) -> Result<(), Failure> {
    let count = programs.len();
    let waiting = &Mutex::new(VecDeque::from(programs));
    let failed: Vec<String> = thread::scope(|scope| {
        let lanes = TAKE.map(|take| scope.spawn(move || lane(waiting, take)));
        lanes
            .into_iter()
            .flat_map(|lane| lane.join().unwrap_or_else(|_| vec!["a lane of this command".into()]))
            .collect()
    });
    println!("{} of {count} programs of tests good", count.saturating_sub(failed.len()));
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("Tests failed in:\n  {}", failed.join("\n  "))).with_code(Some(101)))
}

/// The names of those that failed.
fn lane(waiting: &Mutex<VecDeque<Program>>, take: Take) -> Vec<String> {
    let mut failed = Vec::new();
    while let Some(program) = waiting.lock().ok().and_then(|mut waiting| take(&mut waiting)) {
        println!("-- {} ...", program.name);
        let ended = run_one(&program);
        let how = if ended.good { "good" } else { "FAILED" };
        let printed = String::from_utf8_lossy(&ended.output);
        // One call: the other lane speaks too.
        println!("== {}: {how}, {:.1} s\n{}\n", ended.name, ended.took.as_secs_f64(), printed.trim());
        if !ended.good {
            failed.push(ended.name);
        }
    }
    failed
}

fn run_one(program: &Program) -> Ended {
    let started = Instant::now();
    let output = Command::new(&program.path)
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .stdin(Stdio::null())
        .output();
    let (output, good) = match output {
        Ok(output) => ([output.stdout, output.stderr].concat(), output.status.success()),
        Err(error) => (format!("{} could not be started: {error}.", program.path.display()).into_bytes(), false),
    };
    Ended { name: program.name.clone(), took: started.elapsed(), output, good }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn program(path: &str, folder: &Path) -> Program {
        Program { name: path.to_owned(), path: path.into(), folder: folder.to_owned() }
    }

    #[test]
    fn those_that_failed_are_named_after_all_have_run() {
        let dir = tempfile::tempdir().unwrap();
        let programs =
            ["/bin/true", "/bin/false", "/usr/bin/env", "/bin/pwd", "/none"].map(|path| program(path, dir.path()));
        let failure = run(programs.to_vec()).unwrap_err().to_string();
        assert!(failure.ends_with("/bin/false\n  /none") || failure.ends_with("/none\n  /bin/false"), "{failure}");
        run(vec![programs[0].clone(), programs[2].clone()]).unwrap();
    }

    #[test]
    fn a_program_runs_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().canonicalize().unwrap().display().to_string();
        let printed = |path| String::from_utf8(run_one(&program(path, Path::new(&folder))).output).unwrap();
        assert_eq!(printed("/bin/pwd").trim(), folder);
        assert!(printed("/usr/bin/env").lines().any(|line| line == format!("CARGO_MANIFEST_DIR={folder}")));
    }
}
