use super::*;
use domain::finger::{Finger, Hand};
use domain::image::FingerImage;
use proptest::prelude::*;

const SIZE: (usize, usize) = (1600, 1500);
const MM: f32 = 500.0 / 25.4;

/// Where a fingertip is drawn: middle and half sides in pixels, degrees clockwise.
#[derive(Clone, Copy, Debug)]
struct Drawn {
    centre: (f32, f32),
    half: (f32, f32),
    angle: f32,
}

/// A platen with ridges every nine pixels on each fingertip, on a ground with a little noise.
fn platen(tips: &[Drawn], (width, height): (usize, usize)) -> Vec<u8> {
    let mut noise = 12_345u32;
    let mut grey = Vec::with_capacity(width * height);
    for at in 0..width * height {
        let (x, y) = ((at % width) as f32, (at / width) as f32);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (noise >> 29) as f32;
        let on = tips.iter().find_map(|tip| {
            let (sine, cosine) = tip.angle.to_radians().sin_cos();
            let (dx, dy) = (x - tip.centre.0, y - tip.centre.1);
            let (u, v) = (dx * cosine + dy * sine, dy * cosine - dx * sine);
            let inside = (u / tip.half.0).powi(2) + (v / tip.half.1).powi(2) <= 1.0;
            inside.then(|| 150.0 + 90.0 * ((0.8 * v + 0.4 * u) * std::f32::consts::TAU / 9.0).sin())
        });
        grey.push((on.unwrap_or(245.0) + grain) as u8);
    }
    grey
}

fn found(tips: &[Drawn]) -> Slap {
    Segmenter::new().segment(&platen(tips, SIZE), SIZE.0, SIZE.1, Ppi::FIVE_HUNDRED)
}

/// The fingers of a hand, index to little, as anatomy has them; from left to right on the platen.
fn hand(of: Hand, rotation: f32) -> Vec<Drawn> {
    let mirror = if of == Hand::Right { 1.0 } else { -1.0 };
    let (sine, cosine) = rotation.to_radians().sin_cos();
    let place = |&(x, y, angle, size): &(f32, f32, f32, f32)| {
        let (x, y) = (mirror * (x - 9.0) * MM, (y - 8.0) * MM);
        let middle = (SIZE.0 as f32 / 2.0, SIZE.1 as f32 / 2.0);
        Drawn {
            centre: (middle.0 + x * cosine - y * sine, middle.1 + x * sine + y * cosine),
            half: (150.0 * size, 195.0 * size),
            angle: rotation + mirror * angle,
        }
    };
    let right = [(-20.5, 6.5, -5.0, 1.0), (0.0, 0.0, -1.0, 1.02), (20.3, 5.3, 3.5, 0.97), (38.8, 20.5, 9.0, 0.9)];
    let mut tips: Vec<Drawn> = right.iter().map(place).collect();
    if of == Hand::Left {
        tips.reverse();
    }
    tips
}

fn four(of: Hand) -> Vec<Finger> {
    let mut fingers = Finger::ALL.into_iter().filter(|finger| finger.hand() == of).skip(1).collect::<Vec<_>>();
    if of == Hand::Left {
        fingers.reverse();
    }
    fingers
}

fn names(reading: &Reading) -> Vec<Finger> {
    reading.named.iter().map(|(finger, _)| *finger).collect()
}

fn near(found: &FingerBox, drawn: &Drawn, pixels: f32) {
    let (across, along) = found.within(drawn.centre);
    let wide = (found.size.0 / 2.0 - drawn.half.0).abs() + across.abs();
    let long = (found.size.1 / 2.0 - drawn.half.1).abs() + along.abs();
    assert!(wide < pixels && long < pixels, "{found:?} is not {drawn:?}");
    assert!((found.angle - drawn.angle).abs() < 9.0, "{found:?} is not turned as {drawn:?}");
}

#[test]
fn whole_hands_are_boxed_and_named_however_they_are_turned() {
    for of in [Hand::Right, Hand::Left] {
        for rotation in [-45.0, -30.0, -12.0, 0.0, 20.0, 45.0] {
            let drawn = hand(of, rotation);
            let slap = found(&drawn);
            assert_eq!(slap.fingers.len(), 4, "{of:?} {rotation}");
            slap.fingers.iter().zip(&drawn).for_each(|(found, drawn)| near(found, drawn, 25.0));
            let reading = read(&slap, &four(of));
            assert_eq!((names(&reading), reading.hand), (four(of), Some(of)), "{rotation}: {reading:?}");
            let other = if of == Hand::Right { Hand::Left } else { Hand::Right };
            let swapped = read(&slap, &four(other));
            assert_eq!((swapped.problem, swapped.named), (Some(Problem::WrongHand), vec![]), "{of:?} {rotation}");
        }
    }
}

