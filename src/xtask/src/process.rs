//! Programs that this one starts: in the foreground with their output, or in the background with a log, stopped with
//! everything that they started themselves.

use crate::failure::Failure;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take to end after it was asked to, before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// How often something that has no event of its own is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Lines of a log that are shown when its program failed.
const LAST_WORDS: usize = 12;

/// Runs a program to its end, with its output on this terminal.
pub fn foreground(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    finished(program, arguments, Command::new(program).args(arguments))
}

/// Runs a program to its end; what it printed. Its complaints are on this terminal.
pub fn said(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let line = format!("{program} {}", arguments.join(" "));
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("`{line}` could not be started: {error}.")))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{line}` ended with {}.", output.status)).with_code(output.status.code()));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new(format!("`{line}` printed bytes that are no text.")))
}

/// Runs the cargo that runs this program.
pub fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    println!("$ cargo {}", arguments.join(" "));
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    finished("cargo", arguments, Command::new(cargo).args(arguments))
}

/// What the cargo that runs this program prints; its progress is on this terminal.
pub fn cargo_said(arguments: &[&str]) -> Result<String, Failure> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    println!("$ cargo {}", arguments.join(" "));
    said(&cargo, arguments)
}

fn finished(program: &str, arguments: &[&str], command: &mut Command) -> Result<(), Failure> {
    let said = format!("{program} {}", arguments.join(" "));
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::new(format!("`{said}` could not be started: {error}.")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{said}` ended with {status}.")).with_code(status.code()))
}

/// Set by Ctrl-C, a hang-up or a request to end.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on those signals set it instead of ending this program, so that the others can be stopped first.
    pub fn listen() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // A second Ctrl-C ends this program at once: stopping must not be able to hang.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)))
                .map_err(|error| Failure::new(format!("Ctrl-C cannot be caught: {error}.")))?;
        }
        Ok(Self(flag))
    }

    /// Whether a signal came.
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Looks until there is an answer, the time is over or a signal came.
pub fn wait_for<T>(limit: Duration, interrupt: &Interrupt, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if started.elapsed() >= limit || interrupt.raised() {
            return None;
        }
        thread::sleep(LOOK);
    }
}

/// A program in the background, in a process group of its own. Dropping it stops the whole group.
#[derive(Debug)]
pub struct Background {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Bytes of the log that were shown already.
    shown: usize,
    ended: Option<ExitStatus>,
}

impl Background {
    /// Starts it with its output in `log`.
    pub fn start(name: &'static str, program: &Path, arguments: &[String], log: &Path) -> Result<Self, Failure> {
        let open = || File::options().create(true).append(true).open(log);
        let (out, err) = open()
            .and_then(|out| out.try_clone().map(|err| (out, err)))
            .map_err(|error| Failure::io("write the log", log, &error))?;
        let child = Command::new(program)
            .args(arguments)
            // Logs are read by people and by programs; neither wants escape codes.
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::io("start", program, &error))?;
        Ok(Self { name, child, log: log.to_owned(), shown: 0, ended: None })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().ok().flatten();
        }
        self.ended
    }

    /// Whether its log has this line.
    pub fn has_said(&self, line: &str) -> bool {
        fs::read_to_string(&self.log).is_ok_and(|log| log.lines().any(|said| said.trim() == line))
    }

    /// Shows what came into its log since the last time, whole lines only.
    pub fn show_news(&mut self) {
        let log = fs::read(&self.log).unwrap_or_default();
        let news = log.get(self.shown..).unwrap_or_default();
        let whole = news.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        print!("{}", String::from_utf8_lossy(&news[..whole]));
        self.shown += whole;
    }

    /// What is wrong when it ended, or did not get ready, with the last lines of its log.
    pub fn complaint(&mut self) -> Failure {
        let how = match self.ended() {
            Some(status) => format!("ended with {status}"),
            None => "did not get ready in time".to_owned(),
        };
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n  ");
        Failure::new(format!("{} {how}. The end of {}:\n  {last}", self.name, self.log.display()))
    }

    /// Asks the program to end, and after a while kills what is left of it and of everything that it started.
    pub fn stop(&mut self) {
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        if self.ended().is_none() {
            // Only the program itself: it knows best in which order its own children end. An error can only mean that
            // it has ended meanwhile.
            let _ = kill_process(pid, Signal::TERM);
        }
        let started = Instant::now();
        while self.ended().is_none() && started.elapsed() < GRACE {
            thread::sleep(LOOK);
        }
        // Mostly nobody is left, and that is the error that comes.
        let _ = kill_process_group(pid, Signal::KILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Background {
        Background::start("shell", Path::new("sh"), &["-c".into(), script.into()], log).unwrap()
    }

    fn quiet() -> Interrupt {
        Interrupt(Arc::default())
    }

    const LIMIT: Duration = Duration::from_secs(20);

    #[test]
    fn what_a_program_says_is_found_and_a_failure_quotes_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell("echo ready; echo 'no cable' >&2; exit 3", &dir.path().join("log"));
        let status = wait_for(LIMIT, &quiet(), || child.ended()).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(child.has_said("ready") && !child.has_said("read"));
        let complaint = child.complaint().to_string();
        assert!(complaint.contains("no cable") && complaint.contains("exit status: 3"), "{complaint}");
    }

    #[test]
    fn what_a_program_printed_is_taken_only_from_a_good_end() {
        assert_eq!(said("sh", &["-c", "echo one; echo two"]).unwrap(), "one\ntwo\n");
        for (script, complaint) in [("echo one; exit 4", "exit status: 4"), ("printf '\\377'", "no text")] {
            let failure = said("sh", &["-c", script]).unwrap_err().to_string();
            assert!(failure.contains(complaint), "{failure}");
        }
    }

    #[test]
    fn the_children_of_a_program_end_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell("sleep 600 & echo $!; echo ready; wait", &dir.path().join("log"));
        wait_for(LIMIT, &quiet(), || child.has_said("ready").then_some(())).unwrap();
        let grandchild: String = fs::read_to_string(dir.path().join("log")).unwrap().lines().next().unwrap().into();
        let alive = || {
            let stat = fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
            // A dead process that nobody has asked after yet is a zombie.
            !stat.is_empty() && !stat.contains(") Z ")
        };
        assert!(alive());
        child.stop();
        wait_for(LIMIT, &quiet(), || (!alive()).then_some(())).unwrap();
    }

    #[test]
    fn waiting_ends_with_a_signal() {
        let raised = Interrupt(Arc::new(AtomicBool::new(true)));
        assert_eq!(wait_for(LIMIT, &raised, || None::<()>), None);
    }
}
