//! What a host asks for: read and checked before a device moves.

use super::device::{Kind, Part};
use super::refusal::Refusal;
use domain::finger::Finger;
use drivers::sbi::message::finger;
use serde::Deserialize;
use std::time::Duration;

/// Bytes of a request at most.
pub const MAX_REQUEST: usize = 64 * 1024;

/// The longest time that a host may let a device wait.
const MAX_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Characters of a transaction id: those of the published schema of the answer.
const TRANSACTION_LENGTH: std::ops::RangeInclusive<usize> = 4..=50;

/// The environments of the specification.
const ENVIRONMENTS: [&str; 4] = ["Staging", "Developer", "Pre-Production", "Production"];

/// How long a stream runs unless the host says otherwise: five minutes, by the specification.
const STREAM_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// A capture that the device can carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// On this device.
    pub kind: Kind,
    /// With this part of it.
    pub part: Part,
    /// These fingers together; none for a face.
    pub wanted: Vec<Finger>,
    /// How long to wait for them.
    pub timeout: Duration,
    /// The score at which the device stops waiting for a better picture, 0 to 100.
    pub requested_score: f32,
    /// Goes into the answer as it came.
    pub score_text: String,
    /// Hash of the sample before, as 64 hexadecimal digits; empty before the first.
    pub previous_hash: String,
    /// The host's name for this capture.
    pub transaction: String,
    /// The host's environment.
    pub environment: String,
}

/// A stream that the device can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// From this device.
    pub kind: Kind,
    /// With this part of it.
    pub part: Part,
    /// How long.
    pub timeout: Duration,
}

/// A string, or a number where hosts write one instead.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(serde_json::Number),
}

