//! Raw camera formats as RGB.
//!
//! The colours are BT.601 in limited range (black 16, white 235): what V4L2 means by a YUV format unless the camera says
//! that it has JPEG's full range (kernel documentation, "Colorspaces": `V4L2_MAP_QUANTIZATION_DEFAULT`). Taken for full
//! range, black would be a grey of 16 and every picture flat.

use thiserror::Error;

/// A raw picture whose length does not fit its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{got} bytes are not a picture of {width} x {height} pixels")]
pub struct RawSize {
    width: u32,
    height: u32,
    got: usize,
}

/// YUYV (4:2:2, two pixels in four bytes). The width must be even.
pub fn yuyv_to_rgb(width: u32, height: u32, bytes: &[u8]) -> Result<Vec<u8>, RawSize> {
    let error = RawSize { width, height, got: bytes.len() };
    let needed = pixels(width, height).ok_or(error)? * 2;
    if !width.is_multiple_of(2) || bytes.len() != needed {
        return Err(error);
    }
    let mut rgb = Vec::with_capacity(needed / 2 * 3);
    for pair in bytes.chunks_exact(4) {
        rgb.extend(rgb_of(pair[0], pair[1], pair[3]));
        rgb.extend(rgb_of(pair[2], pair[1], pair[3]));
    }
    Ok(rgb)
}

/// NV12 (4:2:0, a plane of luma and one of chroma pairs). Both sides must be even.
pub fn nv12_to_rgb(width: u32, height: u32, bytes: &[u8]) -> Result<Vec<u8>, RawSize> {
    let error = RawSize { width, height, got: bytes.len() };
    let count = pixels(width, height).ok_or(error)?;
    if !width.is_multiple_of(2) || !height.is_multiple_of(2) || bytes.len() != count / 2 * 3 {
        return Err(error);
    }
    let (luma, chroma) = bytes.split_at(count);
    let width = width as usize;
    let mut rgb = Vec::with_capacity(count * 3);
    for (y, row) in luma.chunks_exact(width).enumerate() {
        let chroma = &chroma[y / 2 * width..][..width];
        for (x, luma) in row.iter().enumerate() {
            rgb.extend(rgb_of(*luma, chroma[x / 2 * 2], chroma[x / 2 * 2 + 1]));
        }
    }
    Ok(rgb)
}

/// One byte of grey a pixel.
pub fn grey_to_rgb(width: u32, height: u32, bytes: &[u8]) -> Result<Vec<u8>, RawSize> {
    let error = RawSize { width, height, got: bytes.len() };
    if pixels(width, height) != Some(bytes.len()) {
        return Err(error);
    }
    Ok(bytes.iter().flat_map(|grey| [*grey; 3]).collect())
}

/// The number of pixels; nothing for an empty picture or one beyond any camera.
fn pixels(width: u32, height: u32) -> Option<usize> {
    let count = (width as usize).checked_mul(height as usize)?;
    (1..=super::jpeg::MAX_PIXELS).contains(&count).then_some(count)
}

/// Fixed point with 16 bits behind the point: 255/219 for luma, and 1.402, 0.344136, 0.714136 and 1.772 (BT.601) times
/// 255/224 for chroma.
fn rgb_of(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    let (luma, blue, red) = (76_309 * (i32::from(luma) - 16), i32::from(blue) - 128, i32::from(red) - 128);
    // `clamp` makes each sum fit a byte.
    let byte = |value: i32| ((value + (1 << 15)) >> 16).clamp(0, 255) as u8;
    [byte(luma + 104_597 * red), byte(luma - 25_675 * blue - 53_279 * red), byte(luma + 132_201 * blue)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_colours() {
        for (yuv, rgb, name) in [
            ([16, 128, 128], [0, 0, 0], "black"),
            ([235, 128, 128], [255, 255, 255], "white"),
            ([0, 128, 128], [0, 0, 0], "blacker than black"),
            ([255, 128, 128], [255, 255, 255], "whiter than white"),
            ([126, 128, 128], [128, 128, 128], "grey"),
            ([81, 90, 240], [254, 0, 0], "red"),
            ([145, 54, 34], [0, 255, 1], "green"),
            ([41, 240, 110], [0, 0, 255], "blue"),
        ] {
            let [luma, blue, red] = yuv;
            assert_eq!(rgb_of(luma, blue, red), rgb, "{name}");
        }
    }

    #[test]
    fn layouts() {
        assert_eq!(yuyv_to_rgb(2, 1, &[16, 128, 235, 128]).unwrap(), [0, 0, 0, 255, 255, 255]);
        assert_eq!(
            nv12_to_rgb(2, 2, &[16, 126, 235, 16, 128, 128]).unwrap(),
            [0, 0, 0, 128, 128, 128, 255, 255, 255, 0, 0, 0]
        );
        assert_eq!(grey_to_rgb(2, 1, &[7, 8]).unwrap(), [7, 7, 7, 8, 8, 8]);
    }

    #[test]
    fn wrong_sizes_are_refused() {
        type Convert = fn(u32, u32, &[u8]) -> Result<Vec<u8>, RawSize>;
        let all: [(Convert, usize); 3] = [(yuyv_to_rgb, 8), (nv12_to_rgb, 6), (grey_to_rgb, 4)];
        for (convert, length) in all {
            assert!(convert(2, 2, &vec![0; length]).is_ok());
            for (width, height, got) in
                [(2, 2, length - 1), (2, 2, length + 1), (0, 0, 0), (0, 2, 0), (20_000, 20_000, 8), (u32::MAX, 2, 8)]
            {
                assert!(convert(width, height, &vec![0; got]).is_err(), "{width} x {height}, {got} bytes");
            }
        }
    }

    proptest! {
        #[test]
        fn fixed_point_agrees_with_the_formula(luma: u8, blue: u8, red: u8) {
            let (y, [b, r]) = (
                (f64::from(luma) - 16.0) * 255.0 / 219.0,
                [blue, red].map(|chroma| (f64::from(chroma) - 128.0) * 255.0 / 224.0),
            );
            let exact = [y + 1.402 * r, y - 0.344_136 * b - 0.714_136 * r, y + 1.772 * b];
            for (got, exact) in rgb_of(luma, blue, red).into_iter().zip(exact) {
                prop_assert!((f64::from(got) - exact.clamp(0.0, 255.0)).abs() <= 0.51);
            }
        }

        #[test]
        fn arbitrary_raw_pictures_never_panic(
            width in 0u32..20,
            height in 0u32..20,
            bytes in proptest::collection::vec(any::<u8>(), 0..800),
        ) {
            for convert in [yuyv_to_rgb, nv12_to_rgb, grey_to_rgb] {
                if let Ok(rgb) = convert(width, height, &bytes) {
                    prop_assert_eq!(rgb.len(), (width * height * 3) as usize);
                }
            }
        }
    }
}
