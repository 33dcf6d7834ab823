use super::super::{Detection, FaceBox, Landmarks, POINTS, scenes};
use super::*;
use domain::units::Millis;
use proptest::prelude::*;

const SETTINGS: CueSettings = CueSettings {
    least_frames: 12,
    unblinking_ms: 15_000,
    weights: CueWeights { frozen: 1.0, border: 0.8, flat: 0.6, unblinking: 0.3 },
};
const FACE: FaceBox = FaceBox { x: 220.0, y: 150.0, width: 180.0, height: 180.0, score: 1.0 };

/// A face in a picture of 320 x 240 pixels.
const SMALL: FaceBox = FaceBox { x: 105.0, y: 55.0, width: 105.0, height: 105.0, score: 1.0 };

/// That face with eyes open by some pixels.
fn eyes(open: f32) -> Frame {
    scenes::painted(320, 240, [0.75, 0.5, 0.38], [1.0; 3], &scenes::open_eyes(&scenes::points(&SMALL), open))
}

/// What one cue says after a stream of frames, 50 ms apart.
fn watch(cue: Cue, stream: impl IntoIterator<Item = (Frame, Option<FaceBox>, Option<Landmarks>)>) -> Finding {
    let mut cues = Cues::new(SETTINGS);
    for (at, (mut frame, face, landmarks)) in (0u64..).zip(stream) {
        frame.captured_at = Millis(1000 + 50 * at);
        cues.feed(&frame, &Sighting::by_landmarks(Detection::of(face.into_iter().collect()), landmarks));
    }
    cues.score().findings.into_iter().find(|(c, _)| *c == cue).unwrap().1
}

fn score(finding: Finding) -> f64 {
    match finding {
        Finding::Score(score) => score,
        Finding::NotAssessed(why) => panic!("{why}"),
    }
}

/// The frame with a sensor's noise, as the number says.
fn noisy(frame: &Frame, number: u32, most: u32) -> Frame {
    let mut state = number.wrapping_mul(747_796_405).wrapping_add(1);
    let rgb = frame.rgb().iter().map(|&v| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        v.saturating_add((state >> 24) as u8 % (most + 1) as u8)
    });
    Frame::new(frame.width, frame.height, Millis(0), 0, rgb.collect()).unwrap()
}

#[test]
fn streams_that_stand_or_go_round_are_told_from_live_ones() {
    let scene = scenes::drawn_face(160, 120, &FaceBox { x: 50.0, y: 30.0, width: 60.0, height: 60.0, score: 1.0 });
    let stream = |number: fn(u32) -> u32, extra: u32| {
        let frames = (0..60).map(|i| noisy(&noisy(&scene, number(i), 6), 1000 + i, extra));
        watch(Cue::Frozen, frames.map(|frame| (frame, None, None)))
    };
    for (name, finding, low, high) in [
        ("live", stream(|i| i, 0), 0.0, 0.0),
        ("frozen", stream(|_| 7, 0), 1.0, 1.0),
        ("a loop of twelve frames", stream(|i| i % 12, 0), 1.0, 1.0),
        ("every other frame twice", stream(|i| i / 2, 0), 0.4, 0.6),
        ("frozen after a live start", stream(|i| i.min(43), 0), 0.4, 0.6),
    ] {
        let score = score(finding);
        assert!((low..=high).contains(&score), "{name}: {score}");
    }
    // Recompression changes a few places by a level: less than any sensor does.
    let near = (0..60).map(|i| {
        let mut frame = noisy(&scene, i % 12, 6);
        let mut rgb = frame.rgb().to_vec();
        rgb.iter_mut().skip(i as usize % 17).step_by(17).for_each(|v| *v = v.saturating_add(1));
        frame = Frame::new(frame.width, frame.height, Millis(0), 0, rgb).unwrap();
        (frame, None, None)
    });
    assert!(score(watch(Cue::Frozen, near)) > 0.9);
}

