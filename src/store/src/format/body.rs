//! The body: a draft as the receiving authority will read it.

use super::cbor::{Node, decode, encode};
use super::schema::RECORD_VERSION;
use super::schema::{CLOSURE_RECORD, ENROLMENT_RECORD, EXEMPTION_RECORD, Shape};
use super::{FormatFault, record_version_node};
use domain::device::{CaptureGroup, DeviceDescriptor};
use domain::finger::{MissingFinger, MissingReason};
use domain::guarded::Personal;
use domain::policy::{Decision, Question, SettledBy, Verdict};
use domain::record::{
    BeforeArrival, Body, Draft, Enrolment, FaceSample, FingerSample, Measure, ReviewTrace, Traveller, Versions,
    VetoTrace,
};
use domain::session::{AttemptLog, Outcome};
use domain::units::QualityScore;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// The one encoding of a draft. The buffer is wiped when it is dropped.
///
/// An outcome that does not go with the body is refused: an exempt record can carry an exemption only, an enrolment
/// belongs to an enrolled outcome, and every other end is a closure.
pub fn encode_body(draft: &Draft) -> Result<Zeroizing<Vec<u8>>, FormatFault> {
    let (kind, content) = match &draft.body {
        Body::Closure => ("closure", None),
        Body::Enrolment(enrolment) => ("enrolment", Some(enrolment_node(enrolment))),
        Body::Exemption(exemption) => {
            let ground = ("ground", Node::text(&exemption.ground));
            ("exemption", Some(Node::map([ground, ("evidence", Node::text(&exemption.evidence))])))
        }
    };
    if kind != kind_for(draft.outcome) {
        return Err(FormatFault::OutcomeAndBody { outcome: draft.outcome.id(), kind });
    }
    let node = Node::map_of(vec![
        ("version", Some(record_version_node())),
        ("record", Some(Node::Bytes(&draft.id.0))),
        ("case", Some(Node::text(draft.case.as_str()))),
        ("station", Some(Node::text(&draft.station.0))),
        ("checkpoint", Some(Node::text(&draft.checkpoint))),
        ("local-time", Some(Node::text(&draft.local_time))),
        ("officer", Some(Node::text(&draft.officer.0))),
        ("accompanying", draft.accompanying.as_ref().map(|adult| Node::text(adult.as_str()))),
        ("outcome", Some(Node::text(draft.outcome.id()))),
        ("decision", draft.decision.as_ref().map(decision_node)),
        ("versions", Some(versions_node(&draft.versions))),
        ("review", draft.review.as_ref().map(review_node)),
        ("replaces", draft.replaces.as_ref().map(|id| Node::Bytes(&id.0))),
        ("simulated", Some(Node::Bool(draft.simulated))),
        ("kind", Some(Node::text(kind))),
        (kind, content),
    ]);
    // What a record of an exempt person may hold is checked before it is sealed: afterwards nobody here could.
    if matches!(draft.body, Body::Exemption(_)) {
        EXEMPTION_RECORD.check(&node)?;
    }
    Ok(encode(&node))
}

/// A body that has been read and found to be what `record.cddl` says.
pub struct RecordBody<'a>(Node<'a>);

/// An image of a body, with the name of a file that it may be written to.
pub struct BodyImage<'a> {
    /// `face.jpg`, `right-index.png`.
    pub file: String,
    /// The encoded image.
    pub bytes: &'a [u8],
}

/// Reads a body strictly.
pub fn decode_body(bytes: &[u8]) -> Result<RecordBody<'_>, FormatFault> {
    let node = decode(bytes)?;
    if let Some(Node::Uint(found)) = node.get("version")
        && *found != RECORD_VERSION
    {
        return Err(FormatFault::UnknownVersion { rule: "record", found: *found });
    }
    let shape: &Shape = match node.get("kind").and_then(Node::as_text) {
        Some("closure") => &CLOSURE_RECORD,
        Some("enrolment") => &ENROLMENT_RECORD,
        Some("exemption") => &EXEMPTION_RECORD,
        _ => return Err(FormatFault::Shape { rule: "record", key: "kind", what: "is missing or unknown" }),
    };
    shape.check(&node)?;
    Ok(RecordBody(node))
}

