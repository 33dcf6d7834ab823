//! What is drawn on the skin: brows, lips, blush, beard, the shadow of cropped hair.

use super::super::maths::smoothstep;
use super::figure::Person;
use super::identity::{Beard, HairStyle};
use super::march::{Hit, Lamps};
use super::skin::{Surface, skin_colour};
use super::vec::{V3, linear, v};
use super::{eyes, lips};

/// Colour of a point of the skin with everything on it.
pub(super) fn skin(person: &Person, hit: &Hit, lamps: &Lamps) -> V3 {
    let p = hit.at;
    if p.z > 3.0
        && let Some(eye) = eyes::eye(person, hit, lamps)
    {
        return eye;
    }
    if person.who.mask
        && let Some(mask) = mask(person, p)
    {
        return Surface { albedo: mask, wrap: v(0.3, 0.3, 0.3), gloss: 0.01, tight: 2 }.light(hit, lamps);
    }
    let mut colour = base(person, p);
    let mut gloss = 0.055;
    let mut hairy = 0.0_f32;
    if p.z > 2.0 {
        if let Some(mouth) = lips::inside(person, p) {
            return mouth * (0.4 + 0.6 * hit.open);
        }
        let (lip, share) = lips::lip(person, p);
        colour = colour.mix(lip, share);
        gloss += 0.1 * share;
        colour = eyes::around(person, p, colour);
        let (brow, share) = brows(person, p, colour);
        (colour, hairy) = (brow * creases(person, p), share);
    }
    for grown in [beard, scalp] {
        let share;
        (colour, share) = grown(person, p, colour);
        hairy = hairy.max(share);
    }
    // The forehead, nose and chin shine more than the cheeks.
    let oily = smoothstep(3.5, 0.5, p.x.abs()) * smoothstep(5.0, 8.0, p.z);
    // Dark skin shows the same reflection more plainly; cameras open up for it as well.
    let shine = gloss * (0.6 + 0.7 * oily + 1.1 * (1.0 - person.who.tone));
    // Hair hides the oily skin under it, and short hair throws no highlight of its own.
    let surface = Surface::skin(colour, shine * (1.0 - smoothstep(0.0, 0.6, hairy)));
    surface.light(hit, lamps)
}

fn base(person: &Person, p: V3) -> V3 {
    let who = &person.who;
    let tile = &person.tile;
    let plain = skin_colour(who.tone, who.undertone);
    let blotch = tile.at(p.x * 0.45 + 40.0, p.y * 0.45 + p.z * 0.3);
    let pores = tile.at(p.x * 7.0, p.y * 7.0 + p.z * 6.0);
    let colour = plain * (1.0 + 0.025 * blotch + 0.016 * pores);
    // Blood shows at the cheeks, the tip of the nose and the ears, more on fair skin.
    let cheek = bump(p.x.abs() - 4.2, p.y + 3.6, 2.6);
    let nose = bump(p.x, p.y - person.layout.nose_tip.y, 1.5);
    let ear = smoothstep(6.9, 7.6, p.x.abs()) * 0.8;
    let red = ((cheek * 0.55 + nose * 0.5) * smoothstep(3.0, 6.0, p.z) + ear) * (0.35 + 0.65 * who.tone);
    colour.times(v(1.0 + 0.05 * red, 1.0 - 0.13 * red, 1.0 - 0.1 * red))
}

/// The cloth of a medical mask with its pleats, and its ear loops.
fn mask(person: &Person, p: V3) -> Option<V3> {
    let side = p.x.abs();
    let top = -2.0 - 0.06 * side * side;
    let bottom = person.layout.chin_y + 0.6 + 0.02 * side * side;
    if p.z > 0.5 && side < 6.2 && p.y < top && p.y > bottom {
        let pleat = (p.y * 0.75).abs().fract();
        let edge = smoothstep(0.25, 0.12, (top - p.y).min(p.y - bottom));
        let blue = v(0.36, 0.55, 0.66) * (1.0 - 0.22 * smoothstep(0.85, 1.0, pleat) - 0.1 * edge);
        return Some(blue * (1.0 + 0.03 * person.tile.at(p.x * 9.0, p.y * 9.0)));
    }
    let loops = [(-4.2, 0.45), (bottom + 1.2, -0.75)];
    let strap = loops.iter().any(|(y, rise)| (p.y - y - rise * (side - 6.2)).abs() < 0.16);
    (strap && side >= 6.0 && p.z > -1.0 && p.z < 4.0).then_some(v(0.6, 0.62, 0.64))
}

