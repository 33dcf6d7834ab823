//! One key takes over from another: the old one signs a statement that names the new one, and until when the old one
//! is still believed.

use super::VerifyKey;
use crate::Signer;
use crate::format::cbor::{Node, decode, encode};
use crate::format::{check_rotation, station_id, version_node};
use crate::sign::{Purpose, SignFault, SignatureRefused, peek_payload, sign_message, verify_message};
use domain::case::StationId;
use thiserror::Error;

/// Longest time for which both keys are believed: 90 days, in milliseconds. A station that is cut off for longer has to
/// be looked at by somebody anyway.
pub const MAX_OVERLAP_MS: i64 = 90 * 24 * 3600 * 1000;

/// What the old key says of the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The station whose keys they are.
    pub station: StationId,
    /// Identifier of the old key, which signs this.
    pub old: String,
    /// The new key.
    pub new: VerifyKey,
    /// When the old key said so: UTC, milliseconds since 1970.
    pub time_ms: i64,
    /// Until when records by the old key are taken: UTC, milliseconds since 1970.
    pub overlap_until_ms: i64,
}

/// A statement that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RotationRefused {
    /// Signed, but not a statement about keys.
    #[error("what was signed is not a statement about a new key")]
    NotARotation,
    /// The old key would be believed for longer than is allowed, or not at all.
    #[error("the time for which both keys are believed is not allowed")]
    Overlap,
    /// Its signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
}

impl Rotation {
    /// The statement, signed by the old key.
    pub fn sign(&self, old: &dyn Signer) -> Result<Vec<u8>, SignFault> {
        let new = self.new.to_der();
        let payload = encode(&Node::map([
            ("version", version_node()),
            ("station", Node::text(&self.station.0)),
            ("old", Node::text(&self.old)),
            ("new", Node::Bytes(&new)),
            ("time", Node::int(self.time_ms)),
            ("overlap-until", Node::int(self.overlap_until_ms)),
        ]));
        sign_message(old, Purpose::KeyRotation, payload.to_vec())
    }

    /// Reads a statement without verifying it: to find out which key to ask for.
    pub fn peek(cose: &[u8]) -> Result<Self, RotationRefused> {
        read(&peek_payload(cose)?)
    }

    /// Verifies a statement by the old key.
    pub fn verify(old: &VerifyKey, cose: &[u8]) -> Result<Self, RotationRefused> {
        let rotation = read(&verify_message(old, Purpose::KeyRotation, cose)?)?;
        if rotation.old == old.id() { Ok(rotation) } else { Err(SignatureRefused::OtherKeyNamed.into()) }
    }
}

fn read(payload: &[u8]) -> Result<Rotation, RotationRefused> {
    let node = decode(payload).map_err(|_| RotationRefused::NotARotation)?;
    check_rotation(&node).map_err(|_| RotationRefused::NotARotation)?;
    let rotation = fields(&node).ok_or(RotationRefused::NotARotation)?;
    let overlap = rotation.overlap_until_ms.checked_sub(rotation.time_ms);
    let allowed = overlap.is_some_and(|overlap| (0..=MAX_OVERLAP_MS).contains(&overlap));
    if allowed { Ok(rotation) } else { Err(RotationRefused::Overlap) }
}

fn fields(node: &Node<'_>) -> Option<Rotation> {
    Some(Rotation {
        station: station_id(node.get("station")?.as_text()?)?,
        old: node.get("old")?.as_text()?.into(),
        new: VerifyKey::from_der(node.get("new")?.as_bytes()?)?,
        time_ms: node.get("time")?.as_i64()?,
        overlap_until_ms: node.get("overlap-until")?.as_i64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileKey;
    use proptest::prelude::*;

    #[test]
    fn the_old_key_alone_names_the_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let [old, new, thief] = ["old", "new", "thief"].map(|name| FileKey::create(&dir.path().join(name)).unwrap());
        let rotation = Rotation {
            station: StationId("S1".into()),
            old: old.public().id().into(),
            new: new.public().clone(),
            time_ms: 1000,
            overlap_until_ms: 1000 + MAX_OVERLAP_MS,
        };
        let statement = rotation.sign(&old).unwrap();
        assert_eq!(Rotation::verify(old.public(), &statement), Ok(rotation.clone()));
        assert_eq!(Rotation::peek(&statement), Ok(rotation.clone()));
        let foreign = rotation.sign(&thief).unwrap();
        let refused = |reason| Err(RotationRefused::Signature(reason));
        assert_eq!(Rotation::verify(old.public(), &foreign), refused(SignatureRefused::UnknownKey));
        assert_eq!(Rotation::verify(thief.public(), &foreign), refused(SignatureRefused::OtherKeyNamed));
        for at in 0..statement.len() {
            let mut touched = statement.clone();
            touched[at] ^= 1;
            assert!(Rotation::verify(old.public(), &touched).is_err(), "byte {at}");
        }
        for overlap_until_ms in [999, 1001 + MAX_OVERLAP_MS, i64::MIN] {
            let too_long = Rotation { overlap_until_ms, ..rotation.clone() }.sign(&old).unwrap();
            assert_eq!(Rotation::verify(old.public(), &too_long), Err(RotationRefused::Overlap));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Rotation::peek(&bytes).is_err());
            let _ = read(&bytes);
        }
    }
}
