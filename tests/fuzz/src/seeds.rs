//! What the fuzzers begin with: one of everything, written by the project's own writers.

use domain::case::StationId;
use domain::mrz::{self, Fields, Format, PartialDate, Sex};
use domain::record::{AuditHead, Position};
use drivers::sbi::jp2;
use drivers::scanner::ef01::command::{Instruction, ack, command};
use drivers::scanner::sfm;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::OnceLock;
use store::format::{Envelope, Stub, digest, encode_body, encode_header};
use store::testing::{BOOT, NOW_MS, closure, enrolment, exemption};
use store::{Acknowledgement, Application, AuthoritySecret, FileKey, Sealer, VerifyKey, peek_header, sign_receipt};
use zeroize::Zeroizing;

/// A key that everybody has, so that the fuzzers get past signatures.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6vgjD4UzZm1lBiWy
AeC5Nt9/xDNrfwdrkmt+wvLX+26hRANCAARl9Q0IKyIhluN5timS+XA5gE6hX43o
TL+q6fVueVufmKuw6A4nqFrDxsUgkJWQtXX/D4pha3oOdfHm7PnEgwCG
-----END PRIVATE KEY-----
";

/// The public half of the key that the seeds are signed by.
pub fn public_key() -> &'static VerifyKey {
    static PUBLIC: OnceLock<VerifyKey> = OnceLock::new();
    PUBLIC.get_or_init(|| key(tempfile::tempdir().unwrap().path()).public().clone())
}

/// Bytes to begin with, each for a target.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    let mut seeds = Vec::new();
    seeds.extend(serial().map(|bytes| ("serial", bytes)));
    seeds.extend(documents().map(|text| ("mrz", text.into_bytes())));
    signed(dir.path(), &mut seeds);
    seeds.extend(settings().map(|text| ("config", text.as_bytes().to_vec())));
    seeds.push(("policy", PACK.as_bytes().to_vec()));
    seeds.extend(answers().map(|text| ("http", text.as_bytes().to_vec())));
    seeds.extend(pictures().map(|bytes| ("image", bytes)));
    seeds.push(("print", print()));
    seeds
}

fn key(folder: &Path) -> FileKey {
    use std::io::Write;
    let path = folder.join("seeds.key");
    let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
    file.unwrap().write_all(KEY.as_bytes()).unwrap();
    FileKey::load(&path).unwrap()
}

fn serial() -> impl Iterator<Item = Vec<u8>> {
    let ask = command(u32::MAX, Instruction::GenImg, &[]).unwrap().encode();
    let answer = ack(u32::MAX, 0, &[0, 0, 0, 7, 0, 3]).unwrap().encode();
    let other = sfm::packet::Packet::new(sfm::command::request::SI, 0, 36, 0x61).encode();
    [
        [&[0][..], &ask, &answer].concat(),
        [&[1][..], &other, &[7; 40]].concat(),
        b"\x02\x02I<UTO\r\nLINES\r\n\x03".to_vec(),
    ]
    .into_iter()
}

fn documents() -> impl Iterator<Item = String> {
    let fields = |code| Fields {
        document_code: code,
        issuing_state: "UTO",
        nationality: "UTO",
        primary: "ERIKSSON",
        secondary: "ANNA MARIA",
        document_number: "L898902C3",
        birth_date: PartialDate::new(Some(74), Some(8), Some(12)).unwrap(),
        sex: Sex::Female,
        expiry_date: PartialDate::new(Some(32), Some(4), Some(15)).unwrap(),
        optional: "",
        optional_2: "",
    };
    [(Format::Td1, "I"), (Format::Td2, "I"), (Format::Td3, "P"), (Format::MrvA, "V"), (Format::MrvB, "V")]
        .into_iter()
        .map(move |(format, code)| mrz::write(&fields(code), format).unwrap().join("\n"))
}

