//! The intake's key for receipts hands over to the next one: the old one signs a statement that names the new one, and
//! until when receipts by the old one are still taken. Stations follow such statements from the key that they know.

use super::{MAX_OVERLAP_MS, VerifyKey};
use crate::Signer;
use crate::format::cbor::{Node, decode, encode};
use crate::format::{check_succession, version_node};
use crate::sign::{Purpose, SignFault, SignatureRefused, peek_key_id, sign_message, verify_message};
use thiserror::Error;

/// Earlier keys that are kept in mind. Whoever changes keys more often than that within an overlap has another problem.
const MOST_EARLIER: usize = 8;

/// What the old key says of the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// Identifier of the old key, which signs this.
    pub old: String,
    /// The new key.
    pub new: VerifyKey,
    /// When the old key said so: UTC, milliseconds since 1970.
    pub time_ms: i64,
    /// Until when receipts by the old key are taken: UTC, milliseconds since 1970.
    pub overlap_until_ms: i64,
}

/// A statement that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SuccessionRefused {
    /// Signed, but not a statement about the key of receipts.
    #[error("what was signed is not a statement about the next key of receipts")]
    NotASuccession,
    /// The old key would be taken for longer than is allowed, or not at all.
    #[error("the time for which both keys of receipts are taken is not allowed")]
    Overlap,
    /// Its signature is not accepted.
    #[error(transparent)]
    Signature(#[from] SignatureRefused),
}

/// The keys by which a station takes receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptKeys {
    /// The newest that it knows.
    pub current: VerifyKey,
    /// Those that came before, the newest last, each with the time until which it is taken: UTC, milliseconds since 1970.
    pub earlier: Vec<(VerifyKey, i64)>,
}

impl Succession {
    /// The statement, signed by the old key.
    ///
    /// # Errors
    /// [`SignFault`] when the key does not sign.
    pub fn sign(&self, old: &dyn Signer) -> Result<Vec<u8>, SignFault> {
        let new = self.new.to_der();
        let payload = encode(&Node::map([
            ("version", version_node()),
            ("old", Node::text(&self.old)),
            ("new", Node::Bytes(&new)),
            ("time", Node::int(self.time_ms)),
            ("overlap-until", Node::int(self.overlap_until_ms)),
        ]));
        sign_message(old, Purpose::ReceiptKey, payload.to_vec())
    }

    /// Verifies a statement by the old key.
    ///
    /// # Errors
    /// [`SuccessionRefused`], with the reason.
    pub fn verify(old: &VerifyKey, cose: &[u8]) -> Result<Self, SuccessionRefused> {
        let stated = read(&verify_message(old, Purpose::ReceiptKey, cose)?)?;
        if stated.old == old.id() { Ok(stated) } else { Err(SignatureRefused::OtherKeyNamed.into()) }
    }
}

impl ReceiptKeys {
    /// Receipts by this key alone.
    pub fn new(current: VerifyKey) -> Self {
        Self { current, earlier: Vec::new() }
    }

    /// The key that a receipt names, if receipts by it are taken at this time. Whether it has signed the receipt is for
    /// the verification to find out.
    pub fn named_in(&self, receipt: &[u8], now_ms: i64) -> Option<&VerifyKey> {
        let id = peek_key_id(receipt).ok()?;
        if self.current.id() == id {
            return Some(&self.current);
        }
        let earlier = self.earlier.iter().find(|(key, until_ms)| key.id() == id && now_ms <= *until_ms);
        earlier.map(|(key, _)| key)
    }

    /// Follows statements of old keys from the newest that is known here; what does not go on from it is left out. The
    /// old one is taken for as long from `now_ms` as its statement said: the two clocks may differ by years.
    ///
    /// # Errors
    /// A statement of the newest known key that is not acceptable; then nothing has changed.
    pub fn follow(&self, statements: &[Vec<u8>], now_ms: i64) -> Result<Self, SuccessionRefused> {
        let mut keys = self.clone();
        // Each step uses one of them up, in whichever order they came: two keys that name each other lead nowhere.
        for _ in 0..statements.len() {
            let is_next = |statement: &&Vec<u8>| peek_key_id(statement).ok().as_deref() == Some(keys.current.id());
            let Some(statement) = statements.iter().find(is_next) else { break };
            let stated = Succession::verify(&keys.current, statement)?;
            let overlap_ms = stated.overlap_until_ms.saturating_sub(stated.time_ms);
            let old = std::mem::replace(&mut keys.current, stated.new);
            keys.earlier.push((old, now_ms.saturating_add(overlap_ms)));
        }
        keys.earlier.retain(|(_, until_ms)| now_ms <= *until_ms);
        let over = keys.earlier.len().saturating_sub(MOST_EARLIER);
        keys.earlier.drain(..over);
        Ok(keys)
    }
}

