//! Prints drawn for tests: whole-number arithmetic and square roots only, so that every machine draws the same pixels.

use domain::image::FingerImage;
use domain::units::Ppi;

/// An image of whatever `grey` says.
pub(super) fn image(width: u32, height: u32, ppi: u32, grey: impl Fn(u32, u32) -> u8) -> FingerImage {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| grey(x, y)).collect();
    FingerImage::new(width, height, Ppi::try_from(ppi).unwrap(), 8, pixels).unwrap()
}

/// Rings of ridges nine pixels apart around a point above the middle, with bends and noise.
///
/// `valley` is the grey between ridges, `ridge` that of a ridge, `width` the part of the period in ninths that is ridge,
/// `noise` the range of the noise in grey values.
#[derive(Clone, Copy)]
pub(super) struct Whorl {
    pub width: u32,
    pub height: u32,
    pub valley: u32,
    pub ridge: u32,
    pub ridge_width: u32,
    pub noise: u32,
    /// Radius in pixels around the middle beyond which the finger does not touch.
    pub reach: u32,
}

impl Whorl {
    /// A clean print on a sensor-sized or larger picture.
    pub const fn clean(width: u32, height: u32) -> Self {
        Self { width, height, valley: 235, ridge: 60, ridge_width: 4, noise: 40, reach: u32::MAX }
    }

    pub fn draw(self) -> FingerImage {
        image(self.width, self.height, 500, |x, y| self.grey(x, y))
    }

    fn grey(self, x: u32, y: u32) -> u8 {
        let (dx, dy) = (x.abs_diff(self.width / 2), y.abs_diff(self.height / 2));
        if dx * dx + dy * dy > self.reach.saturating_mul(self.reach) {
            return 255;
        }
        let (across, down) = (f64::from(dx), f64::from(y.abs_diff(self.height * 2 / 5)));
        // In eighths of a pixel: an oval, which the distance from the left edge bends a little.
        let radius = ((across * across * 1.4 + down * down).sqrt() * 8.0) as u32 + x * x / (2 * self.width);
        let noise = scrambled(x, y) % (self.noise + 1);
        // The edge of a ridge is rough by up to a pixel.
        let phase = (radius + scrambled(y, x) % 12) % 72;
        let base = if phase < self.ridge_width * 8 { self.ridge } else { self.valley };
        (base + noise).saturating_sub(self.noise / 2).min(255) as u8
    }
}

/// A number that looks random and depends on the place only.
pub(super) fn scrambled(x: u32, y: u32) -> u32 {
    let mut n = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77);
    n ^= n >> 15;
    n = n.wrapping_mul(0x2C1B_3C6D);
    n ^= n >> 12;
    n.wrapping_mul(0x297A_2D39) >> 8
}

/// A cat, head on: what a camera's picture looks like that was taken for a print. Fur, eyes, ears, whiskers.
pub(super) fn cat(width: u32, height: u32) -> FingerImage {
    let (middle, level) = (f64::from(width) / 2.0, f64::from(height) * 0.55);
    let radius = f64::from(width.min(height)) * 0.33;
    image(width, height, 500, |x, y| {
        let (across, down) = ((f64::from(x) - middle) / radius, (f64::from(y) - level) / radius);
        let side = across.abs();
        let round = |cx: f64, cy: f64| ((side - cx) * (side - cx) + (down - cy) * (down - cy)).sqrt();
        let fur = f64::from(scrambled(x, y / 3) % 40) + 18.0 * (f64::from((x * 2 + y) % 34) / 17.0 - 1.0).abs();
        let ear = (-1.5..-0.5).contains(&down) && (side - 0.62).abs() < (down + 1.5) * 0.32;
        let along = (down - 0.42 - 0.12 * side) * radius % 14.0;
        let whisker = side > 0.2 && (0.0..3.0).contains(&along) && (0.3..0.75).contains(&down);
        let grey = match () {
            () if round(0.36, -0.15) < 0.05 => 10.0,
            () if round(0.36, -0.15) < 0.17 => 205.0,
            () if side < 0.12 && (0.2..0.3).contains(&down) => 30.0,
            () if whisker => 235.0,
            () if round(0.0, 0.0) < 1.0 => 95.0 + fur,
            () if ear => 70.0 + fur,
            () => 150.0 + 60.0 * f64::from(y) / f64::from(height) + f64::from(scrambled(x / 2, y / 2) % 9),
        };
        grey as u8
    })
}
