//! The part of CBOR that records use, in its one deterministic form (RFC 8949, section 4.2.1): definite lengths,
//! shortest integers and floats, map keys as text in bytewise order of their encoding.
//!
//! Own code, because both directions need what a general codec does not promise: the writer fills one buffer that is
//! wiped, without copies of pixels beside it, and the reader refuses every other spelling of the same value, so that
//! equal records have equal bytes.

use std::borrow::Cow;
use thiserror::Error;
use zeroize::Zeroizing;

/// Arrays and maps within each other; records need six.
const MAX_DEPTH: u8 = 12;

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
        write!(f, "Node({} bytes)", size(self))
    }
}

/// The one encoding of a value. The buffer is sized before it is filled, so that no half-grown copy of it stays
/// behind in memory, and wiped when it is dropped.
pub fn encode(node: &Node<'_>) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(size(node)));
    write(node, &mut out);
    out
}

/// Reads one value that fills the input and is in deterministic form.
pub fn decode(bytes: &[u8]) -> Result<Node<'_>, CborFault> {
    let mut reader = Reader { bytes, at: 0 };
    let node = reader.node(0)?;
    if reader.at == bytes.len() { Ok(node) } else { Err(CborFault::Trailing(reader.at)) }
}

fn size(node: &Node<'_>) -> usize {
    match node {
        Node::Array(items) => head_size(items.len() as u64) + items.iter().map(size).sum::<usize>(),
        Node::Bool(_) => 1,
        Node::Bytes(bytes) => head_size(bytes.len() as u64) + bytes.len(),
        Node::Float(value) => 1 + float_bytes(*value).1,
        Node::Int(value) => head_size(negative_argument(*value)),
        Node::Map(entries) => {
            let entry = |(key, value): &(Cow<'_, str>, Node<'_>)| head_size(key.len() as u64) + key.len() + size(value);
            head_size(entries.len() as u64) + entries.iter().map(entry).sum::<usize>()
        }
        Node::Text(text) => head_size(text.len() as u64) + text.len(),
        Node::Uint(value) => head_size(*value),
    }
}

