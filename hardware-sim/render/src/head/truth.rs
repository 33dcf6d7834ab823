//! What the picture really shows, for those who check what a detector says.

use super::figure::Person;
use super::identity::Identity;
use super::landmarks;
use super::pose::Pose;
use super::sheet::{Medium, Sheet};
use super::view::View;
use super::{Figure, Subject};

/// A named place on the face, in pixels of the picture (0, 0 is the outer corner of the first pixel).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Landmark {
    /// Its number among the 468 points of FaceMesh.
    pub index: u16,
    /// What it is.
    pub name: &'static str,
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// One face of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// The seed of the person shown.
    pub person: u64,
    /// Left, top, width and height in pixels of the face from brow to chin and ear to ear; may leave the picture.
    pub face: [f32; 4],
    /// Distance between the centres of the eyes, pixels.
    pub eye_distance: f32,
    /// Key points.
    pub landmarks: Vec<Landmark>,
    /// How the head stood, or the sheet that shows it.
    pub pose: Pose,
    /// What shows the face, when nobody is there.
    pub attack: Option<Medium>,
}

/// The truth about a figure; an egg has none.
pub(super) fn of(figure: &Figure<'_>, width: u32, height: u32) -> Option<Truth> {
    let view = View::new(&figure.pose, width, height);
    match figure.subject {
        Subject::Egg(_) => None,
        Subject::Person(who) => Some(of_person(who, &figure.pose, &view)),
        Subject::Photo(who, medium) => Some(Sheet::new(medium, &view).truth(who, &figure.pose)),
    }
}

/// The truth about somebody seen through `view`.
pub(super) fn of_person(who: &Identity, pose: &Pose, view: &View) -> Truth {
    let person = Person::new(who, pose);
    let landmarks = landmarks::spots(&person, view.eye)
        .into_iter()
        .map(|spot| {
            let (x, y) = view.project(spot.at);
            Landmark { index: spot.index, name: spot.name, x, y }
        })
        .collect();
    boxed(who, pose, landmarks)
}

/// The truth around these points.
pub(super) fn boxed(who: &Identity, pose: &Pose, landmarks: Vec<Landmark>) -> Truth {
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    // The box reaches from brow to chin: what lies above the brows leaves it alone.
    for mark in landmarks.iter().filter(|mark| !matches!(mark.index, 10 | 151)) {
        low = (low.0.min(mark.x), low.1.min(mark.y));
        high = (high.0.max(mark.x), high.1.max(mark.y));
    }
    let middle = |a: u16, b: u16| {
        let marks = landmarks.iter().filter(|mark| mark.index == a || mark.index == b);
        marks.fold((0.0, 0.0), |sum, mark| (sum.0 + 0.5 * mark.x, sum.1 + 0.5 * mark.y))
    };
    // Between the corners of each eye, which stay when the eyes turn.
    let (right, left) = (middle(33, 133), middle(362, 263));
    let (dx, dy) = (left.0 - right.0, left.1 - right.1);
    Truth {
        person: who.seed,
        face: [low.0, low.1, high.0 - low.0, high.1 - low.1],
        eye_distance: (dx * dx + dy * dy).sqrt(),
        landmarks,
        pose: *pose,
        attack: None,
    }
}
