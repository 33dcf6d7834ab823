//! A sensor of the 0xEF01 family that plays a script. It is strict: what is not in the script ends the test.

use super::pty::Device;
use drivers::scanner::ef01::command::{
    Instruction, PacketSize, ProductInfo, SystemParameters, ack, confirmation, data_packets, pack_nibbles,
    parse_command,
};
use drivers::scanner::ef01::packet::{DEFAULT_ADDRESS, Decoder, Packet};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sides of the sensor in pixels.
pub const SIDE: u16 = 64;

/// What the sensor does when an image is asked for, one entry each time. Without an entry it answers properly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    /// A pixel is damaged on the way: the packet's checksum is wrong.
    BadChecksum,
    /// The last packet never comes.
    CutShort,
    /// Noise, in place of the packets.
    Garbage,
    /// A packet too many.
    TooLong,
    /// A byte, and the next one a second later.
    Trickle,
    /// The cable is pulled in the middle.
    Unplug,
}

/// How the sensor behaves.
#[derive(Clone, Debug)]
pub struct Script {
    /// Answers to GenImg, in order; then "no finger" for ever.
    pub images: Vec<u8>,
    /// How uploads go wrong, in order.
    pub uploads: Vec<Upload>,
    /// Whether it knows ReadSysPara and ReadProdInfo.
    pub tells: bool,
    /// Answers nothing at all.
    pub silent: bool,
    /// Answers everything with noise.
    pub noise: bool,
    /// Answers each command with the first byte only.
    pub half: bool,
    /// This many answers have a wrong checksum.
    pub damaged_answers: u32,
    /// Each answer is the one to the command before; the first, to a GenImg of long ago.
    pub lags: bool,
    /// The password it wants.
    pub password: u32,
    /// The model it tells.
    pub model: &'static str,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            images: vec![confirmation::NO_FINGER, confirmation::OK, confirmation::OK],
            uploads: Vec::new(),
            tells: true,
            silent: false,
            noise: false,
            half: false,
            damaged_answers: 0,
            lags: false,
            password: 0,
            model: "SIMULATED R503",
        }
    }
}

/// A running sensor. Dropping it unplugs it.
pub struct Sensor {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sensor {
    /// Plugs a sensor in under this path.
    pub fn plug_in(link: &Path, script: Script) -> Self {
        let device = Device::plug_in(link);
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let stop = stop.clone();
            std::thread::spawn(move || play(device, script, &stop))
        };
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().expect("the sensor got a command that it did not expect");
        }
    }
}

/// The pixels of every image: each of the sixteen greys that the line can carry.
pub fn pixels() -> Vec<u8> {
    (0..usize::from(SIDE) * usize::from(SIDE)).map(|at| ((at / 3 + at / 64) % 16 * 17) as u8).collect()
}

fn play(device: Device, mut script: Script, stop: &AtomicBool) {
    let (mut images, mut uploads) = (VecDeque::from(script.images.clone()), VecDeque::from(script.uploads.clone()));
    let mut decoder = Decoder::new();
    let mut late = ack(DEFAULT_ADDRESS, confirmation::OK, &[]).unwrap().encode();
    while !stop.load(Ordering::SeqCst) {
        decoder.push(&device.read(10));
        while let Some(command) = decoder.next_packet() {
            let command = command.expect("the driver's packets are sound");
            let (code, parameters) = parse_command(&command).unwrap();
            let instruction = Instruction::from_code(code).expect("an instruction that the sensor knows");
            if script.silent {
                continue;
            }
            if script.noise {
                device.write(&[0x55; 40]);
                continue;
            }
            let (code, answer) = answer(instruction, parameters, &script, &mut images);
            let mut answer = ack(DEFAULT_ADDRESS, code, &answer).unwrap().encode();
            if script.damaged_answers > 0 {
                script.damaged_answers -= 1;
                *answer.last_mut().unwrap() ^= 1;
            }
            if script.lags {
                std::mem::swap(&mut answer, &mut late);
            }
            device.write(if script.half { &answer[..1] } else { &answer });
            if instruction == Instruction::UpImage && !upload(&device, uploads.pop_front(), stop) {
                return;
            }
        }
    }
}

fn answer(instruction: Instruction, parameters: &[u8], script: &Script, images: &mut VecDeque<u8>) -> (u8, Vec<u8>) {
    let ok = |answer| (confirmation::OK, answer);
    match instruction {
        Instruction::VfyPwd if parameters == script.password.to_be_bytes() => ok(vec![]),
        Instruction::VfyPwd => (confirmation::WRONG_PASSWORD, vec![]),
        Instruction::ReadSysPara if script.tells => ok(system_parameters().encode()),
        Instruction::ReadProdInfo if script.tells => ok(product(script.model).encode()),
        Instruction::ReadSysPara | Instruction::ReadProdInfo => (confirmation::RECEIVE_ERROR, vec![]),
        Instruction::GenImg => (images.pop_front().unwrap_or(confirmation::NO_FINGER), vec![]),
        Instruction::UpImage => ok(vec![]),
        Instruction::HandShake | Instruction::SetSysPara | Instruction::TemplateNum => {
            panic!("{instruction:?} is not used")
        }
    }
}

/// Sends the image; false when the sensor was unplugged.
fn upload(device: &Device, trouble: Option<Upload>, stop: &AtomicBool) -> bool {
    let packets = data_packets(DEFAULT_ADDRESS, &pack_nibbles(&pixels()), PacketSize::Bytes128).unwrap();
    let whole: Vec<u8> = packets.iter().flat_map(Packet::encode).collect();
    match trouble {
        None => device.write(&whole),
        Some(Upload::BadChecksum) => {
            let mut damaged = whole;
            damaged[500] ^= 0x10;
            device.write(&damaged);
        }
        Some(Upload::CutShort) => device.write(&whole[..whole.len() - 139]),
        Some(Upload::Garbage) => device.write(&[0x55; 1200]),
        Some(Upload::TooLong) => {
            device.write(&packets[0].encode());
            device.write(&whole);
        }
        Some(Upload::Trickle) => {
            device.write(&whole[..1]);
            wait(Duration::from_secs(1), stop);
        }
        Some(Upload::Unplug) => {
            device.write(&whole[..whole.len() / 2]);
            return false;
        }
    }
    true
}

/// The pace of a slow sensor, not a wait for the driver.
fn wait(time: Duration, stop: &AtomicBool) {
    let end = Instant::now() + time;
    while Instant::now() < end && !stop.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn system_parameters() -> SystemParameters {
    SystemParameters {
        status: 0,
        system_id: 9,
        capacity: 200,
        security: 3,
        address: DEFAULT_ADDRESS,
        packet_size: PacketSize::Bytes128,
        baud_factor: 12,
    }
}

fn product(model: &str) -> ProductInfo {
    ProductInfo {
        model: model.into(),
        batch: "1".into(),
        serial: "7".into(),
        hardware: [1, 4],
        sensor: "S".into(),
        width: SIDE,
        height: SIDE,
        template_size: 1536,
        capacity: 200,
    }
}
