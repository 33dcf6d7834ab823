//! What the interface answers instead of samples.

use serde_json::{Value, json};

/// Why the device service refuses or gives up. Codes 100 to 112 are those of the published specification (0.9.5 with
/// its additions of October 2023); where it names none, the code is that of MOSIP's own reference device
/// (`MockMDS/application.properties` of mosip-mock-services), so that clients made for that one understand ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 100: the device is not registered.
    NotRegistered,
    /// 101: no finger, or not this one, or no face.
    NothingThere,
    /// 102: the sample could not be made.
    Technical,
    /// 106: no device of this id or type.
    NoSuchDevice,
    /// 109: more or fewer samples than this part of the device takes.
    Count,
    /// 110: the device is starting or out of order.
    NotReady,
    /// 111: a capture is running.
    Busy,
    /// 112: a transaction id that is missing or has other characters than letters, digits and hyphens.
    Transaction,
    /// 114: the type of sample is not the device's.
    DeviceType,
    /// 115: not one of the four environments.
    Environment,
    /// 117: an exception that is no finger.
    ExceptionValue,
    /// 118: an exception of another hand.
    ExceptionElsewhere,
    /// 119: a finger that is none, or one of another hand.
    SubType,
    /// 121: another purpose than the one that the device is registered for.
    Purpose,
    /// 500: no such path.
    Address,
    /// 502: a discovery for a type that does not exist.
    DiscoveryType,
    /// 609: the stream has run as long as it was asked to.
    StreamEnded,
    /// 610: a request for a stream that cannot be read.
    StreamRequest,
    /// 710: a request for a capture that cannot be read.
    CaptureRequest,
    /// 809: a capture for authentication on a device that is registered for registration.
    AuthCapture,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::NotRegistered,
        Self::NothingThere,
        Self::Technical,
        Self::NoSuchDevice,
        Self::Count,
        Self::NotReady,
        Self::Busy,
        Self::Transaction,
        Self::DeviceType,
        Self::Environment,
        Self::ExceptionValue,
        Self::ExceptionElsewhere,
        Self::SubType,
        Self::Purpose,
        Self::Address,
        Self::DiscoveryType,
        Self::StreamEnded,
        Self::StreamRequest,
        Self::CaptureRequest,
        Self::AuthCapture,
    ];

    /// Code and sentence, as they go over the wire.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NotRegistered => ("100", "Device not registered"),
            Self::NothingThere => ("101", "Unable to detect a biometric object"),
            Self::Technical => ("102", "Technical error during extraction"),
            Self::NoSuchDevice => ("106", "Device not found"),
            Self::Count => ("109", "Requested number of biometric (Finger/IRIS) not supported"),
            Self::NotReady => ("110", "Device is not ready"),
            Self::Busy => ("111", "Device is busy"),
            Self::Transaction => ("112", "Invalid Transaction ID"),
            Self::DeviceType => ("114", "Device type mismatch"),
            Self::Environment => ("115", "Env value mismatch"),
            Self::ExceptionValue => ("117", "Exception value mismatch"),
            Self::ExceptionElsewhere => ("118", "Exception mismatch with the part of the device"),
            Self::SubType => ("119", "Bio subtype value mismatch"),
            Self::Purpose => ("121", "Purpose value mismatch"),
            Self::Address => ("500", "Invalid URL"),
            Self::DiscoveryType => ("502", "Biometric type value mismatch"),
            Self::StreamEnded => ("609", "Live stream timeout"),
            Self::StreamRequest => ("610", "Live stream request cannot be read"),
            Self::CaptureRequest => ("710", "Capture request cannot be read"),
            Self::AuthCapture => ("809", "Auth capture cannot be done by a registration device"),
        }
    }

    /// The `error` member of an answer.
    pub fn member(self) -> Value {
        let (code, info) = self.words();
        json!({ "errorCode": code, "errorInfo": info })
    }

    /// What a failed sample looks like among the samples.
    pub fn sample(self) -> Value {
        json!({ "specVersion": super::SPEC_VERSION, "data": "", "hash": "", "error": self.member() })
    }
}

/// The `error` member of a good answer.
pub fn success() -> Value {
    json!({ "errorCode": "0", "errorInfo": "Success" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_three_digits_of_its_own() {
        let codes: std::collections::BTreeSet<&str> = Refusal::ALL.iter().map(|one| one.words().0).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        assert!(codes.iter().all(|code| code.len() == 3 && code.bytes().all(|digit| digit.is_ascii_digit())));
        assert_eq!(Refusal::Busy.sample()["error"]["errorCode"], "111");
    }
}
