//! The checks that `cargo xtask vm-test` runs inside its guest: real driver processes on a kernel that has cameras and a
//! USB port. It is made for that guest, where it is the only program and may unplug everything.
//!
//! Prints `vm: ok NAME` or `vm: FAIL NAME why` for each check, and `vm: end`. The list of what must be good is in
//! `src/xtask/src/vm_test.rs`.

mod camera;
mod device;
mod gadget;
#[allow(clippy::unwrap_used, reason = "the walk to a permit is the same each time, and a test of its own")]
#[path = "../../../../drivers/tests/devices/permits.rs"]
mod permits;
mod scanner;
mod usb_camera;
mod vivid;

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

/// What a check gives: nothing, or why it failed.
type Checked<T = ()> = Result<T, String>;

/// How long anything may take. The guest is emulated, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    // Cameras and scanner have nothing to do with each other, and the emulator has two processors.
    thread::scope(|scope| {
        scope.spawn(scanner::run);
        camera::run();
        usb_camera::run();
    });
    say("vm: end");
}

/// Runs a check and tells how it went; true if well.
fn check(name: &str, run: impl FnOnce() -> Checked) -> bool {
    match run() {
        Ok(()) => say(&format!("vm: ok {name}")),
        Err(why) => {
            say(&format!("vm: FAIL {name} {why}"));
            return false;
        }
    }
    true
}

/// One line on the console, in one piece.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Without a console there is nobody to tell.
    let _ = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
}

/// Looks until there is something, and gives it.
fn await_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> Checked<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("waited in vain for {what}"));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Makes an error of the system a reason.
fn because<T>(what: &str, done: std::io::Result<T>) -> Checked<T> {
    done.map_err(|error| format!("{what}: {error}"))
}
