//! Wire formats of the MOSIP Secure Biometric Interface (SBI, versions 0.9.5 and 1.0): an HTTP service on loopback that
//! stands for a vendor's certified devices and signs what they capture.
//!
//! Both ends of the wire are here: the client drivers read what the simulated device server writes. Only [`service`]
//! does I/O, and nothing looks at a clock.
//!
//! - [`message`]: requests and answers, [`error_code`]: what a service may answer instead.
//! - [`jws`]: signed tokens (RFC 7515) with their certificate chain.
//! - [`iso`], [`iso_face`]: the sample's record, [`jp2`]: the picture in it.
//! - [`service`] asks, [`finder`] looks for a device and has it prove who it is, [`SbiError`]: what goes wrong.

mod error;
pub mod error_code;
pub mod finder;
pub mod iso;
pub mod iso_face;
pub mod jp2;
pub mod jws;
pub mod message;
mod octets;
pub mod service;

pub use error::SbiError;
pub use error_code::ErrorCode;
pub use octets::CaptureDate;

use ring::digest::{SHA256, digest};
use std::ops::RangeInclusive;

/// The ports on which a service may listen.
pub const PORTS: RangeInclusive<u16> = 4501..=4600;

/// HTTP method and path of each request.
pub mod request {
    /// Which devices there are; [`super::message::DiscoverRequest`].
    pub const DISCOVER: (&str, &str) = ("MOSIPDISC", "/device");
    /// What they are, signed; no body.
    pub const INFO: (&str, &str) = ("MOSIPDINFO", "/info");
    /// A capture for authentication; [`super::message::CaptureRequest`].
    pub const CAPTURE: (&str, &str) = ("CAPTURE", "/capture");
    /// A capture for registration; [`super::message::CaptureRequest`].
    pub const REGISTRATION_CAPTURE: (&str, &str) = ("RCAPTURE", "/capture");
    /// Preview frames as `multipart/x-mixed-replace`; [`super::message::StreamRequest`].
    pub const STREAM: (&str, &str) = ("STREAM", "/stream");
}

/// The `previousHash` of the first capture of a chain: SHA-256 of nothing, in hexadecimal digits.
pub fn first_hash() -> String {
    hex(digest(&SHA256, b"").as_ref())
}

/// The `hash` of a sample that follows `previous`: SHA-256 of the previous hash's bytes and the SHA-256 of the sample,
/// in upper case hexadecimal digits. The text of the specification can be read in other ways; this is how the
/// specification's compliance toolkit and its mock service compute it. Nothing where `previous` is no hash.
pub fn next_hash(previous: &str, sample: &[u8]) -> Option<String> {
    let mut both = Vec::with_capacity(64);
    both.extend(if previous.is_empty() { digest(&SHA256, b"").as_ref().to_vec() } else { unhex(previous)? });
    both.extend(digest(&SHA256, sample).as_ref());
    Some(hex(digest(&SHA256, &both).as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// 32 bytes from 64 digits.
fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_make_a_chain() {
        let empty = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        assert_eq!(first_hash(), empty);
        assert_eq!(next_hash(empty, b"abc"), next_hash("", b"abc"));
        // Computed with Python's hashlib.
        let first = next_hash(empty, b"abc").unwrap();
        assert_eq!(first, "BDDBDF7E9DF02F902EE5DD61B2B513D7566A2112FF97DB7DC3B6D184A43EF0E3");
        assert_ne!(next_hash(&first, b"abc").unwrap(), first);
        for wrong in ["abc", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(next_hash(wrong, b"abc"), None);
        }
    }
}
