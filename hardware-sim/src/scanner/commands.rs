//! What the module understands: one line for each command.

use super::module::{Answer, Module, Sensor};
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

/// Every command, in the order of the codes (ZFM-20 manual V2.0; from 0x28 on the R503 manual).
pub const COMMANDS: &[Command] = &[
    guarded(0x01, "GenImg", 0, gen_img),
    guarded(0x0A, "UpImage", 0, up_image),
    guarded(0x0E, "SetSysPara", 2, set_sys_para),
    guarded(0x0F, "ReadSysPara", 0, |module, _, _| Answer::with(module.system_parameters().encode())),
    guarded(0x12, "SetPwd", 4, set_password),
    free(0x13, "VfyPwd", 4, verify_password),
    guarded(0x14, "GetRandomCode", 0, random),
    guarded(0x15, "SetAdder", 4, set_address),
    guarded(0x1D, "TemplateNum", 0, |_, _, _| Answer::with(vec![0, 0])),
    guarded(0x28, "GenImgEx", 0, gen_img),
    guarded(0x30, "Cancel", 0, done),
    guarded(0x35, "AuraLedConfig", 4, done),
    guarded(0x36, "CheckSensor", 0, done),
    guarded(0x3C, "ReadProdInfo", 0, |module, _, _| Answer::with(module.product().encode())),
    free(0x40, "HandShake", 0, done),
    guarded(0x50, "OpenLED", 0, done),
    guarded(0x51, "CloseLED", 0, done),
    guarded(0x52, "GetImageFree", 0, gen_img),
    free(0x53, "GetEcho", 0, |_, _, _| Answer::code(0x55)),
];

fn done(_: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    Answer::code(confirmation::OK)
}

fn gen_img(module: &mut Module, _: &[u8], sensor: &mut dyn Sensor) -> Answer {
    module.image = sensor.image();
    Answer::code(if module.image.is_some() { confirmation::OK } else { confirmation::NO_FINGER })
}

/// Over the serial line only the high four bits of a pixel are sent.
fn up_image(module: &mut Module, _: &[u8], _: &mut dyn Sensor) -> Answer {
    match &module.image {
        Some(grey) => Answer { data: Some(pack_nibbles(grey)), ..Answer::code(confirmation::OK) },
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

/// Four bytes, big endian; the table has checked that there are four.
fn word(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::scanner::ef01::command::{ProductInfo, SystemParameters, unpack_nibbles};
    use drivers::scanner::ef01::packet::{DEFAULT_ADDRESS, Packet, PacketKind};
    use proptest::prelude::*;
    use std::sync::Arc;

    struct Finger(Option<Arc<Vec<u8>>>);

    impl Sensor for Finger {
        fn image(&mut self) -> Option<Arc<Vec<u8>>> {
            self.0.clone()
        }
    }

    fn ask(module: &mut Module, content: &[u8], finger: &mut Finger) -> Answer {
        let packet = Packet::new(module.address(), PacketKind::Command, content.to_vec()).unwrap();
        let answer = module.hear(&packet, finger).unwrap();
        module.settle();
        answer
    }

    fn module(password: u32) -> Module {
        Module::new((16, 2), 57_600, password)
    }

    #[test]
    fn codes_are_in_order_and_unlike() {
        assert!(COMMANDS.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn commands_are_answered_as_the_manual_says() {
        let rows: [(&[u8], u8); 14] = [
            (&[0x01], confirmation::NO_FINGER),
            (&[0x0A], confirmation::NO_IMAGE),
            (&[0x0E, 6, 3], confirmation::OK),
            (&[0x0E, 6, 4], confirmation::BAD_REGISTER),
            (&[0x0E, 4, 13], confirmation::BAD_REGISTER),
            (&[0x0E, 5, 0], confirmation::BAD_REGISTER),
            (&[0x0E, 9, 1], confirmation::BAD_REGISTER),
            (&[0x0E, 6], confirmation::RECEIVE_ERROR),
            (&[0x13, 0, 0, 0, 0], confirmation::OK),
            (&[0x13, 0, 0, 0, 1], confirmation::WRONG_PASSWORD),
            (&[0x35, 1, 2, 3, 4], confirmation::OK),
            (&[0x40], confirmation::OK),
            (&[0x53], 0x55),
            (&[0xEE], confirmation::RECEIVE_ERROR),
        ];
        for (content, code) in rows {
            let answer = ask(&mut module(0), content, &mut Finger(None));
            assert_eq!(answer.confirmation, code, "{content:02x?}");
        }
    }

    #[test]
    fn the_image_is_what_lay_on_the_glass_at_four_bits() {
        let grey: Vec<u8> = (0..32).map(|n| n * 8).collect();
        let mut finger = Finger(Some(Arc::new(grey.clone())));
        let mut module = module(0);
        assert_eq!(ask(&mut module, &[0x01], &mut finger).confirmation, confirmation::OK);
        let data = ask(&mut module, &[0x0A], &mut finger).data.unwrap();
        let back = unpack_nibbles(&data);
        assert!(grey.iter().zip(&back).all(|(sent, got)| sent >> 4 == got >> 4));
        // Lifting empties the buffer at the next exposure, not before.
        finger.0 = None;
        assert!(ask(&mut module, &[0x0A], &mut finger).data.is_some());
        ask(&mut module, &[0x01], &mut finger);
        assert_eq!(ask(&mut module, &[0x0A], &mut finger), Answer::code(confirmation::NO_IMAGE));
    }

    #[test]
    fn a_password_guards_everything_but_its_own_check() {
        let mut module = module(0xCAFE);
        let mut none = Finger(None);
        assert_eq!(ask(&mut module, &[0x0F], &mut none).confirmation, confirmation::MUST_VERIFY);
        assert_eq!(ask(&mut module, &[0x13, 0, 0, 0, 0], &mut none).confirmation, confirmation::WRONG_PASSWORD);
        assert_eq!(ask(&mut module, &[0x13, 0, 0, 0xCA, 0xFE], &mut none).confirmation, confirmation::OK);
        let parameters = SystemParameters::decode(&ask(&mut module, &[0x0F], &mut none).parameters).unwrap();
        assert_eq!((parameters.status, parameters.baud_factor), (0b100, 6));
    }

    #[test]
    fn settings_come_into_force_after_the_answer() {
        let mut module = module(0);
        let packet = Packet::new(DEFAULT_ADDRESS, PacketKind::Command, vec![0x0E, 4, 12]).unwrap();
        assert_eq!(module.hear(&packet, &mut Finger(None)).unwrap().confirmation, confirmation::OK);
        assert_eq!(module.baud(), 57_600);
        module.settle();
        assert_eq!(module.baud(), 115_200);
        ask(&mut module, &[0x15, 0, 0, 0, 9], &mut Finger(None));
        assert_eq!(module.address(), 9);
        assert_eq!(module.hear(&packet, &mut Finger(None)), None, "a packet for the old address");
    }

    #[test]
    fn it_says_that_it_is_simulated() {
        let answer = ask(&mut module(0), &[0x3C], &mut Finger(None));
        let product = ProductInfo::decode(&answer.parameters).unwrap();
        assert!(product.model.contains("SIMULATED"));
        assert_eq!((product.width, product.height), (16, 2));
    }

    proptest! {
        #[test]
        fn arbitrary_commands_are_answered_and_never_panic(content in proptest::collection::vec(any::<u8>(), 1..40)) {
            let mut module = module(0);
            let packet = Packet::new(DEFAULT_ADDRESS, PacketKind::Command, content).unwrap();
            prop_assert!(module.hear(&packet, &mut Finger(None)).is_some());
        }
    }
}
