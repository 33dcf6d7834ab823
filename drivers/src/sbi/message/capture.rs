//! Captures and their samples.

use super::text::text_or_number;
use super::{BioType, Environment, ErrorInfo, Purpose, Sample, Token};
use serde::{Deserialize, Serialize};

/// Body of `CAPTURE` and `RCAPTURE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CaptureRequest {
    /// The installation.
    pub env: Environment,
    /// What it is for.
    pub purpose: Purpose,
    /// [`super::SPEC_VERSION`].
    pub spec_version: String,
    /// Milliseconds, as text.
    pub timeout: String,
    /// When it was asked; see [`super::time`].
    pub capture_time: String,
    /// For authentication only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_uri: Option<String>,
    /// 4 to 50 letters, digits and hyphens, used once.
    pub transaction_id: String,
    /// What to capture; one element.
    pub bio: Vec<BioRequest>,
    /// The provider's own; none of ours.
    #[serde(default)]
    pub custom_opts: Option<serde_json::Value>,
}

/// What to capture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BioRequest {
    /// Of what.
    #[serde(rename = "type")]
    pub bio_type: BioType,
    /// How many, as text.
    pub count: String,
    /// Which; see [`super::sub_type`]. For a face empty, or one null.
    pub bio_sub_type: Vec<Option<String>>,
    /// Which are not there. Not in `CAPTURE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Vec<Option<String>>>,
    /// The score, 0 to 100 as text, at which the device stops looking for a better picture.
    pub requested_score: String,
    /// [`super::DeviceInfo::device_id`].
    pub device_id: String,
    /// One of [`super::DeviceInfo::device_sub_id`].
    pub device_sub_id: String,
    /// The `hash` of the sample before, or [`crate::sbi::first_hash`].
    pub previous_hash: String,
}

/// Answer to `CAPTURE` and `RCAPTURE`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureAnswer {
    /// One for each finger.
    pub biometrics: Vec<Biometrics>,
}

/// One signed sample, or an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Biometrics {
    /// Version of the specification; null beside an error.
    pub spec_version: Option<String>,
    /// A signed [`BioData`]; null beside an error.
    pub data: Option<Token>,
    /// [`crate::sbi::next_hash`] of the sample; null beside an error.
    pub hash: Option<String>,
    /// Authentication only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_key: Option<String>,
    /// Authentication only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// `Success`, or what is wrong.
    pub error: ErrorInfo,
}

/// A sample with what was signed about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BioData {
    /// A signed [`super::DigitalId`].
    pub digital_id: String,
    /// [`super::DeviceInfo::device_code`].
    pub device_code: String,
    /// Version of the service.
    pub device_service_version: String,
    /// Of what.
    pub bio_type: BioType,
    /// Which finger; absent for a face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio_sub_type: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
    /// The installation.
    pub env: Environment,
    /// For authentication only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_uri: Option<String>,
    /// The record: [`crate::sbi::iso`] or [`crate::sbi::iso_face`].
    pub bio_value: Sample,
    /// That of the request.
    pub transaction_id: String,
    /// When it was captured, on the device's clock; see [`super::time`].
    pub timestamp: String,
    /// That of the request.
    #[serde(deserialize_with = "text_or_number")]
    pub requested_score: String,
    /// 0 to 100 by the device's own measure, as text.
    #[serde(deserialize_with = "text_or_number")]
    pub quality_score: String,
}
