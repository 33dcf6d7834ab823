//! Sealed records, and what is signed about them.

use crate::seeds::public_key;
use store::format::cbor;
use store::format::{Envelope, Stub, decode_body, decode_header, encode_header};
use store::{Rotation, Tombstone, peek_header, verify_header, verify_receipt};

/// Envelopes, headers and opened bodies. What is taken has one spelling.
pub fn envelope(bytes: &[u8]) {
    if let Ok(envelope) = Envelope::decode(bytes) {
        assert_eq!(envelope.encode().as_slice(), bytes, "an envelope has one spelling");
        let _ = (peek_header(envelope.cose), verify_header(public_key(), envelope.cose));
    }
    if let Ok(header) = decode_header(bytes) {
        assert_eq!(encode_header(&header).as_slice(), bytes, "a header has one spelling");
    }
    if let Ok(node) = cbor::decode(bytes) {
        assert_eq!(cbor::encode(&node).as_slice(), bytes, "a value has one spelling");
    }
    let _ = (peek_header(bytes), Stub::decode(bytes).map(drop), decode_body(bytes).map(drop));
}

/// Receipts, tombstones, and statements about keys.
pub fn receipt(bytes: &[u8]) {
    let _ = verify_receipt(public_key(), bytes);
    let _ = Tombstone::verify(public_key(), bytes);
    let _ = Rotation::peek(bytes).map(drop);
    let _ = Rotation::verify(public_key(), bytes).map(drop);
}
