//! Pixels on the line: four bits each, two to a byte.

/// Two 8-bit pixels to a byte, the left one in the high nibble; the low four bits are lost. An odd last pixel is
/// followed by black.
pub fn pack_nibbles(grey: &[u8]) -> Vec<u8> {
    grey.chunks(2).map(|pair| (pair[0] & 0xF0) | (pair.get(1).unwrap_or(&0) >> 4)).collect()
}

/// Each 4-bit pixel as 8 bits: times 17, so that 15 becomes 255.
pub fn unpack_nibbles(packed: &[u8]) -> Vec<u8> {
    packed.iter().flat_map(|byte| [(byte >> 4) * 17, (byte & 0x0F) * 17]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pixels_come_back_to_the_nearest_of_sixteen(grey in proptest::collection::vec(any::<u8>(), 0..64)) {
            let back = unpack_nibbles(&pack_nibbles(&grey));
            for (sent, got) in grey.iter().zip(back) {
                prop_assert_eq!(got, (sent >> 4) * 17);
            }
        }
    }
}
