//! Reading pictures: PGM (and its colour kin), PNG and JPEG, within limits that are checked before anything is decoded.

use domain::units::Ppi;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;
use thiserror::Error;

/// The longest file that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;
/// The longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 8192;
/// The most that a decoded picture may take, in bytes: 40 million pixels in colour.
pub const MAX_DECODED_BYTES: u64 = 120 << 20;

/// Why a file gave no picture.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The decoder gave up.
    #[error("the image is damaged or cut short: {0}")]
    Damaged(String),
    /// The picture has no pixels.
    #[error("the image has no pixels")]
    Empty,
    /// The file states a resolution that cannot be used.
    #[error("the file states {x:.0} x {y:.0} ppi, which is not one resolution within 100 to 2000; state it with --ppi")]
    Resolution {
        /// Across.
        x: f64,
        /// Down.
        y: f64,
    },
    /// The file or its picture is over the limits.
    #[error("the image is over the limit of {MAX_SIDE} pixels on a side, 40 million in all, or 64 MiB as a file")]
    TooLarge,
    /// Neither PGM nor PNG nor JPEG.
    #[error("the file is not a PGM, PNG or JPEG image")]
    UnknownFormat,
    /// The system did not let us read it.
    #[error("the file cannot be read: {0}")]
    Unreadable(std::io::Error),
}

impl ReadError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "Q-01",
            Self::UnknownFormat => "Q-02",
            Self::TooLarge => "Q-03",
            Self::Damaged(_) => "Q-04",
            Self::Empty => "Q-05",
            Self::Resolution { .. } => "Q-06",
        }
    }
}

/// A decoded picture.
#[derive(Debug)]
pub struct Picture {
    /// The pixels.
    pub pixels: DynamicImage,
    /// Resolution that the file states across and down, in pixels per inch.
    pub stated_ppi: Option<(f64, f64)>,
}

impl Picture {
    /// The resolution to assess at: the one asked for, or the stated one, or 500 where nothing is stated.
    ///
    /// # Errors
    /// When the stated resolution differs between across and down by more than 1 %, or is not within 100 to 2000.
    pub fn ppi(&self, asked: Option<Ppi>) -> Result<Ppi, ReadError> {
        let (None, Some((x, y))) = (asked, self.stated_ppi) else { return Ok(asked.unwrap_or(Ppi::FIVE_HUNDRED)) };
        let rounded = x.round();
        let same = (x - y).abs() <= 0.01 * x;
        let whole = (same && (0.0..10_000.0).contains(&rounded)).then_some(rounded as u32);
        whole.and_then(|ppi| Ppi::try_from(ppi).ok()).ok_or(ReadError::Resolution { x, y })
    }
}

/// Reads and decodes a file.
///
/// # Errors
/// When it cannot be read, is no picture, is damaged, or is over the limits.
pub fn read(path: &Path) -> Result<Picture, ReadError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(ReadError::Unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(ReadError::Unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ReadError::TooLarge);
    }
    decode(&bytes)
}

/// Decodes a file's bytes.
///
/// # Errors
/// When they are no picture, are damaged, or are over the limits.
pub fn decode(bytes: &[u8]) -> Result<Picture, ReadError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::new(Cursor::new(bytes));
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(ReadError::Unreadable)?;
    let stated_ppi = match reader.format() {
        Some(ImageFormat::Png) => png_resolution(bytes),
        // The decoder fills up with grey what is missing: nobody is judged on that.
        Some(ImageFormat::Jpeg) if !jpeg_ends(bytes) => return Err(ReadError::Damaged("it has no end".into())),
        Some(ImageFormat::Jpeg) => jpeg_resolution(bytes),
        Some(ImageFormat::Pnm) => None,
        _ => return Err(ReadError::UnknownFormat),
    };
    let mut decoder = reader.into_decoder().map_err(refused)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(ReadError::Empty);
    }
    if width > MAX_SIDE || height > MAX_SIDE || decoder.total_bytes() > MAX_DECODED_BYTES {
        return Err(ReadError::TooLarge);
    }
    // A camera that was held upright says so in a note and leaves the pixels lying. A note that cannot be read is none.
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(refused)?;
    pixels.apply_orientation(turned);
    Ok(Picture { pixels, stated_ppi })
}

