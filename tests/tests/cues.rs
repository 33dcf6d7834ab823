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
