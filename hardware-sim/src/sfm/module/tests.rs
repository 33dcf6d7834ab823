//! What every request leads to.

use super::*;
use drivers::scanner::sfm::command::text;
use proptest::prelude::*;

fn module() -> Module {
    Module::new((8, 4), 115_200)
}

fn ask(module: &mut Module, command: u8, size: u32, flag: u8) -> Vec<Deed> {
    module.hear(&Packet::new(command, 0, size, flag))
}

fn flags(deeds: &[Deed]) -> Vec<u8> {
    let flag = |deed: &Deed| match deed {
        Deed::Answer(packet) => Some(packet.flag),
        _ => None,
    };
    deeds.iter().filter_map(flag).collect()
}

fn finger() -> Arc<Vec<u8>> {
    Arc::new((0..32).map(|at| at * 8).collect())
}

#[test]
fn requests_are_answered_as_the_manual_says() {
    for (command, size, flag, expected) in [
        (request::SS, 0, 0, (0x30, 0, answer::SUCCESS)),
        (request::ID, 0, 0, (1, 0, answer::SUCCESS)),
        (request::SR, 0, parameter::IMAGE_FORMAT, (0, 0x31, answer::SUCCESS)),
        (request::SR, 0, parameter::BAUD, (0, 0x35, answer::SUCCESS)),
        (request::SR, 0, 0x01, (0, 0, answer::UNSUPPORTED)),
        (request::SW, 0x30, parameter::IMAGE_FORMAT, (0, 0x30, answer::SUCCESS)),
        (request::SW, 0x33, parameter::IMAGE_FORMAT, (0, 0x33, answer::UNSUPPORTED)),
        (request::SW, 0x45, parameter::TIMEOUT, (0, 0x45, answer::UNSUPPORTED)),
        (request::SW, 7, parameter::SERIAL, (0, 7, answer::UNSUPPORTED)),
        (request::SF, 0, 0, (0, 0, answer::SUCCESS)),
        (request::CA, 0, 0, (0, 0, answer::SUCCESS)),
        (request::RIX, 0, 0, (0, 0, answer::NOT_FOUND)),
        (0x05, 0, 0, (0, 0, answer::UNSUPPORTED)),
    ] {
        let (parameter, value, code) = expected;
        let answer = Packet::new(command, parameter, value, code);
        assert_eq!(ask(&mut module(), command, size, flag), [Deed::Answer(answer)], "{command:#04x} {flag:#04x}");
    }
}

#[test]
fn it_says_that_it_is_simulated() {
    let read = |number| match ask(&mut module(), request::SR, 0, number)[..] {
        [Deed::Answer(packet)] => text(packet.size),
        _ => String::new(),
    };
    assert_eq!((read(parameter::FIRMWARE).as_str(), read(parameter::BUILD).as_str()), SIMULATED);
}

#[test]
fn an_image_goes_in_pieces_and_a_damaged_one_again() {
    let mut module = module();
    ask(&mut module, request::SW, ZERO, parameter::IMAGE_FORMAT);
    assert_eq!(ask(&mut module, request::SIX, 25, 0), [], "until there is a finger");
    assert_eq!(module.waiting().unwrap().patience, Some(Duration::from_secs(10)));
    assert_eq!(flags(&ask(&mut module, request::SS, 0, 0)), [answer::BUSY]);
    let deeds = module.scanned(&finger());
    assert_eq!(flags(&deeds), [answer::SCAN_SUCCESS, answer::SUCCESS]);
    let mut image = Vec::new();
    let mut piece = deeds.last().unwrap().clone();
    for (index, word) in [(0, answer::DATA_OK), (1, answer::DATA_ERROR), (1, answer::DATA_OK), (2, answer::DATA_OK)] {
        let Deed::Piece(packet, bytes) = &piece else { panic!("{piece:?}") };
        assert_eq!((packet.parameter, packet.size as usize), (index << 16 | 3, bytes.len()));
        if word == answer::DATA_OK {
            image.extend(bytes);
        }
        piece = ask(&mut module, request::SIX, 0, word).remove(0);
    }
    assert_eq!(piece, Deed::Sent);
    assert_eq!(ImageHeader::grey(8, 4).encode(), image[..28]);
    assert_eq!(image[28..], finger()[..]);
    // Once more, without sums, as long as the module has power.
    let deeds = ask(&mut module, request::RI, 0, 0);
    assert_eq!(deeds[1..], [Deed::Plain(image), Deed::Sent]);
    module.power_up();
    assert_eq!(flags(&ask(&mut module, request::RI, 0, 0)), [answer::NOT_FOUND]);
}

