//! Painted eyes and mouths, what hides them, and what is measured.

use super::*;
use crate::face::{FaceBox, Landmarks, scenes, scenes::Painted};

const FACE: FaceBox = FaceBox { x: 215.0, y: 110.0, width: 210.0, height: 210.0, score: 1.0 };
const LIGHT: [f32; 3] = [0.75, 0.5, 0.38];
const TEETH: [f32; 3] = [0.6, 0.58, 0.55];
/// The inside of a mouth.
const INSIDE: [f32; 3] = [0.12, 0.02, 0.02];
const NOTHING: Painted = ([0.0; 2], [0.0; 2], [0.0; 3]);

/// Middles of the eye on the left, of the other, and of the lips.
fn places() -> [[f32; 2]; 3] {
    let points = scenes::points(&FACE);
    let at = |[a, b]: [usize; 2]| mix2(points.points()[a], points.points()[b]);
    [at(EYE_CORNERS[0]), at(EYE_CORNERS[1]), at(LIP_EDGES)]
}

/// Points of lips that are `gap` pixels apart.
fn parted(gap: f32) -> Landmarks {
    let shut = scenes::points(&FACE);
    let mut points = Box::new(*shut.points());
    points[LIP_EDGES[0]][1] -= gap / 2.0;
    points[LIP_EDGES[1]][1] += gap / 2.0;
    Landmarks::new(points, 1.0)
}

fn mix2(a: [f32; 3], b: [f32; 3]) -> [f32; 2] {
    mix([a[0], a[1]], [b[0], b[1]])
}

/// Skin with eyes open by `eyes` and a mouth by `mouth`, in pixels, and what hides them; the light scales each channel.
fn measured(skin: [f32; 3], light: [f32; 3], eyes: f32, mouth: f32, before: &[Painted]) -> Openings {
    let [left, right, lips] = places();
    let mut painted = before.to_vec();
    painted.push((lips, [24.0, mouth / 2.0], TEETH));
    painted.extend(scenes::open_eyes(&scenes::points(&FACE), eyes));
    let frame = scenes::painted(640, 480, skin, light, &painted);
    let points = parted(mouth.max(
        before.iter().filter(|(.., colour)| *colour == INSIDE).map(|(_, half, _)| 2.0 * half[1]).fold(0.0, f32::max),
    ));
    let geometry = Geometry::of_points(&points).unwrap();
    let lit = [0, 1, 2].map(|c| f64::from(skin[c] * light[c]));
    assert!(left[0] < right[0]);
    Openings::of(&frame, points.points(), &geometry, lit)
}

#[test]
fn openings_are_measured_on_every_skin_and_in_every_light() {
    for (name, skin, light) in [
        ("light skin", [0.75, 0.5, 0.38], [1.0; 3]),
        ("brown skin", [0.32, 0.15, 0.08], [1.0; 3]),
        ("dark skin", [0.09, 0.05, 0.03], [1.0; 3]),
        ("dark skin, dim", [0.09, 0.05, 0.03], [0.5; 3]),
        ("light skin, warm", [0.75, 0.5, 0.38], [1.05, 1.0, 0.9]),
        ("brown skin, cold", [0.32, 0.15, 0.08], [0.95, 1.0, 1.1]),
    ] {
        let unit = f64::from(Geometry::of_points(&scenes::points(&FACE)).unwrap().eye_to_chin);
        for (eyes, mouth) in [(14.0, 0.0), (0.0, 0.0), (10.0, 12.0), (0.0, 30.0)] {
            let got = measured(skin, light, eyes, mouth, &[]);
            for eye in got.eyes {
                let off = (eye.unwrap() * unit - f64::from(eyes)).abs();
                assert!(off <= 3.0, "{name}: eyes {eyes} measured {eye:?} of {unit}");
            }
            let off = (got.mouth.unwrap() * unit - f64::from(mouth)).abs();
            assert!(off <= 3.0, "{name}: mouth {mouth} measured {:?} of {unit}", got.mouth);
        }
    }
}

