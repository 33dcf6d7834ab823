//! From frame to frame: who is there, and the points of the one in front.
//!
//! The detector looks at the whole frame; the landmark network then looks at the largest face. In the next frames the
//! landmark network alone follows that face, in the square that its own points give. The detector looks again
//! - at the latest in the fifth frame or after 200 ms, so that newcomers are noticed within that time;
//! - in the same frame as soon as the face is lost, or another one is larger;
//! - in every frame while nobody is followed.

mod longer;
#[cfg(test)]
mod tests;

use super::blaze::{Blaze, Found, LEAST_SCORE, overlap};
use super::blazeface::NAME;
use super::detector::{Detection, FaceDetector, Sighting};
use super::mesh::{Mesh, square_around, square_of};
use super::sampled::Square;
use super::{FaceBox, Landmarks, MAX_FACES};
use domain::image::Frame;
use domain::units::Millis;

/// The detector looks at least at every one of so many frames.
const LOOK_EVERY: u32 = 5;
/// The detector looks at least after so many milliseconds of the stream.
const LOOK_AFTER: u64 = 200;
/// Least presence of a face that is followed: the graph's own.
const LEAST_PRESENCE: f32 = 0.5;
/// The followed face and one that the detector sees are the same if they overlap by this share of their union.
const SAME_FACE: f32 = 0.3;
/// Looks at which the detector may miss the face that is followed before it is held for none.
const MISSED_LOOKS: u32 = 3;
/// Another face must be so much larger than the one that is followed to be followed instead, so that two people of one
/// size are not followed by turns.
const CLEARLY_LARGER: f32 = 1.2;
/// After this many milliseconds without a look, or when time runs backwards, whoever was there may have left.
const GAP: u64 = 1000;
/// The smallest and the largest side of a frame that is looked at.
const SIDES: std::ops::RangeInclusive<u32> = 16..=16_384;
/// BlazeFace and FaceMesh on a stream.
pub struct Tracker {
    blaze: Blaze,
    mesh: Mesh,
    digest: [u8; 32],
    found: Vec<Found>,
    followed: Option<Followed>,
    last: Option<Last>,
}

/// The face in front.
struct Followed {
    landmarks: Landmarks,
    face: FaceBox,
    /// Middle and side of the detector's box in units of the square around the points, when it was last set.
    placed: [f32; 4],
    missed: u32,
}

/// The last look of the detector.
struct Last {
    at: Millis,
    frames: u32,
    size: (u32, u32),
    /// Everybody but the face that is followed.
    others: Vec<FaceBox>,
}

impl Tracker {
    pub(super) fn new(blaze: Blaze, mesh: Mesh, digest: [u8; 32]) -> Self {
        Self { blaze, mesh, digest, found: Vec::new(), followed: None, last: None }
    }

    /// Faces of a frame by the detector alone: nothing is followed, no points are looked for.
    pub fn boxes(&mut self, frame: &Frame) -> Detection {
        self.blaze.find(frame, &Square::around(frame), LEAST_SCORE, &mut self.found);
        Detection::of(self.found.iter().map(Found::face).collect())
    }

    /// Multiplications that the detector and the landmark network make each time they run.
    pub fn products(&self) -> (u64, u64) {
        (self.blaze.products(), self.mesh.products())
    }

    /// Follows the face in front without a look, if that is due and the face is still there.
    fn follow(&mut self, frame: &Frame) -> Option<Sighting> {
        let (followed, last) = (self.followed.as_mut()?, self.last.as_mut()?);
        let waited = frame.captured_at.0.checked_sub(last.at.0)?;
        last.frames += 1;
        if last.frames >= LOOK_EVERY || waited >= LOOK_AFTER {
            return None;
        }
        if !followed.moved_to(present(&mut self.mesh, frame, &square_around(&followed.landmarks))) {
            self.followed = None;
            return None;
        }
        let larger = |other: &FaceBox| other.area() > CLEARLY_LARGER * followed.face.area();
        (!last.others.iter().any(larger)).then(|| self.sighting())
    }

    /// Looks at the whole frame.
    fn look(&mut self, frame: &Frame) -> Sighting {
        self.blaze.find(frame, &Square::around(frame), LEAST_SCORE, &mut self.found);
        self.settle(frame)
    }

