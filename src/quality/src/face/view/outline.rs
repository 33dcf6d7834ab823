//! The face without hair, background and neck.

use super::region::{Region, luminance, pixel};
use super::{FaceBox, Histogram};
use crate::face::POINTS;
use domain::image::Frame;

/// Points around the face from brow to chin, as the face region of ISO/IEC 29794-5 reaches: from the temple on the right
/// of the picture down around the chin and up, then over the brows.
const AROUND: [usize; 34] = [
    356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 356,
];

/// The rectangle around the outline, as far as it lies in the frame.
pub fn bounds(frame: &Frame, points: &[[f32; 3]; POINTS]) -> Region {
    let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
    for point in AROUND.map(|index| points[index]) {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    Region::clipped(frame, low[0], low[1], high[0] - low[0], high[1] - low[1])
}

/// Luminance inside the outline.
pub fn histogram(frame: &Frame, points: &[[f32; 3]; POINTS], region: &Region) -> Histogram {
    let mut bins = [0; 256];
    for y in region.rows() {
        let (mut crossings, count) = crossings(points, y as f32 + 0.5);
        crossings[..count].sort_by(f32::total_cmp);
        for x in region.columns() {
            let passed = crossings[..count].iter().filter(|&&at| at <= x as f32 + 0.5).count();
            if passed % 2 == 1 {
                bins[usize::from(luminance(pixel(frame, x, y)))] += 1;
            }
        }
    }
    bins
}

/// Where the outline crosses a height.
fn crossings(points: &[[f32; 3]; POINTS], height: f32) -> ([f32; AROUND.len()], usize) {
    let (mut found, mut count) = ([0.0; AROUND.len()], 0);
    for pair in AROUND.windows(2) {
        let ([x0, y0, _], [x1, y1, _]) = (points[pair[0]], points[pair[1]]);
        if (y0 <= height) != (y1 <= height) {
            found[count] = x0 + (x1 - x0) * (height - y0) / (y1 - y0);
            count += 1;
        }
    }
    (found, count)
}

/// Luminance inside an oval from the brows to the chin, for a face of which only the box is known.
pub fn oval_histogram(frame: &Frame, face: &FaceBox, region: &Region) -> Histogram {
    let (cx, cy) = (face.x + face.width / 2.0, face.y + face.height * 0.6);
    let (rx, ry) = (face.width * 0.36, face.height * 0.40);
    let mut bins = [0; 256];
    for (x, y) in region.samples() {
        let (dx, dy) = ((x as f32 - cx) / rx, (y as f32 - cy) / ry);
        if dx * dx + dy * dy <= 1.0 {
            bins[usize::from(luminance(pixel(frame, x, y)))] += 1;
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::super::super::scenes;
    use super::*;

    #[test]
    fn the_outline_closes_and_names_no_point_twice() {
        assert_eq!(AROUND.first(), AROUND.last());
        let mut once = AROUND[1..].to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), AROUND.len() - 1);
    }

    #[test]
    fn nothing_outside_the_outline_is_counted() {
        let face = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 1.0 };
        let points = scenes::points(&face);
        // White where the outline is, black where it is not: by the even-odd rule over its own corners.
        let frame = scenes::flat(640, 480, [200; 3]);
        let region = bounds(&frame, points.points());
        let inside: u32 = histogram(&frame, points.points(), &region).iter().sum();
        let area = AROUND.windows(2).map(|pair| {
            let ([x0, y0, _], [x1, y1, _]) = (points.points()[pair[0]], points.points()[pair[1]]);
            f64::from(x0 * y1 - x1 * y0) / 2.0
        });
        let share = area.sum::<f64>().abs() / (f64::from(region.width()) * f64::from(region.height()));
        let samples = region.samples().count();
        assert!((f64::from(inside) / samples as f64 - share).abs() < 0.01, "{inside} of {samples}, share {share}");
    }
}
