//! What is measured of a face, against what the simulator drew: pose, lids and mouth, and no difference between tones of
//! skin under the same light.
//!
//! All heads are SIMULATED: this shows that the measures and limits do what they say, not how they do on people. A few
//! heads are drawn here; `GATEPOST_FACE_HEADS=600 cargo test -p tests --test face_truth -- --nocapture` draws as many for
//! each table and prints them.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, as the test does")]

use domain::image::Frame;
use domain::units::Millis;
use quality::assessment::Assessment;
use quality::face::{Component, FaceAssessment, FaceDetector, FaceLimits, assess, open};
use render::head::{Identity, Light, Looks, Pose, Scene, render};
use serde::Deserialize;
use std::fmt::Write;
use std::path::Path;

/// Heads that are drawn where nothing else is asked for.
const FEW: u64 = 48;
/// Bands of skin tone, evenly spread over the human range.
const TONES: usize = 6;

/// Degrees by which a drawn head looks lowered when its own pitch is zero. A drawn head's Frankfurt plane is inclined by 5
/// degrees, and its nose, which weighs most in the fit, hangs a centimetre lower than the canonical face model's: its own
/// true points, fitted to that model, read 10 degrees low (40 heads), its landmarks 8 (500 other heads than these).
const REST: f64 = -8.5;

#[derive(Deserialize)]
struct Thresholds {
    face: Face,
}

#[derive(Deserialize)]
struct Face {
    limits: FaceLimits,
}

fn limits(file: &str) -> FaceLimits {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(file)).unwrap();
    toml::from_str::<Thresholds>(&text).unwrap().face.limits
}

fn engine() -> Box<dyn FaceDetector> {
    let models = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/face"));
    open("blazeface", Some(models), None).expect("`cargo xtask setup` fetches the models")
}

fn heads() -> u64 {
    std::env::var("GATEPOST_FACE_HEADS").ok().map_or(FEW, |heads| heads.parse().unwrap())
}

/// Numbers of one head that follow from its seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[(self.next() % all.len() as u64) as usize]
    }
}

/// One picture judged; none where nobody was found in it.
fn judged(engine: &mut dyn FaceDetector, who: &Identity, pose: &Pose, scene: &Scene) -> Option<FaceAssessment> {
    let picture = render(who, pose, scene, 640, 480);
    let frame = Frame::new(640, 480, Millis(0), 0, picture.into_raw()).unwrap();
    engine.forget();
    let found = assess(&frame, &engine.detect(&frame));
    found.landmarks.is_some().then_some(found)
}