#[test]
fn what_cannot_be_assessed_says_so() {
    let scene = scenes::drawn_face(640, 480, &FACE);
    let black = scenes::flat(160, 120, [3; 3]);
    let points = Landmarks::new(Box::new([[300.0; 3]; POINTS]), 1.0);
    let face = scenes::points(&SMALL);
    let dark = scenes::open_eyes(&face, 0.0).into_iter().map(|(middle, ..)| (middle, [13.0, 12.0], [0.03; 3]));
    let lenses = scenes::painted(320, 240, [0.75, 0.5, 0.38], [1.0; 3], &dark.collect::<Vec<_>>());
    let many = |frame: &Frame, face, landmarks: Option<&Landmarks>| vec![(frame.clone(), face, landmarks.cloned()); 40];
    let near = FaceBox { x: 20.0, y: 10.0, width: 460.0, height: 460.0, score: 1.0 };
    for (name, cue, stream, why) in [
        ("few", Cue::Frozen, vec![(scene.clone(), None, None); 5], "too few frames"),
        ("covered camera", Cue::Frozen, many(&black, None, None), "too few frames"),
        ("tiny", Cue::Frozen, many(&scenes::checks(20, 20, 3), None, None), "too few frames"),
        ("nobody", Cue::Border, many(&scene, None, None), "too few frames that show the head with room around it"),
        (
            "too near",
            Cue::Border,
            many(&scene, Some(near), None),
            "too few frames that show the head with room around it",
        ),
        ("boxes only", Cue::Flat, many(&scene, Some(FACE), None), "needs landmarks"),
        ("boxes only", Cue::Unblinking, many(&scene, Some(FACE), None), "no eyes on which lids are measured"),
        ("dark lenses", Cue::Unblinking, many(&lenses, Some(FACE), Some(&face)), "no eyes on which lids are measured"),
        ("for a moment", Cue::Unblinking, many(&eyes(7.0), Some(FACE), Some(&face)), "watched for too short a time"),
        ("all points in one", Cue::Flat, many(&scene, Some(FACE), Some(&points)), "too few frames"),
    ] {
        assert_eq!(watch(cue, stream), Finding::NotAssessed(why), "{name}");
    }
    let none = Cues::new(SETTINGS).score();
    assert_eq!((none.score, none.strongest(&SETTINGS.weights)), (None, None));
}

/// A head's scene inside a bright sheet with a dark picture on it, or in front of a wall; the sheet's middle is
/// `aside` pixels from where the head is drawn.
fn sheet(lean: f32, sides: [bool; 4], aside: f32) -> Frame {
    let face = scenes::drawn_face(640, 480, &FACE);
    let mut rgb = face.rgb().to_vec();
    for y in 0..480 {
        for x in 0..640 {
            let across = x as f32 - 310.0 - aside;
            let (u, v) = (across - lean * (y as f32 - 240.0), y as f32 - 240.0 + lean * across);
            let [left, right, top, bottom] = sides;
            let outside = (left && u < -160.0) || (right && u > 160.0) || (top && v < -170.0) || (bottom && v > 190.0);
            if outside {
                rgb[(y * 640 + x) * 3..][..3].copy_from_slice(&[60, 62, 70]);
            }
        }
    }
    Frame::new(640, 480, Millis(0), 0, rgb).unwrap()
}

/// The frame and the face in it moved to the right by whole pixels.
fn moved(frame: &Frame, by: usize) -> (Frame, FaceBox) {
    let row = frame.width as usize * 3;
    let rgb = frame.rgb().chunks_exact(row).flat_map(|line| {
        let edge = line[..3].iter().copied().cycle().take(by * 3);
        edge.chain(line[..row - by * 3].iter().copied()).collect::<Vec<u8>>()
    });
    let frame = Frame::new(frame.width, frame.height, Millis(0), 0, rgb.collect()).unwrap();
    (frame, FaceBox { x: FACE.x + by as f32, ..FACE })
}

#[test]
fn a_border_around_the_head_is_seen_and_a_wall_is_not_one() {
    let all = [true; 4];
    for (name, lean, sides, low, high) in [
        ("a wall", 0.0, [false; 4], 0.0, 0.0),
        ("a sheet", 0.0, all, 0.9, 1.0),
        ("a leaning sheet", 0.08, all, 0.8, 1.0),
        ("a door beside the head", 0.0, [true, false, false, false], 0.0, 0.0),
        ("a window behind it", 0.0, [true, true, false, false], 0.0, 0.0),
    ] {
        let frame = sheet(lean, sides, 0.0);
        let stream = (0..16).map(|i| (noisy(&frame, i, 6), Some(FACE), None));
        let score = score(watch(Cue::Border, stream));
        assert!((low..=high).contains(&score), "{name}: {score}");
    }
}

#[test]
fn a_border_goes_with_the_face_and_a_door_stays() {
    // Left, right and above: a sheet held at its foot, or a door.
    let (three, all) = ([true, true, true, false], [true; 4]);
    let swing = |i: u32, far: f32| (far * (0.5 - 0.5 * (i as f32 / 5.0).cos())) as usize;
    let stream = |sides, far, carried: bool| {
        let frames = (0..32).map(move |i| {
            let by = swing(i, far);
            let behind = if carried { 0.0 } else { -(by as f32) };
            let (frame, face) = moved(&sheet(0.0, sides, behind), by);
            (noisy(&frame, i, 6), Some(face), None)
        });
        watch(Cue::Border, frames)
    };
    for (name, sides, far, carried, low, high) in [
        ("a sheet held at its foot", three, 30.0, true, 0.6, 0.8),
        ("a sheet", all, 30.0, true, 0.9, 1.0),
        ("a door", three, 30.0, false, 0.0, 0.0),
        ("a window", all, 30.0, false, 0.0, 0.0),
        ("a sheet that hardly moves", all, 3.0, true, 0.9, 1.0),
    ] {
        let score = score(stream(sides, far, carried));
        assert!((low..=high).contains(&score), "{name}: {score}");
    }
    for carried in [false, true] {
        let why = Finding::NotAssessed("too little movement to tell a border from a door");
        assert_eq!(stream(three, 3.0, carried), why, "{carried}");
    }
}