fn read(payload: &[u8]) -> Result<Succession, SuccessionRefused> {
    let node = decode(payload).map_err(|_| SuccessionRefused::NotASuccession)?;
    check_succession(&node).map_err(|_| SuccessionRefused::NotASuccession)?;
    let stated = fields(&node).ok_or(SuccessionRefused::NotASuccession)?;
    let overlap = stated.overlap_until_ms.checked_sub(stated.time_ms);
    let allowed = overlap.is_some_and(|overlap| (0..=MAX_OVERLAP_MS).contains(&overlap));
    if allowed { Ok(stated) } else { Err(SuccessionRefused::Overlap) }
}

fn fields(node: &Node<'_>) -> Option<Succession> {
    Some(Succession {
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
    use std::sync::LazyLock;

    const DAY_MS: i64 = 24 * 3600 * 1000;

    fn keys() -> [FileKey; 4] {
        let dir = tempfile::tempdir().unwrap();
        ["a", "b", "c", "thief"].map(|name| FileKey::create(&dir.path().join(name)).unwrap())
    }

    fn statement(old: &FileKey, new: &FileKey, days: i64) -> Vec<u8> {
        stated(old, new, days).sign(old).unwrap()
    }

    fn stated(old: &FileKey, new: &FileKey, days: i64) -> Succession {
        let (old, new) = (old.public().id().into(), new.public().clone());
        Succession { old, new, time_ms: 1000, overlap_until_ms: 1000 + days * DAY_MS }
    }

    #[test]
    fn the_old_key_alone_names_the_new_one() {
        let [old, new, _, thief] = keys();
        let message = statement(&old, &new, 90);
        assert_eq!(Succession::verify(old.public(), &message), Ok(stated(&old, &new, 90)));
        let refused = |reason| Err(SuccessionRefused::Signature(reason));
        let foreign = stated(&old, &new, 30).sign(&thief).unwrap();
        assert_eq!(Succession::verify(old.public(), &foreign), refused(SignatureRefused::UnknownKey));
        assert_eq!(Succession::verify(thief.public(), &foreign), refused(SignatureRefused::OtherKeyNamed));
        for at in 0..message.len() {
            let mut touched = message.clone();
            touched[at] ^= 1;
            assert!(Succession::verify(old.public(), &touched).is_err(), "byte {at}");
        }
        for days in [-1, 91] {
            let message = statement(&old, &new, days);
            assert_eq!(Succession::verify(old.public(), &message), Err(SuccessionRefused::Overlap), "{days}");
        }
    }

    #[test]
    fn a_station_follows_from_the_key_that_it_knows() {
        let [a, b, c, thief] = keys();
        let (now_ms, known) = (5_000_000, ReceiptKeys::new(a.public().clone()));
        let [to_b, to_c] = [statement(&a, &b, 30), statement(&b, &c, 10)];
        let followed = known.follow(&[to_c.clone(), to_b.clone()], now_ms).unwrap();
        assert_eq!(followed.current, *c.public());
        let receipt = |key: &FileKey| sign_message(key, Purpose::Receipt, vec![1]).unwrap();
        for (days, expected) in [(0, [true, true, true]), (11, [true, false, true]), (31, [false, false, true])] {
            let at = now_ms + days * DAY_MS;
            let taken = [&a, &b, &c].map(|key| followed.named_in(&receipt(key), at).is_some());
            assert_eq!(taken, expected, "after {days} days");
        }
        assert!(followed.named_in(&receipt(&thief), now_ms).is_none());
        assert!(followed.named_in(b"nonsense", now_ms).is_none());

        assert_eq!(followed.follow(&[to_b.clone(), to_c.clone()], now_ms), Ok(followed.clone()), "heard again");
        assert_eq!(known.follow(&[to_c], now_ms), Ok(known.clone()), "a gap leads nowhere");
        assert_eq!(known.follow(&[statement(&thief, &c, 30)], now_ms), Ok(known.clone()));
        let mut forged = to_b;
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert!(known.follow(&[forged], now_ms).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            static KEY: LazyLock<FileKey> = LazyLock::new(|| keys().into_iter().next().unwrap());
            prop_assert!(Succession::verify(KEY.public(), &bytes).is_err());
            let _ = read(&bytes);
        }
    }
}
