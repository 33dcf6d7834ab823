//! The promise: advisory cues are clearly higher for the attacks that the simulator knows than for people. All of it is
//! simulated: nothing here says anything under ISO/IEC 30107. `GATEPOST_SCENES=10` takes more people.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::image::Frame;
use image::RgbImage;
use quality::face::cues::{Cue, CueScore, CueWeights, Cues, Finding};
use render::head::{Clip, Figure, Identity, Medium, Pose, Scene, Subject};
use tests::heads::{engine, frame, many, thresholds};

const SIZE: (u32, u32) = (640, 480);
/// Places that somebody, or what is held up, comes through, and frames at each.
const PLACES: u64 = 12;
const FRAMES: u64 = 3;

/// Who or what stands there.
#[derive(Clone, Copy, PartialEq)]
enum Show {
    Living,
    Sheet(Medium),
}

/// Pictures of somebody who comes to the middle and turns a little on the way, or of a sheet moved and tilted alike.
fn film(number: u64, show: Show) -> Vec<RgbImage> {
    let who = Identity::from_seed(71_000 + number);
    let subject = match show {
        Show::Living => Subject::Person(&who),
        Show::Sheet(medium) => Subject::Photo(&who, medium),
    };
    let scene = Scene { seed: number + 3, ..Scene::default() };
    let place = |at: u64| {
        let share = at as f32 / (PLACES - 1) as f32;
        let pose = Pose {
            yaw: 9.0 * share - 6.0,
            pitch: 4.0 * share - 2.0,
            offset_x: 0.10 * (1.0 - share),
            distance: 0.72 - 0.02 * share,
            ..Pose::default()
        };
        let clip = Clip::of(&[Figure { subject, pose }], &scene, SIZE, 1);
        (0..FRAMES).map(move |frame| clip.frame(at * FRAMES + frame))
    };
    (0..PLACES).flat_map(place).collect()
}

/// The pictures before a door: dark jambs and a lintel around the head that stay where they are. What differs between
/// two walls is wall. A traveller sways by about three hundredths of the picture.
fn before_a_door(number: u64) -> Vec<RgbImage> {
    let who = Identity::from_seed(71_000 + number);
    let picture = |place: u64, wall: [u8; 3]| {
        let share = place as f32 / (PLACES - 1) as f32;
        let pose =
            Pose { yaw: 4.0 * share - 2.0, offset_x: 0.03 * (6.0 * share).sin(), distance: 0.72, ..Pose::default() };
        let scene = Scene { seed: number + 3, wall, ..Scene::default() };
        Clip::of(&[Figure { subject: Subject::Person(&who), pose }], &scene, SIZE, 1)
    };
    let place = |at: u64| {
        let [plain, other] = [[176, 182, 186], [96, 40, 200]].map(|wall| picture(at, wall));
        (0..FRAMES).map(move |frame| {
            let (mut seen, other) = (plain.frame(at * FRAMES + frame), other.frame(at * FRAMES + frame));
            for (x, y, pixel) in seen.enumerate_pixels_mut() {
                let other = other.get_pixel(x, y);
                let wall = pixel.0.iter().zip(other.0).map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>() > 90;
                let jamb = (170..182).contains(&x) || (458..470).contains(&x);
                let lintel = (170..470).contains(&x) && (14..26).contains(&y);
                if wall && (jamb && y >= 14 || lintel) {
                    // The sensor's noise stays.
                    pixel.0 = pixel.0.map(|value| value / 3);
                }
            }
            seen
        })
    };
    (0..PLACES).flat_map(place).collect()
}

#[test]
fn a_door_behind_the_traveller_is_no_border() {
    let weights = thresholds().cues.weights;
    for number in 0..many("GATEPOST_SCENES", 2) {
        let pictures = before_a_door(number);
        if let Ok(place) = std::env::var("GATEPOST_SHOW") {
            pictures[0].save(format!("{place}/door{number}.png")).unwrap();
        }
        let (long, short) = (judged(pictures.iter().cloned()), judged(pictures.iter().take(12).cloned()));
        for (name, score) in [("a door", &long), ("a door, briefly", &short)] {
            println!("{number} {name:20} {}", told(score, &weights));
            let border = score.findings.iter().find(|(cue, _)| *cue == Cue::Border).unwrap().1;
            assert!(!matches!(border, Finding::Score(score) if score > 0.1), "{number} {name}: {border:?}");
            assert!(score.score.is_none_or(|score| score <= 0.25), "{number} {name}: {score:?}");
        }
    }
}

/// What the cues say of a stream, 50 ms from frame to frame.
fn judged(pictures: impl Iterator<Item = RgbImage>) -> CueScore {
    let (mut engine, mut cues) = (engine(), Cues::new(thresholds().cues));
    for (at, picture) in (0u64..).zip(pictures) {
        let frame: Frame = frame(picture, 1000 + 50 * at);
        let sighting = engine.detect(&frame);
        cues.feed(&frame, &sighting);
    }
    cues.score()
}

fn told(score: &CueScore, weights: &CueWeights) -> String {
    let finding = |(cue, finding): &(Cue, Finding)| match finding {
        Finding::Score(score) => format!("{} {score:.2}", cue.id()),
        Finding::NotAssessed(why) => format!("{} not assessed ({why})", cue.id()),
    };
    let findings: Vec<String> = score.findings.iter().map(finding).collect();
    let strongest = score.strongest(weights).map_or("none", Cue::id);
    format!("{:.2}, most by {strongest}: {}", score.score.unwrap_or(f64::NAN), findings.join(", "))
}

#[test]
fn attacks_score_clearly_higher_than_people() {
    let weights = thresholds().cues.weights;
    let (mut living, mut attacks) = (Vec::new(), Vec::new());
    for number in 0..many("GATEPOST_SCENES", 2) {
        let live = film(number, Show::Living);
        let still = std::iter::repeat_n(&live[0], 40).cloned();
        let round = (0..60).map(|at| live[at % 16].clone());
        let frozen_later = live.iter().take(12).chain(std::iter::repeat_n(&live[12], 20)).cloned();
        let rows = [
            ("living", judged(live.iter().cloned()), None),
            ("frozen", judged(still), Some(Cue::Frozen)),
            ("frozen after a while", judged(frozen_later), Some(Cue::Frozen)),
            ("loop", judged(round), Some(Cue::Frozen)),
            ("print", judged(film(number, Show::Sheet(Medium::Print)).into_iter()), Some(Cue::Flat)),
            ("screen", judged(film(number, Show::Sheet(Medium::Screen)).into_iter()), Some(Cue::Border)),
        ];
        for (name, score, cue) in rows {
            println!("{number} {name:20} {}", told(&score, &weights));
            let value = score.score.unwrap();
            match cue {
                None => living.push(value),
                Some(cue) => {
                    let by = score.findings.iter().find(|(c, _)| *c == cue).unwrap().1;
                    assert!(matches!(by, Finding::Score(score) if score > 0.4), "{number} {name}: {by:?}");
                    attacks.push(value);
                }
            }
        }
    }
    let most = living.iter().copied().fold(0.0, f64::max);
    let least = attacks.iter().copied().fold(1.0, f64::min);
    println!("living up to {most:.2}, attacks from {least:.2}");
    assert!(most <= 0.25 && least >= most + 0.25, "{living:?} {attacks:?}");
}