fn write(node: &Node<'_>, out: &mut Vec<u8>) {
    match node {
        Node::Array(items) => {
            head(ARRAY, items.len() as u64, out);
            items.iter().for_each(|item| write(item, out));
        }
        Node::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Node::Bytes(bytes) => {
            head(BYTES, bytes.len() as u64, out);
            out.extend_from_slice(bytes);
        }
        Node::Float(value) => {
            let (bytes, used) = float_bytes(*value);
            out.push(match used {
                2 => 0xf9,
                4 => 0xfa,
                _ => 0xfb,
            });
            out.extend_from_slice(&bytes[..used]);
        }
        Node::Int(value) => head(NEGATIVE, negative_argument(*value), out),
        Node::Map(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| key_order(a).cmp(&key_order(b)));
            head(MAP, sorted.len() as u64, out);
            for (key, value) in sorted {
                head(TEXT, key.len() as u64, out);
                out.extend_from_slice(key.as_bytes());
                write(value, out);
            }
        }
        Node::Text(text) => {
            head(TEXT, text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Node::Uint(value) => head(UINT, *value, out),
    }
}

/// Encoded text keys sort by their length first, because the length comes first in the encoding.
fn key_order(key: &str) -> (usize, &[u8]) {
    (key.len(), key.as_bytes())
}

fn negative_argument(value: i64) -> u64 {
    // -1 is written as 0, -2 as 1: the complement of a negative number is never negative.
    u64::try_from(!value).unwrap_or(0)
}

fn head_size(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

fn head(major: u8, argument: u64, out: &mut Vec<u8>) {
    let bytes = argument.to_be_bytes();
    let (info, used) = match head_size(argument) {
        1 => {
            out.push(major << 5 | bytes[7]);
            return;
        }
        2 => (24, 1),
        3 => (25, 2),
        5 => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | info);
    out.extend_from_slice(&bytes[8 - used..]);
}

/// The shortest IEEE 754 form that keeps the value, left-aligned, and its length.
fn float_bytes(value: f64) -> ([u8; 8], usize) {
    let mut bytes = [0; 8];
    let single = value as f32;
    if f64::from(single).to_bits() != value.to_bits() {
        return (value.to_be_bytes(), 8);
    }
    if let Some(half) = half_of(single) {
        bytes[..2].copy_from_slice(&half.to_be_bytes());
        return (bytes, 2);
    }
    bytes[..4].copy_from_slice(&single.to_be_bytes());
    (bytes, 4)
}

/// The half-precision bits of a number that has exactly that value.
fn half_of(value: f32) -> Option<u16> {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let exponent = (bits >> 23 & 0xff) as i32 - 127;
    let fraction = bits & 0x7f_ffff;
    let half = match exponent {
        -127 if fraction == 0 => sign,
        128 if fraction == 0 => sign | 0x7c00,
        -14..=15 if fraction & 0x1fff == 0 => sign | ((exponent + 15) as u16) << 10 | (fraction >> 13) as u16,
        -24..=-15 => {
            let full = fraction | 0x80_0000;
            let drop = (-exponent - 1) as u32;
            if full & ((1 << drop) - 1) != 0 {
                return None;
            }
            sign | (full >> drop) as u16
        }
        _ => return None,
    };
    Some(half)
}

fn float_of_half(half: u16) -> f64 {
    let sign = if half & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(half >> 10 & 0x1f);
    let fraction = f64::from(half & 0x3ff);
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    sign * magnitude
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], CborFault> {
        let early = CborFault::EndsEarly(self.bytes.len());
        let end = usize::try_from(count).ok().and_then(|count| self.at.checked_add(count)).ok_or(early.clone())?;
        let taken = self.bytes.get(self.at..end).ok_or(early)?;
        self.at = end;
        Ok(taken)
    }

    fn be(&mut self, count: u64) -> Result<u64, CborFault> {
        Ok(self.take(count)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Major type and argument in shortest form.
    fn head(&mut self) -> Result<(u8, u8, u64), CborFault> {
        let start = self.at;
        let first = self.be(1)? as u8;
        let (major, info) = (first >> 5, first & 0x1f);
        let argument = match info {
            0..=23 => u64::from(info),
            24 => self.be(1)?,
            25 => self.be(2)?,
            26 => self.be(4)?,
            27 => self.be(8)?,
            _ => return Err(CborFault::NotDeterministic(start)),
        };
        // Under major type 7 the argument is a float or a simple value, and its length is judged there.
        if major != 7 && self.at - start != head_size(argument) {
            return Err(CborFault::NotDeterministic(start));
        }
        Ok((major, info, argument))
    }

    fn node(&mut self, depth: u8) -> Result<Node<'a>, CborFault> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err(CborFault::TooDeep(start));
        }
        let (major, info, argument) = self.head()?;
        match major {
            UINT => Ok(Node::Uint(argument)),
            NEGATIVE => {
                let value = i64::try_from(argument).map_err(|_| CborFault::UnexpectedType(start))?;
                Ok(Node::Int(!value))
            }
            BYTES => Ok(Node::Bytes(self.take(argument)?)),
            TEXT => Ok(Node::Text(Cow::Borrowed(self.text(argument)?))),
            ARRAY => {
                self.plausible(argument)?;
                let items: Result<_, _> = (0..argument).map(|_| self.node(depth + 1)).collect();
                Ok(Node::Array(items?))
            }
            MAP => self.map(argument, depth),
            7 => self.simple(start, info, argument),
            _ => Err(CborFault::UnexpectedType(start)),
        }
    }

    /// Every item takes a byte at least: a count beyond the rest of the input is refused before memory is asked for.
    fn plausible(&self, count: u64) -> Result<(), CborFault> {
        let rest = (self.bytes.len() - self.at) as u64;
        if count <= rest { Ok(()) } else { Err(CborFault::EndsEarly(self.bytes.len())) }
    }

    fn text(&mut self, length: u64) -> Result<&'a str, CborFault> {
        let start = self.at;
        std::str::from_utf8(self.take(length)?).map_err(|_| CborFault::UnexpectedType(start))
    }

    fn map(&mut self, count: u64, depth: u8) -> Result<Node<'a>, CborFault> {
        self.plausible(count)?;
        let mut entries: Vec<(Cow<'a, str>, Node<'a>)> = Vec::new();
        for _ in 0..count {
            let start = self.at;
            let (major, _, length) = self.head()?;
            if major != TEXT {
                return Err(CborFault::UnexpectedType(start));
            }
            let key = self.text(length)?;
            if entries.last().is_some_and(|(before, _)| key_order(before) >= key_order(key)) {
                return Err(CborFault::NotDeterministic(start));
            }
            let value = self.node(depth + 1)?;
            entries.push((Cow::Borrowed(key), value));
        }
        Ok(Node::Map(entries))
    }

    fn simple(&self, start: usize, info: u8, argument: u64) -> Result<Node<'a>, CborFault> {
        let value = match info {
            20 => return Ok(Node::Bool(false)),
            21 => return Ok(Node::Bool(true)),
            25 => float_of_half(argument as u16),
            26 => f64::from(f32::from_bits(argument as u32)),
            27 => f64::from_bits(argument),
            _ => return Err(CborFault::UnexpectedType(start)),
        };
        if value.is_nan() {
            return Err(CborFault::UnexpectedType(start));
        }
        let shortest = 1 + float_bytes(value).1;
        if self.at - start == shortest { Ok(Node::Float(value)) } else { Err(CborFault::NotDeterministic(start)) }
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
