//! The face worker: one thread that looks at the newest frame, guides the traveller and takes the best shot.

use super::PreviewJpeg;
use super::actor::Message;
use super::attack::AttackCues;
use super::effects::tell;
use super::engine::{self, EngineView, FaceEngine};
use super::sight::Sight;
use crate::config::Loaded;
use domain::image::Frame;
use domain::record::{FaceBasis, FaceSample, Measure};
use domain::session::FaceException;
use domain::units::QualityScore;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use quality::assessment::{Advice, Assessment};
use quality::face::cues::Cues;
use quality::face::{self, AutoCapture, Basis, BestShot, FaceAssessment, FaceDetector, Guide, Shot};
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
    /// Advisory cues of a presentation attack. They decide nothing.
    pub cues: AttackCues,
    /// How light the backdrop of the best frame was.
    pub backdrop: Option<f64>,
}

/// The worker as others hold it.
#[derive(Clone)]
pub struct FaceWorker {
    shared: Arc<Shared>,
    engine: Arc<EngineView>,
}

/// What the officer sees while a face is captured.
pub struct Live {
    /// The picture.
    pub picture: watch::Sender<PreviewJpeg>,
    /// What was seen in it.
    pub sight: watch::Sender<Sight>,
}

struct Shared {
    inbox: Mutex<Inbox>,
    news: Condvar,
}

/// What an attempt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Task {
    attempt: u64,
    /// As was declared before the capture.
    eyes_stay_shut: bool,
}

/// The newest frame only: a worker that falls behind skips frames instead of showing the past.
#[derive(Default)]
struct Inbox {
    task: Option<Task>,
    frame: Option<Frame>,
    closed: bool,
}

impl FaceWorker {
    /// Starts the thread. Without an engine no capture is begun; the pages say which one judges.
    pub fn start(loaded: &Arc<Loaded>, messages: mpsc::Sender<Message>, live: Live) -> Self {
        let shared = Arc::new(Shared { inbox: Mutex::default(), news: Condvar::new() });
        let FaceEngine { detector, view: engine } = engine::open(&loaded.config.quality);
        let worker = Worker { loaded: loaded.clone(), messages, live, detector, engine: engine.described() };
        let inbox = shared.clone();
        let spawned = std::thread::Builder::new().name("face".into()).spawn(move || worker.run(&inbox));
        if let Err(error) = spawned {
            tracing::error!(%error, "the face worker could not be started");
        }
        Self { shared, engine: Arc::new(engine) }
    }

    /// The engine that judges.
    pub fn engine(&self) -> &EngineView {
        &self.engine
    }

    /// A new attempt: frames of earlier ones are dropped. Nobody is told to open eyes that cannot be opened.
    pub fn begin(&self, attempt: u64, exception: Option<FaceException>) {
        let eyes_stay_shut = exception == Some(FaceException::EyesClosed);
        self.shared.put(|inbox| {
            inbox.task = Some(Task { attempt, eyes_stay_shut });
            inbox.frame = None;
        });
    }

    /// No attempt any more.
    pub fn end(&self) {
        self.shared.put(|inbox| {
            inbox.task = None;
            inbox.frame = None;
        });
    }

