//! Synthetic fingerprints: a master pattern for every finger of every person, and impressions of it.
//!
//! The steps are those of SFinGe (Cappelli, Maio, Maltoni, 2000-2004): singular points give an orientation field,
//! ridges grow in it under oriented filters, and each impression places, bends, presses, dirties and samples the
//! pattern anew. Beside every image stands the truth about it.

mod defects;
mod fields;
mod geometry;
mod glass;
mod grow;
mod hand;
mod impression;
mod minutiae;
mod orientation;
pub mod slap;
mod stains;
mod touch;
mod truth;

pub use geometry::Contact;
pub use glass::Glass;
pub use grow::{Master, Singular};
pub use impression::{Print, at_depth};
pub use minutiae::{Kind, Minutia};
pub use orientation::PatternClass;
pub use touch::{Axis, Impression, Look};
pub use truth::PrintTruth;
