//! Minutiae of a fingerprint at 500 ppi: where ridges end and where they fork.
//!
//! The way is that of the literature on ridge skeletons (Maltoni and others, Handbook of Fingerprint Recognition,
//! chapter 3): a field of ridge directions, filtering along and across the ridges, binarising, thinning, crossing
//! numbers, and the removal of what defects of the picture leave in the skeleton. Pictures of single bits are worked on
//! 64 pixels at a time. Buffers live in the [`Extractor`]: after the first print of a size nothing is allocated.

pub(crate) mod angle;
mod bits;
mod clean;
mod enhance;
mod field;
mod find;
pub mod record;
mod signs;
mod skeleton;

use bits::Bits;
use enhance::Enhancer;
use field::Field;
use find::Candidate;
use std::fmt;
use zeroize::Zeroize;

/// What a ridge does at a minutia.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// One ridge becomes two.
    Bifurcation,
    /// A ridge ends.
    Ending,
}

impl Kind {
    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Bifurcation => "bifurcation",
            Self::Ending => "ending",
        }
    }
}

/// One minutia. What it is shows in no text: minutiae are biometric data.
#[derive(Clone, Copy, PartialEq)]
pub struct Minutia {
    /// Pixels from the left edge.
    pub x: f32,
    /// Pixels from the top edge.
    pub y: f32,
    /// Radians counter-clockwise from the right, 0 to 2 pi, as in ISO/IEC 19794-2: of an ending the way from its tip
    /// back along its ridge, of a bifurcation the way from the fork into the valley between its branches.
    pub angle: f32,
    /// What the ridge does.
    pub kind: Kind,
    /// How likely it is one that the finger has, rather than one that the picture has made: 0 to 100.
    pub quality: u8,
}

impl Minutia {
    /// Whether it is one to be taken for the finger's own without a look at its quality.
    pub fn is_trusted(&self) -> bool {
        self.quality >= TRUSTED
    }
}

impl Zeroize for Minutia {
    fn zeroize(&mut self) {
        for part in [&mut self.x, &mut self.y, &mut self.angle] {
            part.zeroize();
        }
        self.quality.zeroize();
    }
}

impl fmt::Debug for Minutia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Minutia")
    }
}

/// Minutiae that one print may have, as many as one view of an ISO/IEC 19794-2 record can hold. More come only from
/// pictures that are no prints; then the best are kept.
pub const MAX_MINUTIAE: usize = 255;

/// Minutiae of at least this quality are more likely the finger's own than not: on good prints four in five are. Who
/// cannot weigh a minutia by its quality takes these alone.
pub const TRUSTED: u8 = 40;

/// The smallest side of a picture that is looked at, in pixels: three ridges.
pub const MIN_SIDE: usize = 32;

/// Finds minutiae, with the memory that it takes: after the first print of a size nothing is allocated.
#[derive(Default)]
pub struct Extractor {
    field: Field,
    enhancer: Enhancer,
    ridges: Bits,
    scratch: Bits,
    candidates: Vec<Candidate>,
    found: Vec<Minutia>,
}

impl Extractor {
    /// One that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The minutiae of a print at 500 ppi: 8-bit grey, ridges dark, rows from the top. From top to bottom. A picture
    /// with a side under [`MIN_SIDE`], or one whose bytes do not fit its size, has none.
    pub fn extract(&mut self, grey: &[u8], width: usize, height: usize) -> &[Minutia] {
        self.found.clear();
        self.candidates.clear();
        let fits = width.checked_mul(height) == Some(grey.len());
        if !fits || width < MIN_SIDE || height < MIN_SIDE {
            return &self.found;
        }
        self.field.measure(grey, width, height);
        self.enhancer.enhance(grey, width, height, &self.field, &mut self.ridges);
        skeleton::thin(&mut self.ridges, &mut self.scratch);
        find::candidates(&self.ridges, &self.field, &mut self.candidates);
        clean::clean(&self.ridges, &self.field, &mut self.candidates);
        signs::weigh(&self.field, &self.enhancer, &mut self.candidates);
        let kept = self.candidates.iter().filter(|candidate| candidate.kept);
        self.found.reserve(find::MAX_CANDIDATES + 1);
        self.found.extend(kept.map(|candidate| candidate.minutia(width, height)));
        if self.found.len() > MAX_MINUTIAE {
            self.found.sort_unstable_by(|a, b| b.quality.cmp(&a.quality).then(order(a, b)));
            self.found.truncate(MAX_MINUTIAE);
        }
        self.found.sort_unstable_by(order);
        &self.found
    }
}

impl Extractor {
    /// The minutiae of the last print.
    pub fn found(&self) -> &[Minutia] {
        &self.found
    }

    /// Pixel of every end and fork that the thinned ridges of the last print show, the false ones among them, unless it
    /// lies at the border: the more torn the ridges are, the more there are.
    pub fn traces(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        let places = self.candidates.iter().map(|candidate| (candidate.x as f32, candidate.y as f32));
        places.filter(|(x, y)| self.field.is_deep(*x, *y, 2))
    }
}

/// What is left of a print is not left in memory.
impl Drop for Extractor {
    fn drop(&mut self) {
        self.field.zeroize();
        self.enhancer.zeroize();
        self.ridges.zeroize();
        self.scratch.zeroize();
        self.candidates.zeroize();
        self.found.zeroize();
    }
}

/// From top to bottom, from left to right.
fn order(a: &Minutia, b: &Minutia) -> core::cmp::Ordering {
    a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)).then(a.angle.total_cmp(&b.angle))
}

#[cfg(test)]
mod tests;
