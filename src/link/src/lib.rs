//! The encrypted connection between station and intake: TLS 1.3 and nothing else, with a certificate on both sides from
//! the deployment's own authority. What makes and sends requests is elsewhere.
//!
//! A certificate names its station by a URI, `gatepost://station/S1`. Its private key is any [`store::Signer`], so that
//! it can live in a file that opens with a passphrase, or in a chip.

mod certificate;
mod fault;
mod identity;
mod key;
mod provisioned;
mod scrape;
mod side;
mod subject;

pub use certificate::{Facts, authority_of, chain_from_pem, fingerprint_from_text, station_uri};
pub use fault::{Fault, Refused, tls_error};
pub use identity::Identity;
pub use key::certified;
pub use provisioned::{EarlierKey, MAX_PROVISIONED_BYTES, Parts, Provisioned, Renewed, Successions, certificate};
pub use scrape::scraped;
pub use side::{SetupFault, Time, believes, client, first_contact, server, server_for_anybody};
pub use subject::{IssuingKey, RequestFault, SubjectKey, certificate_request};

pub use rustls::pki_types::CertificateDer;

/// How long an intake waits for a record, and a station for its receipt: 4 MiB at 16 kB/s, and half a minute.
pub const RECORD_PATIENCE: std::time::Duration = std::time::Duration::from_secs(300);
