//! Pictures drawn for the tests of this folder. None of them is anybody.

use super::geometry::EYE_CORNERS;
use super::pose::{Pose, tests::posed};
use super::{FaceBox, Landmarks};
use domain::image::Frame;
use domain::units::Millis;

/// The folder of the trained networks. Where it is missing, that is a fault of the machine's set-up and said as one.
pub fn models() -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/face");
    assert!(folder.is_dir(), "{} is missing: run `cargo xtask setup`", folder.display());
    folder
}

/// One colour.
pub fn flat(width: u32, height: u32, rgb: [u8; 3]) -> Frame {
    draw(width, height, |_, _| rgb)
}

/// Black and white squares.
pub fn checks(width: u32, height: u32, side: u32) -> Frame {
    draw(width, height, |x, y| if (x / side + y / side).is_multiple_of(2) { [0; 3] } else { [255; 3] })
}

/// Black on the left to white on the right.
pub fn ramp(width: u32, height: u32) -> Frame {
    draw(width, height, |x, _| [(x * 255 / (width - 1).max(1)) as u8; 3])
}

/// Skin with dark eyes, brows and mouth where a detector's box would have them, on a plain wall.
pub fn drawn_face(width: u32, height: u32, face: &FaceBox) -> Frame {
    let inside = |x: u32, y: u32, cx: f32, cy: f32, rx: f32, ry: f32| {
        let dx = ((x as f32 - face.x) / face.width - cx) / rx;
        let dy = ((y as f32 - face.y) / face.height - cy) / ry;
        dx * dx + dy * dy <= 1.0
    };
    draw(width, height, |x, y| {
        let dark = [(0.3, 0.39, 0.08, 0.04), (0.7, 0.39, 0.08, 0.04), (0.3, 0.28, 0.12, 0.03), (0.7, 0.28, 0.12, 0.03)];
        if dark.iter().any(|&(cx, cy, rx, ry)| inside(x, y, cx, cy, rx, ry)) {
            [60, 40, 35]
        } else if inside(x, y, 0.5, 0.8, 0.16, 0.05) {
            [150, 70, 70]
        } else if inside(x, y, 0.5, 0.5, 0.5, 0.65) {
            // A little shade to the sides and the grain of skin, so that histograms are not one bin.
            let shade = ((x as f32 - face.x) / face.width - 0.5).abs() * 60.0;
            let grain = f32::from(((x * 7 + y * 13) % 11) as u8) - 5.0;
            [205.0, 160.0, 138.0].map(|v: f32| (v - shade + grain) as u8)
        } else {
            [200, 203, 206]
        }
    })
}

/// Round dots of a radius in pixels and of any colours on grey.
pub fn dotted(width: u32, height: u32, dots: &[((f32, f32), [u8; 3])], radius: f32) -> Frame {
    draw(width, height, |x, y| {
        let near = |&&((u, v), _): &&((f32, f32), [u8; 3])| (x as f32 + 0.5 - u).hypot(y as f32 + 0.5 - v) <= radius;
        dots.iter().find(near).map_or([128; 3], |&(_, colour)| colour)
    })
}

/// Points of a face that looks straight ahead, eyes where [`drawn_face`] draws them; those that nothing is measured on
/// lie in the middle.
pub fn points(face: &FaceBox) -> Landmarks {
    /// Numbers and places of further points on the known head of [`posed`], centimetres: (right, left) and middle.
    const SIDES: [(usize, usize, [f32; 3]); 14] = [
        (234, 454, [7.66, 0.67, -2.44]),
        (93, 323, [7.54, -1.05, -2.43]),
        (58, 288, [6.72, -4.79, -1.75]),
        (172, 397, [5.94, -6.22, -0.63]),
        (150, 379, [4.07, -7.99, 1.93]),
        (149, 378, [3.21, -8.53, 2.80]),
        (176, 400, [2.31, -8.97, 3.61]),
        (148, 377, [1.29, -9.30, 4.09]),
        (70, 300, [5.72, 4.25, 2.83]),
        (63, 293, [4.99, 4.80, 3.75]),
        (105, 334, [3.99, 5.11, 4.47]),
        (66, 296, [2.76, 5.10, 5.02]),
        (107, 336, [1.40, 5.01, 5.32]),
        (61, 291, [2.46, -4.34, 4.28]),
    ];
    const MIDDLE: [(usize, [f32; 3]); 3] =
        [(152, [0.0, -9.40, 4.26]), (13, [0.0, -4.26, 5.3]), (14, [0.0, -4.26, 5.3])];
    let scale = 0.4 * face.width / 6.302;
    let (x, y) = (face.x + face.width / 2.0, face.y + 0.41 * face.height + scale * 2.625);
    let still = Pose { yaw: 0.0, pitch: 0.0, roll: 0.0 };
    let mut points = Box::new(*posed(still, f64::from(scale), (f64::from(x), f64::from(y))).points());
    let at = |[right, up, near]: [f32; 3]| [x + scale * right, y - scale * up, -scale * near];
    for (right, left, [across, up, near]) in SIDES {
        (points[right], points[left]) = (at([-across, up, near]), at([across, up, near]));
    }
    MIDDLE.iter().for_each(|&(index, place)| points[index] = at(place));
    Landmarks::new(points, 1.0)
}