/// Points of a head `depth` times as deep as a head is, turned by `yaw` radians and moved aside by `aside` pixels.
fn head(depth: f32, yaw: f32, aside: f32) -> Landmarks {
    let mut points = Box::new([[0f32; 3]; POINTS]);
    // Across, down and towards the camera, in distances between the eyes: an average head's.
    let places: &[(usize, [f32; 3])] = &[
        (1, [0.0, 0.75, 0.45]),
        (4, [0.0, 0.7, 0.5]),
        (168, [0.0, 0.0, 0.2]),
        (6, [0.0, 0.1, 0.25]),
        (2, [0.0, 0.85, 0.3]),
        (64, [-0.28, 0.75, 0.2]),
        (294, [0.28, 0.75, 0.2]),
        (33, [-0.72, 0.0, -0.05]),
        (133, [-0.28, 0.0, 0.0]),
        (362, [0.28, 0.0, 0.0]),
        (263, [0.72, 0.0, -0.05]),
        (10, [0.0, -0.9, 0.15]),
        (151, [0.0, -0.6, 0.2]),
        (127, [-1.1, 0.0, -0.8]),
        (356, [1.1, 0.0, -0.8]),
        (234, [-1.15, 0.3, -0.9]),
        (454, [1.15, 0.3, -0.9]),
        (50, [-0.75, 0.5, 0.0]),
        (280, [0.75, 0.5, 0.0]),
    ];
    for &(index, [x, y, z]) in places {
        let across = x * yaw.cos() + depth * z * yaw.sin();
        points[index] = [300.0 + aside + 80.0 * across, 200.0 + 80.0 * y, 0.0];
    }
    Landmarks::new(points, 1.0)
}

#[test]
fn a_plane_is_told_from_a_head_once_it_moves() {
    let frame = scenes::flat(64, 64, [90; 3]);
    let stream = |depth: f32, yaw: f32, aside: f32| {
        let moves = (0..50).map(move |i| (i as f32 / 8.0).sin());
        let moves = moves.map(move |now| head(depth, yaw * now, aside * now));
        watch(Cue::Flat, moves.map(|points| (frame.clone(), Some(FACE), Some(points))))
    };
    for (name, depth, yaw, aside, low, high) in [
        ("a head that turns", 1.0, 0.1, 0.0, 0.0, 0.0),
        ("a head that steps aside and turns", 1.0, 0.1, 60.0, 0.0, 0.0),
        ("a sheet that moves", 0.0, 0.0, 60.0, 0.9, 1.0),
        ("a sheet that moves and turns", 0.0, 0.2, 60.0, 0.9, 1.0),
        ("a sheet that moves a little", 0.0, 0.0, 18.0, 0.05, 0.6),
    ] {
        let score = score(stream(depth, yaw, aside));
        assert!((low..=high).contains(&score), "{name}: {score}");
    }
    assert_eq!(stream(0.0, 0.2, 0.0), Finding::NotAssessed("too little movement"));
    assert_eq!(stream(1.0, 0.0, 3.0), Finding::NotAssessed("too little movement"));
}

#[test]
fn a_head_shown_first_does_not_speak_for_a_sheet_for_ever() {
    let frame = scenes::flat(64, 64, [90; 3]);
    let swing = |i: u32| 60.0 * (i as f32 / 8.0).sin();
    // Twenty frames a second; the head that is shown first looks aside, so that the sheet cannot be it.
    let stream = |first: u32, hidden: u64, far: f32, all: u32| {
        let mut cues = Cues::new(SETTINGS);
        for i in 0..all {
            let points = if i < first { head(1.0, 0.25, swing(i)) } else { head(0.0, 0.0, swing(i) + far) };
            let mut frame = frame.clone();
            frame.captured_at = Millis(1000 + 50 * u64::from(i) + if i < first { 0 } else { hidden });
            cues.feed(&frame, &Sighting::by_landmarks(Detection::of(vec![FACE]), Some(points)));
        }
        score(cues.score().findings.into_iter().find(|(cue, _)| *cue == Cue::Flat).unwrap().1)
    };
    assert!(stream(6, 0, 0.0, 50) < 0.1, "the sheet is held against the head");
    for (name, score) in [
        ("after some seconds", stream(6, 0, 0.0, 130)),
        ("after a gap", stream(6, 700, 0.0, 60)),
        ("after a jump", stream(6, 0, 90.0, 60)),
        ("a sheet from the first", stream(0, 0, 0.0, 300)),
    ] {
        assert!(score > 0.8, "{name}: {score}");
    }
}

