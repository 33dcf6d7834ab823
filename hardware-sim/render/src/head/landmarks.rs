//! Where FaceMesh's numbered points lie on a head.
//!
//! The list is stable: indices are added, never changed. It names the points with an anatomy of their own; places
//! that anatomy leaves open (forehead, cheeks, outline) lie where MediaPipe's mesh puts them on an average head.

use super::eyes;
use super::figure::Person;
use super::lanes::V4;
use super::vec::{V3, v};
use super::{lips, paint};

/// A numbered point of the face, in the head's coordinates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub index: u16,
    pub name: &'static str,
    pub at: V3,
}

/// All points: pairs (the person's right first), then those of the middle.
pub(super) fn spots(person: &Person, eye: V3) -> Vec<Spot> {
    let mut spots = Vec::with_capacity(2 * PAIRS.len() + MIDDLE.len() + 2);
    for (right, left, name, place) in PAIRS {
        let at = place.find(person);
        spots.push(Spot { index: *right, name, at: v(-at.x, at.y, at.z) });
        spots.push(Spot { index: *left, name, at });
    }
    for (index, name, place) in MIDDLE {
        let at = place.find(person);
        spots.push(Spot { index: *index, name, at: v(0.0, at.y, at.z) });
    }
    let centre = person.layout.eye;
    for (index, side) in [(468, -1.0), (473, 1.0)] {
        let ball = v(side * centre.x, centre.y, centre.z);
        let (dx, dy) = eyes::iris(person, (eye - ball).unit());
        spots.push(Spot { index, name: "iris", at: front(person, ball.x + dx, ball.y + dy) });
    }
    spots
}

/// How a point is found on the left half of the face (right in the picture).
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Along a brow from its inner end (0) to its outer (1), on the upper (1) or lower (-1) edge.
    Brow(f32, f32),
    /// Across and up from the nose's tip, cm.
    Nose(f32, f32),
    /// At the nose's wing.
    Wing,
    /// Across and up from the eyes, cm of an average head; the height grows with the face.
    Front(f32, f32),
    /// Up from the chin's lowest point, cm.
    Chin(f32),
    /// Edge of a lid, from the inner corner (-1) to the outer (1).
    Lid(f32, Lid),
    /// Of the lips, across from the middle (0) to the corner (1).
    Lip(f32, Lip),
    /// The head's side at a height and a depth, cm of an average head.
    Side(f32, f32),
    /// The jaw's edge: how far down from the ear (0) to the chin (1).
    Jaw(f32),
}

#[derive(Clone, Copy, Debug)]
enum Lid {
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug)]
enum Lip {
    UpperTop,
    UpperEdge,
    LowerEdge,
    LowerBottom,
}

const PAIRS: &[(u16, u16, &str, Place)] = &[
    (33, 263, "eye outer corner", Place::Lid(0.88, Lid::Lower)),
    (133, 362, "eye inner corner", Place::Lid(-1.0, Lid::Lower)),
    (159, 386, "upper lid middle", Place::Lid(0.0, Lid::Upper)),
    (145, 374, "lower lid middle", Place::Lid(-0.1, Lid::Lower)),
    (160, 387, "upper lid outer", Place::Lid(0.42, Lid::Upper)),
    (158, 385, "upper lid inner", Place::Lid(-0.3, Lid::Upper)),
    (144, 373, "lower lid outer", Place::Lid(0.26, Lid::Lower)),
    (153, 380, "lower lid inner", Place::Lid(-0.42, Lid::Lower)),
    (70, 300, "brow outer end", Place::Brow(1.05, 0.0)),
    (63, 293, "brow upper outer", Place::Brow(0.9, 0.6)),
    (105, 334, "brow upper middle", Place::Brow(0.68, 1.0)),
    (66, 296, "brow upper inner", Place::Brow(0.39, 1.0)),
    (107, 336, "brow inner end", Place::Brow(0.05, 1.0)),
    (55, 285, "brow inner end below", Place::Brow(0.01, -1.0)),
    (52, 282, "brow lower middle", Place::Brow(0.63, -1.0)),
    (64, 294, "nose wing", Place::Wing),
    (61, 291, "mouth corner", Place::Lip(0.97, Lip::UpperEdge)),
    (37, 267, "upper lip bow", Place::Lip(0.29, Lip::UpperTop)),
    (84, 314, "lower lip beside middle", Place::Lip(0.25, Lip::LowerBottom)),
    (50, 280, "cheek", Place::Front(4.7, -3.3)),
    (234, 454, "ear", Place::Side(-1.4, 1.5)),
    (127, 356, "temple", Place::Side(0.1, 1.0)),
    (58, 288, "jaw angle", Place::Jaw(0.46)),
    (172, 397, "jaw", Place::Jaw(0.6)),
    (149, 378, "jaw beside chin", Place::Jaw(0.88)),
];

