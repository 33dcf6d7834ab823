//! Why an envelope is not taken: a status, a code, and a sentence, as JSON.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::format::FormatFault;
use store::{ApplicationRefused, RotationRefused, SignatureRefused};
use thiserror::Error;

use crate::database::{DatabaseFault, Redeemed};

/// A request that is refused. The text names no person and repeats nothing of the request.
#[derive(Debug, Error)]
pub enum Refusal {
    /// Not an application that could be believed.
    #[error("the application is refused: {0}")]
    Application(ApplicationRefused),
    /// The sealed body is not the one that was signed.
    #[error("the body is not the one that the header was signed for")]
    BodyDigest,
    /// The station sends too many records at once: to be sent again later.
    #[error("this station sends several records already; send it again when they have arrived")]
    Busy,
    /// The certificate of the connection is over, or was revoked while the connection was open.
    #[error("the certificate of this connection is no longer valid; provision the station again")]
    CertificateOver,
    /// The one-time code of an application.
    #[error("{}", code_text(*.0))]
    Code(Redeemed),
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
    /// Certificates are made elsewhere.
    #[error("this intake makes no certificates; whoever has the authority's key does")]
    NoIssuer,
    /// The connection's certificate names no station.
    #[error("the certificate of this connection names no station")]
    NoStation,
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
    /// The connection's certificate is another station's.
    #[error("this is of station {claimed}, and the connection's certificate is of station {shown}")]
    OtherStation {
        /// The station of the certificate.
        shown: String,
        /// The station that the request is about.
        claimed: String,
    },
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
            Self::Application(_)
            | Self::BodyDigest
            | Self::Code(_)
            | Self::Fork { .. }
            | Self::Malformed(_)
            | Self::OffTheChain { .. }
            | Self::Rotation(_)
            | Self::SecondSuccessor(_)
            | Self::Signature(_)
            | Self::Simulated
            | Self::TooLarge => true,
            Self::Busy
            | Self::CertificateOver
            | Self::Database(_)
            | Self::Incomplete
            | Self::NoIssuer
            | Self::NoStation
            | Self::NotFound
            | Self::OtherAuthority(_)
            | Self::OtherStation { .. }
            | Self::Receipt
            | Self::RetiredKey(_)
            | Self::UnknownStation(_) => false,
        }
    }

    /// A word for the reason, for programs and for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Application(_) => "application",
            Self::BodyDigest => "body-digest",
            Self::Busy => "busy",
            Self::CertificateOver => "certificate-over",
            Self::Code(redeemed) => code_row(*redeemed).1,
            Self::Database(_) => "database",
            Self::Fork { .. } => "fork",
            Self::Incomplete => "incomplete",
            Self::Malformed(fault) => fault.id(),
            Self::NoIssuer => "no-issuer",
            Self::NoStation => "no-station",
            Self::NotFound => "not-found",
            Self::OffTheChain { .. } => "off-the-chain",
            Self::OtherAuthority(_) => "other-authority",
            Self::OtherStation { .. } => "other-station",
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
            Self::Busy => (StatusCode::TOO_MANY_REQUESTS, "I-17"),
            Self::OtherStation { .. } => (StatusCode::FORBIDDEN, "I-30"),
            Self::NoStation => (StatusCode::FORBIDDEN, "I-31"),
            Self::CertificateOver => (StatusCode::FORBIDDEN, "I-32"),
            Self::NoIssuer => (StatusCode::SERVICE_UNAVAILABLE, "I-33"),
            Self::Application(_) => (StatusCode::BAD_REQUEST, "I-40"),
            Self::Code(redeemed) => (StatusCode::FORBIDDEN, code_row(*redeemed).0),
        }
    }
}

/// Code and word of what came of a one-time code.
fn code_row(redeemed: Redeemed) -> (&'static str, &'static str) {
    match redeemed {
        // No refusal is made of it.
        Redeemed::Yes | Redeemed::Wrong => ("I-41", "wrong-code"),
        Redeemed::Expired => ("I-42", "expired-code"),
        Redeemed::Used => ("I-43", "used-code"),
        Redeemed::OtherStation => ("I-45", "code-of-another-station"),
    }
}

fn code_text(redeemed: Redeemed) -> &'static str {
    match redeemed {
        Redeemed::Yes | Redeemed::Wrong => "the code is wrong; check every letter of it",
        Redeemed::Expired => "the time of this code is over; `gatepost-intake invite` makes another",
        Redeemed::Used => {
            "this code was used by a station with other keys; if that was not this station, revoke its certificates, and \
             invite again"
        }
        Redeemed::OtherStation => "this code is for another station",
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
        let mut response = (self.status(), Json(answer)).into_response();
        if let Self::CertificateOver = self {
            // The station may have its next one, which it shows on another connection.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
