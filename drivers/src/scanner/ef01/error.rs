//! What goes wrong with a sensor of this family, and what the station makes of it.

use super::command::{ContentError, Instruction};
use super::packet::ContentTooLong;
use crate::codes::Code;
use crate::serial::LineError;
use domain::device::{DeviceFault, DeviceKind};
use thiserror::Error;

/// Trouble with a sensor of the 0xEF01 family.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Ef01Error {
    /// Packets came with a wrong checksum, and again when asked for once more.
    #[error("{0} packets had a wrong checksum")]
    Checksum(u32),
    /// A packet of ours that cannot be.
    #[error(transparent)]
    Command(#[from] ContentTooLong),
    /// An answer that cannot be.
    #[error("answer to {0:?}: {1}")]
    Content(Instruction, ContentError),
    /// Bytes that are no packets, for example at another baud rate.
    #[error("{0} bytes that are no packet; is the baud rate right?")]
    Garbage(u64),
    /// The line itself.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Nobody put a finger on in time.
    #[error("no finger before the deadline")]
    NoFinger,
    /// Asked to capture before it was probed.
    #[error("the line is not open")]
    NotOpen,
    /// The module has another password.
    #[error("the module refuses the password")]
    Password,
    /// A confirmation code that says no.
    #[error("{0:?} was answered with {1:#04x}")]
    Refused(Instruction, u8),
    /// No answer at all.
    #[error("no answer to {0:?}")]
    Silent(Instruction),
    /// More or fewer pixels than the sensor has.
    #[error("the image has {got} bytes, not {needed}")]
    Size {
        /// Bytes that came.
        got: usize,
        /// Bytes that an image has.
        needed: usize,
    },
    /// An answer or a transfer began and did not go on.
    #[error("{got} of {needed} bytes came in time")]
    Slow {
        /// Bytes that came.
        got: usize,
        /// Bytes awaited.
        needed: usize,
    },
}

impl Ef01Error {
    /// Whether the connection is closed and looked for again.
    pub(super) fn line_is_lost(&self) -> bool {
        match self {
            Self::Content(..)
            | Self::Garbage(_)
            | Self::Line(_)
            | Self::NotOpen
            | Self::Silent(_)
            | Self::Size { .. }
            | Self::Slow { .. } => true,
            Self::Checksum(_) | Self::Command(_) | Self::NoFinger | Self::Password | Self::Refused(..) => false,
        }
    }

    /// The two texts. `path` stands in the log only.
    pub(super) fn fault(&self, path: &str) -> DeviceFault {
        let code = match self {
            Self::Checksum(_) => Code::ScannerChecksum,
            Self::Command(_) | Self::Refused(..) => Code::ScannerRefused,
            Self::Content(..) | Self::Garbage(_) | Self::Size { .. } => Code::ScannerGarbage,
            Self::Line(error) => Code::of_line(DeviceKind::FingerScanner, error.kind()),
            Self::NoFinger => Code::ScannerNoFinger,
            Self::NotOpen => Code::ScannerGone,
            Self::Password => Code::ScannerPassword,
            Self::Silent(_) => Code::ScannerSilent,
            Self::Slow { .. } => Code::ScannerSlow,
        };
        code.fault(format!("{path}: {self}"))
    }
}
