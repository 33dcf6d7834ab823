//! Journal of sealed records, index, sealing and signing.
//!
//! A record goes one way: `draft.seal(&sealer)?.sign(&key, outbox.position(..))?`, then [`Outbox::append`], which alone
//! hands out the [`Receipt`] that lets a page say "queued". [`Outbox::acknowledge`] erases a body on a valid receipt of
//! the intake and on nothing else.
//!
//! What it assumes of the disk: a file whose `fdatasync` returned keeps its bytes, a rename is whole or not there, and
//! both the name and the rename last once the folder is synced. Nothing is assumed of bytes that were not synced.

mod audit;
pub mod disk;
pub mod format;
mod index;
mod journal;
mod keys;
mod maintain;
mod outbox;
mod receipt;
mod recent;
mod restored;
mod seal;
mod sign;
#[cfg(feature = "testing")]
pub mod testing;
mod tombstone;

pub use audit::{Action, Event, Reason};
pub use index::IndexState;
pub use keys::{
    Application, ApplicationRefused, AuthorityKey, AuthoritySecret, Cost, FileKey, KeyFault, KeyPlace, MAX_OVERLAP_MS,
    Passphrase, PatientCounter, PatientSigner, ReceiptKeys, Rotation, RotationRefused, Signer, Succession,
    SuccessionRefused, TpmFault, VerifyKey, der_signature, replace as replace_private,
};
pub use maintain::{Finding, Verified, newest_time_ms, rebuild_index, stats, verify};
pub use outbox::{
    Exported, ExportedRecord, Lent, OpenReport, Outbox, Queued, RECEIPT_ENDING, RECORD_ENDING, ReadFault, Receipt,
    Receipts, Reservation, Stats, StoreFault, TrailChecked, TrailPage, TrailQuery, TrailReader,
};
pub use receipt::{Acknowledgement, ReceiptRefused, sign_receipt, verify_receipt};
pub use restored::{Counter, CounterFault, RECORDS_PER_STEP, Restored, Standing, Witness};
pub use seal::{OpenFault, SEALING, SealFault, Sealer, open};
#[cfg(feature = "testing")]
pub use sign::signed_in_any_spelling;
pub use sign::{SignFault, SignatureRefused, peek_header, peek_key_id, verify_header};
pub use tombstone::{ErasedBecause, Tombstone, TombstoneRefused};

/// Bytes in hexadecimal, lower case.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// 32 bytes from 64 lower-case hexadecimal digits.
pub fn unhex32(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
