//! Whether a frame has room for the portrait that the configuration asks for.

use super::{Crop, PortraitRules};
use crate::face::{FaceBox, Landmarks};

/// The most of the frame's height or width that the crop may take (own value): what is left is the traveller's to sway in,
/// and where there is less, only a step back helps.
const MOST_TAKEN: f32 = 0.92;
/// How much more room there must be, as a share of the frame's side, before a hint about it goes away (own value).
const MARGIN: f32 = 0.015;

/// How a frame holds the crop that the rules ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// The share of the frame's height or width, whichever is more, that the crop takes.
    taken: f32,
    /// What is free beside the crop, as shares of the frame's sides: left, right, above and below. Negative where the crop
    /// reaches beyond the frame.
    free: [f32; 4],
}

/// An edge of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The left edge.
    Left,
    /// The right edge.
    Right,
    /// The upper edge.
    Upper,
    /// The lower edge.
    Lower,
}

impl Room {
    /// The room around a face in a frame of that size. None where the face is none or the frame has no pixels.
    pub fn of(
        (width, height): (u32, u32),
        face: &FaceBox,
        landmarks: Option<&Landmarks>,
        rules: &PortraitRules,
    ) -> Option<Self> {
        let crop = Crop::wanted(face, landmarks, rules).filter(|_| width > 0 && height > 0)?;
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)].map(|corner| crop.frame_place(corner));
        let ends = |places: [f32; 4], side: u32| {
            let (least, most) = places.iter().fold((f32::MAX, f32::MIN), |(a, b), &place| (a.min(place), b.max(place)));
            (least / side as f32, most / side as f32)
        };
        let (left, right) = ends(corners.map(|(x, _)| x), width);
        let (top, bottom) = ends(corners.map(|(_, y)| y), height);
        let taken = (right - left).max(bottom - top);
        Some(Self { taken, free: [left, 1.0 - right, top, 1.0 - bottom] })
    }

    /// Whether the head is too large in the frame for the portrait; `clearly` fits a little smaller a head.
    pub fn is_too_small(&self, clearly: bool) -> bool {
        self.taken > if clearly { MOST_TAKEN - MARGIN } else { MOST_TAKEN }
    }

    /// Whether the crop reaches beyond that edge of the frame; `clearly` inside is a little farther from it.
    pub fn ends_at(&self, edge: Edge, clearly: bool) -> bool {
        self.free[edge as usize] < if clearly { MARGIN } else { 0.0 }
    }

    /// Whether the frame holds the portrait.
    pub fn is_enough(&self) -> bool {
        !self.is_too_small(false) && self.free.iter().all(|&free| free >= 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::geometry::{CHIN, Geometry};
    use super::super::super::limits::tests::proposed;
    use super::super::super::{Component, Detection, HINTS, Limit, Sighting, assess, scenes};
    use super::*;
    use crate::assessment::Advice;
    use std::collections::BTreeSet;

    /// A face whose eyes are at these shares of the frame, eye line to chin at that share of its height, and its points
    /// turned by degrees.
    fn face((width, height): (u32, u32), (x, y): (f32, f32), size: f32, roll: f32) -> (FaceBox, Landmarks) {
        let unit = FaceBox { x: 0.0, y: 0.0, width: 100.0, height: 100.0, score: 9.0 };
        let scale = size * height as f32 / Geometry::of_points(&scenes::points(&unit)).unwrap().eye_to_chin;
        let face = FaceBox { width: 100.0 * scale, height: 100.0 * scale, ..unit };
        let mut points = Box::new(*scenes::points(&face).points());
        let eyes = Geometry::of_points(&scenes::points(&face)).unwrap().eyes;
        let (to, (sin, cos)) = ((x * width as f32, y * height as f32), roll.to_radians().sin_cos());
        for [x, y, _] in points.iter_mut() {
            let (dx, dy) = (*x - eyes.0, *y - eyes.1);
            (*x, *y) = (to.0 + dx * cos - dy * sin, to.1 + dx * sin + dy * cos);
        }
        (FaceBox { x: face.x + to.0 - eyes.0, y: face.y + to.1 - eyes.1, ..face }, Landmarks::new(points, 1.0))
    }

    #[test]
    fn every_accepted_frame_gives_a_portrait_of_the_configured_geometry_and_every_other_one_a_hint() {
        let mut limits = proposed();
        limits.least_scores.clear();
        limits.natives.retain(|component, _| *component == Component::HeadPoseRoll);
        let rules = limits.portrait;
        let (mut accepted, mut short, mut told) = (0, 0, BTreeSet::new());
        for size in [(640, 480), (1280, 720), (480, 640)] {
            let frame = scenes::flat(size.0, size.1, [120; 3]);
            for step in 0..8 * 11 * 11 * 3 {
                let at = |from: f32, to: f32, place: u32, count: u32| {
                    from + (to - from) * (place % count) as f32 / (count - 1) as f32
                };
                let tall = at(0.2, 0.46, step, 8);
                let eyes = (at(0.2, 0.8, step / 8, 11), at(0.2, 0.7, step / 88, 11));
                let (face, points) = face(size, eyes, tall, [-7.0, 0.0, 7.5][(step / 968) as usize]);
                let got = assess(&frame, &Sighting::by_landmarks(Detection::of(vec![face]), Some(points.clone())));
                let hints = got.hints(&limits, None);
                assert_eq!(got.passes(&limits), hints.is_empty(), "{size:?} {eyes:?} {tall}: {hints:?}");
                let opposite =
                    [[Advice::Back, Advice::Closer], [Advice::Left, Advice::Right], [Advice::Up, Advice::Down]];
                assert!(opposite.iter().all(|pair| !pair.iter().all(|hint| hints.contains(hint))), "{hints:?}");
                told.extend(hints.iter().copied());
                // Frames that the places alone would have let pass are what this is about.
                let only_room = got.failing(&limits) == [Limit::PortraitRoom];
                short += u32::from(only_room);
                if !hints.is_empty() {
                    continue;
                }
                accepted += 1;
                let crop = Crop::around(size, &face, Some(&points), &rules).unwrap();
                let geometry = Geometry::of_points(&points).unwrap();
                let chin = points.points()[CHIN];
                let ((x, y), (_, end)) = (crop.place(geometry.eyes), crop.place((chin[0], chin[1])));
                for (name, got, wanted) in [
                    ("head height", 2.0 * (end - y), rules.head_height),
                    ("eye line", y, rules.eye_line),
                    ("middle", x, 0.5),
                ] {
                    assert!((got / wanted - 1.0).abs() <= 0.02, "{size:?} {eyes:?} {tall}: {name} {got} for {wanted}");
                }
            }
        }
        assert!(accepted > 200 && short > 50, "{accepted} accepted, {short} refused for want of room alone");
        let places = &HINTS[1..7];
        assert!(places.iter().all(|hint| told.contains(hint)) && told.len() == places.len(), "{told:?}");
    }

    #[test]
    fn a_hint_about_room_goes_when_there_is_clearly_enough() {
        let limits = proposed();
        let size = (640, 480);
        let frame = scenes::flat(size.0, size.1, [120; 3]);
        let rules = limits.portrait;
        // A head of .3 takes .8 of the height, .36 of it above the eyes.
        for (name, eyes, tall, hint, [fresh, shown]) in [
            ("beyond the top", (0.5, 0.34), 0.3, Advice::Down, [true, true]),
            ("just inside", (0.5, 0.37), 0.3, Advice::Down, [false, true]),
            ("clearly inside", (0.5, 0.38), 0.3, Advice::Down, [false, false]),
            ("beyond the lower edge", (0.5, 0.57), 0.3, Advice::Up, [true, true]),
            ("just above it", (0.5, 0.55), 0.3, Advice::Up, [false, true]),
            ("too large", (0.5, 0.45), 0.36, Advice::Back, [true, true]),
        ] {
            let (face, points) = face(size, eyes, tall, 0.0);
            let got = assess(&frame, &Sighting::by_landmarks(Detection::of(vec![face]), Some(points.clone())));
            let told = |shown| got.hints(&limits, shown).contains(&hint);
            assert_eq!([told(None), told(Some(hint))], [fresh, shown], "{name}");
            let room = Room::of(size, &face, Some(&points), &rules).unwrap();
            assert_eq!(room.is_enough(), !fresh, "{name}: {room:?}");
        }
    }

    #[test]
    fn no_frame_and_no_face_have_no_room() {
        let rules = proposed().portrait;
        let good = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 9.0 };
        let unsound = FaceBox { x: f32::NAN, ..good };
        for (size, face) in [((0, 0), good), ((0, 480), good), ((640, 480), unsound)] {
            assert_eq!(Room::of(size, &face, None, &rules), None, "{size:?} {face:?}");
        }
        assert!(Room::of((1, 1), &good, None, &rules).is_some_and(|room| !room.is_enough()));
    }
}
