//! Advisory cues that what stands before the camera may be no living person: a score for the officer alone.
//!
//! One camera gives no certified liveness. The cues look for what cheap attacks leave behind: frames that repeat, the
//! border of a sheet or screen, points that move as a plane, eyes that do not blink. They accept nobody, refuse nobody
//! and are not shown to the traveller. Nothing is claimed under ISO/IEC 30107: they were tried on simulated attacks only.

mod blink;
mod border;
mod flat;
mod frozen;

use super::{Sighting, view::lids};
use blink::Blink;
use border::Border;
use domain::image::Frame;
use flat::Flat;
use frozen::Frozen;
use serde::{Deserialize, Deserializer, de::Error as _};

/// How cues are weighed. Proposed (own values): `least_frames = 12`, `unblinking_ms = 15000`, weights 1 for frozen
/// frames, .8 for a border, .6 for flat motion, .3 for eyes that do not blink.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CueSettings {
    /// Frames that a cue must have seen before it says anything.
    pub least_frames: u32,
    /// Time constant with which the score of eyes that do not blink grows.
    pub unblinking_ms: u64,
    /// The most that each cue alone can bring the score to.
    pub weights: CueWeights,
}

/// Weights of the cues, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CueWeights {
    /// Of [`Cue::Frozen`].
    #[serde(deserialize_with = "weight")]
    pub frozen: f64,
    /// Of [`Cue::Border`].
    #[serde(deserialize_with = "weight")]
    pub border: f64,
    /// Of [`Cue::Flat`].
    #[serde(deserialize_with = "weight")]
    pub flat: f64,
    /// Of [`Cue::Unblinking`].
    #[serde(deserialize_with = "weight")]
    pub unblinking: f64,
}

/// What may speak for an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cue {
    /// Straight edges of a rectangle around the head.
    Border,
    /// The points of the face move as those of a plane.
    Flat,
    /// Frames repeat earlier ones.
    Frozen,
    /// The eyes do not blink.
    Unblinking,
}

impl Cue {
    /// Every cue.
    pub const ALL: [Self; 4] = [Self::Border, Self::Flat, Self::Frozen, Self::Unblinking];

    /// The stable name, for pages and logs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Border => "border",
            Self::Flat => "flat",
            Self::Frozen => "frozen",
            Self::Unblinking => "unblinking",
        }
    }
}

/// What one cue says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finding {
    /// It could not be assessed, and why (one lower-case phrase, nothing of the sample in it).
    NotAssessed(&'static str),
    /// 0: as a living person; 1: as an attack.
    Score(f64),
}

/// What all cues say.
#[derive(Clone, Debug, PartialEq)]
pub struct CueScore {
    /// 0 (nothing speaks for an attack) to 1 in steps of a hundredth; none where no cue could be assessed.
    pub score: Option<f64>,
    /// Every cue and what it says, in the order of [`Cue::ALL`].
    pub findings: [(Cue, Finding); 4],
}

impl CueScore {
    /// The cue that contributes most to a score that is not 0.
    pub fn strongest(&self, weights: &CueWeights) -> Option<Cue> {
        let scored = self.findings.iter().filter_map(|&(cue, finding)| match finding {
            Finding::Score(score) if score > 0.0 => Some((cue, score * weights.of(cue))),
            _ => None,
        });
        scored.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(cue, _)| cue)
    }
}

impl CueWeights {
    const fn of(&self, cue: Cue) -> f64 {
        match cue {
            Cue::Border => self.border,
            Cue::Flat => self.flat,
            Cue::Frozen => self.frozen,
            Cue::Unblinking => self.unblinking,
        }
    }
}

/// Watches one stream of frames. What it remembers of them is bounded (some 200 kB) and wiped on drop.
pub struct Cues {
    settings: CueSettings,
    blink: Blink,
    border: Border,
    flat: Flat,
    frozen: Frozen,
}

impl Cues {
    /// Cues that have seen nothing.
    pub fn new(settings: CueSettings) -> Self {
        let (blink, border) = (Blink::default(), Border::default());
        Self { settings, blink, border, flat: Flat::default(), frozen: Frozen::default() }
    }

    /// Looks at one frame and what an engine saw in it.
    pub fn feed(&mut self, frame: &Frame, sighting: &Sighting) {
        self.frozen.feed(frame);
        if let Some(face) = sighting.faces().first() {
            self.border.feed(frame, face);
        }
        if let Some(landmarks) = sighting.landmarks.as_ref().filter(|landmarks| landmarks.is_sound()) {
            self.flat.feed(frame.captured_at, landmarks);
            if let Some(opening) = lids(frame, landmarks) {
                self.blink.feed(frame.captured_at, opening as f32);
            }
        }
    }

    /// What the frames so far say.
    pub fn score(&self) -> CueScore {
        let CueSettings { least_frames, unblinking_ms, weights } = &self.settings;
        let least = *least_frames as usize;
        let findings = Cue::ALL.map(|cue| {
            let finding = match cue {
                Cue::Border => self.border.finding(least),
                Cue::Flat => self.flat.finding(least),
                Cue::Frozen => self.frozen.finding(least),
                Cue::Unblinking => self.blink.finding(*unblinking_ms),
            };
            (cue, finding)
        });
        // Cues speak for an attack independently: what speaks against it is multiplied.
        let against = findings.iter().filter_map(|&(cue, finding)| match finding {
            Finding::Score(score) => Some(1.0 - weights.of(cue) * score),
            Finding::NotAssessed(_) => None,
        });
        let against = against.reduce(|all, one| all * one);
        CueScore { score: against.map(|against| ((1.0 - against) * 100.0).round() / 100.0), findings }
    }
}

/// The value below which a share of the values lie; none of no values.
fn nth(values: impl Iterator<Item = f32>, share: f32) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    let place = ((values.len() as f32 * share) as usize).min(values.len().checked_sub(1)?);
    Some(*values.select_nth_unstable_by(place, f32::total_cmp).1)
}

fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err(D::Error::custom("a weight must lie within 0 to 1")) }
}

#[cfg(test)]
mod tests;
