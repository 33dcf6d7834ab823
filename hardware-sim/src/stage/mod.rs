//! What stands before the simulated devices: a visitor, a finger on the sensor, a document in the hand, bad days.
//!
//! Devices ask the stage what they see; the control socket, the page and the autopilot change it. The stage counts
//! what devices really did, so that a test can know whether one was opened.

mod cables;
pub mod control;
mod counters;
mod fault;
mod finger;
pub mod hand;
mod landing;
pub mod pictures;
mod prompter;
mod shown;
pub mod socket;
mod wear;

pub use counters::Counters;
pub use fault::{Device, Fault, FaultKind, KEPT};
pub use hand::{HandPose, Laid, Platen, SLAPS};
pub use landing::{LIVE_RATE, LIVE_SIZE};
pub use shown::Shown;
pub use wear::Wear;

use crate::person::Person;
use crate::scenario::Event;
use crate::serial::Bell;
use domain::finger::Finger;
use domain::units::Millis;
use finger::Touch;
use hand::OnPlaten;
use jiff::civil::Date;
use landing::Live;
use pictures::{Clip, Pictures};
use prompter::Prompter;
use render::head::Pose;
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use wear::Worn;

/// Documents that may wait to be swiped; a person has two hands.
const MAX_SWIPES: usize = 4;

/// How long the autopilot's traveller leaves the sensor free between two touches.
const BETWEEN_TOUCHES: Duration = Duration::from_millis(400);

/// How a simulation is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Width and height of the finger sensor in pixels.
    pub sensor: (u32, u32),
    /// At first, a finger is put on whenever an image is commanded, and lifted after it.
    pub autopilot: bool,
    /// Simulated ages and expiry dates are counted from this day.
    pub today: Date,
}

/// An order that the stage cannot carry out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StageError {
    /// The program that moves the station's clock failed.
    #[error("the station's clock could not be moved: {0}")]
    Clock(String),
    /// That device has no such fault.
    #[error("the {device} cannot have the fault {fault}")]
    FaultDoesNotFit {
        /// The device.
        device: &'static str,
        /// The fault.
        fault: &'static str,
    },
    /// This visitor lacks that finger.
    #[error("the visitor has no {0}")]
    FingerMissing(Finger),
    /// The same finger is named twice in one placement.
    #[error("{0} is named twice")]
    FingerTwice(Finger),
    /// A cue moves the station's clock, and nobody said how.
    #[error("this scenario moves the station's clock: name the program that does it with --clock-command")]
    NoClock,
    /// Nobody stands there.
    #[error("nobody stands at the desk: send {{\"do\":\"arrive\"}} first")]
    NobodyThere,
    /// The visitor's pictures could not be made.
    #[error("the visitor cannot be drawn: {0}")]
    Picture(String),
    /// A hand that no arm could turn like that.
    #[error("a hand is turned by at most {} degrees", hand::MAX_ROTATION)]
    Rotation,
    /// A port did not come or go in time.
    #[error("the {0} did not follow in time")]
    Slow(&'static str),
    /// Too many documents wait to be swiped.
    #[error("{MAX_SWIPES} documents wait to be swiped already")]
    SwipesFull,
    /// A scenario needs a device that this simulation does not serve.
    #[error("this scenario needs the {device}: serve it with {option}")]
    NotServed {
        /// The device.
        device: &'static str,
        /// What serves it.
        option: &'static str,
    },
    /// Wear that a device cannot have.
    #[error("{0}")]
    Wear(String),
    /// More fingers than the glass has room for.
    #[error("at most {} fingers lie on the glass together", hand::MAX_TOGETHER)]
    TooManyFingers,
}

/// A person at the desk, with pictures made.
#[derive(Debug)]
pub struct Visitor {
    /// Who it is.
    pub person: Person,
    /// Head and fingers.
    pub pictures: Pictures,
}

