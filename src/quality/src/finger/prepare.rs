//! From the device's picture to the print that is measured: 500 ppi, without its blank margin.

use crate::assessment::Advice;
use crate::resample::Resampler;
use crate::simd::{self, Kernel};
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::units::Ppi;

/// The longest side of a picture that is looked at, in pixels, before and after resampling. A whole hand at 1000 ppi
/// is below it; what is longer is refused before anything is allocated.
pub const MAX_SIDE: u32 = 4096;
/// The widest print after the crop, in pixels at 500 ppi (NFIQ 2's limit).
pub const MAX_CROPPED_WIDTH: usize = 800;
/// The highest print after the crop, in pixels at 500 ppi (NFIQ 2's limit).
pub const MAX_CROPPED_HEIGHT: usize = 1000;
/// The lowest resolution that is resampled to 500 ppi. Below it the picture would be enlarged more than twice, and
/// what the measures would then see is the interpolation.
pub const MIN_PPI: u16 = 250;

/// Rows and columns with a mean grey above this are blank (NFIQ 2's constant).
const BLANK_ABOVE: f64 = 250.0;

/// Why a picture could not be assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// Every row is near white: no finger.
    Blank,
    /// No minutia is to be trusted.
    NoMinutiae,
    /// The resolution is too low to be resampled.
    ResolutionTooLow,
    /// Too few blocks hold ridges.
    TooFewRidges,
    /// The print is wider than 800 or higher than 1000 pixels after the crop, or the picture is over the limit.
    TooLarge,
    /// There is not one pixel.
    TooSmall,
}

impl Failure {
    /// The stable id of the failure.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::NoMinutiae => "no-minutiae",
            Self::ResolutionTooLow => "resolution-too-low",
            Self::TooFewRidges => "too-few-ridges",
            Self::TooLarge => "too-large",
            Self::TooSmall => "too-small",
        }
    }

    /// What is wrong, as one lower-case phrase.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Blank => "all image rows are blank",
            Self::NoMinutiae => "no minutia of the print is to be trusted",
            Self::ResolutionTooLow => "the resolution is below 250 ppi",
            Self::TooFewRidges => "too few blocks hold ridges for every measure",
            Self::TooLarge => "the print is larger than 800 x 1000 pixels at 500 ppi",
            Self::TooSmall => "the image has no pixels",
        }
    }

    /// What the traveller can do about it, if anything.
    pub const fn advice(self) -> Option<Advice> {
        match self {
            Self::Blank => Some(Advice::PlaceFinger),
            Self::NoMinutiae | Self::TooFewRidges => Some(Advice::PlaceWholeFingertip),
            Self::ResolutionTooLow | Self::TooLarge | Self::TooSmall => None,
        }
    }
}

/// A picture at 500 ppi. Its `Debug` is left out on purpose: the pixels are biometric data.
pub(super) struct Raster {
    pub width: usize,
    pub height: usize,
    pixels: Biometric<Vec<u8>>,
}

impl Raster {
    /// `pixels` must hold `width * height` bytes.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(pixels.len(), width * height);
        Self { width, height, pixels: Biometric::new(pixels) }
    }

    pub fn grey(&self) -> &[u8] {
        self.pixels.expose()
    }

    #[inline(always)]
    pub fn row(&self, y: usize) -> &[u8] {
        &self.grey()[y * self.width..][..self.width]
    }
}

/// A print and where it lay in the picture, all in pixels at 500 ppi; the workspace of making it.
pub(super) struct Prepared {
    /// The print without its blank margin.
    pub raster: Raster,
    /// Width of the picture before the crop.
    pub width: usize,
    /// Height of the picture before the crop.
    pub height: usize,
    /// Columns that were dropped at the left.
    pub left: usize,
    /// Rows that were dropped at the top.
    pub top: usize,
    columns: Vec<u32>,
    rows: Vec<u32>,
    resampler: Resampler,
}

impl Prepared {
    /// Nothing yet.
    pub fn empty() -> Self {
        let raster = Raster::new(0, 0, Vec::new());
        let (columns, rows, resampler) = Default::default();
        Self { raster, width: 0, height: 0, left: 0, top: 0, columns, rows, resampler }
    }

    /// The print at 500 ppi without its blank margin.
    ///
    /// Another resolution is resampled with the Catmull-Rom kernel, widened when the picture shrinks so that nothing
    /// aliases; sides are rounded to whole pixels.
    pub fn load(&mut self, image: &FingerImage) -> Result<(), Failure> {
        if image.width == 0 || image.height == 0 {
            return Err(Failure::TooSmall);
        }
        if image.width > MAX_SIDE || image.height > MAX_SIDE {
            return Err(Failure::TooLarge);
        }
        if image.ppi == Ppi::FIVE_HUNDRED {
            return self.crop(image.width as usize, image.height as usize, image.grey());
        }
        if image.ppi.get() < MIN_PPI {
            return Err(Failure::ResolutionTooLow);
        }
        let (width, height) = (at_500(image.width, image.ppi), at_500(image.height, image.ppi));
        if width > MAX_SIDE || height > MAX_SIDE {
            return Err(Failure::TooLarge);
        }
        let (from, to) = ((image.width as usize, image.height as usize), (width as usize, height as usize));
        let mut resampler = std::mem::take(&mut self.resampler);
        let cropped = self.crop(to.0, to.1, resampler.resample(image.grey(), from, to));
        self.resampler = resampler;
        cropped
    }

