//! The twelve values that a module makes of its local values: ten bins, mean and standard deviation.

use super::natives::Natives;
use std::ops::Range;

/// Places and inner boundaries of a histogram.
pub(super) struct Histogram {
    /// Where its twelve values stand: bins 0 to 9, mean, standard deviation.
    pub places: Range<usize>,
    /// Bin i holds values from boundary i - 1 up to but without boundary i; the last bin is open.
    pub bounds: [f64; 9],
}

impl Histogram {
    /// Puts the twelve measures of the local values; an error where there are none.
    pub fn put(&self, values: &[f64], natives: &mut Natives) -> Result<(), &'static str> {
        if values.is_empty() {
            return Err("no block gave a value");
        }
        let mut bins = [0u32; 10];
        for value in values {
            bins[self.bounds.partition_point(|bound| bound <= value)] += 1;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
        let mut twelve = [0.0; 12];
        for (place, &count) in twelve.iter_mut().zip(&bins) {
            *place = f64::from(count);
        }
        twelve[10..].copy_from_slice(&[mean, variance.sqrt()]);
        natives.put(self.places.clone(), &twelve);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::natives;

    #[test]
    fn a_boundary_belongs_to_the_upper_bin() {
        let histogram = Histogram { places: natives::OF, bounds: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0] };
        let mut natives = Natives::EMPTY;
        assert!(histogram.put(&[], &mut natives).is_err());
        assert_eq!(natives, Natives::EMPTY);
        histogram.put(&[0.0, 0.99, 1.0, 8.99, 9.0, 1e9], &mut natives).unwrap();
        let bins: Vec<f64> = natives.measures().take(10).map(|m| m.value).collect();
        assert_eq!(bins, [2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        assert_eq!(natives.measures().last().map(|m| m.id), Some("OF_Bin10_StdDev"));
    }
}
