use super::super::{POINTS, blazeface, scenes};
use super::*;

fn tracker() -> Tracker {
    blazeface::open(&scenes::models()).unwrap()
}

fn face(x: f32, y: f32, side: f32) -> FaceBox {
    FaceBox { x, y, width: side, height: side, score: 0.0 }
}

/// Drawn faces on one wall, `millis` after the stream began.
fn scene(millis: u64, faces: &[FaceBox]) -> Frame {
    const WALL: [u8; 3] = [200, 203, 206];
    let mut rgb = WALL.repeat(640 * 480);
    for face in faces {
        let drawn = scenes::drawn_face(640, 480, face);
        for (pixel, drawn) in rgb.as_chunks_mut::<3>().0.iter_mut().zip(drawn.rgb().as_chunks::<3>().0) {
            if *drawn != WALL {
                *pixel = *drawn;
            }
        }
    }
    Frame::new(640, 480, Millis(millis), millis, rgb).unwrap()
}

/// The face that was drawn here, as the detector frames it.
fn is(found: &FaceBox, drawn: &FaceBox) -> bool {
    let ((x, y), (x0, y0)) = (found.centre(), drawn.centre());
    (x - x0).hypot(y - y0) < 0.2 * drawn.width && (0.8..1.25).contains(&(found.width / drawn.width))
}

/// The middle between the outer corners of the eyes.
fn eyes(sighting: &Sighting) -> (f32, f32) {
    let points = sighting.landmarks.as_ref().unwrap().points();
    ((points[33][0] + points[263][0]) / 2.0, (points[33][1] + points[263][1]) / 2.0)
}

#[test]
fn frames_without_a_face_find_nothing() {
    let mut tracker = tracker();
    for (name, frame) in [
        ("grey", scenes::flat(640, 480, [128; 3])),
        ("ramp", scenes::ramp(640, 480)),
        ("checks", scenes::checks(640, 480, 40)),
        ("fine checks", scenes::checks(640, 480, 3)),
        ("an egg", scenes::egg(640, 480)),
    ] {
        assert_eq!(tracker.detect(&frame).detection, Detection::Faces(vec![]), "{name}");
        assert_eq!(tracker.examine(&frame).detection, Detection::Faces(vec![]), "{name}, long look");
    }
}

#[test]
fn odd_sizes_are_answered() {
    let mut tracker = tracker();
    for (width, height, why) in [
        (0, 0, Some("frame too small")),
        (1, 1, Some("frame too small")),
        (15, 400, Some("frame too small")),
        (20_000, 20, Some("frame too large")),
        (16, 20_000, Some("frame too large")),
        (16, 16, None),
        (16, 3000, None),
        (16_384, 16, None),
        (641, 479, None),
    ] {
        let expected = why.map_or(Detection::Faces(vec![]), Detection::FailureToAssess);
        let frame = scenes::flat(width, height, [77; 3]);
        assert_eq!(tracker.detect(&frame).detection, expected, "{width} x {height}");
        assert_eq!(tracker.examine(&frame).detection, expected, "{width} x {height}, long look");
    }
}

#[test]
fn a_face_is_followed_while_it_moves() {
    let mut tracker = tracker();
    for turn in 0..12u16 {
        let drawn = face(120.0 + 14.0 * f32::from(turn), 120.0 + 3.0 * f32::from(turn), 150.0 + 3.0 * f32::from(turn));
        let seen = tracker.detect(&scene(33 * u64::from(turn), &[drawn]));
        let [found] = seen.faces() else { panic!("{turn}: {:?}", seen.faces()) };
        assert!(is(found, &drawn), "{turn}: {found:?}");
        // Drawn at .39 of the box.
        let ((x, y), (middle, _)) = (eyes(&seen), drawn.centre());
        let off = (x - middle).hypot(y - (drawn.y + 0.39 * drawn.height)) / drawn.width;
        assert!(off < 0.08, "{turn}: eyes off by {off} of the width");
    }
}

/// The box of a face that stands still is the same at looks and between them.
#[test]
fn a_box_does_not_jump_at_looks() {
    let mut tracker = tracker();
    let drawn = face(240.0, 130.0, 170.0);
    let boxes: Vec<FaceBox> = (0..11).map(|turn| tracker.detect(&scene(33 * turn, &[drawn])).faces()[0]).collect();
    // The first square is the detector's, later ones are the points' own.
    for pair in boxes[2..].windows(2) {
        assert!(pair[1].moved_since(&pair[0]) < 0.01, "{pair:?}");
    }
}

