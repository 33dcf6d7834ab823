//! What goes wrong with a scanner of libfprint's, and what the station makes of it.

use crate::codes::Code;
use domain::device::DeviceFault;
use thiserror::Error;

/// Trouble with a scanner of libfprint's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FprintError {
    /// Another program holds the scanner.
    #[error("the scanner is held by another program: {0}")]
    Busy(String),
    /// The account may not open the scanner.
    #[error("the scanner may not be opened: {0}")]
    Denied(String),
    /// The library or the scanner reported a fault.
    #[error("libfprint: {0}")]
    Failed(String),
    /// Not plugged in, or unplugged.
    #[error("the scanner is not there")]
    Gone,
    /// The library did not come back after it was cancelled.
    #[error("libfprint does not come back")]
    Hangs,
    /// The library's guard against overheating.
    #[error("libfprint takes the scanner for too hot")]
    Hot,
    /// Nobody put a finger on in time.
    #[error("no finger before the deadline")]
    NoFinger,
    /// The finger that was placed is still there.
    #[error("the finger was not lifted")]
    NotLifted,
    /// Every placement was refused.
    #[error("{0} placements were refused")]
    Refused(u32),
    /// More than one scanner of the same make: which one is meant cannot be said.
    #[error("{0} scanners of this make are plugged in")]
    Several(usize),
    /// An image that this scanner cannot have taken.
    #[error("an image of {width} x {height} pixels cannot be this scanner's")]
    Size {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A scanner that the table does not know, or that gives no image of a finger pressed on it.
    #[error("the table of scanners does not know it: its resolution cannot be told")]
    Unknown,
    /// Not what the table says that this USB id is: swipe sensors and those that match on the chip give no image.
    #[error("not the kind of scanner that the table says: {0}")]
    Unsuitable(String),
}

impl FprintError {
    /// Whether the scanner is closed and looked for again.
    pub(super) fn session_is_lost(&self) -> bool {
        match self {
            Self::Busy(_)
            | Self::Denied(_)
            | Self::Failed(_)
            | Self::Gone
            | Self::Hangs
            | Self::Several(_)
            | Self::Size { .. }
            | Self::Unknown
            | Self::Unsuitable(_) => true,
            Self::Hot | Self::NoFinger | Self::NotLifted | Self::Refused(_) => false,
        }
    }

    /// The fault, with the configured device in its log text.
    pub(super) fn fault(&self, device: &str) -> DeviceFault {
        let code = match self {
            Self::Busy(_) => Code::ScannerHeld,
            Self::Denied(_) => Code::ScannerDenied,
            Self::Failed(_) => Code::ScannerFailed,
            Self::Gone => Code::ScannerGone,
            Self::Hangs => Code::ScannerSilent,
            Self::Hot => Code::ScannerHot,
            Self::NoFinger => Code::ScannerNoFinger,
            Self::NotLifted => Code::ScannerNotLifted,
            Self::Refused(_) => Code::ScannerRefused,
            Self::Several(_) => Code::ScannerTwice,
            Self::Size { .. } => Code::ScannerGarbage,
            Self::Unknown | Self::Unsuitable(_) => Code::ScannerUnknown,
        };
        code.fault(format!("{device}: {self}"))
    }
}
