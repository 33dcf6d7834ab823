//! Keys and a counter in a TPM 2.0, held against a TPM in software that none of us wrote, and against openssl.

#![cfg(feature = "tpm")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use argon2::{Algorithm, Argon2, Params, Version};
use ciborium::Value;
use coset::{CoseSign1, TaggedCborSerializable};
use domain::units::StaffId;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use store::format::Envelope;
use store::testing::{NOW_MS, Swtpm, World, case, closure};
use store::{
    Cost, KeyFault, KeyPlace, Outbox, Passphrase, Reason, Restored, Rotation, Signer, StoreFault, TpmFault, Witness,
    verify_header,
};
use zeroize::Zeroizing;

const WORDS: &str = "correct horse battery";

/// `TPM2_Clear` by the lockout hierarchy, whose authorisation value is empty.
const CLEAR: &[u8] =
    &[0x80, 0x02, 0, 0, 0, 0x1b, 0, 0, 0x01, 0x26, 0x40, 0, 0, 0x0a, 0, 0, 0, 0x09, 0x40, 0, 0, 0x09, 0, 0, 0, 0, 0];

/// `TPM2_NV_UndefineSpace` of the index 0x01804750 by the owner.
const UNDEFINE: &[u8] = &[
    0x80, 0x02, 0, 0, 0, 0x1f, 0, 0, 0x01, 0x22, 0x40, 0, 0, 0x01, 0x01, 0x80, 0x47, 0x50, 0, 0, 0, 0x09, 0x40, 0, 0,
    0x09, 0, 0, 0, 0, 0,
];

/// `TPM2_Create`, as its code stands in a command.
const CREATE: [u8; 4] = 0x153_u32.to_be_bytes();

/// A folder, a TPM, and where the key goes.
struct Place {
    dir: tempfile::TempDir,
    tpm: Swtpm,
}

impl Place {
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let tpm = Swtpm::start(&dir.path().join("tpm"))?;
        Some(Self { dir, tpm })
    }

    fn keys(&self) -> KeyPlace {
        KeyPlace::tpm(&self.tpm.tcti()).unwrap()
    }

    fn key(&self) -> PathBuf {
        self.dir.path().join("station.key")
    }

    fn counter(&self) -> PathBuf {
        self.dir.path().join("counter.json")
    }

    fn create(&self) -> Box<dyn Signer> {
        self.keys().create(&self.key(), &passphrase(WORDS), Cost::LEAST).unwrap()
    }

    fn open(&self) -> Result<Box<dyn Signer>, KeyFault> {
        self.keys().open_configured(&self.key(), &passphrase(WORDS))
    }

    /// A store that is guarded by the TPM's counter.
    fn guarded(&self, world: &World, folder: &Path) -> (Outbox, Option<Restored>) {
        let counter = self.keys().counter(&self.counter(), &passphrase(WORDS), Cost::LEAST).unwrap().unwrap();
        let (mut outbox, _) = Outbox::open(folder, &world.station).unwrap();
        let found = outbox.guard(counter, NOW_MS).unwrap();
        (outbox, found)
    }
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.into())).unwrap()
}

