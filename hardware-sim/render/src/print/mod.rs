//! Synthetic fingerprints: a master pattern for every finger of every person, and impressions of it.
//!
//! The steps are those of SFinGe (Cappelli, Maio, Maltoni, 2000-2004): singular points give an orientation field,
//! ridges grow in it under oriented filters, and each impression places, bends, presses, dirties and samples the
//! pattern anew.

mod defects;
mod fields;
mod grow;
mod impression;
mod orientation;

pub use grow::Master;
pub use impression::Impression;
pub use orientation::PatternClass;