fn native(found: &FaceAssessment, component: Component) -> f64 {
    found.component(component).native().unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The angles that a drawn head shows.
fn seen(pose: &Pose) -> [f64; 3] {
    [f64::from(pose.yaw), f64::from(pose.pitch) + REST, f64::from(pose.roll)]
}

#[test]
fn pose_lids_and_mouth_are_those_that_were_drawn() {
    let (limits, mut engine) = (limits("thresholds.toml"), engine());
    let mut errors = [Vec::new(), Vec::new(), Vec::new()];
    let (mut lids, mut mouths) = ((0u32, 0u32), (0u32, 0u32));
    let heads = heads();
    for number in 0..heads {
        let mut draw = Draw(number);
        let pose = Pose {
            yaw: draw.within(-25.0, 25.0),
            pitch: draw.within(-25.0, 25.0),
            roll: draw.within(-12.0, 12.0),
            lids: draw.one_of(&[0.0, 0.85, 1.0, 0.0]),
            mouth: draw.one_of(&[0.0, 0.35, 0.6, 0.0]),
            smile: draw.within(-0.3, 0.5),
            distance: draw.within(0.42, 0.6),
            ..Pose::default()
        };
        let scene = Scene { seed: number, ..Scene::default() };
        let who = Identity::from_seed(70_000 + number);
        let Some(found) = judged(&mut *engine, &who, &pose, &scene) else { continue };
        let angles = [Component::HeadPoseYaw, Component::HeadPosePitch, Component::HeadPoseRoll];
        for ((errors, angle), truth) in errors.iter_mut().zip(angles).zip(seen(&pose)) {
            errors.push((native(&found, angle) - truth).abs());
        }
        for (component, states, shut) in [
            (Component::EyesOpen, &mut lids, pose.lids == 0.0),
            (Component::MouthClosed, &mut mouths, pose.mouth == 0.0),
        ] {
            let answer = found.component(component);
            let kept = limits.keeps(component, answer, false);
            let right = kept == (shut == (component == Component::MouthClosed));
            states.0 += u32::from(right);
            states.1 += 1;
            if !right {
                println!("head {number}: {component:?} {answer:?}, {:?}, {pose:?}", who.beard);
            }
        }
    }
    let [yaw, pitch, roll] = errors.each_mut().map(|errors| median(errors));
    let share = |(right, all): (u32, u32)| f64::from(right) / f64::from(all);
    println!("SIMULATED, {heads} heads, {} found", lids.1);
    println!("median error: yaw {yaw:.2}, pitch {pitch:.2}, roll {roll:.2} degrees");
    println!("right: lids {:.3}, mouth {:.3}", share(lids), share(mouths));
    assert!(u64::from(lids.1) * 100 >= heads * 97, "{} found of {heads}", lids.1);
    assert!(yaw <= 3.0 && pitch <= 3.0 && roll <= 3.0, "yaw {yaw}, pitch {pitch}, roll {roll}");
    // 97 of 100, and of a few heads two more by chance.
    let enough =
        |(right, all): (u32, u32)| f64::from(all - right) <= 0.03 * f64::from(all) + if all < 200 { 2.0 } else { 0.0 };
    assert!(enough(lids) && enough(mouths), "lids {lids:?}, mouth {mouths:?}");
}

#[test]
fn the_strict_profile_allows_nothing_that_the_laboratory_refuses() {
    let (strict, laboratory) = (limits("thresholds-tr03121.toml"), limits("thresholds.toml"));
    assert!(strict.least_inter_eye_px >= 120.0 && laboratory.mandatory().all(|c| strict.is_mandatory(c)));
    for (component, refused) in [
        (Component::HeadPoseYaw, [-5.5, 5.5]),
        (Component::HeadPosePitch, [-5.5, 5.5]),
        (Component::HeadPoseRoll, [-8.5, 8.5]),
    ] {
        for native in refused {
            assert!(!strict.keeps(component, &Assessment::scored(native, 99.0, None), false), "{component:?} {native}");
        }
    }
}

/// What came of one band of skin tones.
#[derive(Default)]
struct Band {
    drawn: u32,
    found: u32,
    accepted: u32,
    failing: std::collections::BTreeMap<&'static str, u32>,
}

#[test]
fn no_skin_tone_is_found_or_accepted_less_often() {
    let (limits, mut engine) = (limits("thresholds.toml"), engine());
    let people = (heads() / 4).max(1);
    let mut table = String::from("SIMULATED | tone | heads | found % | acceptable % | limits not kept\n");
    let mut rates = Vec::new();
    for (name, light) in [
        ("booth", Light::default()),
        ("from the front", Light { key_azimuth: -8.0, key_elevation: 20.0, ..Light::default() }),
    ] {
        let mut bands: [Band; TONES] = Default::default();
        for number in 0..people {
            let mut draw = Draw(900_000 + number);
            // Somebody who does what the page asks: before the camera, nearly straight, eyes open, mouth shut.
            let pose = Pose {
                yaw: draw.within(-4.0, 4.0),
                pitch: draw.within(-3.0, 3.0),
                roll: draw.within(-3.0, 3.0),
                smile: draw.within(-0.2, 0.2),
                distance: draw.within(0.56, 0.64),
                offset_y: 0.0,
                ..Pose::default()
            };
            let place = draw.within(0.0, 1.0);
            for (number_of_band, band) in bands.iter_mut().enumerate() {
                let tone = Some((number_of_band as f32 + place) / TONES as f32);
                let who = Identity::from_seed_with(80_000 + number, Looks { tone, age: None });
                band.drawn += 1;
                let scene = Scene { light, seed: number, ..Scene::default() };
                let Some(found) = judged(&mut *engine, &who, &pose, &scene) else { continue };
                band.found += 1;
                let failing = found.failing(&limits);
                band.accepted += u32::from(failing.is_empty());
                failing.iter().for_each(|limit| *band.failing.entry(limit.id()).or_default() += 1);
            }
        }
        for (number, Band { drawn, found, accepted, failing }) in bands.iter().enumerate() {
            let rate = |count: u32| 100.0 * f64::from(count) / f64::from(*drawn);
            rates.push((name, rate(*found), rate(*accepted)));
            let (found, accepted) = (rate(*found), rate(*accepted));
            writeln!(table, "{name} | {} | {drawn} | {found:.2} | {accepted:.2} | {failing:?}", number + 1).unwrap();
        }
    }
    println!("{table}");
    // Of 50 to 100 heads a band, one alone is more than a point.
    let allowed = if people >= 50 { 1.0f64.max(100.5 / people as f64) } else { 1.0 };
    for light in rates.chunks_exact(TONES) {
        for (what, of) in [("found", (|rate| rate.1) as fn(&(&str, f64, f64)) -> f64), ("acceptable", |rate| rate.2)] {
            let (low, high) =
                light.iter().map(of).fold((f64::MAX, f64::MIN), |(l, h), rate| (l.min(rate), h.max(rate)));
            assert!(high - low < allowed, "{what} differs by {} points\n{table}", high - low);
            assert!(low >= 90.0, "{what}: {low} %\n{table}");
        }
    }
}
