//! The messages.

use domain::device::{DeviceDescriptor, DeviceFault, DeviceState};
use domain::finger::Finger;
use domain::units::{Millis, Ppi};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Frames, of a camera or of a scanner's preview, that a driver may have sent without the station having taken them. Later ones replace each other, so a slow
/// station sees the newest frame and not a queue of old ones.
pub const MAX_IN_FLIGHT: u32 = 2;

/// What a capture is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The face: previews until stopped.
    Face,
    /// These fingers, put down together: an image of each, or one image of a device that does not tell them apart.
    Fingers(Vec<Finger>),
}

/// From the station to a driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request", deny_unknown_fields)]
pub enum Request {
    /// Open the device for one attempt. What runs is stopped first.
    Capture {
        /// The attempt that the answers will name.
        attempt: u64,
        /// What to take.
        what: Target,
        /// How long to wait for a finger; 0 for no limit.
        deadline_ms: u64,
    },
    /// Say again what the device is.
    Describe,
    /// One frame was taken; another may be sent.
    FrameTaken,
    /// End the process.
    Shutdown,
    /// The driver's settings: the first message, once.
    Start {
        /// The device's table in the configuration.
        settings: Value,
    },
    /// Close the device.
    Stop,
}

/// From a driver to the station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event", deny_unknown_fields)]
pub enum Event {
    /// The driver is at work, with nothing to tell.
    Alive,
    /// What the device is.
    Described {
        /// The device in its own words.
        descriptor: DeviceDescriptor,
    },
    /// A document was read. The lines are in the attached file, separated by line feeds.
    Document {
        /// Bytes in the file.
        bytes: u32,
    },
    /// Something went wrong; with an attempt, that attempt is over.
    Fault {
        /// Which attempt failed.
        attempt: Option<u64>,
        /// What went wrong.
        fault: DeviceFault,
    },
    /// A fingerprint, with others of the same placement after it or alone. One byte a pixel in the attached file.
    Finger {
        /// Which attempt it answers.
        attempt: u64,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Exact resolution.
        ppi: Ppi,
        /// Bits that the device sent for each pixel.
        bit_depth: u8,
        /// Which finger the device says that it is.
        position: Option<Finger>,
        /// How many images of the same placement follow this one.
        more: u8,
    },
    /// A camera frame. Three bytes a pixel in the attached file.
    Frame {
        /// Which attempt it answers.
        attempt: u64,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// When it came, on the machine's monotonic clock.
        captured_at: Millis,
        /// Count since the stream started, with the dropped ones.
        sequence: u64,
    },
    /// The finger is off the scanner again.
    Lifted {
        /// During which attempt.
        attempt: u64,
    },
    /// A finger is on the scanner; its image is on the way.
    Placed {
        /// During which attempt.
        attempt: u64,
    },
    /// A frame of a scanner's preview, while a finger rests on it. One byte a pixel in the attached file.
    Preview {
        /// Which attempt it belongs to.
        attempt: u64,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Exact resolution.
        ppi: Ppi,
        /// Bits that the device sent for each pixel.
        bit_depth: u8,
        /// Which finger the device says that it is.
        position: Option<Finger>,
        /// When it came, on the machine's monotonic clock.
        captured_at: Millis,
        /// Count since the stream started, with the dropped ones.
        sequence: u64,
    },
    /// How the device is doing.
    State {
        /// The new state.
        state: DeviceState,
    },
}

impl Event {
    /// Bytes of the file that belongs to this message; nothing for a message without one.
    pub fn attachment_size(&self) -> Option<u64> {
        match *self {
            Self::Document { bytes } => Some(u64::from(bytes)),
            Self::Finger { width, height, .. } | Self::Preview { width, height, .. } => {
                Some(u64::from(width) * u64::from(height))
            }
            Self::Frame { width, height, .. } => Some((u64::from(width) * u64::from(height)).saturating_mul(3)),
            Self::Alive
            | Self::Described { .. }
            | Self::Fault { .. }
            | Self::Lifted { .. }
            | Self::Placed { .. }
            | Self::State { .. } => None,
        }
    }
}
