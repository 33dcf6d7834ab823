//! The tones of the foreground: how dark the ridges are, how light the valleys, and how much of the print is ridge.

use super::cells::Cells;
use super::prepare::Raster;

/// Share of the foreground's pixels that lies below the dark tone, and above the light one.
const TAIL: f64 = 0.05;

/// Tones of the foreground cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tone {
    /// Grey of the ridges: the 5 % point of the foreground's greys.
    pub dark: f64,
    /// Grey of the valleys: the 95 % point.
    pub light: f64,
    /// Share of the foreground that is darker than the middle between the two. A dry finger has little, since its
    /// ridges break up into dots; a wet or pressed one has much, since its valleys fill.
    pub ink: f64,
}

impl Tone {
    pub fn of(raster: &Raster, cells: &Cells) -> Self {
        let mut histogram = [0u64; 256];
        for cell in cells.all.iter().filter(|c| c.foreground) {
            for y in cell.y..cell.y + cell.height {
                for &pixel in &raster.row(y)[cell.x..cell.x + cell.width] {
                    histogram[usize::from(pixel)] += 1;
                }
            }
        }
        let total: u64 = histogram.iter().sum();
        if total == 0 {
            return Self::default();
        }
        let (dark, light) = (level(&histogram, TAIL * total as f64), level(&histogram, (1.0 - TAIL) * total as f64));
        let middle = usize::midpoint(dark, light);
        let ink = histogram[..=middle].iter().sum::<u64>() as f64 / total as f64;
        Self { dark: dark as f64, light: light as f64, ink }
    }

    /// Range of the foreground's greys.
    pub fn range(&self) -> f64 {
        self.light - self.dark
    }
}

/// The grey at which the count of darker and equal pixels reaches `count`.
fn level(histogram: &[u64; 256], count: f64) -> usize {
    let mut seen = 0;
    let reached = |&n: &u64| {
        seen += n;
        seen as f64 >= count
    };
    histogram.iter().position(reached).unwrap_or(255)
}
