//! Reading: borrowed from the input, and strict about the spelling.

use super::write::{float_bytes, head_size, key_order};
use super::{ARRAY, BYTES, CborFault, MAP, NEGATIVE, Node, TEXT, UINT};
use std::borrow::Cow;

/// Arrays and maps within each other; records need six.
const MAX_DEPTH: u8 = 12;

/// Reads one value that fills the input and is in deterministic form.
pub fn decode(bytes: &[u8]) -> Result<Node<'_>, CborFault> {
    let mut reader = Reader { bytes, at: 0 };
    let node = reader.node(0)?;
    if reader.at == bytes.len() { Ok(node) } else { Err(CborFault::Trailing(reader.at)) }
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
