//! One finger on the sensor of a single-finger scanner.

use super::landing::{Landing, Way};
use super::{BETWEEN_TOUCHES, Device, FaultKind, Stage, StageError, Visitor};
use crate::scenario::Event;
use domain::finger::Finger;
use std::sync::Arc;
use std::time::Instant;

/// A finger on the sensor: 8-bit grey, the size of the sensor.
#[derive(Debug)]
pub(super) struct Touch {
    pub(super) finger: Finger,
    grey: Arc<Vec<u8>>,
    /// How it comes down, as a live-scan sensor sees it, and how far it is.
    pub(super) comes: Option<(Arc<Landing>, Way)>,
    /// Still coming down: the next exposure shows a free glass. Nobody's finger is quicker than the polling of a
    /// host, and hosts rely on seeing the glass free between two fingers.
    pub(super) landing: bool,
}

impl Stage {
    /// The finger on the sensor.
    pub fn finger(&self) -> Option<Finger> {
        self.scene().touch.as_ref().map(|touch| touch.finger)
    }

    /// The image of the finger on the sensor, for the page: no image is commanded by that.
    pub fn on_glass(&self) -> Option<Arc<Vec<u8>>> {
        self.scene().touch.as_ref().map(|touch| Arc::clone(&touch.grey))
    }

    /// Puts a finger on the sensor: a new impression each time, unless it touches lightly already.
    pub fn put(&self, finger: Finger) -> Result<(), StageError> {
        let visitor = self.visitor().ok_or(StageError::NobodyThere)?;
        if visitor.person.lacks(finger) {
            return Err(StageError::FingerMissing(finger));
        }
        if self.press(finger) {
            return Ok(());
        }
        let number = self.next_touch(&visitor)?;
        let (grey, comes) = if self.is_live() {
            let landing = visitor.pictures.landing(finger, number, self.sensor_glass().as_deref());
            (landing.grey(), Some(Arc::new(landing)))
        } else {
            let glass = self.sensor_glass();
            let grey = visitor.pictures.impression(finger, number, glass.as_deref()).map_err(StageError::Picture)?;
            (grey, None)
        };
        // Only now, since drawing takes long.
        let comes = comes.map(|landing| (landing, Way::Down(Instant::now())));
        self.scene_of(&visitor)?.touch = Some(Touch { finger, grey, comes, landing: true });
        Ok(())
    }

    /// Lifts whatever is on the sensor.
    pub fn lift(&self) {
        let mut scene = self.scene();
        scene.touch = None;
        scene.pilot.1 = Some(Instant::now());
    }

    /// The image of the finger on the sensor, if one is there. On autopilot one comes when it is asked for. A sensor that
    /// repeats itself gives the image that it saw last.
    pub fn sense(&self) -> Option<Arc<Vec<u8>>> {
        self.happened(&Event::ScannerLooks);
        if self.has_autopilot() {
            self.touch_by_itself();
        }
        let seen = {
            let mut scene = self.scene();
            let touch = scene.touch.as_mut()?;
            let landing = std::mem::take(&mut touch.landing);
            (!landing).then(|| Arc::clone(&touch.grey))
        };
        seen.as_ref()?;
        self.happened(&Event::ScannerTakes);
        let repeats = self.fault(Device::Scanner) == FaultKind::Replay;
        let mut scene = self.scene();
        let image = if repeats { scene.sensed.clone().or(seen) } else { seen };
        scene.sensed.clone_from(&image);
        image
    }

    /// An image has been sent: on autopilot the finger is lifted, and the next one will come.
    pub fn sent(&self) {
        if self.has_autopilot() {
            self.lift();
            let mut scene = self.scene();
            scene.pilot.0 += 1;
        }
    }

    /// The number of this visitor's next touch, which no other touch gets.
    pub(super) fn next_touch(&self, visitor: &Arc<Visitor>) -> Result<u32, StageError> {
        let mut scene = self.scene_of(visitor)?;
        let number = scene.touches;
        scene.touches = number.wrapping_add(1);
        Ok(number)
    }

    /// The autopilot's next finger comes down, unless one is there or has just been lifted.
    pub(super) fn touch_by_itself(&self) {
        let (visitor, at) = {
            let scene = self.scene();
            let resting = scene.pilot.1.is_some_and(|lifted| lifted.elapsed() < BETWEEN_TOUCHES);
            if scene.touch.is_some() || resting {
                return;
            }
            (scene.visitor.clone(), scene.pilot.0)
        };
        let Some(visitor) = visitor else { return };
        let fingers = visitor.person.planned_fingers();
        if let Some(finger) = fingers.get(at % fingers.len().max(1)) {
            // Whoever has this finger can be drawn with it; a failure shows as an empty sensor.
            let _ = self.put(*finger);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Person, Traits};
    use crate::stage::Settings;
    use jiff::civil::date;

    const TODAY: jiff::civil::Date = date(2026, 3, 1);

    #[test]
    fn whoever_has_gone_touches_nothing_any_more() {
        let stage = Stage::new(Settings { sensor: (64, 48), autopilot: false, today: TODAY }).unwrap();
        let arrive = |seed| {
            let traits = Traits { face: Some(false), ..Traits::default() };
            stage.arrive(Person::new(seed, &traits, TODAY)).unwrap();
            stage.visitor().unwrap()
        };
        let first = arrive(7);
        assert_eq!((stage.next_touch(&first), stage.next_touch(&first)), (Ok(0), Ok(1)), "no two touches are alike");
        // The same person again is another visit.
        let second = arrive(7);
        assert_eq!(stage.scene_of(&first).err(), Some(StageError::NobodyThere));
        assert_eq!(stage.next_touch(&first), Err(StageError::NobodyThere));
        assert_eq!(stage.next_touch(&second), Ok(0));
        stage.leave();
        assert_eq!(stage.next_touch(&second), Err(StageError::NobodyThere));
    }
}
