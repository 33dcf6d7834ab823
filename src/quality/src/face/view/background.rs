//! What is behind the head: how plain it is.
//!
//! A frame does not say where hair and shoulders end. So only what lies clearly beside and above them is looked at: more
//! than [`BESIDE`] to the sides down to the chin, and more than [`ABOVE`] over the eyes. Where less than [`LEAST_SHARE`]
//! of the frame is left, the background is not assessed.

use super::Geometry;
use domain::image::Frame;

/// Half the width that a head with hair or a head cover may take, in inter-eye distances: head breadth is 2.4 of them
/// (Farkas, 1994); loose hair adds as much as the half of that on each side of a rendered head.
const BESIDE: f32 = 2.4;
/// Height of a head with hair or a turban above the eyes, in eye-to-chin distances: the crown lies at 1.
const ABOVE: f32 = 1.7;
/// The least share of the frame that says something about its background.
const LEAST_SHARE: f32 = 0.08;
/// Side of the cells whose means are compared, pixels at 480 rows: a sensor's noise is averaged away, a pattern is not.
const CELL: u32 = 8;
/// Pixels between the rows and columns that are read.
const STEP: usize = 2;
/// Most cells along each axis: the cost of a huge frame stays bounded.
const MOST_CELLS: u32 = 160;

/// How plain the background is, in grey levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Background {
    /// Mean length of the gradient between neighbouring cells by Sobel's operator (as OFIQ's), and root mean square
    /// distance of the cells' colours from their mean; none where too little of the background is seen.
    pub gradient_and_spread: Option<(f64, f64)>,
}

impl Background {
    /// Looks beside and above the head.
    pub fn of(frame: &Frame, geometry: &Geometry) -> Self {
        Self { gradient_and_spread: Cells::of(frame, geometry).and_then(|cells| cells.measure()) }
    }
}

/// Mean colours of cells; none where the head may be.
struct Cells {
    columns: usize,
    rows: usize,
    colours: Vec<Option<[f32; 3]>>,
}

impl Cells {
    fn of(frame: &Frame, geometry: &Geometry) -> Option<Self> {
        let longest = frame.width.max(frame.height);
        let side = (frame.height * CELL / 480).max(CELL / 2).max(longest.div_ceil(MOST_CELLS));
        let (columns, rows) = (frame.width / side, frame.height / side);
        let (x, y) = geometry.eyes;
        // Down to the chin: below it are shoulders.
        let last = ((y + geometry.eye_to_chin) / side as f32).clamp(0.0, rows as f32) as u32;
        let apart = BESIDE * geometry.inter_eye.max(geometry.eye_to_chin / 2.0);
        let crown = y - ABOVE * geometry.eye_to_chin;
        let mut colours = Vec::with_capacity(columns as usize * last as usize);
        for row in 0..last {
            let above = ((row + 1) * side) as f32 <= crown;
            for column in 0..columns {
                let beside = ((column + 1) * side) as f32 <= x - apart || (column * side) as f32 >= x + apart;
                colours.push((above || beside).then(|| mean(frame, column * side, row * side, side)));
            }
        }
        let seen = colours.iter().flatten().count() as f32 * (side * side) as f32;
        let enough = seen >= LEAST_SHARE * frame.width as f32 * frame.height as f32 && seen > 0.0;
        enough.then_some(Self { columns: columns as usize, rows: last as usize, colours })
    }

    fn measure(&self) -> Option<(f64, f64)> {
        let known: Vec<[f32; 3]> = self.colours.iter().flatten().copied().collect();
        let count = known.len() as f64;
        let mean = [0, 1, 2].map(|c| known.iter().map(|rgb| f64::from(rgb[c])).sum::<f64>() / count);
        let far = |rgb: &[f32; 3]| (0..3).map(|c| (f64::from(rgb[c]) - mean[c]).powi(2)).sum::<f64>() / 3.0;
        let spread = (known.iter().map(far).sum::<f64>() / count).sqrt();
        let (mut sum, mut places) = (0.0, 0u32);
        for row in 1..self.rows.saturating_sub(1) {
            for column in 1..self.columns.saturating_sub(1) {
                if let Some(gradient) = self.gradient(column, row) {
                    sum += gradient;
                    places += 1;
                }
            }
        }
        (places > 0).then(|| (sum / f64::from(places), spread))
    }

    /// Sobel's gradient where all nine cells are background.
    fn gradient(&self, column: usize, row: usize) -> Option<f64> {
        let mut grey = [[0f32; 3]; 3];
        for (dy, line) in grey.iter_mut().enumerate() {
            for (dx, grey) in line.iter_mut().enumerate() {
                let [r, g, b] = self.colours[(row + dy - 1) * self.columns + column + dx - 1]?;
                *grey = 0.299 * r + 0.587 * g + 0.114 * b;
            }
        }
        let [a, b, c] = grey;
        let across = a[2] + 2.0 * b[2] + c[2] - a[0] - 2.0 * b[0] - c[0];
        let down = c[0] + 2.0 * c[1] + c[2] - a[0] - 2.0 * a[1] - a[2];
        Some(f64::from(across.hypot(down)))
    }
}

fn mean(frame: &Frame, left: u32, top: u32, side: u32) -> [f32; 3] {
    let row_bytes = frame.width as usize * 3;
    let (mut sums, mut count) = ([0u32; 3], 0u32);
    // Of large cells every fourth part is read along each axis.
    let step = STEP.max(side as usize / 4);
    for y in (top..top + side).step_by(step) {
        let line = &frame.rgb()[y as usize * row_bytes + left as usize * 3..][..side as usize * 3];
        for rgb in line.chunks_exact(3).step_by(step) {
            (0..3).for_each(|c| sums[c] += u32::from(rgb[c]));
            count += 1;
        }
    }
    sums.map(|sum| sum as f32 / count.max(1) as f32)
}

#[cfg(test)]
mod tests {
    use super::super::super::{FaceBox, scenes};
    use super::*;

    fn of(frame: &Frame, face: &FaceBox) -> Option<(f64, f64)> {
        Background::of(frame, &Geometry::of(face)).gradient_and_spread
    }

    #[test]
    fn plain_walls_are_told_from_patterns() {
        let face = FaceBox { x: 250.0, y: 170.0, width: 140.0, height: 140.0, score: 1.0 };
        let (gradient, spread) = of(&scenes::flat(640, 480, [190, 195, 200]), &face).unwrap();
        assert!(gradient < 0.01 && spread < 0.01, "{gradient} {spread}");
        let (gradient, spread) = of(&scenes::checks(640, 480, 40), &face).unwrap();
        assert!(gradient > 100.0 && spread > 100.0, "{gradient} {spread}");
        let (gradient, spread) = of(&scenes::ramp(640, 480), &face).unwrap();
        assert!((10.0..60.0).contains(&gradient) && spread > 50.0, "{gradient} {spread}");
    }

    #[test]
    fn a_face_that_fills_the_frame_leaves_no_background() {
        let face = FaceBox { x: 120.0, y: 60.0, width: 400.0, height: 400.0, score: 1.0 };
        assert_eq!(of(&scenes::flat(640, 480, [190; 3]), &face), None);
        for (width, height) in [(0, 0), (1, 1), (7, 900), (900, 7)] {
            assert_eq!(of(&scenes::flat(width, height, [9; 3]), &face), None, "{width} x {height}");
        }
    }
}