    /// Drops blank rows from top and bottom, then blank columns from left and right, each judged over the whole
    /// picture.
    fn crop(&mut self, width: usize, height: usize, grey: &[u8]) -> Result<(), Failure> {
        simd::best(LineSums { grey, width, columns: &mut self.columns, rows: &mut self.rows });
        let (top, bottom) = inked(&self.rows, width).ok_or(Failure::Blank)?;
        let (left, right) = inked(&self.columns, height).ok_or(Failure::Blank)?;
        let (cropped_width, cropped_height) = (right - left + 1, bottom - top + 1);
        if cropped_width > MAX_CROPPED_WIDTH || cropped_height > MAX_CROPPED_HEIGHT {
            return Err(Failure::TooLarge);
        }
        let pixels = self.raster.pixels.expose_mut();
        pixels.clear();
        for row in grey.chunks_exact(width).take(bottom + 1).skip(top) {
            pixels.extend_from_slice(&row[left..=right]);
        }
        (self.raster.width, self.raster.height) = (cropped_width, cropped_height);
        (self.width, self.height, self.left, self.top) = (width, height, left, top);
        Ok(())
    }
}

fn at_500(side: u32, ppi: Ppi) -> u32 {
    let ppi = u32::from(ppi.get());
    ((side * 500 + ppi / 2) / ppi).max(1)
}

/// The sum of the greys of every column and of every row.
struct LineSums<'a> {
    grey: &'a [u8],
    width: usize,
    columns: &'a mut Vec<u32>,
    rows: &'a mut Vec<u32>,
}

impl Kernel for LineSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.columns.clear();
        self.columns.resize(self.width, 0);
        self.rows.clear();
        for row in self.grey.chunks_exact(self.width) {
            for (column, &pixel) in self.columns.iter_mut().zip(row) {
                *column += u32::from(pixel);
            }
            self.rows.push(row.iter().map(|&pixel| u32::from(pixel)).sum());
        }
    }
}

/// The first and last line whose mean is not blank.
fn inked(sums: &[u32], length: usize) -> Option<(usize, usize)> {
    let ink = |&sum: &u32| f64::from(sum) / length as f64 <= BLANK_ABOVE;
    Some((sums.iter().position(ink)?, sums.iter().rposition(ink)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32, ppi: u32, grey: Vec<u8>) -> FingerImage {
        FingerImage::new(width, height, Ppi::try_from(ppi).unwrap(), 8, grey).unwrap()
    }

    fn prepare(image: &FingerImage) -> Result<Prepared, Failure> {
        let mut prepared = Prepared::empty();
        prepared.load(image).map(|()| prepared)
    }

    #[test]
    fn the_crop_drops_blank_margins_only() {
        let mut grey = vec![255u8; 40 * 30];
        for y in 5..20 {
            grey[y * 40 + 7..y * 40 + 33].fill(90);
        }
        let print = prepare(&image(40, 30, 500, grey)).ok().unwrap();
        assert_eq!((print.raster.width, print.raster.height), (26, 15));
        assert_eq!((print.width, print.height, print.left, print.top), (40, 30, 7, 5));
        assert!(print.raster.grey().iter().all(|&g| g == 90));
    }

    #[test]
    fn sizes_at_the_limits() {
        for (width, height, ppi, grey, expected) in [
            (0, 0, 500, 9, Err(Failure::TooSmall)),
            (1, 1, 500, 9, Ok((1, 1))),
            (800, 1000, 500, 9, Ok((800, 1000))),
            (801, 1000, 500, 9, Err(Failure::TooLarge)),
            (800, 1001, 500, 9, Err(Failure::TooLarge)),
            (801, 1001, 500, 250, Err(Failure::TooLarge)),
            (801, 1001, 500, 251, Err(Failure::Blank)),
            (4097, 1, 500, 9, Err(Failure::TooLarge)),
            (1600, 2000, 1000, 9, Ok((800, 1000))),
            (192, 192, 508, 9, Ok((189, 189))),
            (1, 1, 2000, 9, Ok((1, 1))),
            (300, 300, 249, 9, Err(Failure::ResolutionTooLow)),
            (4000, 1, 250, 9, Err(Failure::TooLarge)),
        ] {
            let pixels = vec![grey; (width * height) as usize];
            let size = prepare(&image(width, height, ppi, pixels)).map(|p| (p.raster.width, p.raster.height));
            assert_eq!(size, expected, "{width} x {height} at {ppi} ppi, grey {grey}");
        }
    }
}