const MIDDLE: &[(u16, &str, Place)] = &[
    (10, "forehead top", Place::Front(0.0, 4.9)),
    (151, "forehead middle", Place::Front(0.0, 3.3)),
    (168, "nose root", Place::Front(0.0, 0.2)),
    (6, "nose bridge", Place::Front(0.0, -0.7)),
    (4, "nose above tip", Place::Nose(0.0, 0.3)),
    (1, "nose tip", Place::Nose(0.0, -0.35)),
    (2, "nose base", Place::Nose(0.0, -0.9)),
    (0, "upper lip top", Place::Lip(0.0, Lip::UpperTop)),
    (13, "upper lip edge", Place::Lip(0.0, Lip::UpperEdge)),
    (14, "lower lip edge", Place::Lip(0.0, Lip::LowerEdge)),
    (17, "lower lip bottom", Place::Lip(0.0, Lip::LowerBottom)),
    (199, "chin front", Place::Chin(1.9)),
    (152, "chin", Place::Chin(0.75)),
];

impl Place {
    fn find(self, person: &Person) -> V3 {
        let layout = &person.layout;
        let who = &person.who;
        match self {
            Self::Brow(t, edge) => {
                let (x, y, half) = paint::brow(person, t);
                front(person, x, y + edge * half.max(0.12))
            }
            Self::Nose(x, y) => front(person, x, layout.nose_tip.y + y),
            Self::Wing => front(person, layout.nose_wing * 1.42, layout.nose_tip.y - 0.1),
            Self::Front(x, y) => {
                let tall = if y < 0.0 { who.face_length } else { who.skull_height };
                front(person, x * who.skull_width, y * tall)
            }
            Self::Chin(y) => front(person, 0.0, layout.chin_y + y),
            Self::Lid(u, lid) => {
                let (x, y) = eyes::lid(person, u, matches!(lid, Lid::Upper));
                front(person, x, y)
            }
            Self::Lip(across, lip) => {
                let x = across * layout.mouth_half;
                let [top, above, below, bottom] = lips::edges(person, x.min(layout.mouth_half * 0.999));
                let y = match lip {
                    Lip::UpperTop => top,
                    Lip::UpperEdge => above,
                    Lip::LowerEdge => below,
                    // The mesh draws the lip a little fuller than its red.
                    Lip::LowerBottom => bottom - 0.12,
                };
                front(person, x, y)
            }
            Self::Side(y, z) => side(person, y, z),
            Self::Jaw(down) => {
                let y = -1.0 + (layout.chin_y + 1.0) * down;
                side(person, y, 0.5 + 5.0 * down * down)
            }
        }
    }
}

/// The point of the face straight before (x, y); on the middle plane where the face is not so wide.
fn front(person: &Person, x: f32, y: f32) -> V3 {
    met(person, v(x, y, 14.0), v(0.0, 0.0, -1.0), 15.0)
}

/// The point of the head's left side at a height and a depth; in the middle where the head is not so tall.
fn side(person: &Person, y: f32, z: f32) -> V3 {
    met(person, v(12.0, y, z), v(-1.0, 0.0, 0.0), 12.0)
}

/// Where a line meets the bare head, or its end.
fn met(person: &Person, from: V3, along: V3, length: f32) -> V3 {
    let mut gone = 0.0;
    for _ in 0..60 {
        let free = person.bare(V4::all(from + along * gone));
        gone += free * 0.9;
        if free < 0.02 || gone > length {
            break;
        }
    }
    from + along * gone.min(length)
}
