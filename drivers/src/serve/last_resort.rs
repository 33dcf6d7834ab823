//! A driver in a unit of its own has nobody to kill it: the station may end its own processes only. So the process sees to
//! its end itself, whatever its other threads are held up by.

use crate::wire::Channel;
use rustix::process::{Signal, getpid, kill_process};
use std::io;
use std::time::Duration;

/// What a driver gets to end in order when the station has closed the connection.
const GRACE: Duration = Duration::from_secs(2);

/// From now on this process ends at the latest two seconds after the station's end of this connection was closed: also
/// while a device is being opened, or a library's exit handlers hang.
///
/// # Errors
/// There is no thread for it, or no file number.
pub fn end_with_station(channel: &Channel) -> io::Result<()> {
    let channel = channel.try_clone()?;
    let watch = move || {
        channel.wait_for_end(None);
        std::thread::sleep(GRACE);
        tracing::error!("the station is gone and the device does not let go: this process ends itself");
        // Not by an exit, which would wait for handlers and locks. It can fail only for another process.
        let _ = kill_process(getpid(), Signal::KILL);
    };
    std::thread::Builder::new().name("last-resort".into()).spawn(watch).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::stdin;
    use std::os::fd::AsFd;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    #[test]
    fn a_process_whose_threads_are_all_held_up_ends_when_the_station_has_gone() {
        let (station, theirs) = Channel::pair().unwrap();
        let mut driver = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "serve::last_resort::tests::held_up"])
            .stdin(Stdio::from(theirs.into_fd()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(GRACE + Duration::from_millis(500));
        assert!(driver.try_wait().unwrap().is_none(), "while the station is there it is left alone");
        let gone = Instant::now();
        drop(station);
        let status = driver.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{status}");
        assert!(gone.elapsed() >= GRACE, "it had its time to end in order");
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn held_up() {
        let channel = Channel::from_fd(stdin().as_fd().try_clone_to_owned().unwrap());
        end_with_station(&channel).unwrap();
        std::thread::sleep(Duration::from_secs(60));
    }
}
