//! What a capture is asked with, and how a service may answer it.

use super::group::Group;
use crate::sbi::error_code::ErrorCode;
use crate::sbi::finder::Found;
use crate::sbi::message::{BioRequest, BioType, CaptureAnswer, ErrorAnswer, InfoItem, sub_type};
use crate::sbi::{SbiError, service::ServiceError};
use domain::finger::Finger;
use domain::guarded::Biometric;

/// Score at which a device may stop looking for a better picture, of 100. It answers with its best in any case.
const GOOD: u8 = 60;

/// The same where it is only asked whether fingers lie there: whatever does will do.
const ANY: u8 = 1;

pub(super) fn bio(found: &Found, group: Group, wanted: &[Finger], previous_hash: &str, looks: bool) -> BioRequest {
    let texts = |fingers: &[Finger]| fingers.iter().map(|finger| Some(sub_type(*finger).to_owned())).collect();
    let (device_sub_id, missing) = group.sensor(&found.info.device_sub_id, wanted);
    BioRequest {
        bio_type: BioType::Finger,
        count: wanted.len().to_string(),
        bio_sub_type: texts(wanted),
        exception: Some(texts(&missing)),
        requested_score: if looks { ANY } else { GOOD }.to_string(),
        device_id: found.info.device_id.clone(),
        device_sub_id,
        previous_hash: previous_hash.to_owned(),
    }
}

/// Services answer a capture that they cannot make in three ways.
pub(super) fn parse(answer: &Biometric<Vec<u8>>) -> Result<CaptureAnswer, SbiError> {
    let bytes = answer.expose();
    let error = match serde_json::from_slice::<CaptureAnswer>(bytes) {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    if let Ok(answer) = serde_json::from_slice::<ErrorAnswer>(bytes) {
        return Err(SbiError::Refused(answer.error.code()));
    }
    // By the specification a second capture is answered with the device's information.
    match serde_json::from_slice::<Vec<InfoItem>>(bytes).ok().and_then(|items| items.into_iter().next()) {
        Some(item) if item.error.code() != ErrorCode::Success => Err(SbiError::Refused(item.error.code())),
        Some(_) => Err(SbiError::Refused(ErrorCode::Busy)),
        None => Err(ServiceError::from(error).into()),
    }
}

/// In the form of a UUID: letters, digits and hyphens are all that the specification allows.
pub(super) fn transaction_id(random: &[u8; 16]) -> String {
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