#[test]
fn lenses_and_patches_are_no_open_eyes() {
    let [left, right, _] = places();
    let unit = f64::from(Geometry::of_points(&scenes::points(&FACE)).unwrap().eye_to_chin);
    for (skin, tone) in [(LIGHT, "light"), ([0.32, 0.15, 0.08], "brown")] {
        for (name, colour) in [("black", [0.02; 3]), ("grey", [0.2; 3]), ("bandage", [0.7, 0.7, 0.68])] {
            for (down, half) in [(0.0, 12.0), (0.0, 30.0), (-9.0, 16.0), (9.0, 16.0)] {
                let before = |[x, y]: [f32; 2]| ([x, y + down], [26.0, half], colour);
                let got = measured(skin, [1.0; 3], 14.0, 0.0, &[before(left), before(right)]).eyes;
                assert_eq!(got, [Err("something before an eye"); 2], "{name} {half} {down} on {tone} skin");
                // One eye's patch does not speak for the other.
                let [one, other] = measured(skin, [1.0; 3], 14.0, 0.0, &[before(left)]).eyes;
                assert!(one.is_err() && (other.unwrap() * unit - 14.0).abs() <= 3.0, "{name}: {one:?} {other:?}");
            }
        }
    }
    // A brow that reaches into the region is neither.
    let brow = |[x, y]: [f32; 2]| ([x, y - 16.0], [24.0, 5.0], [0.02, 0.015, 0.01]);
    for eyes in [14.0, 0.0] {
        for eye in measured(LIGHT, [1.0; 3], eyes, 0.0, &[brow(left), brow(right)]).eyes {
            assert!((eye.unwrap() * unit - f64::from(eyes)).abs() <= 3.0, "{eyes}: {eye:?}");
        }
    }
}

#[test]
fn skin_without_colour_is_not_judged() {
    for (name, skin, light) in
        [("monochrome", [0.4; 3], [1.0; 3]), ("blue light", LIGHT, [0.4, 0.7, 1.0]), ("bluer", LIGHT, [0.2, 0.7, 1.0])]
    {
        for eyes in [0.0, 14.0] {
            let got = measured(skin, light, eyes, 0.0, &[]);
            assert!(got.eyes.iter().all(Result::is_err) && got.mouth.is_err(), "{name}: {got:?}");
        }
    }
}

#[test]
fn a_wide_mouth_is_open_and_a_beard_is_not() {
    let [.., lips] = places();
    let [x, y] = lips;
    let unit = f64::from(Geometry::of_points(&scenes::points(&FACE)).unwrap().eye_to_chin);
    let (red, hair, lip) = (INSIDE, [0.03, 0.02, 0.015], [0.4, 0.2, 0.16]);
    // A fifth of the eye-to-chin distance of 160 pixels, more, and as much as is looked at.
    for (height, known) in [(33.0, true), (44.0, true), (56.0, true), (70.0, false), (110.0, false)] {
        let got = measured(LIGHT, [1.0; 3], 14.0, 0.0, &[(lips, [24.0, height / 2.0], red)]).mouth;
        match got {
            Ok(gap) => assert!(known && (gap * unit - f64::from(height)).abs() <= 3.0, "{height}: {gap} of {unit}"),
            Err(why) => assert!(!known && why == "the mouth is covered or wide open", "{height}: {why}"),
        }
    }
    for (name, before, gap) in [
        ("full", [(lips, [24.0, 8.0], lip), (lips, [50.0, 60.0], hair), NOTHING], 0.0),
        ("below", [(lips, [24.0, 8.0], lip), ([x, y + 30.0], [50.0, 30.0], hair), NOTHING], 0.0),
        ("open", [(lips, [24.0, 6.0], red), (lips, [24.0, 16.0], lip), (lips, [50.0, 60.0], hair)], 12.0),
    ] {
        let got = measured(LIGHT, [1.0; 3], 14.0, 0.0, &before).mouth.unwrap() * unit;
        assert!((got - gap).abs() <= 3.0, "{name}: {got}");
    }
}

#[test]
fn few_pixels_and_places_outside_the_frame_are_not_judged() {
    let small = scenes::points(&FaceBox { x: 20.0, y: 20.0, width: 40.0, height: 40.0, score: 1.0 });
    let outside = scenes::points(&FaceBox { x: 700.0, ..FACE });
    for (name, points, width, height) in
        [("small", &small, 640, 480), ("outside", &outside, 640, 480), ("one pixel", &outside, 1, 1)]
    {
        let geometry = Geometry::of_points(points).unwrap();
        let got = Openings::of(&scenes::flat(width, height, [90; 3]), points.points(), &geometry, [0.2, 0.1, 0.1]);
        let [eyes, mouth] = [Err("too few pixels for the lids"), Err("too few pixels for the lips")];
        assert_eq!(got, Openings { eyes: [eyes; 2], mouth }, "{name}");
    }
}
