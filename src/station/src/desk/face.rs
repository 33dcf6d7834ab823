//! The face worker: one thread that looks at the newest frame, guides the traveller and takes the best shot.

use super::PreviewJpeg;
use super::actor::Message;
use super::effects::tell;
use crate::config::Loaded;
use domain::image::Frame;
use domain::record::{FaceSample, Measure};
use domain::units::QualityScore;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use quality::assessment::Assessment;
use quality::face::{self, AutoCapture, BestShot, FaceAssessment, FaceDetector, Guide, Shot};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

/// What stands for an engine that could not be loaded: no face can be captured then.
pub const NO_ENGINE: &str = "none";
/// JPEG quality of the live picture: it is looked at, never kept.
const PREVIEW_QUALITY: u8 = 75;

/// What came of one attempt.
pub struct FaceTaken {
    /// The best frame, if a face was seen at all.
    pub sample: Option<FaceSample>,
    /// Its capture score.
    pub score: Option<QualityScore>,
    /// Every limit was kept.
    pub passes: bool,
}

/// The worker as others hold it.
#[derive(Clone)]
pub struct FaceWorker {
    shared: Arc<Shared>,
    engine: &'static str,
}

struct Shared {
    inbox: Mutex<Inbox>,
    news: Condvar,
}

/// The newest frame only: a worker that falls behind skips frames instead of showing the past.
#[derive(Default)]
struct Inbox {
    attempt: Option<u64>,
    frame: Option<Frame>,
    closed: bool,
}

impl FaceWorker {
    /// Starts the thread. Without a usable model it has no engine: the health page says so, and no capture is begun.
    pub fn start(loaded: &Arc<Loaded>, messages: mpsc::Sender<Message>, preview: watch::Sender<PreviewJpeg>) -> Self {
        let shared = Arc::new(Shared { inbox: Mutex::default(), news: Condvar::new() });
        let quality = &loaded.config.quality;
        let detector = face::open(&quality.engine, Some(&quality.model));
        let engine = match &detector {
            Ok(detector) => detector.name(),
            Err(fault) => {
                tracing::error!(code = fault.code(), detail = %fault, "{}", fault.advice());
                NO_ENGINE
            }
        };
        let worker = Worker { loaded: loaded.clone(), messages, preview, detector: detector.ok() };
        let inbox = shared.clone();
        let spawned = std::thread::Builder::new().name("face".into()).spawn(move || worker.run(&inbox));
        if let Err(error) = spawned {
            tracing::error!(%error, "the face worker could not be started");
        }
        Self { shared, engine }
    }

    /// Name of the engine, or [`NO_ENGINE`].
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// A new attempt: frames of earlier ones are dropped.
    pub fn begin(&self, attempt: u64) {
        self.shared.put(|inbox| {
            inbox.attempt = Some(attempt);
            inbox.frame = None;
        });
    }

    /// No attempt any more.
    pub fn end(&self) {
        self.shared.put(|inbox| {
            inbox.attempt = None;
            inbox.frame = None;
        });
    }

    /// A frame of an attempt; it replaces one that was not looked at yet.
    pub fn offer(&self, attempt: u64, frame: Frame) {
        self.shared.put(|inbox| {
            if inbox.attempt == Some(attempt) {
                inbox.frame = Some(frame);
            }
        });
    }

    /// Ends the thread.
    pub fn shutdown(&self) {
        self.shared.put(|inbox| inbox.closed = true);
    }
}

