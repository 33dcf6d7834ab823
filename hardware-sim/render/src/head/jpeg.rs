//! What a camera's JPEG compression does to a picture: baseline, colour at half resolution, libjpeg's tables.
//!
//! Computed here and not by an encoder and a decoder, whose rounding may change with their version: the same seed must
//! give the same bytes.

use image::RgbImage;

use super::super::maths::cos;

/// Tables K.1 and K.2 of ITU-T T.81, row by row.
const LUMINANCE: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// Replaces the picture by what is left of it after compression. Qualities outside 1..=100 are brought within.
pub(super) fn compress(image: &mut RgbImage, quality: u8) {
    let (width, height) = (image.width() as usize, image.height() as usize);
    if width == 0 || height == 0 {
        return;
    }
    let mut planes = split(image);
    let basis = basis();
    for (number, plane) in planes.iter_mut().enumerate() {
        let steps = scaled(if number == 0 { &LUMINANCE } else { &CHROMINANCE }, quality);
        for top in (0..plane.height).step_by(8) {
            for left in (0..plane.width).step_by(8) {
                let block = plane.block(left, top);
                plane.put(left, top, &rounded(&block, &basis, &steps));
            }
        }
    }
    merge(image, &planes);
}

/// One colour component, its sides rounded up to whole blocks.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<f32>,
}

impl Plane {
    fn block(&self, left: usize, top: usize) -> [f32; 64] {
        std::array::from_fn(|i| self.values[(top + i / 8) * self.width + left + i % 8])
    }

    fn put(&mut self, left: usize, top: usize, block: &[f32; 64]) {
        for (row, values) in block.chunks_exact(8).enumerate() {
            let from = (top + row) * self.width + left;
            self.values[from..from + 8].copy_from_slice(values);
        }
    }
}

/// The cosines of the transform, frequency by frequency, scaled to an orthonormal basis.
fn basis() -> [f32; 64] {
    std::array::from_fn(|i| {
        let (frequency, place) = (i / 8, i % 8);
        let scale = if frequency == 0 { 0.353_553_4 } else { 0.5 };
        scale * cos((2 * place + 1) as f32 * frequency as f32 * (std::f32::consts::PI / 16.0))
    })
}

/// libjpeg's scale: 50 is the table itself, 100 keeps everything.
fn scaled(table: &[u16; 64], quality: u8) -> [f32; 64] {
    let quality = u32::from(quality.clamp(1, 100));
    let scale = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    table.map(|step| ((u32::from(step) * scale + 50) / 100).clamp(1, 255) as f32)
}

/// The block transformed, rounded to the steps and transformed back.
fn rounded(block: &[f32; 64], basis: &[f32; 64], steps: &[f32; 64]) -> [f32; 64] {
    let turned = transposed(basis);
    let mut numbers = product(&product(basis, block), &turned);
    for (number, step) in numbers.iter_mut().zip(steps) {
        *number = nearest(*number / step) * step;
    }
    product(&product(&turned, &numbers), basis)
}

fn product(a: &[f32; 64], b: &[f32; 64]) -> [f32; 64] {
    let mut out = [0.0; 64];
    for (row, line) in out.chunks_exact_mut(8).enumerate() {
        for (k, factors) in b.chunks_exact(8).enumerate() {
            let weight = a[row * 8 + k];
            line.iter_mut().zip(factors).for_each(|(sum, factor)| *sum += weight * factor);
        }
    }
    out
}

fn transposed(a: &[f32; 64]) -> [f32; 64] {
    std::array::from_fn(|i| a[i % 8 * 8 + i / 8])
}

/// The nearest whole number; the standard rounding is a library call on old processors.
fn nearest(x: f32) -> f32 {
    (if x < 0.0 { x - 0.5 } else { x + 0.5 }) as i32 as f32
}

/// Brightness at full resolution and both colour differences at half, about 0; edges are continued.
fn split(image: &RgbImage) -> [Plane; 3] {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let full = (width.next_multiple_of(16), height.next_multiple_of(16));
    let make = |width: usize, height: usize| Plane { width, height, values: vec![0.0; width * height] };
    let mut planes = [make(full.0, full.1), make(full.0 / 2, full.1 / 2), make(full.0 / 2, full.1 / 2)];
    let bytes = image.as_raw();
    for y in 0..full.1 {
        let row = y.min(height - 1) * width;
        for x in 0..full.0 {
            let at = (row + x.min(width - 1)) * 3;
            let [r, g, b] = [bytes[at], bytes[at + 1], bytes[at + 2]].map(f32::from);
            planes[0].values[y * full.0 + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128.0;
            let half = y / 2 * (full.0 / 2) + x / 2;
            planes[1].values[half] += 0.25 * (-0.168_736 * r - 0.331_264 * g + 0.5 * b);
            planes[2].values[half] += 0.25 * (0.5 * r - 0.418_688 * g - 0.081_312 * b);
        }
    }
    planes
}

fn merge(image: &mut RgbImage, planes: &[Plane; 3]) {
    let width = image.width() as usize;
    let [light, blue, red] = planes;
    for (i, pixel) in image.pixels_mut().enumerate() {
        let (x, y) = (i % width, i / width);
        let level = light.values[y * light.width + x] + 128.0;
        let half = y / 2 * blue.width + x / 2;
        let (cb, cr) = (blue.values[half], red.values[half]);
        let colour = [level + 1.402 * cr, level - 0.344_136 * cb - 0.714_136 * cr, level + 1.772 * cb];
        pixel.0 = colour.map(|c| nearest(c).clamp(0.0, 255.0) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> RgbImage {
        RgbImage::from_fn(37, 21, |x, y| image::Rgb([(x * 6) as u8, (y * 11) as u8, ((x * y) % 256) as u8]))
    }

    #[test]
    fn worse_qualities_lose_more_and_flat_pictures_lose_nothing() {
        let plain = picture();
        let loss = |quality: u8| {
            let mut image = plain.clone();
            compress(&mut image, quality);
            image.as_raw().iter().zip(plain.as_raw()).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>()
        };
        assert!(loss(95) < loss(50) && loss(50) < loss(10), "{} {} {}", loss(95), loss(50), loss(10));
        let mut flat = RgbImage::from_pixel(17, 9, image::Rgb([100, 100, 100]));
        let before = flat.clone();
        compress(&mut flat, 60);
        assert!(flat.as_raw().iter().zip(before.as_raw()).all(|(a, b)| a.abs_diff(*b) <= 2));
    }

    #[test]
    fn any_size_and_quality_work() {
        for (width, height) in [(0, 0), (1, 1), (8, 8), (9, 17)] {
            for quality in [0, 1, 100, 255] {
                let mut image = RgbImage::new(width, height);
                compress(&mut image, quality);
                assert_eq!(image.dimensions(), (width, height));
            }
        }
    }
}
