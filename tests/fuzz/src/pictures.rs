//! The front of the image pipeline: what cameras and scanners send is decoded, and prints of any shape are measured.

use domain::image::FingerImage;
use domain::units::Ppi;
use drivers::camera::mjpeg::Multipart;
use drivers::camera::{jpeg, pixels};
use drivers::sbi::{iso, iso_face, jp2};
use quality::finger::Assessor;
use quality::slap::Segmenter;
use std::cell::RefCell;

thread_local! {
    static ASSESSOR: RefCell<Assessor> = RefCell::new(Assessor::new());
}

/// The first byte says by whom the rest is read.
pub fn front(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which % 5 {
        0 => {
            if let Ok(picture) = jpeg::decode(bytes) {
                assert_eq!(picture.pixels.len(), picture.width as usize * picture.height as usize * 3);
            }
        }
        1 => stream(bytes),
        2 => {
            let _ = jp2::decode(bytes).map(|picture| {
                let expected = picture.width as usize * picture.height as usize * picture.channels;
                assert_eq!(picture.bytes.expose().len(), expected);
            });
        }
        3 => {
            let _ = iso::FingerRecord::parse(bytes).map(|record| jp2::decode(record.picture.expose()).map(drop));
            let _ = iso::FingerRecord::parse_slap(bytes).map(drop);
            let _ = iso_face::FaceRecord::parse(bytes).map(drop);
        }
        _ => raw(bytes),
    }
}

/// The measures of a print, which take a thousand times as long as a decoder: a target of its own, or decoders would hardly be
/// tried. A print of up to 255 by 255 pixels, whose few bytes are repeated.
pub fn print(bytes: &[u8]) {
    let Some(([width, height, high, low], shades)) = bytes.split_first_chunk::<4>() else { return };
    let Ok(ppi) = Ppi::try_from(u32::from(u16::from_be_bytes([*high, *low]))) else { return };
    let size = usize::from(*width) * usize::from(*height);
    let grey: Vec<u8> = shades.iter().copied().cycle().take(size).collect();
    let _ = Segmenter::new().segment(&grey, usize::from(*width), usize::from(*height), ppi).fingers.len();
    let Ok(image) = FingerImage::new((*width).into(), (*height).into(), ppi, 8, grey) else { return };
    ASSESSOR.with_borrow_mut(|assessor| {
        let found = assessor.assess(&image);
        assert!(found.measures().all(|measure| !measure.value.is_nan()), "a measure is a number or absent");
    });
}

fn stream(bytes: &[u8]) {
    let mut parts = Multipart::for_content_type("multipart/x-mixed-replace; boundary=frame").unwrap();
    for piece in bytes.chunks(97) {
        parts.push(piece);
        while let Ok(Some(part)) = parts.next_part() {
            let _ = jpeg::decode(part.expose()).map(drop);
        }
    }
}

fn raw(bytes: &[u8]) {
    let Some(([width, height], bytes)) = bytes.split_first_chunk::<2>() else { return };
    let (width, height) = (u32::from(*width), u32::from(*height));
    for convert in [pixels::yuyv_to_rgb, pixels::nv12_to_rgb, pixels::grey_to_rgb] {
        if let Ok(rgb) = convert(width, height, bytes) {
            assert_eq!(rgb.len() as u32, width * height * 3);
        }
    }
}
