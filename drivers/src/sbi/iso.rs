//! The finger image record of ISO/IEC 19794-4:2011 with one representation of one finger, as devices of the interface
//! send it.

use super::octets::{self, Octets};
pub use super::octets::{CaptureDate, CaptureDevice, QualityBlock, RecordError};
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::units::Ppi;

/// Format identifier `FIR` and version 2.0 (table 2).
const MAGIC: &[u8; 8] = b"FIR\x00020\x00";

/// Bytes of the general header (table 2).
const GENERAL_HEADER: usize = 16;

/// Scale units: pixels per inch (table 4).
const PER_INCH: u8 = 1;

/// Scale units: pixels per centimetre (table 4).
const PER_CENTIMETRE: u8 = 2;

/// Bytes of a certification block (table 6).
const CERTIFICATION_BLOCK: usize = 3;

/// Technology (table 5): optical, white light, total internal reflection, bright field.
pub const OPTICAL: u8 = 1;

/// How the picture is coded (table 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Code 5, the one that registration asks for.
    Jpeg2000Lossless,
    /// Code 4.
    Jpeg2000Lossy,
    /// Code 3.
    Jpeg,
    /// Code 6.
    Png,
    /// Code 0: bytes, not packed.
    Raw,
    /// Code 1.
    RawPacked,
    /// Code 2.
    Wsq,
}

/// How the finger met the sensor (table 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Impression {
    /// Code 0.
    LiveScanPlain,
    /// Code 1.
    LiveScanRolled,
    /// Any other code.
    Other(u8),
}

/// Several fingers of one placement in one picture (table 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slap {
    /// Code 14.
    LeftFour,
    /// Code 13.
    RightFour,
    /// Code 15.
    TwoThumbs,
}

/// What a picture shows: one finger, or a whole slap of a device that cuts nothing.
pub trait Position: Copy {
    /// Its code (table 7).
    fn code(self) -> u8;

    /// That with this code.
    fn from_code(code: u8) -> Option<Self>;
}

impl Position for Finger {
    fn code(self) -> u8 {
        Self::code(self)
    }

    fn from_code(code: u8) -> Option<Self> {
        Self::from_code(code)
    }
}

impl Position for Slap {
    fn code(self) -> u8 {
        match self {
            Self::RightFour => 13,
            Self::LeftFour => 14,
            Self::TwoThumbs => 15,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        [Self::RightFour, Self::LeftFour, Self::TwoThumbs].into_iter().find(|slap| slap.code() == code)
    }
}

/// One picture with what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerRecord<P = Finger> {
    /// When.
    pub date: CaptureDate,
    /// By what.
    pub device: CaptureDevice,
    /// How good, by whose opinion.
    pub quality: Vec<QualityBlock>,
    /// Which finger, or which slap.
    pub position: P,
    /// Resolution of the picture, the same both ways.
    pub ppi: Ppi,
    /// How the picture is coded.
    pub compression: Compression,
    /// How it was taken.
    pub impression: Impression,
    /// Pixels in a row, by the record.
    pub width: u16,
    /// Rows, by the record.
    pub height: u16,
    /// The coded picture, 8 bits a pixel.
    pub picture: Biometric<Vec<u8>>,
}

impl FingerRecord {
    /// Reads a record of one finger, 8 bits a pixel. Blocks behind the picture are not read.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        Self::read(bytes)
    }
}

impl FingerRecord<Slap> {
    /// Reads a record of a whole slap, in the same way.
    pub fn parse_slap(bytes: &[u8]) -> Result<Self, RecordError> {
        Self::read(bytes)
    }
}

