//! How long faces take: a whole frame as a station judges it, and the parts of the engine `blazeface`.

use super::face;
use super::measure::{Arguments, refused, sample, thread_time};
use domain::image::Frame;
use domain::units::Millis;
use quality::face::{FaceDetector, Sighting, assess, blazeface};
use std::hint::black_box;
use std::io::{self, Write};

/// From one frame of a stream to the next: thirty a second.
const FRAME_MS: u64 = 33;

/// Rounds of the exercise that says what the processor could do: some milliseconds.
const EXERCISE: u32 = 400_000;

/// Detector and components on a frame of which nothing is known.
pub(super) fn frames(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let mut engine = face::Engine::open(&arguments.engine, None, None);
    for path in &arguments.files {
        let frame = face::frame(path).map_err(refused(path))?;
        let detector = engine.detector().map_err(refused(path))?;
        for _ in 0..arguments.rounds {
            detector.forget();
            let (found, took) = timed(|| assess(&frame, &detector.detect(&frame)));
            sample(out, found.face().map_or("nobody", |_| "face"), took, "ms")?;
        }
    }
    Ok(())
}

/// The detector, with landmarks, with components; the same in a stream; and shares of the processor's peak.
pub(super) fn parts(arguments: &Arguments, out: &mut impl Write) -> io::Result<()> {
    let place = face::place(blazeface::ENGINE.name);
    let mut tracker = blazeface::open(&place).map_err(|fault| io::Error::other(fault.to_string()))?;
    let (detector_products, mesh_products) = tracker.products();
    for path in &arguments.files {
        let frame = face::frame(path).map_err(refused(path))?;
        for round in 0..arguments.rounds {
            let peak = peak();
            let (found, took) = timed(|| tracker.boxes(&frame));
            sample(out, named(!found.faces().is_empty(), "detection"), took, "ms")?;
            sample(out, "share of detection", share(detector_products, took, peak), "%")?;
            tracker.forget();
            let (seen, took) = timed(|| tracker.detect(&frame));
            sample(out, named(seen.landmarks.is_some(), "landmarks"), took, "ms")?;
            sample(out, "share of landmarks", share(detector_products + mesh_products, took, peak), "%")?;
            let (_, assessed) = timed(|| assess(&frame, &seen));
            sample(out, "components", took + assessed, "ms")?;
            if round == 0 {
                stream(&mut tracker, &frame, arguments.rounds, out)?;
            }
        }
    }
    Ok(())
}

/// Frames of one face that stands still, from the second one on.
fn stream(tracker: &mut blazeface::Tracker, first: &Frame, rounds: u32, out: &mut impl Write) -> io::Result<()> {
    tracker.forget();
    for index in 0..=u64::from(rounds) {
        let rgb = first.rgb().to_vec();
        let frame = Frame::new(first.width, first.height, Millis(index * FRAME_MS), index, rgb);
        let frame = frame.map_err(|error| io::Error::other(error.to_string()))?;
        let (seen, took): (Sighting, f64) = timed(|| tracker.detect(&frame));
        let (_, assessed) = timed(|| assess(&frame, &seen));
        if index > 0 {
            sample(out, named(seen.landmarks.is_some(), "tracking"), took, "ms")?;
            sample(out, "tracking and components", took + assessed, "ms")?;
        }
    }
    Ok(())
}

fn named(found: bool, name: &'static str) -> &'static str {
    if found { name } else { "nobody" }
}

/// What it gives, and how many milliseconds of the processor it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let began = thread_time();
    let made = black_box(work());
    (made, (thread_time() - began).as_secs_f64() * 1000.0)
}

/// Floating-point operations a millisecond that the processor makes when nothing holds it up.
fn peak() -> f64 {
    let ((done, _), took) = timed(|| blazeface::exercise(EXERCISE));
    done as f64 / took
}

/// Percent of the peak: a product is a multiplication and an addition.
fn share(products: u64, took: f64, peak: f64) -> f64 {
    100.0 * 2.0 * products as f64 / took / peak
}
