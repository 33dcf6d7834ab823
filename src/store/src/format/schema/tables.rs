//! The tables themselves, in the order of `record.cddl`.

use super::{Field, Kind, RECEIPT_VERSION, RECORD_VERSION, Shape, VERSION};
use domain::record::HEADER_VERSION;

const fn field(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, optional: false }
}

const fn optional(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, optional: true }
}

const fn shape(name: &'static str, fields: &'static [Field]) -> Shape {
    Shape { name, base: None, fields }
}

const TEXTS: Kind = Kind::List(&Kind::Text);
const MEASURES: Kind = Kind::List(&Kind::Map(&MEASURE));

pub(in crate::format) static HEADER: Shape = shape(
    "header",
    &[
        field("version", Kind::Version(HEADER_VERSION as u64)),
        field("station", Kind::Text),
        field("sequence", Kind::Uint),
        field("previous", Kind::Digest),
        field("body-digest", Kind::Digest),
        field("record", Kind::RecordId),
        field("case", Kind::Text),
        field("outcome", Kind::Text),
        optional("replaces", Kind::RecordId),
        field("sealing", Kind::Text),
        field("sealed-to", Kind::Text),
        field("signed-by", Kind::Text),
        field("time", Kind::Int),
        field("boot", Kind::Text),
        field("clock-jumped", Kind::Bool),
        field("audit-lines", Kind::Uint),
        field("audit-head", Kind::Digest),
        field("simulated", Kind::Bool),
    ],
);

pub(in crate::format) static RECEIPT: Shape = shape(
    "receipt",
    &[
        field("version", Kind::Version(RECEIPT_VERSION)),
        field("digest", Kind::Digest),
        field("station", Kind::Text),
        field("sequence", Kind::Uint),
        field("record", Kind::RecordId),
        field("audit-lines", Kind::Uint),
        field("audit-head", Kind::Digest),
        field("received", Kind::Int),
    ],
);

pub(in crate::format) static TOMBSTONE: Shape = shape(
    "tombstone",
    &[
        field("version", Kind::Version(VERSION)),
        field("digest", Kind::Digest),
        field("station", Kind::Text),
        field("sequence", Kind::Uint),
        field("record", Kind::RecordId),
        field("reason", Kind::OneOf(&["court-order", "error", "replaced", "request", "retention"])),
        field("erased", Kind::Int),
    ],
);

pub(in crate::format) static KEY_ROTATION: Shape = shape(
    "key-rotation",
    &[
        field("version", Kind::Version(VERSION)),
        field("station", Kind::Text),
        field("old", Kind::Text),
        field("new", Kind::Bytes),
        field("time", Kind::Int),
        field("overlap-until", Kind::Int),
    ],
);

pub(in crate::format) static RECEIPT_KEY: Shape = shape(
    "receipt-key",
    &[
        field("version", Kind::Version(VERSION)),
        field("old", Kind::Text),
        field("new", Kind::Bytes),
        field("time", Kind::Int),
        field("overlap-until", Kind::Int),
    ],
);

pub(in crate::format) static APPLICATION: Shape = shape(
    "application",
    &[
        field("version", Kind::Version(VERSION)),
        field("station", Kind::Text),
        field("signing-key", Kind::Bytes),
        field("connection-key", Kind::Bytes),
        field("code", Kind::Text),
        field("time", Kind::Int),
    ],
);

pub(super) static FRAME: Shape = shape(
    "frame",
    &[
        field("version", Kind::Version(RECORD_VERSION)),
        field("record", Kind::RecordId),
        field("case", Kind::Text),
        field("station", Kind::Text),
        field("checkpoint", Kind::Text),
        field("local-time", Kind::Text),
        field("officer", Kind::Text),
        optional("accompanying", Kind::Text),
        optional("decision", Kind::Map(&DECISION)),
        field("versions", Kind::Map(&VERSIONS)),
        optional("review", Kind::Map(&REVIEW)),
        optional("replaces", Kind::RecordId),
        field("simulated", Kind::Bool),
    ],
);