fn refused(error: image::ImageError) -> ReadError {
    match error {
        image::ImageError::Limits(_) => ReadError::TooLarge,
        other => ReadError::Damaged(other.to_string()),
    }
}

/// The `pHYs` chunk in pixels per inch, when it counts in metres. It stands before the image data.
fn png_resolution(bytes: &[u8]) -> Option<(f64, f64)> {
    const INCHES_IN_A_METRE: f64 = 1.0 / 0.0254;
    let mut rest = bytes.get(8..)?;
    loop {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, body) = after.split_first_chunk::<4>()?;
        if kind == b"IDAT" {
            return None;
        }
        let length = u32::from_be_bytes(*length) as usize;
        if kind == b"pHYs" {
            let &[x0, x1, x2, x3, y0, y1, y2, y3, unit] = body.first_chunk::<9>()?;
            let per_inch = |metre: [u8; 4]| f64::from(u32::from_be_bytes(metre)) / INCHES_IN_A_METRE;
            return (unit == 1).then(|| (per_inch([x0, x1, x2, x3]), per_inch([y0, y1, y2, y3])));
        }
        // Four bytes of check sum follow the body.
        rest = body.get(length.checked_add(4)?..)?;
    }
}

/// Whether the end marker follows the picture's data. Segments before the data are skipped: a small picture in one of
/// them has an end of its own. In the data a byte of FF is followed by 0 or is a marker.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(2..).unwrap_or_default();
    while let &[0xFF, marker, ref after @ ..] = rest {
        if marker == 0xDA {
            return after.windows(2).any(|pair| pair == [0xFF, 0xD9]);
        }
        // Bytes that fill up, and markers without a segment.
        let alone = marker == 0xFF || marker == 0x01 || (0xD0..=0xD8).contains(&marker);
        let length = after.first_chunk::<2>().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        let skipped = match (marker, alone) {
            (0xFF, _) => rest.get(1..),
            (_, true) => Some(after),
            _ => after.get(length.max(2)..),
        };
        rest = skipped.unwrap_or_default();
    }
    false
}

