//! How long one check takes: the same calls that a station makes for a frame or a print, on pictures in memory.
//!
//! Samples are printed as they are; whoever reads them takes medians. A picture on which nothing is found has another
//! name in its lines, so that a quick answer to a bad picture is not taken for a quick check.

use super::{Refusal, face, finger, measure_face, slap};
use clap::{Args, ValueEnum};
use domain::units::Ppi;
use quality::face::PortraitRules;
use quality::finger::Assessor;
use quality::slap::Segmenter;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The portrait that a station makes: the proposed rules.
const PORTRAIT: PortraitRules =
    PortraitRules { head_height: 0.75, eye_line: 0.45, max_width: 1200, max_bytes: 375_000, least_jpeg_quality: 60 };

/// What is measured, and how often.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which check.
    check: Check,
    /// Picture files.
    #[arg(required = true)]
    pub(super) files: Vec<PathBuf>,
    /// Face detector.
    #[arg(long, default_value = face::default_engine())]
    pub(super) engine: String,
    /// Resolution of prints in pixels per inch, whatever the files state.
    #[arg(long, value_parser = super::ppi)]
    ppi: Option<Ppi>,
    /// Checks of each picture.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) rounds: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Check {
    /// Detector and components on one frame, nothing known from before, in time of the processor.
    Face,
    /// The engine `blazeface` part by part, in time of the processor, and its share of what the processor could do.
    FaceEngine,
    /// Everything on one print, in time of the processor.
    Finger,
    /// What needs no minutiae, in time of the processor.
    FingerValues,
    /// Four prints at once, one thread each, over and over: frames a second.
    Hand,
    /// The most memory that was resident while prints were scored, everything of this program included.
    Memory,
    /// The portrait out of a frame whose face has been found, in time of the processor.
    Portrait,
    /// Finding and naming the fingers on one platen.
    Slap,
}

/// Measures and prints `{"name", "value", "unit"}` for each check.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    match arguments.check {
        Check::Face => measure_face::frames(arguments, out),
        Check::FaceEngine => measure_face::parts(arguments, out),
        Check::Finger => fingers(arguments, ("finger", Assessor::new()), out),
        Check::FingerValues => fingers(arguments, ("finger values", Assessor::without_minutiae()), out),
        Check::Hand => hand(arguments, out),
        Check::Memory => memory(arguments, out),
        Check::Portrait => portraits(arguments, out),
        Check::Slap => slaps(arguments, out),
    }
}

pub(super) fn refused(path: &Path) -> impl Fn(Refusal) -> io::Error + '_ {
    move |refusal| io::Error::other(format!("{}: {} ({})", path.display(), refusal.text, refusal.code))
}

fn fingers(arguments: &Arguments, (name, mut assessor): (&str, Assessor), out: &mut impl Write) -> io::Result<()> {
    for path in &arguments.files {
        let (print, _) = finger::print(path, arguments.ppi).map_err(refused(path))?;
        for _ in 0..arguments.rounds {
            let began = thread_time();
            let found = black_box(assessor.assess(&print)).value().is_some();
            let took = (thread_time() - began).as_secs_f64() * 1000.0;
            sample(out, if found { name } else { "no print" }, took, "ms")?;
        }
    }
    Ok(())
}

/// Time that the processor has spent on this thread: on a machine with other work, what a check takes and not how long
/// it waits.
pub(super) fn thread_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn hand(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let read = |path: &PathBuf| finger::print(path, arguments.ppi).map_err(refused(path));
    let prints = arguments.files.iter().map(read).collect::<io::Result<Vec<_>>>()?;
    let began = Instant::now();
    std::thread::scope(|scope| {
        for place in 0..4 {
            let (print, _) = &prints[place % prints.len()];
            scope.spawn(move || {
                let mut assessor = Assessor::new();
                for _ in 0..arguments.rounds {
                    black_box(assessor.assess(print));
                }
            });
        }
    });
    sample(out, "hand", f64::from(arguments.rounds) / began.elapsed().as_secs_f64(), "1/s")
}

fn memory(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let mut assessor = Assessor::new();
    for path in &arguments.files {
        let (print, _) = finger::print(path, arguments.ppi).map_err(refused(path))?;
        (0..arguments.rounds).for_each(|_| _ = black_box(assessor.assess(&print)));
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    let most: f64 = most.ok_or_else(|| io::Error::other("the system does not say how much memory was resident"))?;
    sample(out, "memory", most * 1024.0 / 1e6, "MB")
}

pub(super) fn sample(out: &mut impl Write, name: &str, value: f64, unit: &str) -> io::Result<()> {
    writeln!(out, "{}", json!({ "name": name, "value": value, "unit": unit }))
}

fn portraits(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let mut engine = face::Engine::open(&arguments.engine, None, None);
    for path in &arguments.files {
        let frame = face::frame(path).map_err(refused(path))?;
        let sighting = engine.detector().map_err(refused(path))?.detect(&frame);
        for _ in 0..arguments.rounds {
            let began = thread_time();
            let made = sighting
                .faces()
                .first()
                .and_then(|face| quality::face::portrait(&frame, face, sighting.landmarks.as_ref(), &PORTRAIT).ok());
            let took = (thread_time() - began).as_secs_f64() * 1000.0;
            sample(out, if black_box(made).is_some() { "portrait" } else { "no portrait" }, took, "ms")?;
        }
    }
    Ok(())
}

fn slaps(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let mut segmenter = Segmenter::new();
    for path in &arguments.files {
        let (image, ppi) = finger::print(path, arguments.ppi).map_err(refused(path))?;
        let mut check = || {
            let slap = segmenter.segment(image.grey(), image.width as usize, image.height as usize, ppi);
            if slap::of_any_hand(&slap).named.is_empty() { "no slap" } else { "slap" }
        };
        repeat(arguments.rounds, &mut check, out)?;
    }
    Ok(())
}

fn repeat(rounds: u32, check: &mut dyn FnMut() -> &'static str, out: &mut impl Write) -> io::Result<()> {
    for _ in 0..rounds {
        let began = Instant::now();
        let name = black_box(check());
        let took = began.elapsed().as_secs_f64() * 1000.0;
        sample(out, name, took, "ms")?;
    }
    Ok(())
}
