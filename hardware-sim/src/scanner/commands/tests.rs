//! What every command answers.

use super::*;
use drivers::scanner::ef01::command::{ProductInfo, SystemParameters, pack_nibbles, unpack_nibbles};
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
    let rows: [(&[u8], u8); 38] = [
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
        (&[0x02, 1], confirmation::NO_IMAGE),
        (&[0x03], confirmation::NO_MATCH),
        (&[0x04, 1, 0, 0, 0, 200], confirmation::NOT_FOUND),
        (&[0x05], confirmation::MERGE_FAIL),
        (&[0x06, 1, 0, 0], confirmation::FLASH),
        (&[0x06, 1, 0, 200], confirmation::BAD_PAGE),
        (&[0x07, 1, 0, 0], confirmation::TEMPLATE_READ),
        (&[0x07, 1, 0, 200], confirmation::BAD_PAGE),
        (&[0x08, 1], confirmation::TEMPLATE_UPLOAD),
        (&[0x09, 1], confirmation::OK),
        (&[0x0B], confirmation::OK),
        (&[0x0C, 0, 0, 0, 200], confirmation::OK),
        (&[0x0C, 0, 0, 0, 201], confirmation::DELETE_FAIL),
        (&[0x0C, 255, 255, 255, 255], confirmation::DELETE_FAIL),
        (&[0x0D], confirmation::OK),
        (&[0x16], confirmation::OK),
        (&[0x19, 15], confirmation::OK),
        (&[0x19, 16], confirmation::BAD_REGISTER),
        (&[0x1B, 1, 0, 0, 0, 200], confirmation::NOT_FOUND),
        (&[0x1F, 3], confirmation::OK),
        (&[0x1F, 4], confirmation::BAD_PAGE),
        (&[0x28], confirmation::NO_FINGER),
        (&[0x31, 0, 0, 0, 0, 0], confirmation::RECEIVE_ERROR),
        (&[0x39], confirmation::OK),
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

/// Touches of one finger, 192 by 192 pixels.
fn touches(seed: u64, count: u64) -> Vec<Finger> {
    let master = render::print::Master::from_seed(seed, 2);
    let touch = |number| render::print::Impression::clean(seed * 100 + number);
    (0..count)
        .map(|number| Finger(Some(Arc::new(master.impression(&touch(number), 192, 192, 508.0).into_raw()))))
        .collect()
}

/// Takes an image and computes its print into a buffer.
fn take(module: &mut Module, finger: &mut Finger, buffer: u8) {
    assert_eq!(ask(module, &[0x01], finger).confirmation, confirmation::OK);
    assert_eq!(ask(module, &[0x02, buffer], finger).confirmation, confirmation::OK);
}

/// Sends data packets.
fn give(module: &mut Module, bytes: &[u8]) {
    for packet in drivers::scanner::ef01::command::data_packets(module.address(), bytes, module.packet_size()).unwrap()
    {
        assert_eq!(module.hear(&packet, &mut Finger(None)), None, "data packets are not acknowledged");
    }
}

#[test]
fn a_finger_is_enrolled_found_again_sent_and_deleted() {
    let mut module = Module::new((192, 192), 57_600, 0);
    let mut none = Finger(None);
    let (mut mine, mut other) = (touches(3, 3), touches(4, 1));
    take(&mut module, &mut mine[0], 1);
    take(&mut module, &mut mine[1], 2);
    assert_eq!(ask(&mut module, &[0x05], &mut none).confirmation, confirmation::OK, "one template of both");
    assert_eq!(ask(&mut module, &[0x06, 1, 0, 7], &mut none).confirmation, confirmation::OK);
    assert_eq!(ask(&mut module, &[0x1D], &mut none).parameters, [0, 1]);
    assert_eq!(ask(&mut module, &[0x1F, 0], &mut none).parameters[..2], [0x80, 0]);
    // Found by another touch, at its place, but not where there is none, and not by another finger.
    take(&mut module, &mut mine[2], 1);
    for (content, code, page) in [
        ([0x04, 1, 0, 0, 0, 200], confirmation::OK, 7),
        ([0x1B, 1, 0, 7, 0, 1], confirmation::OK, 7),
        ([0x04, 1, 0, 8, 0, 100], confirmation::NOT_FOUND, 0),
    ] {
        let answer = ask(&mut module, &content, &mut none);
        assert_eq!((answer.confirmation, answer.parameters[1]), (code, page), "{content:02x?}");
    }
    take(&mut module, &mut other[0], 1);
    assert_eq!(ask(&mut module, &[0x04, 1, 0, 0, 0, 200], &mut none).confirmation, confirmation::NOT_FOUND);
    // A file that is sent away and given back is the same file; a damaged one matches nothing.
    ask(&mut module, &[0x07, 2, 0, 7], &mut none);
    let file = ask(&mut module, &[0x08, 2], &mut none).data.unwrap();
    assert_eq!(file.len(), 512);
    for (damage, code) in [(0, confirmation::OK), (1, confirmation::NO_MATCH)] {
        let mut sent = file.clone();
        sent[100] ^= damage;
        assert_eq!(ask(&mut module, &[0x09, 1], &mut none).confirmation, confirmation::OK);
        give(&mut module, &sent);
        assert_eq!(ask(&mut module, &[0x08, 1], &mut none).data, Some(sent));
        assert_eq!(ask(&mut module, &[0x03], &mut none).confirmation, code);
    }
    // Flash memory survives a reset, buffers do not.
    let answer = ask(&mut module, &[0x3D], &mut none);
    assert_eq!((answer.confirmation, answer.after), (confirmation::OK, vec![0x55]));
    assert_eq!(ask(&mut module, &[0x08, 1], &mut none).confirmation, confirmation::TEMPLATE_UPLOAD);
    assert_eq!(ask(&mut module, &[0x1D], &mut none).parameters, [0, 1]);
    assert_eq!(ask(&mut module, &[0x0C, 0, 7, 0, 1], &mut none).confirmation, confirmation::OK);
    assert_eq!(ask(&mut module, &[0x1D], &mut none).parameters, [0, 0]);
}

#[test]
fn two_fingers_do_not_become_one_template() {
    let mut module = Module::new((192, 192), 57_600, 0);
    take(&mut module, &mut touches(3, 1)[0], 1);
    take(&mut module, &mut touches(4, 1)[0], 2);
    let compared = ask(&mut module, &[0x03], &mut Finger(None));
    assert_eq!((compared.confirmation, compared.parameters.len()), (confirmation::NO_MATCH, 2), "a score either way");
    assert_eq!(ask(&mut module, &[0x05], &mut Finger(None)).confirmation, confirmation::MERGE_FAIL);
}

#[test]
fn unusable_images_are_told_by_what_is_wrong_with_them() {
    let mut module = Module::new((192, 192), 57_600, 0);
    let mut noise = render::Rng::stream(5, 5);
    let scribble = (0..192 * 192).map(|_| noise.bits() as u8).collect();
    for (grey, code) in [(vec![235; 192 * 192], confirmation::TOO_FEW), (scribble, confirmation::MESSY)] {
        ask(&mut module, &[0x01], &mut Finger(Some(Arc::new(grey))));
        assert_eq!(ask(&mut module, &[0x02, 1], &mut Finger(None)).confirmation, code);
    }
}

#[test]
fn an_image_from_the_host_is_computed_with_like_one_from_the_glass() {
    let mut module = Module::new((192, 192), 57_600, 0);
    let Finger(Some(grey)) = touches(3, 1).remove(0) else { unreachable!() };
    for (bytes, code) in
        [(18_432, confirmation::OK), (18_431, confirmation::NO_IMAGE), (18_433, confirmation::NO_IMAGE)]
    {
        module.power_up();
        let mut packed = pack_nibbles(&grey);
        packed.resize(bytes, 0);
        ask(&mut module, &[0x0B], &mut Finger(None));
        give(&mut module, &packed);
        assert_eq!(ask(&mut module, &[0x02, 1], &mut Finger(None)).confirmation, code, "{bytes} bytes");
    }
    // Data that nobody announced change nothing.
    give(&mut module, &[1; 512]);
    assert_eq!(ask(&mut module, &[0x08, 2], &mut Finger(None)).confirmation, confirmation::TEMPLATE_UPLOAD);
}

#[test]
fn notes_are_kept() {
    let mut module = module(0);
    let mut write = vec![0x18, 3];
    write.extend(1..=32);
    assert_eq!(ask(&mut module, &write, &mut Finger(None)).confirmation, confirmation::OK);
    module.power_up();
    assert_eq!(ask(&mut module, &[0x19, 3], &mut Finger(None)).parameters, write[2..]);
}

proptest! {
    #[test]
    fn arbitrary_data_never_panic(
        announced in prop::bool::ANY,
        pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..256), 0..8),
    ) {
        let mut module = module(0);
        ask(&mut module, if announced { &[0x09, 1] } else { &[0x0B] }, &mut Finger(None));
        for piece in pieces {
            give(&mut module, &piece);
        }
        prop_assert_eq!(ask(&mut module, &[0x03], &mut Finger(None)).confirmation, confirmation::NO_MATCH);
    }

    #[test]
    fn arbitrary_commands_are_answered_and_never_panic(content in proptest::collection::vec(any::<u8>(), 1..40)) {
        let mut module = module(0);
        let packet = Packet::new(DEFAULT_ADDRESS, PacketKind::Command, content).unwrap();
        prop_assert!(module.hear(&packet, &mut Finger(None)).is_some());
    }
}
