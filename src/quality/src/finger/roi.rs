//! The region of interest: where the print lies, found by two blurs and two thresholds.

use super::blur::{self, BLUR_41, BLUR_91, LANES};
use super::cells::SIDE;
use super::natives::{self, Natives};
use super::otsu::Histogram;
use super::prepare::Raster;
use super::regions::{Regions, Run};
use super::{Module, Print};
use crate::simd::{self, Kernel};
use zeroize::Zeroize;

/// The mean grey of the region.
pub(super) const MODULE: Module = Module { id: "RegionOfInterestMean", measure };

/// Pixels on each side of the 5 x 5 that the erosion looks at (NFIQ 2's constant).
const ERODED: usize = 2;

fn measure(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    natives.put(natives::ROI_MEAN, &[print.region.mean]);
    Ok(())
}

/// The region of interest of a print.
#[derive(Default)]
pub(super) struct Region {
    /// Pixels that belong to it.
    pub area: usize,
    /// Their mean grey; 255 where there is none.
    pub mean: f64,
    /// Whether each cell (32 x 32 from the corner, partial ones too, row by row) has a pixel of it.
    pub touches: Vec<bool>,
    regions: Regions,
    planes: Planes,
}

impl Region {
    pub fn load(&mut self, raster: &Raster) {
        self.planes.fit(raster.width, raster.height);
        simd::best(Search { raster, planes: &mut self.planes, regions: &mut self.regions });
        self.regions.keep_largest_without_holes();
        let (area, sum) = simd::best(Total { raster, regions: &self.regions });
        self.area = area as usize;
        self.mean = if area == 0 { 255.0 } else { sum as f64 / area as f64 };
        touched_cells(self.regions.dark(), (raster.width, raster.height), &mut self.touches);
    }

    /// The region as a picture: 255 is inside.
    pub fn draw(&self, width: usize, height: usize) -> Vec<u8> {
        let mut drawn = vec![0u8; width * height];
        for run in self.regions.dark() {
            drawn[run.y as usize * width..][run.from as usize..run.to as usize].fill(255);
        }
        drawn
    }
}

/// The workspace of the search. Rows are padded to whole groups of columns; what stands beyond the print's width is
/// never looked at.
#[derive(Default)]
struct Planes {
    stride: usize,
    /// Least greys down the columns, for one row, with room for the erosion at both ends.
    least: Vec<u8>,
    /// One row after the erosion, or of two levels.
    row: Vec<u8>,
    /// Blurred across, in 256ths.
    across: Vec<u16>,
    /// Blurred both ways.
    soft: Vec<u8>,
    sums: Vec<u16>,
    sums_16: Vec<[u16; LANES]>,
    sums_32: Vec<[u32; LANES]>,
    mirror_x: Vec<usize>,
    mirror_y: Vec<usize>,
}

impl Planes {
    fn fit(&mut self, width: usize, height: usize) {
        let stride = width.next_multiple_of(LANES);
        self.stride = stride;
        self.least.resize(width + 2 * ERODED, u8::MAX);
        self.row.resize(width, 0);
        self.across.resize(stride * height, 0);
        self.soft.resize(stride * height, 0);
        self.sums.resize(BLUR_91.sums(stride), 0);
        self.sums_16.resize(BLUR_91.sums(height), [0; LANES]);
        self.sums_32.resize(BLUR_41.sums(height), [0; LANES]);
    }

    fn mirror(&mut self, width: usize, height: usize, half: usize) {
        blur::mirror(&mut self.mirror_x, width, half);
        blur::mirror(&mut self.mirror_y, height, half);
    }

    /// Blurs `across` downwards: 16.16 bits, rounded to whole greys.
    #[inline(always)]
    fn blur_41_down(&mut self) {
        let Self { stride, across, soft, sums_32, mirror_y, .. } = self;
        for group in 0..*stride / LANES {
            blur::down(&BLUR_41, (across, *stride, group), mirror_y, sums_32, |y, sums: &[u32; LANES]| {
                let out = &mut soft[y * *stride + group * LANES..][..LANES];
                for i in 0..LANES {
                    out[i] = ((sums[i] + (1 << 15)) >> 16) as u8;
                }
            });
        }
    }

