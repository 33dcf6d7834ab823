//! What newer modules tell about themselves.

use super::command::{ContentError, exactly};

/// The answer to ReadProdInfo: 46 bytes (R503 manual). Text fields are ASCII, filled up with zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductInfo {
    /// Module model, at most 16 characters.
    pub model: String,
    /// Batch, at most 4.
    pub batch: String,
    /// Serial number, at most 8.
    pub serial: String,
    /// Hardware version: major, minor.
    pub hardware: [u8; 2],
    /// Sensor model, at most 8.
    pub sensor: String,
    /// Pixels in a row.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Bytes of a template.
    pub template_size: u16,
    /// How many templates fit.
    pub capacity: u16,
}

impl ProductInfo {
    /// Bytes on the wire.
    pub const LENGTH: usize = 46;

    /// As the module sends it. Text that is too long for its field is cut.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::LENGTH);
        for (text, size) in [(&self.model, 16), (&self.batch, 4), (&self.serial, 8)] {
            bytes.extend(padded(text, size));
        }
        bytes.extend(self.hardware);
        bytes.extend(padded(&self.sensor, 8));
        for number in [self.width, self.height, self.template_size, self.capacity] {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    /// From the parameters of an acknowledgement; bytes after the forty-sixth are ignored.
    pub fn decode(bytes: &[u8]) -> Result<Self, ContentError> {
        let bytes = exactly(bytes, Self::LENGTH)?;
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Ok(Self {
            model: text(&bytes[..16]),
            batch: text(&bytes[16..20]),
            serial: text(&bytes[20..28]),
            hardware: [bytes[28], bytes[29]],
            sensor: text(&bytes[30..38]),
            width: word(38),
            height: word(40),
            template_size: word(42),
            capacity: word(44),
        })
    }
}

fn padded(text: &str, size: usize) -> Vec<u8> {
    text.bytes().chain(std::iter::repeat(0)).take(size).collect()
}

/// Printable ASCII up to the first zero: the field goes into pages and records.
fn text(field: &[u8]) -> String {
    let shown = field.iter().take_while(|byte| **byte != 0).filter(|byte| (0x20..0x7F).contains(*byte));
    let text: String = shown.map(|byte| char::from(*byte)).collect();
    text.trim().to_owned()
}
