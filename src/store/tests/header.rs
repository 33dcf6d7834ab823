//! The promise: a header that differs from what a station signed is refused, and with the reason that is true, whoever
//! made it: somebody on the way without a key, or a program with the right key and wrong ideas.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use coset::iana::Algorithm;
use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable};
use domain::case::RecordId;
use domain::record::{Draft, Header};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::DecodePrivateKey;
use proptest::prelude::*;
use store::format::cbor::{CborFault, Node, decode, encode};
use store::format::{Envelope, FormatFault, decode_header, encode_header};
use store::testing::{FailingDisk, World, closure};
use store::{Outbox, SEALING, SignatureRefused, peek_header, verify_header};

/// A station, a header that it signed, and the means to sign others in its name.
struct Signed {
    world: World,
    header: Header,
    cose: Vec<u8>,
}

impl Signed {
    fn new() -> Self {
        Self::of(closure(1))
    }

    fn of(draft: Draft) -> Self {
        let world = World::new();
        let disk = FailingDisk::default();
        let (outbox, _) = Outbox::open_on(std::sync::Arc::new(disk), None, &world.station).unwrap();
        let record = world.signed(&outbox, draft);
        let (header, cose) = (record.header().clone(), record.cose().to_vec());
        Self { world, header, cose }
    }