#[test]
fn eyes_that_do_not_blink_grow_suspect() {
    let [open, shut] = [eyes(7.0), eyes(0.0)];
    // The points stay: FaceMesh draws open lids over shut eyes.
    let face = scenes::points(&SMALL);
    let stream = |frames: u32, blinks: &[u32]| {
        let blink = |i| blinks.iter().any(|b| (*b..b + 4).contains(&i));
        let frames = (0..frames).map(|i| if blink(i) { shut.clone() } else { open.clone() });
        watch(Cue::Unblinking, frames.map(|frame| (frame, Some(SMALL), Some(face.clone()))))
    };
    // Twenty frames a second.
    for (name, finding, low, high) in [
        ("five seconds", stream(100, &[]), 0.05, 0.2),
        ("twenty seconds", stream(400, &[]), 0.6, 0.75),
        ("twenty seconds with blinks", stream(400, &[100, 200, 350]), 0.0, 0.0),
        ("a blink at the start", stream(60, &[10]), 0.0, 0.0),
    ] {
        let score = score(finding);
        assert!((low..=high).contains(&score), "{name}: {score}");
    }
}

#[test]
fn cues_add_up_in_fine_steps_and_name_the_strongest() {
    let scene = sheet(0.0, [true; 4], 0.0);
    let mut cues = Cues::new(SETTINGS);
    let mut steps = Vec::new();
    for at in 0..300u32 {
        let mut frame = noisy(&scene, at.min(60), 6);
        frame.captured_at = Millis(u64::from(at) * 50);
        let landmarks = Some(head(0.0, 0.0, 60.0 * (at as f32 / 9.0).sin()));
        cues.feed(&frame, &Sighting::by_landmarks(Detection::of(vec![FACE]), landmarks));
        steps.extend(cues.score().score.map(|score| (score * 100.0).round() as u32));
    }
    let last = cues.score();
    assert!(last.score > Some(0.97), "{last:?}");
    assert_eq!(last.strongest(&SETTINGS.weights), Some(Cue::Frozen));
    steps.sort_unstable();
    steps.dedup();
    assert!(steps.len() >= 10, "{steps:?}");
}

#[test]
fn settings_are_checked_at_the_door() {
    let good = serde_json::json!({
        "least_frames": 12, "unblinking_ms": 15000,
        "weights": {"frozen": 1.0, "border": 0.8, "flat": 0.6, "unblinking": 0.3},
    });
    assert_eq!(serde_json::from_value::<CueSettings>(good.clone()).unwrap(), SETTINGS);
    for (path, value) in [("/weights/frozen", 1.5), ("/weights/flat", -0.1), ("/weights/typo", 0.5), ("/typo", 1.0)] {
        let mut wrong = good.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = serde_json::json!(value);
        assert!(serde_json::from_value::<CueSettings>(wrong).is_err(), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_panics_and_every_score_is_a_share(
        (width, height) in (0u32..90, 0u32..90), times in proptest::collection::vec(any::<u64>(), 1..30),
        boxes in proptest::collection::vec((-100f32..100.0, -100f32..100.0, 0f32..200.0, any::<f32>()), 1..8),
        place in any::<f32>(), tame in any::<bool>(),
    ) {
        let mut cues = Cues::new(CueSettings { least_frames: 0, ..SETTINGS });
        for (at, time) in times.into_iter().enumerate() {
            let rgb = (0..width * height * 3).map(|i| (i as u8).wrapping_mul(at as u8 | 1)).collect();
            let frame = Frame::new(width, height, Millis(time), 0, rgb).unwrap();
            let (x, y, side, wild) = boxes[at % boxes.len()];
            let face = FaceBox { x, y, width: if tame { side } else { wild }, height: side, score: 0.0 };
            let mut points = Box::new([[x; 3]; POINTS]);
            points[at * 7 % POINTS] = [place, y, 0.0];
            let landmarks = Some(Landmarks::new(points, 1.0));
            cues.feed(&frame, &Sighting::by_landmarks(Detection::Faces(vec![face]), landmarks));
            let now = cues.score();
            prop_assert!(now.score.is_none_or(|score| (0.0..=1.0).contains(&score)), "{:?}", now);
        }
    }
}
