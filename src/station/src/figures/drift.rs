//! Whether a device's captures are still what they were when it was new: dirt on a platen, a light that ages.
//!
//! Each measure is of the device and not of whoever stands before it: the platen where no finger lies, the backdrop beside
//! the head. The median of its first captures is held against the median of its latest ones, so that neither one
//! traveller nor a handful can raise an alarm.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Captures whose median is what a device is held against.
pub const FIRST: usize = 60;

/// Captures whose median is held against it.
pub const RECENT: usize = 41;

/// Robust standard deviations by which the recent median may lie below the first one. A median of 41 scatters by a fifth
/// of one, and that of 60 by a sixth: three are more than ten times both together.
pub const DEVIATIONS: f64 = 3.0;

/// Grey values by which it may in any case: a steady device scatters so little that one grey value would be an alarm.
pub const LEAST: f64 = 8.0;

/// Parts of a grey value that are kept: finer ones would make the file larger and tell nothing.
const PARTS: f64 = 10.0;

/// The median absolute deviation of a normal distribution, as a share of its standard deviation, upside down.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// Devices and measures that are followed: a station has few, and a device that is replaced leaves its own behind.
const MOST_WATCHED: usize = 32;

/// Every device that is followed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Drift(BTreeMap<String, Watched>);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Watched {
    /// Which measure.
    measure: String,
    /// The first captures, until there are enough of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    first: Vec<f64>,
    /// Their median and robust standard deviation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<(f64, f64)>,
    /// The latest ones, so that a restart forgets none of them.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    recent: VecDeque<f64>,
}

/// A device whose captures have become worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifting {
    /// The device: configured name and label.
    pub device: String,
    /// `platen`, `residue` or `backdrop`.
    pub measure: String,
    /// The first median, in grey values from 0 to 255.
    pub was: f64,
    /// The recent one.
    pub is: f64,
}

impl Drift {
    /// Takes one capture: a grey value from 0 to 255.
    pub fn add(&mut self, device: &str, measure: &str, value: f64) {
        if !value.is_finite() {
            return;
        }
        let value = (value * PARTS).round() / PARTS;
        let key = format!("{device} / {measure}");
        if self.0.len() >= MOST_WATCHED && !self.0.contains_key(&key) {
            return;
        }
        let watched = self.0.entry(key).or_insert_with(|| Watched { measure: measure.into(), ..Watched::default() });
        if watched.base.is_none() {
            watched.first.push(value);
            if watched.first.len() >= FIRST {
                watched.base = Some(centre(&std::mem::take(&mut watched.first)));
            }
            return;
        }
        watched.recent.push_back(value);
        while watched.recent.len() > RECENT {
            watched.recent.pop_front();
        }
    }

    /// The devices whose recent captures are worse than their first ones.
    pub fn drifting(&self) -> Vec<Drifting> {
        let judged = |(key, watched): (&String, &Watched)| {
            let (was, deviation) = watched.base?;
            if watched.recent.len() < RECENT {
                return None;
            }
            let (is, _) = centre(&watched.recent);
            let device = key.rsplit_once(" / ").map_or(key.as_str(), |(device, _)| device).to_owned();
            let worse = was - is > (DEVIATIONS * deviation).max(LEAST);
            worse.then(|| Drifting { device, measure: watched.measure.clone(), was, is })
        };
        self.0.iter().filter_map(judged).collect()
    }

    /// Device and measure with the first median, where there is one, and how many captures are known.
    pub fn known(&self) -> impl Iterator<Item = (&str, Option<f64>, usize)> {
        self.0.iter().map(|(key, watched)| {
            let known = if watched.base.is_some() { FIRST + watched.recent.len() } else { watched.first.len() };
            (key.as_str(), watched.base.map(|(was, _)| was), known)
        })
    }
}