pub(in crate::format) static ENROLMENT_RECORD: Shape = Shape {
    name: "enrolment-record",
    base: Some(&FRAME),
    fields: &[
        field("kind", Kind::OneOf(&["enrolment"])),
        field("outcome", Kind::OneOf(&["enrolled", "enrolled-with-exceptions"])),
        field("enrolment", Kind::Map(&ENROLMENT)),
    ],
};

pub(in crate::format) static EXEMPTION_RECORD: Shape = Shape {
    name: "exemption-record",
    base: Some(&FRAME),
    fields: &[
        field("kind", Kind::OneOf(&["exemption"])),
        field("outcome", Kind::OneOf(&["exempt"])),
        field("exemption", Kind::Map(&EXEMPTION)),
    ],
};

pub(in crate::format) static CLOSURE_RECORD: Shape = Shape {
    name: "closure-record",
    base: Some(&FRAME),
    fields: &[
        field("kind", Kind::OneOf(&["closure"])),
        field(
            "outcome",
            Kind::OneOf(&[
                "cancelled",
                "failure-to-enrol",
                "in-review",
                "interrupted",
                "no-rule",
                "not-in-scope",
                "refused-by-traveller",
            ]),
        ),
    ],
};

static DECISION: Shape = shape(
    "decision",
    &[
        field("verdict", Kind::OneOf(&["ask-supervisor", "exempt", "no-rule", "not-in-scope", "required"])),
        optional("ground", Kind::Text),
        optional("entry", Kind::Text),
        field("superseded", TEXTS),
        field("sources", Kind::List(&Kind::Map(&SOURCE))),
        field("facts-used", Kind::List(&Kind::Map(&FACT))),
        field("facts-missing", TEXTS),
        optional("question", Kind::Map(&QUESTION)),
        field("notes", TEXTS),
        field("pack", Kind::Text),
    ],
);

static SOURCE: Shape = shape("source", &[field("cite", Kind::Text), field("published", Kind::Text)]);

static FACT: Shape =
    shape("fact", &[field("fact", Kind::Text), field("value", Kind::Text), field("evidence", Kind::Text)]);

static QUESTION: Shape = shape(
    "question",
    &[field("id", Kind::Text), field("text", Kind::Text), field("settled-by", Kind::OneOf(&["officer", "supervisor"]))],
);

static VERSIONS: Shape = shape(
    "versions",
    &[
        field("software", Kind::Text),
        field("policy", Kind::Text),
        field("thresholds", Kind::Text),
        field("models", TEXTS),
    ],
);

static REVIEW: Shape = shape(
    "review",
    &[
        field("supervisor", Kind::Text),
        field("decision", Kind::Text),
        field("parked-for", Kind::Text),
        field("reason", Kind::Text),
        field("local-time", Kind::Text),
    ],
);

static EXEMPTION: Shape = shape("exemption", &[field("ground", Kind::Word), field("evidence", Kind::Word)]);

static ENROLMENT: Shape = shape(
    "enrolment",
    &[
        field("traveller", Kind::Map(&TRAVELLER)),
        optional("face", Kind::Map(&FACE)),
        field("fingers", Kind::List(&Kind::Map(&FINGER))),
        field("missing", Kind::List(&Kind::Map(&MISSING))),
        optional(
            "face-exception",
            Kind::OneOf(&[
                "bandaged",
                "covering-removed-chosen-officer",
                "covering-removed-screen",
                "eyes-closed",
                "medical",
            ]),
        ),
        field("attempts", Kind::List(&Kind::Map(&ATTEMPT))),
        optional("signed-by", Kind::Text),
        optional("vetoes", Kind::List(&Kind::Map(&VETO))),
        field("devices", Kind::List(&Kind::Map(&DEVICE))),
        optional("laboratory-basis", Kind::Text),
        optional("before-arrival", Kind::List(&Kind::Map(&BEFORE_ARRIVAL))),
        optional("application-number", Kind::Text),
        optional("profile-id", Kind::Text),
    ],
);

