//! Which pixels are looked at, and their light.

use super::Histogram;
use domain::image::Frame;
use std::sync::LazyLock;

/// Samples across a region for histograms: enough that a share of one in a thousand is seen.
pub const SAMPLES: u32 = 128;
/// Columns of the grid on which sharpness is judged, at most; smaller faces are judged pixel by pixel.
const GRID: u32 = 192;

/// sRGB's transfer curve undone (IEC 61966-2-1): coded value 0..1 to linear light 0..1.
pub fn linear(coded: f64) -> f64 {
    if coded <= 0.04045 { coded / 12.92 } else { ((coded + 0.055) / 1.055).powf(2.4) }
}

/// Luminance weights of ISO/IEC 29794-5 for linear red, green and blue.
pub const WEIGHTS: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// Linear light, 0..1, of each coded value.
pub static LINEAR: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|value| linear(value as f64 / 255.0) as f32));

/// The coded value's linear light times its luminance weight times 255.
static WEIGHTED: LazyLock<[[f32; 256]; 3]> = LazyLock::new(|| WEIGHTS.map(|w| LINEAR.map(|light| 255.0 * w * light)));

/// A rectangle of whole pixels inside the frame; empty where nothing of it lies inside.
#[derive(Clone, Copy)]
pub struct Region {
    pub left: u32,
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
}

impl Region {
    pub fn clipped(frame: &Frame, x: f32, y: f32, width: f32, height: f32) -> Self {
        // `as` saturates at 0 for what lies left of or above the frame.
        let left = (x.round() as u32).min(frame.width);
        let top = (y.round() as u32).min(frame.height);
        let right = ((x + width).round() as u32).clamp(left, frame.width);
        let bottom = ((y + height).round() as u32).clamp(top, frame.height);
        Self { left, top, right, bottom }
    }

    pub fn width(&self) -> u32 {
        self.right - self.left
    }

    pub fn height(&self) -> u32 {
        self.bottom - self.top
    }

    /// Rows and columns of at most [`SAMPLES`] samples along each axis, evenly spread.
    pub fn rows(&self) -> impl Iterator<Item = u32> + use<> {
        spread(self.top, self.bottom)
    }

    /// As [`Self::rows`].
    pub fn columns(&self) -> impl Iterator<Item = u32> + use<> {
        spread(self.left, self.right)
    }

    /// Coordinates of the samples.
    pub fn samples(&self) -> impl Iterator<Item = (u32, u32)> + use<> {
        let region = *self;
        self.rows().flat_map(move |y| region.columns().map(move |x| (x, y)))
    }
}

fn spread(from: u32, to: u32) -> impl Iterator<Item = u32> {
    let count = (to - from).min(SAMPLES);
    (0..count).map(move |i| from + ((u64::from(to - from) * u64::from(2 * i + 1)) / u64::from(2 * count)) as u32)
}

pub fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
    let at = (y as usize * frame.width as usize + x as usize) * 3;
    let rgb = frame.rgb();
    [rgb[at], rgb[at + 1], rgb[at + 2]]
}

/// Luminance in linear light, 0..255.
pub fn luminance([r, g, b]: [u8; 3]) -> u8 {
    let [red, green, blue] = &*WEIGHTED;
    (red[usize::from(r)] + green[usize::from(g)] + blue[usize::from(b)] + 0.5) as u8
}

/// Luminance of a cheek zone.
pub fn histogram(frame: &Frame, region: &Region) -> Histogram {
    let mut bins = [0; 256];
    for (x, y) in region.samples() {
        bins[usize::from(luminance(pixel(frame, x, y)))] += 1;
    }
    bins
}

/// Mean of the samples of both zones, 0..1: as coded, and as linear light.
pub fn mean_colours(frame: &Frame, regions: &[Region]) -> ([f64; 3], [f64; 3]) {
    let (mut coded, mut light, mut count) = ([0u64; 3], [0f64; 3], 0u64);
    for (x, y) in regions.iter().flat_map(Region::samples) {
        for (channel, value) in pixel(frame, x, y).into_iter().enumerate() {
            coded[channel] += u64::from(value);
            light[channel] += f64::from(LINEAR[usize::from(value)]);
        }
        count += 1;
    }
    let count = count.max(1) as f64;
    (coded.map(|sum| sum as f64 / (255.0 * count)), light.map(|sum| sum / count))
}

/// Grey values of the region, reduced to at most [`GRID`] columns by averaging whole blocks of pixels.
pub fn grid(frame: &Frame, region: &Region) -> (Vec<f32>, usize) {
    let block = region.width().div_ceil(GRID);
    let (columns, rows) = (region.width() / block, region.height() / block);
    // Of a huge face only four lines a block are read: the cost stays bounded.
    let stride = block.div_ceil(4);
    let mut cells = Vec::with_capacity(columns as usize * rows as usize);
    let row_bytes = frame.width as usize * 3;
    for row in 0..rows {
        for column in 0..columns {
            let (mut sum, mut count) = (0u32, 0u32);
            for y in (0..block).step_by(stride as usize) {
                let at =
                    (region.top + row * block + y) as usize * row_bytes + (region.left + column * block) as usize * 3;
                let line = &frame.rgb()[at..][..block as usize * 3];
                for rgb in line.chunks_exact(3).step_by(stride as usize) {
                    // Twice green and once each of the others: luma near enough for edges, without multiplication.
                    sum += u32::from(rgb[0]) + 2 * u32::from(rgb[1]) + u32::from(rgb[2]);
                    count += 4;
                }
            }
            cells.push(sum as f32 / count as f32);
        }
    }
    (cells, columns as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luminance_is_linear_light() {
        for (rgb, expected) in [([0, 0, 0], 0), ([255, 255, 255], 255), ([128, 128, 128], 55), ([0, 255, 0], 182)] {
            assert_eq!(luminance(rgb), expected, "{rgb:?}");
        }
    }
}