impl Word {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.trim().into(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CaptureWords {
    env: String,
    purpose: String,
    spec_version: String,
    timeout: Word,
    #[serde(rename = "captureTime")]
    _capture_time: String,
    transaction_id: Option<String>,
    bio: Vec<BioWords>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BioWords {
    #[serde(rename = "type")]
    kind: String,
    count: Word,
    #[serde(default)]
    bio_sub_type: Option<Vec<Option<String>>>,
    #[serde(default)]
    exception: Option<Vec<Option<String>>>,
    requested_score: Word,
    device_id: String,
    device_sub_id: Word,
    previous_hash: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamWords {
    device_id: String,
    device_sub_id: Word,
    #[serde(default)]
    timeout: Option<Word>,
}

/// The type that a discovery asks for: `None` is any device.
pub fn discovery(body: &[u8]) -> Result<Option<Kind>, Refusal> {
    #[derive(Deserialize)]
    struct Words {
        #[serde(rename = "type")]
        kind: String,
    }
    let words: Words = serde_json::from_slice(body).map_err(|_| Refusal::DiscoveryType)?;
    match words.kind.as_str() {
        "Biometric Device" => Ok(None),
        // No iris camera is here.
        "Iris" => Err(Refusal::NoSuchDevice),
        other => Kind::from_type(other).map(Some).ok_or(Refusal::DiscoveryType),
    }
}

/// Reads and checks a request for a capture.
pub fn capture(body: &[u8]) -> Result<Capture, Refusal> {
    let words: CaptureWords = serde_json::from_slice(body).map_err(|_| Refusal::CaptureRequest)?;
    let transaction = words.transaction_id.filter(|id| is_transaction(id)).ok_or(Refusal::Transaction)?;
    if !ENVIRONMENTS.contains(&words.env.as_str()) {
        return Err(Refusal::Environment);
    }
    if words.purpose != super::device::PURPOSE {
        return Err(Refusal::Purpose);
    }
    if !matches!(words.spec_version.as_str(), "0.9.5" | "1.0.0") {
        return Err(Refusal::CaptureRequest);
    }
    let timeout = milliseconds(&words.timeout).ok_or(Refusal::CaptureRequest)?;
    // One sample request at a time: the specification's array holds one for each device.
    let [bio] = words.bio.as_slice() else { return Err(Refusal::Count) };
    let kind = Kind::from_id(&bio.device_id).ok_or(Refusal::NoSuchDevice)?;
    if Kind::from_type(&bio.kind) != Some(kind) {
        return Err(Refusal::DeviceType);
    }
    let part = Part::from_id(kind, &bio.device_sub_id.text()).ok_or(Refusal::Count)?;
    let score_text = bio.requested_score.text();
    let requested_score = score_text.parse().ok().filter(|score| (0.0..=100.0).contains(score));
    Ok(Capture {
        kind,
        part,
        wanted: wanted(bio, part)?,
        timeout,
        requested_score: requested_score.ok_or(Refusal::CaptureRequest)?,
        score_text,
        previous_hash: previous(&bio.previous_hash)?,
        transaction,
        environment: words.env,
    })
}

/// Reads and checks a request for a stream.
pub fn stream(body: &[u8]) -> Result<Stream, Refusal> {
    let words: StreamWords = serde_json::from_slice(body).map_err(|_| Refusal::StreamRequest)?;
    let kind = Kind::from_id(&words.device_id).ok_or(Refusal::NoSuchDevice)?;
    let part = Part::from_id(kind, &words.device_sub_id.text()).ok_or(Refusal::StreamRequest)?;
    let timeout = match &words.timeout {
        None => STREAM_TIMEOUT,
        Some(word) if word.text().is_empty() => STREAM_TIMEOUT,
        Some(word) => milliseconds(word).ok_or(Refusal::StreamRequest)?,
    };
    Ok(Stream { kind, part, timeout })
}

/// The fingers of this request, in the order of the device's part, checked against the count.
fn wanted(bio: &BioWords, part: Part) -> Result<Vec<Finger>, Refusal> {
    let named = fingers(&bio.bio_sub_type, part, Refusal::SubType, Refusal::SubType)?;
    let without = fingers(&bio.exception, part, Refusal::ExceptionValue, Refusal::ExceptionElsewhere)?;
    let all = part.fingers();
    let wanted: Vec<Finger> = all
        .iter()
        .copied()
        .filter(|finger| (named.is_empty() || named.contains(finger)) && !without.contains(finger))
        .collect();
    // A face has no fingers and counts as one.
    let expected = if all.is_empty() { 1 } else { wanted.len() };
    match bio.count.text().parse::<usize>() {
        Ok(count) if count == expected && count > 0 => Ok(wanted),
        Ok(_) => Err(Refusal::Count),
        Err(_) => Err(Refusal::CaptureRequest),
    }
}

fn fingers(
    words: &Option<Vec<Option<String>>>,
    part: Part,
    unknown: Refusal,
    elsewhere: Refusal,
) -> Result<Vec<Finger>, Refusal> {
    // Hosts write `[null]` or `[""]` for an empty list.
    let words = words.iter().flatten().flatten().filter(|word| !word.is_empty());
    let mut all = Vec::new();
    for word in words.take(Finger::ALL.len() + 1) {
        let found = finger(word).ok_or(unknown)?;
        match part {
            // A portrait may be taken of somebody who lacks any finger: the exceptions say why, and change nothing.
            Part::Face if elsewhere == Refusal::ExceptionElsewhere => {}
            _ if part.fingers().contains(&found) => all.push(found),
            _ => return Err(elsewhere),
        }
    }
    Ok(all)
}

fn is_transaction(id: &str) -> bool {
    TRANSACTION_LENGTH.contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn milliseconds(word: &Word) -> Option<Duration> {
    let time = Duration::from_millis(word.text().parse().ok()?);
    (time <= MAX_TIMEOUT).then_some(time)
}

/// Nothing, or the hash of the sample before.
fn previous(hash: &str) -> Result<String, Refusal> {
    let right = hash.is_empty() || (hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if right { Ok(hash.into()) } else { Err(Refusal::CaptureRequest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn numbers_are_taken_for_texts() {
        let body = json!({
            "env": "Developer", "purpose": "Registration", "specVersion": "0.9.5", "timeout": 3000,
            "captureTime": "2026-03-01T12:00:00Z", "transactionId": "t-01",
            "bio": [{
                "type": "Finger", "count": 4, "requestedScore": 60, "deviceId": "SIMULATED-SLAP-1", "deviceSubId": 1,
                "previousHash": "", "exception": [null],
            }],
        });
        let wish = capture(body.to_string().as_bytes()).unwrap();
        assert_eq!((wish.part, wish.wanted.len(), wish.requested_score), (Part::LeftFour, 4, 60.0));
        assert_eq!(wish.timeout, Duration::from_secs(3));
    }

    #[test]
    fn a_portrait_counts_one_whatever_is_excepted() {
        let bio = |exception: &str, count: usize| BioWords {
            kind: "Face".into(),
            count: Word::Text(count.to_string()),
            bio_sub_type: None,
            exception: Some(vec![Some(exception.into())]),
            requested_score: Word::Text("40".into()),
            device_id: Kind::Face.id().into(),
            device_sub_id: Word::Text("0".into()),
            previous_hash: String::new(),
        };
        assert_eq!(wanted(&bio("Left Thumb", 1), Part::Face), Ok(vec![]));
        assert_eq!(wanted(&bio("Left Thumb", 2), Part::Face), Err(Refusal::Count));
        assert_eq!(wanted(&bio("Left Toe", 1), Part::Face), Err(Refusal::ExceptionValue));
    }

    #[test]
    fn streams_run_for_five_minutes_unless_the_host_says_otherwise() {
        let order = |timeout: &str| format!(r#"{{"deviceId":"SIMULATED-SLAP-1","deviceSubId":"3"{timeout}}}"#);
        for (timeout, seconds) in [("", 300), (r#","timeout":"""#, 300), (r#","timeout":"9000""#, 9)] {
            assert_eq!(stream(order(timeout).as_bytes()).unwrap().timeout, Duration::from_secs(seconds));
        }
        assert_eq!(stream(order(r#","timeout":"-1""#).as_bytes()), Err(Refusal::StreamRequest));
    }

    proptest! {
        #[test]
        fn arbitrary_requests_never_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (discovery(&body), capture(&body), stream(&body));
        }

        #[test]
        fn nearly_right_requests_never_panic(
            key in "env|purpose|timeout|transactionId|specVersion",
            bio in "type|count|bioSubType|exception|requestedScore|deviceId|deviceSubId|previousHash",
            value in "[0-9eE+.\"a-zA-Z \\[\\]{}:,-]{0,20}",
        ) {
            let _ = capture(format!(r#"{{"{key}":{value},"bio":[{{"{bio}":{value}}}]}}"#).as_bytes());
        }
    }
}
