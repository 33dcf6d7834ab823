//! Weights in the order in which the kernel reads them.

/// The weights of a convolution, cut into panels of output channels, each of a few vectors. In a panel stand, for each
/// input value, the weights of all its channels side by side; channels that are not there have zeros.
#[derive(Clone, Debug)]
pub(super) struct Panels {
    /// Input values of one pixel.
    pub inner: usize,
    /// Output channels.
    pub channels: usize,
    /// Vectors of each panel.
    pub cuts: Vec<usize>,
    /// The weights, panel after panel.
    pub weights: Vec<f32>,
    /// The bias, panel after panel.
    pub bias: Vec<f32>,
}

impl Panels {
    /// From weights by output channel and input value, for vectors of `lanes` values and panels of at most `most` vectors.
    pub fn pack(weights: &[f32], bias: &[f32], inner: usize, (lanes, most): (usize, usize)) -> Self {
        let channels = bias.len();
        let cuts = cuts(channels.div_ceil(lanes), most);
        let width = channels.next_multiple_of(lanes);
        let mut packed = Vec::with_capacity(width * inner);
        let mut first = 0;
        for vectors in &cuts {
            let panel = first..first + vectors * lanes;
            for value in 0..inner {
                packed.extend(panel.clone().map(|c| if c < channels { weights[c * inner + value] } else { 0.0 }));
            }
            first = panel.end;
        }
        let biases = (0..width).map(|c| bias.get(c).copied().unwrap_or(0.0)).collect();
        Self { inner, channels, cuts, weights: packed, bias: biases }
    }
}

/// As few panels as possible, of sizes as equal as possible.
fn cuts(vectors: usize, most: usize) -> Vec<usize> {
    let panels = vectors.div_ceil(most);
    (0..panels).map(|panel| vectors / panels + usize::from(panel < vectors % panels)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_cover_all_channels_once() {
        for (vectors, most, expected) in
            [(1, 4, vec![1]), (4, 4, vec![4]), (5, 4, vec![3, 2]), (6, 4, vec![3, 3]), (7, 3, vec![3, 2, 2])]
        {
            assert_eq!(cuts(vectors, most), expected, "{vectors}");
        }
    }

    #[test]
    fn weights_stand_side_by_side() {
        // Two input values, three channels.
        let panels = Panels::pack(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[7.0, 8.0, 9.0], 2, (8, 4));
        assert_eq!(panels.weights[..3], [1.0, 3.0, 5.0]);
        assert_eq!(panels.weights[8..11], [2.0, 4.0, 6.0]);
        assert_eq!(panels.bias, [7.0, 8.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
