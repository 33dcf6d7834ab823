//! Eyes: the opening between the lids with the ball behind it, lashes, folds and shadows around it.

use super::super::maths::smoothstep;
use super::figure::Person;
use super::march::{Hit, Lamps};
use super::skin::Surface;
use super::vec::{V3, linear, v};

/// Half the width of the opening, cm (palpebral fissure about 30 mm).
const HALF: f32 = 1.52;
/// Height of the opening above and below the line between the corners, cm.
const UPPER: f32 = 0.57;
const LOWER: f32 = 0.4;
/// Radii of iris and pupil, cm (visible iris about 12 mm across).
const IRIS: f32 = 0.58;
const PUPIL: f32 = 0.22;

/// A point relative to the nearer eye: `u` from the inner corner (-1) to the outer (1), heights in cm.
struct Place {
    u: f32,
    height: f32,
    upper: f32,
    lower: f32,
    /// The upper lid's edge when the eye is wide open.
    wide: f32,
}

/// Edges of the lids at a place across the eye (-1 the inner corner, 1 the outer), as heights above the line between
/// the corners, cm: the upper lid as it stands and wide open, and the lower lid.
fn edges(person: &Person, u: f32) -> (f32, f32, f32) {
    let size = person.who.eye_size;
    let round = (1.0 - u * u).max(0.0);
    // The upper lid's arch peaks a little towards the nose, the lower lid's a little away from it.
    let wide = UPPER * size * round * (1.0 - 0.16 * u);
    // A smile pushes the lower lid up.
    let lower = -LOWER * size * round * (1.0 + 0.18 * u) * (1.0 - 0.3 * person.expression.smile.max(0.0));
    let shut = lower * 0.85;
    (shut + (wide - shut) * person.lids, wide, lower)
}

/// Half the width of the opening, cm.
fn half(person: &Person) -> f32 {
    HALF * person.who.eye_size.max(0.8)
}

fn place(person: &Person, p: V3) -> Place {
    let who = &person.who;
    let eye = person.layout.eye;
    let u = (p.x.abs() - eye.x) / half(person);
    let height = p.y - eye.y - who.eye_tilt * (p.x.abs() - eye.x);
    let (upper, wide, lower) = edges(person, u);
    Place { u, height, upper, lower, wide }
}

/// Where the edge of a lid lies, for the eye on the right of the picture: across and up, cm.
pub(super) fn lid(person: &Person, u: f32, is_upper: bool) -> (f32, f32) {
    let (upper, _, lower) = edges(person, u);
    let aside = u * half(person);
    let height = if is_upper { upper } else { lower };
    (person.layout.eye.x + aside, person.layout.eye.y + person.who.eye_tilt * aside + height)
}

/// The iris's centre relative to the eye's, cm; `sight` points from the eye to the camera.
pub(super) fn iris(person: &Person, sight: V3) -> (f32, f32) {
    let (right, up) = person.expression.gaze;
    (((sight.x + right) * 1.15).clamp(-0.8, 0.8), 0.06 + ((sight.y + up) * 1.15).clamp(-0.42, 0.42))
}

