//! The preview of a resting finger: one thread that scores the newest frame, tells the traveller what to change, and
//! keeps the best frame where the frames are samples.
//!
//! Frames come straight from the device's thread and wait in one place, where a newer one replaces an older: a slow
//! scorer sees fewer frames and never delays the capture. Nothing of a frame outlives the attempt but the sample.

use super::actor::Message;
use super::effects::tell;
use crate::config::Loaded;
use domain::device::PreviewUse;
use domain::finger::Finger;
use domain::image::{FingerFrame, FingerImage};
use quality::finger::{Assessor, Look, Rest, Stillness};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;

/// The worker as others hold it.
#[derive(Clone)]
pub struct PreviewWorker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    news: Condvar,
}

#[derive(Default)]
struct Inbox {
    task: Option<Task>,
    frame: Option<FingerFrame>,
    /// A frame of the task has come: there is a finger that can be lifted.
    rests: bool,
    lifted: bool,
    /// Frames that were replaced before anybody looked at them.
    skipped: u64,
    closed: bool,
}

/// One attempt at one finger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Task {
    attempt: u64,
    finger: Finger,
    frames: PreviewUse,
    /// The sensor sees a part of the fingertip only, and has limits of its own.
    small: bool,
}

/// What there is to do.
enum News {
    /// Another attempt, or none any more.
    Task(Option<Task>),
    Frame(Box<FingerFrame>),
    /// The finger is off, and no frame is left.
    Lifted,
}

impl PreviewWorker {
    /// Starts the thread.
    pub fn start(loaded: &Arc<Loaded>, messages: mpsc::Sender<Message>) -> Self {
        let shared = Arc::new(Shared::default());
        let worker = Worker {
            loaded: loaded.clone(),
            messages,
            shared: shared.clone(),
            assessor: Assessor::with(loaded.scorer.clone()),
            stillness: Stillness::default(),
        };
        if let Err(error) = std::thread::Builder::new().name("preview".into()).spawn(move || worker.run()) {
            tracing::error!(%error, "the preview of fingers could not be started");
        }
        Self { shared }
    }

    /// A new attempt at this finger: frames of earlier ones are dropped.
    pub fn begin(&self, attempt: u64, finger: Finger, frames: PreviewUse, small: bool) {
        self.shared.put(|inbox| inbox.begin(Some(Task { attempt, finger, frames, small })));
    }

    /// No attempt any more.
    pub fn end(&self) {
        self.shared.put(|inbox| inbox.begin(None));
    }

    /// A frame of an attempt; it replaces one that was not looked at yet.
    pub fn offer(&self, attempt: u64, frame: FingerFrame) {
        self.shared.put(|inbox| {
            if inbox.is_of(attempt) {
                inbox.rests = true;
                inbox.skipped += u64::from(inbox.frame.replace(frame).is_some());
            }
        });
    }

    /// The finger of an attempt is off. One that lay there before the attempt's own has shown no frame.
    pub fn lifted(&self, attempt: u64) {
        self.shared.put(|inbox| inbox.lifted |= inbox.is_of(attempt) && inbox.rests);
    }

    /// Ends the thread.
    pub fn shutdown(&self) {
        self.shared.put(|inbox| inbox.closed = true);
    }
}

impl Inbox {
    fn begin(&mut self, task: Option<Task>) {
        *self = Self { task, closed: self.closed, ..Self::default() };
    }

