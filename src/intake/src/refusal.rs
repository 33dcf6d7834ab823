//! Why an envelope is not taken: a status, a code, and a sentence, as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::format::FormatFault;
use store::{RotationRefused, SignatureRefused};
use thiserror::Error;

use crate::database::DatabaseFault;

/// A request that is refused. The text names no person and repeats nothing of the request.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The sealed body is not the one that was signed.
    #[error("the body is not the one that the header was signed for")]
    BodyDigest,
    /// The data base failed: to be tried again later.
    #[error("the intake cannot keep records at the moment; send it again later")]
    Database(#[from] DatabaseFault),
    /// Another envelope with this sequence number is here already. Both are kept, and an administrator must look.
    #[error("another record of station {station} has sequence {sequence} already; both are kept")]
    Fork {
        /// The station.
        station: String,
        /// The sequence number.
        sequence: u64,
    },
    /// The connection ended before the envelope did.
    #[error("the envelope did not arrive whole; send it again")]
    Incomplete,
    /// Not an envelope.
    #[error("not an envelope: {0}")]
    Malformed(FormatFault),
    /// Nothing here under this name.
    #[error("there is no such station")]
    NotFound,
    /// It does not hang on the record before it. It is kept beside the others, and an administrator must look.
    #[error("record {sequence} of station {station} does not hang on the one before it; both are kept")]
    OffTheChain {
        /// The station.
        station: String,
        /// The sequence number.
        sequence: u64,
    },
    /// Sealed to an authority that this intake does not receive for.
    #[error("the body is sealed to key {0}, which is none of this intake's authorities")]
    OtherAuthority(String),
    /// The receipt could not be signed.
    #[error("the intake cannot sign receipts at the moment; send it again later")]
    Receipt,
    /// Another key has taken over from this one, and their overlap is over.
    #[error(
        "key {0} has been replaced, and records by it are not taken any more; an administrator can register it again"
    )]
    RetiredKey(String),
    /// Not a statement about keys that could be believed.
    #[error("the statement about a key is refused: {0}")]
    Rotation(RotationRefused),
    /// One key named two successors: somebody has a copy of it.
    #[error("a key of station {0} has named another successor already")]
    SecondSuccessor(String),
    /// The signature is not accepted.
    #[error("the signature is refused: {0}")]
    Signature(SignatureRefused),
    /// Simulated devices took part, and this intake is for real travellers.
    #[error("the record was made with simulated devices, and this intake takes records of real ones only")]
    Simulated,
    /// Larger than an envelope may be.
    #[error("the envelope is too large")]
    TooLarge,
    /// No such station, or no such key of it, is registered.
    #[error("station {0} is not registered with this key")]
    UnknownStation(String),
}

impl Refusal {
    /// Short code to read out over the telephone.
    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// Whether the same envelope will be refused however often it is sent: what is wrong lies in its bytes, or another
    /// record has its place. All else passes, if an administrator has to help at times.
    pub fn is_final(&self) -> bool {
        match self {
            Self::BodyDigest
            | Self::Fork { .. }
            | Self::Malformed(_)
            | Self::OffTheChain { .. }
            | Self::Rotation(_)
            | Self::SecondSuccessor(_)
            | Self::Signature(_)
            | Self::Simulated
            | Self::TooLarge => true,
            Self::Database(_)
            | Self::Incomplete
            | Self::NotFound
            | Self::OtherAuthority(_)
            | Self::Receipt
            | Self::RetiredKey(_)
            | Self::UnknownStation(_) => false,
        }
    }

    /// A word for the reason, for programs and for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::BodyDigest => "body-digest",
            Self::Database(_) => "database",
            Self::Fork { .. } => "fork",
            Self::Incomplete => "incomplete",
            Self::Malformed(fault) => fault.id(),
            Self::NotFound => "not-found",
            Self::OffTheChain { .. } => "off-the-chain",
            Self::OtherAuthority(_) => "other-authority",
            Self::Receipt => "receipt",
            Self::RetiredKey(_) => "retired-key",
            Self::Rotation(_) => "rotation",
            Self::SecondSuccessor(_) => "second-successor",
            Self::Signature(refused) => refused.id(),
            Self::Simulated => "simulated",
            Self::TooLarge => "too-large",
            Self::UnknownStation(_) => "unknown-station-or-key",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.row().0
    }

    fn row(&self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "I-01"),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "I-02"),
            Self::UnknownStation(_) => (StatusCode::FORBIDDEN, "I-03"),
            Self::Signature(_) => (StatusCode::FORBIDDEN, "I-04"),
            Self::BodyDigest => (StatusCode::UNPROCESSABLE_ENTITY, "I-05"),
            Self::Fork { .. } => (StatusCode::CONFLICT, "I-06"),
            Self::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, "I-07"),
            Self::NotFound => (StatusCode::NOT_FOUND, "I-08"),
            Self::Receipt => (StatusCode::SERVICE_UNAVAILABLE, "I-09"),
            Self::Incomplete => (StatusCode::BAD_REQUEST, "I-10"),
            Self::OffTheChain { .. } => (StatusCode::CONFLICT, "I-11"),
            Self::OtherAuthority(_) => (StatusCode::FORBIDDEN, "I-12"),
            Self::RetiredKey(_) => (StatusCode::FORBIDDEN, "I-13"),
            Self::Rotation(_) => (StatusCode::FORBIDDEN, "I-14"),
            Self::SecondSuccessor(_) => (StatusCode::CONFLICT, "I-15"),
            Self::Simulated => (StatusCode::UNPROCESSABLE_ENTITY, "I-16"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match &self {
            Self::Database(fault) => tracing::error!(%fault, "the data base failed"),
            Self::Fork { station, sequence } => tracing::error!(
                station,
                sequence,
                alarm = "fork",
                "two different records with the same sequence number: a copied store or a copied key"
            ),
            Self::OffTheChain { station, sequence } => tracing::error!(
                station,
                sequence,
                alarm = "off-the-chain",
                "a record that does not hang on the one before it: a copied store or a copied key"
            ),
            Self::SecondSuccessor(station) => {
                tracing::error!(station, alarm = "copied-key", "one key named two successors");
            }
            refusal => tracing::warn!(code = refusal.code(), %refusal, "refused"),
        }
        let answer = json!({
            "code": self.code(), "reason": self.reason(), "text": self.to_string(), "final": self.is_final()
        });
        (self.status(), Json(answer)).into_response()
    }
}
