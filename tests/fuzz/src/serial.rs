//! What comes over serial lines: packets of both families of fingerprint modules, and lines of a document reader.

use drivers::reader::framing::{Framer, Marks};
use drivers::scanner::{ef01, sfm};
use std::time::{Duration, Instant};

/// Pieces that a line brings bytes in, one after the other.
const PIECES: [usize; 4] = [1, 7, 64, 300];

/// The first byte says by whom the rest is read.
pub fn packets(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    match which % 3 {
        0 => fingerprint_module(bytes),
        1 => fingerprint_module_of_another_make(bytes),
        _ => document_reader(bytes),
    }
}

fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    PIECES.iter().cycle().map_while(move |most| {
        let (piece, rest) = bytes.split_at(bytes.len().min(*most));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn fingerprint_module(bytes: &[u8]) {
    let mut decoder = ef01::packet::Decoder::new();
    for piece in pieces(bytes) {
        decoder.push(piece);
        while let Some(read) = decoder.next_packet() {
            let Ok(packet) = read else { continue };
            let again = packet.encode();
            let mut other = ef01::packet::Decoder::new();
            other.push(&again);
            assert_eq!(other.next_packet(), Some(Ok(packet.clone())), "a packet is read as it was written");
            let _ = (ef01::command::parse_ack(&packet), ef01::command::parse_command(&packet));
            let _ = ef01::command::SystemParameters::decode(packet.content());
        }
        assert!(decoder.pending() <= ef01::packet::MAX_BUFFERED, "what waits has a limit");
    }
}

fn fingerprint_module_of_another_make(bytes: &[u8]) {
    let mut decoder = sfm::packet::Decoder::new();
    for piece in pieces(bytes) {
        decoder.push(piece);
        while let Some(read) = decoder.next_packet() {
            if let Ok(packet) = read {
                // An image comes behind its packet, as many bytes as that says.
                let data = decoder.take(packet.size as usize % 4096);
                let _ = data.map(|data| sfm::command::ImageHeader::split(data.expose()).map(|(header, _)| header));
            }
        }
    }
}

fn document_reader(bytes: &[u8]) {
    let (mut framer, start) = (Framer::new(Marks { prefix: vec![2], suffix: vec![3] }), Instant::now());
    for (at, piece) in pieces(bytes).enumerate() {
        // Every third piece comes after a pause, which ends a read.
        let pause = Duration::from_secs(at as u64 / 3);
        let _ = framer.push(piece, start + pause);
    }
    let _ = framer.poll(start + Duration::from_secs(bytes.len() as u64 + 1));
}
