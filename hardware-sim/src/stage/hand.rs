//! Whole hands on the glass of a slap scanner: fingers put down together, each with its own impression.

use super::{BETWEEN_TOUCHES, Scene, Stage, StageError, Visitor};
use crate::scenario::Event;
use domain::device::CaptureGroup;
use domain::finger::Finger;
use image::GrayImage;
pub use render::print::slap::HandPose;
use render::print::slap::{self, Slap, SlapPicture};
use render::print::{Glass, Impression, Master};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Resolution of impressions on the platen in pixels per inch: that of FAP 60 devices.
pub const PLATEN_PPI: f32 = slap::PPI;

/// Width and height of a finger's impression in pixels: 20 by 25 mm at 500 per inch, as a fingertip needs.
pub const FINGER_SIZE: (u32, u32) = (400, 500);

/// Fingers that lie on the glass together, of one hand or of two.
pub const MAX_TOGETHER: usize = 4;

/// How far a hand may be turned on the glass, in degrees to either side.
pub const MAX_ROTATION: f32 = 45.0;

/// How long a waiting device looks away between two looks at the glass.
const LOOK: Duration = Duration::from_millis(50);

/// What is put down together, in the order in which it is taken.
pub const SLAPS: [CaptureGroup; 3] = [CaptureGroup::RightFour, CaptureGroup::LeftFour, CaptureGroup::TwoThumbs];

/// One finger on the glass.
#[derive(Clone, Debug)]
pub struct Laid {
    /// Which.
    pub finger: Finger,
    /// How it was put down: with the pattern this gives the impression again, at any place and size.
    pub touch: Impression,
    /// The finger's pattern.
    pub master: Arc<Master>,
    /// Its impression alone, upright: 8-bit grey of [`FINGER_SIZE`] at [`PLATEN_PPI`], ridges dark.
    pub image: Arc<GrayImage>,
}

/// What lies on the glass of a slap scanner.
#[derive(Debug)]
pub struct Platen {
    /// At least one finger, at most [`MAX_TOGETHER`], in the order in which they were named.
    pub fingers: Vec<Laid>,
    /// How the hand lies.
    pub pose: HandPose,
    /// Which placement of this visit it is: no two are alike.
    pub number: u32,
    /// The glass below, where it is dirty.
    pub glass: Option<Arc<Glass>>,
    whole: OnceLock<SlapPicture>,
}

impl Platen {
    /// The whole glass as a device sees it that cuts nothing: 3.2 by 3 inch, with the truth about every finger. Drawn when
    /// it is first asked for.
    pub fn slap(&self) -> &SlapPicture {
        self.whole.get_or_init(|| {
            // Where a finger lies is the hand's matter; how it is pressed is its own.
            let upright = |touch: &Impression| Impression { rotation: 0.0, shift: (0.0, 0.0), ..*touch };
            let touches: Vec<Impression> = self.fingers.iter().map(|laid| upright(&laid.touch)).collect();
            let together = self.fingers.iter().zip(&touches);
            let laid: Vec<_> =
                together.map(|(laid, touch)| (laid.finger.code(), laid.master.as_ref(), touch)).collect();
            let mut slap = Slap::lay(&laid, self.pose, slap::WIDTH, slap::HEIGHT);
            if let Some(glass) = &self.glass {
                glass.cover(&mut slap.image);
            }
            slap
        })
    }
}

/// A hand on the glass, and whether it is still coming down: the next look shows a free glass, as with one finger.
#[derive(Clone, Debug)]
pub(super) struct OnPlaten {
    platen: Arc<Platen>,
    landing: bool,
}

impl Stage {
    /// A slap scanner is here: from now on the patterns of all fingers grow in the background when somebody arrives.
    pub fn expect_hands(&self) {
        self.expects_hands.store(true, Ordering::Release);
        if let Some(visitor) = self.visitor() {
            visitor.pictures.grow_hands();
        }
    }

    /// Whether a slap scanner is here.
    pub fn expects_hands(&self) -> bool {
        self.expects_hands.load(Ordering::Acquire)
    }

    /// Puts these fingers on the glass together, with a new impression of each; none lifts the hand.
    /// Blocks until the impressions are drawn.
    pub fn put_hand(&self, fingers: &[Finger], pose: HandPose) -> Result<(), StageError> {
        if fingers.is_empty() {
            self.lift_hand();
            return Ok(());
        }
        let visitor = self.visitor().ok_or(StageError::NobodyThere)?;
        check(&visitor, fingers, pose)?;
        let number = self.next_touch(&visitor)?;
        // Lengths are the hand's own.
        let pose = HandPose { seed: visitor.person.seed, ..pose };
        let glass = self.slap_glass();
        let fingers = lay(&visitor, fingers, number, glass.as_deref())?;
        let platen = Platen { fingers, pose, number, glass, whole: OnceLock::new() };
        let platen = Arc::new(platen);
        self.scene_of(&visitor)?.hand = Some(OnPlaten { platen, landing: true });
        self.moved.notify_all();
        Ok(())
    }

