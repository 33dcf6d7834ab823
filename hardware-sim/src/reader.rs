//! The simulated document reader: a serial swipe reader that sends the lines of the MRZ.

use crate::serial::{Heard, Line, Lost, keep_plugged};
use crate::stage::{Device, Stage};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A host's question for the reader's identity (ASCII ENQ).
pub const ENQUIRY: u8 = 0x05;

/// The answer to [`ENQUIRY`].
pub const IDENTITY: &str = "ID SIMULATED MRZ READER 1\r";

/// The speed of swipe readers, as they leave the factory.
pub const DEFAULT_BAUD: u32 = 9600;

/// The pause between two things that the reader says. Hosts tell them apart by a pause of 50 to 100 ms.
const PAUSE: Duration = Duration::from_millis(150);

/// Runs the reader under this name until the simulation ends.
pub fn run(stage: &Stage, link: &Path, baud: u32) {
    keep_plugged(stage, Device::Reader, link, baud, |line| serve(stage, line));
}

/// A document as it goes over the line: its lines in ASCII, each closed by a carriage return.
pub fn framed(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.bytes().chain([b'\r'])).collect()
}

fn serve(stage: &Stage, line: &mut Line<'_>) -> Result<(), Lost> {
    let mut buffer = [0; 256];
    let mut said: Option<Instant> = None;
    loop {
        while let Some(lines) = stage.next_swipe() {
            stage.sending(Device::Reader);
            let began = Instant::now();
            say(line, &mut said, &framed(&lines))?;
            let took = began.elapsed().as_millis() as u64;
            stage.count(|counters| {
                counters.reader_swipes += 1;
                counters.reader_transfer_ms += took;
            });
        }
        match line.receive(&mut buffer, stage.bell(Device::Reader))? {
            Heard::Bytes(count) if buffer[..count].contains(&ENQUIRY) => say(line, &mut said, IDENTITY.as_bytes())?,
            Heard::Noise(count) => line.send_noise(count).or_else(stay)?,
            Heard::Bytes(_) | Heard::Nothing => {}
        }
    }
}

/// Says one thing, with the pause that keeps it apart from the last one.
fn say(line: &mut Line<'_>, said: &mut Option<Instant>, bytes: &[u8]) -> Result<(), Lost> {
    if let Some(last) = said {
        sleep(PAUSE.saturating_sub(last.elapsed()));
    }
    let sent = line.send(bytes).or_else(stay);
    *said = Some(Instant::now());
    sent
}

/// What went quiet in the middle is lost; the reader goes on.
fn stay(lost: Lost) -> Result<(), Lost> {
    match lost {
        Lost::Quiet => Ok(()),
        other => Err(other),
    }
}
