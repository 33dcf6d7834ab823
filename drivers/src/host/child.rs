//! A driver at work: a program that the station started, or one that systemd started because the station connected.

use super::{DriverPlace, DriverSpec};
use crate::wire::Channel;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a driver gets to close its device before it is killed.
const GRACE: Duration = Duration::from_millis(500);

pub(super) struct Child {
    channel: Option<Channel>,
    life: Life,
}

/// What the station has of a driver besides the connection.
enum Life {
    /// A process of its own, which never outlives this value.
    Process(std::process::Child),
    /// Nothing: the process is another account's. It ends itself when the connection is closed, and this unit started it.
    Unit(String),
}

impl Child {
    /// Starts the program, or has its unit start it. Its settings go over the connection, never on the command line.
    pub(super) fn start(spec: &DriverSpec) -> Result<Self, String> {
        match &spec.place {
            DriverPlace::Program(program) => Self::spawn(spec, program),
            DriverPlace::Sockets(folder) => Self::connect(spec, folder),
        }
    }

    fn spawn(spec: &DriverSpec, program: &Path) -> Result<Self, String> {
        let (ours, theirs) = Channel::pair().map_err(|error| error.to_string())?;
        let process = Command::new(program)
            .args([spec.kind.id(), &spec.driver])
            .stdin(Stdio::from(theirs.into_fd()))
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error: io::Error| format!("{} does not start: {error}", program.display()))?;
        Ok(Self { channel: Some(ours), life: Life::Process(process) })
    }

    fn connect(spec: &DriverSpec, folder: &Path) -> Result<Self, String> {
        let named = format!("{}-{}", spec.kind.id(), spec.driver);
        let (path, unit) = (folder.join(format!("{named}.sock")), format!("gatepost-driver-{named}"));
        let channel = Channel::connect(&path).map_err(|error| refused(&path, &unit, &error))?;
        Ok(Self { channel: Some(channel), life: Life::Unit(unit) })
    }

    pub(super) fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Closes the connection, which a driver takes as the order to end, and returns how it ended.
    pub(super) fn end(mut self) -> String {
        let channel = self.channel.take();
        match &mut self.life {
            Life::Process(process) => {
                drop(channel);
                ended(process)
            }
            Life::Unit(unit) => {
                // Whoever connects again finds the device free, if the driver is one that listens.
                let gone = channel.is_none_or(|channel| channel.say_no_more(GRACE));
                let how = if gone { "ended" } else { "has to end itself, which takes a moment" };
                format!("{how}; its words: journalctl --unit '{unit}@*'")
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Life::Process(process) = &mut self.life {
            // Both fail only when the process has ended and was waited for.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn ended(process: &mut std::process::Child) -> String {
    let patience = Instant::now() + GRACE;
    while Instant::now() < patience {
        match process.try_wait() {
            Ok(Some(status)) => return status.to_string(),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return error.to_string(),
        }
    }
    "killed, because it did not end by itself".to_owned()
}

/// What is wrong with a driver's socket, and what to do about it.
fn refused(path: &Path, unit: &str, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "there is no socket {path}: see `systemctl status {unit}.socket`, and `systemctl enable --now {unit}.socket` \
             makes it"
        ),
        io::ErrorKind::ConnectionRefused => {
            format!("nobody listens at {path}: `systemctl restart {unit}.socket` mends that")
        }
        io::ErrorKind::PermissionDenied => {
            format!("this account may not connect to {path}: only the station's may, see `systemctl cat {unit}.socket`")
        }
        io::ErrorKind::WouldBlock => {
            format!("nobody takes what is said at {path}: see `systemctl status {unit}.socket`")
        }
        _ => format!("{path} cannot be connected to: {error}; see `systemctl status {unit}.socket`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_refuses_names_its_unit() {
        let path = Path::new("/run/gatepost-drivers/camera-v4l2.sock");
        for (kind, told) in [
            (io::ErrorKind::NotFound, "systemctl enable --now gatepost-driver-camera-v4l2.socket"),
            (io::ErrorKind::ConnectionRefused, "systemctl restart gatepost-driver-camera-v4l2.socket"),
            (io::ErrorKind::PermissionDenied, "only the station's may"),
            (io::ErrorKind::WouldBlock, "systemctl status gatepost-driver-camera-v4l2.socket"),
            (io::ErrorKind::InvalidInput, "systemctl status gatepost-driver-camera-v4l2.socket"),
        ] {
            let said = refused(path, "gatepost-driver-camera-v4l2", &kind.into());
            assert!(said.contains(told) && said.contains("camera-v4l2.sock"), "{said}");
        }
    }
}
