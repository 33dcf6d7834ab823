//! Requests and answers of the interface as JSON. Field names and values are those of the schemas that the
//! specification's compliance toolkit uses for version 0.9.5.

mod capture;
mod device;
mod text;
mod word;

pub use capture::{BioData, BioRequest, Biometrics, CaptureAnswer, CaptureRequest};
pub use device::{DeviceInfo, DigitalId, DiscoverRequest, Discovered, InfoItem, StreamRequest};
pub use text::{BASE64, Sample, Token};
pub use word::{BioType, Certification, DeviceStatus, DeviceSubType, Environment, Purpose, finger, sub_type};

use super::ErrorCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use text::text_or_number;

/// The version that the driver asks for.
pub const SPEC_VERSION: &str = "0.9.5";

/// The kind of device that a discovery looks for, and every kind.
pub const ANY_DEVICE: &str = "Biometric Device";

/// A time as the specification writes it: `2026-04-01T10:01:57.086Z`.
pub fn time_text(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A time of the specification, with any offset; nothing for anything else.
pub fn time(text: &str) -> Option<Timestamp> {
    if text.len() > 40 { None } else { text.parse().ok() }
}

/// `errorCode` and `errorInfo` of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorInfo {
    /// The number as text.
    #[serde(deserialize_with = "text_or_number")]
    pub error_code: String,
    /// What the service says about it. Foreign words: for the log only.
    pub error_info: String,
}

impl ErrorInfo {
    /// The meaning; a code that is no number has none.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::from_number(self.error_code.trim().parse().unwrap_or(u16::MAX))
    }
}

/// An answer that is nothing but an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// The error.
    pub error: ErrorInfo,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbi::first_hash;
    use domain::finger::Finger;
    use domain::guarded::Biometric;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn fingers_have_one_name_each() {
        for of in Finger::ALL {
            assert_eq!(finger(sub_type(of)), Some(of));
        }
        assert_eq!(sub_type(Finger::LeftIndex), "Left IndexFinger");
        for none in ["UNKNOWN", "Left", "left indexfinger", ""] {
            assert_eq!(finger(none), None);
        }
    }

    #[test]
    fn times_are_read_with_any_offset_and_written_in_utc() {
        let at = time("2019-02-15T10:01:57.086+05:30").unwrap();
        assert_eq!(time_text(at), "2019-02-15T04:31:57.086Z");
        assert_eq!(time("2019-02-15T04:31:57Z").map(time_text).unwrap(), "2019-02-15T04:31:57.000Z");
        for wrong in ["", "2019-02-15", "2019-02-15T10:01:57", "yesterday", &"9".repeat(1000)] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    /// The fields of a request, as the schema of registration captures names them.
    #[test]
    fn requests_have_the_fields_of_the_schema() {
        let request = CaptureRequest {
            env: Environment::PreProduction,
            purpose: Purpose::Registration,
            spec_version: SPEC_VERSION.to_owned(),
            timeout: "10000".to_owned(),
            capture_time: "2026-04-01T10:00:00.000Z".to_owned(),
            domain_uri: None,
            transaction_id: "a-1".to_owned(),
            bio: vec![BioRequest {
                bio_type: BioType::Finger,
                count: "3".to_owned(),
                bio_sub_type: vec![Some(sub_type(Finger::LeftIndex).to_owned())],
                exception: Some(vec![]),
                requested_score: "60".to_owned(),
                device_id: "1".to_owned(),
                device_sub_id: "1".to_owned(),
                previous_hash: first_hash(),
            }],
            custom_opts: None,
        };
        let expected = json!({
            "env": "Pre-Production", "purpose": "Registration", "specVersion": "0.9.5", "timeout": "10000",
            "captureTime": "2026-04-01T10:00:00.000Z", "transactionId": "a-1", "customOpts": null,
            "bio": [{"type": "Finger", "count": "3", "bioSubType": ["Left IndexFinger"], "exception": [],
                     "requestedScore": "60", "deviceId": "1", "deviceSubId": "1", "previousHash": first_hash()}],
        });
        assert_eq!(serde_json::to_value(&request).unwrap(), expected);
        assert_eq!(serde_json::from_value::<CaptureRequest>(expected.clone()).unwrap(), request);
        let mut more = expected;
        more["extra"] = json!(1);
        assert!(serde_json::from_value::<CaptureRequest>(more).is_err());
    }

    /// What devices in the field write otherwise than the schema.
    #[test]
    fn numbers_pass_for_texts_and_nulls_for_absent_values() {
        let answer =
            json!([{"deviceId": null, "deviceSubId": [1, "2"], "error": {"errorCode": 106, "errorInfo": "?"}}]);
        let [got]: [Discovered; 1] = serde_json::from_value(answer).unwrap();
        assert_eq!(got.device_sub_id.unwrap(), ["1", "2"]);
        assert_eq!(got.error.code(), ErrorCode::DeviceNotFound);
        let mut odd = ErrorCode::Busy.info();
        odd.error_code = "none".to_owned();
        assert_eq!(odd.code(), ErrorCode::Unknown(u16::MAX));
    }

    #[test]
    fn samples_are_read_with_and_without_padding_and_never_quoted() {
        for text in ["_-8", "_-8="] {
            let Sample(bytes) = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(bytes.expose(), &[0xff, 0xef]);
        }
        assert_eq!(serde_json::to_value(Sample(Biometric::new(vec![0xff, 0xef]))).unwrap(), json!("_-8"));
        let error = serde_json::from_value::<Sample>(json!("secret!")).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        let token: Token = serde_json::from_value(json!("head.secret.sign")).unwrap();
        assert!(!format!("{token:?}").contains("secret"));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = serde_json::from_slice::<Vec<Value>>(&bytes);
            let _ = serde_json::from_slice::<CaptureAnswer>(&bytes);
            let _ = serde_json::from_slice::<Vec<InfoItem>>(&bytes);
            let _ = time(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn samples_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let sample = Sample(Biometric::new(bytes));
            let text = serde_json::to_string(&sample).unwrap();
            prop_assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), sample);
        }
    }
}