#[test]
fn a_key_is_made_in_the_tpm_signs_and_opens_again_there_alone() {
    let Some(mut place) = Place::new() else { return };
    let world = World::new();
    let made = place.create();
    assert_eq!(fs::metadata(place.key()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(KeyPlace::holds_tpm_key(&place.key()).unwrap());
    let public = made.public().clone();

    let (outbox, _) = Outbox::open(&place.dir.path().join("store"), &world.station).unwrap();
    let sealed = closure(1).seal(&world.sealer).unwrap();
    let record = sealed.sign(&*made, outbox.position(NOW_MS, "boot")).unwrap();
    assert_eq!(record.header().signed_by, public.id(), "the record names the key in the TPM");
    let envelope = Envelope::of(&record).encode();
    let cose = Envelope::decode(&envelope).unwrap().cose;
    verify_header(&public, cose).unwrap();
    openssl_verifies(place.dir.path(), &public.to_pem(), cose);

    // Many in a row: r or s may begin with zeros, and the key stays taken in.
    for n in 0..300_u32 {
        made.es256(&n.to_be_bytes()).unwrap();
    }
    drop(made);
    let again = place.open().unwrap();
    assert_eq!(again.public(), &public);
    place.tpm.cut_power();
    again.es256(b"a TPM that was reset under the program").unwrap();
    drop(again);
    assert_eq!(place.open().unwrap().public(), &public, "after a reset");

    let mut other = Place::new().unwrap();
    std::mem::swap(&mut place.tpm, &mut other.tpm);
    assert!(matches!(place.open(), Err(KeyFault::OtherTpm(_))), "another TPM");
    std::mem::swap(&mut place.tpm, &mut other.tpm);
    assert_eq!(place.tpm.command(CLEAR), 0);
    let cleared = place.open().map(drop).unwrap_err();
    assert!(matches!(cleared, KeyFault::OtherTpm(_)), "cleared: {cleared}");
}

/// The outside judge: openssl's command line over a Sig_structure that is put together here by RFC 9052.
fn openssl_verifies(dir: &Path, pem: &str, cose: &[u8]) {
    let message = CoseSign1::from_tagged_slice(cose).unwrap();
    let protected = message.protected.original_data.clone().unwrap();
    let parts = [protected, b"gatepost record header 1".to_vec(), message.payload.unwrap()].map(Value::Bytes);
    let structure = Value::Array([Value::Text("Signature1".into())].into_iter().chain(parts).collect());
    let mut signed = Vec::new();
    ciborium::into_writer(&structure, &mut signed).unwrap();
    let der = p256::ecdsa::Signature::from_slice(&message.signature).unwrap().to_der();
    let at = |name: &str| dir.join(name);
    fs::write(at("pem"), pem).unwrap();
    fs::write(at("signature"), der.as_bytes()).unwrap();
    for (flip, verdict) in [(0, true), (1, false)] {
        signed[20] ^= flip;
        fs::write(at("signed"), &signed).unwrap();
        let judged = Command::new("openssl")
            .current_dir(dir)
            .args(["dgst", "-sha256", "-verify", "pem", "-signature", "signature", "signed"])
            .output()
            .unwrap();
        assert_eq!(judged.status.success(), verdict, "{}", String::from_utf8_lossy(&judged.stdout));
    }
}

#[test]
fn wrong_passphrases_are_refused_and_lock_the_tpm() {
    let Some(place) = Place::new() else { return };
    place.create();
    let mut wrong = 0;
    let locked = loop {
        let tried = place.keys().open(&place.key(), &passphrase("a wrong passphrase")).map(drop);
        match tried.unwrap_err() {
            KeyFault::WrongPassphrase(_) => wrong += 1,
            fault => break fault,
        }
        assert!(wrong < 40, "the TPM lets guess without end");
    };
    assert!(matches!(locked, KeyFault::Tpm(TpmFault::Locked)) && wrong >= 3, "after {wrong}: {locked}");
    assert!(locked.to_string().contains("tpm2_dictionarylockout"), "it says what to do");
    assert!(matches!(place.open().map(drop), Err(KeyFault::Tpm(TpmFault::Locked))), "the right one waits too");
}

#[test]
fn an_altered_file_does_not_open() {
    let Some(place) = Place::new() else { return };
    place.create();
    let good: serde_json::Value = serde_json::from_slice(&fs::read(place.key()).unwrap()).unwrap();
    type Expected = fn(&KeyFault) -> bool;
    let other: Expected = |fault| matches!(fault, KeyFault::OtherTpm(_));
    let unknown: Expected = |fault| matches!(fault, KeyFault::UnknownAlgorithm(..));
    let cheap: Expected = |fault| matches!(fault, KeyFault::TooCheap(_));
    let flipped = |field: &str, at: usize| {
        let mut text = good[field].as_str().unwrap().to_owned();
        let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
        text.replace_range(at..=at, digit);
        serde_json::Value::from(text)
    };
    let length = |field: &str| good[field].as_str().unwrap().len();
    let rows: [(&str, serde_json::Value, Expected); 12] = [
        ("private", flipped("private", 3), other),
        ("private", flipped("private", 40), other),
        ("private", flipped("private", 100), other),
        ("private", flipped("private", length("private") - 1), other),
        ("private", "".into(), other),
        ("public", flipped("public", length("public") - 1), other),
        ("public", "00".into(), other),
        ("parent", flipped("parent", 0), other),
        ("key", flipped("key", 0), other),
        ("format", "gatepost TPM key 9".into(), unknown),
        ("kdf", "argon2i".into(), unknown),
        ("passes", 1.into(), cheap),
    ];
    for (field, value, expected) in rows {
        let mut file = good.clone();
        file[field] = value.clone();
        fs::write(place.key(), file.to_string()).unwrap();
        let fault = place.open().map(drop).unwrap_err();
        assert!(expected(&fault), "{field} = {value}: {fault}");
    }
    let mut file = good.clone();
    file["salt"] = flipped("salt", 0);
    fs::write(place.key(), file.to_string()).unwrap();
    assert!(matches!(place.open().map(drop), Err(KeyFault::WrongPassphrase(_))), "it is another passphrase then");
    fs::write(place.key(), good.to_string()).unwrap();
    place.open().unwrap();
    fs::set_permissions(place.key(), PermissionsExt::from_mode(0o640)).unwrap();
    assert!(matches!(place.open().map(drop), Err(KeyFault::Exposed(_))));
}

#[test]
fn a_tpm_that_is_not_there_is_told_with_what_to_do() {
    let Some(place) = Place::new() else { return };
    let key = place.create();
    drop(place.tpm);
    assert!(key.es256(b"message").is_err());
    let gone = |tcti: &str| KeyPlace::tpm(tcti).map(drop).unwrap_err();
    for tcti in ["device:/dev/no-tpm-here", "swtpm:host=127.0.0.1,port=1"] {
        let fault = gone(tcti);
        assert!(matches!(fault, KeyFault::Tpm(TpmFault::Gone(_))), "{tcti}: {fault}");
        assert!(fault.to_string().contains("firmware"), "{fault}");
    }
    for tcti in ["", "tpm", "device:relative", "swtpm:port=many"] {
        assert!(matches!(gone(tcti), KeyFault::Tpm(TpmFault::NotAWay(_) | TpmFault::Gone(_))), "{tcti}");
    }
    let path = place.dir.path().join("station.key");
    let unconfigured = KeyPlace::file().open(&path, &passphrase(WORDS)).map(drop);
    assert!(matches!(unconfigured, Err(KeyFault::Tpm(TpmFault::NotConfigured))));
}

#[test]
fn a_key_in_a_file_certifies_the_next_one_in_the_tpm() {
    let Some(place) = Place::new() else { return };
    let path = place.dir.path().join("old.key");
    let old = KeyPlace::file().create(&path, &passphrase(WORDS), Cost::LEAST).unwrap();
    let refused = place.keys().open_configured(&path, &passphrase(WORDS)).map(drop).unwrap_err();
    assert!(matches!(refused, KeyFault::NotInTpm(_)), "{refused}");
    let new = place.create();
    let public = old.public().clone();
    let (old, station) = (place.keys().open(&path, &passphrase(WORDS)).unwrap(), World::new().station);
    assert_eq!(old.public(), &public);
    let statement = Rotation {
        station,
        old: old.public().id().into(),
        new: new.public().clone(),
        time_ms: NOW_MS,
        overlap_until_ms: NOW_MS + 1,
    };
    let there = statement.sign(&*old).unwrap();
    assert_eq!(Rotation::verify(old.public(), &there).unwrap(), statement);
    let back = Rotation { old: new.public().id().into(), new: old.public().clone(), ..statement };
    assert_eq!(Rotation::verify(new.public(), &back.sign(&*new).unwrap()).unwrap(), back);
}

/// Who listens between program and TPM, as on the bus of a chip, learns no authorisation value.
#[test]
fn the_bus_carries_no_authorisation_in_the_clear() {
    let Some(place) = Place::new() else { return };
    let heard = Arc::new(Mutex::new(Vec::<u8>::new()));
    let (data, control) = loop {
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(control) = TcpListener::bind(("127.0.0.1", data.local_addr().unwrap().port().wrapping_add(1))) {
            break (data, control);
        }
    };
    let tcti = format!("swtpm:host=127.0.0.1,port={}", data.local_addr().unwrap().port());
    let hears = Arc::clone(&heard);
    listen_in(data, place.tpm.port(), move |bytes| hears.lock().unwrap().extend(bytes));
    listen_in(control, place.tpm.port() + 1, |_| {});
    let keys = KeyPlace::tpm(&tcti).unwrap();
    let key = keys.create(&place.key(), &passphrase(WORDS), Cost::LEAST).unwrap();
    key.es256(b"message").unwrap();
    let mut counter = keys.counter(&place.counter(), &passphrase(WORDS), Cost::LEAST).unwrap().unwrap();
    counter.make().unwrap();
    drop((key, keys, counter));
    let heard = heard.lock().unwrap();
    assert!(heard.windows(4).any(|window| window == CREATE), "it hears commands");
    for file in [place.key(), place.counter()] {
        let file: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        let value = authorisation(file["salt"].as_str().unwrap());
        assert!(!heard.windows(8).any(|window| value.windows(8).any(|part| part == window)));
    }
}

/// Passes every connection on, and hears what is said to the TPM.
fn listen_in(at: TcpListener, tpm: u16, hear: impl Fn(&[u8]) + Send + 'static) {
    std::thread::spawn(move || {
        for client in at.incoming() {
            let (client, chip) = (client.unwrap(), TcpStream::connect(("127.0.0.1", tpm)).unwrap());
            let (from, to) = (client.try_clone().unwrap(), chip.try_clone().unwrap());
            let back = std::thread::spawn(move || relay(chip, client, |_| {}));
            relay(from, to, &hear);
            back.join().unwrap();
        }
    });
}

fn relay(mut from: TcpStream, mut to: TcpStream, hear: impl Fn(&[u8])) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        hear(&bytes[..length]);
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// The authorisation value, put together here once more.
fn authorisation(salt: &str) -> [u8; 32] {
    let salt: Vec<u8> =
        (0..salt.len()).step_by(2).map(|at| u8::from_str_radix(&salt[at..at + 2], 16).unwrap()).collect();
    let Cost { memory_kib, passes, lanes } = Cost::LEAST;
    let params = Params::new(memory_kib, passes, lanes, Some(32)).unwrap();
    let mut value = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(WORDS.as_bytes(), &salt, &mut value).unwrap();
    value[31] |= 1;
    value
}

#[test]
fn the_counter_finds_an_old_copy_of_the_store_at_once() {
    let Some(mut place) = Place::new() else { return };
    let world = World::new();
    let (folder, copy) = (place.dir.path().join("store"), place.dir.path().join("copy"));
    let (mut outbox, found) = place.guarded(&world, &folder);
    assert_eq!(found, None);
    let record = world.signed(&outbox, closure(1));
    outbox.append(record).unwrap();
    outbox.stopped(NOW_MS).unwrap();
    drop(outbox);
    copy_all(&folder, &copy);
    for power_cut in [false, true, true] {
        let (mut outbox, found) = place.guarded(&world, &folder);
        assert_eq!(found, None);
        if power_cut {
            drop(outbox);
            place.tpm.cut_power();
        } else {
            outbox.stopped(NOW_MS).unwrap();
        }
    }
    let (mut outbox, found) = place.guarded(&world, &copy);
    let found = found.unwrap();
    assert!(found.witness == Witness::Counter && found.there == found.here + 4, "{found:?}");
    assert!(matches!(outbox.case_opened(&case(2), &StaffId("officer-1".into())), Err(StoreFault::Restored(_))));
    outbox.accept_restored(Reason::word("disk-replaced").unwrap(), NOW_MS).unwrap().unwrap();
    drop(outbox);
    assert_eq!(place.guarded(&world, &copy).1, None, "decided");
    let newer = place.guarded(&world, &folder).1.unwrap();
    assert_eq!(newer.witness, Witness::Counter, "only one of both copies goes on");
}

#[test]
fn a_counter_that_was_taken_away_is_missed_and_begins_higher() {
    let Some(place) = Place::new() else { return };
    let world = World::new();
    let folder = place.dir.path().join("store");
    for _ in 0..5 {
        let (mut outbox, found) = place.guarded(&world, &folder);
        assert_eq!(found, None);
        outbox.stopped(NOW_MS).unwrap();
    }
    let counter = || place.keys().counter(&place.counter(), &passphrase(WORDS), Cost::LEAST).unwrap().unwrap();
    let before = counter().read().unwrap().unwrap();
    assert_eq!(before.value, before.first + 10);
    assert_eq!(place.tpm.command(UNDEFINE), 0);
    assert_eq!(counter().read().unwrap(), None);
    let (mut outbox, found) = place.guarded(&world, &folder);
    let gone = Restored { witness: Witness::CounterGone, here: before.value, there: 0 };
    assert_eq!(found, Some(gone));
    outbox.accept_restored(Reason::word("chip-replaced").unwrap(), NOW_MS).unwrap();
    drop(outbox);
    assert_eq!(place.guarded(&world, &folder).1, None);
    let after = counter().read().unwrap().unwrap();
    assert!(after.first > before.value, "{before:?}, {after:?}");
    // Another station's at the same place is not taken for ours.
    let other = place.dir.path().join("other.json");
    let mut other = place.keys().counter(&other, &passphrase("another passphrase"), Cost::LEAST).unwrap().unwrap();
    let made = other.make().unwrap();
    other.step().unwrap();
    assert_eq!(other.read().unwrap().unwrap().value, made.value + 1);
    assert_eq!(counter().read().unwrap(), Some(after));
}

fn copy_all(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}
