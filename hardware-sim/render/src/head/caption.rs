//! The word SIMULATED, which every camera frame carries.

use image::RgbImage;

/// Writes SIMULATED into the lower right corner.
pub(super) fn add(image: &mut RgbImage) {
    let scale = (image.height() / 400).max(1);
    let width = (CAPTION.len() as u32 * 6 - 1) * scale;
    let (Some(left), Some(top)) =
        (image.width().checked_sub(width + 6 * scale), image.height().checked_sub(12 * scale))
    else {
        return;
    };
    for (at, letter) in (0_u32..).zip(CAPTION) {
        for (row, bits) in (0_u32..).zip(letter) {
            for column in (0..5_u32).filter(|c| bits >> (4 - c) & 1 == 1) {
                let (x, y) = (left + (at * 6 + column) * scale, top + row * scale);
                for (dx, dy) in (0..scale).flat_map(|dy| (0..scale).map(move |dx| (dx, dy))) {
                    mark(image, x + dx + scale, y + dy + scale, 0);
                    mark(image, x + dx, y + dy, 245);
                }
            }
        }
    }
}

fn mark(image: &mut RgbImage, x: u32, y: u32, towards: u16) {
    if let Some(pixel) = image.get_pixel_mut_checked(x, y) {
        for value in &mut pixel.0 {
            *value = ((u16::from(*value) + 2 * towards) / 3) as u8;
        }
    }
}

/// S I M U L A T E D, five by seven dots each.
const CAPTION: [[u8; 7]; 9] = [
    [0b01111, 0b10000, 0b10000, 0b01110, 0b00001, 0b00001, 0b11110],
    [0b01110, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
    [0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001, 0b10001],
    [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
    [0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111],
    [0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001],
    [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
    [0b11111, 0b10000, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111],
    [0b11110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b11110],
];
