//! Whether a signed answer counts: everything is checked before anything is decoded, and one sample that does not hold
//! spoils the whole answer.

use crate::sbi::error_code::ErrorCode;
use crate::sbi::finder::{Found, digital_id};
use crate::sbi::iso::{Compression, FingerRecord, RecordError, Slap};
use crate::sbi::message::{BioData, BioType, Biometrics, CaptureAnswer, Purpose, finger, time};
use crate::sbi::{SbiError, jp2, next_hash};
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::image::FingerImage;
use domain::units::Ppi;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::thread::ScopedJoinHandle;

/// `bioSubType` of what has no name.
const UNKNOWN: &str = "UNKNOWN";

/// Samples of an answer at most.
const MAX_SAMPLES: usize = 10;

/// Pictures that are remembered: those of a day at one desk.
const MAX_SEEN: usize = 8192;

/// SHA-256 of a picture.
type Digest = [u8; 32];

/// The request that an answer must belong to.
pub(super) struct Asked<'a> {
    pub(super) found: &'a Found,
    pub(super) shows: Shows<'a>,
    pub(super) transaction: &'a str,
    /// `hash` of the sample before.
    pub(super) previous: &'a str,
    /// When it was asked, on our clock.
    pub(super) at: Timestamp,
    /// By how much the device's clock may differ.
    pub(super) skew: SignedDuration,
}

/// What the pictures of an answer must show.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shows<'a> {
    /// These fingers, one each.
    Fingers(&'a [Finger]),
    /// The whole of what lay on the glass, in one.
    Slap(Slap),
}

/// What counts of an answer.
#[derive(Debug)]
pub(super) struct Accepted {
    /// At least one, each with its position unless it is a whole slap.
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
    let (mut samples, mut refused): (Vec<Sample>, _) = (Vec::new(), Vec::new());
    let mut hash = asked.previous.to_owned();
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
        let sample = match asked.shows {
            Shows::Fingers(wanted) => one_finger(&data, wanted)?,
            Shows::Slap(slap) => whole_slap(&data, slap)?,
        };
        if seen.0.contains(&sample.digest) || samples.iter().any(|before| before.digest == sample.digest) {
            return Err(SbiError::Replay);
        }
        if samples.iter().any(|before| before.position == sample.position) {
            return Err(SbiError::Fingers("one came twice"));
        }
        samples.push(sample);
    }
    if samples.is_empty() {
        return Err(SbiError::Refused(worst(&refused)));
    }
    let digests = samples.iter().map(|sample| sample.digest).collect();
    Ok(Accepted { images: images(&samples)?, hash, digests, refused })
}

/// All pictures, decoded beside each other: people wait for it with their hands on the glass.
fn images(samples: &[Sample]) -> Result<Vec<FingerImage>, SbiError> {
    std::thread::scope(|scope| {
        let decoding: Vec<_> = samples.iter().map(|sample| scope.spawn(|| image(sample))).collect();
        let decoded = |one: ScopedJoinHandle<'_, _>| one.join().unwrap_or_else(|panic| resume_unwind(panic));
        decoding.into_iter().map(decoded).collect()
    })
}

/// One picture that is the device's, and of what was asked for; not decoded yet.
struct Sample {
    /// Which finger; none of a whole slap.
    position: Option<Finger>,
    digest: Digest,
    ppi: Ppi,
    compression: Compression,
    size: (u32, u32),
    coded: Biometric<Vec<u8>>,
}

impl Sample {
    fn new<P>(position: Option<Finger>, record: FingerRecord<P>) -> Self {
        let mut of_picture = [0; 32];
        of_picture.copy_from_slice(digest(&SHA256, record.picture.expose()).as_ref());
        Self {
            position,
            digest: of_picture,
            ppi: record.ppi,
            compression: record.compression,
            size: (record.width.into(), record.height.into()),
            coded: record.picture,
        }
    }
}

/// The signed part of a sample, if it belongs to the request.
fn signed(sample: &Biometrics, asked: &Asked<'_>, now: Timestamp) -> Result<BioData, SbiError> {
    let Found { info, id, anchors, signer, id_signer, .. } = asked.found;
    let token = sample.data.as_ref().ok_or(SbiError::Unspecified("a sample"))?;
    let verified = anchors.verify(token.0.expose(), now).map_err(|error| SbiError::Untrusted("sample", error))?;
    // A device that has a new key since proves anew who it is.
    if verified.signer != *signer {
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
    let (sample_id, sample_id_signer) = digital_id(&data.digital_id, anchors, now)?;
    for (what, same) in [
        ("purpose", data.purpose == Purpose::Registration),
        ("installation", data.env == info.env),
        ("device code", Some(&data.device_code) == info.device_code.as_ref()),
        ("type of sample", data.bio_type == BioType::Finger),
        ("serial number", (&sample_id.serial_no, &sample_id.make) == (&id.serial_no, &id.make)),
        ("model", sample_id.model == id.model),
        ("signer of its identity", sample_id_signer == *id_signer),
    ] {
        if !same {
            return Err(SbiError::Mismatch(what));
        }
    }
    Ok(data)
}

/// A finger that answer and record name alike, and that was asked for.
fn one_finger(data: &BioData, wanted: &[Finger]) -> Result<Sample, SbiError> {
    let record = FingerRecord::parse(data.bio_value.0.expose())?;
    let named = data.bio_sub_type.as_deref().and_then(finger).ok_or(SbiError::Fingers("one has no name"))?;
    if named != record.position {
        return Err(SbiError::Fingers("answer and record name different ones"));
    }
    if !wanted.contains(&named) {
        return Err(SbiError::Fingers("one was not asked for"));
    }
    Ok(Sample::new(Some(named), record))
}

/// The slap that was asked for. No word of the specification names one, so that its record alone tells which it is.
fn whole_slap(data: &BioData, slap: Slap) -> Result<Sample, SbiError> {
    let record = FingerRecord::parse_slap(data.bio_value.0.expose())?;
    if data.bio_sub_type.as_deref().is_some_and(|name| name != UNKNOWN) {
        return Err(SbiError::Fingers("a whole slap has the name of one"));
    }
    if record.position != slap {
        return Err(SbiError::Fingers("another slap was asked for"));
    }
    Ok(Sample::new(None, record))
}

fn image(sample: &Sample) -> Result<FingerImage, SbiError> {
    if sample.compression != Compression::Jpeg2000Lossless {
        return Err(RecordError::Value("compression", sample.compression.code().into()).into());
    }
    if sample.ppi < Ppi::FIVE_HUNDRED {
        return Err(RecordError::Value("sampling rate", sample.ppi.get().into()).into());
    }
    let picture = jp2::decode(sample.coded.expose())?;
    if (picture.width, picture.height) != sample.size {
        return Err(RecordError::Value("width", picture.width).into());
    }
    let grey = picture.bytes.expose().clone();
    let image = FingerImage::new(picture.width, picture.height, sample.ppi, 8, grey)
        .map_err(|_| RecordError::Value("number of channels", u32::try_from(picture.channels).unwrap_or(0)))?;
    Ok(image.of(sample.position))
}

/// Of several reasons the one that the officer should know: that nothing lay there comes last.
fn worst(refused: &[ErrorCode]) -> ErrorCode {
    let serious = refused.iter().find(|code| **code != ErrorCode::NothingDetected);
    *serious.unwrap_or(&ErrorCode::NothingDetected)
}
