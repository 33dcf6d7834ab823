//! The promise: only the authority reads a body, and an envelope that was touched anywhere is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::record::{Body, Draft};
use domain::session::Outcome;
use proptest::prelude::*;
use store::disk::Disk;
use store::format::{Envelope, FormatFault, decode_body, decode_header, encode_body, encode_header};
use store::testing::{FailingDisk, World, case, closure, enrolment, exemption};
use store::{
    Acknowledgement, AuthoritySecret, FileKey, OpenFault, Outbox, ReceiptRefused, SealFault, SignatureRefused, open,
    sign_receipt, verify_header, verify_receipt,
};

fn envelope(world: &World, draft: Draft) -> Vec<u8> {
    let disk = FailingDisk::default();
    let (outbox, _) = Outbox::open_on(std::sync::Arc::new(disk), None, &world.station).unwrap();
    Envelope::of(&world.signed(&outbox, draft)).encode()
}

#[test]
fn every_kind_of_record_comes_back_whole() {
    let world = World::new();
    for (draft, kind) in [(closure(1), "closure"), (enrolment(2, 5000), "enrolment"), (exemption(3), "exemption")] {
        let (id, plain) = (draft.id, encode_body(&draft).unwrap());
        let bytes = envelope(&world, draft);
        let parts = Envelope::decode(&bytes).unwrap();
        let header = verify_header(world.key.public(), parts.cose).unwrap();
        assert_eq!((header.record, header.sequence, &header.station), (id, 1, &world.station));
        let opened = open(&world.authority, &header, parts.body).unwrap();
        assert_eq!(opened, plain);
        let body = decode_body(&opened).unwrap();
        assert_eq!(body.to_json()["kind"], kind);
        let images: Vec<_> = body.images().iter().map(|image| (image.file.clone(), image.bytes.len())).collect();
        let expected = ["face.jpg", "right-index.png", "left-middle.png"].map(|file| (file.to_owned(), 5000));
        assert_eq!(images, if kind == "enrolment" { expected.to_vec() } else { vec![] });
    }
}

#[test]
fn the_body_is_written_as_the_cddl_says() {
    let body = encode_body(&enrolment(2, 16)).unwrap();
    let json = decode_body(&body).unwrap().to_json();
    let enrolment = &json["enrolment"];
    for (found, expected) in [
        (&json["outcome"], "enrolled-with-exceptions"),
        (&enrolment["traveller"]["name"], "ERIKSSON, ANNA MARIA"),
        (&enrolment["traveller"]["document-number"], "L898902C3"),
        (&enrolment["application-number"], "APPLICATION-7"),
        (&enrolment["profile-id"], "PROFILE-7"),
        (&enrolment["before-arrival"][0]["shown"], "given"),
        (&enrolment["before-arrival"][0]["looked-up"], "found"),
        (&enrolment["laboratory-basis"], "test bench"),
        (&enrolment["face"]["jpeg"], "face.jpg"),
        (&enrolment["fingers"][1]["finger"], "left-middle"),
        (&enrolment["missing"][0]["reason"], "bandaged"),
        (&enrolment["attempts"][1]["error"], "D-12"),
    ] {
        assert_eq!(found, expected);
    }
    assert_eq!(enrolment["face"]["quality"][0]["native"], 0.1);
    assert!(enrolment["face"]["quality"][1].get("native").is_none(), "not a number is left out");
    let json = decode_body(&encode_body(&exemption(3)).unwrap()).unwrap().to_json();
    let review = &json["review"];
    assert_eq!((&review["decision"], &review["parked-for"]), (&"approved".into(), &"attestation:diplomat".into()));
}

#[test]
fn a_record_of_another_version_is_refused_by_its_number() {
    for version in [1, 3] {
        let mut body = encode_body(&exemption(3)).unwrap().to_vec();
        let at = body.windows(8).position(|bytes| bytes == b"version\x02").unwrap() + 7;
        body[at] = version;
        let expected = FormatFault::UnknownVersion { rule: "record", found: version.into() };
        assert_eq!(decode_body(&body).err(), Some(expected));
    }
}

#[test]
fn an_outcome_goes_with_its_kind_of_body_only() {
    let refused = |draft: Draft| matches!(encode_body(&draft), Err(FormatFault::OutcomeAndBody { .. }));
    assert!(refused(Draft { outcome: Outcome::Exempt, ..enrolment(1, 1) }), "an exempt record with images");
    for outcome in Outcome::ALL {
        let fits = matches!(outcome, Outcome::Enrolled | Outcome::EnrolledWithExceptions);
        assert_eq!(refused(Draft { outcome, ..enrolment(1, 1) }), !fits, "{outcome:?}");
        assert_eq!(refused(Draft { outcome, ..exemption(1) }), outcome != Outcome::Exempt, "{outcome:?}");
        assert_eq!(refused(Draft { outcome, ..closure(1) }), fits || outcome == Outcome::Exempt, "{outcome:?}");
    }
    let world = World::new();
    let draft = Draft { body: Body::Closure, ..exemption(1) };
    assert!(matches!(draft.seal(&world.sealer), Err(SealFault::Format(_))));
}

