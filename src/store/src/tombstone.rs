//! What the intake signs when it erases a body: which record stood there, when it was erased and why.

use crate::format::cbor::{Node, decode, encode};
use crate::format::{array, check_tombstone, station_id, version_node};
use crate::keys::{Signer, VerifyKey};
use crate::sign::{Purpose, SignFault, SignatureRefused, sign_message, verify_message};
use domain::case::{RecordId, StationId};
use thiserror::Error;

/// Why a body was erased. The list is closed: free text could name somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasedBecause {
    /// A court has ordered it.
    CourtOrder,
    /// It should never have been made.
    Error,
    /// A correcting record stands in its place.
    Replaced,
    /// The person has asked for it, and has a right to it.
    Request,
    /// The time for which records of its kind are kept is over.
    Retention,
}

/// What is left of a record besides its signed header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// SHA-256 of the envelope.
    pub digest: [u8; 32],
    /// The station that made the record.
    pub station: StationId,
    /// Its sequence number there.
    pub sequence: u64,
    /// The record's own name.
    pub record: RecordId,
    /// Why.
    pub reason: ErasedBecause,
    /// When: UTC, milliseconds since 1970.
    pub erased_ms: i64,
}

/// A tombstone that is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TombstoneRefused {
    /// Signed, but not a tombstone.
    #[error("what was signed is not a tombstone")]
    NotATombstone,
    /// Its signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
}

impl ErasedBecause {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 5] = [Self::CourtOrder, Self::Error, Self::Replaced, Self::Request, Self::Retention];

    /// The word in tombstones, lists and commands: `court-order`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CourtOrder => "court-order",
            Self::Error => "error",
            Self::Replaced => "replaced",
            Self::Request => "request",
            Self::Retention => "retention",
        }
    }

    /// The reason with this word.
    pub fn from_id(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.id() == word)
    }
}

impl Tombstone {
    /// Signs with the intake's key.
    pub fn sign(&self, key: &dyn Signer) -> Result<Vec<u8>, SignFault> {
        let payload = encode(&Node::map([
            ("version", version_node()),
            ("digest", Node::Bytes(&self.digest)),
            ("station", Node::text(&self.station.0)),
            ("sequence", Node::Uint(self.sequence)),
            ("record", Node::Bytes(&self.record.0)),
            ("reason", Node::text(self.reason.id())),
            ("erased", Node::int(self.erased_ms)),
        ]));
        sign_message(key, Purpose::Tombstone, payload.to_vec())
    }

    /// Verifies the signature and reads what was signed.
    pub fn verify(key: &VerifyKey, bytes: &[u8]) -> Result<Self, TombstoneRefused> {
        let payload = verify_message(key, Purpose::Tombstone, bytes)?;
        let node = decode(&payload).map_err(|_| TombstoneRefused::NotATombstone)?;
        check_tombstone(&node).map_err(|_| TombstoneRefused::NotATombstone)?;
        read(&node).ok_or(TombstoneRefused::NotATombstone)
    }
}

fn read(node: &Node<'_>) -> Option<Tombstone> {
    Some(Tombstone {
        digest: array(node, "digest")?,
        station: station_id(node.get("station")?.as_text()?)?,
        sequence: node.get("sequence")?.as_u64()?,
        record: RecordId(array(node, "record")?),
        reason: ErasedBecause::from_id(node.get("reason")?.as_text()?)?,
        erased_ms: node.get("erased")?.as_i64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileKey, sign_receipt, verify_receipt};
    use domain::record::AuditHead;
    use proptest::prelude::*;

    #[test]
    fn a_tombstone_is_believed_as_it_was_signed_and_not_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let [key, other] = ["a", "b"].map(|name| FileKey::create(&dir.path().join(name)).unwrap());
        for reason in ErasedBecause::ALL {
            let tombstone = Tombstone {
                digest: [1; 32],
                station: StationId("S1".into()),
                sequence: 7,
                record: RecordId([2; 16]),
                reason,
                erased_ms: 1_766_534_400_000,
            };
            let signed = tombstone.sign(&key).unwrap();
            assert_eq!(Tombstone::verify(key.public(), &signed), Ok(tombstone.clone()));
            assert!(Tombstone::verify(other.public(), &signed).is_err());
            assert!(verify_receipt(key.public(), &signed).is_err(), "it frees no body of a station");
            for at in 0..signed.len() {
                let mut touched = signed.clone();
                touched[at] ^= 1;
                assert!(Tombstone::verify(key.public(), &touched).is_err(), "byte {at}");
            }
        }
        let receipt = crate::Acknowledgement {
            digest: [1; 32],
            station: StationId("S1".into()),
            sequence: 7,
            record: RecordId([2; 16]),
            audit: AuditHead::default(),
            received_ms: 0,
        };
        let receipt = sign_receipt(&key, &receipt).unwrap();
        assert!(Tombstone::verify(key.public(), &receipt).is_err(), "a receipt erases nothing");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let dir = tempfile::tempdir().unwrap();
            let key = FileKey::create(&dir.path().join("key")).unwrap();
            prop_assert!(Tombstone::verify(key.public(), &bytes).is_err());
            let signed = sign_message(&key, Purpose::Tombstone, bytes).unwrap();
            prop_assert_eq!(Tombstone::verify(key.public(), &signed), Err(TombstoneRefused::NotATombstone));
        }
    }
}