impl<'a> RecordBody<'a> {
    /// The record's identifier, 16 bytes.
    pub fn record(&self) -> Option<&'a [u8]> {
        self.0.get("record").and_then(Node::as_bytes)
    }

    /// The body as JSON for people: byte strings in hexadecimal, images as the names of their files.
    pub fn to_json(&self) -> Value {
        let mut json = json_of(&self.0);
        let enrolment = json.get_mut("enrolment");
        if let Some(enrolment) = enrolment {
            if let Some(face) = enrolment.get_mut("face") {
                face["jpeg"] = json!("face.jpg");
            }
            for finger in enrolment.get_mut("fingers").and_then(Value::as_array_mut).into_iter().flatten() {
                finger["png"] = json!(finger_file(finger["finger"].as_str().unwrap_or_default()));
            }
        }
        json
    }

    /// The images, face first.
    pub fn images(&self) -> Vec<BodyImage<'a>> {
        let Some(enrolment) = self.0.get("enrolment") else {
            return Vec::new();
        };
        let face = enrolment.get("face").and_then(|face| face.get("jpeg")).and_then(Node::as_bytes);
        let face = face.map(|bytes| BodyImage { file: "face.jpg".into(), bytes });
        let fingers = match enrolment.get("fingers") {
            Some(Node::Array(fingers)) => fingers.as_slice(),
            _ => &[],
        };
        let finger = |node: &Node<'a>| {
            let file = finger_file(node.get("finger")?.as_text()?);
            Some(BodyImage { file, bytes: node.get("png")?.as_bytes()? })
        };
        face.into_iter().chain(fingers.iter().filter_map(finger)).collect()
    }
}

/// A name that stays in its folder, whatever the record says.
fn finger_file(finger: &str) -> String {
    let known = domain::finger::Finger::from_id(finger).map_or("unknown-finger", |finger| finger.id());
    format!("{known}.png")
}

fn json_of(node: &Node<'_>) -> Value {
    match node {
        Node::Array(items) => items.iter().map(json_of).collect(),
        Node::Bool(value) => json!(value),
        Node::Bytes(bytes) => json!(crate::hex(bytes)),
        Node::Float(value) => json!(value),
        Node::Int(value) => json!(value),
        Node::Map(entries) => {
            let pairs = entries.iter().map(|(key, value)| (key.to_string(), json_of(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        Node::Text(text) => json!(text),
        Node::Uint(value) => json!(value),
    }
}

fn kind_for(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Enrolled | Outcome::EnrolledWithExceptions => "enrolment",
        Outcome::Exempt => "exemption",
        Outcome::Cancelled
        | Outcome::FailureToEnrol
        | Outcome::InReview
        | Outcome::Interrupted
        | Outcome::NoRule
        | Outcome::NotInScope
        | Outcome::RefusedByTraveller => "closure",
    }
}

fn texts(items: &[String]) -> Node<'_> {
    Node::Array(items.iter().map(|item| Node::text(item)).collect())
}

fn opt_text(text: &Option<String>) -> Option<Node<'_>> {
    text.as_deref().map(Node::text)
}

fn opt_personal(text: &Option<Personal<String>>) -> Option<Node<'_>> {
    text.as_ref().map(|text| Node::text(text.expose()))
}

fn opt_score<'a>(score: Option<QualityScore>) -> Option<Node<'a>> {
    score.map(|score| Node::Uint(score.get().into()))
}

fn list<'a, T>(items: &'a [T], node: impl Fn(&'a T) -> Node<'a>) -> Node<'a> {
    Node::Array(items.iter().map(node).collect())
}

fn decision_node(decision: &Decision) -> Node<'_> {
    let verdict = match decision.verdict {
        Verdict::AskSupervisor => "ask-supervisor",
        Verdict::Exempt => "exempt",
        Verdict::NoRule => "no-rule",
        Verdict::NotInScope => "not-in-scope",
        Verdict::Required => "required",
    };
    let sources = list(&decision.sources, |source| {
        Node::map([("cite", Node::text(&source.cite)), ("published", Node::text(&source.published))])
    });
    let facts = list(&decision.facts_used, |fact| {
        Node::map([
            ("fact", Node::text(&fact.fact)),
            ("value", Node::text(&fact.value)),
            ("evidence", Node::text(&fact.evidence)),
        ])
    });
    Node::map_of(vec![
        ("verdict", Some(Node::text(verdict))),
        ("ground", opt_text(&decision.ground)),
        ("entry", opt_text(&decision.entry)),
        ("superseded", Some(texts(&decision.superseded))),
        ("sources", Some(sources)),
        ("facts-used", Some(facts)),
        ("facts-missing", Some(texts(&decision.facts_missing))),
        ("question", decision.question.as_ref().map(question_node)),
        ("notes", Some(texts(&decision.notes))),
        ("pack", Some(Node::text(&decision.pack))),
    ])
}

