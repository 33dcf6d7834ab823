//! The simulated fingerprint scanner: a serial sensor of the 0xEF01 family.

mod commands;
mod library;
mod module;
pub mod prints;

pub use commands::{COMMANDS, Command};
pub use module::{Answer, Module, Sensor};

use crate::scenario::Event;
use crate::serial::{Heard, Line, Lost, keep_plugged};
use crate::stage::{Device, FaultKind, Stage};
use drivers::scanner::ef01::command::{Instruction, ack, confirmation, data_packets};
use drivers::scanner::ef01::packet::{Decoder, Packet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Runs the scanner under this name until the simulation ends.
pub fn run(stage: &Stage, link: &Path, baud: u32, password: u32) {
    // Its flash memory outlives an unplugging.
    let mut module = Module::new(stage.settings().sensor, baud, password);
    keep_plugged(stage, Device::Scanner, link, baud, |line| {
        module.power_up();
        line.baud = module.baud();
        serve(stage, line, &mut module)
    });
}

fn serve(stage: &Stage, line: &mut Line<'_>, module: &mut Module) -> Result<(), Lost> {
    let mut decoder = Decoder::new();
    let mut buffer = [0; 1024];
    loop {
        match line.receive(&mut buffer, stage.bell(Device::Scanner))? {
            Heard::Bytes(count) => decoder.push(&buffer[..count]),
            // A module that cannot make out a byte answers with bytes that the host cannot make out either.
            Heard::Noise(count) => line.send_noise(count).or_else(stay)?,
            Heard::Nothing => {}
        }
        while let Some(packet) = decoder.next_packet() {
            let answer = match packet {
                Ok(packet) if is_kept_from(stage, &packet) => Some(Answer::code(confirmation::IMAGE_FAIL)),
                Ok(packet) => module.hear(&packet, &mut Glass(stage)),
                Err(_) => Some(module.misheard()),
            };
            if let Some(answer) = answer {
                reply(stage, line, module, answer).or_else(stay)?;
            }
        }
    }
}

fn reply(stage: &Stage, line: &mut Line<'_>, module: &mut Module, answer: Answer) -> Result<(), Lost> {
    let address = module.address();
    let acknowledgement = ack(address, answer.confirmation, &answer.parameters);
    line.send_packet(encoded(acknowledgement.as_ref().ok()))?;
    let image = answer.is_image;
    if let Some(data) = answer.data {
        if image {
            stage.sending(Device::Scanner);
        }
        let began = Instant::now();
        let sent = send_data(line, address, module, &data);
        if image {
            let took = began.elapsed().as_millis() as u64;
            stage.count(|counters| counters.scanner_transfer_ms += took);
        }
        sent?;
        if image {
            stage.count(|counters| counters.scanner_uploads += 1);
            stage.sent();
        }
    }
    line.send(&answer.after)?;
    // Told at the old settings, in force afterwards (ZFM-20 manual, SetSysPara and SetAdder).
    module.settle();
    line.baud = module.baud();
    Ok(())
}

fn send_data(line: &mut Line<'_>, address: u32, module: &Module, data: &[u8]) -> Result<(), Lost> {
    for packet in data_packets(address, data, module.packet_size()).unwrap_or_default() {
        line.send_packet(packet.encode())?;
    }
    Ok(())
}

/// A device that went quiet in the middle of an answer forgets the answer and goes on listening.
fn stay(lost: Lost) -> Result<(), Lost> {
    match lost {
        Lost::Quiet => Ok(()),
        other => Err(other),
    }
}

/// An image is commanded while something else has the sensor. Modules have no word for that: they fail to take it.
fn is_kept_from(stage: &Stage, packet: &Packet) -> bool {
    let is_command = packet.content().first() == Some(&Instruction::GenImg.code());
    let kept = is_command && stage.fault(Device::Scanner) == FaultKind::Busy;
    if kept {
        stage.happened(&Event::ScannerLooks);
    }
    kept
}

fn encoded(packet: Option<&Packet>) -> Vec<u8> {
    packet.map(Packet::encode).unwrap_or_default()
}

/// The sensor's glass, with whatever the stage puts on it.
struct Glass<'a>(&'a Stage);

impl Sensor for Glass<'_> {
    fn image(&mut self) -> Option<Arc<Vec<u8>>> {
        self.0.count(|counters| counters.scanner_images += 1);
        self.0.sense()
    }
}
