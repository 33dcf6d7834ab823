//! The intake's signed receipt: proof that a record has arrived, and leave to erase its body here.

use crate::format::cbor::{Node, decode, encode};
use crate::format::{array, check_receipt, receipt_version_node, station_id};
use crate::keys::{Signer, VerifyKey};
use crate::sign::{Purpose, SignFault, SignatureRefused, sign_message, verify_message};
use domain::case::{RecordId, StationId};
use domain::record::AuditHead;
use thiserror::Error;

/// What a receipt acknowledges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// SHA-256 of the envelope.
    pub digest: [u8; 32],
    /// The station that made the record.
    pub station: StationId,
    /// Its sequence number there.
    pub sequence: u64,
    /// The record's own name.
    pub record: RecordId,
    /// Where the station's audit trail ended, as the record's header says: countersigned with the receipt.
    pub audit: AuditHead,
    /// When the intake had it on its disk: UTC, milliseconds since 1970.
    pub received_ms: i64,
}

/// A receipt that is not accepted. Nothing is erased on its account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptRefused {
    /// Signed, but not a receipt.
    #[error("what was signed is not a receipt")]
    NotAReceipt,
    /// It acknowledges something else than was sent.
    #[error("the receipt is for another record: {0} differs")]
    OtherRecord(&'static str),
    /// Its signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
    /// The store could not keep it; its text for the log.
    #[error("the receipt could not be kept: {0}")]
    Store(String),
    /// The store has no such record.
    #[error("no record with sequence {0} is waiting here")]
    Unknown(u64),
}

/// Signs a receipt with the intake's key.
pub fn sign_receipt(key: &dyn Signer, of: &Acknowledgement) -> Result<Vec<u8>, SignFault> {
    let payload = encode(&Node::map([
        ("version", receipt_version_node()),
        ("digest", Node::Bytes(&of.digest)),
        ("station", Node::text(&of.station.0)),
        ("sequence", Node::Uint(of.sequence)),
        ("record", Node::Bytes(&of.record.0)),
        ("audit-lines", Node::Uint(of.audit.lines)),
        ("audit-head", Node::Bytes(&of.audit.digest)),
        ("received", Node::int(of.received_ms)),
    ]));
    sign_message(key, Purpose::Receipt, payload.to_vec())
}

/// Verifies a receipt's signature and reads it. Whether it is for the right record is the caller's to check:
/// see [`Acknowledgement::same_record`].
pub fn verify_receipt(key: &VerifyKey, bytes: &[u8]) -> Result<Acknowledgement, ReceiptRefused> {
    let payload = verify_message(key, Purpose::Receipt, bytes)?;
    let node = decode(&payload).map_err(|_| ReceiptRefused::NotAReceipt)?;
    check_receipt(&node).map_err(|_| ReceiptRefused::NotAReceipt)?;
    read(&node).ok_or(ReceiptRefused::NotAReceipt)
}

impl Acknowledgement {
    /// Checks that both are for the same record; the time may differ.
    pub fn same_record(&self, expected: &Self) -> Result<(), ReceiptRefused> {
        let rows = [
            ("digest", self.digest == expected.digest),
            ("station", self.station == expected.station),
            ("sequence", self.sequence == expected.sequence),
            ("record", self.record == expected.record),
        ];
        match rows.into_iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(ReceiptRefused::OtherRecord(what)),
            None => Ok(()),
        }
    }
}

fn read(node: &Node<'_>) -> Option<Acknowledgement> {
    Some(Acknowledgement {
        digest: node.get("digest")?.as_bytes()?.try_into().ok()?,
        station: station_id(node.get("station")?.as_text()?)?,
        sequence: node.get("sequence")?.as_u64()?,
        record: RecordId(node.get("record")?.as_bytes()?.try_into().ok()?),
        audit: AuditHead { lines: node.get("audit-lines")?.as_u64()?, digest: array(node, "audit-head")? },
        received_ms: node.get("received")?.as_i64()?,
    })
}