/// A rectangle: its middle, half of its width and height, and its linear light.
pub type Painted = ([f32; 2], [f32; 2], [f32; 3]);

/// Rectangles on one colour, the first of them in front, in linear light that `light` scales by channel.
pub fn painted(width: u32, height: u32, skin: [f32; 3], light: [f32; 3], front: &[Painted]) -> Frame {
    draw(width, height, |x, y| {
        let at = [x as f32 + 0.5, y as f32 + 0.5];
        let inside = |(middle, half, _): &&Painted| (0..2).all(|axis| (at[axis] - middle[axis]).abs() < half[axis]);
        let colour = front.iter().find(inside).map_or(skin, |&(.., colour)| colour);
        [0, 1, 2].map(|c| ((colour[c] * light[c]).clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0) as u8)
    })
}

/// Eyes with a pupil and white, open by `eyes` pixels; a line of lashes where they are shut.
pub fn open_eyes(landmarks: &Landmarks, eyes: f32) -> Vec<Painted> {
    let points = landmarks.points();
    let eye = |[a, b]: [usize; 2]| {
        let [p, q] = [points[a], points[b]];
        let (middle, half) = ([(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0], (q[0] - p[0]).abs() / 2.0);
        let pupil = (middle, [0.3 * half, eyes.max(2.0) / 2.0], [0.02, 0.015, 0.01]);
        [pupil, (middle, [1.2 * half, eyes / 2.0], [0.62, 0.6, 0.58])]
    };
    EYE_CORNERS.into_iter().flat_map(eye).collect()
}

/// A smooth, shaded oval of skin colour without features: no face.
pub fn egg(width: u32, height: u32) -> Frame {
    draw(width, height, |x, y| {
        let (dx, dy) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        let d = (dx / 0.2).powi(2) + (dy / 0.35).powi(2);
        let light = (1.0 - d).max(0.0).sqrt() * 0.6 + 0.4 - dx * 0.5;
        if d <= 1.0 { [220.0, 180.0, 160.0].map(|v: f32| (v * light) as u8) } else { [170, 175, 180] }
    })
}

/// A frame averaged over squares of `2 radius + 1` pixels.
pub fn blurred(frame: &Frame, radius: u32) -> Frame {
    draw(frame.width, frame.height, |x, y| {
        let mut sums = [0u32; 3];
        let mut count = 0;
        for v in y.saturating_sub(radius)..=(y + radius).min(frame.height - 1) {
            for u in x.saturating_sub(radius)..=(x + radius).min(frame.width - 1) {
                let at = ((v * frame.width + u) * 3) as usize;
                (0..3).for_each(|c| sums[c] += u32::from(frame.rgb()[at + c]));
                count += 1;
            }
        }
        sums.map(|sum| (sum / count) as u8)
    })
}

/// Every channel scaled, as light would.
pub fn lit(frame: &Frame, factor: f32) -> Frame {
    let rgb = frame.rgb().iter().map(|&v| (f32::from(v) * factor) as u8).collect();
    Frame::new(frame.width, frame.height, frame.captured_at, frame.sequence, rgb).unwrap()
}

fn draw(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Frame {
    let pixel = &pixel;
    let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Frame::new(width, height, Millis(0), 0, rgb).unwrap()
}
