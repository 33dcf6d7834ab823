//! The engine `yunet`: the network YuNet (release 2023mar), whose ONNX file the operator supplies, run by OpenCV's dnn.
//!
//! The file is not fetched by set-up: its maker's licence and its exact bytes are the operator's affair. So the
//! configuration gives its SHA-256, and no other file is read: OpenCV's reader of ONNX is not made for bytes of strangers.
//! OpenCV 4.6 (Debian 12) has a class for YuNet that cannot load this release; its networks can be run all the same, and
//! picture and answers are prepared and read here as in the class of OpenCV 4.8 (`FaceDetectorYN`):
//! - the picture: blue, green, red, 0 to 255, planes one after another, black beyond the frame;
//! - the answers, for each place of a grid of 8, 16 and 32 pixels: `cls` and `obj`, whose geometric mean is the score; `bbox`,
//!   the middle from the place's corner and the logarithms of the sides, in steps of the grid; `kps`, five points from the
//!   corner: right eye, left eye, tip of the nose, right and left corner of the mouth, the traveller's.
//!
//! It gives boxes, so pose, eyes and mouth are not assessed. What its tests run are networks with the same inputs and
//! outputs that the tests make themselves: on the real file it was not run.

use super::blaze::overlap;
use super::detector::{Detection, Engine, EngineFault, FaceDetector, ModelDigest, Sighting};
use super::sampled::Square;
use super::{FaceBox, MAX_FACES, geometry};
use domain::image::Frame;
use opencv::core::{Mat, Scalar, Vector};
use opencv::dnn::Net;
use opencv::prelude::*;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroize;

/// The line of the engine list.
pub const ENGINE: Engine = Engine { name: NAME, default_model: DEFAULT_MODEL, open: open_boxed };

/// Where the operator's file is looked for if nothing else is said.
pub const DEFAULT_MODEL: &str = "models/face/face_detection_yunet_2023mar.onnx";

const NAME: &str = "yunet";

/// The largest file that is read; the release has 230 kB.
const LARGEST_MODEL: u64 = 16 << 20;
/// Sides of the picture that are tried, in this order: the smaller costs a quarter, and a network whose sizes are fixed in
/// its file takes 640 only. A face for a portrait is ten grid steps wide even in the smaller one.
const SIDES: [usize; 2] = [320, 640];
/// Steps of the grids, pixels of the picture.
const STRIDES: [usize; 3] = [8, 16, 32];
/// Names of the answers, and values for each place of a grid.
const ANSWERS: [(&str, usize); 4] = [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)];
/// Answers below this are none: OpenCV's example for YuNet takes .9, for crowds; at a desk a face turned aside is one too.
const LEAST_SCORE: f32 = 0.6;
/// Answers that overlap by more than this share of their union are of one face: OpenCV's own value.
const SAME_FACE: f32 = 0.3;
/// Answers that are looked at, the surest first: a poster of ten thousand faces costs no more.
const MOST: usize = 384;

/// The loaded network.
pub struct Yunet {
    net: Net,
    names: Vector<String>,
    digest: [u8; 32],
    side: usize,
    /// The frame in red, green and blue, pixel by pixel, and as the network takes it.
    pixels: Vec<f32>,
    planes: Vec<f32>,
}

/// One answer: edges and points as shares of the network's picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Answer {
    edges: [f32; 4],
    points: [(f32, f32); 5],
    score: f32,
}

