//! A simulated Suprema SFM module: a serial sensor with 8 bits a pixel. It stands in the place of the 0xEF01 scanner:
//! same glass, same faults.
//!
//! Its sensor is as large as the stage's, and has the stage's resolution (508 per inch, as the maker's T1).

mod module;

pub use module::{Deed, Module, Scan};

use crate::serial::{Heard, Line, Lost, keep_plugged};
use crate::stage::{Device, FaultKind, Stage};
use drivers::scanner::sfm::command::answer;
use drivers::scanner::sfm::packet::Decoder;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often a waiting scan is thought of.
const TICK: Duration = Duration::from_millis(100);

/// How often a waiting scan exposes, from its beginning on; not at its very end. A host that asks for scans of one
/// second sees a glass that has been free, as it does with a module that exposes once for each command.
const LOOK: Duration = Duration::from_secs(1);

/// Runs the module under this name until the simulation ends.
pub fn run(stage: &Stage, link: &Path, baud: u32) {
    // Its flash memory outlives an unplugging.
    let mut module = Module::new(stage.settings().sensor, baud);
    keep_plugged(stage, Device::Scanner, link, baud, |line| {
        module.power_up();
        line.baud = module.baud();
        serve(stage, line, &mut module)
    });
}

fn serve(stage: &Stage, line: &mut Line<'_>, module: &mut Module) -> Result<(), Lost> {
    let mut decoder = Decoder::new();
    let mut buffer = [0; 1024];
    // When the waiting scan exposes again, and when it gives up.
    let (mut next, mut until) = (Instant::now(), None);
    loop {
        match line.receive_within(&mut buffer, stage.bell(Device::Scanner), TICK)? {
            Heard::Bytes(count) => decoder.push(&buffer[..count]),
            // A module that cannot make out a byte answers with bytes that the host cannot make out either.
            Heard::Noise(count) => line.send_noise(count).or_else(stay)?,
            Heard::Nothing => {}
        }
        while let Some(packet) = decoder.next_packet() {
            // What is no packet is not answered: the manual has no word for it.
            let Ok(packet) = packet else { continue };
            let before = module.waiting();
            let deeds = module.hear(&packet);
            act(stage, line, module, deeds).or_else(stay)?;
            if let Some(scan) = module.waiting().filter(|_| before.is_none()) {
                stage.count(|counters| counters.scanner_images += 1);
                next = Instant::now() + LOOK;
                until = scan.patience.map(|patience| Instant::now() + patience);
                look(stage, line, module).or_else(stay)?;
            }
        }
        if module.waiting().is_none() {
            continue;
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            let deeds = module.gave_up(answer::TIME_OUT);
            act(stage, line, module, deeds).or_else(stay)?;
        } else if Instant::now() >= next {
            next += LOOK;
            look(stage, line, module).or_else(stay)?;
        }
    }
}

/// Exposes for the waiting scan; answers it if there is a finger.
fn look(stage: &Stage, line: &mut Line<'_>, module: &mut Module) -> Result<(), Lost> {
    let deeds = match stage.sense() {
        _ if stage.fault(Device::Scanner) == FaultKind::Busy => module.gave_up(answer::BUSY),
        Some(grey) => module.scanned(&grey),
        None => Vec::new(),
    };
    act(stage, line, module, deeds)
}

fn act(stage: &Stage, line: &mut Line<'_>, module: &mut Module, deeds: Vec<Deed>) -> Result<(), Lost> {
    for deed in deeds {
        if deed.begins_image() {
            stage.sending(Device::Scanner);
        }
        let began = Instant::now();
        let damage = stage.fault(Device::Scanner) == FaultKind::BadChecksum;
        let sent = line.send(&deed.encode(damage));
        if matches!(deed, Deed::Piece(..) | Deed::Plain(_)) {
            let took = began.elapsed().as_millis() as u64;
            stage.count(|counters| counters.scanner_transfer_ms += took);
        }
        sent?;
        if deed == Deed::Sent {
            stage.count(|counters| counters.scanner_uploads += 1);
            stage.sent();
        }
    }
    if module.settle() {
        line.baud = module.baud();
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