    /// Lifts whatever is on the glass of the slap scanner.
    pub fn lift_hand(&self) {
        let mut scene = self.scene();
        scene.hand = None;
        scene.hand_lifted = Some(Instant::now());
        drop(scene);
        self.moved.notify_all();
    }

    /// What lies on the glass now. No image is commanded by that.
    pub fn platen(&self) -> Option<Arc<Platen>> {
        self.scene().hand.as_ref().map(|hand| Arc::clone(&hand.platen))
    }

    /// A device looks at its glass for a capture of these fingers. On autopilot they come when they are wanted, as far
    /// as the visitor has them.
    pub fn sense_hand(&self, wanted: &[Finger]) -> Option<Arc<Platen>> {
        if self.has_autopilot() {
            self.hand_by_itself(wanted);
        }
        let seen = {
            let mut scene = self.scene();
            let hand = scene.hand.as_mut()?;
            let landing = std::mem::take(&mut hand.landing);
            (!landing).then(|| Arc::clone(&hand.platen))
        };
        if seen.is_some() {
            self.happened(&Event::SlapTakes);
        }
        seen
    }

    /// Waits for a hand as [`Self::sense_hand`] sees it; nothing when none came within `limit`.
    pub fn wait_hand(&self, wanted: &[Finger], limit: Duration) -> Option<Arc<Platen>> {
        self.look_until(limit, |stage| stage.sense_hand(wanted))
    }

    /// Waits until the glass is free, at most for `limit`; whether it is.
    pub fn wait_hand_lifted(&self, limit: Duration) -> bool {
        self.look_until(limit, |stage| stage.platen().is_none().then_some(())).is_some()
    }

    /// The images have been sent: on autopilot the hand is lifted.
    pub fn hand_sent(&self) {
        if self.has_autopilot() {
            self.lift_hand();
        }
    }