#[test]
fn a_missing_finger_is_named_by_the_gap() {
    for of in [Hand::Right, Hand::Left] {
        for gone in 0..4 {
            let (mut drawn, mut there) = (hand(of, -15.0), four(of));
            drawn.remove(gone);
            let missing = vec![there.remove(gone)];
            let slap = found(&drawn);
            let reading = read(&slap, &four(of));
            assert_eq!(names(&reading), there, "{reading:?}");
            assert_eq!(reading.problem, Some(Problem::TooFew { missing: missing.clone() }));
            let declared = read(&slap, &there);
            assert_eq!((names(&declared), declared.problem), (there, None), "{of:?} without {missing:?}");
        }
    }
}

/// What is drawn, what was asked for, what is wrong, and what is named.
type Row<'a> = (&'a [Drawn], &'a [Finger], Option<Problem>, &'a [Finger]);

#[test]
fn what_cannot_be_named_is_not_guessed() {
    let right = hand(Hand::Right, 0.0);
    let wanted = four(Hand::Right);
    let thumbs = [Finger::RightThumb, Finger::LeftThumb];
    let little = [Finger::RightLittle, Finger::RightIndex, Finger::RightMiddle];
    let rows: [Row; 8] = [
        (&[], &wanted, Some(Problem::NoFinger), &[]),
        (&right[..1], &wanted, Some(Problem::TooFew { missing: vec![] }), &[]),
        (&right[..1], &[Finger::LeftRing], None, &[Finger::LeftRing]),
        (&right[1..3], &thumbs, None, &[Finger::LeftThumb, Finger::RightThumb]),
        (&right[..1], &thumbs, Some(Problem::TooFew { missing: vec![] }), &[]),
        (&right, &thumbs, Some(Problem::TooMany), &[]),
        (&right, &wanted[..2], Some(Problem::TooMany), &[]),
        (&right[..3], &little, Some(Problem::OtherFingers { missing: vec![Finger::RightLittle] }), &[]),
    ];
    for (drawn, wanted, problem, named) in rows {
        let reading = read(&found(drawn), wanted);
        assert_eq!((&reading.problem, names(&reading)), (&problem, named.to_vec()), "{wanted:?} of {}", drawn.len());
    }
}

#[test]
fn only_the_fingertip_counts() {
    let tips = hand(Hand::Right, 10.0);
    for gap in [-0.1, 0.05, 0.3] {
        // The middle phalanx of each finger, below its tip: joined to it, just parted, and clearly parted.
        let below = tips.iter().map(|tip| {
            let (sine, cosine) = tip.angle.to_radians().sin_cos();
            let down = tip.half.1 * (2.0 + gap);
            let centre = (tip.centre.0 - sine * down, tip.centre.1 + cosine * down);
            Drawn { centre, half: (tip.half.0 * 1.05, tip.half.1), ..*tip }
        });
        let drawn: Vec<Drawn> = tips.iter().copied().chain(below).collect();
        let slap = found(&drawn);
        assert_eq!(slap.fingers.len(), 4, "{gap}: {slap:?}");
        for (found, tip) in slap.fingers.iter().zip(&tips) {
            let (x, y) = found.tip();
            let (across, along) =
                FingerBox { centre: tip.centre, size: tip.half, angle: tip.angle, cut_off: false }.within((x, y));
            assert!(across.abs() < 25.0 && (along - tip.half.1).abs() < 25.0, "{gap}: {found:?} for {tip:?}");
            assert!(found.size.1 < 1.4 * 2.0 * tip.half.1, "{gap}: {found:?} reaches below the joint of {tip:?}");
        }
    }
}

#[test]
fn fingers_that_touch_are_parted() {
    let tips: Vec<Drawn> = (0..4)
        .map(|at| Drawn { centre: (340.0 + 307.0 * at as f32, 700.0), half: (150.0, 200.0), angle: 0.0 })
        .collect();
    let slap = found(&tips);
    assert_eq!(slap.fingers.len(), 4, "{slap:?}");
    slap.fingers.iter().zip(&tips).for_each(|(found, tip)| near(found, tip, 45.0));
}

#[test]
fn a_finger_over_the_edge_is_told_from_one_that_only_meets_it() {
    for (x, cut_off) in [(165.0, false), (90.0, true), (1435.0, false), (1530.0, true)] {
        let slap = found(&[Drawn { centre: (x, 700.0), half: (150.0, 200.0), angle: 0.0 }]);
        assert_eq!(slap.fingers.len(), 1);
        assert_eq!(slap.fingers[0].cut_off, cut_off, "{x}");
        let reading = read(&slap, &[Finger::RightIndex]);
        let problem = cut_off.then(|| Problem::CutOff { fingers: vec![Finger::RightIndex] });
        assert_eq!((reading.named.is_empty(), reading.problem), (cut_off, problem));
    }
}

