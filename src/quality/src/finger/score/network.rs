//! A small fully connected network with rectified units. Sums run in a fixed order, so that every processor gets the
//! same bits; the inner loop runs over the units of a layer, which a compiler can do side by side without changing that.

use super::bytes::Bytes;
use super::gfq::{INPUTS, ModelError};

/// The widest layer; no vector is longer.
const WIDEST: usize = 128;
/// Inputs this many standard deviations off are taken as that far off: nothing was learnt beyond.
const REACH: f32 = 5.0;

/// One layer: `weights` of the first input for every unit, then of the second, and so on.
struct Layer {
    weights: Vec<f32>,
    biases: Vec<f32>,
}

/// Scales its inputs, then layer after layer; the last has one unit, which is the answer.
pub(super) struct Network {
    means: Vec<f32>,
    /// One over the standard deviation.
    scales: Vec<f32>,
    layers: Vec<Layer>,
}

impl Network {
    /// Reads a network and proves that its layers fit each other.
    pub fn read(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        let (means, scales) = (bytes.f32s(INPUTS)?, bytes.f32s(INPUTS)?);
        let count = bytes.u8()?;
        let (mut layers, mut width) = (Vec::new(), INPUTS);
        for _ in 0..count {
            let units = usize::from(bytes.u16()?);
            if !(1..=WIDEST).contains(&units) {
                return Err(ModelError::Layer);
            }
            layers.push(Layer { weights: bytes.f32s(width * units)?, biases: bytes.f32s(units)? });
            width = units;
        }
        if layers.is_empty() || width != 1 {
            return Err(ModelError::Layer);
        }
        Ok(Self { means, scales, layers })
    }

    pub fn answer(&self, inputs: &[f32; INPUTS]) -> f32 {
        let mut values = [0.0f32; INPUTS];
        let scaled = inputs.iter().zip(&self.means).zip(&self.scales);
        for (value, ((input, mean), scale)) in values.iter_mut().zip(scaled) {
            *value = ((input - mean) * scale).clamp(-REACH, REACH);
        }
        let (mut here, mut next) = ([0.0f32; WIDEST], [0.0f32; WIDEST]);
        let mut width = 0;
        for (number, layer) in self.layers.iter().enumerate() {
            let units = layer.biases.len();
            let sums = &mut next[..units];
            sums.copy_from_slice(&layer.biases);
            let inputs = if number == 0 { &values[..] } else { &here[..width] };
            for (input, weights) in inputs.iter().zip(layer.weights.chunks_exact(units)) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += input * weight;
                }
            }
            if number + 1 < self.layers.len() {
                sums.iter_mut().for_each(|sum| *sum = sum.max(0.0));
            }
            std::mem::swap(&mut here, &mut next);
            width = units;
        }
        here[0]
    }
}
