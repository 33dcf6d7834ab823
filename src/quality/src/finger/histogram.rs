//! The twelve values that a module makes of its local values: ten bins, mean and standard deviation.

use super::Measure;

/// Identifiers and inner boundaries of a histogram.
pub(super) struct Histogram {
    /// NFIQ 2's identifiers: bins 0 to 9, mean, standard deviation.
    pub ids: [&'static str; 12],
    /// Bin i holds values from boundary i - 1 up to but without boundary i; the last bin is open.
    pub bounds: [f64; 9],
}

impl Histogram {
    /// The twelve measures of the local values; an error where there are none.
    pub fn of(&self, values: &[f64]) -> Result<Vec<Measure>, &'static str> {
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
        let values = bins.iter().map(|&n| f64::from(n)).chain([mean, variance.sqrt()]);
        Ok(self.ids.iter().zip(values).map(|(&id, value)| Measure { id, value }).collect())
    }
}

/// The twelve identifiers that start with a prefix.
macro_rules! ids {
    ($prefix:literal) => {
        [
            concat!($prefix, "0"),
            concat!($prefix, "1"),
            concat!($prefix, "2"),
            concat!($prefix, "3"),
            concat!($prefix, "4"),
            concat!($prefix, "5"),
            concat!($prefix, "6"),
            concat!($prefix, "7"),
            concat!($prefix, "8"),
            concat!($prefix, "9"),
            concat!($prefix, "Mean"),
            concat!($prefix, "StdDev"),
        ]
    };
}
pub(super) use ids;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_belongs_to_the_upper_bin() {
        let histogram = Histogram { ids: ids!("T_"), bounds: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0] };
        let values = histogram.of(&[0.0, 0.99, 1.0, 8.99, 9.0, 1e9]).unwrap();
        let bins: Vec<f64> = values[..10].iter().map(|m| m.value).collect();
        assert_eq!(bins, [2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]);
        assert_eq!(values[11].id, "T_StdDev");
        assert!(histogram.of(&[]).is_err());
    }
}