fn question_node(question: &Question) -> Node<'_> {
    let settled_by = match question.settled_by {
        SettledBy::Officer => "officer",
        SettledBy::Supervisor => "supervisor",
    };
    Node::map([
        ("id", Node::text(&question.id)),
        ("text", Node::text(&question.text)),
        ("settled-by", Node::text(settled_by)),
    ])
}

fn versions_node(versions: &Versions) -> Node<'_> {
    Node::map([
        ("software", Node::text(&versions.software)),
        ("policy", Node::text(&versions.policy)),
        ("thresholds", Node::text(&versions.thresholds)),
        ("models", texts(&versions.models)),
    ])
}

fn review_node(review: &ReviewTrace) -> Node<'_> {
    Node::map([
        ("supervisor", Node::text(&review.supervisor.0)),
        ("decision", Node::text(&review.decision)),
        ("parked-for", Node::text(&review.parked_for)),
        ("reason", Node::text(&review.reason)),
        ("local-time", Node::text(&review.local_time)),
    ])
}

fn enrolment_node(enrolment: &Enrolment) -> Node<'_> {
    Node::map_of(vec![
        ("traveller", Some(traveller_node(&enrolment.traveller))),
        ("face", enrolment.face.as_ref().map(face_node)),
        ("fingers", Some(list(&enrolment.fingers, finger_node))),
        ("missing", Some(list(&enrolment.missing, missing_node))),
        ("face-exception", enrolment.face_exception.map(|exception| Node::text(exception.id()))),
        ("attempts", Some(list(&enrolment.attempts, attempt_node))),
        ("signed-by", enrolment.signed_by.as_ref().map(|officer| Node::text(&officer.0))),
        ("vetoes", (!enrolment.vetoes.is_empty()).then(|| list(&enrolment.vetoes, veto_node))),
        ("devices", Some(list(&enrolment.devices, device_node))),
        ("laboratory-basis", opt_text(&enrolment.laboratory_basis)),
        (
            "before-arrival",
            (!enrolment.before_arrival.is_empty()).then(|| list(&enrolment.before_arrival, before_arrival_node)),
        ),
        ("application-number", opt_personal(&enrolment.application_number)),
        ("profile-id", opt_personal(&enrolment.profile_id)),
    ])
}

fn before_arrival_node(owed: &BeforeArrival) -> Node<'_> {
    Node::map_of(vec![
        ("rule", Some(Node::text(&owed.rule))),
        ("kind", Some(Node::text(owed.kind.id()))),
        ("verdict", Some(Node::text(owed.verdict.id()))),
        ("exception", opt_text(&owed.exception)),
        ("timing", owed.timing.map(|timing| Node::text(timing.id()))),
        ("shown", Some(Node::text(owed.shown.id()))),
        ("looked-up", owed.looked_up.map(|says| Node::text(says.id()))),
    ])
}

fn veto_node(said: &VetoTrace) -> Node<'_> {
    Node::map([
        ("slot", Node::text(said.slot.id())),
        ("veto", Node::text(said.veto.id())),
        ("officer", Node::text(&said.officer.0)),
        ("reason", Node::text(&said.reason)),
        ("local-time", Node::text(&said.local_time)),
    ])
}

fn traveller_node(traveller: &Traveller) -> Node<'_> {
    Node::map([
        ("name", Node::text(traveller.name.expose())),
        ("document-number", Node::text(traveller.document_number.expose())),
        ("document-code", Node::text(&traveller.document_code)),
        ("issuing-state", Node::text(&traveller.issuing_state)),
        ("nationality", Node::text(&traveller.nationality)),
        ("birth-date", Node::text(traveller.birth_date.expose())),
        ("sex", Node::text(&traveller.sex)),
        ("expiry-date", Node::text(&traveller.expiry_date)),
        ("evidence", Node::text(&traveller.evidence)),
    ])
}

