//! The receiving end: takes envelopes, verifies them without opening a body, keeps each once, and signs a receipt.
//!
//! No body is opened by the service: the authority's private key is read by the command `open` alone, and can live on
//! another machine. Logs name stations, sequence numbers and digests, never anything about a person.

mod accept;
mod admin;
mod admission;
mod authority;
mod chains;
pub mod clock;
pub mod commands;
mod crowd;
mod database;
mod enrolment;
mod handover;
mod import;
mod key_files;
mod listener;
pub mod maintenance;
mod metrics;
mod mode;
mod patience;
mod reading;
mod receipts;
mod refusal;
mod retention;
mod serve;
mod service;
#[cfg(feature = "testing")]
pub mod testing;
mod upkeep;

pub use accept::{Accepted, Service, Way};
pub use admin::router as admin_router;
pub use authority::{Authority, TlsFiles, load as load_tls};
pub use chains::{Chains, follow};
pub use database::{
    Database, DatabaseFault, Held, Kept, KnownKey, Listed, Made, Overview, Place, Redeemed, Shown, StationRow,
    StationStatus, Which,
};
pub use enrolment::{Enrolment, enrolment_router};
pub use handover::{HandoverRefused, take_next};
pub use import::{Imported, import};
pub use listener::Peer;
pub use metrics::Metrics;
pub use mode::Mode;
pub use receipts::{Receipts, Signing};
pub use refusal::Refusal;
pub use retention::{EraseFault, Period, Retention, Unlimited, erase, retain};
pub use serve::{Listening, serve};
pub use service::{Turns, router};
