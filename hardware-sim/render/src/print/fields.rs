//! Fields of smooth random numbers over an image: Gaussian-smoothed white noise with a standard deviation of one.

use super::super::maths::exp;
use super::super::rng::Rng;

/// Numbers over an image, row by row.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

/// Above this the noise is drawn on a lattice and interpolated by cubic B-splines, which look the same and cost the
/// same whatever the smoothing.
const LATTICE_FROM: f32 = 3.0;

impl Field {
    /// The same number everywhere.
    pub fn flat(width: usize, height: usize, value: f32) -> Self {
        Self { width, height, values: vec![value; width * height] }
    }

    /// White noise.
    pub fn white(rng: &mut Rng, width: usize, height: usize) -> Self {
        Self { width, height, values: (0..width * height).map(|_| rng.normal()).collect() }
    }

    /// Noise smoothed by a Gaussian of `sigma` pixels, scaled back to a standard deviation of one.
    pub fn smooth(rng: &mut Rng, width: usize, height: usize, sigma: f32) -> Self {
        if sigma >= LATTICE_FROM {
            return Self::lattice(rng, width, height, sigma);
        }
        let mut field = Self::white(rng, width, height);
        let kernel = gaussian(sigma);
        let kept: f32 = kernel.iter().map(|k| k * k).sum();
        field.convolve(&kernel);
        // One axis keeps `kept` of the variance, both keep its square.
        field.values.iter_mut().for_each(|value| *value /= kept.max(1e-6));
        field
    }

    fn lattice(rng: &mut Rng, width: usize, height: usize, sigma: f32) -> Self {
        // A cubic B-spline has a standard deviation of 1 / sqrt(3) cells.
        let cell = sigma * 1.732;
        let columns = (width as f32 / cell) as usize + 5;
        let rows = (height as f32 / cell) as usize + 5;
        // Interpolation keeps 151/315 of the variance per axis on average.
        let points: Vec<f32> = (0..columns * rows).map(|_| rng.normal() * (315.0 / 151.0)).collect();
        let across: Vec<(usize, [f32; 4])> = (0..width).map(|x| spline(x as f32 / cell)).collect();
        let mut values = Vec::with_capacity(width * height);
        let mut line = vec![0.0; columns];
        for y in 0..height {
            let (row, weights) = spline(y as f32 / cell);
            for (column, sum) in line.iter_mut().enumerate() {
                *sum = (0..4).map(|i| weights[i] * points[(row + i) * columns + column]).sum();
            }
            values.extend(across.iter().map(|(column, w)| {
                let near = &line[*column..*column + 4];
                near[0] * w[0] + near[1] * w[1] + near[2] * w[2] + near[3] * w[3]
            }));
        }
        Self { width, height, values }
    }

    /// Smooths by a Gaussian; the border is continued outwards.
    pub fn blur(&mut self, sigma: f32) {
        if sigma > 0.15 {
            self.convolve(&gaussian(sigma));
        }
    }

    /// Adds another field `times` a factor.
    pub fn add(&mut self, other: &Self, times: f32) {
        self.values.iter_mut().zip(&other.values).for_each(|(a, b)| *a += b * times);
    }

    /// The number at a place between pixels (bilinear); the border is continued outwards.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, below) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (tx, ty) = (x - left as f32, y - top as f32);
        let of = |column: usize, row: usize| self.values[row * self.width + column];
        let upper = of(left, top) * (1.0 - tx) + of(right, top) * tx;
        let lower = of(left, below) * (1.0 - tx) + of(right, below) * tx;
        upper * (1.0 - ty) + lower * ty
    }

    fn convolve(&mut self, kernel: &[f32]) {
        if self.values.is_empty() {
            return;
        }
        let radius = kernel.len() / 2;
        let (width, height) = (self.width, self.height);
        let mut padded = vec![0.0; width + 2 * radius];
        for row in self.values.chunks_exact_mut(width) {
            padded[..radius].fill(row[0]);
            padded[radius..radius + width].copy_from_slice(row);
            padded[radius + width..].fill(row[width - 1]);
            row.fill(0.0);
            for (offset, weight) in kernel.iter().enumerate() {
                row.iter_mut().zip(&padded[offset..]).for_each(|(sum, value)| *sum += value * weight);
            }
        }
        let mut out = vec![0.0; width * height];
        for (y, row) in out.chunks_exact_mut(width).enumerate() {
            for (offset, weight) in kernel.iter().enumerate() {
                let from = (y + offset).saturating_sub(radius).min(height - 1) * width;
                row.iter_mut().zip(&self.values[from..from + width]).for_each(|(sum, value)| *sum += value * weight);
            }
        }
        self.values = out;
    }
}

/// A Gaussian's weights out to three standard deviations; they sum to one.
pub(super) fn gaussian(sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil().max(1.0) as i32;
    let weights: Vec<f32> = (-radius..=radius).map(|i| i as f32 / sigma).map(|d| exp(-0.5 * d * d)).collect();
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// First lattice point and the weights of four for a place in cells.
fn spline(place: f32) -> (usize, [f32; 4]) {
    let whole = place.floor();
    let t = place - whole;
    let u = 1.0 - t;
    let weights = [
        u * u * u / 6.0,
        (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
        (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0,
        t * t * t / 6.0,
    ];
    (whole as usize, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smooth_noise_has_a_standard_deviation_of_one_and_the_width_asked_for() {
        for sigma in [0.8, 1.2, 2.6, 3.0, 6.0] {
            let field = Field::smooth(&mut Rng::new(9), 400, 400, sigma);
            let count = field.values.len() as f32;
            let variance = field.values.iter().map(|v| v * v).sum::<f32>() / count;
            assert!((variance - 1.0).abs() < 0.25, "sigma {sigma}: {variance}");
            // Gaussian-smoothed noise correlates by exp(-d^2 / 4 sigma^2) over a distance d: e^-1 at 2 sigma.
            let distance = (2.0 * sigma).round() as usize;
            let products: Vec<f32> = field
                .values
                .chunks_exact(400)
                .flat_map(|r| (0..400 - distance).map(move |x| r[x] * r[x + distance]))
                .collect();
            let correlation = products.iter().sum::<f32>() / products.len() as f32 / variance;
            assert!((0.2..0.55).contains(&correlation), "sigma {sigma}: {correlation}");
        }
    }

    #[test]
    fn the_smallest_fields_work() {
        for (width, height) in [(0, 0), (0, 5), (1, 1), (1, 7)] {
            for sigma in [1.0, 20.0] {
                let mut field = Field::smooth(&mut Rng::new(1), width, height, sigma);
                field.blur(2.0);
                assert_eq!(field.values.len(), width * height);
            }
        }
    }
}
