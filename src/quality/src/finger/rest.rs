//! A finger that rests on the sensor while its frames are scored: which of them is kept, when it is enough, and what the
//! traveller should change meanwhile. Pure: frames come with their scores and times.

use crate::assessment::Advice;
use domain::units::{Millis, QualityScore};
use serde::Deserialize;

/// When a resting finger is enough, and how advice comes and goes. Proposed: `settle_ms = 300`, `advise_ms = 2000`, `timeout_ms = 5000`,
/// `confirm_ms = 250`, `max_gap_ms = 500`, `least_gain = 3`, `least_still = 0.6` (own values).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestSettings {
    /// The best frame is taken once its limit is met, the finger holds still, and none was better for this long.
    pub settle_ms: u64,
    /// The same for a finger that could do better by following the advice: the traveller gets this long to follow it.
    pub advise_ms: u64,
    /// After this long the best frame is taken as it is.
    pub timeout_ms: u64,
    /// Advice must have been wanted for this long before it is shown, or taken away.
    pub confirm_ms: u64,
    /// Frames further apart than this say nothing of what happened in between.
    pub max_gap_ms: u64,
    /// Points by which a frame must be better than the best one to take its place: scores of a resting finger differ by
    /// the sensor's noise alone.
    pub least_gain: u8,
    /// Correlation with the frame before from which on the finger holds still; see [`super::Stillness`].
    pub least_still: f64,
}

/// What one frame showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// When the frame came.
    pub at: Millis,
    /// Its score, if it could be assessed.
    pub score: Option<QualityScore>,
    /// What its measures ask for.
    pub advice: Option<Advice>,
    /// How much it is like the frame before, if that can be said.
    pub alike: Option<f64>,
}

/// One finger on its sensor, from the first frame to the one that is kept.
#[derive(Debug)]
pub struct Rest<T> {
    settings: RestSettings,
    limit: QualityScore,
    first: Option<Millis>,
    last: Option<Millis>,
    /// Since when the finger has held still and no frame was better.
    settled: Option<Millis>,
    best: Option<Best<T>>,
    shown: Option<Advice>,
    wanted: Option<(Option<Advice>, Millis)>,
}

/// The best frame so far.
#[derive(Debug, PartialEq)]
struct Best<T> {
    frame: T,
    score: Option<QualityScore>,
    still: bool,
}

impl<T> Rest<T> {
    /// Waits for a frame of at least this score.
    pub fn new(settings: RestSettings, limit: QualityScore) -> Self {
        Self { settings, limit, first: None, last: None, settled: None, best: None, shown: None, wanted: None }
    }

    /// Looks at one frame, and keeps it if it is the best. True when the best one is to be taken now: the limit is met
    /// and the score has settled, or the time is over.
    pub fn feed(&mut self, look: &Look, frame: T) -> bool {
        let RestSettings { settle_ms, advise_ms, timeout_ms, max_gap_ms, least_still, .. } = self.settings;
        let first = *self.first.get_or_insert(look.at);
        // Time that runs backwards is a gap as well.
        let follows = self.last.is_some_and(|last| passed(last, look.at).is_some_and(|gap| gap <= max_gap_ms));
        self.last = Some(look.at);
        let still = follows && look.alike.is_some_and(|alike| alike >= least_still);
        let better = self.keep(look.score, still, frame);
        self.settled = match self.settled {
            Some(since) if still && !better => Some(since),
            _ => still.then_some(look.at),
        };
        let wanted = match look.alike {
            Some(alike) if alike < least_still => Some(Advice::HoldStill),
            _ => look.advice,
        };
        self.advise(look.at, wanted);
        let enough = self.best.as_ref().is_some_and(|best| best.still && best.score >= Some(self.limit));
        let wait = if look.advice.is_none() { settle_ms } else { advise_ms };
        let settled = self.settled.and_then(|since| passed(since, look.at)).is_some_and(|time| time >= wait);
        (enough && settled) || passed(first, look.at).is_none_or(|time| time >= timeout_ms)
    }

