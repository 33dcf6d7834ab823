//! The outer header: what everybody on the way may read.

use super::cbor::{Node, decode, encode};
use super::{FormatFault, schema};
use crate::seal::SEALING;
use domain::case::{CaseNumber, RecordId, StationId};
use domain::record::{AuditHead, HEADER_VERSION, Header};
use domain::session::Outcome;
use zeroize::Zeroizing;

const RULE: &str = "header";

/// The one encoding of a header.
pub fn encode_header(header: &Header) -> Zeroizing<Vec<u8>> {
    let entries = [
        ("version", Node::Uint(header.version.into())),
        ("station", Node::text(&header.station.0)),
        ("sequence", Node::Uint(header.sequence)),
        ("previous", Node::Bytes(&header.previous)),
        ("body-digest", Node::Bytes(&header.body_digest)),
        ("record", Node::Bytes(&header.record.0)),
        ("case", Node::text(header.case.as_str())),
        ("outcome", Node::text(header.outcome.id())),
        ("sealing", Node::text(&header.sealing)),
        ("sealed-to", Node::text(&header.sealed_to)),
        ("signed-by", Node::text(&header.signed_by)),
        ("time", Node::int(header.time_ms)),
        ("boot", Node::text(&header.boot_id)),
        ("clock-jumped", Node::Bool(header.clock_jumped)),
        ("audit-lines", Node::Uint(header.audit.lines)),
        ("audit-head", Node::Bytes(&header.audit.digest)),
        ("simulated", Node::Bool(header.simulated)),
    ];
    let replaces = ("replaces", header.replaces.as_ref().map(|record| Node::Bytes(&record.0)));
    encode(&Node::map_of(entries.map(|(key, value)| (key, Some(value))).into_iter().chain([replaces]).collect()))
}

/// Reads a header strictly. A header that this accepts is encoded by [`encode_header`] to the same bytes.
pub fn decode_header(bytes: &[u8]) -> Result<Header, FormatFault> {
    let node = decode(bytes)?;
    // Before its shape: another version has another one, and the receiver should hear why it cannot be read.
    match node.get("version").and_then(Node::as_u64) {
        Some(found) if found != u64::from(HEADER_VERSION) => {
            return Err(FormatFault::UnknownVersion { rule: RULE, found });
        }
        _ => schema::HEADER.check(&node)?,
    }
    let fault = |key: &'static str, what: &'static str| FormatFault::Shape { rule: RULE, key, what };
    let text = |key: &'static str| node.get(key).and_then(Node::as_text).ok_or(fault(key, "is missing"));
    let number = node.get("sequence").and_then(Node::as_u64).filter(|sequence| *sequence > 0);
    Ok(Header {
        version: HEADER_VERSION,
        station: station_id(text("station")?).ok_or(fault("station", "is not an identifier"))?,
        sequence: number.ok_or(fault("sequence", "counts from 1"))?,
        previous: array(&node, "previous").ok_or(fault("previous", "is missing"))?,
        body_digest: array(&node, "body-digest").ok_or(fault("body-digest", "is missing"))?,
        record: RecordId(array(&node, "record").ok_or(fault("record", "is missing"))?),
        case: CaseNumber::parse(text("case")?).ok_or(fault("case", "is not a case number"))?,
        outcome: Outcome::from_id(text("outcome")?).ok_or(fault("outcome", "is unknown"))?,
        replaces: array(&node, "replaces").map(RecordId),
        sealing: sealing(text("sealing")?)?,
        sealed_to: key_id(text("sealed-to")?).ok_or(fault("sealed-to", "is not a key id"))?,
        signed_by: key_id(text("signed-by")?).ok_or(fault("signed-by", "is not a key id"))?,
        time_ms: node.get("time").and_then(Node::as_i64).ok_or(fault("time", "is missing"))?,
        boot_id: boot_id(text("boot")?).ok_or(fault("boot", "is not a boot identifier"))?,
        clock_jumped: node.get("clock-jumped").and_then(Node::as_bool).ok_or(fault("clock-jumped", "is missing"))?,
        audit: AuditHead {
            lines: node.get("audit-lines").and_then(Node::as_u64).ok_or(fault("audit-lines", "is missing"))?,
            digest: array(&node, "audit-head").ok_or(fault("audit-head", "is missing"))?,
        },
        simulated: node.get("simulated").and_then(Node::as_bool).ok_or(fault("simulated", "is missing"))?,
    })
}

/// A station's name: letters, digits and dashes, 1 to 24 of them, so that it fits into case numbers and addresses.
pub(crate) fn station_id(text: &str) -> Option<StationId> {
    let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    ((1..=24).contains(&text.len()) && clean).then(|| StationId(text.into()))
}

pub(crate) fn array<const N: usize>(node: &Node<'_>, key: &str) -> Option<[u8; N]> {
    node.get(key)?.as_bytes()?.try_into().ok()
}

/// An algorithm that cannot be opened here is refused at the door, not years later by whoever wants to read the body.
fn sealing(text: &str) -> Result<String, FormatFault> {
    if text == SEALING { Ok(text.into()) } else { Err(FormatFault::UnknownSealing) }
}

fn key_id(text: &str) -> Option<String> {
    let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (text.len() == 16 && digits).then(|| text.into())
}

/// Linux writes a UUID; any short identifier will do.
fn boot_id(text: &str) -> Option<String> {
    let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (text.len() <= 64 && clean).then(|| text.into())
}
