//! Samples as records: ISO/IEC 19794-4:2011 and -5:2011 with JPEG 2000 that loses nothing.

use super::device::Part;
use crate::clock;
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::units::Ppi;
use drivers::sbi::iso::{self, CaptureDate, CaptureDevice, FingerRecord, OPTICAL, Position, QualityBlock, RecordError};
use drivers::sbi::iso_face::{self, FaceRecord, VIDEO_FRAME};
use drivers::sbi::jp2::{self, Jp2Error};
use image::{GrayImage, RgbImage};
use thiserror::Error;

/// A sample could not be packed. No text quotes it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    /// Its picture.
    #[error(transparent)]
    Picture(#[from] Jp2Error),
    /// Its record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// A picture of one finger.
pub fn of_finger(finger: Finger, image: &GrayImage, score: f32) -> Result<Vec<u8>, PackError> {
    on_glass(finger, image, score)
}

/// A picture of the whole glass while this part of the scanner took it.
pub fn of_slap(part: Part, image: &GrayImage, score: f32) -> Result<Vec<u8>, PackError> {
    on_glass(part.slap().ok_or(RecordError::Value("finger position", 0))?, image, score)
}

fn on_glass<P: Position>(position: P, image: &GrayImage, score: f32) -> Result<Vec<u8>, PackError> {
    let (width, height) = sides(image.dimensions())?;
    let record = FingerRecord {
        date: CaptureDate::of(clock::now()),
        device: CaptureDevice { technology: OPTICAL, ..CaptureDevice::default() },
        quality: vec![quality(score)],
        position,
        ppi: Ppi::FIVE_HUNDRED,
        compression: iso::Compression::Jpeg2000Lossless,
        impression: iso::Impression::LiveScanPlain,
        width,
        height,
        picture: jp2::encode(image.width(), image.height(), 1, image.as_raw())?,
    };
    Ok(written(record.write()?))
}

/// A picture of a face.
pub fn of_face(image: &RgbImage, score: f32) -> Result<Vec<u8>, PackError> {
    let (width, height) = sides(image.dimensions())?;
    let record = FaceRecord {
        date: CaptureDate::of(clock::now()),
        device: CaptureDevice { technology: VIDEO_FRAME, ..CaptureDevice::default() },
        quality: vec![quality(score)],
        compression: iso_face::Compression::Jpeg2000Lossless,
        width,
        height,
        picture: jp2::encode(image.width(), image.height(), 3, image.as_raw())?,
    };
    Ok(written(record.write()?))
}

/// The device's own opinion, by an algorithm that no registry knows.
fn quality(score: f32) -> QualityBlock {
    QualityBlock { score: score.clamp(0.0, 100.0) as u8, vendor: 0, algorithm: 0 }
}

fn sides((width, height): (u32, u32)) -> Result<(u16, u16), RecordError> {
    let side = |name: &'static str, side: u32| u16::try_from(side).map_err(|_| RecordError::Value(name, side));
    Ok((side("width", width)?, side("height", height)?))
}

/// What is simulated belongs to nobody, so that it may leave its guard here.
fn written(record: Biometric<Vec<u8>>) -> Vec<u8> {
    record.expose().clone()
}
