//! What is asked of SFM modules and how they answer. Numbers are from the maker's public "UF Protocol Manual" where it
//! has them; error codes and the header of images are from the maker's public headers, which agree with an image of a
//! real SFM5020 that its owner published.

use thiserror::Error;

/// Commands.
pub mod request {
    /// Writes a system parameter: its number is the flag, its value the size. Lost with the power.
    pub const SW: u8 = 0x01;
    /// Keeps the system parameters over a loss of power.
    pub const SF: u8 = 0x02;
    /// Reads a system parameter: its number is the flag; the value comes as the size.
    pub const SR: u8 = 0x03;
    /// How the module is: comes as the parameter.
    pub const SS: u8 = 0x04;
    /// Waits for a finger and sends its image, without a sum over it.
    pub const SI: u8 = 0x15;
    /// Sends the last image once more, without a sum over it.
    pub const RI: u8 = 0x20;
    /// Ends whatever the module is doing.
    pub const CA: u8 = 0x60;
    /// As SI, in pieces with sums.
    pub const SIX: u8 = 0x83;
    /// As RI, in pieces with sums.
    pub const RIX: u8 = 0x84;
    /// The module's number: comes as the parameter.
    pub const ID: u8 = 0x85;
    /// Starts the module anew.
    pub const RS: u8 = 0xD0;
}

/// How a command went: the flag of a response.
pub mod answer {
    /// Done.
    pub const SUCCESS: u8 = 0x61;
    /// A finger has been scanned; the rest of the answer follows.
    pub const SCAN_SUCCESS: u8 = 0x62;
    /// The scan failed.
    pub const SCAN_FAIL: u8 = 0x63;
    /// There is nothing of that.
    pub const NOT_FOUND: u8 = 0x69;
    /// The image is too poor.
    pub const TRY_AGAIN: u8 = 0x6B;
    /// No finger came in time.
    pub const TIME_OUT: u8 = 0x6C;
    /// The module does not know the command or the parameter.
    pub const UNSUPPORTED: u8 = 0x75;
    /// The module is at something else.
    pub const BUSY: u8 = 0x80;
    /// Ended by CA.
    pub const CANCELED: u8 = 0x81;
    /// From the host: a piece came damaged.
    pub const DATA_ERROR: u8 = 0x82;
    /// From the host: a piece came whole.
    pub const DATA_OK: u8 = 0x83;
}

/// System parameters.
pub mod parameter {
    /// How long a scan waits for a finger: 0x30 for ever, 0x31 one second, and so on to 0x44.
    pub const TIMEOUT: u8 = 0x62;
    /// 0x30 off, 0x31 on.
    pub const ENCRYPTION: u8 = 0x67;
    /// Kind of sensor: [`super::sensor`].
    pub const SENSOR_TYPE: u8 = 0x68;
    /// 0x30 8-bit grey, 0x31 black and white (from the factory), 0x32 4-bit grey, 0x33 WSQ.
    pub const IMAGE_FORMAT: u8 = 0x6C;
    /// The module's number, whose lower half is its terminal on shared lines.
    pub const MODULE_ID: u8 = 0x6D;
    /// Four characters.
    pub const FIRMWARE: u8 = 0x6E;
    /// A number.
    pub const SERIAL: u8 = 0x6F;
    /// [`super::baud_of`]; in force after a restart.
    pub const BAUD: u8 = 0x71;
    /// 0x31: a response of its own when a finger has been scanned (from the factory); 0x30: none.
    pub const SCAN_SUCCESS: u8 = 0x75;
    /// Four characters.
    pub const BUILD: u8 = 0x89;
}

/// The value of SS when the module is at rest.
pub const ALIVE: u32 = 0x30;

/// The value "on", "one second" and "8-bit grey" of parameters are counted from this.
pub const ZERO: u32 = 0x30;

/// Line speeds in baud, in the order of their codes 0x31 to 0x38.
pub const BAUDS: [u32; 8] = [9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600];

/// The line speed of a code of parameter 0x71.
pub fn baud_of(code: u32) -> Option<u32> {
    BAUDS.get(usize::try_from(code.checked_sub(ZERO + 1)?).ok()?).copied()
}

/// The code of a line speed.
pub fn baud_code(baud: u32) -> Option<u32> {
    BAUDS.iter().position(|known| *known == baud).map(|at| ZERO + 1 + at as u32)
}

/// The name of a kind of sensor, as in the manual's table of parameter 0x68.
pub const fn sensor(code: u32) -> &'static str {
    match code {
        0x31 => "FC",
        0x33 => "OP",
        0x34 => "TC",
        0x38 => "OC",
        0x39 => "OL",
        0x3C => "TS",
        _ => "",
    }
}

/// Four characters in a parameter's value: the first in the lowest byte. What is not printable is left out.
pub fn text(value: u32) -> String {
    value.to_le_bytes().iter().filter(|byte| (0x20..0x7F).contains(*byte)).map(|byte| char::from(*byte)).collect()
}

