//! What the records of ISO/IEC 19794:2011 have in common: big-endian fields, a date, quality blocks.

use thiserror::Error;

/// Why a record cannot be read. No text quotes the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Another format, or another edition of it.
    #[error("the record is no {0}")]
    Format(&'static str),
    /// It ends early, or its stated lengths do not agree.
    #[error("the record's lengths do not agree")]
    Length,
    /// A field has a value that is not supported here.
    #[error("{0} is {1}")]
    Value(&'static str, u32),
}

/// When a sample was captured, in UTC; all ones where a device does not tell (ISO/IEC 19794-1, 5.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureDate {
    /// Year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 to 999.
    pub millisecond: u16,
}

impl CaptureDate {
    /// The date of a moment.
    pub fn of(time: jiff::Timestamp) -> Self {
        let time = time.to_zoned(jiff::tz::TimeZone::UTC);
        Self {
            year: time.year().unsigned_abs(),
            month: time.month().unsigned_abs(),
            day: time.day().unsigned_abs(),
            hour: time.hour().unsigned_abs(),
            minute: time.minute().unsigned_abs(),
            second: time.second().unsigned_abs(),
            millisecond: time.millisecond().unsigned_abs(),
        }
    }
}

/// Which device took a sample, by the registry of the International Biometrics + Identity Association; 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureDevice {
    /// Code of the technology.
    pub technology: u8,
    /// Owner of the product code.
    pub vendor: u16,
    /// Product code.
    pub model: u16,
}

/// One opinion on the sample's quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QualityBlock {
    /// 0 to 100; 255 where the attempt to score failed.
    pub score: u8,
    /// Owner of the algorithm.
    pub vendor: u16,
    /// The algorithm.
    pub algorithm: u16,
}

/// Quality blocks of a record at most; the field has room for 255.
pub(super) const MAX_QUALITY_BLOCKS: usize = 16;

/// Bytes not yet read.
pub(super) struct Octets<'a>(pub(super) &'a [u8]);

impl<'a> Octets<'a> {
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(RecordError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(RecordError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, RecordError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn word(&mut self) -> Result<u16, RecordError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Result<u32, RecordError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Identifier, version, total length and the number of representations, which is one.
    pub(super) fn header(&mut self, magic: &[u8; 8], name: &'static str) -> Result<(), RecordError> {
        let whole = self.0.len();
        if self.array::<8>()? != *magic {
            return Err(RecordError::Format(name));
        }
        if usize::try_from(self.long()?) != Ok(whole) {
            return Err(RecordError::Length);
        }
        let representations = self.word()?;
        expect("number of representations", 1, u32::from(representations))
    }

    pub(super) fn date(&mut self) -> Result<CaptureDate, RecordError> {
        Ok(CaptureDate {
            year: self.word()?,
            month: self.byte()?,
            day: self.byte()?,
            hour: self.byte()?,
            minute: self.byte()?,
            second: self.byte()?,
            millisecond: self.word()?,
        })
    }

    pub(super) fn device(&mut self) -> Result<CaptureDevice, RecordError> {
        Ok(CaptureDevice { technology: self.byte()?, vendor: self.word()?, model: self.word()? })
    }

    pub(super) fn quality(&mut self) -> Result<Vec<QualityBlock>, RecordError> {
        let count = self.byte()?;
        if usize::from(count) > MAX_QUALITY_BLOCKS {
            return Err(RecordError::Value("number of quality blocks", u32::from(count)));
        }
        (0..count)
            .map(|_| Ok(QualityBlock { score: self.byte()?, vendor: self.word()?, algorithm: self.word()? }))
            .collect()
    }
}

/// A field that has one value only.
pub(super) fn expect(name: &'static str, wanted: u32, got: u32) -> Result<(), RecordError> {
    if got == wanted { Ok(()) } else { Err(RecordError::Value(name, got)) }
}

pub(super) fn put_date(out: &mut Vec<u8>, date: CaptureDate) {
    out.extend(date.year.to_be_bytes());
    out.extend([date.month, date.day, date.hour, date.minute, date.second]);
    out.extend(date.millisecond.to_be_bytes());
}

pub(super) fn put_device(out: &mut Vec<u8>, device: CaptureDevice) {
    out.push(device.technology);
    out.extend(device.vendor.to_be_bytes());
    out.extend(device.model.to_be_bytes());
}

/// At most [`MAX_QUALITY_BLOCKS`]; further ones are left out.
pub(super) fn put_quality(out: &mut Vec<u8>, blocks: &[QualityBlock]) {
    let blocks = &blocks[..blocks.len().min(MAX_QUALITY_BLOCKS)];
    out.push(u8::try_from(blocks.len()).unwrap_or(0));
    for block in blocks {
        out.push(block.score);
        out.extend(block.vendor.to_be_bytes());
        out.extend(block.algorithm.to_be_bytes());
    }
}

/// A field that is as long as the record can say.
pub(super) fn length(bytes: usize) -> Result<[u8; 4], RecordError> {
    u32::try_from(bytes).map(u32::to_be_bytes).map_err(|_| RecordError::Length)
}
