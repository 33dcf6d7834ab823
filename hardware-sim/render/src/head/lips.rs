//! Lips, the line between them, and the mouth when it opens.

use super::super::maths::smoothstep;
use super::figure::Person;
use super::skin::skin_colour;
use super::vec::{V3, v};

/// How far the lips reach at a place across the mouth: the upper lip's upper edge, both inner edges, and the lower
/// lip's lower edge, cm. Beside the mouth all lie together.
pub(super) fn edges(person: &Person, x: f32) -> [f32; 4] {
    let place = &person.layout;
    let t = x / place.mouth_half;
    let round = (1.0 - t * t).max(0.0);
    let (upper, lower) = place.lips;
    // The bow of the upper lip dips in the middle and peaks beside it.
    let near = x / 0.55;
    let bow = 1.0 - 0.24 / (1.0 + near * near * near * near);
    let seam = place.mouth_y + 0.09 * (1.0 - round) - 0.02 * round + 0.05 * bow + place.corners * t * t;
    let corner = round.sqrt();
    let gap = place.gap * corner;
    [
        seam + 0.86 * upper * bow * (0.35 * round + 0.65 * corner) * round.sqrt(),
        seam + 0.06 * gap,
        seam - gap,
        seam - gap - 1.02 * lower * corner * (0.4 + 0.6 * round),
    ]
}

fn is_beside(person: &Person, p: V3) -> bool {
    p.x.abs() >= person.layout.mouth_half
}

/// Colour of the lips and how much of it shows here, with the line between them.
pub(super) fn lip(person: &Person, p: V3) -> (V3, f32) {
    let skin = skin_colour(person.who.tone, person.who.undertone);
    let none = (skin, 0.0);
    if is_beside(person, p) || (p.y - person.layout.mouth_y).abs() > 4.0 || p.z < 4.0 {
        return none;
    }
    let [top, above, below, bottom] = edges(person, p.x);
    let inside = smoothstep(top + 0.07, top - 0.1, p.y) * smoothstep(bottom - 0.09, bottom + 0.14, p.y);
    let painted = 1.0 - 0.5 * person.who.ruggedness;
    let red = skin.times(v(0.86, 0.5, 0.52)).mix(v(0.34, 0.09, 0.1), 0.18 * painted);
    let groove = person.tile.at(p.x * 5.0, p.y * 0.8);
    let upper = if p.y > 0.5 * (above + below) { 0.8 } else { 1.0 };
    let line = smoothstep(0.1, 0.02, (p.y - above).abs().min((p.y - below).abs()));
    let colour = (red * (upper * (1.0 + 0.05 * groove))).mix(v(0.03, 0.012, 0.01), 0.82 * line);
    (colour, inside.max(line * 0.9) * 0.92)
}

/// The mouth's inside where the lips leave it free: teeth above, darkness below.
pub(super) fn inside(person: &Person, p: V3) -> Option<V3> {
    let place = &person.layout;
    if place.gap < 0.1 || is_beside(person, p) || (p.y - place.mouth_y).abs() > 4.0 || p.z < 4.0 {
        return None;
    }
    let [_, above, below, _] = edges(person, p.x);
    if p.y > above || p.y < below {
        return None;
    }
    let teeth = smoothstep(0.62, 0.5, above - p.y) * smoothstep(1.9, 1.5, p.x.abs());
    let dark = v(0.045, 0.012, 0.01);
    Some(dark.mix(v(0.42, 0.39, 0.34), teeth * 0.8 * smoothstep(0.02, 0.25, above - p.y)))
}
