//! The envelope: signed header and sealed body in one file; and the stub that is left after the acknowledgement.

use super::cbor::{Node, decode, encode};
use super::{FormatFault, version_node};
use domain::record::SignedRecord;
use sha2::{Digest, Sha256};

/// The largest envelope that is kept, sent or received: 4 MiB, eight times a usual record of 500 kB.
pub const MAX_ENVELOPE_BYTES: usize = 4 << 20;

/// An envelope taken apart. Nothing is verified but its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The COSE_Sign1 message with the header.
    pub cose: &'a [u8],
    /// The sealed body.
    pub body: &'a [u8],
}

/// What is left of an envelope once its body is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stub<'a> {
    /// The COSE_Sign1 message with the header.
    pub cose: &'a [u8],
    /// The receipt on whose strength the body was erased: it countersigns the header's end of the audit trail. Stubs of
    /// earlier versions have none, nor those of records whose body was erased after a restart.
    pub receipt: Option<&'a [u8]>,
}

impl<'a> Envelope<'a> {
    /// The envelope of a record.
    pub fn of(record: &'a SignedRecord) -> Self {
        Self { cose: record.cose(), body: record.body() }
    }

    /// The bytes that are kept and sent.
    pub fn encode(&self) -> Vec<u8> {
        let parts = vec![version_node(), Node::Bytes(self.cose), Node::Bytes(self.body)];
        std::mem::take(&mut *encode(&Node::Array(parts)))
    }

    /// Takes an envelope apart: exactly one spelling is accepted.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, FormatFault> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(FormatFault::TooLarge(bytes.len()));
        }
        let [cose, body] = parts("envelope", bytes)?;
        Ok(Self { cose, body })
    }
}

impl<'a> Stub<'a> {
    /// The bytes that are kept.
    pub fn encode(&self) -> Vec<u8> {
        let receipt = self.receipt.map(Node::Bytes);
        let parts = [version_node(), Node::Bytes(self.cose)].into_iter().chain(receipt).collect();
        std::mem::take(&mut *encode(&Node::Array(parts)))
    }

    /// Takes a stub apart.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, FormatFault> {
        match parts("stub", bytes) {
            Ok([cose, receipt]) => Ok(Self { cose, receipt: Some(receipt) }),
            Err(_) => parts("stub", bytes).map(|[cose]| Self { cose, receipt: None }),
        }
    }
}

/// SHA-256, which names envelopes and bodies.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The byte strings of an array that starts with the version.
fn parts<'a, const N: usize>(rule: &'static str, bytes: &'a [u8]) -> Result<[&'a [u8]; N], FormatFault> {
    let fault = |what| FormatFault::Shape { rule, key: "", what };
    let Node::Array(items) = decode(bytes)? else {
        return Err(fault("is not an array"));
    };
    let Some((version, rest)) = items.split_first() else {
        return Err(fault("is empty"));
    };
    if *version != version_node() {
        return Err(fault("has an unknown version"));
    }
    let strings: Option<Vec<&[u8]>> = rest.iter().map(Node::as_bytes).collect();
    strings.and_then(|strings| strings.try_into().ok()).ok_or(fault("has the wrong parts"))
}
