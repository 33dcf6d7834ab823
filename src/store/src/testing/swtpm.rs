//! A TPM in software, by Debian's `swtpm`, with a state of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any machine takes to start it.
const STARTED_WITHIN: Duration = Duration::from_secs(20);

/// A running TPM. It ends when this is dropped; its state stays in its folder.
pub struct Swtpm {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Swtpm {
    /// Starts a TPM with the state of this folder. Nothing, said loudly, where the program is not installed.
    pub fn start(folder: &Path) -> Option<Self> {
        if Command::new("swtpm").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("SKIPPED: there is no swtpm here; `cargo xtask setup` installs it");
            return None;
        }
        std::fs::create_dir_all(folder).unwrap();
        // Another program may take the ports first; then others are tried.
        (0..20).find_map(|_| Self::start_at(folder, two_free_ports()))
    }

    fn start_at(folder: &Path, port: u16) -> Option<Self> {
        let channel = |port: u16| format!("type=tcp,bindaddr=127.0.0.1,port={port}");
        let mut process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .args(["--tpmstate", &format!("dir={}", folder.display())])
            .args(["--server", &channel(port), "--ctrl", &channel(port + 1)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        // The control channel: a connection to the other one would be taken for a client.
        while TcpStream::connect(("127.0.0.1", port + 1)).is_err() {
            if process.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begun.elapsed() < STARTED_WITHIN, "swtpm did not start");
            std::thread::yield_now();
        }
        Some(Self { folder: folder.to_owned(), port, process })
    }

    /// How programs find it.
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// Its data port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Takes its power away and gives it back: the same state at the same place.
    pub fn cut_power(&mut self) {
        self.end();
        let begun = Instant::now();
        let again = loop {
            match Self::start_at(&self.folder, self.port) {
                Some(again) => break again,
                None => assert!(begun.elapsed() < STARTED_WITHIN, "the port of the TPM was not free again"),
            }
        };
        *self = again;
    }

    /// Hangs: it keeps its connections and answers nothing, until [`Self::go_on`].
    pub fn hang(&self) {
        self.signal("STOP");
    }

    /// Answers again, first what it was asked meanwhile.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &process]).status().unwrap().success());
    }

    /// Sends a command as its owner would, past all libraries; nobody else may be connected. Its response code.
    pub fn command(&self, bytes: &[u8]) -> u32 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(bytes).unwrap();
        let mut head = [0; 10];
        stream.read_exact(&mut head).unwrap();
        u32::from_be_bytes(head[6..].try_into().unwrap())
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        self.end();
    }
}

/// Two ports in a row that are free: the library takes the one after the data port for the control channel.
fn two_free_ports() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if first < u16::MAX && TcpListener::bind(("127.0.0.1", first + 1)).is_ok() {
            return first;
        }
    }
}
