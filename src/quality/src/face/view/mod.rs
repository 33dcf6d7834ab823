//! One look at the face's pixels, shared by all components: each pixel needed is read once.

mod background;
mod openings;
mod outline;
mod region;

use super::geometry::{EYE_CORNERS, Geometry, LIP_EDGES};
use super::pose::Pose;
use super::{FaceBox, Landmarks, MAX_FACES};
use domain::image::Frame;
use zeroize::Zeroize;

pub use background::Background;
pub use openings::{HIDDEN_EYE, HIDDEN_MOUTH, NO_COLOUR, Openings};
pub use region::linear;

use region::Region;

/// Narrowest region, in pixels, about which anything can be said.
const SMALLEST_REGION: u32 = 16;
/// Side of the cheek zones in inter-eye distances (ISO/IEC 29794-5, illumination uniformity and natural colour).
const ZONE: f32 = 0.3;

/// A luminance histogram of 256 bins.
pub type Histogram = [u32; 256];

/// What the components look at. It is biometric data: it has no `Debug`, and pixels and histograms are wiped on drop.
#[derive(Clone)]
pub struct FaceView {
    /// Width of the whole frame, pixels.
    pub frame_width: u32,
    /// Height of the whole frame, pixels.
    pub frame_height: u32,
    /// Areas of all faces in square pixels, the largest first.
    pub areas: Vec<f32>,
    /// The places of the largest face, from its landmarks or estimated from its box.
    pub geometry: Geometry,
    /// Luminance (linear light, 0..255, as ISO/IEC 29794-5 defines it) of the face from the brows to the chin.
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
    /// What only landmarks tell, or why it is not told.
    pub marked: Result<Marked, &'static str>,
}

impl Drop for FaceView {
    fn drop(&mut self) {
        self.grid.zeroize();
        [&mut self.face, &mut self.left_cheek, &mut self.right_cheek].into_iter().for_each(Zeroize::zeroize);
        self.cheek_colour.zeroize();
    }
}

/// What only landmarks tell.
#[derive(Clone, Debug)]
pub struct Marked {
    /// How the head is held.
    pub pose: Pose,
    /// How far eyes and mouth are open.
    pub openings: Openings,
    /// What is behind the head.
    pub background: Background,
}

impl FaceView {
    /// Looks at the largest of `faces`, whose points `landmarks` are; `Err` says why nothing can be seen.
    pub fn of(frame: &Frame, faces: &[FaceBox], landmarks: Option<&Landmarks>) -> Result<Self, &'static str> {
        let mut areas: Vec<f32> = faces.iter().take(MAX_FACES).map(FaceBox::area).collect();
        areas.sort_by(|a, b| b.total_cmp(a));
        let largest = faces.iter().take(MAX_FACES).max_by(|a, b| a.area().total_cmp(&b.area())).ok_or("no face")?;
        if !largest.is_sound() {
            return Err("impossible box");
        }
        let points = landmarks.and_then(|l| Some((l, Geometry::of_points(l)?, Pose::of(l)?)));
        let region = match points {
            Some((landmarks, ..)) => outline::bounds(frame, landmarks.points()),
            None => Region::clipped(frame, largest.x, largest.y, largest.width, largest.height),
        };
        if region.width() < SMALLEST_REGION || region.height() < SMALLEST_REGION {
            return Err("too little of the face in the frame");
        }
        let geometry = points.map_or_else(|| Geometry::of(largest), |(_, geometry, _)| geometry);
        let [left, right] = cheeks(frame, &geometry, points.map(|(landmarks, ..)| landmarks));
        let (cheek_colour, skin) = region::mean_colours(frame, &[left, right]);
        let (grid, grid_width) = region::grid(frame, &region);
        let marked = match points {
            Some((landmarks, geometry, pose)) => Ok(Marked {
                pose,
                openings: Openings::of(frame, landmarks.points(), &geometry, skin),
                background: Background::of(frame, &geometry),
            }),
            None if landmarks.is_some() => Err("the points are no face's"),
            None => Err("needs landmarks"),
        };
        let face = match points {
            Some((landmarks, ..)) => outline::histogram(frame, landmarks.points(), &region),
            None => outline::oval_histogram(frame, largest, &region),
        };
        Ok(Self {
            frame_width: frame.width,
            frame_height: frame.height,
            areas,
            geometry,
            face,
            left_cheek: region::histogram(frame, &left),
            right_cheek: region::histogram(frame, &right),
            cheek_colour,
            grid,
            grid_width,
            marked,
        })
    }
}

