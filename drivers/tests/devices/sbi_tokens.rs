//! Signed tokens: who is believed, and who is not.

use crate::fakes::pki::{Authority, RSA_KEY, self_signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drivers::sbi::jws::{JwsError, MAX_TOKEN, Signer, TrustAnchors};
use drivers::sbi::message::BASE64;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn now() -> Timestamp {
    "2026-04-01T10:00:00Z".parse().unwrap()
}

fn anchors(of: &Authority) -> TrustAnchors {
    TrustAnchors::from_pem(of.pem.as_bytes()).unwrap()
}

/// The parts of a token, its header as JSON.
fn parts(token: &str) -> (Value, String, String) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{} parts", parts.len()) };
    let header = serde_json::from_slice(&BASE64.decode(header).unwrap()).unwrap();
    (header, payload.to_owned(), signature.to_owned())
}

fn token(header: &Value, payload: &str, signature: &str) -> String {
    format!("{}.{payload}.{signature}", BASE64.encode(header.to_string()))
}

#[test]
fn signed_under_a_trust_anchor_is_believed() {
    let root = Authority::root("SIMULATED root");
    let below = root.below("SIMULATED provider").below("SIMULATED model");
    for (signer, alg) in [(root.device(), "ES256"), (root.rsa_device(), "RS256"), (below.device(), "ES256")] {
        let signed = signer.sign(b"payload").unwrap();
        assert_eq!(parts(&signed).0["alg"], alg);
        let verified = anchors(&root).verify(&signed, now()).unwrap();
        assert_eq!(verified.payload.expose(), b"payload");
        // The same payload gives the same token, and each certificate is told apart.
        assert_eq!(signer.sign(b"payload").unwrap(), signed);
        assert_eq!(anchors(&root).verify(&signer.sign(b"").unwrap(), now()).unwrap().signer, verified.signer);
        assert_ne!(anchors(&root).verify(&root.device().sign(b"").unwrap(), now()).unwrap().signer, verified.signer);
    }
    // One of several anchors is enough.
    let two = format!("{}{}", Authority::root("another").pem, root.pem);
    let both = TrustAnchors::from_pem(two.as_bytes()).unwrap();
    assert!(both.verify(&root.device().sign(b"").unwrap(), now()).is_ok());
}

#[test]
fn others_are_not_believed() {
    let (root, other) = (Authority::root("SIMULATED root"), Authority::root("SIMULATED root"));
    let trusted = anchors(&root);
    for signer in [other.device(), other.below("provider").device(), self_signed(), other.rsa_device()] {
        let error = trusted.verify(&signer.sign(b"payload").unwrap(), now()).unwrap_err();
        assert!(matches!(error, JwsError::Chain(_)), "{error}");
    }
}

#[test]
fn certificates_count_in_their_time_only() {
    let root = Authority::root("SIMULATED root");
    let signed = root.device().sign(b"payload").unwrap();
    for (time, holds) in [
        ("2025-12-31T23:59:59Z", false),
        ("2026-01-01T00:00:00Z", true),
        ("2027-01-01T00:00:00Z", true),
        ("2027-01-01T00:00:01Z", false),
        ("1960-01-01T00:00:00Z", false),
    ] {
        assert_eq!(anchors(&root).verify(&signed, time.parse().unwrap()).is_ok(), holds, "{time}");
    }
}

/// A token cannot choose a weaker check than its certificate's key asks for.
#[test]
fn the_algorithm_must_fit_the_key() {
    let root = Authority::root("SIMULATED root");
    for signer in [root.device(), root.rsa_device()] {
        let (header, payload, signature) = parts(&signer.sign(b"payload").unwrap());
        let real = header["alg"].clone();
        for (alg, signature, error) in [
            (json!("none"), "", JwsError::Algorithm),
            (json!("none"), signature.as_str(), JwsError::Algorithm),
            (json!("HS256"), &signature, JwsError::Algorithm),
            (json!("rs256"), &signature, JwsError::Algorithm),
            (json!(""), &signature, JwsError::Algorithm),
            (json!(null), &signature, JwsError::Malformed),
            (json!(if real == "ES256" { "RS256" } else { "ES256" }), &signature, JwsError::Signature),
        ] {
            let mut header = header.clone();
            header["alg"] = alg.clone();
            assert_eq!(anchors(&root).verify(&token(&header, &payload, signature), now()), Err(error), "{alg}");
        }
    }
}