    /// The same for a picture of two levels, of which `across` holds the share of light ones in 256ths.
    #[inline(always)]
    fn blur_91_down(&mut self) {
        let Self { stride, across, soft, sums_16, mirror_y, .. } = self;
        for group in 0..*stride / LANES {
            blur::down(&BLUR_91, (&*across, *stride, group), mirror_y, sums_16, |y, sums: &[u16; LANES]| {
                let middle = blur::group_at(&across[y * *stride + group * LANES..]);
                let out = &mut soft[y * *stride + group * LANES..][..LANES];
                for i in 0..LANES {
                    // All light is 65,536, which wraps to 0; but then the middle is not dark.
                    let all = u32::from(sums[i] == 0 && middle[i] != 0) << 16;
                    out[i] = (((u32::from(sums[i]) + all) * 255 + (1 << 15)) >> 16) as u8;
                }
            });
        }
    }

    #[inline(always)]
    fn threshold(&self, width: usize) -> u8 {
        let mut histogram = Histogram::empty();
        self.soft.chunks_exact(self.stride).for_each(|row| histogram.add(&row[..width]));
        histogram.threshold()
    }
}

/// What is left of a print is not left in memory.
impl Drop for Planes {
    fn drop(&mut self) {
        self.least.zeroize();
        self.row.zeroize();
        self.across.zeroize();
        self.soft.zeroize();
        self.sums.zeroize();
        self.sums_16.zeroize();
        self.sums_32.zeroize();
    }
}

/// Parts the print into light and dark regions.
struct Search<'a> {
    raster: &'a Raster,
    planes: &'a mut Planes,
    regions: &'a mut Regions,
}

impl Kernel for Search<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { raster, planes, regions } = self;
        let (width, height, stride) = (raster.width, raster.height, planes.stride);
        planes.mirror(width, height, BLUR_41.half);
        for y in 0..height {
            erode(raster, y, &mut planes.least, &mut planes.row);
            let out = &mut planes.across[y * stride..][..stride];
            blur::across(&BLUR_41, &planes.row, &planes.mirror_x, &mut planes.sums, out);
        }
        planes.blur_41_down();
        let threshold = planes.threshold(width);
        planes.mirror(width, height, BLUR_91.half);
        for y in 0..height {
            for (level, &grey) in planes.row.iter_mut().zip(&planes.soft[y * stride..]) {
                *level = u8::from(grey > threshold);
            }
            let out = &mut planes.across[y * stride..][..stride];
            blur::across(&BLUR_91, &planes.row, &planes.mirror_x, &mut planes.sums, out);
        }
        planes.blur_91_down();
        let threshold = planes.threshold(width);
        regions.clear(width, height);
        planes.soft.chunks_exact(stride).for_each(|row| regions.add_row(&row[..width], threshold));
    }
}

/// The darkest pixel of the 5 x 5 around each of a row; the edge counts as light. `least` has room for two more pixels
/// at each end.
#[inline(always)]
fn erode(raster: &Raster, y: usize, least: &mut [u8], out: &mut [u8]) {
    let width = raster.width;
    least.fill(u8::MAX);
    let inner = &mut least[ERODED..ERODED + width];
    for other in y.saturating_sub(ERODED)..=(y + ERODED).min(raster.height - 1) {
        for (least, &pixel) in inner.iter_mut().zip(raster.row(other)) {
            *least = pixel.min(*least);
        }
    }
    let shifted: [&[u8]; 2 * ERODED + 1] = std::array::from_fn(|i| &least[i..i + width]);
    for (i, out) in out.iter_mut().enumerate() {
        *out = shifted[0][i].min(shifted[1][i]).min(shifted[2][i]).min(shifted[3][i]).min(shifted[4][i]);
    }
}

/// Counts the pixels of the dark runs and adds up their greys.
struct Total<'a> {
    raster: &'a Raster,
    regions: &'a Regions,
}

impl Kernel for Total<'_> {
    type Output = (u64, u64);

    #[inline(always)]
    fn run(self) -> (u64, u64) {
        let (mut area, mut sum) = (0, 0);
        for run in self.regions.dark() {
            let greys = &self.raster.row(run.y as usize)[run.from as usize..run.to as usize];
            area += greys.len() as u64;
            sum += u64::from(greys.iter().map(|&grey| u32::from(grey)).sum::<u32>());
        }
        (area, sum)
    }
}

