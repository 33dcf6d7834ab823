//! OpenCV's Haar cascades for frontal faces: boxes only, and always there (Debian package `opencv-data`).
//!
//! The cascade given is asked first; where it finds nobody, its sibling `haarcascade_frontalface_alt.xml` gives a
//! second opinion, if it lies in the same folder. The one that found somebody last is asked first in the next frame, so
//! that a box does not jump between the two. Their boxes frame a face alike (measured: widths within 2 %).
//!
//! Known limits: blind beyond yaw 30 degrees and roll 15 degrees and for faces under a ninth of the frame's width; the
//! default cascade found 96 of 100 portraits. Landmark engines replace it where their models are installed.

use super::detector::{Detection, Engine, EngineFault, FaceDetector, ModelDigest, Sighting};
use super::{FaceBox, MAX_FACES};
use domain::image::Frame;
use opencv::core::ToInputArray;
use opencv::core::{Mat, Rect, Size, Vector};
use opencv::objdetect::CascadeClassifier;
use opencv::prelude::*;
use sha2::{Digest, Sha256};
use std::path::Path;
use zeroize::Zeroize;

/// The line of the engine list.
pub const ENGINE: Engine = Engine { name: NAME, default_model: DEFAULT_MODEL, open: open_boxed };

/// Where Debian's `opencv-data` keeps the cascade.
pub const DEFAULT_MODEL: &str = "/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml";

const NAME: &str = "opencv-haar-frontalface";

/// The second opinion, beside the first model file.
const SECOND: &str = "haarcascade_frontalface_alt.xml";

/// Width that frames are reduced to before the search: the cost falls with the square, and a face that is large enough
/// for a portrait is still three times the cascade's window. 320 finds one rendered head in sixty more and costs double.
const SEARCH_WIDTH: u32 = 240;
/// A face narrower than this share of the frame is somebody in the hall, not the traveller at the desk.
const SMALLEST_FACE: f32 = 0.11;
/// The smallest window that the cascades were trained on.
const WINDOW: u32 = 24;
/// Step between the scales searched. 1.1 is OpenCV's default; a coarser step misses faces between two scales.
const SCALE_STEP: f64 = 1.1;
/// Overlapping hits that make a face.
const MIN_NEIGHBOURS: i32 = 3;
/// Least level weight of the default cascade. Measured: 180 rendered heads lie at 1.6 and above (all but one), eggs of
/// skin colour at 0.5 and below.
const LEAST_WEIGHT: f64 = 1.0;
/// The largest model file read; Debian's have 0.9 MB.
const LARGEST_MODEL: u64 = 16 << 20;
/// Samples averaged along each axis for one pixel of the reduced picture, at most: bounds the cost of huge frames.
const MOST_TAPS: u32 = 4;

/// A loaded cascade, and its second opinion.
pub struct Cascade {
    opinions: Vec<Opinion>,
    /// Which opinion found somebody last.
    first: usize,
    digest: [u8; 32],
    grey: Vec<u8>,
}

struct Opinion {
    classifier: CascadeClassifier,
    least_weight: f64,
}

impl Cascade {
    /// Loads a cascade file, and the second opinion where it lies beside.
    ///
    /// # Errors
    /// [`EngineFault`] when a file is missing, too large or no cascade. A missing second opinion is none.
    pub fn load(path: &Path) -> Result<Self, EngineFault> {
        // One thread: the search is one stage of a pipeline that has a budget of its own, on a two-core machine.
        opencv::core::set_num_threads(1).map_err(|e| bad_model(e.message))?;
        let mut hash = Sha256::new();
        let mut opinions = vec![Opinion::load(path, LEAST_WEIGHT, &mut hash)?];
        let second = path.with_file_name(SECOND);
        if second != path && second.exists() {
            opinions.push(Opinion::load(&second, f64::NEG_INFINITY, &mut hash)?);
        }
        Ok(Self { opinions, first: 0, digest: hash.finalize().into(), grey: Vec::new() })
    }