    fn is_of(&self, attempt: u64) -> bool {
        self.task.is_some_and(|task| task.attempt == attempt)
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

    /// What to do next for somebody who is at this task; nothing when all is over.
    fn next(&self, at: Option<Task>) -> Option<News> {
        let mut inbox = self.inbox();
        loop {
            if inbox.closed {
                return None;
            }
            if inbox.task != at {
                return Some(News::Task(inbox.task));
            }
            if let Some(frame) = inbox.frame.take() {
                return Some(News::Frame(Box::new(frame)));
            }
            if std::mem::take(&mut inbox.lifted) {
                return Some(News::Lifted);
            }
            inbox = self.news.wait(inbox).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// This task is done: what still comes for it is not looked at. Tells how many frames were skipped.
    fn finish(&self, task: Task) -> u64 {
        let mut inbox = self.inbox();
        if inbox.task != Some(task) {
            return 0;
        }
        let skipped = inbox.skipped;
        inbox.begin(None);
        skipped
    }
}

struct Worker {
    loaded: Arc<Loaded>,
    messages: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    assessor: Assessor,
    stillness: Stillness,
}

/// One attempt under way.
struct Resting {
    task: Task,
    rest: Rest<FingerImage>,
    frames: u64,
    since: Option<Instant>,
}

impl Worker {
    fn run(mut self) {
        let mut resting: Option<Resting> = None;
        while let Some(news) = self.shared.next(resting.as_ref().map(|resting| resting.task)) {
            let enough = match news {
                News::Task(task) => {
                    self.stillness.forget();
                    resting = task.map(|task| self.rest(task));
                    false
                }
                News::Frame(frame) => resting.as_mut().is_some_and(|resting| self.look(resting, *frame)),
                News::Lifted => true,
            };
            if enough && let Some(done) = resting.take() {
                self.finish(done);
            }
        }
    }

    fn rest(&self, task: Task) -> Resting {
        let limits = &self.loaded.thresholds.finger;
        let rest = Rest::new(limits.preview, limits.of(task.finger.digit(), task.small));
        Resting { task, rest, frames: 0, since: None }
    }

    /// Scores a frame; true when the best one is to be taken.
    fn look(&mut self, resting: &mut Resting, frame: FingerFrame) -> bool {
        let FingerFrame { image, captured_at: at, .. } = frame;
        // Of another finger, if the device names it.
        if image.position.is_some_and(|position| position != resting.task.finger) {
            return false;
        }
        resting.since.get_or_insert_with(Instant::now);
        resting.frames += 1;
        let alike = self.stillness.compare(&image);
        let found = self.assessor.assess(&image);
        let look = Look { at, score: found.value(), advice: found.advice.first().copied(), alike };
        let before = resting.rest.advice();
        let enough = resting.rest.feed(&look, image);
        let advice = resting.rest.advice();
        if advice != before {
            tell(&self.messages, Message::Hint(resting.task.attempt, advice.map(|advice| advice.id())));
        }
        // Of pictures that are no samples none is ever enough.
        enough && resting.task.frames == PreviewUse::Sample
    }

    /// Hands the best frame to the desk, which has it judged as any other image. A finger that left without a frame has used
    /// up its attempt.
    fn finish(&mut self, done: Resting) {
        let Resting { task, rest, frames, since } = done;
        let skipped = self.shared.finish(task);
        let rested_ms = since.map_or(0, |since| since.elapsed().as_millis());
        tracing::info!(attempt = task.attempt, frames, skipped, rested_ms, "a preview ended");
        self.stillness.forget();
        if task.frames == PreviewUse::Sample {
            tell(&self.messages, Message::FingerKept(task.attempt, rest.into_best()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::units::{Millis, Ppi};

    fn frame(sequence: u64) -> FingerFrame {
        let image = FingerImage::new(1, 1, Ppi::FIVE_HUNDRED, 8, vec![0]).unwrap();
        FingerFrame { image, captured_at: Millis(sequence), sequence }
    }

    fn task(attempt: u64) -> Task {
        Task { attempt, finger: Finger::RightIndex, frames: PreviewUse::Sample, small: false }
    }

    #[test]
    fn the_newest_frame_wins_and_the_lifting_comes_after_it() {
        let worker = PreviewWorker { shared: Arc::default() };
        worker.begin(7, Finger::RightIndex, PreviewUse::Sample, false);
        assert!(matches!(worker.shared.next(None), Some(News::Task(Some(of))) if of == task(7)));
        // The finger of the attempt before is lifted first.
        worker.lifted(7);
        for sequence in 1..=50 {
            worker.offer(7, frame(sequence));
        }
        worker.offer(6, frame(99));
        worker.lifted(6);
        worker.lifted(7);
        assert!(matches!(worker.shared.next(Some(task(7))), Some(News::Frame(frame)) if frame.sequence == 50));
        assert!(matches!(worker.shared.next(Some(task(7))), Some(News::Lifted)));
        assert_eq!(worker.shared.finish(task(7)), 49);
        worker.offer(7, frame(51));
        assert!(worker.shared.inbox().frame.is_none(), "a task that is done takes no more");
        worker.begin(8, Finger::RightIndex, PreviewUse::Sample, false);
        assert_eq!(worker.shared.finish(task(7)), 0, "the next attempt is left alone");
        worker.offer(8, frame(1));
        worker.end();
        assert!(matches!(worker.shared.next(Some(task(8))), Some(News::Task(None))), "a frame of the past is dropped");
        worker.shutdown();
        assert!(worker.shared.next(None).is_none());
    }
}