#[test]
fn a_platen_without_fingers_shows_none() {
    let shades: [fn(f32, f32) -> f32; 5] = [
        |_, _| 255.0,
        |_, _| 0.0,
        // Lit from one corner; a halo; a dark frame.
        |x, y| 120.0 + 0.04 * (x + y),
        |x, y| 250.0 - 80.0 * (-((x - 800.0).powi(2) + (y - 700.0).powi(2)) / 90_000.0).exp(),
        |x, _| if x < 40.0 { 60.0 } else { 240.0 },
    ];
    for (which, shade) in shades.iter().enumerate() {
        let grey: Vec<u8> =
            (0..SIZE.0 * SIZE.1).map(|at| shade((at % SIZE.0) as f32, (at / SIZE.0) as f32) as u8).collect();
        let slap = Segmenter::new().segment(&grey, SIZE.0, SIZE.1, Ppi::FIVE_HUNDRED);
        assert!(slap.fingers.is_empty(), "{which}: {slap:?}");
    }
}

#[test]
fn a_cut_finger_stands_alone() {
    let drawn = hand(Hand::Left, -40.0);
    let grey = platen(&drawn, SIZE);
    let slap = Segmenter::new().segment(&grey, SIZE.0, SIZE.1, Ppi::FIVE_HUNDRED);
    let glass = FingerImage::new(SIZE.0 as u32, SIZE.1 as u32, Ppi::FIVE_HUNDRED, 8, grey).unwrap();
    for (index, tip) in drawn.iter().enumerate() {
        let one = cut(&slap, index, &glass).unwrap();
        assert!(one.width <= 800 && one.height <= 1000);
        let dark = one.grey().iter().filter(|value| **value < 130).count() as f32;
        let area = std::f32::consts::PI * tip.half.0 * tip.half.1;
        assert!((0.35..0.45).contains(&(dark / area)), "finger {index}: {}", dark / area);
    }
    assert!(cut(&slap, 4, &glass).is_none());
    let other = FingerImage::new(20, 20, Ppi::FIVE_HUNDRED, 8, vec![0; 400]).unwrap();
    assert!(cut(&slap, 0, &other).is_none(), "the box lies beyond this picture");
}

#[test]
fn a_finer_picture_shows_the_same_at_twice_the_size() {
    let drawn = hand(Hand::Right, 0.0);
    let grey = platen(&drawn, SIZE);
    let twice: Vec<u8> = (0..SIZE.1 * 2)
        .flat_map(|y| (0..SIZE.0 * 2).map(move |x| (x, y)))
        .map(|(x, y)| grey[y / 2 * SIZE.0 + x / 2])
        .collect();
    let ppi = Ppi::try_from(1000).unwrap();
    let slap = Segmenter::new().segment(&twice, SIZE.0 * 2, SIZE.1 * 2, ppi);
    assert_eq!(names(&read(&slap, &four(Hand::Right))), four(Hand::Right), "{slap:?}");
    let at = slap.fingers[0].centre;
    assert!((at.0 / 2.0 - drawn[0].centre.0).abs() < 25.0 && (at.1 / 2.0 - drawn[0].centre.1).abs() < 25.0);
}

#[test]
fn buffers_of_one_picture_do_not_reach_the_next() {
    let mut segmenter = Segmenter::new();
    let mut seen = |drawn: &[Drawn], size: (usize, usize)| {
        segmenter.segment(&platen(drawn, size), size.0, size.1, Ppi::FIVE_HUNDRED)
    };
    let right = hand(Hand::Right, 5.0);
    let first = seen(&right, SIZE);
    assert!(seen(&[], (40, 2000)).fingers.is_empty());
    assert!(seen(&[], (0, 0)).fingers.is_empty() && seen(&[], (7, 7)).fingers.is_empty());
    assert_eq!(seen(&right, SIZE), first);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn arbitrary_pixels_are_read_without_a_panic(
        (width, height, grey) in (0usize..160, 0usize..160)
            .prop_flat_map(|(w, h)| (Just(w), Just(h), prop::collection::vec(any::<u8>(), w * h))),
        ppi in 100u32..2000,
        wanted in prop::sample::subsequence(Finger::ALL.to_vec(), 0..10),
    ) {
        let ppi = Ppi::try_from(ppi).unwrap();
        let slap = Segmenter::new().segment(&grey, width, height, ppi);
        let reading = read(&slap, &wanted);
        prop_assert!(reading.named.len() <= wanted.len());
        let glass = FingerImage::new(width as u32, height as u32, ppi, 8, grey).unwrap();
        for index in 0..slap.fingers.len() {
            let _ = cut(&slap, index, &glass);
        }
    }

    #[test]
    fn fits_are_finite_for_any_boxes(
        boxes in prop::collection::vec((0.0f32..1600.0, 0.0f32..1500.0, 0.0f32..900.0, 0.0f32..900.0, -90.0f32..90.0), 0..6),
    ) {
        let fingers: Vec<_> = boxes
            .into_iter()
            .map(|(x, y, w, h, angle)| FingerBox { centre: (x, y), size: (w, h), angle, cut_off: false })
            .collect();
        let slap = Slap { fingers, rotation: 0.0, per_mm: MM };
        prop_assert!(fits(&slap).iter().all(|fit| fit.cost.is_finite()));
    }
}
