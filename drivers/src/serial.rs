//! A serial line, as scanners and readers use it: reads with a time limit each, errors by what to do about them.

use domain::device::ErrorKind;
use serialport::{SerialPort, TTYPort};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use thiserror::Error;

/// Bytes written at once: longer writes hung on some lines, beyond their time limit.
const WRITE_CHUNK: usize = 64;
const WRITE_LIMIT: Duration = Duration::from_secs(1);

/// Line speeds in baud that a setting may name.
pub const BAUDS: std::ops::RangeInclusive<u32> = 1200..=3_000_000;

/// Trouble with the line itself.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LineError {
    /// Another program holds it.
    #[error("the line is locked by another program")]
    Busy,
    /// The account may not open it.
    #[error("permission denied")]
    Denied,
    /// It does not exist, was closed at the other end, or takes no data.
    #[error("the line is gone: {0}")]
    Gone(String),
}

impl LineError {
    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy => ErrorKind::Busy,
            Self::Denied => ErrorKind::PermissionDenied,
            Self::Gone(_) => ErrorKind::Disconnected,
        }
    }
}

/// An open serial line: raw bytes, 8N1, locked against other programs.
pub struct SerialLine {
    port: TTYPort,
    path: String,
}

impl SerialLine {
    /// Opens a device path. Modem lines are left alone: pseudo-terminals have none.
    pub fn open(path: &str, baud: u32) -> Result<Self, LineError> {
        let opened = serialport::new(path, baud).timeout(WRITE_LIMIT).open_native();
        let port = opened.map_err(|error| match error.kind() {
            // The lock's error reads like an absent device; the path tells them apart.
            serialport::ErrorKind::NoDevice if Path::new(path).exists() => LineError::Busy,
            serialport::ErrorKind::Io(io::ErrorKind::PermissionDenied) => LineError::Denied,
            _ => LineError::Gone(error.description),
        })?;
        Ok(Self { port, path: path.to_owned() })
    }

    /// What came within this time, at most a buffer full; 0 when nothing came.
    pub fn read(&mut self, buffer: &mut [u8], wait: Duration) -> Result<usize, LineError> {
        self.port.set_timeout(wait).map_err(|error| LineError::Gone(error.description))?;
        match self.port.read(buffer) {
            Ok(0) => Err(LineError::Gone("end of file".to_owned())),
            Ok(count) => Ok(count),
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock => Ok(0),
                _ => Err(LineError::Gone(error.to_string())),
            },
        }
    }

    /// Sends all of it.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        self.port.set_timeout(WRITE_LIMIT).map_err(|error| LineError::Gone(error.description))?;
        bytes
            .chunks(WRITE_CHUNK)
            .try_for_each(|chunk| self.port.write_all(chunk))
            .map_err(|error| LineError::Gone(error.to_string()))
    }

    /// Notices, without waiting, that the line has gone. What waits on it is thrown away.
    pub fn check(&mut self) -> Result<(), LineError> {
        if !Path::new(&self.path).exists() {
            return Err(LineError::Gone("its path has vanished".to_owned()));
        }
        self.read(&mut [0; 256], Duration::ZERO).map(drop)
    }
}
