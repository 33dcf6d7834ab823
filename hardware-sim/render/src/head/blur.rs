//! What lens and movement do to light before it becomes numbers: softness, discs out of focus, streaks.

use super::super::maths::{exp, sin_cos_deg};
use super::march::Canvas;
use super::vec::{V3, v};

/// The lens's softness: a Gaussian of this standard deviation, pixels.
pub(super) fn soft(canvas: &Canvas, sigma: f32) -> Canvas {
    let radius = (2.6 * sigma).ceil() as usize;
    let mut kernel: Vec<f32> =
        (0..=2 * radius).map(|i| (i as f32 - radius as f32) / sigma).map(|d| exp(-0.5 * d * d)).collect();
    let sum: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= sum);
    let (width, height) = (canvas.width, canvas.height);
    // Numbers in rows, colour by colour in turn: neighbours to the side are three places off.
    let row = 3 * width;
    let mut across = vec![0.0; row * height];
    let mut padded = vec![0.0; row + 6 * radius];
    for (pixels, out) in canvas.pixels.chunks_exact(width).zip(across.chunks_exact_mut(row)) {
        for (i, place) in padded.chunks_exact_mut(3).enumerate() {
            let pixel = pixels[i.saturating_sub(radius).min(width - 1)];
            place.copy_from_slice(&[pixel.x, pixel.y, pixel.z]);
        }
        for (offset, weight) in kernel.iter().enumerate() {
            out.iter_mut().zip(&padded[3 * offset..]).for_each(|(sum, value)| *sum += value * weight);
        }
    }
    let mut line = vec![0.0; row];
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        line.fill(0.0);
        for (offset, weight) in kernel.iter().enumerate() {
            let from = (y + offset).saturating_sub(radius).min(height - 1) * row;
            line.iter_mut().zip(&across[from..from + row]).for_each(|(sum, value)| *sum += value * weight);
        }
        pixels.extend(line.chunks_exact(3).map(|c| v(c[0], c[1], c[2])));
    }
    Canvas { width, height, pixels }
}

/// A streak of this length, pixels, in a direction counted in degrees from the right, upwards.
pub(super) fn streak(canvas: &Canvas, length: f32, angle: f32) -> Canvas {
    let (rise, run) = sin_cos_deg(if angle.is_finite() { angle % 360.0 } else { 0.0 });
    let taps = (length.ceil() as usize + 1).max(2);
    let offsets: Vec<(f32, f32)> = (0..taps)
        .map(|i| (i as f32 / (taps - 1) as f32 - 0.5) * length)
        .map(|along| (run * along, -rise * along))
        .collect();
    gathered(canvas, &offsets)
}

/// A disc of this radius, pixels: out of focus.
pub(super) fn disc(canvas: &Canvas, radius: f32) -> Canvas {
    let reach = radius.ceil() as i32;
    let mut spans = Vec::new();
    for dy in -reach..=reach {
        let half = radius * radius - (dy * dy) as f32;
        if half >= 0.0 {
            spans.push((dy as isize, half.sqrt() as usize));
        }
    }
    let area: usize = spans.iter().map(|(_, half)| 2 * half + 1).sum();
    let (width, height) = (canvas.width, canvas.height);
    let sums = running(canvas);
    let mut pixels = vec![V3::default(); width * height];
    for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
        for &(dy, half) in &spans {
            let line = y.saturating_add_signed(dy).min(height - 1);
            let sums = &sums[line * (width + 1)..(line + 1) * (width + 1)];
            let (first, last) = (canvas.pixels[line * width], canvas.pixels[(line + 1) * width - 1]);
            for (x, sum) in row.iter_mut().enumerate() {
                let (from, to) = (x.saturating_sub(half), (x + half + 1).min(width));
                let (before, after) = (half.saturating_sub(x), (x + half + 1).saturating_sub(width));
                *sum = *sum + sums[to] - sums[from] + first * before as f32 + last * after as f32;
            }
        }
        row.iter_mut().for_each(|sum| *sum = *sum * (1.0 / area as f32));
    }
    Canvas { width, height, pixels }
}

/// For every row, the sums of the pixels before each place: one place more than pixels.
fn running(canvas: &Canvas) -> Vec<V3> {
    let mut sums = Vec::with_capacity((canvas.width + 1) * canvas.height);
    for row in canvas.pixels.chunks_exact(canvas.width) {
        let mut sum = V3::default();
        sums.push(sum);
        for pixel in row {
            sum = sum + *pixel;
            sums.push(sum);
        }
    }
    sums
}

/// The mean of the picture moved by every offset, to a quarter of a pixel.
fn gathered(canvas: &Canvas, offsets: &[(f32, f32)]) -> Canvas {
    let (width, height) = (canvas.width, canvas.height);
    let mut pixels = vec![V3::default(); width * height];
    let share = 1.0 / offsets.len().max(1) as f32;
    for (dx, dy) in offsets {
        let (whole_x, whole_y) = (dx.floor(), dy.floor());
        let (tx, ty) = (dx - whole_x, dy - whole_y);
        let weights = [(1.0 - tx) * (1.0 - ty), tx * (1.0 - ty), (1.0 - tx) * ty, tx * ty].map(|w| w * share);
        for (corner, weight) in weights.into_iter().enumerate().filter(|(_, weight)| *weight > 1e-4) {
            let right = whole_x as isize + (corner % 2) as isize;
            let down = whole_y as isize + (corner / 2) as isize;
            for (y, row) in pixels.chunks_exact_mut(width).enumerate() {
                let line = y.saturating_add_signed(down).min(height - 1) * width;
                let from = &canvas.pixels[line..line + width];
                for (x, sum) in row.iter_mut().enumerate() {
                    *sum = *sum + from[x.saturating_add_signed(right).min(width - 1)] * weight;
                }
            }
        }
    }
    Canvas { width, height, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot() -> Canvas {
        let mut pixels = vec![v(0.25, 0.25, 0.25); 41 * 31];
        pixels[15 * 41 + 20] = v(100.0, 100.0, 100.0);
        Canvas { width: 41, height: 31, pixels }
    }

    #[test]
    fn a_point_becomes_what_it_should_and_no_light_is_lost() {
        let plain = spot();
        let total = |canvas: &Canvas| canvas.pixels.iter().map(|p| p.x).sum::<f32>();
        let lit = |canvas: &Canvas, x: usize, y: usize| canvas.pixels[y * 41 + x].x > 0.5;
        let rows = [
            ("soft", soft(&plain, 1.5), [(21, 15), (20, 17)], [(30, 15), (20, 25)]),
            ("disc", disc(&plain, 4.0), [(23, 15), (20, 18)], [(26, 15), (24, 19)]),
            ("across", streak(&plain, 12.0, 0.0), [(15, 15), (25, 15)], [(28, 15), (20, 18)]),
            ("slanted", streak(&plain, 12.0, 45.0), [(23, 12), (17, 18)], [(17, 12), (23, 18)]),
        ];
        for (name, canvas, inside, outside) in rows {
            assert!((total(&canvas) / total(&plain) - 1.0).abs() < 1e-3, "{name}");
            assert!(inside.iter().all(|(x, y)| lit(&canvas, *x, *y)), "{name}");
            assert!(!outside.iter().any(|(x, y)| lit(&canvas, *x, *y)), "{name}");
        }
    }
}
