//! The driver of serial fingerprint sensors on a real USB serial line, with the simulator's module at the other end.

use crate::device::Device;
use crate::gadget::{self, DEVICE, HOST};
use crate::{Checked, because, check, permits, say};
use domain::device::{DeviceKind, DeviceState};
use drivers::scanner::ef01::command::{ack, data_packets, pack_nibbles, unpack_nibbles};
use drivers::scanner::ef01::packet::Decoder;
use hardware_sim::scanner::{Answer, Module, Sensor};
use render::print::{Impression, Master};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Pixels of the sensor.
const SIZE: (u32, u32) = (192, 192);

/// Its resolution in pixels per inch.
const PPI: f32 = 508.0;

/// Bytes a second over ten: USB does not pace, the module says this all the same.
const BAUD: u32 = 115_200;

/// A place in the middle of an image of 18,432 bytes.
const CUT: i64 = 9_000;

/// Bytes of a data packet that are written at once.
const CHUNK: usize = 64;

/// No cut.
const NEVER: i64 = i64::MAX;

/// Runs the checks.
pub fn run() {
    let glass = Glass::default();
    if let Err(why) = gadget::make().and_then(|()| start(&glass)) {
        check("scanner-described", || Err(why));
        return;
    }
    let settings = json!({"path": HOST, "baud": BAUD});
    let mut scanner = Device::start(DeviceKind::FingerScanner, "ef01", settings);
    let master = Master::from_seed(11, 2);
    let print = |seed| Arc::new(master.impression(&Impression::clean(seed), SIZE.0, SIZE.1, PPI).into_raw());
    if !check("scanner-described", || described(&scanner)) {
        return;
    }
    check("scanner-image-exact", || exact(&mut scanner, &glass, &print(1)));
    check("scanner-unplugged-in-an-image", || unplugged(&mut scanner, &glass, &print(2)));
    check("scanner-back-and-exact", || {
        gadget::plug_in()?;
        scanner.until_state(DeviceState::Ready)?;
        exact(&mut scanner, &glass, &print(3))
    });
}

fn described(scanner: &Device) -> Checked {
    // It is absent before it is plugged in, and then found.
    scanner.until_state(DeviceState::Absent)?;
    gadget::plug_in()?;
    let found = scanner.descriptor()?;
    if !found.simulated || (found.width, found.height) != SIZE || found.transport != format!("{HOST} at {BAUD} baud") {
        return Err(format!("{found:?}"));
    }
    Ok(())
}

/// What arrives is what lay on the glass, at four bits a pixel.
fn exact(scanner: &mut Device, glass: &Glass, print: &Arc<Vec<u8>>) -> Checked {
    glass.put(Arc::clone(print));
    scanner.capture(permits::finger());
    let image = scanner.finger()?;
    let expected = unpack_nibbles(&pack_nibbles(print));
    let differ = image.grey().iter().zip(&expected).filter(|(got, wanted)| got != wanted).count();
    if image.grey().len() != expected.len() || differ > 0 {
        return Err(format!("{differ} of {} pixels differ, {} came", expected.len(), image.grey().len()));
    }
    scanner.until_state(DeviceState::Ready)
}

fn unplugged(scanner: &mut Device, glass: &Glass, print: &Arc<Vec<u8>>) -> Checked {
    glass.put(Arc::clone(print));
    glass.cut.store(CUT, Ordering::SeqCst);
    scanner.capture(permits::finger());
    let code = scanner.fault()?;
    if code != "D-12" {
        return Err(format!("an unplugging was told as {code}"));
    }
    if glass.cut.load(Ordering::SeqCst) != NEVER {
        return Err("the attempt failed before the cut".to_owned());
    }
    scanner.until_state(DeviceState::Absent)
}

/// What lies on the sensor, and how many bytes of images go over the line before the plug is pulled.
#[derive(Clone)]
struct Glass {
    print: Arc<Mutex<Option<Arc<Vec<u8>>>>>,
    cut: Arc<AtomicI64>,
}

impl Default for Glass {
    fn default() -> Self {
        Self { print: Arc::default(), cut: Arc::new(AtomicI64::new(NEVER)) }
    }
}

impl Glass {
    fn put(&self, print: Arc<Vec<u8>>) {
        *self.print.lock().unwrap_or_else(PoisonError::into_inner) = Some(print);
    }

    fn lift(&self) {
        *self.print.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Sensor for Glass {
    fn image(&mut self) -> Option<Arc<Vec<u8>>> {
        self.print.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The module on the device's side of the line, for as long as the guest runs.
fn start(glass: &Glass) -> Checked {
    let glass = glass.clone();
    let module = move || {
        loop {
            // The line ends whenever the plug is pulled, and is opened again.
            if let Err(error) = serve(&glass)
                && error.kind() == io::ErrorKind::NotFound
            {
                say(&format!("vm: note {DEVICE}: {error}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    };
    because("start the module", thread::Builder::new().name("module".into()).spawn(module)).map(drop)
}

fn serve(glass: &Glass) -> io::Result<()> {
    let mut line = File::options().read(true).write(true).open(DEVICE)?;
    // A terminal in line mode would echo packets back.
    let mut raw = tcgetattr(&line)?;
    raw.make_raw();
    tcsetattr(&line, OptionalActions::Now, &raw)?;
    let (mut module, mut decoder) = (Module::new(SIZE, BAUD, 0), Decoder::new());
    let mut buffer = [0; 1024];
    loop {
        let count = line.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        decoder.push(&buffer[..count]);
        while let Some(packet) = decoder.next_packet() {
            let answer = match packet {
                Ok(packet) => module.hear(&packet, &mut glass.clone()),
                Err(_) => Some(module.misheard()),
            };
            if let Some(answer) = answer {
                reply(&mut line, &module, answer, glass)?;
                module.settle();
            }
        }
    }
}

fn reply(line: &mut File, module: &Module, answer: Answer, glass: &Glass) -> io::Result<()> {
    let address = module.address();
    let told = ack(address, answer.confirmation, &answer.parameters).map_err(io::Error::other)?;
    line.write_all(&told.encode())?;
    let Some(data) = answer.data else { return Ok(()) };
    for packet in data_packets(address, &data, module.packet_size()).map_err(io::Error::other)? {
        for piece in packet.encode().chunks(CHUNK) {
            line.write_all(piece)?;
            if glass.cut.fetch_sub(piece.len() as i64, Ordering::SeqCst) < piece.len() as i64 {
                // Noted first: the driver may notice at once.
                glass.cut.store(NEVER, Ordering::SeqCst);
                glass.lift();
                gadget::pull_out()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
    // The finger goes when its image is through.
    glass.lift();
    Ok(())
}
