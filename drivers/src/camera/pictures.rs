//! JPEG pictures of a stream as frames.

use super::{MAX_DAMAGED, jpeg, monotonic_now};
use domain::guarded::Biometric;
use domain::image::Frame;
use thiserror::Error;

/// Too many pictures in a row that cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0} pictures in a row are damaged; the last: {1}")]
pub struct TooDamaged(u32, jpeg::JpegError);

/// Pictures as they come: decoded, counted, the damaged ones in a row too.
#[derive(Default)]
pub(super) struct Pictures {
    sequence: u64,
    damaged: u32,
}

impl Pictures {
    /// The picture as a frame, or nothing where it is damaged; an error where that goes on.
    pub(super) fn take(&mut self, picture: &Biometric<Vec<u8>>) -> Result<Option<Frame>, TooDamaged> {
        let captured_at = monotonic_now();
        let sequence = self.sequence;
        self.sequence += 1;
        let decoded = jpeg::decode(picture.expose()).and_then(|rgb| {
            let got = rgb.pixels.len();
            Frame::new(rgb.width, rgb.height, captured_at, sequence, rgb.pixels)
                .map_err(|_| jpeg::JpegError::Damaged(got))
        });
        match decoded {
            Ok(frame) => {
                self.damaged = 0;
                Ok(Some(frame))
            }
            Err(error) => {
                self.damaged += 1;
                if self.damaged >= MAX_DAMAGED { Err(TooDamaged(self.damaged, error)) } else { Ok(None) }
            }
        }
    }
}