/// A record of an exempt person takes no text that could be a name or the number of a document, wherever an officer had
/// a choice: nothing that is sealed leaves unread.
#[test]
fn an_exemption_takes_words_of_the_pack_only() {
    let with = |ground: &str, evidence: &str| {
        let body = Body::Exemption(domain::record::Exemption { ground: ground.into(), evidence: evidence.into() });
        encode_body(&Draft { body, ..exemption(1) })
    };
    assert!(with("under-six", "birth-certificate").is_ok());
    let image = "a".repeat(61);
    for canary in
        ["ERIKSSON, ANNA MARIA", "ERIKSSON", "L898902C3", "740812", "anna maria", "/9j/4AAQSkZJRg==", "", &image]
    {
        for refused in [with(canary, "mrz"), with("under-six", canary)] {
            assert!(matches!(refused, Err(FormatFault::Shape { rule: "exemption", .. })), "{canary}");
        }
    }
}

#[test]
fn nobody_else_and_under_no_other_header_a_body_opens() {
    let world = World::new();
    let bytes = envelope(&world, enrolment(2, 100));
    let parts = Envelope::decode(&bytes).unwrap();
    let header = verify_header(world.key.public(), parts.cose).unwrap();
    let at = |name: &str| world.dir.path().join(name);
    let stranger = AuthoritySecret::create(&at("other.key"), &at("other.pub")).unwrap();
    assert_eq!(open(&stranger, &header, parts.body), Err(OpenFault::Refused));
    assert_eq!(open(&world.authority, &header, &parts.body[..64]), Err(OpenFault::TooShort));
    let mut others = vec![header.clone(); 5];
    others[0].station.0 = "S2".into();
    others[1].record.0[0] ^= 1;
    others[2].case = case(3);
    others[3].outcome = Outcome::Enrolled;
    others[4].simulated = false;
    for other in others {
        assert_eq!(open(&world.authority, &other, parts.body), Err(OpenFault::Refused));
    }
    for at in [0, 1, 64, 65, parts.body.len() - 1] {
        let mut body = parts.body.to_vec();
        body[at] ^= 1;
        assert_eq!(open(&world.authority, &header, &body), Err(OpenFault::Refused), "byte {at}");
    }
}

/// What the intake does with an envelope, without its data base.
fn accept(world: &World, bytes: &[u8]) -> bool {
    let Ok(parts) = Envelope::decode(bytes) else {
        return false;
    };
    let header = verify_header(world.key.public(), parts.cose);
    header.is_ok_and(|header| header.body_digest == store::format::digest(parts.body))
}

#[test]
fn every_flipped_bit_is_refused() {
    let world = World::new();
    let bytes = envelope(&world, closure(1));
    assert!(accept(&world, &bytes));
    for at in 0..bytes.len() {
        let mut touched = bytes.clone();
        touched[at] ^= 1 << (at % 8);
        assert!(!accept(&world, &touched), "byte {at}");
    }
    for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
        assert!(!accept(&world, &bytes[..length]));
    }
    assert!(!accept(&world, &[bytes.as_slice(), &[0]].concat()));
}

#[test]
fn other_messages_are_refused_with_the_reason() {
    use coset::{CoseSign1, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable, iana::Algorithm};
    let world = World::new();
    let bytes = envelope(&world, closure(1));
    let cose = Envelope::decode(&bytes).unwrap().cose;
    let parsed = CoseSign1::from_tagged_slice(cose).unwrap();
    let payload = parsed.payload.clone().unwrap();
    let id = world.key.public().id().as_bytes().to_vec();
    let with = |protected: coset::Header| {
        let message = CoseSign1Builder::new().protected(protected).payload(payload.clone());
        message.signature(parsed.signature.clone()).build().to_tagged_vec().unwrap()
    };
    let unprotected = CoseSign1 { unprotected: parsed.protected.header.clone(), ..parsed.clone() };
    let rows = [
        (with(HeaderBuilder::new().key_id(id.clone()).build()), SignatureRefused::MissingAlgorithm),
        (with(HeaderBuilder::new().algorithm(Algorithm::ES256).build()), SignatureRefused::MissingKeyId),
        (with(HeaderBuilder::new().algorithm(Algorithm::EdDSA).key_id(id).build()), SignatureRefused::WrongAlgorithm),
        (
            with(HeaderBuilder::new().algorithm(Algorithm::ES256).key_id(b"0123".to_vec()).build()),
            SignatureRefused::UnknownKey,
        ),
        (unprotected.to_tagged_vec().unwrap(), SignatureRefused::Malformed),
        (high_s(&parsed), SignatureRefused::Malformed),
        (vec![0xd2, 0x80], SignatureRefused::Malformed),
    ];
    for (message, reason) in rows {
        assert_eq!(verify_header(world.key.public(), &message), Err(reason));
    }
    let stranger = FileKey::create(&world.dir.path().join("stranger.key")).unwrap();
    assert_eq!(verify_header(stranger.public(), cose), Err(SignatureRefused::UnknownKey));
}

