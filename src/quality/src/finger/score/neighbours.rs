//! Kriging: the score of a print follows from how near it comes to every print that was learnt from, with a weight each.
//! Values are compared by their ranks among those prints, so that neither their units nor their spread matter; a value
//! that tells much has more ranks. Distances are whole numbers, and what is left of a weight at each of them stands in a
//! table: every processor gets the same bits.

use super::bytes::Bytes;
use super::gfq::{INPUTS, ModelError};

/// Ranks of a print.
const WIDTH: usize = 64;

/// The farthest that two prints can be from each other.
const FARTHEST: usize = WIDTH * u8::MAX as usize;

/// One rank: where its limits are in the inputs' order, and the limits, rising.
struct Ranked {
    input: usize,
    limits: Vec<f32>,
}

/// Prints that were learnt from.
pub(super) struct Neighbours {
    /// The answer far from all of them.
    base: f32,
    ranked: Vec<Ranked>,
    /// What each distance leaves of a weight.
    left: Vec<f32>,
    rows: Vec<[u8; WIDTH]>,
    weights: Vec<f32>,
}

impl Neighbours {
    /// Reads them: the base (f32), the distance at which a weight falls to 1/e (f32), 64 times the number of an input (u8),
    /// of its limits (u8) and the limits (f32), the number of prints (u32), their ranks and their weights (f32).
    pub fn read(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        let (base, length) = (bytes.f32()?, bytes.f32()?);
        if length <= 0.0 {
            return Err(ModelError::Neighbours);
        }
        let ranked: Vec<_> = (0..WIDTH).map(|_| Ranked::read(bytes)).collect::<Result<_, _>>()?;
        let count = bytes.u32()? as usize;
        let rows = bytes.take(count.checked_mul(WIDTH).ok_or(ModelError::Truncated)?)?;
        let rows = rows.as_chunks::<WIDTH>().0.to_vec();
        let weights = bytes.f32s(count)?;
        let left = (0..=FARTHEST).map(|distance| (-(distance as f64) / f64::from(length)).exp() as f32).collect();
        Ok(Self { base, ranked, left, rows, weights })
    }

    pub fn answer(&self, inputs: &[f32; INPUTS]) -> f32 {
        let mut own = [0; WIDTH];
        for (rank, ranked) in own.iter_mut().zip(&self.ranked) {
            *rank = ranked.limits.partition_point(|limit| *limit <= inputs[ranked.input]) as u8;
        }
        let sum = self.rows.iter().zip(&self.weights).fold(0.0, |sum, (row, weight)| {
            let apart: u32 = row.iter().zip(&own).map(|(there, here)| u32::from(there.abs_diff(*here))).sum();
            sum + f64::from(*weight) * f64::from(self.left[apart as usize])
        });
        self.base + sum as f32
    }
}

impl Ranked {
    fn read(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        let input = usize::from(bytes.u8()?);
        let count = bytes.u8()?;
        let limits = bytes.f32s(count.into())?;
        if input >= INPUTS || !limits.is_sorted() {
            return Err(ModelError::Neighbours);
        }
        Ok(Self { input, limits })
    }
}