    /// Asks one opinion after the other until one finds somebody.
    fn search(&mut self, width: u32, height: u32, scale: f32) -> opencv::Result<Vec<FaceBox>> {
        let grey = Mat::new_rows_cols_with_data(height as i32, width as i32, &self.grey)?;
        for turn in 0..self.opinions.len() {
            let at = (self.first + turn) % self.opinions.len();
            let found = self.opinions[at].search(&grey, width, scale)?;
            if !found.is_empty() {
                self.first = at;
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }
}

impl Opinion {
    fn load(path: &Path, least_weight: f64, hash: &mut Sha256) -> Result<Self, EngineFault> {
        let size = std::fs::metadata(path).map_err(|e| no_model(e.to_string()))?.len();
        if size > LARGEST_MODEL {
            return Err(bad_model(format!("{size} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|e| no_model(e.to_string()))?;
        // OpenCV answers a file that is no XML with an exception and a page on standard error: look first.
        if !bytes.starts_with(b"<?xml") {
            return Err(bad_model("no XML".into()));
        }
        hash.update(&bytes);
        let path = path.to_str().ok_or_else(|| no_model("the path is not UTF-8".into()))?;
        let classifier = CascadeClassifier::new(path).map_err(|e| bad_model(e.message))?;
        if classifier.empty().map_err(|e| bad_model(e.message))? {
            return Err(bad_model("no cascade in it".into()));
        }
        Ok(Self { classifier, least_weight })
    }

    fn search(&mut self, grey: &impl ToInputArray, width: u32, scale: f32) -> opencv::Result<Vec<FaceBox>> {
        let smallest = ((width as f32 * SMALLEST_FACE) as u32).max(WINDOW) as i32;
        let mut boxes = Vector::<Rect>::new();
        let mut levels = Vector::<i32>::new();
        let mut weights = Vector::<f64>::new();
        self.classifier.detect_multi_scale3(
            grey,
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
        let sure = boxes.iter().zip(weights.iter()).filter(|(_, weight)| *weight >= self.least_weight);
        Ok(sure.take(4 * MAX_FACES).map(|(b, weight)| source_box(b, weight, scale)).collect())
    }
}

impl FaceDetector for Cascade {
    fn name(&self) -> &'static str {
        NAME
    }

    fn model_digest(&self) -> [u8; 32] {
        self.digest
    }

    fn detect(&mut self, frame: &Frame) -> Sighting {
        self.find(frame).into()
    }

    fn forget(&mut self) {
        self.grey.zeroize();
        self.first = 0;
    }
}

impl Drop for Cascade {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Cascade {
    fn find(&mut self, frame: &Frame) -> Detection {
        if frame.width < WINDOW || frame.height < WINDOW {
            return Detection::FailureToAssess("frame too small");
        }
        let (width, height) = reduced_size(frame);
        if !(WINDOW..=4 * SEARCH_WIDTH).contains(&height) {
            return Detection::FailureToAssess("frame too narrow");
        }
        reduce(frame, width, height, &mut self.grey);
        let scale = frame.width as f32 / width as f32;
        match self.search(width, height, scale) {
            Ok(faces) => Detection::of(faces),
            Err(_) => Detection::FailureToAssess("OpenCV refused the frame"),
        }
    }
}

fn open_boxed(path: &Path, _: Option<&ModelDigest>) -> Result<Box<dyn FaceDetector>, EngineFault> {
    Ok(Box::new(Cascade::load(path)?))
}

fn no_model(inside: String) -> EngineFault {
    EngineFault::NoModel { engine: NAME, inside }
}

fn bad_model(inside: String) -> EngineFault {
    EngineFault::BadModel { engine: NAME, inside }
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

#[cfg(test)]
mod tests {
    use super::super::scenes;
    use super::*;
    use domain::units::Millis;
    use std::io::Write;

    /// An engine that is missing on the machine that runs the tests is a fault of its set-up, and said as one.
    fn cascade() -> Cascade {
        Cascade::load(Path::new(DEFAULT_MODEL)).expect("Debian's opencv-data is installed by the set-up command")
    }

    #[test]
    fn a_missing_or_wrong_model_is_told_apart() {
        let mut not_xml = tempfile::NamedTempFile::new().unwrap();
        not_xml.write_all(b"\x7fELF").unwrap();
        let mut no_cascade = tempfile::NamedTempFile::with_suffix(".xml").unwrap();
        no_cascade.write_all(b"<?xml version=\"1.0\"?>\n<opencv_storage>\n<x>1</x>\n</opencv_storage>\n").unwrap();
        let whole = std::fs::read(DEFAULT_MODEL).unwrap();
        let mut cut = tempfile::NamedTempFile::with_suffix(".xml").unwrap();
        cut.write_all(&whole[..whole.len() / 2]).unwrap();
        for (name, path, code) in [
            ("missing", Path::new("/nonexistent/cascade.xml"), "Q-12"),
            ("a folder", Path::new("/"), "Q-12"),
            ("no XML", not_xml.path(), "Q-11"),
            ("XML of something else", no_cascade.path(), "Q-11"),
            ("cut in half", cut.path(), "Q-11"),
        ] {
            assert_eq!(Cascade::load(path).err().map(|f| f.code()), Some(code), "{name}");
        }
    }

    #[test]
    fn frames_without_a_face_find_nothing() {
        let mut cascade = cascade();
        for (name, frame) in [
            ("grey", scenes::flat(640, 480, [128; 3])),
            ("ramp", scenes::ramp(640, 480)),
            ("checks", scenes::checks(640, 480, 40)),
            ("fine checks", scenes::checks(640, 480, 3)),
            ("an egg", scenes::egg(640, 480)),
        ] {
            assert_eq!(cascade.detect(&frame), Detection::Faces(vec![]).into(), "{name}");
        }
    }

    #[test]
    fn a_drawn_face_is_found_where_it_is() {
        let drawn = FaceBox { x: 215.0, y: 120.0, width: 210.0, height: 210.0, score: 0.0 };
        let found = cascade().detect(&scenes::drawn_face(640, 480, &drawn));
        let [face] = found.faces() else { panic!("{found:?}") };
        // A drawing has a drawing's proportions: the size may be off by half, the place may not.
        let ((x, y), (x0, y0)) = (face.centre(), drawn.centre());
        assert!((x - x0).hypot(y - y0) < 0.1 * drawn.width, "{face:?}");
        assert!((0.66..1.5).contains(&(face.width / drawn.width)), "{face:?}");
    }

    #[test]
    fn odd_sizes_are_answered() {
        let mut cascade = cascade();
        for (width, height) in
            [(0, 0), (1, 1), (23, 400), (24, 24), (640, 5), (5, 640), (25, 3000), (3000, 30), (641, 479)]
        {
            // No panic and no memory beyond the reduced picture: what the answer is depends on the size alone.
            let found = cascade.detect(&scenes::flat(width, height, [77; 3]));
            assert!(found.faces().is_empty(), "{width} x {height}");
        }
    }

    #[test]
    fn reduction_averages() {
        let mut grey = Vec::new();
        for (width, height) in [(640, 480), (1280, 720), (333, 217), (320, 240), (100, 50)] {
            let frame = scenes::flat(width, height, [200, 100, 50]);
            let (w, h) = reduced_size(&frame);
            reduce(&frame, w, h, &mut grey);
            assert_eq!(grey.len(), (w * h) as usize);
            // .299 x 200 + .587 x 100 + .114 x 50 = 124.2
            assert!(grey.iter().all(|&g| g.abs_diff(124) <= 1), "{width} x {height}");
        }
        // Black and white columns by turns make a middle grey.
        let stripes: Vec<u8> = (0..640 * 480).flat_map(|i| [if i % 2 == 0 { 0 } else { 255 }; 3]).collect();
        reduce(&Frame::new(640, 480, Millis(0), 0, stripes).unwrap(), 320, 240, &mut grey);
        assert!(grey.iter().all(|&g| g.abs_diff(127) <= 1));
    }
}
