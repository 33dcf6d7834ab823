//! Faces: frame after frame through the engine, the components, the hints and the capture, as the station does it.
//!
//! Fifty drawn frames come again and again, in visits of seven seconds, each of them a person's: good ones that are taken,
//! shut eyes, turned heads, two people, an empty booth, darkness. The engine lives as long as the station does.

use super::{Soak, Watch, Work};
use crate::place::repository;
use domain::image::Frame;
use domain::units::Millis;
use quality::face::cues::{CueSettings, Cues};
use quality::face::{self, AutoCapture, AutoCaptureSettings, FaceLimits, Guide, GuideSettings, Shot};
use render::head::{self, Clip, Figure, Identity, Light, Pose, Scene, Subject};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "face", counts: "frames", count: 24 * 3600 * FPS, work: Work::Memory(run) };

/// Frames a second.
const FPS: u64 = 30;

/// Frames of one visit: a little longer than a capture may take.
const VISIT: u64 = 7 * FPS + 10;

/// Frames drawn of each view.
const DRAWN: u64 = 5;

/// Size of the frames: half of a camera's, so that drawing and judging them is cheap.
const SIZE: (u32, u32) = (320, 240);

/// The engine that soaks: the one of config/station.toml.
const ENGINE: &str = "blazeface";

/// What config/thresholds.toml says of faces.
#[derive(Deserialize)]
struct Rules {
    capture: AutoCaptureSettings,
    guide: GuideSettings,
    limits: FaceLimits,
    cues: CueSettings,
}

/// What a run has seen: without these it would have soaked nothing.
#[derive(Default)]
struct Seen {
    portraits: u64,
    given_up: u64,
    suspected: u64,
    faces: u64,
    hints: BTreeSet<&'static str>,
}

fn run(count: u64, seed: u64, watch: &mut Watch<'_>) -> Result<String, String> {
    let model = repository().join("models/face");
    let mut detector =
        face::open(ENGINE, Some(&model), None).map_err(|fault| format!("{fault}: {}", fault.advice()))?;
    let mut rules = rules()?;
    rules.limits.least_inter_eye_px /= 2.0;
    let mut views: Vec<Vec<Frame>> =
        (0..).zip(poses()).map(|(at, (others, pose, light))| drawn(seed + at, others, pose, light)).collect();
    let (mut seen, mut done, mut visit) = (Seen::default(), 0, seed);
    while done < count {
        // A full-period generator of Knuth's: every view gets its turn, in an order that does not repeat.
        visit = visit.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let view = (visit >> 33) as usize % views.len();
        let (mut guide, mut capture) = (Guide::new(rules.guide), AutoCapture::new(rules.capture));
        let mut cues = Cues::new(rules.cues);
        for number in 0..VISIT.min(count - done) {
            let frame = &mut views[view][(number / 2 % DRAWN) as usize];
            (frame.captured_at, frame.sequence) = (Millis((done + number) * 1000 / FPS), done + number);
            let sighting = detector.detect(frame);
            seen.faces += u64::from(!sighting.faces().is_empty());
            cues.feed(frame, &sighting);
            let assessment = face::assess(frame, &sighting);
            if let Some(hint) = guide.update(frame.captured_at, &assessment, &rules.limits) {
                seen.hints.insert(hint.id());
            }
            let keep = || (frame.clone(), assessment.clone());
            match capture.feed(frame.captured_at, &assessment, &rules.limits, keep) {
                Shot::Taken(best) => {
                    let (frame, assessment) = &best.kept;
                    let taken =
                        face::portrait(frame, &best.face, assessment.landmarks.as_ref(), &rules.limits.portrait);
                    seen.portraits += u64::from(taken.is_ok());
                }
                Shot::GaveUp(_) => seen.given_up += 1,
                Shot::Over | Shot::Steadying | Shot::Watching => {}
            }
            watch.step();
        }
        seen.suspected += u64::from(cues.score().score.is_some_and(|score| score >= 0.5));
        done += VISIT.min(count - done);
    }
    seen.told(detector.name(), count)
}

impl Seen {
    /// In words; an error when the work was not what it is meant to be.
    fn told(&self, engine: &str, count: u64) -> Result<String, String> {
        let hints = self.hints.iter().copied().collect::<Vec<_>>().join(", ");
        let words = format!(
            "{engine}: a face in {} of {count} frames, {} portraits, {} captures given up, {} visits with cues of an attack, \
             hints: {hints}",
            self.faces, self.portraits, self.given_up, self.suspected
        );
        let whole =
            self.portraits > 0 && self.given_up > 0 && self.hints.contains("open-eyes") && self.faces > count / 2;
        if whole { Ok(words) } else { Err(format!("this run has not met what it is meant to meet. {words}")) }
    }
}

/// Who is seen: how many others beside, how they stand, and in what light.
fn poses() -> [(usize, Option<Pose>, f32); 10] {
    let straight = Pose::default();
    [
        (0, Some(straight), 1.0),
        (0, Some(Pose { distance: 0.62, ..straight }), 1.0),
        (0, Some(Pose { yaw: 3.0, roll: 4.0, ..straight }), 1.0),
        (0, Some(Pose { lids: 0.0, ..straight }), 1.0),
        (0, Some(Pose { yaw: 24.0, ..straight }), 1.0),
        (0, Some(Pose { distance: 1.3, ..straight }), 1.0),
        (0, Some(Pose { offset_x: 0.16, ..straight }), 1.0),
        (1, Some(straight), 1.0),
        (0, None, 1.0),
        (0, Some(straight), 0.03),
    ]
}

fn drawn(seed: u64, others: usize, pose: Option<Pose>, exposure: f32) -> Vec<Frame> {
    let people: Vec<Identity> = (0..=others as u64).map(|other| Identity::from_seed(seed * 7 + other)).collect();
    let beside = Pose { distance: 0.8, offset_x: 0.33, ..Pose::default() };
    let poses = pose.into_iter().chain((0..others).map(|_| beside));
    let figures: Vec<Figure<'_>> =
        people.iter().zip(poses).map(|(who, pose)| Figure { subject: Subject::Person(who), pose }).collect();
    let scene = Scene { seed, light: Light { exposure, ..Light::default() }, ..Scene::default() };
    let clip: Clip = head::Clip::of(&figures, &scene, SIZE, 1);
    let frame = |number| {
        let (width, height) = SIZE;
        Frame::new(width, height, Millis(0), number, clip.frame(number).into_raw()).unwrap()
    };
    (0..DRAWN).map(frame).collect()
}

fn rules() -> Result<Rules, String> {
    let path = repository().join("config/thresholds.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rules = table.remove("face").and_then(|face| face.try_into::<toml::Table>().ok()).unwrap_or_default();
    rules.remove("source");
    rules.try_into().map_err(|error| format!("{}: {error}", path.display()))
}