#[test]
fn newcomers_are_seen_in_time() {
    let (traveller, newcomer) = (face(90.0, 120.0, 190.0), face(420.0, 150.0, 110.0));
    // At 30 frames a second the fifth frame is the first; at 10, that after 200 ms.
    for (step, most) in [(33, 5), (100, 2)] {
        let mut tracker = tracker();
        assert_eq!(tracker.detect(&scene(0, &[traveller])).faces().len(), 1);
        let seen = (1..=10).find(|turn| tracker.detect(&scene(step * turn, &[traveller, newcomer])).faces().len() == 2);
        assert!(seen.is_some_and(|turn| turn <= most), "{seen:?} at {step} ms");
        // The traveller is still the one whose points are told; and who leaves is missed as soon.
        let both = tracker.detect(&scene(step * 11, &[traveller, newcomer]));
        assert!(is(&both.faces()[0], &traveller) && is(&both.faces()[1], &newcomer), "{:?}", both.faces());
        let gone = (12..=20).find(|turn| tracker.detect(&scene(step * turn, &[traveller])).faces().len() == 1);
        assert!(gone.is_some_and(|turn| turn - 11 <= most), "{gone:?} at {step} ms");
    }
}

#[test]
fn the_larger_face_is_in_front() {
    let mut tracker = tracker();
    let (small, large) = (face(60.0, 160.0, 110.0), face(330.0, 110.0, 220.0));
    tracker.detect(&scene(0, &[small]));
    let seen = (1..=LOOK_EVERY as u64).map(|turn| tracker.detect(&scene(33 * turn, &[small, large]))).last().unwrap();
    assert!(is(&seen.faces()[0], &large) && is(&seen.faces()[1], &small), "{:?}", seen.faces());
    assert!((eyes(&seen).0 - large.centre().0).abs() < 20.0);
    // Not by turns: one that is only a little larger does not take the place.
    let rival = face(20.0, 110.0, 230.0);
    for turn in 10..20 {
        let seen = tracker.detect(&scene(33 * turn, &[rival, large]));
        assert!((eyes(&seen).0 - large.centre().0).abs() < 20.0, "{turn}");
    }
}

#[test]
fn who_leaves_is_gone_at_once_and_found_again_at_once() {
    let mut tracker = tracker();
    let drawn = face(240.0, 130.0, 170.0);
    for turn in 0..3 {
        assert_eq!(tracker.detect(&scene(33 * turn, &[drawn])).faces().len(), 1, "{turn}");
    }
    for turn in 3..6 {
        let seen = tracker.detect(&scene(33 * turn, &[]));
        assert!(seen.faces().is_empty() && seen.landmarks.is_none(), "{turn}: {:?}", seen.faces());
    }
    // Also elsewhere, and also by a jump within the frame.
    for (turn, x) in [(6, 240.0), (7, 240.0), (8, 30.0), (9, 440.0)] {
        let drawn = face(x, 130.0, 170.0);
        let seen = tracker.detect(&scene(33 * turn, &[drawn]));
        assert!(seen.faces().len() == 1 && is(&seen.faces()[0], &drawn), "{turn}: {:?}", seen.faces());
        assert_eq!(seen.landmarks.as_ref().map(|landmarks| landmarks.points().len()), Some(POINTS));
    }
}

#[test]
fn streams_and_pictures_begin_afresh() {
    let mut used = tracker();
    let (first, second) = (scene(0, &[face(100.0, 100.0, 160.0)]), scene(0, &[face(330.0, 150.0, 200.0)]));
    let fresh = tracker().examine(&second);
    used.examine(&first);
    assert_eq!(used.examine(&second), fresh, "a picture after another one");
    for turn in 1..4 {
        used.detect(&scene(33 * turn, &[face(100.0, 100.0, 160.0)]));
    }
    assert_eq!(used.examine(&second), fresh, "a picture within a stream");
    used.detect(&first);
    used.forget();
    assert_eq!(used.detect(&second), tracker().detect(&second), "a stream that was forgotten");
    // A clock that goes back, and frames of another size, are another stream.
    used.detect(&scene(5000, &[face(100.0, 100.0, 160.0)]));
    assert_eq!(used.detect(&scene(10, &[face(100.0, 100.0, 160.0)])).faces().len(), 1);
    let wide = scenes::drawn_face(800, 480, &face(500.0, 150.0, 180.0));
    assert_eq!(used.detect(&wide), tracker().detect(&wide));
}

