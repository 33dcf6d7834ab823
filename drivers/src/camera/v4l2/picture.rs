//! A picture on its way from the camera's queue to a frame.

use crate::camera::{jpeg, pixels};
use domain::guarded::Biometric;
use domain::image::Frame;
use domain::units::Millis;
use nokhwa::utils::{FrameFormat, Resolution};

/// A picture as the camera sent it.
pub(super) struct Picture {
    pub(super) format: FrameFormat,
    pub(super) size: Resolution,
    pub(super) sequence: u64,
    pub(super) captured_at: Millis,
    pub(super) bytes: Biometric<Vec<u8>>,
}

impl Picture {
    /// The frame; nothing where the bytes are no picture of this format.
    pub(super) fn decode(&self) -> Option<Frame> {
        let (width, height, bytes) = (self.size.width(), self.size.height(), self.bytes.expose().as_slice());
        let (width, height, rgb) = match self.format {
            FrameFormat::MJPEG => {
                let rgb = jpeg::decode(bytes).ok()?;
                (rgb.width, rgb.height, rgb.pixels)
            }
            FrameFormat::YUYV => (width, height, pixels::yuyv_to_rgb(width, height, bytes).ok()?),
            FrameFormat::NV12 => (width, height, pixels::nv12_to_rgb(width, height, bytes).ok()?),
            FrameFormat::GRAY => (width, height, pixels::grey_to_rgb(width, height, bytes).ok()?),
            FrameFormat::RAWRGB | FrameFormat::RAWBGR => return None,
        };
        Frame::new(width, height, self.captured_at, self.sequence, rgb).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_each_format_become_frames() {
        for (format, bytes, decodes) in [
            (FrameFormat::YUYV, vec![128; 8], true),
            (FrameFormat::YUYV, vec![128; 7], false),
            (FrameFormat::NV12, vec![128; 6], true),
            (FrameFormat::GRAY, vec![128; 4], true),
            (FrameFormat::MJPEG, vec![128; 4], false),
            (FrameFormat::RAWRGB, vec![128; 12], false),
        ] {
            let picture = Picture {
                format,
                size: Resolution::new(2, 2),
                sequence: 3,
                captured_at: Millis(4),
                bytes: Biometric::new(bytes),
            };
            assert_eq!(picture.decode().is_some(), decodes, "{format:?}");
        }
    }
}
