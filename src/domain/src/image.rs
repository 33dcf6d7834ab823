//! Pixels on their way from a device to a record.

use crate::finger::Finger;
use crate::guarded::Biometric;
use crate::units::{Millis, Ppi};
use alloc::vec::Vec;
use thiserror::Error;

/// Pixel data whose length does not fit its stated size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{width} x {height} pixels need {needed} bytes, not {got}")]
pub struct SizeMismatch {
    width: u32,
    height: u32,
    needed: u64,
    got: u64,
}

fn check(width: u32, height: u32, channels: u64, got: usize) -> Result<(), SizeMismatch> {
    // Two full 32-bit sides and three channels do not fit 64 bits; such an image has never the right length.
    let needed = (u64::from(width) * u64::from(height)).saturating_mul(channels);
    let got = got as u64;
    if needed == got { Ok(()) } else { Err(SizeMismatch { width, height, needed, got }) }
}

/// One camera frame: 8-bit RGB, rows from the top, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// When the driver received it, on the driver's monotonic clock.
    pub captured_at: Millis,
    /// Count of frames since the stream started; a gap means that frames were dropped.
    pub sequence: u64,
    pixels: Biometric<Vec<u8>>,
}

impl Frame {
    /// A frame of `width * height * 3` bytes.
    pub fn new(
        width: u32,
        height: u32,
        captured_at: Millis,
        sequence: u64,
        rgb: Vec<u8>,
    ) -> Result<Self, SizeMismatch> {
        check(width, height, 3, rgb.len())?;
        Ok(Self { width, height, captured_at, sequence, pixels: Biometric::new(rgb) })
    }

    /// The RGB bytes, `width * height * 3` of them.
    pub fn rgb(&self) -> &[u8] {
        self.pixels.expose()
    }
}

/// One fingerprint image: 8-bit grey, ridges dark, rows from the top, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerImage {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The device's exact resolution, for example 508.
    pub ppi: Ppi,
    /// Bits that the device really sent for each pixel (4 for the serial class), though a byte is stored.
    pub bit_depth: u8,
    /// Which finger the device says that it is; none from a sensor that cannot tell.
    pub position: Option<Finger>,
    pixels: Biometric<Vec<u8>>,
}

impl FingerImage {
    /// An image of `width * height` bytes, of a finger that the device does not name.
    pub fn new(width: u32, height: u32, ppi: Ppi, bit_depth: u8, grey: Vec<u8>) -> Result<Self, SizeMismatch> {
        check(width, height, 1, grey.len())?;
        Ok(Self { width, height, ppi, bit_depth, position: None, pixels: Biometric::new(grey) })
    }

    /// The same image with the finger that the device names.
    #[must_use]
    pub fn of(self, position: Option<Finger>) -> Self {
        Self { position, ..self }
    }

    /// The grey bytes, `width * height` of them.
    pub fn grey(&self) -> &[u8] {
        self.pixels.expose()
    }
}

/// One frame of a finger scanner's preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerFrame {
    /// What the sensor sees.
    pub image: FingerImage,
    /// When the driver received it, on the machine's monotonic clock.
    pub captured_at: Millis,
    /// Count of frames since the stream started; a gap means that frames were dropped.
    pub sequence: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    #[test]
    fn sizes_must_agree() {
        assert!(FingerImage::new(4, 2, Ppi::FIVE_HUNDRED, 8, vec![0; 8]).is_ok());
        assert!(FingerImage::new(4, 2, Ppi::FIVE_HUNDRED, 8, vec![0; 9]).is_err());
        assert!(Frame::new(u32::MAX, u32::MAX, Millis(0), 0, vec![]).is_err());
    }

    #[test]
    fn debug_shows_no_pixel() {
        let image = FingerImage::new(3, 1, Ppi::FIVE_HUNDRED, 8, vec![171, 172, 173]).unwrap();
        assert!(!format!("{image:?}").contains("171"));
    }
}