#[test]
fn still_pictures_are_looked_at_longer() {
    let mut tracker = tracker();
    for (name, width, height, drawn) in [
        ("small in a large picture", 2600, 1800, face(1900.0, 500.0, 110.0)),
        ("beyond the edges", 400, 400, face(-60.0, -40.0, 520.0)),
        ("filling a tall picture", 300, 400, face(10.0, 60.0, 280.0)),
    ] {
        let seen = tracker.examine(&scenes::drawn_face(width, height, &drawn));
        let [found] = seen.faces() else { panic!("{name}: {:?}", seen.faces()) };
        assert!(is(found, &drawn) && seen.landmarks.is_some(), "{name}: {found:?}");
    }
}

/// A poster of ten thousand faces, as near as it can be held: bounded in number, and in the looks that it costs.
#[test]
fn a_poster_of_ten_thousand_faces_is_answered() {
    const SIDE: usize = 40;
    let one = scenes::drawn_face(SIDE as u32, SIDE as u32, &face(6.0, 7.0, 26.0));
    let rows: Vec<&[u8]> = one.rgb().chunks_exact(SIDE * 3).collect();
    for (columns, lines) in [(100, 100), (10, 8)] {
        let rgb = (0..lines * SIDE).flat_map(|y| rows[y % SIDE].repeat(columns)).collect();
        let poster = Frame::new((columns * SIDE) as u32, (lines * SIDE) as u32, Millis(0), 0, rgb).unwrap();
        let mut tracker = tracker();
        for sighting in [tracker.detect(&poster), tracker.examine(&poster)] {
            assert!(sighting.faces().len() <= MAX_FACES, "{}", sighting.faces().len());
            assert!(sighting.faces().iter().all(FaceBox::is_sound));
        }
    }
}

/// Two minutes at 30 frames a second; on every tenth frame everything is measured. To the byte: longer shows no more. A
/// process of twenty thousand frames is in `tests`.
#[test]
fn four_thousand_frames_leave_nothing_behind() {
    const FRAMES: u64 = 4_000;
    let places = (0..8u8).map(|turn| face(200.0 + 6.0 * f32::from(turn), 120.0, 170.0));
    let mut frames: Vec<Frame> = places.map(|drawn| scene(0, &[drawn])).collect();
    let mut tracker = tracker();
    let mut next = |number: u64| {
        // There and back again.
        let place = [0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1][number as usize % 14];
        frames[place].captured_at = Millis(33 * number);
        let seen = tracker.detect(&frames[place]);
        assert!(seen.faces().len() == 1 && seen.landmarks.is_some(), "{number}: {:?}", seen.faces());
        if number.is_multiple_of(10) {
            assert_eq!(crate::face::assess(&frames[place], &seen).faces().len(), 1);
        }
    };
    (0..100).for_each(&mut next);
    let used = allocation_counter::measure(|| (100..FRAMES).for_each(&mut next));
    assert_eq!(used.bytes_current, 0, "{used:?}");
}

#[test]
fn a_followed_frame_costs_its_answer_alone() {
    let mut tracker = tracker();
    let drawn = face(240.0, 130.0, 170.0);
    let frames: Vec<Frame> = (0..LOOK_EVERY.into()).map(|turn| scene(33 * turn, &[drawn])).collect();
    tracker.detect(&frames[0]);
    for frame in &frames[1..] {
        let mut seen = None;
        let used = allocation_counter::measure(|| seen = Some(tracker.detect(frame)));
        // The points, the shared place of them, and the list of faces.
        assert!(used.count_total <= 4, "{used:?}");
        assert!(used.bytes_total < 2 * size_of::<[[f32; 3]; POINTS]>() as u64, "{used:?}");
        assert!(seen.is_some_and(|seen| seen.landmarks.is_some()));
    }
}
