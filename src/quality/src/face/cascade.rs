//! OpenCV's Haar cascade for frontal faces: boxes only, and always there (Debian package `opencv-data`).
//!
//! Measured limits (face-quality reference): blind beyond yaw 30 degrees, roll 15 degrees and for faces under 50
//! pixels; it found 96 of 100 portraits. Landmark engines replace it where their models are installed.

use super::detector::{Detection, Engine, EngineFault, FaceDetector};
use super::{FaceBox, MAX_FACES};
use domain::image::Frame;
use opencv::core::{Mat, Rect, Size, Vector};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The line of the engine list.
pub const ENGINE: Engine = Engine { name: NAME, default_model: DEFAULT_MODEL, open: open_boxed };

/// Where Debian's `opencv-data` keeps the cascade.
pub const DEFAULT_MODEL: &str = "/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml";

const NAME: &str = "opencv-haar-frontalface";

/// Width that frames are reduced to before the search: the cost falls with the square, and a face that is large enough
/// for a portrait is still three times the cascade's 24-pixel window.
const SEARCH_WIDTH: u32 = 320;
/// A face narrower than this share of the frame is somebody in the hall, not the traveller at the desk.
const SMALLEST_FACE: f32 = 0.11;
/// Step between the scales searched. 1.1 is OpenCV's default; a coarser step misses faces between two scales.
const SCALE_STEP: f64 = 1.1;
/// Overlapping hits that make a face. Measured on rendered heads and empty scenes.
const MIN_NEIGHBOURS: i32 = 4;
/// The largest model file read; Debian's has 0.9 MB.
const LARGEST_MODEL: u64 = 16 << 20;
/// Samples averaged along each axis for one pixel of the reduced picture, at most: bounds the cost of huge frames.
const MOST_TAPS: u32 = 4;

/// A loaded cascade.
pub struct Cascade {
    classifier: CascadeClassifier,
    digest: [u8; 32],
    grey: Vec<u8>,
}

impl Cascade {
    /// Loads a cascade file.
    ///
    /// # Errors
    /// [`EngineFault`] when the file is missing, too large or no cascade.
    pub fn load(path: &Path) -> Result<Self, EngineFault> {
        let no_model = |inside: String| EngineFault::NoModel { engine: NAME, inside };
        let bad_model = |inside: String| EngineFault::BadModel { engine: NAME, inside };
        let size = std::fs::metadata(path).map_err(|e| no_model(e.to_string()))?.len();
        if size > LARGEST_MODEL {
            return Err(bad_model(format!("{size} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|e| no_model(e.to_string()))?;
        // OpenCV answers a file that is no XML with an exception and a page on standard error: look first.
        if !bytes.starts_with(b"<?xml") {
            return Err(bad_model("no XML".into()));
        }
        // One thread: the search is one stage of a pipeline that has a budget of its own, on a two-core machine.
        opencv::core::set_num_threads(1).map_err(|e| bad_model(e.message))?;
        let path = path.to_str().ok_or_else(|| no_model("the path is not UTF-8".into()))?;
        let classifier = CascadeClassifier::new(path).map_err(|e| bad_model(e.message))?;
        if classifier.empty().map_err(|e| bad_model(e.message))? {
            return Err(bad_model("no cascade in it".into()));
        }
        Ok(Self { classifier, digest: Sha256::digest(&bytes).into(), grey: Vec::new() })
    }

    fn search(&mut self, width: i32, height: i32, scale: f32) -> opencv::Result<Vec<FaceBox>> {
        let grey = Mat::new_rows_cols_with_data(height, width, &self.grey)?;
        let smallest = ((width as f32 * SMALLEST_FACE) as i32).max(24);
        let mut boxes = Vector::<Rect>::new();
        let mut levels = Vector::<i32>::new();
        let mut weights = Vector::<f64>::new();
        self.classifier.detect_multi_scale3(
            &grey,
            &mut boxes,
            &mut levels,
            &mut weights,
            SCALE_STEP,
            MIN_NEIGHBOURS,
            0,
            Size::new(smallest, smallest),
            Size::new(0, 0),
            true,
        )?;
        let passed_all = levels.iter().max().unwrap_or(0);
        let _ = passed_all;
        let rows = boxes.iter().zip(weights.iter());
        Ok(rows.take(MAX_FACES * 4).map(|(b, weight)| source_box(b, weight, scale)).collect())
    }
}

impl FaceDetector for Cascade {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model_digest(&self) -> [u8; 32] {
        self.digest
    }

    fn detect(&mut self, frame: &Frame) -> Detection {
        if frame.width < 24 || frame.height < 24 {
            return Detection::FailureToAssess("frame too small");
        }
        let (width, height) = reduced_size(frame);
        if height < 24 || height > 4 * SEARCH_WIDTH {
            return Detection::FailureToAssess("frame too narrow");
        }
        reduce(frame, width, height, &mut self.grey);
        let scale = frame.width as f32 / width as f32;
        match self.search(width as i32, height as i32, scale) {
            Ok(faces) => Detection::of(faces),
            Err(_) => Detection::FailureToAssess("OpenCV refused the frame"),
        }
    }
}

fn open_boxed(path: &Path) -> Result<Box<dyn FaceDetector>, EngineFault> {
    Ok(Box::new(Cascade::load(path)?))
}

fn source_box(b: Rect, weight: f64, scale: f32) -> FaceBox {
    FaceBox {
        x: b.x as f32 * scale,
        y: b.y as f32 * scale,
        width: b.width as f32 * scale,
        height: b.height as f32 * scale,
        score: weight as f32,
    }
}

fn reduced_size(frame: &Frame) -> (u32, u32) {
    let width = frame.width.min(SEARCH_WIDTH);
    let height = (u64::from(frame.height) * u64::from(width) / u64::from(frame.width)) as u32;
    (width, height)
}

/// Grey, reduced by averaging up to [`MOST_TAPS`] squared samples for each pixel.
fn reduce(frame: &Frame, width: u32, height: u32, grey: &mut Vec<u8>) {
    let rgb = frame.rgb();
    let step_x = frame.width as f32 / width as f32;
    let step_y = frame.height as f32 / height as f32;
    let taps_x = (step_x as u32).clamp(1, MOST_TAPS);
    let taps_y = (step_y as u32).clamp(1, MOST_TAPS);
    let columns: Vec<usize> = (0..width * taps_x)
        .map(|i| ((i as f32 + 0.5) * step_x / taps_x as f32) as usize)
        .map(|x| x.min(frame.width as usize - 1) * 3)
        .collect();
    let row_bytes = frame.width as usize * 3;
    let mut sums = vec![0u32; width as usize];
    grey.clear();
    grey.reserve(width as usize * height as usize);
    for y in 0..height {
        sums.fill(0);
        for tap in 0..taps_y {
            let row = ((y * taps_y + tap) as f32 + 0.5) * step_y / taps_y as f32;
            let row = (row as usize).min(frame.height as usize - 1);
            let row = &rgb[row * row_bytes..][..row_bytes];
            for (sum, taps) in sums.iter_mut().zip(columns.chunks_exact(taps_x as usize)) {
                for &at in taps {
                    // Rec. 601 weights of 256, as OpenCV's own grey: the cascade was trained on that.
                    *sum += 77 * u32::from(row[at]) + 150 * u32::from(row[at + 1]) + 29 * u32::from(row[at + 2]);
                }
            }
        }
        let divisor = 256 * taps_x * taps_y;
        grey.extend(sums.iter().map(|sum| (sum / divisor) as u8));
    }
}