/// Cells with a pixel of the region. The reference asks whether the cell's mean over 0 (region) and 255 (outside) is
/// below 255 and takes the mean as sum times reciprocal of the count. For some sizes of a partial cell (29 x 29 is one)
/// that falls a last bit short of 255 with no pixel of the region there: such cells count, and so they do here.
fn touched_cells<'a>(dark: impl Iterator<Item = &'a Run>, (width, height): (usize, usize), touches: &mut Vec<bool>) {
    let columns = width.div_ceil(SIDE);
    let length = |index: usize, side: usize| SIDE.min(side - index * SIDE);
    let falls_short = |index: usize| {
        let size = (length(index % columns, width) * length(index / columns, height)) as f64;
        255.0 * size * (1.0 / size) < 255.0
    };
    touches.clear();
    touches.extend((0..columns * height.div_ceil(SIDE)).map(falls_short));
    for run in dark {
        let row = run.y as usize / SIDE * columns;
        touches[row + run.from as usize / SIDE..=row + (run.to as usize - 1) / SIDE].fill(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::definition;
    use crate::finger::drawn::{Whorl, scrambled};
    use proptest::prelude::*;

    #[test]
    fn cells_of_a_picture_without_a_region() {
        let mut touches = Vec::new();
        touched_cells([].iter(), (64, 64), &mut touches);
        assert_eq!(touches, [false; 4]);
        // 61 x 61: of the partial cells the one of 29 x 29 falls short of white by rounding.
        touched_cells([].iter(), (61, 61), &mut touches);
        assert_eq!(touches, [false, false, false, true]);
    }

    #[test]
    fn one_pixel_touches_its_cell() {
        let mut regions = Regions::default();
        regions.clear(64, 64);
        for y in 0..64 {
            regions.add_row(&std::array::from_fn::<u8, 64, _>(|x| if (x, y) == (3, 40) { 0 } else { 9 }), 5);
        }
        let mut touches = Vec::new();
        touched_cells(regions.dark(), (64, 64), &mut touches);
        assert_eq!(touches, [false, false, true, false]);
    }

    fn check(region: &mut Region, raster: &Raster) {
        region.load(raster);
        let mask = definition::region(raster);
        let drawn: Vec<bool> = region.draw(raster.width, raster.height).iter().map(|&level| level == 255).collect();
        assert!(drawn == mask, "{} x {}", raster.width, raster.height);
        let inside = || mask.iter().zip(raster.grey()).filter(|(inside, _)| **inside).map(|(_, grey)| *grey);
        let mean = inside().map(f64::from).sum::<f64>() / inside().count() as f64;
        assert_eq!((region.area, region.mean), (inside().count(), if mean.is_nan() { 255.0 } else { mean }));
    }

    #[test]
    fn the_region_of_a_print_is_that_of_the_definition() {
        let mut region = Region::default();
        for (width, height, reach) in [(250, 190, 70), (64, 300, u32::MAX), (333, 100, 60), (129, 257, 100)] {
            let print = Whorl { reach, ..Whorl::clean(width, height) }.draw();
            check(&mut region, &Raster::new(width as usize, height as usize, print.grey().to_vec()));
        }
    }

    #[test]
    fn the_widest_kernel_finds_what_the_plain_one_finds() {
        let print = Whorl { reach: 80, ..Whorl::clean(211, 230) }.draw();
        let raster = Raster::new(211, 230, print.grey().to_vec());
        let mut found = [(); 2].map(|()| (Planes::default(), Regions::default()));
        for (planes, _) in &mut found {
            planes.fit(211, 230);
        }
        let [(plain, plain_regions), (best, best_regions)] = &mut found;
        simd::plain(Search { raster: &raster, planes: plain, regions: plain_regions });
        simd::best(Search { raster: &raster, planes: best, regions: best_regions });
        assert!(plain.soft == best.soft && plain.across == best.across);
        assert!(plain_regions.dark().eq(best_regions.dark()));
        let total = |regions| Total { raster: &raster, regions };
        assert_eq!(simd::plain(total(plain_regions)), simd::best(total(best_regions)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn the_region_of_anything_is_that_of_the_definition(
            sizes in prop::collection::vec((1usize..150, 1usize..150), 1..4),
            seed in any::<u32>(), texture in 0u32..4, grain in 1u32..40,
        ) {
            let mut region = Region::default();
            for (width, height) in sizes {
                let grey = |x: u32, y: u32| match texture {
                    0 => (scrambled(x ^ seed, y) >> 3) as u8,
                    1 => (scrambled((x / grain) ^ seed, y / grain) >> 5) as u8,
                    2 => if scrambled((x / grain) ^ seed, y / grain) & 1 == 0 { 0 } else { 255 },
                    _ => (seed >> 9) as u8,
                };
                let pixels = (0..width * height).map(|i| grey((i % width) as u32, (i / width) as u32)).collect();
                check(&mut region, &Raster::new(width, height, pixels));
            }
        }
    }
}
