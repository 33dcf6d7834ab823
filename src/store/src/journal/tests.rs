use super::*;
use crate::restored::Witness;
use proptest::prelude::*;

fn facts() -> Vec<Fact> {
    let case = CaseNumber::parse("S1-251224-0007").unwrap();
    let appended = Appended {
        sequence: 1,
        record: Name(RecordId([0xab; 16])),
        case: case.clone(),
        outcome: Outcome::EnrolledWithExceptions,
        digest: Hash([0xcd; 32]),
        bytes: 500_000,
        time_ms: 1_766_534_400_000,
        audit_lines: 3,
        audit_head: Hash([0xef; 32]),
    };
    let restored = Restored { witness: Witness::Intake, here: 1, there: 2 };
    vec![
        Fact::Created { version: 1, station: StationId("S1".into()) },
        Fact::CaseOpened { case: case.clone(), officer: StaffId("officer-1".into()) },
        Fact::CaseParked { case: case.clone(), reason: "rejected".into() },
        Fact::Appended(appended),
        Fact::Acknowledged { sequence: 1, received_ms: 7 },
        Fact::Erased { sequence: 1 },
        Fact::Quarantined { sequence: 1 },
        Fact::CaseClosed { case, outcome: Outcome::Interrupted },
        Fact::CounterNoted { value: 42 },
        Fact::RestoredFound(restored),
        Fact::RestoredAccepted(restored),
        Fact::CasesFrom(CasesFrom { until: "251225".into(), above: 721_000 }),
        Fact::IntakeKnows(Known { sequence: 2, digest: Hash([0xab; 32]) }),
    ]
}

fn written(facts: &[Fact]) -> Vec<u8> {
    let mut chain = Chain::default();
    let mut bytes = Vec::new();
    for fact in facts {
        let (line, next) = chain.next(fact).unwrap();
        bytes.extend(line);
        chain = next;
    }
    bytes
}

/// The first version's lines, as later versions must read them.
#[test]
fn lines_of_the_first_version() {
    let text = String::from_utf8(written(&facts())).unwrap();
    let json: Vec<&str> = text.lines().map(|line| &line[65..]).collect();
    let (record, digest, audit) = ("ab".repeat(16), "cd".repeat(32), "ef".repeat(32));
    assert_eq!(json[0], r#"{"fact":"created","version":1,"station":"S1"}"#);
    assert_eq!(json[1], r#"{"fact":"case-opened","case":"S1-251224-0007","officer":"officer-1"}"#);
    let appended = format!(
        r#"{{"fact":"appended","sequence":1,"record":"{record}","case":"S1-251224-0007","outcome":"enrolled-with-exceptions","digest":"{digest}","bytes":500000,"time_ms":1766534400000,"audit_lines":3,"audit_head":"{audit}"}}"#
    );
    assert_eq!(json[3], appended);
    assert_eq!(json[4], r#"{"fact":"acknowledged","sequence":1,"received_ms":7}"#);
    assert_eq!(json[8], r#"{"fact":"counter-noted","value":42}"#);
    assert_eq!(json[9], r#"{"fact":"restored-found","witness":"intake","here":1,"there":2}"#);
    assert_eq!(json[11], r#"{"fact":"cases-from","until":"251225","above":721000}"#);
    // SHA-256 of 32 zero bytes and the first line's JSON, by sha256sum.
    assert_eq!(&text[..64], FIRST_HASH);
}

const FIRST_HASH: &str = "cb105d9dcd92dcd76dc17cffb02e3c8877469223a8c8d1afab2cd7c1d1db65aa";

#[test]
fn facts_that_cannot_follow_break_the_journal() {
    let all = facts();
    let rows: [&[Fact]; 4] = [
        &[all[1].clone(), all[0].clone(), all[1].clone()],
        &[all[0].clone(), all[0].clone(), all[1].clone()],
        &[all[0].clone(), all[3].clone(), all[3].clone()],
        &[all[0].clone(), all[4].clone(), all[1].clone()],
    ];
    for row in rows {
        assert!(read(&written(row)).is_err(), "{row:?}");
    }
}

proptest! {
    #[test]
    fn a_changed_byte_never_passes(at in 0usize..900, flip in 1u8..) {
        let bytes = written(&facts());
        let at = at % bytes.len();
        let mut touched = bytes.clone();
        touched[at] ^= flip;
        // Refused, or taken for a torn end: what was read before is as it was.
        if let Ok(found) = read(&touched) {
            prop_assert!(found.good <= at && bytes[..found.good] == touched[..found.good]);
            prop_assert!(!touched[at + 1..touched.len() - 1].contains(&b'\n'));
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), whole in 0usize..4) {
        let lines = written(&facts()[..whole]);
        if let Ok(found) = read(&[lines.clone(), bytes].concat()) {
            prop_assert_eq!(found.good, lines.len());
        }
    }
}