impl Drifting {
    /// What to do now.
    pub fn remedy(&self) -> &'static str {
        match self.measure.as_str() {
            "residue" => "clean the platen as its maker says, and wipe it oftener",
            "platen" => "clean the platen as its maker says; if it stays dark, have the scanner looked at",
            _ => {
                "clean the lens, look at the lamps and at what has changed in the room; if the light stays weak, \
                  replace the lamp"
            }
        }
    }
}

/// Median and robust standard deviation.
fn centre<'a>(values: impl IntoIterator<Item = &'a f64>) -> (f64, f64) {
    let values: Vec<f64> = values.into_iter().copied().collect();
    let middle = median(values.clone());
    let away = values.iter().map(|value| (value - middle).abs()).collect();
    (middle, MAD_TO_DEVIATION * median(away))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[half],
        _ => f64::midpoint(values[half - 1], values[half]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random, between 0 and 1.
    fn random(state: &mut u64) -> f64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        (*state >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A capture of a device of this level: a sum of uniform numbers, and one in eight far off, as when somebody walks by.
    fn capture(state: &mut u64, level: f64, scatter: f64) -> f64 {
        let bell = (0..4).map(|_| random(state)).sum::<f64>() - 2.0;
        let off = if random(state) < 0.125 { 6.0 } else { 1.0 };
        level + scatter * off * bell
    }

    #[test]
    fn a_steady_device_raises_no_alarm_and_a_worse_one_does() {
        for seed in 1..=20u64 {
            for scatter in [0.0, 0.5, 5.0, 15.0] {
                let (mut state, mut drift) = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), Drift::default());
                for n in 0..2000 {
                    drift.add("d", "platen", capture(&mut state, 200.0, scatter));
                    assert_eq!(drift.drifting(), [], "seed {seed}, scatter {scatter}, capture {n}");
                }
                for _ in 0..RECENT {
                    drift.add("d", "platen", capture(&mut state, 199.0 - LEAST - 5.0 * scatter, scatter));
                }
                assert_eq!(drift.drifting().len(), 1, "seed {seed}, scatter {scatter}");
                for _ in 0..RECENT {
                    drift.add("d", "platen", capture(&mut state, 200.0, scatter));
                }
                assert_eq!(drift.drifting(), [], "cleaned: seed {seed}, scatter {scatter}");
            }
        }
    }

    #[test]
    fn the_first_captures_are_kept_as_two_numbers_and_the_latest_ones_rounded() {
        let mut drift = Drift::default();
        for n in 0..FIRST {
            drift.add("d", "backdrop", 150.0 + (n % 3) as f64);
        }
        let text = serde_json::to_string(&drift).unwrap();
        // So were files written before the latest captures were kept.
        assert_eq!(text, r#"{"d / backdrop":{"measure":"backdrop","base":[151.0,1.4826]}}"#);
        let mut again: Drift = serde_json::from_str(&text).unwrap();
        (0..2 * RECENT).for_each(|n| again.add("d", "backdrop", if n < RECENT { 140.0 } else { 100.0 + 1.0 / 3.0 }));
        let text = serde_json::to_string(&again).unwrap();
        let latest = vec!["100.3"; RECENT].join(",");
        assert!(text.ends_with(&format!(r#""recent":[{latest}]}}}}"#)), "{text}");
        let found = serde_json::from_str::<Drift>(&text).unwrap().drifting();
        assert_eq!((found[0].device.as_str(), found[0].was, found[0].is), ("d", 151.0, 100.3));
        assert!(found[0].remedy().contains("lamp"));
    }

    #[test]
    fn odd_numbers_and_many_devices_are_borne() {
        let mut drift = Drift::default();
        [f64::NAN, f64::INFINITY].into_iter().for_each(|odd| drift.add("d", "platen", odd));
        (0..1000).for_each(|n| drift.add(&format!("d{n}"), "platen", 1.0));
        assert_eq!(drift.known().count(), MOST_WATCHED);
    }
}