#[derive(Debug)]
struct Scene {
    visitor: Option<Arc<Visitor>>,
    pose: Pose,
    /// The seed of somebody who stands beside the visitor.
    companion: Option<u64>,
    clip: Arc<Clip>,
    /// The view of an empty desk.
    empty: Arc<Clip>,
    /// How often the camera's view was changed, and when the first frame of the newest one left the camera.
    views: (u64, Option<Millis>),
    /// The number of the newest frame of this view that left the camera, 0 before one did.
    frame: u64,
    touch: Option<Touch>,
    touches: u32,
    /// The image that the sensor saw last.
    sensed: Option<Arc<Vec<u8>>>,
    /// On the glass of the slap scanner.
    hand: Option<OnPlaten>,
    hand_lifted: Option<Instant>,
    faults: [Fault; Device::ALL.len()],
    worn: Worn,
    plugged: [bool; Device::ALL.len()],
    swipes: VecDeque<Vec<String>>,
    counters: Counters,
    /// The autopilot's place in the row of fingers, and when it last lifted one.
    pilot: (usize, Option<Instant>),
}

impl Scene {
    fn show(&mut self, clip: Arc<Clip>) {
        self.clip = clip;
        (self.views, self.frame) = ((self.views.0.wrapping_add(1), None), 0);
    }
}

/// The scene, shared by devices and whoever directs them.
#[derive(Debug)]
pub struct Stage {
    settings: Settings,
    scene: Mutex<Scene>,
    moved: Condvar,
    bells: [Bell; Device::ALL.len()],
    ended: AtomicBool,
    autopilot: AtomicBool,
    expects_hands: AtomicBool,
    prompter: Mutex<Prompter>,
    scripted: AtomicBool,
    clock_command: OnceLock<PathBuf>,
    dark: OnceLock<Clip>,
    live: Live,
    started: Instant,
}

impl Stage {
    /// An empty desk.
    pub fn new(settings: Settings) -> io::Result<Self> {
        let empty = Arc::new(pictures::empty_desk(1.0).map_err(io::Error::other)?);
        let scene = Scene {
            visitor: None,
            pose: Pose::default(),
            companion: None,
            clip: Arc::clone(&empty),
            empty,
            views: (0, None),
            frame: 0,
            touch: None,
            touches: 0,
            sensed: None,
            hand: None,
            hand_lifted: None,
            faults: [Fault::default(); Device::ALL.len()],
            worn: Worn::default(),
            plugged: [false; Device::ALL.len()],
            swipes: VecDeque::new(),
            counters: Counters::default(),
            pilot: (0, None),
        };
        let bells = [Bell::new()?, Bell::new()?, Bell::new()?, Bell::new()?];
        let (ended, autopilot) = (AtomicBool::new(false), AtomicBool::new(settings.autopilot));
        Ok(Self {
            settings,
            scene: Mutex::new(scene),
            moved: Condvar::new(),
            bells,
            ended,
            autopilot,
            expects_hands: AtomicBool::new(false),
            prompter: Mutex::default(),
            scripted: AtomicBool::new(false),
            clock_command: OnceLock::new(),
            dark: OnceLock::new(),
            live: Live::default(),
            started: Instant::now(),
        })
    }

    /// How the simulation is set up.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether fingers come by themselves.
    pub fn has_autopilot(&self) -> bool {
        self.autopilot.load(Ordering::Acquire)
    }

    /// Lets fingers come by themselves, or not.
    pub fn set_autopilot(&self, on: bool) {
        self.autopilot.store(on, Ordering::Release);
    }

    /// What the devices did so far.
    pub fn counters(&self) -> Counters {
        self.scene().counters
    }

    /// Lets a device count what it did.
    pub fn count(&self, what: impl FnOnce(&mut Counters)) {
        what(&mut self.scene().counters);
    }

    /// Who stands there.
    pub fn visitor(&self) -> Option<Arc<Visitor>> {
        self.scene().visitor.clone()
    }

    /// A person steps up to the desk. Returns once they can be seen and touched: pictures take time to make, and
    /// a device must not wait for them later.
    pub fn arrive(&self, person: Person) -> Result<(), StageError> {
        let pose = Pose::default();
        let pictures = Pictures::make(&person, self.settings.sensor).map_err(StageError::Picture)?;
        if self.expects_hands() {
            pictures.grow_hands();
        }
        let clip = pictures.clip(&pose, None, self.lamp()).map_err(StageError::Picture)?;
        let mut scene = self.scene();
        scene.visitor = Some(Arc::new(Visitor { person, pictures }));
        (scene.pose, scene.companion) = (pose, None);
        scene.show(Arc::new(clip));
        (scene.touch, scene.touches, scene.pilot) = (None, 0, (0, None));
        (scene.hand, scene.hand_lifted) = (None, None);
        scene.swipes.clear();
        drop(scene);
        self.happened(&Event::Arrives);
        Ok(())
    }

