//! Takes sealed records to the intake, oldest first, until a signed receipt says that they arrived.
//!
//! A target is one file in this folder and one line in [`TARGETS`].

mod http;
mod worker;

pub use worker::{Arrived, start};

use std::future::Future;
use std::pin::Pin;

/// What came of one delivery.
#[derive(Debug)]
pub enum Delivery {
    /// The target answered with these bytes; whether they are a valid receipt is for the store to check.
    Answered(Vec<u8>),
    /// The target refuses this record for good. It stays in the store, and somebody has to look.
    Refused(String),
    /// Nothing arrived, or nobody knows. To be tried again.
    TryAgain(String),
}

/// What is taken to a target.
#[derive(Clone, Debug)]
pub enum Parcel {
    /// The envelope of a record.
    Record(Vec<u8>),
    /// A statement of an old key about its next one.
    Rotation(Vec<u8>),
}

/// Somewhere to take records to.
pub trait Target: Send + Sync {
    /// Delivers one parcel.
    fn deliver<'a>(&'a self, parcel: Parcel) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;
}

/// Makes a target for an address.
pub struct TargetFactory {
    /// Name in the configuration.
    pub name: &'static str,
    /// Makes it.
    pub make: fn(url: &str) -> Result<Box<dyn Target>, String>,
}

/// Every target there is.
pub const TARGETS: &[TargetFactory] = &[http::HTTP];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static TargetFactory> {
    TARGETS.iter().find(|target| target.name == name)
}