impl<P: Position> FingerRecord<P> {
    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut octets = Octets(bytes);
        octets.header(MAGIC, "finger image record of 2011")?;
        let certified = octets.byte()?;
        let fingers = octets.byte()?;
        octets::expect("number of fingers", 1, u32::from(fingers))?;
        let left = octets.0.len();
        if usize::try_from(octets.long()?) != Ok(left) {
            return Err(RecordError::Length);
        }
        let date = octets.date()?;
        let device = octets.device()?;
        let quality = octets.quality()?;
        if certified != 0 {
            let blocks = octets.byte()?;
            octets.take(usize::from(blocks) * CERTIFICATION_BLOCK)?;
        }
        let position = octets.byte()?;
        let position = P::from_code(position).ok_or(RecordError::Value("finger position", u32::from(position)))?;
        let _number = octets.byte()?;
        let units = octets.byte()?;
        octets.take(4)?; // The sensor's own sampling rate: that of the picture counts.
        let (across, down) = (octets.word()?, octets.word()?);
        let ppi = ppi(units, across, down)?;
        let depth = octets.byte()?;
        octets::expect("bit depth", 8, u32::from(depth))?;
        let compression = octets.byte()?;
        let compression =
            Compression::from_code(compression).ok_or(RecordError::Value("compression", u32::from(compression)))?;
        let impression = Impression::from_code(octets.byte()?);
        let (width, height) = (octets.word()?, octets.word()?);
        for (name, side) in [("width", width), ("height", height)] {
            if side == 0 {
                return Err(RecordError::Value(name, 0));
            }
        }
        let length = octets.long()?;
        let picture = octets.take(usize::try_from(length).map_err(|_| RecordError::Length)?)?;
        let picture = Biometric::new(picture.to_vec());
        Ok(Self { date, device, quality, position, ppi, compression, impression, width, height, picture })
    }

    /// Writes the record.
    pub fn write(&self) -> Result<Biometric<Vec<u8>>, RecordError> {
        let picture = self.picture.expose();
        let ppi = self.ppi.get();
        let mut body = Biometric::new(Vec::with_capacity(picture.len() + 200));
        let out = body.expose_mut();
        octets::put_date(out, self.date);
        octets::put_device(out, self.device);
        octets::put_quality(out, &self.quality);
        out.extend([self.position.code(), 0, PER_INCH]);
        for _sensor_and_picture in 0..4 {
            out.extend(ppi.to_be_bytes());
        }
        out.extend([8, self.compression.code(), self.impression.code()]);
        out.extend(self.width.to_be_bytes());
        out.extend(self.height.to_be_bytes());
        out.extend(octets::length(picture.len())?);
        out.extend(picture);
        let representation = body.expose().len() + 4;
        let mut record = Vec::with_capacity(GENERAL_HEADER + representation);
        record.extend(MAGIC);
        record.extend(octets::length(GENERAL_HEADER + representation)?);
        // One representation, no certification blocks, one finger.
        record.extend([0, 1, 0, 1]);
        record.extend(octets::length(representation)?);
        record.extend(body.expose());
        Ok(Biometric::new(record))
    }
}

impl Compression {
    /// Its code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::RawPacked => 1,
            Self::Wsq => 2,
            Self::Jpeg => 3,
            Self::Jpeg2000Lossy => 4,
            Self::Jpeg2000Lossless => 5,
            Self::Png => 6,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        let all =
            [Self::Raw, Self::RawPacked, Self::Wsq, Self::Jpeg, Self::Jpeg2000Lossy, Self::Jpeg2000Lossless, Self::Png];
        all.into_iter().find(|known| known.code() == code)
    }
}

impl Impression {
    const fn code(self) -> u8 {
        match self {
            Self::LiveScanPlain => 0,
            Self::LiveScanRolled => 1,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::LiveScanPlain,
            1 => Self::LiveScanRolled,
            other => Self::Other(other),
        }
    }
}

