//! Heads are the same to the last bit on every machine, in every build: their digests are written down here.
//!
//! A change of how heads look changes them; the failing test prints the new ones.

use render::head::{Draw, Figure, Glasses, HairStyle, Identity, Medium, Population, Pose, Scene, Shot, Subject, shoot};

const SIZE: (u32, u32) = (200, 150);

/// FNV-1a of the pixels and of the truth's numbers.
fn digest(shot: &Shot) -> u64 {
    let numbers = shot.truth.iter().flat_map(|truth| {
        let points = truth.landmarks.iter().flat_map(|mark| [mark.x, mark.y]);
        truth.face.into_iter().chain(points).collect::<Vec<f32>>()
    });
    let bytes = shot.image.as_raw().iter().copied().chain(numbers.flat_map(|number| number.to_bits().to_le_bytes()));
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

fn drawn(population: Population, number: u64) -> Shot {
    Draw::new(population, 1, number, SIZE).shoot(SIZE.0, SIZE.1)
}

fn attack() -> Shot {
    let (who, bearer) = (Identity::from_seed(3), Identity::from_seed(4));
    let behind = Figure { subject: Subject::Person(&bearer), pose: Pose { distance: 0.85, ..Pose::default() } };
    let print =
        Figure { subject: Subject::Photo(&who, Medium::Print), pose: Pose { offset_x: -0.2, ..Pose::default() } };
    let turned = Pose { offset_x: 0.25, yaw: 20.0, roll: 8.0, ..Pose::default() };
    let screen = Figure { subject: Subject::Photo(&who, Medium::Screen), pose: turned };
    shoot(&[behind, print, screen], &Scene::default(), SIZE.0, SIZE.1)
}

fn covered() -> Shot {
    let who = Identity { hair: HairStyle::Beanie, glasses: Glasses::Sun, mask: true, ..Identity::from_seed(8) };
    let pose = Pose { smile: 1.0, brows: -1.0, gaze_x: 20.0, mouth: 0.5, ..Pose::default() };
    let scene = Scene { jpeg: Some(30), defocus: 3.0, motion: 6.0, white_balance: 0.4, ..Scene::default() };
    shoot(&[Figure { subject: Subject::Person(&who), pose }], &scene, SIZE.0, SIZE.1)
}

#[test]
fn heads_are_what_they_were() {
    let mut rows: Vec<(String, Shot)> =
        (0..8).map(|n| (format!("frontal {n}"), drawn(Population::Frontal, n))).collect();
    rows.push(("wide".to_owned(), drawn(Population::Wide, 2)));
    rows.push(("egg".to_owned(), drawn(Population::Egg, 1)));
    rows.push(("empty".to_owned(), drawn(Population::Empty, 1)));
    rows.push(("attack".to_owned(), attack()));
    rows.push(("covered".to_owned(), covered()));
    let found: Vec<String> =
        rows.iter().map(|(name, shot)| format!("(\"{name}\", 0x{:016X}),", digest(shot))).collect();
    let expected: Vec<String> = EXPECTED.iter().map(|(name, hash)| format!("(\"{name}\", 0x{hash:016X}),")).collect();
    assert!(found == expected, "now:\n{}", found.join("\n"));
}

const EXPECTED: &[(&str, u64)] = &[
    ("frontal 0", 0x0FC0_FBA0_3148_C94D),
    ("frontal 1", 0xD033_72BF_20F3_7109),
    ("frontal 2", 0x9584_D519_F48B_6B5A),
    ("frontal 3", 0x886A_80C5_F7D8_87ED),
    ("frontal 4", 0x1E58_C163_B6D9_8D08),
    ("frontal 5", 0x01D2_D0C3_6D45_8BA5),
    ("frontal 6", 0x6F02_FD92_DAB5_836B),
    ("frontal 7", 0x923B_8D09_2938_D9C6),
    ("wide", 0x64ED_20FD_157C_9E81),
    ("egg", 0x9081_8178_8638_34F4),
    ("empty", 0x55D2_8508_12BD_0E9A),
    ("attack", 0xD46A_18FD_3460_99C4),
    ("covered", 0x4ED8_D0E5_9FC5_33A8),
];