/// What stands before the pixels of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageHeader {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Not 0: compressed.
    pub compressed: u32,
    /// Not 0: encrypted.
    pub encrypted: u32,
    /// 0 or 0x30: 8-bit grey.
    pub format: u32,
    /// Pixels.
    pub length: u32,
    /// Bytes of a template behind the pixels.
    pub template: u32,
}

/// An image that the station cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ImageError {
    /// Compressed, encrypted or not 8-bit grey.
    #[error("the image is compressed, encrypted or not 8-bit grey")]
    Format,
    /// Fewer or more bytes than the header says.
    #[error("the image has {got} bytes, not {needed}")]
    Size {
        /// Bytes that came.
        got: usize,
        /// Bytes that it should have.
        needed: usize,
    },
}

/// Rows and columns that a sensor of the family may have: the SDK's largest image is 640 by 480.
const SIDES: std::ops::RangeInclusive<u32> = 64..=640;

impl ImageHeader {
    /// Bytes on the wire.
    pub const LENGTH: usize = 28;

    /// The header of an 8-bit grey image.
    pub fn grey(width: u32, height: u32) -> Self {
        Self { width, height, compressed: 0, encrypted: 0, format: 0, length: width * height, template: 0 }
    }

    /// As the module sends it.
    pub fn encode(&self) -> Vec<u8> {
        [self.width, self.height, self.compressed, self.encrypted, self.format, self.length, self.template]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect()
    }

    /// Header and pixels of an image. More bytes than header, pixels and template are refused, fewer too.
    pub fn split(image: &[u8]) -> Result<(Self, &[u8]), ImageError> {
        let short = ImageError::Size { got: image.len(), needed: Self::LENGTH };
        let (head, rest) = image.split_at_checked(Self::LENGTH).ok_or(short)?;
        let word = |at: usize| u32::from_le_bytes([head[4 * at], head[4 * at + 1], head[4 * at + 2], head[4 * at + 3]]);
        let header = Self {
            width: word(0),
            height: word(1),
            compressed: word(2),
            encrypted: word(3),
            format: word(4),
            length: word(5),
            template: word(6),
        };
        let plain = header.compressed == 0 && header.encrypted == 0 && matches!(header.format, 0 | ZERO);
        if !plain || !SIDES.contains(&header.width) || !SIDES.contains(&header.height) {
            return Err(ImageError::Format);
        }
        let pixels = (header.width * header.height) as usize;
        let needed = Self::LENGTH + pixels + header.template as usize;
        if header.length as usize != pixels || image.len() != needed {
            return Err(ImageError::Size { got: image.len(), needed });
        }
        Ok((header, &rest[..pixels]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn speeds_and_codes_agree() {
        for (code, baud) in [(0x31, 9_600), (0x35, 115_200), (0x38, 921_600)] {
            assert_eq!((baud_of(code), baud_code(baud)), (Some(baud), Some(code)));
        }
        assert_eq!((baud_of(0x30), baud_of(0x39), baud_of(0), baud_code(921_601)), (None, None, None, None));
    }

    #[test]
    fn the_header_that_a_real_module_sent_is_understood_and_its_black_and_white_image_refused() {
        // The first 28 bytes of an SFM5020's image, as published: 272 by 320, black and white.
        let real = [16, 1, 0, 0, 64, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 84, 1, 0, 0, 0, 0, 0];
        let header = ImageHeader { format: 1, ..ImageHeader::grey(272, 320) };
        assert_eq!(header.encode(), real);
        assert_eq!(ImageHeader::split(&real), Err(ImageError::Format));
    }

    #[test]
    fn sizes_must_agree() {
        let mut image = ImageHeader::grey(64, 70).encode();
        image.extend(vec![9; 64 * 70]);
        let (header, pixels) = ImageHeader::split(&image).unwrap();
        assert_eq!((header, pixels.len()), (ImageHeader::grey(64, 70), 64 * 70));
        image.push(0);
        assert!(matches!(ImageHeader::split(&image), Err(ImageError::Size { .. })));
        image[24] = 1;
        assert_eq!(ImageHeader::split(&image).unwrap().1.len(), 64 * 70, "a template of one byte");
        image[20] ^= 1;
        assert!(ImageHeader::split(&image).is_err());
    }

    #[test]
    fn texts_are_printable() {
        assert_eq!(text(u32::from_le_bytes(*b"V1.7")), "V1.7");
        assert_eq!(text(u32::from_le_bytes([b'A', 0, 10, b'B'])), "AB");
    }

    proptest! {
        #[test]
        fn arbitrary_images_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), head in any::<[u32; 7]>()) {
            let _ = ImageHeader::split(&bytes);
            let [width, height, compressed, encrypted, format, length, template] = head;
            let header = ImageHeader { width, height, compressed, encrypted, format, length, template };
            let mut image = header.encode();
            image.extend(bytes);
            let _ = ImageHeader::split(&image);
        }
    }
}