    /// This payload, signed by the station's own key.
    fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let pem = std::fs::read_to_string(self.world.dir.path().join("station.key")).unwrap();
        let key = SigningKey::from_pkcs8_pem(&pem).unwrap();
        let id = self.world.key.public().id().as_bytes().to_vec();
        let protected = HeaderBuilder::new().algorithm(Algorithm::ES256).key_id(id).build();
        let message = CoseSign1Builder::new().protected(protected).payload(payload.to_vec());
        let message = message.create_signature(b"gatepost record header 1", |bytes| {
            let signature: Signature = key.sign(bytes);
            signature.normalize_s().to_bytes().to_vec()
        });
        message.build().to_tagged_vec().unwrap()
    }

    fn verify(&self, cose: &[u8]) -> Result<Header, SignatureRefused> {
        verify_header(self.world.key.public(), cose)
    }

    /// The reason for which a payload is refused that the station's own key has signed.
    fn reason(&self, payload: &[u8]) -> FormatFault {
        match self.verify(&self.sign(payload)) {
            Err(SignatureRefused::NotAHeader(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }
}

/// The entries of a header in the order of their encoding, each encoded.
fn entries(header: &Header) -> Vec<(String, Vec<u8>)> {
    let bytes = encode_header(header);
    let Node::Map(entries) = decode(&bytes).unwrap() else { panic!() };
    let encoded = |(key, value): &(_, Node<'_>)| {
        let key: &std::borrow::Cow<'_, str> = key;
        (key.to_string(), [encode(&Node::text(key)).as_slice(), encode(value).as_slice()].concat())
    };
    entries.iter().map(encoded).collect()
}

/// A map of these encoded entries, in this order.
fn map_of<'a>(entries: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let entries: Vec<&Vec<u8>> = entries.into_iter().collect();
    assert!(entries.len() < 24, "one byte holds the count");
    let mut bytes = vec![0xa0 | u8::try_from(entries.len()).unwrap()];
    entries.iter().for_each(|entry| bytes.extend_from_slice(entry));
    bytes
}

#[test]
fn what_is_signed_again_as_it_was_is_accepted() {
    let signed = Signed::new();
    let all = entries(&signed.header);
    let payload = map_of(all.iter().map(|(_, entry)| entry));
    assert_eq!(payload, *encode_header(&signed.header));
    assert_eq!(
        signed.verify(&signed.sign(&payload)).as_ref(),
        Ok(&signed.header),
        "the test signs as the station does"
    );
    assert_eq!((signed.header.version, signed.header.sealing.as_str()), (3, SEALING));
    assert_eq!(signed.header.sealed_to, signed.world.authority.public().id());
    assert_eq!(signed.header.signed_by, signed.world.key.public().id());
}

#[test]
fn every_byte_that_is_flipped_on_the_way_is_refused() {
    let signed = Signed::new();
    let message = CoseSign1::from_tagged_slice(&signed.cose).unwrap();
    let payload = message.payload.unwrap();
    let at = |needle: &[u8]| signed.cose.windows(needle.len()).position(|window| window == needle).unwrap();
    let (payload, signature) = (at(&payload)..at(&payload) + payload.len(), at(&message.signature));
    for (place, mask) in (0..signed.cose.len()).flat_map(|place| [(place, 1), (place, 0x80), (place, 0xff)]) {
        let mut touched = signed.cose.clone();
        touched[place] ^= mask;
        let refused = signed.verify(&touched).unwrap_err();
        if payload.contains(&place) {
            assert_eq!(refused, SignatureRefused::BadSignature, "byte {place}");
        } else if place >= signature {
            // The other half of all s is no spelling of ours, whether it would verify or not.
            let reasons = [SignatureRefused::BadSignature, SignatureRefused::Malformed];
            assert!(reasons.contains(&refused), "byte {place}: {refused}");
        } else {
            assert_ne!(refused, SignatureRefused::BadSignature, "byte {place} is of the message's frame");
        }
    }
}

#[test]
fn every_field_that_is_dropped_doubled_added_or_moved_is_refused_with_its_name() {
    let signed = Signed::new();
    let all = entries(&signed.header);
    for (at, (key, entry)) in all.iter().enumerate() {
        let without = map_of(all.iter().filter(|(other, _)| other != key).map(|(_, entry)| entry));
        let FormatFault::Shape { key: named, what, .. } = signed.reason(&without) else { panic!("{key}") };
        assert_eq!((named, what), (key.as_str(), "is missing"));

        let doubled = map_of(all.iter().flat_map(|(other, entry)| vec![entry; if other == key { 2 } else { 1 }]));
        let not_deterministic =
            |payload: &[u8]| matches!(signed.reason(payload), FormatFault::Cbor(CborFault::NotDeterministic(_)));
        assert!(not_deterministic(&doubled), "{key} twice");

        let mut order: Vec<&Vec<u8>> = all.iter().map(|(_, entry)| entry).collect();
        order.swap(at, (at + 1) % all.len());
        assert!(not_deterministic(&map_of(order)), "{key} in another place");

        // The last byte of an entry is of its value: another value of the right type is another header, which the
        // station's key may sign; another type is none.
        let text = encode(&Node::text(key));
        let wrong = [text.as_slice(), &[0x80]].concat();
        let wrong = map_of(all.iter().map(|(other, entry)| if other == key { &wrong } else { entry }));
        assert!(matches!(signed.reason(&wrong), FormatFault::Shape { key: named, .. } if named == key), "{key}");
        assert!(entry.starts_with(&text));
    }
    let added = [encode(&Node::text("aaa")).as_slice(), &[1]].concat();
    let mut more: Vec<&Vec<u8>> = all.iter().map(|(_, entry)| entry).collect();
    let place = all.iter().position(|(key, _)| key.len() > 3 || key.as_str() > "aaa").unwrap();
    more.insert(place, &added);
    let expected = FormatFault::Shape { rule: "header", key: "", what: "has an unknown key" };
    assert_eq!(signed.reason(&map_of(more)), expected);
}

#[test]
fn wrong_values_are_refused_with_their_reason() {
    let signed = Signed::new();
    let shape = |key: &'static str, what: &'static str| FormatFault::Shape { rule: "header", key, what };
    type Change = fn(&mut Header);
    let rows: [(Change, FormatFault); 13] = [
        (|header| header.version = 1, FormatFault::UnknownVersion { rule: "header", found: 1 }),
        (|header| header.version = 2, FormatFault::UnknownVersion { rule: "header", found: 2 }),
        (|header| header.version = 4, FormatFault::UnknownVersion { rule: "header", found: 4 }),
        (|header| header.sealing = "HPKE-X25519-SHA256-A256GCM".into(), FormatFault::UnknownSealing),
        (|header| header.sealing = String::new(), FormatFault::UnknownSealing),
        (|header| header.station.0 = "S 1".into(), shape("station", "is not an identifier")),
        (|header| header.station.0 = "S".repeat(25), shape("station", "is not an identifier")),
        (|header| header.sequence = 0, shape("sequence", "counts from 1")),
        (|header| header.sealed_to = "0123456789ABCDEF".into(), shape("sealed-to", "is not a key id")),
        (|header| header.sealed_to = "01".into(), shape("sealed-to", "is not a key id")),
        (|header| header.signed_by = "station".into(), shape("signed-by", "is not a key id")),
        (|header| header.boot_id = "b".repeat(65), shape("boot", "is not a boot identifier")),
        (|header| header.boot_id = "ERIKSSON, ANNA".into(), shape("boot", "is not a boot identifier")),
    ];
    for (change, reason) in rows {
        let mut header = signed.header.clone();
        change(&mut header);
        assert_eq!(signed.reason(&encode_header(&header)), reason);
    }
    // Signed by the key that the message names, under the name of another one.
    let other = Header { signed_by: "0123456789abcdef".into(), ..signed.header.clone() };
    assert_eq!(signed.verify(&signed.sign(&encode_header(&other))), Err(SignatureRefused::OtherKeyNamed));
    assert_eq!(signed.reason(&[]), FormatFault::Cbor(CborFault::EndsEarly(0)));
}

#[test]
fn a_header_says_that_the_clock_had_jumped() {
    let signed = Signed::new();
    assert!(!signed.header.clock_jumped);
    let jumped = Header { clock_jumped: true, ..signed.header.clone() };
    let read = signed.verify(&signed.sign(&encode_header(&jumped))).unwrap();
    assert!(read.clock_jumped);
}

/// A correcting record names the record that it replaces; the field is left out otherwise.
#[test]
fn a_header_names_the_record_that_it_replaces() {
    let signed = Signed::new();
    let named = |header: &Header| entries(header).iter().any(|(key, _)| key == "replaces");
    assert!(signed.header.replaces.is_none() && !named(&signed.header));
    let correcting = Header { replaces: Some(RecordId([9; 16])), ..signed.header.clone() };
    assert!(named(&correcting));
    assert_eq!(signed.verify(&signed.sign(&encode_header(&correcting))), Ok(correcting.clone()));
    let short = [encode(&Node::text("replaces")).as_slice(), &[0x41, 9]].concat();
    let all = entries(&correcting);
    let short = map_of(all.iter().map(|(key, entry)| if key == "replaces" { &short } else { entry }));
    assert!(matches!(signed.reason(&short), FormatFault::Shape { key: "replaces", .. }));
}

/// A header of one station under the body of another, or of itself a record later, is for the receiver to notice: the
/// body's digest tells, and the body opens under no other header.
#[test]
fn bodies_and_headers_of_different_records_do_not_go_together() {
    let world = World::new();
    let disk = FailingDisk::default();
    let (mut outbox, _) = Outbox::open_on(std::sync::Arc::new(disk), None, &world.station).unwrap();
    let bytes: Vec<Vec<u8>> = (1..=2)
        .map(|n| {
            let record = world.signed(&outbox, closure(n));
            let bytes = Envelope::of(&record).encode();
            outbox.append(record).unwrap();
            bytes
        })
        .collect();
    let [one, two] = [0, 1].map(|n| Envelope::decode(&bytes[n]).unwrap());
    let [first, second] = [one, two].map(|envelope| verify_header(world.key.public(), envelope.cose).unwrap());
    assert_eq!(second.previous, store::format::digest(&bytes[0]), "each hangs on the one before");
    assert_ne!(first.body_digest, store::format::digest(two.body));
    assert_eq!(store::open(&world.authority, &first, two.body), Err(store::OpenFault::Refused));
    let other = Header { sealing: "none".into(), ..second };
    assert_eq!(store::open(&world.authority, &other, two.body), Err(store::OpenFault::OtherAlgorithm));
}

proptest! {
    /// Whatever a program with the right key signs: it is a header in its one spelling, or it is refused.
    #[test]
    fn signed_nonsense_does_not_panic(at in 0usize..400, to in any::<u8>(), cut in 0usize..400) {
        let signed = Header { station: domain::case::StationId("S1".into()), ..some_header() };
        let mut payload = encode_header(&signed).to_vec();
        let at = at % payload.len();
        payload[at] = to;
        payload.truncate(cut.max(1));
        if let Ok(header) = decode_header(&payload) {
            let again = encode_header(&header);
            prop_assert_eq!(again.as_slice(), payload.as_slice());
        }
    }

    #[test]
    fn arbitrary_messages_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(peek_header(&bytes).is_err());
    }
}

fn some_header() -> Header {
    use std::sync::OnceLock;
    static HEADER: OnceLock<Header> = OnceLock::new();
    HEADER.get_or_init(|| Signed::new().header).clone()
}
