//! Where the skin lies under the sensor: turned, shifted, bent, pulled, and cut by scars.

use super::super::maths::{exp, sin_cos_deg, smoothstep};
use super::super::rng::Rng;
use super::fields::Field;
use super::grow::{HEIGHT, Master, WIDTH};
use super::impression::{Touch, direction};

/// Pixels of the master in a millimetre.
const PER_MM: f32 = 500.0 / 25.4;

/// The part of the fingertip that touches: a superellipse of exponent 2.5, in pixels of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contact {
    /// Its middle, to the right and downwards from the top left corner.
    pub centre: (f32, f32),
    /// Half its width and height, before it is turned.
    pub half: (f32, f32),
    /// Degrees, clockwise.
    pub angle: f32,
}

impl Contact {
    pub(super) fn draw(master: &Master, touch: &mut Touch) -> Self {
        let share = (1.0 - 0.86 * touch.levels.small_area).sqrt();
        let full = (master.contact.0 * touch.scale, master.contact.1 * touch.scale);
        let half = (full.0 * share, full.1 * share);
        // A partial touch lies anywhere within the whole one, as far as the sensor sees it.
        let room =
            |full: f32, half: f32, side: usize| (full - half).min((side as f32 / 2.0 - 0.6 * half).max(0.0)) * 0.8;
        let along = touch.rng.range(-1.0, 1.0) * room(full.0, half.0, touch.width);
        let down = touch.rng.range(-1.0, 1.0) * room(full.1, half.1, touch.height);
        let angle = touch.levels.rotation;
        let (sine, cosine) = sin_cos_deg(angle);
        let pixels = PER_MM * touch.scale;
        let centre = (
            touch.width as f32 / 2.0 + touch.levels.shift.0 * pixels + along * cosine - down * sine,
            touch.height as f32 / 2.0 + touch.levels.shift.1 * pixels + along * sine + down * cosine,
        );
        Self { centre, half, angle }
    }

    /// How far a place lies from the middle: 1 is the border.
    pub fn radius(&self, x: f32, y: f32) -> f32 {
        let (sine, cosine) = sin_cos_deg(self.angle);
        self.radius_turned(x, y, sine, cosine)
    }

    fn radius_turned(&self, x: f32, y: f32, sine: f32, cosine: f32) -> f32 {
        let (dx, dy) = (x - self.centre.0, y - self.centre.1);
        let power = |t: f32| t * t * t.sqrt();
        let across = power((dx * cosine + dy * sine).abs() / self.half.0);
        let down = power((dy * cosine - dx * sine).abs() / self.half.1);
        // The root is linearised: exact on the border, where it matters.
        1.0 + 0.4 * (across + down - 1.0)
    }

    /// The radius of every pixel, with the unevenness of a real border.
    pub(super) fn field(&self, touch: &mut Touch) -> Field {
        let mut radius = touch.noise(30.0);
        let width = touch.width;
        let (sine, cosine) = sin_cos_deg(self.angle);
        for (y, row) in radius.values.chunks_exact_mut(width).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                *value = self.radius_turned(x as f32, y as f32, sine, cosine) + 0.03 * *value;
            }
        }
        radius
    }
}

/// The way from a pixel of the image to the place of the master that it shows, and back.
pub(super) struct Skin {
    middle: (f32, f32),
    scale: f32,
    sine: f32,
    cosine: f32,
    /// Pixels of the master.
    shift: (f32, f32),
    bend: f32,
    bent: (Field, Field),
    /// Slip of the rim: pixels of the master, and sine and cosine of the twist.
    traction: (f32, f32),
    twist: (f32, f32),
    half: (f32, f32),
    scars: Vec<Scar>,
}

/// A healed cut: the ridges on both sides have slipped along it. Pixels of the master from the middle of the finger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scar {
    pub from: (f32, f32),
    pub along: (f32, f32),
    pub length: f32,
    pub half_width: f32,
    slip: f32,
}

impl Scar {
    /// The scars of a finger: the same at every touch.
    fn of(master: &Master, level: f32) -> Vec<Self> {
        let mut own = Rng::stream(master.seed, 0x5CA2);
        let count = if level > 0.0 { (4.0 * level).ceil() as usize } else { 0 };
        let scar = |_| {
            let along = direction(&mut own);
            let length = own.range(70.0, 220.0);
            let middle = (own.range(-80.0, 80.0), own.range(-100.0, 100.0));
            let from = (middle.0 - along.0 * length / 2.0, middle.1 - along.1 * length / 2.0);
            Self { from, along, length, half_width: own.range(1.2, 3.2), slip: own.range(-4.0, 4.0) }
        };
        (0..count).map(scar).collect()
    }

