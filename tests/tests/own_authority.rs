//! An operator who has a certificate authority makes every certificate there: openssl's own command line is that authority
//! here, and takes our request apart. The station's records then arrive over connections with those certificates.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tests::Station;
use tests::people;
use tests::process::{program, run, succeed};

/// What an authority of openssl puts into the intake's certificate.
const SERVER: &str =
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n";

/// An authority of another operator may be RSA, and its own certificates of an intermediate one.
struct Authority<'a>(&'a Path);

impl Authority<'_> {
    /// A root that signs by RSA and an authority below it.
    fn make(&self) {
        let root = ["-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", "root.key", "-out", "root.pem", "-days", "30"];
        self.openssl(&[&["req"], &root[..], &["-subj", "/CN=Ministry root"]].concat());
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-384",
            "-noenc",
            "-keyout",
            "ca.key",
            "-out",
            "ca.csr",
            "-subj",
            "/CN=Ministry devices",
        ]);
        self.write("ca.ext", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n");
        self.sign("ca", "root", &["-extfile", "ca.ext"]);
    }

    /// `NAME.pem` of `NAME.csr`.
    fn sign(&self, name: &str, by: &str, more: &[&str]) {
        let [csr, pem, ca, key] =
            [format!("{name}.csr"), format!("{name}.pem"), format!("{by}.pem"), format!("{by}.key")];
        let sign = ["x509", "-req", "-in", &csr, "-out", &pem, "-CA", &ca, "-CAkey", &key, "-days", "20"];
        self.openssl(&[&sign[..], more].concat());
    }

    fn openssl(&self, words: &[&str]) -> String {
        let done = Command::new("openssl").args(words).current_dir(self.0).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "openssl {words:?}: {said}");
        [String::from_utf8_lossy(&done.stdout), said].concat()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_lives_on_certificates_of_the_operators_own_authority() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: there is no openssl here to be the operator's authority");
        return;
    }
    let mut station = Station::start().await;
    station.stop().await;
    station.kill_intake();
    let folder = station.place().path("ministry");
    fs::create_dir(&folder).unwrap();
    let ministry = Authority(&folder);
    ministry.make();
    certify_the_intake(&station, &ministry);
    certify_the_request(&station, &ministry);
    wrong_certificates_are_not_admitted(&station, &ministry);
    let admitted = admit(&station, "S1", "whole.pem");
    assert!(admitted.status.success(), "{}", String::from_utf8_lossy(&admitted.stderr));
    take(&station, &ministry);

    // A record arrives.
    station.start_intake().await;
    station.restart().await;
    let mut officer = station.officer().await;
    let case = officer.read(&people::child(3).lines).await.unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.uploaded(&case).await.unwrap().outcome, "exempt");
    assert_eq!(station.list().len(), 1);

    // Revoked, it is not taken in again.
    let revoked = succeed("gatepost-intake", &["revoke", "--data", &station.place().text("intake"), "--station", "S1"]);
    assert!(revoked.contains("revoked 2 certificates"), "the one of the intake's first authority too: {revoked}");
    let again = admit(&station, "S1", "whole.pem");
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("revoked"), "{again:?}");
}

/// The intake's key and certificate come from there, and the authority's key is not here.
fn certify_the_intake(station: &Station, ministry: &Authority<'_>) {
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", "server.key"];
    ministry.openssl(&[&["req"], &curve[..], &["-out", "server.csr", "-subj", "/CN=intake"]].concat());
    ministry.write("server.ext", SERVER);
    ministry.sign("server", "ca", &["-extfile", "server.ext"]);
    let tls = station.place().path("intake/tls");
    fs::remove_file(tls.join("ca.key")).unwrap();
    fs::write(tls.join("ca.pem"), ministry.text("root.pem")).unwrap();
    fs::write(tls.join("server.pem"), [ministry.text("server.pem"), ministry.text("ca.pem")].concat()).unwrap();
    store::replace_private(&tls.join("server.key"), ministry.text("server.key").as_bytes()).unwrap();
}

/// openssl reads the station's request, signs it, and finds its own certificate good.
fn certify_the_request(station: &Station, ministry: &Authority<'_>) {
    let asked = gatepost(station, &["certificate", "request", "--out", &station.place().text("ministry")]);
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let read = ministry.openssl(&["req", "-in", "S1.csr", "-verify", "-noout", "-text"]);
    for words in
        ["self-signature verify OK", "URI:gatepost://station/S1", "TLS Web Client Authentication", "Digital Signature"]
    {
        assert!(read.contains(words), "{words}: {read}");
    }
    ministry.sign("S1", "ca", &["-copy_extensions", "copyall"]);
    ministry.openssl(&["verify", "-purpose", "sslclient", "-CAfile", "root.pem", "-untrusted", "ca.pem", "S1.pem"]);
    ministry.write("whole.pem", &[ministry.text("S1.pem"), ministry.text("ca.pem")].concat());
}

fn wrong_certificates_are_not_admitted(station: &Station, ministry: &Authority<'_>) {
    ministry.write("foreign.pem", &foreign(ministry));
    for (who, certificate, words) in [
        ("S1", "S1.pem", "UnknownIssuer"),
        ("S1", "foreign.pem", "BadSignature"),
        ("S1", "server.pem", "does not name station S1"),
        ("S2", "whole.pem", "does not name station S2"),
        ("S1", "S1.csr", "no certificates"),
    ] {
        let refused = admit(station, who, certificate);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(words), "{who} {certificate}: {said}");
    }
    assert!(!station.place().path("S1.json").exists());
}

/// The station takes what it is given from the authority that its administrator has named, and from no other.
fn take(station: &Station, ministry: &Authority<'_>) {
    let fingerprint = ministry.openssl(&["x509", "-in", "root.pem", "-noout", "-fingerprint", "-sha256"]);
    let fingerprint = fingerprint.trim().split('=').next_back().unwrap().to_owned();
    let other: String = fingerprint.chars().rev().collect();
    let file = station.place().text("S1.json");
    let refused = gatepost(station, &["certificate", "take", "--authority", &other, &file]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another authority"), "{refused:?}");
    let taken = gatepost(station, &["certificate", "take", "--authority", &fingerprint, &file]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
}

/// Takes a station in by a certificate of the ministry's folder.
fn admit(station: &Station, who: &str, certificate: &str) -> Output {
    let [data, key, certificate, out] = ["intake", "ministry/S1.pub", &format!("ministry/{certificate}"), "S1.json"]
        .map(|name| station.place().text(name));
    let words = ["admit", "--station", who, "--data", &data, "--key", &key, "--certificate", &certificate];
    run("gatepost-intake", &[&words[..], &["--out", &out]].concat())
}

/// `gatepost WORDS` with configuration, files and passphrase of this station.
fn gatepost(station: &Station, words: &[&str]) -> Output {
    let place = station.place();
    let mut command = Command::new(program("gatepost"));
    command.args(words).arg("--config").arg(place.config()).arg("--data").arg(place.path("station"));
    command.env("CREDENTIALS_DIRECTORY", place.path("credentials")).output().unwrap()
}

/// The same request, signed by somebody who calls himself the same.
fn foreign(ministry: &Authority<'_>) -> String {
    let other = ministry.0.join("other");
    fs::create_dir(&other).unwrap();
    let somebody = Authority(&other);
    somebody.make();
    fs::copy(ministry.0.join("S1.csr"), other.join("S1.csr")).unwrap();
    somebody.sign("S1", "ca", &["-copy_extensions", "copyall"]);
    [somebody.text("S1.pem"), somebody.text("ca.pem")].concat()
}