impl Yunet {
    /// Loads the file that has this digest.
    ///
    /// # Errors
    /// [`EngineFault::NoDigest`] without one; [`EngineFault::NoModel`] when the file cannot be read;
    /// [`EngineFault::BadModel`] when it is another file, no network, or one of other answers.
    pub fn load(path: &Path, digest: Option<&ModelDigest>) -> Result<Self, EngineFault> {
        let wanted = digest.ok_or(EngineFault::NoDigest { engine: NAME })?;
        let no_model = |error: std::io::Error| EngineFault::NoModel { engine: NAME, inside: error.to_string() };
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(LARGEST_MODEL + 1).read_to_end(&mut bytes)).map_err(no_model)?;
        let found: [u8; 32] = Sha256::digest(&bytes).into();
        if found != wanted.0 {
            return Err(bad_model("its SHA-256 is not the one that the configuration gives"));
        }
        Self::of(&bytes, found)
    }

    /// Takes the network of a file, whatever its digest, at the first of [`SIDES`] at which it answers as YuNet does.
    fn of(bytes: &[u8], digest: [u8; 32]) -> Result<Self, EngineFault> {
        // One thread: the search is one stage of a pipeline that has a budget of its own, on a two-core machine.
        opencv::core::set_num_threads(1).map_err(|error| bad_model(&error.message))?;
        let mut refused = "it is empty".to_owned();
        if bytes.is_empty() {
            return Err(bad_model(&refused));
        }
        for side in SIDES {
            // Read anew for each: a network that has refused a picture may have taken half of its sizes.
            let net = opencv::dnn::read_net_from_onnx_buffer(&Vector::from_slice(bytes));
            let net = net.map_err(|error| bad_model(&error.message))?;
            let names = STRIDES.iter().flat_map(|stride| ANSWERS.map(|(name, _)| format!("{name}_{stride}")));
            let names: Vec<String> = names.collect();
            let names = names.iter().map(String::as_str).collect();
            let (pixels, planes) = (vec![0.0; side * side * 3], vec![0.0; side * side * 3]);
            let mut yunet = Self { net, names, digest, side, pixels, planes };
            match yunet.answers() {
                Ok(_) => return Ok(yunet),
                Err(error) => refused = error.message,
            }
        }
        Err(bad_model(&refused))
    }

    /// Faces of a frame.
    fn find(&mut self, frame: &Frame) -> Detection {
        if frame.width < 16 || frame.height < 16 {
            return Detection::FailureToAssess("frame too small");
        }
        let square = Square::around(frame);
        square.sample(frame, self.side, (0.0, 255.0), &mut self.pixels);
        let (blue, rest) = self.planes.split_at_mut(self.side * self.side);
        let (green, red) = rest.split_at_mut(self.side * self.side);
        for (at, &[r, g, b]) in self.pixels.as_chunks::<3>().0.iter().enumerate() {
            (blue[at], green[at], red[at]) = (b, g, r);
        }
        match self.answers() {
            Ok(answers) => Detection::of(merged(answers).iter().map(|answer| answer.face(&square)).collect()),
            Err(_) => Detection::FailureToAssess("OpenCV refused the frame"),
        }
    }

    /// Runs the network on what is in `planes`; its answers, the surest first.
    fn answers(&mut self) -> opencv::Result<Vec<Answer>> {
        let side = self.side as i32;
        let blob = Mat::new_nd_with_data(&[1, 3, side, side], &self.planes)?;
        self.net.set_input(&blob, "", 1.0, Scalar::default())?;
        let mut outputs = Vector::<Mat>::new();
        self.net.forward(&mut outputs, &self.names)?;
        let mut answers = Vec::new();
        for (at, stride) in STRIDES.into_iter().enumerate() {
            let mut values: [&[f32]; 4] = [&[]; 4];
            let mats: [Mat; 4] =
                [outputs.get(at * 4)?, outputs.get(at * 4 + 1)?, outputs.get(at * 4 + 2)?, outputs.get(at * 4 + 3)?];
            for ((values, mat), (name, each)) in values.iter_mut().zip(&mats).zip(ANSWERS) {
                *values = mat.data_typed()?;
                if values.len() != (self.side / stride).pow(2) * each {
                    let message = format!("{name}_{stride} has {} values", values.len());
                    return Err(opencv::Error::new(opencv::core::StsUnmatchedSizes, message));
                }
            }
            decode(values, stride, self.side, &mut answers);
        }
        answers.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        answers.truncate(MOST);
        Ok(answers)
    }
}

impl FaceDetector for Yunet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model_digest(&self) -> [u8; 32] {
        self.digest
    }

    fn detect(&mut self, frame: &Frame) -> Sighting {
        self.find(frame).into()
    }

    /// Overwrites the last frame, and what OpenCV holds of it by a look at black.
    fn forget(&mut self) {
        self.pixels.as_mut_slice().zeroize();
        self.planes.as_mut_slice().zeroize();
        // A network that answered black when it was loaded answers it now; if not, it holds nothing that it answered.
        let _ = self.answers();
    }
}