    fn slip(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        let along = dx * self.along.0 + dy * self.along.1;
        let off = dy * self.along.0 - dx * self.along.1;
        if off.abs() > 60.0 || along < 0.0 || along > self.length {
            return (0.0, 0.0);
        }
        // Nothing slips at the ends of the cut, most in its middle.
        let t = along / self.length;
        let by = self.slip * 4.0 * t * (1.0 - t) * exp(-off.abs() / 14.0) * off.signum();
        (by * self.along.0, by * self.along.1)
    }
}

impl Skin {
    pub fn draw(master: &Master, touch: &mut Touch) -> Self {
        // Skin is soft: no two touches press it into quite the same shape.
        let bend = touch.levels.look.bend * touch.rng.range(1.5, 3.5);
        let bent = (touch.noise(45.0), touch.noise(45.0));
        let pull = touch.levels.distortion;
        let (along, down) = direction(&mut touch.rng);
        let far = 1.2 * PER_MM * pull * touch.rng.range(0.5, 1.0);
        let twist = sin_cos_deg(9.0 * pull * touch.rng.range(-1.0, 1.0));
        let (sine, cosine) = sin_cos_deg(touch.levels.rotation);
        Self {
            middle: (touch.width as f32 / 2.0, touch.height as f32 / 2.0),
            scale: touch.scale,
            sine,
            cosine,
            shift: (touch.levels.shift.0 * PER_MM, touch.levels.shift.1 * PER_MM),
            bend,
            bent,
            traction: (far * along, far * down),
            twist,
            half: master.contact,
            scars: Scar::of(master, touch.levels.scars),
        }
    }

    /// The scars of the finger that is seen.
    pub fn scars(&self) -> &[Scar] {
        &self.scars
    }

    /// The master's ridges as the sensor has them.
    pub fn ridges(&self, master: &Master, width: usize, height: usize) -> Field {
        let mut ridges = Field::flat(width, height, 0.0);
        for (y, row) in ridges.values.chunks_exact_mut(width.max(1)).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                let i = y * width + x;
                let bent = (self.bent.0.values[i], self.bent.1.values[i]);
                let (mx, my) = self.seen(x as f32, y as f32, bent);
                *value = master.ridges.at(mx, my);
            }
        }
        ridges
    }

    /// The pixel that shows a place of the master; the finger's scars slip only what lies within a millimetre of them
    /// and are followed too.
    pub fn shown(&self, (mx, my): (f32, f32)) -> (f32, f32) {
        let (mut x, mut y) = self.rigid(mx - WIDTH as f32 / 2.0, my - HEIGHT as f32 / 2.0);
        // The way there is a turn plus a small smooth rest: it converges by taking the rest off again and again.
        for _ in 0..12 {
            let (seen_x, seen_y) = self.seen(x, y, (self.bent.0.at(x, y), self.bent.1.at(x, y)));
            let (off_x, off_y) = (mx - seen_x, my - seen_y);
            x += (off_x * self.cosine - off_y * self.sine) * self.scale * 0.9;
            y += (off_x * self.sine + off_y * self.cosine) * self.scale * 0.9;
        }
        (x, y)
    }

    /// The pixel of a place of the finger (pixels of the master from its middle) if skin were stiff.
    pub fn rigid(&self, fx: f32, fy: f32) -> (f32, f32) {
        let dx = fx * self.cosine - fy * self.sine + self.shift.0;
        let dy = fx * self.sine + fy * self.cosine + self.shift.1;
        (self.middle.0 + dx * self.scale, self.middle.1 + dy * self.scale)
    }

    /// The place of the master that a pixel shows.
    fn seen(&self, x: f32, y: f32, bent: (f32, f32)) -> (f32, f32) {
        let step = 1.0 / self.scale;
        let dx = (x - self.middle.0) * step - self.shift.0 + self.bend * bent.0;
        let dy = (y - self.middle.1) * step - self.shift.1 + self.bend * bent.1;
        let (fx, fy) = (dx * self.cosine + dy * self.sine, dy * self.cosine - dx * self.sine);
        // What is pressed hardest, in the middle, sticks to the glass; the rim follows the finger (Cappelli, Maio and
        // Maltoni, "Modelling plastic distortion in fingerprint images", 2001).
        let (ux, uy) = (fx / self.half.0, fy / self.half.1);
        let slides = smoothstep(0.05, 1.1, ux * ux + uy * uy);
        let (sine, cosine) = self.twist;
        let mut mx = fx + slides * (self.traction.0 + fx * (cosine - 1.0) - fy * sine);
        let mut my = fy + slides * (self.traction.1 + fy * (cosine - 1.0) + fx * sine);
        for scar in &self.scars {
            let (sx, sy) = scar.slip(mx, my);
            (mx, my) = (mx + sx, my + sy);
        }
        (mx + WIDTH as f32 / 2.0, my + HEIGHT as f32 / 2.0)
    }
}