fn ppi(units: u8, across: u16, down: u16) -> Result<Ppi, RecordError> {
    let rate = u32::from(across);
    if across != down {
        return Err(RecordError::Value("sampling rate down", u32::from(down)));
    }
    let ppi = match units {
        PER_INCH => rate,
        // 2.54 cm an inch, to the nearest: 197 a centimetre are 500 an inch.
        PER_CENTIMETRE => (rate * 254 + 50) / 100,
        other => return Err(RecordError::Value("scale units", u32::from(other))),
    };
    Ppi::try_from(ppi).map_err(|_| RecordError::Value("sampling rate", rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> FingerRecord {
        FingerRecord {
            date: CaptureDate { year: 2026, month: 4, day: 1, hour: 10, minute: 1, second: 57, millisecond: 86 },
            device: CaptureDevice { technology: OPTICAL, vendor: 0x1234, model: 0x5678 },
            quality: vec![QualityBlock { score: 80, vendor: 0x1d, algorithm: 0x377d }],
            position: Finger::LeftIndex,
            ppi: Ppi::FIVE_HUNDRED,
            compression: Compression::Jpeg2000Lossless,
            impression: Impression::LiveScanPlain,
            width: 300,
            height: 400,
            picture: Biometric::new(b"picture".to_vec()),
        }
    }

    /// Byte for byte by tables 2 to 4, put down by hand.
    #[test]
    fn written_as_the_standard_says() {
        let expected = [
            &b"FIR\x00020\x00"[..],
            &[0, 0, 0, 16 + 46 + 7], // whole record
            &[0, 1, 0, 1],           // one representation, not certified, one finger
            &[0, 0, 0, 46 + 7],      // representation
            &[7, 234, 4, 1, 10, 1, 57, 0, 86],
            &[1, 0x12, 0x34, 0x56, 0x78],
            &[1, 80, 0, 0x1d, 0x37, 0x7d],
            &[7, 0, 1],
            &[1, 244, 1, 244, 1, 244, 1, 244],
            &[8, 5, 0, 1, 44, 1, 144],
            &[0, 0, 0, 7],
            b"picture",
        ]
        .concat();
        assert_eq!(record().write().unwrap().expose(), &expected);
        assert_eq!(FingerRecord::parse(&expected).unwrap(), record());
    }

    #[test]
    fn centimetres_and_certificates_are_read() {
        let mut bytes = record().write().unwrap().expose().clone();
        bytes[14] = 1;
        bytes.splice(40..40, [1, 0, 1, 2]);
        bytes[11] += 4;
        bytes[19] += 4;
        assert_eq!(FingerRecord::parse(&bytes).unwrap(), record());
        bytes[46] = PER_CENTIMETRE;
        for rate in [51, 53] {
            bytes[rate..rate + 2].copy_from_slice(&197u16.to_be_bytes());
        }
        assert_eq!(FingerRecord::parse(&bytes).unwrap().ppi, Ppi::FIVE_HUNDRED);
    }

    #[test]
    fn other_records_are_refused() {
        let good = record().write().unwrap().expose().clone();
        for (at, byte, error) in [
            (0, b'X', RecordError::Format("finger image record of 2011")),
            (5, b'3', RecordError::Format("finger image record of 2011")),
            (11, 0, RecordError::Length),
            (13, 2, RecordError::Value("number of representations", 2)),
            (15, 2, RecordError::Value("number of fingers", 2)),
            (19, 0, RecordError::Length),
            (34, 200, RecordError::Value("number of quality blocks", 200)),
            (40, 13, RecordError::Value("finger position", 13)),
            (42, 3, RecordError::Value("scale units", 3)),
            (50, 99, RecordError::Value("sampling rate down", 0x163)),
            (51, 4, RecordError::Value("bit depth", 4)),
            (52, 7, RecordError::Value("compression", 7)),
            (61, 9, RecordError::Length),
        ] {
            let mut bytes = good.clone();
            bytes[at] = byte;
            assert_eq!(FingerRecord::parse(&bytes), Err(error), "byte {at}");
        }
        // A slap is no finger, and a finger no slap.
        for (code, slap) in [(13, Slap::RightFour), (14, Slap::LeftFour), (15, Slap::TwoThumbs)] {
            let mut bytes = good.clone();
            bytes[40] = code;
            let record = FingerRecord::parse_slap(&bytes).unwrap();
            assert_eq!(record.position, slap);
            assert_eq!(record.write().unwrap().expose(), &bytes);
        }
        assert_eq!(FingerRecord::parse_slap(&good), Err(RecordError::Value("finger position", 7)));
        for cut in 0..good.len() {
            assert!(FingerRecord::parse(&good[..cut]).is_err(), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn records_come_back(
            code in 1u8..=10, score in 0u8..=100, ppi in 100u32..2000, picture in proptest::collection::vec(any::<u8>(), 0..99),
            width in 1u16.., height in 1u16..,
        ) {
            let mut record = record();
            record.position = Finger::from_code(code).unwrap();
            record.quality[0].score = score;
            record.ppi = Ppi::try_from(ppi).unwrap();
            (record.width, record.height) = (width, height);
            record.picture = Biometric::new(picture);
            prop_assert_eq!(FingerRecord::parse(record.write().unwrap().expose()).unwrap(), record);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = FingerRecord::parse(&bytes);
        }

        #[test]
        fn damaged_records_never_panic(at in 0usize..69, byte: u8) {
            let mut bytes = record().write().unwrap().expose().clone();
            bytes[at] = byte;
            let _ = FingerRecord::parse(&bytes);
        }
    }
}