/// The colour of the eyeball or the lashes, where they show.
pub(super) fn eye(person: &Person, hit: &Hit, lamps: &Lamps) -> Option<V3> {
    let at = place(person, hit.at);
    if at.u.abs() > 1.0 || at.height > at.upper || at.height < at.lower || at.upper - at.lower < 0.05 {
        return None;
    }
    let side = if hit.at.x < 0.0 { -1.0 } else { 1.0 };
    let centre = v(person.layout.eye.x * side, person.layout.eye.y, person.layout.eye.z);
    // The iris sits where the line of sight leaves the ball; people look into the camera unless told otherwise.
    let (right, up) = iris(person, -hit.ray);
    let (dx, dy) = (hit.at.x - centre.x - right, hit.at.y - centre.y - up);
    let off = (dx * dx + dy * dy).sqrt();
    let white = v(0.56, 0.52, 0.49) * (0.4 + 0.6 * person.who.tone);
    let mut colour = white.mix(v(0.55, 0.3, 0.26), smoothstep(0.55, 1.0, at.u.abs()) * 0.5);
    let colours = linear(person.who.iris);
    let spokes = person.tile.at(dx / off.max(0.05) * 6.0, dy / off.max(0.05) * 6.0);
    let ring = smoothstep(IRIS * 0.7, IRIS, off);
    let iris = colours * ((1.25 + 0.25 * spokes) * (1.0 - 0.7 * ring) * (0.75 + 0.35 * smoothstep(0.3, -0.4, dy)));
    colour = colour.mix(iris, smoothstep(IRIS + 0.05, IRIS - 0.05, off));
    colour = colour.mix(v(0.004, 0.004, 0.004), smoothstep(PUPIL + 0.04, PUPIL - 0.04, off));
    // The upper lid and its lashes throw a shadow on the ball.
    let shade = 0.42 + 0.58 * smoothstep(0.0, 0.42, at.upper - at.height);
    let corner = 1.0 - 0.35 * smoothstep(0.7, 1.0, at.u.abs());
    let ball = (hit.at - centre).unit();
    let wet = Surface { albedo: colour * (shade * corner), wrap: v(0.3, 0.25, 0.25), gloss: 0.0, tight: 4 };
    let lit = wet.light(
        &Hit { normal: (ball + v(0.0, 0.0, 0.8)).unit(), open: 0.5 + 0.5 * hit.open, lit: 0.4 + 0.6 * hit.lit, ..*hit },
        lamps,
    );
    Some(lit + glint(hit, lamps, dx, dy))
}

/// The lamps' reflections on the cornea.
fn glint(hit: &Hit, lamps: &Lamps, dx: f32, dy: f32) -> V3 {
    let spot = |lamp: V3, size: f32| {
        let half = (lamp - hit.ray).unit();
        let (ex, ey) = (dx - half.x * 0.52, dy - half.y * 0.52);
        smoothstep(size, size * 0.45, (ex * ex + ey * ey).sqrt())
    };
    lamps.key_colour * (spot(lamps.key, 0.15) * 0.95) + lamps.fill_colour * (spot(lamps.fill, 0.1) * 0.5)
}

/// Lashes, the fold of the lid and the darker skin around the eye, painted onto `colour`.
pub(super) fn around(person: &Person, p: V3, colour: V3) -> V3 {
    let at = place(person, p);
    if at.u.abs() > 1.9 || at.height.abs() > 2.2 {
        return colour;
    }
    let who = &person.who;
    let soft =
        1.0 - (0.36 - 0.18 * who.tone) * smoothstep(1.8, 0.6, (at.u * at.u + at.height * at.height * 0.7).sqrt());
    let bag = smoothstep(0.55, 0.05, (at.height - at.lower + 0.45 + 0.1 * at.u * at.u).abs()) * (0.05 + 0.1 * who.age);
    let mut colour = colour * (soft - bag * smoothstep(1.2, 0.7, at.u.abs()));
    // The lid's fold, deepest when the eye is open.
    let fold = (at.height - at.wide - 0.26 + 0.08 * at.u).abs();
    colour = colour * (1.0 - 0.4 * smoothstep(0.14, 0.02, fold) * smoothstep(1.15, 0.8, at.u.abs()));
    let dark = v(0.01, 0.007, 0.006);
    // Strong enough for the eye to read as a dark line from afar, heavier outwards as lashes are.
    let reach = if at.u > 0.0 { 1.14 } else { 1.02 };
    let ends = smoothstep(reach, reach - 0.2, at.u.abs());
    let thick = 0.1 + 0.05 * at.u + 0.05 * (1.0 - who.ruggedness);
    let upper = smoothstep(thick + 0.07, thick - 0.04, (at.height - at.upper - 0.03).abs());
    colour = colour.mix(dark, 0.92 * upper * ends);
    let lower = smoothstep(0.11, 0.02, (at.height - at.lower + 0.03).abs());
    colour.mix(dark, 0.38 * lower * smoothstep(1.0, 0.75, at.u.abs()))
}