/// The density of the JFIF header in pixels per inch, when it has a unit. The header follows the start marker.
fn jpeg_resolution(bytes: &[u8]) -> Option<(f64, f64)> {
    let header = bytes.strip_prefix(&[0xFF, 0xD8, 0xFF, 0xE0])?.first_chunk::<14>()?;
    let &[_, _, b'J', b'F', b'I', b'F', 0, _, _, unit, x0, x1, y0, y1] = header else { return None };
    let (x, y) = (f64::from(u16::from_be_bytes([x0, x1])), f64::from(u16::from_be_bytes([y0, y1])));
    match unit {
        1 => Some((x, y)),
        2 => Some((x * 2.54, y * 2.54)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::GrayImage;
    use proptest::prelude::*;

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * y / 5) as u8])).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A PNG with a `pHYs` chunk after its header (8 bytes of signature, 25 of IHDR).
    fn png_with(x: u32, y: u32, unit: u8) -> Vec<u8> {
        let mut chunk = b"\0\0\0\x09pHYs".to_vec();
        chunk.extend(x.to_be_bytes());
        chunk.extend(y.to_be_bytes());
        chunk.push(unit);
        // Check sums are read by the decoder only, which these rows do not run.
        chunk.extend([0; 4]);
        let mut png = encoded(ImageFormat::Png);
        png.splice(33..33, chunk);
        png
    }

    fn jpeg_with(unit: u8, x: u16, y: u16) -> Vec<u8> {
        let mut jpeg = encoded(ImageFormat::Jpeg);
        assert_eq!(&jpeg[..11], b"\xFF\xD8\xFF\xE0\x00\x10JFIF\0");
        jpeg[13] = unit;
        jpeg[14..16].copy_from_slice(&x.to_be_bytes());
        jpeg[16..18].copy_from_slice(&y.to_be_bytes());
        jpeg
    }

    #[test]
    fn stated_resolutions() {
        for (stated, expected) in [
            (png_resolution(&encoded(ImageFormat::Png)), Some(500)),
            (png_resolution(&png_with(19_685, 19_685, 1)), Some(500)),
            (png_resolution(&png_with(20_000, 20_000, 1)), Some(508)),
            (png_resolution(&png_with(39_370, 39_370, 1)), Some(1000)),
            (png_resolution(&png_with(1, 1, 0)), Some(500)),
            (png_resolution(&png_with(19_685, 39_370, 1)), None),
            (png_resolution(&png_with(2_835, 2_835, 1)), None),
            (png_resolution(&png_with(u32::MAX, u32::MAX, 1)), None),
            (jpeg_resolution(&jpeg_with(0, 1, 1)), Some(500)),
            (jpeg_resolution(&jpeg_with(1, 508, 508)), Some(508)),
            (jpeg_resolution(&jpeg_with(2, 197, 197)), Some(500)),
            (jpeg_resolution(&jpeg_with(1, 0, 0)), None),
            (jpeg_resolution(b"\xFF\xD8\xFF\xE0"), Some(500)),
        ] {
            let picture = Picture { pixels: DynamicImage::new_luma8(1, 1), stated_ppi: stated };
            assert_eq!(picture.ppi(None).ok().map(|p| p.get()), expected, "{stated:?}");
            assert_eq!(picture.ppi(Some(Ppi::MAX)).unwrap(), Ppi::MAX, "{stated:?}");
        }
    }

    #[test]
    fn pictures_stand_as_their_note_says() {
        let jpeg = encoded(ImageFormat::Jpeg);
        let noted = |orientation: u8| {
            // An EXIF segment with one field: 0x0112 (orientation), one short.
            let mut note =
                b"\xFF\xE1\x00\x22Exif\0\0MM\x00\x2A\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01".to_vec();
            note.extend([0, orientation, 0, 0, 0, 0, 0, 0]);
            [&jpeg[..2], &note, &jpeg[2..]].concat()
        };
        // The brightest corner of the picture is its lower right one.
        for (orientation, size, corner) in [
            (1, (40, 30), (39, 29)),
            (3, (40, 30), (0, 0)),
            (6, (30, 40), (0, 39)),
            (8, (30, 40), (29, 0)),
            (99, (40, 30), (39, 29)),
        ] {
            let picture = decode(&noted(orientation)).unwrap().pixels.to_luma8();
            assert_eq!(picture.dimensions(), size, "{orientation}");
            assert!(picture.get_pixel(corner.0, corner.1).0[0] > 200, "{orientation}");
        }
    }

    #[test]
    fn files_that_are_no_picture() {
        let png = encoded(ImageFormat::Png);
        let jpeg = encoded(ImageFormat::Jpeg);
        for (bytes, code) in [
            (&b""[..], "Q-02"),
            (b"GIF89a", "Q-02"),
            (b"P5", "Q-04"),
            (b"P5 4 4 255\n123", "Q-04"),
            (b"P2 2 2 255\n1 2 3", "Q-04"),
            (b"P2 2 2 255\n1 2 3 cat", "Q-04"),
            (b"P5 0 0 255\n", "Q-05"),
            (b"P5 20000 20000 255\n", "Q-03"),
            (b"P5 99999999999 1 255\n", "Q-04"),
            (b"P6 8192 8192 255\n", "Q-03"),
            (&png[..png.len() / 2], "Q-04"),
            (&jpeg[..20], "Q-04"),
            (&jpeg[..jpeg.len() * 3 / 4], "Q-04"),
            (&jpeg[..jpeg.len() - 2], "Q-04"),
        ] {
            let error = decode(bytes).unwrap_err();
            assert_eq!(error.code(), code, "{error} of {:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn grey_maps_in_both_spellings() {
        for bytes in [&b"P5 2 2 255\n\x01\x02\x03\xFF"[..], b"P2\n# a comment\n2 2\n255\n1 2 3 255\n"] {
            assert_eq!(decode(bytes).unwrap().pixels.to_luma8().into_raw(), [1, 2, 3, 255]);
        }
    }

    #[test]
    fn a_missing_file_is_unreadable() {
        assert_eq!(read(Path::new("/no/such/file.pgm")).unwrap_err().code(), "Q-01");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            start in prop::sample::select(vec![&b""[..], b"P5 ", b"P2 ", b"P5 9 9 255\n", b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF\xE0"]),
            tail in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let _ = decode(&[start, &tail].concat());
        }

        #[test]
        fn damaged_files_never_panic(
            format in prop::sample::select(vec![ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Pnm]),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = encoded(format);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = decode(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            let _ = decode(&bytes);
        }
    }
}
