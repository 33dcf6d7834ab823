//! Whether a finger was put down for another one: in the same placement, or earlier in the same case.

use crate::matcher::{Matcher, SAME_FINGER, Similarity};
use crate::minutiae::{Extractor, Minutia};
use crate::resample::Resampler;
use domain::guarded::{Biometric, ByteLen};
use domain::image::FingerImage;
use domain::units::Ppi;
use zeroize::Zeroize;

/// Resolutions that are taken for 500 ppi as they are: minutiae lie by at most a ridge further out.
const NEAR_500: std::ops::RangeInclusive<u16> = 480..=520;
/// The lowest resolution that shows minutiae, as for the measures.
const MIN_PPI: u16 = 250;

/// The minutiae of one print, in memory only: neither shown nor written, and wiped when it is dropped.
#[derive(Clone, Debug)]
pub struct Template(Biometric<Guarded>);

/// Minutiae that can be wiped.
#[derive(Clone)]
struct Guarded(Vec<Minutia>);

impl Zeroize for Guarded {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl ByteLen for Guarded {
    fn byte_len(&self) -> usize {
        self.0.len() * size_of::<Minutia>()
    }
}

impl Template {
    /// The trusted minutiae of a print; none of them where it shows none, or is too coarse.
    pub fn of(extractor: &mut Extractor, image: &FingerImage) -> Self {
        let (width, height) = (image.width as usize, image.height as usize);
        let mut minutiae = match image.ppi.get() {
            ppi if ppi < MIN_PPI || image.width.max(image.height) > super::MAX_SIDE => Vec::new(),
            ppi if NEAR_500.contains(&ppi) => extractor.extract(image.grey(), width, height).to_vec(),
            _ if width * height == 0 => Vec::new(),
            ppi => {
                let side = |side: usize| (side * usize::from(Ppi::FIVE_HUNDRED.get())).div_ceil(ppi.into()).max(1);
                let to = (side(width), side(height));
                let mut resampler = Resampler::default();
                extractor.extract(resampler.resample(image.grey(), (width, height), to), to.0, to.1).to_vec()
            }
        };
        // With these the limit of the matcher was found.
        let trusted = minutiae.iter().filter(|minutia| minutia.is_trusted()).copied().collect();
        minutiae.zeroize();
        Self(Biometric::new(Guarded(trusted)))
    }

    /// How much speaks for two prints being of the same finger.
    pub fn similarity(&self, other: &Self, matcher: &mut Matcher) -> Similarity {
        matcher.score(&self.0.expose().0, &other.0.expose().0)
    }

    /// Whether two prints are taken to be of the same finger.
    pub fn is_same_finger(&self, other: &Self, matcher: &mut Matcher) -> bool {
        self.similarity(other, matcher) >= SAME_FINGER
    }

    /// Number of minutiae.
    pub fn len(&self) -> usize {
        self.0.expose().0.len()
    }

    /// Whether there is not one minutia.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parallel ridges with thirty places where one begins or ends: a print of a finger that its seed decides.
    fn print(size: u32, ppi: u32, seed: u32) -> FingerImage {
        let mut number = seed.wrapping_mul(747_796_405).wrapping_add(11);
        let mut draw = || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) as f32 / (1u32 << 24) as f32
        };
        let ends: Vec<(f32, f32, f32)> = (0..30)
            .map(|_| (20.0 + 260.0 * draw(), 20.0 + 260.0 * draw(), if draw() < 0.5 { 1.0 } else { -1.0 }))
            .collect();
        let scale = ppi as f32 / 500.0;
        let shade = |at: u32| {
            let (x, y) = ((at % size) as f32 / scale, (at / size) as f32 / scale);
            let twist: f32 = ends.iter().map(|(ex, ey, way)| way * (y - ey).atan2(x - ex)).sum();
            let phase = (y + 18.0 * (x * 0.012).sin()) * std::f32::consts::TAU / 9.0 + twist;
            (128.0 + 100.0 * phase.sin()) as u8
        };
        let grey = (0..size * size).map(shade).collect();
        FingerImage::new(size, size, Ppi::try_from(ppi).unwrap(), 8, grey).unwrap()
    }

    #[test]
    fn a_print_is_the_same_as_itself_at_any_resolution_and_not_as_another() {
        let (mut extractor, mut matcher) = (Extractor::new(), Matcher::new());
        let mut template = |image: &FingerImage| Template::of(&mut extractor, image);
        let (one, finer, other) =
            (template(&print(300, 500, 1)), template(&print(600, 1000, 1)), template(&print(300, 500, 4)));
        assert!(
            one.len() > 10 && finer.len() > 10 && other.len() > 10,
            "{} {} {}",
            one.len(),
            finer.len(),
            other.len()
        );
        assert!(one.is_same_finger(&one, &mut matcher));
        assert!(one.is_same_finger(&finer, &mut matcher), "{:?}", one.similarity(&finer, &mut matcher));
        assert!(!one.is_same_finger(&other, &mut matcher), "{:?}", one.similarity(&other, &mut matcher));
    }

    #[test]
    fn what_shows_nothing_is_nobody_s_finger() {
        let (mut extractor, mut matcher) = (Extractor::new(), Matcher::new());
        let blank = FingerImage::new(300, 300, Ppi::FIVE_HUNDRED, 8, vec![255; 90_000]).unwrap();
        let coarse = print(150, 249, 1);
        for image in [blank, coarse] {
            let template = Template::of(&mut extractor, &image);
            assert!(template.is_empty());
            assert!(!template.is_same_finger(&template.clone(), &mut matcher));
        }
    }

    #[test]
    fn debug_tells_the_size_only() {
        let template = Template::of(&mut Extractor::new(), &print(300, 500, 1));
        assert_eq!(format!("{template:?}"), format!("Template(Biometric({} bytes))", template.0.expose().byte_len()));
    }
}