    fn look_until<T>(&self, limit: Duration, mut look: impl FnMut(&Self) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(seen) = look(self) {
                return Some(seen);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.has_ended() {
                return None;
            }
            // A hand that lands or an autopilot that rests rings no bell, so that no look is far away.
            drop(self.moved.wait_timeout(self.scene(), left.min(LOOK)).unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn hand_by_itself(&self, wanted: &[Finger]) {
        let resting = |scene: &Scene| scene.hand_lifted.is_some_and(|lifted| lifted.elapsed() < BETWEEN_TOUCHES);
        let visitor = {
            let scene = self.scene();
            if scene.hand.is_some() || resting(&scene) {
                return;
            }
            scene.visitor.clone()
        };
        let Some(visitor) = visitor else { return };
        let there = wanted.iter().copied().filter(|finger| !visitor.person.lacks(*finger));
        let fingers: Vec<Finger> = there.take(MAX_TOGETHER).collect();
        if !fingers.is_empty() {
            // Whoever has these fingers can be drawn with them; a failure shows as an empty glass.
            let _ = self.put_hand(&fingers, HandPose::default());
        }
    }
}

fn check(visitor: &Visitor, fingers: &[Finger], pose: HandPose) -> Result<(), StageError> {
    if let Some(missing) = fingers.iter().find(|finger| visitor.person.lacks(**finger)) {
        return Err(StageError::FingerMissing(*missing));
    }
    let twice = fingers.iter().enumerate().find(|(at, finger)| fingers[..*at].contains(finger));
    match twice {
        Some((_, finger)) => Err(StageError::FingerTwice(*finger)),
        None if fingers.len() > MAX_TOGETHER => Err(StageError::TooManyFingers),
        // Written so that not-a-number is outside.
        None if !(-MAX_ROTATION..=MAX_ROTATION).contains(&pose.rotation) => Err(StageError::Rotation),
        None => Ok(()),
    }
}

/// Draws the impressions, one thread each.
fn lay(visitor: &Visitor, fingers: &[Finger], number: u32, glass: Option<&Glass>) -> Result<Vec<Laid>, StageError> {
    std::thread::scope(|scope| {
        let draw = |finger: Finger| scope.spawn(move || visitor.pictures.laid(finger, number, glass));
        let drawing: Vec<_> = fingers.iter().map(|finger| draw(*finger)).collect();
        let failed = |_| StageError::Picture(String::from("an impression could not be drawn"));
        drawing.into_iter().map(|thread| thread.join().map_err(failed)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Person, Traits};
    use crate::stage::Settings;
    use Finger::{LeftIndex, LeftThumb, RightIndex, RightLittle, RightMiddle, RightRing, RightThumb};
    use jiff::civil::date;

    const TODAY: jiff::civil::Date = date(2026, 3, 1);

    fn stage(autopilot: bool, missing: &[Finger]) -> Stage {
        let stage = Stage::new(Settings { sensor: (64, 48), autopilot, today: TODAY }).unwrap();
        let traits = Traits { missing: missing.to_vec(), face: Some(false), ..Traits::default() };
        stage.expect_hands();
        stage.arrive(Person::new(7, &traits, TODAY)).unwrap();
        stage
    }

    fn turned(rotation: f32) -> HandPose {
        HandPose { rotation, ..HandPose::default() }
    }

    #[test]
    fn the_whole_glass_shows_every_finger_once() {
        let stage = stage(false, &[LeftThumb]);
        stage.put_hand(&[RightIndex, RightMiddle], turned(-10.0)).unwrap();
        let platen = stage.platen().unwrap();
        let slap = platen.slap();
        assert_eq!(slap.image.dimensions(), (slap::WIDTH, slap::HEIGHT));
        assert_eq!(slap.truth.fingers.iter().map(|finger| finger.finger).collect::<Vec<_>>(), [2, 3]);
        assert!(slap.truth.fingers[0].place.centre.0 < slap.truth.fingers[1].place.centre.0);
    }

    #[test]
    fn a_hand_lies_on_the_glass_until_it_is_lifted_and_never_twice_the_same_way() {
        let stage = stage(false, &[]);
        let four = CaptureGroup::RightFour.fingers();
        assert!(stage.platen().is_none());
        stage.put_hand(four, turned(20.0)).unwrap();
        assert!(stage.sense_hand(four).is_none(), "still coming down");
        let first = stage.sense_hand(four).unwrap();
        assert_eq!(first.fingers.iter().map(|laid| laid.finger).collect::<Vec<_>>(), *four);
        assert_eq!(first.pose.rotation, 20.0);
        assert!(first.fingers.iter().all(|laid| laid.image.dimensions() == FINGER_SIZE));
        stage.put_hand(&[], HandPose::default()).unwrap();
        assert!(stage.sense_hand(four).is_none());
        stage.put_hand(four, HandPose::default()).unwrap();
        let second = stage.platen().unwrap();
        assert!(first.fingers.iter().zip(&second.fingers).all(|(one, two)| one.image != two.image));
        stage.leave();
        assert!(stage.platen().is_none(), "whoever goes takes the hands along");
    }

    #[test]
    fn hands_that_cannot_be_are_refused() {
        let stage = stage(false, &[RightIndex]);
        let rows: [(&[Finger], f32, StageError); 5] = [
            (&[RightMiddle, RightIndex], 0.0, StageError::FingerMissing(RightIndex)),
            (&[LeftIndex, LeftIndex], 0.0, StageError::FingerTwice(LeftIndex)),
            (&[RightThumb, RightMiddle, RightRing, RightLittle, LeftThumb], 0.0, StageError::TooManyFingers),
            (&[LeftThumb], 46.0, StageError::Rotation),
            (&[LeftThumb], f32::NAN, StageError::Rotation),
        ];
        for (fingers, rotation, refusal) in rows {
            assert_eq!(stage.put_hand(fingers, turned(rotation)), Err(refusal), "{fingers:?} {rotation}");
        }
        stage.leave();
        assert_eq!(stage.put_hand(&[LeftThumb], HandPose::default()), Err(StageError::NobodyThere));
    }

    #[test]
    fn on_autopilot_the_wanted_fingers_come_as_far_as_they_are_there() {
        let stage = stage(true, &[RightIndex]);
        let platen = stage.wait_hand(CaptureGroup::RightFour.fingers(), Duration::from_secs(60)).unwrap();
        let there: Vec<Finger> = platen.fingers.iter().map(|laid| laid.finger).collect();
        assert_eq!(there, [RightMiddle, RightRing, RightLittle]);
        stage.hand_sent();
        assert!(stage.platen().is_none());
        assert!(stage.wait_hand(&[RightIndex], Duration::ZERO).is_none(), "a missing finger does not come");
    }
}
