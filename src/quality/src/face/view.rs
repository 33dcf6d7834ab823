//! One look at the face's pixels, shared by all components: each pixel needed is read once.

use super::geometry::Geometry;
use super::{FaceBox, MAX_FACES};
use domain::image::Frame;
use std::sync::LazyLock;

/// Samples across the face region for histograms: enough that a share of one in a thousand is seen.
const SAMPLES: u32 = 128;
/// Columns of the grid on which sharpness is judged, at most; smaller faces are judged pixel by pixel.
const GRID: u32 = 192;
/// Narrowest region, in pixels, about which anything can be said.
const SMALLEST_REGION: u32 = 16;
/// Side of the cheek zones in inter-eye distances (ISO/IEC 29794-5, illumination uniformity and natural colour).
const ZONE: f32 = 0.3;

/// A luminance histogram of 256 bins.
pub type Histogram = [u32; 256];

/// What the components look at.
#[derive(Clone, Debug)]
pub struct FaceView {
    /// Width of the whole frame, pixels.
    pub frame_width: u32,
    /// Height of the whole frame, pixels.
    pub frame_height: u32,
    /// Areas of all faces in square pixels, the largest first.
    pub areas: Vec<f32>,
    /// The estimated points of the largest face.
    pub geometry: Geometry,
    /// Luminance (linear light, 0..255, as ISO/IEC 29794-5 defines it) inside the face oval.
    pub face: Histogram,
    /// Luminance of the cheek zone on the left of the frame.
    pub left_cheek: Histogram,
    /// Luminance of the cheek zone on the right of the frame.
    pub right_cheek: Histogram,
    /// Mean red, green and blue of both cheek zones, 0..1, as coded (not linear).
    pub cheek_colour: [f64; 3],
    /// Grey values (as coded, 0..255) of the face region, row by row.
    pub grid: Vec<f32>,
    /// Columns of `grid`.
    pub grid_width: usize,
}

impl FaceView {
    /// Looks at the largest of `faces`; `Err` says why nothing can be seen.
    pub fn of(frame: &Frame, faces: &[FaceBox]) -> Result<Self, &'static str> {
        let mut areas: Vec<f32> = faces.iter().take(MAX_FACES).map(FaceBox::area).collect();
        areas.sort_by(|a, b| b.total_cmp(a));
        let largest = faces.iter().take(MAX_FACES).max_by(|a, b| a.area().total_cmp(&b.area())).ok_or("no face")?;
        if !largest.is_sound() {
            return Err("impossible box");
        }
        let region = Region::clipped(frame, largest.x, largest.y, largest.width, largest.height);
        if region.width() < SMALLEST_REGION || region.height() < SMALLEST_REGION {
            return Err("too little of the face in the frame");
        }
        let geometry = Geometry::of(largest);
        let [left, right] = cheeks(frame, &geometry);
        let (grid, grid_width) = grid(frame, &region);
        Ok(Self {
            frame_width: frame.width,
            frame_height: frame.height,
            areas,
            geometry,
            face: oval_histogram(frame, largest, &region),
            left_cheek: histogram(frame, &left),
            right_cheek: histogram(frame, &right),
            cheek_colour: mean_colour(frame, &[left, right]),
            grid,
            grid_width,
        })
    }
}

/// Pixels in a histogram.
pub fn total(histogram: &Histogram) -> f64 {
    histogram.iter().map(|&n| f64::from(n)).sum()
}

/// sRGB's transfer curve undone (IEC 61966-2-1): coded value 0..1 to linear light 0..1.
pub fn linear(coded: f64) -> f64 {
    if coded <= 0.04045 { coded / 12.92 } else { ((coded + 0.055) / 1.055).powf(2.4) }
}

/// A rectangle of whole pixels inside the frame; empty where nothing of it lies inside.
#[derive(Clone, Copy)]
struct Region {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Region {
    fn clipped(frame: &Frame, x: f32, y: f32, width: f32, height: f32) -> Self {
        // `as` saturates at 0 for what lies left of or above the frame.
        let left = (x.round() as u32).min(frame.width);
        let top = (y.round() as u32).min(frame.height);
        let right = ((x + width).round() as u32).clamp(left, frame.width);
        let bottom = ((y + height).round() as u32).clamp(top, frame.height);
        Self { left, top, right, bottom }
    }

    fn width(&self) -> u32 {
        self.right - self.left
    }

    fn height(&self) -> u32 {
        self.bottom - self.top
    }