impl Shared {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, change: impl FnOnce(&mut Inbox)) {
        change(&mut self.inbox());
        self.news.notify_one();
    }

    /// The next frame with its attempt; the attempt alone when it has ended; nothing when all is over.
    fn next(&self, looking_at: Option<u64>) -> Option<(Option<u64>, Option<Frame>)> {
        let mut inbox = self.inbox();
        loop {
            if inbox.closed {
                return None;
            }
            if inbox.frame.is_some() || inbox.attempt != looking_at {
                return Some((inbox.attempt, inbox.frame.take()));
            }
            inbox = self.news.wait(inbox).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Worker {
    loaded: Arc<Loaded>,
    messages: mpsc::Sender<Message>,
    preview: watch::Sender<PreviewJpeg>,
    detector: Option<Box<dyn FaceDetector>>,
}

/// One attempt under way.
struct Watching {
    attempt: u64,
    guide: Guide,
    capture: AutoCapture<(Frame, FaceAssessment)>,
}

impl Worker {
    fn run(mut self, shared: &Shared) {
        let mut watching: Option<Watching> = None;
        while let Some((attempt, frame)) = shared.next(watching.as_ref().map(|watching| watching.attempt)) {
            if attempt != watching.as_ref().map(|watching| watching.attempt) {
                watching = attempt.map(|attempt| self.watch(attempt));
                self.preview.send_replace(None);
            }
            if let (Some(current), Some(frame)) = (watching.as_mut(), frame) {
                self.look(current, &frame);
            }
        }
    }

    fn watch(&self, attempt: u64) -> Watching {
        let face = &self.loaded.thresholds.face;
        Watching { attempt, guide: Guide::new(face.guide), capture: AutoCapture::new(face.capture) }
    }

    fn look(&mut self, watching: &mut Watching, frame: &Frame) {
        if self.preview.receiver_count() > 0 {
            self.preview.send_replace(preview_jpeg(frame));
        }
        let sighting = match &mut self.detector {
            Some(detector) => detector.detect(frame),
            None => face::Detection::FailureToAssess("no face detector").into(),
        };
        let assessment = face::assess(frame, &sighting);
        let limits = &self.loaded.thresholds.face.limits;
        let before = watching.guide.shown();
        let hint = watching.guide.update(frame.captured_at, &assessment, limits);
        if hint != before {
            tell(&self.messages, Message::Hint(watching.attempt, hint.map(|advice| advice.id())));
        }
        let keep = || (frame.clone(), assessment.clone());
        let taken = match watching.capture.feed(frame.captured_at, &assessment, limits, keep) {
            Shot::Taken(best) => self.taken(Some(best)),
            Shot::GaveUp(best) => self.taken(best),
            Shot::Over | Shot::Steadying | Shot::Watching => return,
        };
        tell(&self.messages, Message::FaceTaken(watching.attempt, Box::new(taken)));
    }

    fn taken(&self, best: Option<BestShot<(Frame, FaceAssessment)>>) -> FaceTaken {
        let Some(best) = best else { return FaceTaken { sample: None, score: None, passes: false } };
        let passes = best.failing.is_empty();
        let (frame, assessment) = &best.kept;
        let rules = &self.loaded.thresholds.face.portrait;
        let portrait = face::portrait(frame, &best.face, assessment.landmarks.as_ref(), rules);
        let sample = portrait.ok().map(|portrait| {
            let quality = assessment.components.iter().map(|(id, assessed)| measure(id.id(), assessed)).collect();
            FaceSample {
                jpeg: portrait.jpeg,
                width: portrait.width,
                height: portrait.height,
                source_digest: Sha256::digest(frame.rgb()).into(),
                quality,
                engine: self.engine(),
                accepted: passes,
            }
        });
        // A face that cannot be cut out is no sample, however good it looked.
        FaceTaken { passes: passes && sample.is_some(), score: best.score, sample }
    }

    fn engine(&self) -> String {
        let described = |detector: &dyn FaceDetector| {
            format!("{} sha256:{}", detector.name(), crate::people::hex(&detector.model_digest()))
        };
        self.detector.as_deref().map_or_else(|| "none".into(), described)
    }
}

/// A component as the record keeps it.
pub fn measure(id: &str, assessed: &Assessment) -> Measure {
    let failure = match assessed {
        Assessment::FailureToAssess(why) => Some((*why).to_owned()),
        Assessment::Scored { .. } => None,
    };
    Measure { name: id.into(), native: assessed.native(), score: assessed.score(), failure }
}

fn preview_jpeg(frame: &Frame) -> PreviewJpeg {
    let mut jpeg = Vec::with_capacity(64 * 1024);
    let encoded = JpegEncoder::new_with_quality(&mut jpeg, PREVIEW_QUALITY).encode(
        frame.rgb(),
        frame.width,
        frame.height,
        ExtendedColorType::Rgb8,
    );
    encoded.ok().map(|()| Arc::new(jpeg))
}
