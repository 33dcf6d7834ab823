//! What the picture really shows, for those who check what a detector says.

use super::face::Layout;
use super::figure::Person;
use super::identity::Identity;
use super::pose::Pose;
use super::vec::{V3, v};
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
    /// How the head stood.
    pub pose: Pose,
}

/// Key points: FaceMesh's number, name, and where on an average face (right and left are the person's own).
fn places(place: &Layout, who: &Identity) -> [(u16, &'static str, f32, f32); 20] {
    let (ex, ey) = (place.eye.x, place.eye.y);
    let half = 1.52 * who.eye_size;
    let mouth = place.mouth_y;
    let wide = place.mouth_half;
    [
        (33, "right eye outer corner", -ex - half, ey),
        (133, "right eye inner corner", -ex + half, ey),
        (159, "right upper lid", -ex, ey + 0.62 * who.eye_size),
        (145, "right lower lid", -ex, ey - 0.44 * who.eye_size),
        (362, "left eye inner corner", ex - half, ey),
        (263, "left eye outer corner", ex + half, ey),
        (386, "left upper lid", ex, ey + 0.62 * who.eye_size),
        (374, "left lower lid", ex, ey - 0.44 * who.eye_size),
        (468, "right iris", -ex, ey),
        (473, "left iris", ex, ey),
        (1, "nose tip", 0.0, place.nose_tip.y),
        (61, "right corner of the mouth", -wide, mouth),
        (291, "left corner of the mouth", wide, mouth),
        (0, "upper lip's upper edge", 0.0, mouth + 0.66 * place.lips.0),
        (13, "upper lip's lower edge", 0.0, mouth),
        (14, "lower lip's upper edge", 0.0, mouth - place.gap),
        (17, "lower lip's lower edge", 0.0, mouth - place.gap - place.lips.1),
        (152, "chin", 0.0, place.chin_y + 0.3),
        (234, "right side at the ear", -6.9 * who.skull_width, -1.0),
        (454, "left side at the ear", 6.9 * who.skull_width, -1.0),
    ]
}

/// The truth about a figure; an egg has none.
pub(super) fn of(figure: &Figure<'_>, width: u32, height: u32) -> Option<Truth> {
    let Subject::Person(who) = figure.subject else { return None };
    let view = View::new(&figure.pose, width, height);
    let person = Person::new(who, &figure.pose);
    let mut landmarks: Vec<Landmark> = places(&person.layout, who)
        .into_iter()
        .map(|(index, name, x, y)| {
            let (x, y) = view.project(surface(&person, x, y));
            Landmark { index, name, x, y }
        })
        .collect();
    lids(&mut landmarks, person.lids);
    let brow = view.project(surface(&person, 0.0, 4.6));
    let outline = landmarks.iter().map(|l| (l.x, l.y)).chain([brow]);
    let (mut low, mut high) = (brow, brow);
    for (x, y) in outline {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    let find = |index| landmarks.iter().find(|l| l.index == index).map_or((0.0, 0.0), |l| (l.x, l.y));
    let (right, left) = (find(468), find(473));
    let (dx, dy) = (left.0 - right.0, left.1 - right.1);
    Some(Truth {
        person: who.seed,
        face: [low.0, low.1, high.0 - low.0, high.1 - low.1],
        eye_distance: (dx * dx + dy * dy).sqrt(),
        landmarks,
        pose: figure.pose,
    })
}

/// The point of the face straight before (x, y); on the middle plane where the face is not so wide.
fn surface(person: &Person, x: f32, y: f32) -> V3 {
    let mut p = v(x, y, 14.0);
    for _ in 0..40 {
        let free = person.bare(p);
        if free < 0.02 || p.z < -1.0 {
            break;
        }
        p.z -= free * 0.9;
    }
    v(p.x, p.y, p.z.max(-1.0))
}

/// Moves the upper lids to where they are.
fn lids(landmarks: &mut [Landmark], open: f32) {
    for (upper, lower) in [(159, 145), (386, 374)] {
        let Some(low) = landmarks.iter().find(|l| l.index == lower).copied() else { continue };
        for lid in landmarks.iter_mut().filter(|l| l.index == upper) {
            lid.x = low.x + (lid.x - low.x) * open;
            lid.y = low.y + (lid.y - low.y) * open;
        }
    }
}
