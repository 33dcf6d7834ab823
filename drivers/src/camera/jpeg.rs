//! JPEG pictures of cameras, from outside and possibly damaged.

use thiserror::Error;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// The largest side of a picture in pixels: 4K cameras fit.
pub const MAX_SIDE: usize = 4096;

/// The most pixels of a picture: 3840 x 2160.
pub const MAX_PIXELS: usize = 3840 * 2160;

/// Bytes that are no picture we can take. Quotes none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum JpegError {
    /// No JPEG, or a damaged one.
    #[error("{0} bytes are no sound JPEG")]
    Damaged(usize),
    /// No pixels, or too many.
    #[error("{0} x {1} pixels are not a camera's picture")]
    Size(usize, usize),
}

/// A decoded picture: 8-bit RGB, rows from the top.
pub struct Rgb {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Three bytes a pixel.
    pub pixels: Vec<u8>,
}

/// Decodes a picture. What stands behind its end is ignored: some cameras leave the tail of an older one there.
pub fn decode(bytes: &[u8]) -> Result<Rgb, JpegError> {
    let whole = trim_to_end(bytes).ok_or(JpegError::Damaged(bytes.len()))?;
    let options = DecoderOptions::new_safe()
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(whole), options);
    decoder.decode_headers().map_err(|_| JpegError::Damaged(bytes.len()))?;
    let (width, height) = decoder.dimensions().ok_or(JpegError::Damaged(bytes.len()))?;
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
        return Err(JpegError::Size(width, height));
    }
    let pixels = decoder.decode().map_err(|_| JpegError::Damaged(bytes.len()))?;
    if pixels.len() != width * height * 3 {
        return Err(JpegError::Damaged(bytes.len()));
    }
    // Both are at most MAX_SIDE.
    Ok(Rgb { width: width as u32, height: height as u32, pixels })
}

/// The bytes up to the end-of-image marker; nothing where the picture has no beginning or no end.
///
/// Inside entropy-coded data every FF is followed by 00 or a restart marker, so the first FF D9 behind the start of
/// scan is the end. Before it, segments are skipped by their length: a thumbnail in one has an end of its own.
pub fn trim_to_end(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = bytes.starts_with(&[0xFF, 0xD8]).then_some(2)?;
    loop {
        let marker = bytes.get(at..at + 4)?;
        if marker[0] != 0xFF {
            return None;
        }
        // A marker may be preceded by any number of FF.
        if marker[1] == 0xFF {
            at += 1;
            continue;
        }
        at += 2 + usize::from(u16::from_be_bytes([marker[2], marker[3]]));
        if marker[1] == 0xDA {
            break;
        }
    }
    let end = bytes.get(at..)?.windows(2).position(|pair| pair == [0xFF, 0xD9])?;
    bytes.get(..at + end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 8 x 8 pixels of one grey, made by a JPEG encoder: the smallest picture that holds every segment.
    pub(crate) fn grey_8x8() -> Vec<u8> {
        let mut bytes = Vec::new();
        let pixels = vec![128u8; 8 * 8 * 3];
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90)
            .encode(&pixels, 8, 8, image::ExtendedColorType::Rgb8)
            .unwrap();
        bytes
    }

    #[test]
    fn a_stale_tail_is_cut_off() {
        let picture = grey_8x8();
        let mut padded = picture.clone();
        padded.extend([1, 2, 0xFF, 0xD9, 3]);
        assert_eq!(trim_to_end(&padded), Some(picture.as_slice()));
        let rgb = decode(&padded).unwrap();
        assert_eq!((rgb.width, rgb.height, rgb.pixels.len()), (8, 8, 192));
        assert!(rgb.pixels.iter().all(|value| value.abs_diff(128) <= 2));
    }

    #[test]
    fn pictures_without_an_end_are_refused() {
        let picture = grey_8x8();
        for cut in 0..picture.len() {
            assert!(decode(&picture[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn sizes_are_limited_before_memory_is_taken() {
        let mut picture = grey_8x8();
        let frame = picture.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        for (side, allowed) in [(8u16, true), (0, false), (4095, false), (20_000, false)] {
            picture[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
            picture[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
            assert_eq!(decode(&picture).is_ok(), allowed, "{side}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let _ = decode(&bytes);
            let mut begun = vec![0xFF, 0xD8];
            begun.extend(&bytes);
            let _ = decode(&begun);
        }

        #[test]
        fn damaged_pictures_never_panic(at in any::<prop::sample::Index>(), value: u8) {
            let mut picture = grey_8x8();
            let at = at.index(picture.len());
            picture[at] = value;
            let _ = decode(&picture);
        }
    }
}