#[test]
fn from_the_factory_images_are_black_and_white() {
    let mut module = module();
    ask(&mut module, request::SI, 0, 0);
    let Some(Deed::Plain(image)) = module.scanned(&finger()).get(2).cloned() else { panic!("an image") };
    assert_eq!((image.len(), image[16]), (28 + 4, 1));
    assert_eq!(image[28..], [0, 0, 0xFF, 0xFF], "pixels from 128 on are bright");
}

#[test]
fn a_scan_ends_when_it_is_cancelled_or_nobody_comes() {
    let mut module = module();
    ask(&mut module, request::SI, 0, 0);
    assert_eq!(flags(&ask(&mut module, request::CA, 0, 0)), [answer::CANCELED, answer::SUCCESS]);
    ask(&mut module, request::SI, 0, 0);
    assert_eq!(flags(&module.gave_up(answer::TIME_OUT)), [answer::TIME_OUT]);
    assert_eq!(module.waiting(), None);
    assert_eq!(module.scanned(&finger()), [], "a finger that nobody asked for");
}

#[test]
fn a_new_speed_needs_saving_and_a_restart() {
    let mut module = module();
    for saved in [false, true] {
        ask(&mut module, request::SW, ZERO + 8, parameter::BAUD);
        if saved {
            ask(&mut module, request::SF, 0, 0);
        }
        assert!(!module.settle());
        ask(&mut module, request::RS, 0, 0);
        assert!(module.settle());
        assert_eq!(module.baud(), if saved { 921_600 } else { 115_200 });
    }
}

#[test]
fn terminals_are_told_apart_and_everybody_stays_silent() {
    let mut module = module();
    let to = |terminal, command| Packet { terminal, ..Packet::new(command, 0, 0, 0) };
    assert_eq!(module.hear(&to(Some(2), request::SS)), []);
    let Some(Deed::Answer(packet)) = module.hear(&to(Some(1), request::SS)).pop() else { panic!("an answer") };
    assert_eq!((packet.terminal, packet.encode().len()), (Some(1), 15));
    assert_eq!(module.hear(&to(Some(0), request::SF)), []);
    let Some(Deed::Answer(packet)) = module.hear(&to(Some(0), request::ID)).pop() else { panic!("an answer") };
    assert_eq!((packet.terminal, packet.parameter), (Some(1), 1));
}

#[test]
fn damage_shows_in_a_sum() {
    let answer = Deed::Answer(Packet::new(request::SS, 0x30, 0, answer::SUCCESS));
    let piece = Deed::Piece(Packet::new(request::SIX, 1, 3, 0), vec![1, 2, 3]);
    for (deed, at) in [(answer, 11), (piece, 19)] {
        let (right, wrong) = (deed.encode(false), deed.encode(true));
        let differ: Vec<usize> = (0..right.len()).filter(|at| right[*at] != wrong[*at]).collect();
        assert_eq!(differ, [at]);
    }
}

proptest! {
    #[test]
    fn arbitrary_requests_never_panic(
        requests in proptest::collection::vec((any::<u8>(), any::<u32>(), any::<u8>(), any::<Option<u16>>()), 0..20),
    ) {
        let mut module = module();
        for (command, size, flag, terminal) in requests {
            for deed in module.hear(&Packet { terminal, ..Packet::new(command, 0, size, flag) }) {
                deed.encode(false);
            }
            module.settle();
            for deed in module.scanned(&finger()) {
                deed.encode(true);
            }
        }
    }
}
