//! The part of CBOR that records use, in its one deterministic form (RFC 8949, section 4.2.1): definite lengths,
//! shortest integers and floats, map keys as text in bytewise order of their encoding.
//!
//! Own code, because both directions need what a general codec does not promise: the writer fills one buffer that is
//! wiped, without copies of pixels beside it, and the reader refuses every other spelling of the same value, so that
//! equal records have equal bytes.

mod read;
mod write;

use std::borrow::Cow;
use thiserror::Error;

pub use read::decode;
pub use write::encode;

const UINT: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;

/// One CBOR value. Bytes and text are borrowed from the draft (writing) or from the input (reading).
#[derive(Clone, PartialEq)]
pub enum Node<'a> {
    /// Values in order.
    Array(Vec<Node<'a>>),
    /// True or false.
    Bool(bool),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A floating point number; never NaN.
    Float(f64),
    /// A whole number below zero.
    Int(i64),
    /// Text keys with values. The writer sorts them.
    Map(Vec<(Cow<'a, str>, Node<'a>)>),
    /// UTF-8 text.
    Text(Cow<'a, str>),
    /// A whole number from zero.
    Uint(u64),
}

/// Bytes that are not one value in deterministic form. Positions are bytes from the start; nothing of the content is
/// repeated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CborFault {
    /// The input ends within a value.
    #[error("CBOR ends early, at byte {0}")]
    EndsEarly(usize),
    /// Same value, other spelling: a long integer, an indefinite length, keys out of order or twice.
    #[error("CBOR is not in deterministic form at byte {0}")]
    NotDeterministic(usize),
    /// Arrays and maps too deep.
    #[error("CBOR is nested too deeply at byte {0}")]
    TooDeep(usize),
    /// Bytes after the value.
    #[error("CBOR has bytes after its end, at byte {0}")]
    Trailing(usize),
    /// A type that records do not use, or text that is not UTF-8.
    #[error("CBOR has an unexpected type at byte {0}")]
    UnexpectedType(usize),
}

impl<'a> Node<'a> {
    /// A map of these entries.
    pub fn map<const N: usize>(entries: [(&'a str, Node<'a>); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (Cow::Borrowed(key), value)).collect())
    }

    /// A map of the entries that have a value.
    pub fn map_of(entries: Vec<(&'a str, Option<Node<'a>>)>) -> Self {
        let present = entries.into_iter().filter_map(|(key, value)| Some((Cow::Borrowed(key), value?)));
        Self::Map(present.collect())
    }

    /// Borrowed text.
    pub fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// Text made on the spot.
    pub fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// A whole number of either sign.
    pub fn int(value: i64) -> Self {
        u64::try_from(value).map_or(Self::Int(value), Self::Uint)
    }

    /// The value of a key, when this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, when this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, when this is a byte string.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The number, when this is a whole number from zero.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Uint(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, when this is a whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Uint(value) => i64::try_from(*value).ok(),
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The truth value, when this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

