//! The promise: every hint comes for its cause and for no other. Scenes are scripted and rendered, the product's engine
//! and limits judge them, and what the guide shows is counted frame by frame. `GATEPOST_SCENES=20` takes more people.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use quality::assessment::Advice;
use quality::face::{Guide, assess};
use render::head::{Clip, Figure, Glasses, Identity, Light, Looks, Pose, Scene, Subject};
use std::collections::BTreeMap;
use tests::heads::{FaceThresholds, engine, frame, many, thresholds};

const SIZE: (u32, u32) = (640, 480);
/// Milliseconds from frame to frame.
const STEP: u64 = 50;
/// Frames of a scene, and how many of them pass before they are counted: the slowest hint is due after 1.2 s.
const FRAMES: u64 = 44;
const SETTLED: u64 = 28;
/// Share of frames that must show the right hint.
const LEAST: f64 = 0.97;

/// One frame of a scene.
#[derive(Clone, Copy)]
struct Moment {
    pose: Pose,
    scene: Scene,
    /// Somebody else.
    second: Option<Pose>,
    /// Sunglasses are worn.
    sunglasses: bool,
}

/// What is wrong, who is shown, and what is to be told.
struct Cause {
    name: &'static str,
    /// Changes a good scene, for the person of that number.
    spoil: fn(&mut Moment, u64),
    hint: Option<Advice>,
}

const CAUSES: &[Cause] = &[
    Cause { name: "good", spoil: |_, _| {}, hint: None },
    Cause { name: "far", spoil: |m, n| m.pose.distance = 1.15 + 0.1 * (n % 4) as f32, hint: Some(Advice::Closer) },
    Cause { name: "near", spoil: |m, n| m.pose.distance = 0.31 + 0.012 * (n % 4) as f32, hint: Some(Advice::Back) },
    Cause {
        name: "aside, left",
        spoil: |m, n| m.pose.offset_x = -0.2 - 0.02 * (n % 3) as f32,
        hint: Some(Advice::Left),
    },
    Cause {
        name: "aside, right",
        spoil: |m, n| m.pose.offset_x = 0.2 + 0.02 * (n % 3) as f32,
        hint: Some(Advice::Right),
    },
    Cause { name: "high", spoil: |m, n| m.pose.offset_y = -0.2 - 0.02 * (n % 3) as f32, hint: Some(Advice::Down) },
    Cause { name: "low", spoil: |m, n| m.pose.offset_y = 0.22 + 0.02 * (n % 3) as f32, hint: Some(Advice::Up) },
    Cause {
        name: "turned",
        spoil: |m, n| m.pose.yaw = either(n, 18.0 + 4.0 * (n % 3) as f32),
        hint: Some(Advice::LookStraight),
    },
    Cause {
        name: "chin raised",
        spoil: |m, n| m.pose.pitch = 22.0 + 2.0 * (n % 3) as f32,
        hint: Some(Advice::LookStraight),
    },
    Cause {
        name: "tilted",
        spoil: |m, n| m.pose.roll = either(n, 14.0 + 3.0 * (n % 3) as f32),
        hint: Some(Advice::LookStraight),
    },
    Cause {
        name: "dark",
        spoil: |m, n| m.scene.light.exposure = 0.05 + 0.01 * (n % 3) as f32,
        hint: Some(Advice::MoreLight),
    },
    Cause { name: "glaring", spoil: |m, n| m.scene.light.exposure = glare(n), hint: Some(Advice::LessLight) },
    Cause {
        name: "smeared",
        spoil: |m, n| (m.scene.motion, m.scene.motion_angle) = (14.0 + 6.0 * (n % 3) as f32, 45.0 * (n % 4) as f32),
        hint: Some(Advice::HoldStill),
    },
    Cause { name: "eyes shut", spoil: |m, _| m.pose.lids = 0.0, hint: Some(Advice::OpenEyes) },
    Cause {
        name: "mouth open",
        spoil: |m, n| m.pose.mouth = 0.5 + 0.1 * (n % 4) as f32,
        hint: Some(Advice::CloseMouth),
    },
    Cause { name: "sunglasses", spoil: |m, _| m.sunglasses = true, hint: Some(Advice::UncoverEyes) },
    Cause { name: "no room above", spoil: |m, _| m.pose.offset_y = -0.165, hint: Some(Advice::Down) },
    Cause { name: "no room", spoil: |m, _| m.pose.distance = 0.46, hint: Some(Advice::Back) },
    Cause { name: "two people", spoil: |m, n| beside(m, either(n, 0.3), 0.66), hint: Some(Advice::OneOnly) },
    Cause { name: "somebody far behind", spoil: |m, n| beside(m, either(n, 0.33), 2.6), hint: None },
];

/// An exposure that burns out somebody of that number's skin, and not so far that nobody can be seen.
fn glare(number: u64) -> f32 {
    13.0 - 9.0 * tone(number)
}

/// To one side for people of even numbers, to the other for the rest.
fn either(number: u64, value: f32) -> f32 {
    if number.is_multiple_of(2) { value } else { -value }
}

fn beside(moment: &mut Moment, across: f32, distance: f32) {
    moment.pose.offset_x = -across * 0.3;
    moment.second = Some(Pose { offset_x: across, distance, ..Pose::default() });
}

