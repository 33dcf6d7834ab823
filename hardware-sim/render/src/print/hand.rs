//! Where the fingers of a hand lie beside each other.

use super::super::maths::sin_cos_deg;
use super::super::rng::Rng;
use super::slap::HandPose;

/// The place of a fingertip: millimetres right of and below the middle of the platen, and degrees clockwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub x: f32,
    pub y: f32,
    pub angle: f32,
}

/// Fingertips of a right hand lying flat: millimetres from the tip of the middle finger, and degrees that the finger
/// points outwards. Tips are 19 to 21 mm apart and the little finger's lies a joint lower (drawn after the hand lengths
/// of Garrett, "The adult human hand", 1971: index 75, middle 83, ring 77, little 61 mm).
const RIGHT: [Place; 5] = [
    Place { x: -54.0, y: 52.0, angle: -38.0 },
    Place { x: -20.6, y: 6.5, angle: -5.0 },
    Place { x: 0.0, y: 0.0, angle: -1.0 },
    Place { x: 20.2, y: 5.0, angle: 3.5 },
    Place { x: 38.6, y: 19.0, angle: 9.0 },
];

/// Two thumbs side by side: half their distance, and the tilt towards each other.
const THUMBS: Place = Place { x: 16.0, y: 0.0, angle: 7.0 };

/// Two hands on one platen stand this far apart, measured between their nearest fingertips.
const BETWEEN_HANDS: f32 = 23.0;

/// The place of each finger, in the order of `codes`.
pub(super) fn places(codes: &[u8], pose: &HandPose) -> Vec<Place> {
    let pose = bounded(pose);
    let mut places: Vec<Place> = codes.iter().map(|code| own(*code, codes, &pose)).collect();
    part_hands(codes, &mut places);
    centre(&mut places);
    let (sine, cosine) = sin_cos_deg(pose.rotation);
    for place in &mut places {
        let (x, y) = (place.x, place.y);
        place.x = x * cosine - y * sine + pose.shift.0;
        place.y = x * sine + y * cosine + pose.shift.1;
        place.angle += pose.rotation;
    }
    places
}

fn bounded(pose: &HandPose) -> HandPose {
    let finite = |value: f32, limit: f32| if value.is_nan() { 0.0 } else { value.clamp(-limit, limit) };
    HandPose {
        rotation: if pose.rotation.is_finite() { pose.rotation % 360.0 } else { 0.0 },
        spread: finite(pose.spread, 1.0),
        shift: (finite(pose.shift.0, 100.0), finite(pose.shift.1, 100.0)),
        seed: pose.seed,
    }
}

fn is_left(code: u8) -> bool {
    (6..=10).contains(&code)
}

fn own(code: u8, codes: &[u8], pose: &HandPose) -> Place {
    let digit = usize::from(code.saturating_sub(1) % 5);
    // A hand's fingers have their own lengths, whichever of them are laid down.
    let mut rng = Rng::stream(pose.seed, 0x4A_4D00 + u64::from(code));
    let (longer, tilted) = (1.3 * rng.normal(), 1.5 * rng.normal());
    let side = if is_left(code) { -1.0 } else { 1.0 };
    if codes.iter().all(|code| matches!(code, 1 | 6)) {
        let angle = THUMBS.angle * side + tilted;
        return Place { x: THUMBS.x * side, y: THUMBS.y + longer, angle };
    }
    let flat = RIGHT[digit];
    // Spread fingers fan out from the palm.
    let apart = 1.0 + 0.1 * pose.spread;
    let fan = 1.0 + 0.8 * pose.spread;
    Place { x: side * flat.x * apart, y: flat.y + longer, angle: side * flat.angle * fan + tilted }
}

/// The left hand's fingers lie left of the right hand's.
fn part_hands(codes: &[u8], places: &mut [Place]) {
    if codes.iter().all(|code| matches!(code, 1 | 6)) {
        return;
    }
    let of = |places: &[Place], left: bool| -> Vec<f32> {
        codes.iter().zip(places).filter(|(code, _)| is_left(**code) == left).map(|(_, place)| place.x).collect()
    };
    let (left, right) = (of(places, true), of(places, false));
    if left.is_empty() || right.is_empty() {
        return;
    }
    let last = left.iter().copied().fold(f32::MIN, f32::max);
    let first = right.iter().copied().fold(f32::MAX, f32::min);
    for (code, place) in codes.iter().zip(places) {
        if !is_left(*code) {
            place.x += last + BETWEEN_HANDS - first;
        }
    }
}

/// People centre what they lay down.
fn centre(places: &mut [Place]) {
    let middle = |of: fn(&Place) -> f32, places: &[Place]| {
        let low = places.iter().map(of).fold(f32::MAX, f32::min);
        let high = places.iter().map(of).fold(f32::MIN, f32::max);
        (low + high) / 2.0
    };
    let (x, y) = (middle(|place| place.x, places), middle(|place| place.y, places));
    for place in places {
        place.x -= x;
        place.y -= y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(codes: &[u8]) -> Vec<u8> {
        let places = places(codes, &HandPose { seed: 5, ..HandPose::default() });
        let mut seen: Vec<(u8, f32)> = codes.iter().zip(places).map(|(code, place)| (*code, place.x)).collect();
        seen.sort_by(|a, b| a.1.total_cmp(&b.1));
        seen.into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn fingers_lie_in_the_order_of_prints_on_paper() {
        assert_eq!(order(&[5, 4, 3, 2]), [2, 3, 4, 5]);
        assert_eq!(order(&[7, 8, 9, 10]), [10, 9, 8, 7]);
        assert_eq!(order(&[1, 6]), [6, 1]);
        assert_eq!(order(&[2, 3, 7, 8]), [8, 7, 2, 3]);
        assert_eq!(order(&[2, 4, 5]), [2, 4, 5]);
        assert_eq!(order(&[9]), [9]);
    }

    #[test]
    fn the_little_finger_lies_lowest_and_a_turn_keeps_distances() {
        let still = places(&[2, 3, 4, 5], &HandPose::default());
        assert!(still.iter().all(|place| place.y <= still[3].y), "{still:?}");
        let turned = places(&[2, 3, 4, 5], &HandPose { rotation: 45.0, ..HandPose::default() });
        let apart = |places: &[Place]| {
            let (dx, dy) = (places[3].x - places[0].x, places[3].y - places[0].y);
            (dx * dx + dy * dy).sqrt()
        };
        assert!((apart(&still) - apart(&turned)).abs() < 0.01);
    }

    #[test]
    fn no_two_fingers_overlap() {
        for seed in 0..40 {
            for codes in [&[2, 3, 4, 5][..], &[7, 8, 9, 10], &[1, 6], &[2, 3, 7, 8]] {
                let places = places(codes, &HandPose { spread: -1.0, seed, ..HandPose::default() });
                for (i, one) in places.iter().enumerate() {
                    for other in &places[i + 1..] {
                        assert!((one.x - other.x).abs() > 15.0, "{codes:?}: {places:?}");
                    }
                }
            }
        }
    }
}
