//! The check digit of Doc 9303-3, 4.9: weights 7, 3, 1 and modulus 10.

/// The filler character.
pub(super) const FILLER: u8 = b'<';

const WEIGHTS: [u32; 3] = [7, 3, 1];

/// The check digit over these characters, as an ASCII digit. Digits count their value, A to Z count 10 to 35, the
/// filler and anything else counts 0.
pub fn check_digit(characters: impl IntoIterator<Item = u8>) -> u8 {
    let weighted = characters.into_iter().zip(WEIGHTS.into_iter().cycle()).map(|(c, weight)| value(c) * weight);
    // A line is 44 characters at most and callers pass few lines; the remainder is taken at each step all the same.
    let sum = weighted.fold(0, |sum, term| (sum + term) % 10);
    b'0' + sum as u8
}

/// The value of a character in the sum.
pub(super) fn value(character: u8) -> u32 {
    match character {
        b'0'..=b'9' => u32::from(character - b'0'),
        b'A'..=b'Z' => u32::from(character - b'A') + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::check_digit;

    #[test]
    fn the_examples_of_doc_9303_hold() {
        for (characters, digit) in [
            ("520727", b'3'),
            ("AB2134<<<", b'5'),
            ("HA672242<658022549601086<<<<<<<<<<<<<<0", b'8'),
            ("D231458907<<<<<<<<<<<<<<<34071279507122<<<<<<<<<<", b'2'),
            ("HA672242<658022549601086<<<<<<<", b'8'),
            ("", b'0'),
        ] {
            assert_eq!(check_digit(characters.bytes()), digit, "{characters}");
        }
    }
}