/// Somebody who stands as asked.
fn good(number: u64) -> Moment {
    let pose = Pose { distance: 0.6, offset_y: 0.02, ..Pose::default() };
    Moment {
        pose,
        scene: Scene { seed: number + 1, light: Light::default(), ..Scene::default() },
        second: None,
        sunglasses: false,
    }
}

/// Grown-up people of every tone; none of them is one that limits were set on.
fn person(number: u64) -> Identity {
    Identity::from_seed_with(88_000 + number, Looks { tone: Some(tone(number)), age: None })
}

/// Every tone from the darkest to the lightest comes up.
fn tone(number: u64) -> f32 {
    (number as f32 * 0.37 + 0.1).fract()
}

/// A stream of a few rendered moments.
struct Film {
    clips: Vec<Clip>,
}

impl Film {
    /// Each moment drawn as often as asked, with the sway of somebody who stands.
    fn of(number: u64, moments: &[Moment], drawings: usize) -> Self {
        let (who, other) = (person(number), person(number + 500));
        let clip = |moment: &Moment| {
            let mut who = who.clone();
            if moment.sunglasses {
                who.glasses = Glasses::Sun;
            }
            let mut figures = vec![Figure { subject: Subject::Person(&who), pose: moment.pose }];
            figures.extend(moment.second.map(|pose| Figure { subject: Subject::Person(&other), pose }));
            Clip::of(&figures, &moment.scene, SIZE, drawings)
        };
        Self { clips: moments.iter().map(clip).collect() }
    }

    /// The hint after each frame; `moment` tells which moment a frame shows.
    fn watch(&self, thresholds: &FaceThresholds, frames: u64, moment: impl Fn(u64) -> usize) -> Vec<Option<Advice>> {
        let (mut engine, mut guide) = (engine(), Guide::new(thresholds.guide));
        let mut see = |at: u64| {
            let frame = frame(self.clips[moment(at)].frame(at), 1000 + STEP * at);
            let sighting = engine.detect(&frame);
            guide.update(frame.captured_at, &assess(&frame, &sighting), &thresholds.limits)
        };
        (0..frames).map(&mut see).collect()
    }
}

#[test]
fn every_hint_comes_for_its_cause_and_for_no_other() {
    let thresholds = thresholds();
    let people = many("GATEPOST_SCENES", 2);
    let mut table: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (row, cause) in CAUSES.iter().enumerate() {
        for person in 0..people {
            let number = person * CAUSES.len() as u64 + row as u64;
            let mut moment = good(number);
            (cause.spoil)(&mut moment, number);
            let shown = Film::of(number, &[moment], 3).watch(&thresholds, FRAMES, |_| 0);
            for hint in &shown[SETTLED as usize..] {
                *table.entry(cause.name).or_default().entry(hint.map_or("none", Advice::id)).or_default() += 1;
            }
        }
    }
    let mut right = 0;
    for cause in CAUSES {
        let told = &table[cause.name];
        right += told.get(cause.hint.map_or("none", Advice::id)).copied().unwrap_or(0);
        println!("{:20} {told:?}", cause.name);
    }
    let all = people * CAUSES.len() as u64 * (FRAMES - SETTLED);
    println!("{right} of {all} frames show the right hint");
    for cause in CAUSES {
        let wanted = cause.hint.map_or("none", Advice::id);
        let share = |told: &BTreeMap<&str, u64>| {
            told.get(wanted).copied().unwrap_or(0) as f64 / told.values().sum::<u64>() as f64
        };
        assert!(share(&table[cause.name]) >= LEAST, "{}: {:?}", cause.name, table[cause.name]);
    }
    assert!(right as f64 >= LEAST * all as f64);
}

#[test]
fn blinks_are_no_fault_speech_does_not_flicker_and_steps_are() {
    let thresholds = thresholds();
    let people = many("GATEPOST_SCENES", 2).div_ceil(2);
    for person in 0..people {
        let number = 900 + person;
        let open = good(number);
        let (mut shut, mut ajar, mut aside) = (open, open, open);
        shut.pose.lids = 0.0;
        ajar.pose.mouth = 0.5;
        aside.pose.offset_x = 0.1;
        let film = Film::of(number, &[open, shut, ajar, aside], 1);
        // A blink of 200 ms every second and a half.
        let blinks = film.watch(&thresholds, 60, |at| usize::from(at % 30 >= 26));
        assert!(blinks.iter().all(Option::is_none), "{number}: {blinks:?}");
        // Two seconds of speech, four syllables a second.
        let speaks = |at: u64| (20..60).contains(&at) && at % 5 < 3;
        let speech = film.watch(&thresholds, 80, |at| if speaks(at) { 2 } else { 0 });
        let changes = speech.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(changes <= 2, "{number}: {speech:?}");
        assert!(speech.iter().flatten().all(|hint| *hint == Advice::CloseMouth), "{number}: {speech:?}");
        // From one foot to the other and back.
        let steps = film.watch(&thresholds, 60, |at| if (at / 4).is_multiple_of(2) { 0 } else { 3 });
        let told = steps[20..].iter().filter(|hint| **hint == Some(Advice::HoldStill)).count();
        assert!(told * 2 > steps.len() - 20, "{number}: {steps:?}");
        assert!(steps.iter().flatten().all(|hint| *hint == Advice::HoldStill), "{number}: {steps:?}");
    }
}