/// 1 in the middle, 0 from `radius` on.
fn bump(dx: f32, dy: f32, radius: f32) -> f32 {
    let t = (1.0 - (dx * dx + dy * dy) / (radius * radius)).max(0.0);
    t * t
}

/// A brow at a place from its inner end (0) to its outer (1): across, up, and half its thickness, cm.
pub(super) fn brow(person: &Person, t: f32) -> (f32, f32, f32) {
    let who = &person.who;
    let (inner, outer) = brow_ends(person);
    let arch = 0.75 * who.brow_arch;
    let raised = person.expression.brows;
    // Raised as a whole; knit at the inner ends.
    let moved = if raised > 0.0 { raised * (0.62 - 0.2 * t) } else { raised * 0.5 * (1.0 - t).max(0.0) };
    let height = 1.5 + arch * 2.6 * t * (1.0 - 0.74 * t) - 0.25 * t + moved;
    (inner + (outer - inner) * t, height, 0.36 * who.brow_thickness * (1.0 - 0.72 * t * t))
}

fn brow_ends(person: &Person) -> (f32, f32) {
    let spacing = person.who.eye_spacing;
    (1.25 * spacing + 0.28 * person.expression.brows.min(0.0), 5.35 * spacing)
}

/// The skin with the brows on it, and the share of hair.
fn brows(person: &Person, p: V3, colour: V3) -> (V3, f32) {
    let who = &person.who;
    let (inner, outer) = brow_ends(person);
    let t = (p.x.abs() - inner) / (outer - inner);
    if !(-0.15..1.1).contains(&t) || p.z < 2.5 {
        return (colour, 0.0);
    }
    let (_, height, half) = brow(person, t);
    let half = half * smoothstep(-0.15, 0.1, t);
    let lean = p.x.abs() * 3.0 - (p.y - height) * 2.6;
    let hairs = person.tile.at(lean * 2.2, p.y * 1.2 + 50.0);
    let edge = (p.y - height).abs() + 0.07 * hairs;
    let share = smoothstep(half + 0.12, half - 0.16, edge) * smoothstep(1.1, 0.85, t);
    let hair = dimmed(linear(who.hair_colour).mix(v(0.012, 0.008, 0.006), 0.5), colour, 0.5);
    let share = share * (0.78 + 0.1 * hairs).clamp(0.0, 0.95);
    (colour.mix(hair, share), share)
}

/// Lines beside the nose and under the eyes, deeper with age; never a bright line, only less light.
fn creases(person: &Person, p: V3) -> f32 {
    let place = &person.layout;
    let age = person.who.age;
    let top = place.nose_tip.y + 0.2;
    let down = ((top - p.y) / 3.2).clamp(0.0, 1.0);
    let course = place.nose_wing + 0.45 + 1.75 * down;
    let off = (p.x.abs() - course) / 0.32;
    let within = smoothstep(top + 0.3, top - 0.6, p.y) * smoothstep(top - 3.4, top - 2.4, p.y);
    let smile = person.expression.smile.max(0.0);
    let fold = (1.0 - off * off).max(0.0) * within * (0.07 + 0.16 * age + 0.2 * smile);
    let raised = person.expression.brows;
    let depth = (age - 0.35).max(0.0) * 0.3 + 0.16 * raised.max(0.0) * (0.3 + age);
    let lines = if depth > 0.0 && p.y > 3.0 && p.x.abs() < 4.5 {
        let wave = person.tile.at(p.x * 0.3, 3.0) * 0.25;
        let phase = (p.y + wave) * 0.95;
        let ridge = (phase - (phase + 0.5).floor()).abs();
        smoothstep(0.12, 0.02, ridge) * smoothstep(3.0, 3.8, p.y) * smoothstep(7.0, 6.0, p.y) * depth
    } else {
        0.0
    };
    // Knit brows raise two upright folds between them.
    let between = smoothstep(0.2, 0.04, (p.x.abs() - 0.55).abs()) * bump(p.x, p.y - 1.7, 1.5);
    let knit = between * (0.35 * (-raised).max(0.0) + 0.1 * (age - 0.5).max(0.0));
    1.0 - fold - lines - knit
}