/// The size only: values may be personal or biometric.
impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({} bytes)", write::size(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Examples of RFC 8949, appendix A, that are within our part of CBOR.
    #[test]
    fn examples_of_the_rfc() {
        let rows: [(Node<'_>, &[u8]); 19] = [
            (Node::Uint(0), &[0x00]),
            (Node::Uint(23), &[0x17]),
            (Node::Uint(24), &[0x18, 0x18]),
            (Node::Uint(1000), &[0x19, 0x03, 0xe8]),
            (Node::Uint(1_000_000), &[0x1a, 0x00, 0x0f, 0x42, 0x40]),
            (Node::Uint(u64::MAX), &[0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            (Node::Int(-1), &[0x20]),
            (Node::Int(-1000), &[0x39, 0x03, 0xe7]),
            (Node::Float(0.0), &[0xf9, 0x00, 0x00]),
            (Node::Float(-0.0), &[0xf9, 0x80, 0x00]),
            (Node::Float(1.5), &[0xf9, 0x3e, 0x00]),
            (Node::Float(65504.0), &[0xf9, 0x7b, 0xff]),
            (Node::Float(100_000.0), &[0xfa, 0x47, 0xc3, 0x50, 0x00]),
            (Node::Float(1.1), &[0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a]),
            (Node::Float(5.960_464_477_539_063e-8), &[0xf9, 0x00, 0x01]),
            (Node::Float(0.000_061_035_156_25), &[0xf9, 0x04, 0x00]),
            (Node::Float(f64::INFINITY), &[0xf9, 0x7c, 0x00]),
            (Node::Bool(true), &[0xf5]),
            (Node::map([("b", Node::Uint(1)), ("a", Node::Array(vec![]))]), &[0xa2, 0x61, 0x61, 0x80, 0x61, 0x62, 1]),
        ];
        for (node, bytes) in rows {
            assert_eq!(encode(&node).as_slice(), bytes);
            assert_eq!(encode(&decode(bytes).unwrap()).as_slice(), bytes);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let rows: [(&[u8], CborFault); 14] = [
            (&[], CborFault::EndsEarly(0)),
            (&[0x18, 0x17], CborFault::NotDeterministic(0)),
            (&[0x19, 0x00, 0xff], CborFault::NotDeterministic(0)),
            (&[0x9f, 0xff], CborFault::NotDeterministic(0)),
            (&[0xfa, 0x3f, 0xc0, 0x00, 0x00], CborFault::NotDeterministic(0)),
            (&[0xa2, 0x61, 0x62, 1, 0x61, 0x61, 1], CborFault::NotDeterministic(4)),
            (&[0xa2, 0x61, 0x61, 1, 0x61, 0x61, 1], CborFault::NotDeterministic(4)),
            (&[0xa1, 0x01, 0x01], CborFault::UnexpectedType(1)),
            (&[0x00, 0x00], CborFault::Trailing(1)),
            (&[0xf6], CborFault::UnexpectedType(0)),
            (&[0xf9, 0x7e, 0x00], CborFault::UnexpectedType(0)),
            (&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], CborFault::EndsEarly(9)),
            (&[0x61, 0xff], CborFault::UnexpectedType(1)),
            (&[0x81; 40], CborFault::TooDeep(13)),
        ];
        for (bytes, fault) in rows {
            assert_eq!(decode(bytes), Err(fault), "{bytes:x?}");
        }
    }

    fn any_node() -> impl Strategy<Value = Node<'static>> {
        let leaf = prop_oneof![
            any::<u64>().prop_map(Node::Uint),
            (i64::MIN..0).prop_map(Node::Int),
            any::<bool>().prop_map(Node::Bool),
            any::<f32>().prop_filter("no NaN", |v| !v.is_nan()).prop_map(|v| Node::Float(v.into())),
            (-2048i32..2048).prop_map(|v| Node::Float(f64::from(v) / 64.0)),
            ".{0,30}".prop_map(Node::owned),
            Just(Node::Bytes(b"\x00\xff")),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Node::Array),
                prop::collection::btree_map("[a-z]{1,30}", inner, 0..5)
                    .prop_map(|map| Node::Map(map.into_iter().map(|(k, v)| (Cow::Owned(k), v)).collect())),
            ]
        })
    }

    proptest! {
        /// A general codec, written by others, reads the same value.
        #[test]
        fn another_codec_agrees(node in any_node()) {
            let bytes = encode(&node);
            let theirs: ciborium::Value = ciborium::from_reader(bytes.as_slice()).unwrap();
            let mut again = Vec::new();
            ciborium::into_writer(&theirs, &mut again).unwrap();
            prop_assert_eq!(&again, &*bytes);
            prop_assert_eq!(bytes.capacity(), bytes.len());
            prop_assert_eq!(encode(&decode(&bytes).unwrap()), bytes);
        }

        #[test]
        fn arbitrary_bytes_have_one_spelling_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(node) = decode(&bytes) {
                let again = encode(&node);
                prop_assert_eq!(again.as_slice(), bytes.as_slice());
            }
        }
    }
}
