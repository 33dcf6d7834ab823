//! Record formats: deterministic CBOR as `record.cddl` describes it, written and strictly read.

mod body;
pub mod cbor;
mod envelope;
mod header;
mod schema;

pub use body::{BodyImage, RecordBody, decode_body, encode_body};
pub use envelope::{Envelope, MAX_ENVELOPE_BYTES, Stub, digest};
pub use header::{decode_header, encode_header};

pub(crate) use header::{array, station_id};

use cbor::{CborFault, Node};
use thiserror::Error;

/// Bytes that are not what `record.cddl` says. Rules and keys are named, contents never.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatFault {
    /// Not CBOR, or not in deterministic form.
    #[error(transparent)]
    Cbor(#[from] CborFault),
    /// The outcome of a draft does not go with its body.
    #[error("outcome {outcome} does not go with a body of kind {kind}")]
    OutcomeAndBody {
        /// The outcome's word.
        outcome: &'static str,
        /// The body's kind.
        kind: &'static str,
    },
    /// A rule of the CDDL file is broken.
    #[error("{rule}: {key} {what}")]
    Shape {
        /// The rule.
        rule: &'static str,
        /// The key, or empty for the whole map.
        key: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// A version that this program does not read.
    #[error("{rule}: version {found} is not read here")]
    UnknownVersion {
        /// The rule.
        rule: &'static str,
        /// The version that it names.
        found: u64,
    },
    /// The body is sealed by an algorithm that nobody could open here.
    #[error("header: the body is sealed by an algorithm that is not known here")]
    UnknownSealing,
    /// Larger than any record may be.
    #[error("{0} bytes are more than an envelope may have")]
    TooLarge(usize),
}

impl FormatFault {
    /// A word for the reason, for programs and for counting.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Cbor(_) => "not-one-cbor-value",
            Self::OutcomeAndBody { .. } => "outcome-and-body",
            Self::Shape { .. } => "shape",
            Self::TooLarge(_) => "too-large",
            Self::UnknownSealing => "sealing-algorithm",
            Self::UnknownVersion { .. } => "version",
        }
    }
}

/// The payload of a receipt as CBOR.
pub(crate) fn check_receipt(node: &Node<'_>) -> Result<(), FormatFault> {
    schema::RECEIPT.check(node)
}

/// The payload of a tombstone as CBOR.
pub(crate) fn check_tombstone(node: &Node<'_>) -> Result<(), FormatFault> {
    schema::TOMBSTONE.check(node)
}

/// The payload of a statement about keys as CBOR.
pub(crate) fn check_rotation(node: &Node<'_>) -> Result<(), FormatFault> {
    schema::KEY_ROTATION.check(node)
}

/// The payload of a statement about the intake's key for receipts as CBOR.
pub(crate) fn check_succession(node: &Node<'_>) -> Result<(), FormatFault> {
    schema::RECEIPT_KEY.check(node)
}

/// The payload of a station's application as CBOR.
pub(crate) fn check_application(node: &Node<'_>) -> Result<(), FormatFault> {
    schema::APPLICATION.check(node)
}

/// The version that stands in every receipt.
pub(crate) fn receipt_version_node<'a>() -> Node<'a> {
    Node::Uint(schema::RECEIPT_VERSION)
}

/// The version that stands in every record.
pub(crate) fn record_version_node<'a>() -> Node<'a> {
    Node::Uint(schema::RECORD_VERSION)
}

/// The version that stands in every other map.
pub(crate) fn version_node<'a>() -> Node<'a> {
    Node::Uint(schema::VERSION)
}
