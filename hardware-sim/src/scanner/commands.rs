//! What the module understands: one line for each command.

use super::library;
use super::module::{Answer, Module, Sensor};
use super::prints::extract;
use drivers::scanner::ef01::command::{PacketSize, confirmation, pack_nibbles};

/// One command of the module.
pub struct Command {
    /// Instruction code.
    pub code: u8,
    /// The manual's name.
    pub name: &'static str,
    /// Bytes of parameters, exactly.
    pub parameters: usize,
    /// Refused until the password is verified, if there is one.
    pub guarded: bool,
    /// What it does.
    pub run: fn(&mut Module, &[u8], &mut dyn Sensor) -> Answer,
}

const fn guarded(code: u8, name: &'static str, parameters: usize, run: Run) -> Command {
    Command { code, name, parameters, guarded: true, run }
}

const fn free(code: u8, name: &'static str, parameters: usize, run: Run) -> Command {
    Command { code, name, parameters, guarded: false, run }
}

type Run = fn(&mut Module, &[u8], &mut dyn Sensor) -> Answer;

/// Every command, in the order of the codes (ZFM-20 manual V2.0; from 0x28 on the R503 manual). AutoEnroll (0x31) and
/// AutoIdentify (0x32) are refused as unknown, with 0x01: hosts of this kind drive the steps themselves.
pub const COMMANDS: &[Command] = &[
    guarded(0x01, "GenImg", 0, gen_img),
    guarded(0x02, "Img2Tz", 1, library::convert),
    guarded(0x03, "Match", 0, library::compare),
    guarded(0x04, "Search", 5, library::search),
    guarded(0x05, "RegModel", 0, library::combine),
    guarded(0x06, "Store", 3, library::store),
    guarded(0x07, "LoadChar", 3, library::load),
    guarded(0x08, "UpChar", 1, library::upload),
    guarded(0x09, "DownChar", 1, library::download),
    guarded(0x0A, "UpImage", 0, up_image),
    guarded(0x0B, "DownImage", 0, library::download_image),
    guarded(0x0C, "DeletChar", 4, library::delete),
    guarded(0x0D, "Empty", 0, library::empty),
    guarded(0x0E, "SetSysPara", 2, set_sys_para),
    guarded(0x0F, "ReadSysPara", 0, |module, _, _| Answer::with(module.system_parameters().encode())),
    guarded(0x12, "SetPwd", 4, set_password),
    free(0x13, "VfyPwd", 4, verify_password),
    guarded(0x14, "GetRandomCode", 0, random),
    guarded(0x15, "SetAdder", 4, set_address),
    guarded(0x16, "ReadINFpage", 0, information),
    guarded(0x17, "Port_Control", 1, done),
    guarded(0x18, "WriteNotepad", 1 + library::NOTE, library::write_note),
    guarded(0x19, "ReadNotepad", 1, library::read_note),
    guarded(0x1B, "HiSpeedSearch", 5, library::search),
    guarded(0x1D, "TemplateNum", 0, library::count),
    guarded(0x1F, "ReadIndexTable", 1, library::index),
    guarded(0x28, "GenImgEx", 0, gen_img_ex),
    guarded(0x30, "Cancel", 0, done),
    guarded(0x33, "Sleep", 0, done),
    guarded(0x35, "AuraLedConfig", 4, done),
    guarded(0x36, "CheckSensor", 0, done),
    guarded(0x39, "GetAlgVer", 0, |_, _, _| Answer::with(version("SIMULATED GRID 1"))),
    guarded(0x3A, "GetFwVer", 0, |_, _, _| Answer::with(version("SIMULATED 1.0"))),
    guarded(0x3C, "ReadProdInfo", 0, |module, _, _| Answer::with(module.product().encode())),
    guarded(0x3D, "SoftRst", 0, reset),
    free(0x40, "HandShake", 0, done),
    guarded(0x50, "OpenLED", 0, done),
    guarded(0x51, "CloseLED", 0, done),
    guarded(0x52, "GetImageFree", 0, gen_img),
    free(0x53, "GetEcho", 0, |_, _, _| Answer::code(confirmation::ALIVE)),
];

fn done(_: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    Answer::code(confirmation::OK)
}

fn gen_img(module: &mut Module, _: &[u8], sensor: &mut dyn Sensor) -> Answer {
    module.image = sensor.image();
    Answer::code(if module.image.is_some() { confirmation::OK } else { confirmation::NO_FINGER })
}

/// As GenImg, and says at once whether the image is good enough to compute with.
fn gen_img_ex(module: &mut Module, parameters: &[u8], sensor: &mut dyn Sensor) -> Answer {
    let taken = gen_img(module, parameters, sensor);
    let (width, height) = module.size;
    match &module.image {
        Some(grey) if extract(grey, width as usize, height as usize).is_err() => Answer::code(confirmation::TOO_FEW),
        _ => taken,
    }
}

/// Over the serial line only the high four bits of a pixel are sent.
fn up_image(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    match &module.image {
        Some(grey) => Answer { data: Some(pack_nibbles(grey)), is_image: true, ..Answer::code(confirmation::OK) },
        None => Answer::code(confirmation::NO_IMAGE),
    }
}

fn set_sys_para(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    let value = u16::from(parameters[1]);
    match (parameters[0], value) {
        (4, 1..=12) => module.next.baud_factor = value,
        (5, 1..=5) => module.next.security = value,
        (6, code) => match PacketSize::from_code(code) {
            Ok(size) => module.next.packet_size = size,
            Err(_) => return Answer::code(confirmation::BAD_REGISTER),
        },
        _ => return Answer::code(confirmation::BAD_REGISTER),
    }
    Answer::code(confirmation::OK)
}

fn set_password(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    module.password = word(parameters);
    module.verified = false;
    Answer::code(confirmation::OK)
}

fn verify_password(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    module.verified = word(parameters) == module.password;
    Answer::code(if module.verified { confirmation::OK } else { confirmation::WRONG_PASSWORD })
}

fn random(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    Answer::with((module.random.bits() as u32).to_be_bytes().to_vec())
}

fn set_address(module: &mut Module, parameters: &[u8], _: &mut dyn Sensor) -> Answer {
    module.next.address = word(parameters);
    Answer::code(confirmation::OK)
}

/// A page of information follows: the system parameters, and zeros.
fn information(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    let mut page = module.system_parameters().encode();
    page.resize(512, 0);
    Answer { data: Some(page), ..Answer::code(confirmation::OK) }
}

/// Answers, starts anew, and then says with a lone byte that it is there again.
fn reset(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    module.resets = true;
    Answer { after: vec![confirmation::ALIVE], ..Answer::code(confirmation::OK) }
}

/// 32 bytes of text.
fn version(text: &str) -> Vec<u8> {
    text.bytes().chain(std::iter::repeat(0)).take(32).collect()
}

/// Four bytes, big endian; the table has checked that there are four.
fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests;