fn face_node(face: &FaceSample) -> Node<'_> {
    Node::map([
        ("jpeg", Node::Bytes(face.jpeg.expose())),
        ("width", Node::Uint(face.width.into())),
        ("height", Node::Uint(face.height.into())),
        ("source-digest", Node::Bytes(&face.source_digest)),
        ("quality", list(&face.quality, measure_node)),
        ("engine", Node::text(&face.engine)),
        ("basis", Node::text(face.basis.id())),
        ("not-assessed", list(&face.not_assessed, |name| Node::text(name))),
        ("accepted", Node::Bool(face.accepted)),
    ])
}

fn finger_node(finger: &FingerSample) -> Node<'_> {
    Node::map_of(vec![
        ("finger", Some(Node::text(finger.finger.id()))),
        ("png", Some(Node::Bytes(finger.png.expose()))),
        ("ppi", Some(Node::Uint(finger.ppi.get().into()))),
        ("bit-depth", Some(Node::Uint(finger.bit_depth.into()))),
        ("score", opt_score(finger.score)),
        ("scorer", Some(Node::text(&finger.scorer))),
        ("quality", Some(list(&finger.quality, measure_node))),
        ("accepted", Some(Node::Bool(finger.accepted))),
    ])
}

/// A native value that is not a number is left out: a captured traveller is not lost over it.
fn measure_node(measure: &Measure) -> Node<'_> {
    Node::map_of(vec![
        ("name", Some(Node::text(&measure.name))),
        ("native", measure.native.filter(|native| !native.is_nan()).map(Node::Float)),
        ("score", opt_score(measure.score)),
        ("failure", opt_text(&measure.failure)),
    ])
}

fn missing_node(missing: &MissingFinger) -> Node<'_> {
    let reason = match missing.reason {
        MissingReason::Bandaged => "bandaged",
        MissingReason::Injured => "injured",
        MissingReason::Missing => "missing",
    };
    Node::map([("finger", Node::text(missing.finger.id())), ("reason", Node::text(reason))])
}

fn attempt_node(attempt: &AttemptLog) -> Node<'_> {
    Node::map_of(vec![
        ("slot", Some(Node::text(attempt.slot.id()))),
        ("number", Some(Node::Uint(attempt.number.into()))),
        ("score", opt_score(attempt.score)),
        ("passes", Some(Node::Bool(attempt.passes))),
        ("wrong", attempt.wrong.map(|wrong| Node::text(wrong.id()))),
        ("error", opt_text(&attempt.error)),
        ("took-ms", Some(Node::Uint(attempt.took.0))),
    ])
}

fn device_node(device: &DeviceDescriptor) -> Node<'_> {
    let groups = list(&device.groups, |group| {
        Node::text(match group {
            CaptureGroup::LeftFour => "left-four",
            CaptureGroup::RightFour => "right-four",
            CaptureGroup::Single => "single",
            CaptureGroup::TwoThumbs => "two-thumbs",
        })
    });
    Node::map_of(vec![
        ("kind", Some(Node::text(device.kind.id()))),
        ("driver", Some(Node::text(&device.driver))),
        ("vendor", Some(Node::text(&device.vendor))),
        ("model", Some(Node::text(&device.model))),
        ("serial", Some(Node::text(&device.serial))),
        ("firmware", Some(Node::text(&device.firmware))),
        ("transport", Some(Node::text(&device.transport))),
        ("ppi", device.ppi.map(|ppi| Node::Uint(ppi.get().into()))),
        ("bit-depth", Some(Node::Uint(device.bit_depth.into()))),
        ("width", Some(Node::Uint(device.width.into()))),
        ("height", Some(Node::Uint(device.height.into()))),
        ("groups", Some(groups)),
        ("fap", device.fap.map(|fap| Node::Uint(fap.into()))),
        ("preview-fps", Some(Node::Uint(device.preview_fps.into()))),
        ("segments-itself", Some(Node::Bool(device.segments_itself))),
        ("simulated", Some(Node::Bool(device.simulated))),
    ])
}
