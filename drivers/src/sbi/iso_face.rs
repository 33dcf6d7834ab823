//! The face image record of ISO/IEC 19794-5:2011 with one representation, as devices of the interface send it.

use super::octets::{self, Octets};
pub use super::octets::{CaptureDate, CaptureDevice, QualityBlock, RecordError};
use domain::guarded::Biometric;

/// Format identifier `FAC` and version 3.0 (table 2).
const MAGIC: &[u8; 8] = b"FAC\x00030\x00";

/// Bytes of the general header (table 2).
const GENERAL_HEADER: usize = 17;

/// Bytes of the facial information behind the number of landmarks (table 2): gender, eye and hair colour, height,
/// features, expression, pose and its uncertainty. Nothing of it is asked of a device here.
const FACIAL_INFORMATION: usize = 15;

/// Bytes of a landmark (table 2).
const LANDMARK: usize = 8;

/// Landmarks at most: MPEG-4 and the anthropometric ones together are fewer.
const MAX_LANDMARKS: u16 = 256;

/// Technology (table 4): video frame from a digital camera.
pub const VIDEO_FRAME: u8 = 6;

/// How the picture is coded (table 17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Code 0.
    Jpeg,
    /// Code 2, the one that registration asks for.
    Jpeg2000Lossless,
    /// Code 1.
    Jpeg2000Lossy,
    /// Code 3.
    Png,
}

/// One face's image with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceRecord {
    /// When.
    pub date: CaptureDate,
    /// By what.
    pub device: CaptureDevice,
    /// How good, by whose opinion.
    pub quality: Vec<QualityBlock>,
    /// How the picture is coded.
    pub compression: Compression,
    /// Pixels in a row, by the record.
    pub width: u16,
    /// Rows, by the record.
    pub height: u16,
    /// The coded picture, 24-bit RGB.
    pub picture: Biometric<Vec<u8>>,
}

impl FaceRecord {
    /// Reads a record of one face. Landmarks and what is said about the subject are not read, nor is what stands
    /// behind the picture.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut octets = Octets(bytes);
        octets.header(MAGIC, "face image record of 2011")?;
        let certified = octets.byte()?;
        octets::expect("certification flag", 0, u32::from(certified))?;
        let sequence = octets.word()?;
        octets::expect("temporal semantics", 0, u32::from(sequence))?;
        let left = octets.0.len();
        if usize::try_from(octets.long()?) != Ok(left) {
            return Err(RecordError::Length);
        }
        let date = octets.date()?;
        let device = octets.device()?;
        let quality = octets.quality()?;
        let landmarks = octets.word()?;
        if landmarks > MAX_LANDMARKS {
            return Err(RecordError::Value("number of landmarks", u32::from(landmarks)));
        }
        octets.take(FACIAL_INFORMATION + usize::from(landmarks) * LANDMARK)?;
        let _image_type = octets.byte()?;
        let compression = octets.byte()?;
        let compression =
            Compression::from_code(compression).ok_or(RecordError::Value("compression", u32::from(compression)))?;
        let (width, height) = (octets.word()?, octets.word()?);
        for (name, side) in [("width", width), ("height", height)] {
            if side == 0 {
                return Err(RecordError::Value(name, 0));
            }
        }
        // Spatial sampling rate level, post-acquisition processing, cross-reference, colour space.
        octets.take(5)?;
        let length = octets.long()?;
        let picture = octets.take(usize::try_from(length).map_err(|_| RecordError::Length)?)?;
        let picture = Biometric::new(picture.to_vec());
        Ok(Self { date, device, quality, compression, width, height, picture })
    }

    /// Writes the record, with nothing said about the subject.
    pub fn write(&self) -> Result<Biometric<Vec<u8>>, RecordError> {
        let picture = self.picture.expose();
        let mut body = Biometric::new(Vec::with_capacity(picture.len() + 200));
        let out = body.expose_mut();
        octets::put_date(out, self.date);
        octets::put_device(out, self.device);
        octets::put_quality(out, &self.quality);
        out.extend([0, 0]);
        out.extend([0; FACIAL_INFORMATION]);
        // A full frontal image (table 14).
        out.extend([1, self.compression.code()]);
        out.extend(self.width.to_be_bytes());
        out.extend(self.height.to_be_bytes());
        // Level 0, no processing, no cross-reference, 24-bit RGB (table 16).
        out.extend([0, 0, 0, 0, 1]);
        out.extend(octets::length(picture.len())?);
        out.extend(picture);
        let representation = body.expose().len() + 4;
        let mut record = Vec::with_capacity(GENERAL_HEADER + representation);
        record.extend(MAGIC);
        record.extend(octets::length(GENERAL_HEADER + representation)?);
        // One representation, no certification blocks, no sequence.
        record.extend([0, 1, 0, 0, 0]);
        record.extend(octets::length(representation)?);
        record.extend(body.expose());
        Ok(Biometric::new(record))
    }
}

