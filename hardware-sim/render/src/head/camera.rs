//! What the camera makes of the light: blur, tone, noise, and the caption that says the picture is simulated.

use image::{Rgb, RgbImage};

use super::super::maths::exp;
use super::super::rng::Rng;
use super::march::Canvas;
use super::pose::Scene;
use super::vec::v;

/// The picture before noise and caption.
pub(super) fn develop(canvas: &Canvas, scene: &Scene) -> RgbImage {
    let sigma = scene.blur.clamp(0.0, 8.0) * canvas.height as f32 / 480.0;
    let blurred = if sigma > 0.2 { blur(canvas, sigma) } else { canvas.clone() };
    let exposure = scene.light.exposure.clamp(0.0, 16.0);
    let mut image = RgbImage::new(canvas.width as u32, canvas.height as u32);
    for (pixel, light) in image.pixels_mut().zip(&blurred.pixels) {
        *pixel = Rgb([light.x, light.y, light.z].map(|c| (tone(c * exposure) * 255.0 + 0.5) as u8));
    }
    image
}

/// Adds the sensor's noise, different for every frame.
pub(super) fn add_noise(image: &mut RgbImage, scene: &Scene, frame: u64) {
    let sigma = scene.noise.clamp(0.0, 40.0);
    if sigma <= 0.0 {
        return;
    }
    // Drawing from a table and starting every row elsewhere in it is many times cheaper than new numbers.
    let mut rng = Rng::stream(scene.seed ^ 0xCA3E, frame);
    let table: Vec<i16> = (0..4099).map(|_| (rng.normal() * sigma * 16.0) as i16).collect();
    let row_bytes = image.width() as usize * 3;
    for row in image.chunks_exact_mut(row_bytes.max(1)) {
        let mut place = rng.below(table.len());
        for value in row {
            // The seven bits after the point are dithered by the value's own place, so that weak noise is not lost.
            let noise = (table[place] + 8) >> 4;
            *value = (i16::from(*value) + noise).clamp(0, 255) as u8;
            place += 1;
            if place == table.len() {
                place = 0;
            }
        }
    }
}

/// Writes SIMULATED into the lower right corner.
pub(super) fn add_caption(image: &mut RgbImage) {
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

/// From linear light to sRGB: a soft shoulder above three quarters, then Ian Taylor's square-root form of the curve.
fn tone(x: f32) -> f32 {
    let x = if x > 0.75 {
        let over = ((x - 0.75) / 0.5).min(1.0);
        0.75 + 0.25 * over * (2.0 - over)
    } else {
        x.max(0.0)
    };
    let root = x.sqrt();
    let fourth = root.sqrt();
    (0.662_002_7 * root + 0.684_122_1 * fourth - 0.323_583_6 * fourth.sqrt() - 0.022_541_1 * x).clamp(0.0, 1.0)
}

fn blur(canvas: &Canvas, sigma: f32) -> Canvas {
    let radius = (2.6 * sigma).ceil() as usize;
    let mut kernel: Vec<f32> =
        (0..=2 * radius).map(|i| (i as f32 - radius as f32) / sigma).map(|d| exp(-0.5 * d * d)).collect();
    let sum: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= sum);
    let (width, height) = (canvas.width, canvas.height);
    // Numbers in rows, colour by colour in turn: neighbours to the side are three places off.
    let row = 3 * width;
    let mut across = vec![0.0; row * height];
    let mut padded = vec![0.0; row + 6 * radius];
    for (pixels, out) in canvas.pixels.chunks_exact(width).zip(across.chunks_exact_mut(row)) {
        for (i, place) in padded.chunks_exact_mut(3).enumerate() {
            let pixel = pixels[i.saturating_sub(radius).min(width - 1)];
            place.copy_from_slice(&[pixel.x, pixel.y, pixel.z]);
        }
        for (offset, weight) in kernel.iter().enumerate() {
            out.iter_mut().zip(&padded[3 * offset..]).for_each(|(sum, value)| *sum += value * weight);
        }
    }
    let mut line = vec![0.0; row];
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        line.fill(0.0);
        for (offset, weight) in kernel.iter().enumerate() {
            let from = (y + offset).saturating_sub(radius).min(height - 1) * row;
            line.iter_mut().zip(&across[from..from + row]).for_each(|(sum, value)| *sum += value * weight);
        }
        pixels.extend(line.chunks_exact(3).map(|c| v(c[0], c[1], c[2])));
    }
    Canvas { width, height, pixels }
}
