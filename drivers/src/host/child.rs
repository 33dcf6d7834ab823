//! A driver process: its connection is its standard input, and it never outlives this value.

use super::DriverSpec;
use crate::wire::Channel;
use std::io;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a driver gets to close its device before it is killed.
const GRACE: Duration = Duration::from_millis(500);

pub(super) struct Child {
    process: std::process::Child,
    channel: Option<Channel>,
}

impl Child {
    /// Starts the program. Its settings go over the connection, never on the command line.
    pub(super) fn start(spec: &DriverSpec) -> Result<Self, String> {
        let (ours, theirs) = Channel::pair().map_err(|error| error.to_string())?;
        let process = Command::new(&spec.program)
            .args([spec.kind.id(), &spec.driver])
            .stdin(Stdio::from(theirs.into_fd()))
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error: io::Error| format!("{} does not start: {error}", spec.program.display()))?;
        Ok(Self { process, channel: Some(ours) })
    }

    pub(super) fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Closes the connection, which a driver takes as the order to end, and returns how it ended.
    pub(super) fn end(mut self) -> String {
        self.channel = None;
        let patience = Instant::now() + GRACE;
        while Instant::now() < patience {
            match self.process.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return error.to_string(),
            }
        }
        "killed, because it did not end by itself".to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only when the process has ended and was waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
