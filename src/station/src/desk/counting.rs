//! What the figures of the shift learn: how a case ended, what its attempts came to, and how devices take pictures.

use super::actor::Desk;
use super::case::Case;
use crate::figures::{Attempted, Came, Ended};
use domain::case::CaseNumber;
use domain::device::DeviceKind;
use domain::session::{AttemptLog, Outcome, Slot};
use std::time::{Duration, Instant};

/// The reason of an attempt that missed its limit where nothing says how to do better.
const BELOW_LIMIT: &str = "below-limit";
/// The reason of one that brought no sample although no device failed. A sample without a score is a sample all the same.
const NO_SAMPLE: &str = "no-sample";

/// How long a case takes and what its attempts lacked, as long as it is open.
pub struct Course {
    opened: Instant,
    /// Since when everybody waits for the station.
    works: Option<Instant>,
    waited: Duration,
    /// The samples that were judged, by slot and number, and what would have made each of them better.
    judged: Vec<(Slot, u8, Option<&'static str>)>,
}

impl Course {
    /// Of a case that has just been opened.
    pub fn begin() -> Self {
        Self { opened: Instant::now(), works: None, waited: Duration::ZERO, judged: Vec::new() }
    }

    /// From now on everybody waits for the station.
    pub fn works(&mut self) {
        self.works.get_or_insert_with(Instant::now);
    }

    /// The station has done what it was waited for.
    pub fn done(&mut self) {
        self.waited += self.works.take().map(|since| since.elapsed()).unwrap_or_default();
    }

    /// Notes that an attempt brought a sample, and what would have made it better. The attempts of a case are limited, and
    /// so are these.
    pub fn judged(&mut self, slot: Slot, number: u8, lacked: Option<&'static str>) {
        self.judged.push((slot, number, lacked));
    }

    /// What came of an attempt, and why it was not accepted. A print without a single minutia has no score, and what was
    /// put down wrongly is discarded unseen: something lay there both times.
    fn attempted(&self, log: &AttemptLog) -> Attempted {
        let sample = self.judged.iter().find(|(slot, number, _)| (*slot, *number) == (log.slot, log.number));
        let why = match (log.wrong, &log.error, sample) {
            (Some(wrong), _, _) => wrong.id(),
            (None, Some(code), _) => code.as_str(),
            (None, None, None) => NO_SAMPLE,
            (None, None, Some((_, _, lacked))) => lacked.unwrap_or(BELOW_LIMIT),
        };
        let came = match (log.passes, log.wrong.is_some() || sample.is_some()) {
            (true, _) => Came::Accepted,
            (false, true) => Came::Rejected,
            (false, false) => Came::Nothing,
        };
        Attempted { slot: log.slot, came, why: (!log.passes).then(|| why.into()) }
    }
}

/// A case as the figures count it: nothing of it tells of the traveller.
fn ended(case: &Case, outcome: Outcome) -> Ended {
    let attempts =
        case.taken.as_ref().map(|taken| taken.attempts().iter().map(|log| case.course.attempted(log)).collect());
    Ended {
        outcome,
        ground: case.decided.as_ref().and_then(|decision| decision.ground.clone()),
        // A supervisor's time is not the station's, nor the officer's.
        took: case.parked.is_none().then(|| case.course.opened.elapsed()),
        waited: case.course.waited,
        attempts: attempts.unwrap_or_default(),
    }
}

impl Desk {
    /// Counts a case whose record is on the disk.
    pub(super) fn count(&mut self, number: &CaseNumber, outcome: Outcome) {
        let at_desk = self.at_desk.as_mut().filter(|case| case.number() == number);
        if let Some(case) = at_desk.or_else(|| self.parked.get_mut(number)) {
            case.course.done();
            self.figures.ended(self.clock.local(), &ended(case, outcome));
        }
    }

    /// Looks at what a capture says of the device that took it.
    pub(super) fn watch_device(&self, kind: DeviceKind, measure: &'static str, value: Option<f64>) {
        let device = self.devices.get(kind).and_then(|device| Some((device.name(), device.descriptor()?)));
        if let (Some((name, descriptor)), Some(value)) = (device, value) {
            self.figures.captured(&format!("{name}: {}", descriptor.label()), measure, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::finger::Finger;
    use domain::session::Wrong;
    use domain::units::{Millis, QualityScore};

    #[test]
    fn an_attempt_comes_to_one_thing_for_one_reason() {
        let slot = Slot::Finger(Finger::RightIndex);
        let log = |number, score: Option<u8>, wrong: Option<Wrong>, error: Option<&str>| AttemptLog {
            slot,
            number,
            score: score.map(|score| QualityScore::nearest(score.into())),
            passes: score == Some(90) && wrong.is_none(),
            wrong,
            error: error.map(Into::into),
            took: Millis(0),
        };
        let mut course = Course::begin();
        for (number, lacked) in [(1, None), (2, Some("press-more")), (3, Some("too-dry")), (4, None), (5, None)] {
            course.judged(slot, number, lacked);
        }
        for (log, came, why) in [
            (log(1, Some(9), None, None), Came::Rejected, Some("below-limit")),
            (log(2, Some(9), None, None), Came::Rejected, Some("press-more")),
            // Judged, but without a minutia: no score, and no missing sample either.
            (log(3, None, None, None), Came::Rejected, Some("too-dry")),
            (log(4, None, None, None), Came::Rejected, Some("below-limit")),
            (log(5, Some(90), None, None), Came::Accepted, None),
            (log(5, Some(90), Some(Wrong::SameFinger), None), Came::Rejected, Some("same-finger")),
            // Discarded before anybody judged it.
            (log(6, None, Some(Wrong::WrongHand), None), Came::Rejected, Some("wrong-hand")),
            (log(7, None, None, Some("D-12")), Came::Nothing, Some("D-12")),
            (log(8, None, None, None), Came::Nothing, Some("no-sample")),
        ] {
            let found = course.attempted(&log);
            assert_eq!((found.came, found.why.as_deref()), (came, why), "{log:?}");
        }
    }
}