/// The second valid signature that anybody can compute from the first: n - s.
fn high_s(message: &coset::CoseSign1) -> Vec<u8> {
    use coset::TaggedCborSerializable;
    use p256::ecdsa::Signature;
    let signature = Signature::from_slice(&message.signature).unwrap();
    let (r, s) = signature.split_scalars();
    let other = Signature::from_scalars(r, -s).unwrap();
    coset::CoseSign1 { signature: other.to_bytes().to_vec(), ..message.clone() }.to_tagged_vec().unwrap()
}

#[test]
fn receipts_hold_for_one_record_and_one_key() {
    let world = World::new();
    let given = Acknowledgement {
        digest: [7; 32],
        station: world.station.clone(),
        sequence: 3,
        record: domain::case::RecordId([1; 16]),
        audit: Default::default(),
        received_ms: -5,
    };
    let receipt = sign_receipt(&world.intake, &given).unwrap();
    assert_eq!(verify_receipt(world.intake.public(), &receipt), Ok(given.clone()));
    let own = sign_receipt(&world.key, &given).unwrap();
    let refused = ReceiptRefused::Signature(SignatureRefused::UnknownKey);
    assert_eq!(verify_receipt(world.intake.public(), &own), Err(refused), "the station cannot acknowledge itself");
    for at in 0..receipt.len() {
        let mut touched = receipt.clone();
        touched[at] ^= 0x10;
        assert!(verify_receipt(world.intake.public(), &touched).is_err(), "byte {at}");
    }
    let mut others = vec![given.clone(); 4];
    others[0].digest[31] ^= 1;
    others[1].station.0 = "S2".into();
    others[2].sequence = 4;
    others[3].record.0[0] = 2;
    for (other, what) in others.iter().zip(["digest", "station", "sequence", "record"]) {
        assert_eq!(given.same_record(other), Err(ReceiptRefused::OtherRecord(what)));
    }
    // A header signed by the same key is no receipt, and the other way round.
    let cose = Envelope::decode(&envelope(&world, closure(1))).unwrap().cose.to_vec();
    let wrong_purpose = Err(ReceiptRefused::Signature(SignatureRefused::BadSignature));
    assert_eq!(verify_receipt(world.key.public(), &cose), wrong_purpose);
    assert_eq!(verify_header(world.intake.public(), &receipt), Err(SignatureRefused::BadSignature));
}

#[test]
fn nothing_about_the_person_lies_open_on_the_disk() {
    let world = World::new();
    let disk = FailingDisk::default();
    let (mut outbox, _) = Outbox::open_on(std::sync::Arc::new(disk.clone()), None, &world.station).unwrap();
    let record = world.signed(&outbox, enrolment(0xa7, 3000));
    outbox.append(record).unwrap();
    let needles: [&[u8]; 5] = [b"ERIKSSON", b"L898902C3", b"1974-08-12", b"APPLICATION-7", &[0xa7; 64]];
    let files = disk.files();
    assert!(disk.list("records").unwrap().iter().any(|(_, size)| *size > 9000));
    for (file, bytes) in &files {
        for needle in needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{file}");
        }
    }
}

proptest! {
    #[test]
    fn headers_have_one_spelling_or_none(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(header) = decode_header(&bytes) {
            let again = encode_header(&header);
            prop_assert_eq!(again.as_slice(), bytes.as_slice());
        }
        let _ = Envelope::decode(&bytes);
        let _ = store::peek_header(&bytes);
        let _ = decode_body(&bytes);
    }

    #[test]
    fn touched_bodies_are_read_strictly(at in 0usize..2000, to in any::<u8>(), cut in 0usize..2000) {
        let plain = encode_body(&enrolment(1, 20)).unwrap();
        let mut touched = plain.to_vec();
        let at = at % touched.len();
        touched[at] = to;
        touched.truncate(cut.max(1));
        if let Ok(body) = decode_body(&touched) {
            let _ = (body.to_json(), body.images());
        }
    }
}