    /// Coordinates of at most `most` samples along each axis, evenly spread.
    fn samples(&self, most: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
        let Self { left, top, right, bottom } = *self;
        let spread = move |from: u32, to: u32| {
            let count = (to - from).min(most);
            (0..count)
                .map(move |i| from + ((u64::from(to - from) * u64::from(2 * i + 1)) / u64::from(2 * count)) as u32)
        };
        spread(top, bottom).flat_map(move |y| spread(left, right).map(move |x| (x, y)))
    }
}

/// The coded value's linear light times the luminance weights of ISO/IEC 29794-5 times 255.
static WEIGHTED: LazyLock<[[f32; 256]; 3]> = LazyLock::new(|| {
    [0.2126, 0.7152, 0.0722].map(|w| std::array::from_fn(|v| (255.0 * w * linear(v as f64 / 255.0)) as f32))
});

fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
    let at = (y as usize * frame.width as usize + x as usize) * 3;
    let rgb = frame.rgb();
    [rgb[at], rgb[at + 1], rgb[at + 2]]
}

fn luminance([r, g, b]: [u8; 3]) -> u8 {
    let [red, green, blue] = &*WEIGHTED;
    (red[usize::from(r)] + green[usize::from(g)] + blue[usize::from(b)] + 0.5) as u8
}

fn histogram(frame: &Frame, region: &Region) -> Histogram {
    let mut bins = [0; 256];
    for (x, y) in region.samples(SAMPLES) {
        bins[usize::from(luminance(pixel(frame, x, y)))] += 1;
    }
    bins
}

/// The face without hair, background and neck: an oval from the brows to the chin.
fn oval_histogram(frame: &Frame, face: &FaceBox, region: &Region) -> Histogram {
    let (cx, cy) = (face.x + face.width / 2.0, face.y + face.height * 0.6);
    let (rx, ry) = (face.width * 0.36, face.height * 0.40);
    let mut bins = [0; 256];
    for (x, y) in region.samples(SAMPLES) {
        let (dx, dy) = ((x as f32 - cx) / rx, (y as f32 - cy) / ry);
        if dx * dx + dy * dy <= 1.0 {
            bins[usize::from(luminance(pixel(frame, x, y)))] += 1;
        }
    }
    bins
}

/// Squares under the eyes' outer halves, half-way down to the mouth.
fn cheeks(frame: &Frame, geometry: &Geometry) -> [Region; 2] {
    let side = geometry.inter_eye * ZONE;
    let top = geometry.eyes.1 + geometry.eye_to_mouth / 2.0;
    let half = geometry.inter_eye / 2.0;
    [geometry.eyes.0 - half - side / 2.0, geometry.eyes.0 + half - side / 2.0]
        .map(|left| Region::clipped(frame, left, top, side, side))
}

fn mean_colour(frame: &Frame, regions: &[Region]) -> [f64; 3] {
    let mut sums = [0u64; 3];
    let mut count = 0u64;
    for (x, y) in regions.iter().flat_map(|r| r.samples(SAMPLES)) {
        for (sum, value) in sums.iter_mut().zip(pixel(frame, x, y)) {
            *sum += u64::from(value);
        }
        count += 1;
    }
    sums.map(|sum| sum as f64 / (255.0 * count.max(1) as f64))
}

/// Grey values of the region, reduced to at most [`GRID`] columns by averaging whole blocks of pixels.
fn grid(frame: &Frame, region: &Region) -> (Vec<f32>, usize) {
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
    use super::super::scenes;
    use super::*;

    #[test]
    fn luminance_is_linear_light() {
        for (rgb, expected) in [([0, 0, 0], 0), ([255, 255, 255], 255), ([128, 128, 128], 55), ([0, 255, 0], 182)] {
            assert_eq!(luminance(rgb), expected, "{rgb:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_says_why() {
        let frame = scenes::flat(100, 80, [90; 3]);
        let face = FaceBox { x: 10.0, y: 10.0, width: 50.0, height: 50.0, score: 1.0 };
        for (name, faces, why) in [
            ("nobody", vec![], "no face"),
            ("off the frame", vec![FaceBox { x: 200.0, ..face }], "too little of the face in the frame"),
            ("a sliver", vec![FaceBox { x: -45.0, ..face }], "too little of the face in the frame"),
            ("no number", vec![FaceBox { x: f32::NAN, ..face }], "impossible box"),
        ] {
            assert_eq!(FaceView::of(&frame, &faces).err(), Some(why), "{name}");
        }
        assert!(FaceView::of(&frame, &[FaceBox { x: -20.0, y: -20.0, ..face }]).is_ok());
    }

    #[test]
    fn the_largest_face_is_looked_at() {
        let frame = scenes::flat(200, 200, [90; 3]);
        let small = FaceBox { x: 10.0, y: 10.0, width: 40.0, height: 40.0, score: 9.0 };
        let large = FaceBox { x: 80.0, y: 80.0, width: 80.0, height: 80.0, score: 1.0 };
        let view = FaceView::of(&frame, &[small, large]).unwrap();
        assert_eq!(view.areas, [6400.0, 1600.0]);
        assert_eq!(view.geometry, Geometry::of(&large));
    }
}
