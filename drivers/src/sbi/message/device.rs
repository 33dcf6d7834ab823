//! Which devices there are and what they are.

use super::text::{text_or_number, texts_or_numbers, texts_or_numbers_or_null};
use super::{BioType, Certification, DeviceStatus, DeviceSubType, Environment, ErrorInfo, Purpose};
use serde::{Deserialize, Serialize};

/// Who a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DigitalId {
    /// As printed on the device.
    pub serial_no: String,
    /// Brand.
    pub make: String,
    /// Model.
    pub model: String,
    /// What it captures.
    #[serde(rename = "type")]
    pub bio_type: BioType,
    /// What kind of it.
    pub device_sub_type: DeviceSubType,
    /// Who vouches for it.
    pub device_provider: String,
    /// Their number.
    pub device_provider_id: String,
    /// When this identity was stated; see [`super::time`].
    pub date_time: String,
}

impl DigitalId {
    /// Whether it says that it is simulated.
    pub fn simulated(&self) -> bool {
        [&self.serial_no, &self.make, &self.model].iter().any(|text| text.to_ascii_uppercase().contains("SIMULATED"))
    }
}

/// Body of `MOSIPDISC`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscoverRequest {
    /// `Biometric Device` or a [`BioType`].
    #[serde(rename = "type")]
    pub device_type: String,
}

/// One element of the answer to `MOSIPDISC`. Where the error is not `Success`, anything else may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovered {
    /// The device's identifier within the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// How it is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_status: Option<DeviceStatus>,
    /// Where it signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certification: Option<Certification>,
    /// Version of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_version: Option<String>,
    /// Its sensors; see [`DeviceInfo::device_sub_id`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "texts_or_numbers_or_null")]
    pub device_sub_id: Option<Vec<String>>,
    /// Base address for further requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<String>,
    /// A [`DigitalId`] in base64url, not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digital_id: Option<String>,
    /// Given on registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_code: Option<String>,
    /// Versions of the specification that it speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec_version: Option<Vec<String>>,
    /// What it is registered for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// `Success`, or what is wrong.
    pub error: ErrorInfo,
}

/// One element of the answer to `MOSIPDINFO`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InfoItem {
    /// A signed [`DeviceInfo`]; of a device that is not registered, its base64url alone.
    pub device_info: Option<String>,
    /// `Success`, or what is wrong.
    pub error: ErrorInfo,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceInfo {
    /// How it is doing.
    pub device_status: DeviceStatus,
    /// Its identifier within the service.
    pub device_id: String,
    /// Version of the firmware.
    pub firmware: String,
    /// Where it signs.
    pub certification: Certification,
    /// Version of the service.
    pub service_version: String,
    /// Its sensors: `1` left slap, `2` right slap, `3` two thumbs; `0` where it does not tell them apart.
    #[serde(deserialize_with = "texts_or_numbers")]
    pub device_sub_id: Vec<String>,
    /// Base address for further requests.
    pub callback_id: String,
    /// A signed [`DigitalId`].
    pub digital_id: String,
    /// Given on registration; null before.
    pub device_code: Option<String>,
    /// For which installation it is registered.
    pub env: Environment,
    /// What it is registered for.
    pub purpose: Purpose,
    /// Versions of the specification that it speaks.
    pub spec_version: Vec<String>,
}

/// Body of `STREAM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamRequest {
    /// [`DeviceInfo::device_id`].
    pub device_id: String,
    /// One of [`DeviceInfo::device_sub_id`].
    #[serde(deserialize_with = "text_or_number")]
    pub device_sub_id: String,
    /// Milliseconds, as text; for ever without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,
}
