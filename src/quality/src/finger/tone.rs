//! The tones of the foreground: how dark the ridges are, how light the valleys, and how much of the print is ridge.

use super::cells::Cells;
use super::otsu::Histogram;
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
        let mut histogram = Histogram::empty();
        for cell in cells.all.iter().filter(|c| c.foreground) {
            for y in cell.y..cell.y + cell.height {
                histogram.add(&raster.row(y)[cell.x..cell.x + cell.width]);
            }
        }
        let histogram = histogram.counts();
        let total: u32 = histogram.iter().sum();
        if total == 0 {
            return Self::default();
        }
        let total = f64::from(total);
        let (dark, light) = (level(&histogram, TAIL * total), level(&histogram, (1.0 - TAIL) * total));
        let middle = usize::midpoint(dark, light);
        let ink = f64::from(histogram[..=middle].iter().sum::<u32>()) / total;
        Self { dark: dark as f64, light: light as f64, ink }
    }

    /// Range of the foreground's greys.
    pub fn range(&self) -> f64 {
        self.light - self.dark
    }
}

/// The grey at which the count of darker and equal pixels reaches `count`.
fn level(histogram: &[u32; 256], count: f64) -> usize {
    let mut seen = 0;
    let reached = |&n: &u32| {
        seen += n;
        f64::from(seen) >= count
    };
    histogram.iter().position(reached).unwrap_or(255)
}
