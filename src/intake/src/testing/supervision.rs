//! Ending what a test has started, however the test ends.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs a shell command once this process is gone, or when this is dropped: it waits for the end of a pipe that nobody
/// else holds, so a kill -9 of the tests is no way around it.
pub(super) struct Afterwards(Child);

impl Afterwards {
    pub(super) fn run(script: &str) -> io::Result<Self> {
        let waiting = format!("cat >/dev/null; {script}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &waiting]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // In a group of its own: Ctrl-C at the terminal ends the tests, and not this.
        shell.current_dir("/").process_group(0).spawn().map(Self)
    }
}

impl Drop for Afterwards {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // It says nothing that anybody could act upon.
        let _ = self.0.wait();
    }
}

/// The children of a process that are alive.
pub(super) fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| state(*pid).is_some_and(|(of, alive)| of == parent && alive)).collect()
}

/// Whether a process is there and more than a zombie that nobody has taken leave of.
pub(super) fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|(_, alive)| alive)
}

/// Ends processes without a warning.
pub(super) fn kill(pids: &[u32]) -> io::Result<()> {
    let pids = pids.iter().map(u32::to_string);
    // Some may have ended by themselves meanwhile, which it reports as a failure.
    Command::new("kill").arg("-KILL").args(pids).stderr(Stdio::null()).status().map(drop)
}

/// The parent of a process, and whether it is more than a zombie.
fn state(pid: u32) -> Option<(u32, bool)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets and may hold anything; after it come state and parent.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    Some((fields.next()?.parse().ok()?, !matches!(state, "Z" | "X")))
}
