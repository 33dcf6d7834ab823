//! Why the policy desk does not do what it was asked.

use crate::config::ConfigFaults;
use thiserror::Error;

/// Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyRefusal {
    /// The basis says nothing, or too much.
    #[error("write the basis of the confirmation in 3 to 200 characters: who published what, and when")]
    Basis,
    /// Something cannot be kept: the inside text for the log.
    #[error("nothing was changed, because it could not be kept: {0}")]
    Kept(String),
    /// There is no such pack any more.
    #[error("there is no such pack any more; load the page again")]
    NoSuchPack,
    /// The entry is not announced, or already so.
    #[error("the rule waits for no confirmation any more; load the page again")]
    NotAnnounced,
    /// A pack that may not work here, with every reason.
    #[error("the pack is not taken; the working one stays: {0}")]
    NotTaken(ConfigFaults),
    /// The station is stopping.
    #[error("the station is stopping")]
    Stopping,
}

impl PolicyRefusal {
    /// The code, to be read out over the telephone.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotTaken(_) => "P-40",
            Self::NoSuchPack => "P-41",
            Self::Basis => "P-42",
            Self::NotAnnounced => "P-43",
            Self::Kept(_) => "P-44",
            Self::Stopping => "P-08",
        }
    }
}
