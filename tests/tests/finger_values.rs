//! The 65 native values that need no minutiae, on simulated prints of many sizes and defects, are those of NFIQ 2.
//!
//! The expected values were given by NFIQ 2 itself (`tests/frozen/finger_values.py` says how); the prints are drawn
//! anew.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, as the test does")]

use domain::image::FingerImage;
use domain::units::Ppi;
use quality::finger::{Assessor, natives};
use render::print::{Axis, Impression, Master};

const FROZEN: &str = include_str!("../frozen/finger_values.tsv");

/// Relative difference that is allowed. The frozen values have nine digits, and ours were equal to a millionth.
const TOLERANCE: f64 = 1e-6;

/// Fewer prints than this would not be what was promised.
const LEAST_PRINTS: usize = 200;

struct Row<'a> {
    person: u64,
    finger: u8,
    touch: Impression,
    width: u32,
    height: u32,
    values: Vec<f64>,
    line: &'a str,
}

impl<'a> Row<'a> {
    fn of(line: &'a str) -> Self {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap();
        let (person, finger) = (next().parse().unwrap(), next().parse().unwrap());
        let mut touch = Impression::clean(next().parse().unwrap());
        let (width, height) = (next().parse().unwrap(), next().parse().unwrap());
        for defect in next().split(',').filter(|defect| *defect != "-") {
            let (name, level) = defect.split_once('=').unwrap();
            let level = level.parse().unwrap();
            match name {
                "background" => touch.background = level,
                "noise" => touch.noise = level,
                _ => touch = touch.with(Axis::from_id(name).unwrap(), level),
            }
        }
        Self { person, finger, touch, width, height, values: fields.map(|v| v.parse().unwrap()).collect(), line }
    }

    /// What is wrong with the values of the print, if anything.
    fn fault(&self, master: &Master, assessor: &mut Assessor) -> Option<String> {
        let drawn = master.impression(&self.touch, self.width, self.height, 500.0).into_raw();
        let print = FingerImage::new(self.width, self.height, Ppi::FIVE_HUNDRED, 8, drawn).unwrap();
        let found = assessor.assess(&print);
        let minutiae = natives::MINUTIAE_COUNT.start..natives::MINUTIAE_QUALITY.end;
        let ids = natives::IDS.iter().enumerate().filter(|(place, _)| !minutiae.contains(place)).map(|(_, id)| id);
        assert_eq!(self.values.len(), natives::COUNT - minutiae.len());
        let mut pairs = ids.zip(&self.values);
        let (id, expected) = pairs.find(|(id, expected)| {
            !found.measure(id).is_some_and(|value| (value - **expected).abs() <= TOLERANCE * expected.abs())
        })?;
        let print: Vec<&str> = self.line.splitn(7, '\t').take(6).collect();
        Some(format!("{}: {id} is {:?}, not {expected}", print.join(" "), found.measure(id)))
    }
}

#[test]
fn simulated_prints_have_the_values_of_the_reference() {
    let rows: Vec<Row> = FROZEN.lines().map(Row::of).collect();
    assert!(rows.len() >= LEAST_PRINTS, "{} prints", rows.len());
    // A finger's master takes longest: it is drawn once, and fingers are spread over the processors.
    let fingers: Vec<&[Row]> = rows.chunk_by(|one, other| one.person == other.person).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let faults: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker| {
                let mine: Vec<&[Row]> = fingers.iter().copied().skip(worker).step_by(workers).collect();
                scope.spawn(move || {
                    let mut assessor = Assessor::new();
                    let mut faults = Vec::new();
                    for prints in mine {
                        let master = Master::from_seed(prints[0].person, prints[0].finger);
                        faults.extend(prints.iter().filter_map(|row| row.fault(&master, &mut assessor)));
                    }
                    faults
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(faults, Vec::<String>::new());
}
