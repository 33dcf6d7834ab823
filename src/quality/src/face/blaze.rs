//! BlazeFace, short range: boxes and six points of every face, from a network run by [`crate::nn`].
//!
//! Anchors, scales and limits are those of the published graph (MediaPipe `face_detection_short_range`): 16 x 16 places
//! with two anchors each and 8 x 8 with six, all of size 1; values in 128ths of the picture; overlapping answers are
//! averaged, weighted by their scores.

use super::sampled::Square;
use crate::nn::{Engine, Network};
use domain::image::Frame;
use zeroize::Zeroize;

/// Side of the picture that the network takes.
const SIDE: usize = 128;
/// Places along a side, and anchors at each.
const ANCHORS: [(usize, usize); 2] = [(16, 2), (8, 6)];
/// Anchors in all.
const COUNT: usize = 896;
/// Values of one answer: box and six points.
const VALUES: usize = 16;
/// Answers below this are none: the graph's own limit.
pub(super) const LEAST_SCORE: f32 = 0.5;
/// Answers that overlap by this share of their union are of one face.
const SAME_FACE: f32 = 0.3;
/// Answers that are looked at, the surest first: a poster of ten thousand faces costs no more.
const MOST: usize = 384;

/// Points of a found face, in the order of [`Found::points`].
pub(super) const RIGHT_EYE: usize = 0;
/// The traveller's left eye.
pub(super) const LEFT_EYE: usize = 1;

/// One found face, in pixels of the frame.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// Left, upper, right and lower edge.
    pub edges: [f32; 4],
    /// Right eye, left eye, tip of the nose, mouth, right and left ear; right and left are the traveller's.
    pub points: [(f32, f32); 6],
    /// 0 to 1.
    pub score: f32,
}

/// The network with its working memory.
pub(super) struct Blaze {
    engine: Engine,
    anchors: Vec<(f32, f32)>,
    found: Vec<Found>,
}

impl Blaze {
    /// Takes the network; none if it is of other shapes.
    pub fn new(network: &Network) -> Option<Self> {
        let input = network.input_shape();
        let fits = (input.height, input.width, input.channels) == (SIDE, SIDE, 3);
        let sizes: Vec<usize> = network.outputs.iter().map(|&output| network.shapes[output].len()).collect();
        (fits && sizes == [COUNT * VALUES, COUNT]).then(|| Self {
            engine: Engine::new(network),
            anchors: anchors(),
            found: Vec::with_capacity(COUNT),
        })
    }

    /// Multiplications of one run.
    pub fn products(&self) -> u64 {
        self.engine.products()
    }

    /// The faces of a square of the frame whose score is at least `least`, the surest first.
    pub fn find(&mut self, frame: &Frame, square: &Square, least: f32, faces: &mut Vec<Found>) {
        let least = (least / (1.0 - least)).ln();
        square.sample(frame, SIDE, (-1.0, 1.0), self.engine.input());
        self.engine.run();
        self.found.clear();
        let scores = self.engine.output(1);
        let values = self.engine.output(0).as_chunks::<VALUES>().0;
        for ((&logit, values), &anchor) in scores.iter().zip(values).zip(&self.anchors) {
            // Of 896 answers nearly all are none: only the others cost an exponential.
            if logit >= least {
                self.found.push(decoded(values, anchor, sigmoid(logit), square));
            }
        }
        self.found.retain(Found::is_sound);
        self.found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        self.found.truncate(MOST);
        merge(&mut self.found, faces);
    }
}

impl Blaze {
    /// Wipes what the last picture left behind.
    pub fn wipe(&mut self) {
        self.engine.wipe();
        self.found.iter_mut().for_each(Found::wipe);
        self.found.clear();
    }
}

impl Drop for Blaze {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Found {
    /// Whether it is a box with points: the values of a network can be anything.
    fn is_sound(&self) -> bool {
        let [left, top, right, bottom] = self.edges;
        let points = self.points.iter().flat_map(|&(x, y)| [x, y]);
        self.edges.into_iter().chain(points).all(f32::is_finite) && left < right && top < bottom
    }

    /// Overwrites the places of eyes, nose, mouth and ears.
    pub fn wipe(&mut self) {
        self.points.iter_mut().for_each(|(x, y)| {
            x.zeroize();
            y.zeroize();
        });
    }
}

/// The logistic function, within what a logit can sensibly be.
pub(super) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit.clamp(-100.0, 100.0)).exp())
}

fn anchors() -> Vec<(f32, f32)> {
    let places = |(side, times): (usize, usize)| {
        (0..side * side).flat_map(move |place| {
            let middle = |index: usize| (index as f32 + 0.5) / side as f32;
            std::iter::repeat_n((middle(place % side), middle(place / side)), times)
        })
    };
    ANCHORS.into_iter().flat_map(places).collect()
}

fn decoded(values: &[f32; VALUES], anchor: (f32, f32), score: f32, square: &Square) -> Found {
    let side = SIDE as f32;
    let point = |index: usize| {
        let (x, y) = (values[index] / side + anchor.0, values[index + 1] / side + anchor.1);
        square.in_frame(x, y)
    };
    let (x, y) = point(0);
    let (half_width, half_height) = (values[2] / side / 2.0 * square.side, values[3] / side / 2.0 * square.side);
    Found {
        edges: [x - half_width, y - half_height, x + half_width, y + half_height],
        points: std::array::from_fn(|index| point(4 + 2 * index)),
        score,
    }
}

/// Answers of one face become their mean, weighted by score; the surest answer's score stays.
fn merge(found: &mut Vec<Found>, faces: &mut Vec<Found>) {
    faces.clear();
    while let Some(&best) = found.first() {
        let mut sum = Found { edges: [0.0; 4], points: [(0.0, 0.0); 6], score: 0.0 };
        found.retain(|other| {
            let same = overlap(&best.edges, &other.edges) > SAME_FACE || *other == best;
            if same {
                sum.score += other.score;
                sum.edges.iter_mut().zip(other.edges).for_each(|(sum, edge)| *sum += other.score * edge);
                for (sum, point) in sum.points.iter_mut().zip(other.points) {
                    *sum = (sum.0 + other.score * point.0, sum.1 + other.score * point.1);
                }
            }
            !same
        });
        let weight = sum.score;
        faces.push(Found {
            edges: sum.edges.map(|edge| edge / weight),
            points: sum.points.map(|(x, y)| (x / weight, y / weight)),
            score: best.score,
        });
    }
}

/// Intersection over union.
pub(super) fn overlap(a: &[f32; 4], b: &[f32; 4]) -> f32 {
    let area = |e: &[f32; 4]| (e[2] - e[0]).max(0.0) * (e[3] - e[1]).max(0.0);
    let common = area(&[a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let union = area(a) + area(b) - common;
    if union > 0.0 { common / union } else { 0.0 }
}
