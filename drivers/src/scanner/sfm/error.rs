//! What goes wrong with an SFM module, and what the station makes of it.

use super::command::ImageError;
use crate::codes::Code;
use crate::serial::LineError;
use domain::device::{DeviceFault, DeviceKind};
use thiserror::Error;

/// Trouble with an SFM module.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SfmError {
    /// Damaged on the way, and again when asked for once more.
    #[error("{0} came damaged")]
    Damaged(&'static str),
    /// Bytes that are no packets, for example at another baud rate, or packets out of turn.
    #[error("{0} bytes or packets that do not belong here; is the baud rate right?")]
    Garbage(u64),
    /// An image that the station cannot use.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The line itself.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Nobody put a finger on in time.
    #[error("no finger before the deadline")]
    NoFinger,
    /// Asked to capture before it was probed.
    #[error("the line is not open")]
    NotOpen,
    /// An error code that says no.
    #[error("command {0:#04x} was answered with {1:#04x}")]
    Refused(u8, u8),
    /// No answer at all.
    #[error("no answer to command {0:#04x}")]
    Silent(u8),
    /// An answer or a transfer began and did not go on.
    #[error("{got} of {needed} bytes came in time")]
    Slow {
        /// Bytes that came.
        got: usize,
        /// Bytes awaited.
        needed: usize,
    },
    /// Nobody wants the answer any more.
    #[error("stopped")]
    Stopped,
    /// The image is not of the size that the settings state.
    #[error("the sensor has {got:?} pixels, not the {needed:?} of the settings")]
    Sensor {
        /// Width and height that came.
        got: (u32, u32),
        /// Width and height in the settings.
        needed: (u32, u32),
    },
}

impl SfmError {
    /// Whether the connection is closed and looked for again.
    pub(super) fn line_is_lost(&self) -> bool {
        match self {
            Self::Garbage(_) | Self::Line(_) | Self::NotOpen | Self::Silent(_) | Self::Slow { .. } => true,
            Self::Damaged(_)
            | Self::Image(_)
            | Self::NoFinger
            | Self::Refused(..)
            | Self::Sensor { .. }
            | Self::Stopped => false,
        }
    }

    /// Whether the image, which the module still has, is worth asking for once more.
    pub(super) fn may_be_repeated(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Garbage(_))
    }

    /// The two texts. `path` stands in the log only.
    pub(super) fn fault(&self, path: &str) -> DeviceFault {
        let code = match self {
            Self::Damaged(_) => Code::ScannerChecksum,
            Self::Garbage(_) | Self::Image(_) => Code::ScannerGarbage,
            Self::Line(error) => Code::of_line(DeviceKind::FingerScanner, error.kind()),
            Self::NoFinger => Code::ScannerNoFinger,
            Self::NotOpen | Self::Stopped => Code::ScannerGone,
            Self::Refused(..) => Code::ScannerRefused,
            Self::Sensor { .. } => Code::BadSettings,
            Self::Silent(_) => Code::ScannerSilent,
            Self::Slow { .. } => Code::ScannerSlow,
        };
        code.fault(format!("{path}: {self}"))
    }
}
