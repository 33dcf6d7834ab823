//! The promise: prints that former fingers left on a scanner's glass are noticed, and ordinary travellers raise no alarm.
//! Of 332 simulated prints on three scanners every third is as a population has them, good and bad; each is looked at on a
//! clean glass and on a dirty one.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use domain::image::FingerImage;
use domain::units::Ppi;
use image::GrayImage;
use quality::device::{platen, residue};
use render::Rng;
use render::print::slap::{self, HandPose, Slap};
use render::print::{Glass, Impression, Master, at_depth};
use station::figures::Drift;
use station::figures::drift::{FIRST, RECENT};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

/// What is measured of one picture.
type Measures = [Option<f64>; 2];

/// A scanner for single fingers, or the cuts of one for slaps.
struct Scanner {
    size: (u32, u32),
    ppi: u32,
    bits: u8,
    prints: u64,
}

/// Cuts of a slap scanner, as large as fingers need; a live-scan sensor; a small module on a serial line.
const CUTS: Scanner = Scanner { size: (400, 500), ppi: 500, bits: 8, prints: 130 };
const LIVE: Scanner = Scanner { size: (500, 600), ppi: 500, bits: 8, prints: 101 };
const SMALL: Scanner = Scanner { size: (192, 192), ppi: 508, bits: 4, prints: 101 };

static FINGERS: LazyLock<Vec<Master>> =
    LazyLock::new(|| (0..12).map(|n| Master::from_seed(900 + n, (n % 10) as u8 + 1)).collect());

fn measured(image: &GrayImage, ppi: u32, bits: u8) -> Measures {
    let image = at_depth(image, bits);
    let (width, height) = image.dimensions();
    let ppi = Ppi::try_from(ppi).unwrap();
    let image = FingerImage::new(width, height, ppi, bits, image.into_raw()).unwrap();
    [platen(&image), residue(&image)]
}

impl Scanner {
    /// Every print on a clean glass and on one with this residue.
    fn looks(&self, level: f32) -> Vec<[Measures; 2]> {
        let (width, height) = self.size;
        // Prints lie on different places of a glass that is larger than they are.
        let glass = Glass::dirty(0xD127, 0.0, level, width + 400, height + 400, self.ppi as f32);
        let (next, seen) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let draw = || loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.prints {
                return;
            }
            let poor = number % 3 == 0;
            let touch =
                if poor { Impression::draw(&mut Rng::stream(number, 0x0D1E)) } else { Impression::clean(number) };
            let finger = &FINGERS[number as usize % FINGERS.len()];
            let mut image = finger.impression(&touch, width, height, self.ppi as f32);
            let clean = measured(&image, self.ppi, self.bits);
            let corner = ((number % 3) as u32 * 200, (number / 3 % 3) as u32 * 200);
            glass.part(corner, width, height).cover(&mut image);
            let dirty = measured(&image, self.ppi, self.bits);
            seen.lock().unwrap().push((number, [clean, dirty]));
        };
        std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(draw))));
        let mut seen = seen.into_inner().unwrap();
        // Whichever thread drew it.
        seen.sort_by_key(|(number, _)| *number);
        seen.into_iter().map(|(_, measures)| measures).collect()
    }
}

fn add(drift: &mut Drift, [platen, residue]: Measures) {
    for (measure, value) in [("platen", platen), ("residue", residue)] {
        value.into_iter().for_each(|value| drift.add("scanner", measure, value));
    }
}

/// What drifts after prints on a clean glass, on a dirty one, and on one that was cleaned; no alarm may come before.
fn followed(seen: &[[Measures; 2]]) -> Vec<String> {
    let mut drift = Drift::default();
    for (at, [clean, _]) in seen.iter().enumerate() {
        add(&mut drift, *clean);
        assert_eq!(drift.drifting(), [], "print {at}: an ordinary traveller raises an alarm");
    }
    seen.iter().for_each(|[_, dirty]| add(&mut drift, *dirty));
    let told = drift.drifting().into_iter().map(|one| one.measure).collect();
    seen.iter().for_each(|[clean, _]| add(&mut drift, *clean));
    assert_eq!(drift.drifting(), [], "cleaned");
    told
}

/// The middle of what was measured, and how often it could be.
fn middle(seen: &[[Measures; 2]], dirty: usize, measure: usize) -> (f64, usize) {
    let mut values: Vec<f64> = seen.iter().filter_map(|looks| looks[dirty][measure]).collect();
    values.sort_by(f64::total_cmp);
    (values.get(values.len() / 2).copied().unwrap_or(f64::NAN), values.len())
}

#[test]
fn residue_is_noticed_and_travellers_are_not() {
    for (name, scanner, told) in [("cuts", CUTS, vec!["residue"]), ("live", LIVE, vec!["residue"])] {
        let seen = scanner.looks(0.6);
        let [(clean, n), (dirty, _)] = [0, 1].map(|glass| middle(&seen, glass, 1));
        let [light, grey] = [0, 1].map(|glass| middle(&seen, glass, 0).0);
        println!(
            "{name}: {n} of {} judged, residue {clean:.1} -> {dirty:.1}, platen {light:.1} -> {grey:.1}",
            seen.len()
        );
        assert!(n >= FIRST + RECENT, "{name}: only {n} could be judged");
        assert_eq!(followed(&seen), told, "{name}");
    }
}

#[test]
fn a_sensor_that_the_finger_covers_raises_no_alarm() {
    let seen = SMALL.looks(0.6);
    let judged = middle(&seen, 0, 1).1;
    println!("small: {judged} of {} judged", seen.len());
    assert!(judged * 10 < seen.len(), "{judged} prints left glass to judge");
    assert_eq!(followed(&seen), Vec::<String>::new());
}

#[test]
fn the_whole_glass_of_a_slap_scanner_shows_its_residue() {
    let touch = Impression { rotation: 0.0, shift: (0.0, 0.0), ..Impression::clean(3) };
    let hand: Vec<(u8, &Master, &Impression)> = (2..=5).map(|code| (code, &FINGERS[code as usize], &touch)).collect();
    let mut image = Slap::lay(&hand, HandPose::default(), slap::WIDTH, slap::HEIGHT).image;
    let of = |image: &GrayImage| measured(image, 500, 8)[1].unwrap();
    let clean = of(&image);
    Glass::dirty(0xD127, 0.0, 0.6, slap::WIDTH, slap::HEIGHT, slap::PPI).cover(&mut image);
    let dirty = of(&image);
    assert!(clean > 240.0 && dirty < clean - 12.0, "{clean} {dirty}");
}