impl Compression {
    const fn code(self) -> u8 {
        match self {
            Self::Jpeg => 0,
            Self::Jpeg2000Lossy => 1,
            Self::Jpeg2000Lossless => 2,
            Self::Png => 3,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::Jpeg, Self::Jpeg2000Lossy, Self::Jpeg2000Lossless, Self::Png].into_iter().find(|c| c.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> FaceRecord {
        FaceRecord {
            date: CaptureDate { year: 2026, month: 4, day: 1, hour: 10, minute: 1, second: 57, millisecond: 86 },
            device: CaptureDevice { technology: VIDEO_FRAME, vendor: 0, model: 0 },
            quality: vec![],
            compression: Compression::Jpeg2000Lossless,
            width: 640,
            height: 480,
            picture: Biometric::new(b"picture".to_vec()),
        }
    }

    /// Byte for byte by table 2, put down by hand.
    #[test]
    fn written_as_the_standard_says() {
        let expected = [
            &b"FAC\x00030\x00"[..],
            &[0, 0, 0, 17 + 51 + 7], // whole record
            &[0, 1, 0, 0, 0],        // one representation, not certified, no sequence
            &[0, 0, 0, 51 + 7],      // representation
            &[7, 234, 4, 1, 10, 1, 57, 0, 86],
            &[6, 0, 0, 0, 0],
            &[0],
            &[0; 17],
            &[1, 2, 2, 128, 1, 224, 0, 0, 0, 0, 1],
            &[0, 0, 0, 7],
            b"picture",
        ]
        .concat();
        assert_eq!(record().write().unwrap().expose(), &expected);
        assert_eq!(FaceRecord::parse(&expected).unwrap(), record());
    }

    #[test]
    fn other_records_are_refused() {
        let good = record().write().unwrap().expose().clone();
        for (at, byte, error) in [
            (2, b'X', RecordError::Format("face image record of 2011")),
            (11, 0, RecordError::Length),
            (13, 2, RecordError::Value("number of representations", 2)),
            (14, 1, RecordError::Value("certification flag", 1)),
            (16, 1, RecordError::Value("temporal semantics", 1)),
            (20, 0, RecordError::Length),
            (36, 9, RecordError::Value("number of landmarks", 0x900)),
            (54, 9, RecordError::Value("compression", 9)),
            (67, 9, RecordError::Length),
        ] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(FaceRecord::parse(&bytes), Err(error), "byte {at}");
        }
        for cut in 0..good.len() {
            assert!(FaceRecord::parse(&good[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn records_come_back(
            picture in proptest::collection::vec(any::<u8>(), 0..99), width in 1u16.., height in 1u16..,
            scores in proptest::collection::vec(0u8..=100, 0..=16),
        ) {
            let mut record = record();
            record.quality = scores.into_iter().map(|score| QualityBlock { score, vendor: 1, algorithm: 2 }).collect();
            (record.width, record.height) = (width, height);
            record.picture = Biometric::new(picture);
            prop_assert_eq!(FaceRecord::parse(record.write().unwrap().expose()).unwrap(), record);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = FaceRecord::parse(&bytes);
        }

        #[test]
        fn damaged_records_never_panic(at in 0usize..75, byte: u8) {
            let mut bytes = record().write().unwrap().expose().clone();
            bytes[at] = byte;
            let _ = FaceRecord::parse(&bytes);
        }
    }
}
