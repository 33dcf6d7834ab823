//! The simulated scanner seen from a host at the other end of a real terminal.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::{Host, Simulation};
use domain::finger::Finger;
use drivers::scanner::ef01::command::{Instruction, ProductInfo, SystemParameters, confirmation, unpack_nibbles};
use hardware_sim::stage::{Device, FaultKind, StageError};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_shakes_hands_and_reads_parameters() {
    let simulation = Simulation::start(false, 0).await;
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    assert_eq!(host.ask(Instruction::HandShake, &[]).0, confirmation::OK);
    assert_eq!(host.ask(Instruction::VfyPwd, &[0, 0, 0, 0]).0, confirmation::OK);
    let (code, parameters) = host.ask(Instruction::ReadSysPara, &[]);
    let parameters = SystemParameters::decode(&parameters).unwrap();
    assert_eq!((code, parameters.baud_factor, parameters.packet_size.bytes()), (confirmation::OK, 12, 128));
    let product = ProductInfo::decode(&host.ask(Instruction::ReadProdInfo, &[]).1).unwrap();
    assert!(product.model.contains("SIMULATED"));
    assert_eq!((product.width, product.height), (64, 48));
    assert_eq!(simulation.running.stage.counters().scanner_images, 0, "talking is not capturing");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_pixel_exact_at_four_bits_and_paced() {
    let simulation = Simulation::start(false, 0).await;
    simulation.arrive(3);
    let stage = &simulation.running.stage;
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    assert_eq!(host.ask(Instruction::GenImg, &[]).0, confirmation::NO_FINGER);
    assert_eq!(host.ask(Instruction::UpImage, &[]).0, confirmation::NO_IMAGE);
    stage.put(Finger::RightIndex).unwrap();
    host.await_finger();
    let began = Instant::now();
    assert_eq!(host.ask(Instruction::UpImage, &[]).0, confirmation::OK);
    let got = unpack_nibbles(&host.data().unwrap());
    let took = began.elapsed();
    let there = stage.on_glass().unwrap();
    assert_eq!(got.len(), there.len());
    assert!(there.iter().zip(&got).all(|(there, got)| (there >> 4) * 17 == *got));
    assert!(there.iter().any(|pixel| *pixel < 128) && there.iter().any(|pixel| *pixel > 128), "ridges and valleys");
    // 64 x 48 pixels are 1536 bytes in 12 packets of 139 bytes: 1668 bytes of 10 bits.
    let line = Duration::from_micros(1_668 * 10 * 1_000_000 / 115_200);
    assert!(took >= line, "{took:?} is faster than the line's {line:?}");
    // The data reaches the host a moment before the device has counted it.
    assert_eq!(host.ask(Instruction::HandShake, &[]).0, confirmation::OK);
    let counters = stage.counters();
    // One without a finger, one while it came down, and the one that was sent.
    assert_eq!((counters.scanner_images, counters.scanner_uploads), (3, 1));
    assert!(counters.scanner_transfer_ms >= line.as_millis() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_asked_for() {
    let simulation = Simulation::start(false, 0xCAFE).await;
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    assert_eq!(host.ask(Instruction::GenImg, &[]).0, confirmation::MUST_VERIFY);
    assert_eq!(host.ask(Instruction::VfyPwd, &[0, 0, 0, 1]).0, confirmation::WRONG_PASSWORD);
    assert_eq!(host.ask(Instruction::VfyPwd, &[0, 0, 0xCA, 0xFE]).0, confirmation::OK);
    assert_eq!(host.ask(Instruction::GenImg, &[]).0, confirmation::NO_FINGER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_at_another_speed_reads_garbage_and_at_the_right_one_again_sense() {
    let simulation = Simulation::start(false, 0).await;
    let mut host = Host::open(&simulation.path("scanner"), 57_600);
    host.send(Instruction::HandShake, &[]);
    let silence = Duration::from_millis(400);
    let mut heard = host.packet_within(silence);
    while heard.as_ref().is_err_and(|error| error != "silence") {
        heard = host.packet_within(silence);
    }
    assert!(heard.is_err(), "garbage holds no packet");
    assert!(host.decoder.skipped() > 0 || host.decoder.pending() > 0, "something was heard");
    drop(host);
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    assert_eq!(host.ask(Instruction::HandShake, &[]).0, confirmation::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_commands_and_broken_packets_are_answered_with_an_error() {
    let simulation = Simulation::start(false, 0).await;
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    for bytes in [
        "ef01ffffffff010003ee00f2",
        // A wrong checksum.
        "ef01ffffffff010003010006",
    ] {
        let bytes: Vec<u8> =
            (0..bytes.len()).step_by(2).map(|at| u8::from_str_radix(&bytes[at..at + 2], 16).unwrap()).collect();
        std::io::Write::write_all(&mut host.port, &bytes).unwrap();
        assert_eq!(host.packet().unwrap().content(), [confirmation::RECEIVE_ERROR]);
    }
}

/// Starts an image and breaks the line in the middle of it.
fn broken_image(simulation: &Simulation, host: &mut Host, fault: FaultKind) -> Result<Vec<u8>, String> {
    let stage = &simulation.running.stage;
    stage.put(Finger::LeftIndex).unwrap();
    host.await_finger();
    // Acknowledgement of 12 bytes, then half of the image.
    stage.set_fault(Device::Scanner, fault, 12 + 800).unwrap();
    assert_eq!(host.ask(Instruction::UpImage, &[]).0, confirmation::OK);
    host.data()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_can_break_in_the_middle_in_every_way_and_the_next_one_is_whole() {
    let simulation = Simulation::start(false, 0).await;
    simulation.arrive(4);
    let stage = &simulation.running.stage;
    for fault in [FaultKind::BadChecksum, FaultKind::Garbage] {
        let mut host = Host::open(&simulation.path("scanner"), 115_200);
        let error = broken_image(&simulation, &mut host, fault).unwrap_err();
        assert!(!error.contains("unplugged"), "{fault:?}: {error}");
        stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
        while host.packet_within(Duration::from_millis(400)) != Err(String::from("silence")) {}
        host.decoder.clear();
        assert_eq!(host.ask(Instruction::UpImage, &[]).0, confirmation::OK, "after {fault:?}");
        assert_eq!(host.data().unwrap().len(), 64 * 48 / 2, "after {fault:?}");
    }
    // Unplugged in the middle: the host reads the end, the name is gone, and a new port comes with the replug.
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    assert_eq!(broken_image(&simulation, &mut host, FaultKind::Unplug), Err(String::from("unplugged")));
    stage.wait_plugged(Device::Scanner, false, common::LIMIT).unwrap();
    assert!(!simulation.path("scanner").exists());
    stage.set_fault(Device::Scanner, FaultKind::Replug, 0).unwrap();
    stage.wait_plugged(Device::Scanner, true, common::LIMIT).unwrap();
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    assert_eq!(host.ask(Instruction::HandShake, &[]).0, confirmation::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_or_silent_scanner_comes_back_when_the_fault_ends() {
    let simulation = Simulation::start(false, 0).await;
    let stage = &simulation.running.stage;
    for fault in [FaultKind::Silent, FaultKind::Stall] {
        let mut host = Host::open(&simulation.path("scanner"), 115_200);
        stage.set_fault(Device::Scanner, fault, 0).unwrap();
        host.send(Instruction::HandShake, &[]);
        assert_eq!(host.packet_within(Duration::from_millis(300)), Err(String::from("silence")), "{fault:?}");
        stage.set_fault(Device::Scanner, FaultKind::None, 0).unwrap();
        assert_eq!(host.ask(Instruction::HandShake, &[]).0, confirmation::OK, "{fault:?}");
    }
    let refused = stage.set_fault(Device::Camera, FaultKind::BadChecksum, 0);
    assert_eq!(refused, Err(StageError::FaultDoesNotFit { device: "camera", fault: "bad-checksum" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_autopilot_the_right_finger_comes_and_goes() {
    let simulation = Simulation::start(true, 0).await;
    let stage = &simulation.running.stage;
    let mut host = Host::open(&simulation.path("scanner"), 115_200);
    let mut seen = Vec::new();
    let deadline = Instant::now() + common::LIMIT;
    while seen.len() < 2 && Instant::now() < deadline {
        if host.ask(Instruction::GenImg, &[]).0 == confirmation::OK {
            seen.push(stage.finger().unwrap());
            assert_eq!(host.ask(Instruction::UpImage, &[]).0, confirmation::OK);
            host.data().unwrap();
        }
    }
    assert_eq!(seen, [Finger::RightIndex, Finger::LeftIndex]);
    assert_eq!(host.ask(Instruction::GenImg, &[]).0, confirmation::NO_FINGER, "the sensor is free in between");
}