impl Drop for Yunet {
    fn drop(&mut self) {
        self.forget();
    }
}

fn open_boxed(path: &Path, digest: Option<&ModelDigest>) -> Result<Box<dyn FaceDetector>, EngineFault> {
    Ok(Box::new(Yunet::load(path, digest)?))
}

fn bad_model(inside: &str) -> EngineFault {
    EngineFault::BadModel { engine: NAME, inside: inside.into() }
}

/// The answers of one grid whose score is enough, added to the others: `values` are those of [`ANSWERS`], in its order.
fn decode([cls, obj, bbox, kps]: [&[f32]; 4], stride: usize, side: usize, answers: &mut Vec<Answer>) {
    let (columns, step) = (side / stride, stride as f32 / side as f32);
    let places = bbox.as_chunks::<4>().0.iter().zip(kps.as_chunks::<10>().0);
    for (place, ((&cls, &obj), (bbox, kps))) in cls.iter().zip(obj).zip(places).enumerate() {
        let score = (cls.clamp(0.0, 1.0) * obj.clamp(0.0, 1.0)).sqrt();
        if score.is_nan() || score < LEAST_SCORE {
            continue;
        }
        let corner = ((place % columns) as f32, (place / columns) as f32);
        let at = |x: f32, y: f32| ((corner.0 + x) * step, (corner.1 + y) * step);
        let (x, y) = at(bbox[0], bbox[1]);
        let (half_width, half_height) = (bbox[2].exp() * step / 2.0, bbox[3].exp() * step / 2.0);
        let answer = Answer {
            edges: [x - half_width, y - half_height, x + half_width, y + half_height],
            points: std::array::from_fn(|n| at(kps[2 * n], kps[2 * n + 1])),
            score,
        };
        if answer.is_sound() {
            answers.push(answer);
        }
    }
}

/// The surest answer of each face, by plain non-maximum suppression; of answers that are sorted.
fn merged(answers: Vec<Answer>) -> Vec<Answer> {
    let mut faces: Vec<Answer> = Vec::new();
    for answer in answers {
        if faces.len() < MAX_FACES && faces.iter().all(|face| overlap(&face.edges, &answer.edges) <= SAME_FACE) {
            faces.push(answer);
        }
    }
    faces
}

impl Answer {
    /// Whether it is a box with points in and around it: the values of a network can be anything.
    fn is_sound(&self) -> bool {
        let [left, top, right, bottom] = self.edges;
        let (width, height) = (right - left, bottom - top);
        let near = |&(x, y): &(f32, f32)| {
            (left - width / 2.0..=right + width / 2.0).contains(&x)
                && (top - height / 2.0..=bottom + height / 2.0).contains(&y)
        };
        self.edges.iter().all(|edge| edge.abs() < 10.0) && width > 0.0 && height > 0.0 && self.points.iter().all(near)
    }

    /// The box that the proportions in [`geometry`] are of, in pixels of the frame: YuNet's own reaches from the hair to the
    /// chin, and is narrower than it is high. Eyes and mouth say where the other would be: a turned head has its eyes closer
    /// together, a raised one its mouth closer to them.
    fn face(&self, square: &Square) -> FaceBox {
        let points = self.points.map(|(x, y)| square.in_frame(x, y));
        let middle = |a: (f32, f32), b: (f32, f32)| ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0);
        let apart = |a: (f32, f32), b: (f32, f32)| (a.0 - b.0).hypot(a.1 - b.1);
        let (eyes, mouth) = (middle(points[0], points[1]), middle(points[3], points[4]));
        let side = (apart(points[0], points[1]) / geometry::INTER_EYE).max(apart(eyes, mouth) / geometry::EYE_TO_MOUTH);
        FaceBox {
            x: eyes.0 - side / 2.0,
            y: eyes.1 - geometry::EYE_LINE * side,
            width: side,
            height: side,
            score: self.score,
        }
    }
}

#[cfg(test)]
mod tests;