#[test]
fn changed_tokens_are_not_believed() {
    let root = Authority::root("SIMULATED root");
    let trusted = anchors(&root);
    for signer in [root.device(), root.rsa_device()] {
        let (header, payload, signature) = parts(&signer.sign(b"payload").unwrap());
        let refused = |header: &Value, payload: &str, signature: &str| {
            trusted.verify(&token(header, payload, signature), now()).unwrap_err()
        };
        assert_eq!(refused(&header, &BASE64.encode("other"), &signature), JwsError::Signature);
        assert_eq!(refused(&header, &payload, &BASE64.encode([0; 64])), JwsError::Signature);
        assert_eq!(refused(&header, &payload, ""), JwsError::Signature);
        assert_eq!(refused(&header, &payload, "!"), JwsError::Malformed);
        // Another trusted device's certificate does not fit the signature.
        let (theirs, ..) = parts(&root.device().sign(b"payload").unwrap());
        let mut swapped = header.clone();
        swapped["x5c"] = theirs["x5c"].clone();
        assert_eq!(refused(&swapped, &payload, &signature), JwsError::Signature);
        let changed = |key: &str, value: Value| {
            let mut header = header.clone();
            header[key] = value;
            refused(&header, &payload, &signature)
        };
        assert_eq!(changed("crit", json!(["b64"])), JwsError::Malformed);
        assert_eq!(changed("x5c", json!([])), JwsError::Malformed);
        assert_eq!(changed("x5c", json!(["?"])), JwsError::Malformed);
        assert_eq!(changed("x5c", json!(vec![header["x5c"][0].clone(); 6])), JwsError::Malformed);
        assert!(matches!(changed("x5c", json!([STANDARD.encode(b"no certificate")])), JwsError::Chain(_)));
        assert_eq!(
            changed("typ", json!("x".repeat(40_000))),
            JwsError::TooLong(
                BASE64
                    .encode({
                        let mut header = header.clone();
                        header["typ"] = json!("x".repeat(40_000));
                        header.to_string()
                    })
                    .len()
            )
        );
    }
    for text in ["", ".", "..", "a.b", "e30.e30.e30", "e30.e30.e30.e30"] {
        assert_eq!(trusted.verify(text, now()), Err(JwsError::Malformed), "{text}");
    }
    assert_eq!(trusted.verify(&"a".repeat(MAX_TOKEN + 1), now()), Err(JwsError::TooLong(MAX_TOKEN + 1)));
}

#[test]
fn keys_and_anchors_that_cannot_be_read() {
    let root = Authority::root("SIMULATED root");
    assert!(Signer::from_pem(RSA_KEY, &root.pem).is_ok());
    for (key, chain) in [("", root.pem.as_str()), (RSA_KEY, ""), (&root.pem, &root.pem), (RSA_KEY, RSA_KEY)] {
        assert!(matches!(Signer::from_pem(key, chain).err(), Some(JwsError::Key(_))));
    }
    let damaged = root.pem.replace("MII", "MIJ").replacen('M', "N", 1);
    for pem in ["", "no PEM", RSA_KEY, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &damaged] {
        assert!(matches!(TrustAnchors::from_pem(pem.as_bytes()).err(), Some(JwsError::Key(_))), "{pem}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_texts_never_panic(text in "[A-Za-z0-9_.=-]{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let root = Authority::root("SIMULATED root");
        prop_assert!(anchors(&root).verify(&text, now()).is_err());
        let header = json!({"alg": "ES256", "x5c": [STANDARD.encode(&bytes)]});
        prop_assert!(anchors(&root).verify(&token(&header, "", ""), now()).is_err());
        let _ = TrustAnchors::from_pem(&bytes);
    }

    #[test]
    fn no_changed_byte_passes(at: prop::sample::Index, to in "[A-Za-z0-9_.-]") {
        let root = Authority::root("SIMULATED root");
        let signed = root.device().sign(b"payload").unwrap();
        let mut changed = signed.clone();
        let at = at.index(signed.len());
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != signed);
        prop_assert!(anchors(&root).verify(&changed, now()).is_err());
    }
}