/// How far the eyes are open, in eye-to-chin distances: the mean of those that can be measured, none where none can.
pub fn lids(frame: &Frame, landmarks: &Landmarks) -> Option<f64> {
    let geometry = Geometry::of_points(landmarks)?;
    let (_, skin) = region::mean_colours(frame, &cheeks(frame, &geometry, Some(landmarks)));
    let eyes = Openings::of(frame, landmarks.points(), &geometry, skin).eyes;
    let open: Vec<f64> = eyes.into_iter().flatten().collect();
    (!open.is_empty()).then(|| open.iter().sum::<f64>() / open.len() as f64)
}

/// Pixels in a histogram.
pub fn total(histogram: &Histogram) -> f64 {
    histogram.iter().map(|&n| f64::from(n)).sum()
}

/// Squares under the eyes, half-way down to the mouth.
fn cheeks(frame: &Frame, geometry: &Geometry, landmarks: Option<&Landmarks>) -> [Region; 2] {
    let side = geometry.inter_eye * ZONE;
    let (eyes, half) = (geometry.eyes, geometry.inter_eye / 2.0);
    let (centres, down) = match landmarks.map(Landmarks::points) {
        Some(points) => {
            let middle = |[a, b]: [usize; 2]| [0, 1].map(|axis| (points[a][axis] + points[b][axis]) / 2.0);
            let mouth = middle(LIP_EDGES);
            (EYE_CORNERS.map(middle), [(mouth[0] - eyes.0) / 2.0, (mouth[1] - eyes.1) / 2.0])
        }
        None => ([[eyes.0 - half, eyes.1], [eyes.0 + half, eyes.1]], [0.0, (geometry.eye_to_mouth + side) / 2.0]),
    };
    centres.map(|[x, y]| Region::clipped(frame, x + down[0] - side / 2.0, y + down[1] - side / 2.0, side, side))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::scenes;
    use super::*;

    /// A face with landmarks of which something is changed.
    pub fn marked(change: impl Fn(&mut Marked)) -> FaceView {
        let face = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 1.0 };
        let frame = scenes::drawn_face(640, 480, &face);
        let mut view = FaceView::of(&frame, &[face], Some(&scenes::points(&face))).unwrap();
        view.marked.iter_mut().for_each(change);
        view
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
            assert_eq!(FaceView::of(&frame, &faces, None).err(), Some(why), "{name}");
        }
        assert!(FaceView::of(&frame, &[FaceBox { x: -20.0, y: -20.0, ..face }], None).is_ok());
    }

    #[test]
    fn the_largest_face_is_looked_at() {
        let frame = scenes::flat(200, 200, [90; 3]);
        let small = FaceBox { x: 10.0, y: 10.0, width: 40.0, height: 40.0, score: 9.0 };
        let large = FaceBox { x: 80.0, y: 80.0, width: 80.0, height: 80.0, score: 1.0 };
        let view = FaceView::of(&frame, &[small, large], None).unwrap();
        assert_eq!(view.areas, [6400.0, 1600.0]);
        assert_eq!(view.geometry, Geometry::of(&large));
        assert_eq!(view.marked.as_ref().err().copied(), Some("needs landmarks"));
    }

    #[test]
    fn landmarks_are_taken_before_the_box() {
        let frame = scenes::flat(640, 480, [90; 3]);
        let face = FaceBox { x: 80.0, y: 80.0, width: 80.0, height: 80.0, score: 1.0 };
        let landmarks = scenes::points(&FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 1.0 });
        let view = FaceView::of(&frame, &[face], Some(&landmarks)).unwrap();
        assert!((view.geometry.eyes.0 - 320.0).abs() < 0.5, "{:?}", view.geometry);
        let pose = view.marked.as_ref().unwrap().pose;
        assert!([pose.yaw, pose.pitch, pose.roll].iter().all(|angle| angle.abs() < 10.0), "{pose:?}");
    }
}
