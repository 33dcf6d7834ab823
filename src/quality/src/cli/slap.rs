//! The answer for one slap file.

use super::{Line, Refusal, SlapArguments, finger as print};
use domain::finger::{Digit, Finger, Hand};
use domain::image::FingerImage;
use quality::slap::{self, Problem, Reading, Segmenter, Slap};
use serde::Serialize;
use std::path::Path;

/// What was found on one platen.
#[derive(Serialize)]
pub(super) struct Answer {
    ppi: u16,
    /// Degrees clockwise.
    rotation: f32,
    /// From left to right across the hand.
    fingers: Vec<Found>,
    /// The hand by the places of the fingertips alone; none where they do not tell.
    hand: Option<Hand>,
    /// How much better that hand fits than the other, as the logarithm of the odds.
    odds: f32,
    /// What is wrong, measured by what was asked for.
    problem: Option<&'static str>,
    /// The fingers that this is about.
    about: Vec<Finger>,
}

#[derive(Serialize)]
struct Found {
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    angle: f32,
    cut_off: bool,
    finger: Option<Finger>,
}

/// The finger of this name.
pub(super) fn finger(name: &str) -> Result<Finger, String> {
    Finger::from_id(name).ok_or_else(|| format!("there is no finger {name}; one is right-index"))
}

/// Reads one file, finds its fingers and names them.
pub(super) fn answer(segmenter: &mut Segmenter, path: &Path, asked: &SlapArguments) -> Result<Answer, Refusal> {
    let (image, ppi) = print::print(path, asked.ppi)?;
    let slap = segmenter.segment(image.grey(), image.width as usize, image.height as usize, ppi);
    let reading = if asked.wanted.is_empty() { of_any_hand(&slap) } else { slap::read(&slap, &asked.wanted) };
    if let Some(folder) = &asked.cut {
        write_cut(folder, path, &image, &slap)?;
    }
    let found = |(at, found): (usize, &slap::FingerBox)| Found {
        x: found.centre.0,
        y: found.centre.1,
        width: found.size.0,
        height: found.size.1,
        angle: found.angle,
        cut_off: found.cut_off,
        finger: reading.named.iter().find(|(_, named)| *named == at).map(|(finger, _)| *finger),
    };
    let fingers = slap.fingers.iter().enumerate().map(found).collect();
    Ok(Answer {
        ppi: ppi.get(),
        rotation: slap.rotation,
        fingers,
        hand: reading.hand,
        odds: reading.odds,
        problem: reading.problem.as_ref().map(Problem::id),
        about: reading.problem.as_ref().map(|problem| problem.fingers().to_vec()).unwrap_or_default(),
    })
}

/// Writes the fingers of a slap as PNG: `NAME-0.png` and so on.
fn write_cut(folder: &Path, of: &Path, image: &FingerImage, slap: &Slap) -> Result<(), Refusal> {
    let name = of.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    for index in 0..slap.fingers.len() {
        let Some(cut) = slap::cut(slap, index, image) else { continue };
        let path = folder.join(format!("{name}-{index}.png"));
        image::save_buffer(&path, cut.grey(), cut.width, cut.height, image::ExtendedColorType::L8)
            .map_err(|error| Refusal { code: "Q-08", text: format!("{} was not written: {error}", path.display()) })?;
    }
    Ok(())
}

/// The reading of a hand of which nothing was said: as the right hand, or as the left one where that lies there.
pub(super) fn of_any_hand(slap: &Slap) -> Reading {
    let four =
        |hand: Hand| [Digit::Index, Digit::Middle, Digit::Ring, Digit::Little].map(|digit| Finger::of(hand, digit));
    let right = slap::read(slap, &four(Hand::Right));
    if right.problem == Some(Problem::WrongHand) { slap::read(slap, &four(Hand::Left)) } else { right }
}

impl Line for Answer {
    fn words(&self) -> String {
        let hand = match self.hand {
            Some(Hand::Left) => "left hand",
            Some(Hand::Right) => "right hand",
            None => "hand unknown",
        };
        let named = self.fingers.iter().map(|found| found.finger.map_or("?", Finger::id));
        let mut parts = vec![hand.to_owned(), format!("turned {:.0}", self.rotation)];
        parts.extend(named.map(str::to_owned));
        parts.extend(self.problem.map(|problem| format!("problem {problem}")));
        parts.join("  ")
    }
}