    /// A frame of an attempt; it replaces one that was not looked at yet.
    pub fn offer(&self, attempt: u64, frame: Frame) {
        self.shared.put(|inbox| {
            if inbox.task.is_some_and(|task| task.attempt == attempt) {
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
    fn next(&self, looking_at: Option<Task>) -> Option<(Option<Task>, Option<Frame>)> {
        let mut inbox = self.inbox();
        loop {
            if inbox.closed {
                return None;
            }
            if inbox.frame.is_some() || inbox.task != looking_at {
                return Some((inbox.task, inbox.frame.take()));
            }
            inbox = self.news.wait(inbox).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

struct Worker {
    loaded: Arc<Loaded>,
    messages: mpsc::Sender<Message>,
    live: Live,
    detector: Option<Box<dyn FaceDetector>>,
    /// The engine as the record names it.
    engine: String,
}

/// One attempt under way.
struct Watching {
    task: Task,
    guide: Guide,
    cues: Cues,
    capture: AutoCapture<(Frame, FaceAssessment)>,
}

impl Worker {
    fn run(mut self, shared: &Shared) {
        let mut watching: Option<Watching> = None;
        while let Some((task, frame)) = shared.next(watching.as_ref().map(|watching| watching.task)) {
            if task != watching.as_ref().map(|watching| watching.task) {
                // The next attempt may be another traveller's: nobody is followed into it.
                if let Some(detector) = &mut self.detector {
                    detector.forget();
                }
                watching = task.map(|task| self.watch(task));
                self.live.picture.send_replace(None);
                self.live.sight.send_replace(Sight::default());
            }
            if let (Some(current), Some(frame)) = (watching.as_mut(), frame) {
                self.look(current, &frame);
            }
        }
    }

    fn watch(&self, task: Task) -> Watching {
        let face = &self.loaded.thresholds.face;
        let guide = Guide::new(face.guide);
        let guide = if task.eyes_stay_shut { guide.never(Advice::OpenEyes) } else { guide };
        Watching { task, guide, cues: Cues::new(face.cues), capture: AutoCapture::new(face.capture) }
    }

    fn look(&mut self, watching: &mut Watching, frame: &Frame) {
        if self.live.picture.receiver_count() > 0 {
            self.live.picture.send_replace(preview_jpeg(frame));
        }
        let sighting = match &mut self.detector {
            Some(detector) => detector.detect(frame),
            None => face::Detection::FailureToAssess("no face detector").into(),
        };
        watching.cues.feed(frame, &sighting);
        let assessment = face::assess(frame, &sighting);
        let limits = &self.loaded.thresholds.face.limits;
        let before = watching.guide.shown();
        let hint = watching.guide.update(frame.captured_at, &assessment, limits);
        if hint != before {
            if hint == Some(Advice::OneOnly) {
                // Once for each time that others step into the picture: how many, and nothing of who.
                tracing::info!(
                    attempt = watching.task.attempt,
                    faces = assessment.faces().len(),
                    "several people in view"
                );
            }
            tell(&self.messages, Message::Hint(watching.task.attempt, hint.map(|advice| advice.id())));
        }
        let keep = || (frame.clone(), assessment.clone());
        let shot = watching.capture.feed(frame.captured_at, &assessment, limits, keep);
        self.live.sight.send_replace(Sight::of(&assessment, frame, &shot, hint.is_some()));
        let best = match shot {
            Shot::Taken(best) => Some(best),
            Shot::GaveUp(best) => best,
            Shot::Over | Shot::Steadying | Shot::Watching => return,
        };
        let taken = self.taken(best, watching.cues.score().into());
        tell(&self.messages, Message::FaceTaken(watching.task.attempt, Box::new(taken)));
    }

    fn taken(&self, best: Option<BestShot<(Frame, FaceAssessment)>>, cues: AttackCues) -> FaceTaken {
        let Some(best) = best else {
            return FaceTaken { sample: None, score: None, passes: false, cues, backdrop: None };
        };
        let passes = best.failing.is_empty();
        let (frame, assessment) = &best.kept;
        let thresholds = &self.loaded.thresholds.face;
        let portrait = face::portrait(frame, &best.face, assessment.landmarks.as_ref(), &thresholds.limits.portrait);
        let sample = portrait.ok().map(|portrait| {
            let quality = assessment.components.iter().map(|(id, assessed)| measure(id.id(), assessed)).collect();
            let not_assessed = assessment.unassessed(&thresholds.limits);
            FaceSample {
                jpeg: portrait.jpeg,
                width: portrait.width,
                height: portrait.height,
                source_digest: Sha256::digest(frame.rgb()).into(),
                quality,
                engine: self.engine.clone(),
                basis: match assessment.basis {
                    Basis::Box => FaceBasis::Box,
                    Basis::Landmarks => FaceBasis::Landmarks,
                },
                not_assessed: not_assessed.into_iter().map(|component| component.id().to_owned()).collect(),
                accepted: passes,
            }
        });
        let backdrop = quality::device::backdrop(frame);
        // A face that cannot be cut out is no sample, however good it looked.
        FaceTaken { passes: passes && sample.is_some(), score: best.score, sample, cues, backdrop }
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