    /// What the traveller should change, as it stands on the page.
    pub fn advice(&self) -> Option<Advice> {
        self.shown
    }

    /// The best frame; nothing where none came.
    pub fn into_best(self) -> Option<T> {
        self.best.map(|best| best.frame)
    }

    /// A frame of a finger that moved is kept only as long as there is none of a resting one.
    fn keep(&mut self, score: Option<QualityScore>, still: bool, frame: T) -> bool {
        let gain = u16::from(self.settings.least_gain.max(1));
        // Any score is better than none.
        let points = |score: Option<QualityScore>| score.map_or(0, |score| gain + u16::from(score.get()));
        let better = self.best.as_ref().is_none_or(|best| match (still, best.still) {
            (true, false) => score.is_some() || best.score.is_none(),
            (false, true) => false,
            _ => points(score) >= points(best.score) + gain,
        });
        if better {
            self.best = Some(Best { frame, score, still });
        }
        better
    }

    fn advise(&mut self, now: Millis, wanted: Option<Advice>) {
        if wanted == self.shown {
            self.wanted = None;
            return;
        }
        let since = match self.wanted {
            Some((same, since)) if same == wanted => since,
            _ => now,
        };
        self.wanted = Some((wanted, since));
        if passed(since, now).is_none_or(|time| time >= self.settings.confirm_ms) {
            (self.shown, self.wanted) = (wanted, None);
        }
    }
}

