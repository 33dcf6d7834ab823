//! Child processes: found beside the test, started in a group of their own, gone when dropped.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Lines of a log that are quoted when its program failed.
const LAST_WORDS: usize = 15;

/// A program of the build that this test belongs to.
///
/// # Panics
/// When it has not been built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/PROFILE/deps/TEST, or target/PROFILE/soak
    let folder = test.parent().unwrap();
    let path = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder }.join(name);
    assert!(
        path.exists(),
        "{} is missing: `cargo xtask test` builds the programs before it runs the tests",
        path.display()
    );
    path
}

/// Runs a program to its end.
pub fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(program(name)).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// Runs a program to its end, which must be a success; gives what it printed.
pub fn succeed(name: &str, arguments: &[&str]) -> String {
    ended_well(name, arguments, run(name, arguments))
}

/// The same for a program that opens the station's keys: the folder is that of its credentials.
pub fn succeed_with_keys(name: &str, credentials: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program(name));
    command.env("CREDENTIALS_DIRECTORY", credentials).args(arguments).stdin(Stdio::null());
    ended_well(name, arguments, command.output().unwrap())
}

fn ended_well(name: &str, arguments: &[&str], output: Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {} ended with {}:\n{said}", arguments.join(" "), output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// A program in the background. Dropping it kills it and its children.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a command in a process group of its own, with everything it says in `log`.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let out = File::options().create(true).append(true).open(log).unwrap();
        let err = out.try_clone().unwrap();
        let started = command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0).spawn();
        let child = started.unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.get_program()));
        Self { child, log: log.to_owned() }
    }

    /// The number of its process and of its group.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has said this line.
    pub fn has_said(&self, line: &str) -> bool {
        fs::read_to_string(&self.log).is_ok_and(|log| log.lines().any(|said| said.trim() == line))
    }

    /// # Panics
    /// When it has ended although nobody asked it to, quoting the end of its log.
    pub fn must_run(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n");
            panic!("a program ended with {status}; the end of {}:\n{last}", self.log.display());
        }
    }

    /// SIGTERM to the program alone: it is asked to stop.
    pub fn ask_to_stop(&mut self) {
        if let Some(process) = i32::try_from(self.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, Signal::TERM);
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGKILL to the program alone, as `kill -9` does; its children have to notice for themselves.
    pub fn kill9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(self.id());
        // It has been killed: waiting is short, and takes the zombie away.
        let _ = self.child.wait();
    }
}

/// Kills every process of a group; one that is empty is fine.
pub fn kill_group(group: u32) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Processes of a group that are not dead. A dead one that nobody has asked after does not count.
pub fn alive_in(group: u32) -> Vec<u32> {
    processes(|folder| {
        let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
        // PID (NAME) STATE PARENT GROUP ...; the name may hold anything, so the last bracket counts.
        let mut fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
        let (state, of) = (fields.next(), fields.nth(1));
        !matches!(state, Some("Z" | "X")) && of == Some(group.to_string().as_str())
    })
}

/// Processes whose command line names this path.
pub fn naming(path: &Path) -> Vec<u32> {
    let wanted = path.display().to_string();
    processes(|folder| {
        let line = fs::read(folder.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&wanted)
    })
}

fn processes(wanted: impl Fn(&Path) -> bool) -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbered = all.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
    numbered.filter(|(_, folder)| wanted(folder)).map(|(number, _)| number).collect()
}