static BEFORE_ARRIVAL: Shape = shape(
    "before-arrival",
    &[
        field("rule", Kind::Word),
        field("kind", Kind::OneOf(&["application", "profile"])),
        field("verdict", Kind::OneOf(&["ask", "excepted", "not-in-scope", "owed"])),
        optional("exception", Kind::Word),
        optional("timing", Kind::OneOf(&["in-time", "late", "too-early", "unknown"])),
        field("shown", Kind::OneOf(&["given", "not-known", "not-shown"])),
        optional("looked-up", Kind::OneOf(&["expired", "found", "not-found", "offline", "other-document", "unknown"])),
    ],
);

static TRAVELLER: Shape = shape(
    "traveller",
    &[
        field("name", Kind::Text),
        field("document-number", Kind::Text),
        field("document-code", Kind::Text),
        field("issuing-state", Kind::Text),
        field("nationality", Kind::Text),
        field("birth-date", Kind::Text),
        field("sex", Kind::Text),
        field("expiry-date", Kind::Text),
        field("evidence", Kind::Text),
    ],
);

static FACE: Shape = shape(
    "face",
    &[
        field("jpeg", Kind::Bytes),
        field("width", Kind::Uint),
        field("height", Kind::Uint),
        field("source-digest", Kind::Digest),
        field("quality", MEASURES),
        field("engine", Kind::Text),
        optional("basis", Kind::OneOf(&["box", "landmarks"])),
        optional("not-assessed", TEXTS),
        field("accepted", Kind::Bool),
    ],
);

static FINGER: Shape = shape(
    "finger",
    &[
        field("finger", Kind::Text),
        field("png", Kind::Bytes),
        field("ppi", Kind::Uint),
        field("bit-depth", Kind::Uint),
        optional("score", Kind::Uint),
        field("scorer", Kind::Text),
        field("quality", MEASURES),
        field("accepted", Kind::Bool),
    ],
);

static MEASURE: Shape = shape(
    "measure",
    &[
        field("name", Kind::Text),
        optional("native", Kind::Float),
        optional("score", Kind::Uint),
        optional("failure", Kind::Text),
    ],
);

static MISSING: Shape =
    shape("missing", &[field("finger", Kind::Text), field("reason", Kind::OneOf(&["bandaged", "injured", "missing"]))]);

static ATTEMPT: Shape = shape(
    "attempt",
    &[
        field("slot", Kind::Text),
        field("number", Kind::Uint),
        optional("score", Kind::Uint),
        field("passes", Kind::Bool),
        optional(
            "wrong",
            Kind::OneOf(&[
                "off-the-edge",
                "other-fingers",
                "same-finger",
                "taken-back",
                "too-many-fingers",
                "wrong-hand",
            ]),
        ),
        optional("error", Kind::Text),
        field("took-ms", Kind::Uint),
    ],
);

static VETO: Shape = shape(
    "veto",
    &[
        field("slot", Kind::Text),
        field("veto", Kind::OneOf(&["accepted-for-reason", "accepted-without-reason", "refused-although-accepted"])),
        field("officer", Kind::Text),
        field("reason", Kind::Text),
        field("local-time", Kind::Text),
    ],
);

static DEVICE: Shape = shape(
    "device",
    &[
        field("kind", Kind::OneOf(&["camera", "reader", "scanner"])),
        field("driver", Kind::Text),
        field("vendor", Kind::Text),
        field("model", Kind::Text),
        field("serial", Kind::Text),
        field("firmware", Kind::Text),
        field("transport", Kind::Text),
        optional("ppi", Kind::Uint),
        field("bit-depth", Kind::Uint),
        field("width", Kind::Uint),
        field("height", Kind::Uint),
        field("groups", TEXTS),
        optional("fap", Kind::Uint),
        field("preview-fps", Kind::Uint),
        field("segments-itself", Kind::Bool),
        field("simulated", Kind::Bool),
    ],
);