/// Milliseconds from one time to another; nothing where the clock ran backwards.
fn passed(from: Millis, to: Millis) -> Option<u64> {
    to.0.checked_sub(from.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETTINGS: RestSettings = RestSettings {
        settle_ms: 300,
        advise_ms: 2000,
        timeout_ms: 5000,
        confirm_ms: 250,
        max_gap_ms: 500,
        least_gain: 3,
        least_still: 0.6,
    };

    fn score(value: u32) -> Option<QualityScore> {
        Some(QualityScore::try_from(value).unwrap())
    }

    fn look(at: u64, value: u32, alike: f64) -> Look {
        let advice = (value < 50).then_some(Advice::PressMore);
        Look { at: Millis(at), score: score(value), advice, alike: (at > 0).then_some(alike) }
    }

    /// Plays frames 100 ms apart with these scores and likenesses. The number of the frame that was enough, and of the
    /// one that was kept.
    fn play(frames: &[(u32, f64)]) -> (Option<usize>, Option<usize>) {
        let mut rest = Rest::new(SETTINGS, QualityScore::try_from(30).unwrap());
        let enough = frames
            .iter()
            .enumerate()
            .position(|(number, (value, alike))| rest.feed(&look(number as u64 * 100, *value, *alike), number));
        (enough, rest.into_best())
    }

    #[test]
    fn the_best_frame_is_kept_and_taken_when_it_has_settled() {
        let comes_down = [(0, 0.0), (5, 0.3), (12, 0.4), (26, 0.7), (41, 0.8), (55, 0.9)];
        let rests = |value: u32, count: usize| vec![(value, 0.95); count];
        for (name, frames, enough, kept) in [
            ("good at once", rests(60, 9), Some(4), Some(1)),
            ("comes down, rests", [&comes_down[..], &rests(55, 9)].concat(), Some(8), Some(5)),
            (
                "noise of the score changes nothing",
                vec![(60, 0.9), (61, 0.9), (62, 0.9), (60, 0.9), (61, 0.9)],
                Some(4),
                Some(1),
            ),
            (
                "better after a while",
                vec![(40, 0.9), (40, 0.9), (40, 0.9), (58, 0.9), (58, 0.9), (58, 0.9), (58, 0.9)],
                Some(6),
                Some(3),
            ),
            ("moves all the time", vec![(60, 0.1); 60], Some(50), Some(0)),
            (
                "moves, then rests",
                vec![(60, 0.1), (60, 0.1), (55, 0.9), (55, 0.9), (55, 0.9), (55, 0.9)],
                Some(5),
                Some(2),
            ),
            ("good enough, and could be better", rests(40, 60), Some(21), Some(1)),
            ("stays poor", rests(20, 60), Some(50), Some(1)),
            ("lifted before it was good", comes_down[..4].to_vec(), None, Some(3)),
            ("slides when it is lifted", [&rests(60, 3)[..], &[(90, 0.2)]].concat(), None, Some(1)),
        ] {
            assert_eq!(play(&frames), (enough, kept), "{name}");
        }
    }

    #[test]
    fn frames_far_apart_settle_nothing() {
        let mut rest = Rest::new(SETTINGS, QualityScore::MIN);
        assert!((0..8).all(|number| !rest.feed(&look(number * 600, 60, 1.0), number)));
        assert!(rest.feed(&look(5400, 60, 1.0), 9), "the time is over all the same");
    }

    #[test]
    fn a_frame_without_a_score_is_kept_until_there_is_a_better_one() {
        let unscored = |at| Look { at: Millis(at), score: None, advice: Some(Advice::PlaceFinger), alike: None };
        let mut rest = Rest::new(SETTINGS, QualityScore::MIN);
        assert!(!rest.feed(&unscored(0), 0));
        assert!(!rest.feed(&unscored(100), 1));
        assert!(!rest.feed(&look(200, 0, 0.0), 2));
        assert_eq!(rest.into_best(), Some(2));
        assert_eq!(Rest::<u8>::new(SETTINGS, QualityScore::MIN).into_best(), None);
    }

    #[test]
    fn advice_does_not_flicker() {
        let mut rest = Rest::new(SETTINGS, QualityScore::try_from(30).unwrap());
        let mut shown = Vec::new();
        // Every other frame is of another opinion, then all agree, then one does not, then it is good.
        let odd = |number: u64| Look { advice: Some(Advice::Dry), ..look(number * 100, 20, 0.9) };
        for number in 0..20 {
            let agrees = look(number * 100, if number < 15 { 20 } else { 60 }, 0.9);
            rest.feed(&if number < 4 && number % 2 == 0 || number == 10 { odd(number) } else { agrees }, ());
            if shown.last() != Some(&rest.advice()) {
                shown.push(rest.advice());
            }
        }
        assert_eq!(shown, [None, Some(Advice::PressMore), None]);
        let mut moving = Rest::new(SETTINGS, QualityScore::MIN);
        assert!((0..5).all(|number| !moving.feed(&look(number * 100, 90, 0.1), ())));
        assert_eq!(moving.advice(), Some(Advice::HoldStill), "however good it looks");
    }

    proptest! {
        #[test]
        fn what_is_kept_is_never_worse_than_a_resting_frame_by_more_than_noise(
            frames in proptest::collection::vec((0u64..9000, proptest::option::of(0u32..=100), proptest::option::of(-1.0f64..1.0)), 1..40),
        ) {
            let mut rest = Rest::new(SETTINGS, QualityScore::try_from(30).unwrap());
            let mut still = Vec::new();
            let mut last: Option<u64> = None;
            for (number, (at, value, alike)) in frames.iter().enumerate() {
                let value = value.map(|value| QualityScore::try_from(value).unwrap());
                let over = rest.feed(&Look { at: Millis(*at), score: value, advice: None, alike: *alike }, number);
                let follows = last.is_some_and(|last| at.checked_sub(last).is_some_and(|gap| gap <= 500));
                last = Some(*at);
                if follows && alike.is_some_and(|alike| alike >= 0.6) {
                    still.extend(value);
                }
                if over { break; }
            }
            let kept = rest.into_best().unwrap();
            if let Some(best) = still.iter().max() {
                let score = frames[kept].1.unwrap();
                prop_assert!(score + 3 > u32::from(best.get()), "{} against {}", score, best);
            }
        }
    }
}
