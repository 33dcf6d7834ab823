//! The promise: the program says when it is ready, and ends in order when told to.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use intake::testing::StationLink;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Requests until a change has to be seen; each takes some milliseconds.
const LOOKS: usize = 3000;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost-intake"));
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// Starts the program with a new data folder; its address.
fn serving(data: &Path) -> (Running, String) {
    let data = data.to_str().unwrap();
    assert!(
        program()
            .args(["init", "--mode", "demonstration", "--data", data])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let serve = ["serve", "--data", data, "--listen", "127.0.0.1:0"];
    let mut running = Running(program().args(serve).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("ready https://").unwrap();
    (running, address.to_owned())
}

#[test]
fn an_envelope_that_did_not_arrive_whole_is_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let (_running, address) = serving(dir.path());
    let mut connection = StationLink::new(dir.path(), "S1").unwrap().connect(&address).unwrap();
    connection.write_all(b"POST /v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nhalf").unwrap();
    connection.conn.send_close_notify();
    connection.flush().unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(r#""code":"I-10""#) && answer.contains(r#""final":false"#), "{answer}");
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let (mut running, address) = serving(dir.path());
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = StationLink::new(dir.path(), "S1").unwrap().exchange(&address, &[request]).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");

    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert!(running.0.wait().unwrap().success());
}

/// The key of receipts is another one as soon as the program was told, and connections go on.
#[test]
fn the_next_key_of_receipts_needs_no_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (mut running, address) = serving(dir.path());
    let link = StationLink::new(dir.path(), "S1").unwrap();
    let signs = || {
        let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let answer = String::from_utf8(link.exchange(&address, &[request]).unwrap()).unwrap();
        let health: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        health["receipt_key"].as_str().unwrap().to_owned()
    };
    let before = signs();
    let changed = program().args(["next-receipt-key", "--data"]).arg(dir.path()).output().unwrap();
    assert!(changed.status.success());
    let pid = running.0.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    let after = (0..LOOKS).map(|_| signs()).find(|key| *key != before).expect("it takes the key when it is told");
    let said = String::from_utf8(changed.stdout).unwrap();
    assert!(said.contains(&format!("key {after} instead of {before}")), "{said}");
    assert!(running.0.try_wait().unwrap().is_none());
}

/// With every key sealed it serves by the credential that systemd hands over, and not without.
#[test]
fn sealed_keys_need_the_credential() {
    let dir = tempfile::tempdir().unwrap();
    let (data, credentials) = (dir.path().join("intake"), dir.path().join("credentials"));
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("gatepost-intake-passphrase"), "a long passphrase\n").unwrap();
    drop(serving(&data));
    let link = StationLink::new(&data, "S1").unwrap();
    let sealing = || {
        let mut command = program();
        command.args(["seal-keys", "--data"]).arg(&data);
        command
    };
    assert!(!sealing().env_remove("CREDENTIALS_DIRECTORY").stdout(Stdio::null()).status().unwrap().success());
    let sealed = sealing().env("CREDENTIALS_DIRECTORY", &credentials).output().unwrap();
    assert!(sealed.status.success());
    assert_eq!(String::from_utf8(sealed.stdout).unwrap().lines().count(), 3);
    for key in ["receipt.key", "tls/ca.key", "tls/server.key"] {
        assert!(!std::fs::read_to_string(data.join(key)).unwrap().contains("PRIVATE KEY"), "{key}");
    }
    let again = sealing().env("CREDENTIALS_DIRECTORY", &credentials).output().unwrap();
    assert!(again.status.success() && again.stdout.is_empty(), "there is nothing left to seal");

    let mut serve = program();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    assert!(!serve.env_remove("CREDENTIALS_DIRECTORY").stdout(Stdio::null()).status().unwrap().success());
    let served = serve.env("CREDENTIALS_DIRECTORY", &credentials).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(served);
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("ready https://").unwrap();
    let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = String::from_utf8(link.exchange(address, &[request]).unwrap()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[test]
fn a_fault_is_one_sentence_and_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("nowhere");
    let output = Command::new(env!("CARGO_BIN_EXE_gatepost-intake"))
        .args(["list", "--json", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("gatepost-intake: read ") && text.lines().count() == 1, "{text}");
}
