//! `gatepost-sim day`: everything that a day shows to a station's devices, as one number. A day replays from its seed if
//! two runs give the same number, on whatever machine and however the program was built.

use crate::person::Person;
use crate::shift::plan::{self, Planned};
use crate::stage::pictures::Pictures;
use clap::Args;
use domain::finger::Finger;
use jiff::civil::Date;
use render::head::Pose;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Sensor of the day's single touches, in pixels: the one of the demonstration.
const SENSOR: (u32, u32) = (192, 192);

/// Frames of each traveller's stream that count: the first, and one of a later moment of the sway.
const FRAMES: [u64; 2] = [0, 21];

/// Touches of each finger that count.
const TOUCHES: u32 = 2;

/// What `day` is told on the command line.
#[derive(Args, Clone, Debug)]
pub struct DayArgs {
    /// Decides who comes, in which order, and what is seen of them.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many come.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub travellers: u64,
    /// Pictures of every n-th traveller are drawn; 1 draws all of them. The plan always counts whole.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub every: u64,
    /// All ten fingers of those travellers, as a slap scanner sees them, besides those of a single-finger sensor.
    #[arg(long)]
    pub hands: bool,
    /// The day from which ages and expiry dates are counted.
    #[arg(long, default_value = "2026-03-01")]
    pub date: Date,
}

/// A day in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// SHA-256 of the plan and of the pictures drawn, in hexadecimal digits.
    pub digest: String,
    /// Pictures that were drawn.
    pub pictures: usize,
}

/// Prints the day's number as a JSON line.
pub fn run(args: &DayArgs) -> Result<String, String> {
    let day = of(args)?;
    Ok(json!({
        "seed": args.seed,
        "travellers": args.travellers,
        "date": args.date.to_string(),
        "pictures": day.pictures,
        "digest": day.digest,
    })
    .to_string())
}

/// The day's number.
///
/// # Errors
/// When a picture cannot be drawn.
pub fn of(args: &DayArgs) -> Result<Day, String> {
    let plan = plan::travellers(args.travellers as usize, args.seed);
    let next = AtomicUsize::new(0);
    let seen: Mutex<Vec<(usize, Result<Seen, String>)>> = Mutex::new(Vec::with_capacity(plan.len()));
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((at, planned)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, plan.get(at)?)))
                {
                    let one = look(planned, at, args);
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push((at, one));
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    if seen.len() != plan.len() {
        return Err(String::from("a traveller could not be drawn"));
    }
    // Whoever was drawn first: the day has one order.
    seen.sort_by_key(|(at, _)| *at);
    let (mut whole, mut pictures) = (Sha256::new(), 0);
    for (_, one) in seen {
        let one = one?;
        whole.update(one.digest);
        pictures += one.pictures;
    }
    Ok(Day { digest: hexadecimal(&whole.finalize()), pictures })
}

/// What is seen of one traveller.
struct Seen {
    digest: [u8; 32],
    pictures: usize,
}

fn look(planned: &Planned, at: usize, args: &DayArgs) -> Result<Seen, String> {
    let person = Person::new(planned.seed, &planned.script.traveller, args.date);
    let mut digest = Sha256::new();
    let part = |digest: &mut Sha256, bytes: &[u8]| {
        // Lengths keep two parts apart.
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(&mut digest, planned.script.id.as_bytes());
    part(&mut digest, planned.expected.id().as_bytes());
    part(&mut digest, &[u8::from(planned.typed)]);
    part(&mut digest, &planned.seed.to_be_bytes());
    person.lines.iter().for_each(|line| part(&mut digest, line.as_bytes()));
    let mut pictures = 0;
    if (at as u64).is_multiple_of(args.every) {
        for bytes in drawn(&person, args.hands)? {
            part(&mut digest, &bytes);
            pictures += 1;
        }
    }
    Ok(Seen { digest: digest.finalize().into(), pictures })
}

fn drawn(person: &Person, hands: bool) -> Result<Vec<Vec<u8>>, String> {
    let pictures = Pictures::make(person, SENSOR)?;
    let clip = pictures.clip(&Pose::default(), None, 1.0)?;
    let mut drawn: Vec<Vec<u8>> = FRAMES.iter().map(|number| clip.frame(*number).to_vec()).collect();
    for (finger, number) in person.planned_fingers().into_iter().flat_map(|f| (0..TOUCHES).map(move |n| (f, n))) {
        drawn.push(pictures.impression(finger, number, None)?.to_vec());
    }
    if hands {
        let there = Finger::ALL.into_iter().filter(|finger| !person.lacks(*finger));
        drawn.extend(there.map(|finger| pictures.laid(finger, 0, None).image.as_raw().clone()));
    }
    Ok(drawn)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_replays_from_its_seed() {
        let args = DayArgs { seed: 7, travellers: 40, every: 20, hands: false, date: date(2026, 3, 1) };
        let day = of(&args).unwrap();
        assert_eq!(day, of(&args).unwrap());
        assert!(day.pictures >= 8, "{day:?}");
        let others = [
            DayArgs { seed: 8, ..args.clone() },
            DayArgs { travellers: 41, ..args.clone() },
            DayArgs { date: date(2026, 3, 2), ..args.clone() },
        ];
        for other in others {
            assert_ne!(
                of(&DayArgs { every: 100, ..other.clone() }).unwrap().digest,
                of(&DayArgs { every: 100, ..args.clone() }).unwrap().digest,
                "{other:?}"
            );
        }
    }
}