/// The skin with the beard on it, and the share of hair.
fn beard(person: &Person, p: V3, colour: V3) -> (V3, f32) {
    let who = &person.who;
    let strength = match who.beard {
        Beard::None if who.ruggedness < 0.5 => return (colour, 0.0),
        Beard::None => 0.13,
        Beard::Stubble => 0.42,
        Beard::Full | Beard::Goatee | Beard::Moustache => 0.9,
    };
    let place = &person.layout;
    if p.y > place.nose_tip.y + 4.5 || p.z < -2.5 {
        return (colour, 0.0);
    }
    let ragged = 0.3 * person.tile.at(p.x * 1.5 + 7.0, p.y * 1.5);
    // The upper edge falls from the sideburns to the corners of the mouth and rises again under the nose.
    let side = p.x.abs();
    let edge = if side < 2.6 {
        place.nose_tip.y - 0.95 - 0.12 * side
    } else {
        place.nose_tip.y - 1.25 - 2.4 * smoothstep(2.2, 3.6, side) + 4.6 * smoothstep(3.8, 7.2, side)
    };
    let below = smoothstep(edge + 0.35, edge - 0.45, p.y + ragged);
    let throat = place.chin_y + 0.2 + 0.36 * (8.0 - p.z).max(0.0);
    let above = smoothstep(throat - 1.8, throat - 0.3, p.y + ragged);
    let front = smoothstep(-2.4, -0.8, p.z);
    let mut share = below * above * front * strength;
    match who.beard {
        Beard::Goatee => share *= smoothstep(3.3, 2.6, side + ragged),
        Beard::Moustache => {
            let lip = place.mouth_y + place.lips.0 * 0.6 - 0.22 * (side - 1.0).max(0.0);
            share *= smoothstep(3.1, 2.4, side + ragged) * smoothstep(lip - 0.25, lip + 0.1, p.y);
        }
        Beard::Full | Beard::None | Beard::Stubble => {}
    }
    let grain = person.tile.at(p.x * 8.0, p.y * 3.0 + p.z * 2.0);
    // Beards keep their colour longer than the hair of the head.
    let hair = dimmed(linear(who.hair_colour) * 0.7, colour, 0.8) * (1.0 + 0.35 * grain).clamp(0.3, 1.8);
    let share = (share * (1.0 + 0.25 * grain)).clamp(0.0, 0.95);
    (colour.mix(hair, share), share)
}

/// Hair of the face, at most as bright as a share of the skin: grey brows and beards keep dark hairs among the white.
fn dimmed(hair: V3, skin: V3, share: f32) -> V3 {
    let bright = |c: V3| c.dot(v(0.2126, 0.7152, 0.0722)).max(1e-4);
    hair * (share * bright(skin) / bright(hair)).min(1.0)
}

/// The skin with cropped hair on it, and the share of hair.
fn scalp(person: &Person, p: V3, colour: V3) -> (V3, f32) {
    let strength = match person.who.hair {
        HairStyle::Bald => 0.1,
        HairStyle::Buzz => 0.82,
        _ => return (colour, 0.0),
    };
    let recede = 1.4 * person.who.age;
    let ragged = 0.3 * person.tile.at(p.x * 1.3, p.z * 1.3 + p.y);
    let front = 6.2 + recede - 0.045 * p.x * p.x;
    let line = (0.62 * p.z - 0.3).min(if p.z > 2.0 { front } else { 99.0 });
    let edge = if p.z > 5.0 { front } else { line.max(0.62 * p.z - 0.3) };
    let share = smoothstep(edge - 0.35, edge + 0.45, p.y + ragged)
        * smoothstep(8.6, 7.6, p.x.abs() + if p.y < 2.5 { 0.8 } else { 0.0 });
    let grain = person.tile.at(p.x * 7.0 + p.z * 3.0, p.y * 7.0 + p.z * 4.0);
    let hair = linear(person.who.hair_colour) * (1.0 + 0.3 * grain).clamp(0.4, 1.6);
    let share = (share * strength * (1.0 + 0.12 * grain)).clamp(0.0, 0.95);
    (colour.mix(hair, share), share)
}
