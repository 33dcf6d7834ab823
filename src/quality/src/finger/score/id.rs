//! Which model it was.

use sha2::{Digest, Sha256};
use std::fmt;

/// Room for a version and twelve digits.
const ROOM: usize = 32;

/// Names a model: its version and the first twelve hexadecimal digits of its SHA-256, as in `1-0f7d4527844e`. A plain
/// value, so that scores can be copied about without allocating.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ModelId {
    text: [u8; ROOM],
    length: usize,
}

impl ModelId {
    /// The name of these bytes. A version longer than 16 characters is cut; whatever is not printable ASCII is left
    /// out.
    pub(super) fn of(version: &str, file: &[u8]) -> Self {
        let digest = Sha256::digest(file);
        let version = version.bytes().filter(u8::is_ascii_graphic).take(16);
        let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(12);
        let digits = digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]);
        let mut text = [0; ROOM];
        let mut length = 0;
        for (place, byte) in text.iter_mut().zip(version.chain([b'-']).chain(digits)) {
            *place = byte;
            length += 1;
        }
        Self { text, length }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII was put in.
        str::from_utf8(&self.text[..self.length]).unwrap_or_default()
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_version_and_digest() {
        // SHA-256 of nothing, FIPS 180-4.
        assert_eq!(ModelId::of("1", b"").to_string(), "1-e3b0c44298fc");
        assert_eq!(ModelId::of("a long version beyond all measure", b"").as_str(), "alongversionbeyo-e3b0c44298fc");
        assert_ne!(ModelId::of("1", b"a"), ModelId::of("1", b"b"));
    }
}