fn signed(folder: &Path, seeds: &mut Vec<(&'static str, Vec<u8>)>) {
    let key = key(folder);
    let authority = AuthoritySecret::create(&folder.join("a.key"), &folder.join("a.pub")).unwrap();
    let sealer = Sealer::new(authority.public().clone());
    for (sequence, draft) in (1..).zip([closure(1), exemption(2), enrolment(3, 40)]) {
        seeds.push(("envelope", encode_body(&draft).unwrap().to_vec()));
        let audit = AuditHead { lines: 3, digest: [4; 32] };
        let boot_id = BOOT.into();
        let position = Position { sequence, previous: [5; 32], time_ms: NOW_MS, boot_id, clock_jumped: false, audit };
        let record = draft.seal(&sealer).unwrap().sign(&key, position).unwrap();
        seeds.push(("envelope", encode_header(record.header()).to_vec()));
        let envelope = Envelope::of(&record).encode();
        let header = peek_header(record.cose()).unwrap();
        let acknowledgement = Acknowledgement {
            digest: digest(&envelope),
            station: header.station.clone(),
            sequence,
            record: header.record,
            audit,
            received_ms: NOW_MS,
        };
        let receipt = sign_receipt(&key, &acknowledgement).unwrap();
        seeds.push(("envelope", Stub { cose: record.cose(), receipt: Some(&receipt) }.encode()));
        seeds.extend([("envelope", envelope), ("receipt", receipt)]);
    }
    let application = Application {
        station: StationId("S1".into()),
        signing_key: key.public().clone(),
        connection_key: key.public().clone(),
        code: Zeroizing::new("code-of-no-station".into()),
        time_ms: NOW_MS,
    };
    seeds.push(("http", application.sign(&key, &key).unwrap()));
}

fn settings() -> impl Iterator<Item = &'static str> {
    [
        "url = \"http://localhost:8610/stream\"",
        "path = \"/dev/ttyUSB0\"\nbaud = 57600\n",
        "ports = [4501, 4600]\nenv = \"Developer\"\nfap = 60\ntrust = \"trust.pem\"\n",
        "device = \"/dev/video0\"\nwidth = 640\nheight = 480\n",
    ]
    .into_iter()
}

const PACK: &str = include_str!("../../../config/policies/ru-entry.toml");

fn answers() -> impl Iterator<Item = &'static str> {
    [
        "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n--frame\r\nContent-Length: 4\r\n\r\n\u{1}\u{2}\u{3}\u{4}\r\n--frame\r\n\r\nx\r\n--frame--\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[{}]\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 62\r\n\r\n{\"biometrics\":[{\"specVersion\":\"1.0\",\"data\":\"a.b.c\",\"hash\":\"00\"}]}",
        "[{\"deviceInfo\":\"a.b.c\",\"error\":{\"errorCode\":\"100\",\"errorInfo\":\"Device not registered\"}}]",
        "{\"error\":{\"errorCode\":\"0\",\"errorInfo\":\"Success\"}}",
        "{\"station\":\"S1\",\"certificate\":\"\",\"ca\":\"\",\"authority\":\"\",\"receipts\":\"\"}",
        "{\"certificate\":\"-----BEGIN CERTIFICATE-----\\nMA==\\n-----END CERTIFICATE-----\\n\"}",
    ]
    .into_iter()
}

fn pictures() -> impl Iterator<Item = Vec<u8>> {
    let grey: Vec<u8> = (0..32 * 32u32).map(|at| (at * 37 % 251) as u8).collect();
    let coded = jp2::encode(32, 32, 1, &grey).unwrap();
    let jpeg = jpeg();
    let in_stream =
        [b"\x01--frame\r\nContent-Type: image/jpeg\r\n\r\n".as_slice(), &jpeg, b"\r\n--frame--\r\n"].concat();
    [
        [&[0][..], &jpeg].concat(),
        in_stream,
        [&[2][..], coded.expose()].concat(),
        b"\x03FIR\x00020\x00\x00\x00\x00\x80\x00\x01".to_vec(),
        [&[4, 16, 16][..], &grey[..512]].concat(),
    ]
    .into_iter()
}

/// A print of parallel ridges.
fn print() -> Vec<u8> {
    let ridges: Vec<u8> = (0..300u32).map(|at| if at / 9 % 2 == 0 { 230 } else { 30 }).collect();
    [&[200, 200, 1, 244][..], &ridges].concat()
}

/// A grey picture of 8 by 8 pixels.
fn jpeg() -> Vec<u8> {
    let grey: Vec<u8> = (0..64u32).map(|at| (at * 37 % 251) as u8).collect();
    let mut coded = Vec::new();
    JpegEncoder::new_with_quality(&mut coded, 60).encode(&grey, 8, 8, ExtendedColorType::L8).unwrap();
    coded
}
