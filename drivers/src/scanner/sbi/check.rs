//! Whether a signed answer counts: everything is checked before anything is decoded, and one sample that does not hold
//! spoils the whole answer.

use crate::sbi::error_code::ErrorCode;
use crate::sbi::finder::{Found, digital_id};
use crate::sbi::iso::{Compression, FingerRecord, RecordError};
use crate::sbi::message::{BioData, BioType, Biometrics, CaptureAnswer, Certification, Purpose, finger, time};
use crate::sbi::{SbiError, jp2, next_hash};
use domain::finger::Finger;
use domain::image::FingerImage;
use domain::units::Ppi;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use std::collections::VecDeque;

/// Samples of an answer at most.
const MAX_SAMPLES: usize = 10;

/// Pictures that are remembered: those of a day at one desk.
const MAX_SEEN: usize = 8192;

/// SHA-256 of a picture.
type Digest = [u8; 32];

/// The request that an answer must belong to.
pub(super) struct Asked<'a> {
    pub(super) found: &'a Found,
    pub(super) wanted: &'a [Finger],
    pub(super) transaction: &'a str,
    /// `hash` of the sample before.
    pub(super) previous: &'a str,
    /// When it was asked, on our clock.
    pub(super) at: Timestamp,
    /// By how much the device's clock may differ.
    pub(super) skew: SignedDuration,
}

/// What counts of an answer.
#[derive(Debug)]
pub(super) struct Accepted {
    /// At least one, each with its position.
    pub(super) images: Vec<FingerImage>,
    /// `hash` of the last sample.
    pub(super) hash: String,
    pub(super) digests: Vec<Digest>,
    /// Why the others are not there.
    pub(super) refused: Vec<ErrorCode>,
}

/// Pictures that came before. No two captures of a finger are the same bit for bit, so a picture that comes twice is a
/// replay, whoever signed it again.
#[derive(Debug, Default)]
pub(super) struct Seen(VecDeque<Digest>);

impl Seen {
    pub(super) fn add(&mut self, digests: &[Digest]) {
        self.0.extend(digests);
        let over = self.0.len().saturating_sub(MAX_SEEN);
        self.0.drain(..over);
    }
}

/// The images of an answer, if all of it holds.
pub(super) fn check(
    answer: &CaptureAnswer,
    asked: &Asked<'_>,
    now: Timestamp,
    seen: &Seen,
) -> Result<Accepted, SbiError> {
    if answer.biometrics.is_empty() || answer.biometrics.len() > MAX_SAMPLES {
        return Err(SbiError::Unspecified("the number of samples"));
    }
    let (mut records, mut refused): (Vec<FingerRecord>, _) = (Vec::new(), Vec::new());
    let (mut hash, mut digests): (_, Vec<Digest>) = (asked.previous.to_owned(), Vec::new());
    for sample in &answer.biometrics {
        match sample.error.code() {
            ErrorCode::Success => {}
            code => {
                refused.push(code);
                continue;
            }
        }
        let data = signed(sample, asked, now)?;
        let bytes = data.bio_value.0.expose();
        let claimed = sample.hash.as_deref().ok_or(SbiError::Unspecified("the hash"))?;
        hash = next_hash(&hash, bytes).filter(|next| next.eq_ignore_ascii_case(claimed)).ok_or(SbiError::Hash)?;
        let record = FingerRecord::parse(bytes)?;
        let mut picture: Digest = [0; 32];
        picture.copy_from_slice(digest(&SHA256, record.picture.expose()).as_ref());
        if seen.0.contains(&picture) || digests.contains(&picture) {
            return Err(SbiError::Replay);
        }
        digests.push(picture);
        position(&data, &record, asked.wanted)?;
        if records.iter().any(|before| before.position == record.position) {
            return Err(SbiError::Fingers("one came twice"));
        }
        records.push(record);
    }
    if records.is_empty() {
        return Err(SbiError::Refused(worst(&refused)));
    }
    let images = records.iter().map(image).collect::<Result<_, _>>()?;
    Ok(Accepted { images, hash, digests, refused })
}

/// The signed part of a sample, if it belongs to the request.
fn signed(sample: &Biometrics, asked: &Asked<'_>, now: Timestamp) -> Result<BioData, SbiError> {
    let Found { info, id, anchors, signer, .. } = asked.found;
    let token = sample.data.as_ref().ok_or(SbiError::Unspecified("a sample"))?;
    let verified = anchors.verify(token.0.expose(), now).map_err(|error| SbiError::Untrusted("sample", error))?;
    // Where the service signs, one key signs all; a trusted module has keys of its own for its identity.
    if info.certification == Certification::L0 && verified.signer != *signer {
        return Err(SbiError::Mismatch("signer"));
    }
    let data: BioData =
        serde_json::from_slice(verified.payload.expose()).map_err(|_| SbiError::Unspecified("a signed sample"))?;
    if data.transaction_id != asked.transaction {
        return Err(SbiError::Replay);
    }
    let at = time(&data.timestamp).ok_or(SbiError::Unspecified("a time stamp"))?;
    if at.duration_since(asked.at) < -asked.skew || at.duration_since(now) > asked.skew {
        return Err(SbiError::Stale(at.duration_since(now).as_secs()));
    }
    let sample_id = digital_id(&data.digital_id, anchors, now)?;
    for (what, same) in [
        ("purpose", data.purpose == Purpose::Registration),
        ("installation", data.env == info.env),
        ("device code", Some(&data.device_code) == info.device_code.as_ref()),
        ("type of sample", data.bio_type == BioType::Finger),
        ("serial number", (&sample_id.serial_no, &sample_id.make) == (&id.serial_no, &id.make)),
    ] {
        if !same {
            return Err(SbiError::Mismatch(what));
        }
    }
    Ok(data)
}

/// Whether answer and record name the same finger, and one that was asked for.
fn position(data: &BioData, record: &FingerRecord, wanted: &[Finger]) -> Result<(), SbiError> {
    let named = data.bio_sub_type.as_deref().and_then(finger).ok_or(SbiError::Fingers("one has no name"))?;
    if named != record.position {
        return Err(SbiError::Fingers("answer and record name different ones"));
    }
    if wanted.contains(&named) { Ok(()) } else { Err(SbiError::Fingers("one was not asked for")) }
}

fn image(record: &FingerRecord) -> Result<FingerImage, SbiError> {
    if record.compression != Compression::Jpeg2000Lossless {
        return Err(RecordError::Value("compression", record.compression.code().into()).into());
    }
    if record.ppi < Ppi::FIVE_HUNDRED {
        return Err(RecordError::Value("sampling rate", record.ppi.get().into()).into());
    }
    let picture = jp2::decode(record.picture.expose())?;
    if (picture.width, picture.height) != (record.width.into(), record.height.into()) {
        return Err(RecordError::Value("width", picture.width).into());
    }
    let grey = picture.bytes.expose().clone();
    let image = FingerImage::new(picture.width, picture.height, record.ppi, 8, grey)
        .map_err(|_| RecordError::Value("number of channels", u32::try_from(picture.channels).unwrap_or(0)))?;
    Ok(image.of(Some(record.position)))
}

/// Of several reasons the one that the officer should know: that nothing lay there comes last.
fn worst(refused: &[ErrorCode]) -> ErrorCode {
    let serious = refused.iter().find(|code| **code != ErrorCode::NothingDetected);
    *serious.unwrap_or(&ErrorCode::NothingDetected)
}
