//! PINs: which ones do, and what is kept of them.

use super::{PeopleError, hex, same, unhex};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// argon2id with 19 MiB, two passes, one lane: the OWASP minimum, 20 to 40 ms on a kiosk.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Digits of a PIN at least, in the demonstration, where it is all there is.
pub const LEAST_DIGITS: usize = 4;

/// Digits of a PIN at most.
const MOST_DIGITS: usize = 12;

/// What is kept of a PIN.
pub struct Kept {
    /// Random salt, hexadecimal.
    pub salt: String,
    /// argon2id of the PIN, hexadecimal.
    pub hash: String,
}

impl Kept {
    /// What is kept of this PIN.
    pub fn of(pin: &str) -> Result<Self, PeopleError> {
        if !does(pin) {
            return Err(PeopleError::Pin(LEAST_DIGITS));
        }
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|e| PeopleError::Hash(e.to_string()))?;
        let hash = hash(pin, &salt)?;
        Ok(Self { salt: hex(&salt), hash: hex(hash.as_slice()) })
    }

    /// What is kept of no PIN: whatever is given does not fit, and that takes as long to find out.
    pub fn nobodys() -> Self {
        Self { salt: "00".repeat(16), hash: String::new() }
    }

    /// Whether this is the PIN.
    pub fn fits(&self, pin: &str) -> bool {
        let salt = unhex(&self.salt).unwrap_or_else(|| vec![0; 16]);
        let (Ok(given), Some(kept)) = (hash(pin, &salt), unhex(&self.hash)) else { return false };
        same(given.as_slice(), &kept)
    }
}

/// Whether a PIN does: digits only, and not those that everybody tries first.
pub fn does(pin: &str) -> bool {
    let digits = pin.as_bytes();
    let steps = |step: i16| digits.windows(2).all(|pair| i16::from(pair[1]) - i16::from(pair[0]) == step);
    (LEAST_DIGITS..=MOST_DIGITS).contains(&digits.len())
        && digits.iter().all(u8::is_ascii_digit)
        && ![-1, 0, 1].into_iter().any(steps)
}

fn hash(pin: &str, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, PeopleError> {
    let failed = |e: argon2::Error| PeopleError::Hash(e.to_string());
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(failed)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(pin.as_bytes(), salt, out.as_mut_slice())
        .map_err(failed)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_digits_that_nobody_tries_first() {
        for (pin, fits) in [
            ("2468", true),
            ("1357", true),
            ("864209", true),
            ("112233445566", true),
            ("246", false),
            ("1234567890123", false),
            ("0000", false),
            ("1234", false),
            ("9876", false),
            ("24a8", false),
            ("٢٤٦٨", false),
            ("", false),
        ] {
            assert_eq!(does(pin), fits, "{pin}");
        }
    }
}
