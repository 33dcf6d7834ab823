//! Writing: one buffer, sized before it is filled.

use super::{ARRAY, BYTES, MAP, NEGATIVE, Node, TEXT, UINT};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// The one encoding of a value. The buffer is sized before it is filled, so that no half-grown copy of it stays
/// behind in memory, and wiped when it is dropped.
pub fn encode(node: &Node<'_>) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(size(node)));
    write(node, &mut out);
    out
}

pub(super) fn size(node: &Node<'_>) -> usize {
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
pub(super) fn key_order(key: &str) -> (usize, &[u8]) {
    (key.len(), key.as_bytes())
}

fn negative_argument(value: i64) -> u64 {
    // -1 is written as 0, -2 as 1: the complement of a negative number is never negative.
    u64::try_from(!value).unwrap_or(0)
}

pub(super) fn head_size(argument: u64) -> usize {
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
pub(super) fn float_bytes(value: f64) -> ([u8; 8], usize) {
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