    /// The visitor goes, and takes the finger and the document along.
    pub fn leave(&self) {
        let mut scene = self.scene();
        scene.visitor = None;
        let empty = Arc::clone(&scene.empty);
        scene.show(empty);
        (scene.touch, scene.hand, scene.companion) = (None, None, None);
        scene.swipes.clear();
        drop(scene);
        self.happened(&Event::Leaves);
    }

    /// The visitor's pose now.
    pub fn pose(&self) -> Pose {
        self.scene().pose
    }

    /// The visitor takes another pose.
    pub fn turn(&self, pose: Pose) -> Result<(), StageError> {
        self.show(|_, companion| (pose, companion))
    }

    /// Somebody else steps beside the visitor, or away again.
    pub fn join(&self, companion: Option<u64>) -> Result<(), StageError> {
        self.show(|pose, _| (pose, companion))
    }

    fn show(&self, change: impl FnOnce(Pose, Option<u64>) -> (Pose, Option<u64>)) -> Result<(), StageError> {
        let (visitor, (pose, companion)) = {
            let scene = self.scene();
            (scene.visitor.clone().ok_or(StageError::NobodyThere)?, change(scene.pose, scene.companion))
        };
        let clip = visitor.pictures.clip(&pose, companion, self.lamp()).map_err(StageError::Picture)?;
        let mut scene = self.scene_of(&visitor)?;
        (scene.pose, scene.companion) = (pose, companion);
        scene.show(Arc::new(clip));
        Ok(())
    }

    /// What the camera sees: the `number`-th frame since somebody looked, as JPEG, and which view it shows.
    pub fn frame(&self, number: u64) -> (Arc<Vec<u8>>, u64) {
        let (clip, view) = {
            let scene = self.scene();
            (Arc::clone(&scene.clip), scene.views.0)
        };
        (clip.frame(number), view)
    }

    /// What a camera for portraits sees in its `number`-th picture, before any compression; nothing when nobody faces
    /// it.
    pub fn photograph(&self, number: u64) -> Option<image::RgbImage> {
        let (visitor, clip) = {
            let scene = self.scene();
            (scene.visitor.clone(), Arc::clone(&scene.clip))
        };
        visitor.is_some_and(|visitor| visitor.person.faces_camera()).then(|| clip.picture(number))
    }

    /// What the camera sees when no light reaches it, as JPEG.
    pub fn dark_frame(&self, number: u64) -> Arc<Vec<u8>> {
        self.dark.get_or_init(pictures::dark_desk).frame(number)
    }

    /// What the camera would see now, for the page beside it: nobody's camera is opened by that.
    pub fn peek(&self) -> Arc<Vec<u8>> {
        // Frames differ in their noise; the moment decides which one.
        self.frame(self.started.elapsed().as_millis() as u64 / 50).0
    }

    /// A camera stream starts: the autopilot begins with the first finger again.
    pub fn looked_at(&self) {
        let mut scene = self.scene();
        scene.counters.camera_streams += 1;
        scene.pilot.0 = 0;
        drop(scene);
        self.happened(&Event::CameraStarts);
    }

    /// Hands a document to the reader.
    pub fn swipe(&self, lines: Vec<String>) -> Result<(), StageError> {
        let mut scene = self.scene();
        if scene.swipes.len() >= MAX_SWIPES {
            return Err(StageError::SwipesFull);
        }
        scene.swipes.push_back(lines);
        drop(scene);
        self.bell(Device::Reader).ring();
        Ok(())
    }

    /// The next document for the reader.
    pub fn next_swipe(&self) -> Option<Vec<String>> {
        self.scene().swipes.pop_front()
    }

    /// The scene while this visitor is there. Drawing takes long: another may stand there by then.
    fn scene_of(&self, visitor: &Arc<Visitor>) -> Result<MutexGuard<'_, Scene>, StageError> {
        let scene = self.scene();
        let is = scene.visitor.as_ref().is_some_and(|there| Arc::ptr_eq(there, visitor));
        if is { Ok(scene) } else { Err(StageError::NobodyThere) }
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