    /// Who is in front and who else is there, from what the detector found.
    fn settle(&mut self, frame: &Frame) -> Sighting {
        let mut faces: Vec<(FaceBox, Option<usize>)> = Vec::with_capacity(self.found.len() + 1);
        faces.extend(self.found.iter().enumerate().map(|(index, found)| (found.face(), Some(index))));
        faces.retain(|(face, _)| face.is_sound());
        let mut followed = self.followed.take();
        if let Some(before) = &mut followed
            && !before.moved_to(present(&mut self.mesh, frame, &square_around(&before.landmarks)))
        {
            followed = None;
        }
        if let Some(followed) = &mut followed {
            let seen = faces.iter().position(|(face, _)| same(face, &followed.face));
            followed.missed = if seen.is_some() { 0 } else { followed.missed + 1 };
            // The face is followed by its points: the detector's own box of it, if it has one, would be a second face.
            faces.retain(|(face, _)| !same(face, &followed.face));
        }
        // A face that the detector no longer sees while it sees another one is a trace of somebody who left.
        followed = followed.filter(|f| f.missed == 0 || f.missed < MISSED_LOOKS && faces.is_empty());
        faces.sort_by(|a, b| b.0.area().total_cmp(&a.0.area()));
        faces.truncate(MAX_FACES);
        let keep = followed.as_ref().is_some_and(|followed| {
            faces.first().is_none_or(|(face, _)| face.area() <= CLEARLY_LARGER * followed.face.area())
        });
        if !keep {
            if let Some(followed) = followed.take() {
                faces.push((followed.face, None));
            }
            // The largest with points; without points it is a face all the same, the one in front.
            if let Some((face, Some(index))) = faces.first().copied() {
                let landmarks = present(&mut self.mesh, frame, &square_of(&self.found[index]));
                followed = landmarks.map(|landmarks| Followed::new(landmarks, face));
                if followed.is_some() {
                    faces.remove(0);
                }
            }
        }
        self.followed = followed;
        let others = faces.into_iter().map(|(face, _)| face).collect();
        self.last = Some(Last { at: frame.captured_at, frames: 0, size: (frame.width, frame.height), others });
        self.sighting()
    }

    fn sighting(&self) -> Sighting {
        let others = self.last.iter().flat_map(|last| &last.others).copied();
        let Some(followed) = &self.followed else {
            return Sighting::by_landmarks(Detection::of(others.collect()), None);
        };
        // In front is who is followed, also beside somebody slightly larger.
        let front = followed.face;
        let mut faces: Vec<FaceBox> = std::iter::once(front).chain(others).collect();
        faces[1..].sort_by(|a, b| b.area().total_cmp(&a.area()));
        faces.truncate(MAX_FACES);
        Sighting::by_landmarks(Detection::Faces(faces), Some(followed.landmarks.clone()))
    }
}

impl FaceDetector for Tracker {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model_digest(&self) -> [u8; 32] {
        self.digest
    }

    fn detect(&mut self, frame: &Frame) -> Sighting {
        if !SIDES.contains(&frame.width) || !SIDES.contains(&frame.height) {
            self.forget();
            let large = frame.width.max(frame.height) > *SIDES.end();
            let why = Detection::FailureToAssess(if large { "frame too large" } else { "frame too small" });
            return Sighting::by_landmarks(why, None);
        }
        if self.last.as_ref().is_some_and(|last| last.is_of_another_stream(frame)) {
            self.forget();
        }
        match self.follow(frame) {
            Some(sighting) => sighting,
            None => self.look(frame),
        }
    }

    fn forget(&mut self) {
        self.found.iter_mut().for_each(Found::wipe);
        self.found.clear();
        self.blaze.wipe();
        self.mesh.wipe();
        (self.followed, self.last) = (None, None);
    }

    fn examine(&mut self, picture: &Frame) -> Sighting {
        self.forget();
        let mut sighting = self.detect(picture);
        if sighting.detection == Detection::Faces(Vec::new()) {
            sighting = self.look_longer(picture);
        }
        self.forget();
        sighting
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Last {
    fn is_of_another_stream(&self, frame: &Frame) -> bool {
        let waited = frame.captured_at.0.checked_sub(self.at.0);
        self.size != (frame.width, frame.height) || waited.is_none_or(|waited| waited > GAP)
    }
}

impl Followed {
    fn new(landmarks: Landmarks, face: FaceBox) -> Self {
        let square = square_around(&landmarks);
        let (x, y) = face.centre();
        let (dx, dy, sin, cos) = (x - square.centre.0, y - square.centre.1, square.turned.sin(), square.turned.cos());
        let side = square.side;
        let placed =
            [(dx * cos + dy * sin) / side, (dy * cos - dx * sin) / side, face.width / side, face.height / side];
        Self { landmarks, face, placed, missed: 0 }
    }

    /// Takes the points of another frame, if there are any; whether there were.
    fn moved_to(&mut self, landmarks: Option<Landmarks>) -> bool {
        let Some(landmarks) = landmarks else { return false };
        self.landmarks = landmarks;
        self.face = self.boxed();
        true
    }

    /// The detector's box, carried along with the points: the boxes of one face do not jump between looks.
    fn boxed(&self) -> FaceBox {
        let square = square_around(&self.landmarks);
        let [across, down, width, height] = self.placed;
        let (x, y) = square.in_frame(across + 0.5, down + 0.5);
        let (width, height) = (width * square.side, height * square.side);
        FaceBox { x: x - width / 2.0, y: y - height / 2.0, width, height, score: self.face.score }
    }
}

impl Found {
    fn face(&self) -> FaceBox {
        let [left, top, right, bottom] = self.edges;
        FaceBox { x: left, y: top, width: right - left, height: bottom - top, score: self.score }
    }
}

/// The points of the face in a square, if there is one.
fn present(mesh: &mut Mesh, frame: &Frame, square: &Square) -> Option<Landmarks> {
    mesh.find(frame, square).filter(|landmarks| landmarks.presence() >= LEAST_PRESENCE)
}

fn same(a: &FaceBox, b: &FaceBox) -> bool {
    let edges = |face: &FaceBox| [face.x, face.y, face.x + face.width, face.y + face.height];
    overlap(&edges(a), &edges(b)) > SAME_FACE
}
