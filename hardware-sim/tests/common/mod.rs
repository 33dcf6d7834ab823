//! A running simulation for tests, and a host at its ports.

#![allow(dead_code, reason = "each test file uses its part")]

use clap::Parser;
use drivers::scanner::ef01::command::{Instruction, command, parse_ack};
use drivers::scanner::ef01::packet::{DEFAULT_ADDRESS, Decoder, Packet, PacketKind};
use hardware_sim::person::{Person, Traits};
use hardware_sim::serve::{self, Running, ServeArgs};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Ends every wait of a test that fails.
pub const LIMIT: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
}

/// A simulation with ports of its own.
pub struct Simulation {
    pub running: Running,
    pub folder: tempfile::TempDir,
    devices: Vec<JoinHandle<()>>,
}

impl Simulation {
    /// A small sensor, so that images are short.
    pub async fn start(autopilot: bool, password: u32) -> Self {
        let password = password.to_string();
        let chosen = ["--sensor", "64x48", "--password", &password];
        let chosen: Vec<&str> = chosen.into_iter().chain(autopilot.then_some("--autopilot")).collect();
        Self::start_with(&chosen).await
    }

    /// With these arguments besides the folder and the ports.
    pub async fn start_with(chosen: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().to_string_lossy();
        let fixed = ["serve", "--dir", &dir, "--camera-port", "0", "--page-port", "0"];
        let args = Cli::parse_from(fixed.iter().chain(chosen)).serve;
        let (running, devices) = serve::start(&args).await.unwrap();
        Self { running, folder, devices }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Somebody at the desk.
    pub fn arrive(&self, seed: u64) {
        let stage = &self.running.stage;
        stage.arrive(Person::new(seed, &Traits::default(), stage.settings().today)).unwrap();
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        self.running.stage.end();
        for device in self.devices.drain(..) {
            device.join().unwrap();
        }
    }
}

/// A host at the scanner, as a driver is one.
pub struct Host {
    pub port: Box<dyn serialport::SerialPort>,
    pub decoder: Decoder,
}

impl Host {
    pub fn open(path: &std::path::Path, baud: u32) -> Self {
        let port = serialport::new(path.to_string_lossy(), baud).timeout(Duration::from_millis(100)).open().unwrap();
        Self { port, decoder: Decoder::new() }
    }

    pub fn send(&mut self, instruction: Instruction, parameters: &[u8]) {
        let packet = command(DEFAULT_ADDRESS, instruction, parameters).unwrap();
        self.port.write_all(&packet.encode()).unwrap();
    }

    /// The next good packet, or why there was none.
    pub fn packet(&mut self) -> Result<Packet, String> {
        self.packet_within(LIMIT)
    }

    pub fn packet_within(&mut self, limit: Duration) -> Result<Packet, String> {
        let deadline = Instant::now() + limit;
        loop {
            match self.decoder.next_packet() {
                Some(Ok(packet)) => return Ok(packet),
                Some(Err(error)) => return Err(error.to_string()),
                None if Instant::now() > deadline => return Err(String::from("silence")),
                None => {}
            }
            let mut buffer = [0; 512];
            match self.port.read(&mut buffer) {
                Ok(0) => return Err(String::from("unplugged")),
                Ok(count) => self.decoder.push(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                Err(_) => return Err(String::from("unplugged")),
            }
        }
    }

    /// Confirmation code and parameters of the answer to a command.
    pub fn ask(&mut self, instruction: Instruction, parameters: &[u8]) -> (u8, Vec<u8>) {
        self.send(instruction, parameters);
        let packet = self.packet().unwrap();
        let (code, parameters) = parse_ack(&packet).unwrap();
        (code, parameters.to_vec())
    }

    /// Commands images until one shows the finger that was put down.
    pub fn await_finger(&mut self) {
        let deadline = Instant::now() + LIMIT;
        while self.ask(Instruction::GenImg, &[]).0 != 0 {
            assert!(Instant::now() < deadline, "no finger came");
        }
    }

    /// The content of all data packets up to the last.
    pub fn data(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        loop {
            let packet = self.packet()?;
            bytes.extend_from_slice(packet.content());
            match packet.kind {
                PacketKind::Data => {}
                PacketKind::LastData => return Ok(bytes),
                other => return Err(format!("{other:?} in the middle of an image")),
            }
        }
    }
}
