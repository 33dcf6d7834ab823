//! Takes sealed records to the intake, oldest first, until a signed receipt says that they arrived.
//!
//! A target is one file in this folder and one line in [`TARGETS`].

mod https;
mod identity;
mod pace;
mod worker;

pub use identity::{Connection, ConnectionError, keep, provisioned};
pub use worker::{News, Upload, start};

use rustls::ClientConfig;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Slowest line and slowest limit of the bandwidth, in thousands of bytes a second: the largest record of 4 MiB still
/// passes within [`link::RECORD_PATIENCE`].
pub const SLOWEST_KILOBYTES: u32 = 16;

/// What came of one delivery.
#[derive(Debug)]
pub enum Delivery {
    /// The target answered with these bytes; whether they are a valid receipt is for the store to check.
    Answered(Vec<u8>),
    /// The target refuses this record, and does so until somebody there has helped. It stays in the store, those behind
    /// it go on, and somebody has to look.
    Refused(String),
    /// Nothing arrived, or nobody knows. To be tried again.
    TryAgain(Trouble),
}

/// Why nothing arrives. Its code has a sentence in the locales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// To read out over the telephone: `N-01`.
    pub code: &'static str,
    /// For the log.
    pub text: String,
}

/// What is asked of a target.
#[derive(Clone, Debug)]
pub enum Parcel {
    /// The receipt of this station's last record that the target has; an empty answer where it has none.
    Last,
    /// What leads on from this key of receipts, by its identifier, to the one that signs now.
    ReceiptKeys(String),
    /// The envelope of a record.
    Record(Vec<u8>),
    /// This station's next certificate.
    Renewal,
    /// A statement of an old key about its next one.
    Rotation(Vec<u8>),
}

/// Somewhere to take records to.
pub trait Target: Send + Sync {
    /// Delivers one parcel.
    fn deliver<'a>(&'a self, parcel: Parcel) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>>;
}

/// What a target is made of.
pub struct Address<'a> {
    /// As `[intake] url` says.
    pub url: &'a str,
    /// Name of this station.
    pub station: &'a str,
    /// This station's side of connections.
    pub tls: ClientConfig,
    /// Thousands of bytes a second that may be sent at most.
    pub kilobytes_per_second: Option<u32>,
}

/// Makes a target for an address.
pub struct TargetFactory {
    /// Name in the configuration.
    pub name: &'static str,
    /// Makes it.
    pub make: fn(Address<'_>) -> Result<Box<dyn Target>, String>,
}

/// Every target there is.
pub const TARGETS: &[TargetFactory] = &[https::HTTPS];

/// The target of this name.
pub fn find(name: &str) -> Option<&'static TargetFactory> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Trouble {
    /// The intake knows records that are not here.
    pub const OLD_COPY: &'static str = "N-10";
    /// Its receipts are not accepted.
    pub const RECEIPT: &'static str = "N-11";
    /// It does not know this station's key.
    pub const UNKNOWN_KEY: &'static str = "N-12";
    /// It does not work properly.
    pub const INTAKE: &'static str = "N-13";
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.text)
    }
}

impl From<link::Fault> for Trouble {
    fn from(fault: link::Fault) -> Self {
        Self { code: fault.code(), text: fault.to_string() }
    }
}
