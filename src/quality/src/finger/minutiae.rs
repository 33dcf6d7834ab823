//! The four values of minutiae: how many there are, and how the print looks around them.
//!
//! The minutiae are those of our own extractor; what is made of them is as in NFIQ 2. NFIQ 2's extractor leaves false
//! minutiae in, and finds three times as many on the worst prints as on the best: so the counts are of all ends and forks
//! that the thinned ridges show, while the shares are of the minutiae that we take for true.

use super::cells::SIDE;
use super::natives::{self, Natives};
use super::prepare::Raster;
use super::tensor::Tensor;
use super::{Module, Print, ocl};
use crate::minutiae::Minutia;

/// How many minutiae there are.
pub(super) const COUNT_MODULE: Module = Module { id: "MinutiaeCount", measure: count };

/// How the print looks around them.
pub(super) const QUALITY_MODULE: Module = Module { id: "MinutiaeQuality", measure: quality };

/// Half the side of the square around the centre of all minutiae, in pixels at 500 ppi (NFIQ 2's constant).
const HALF_SQUARE: u64 = 100;

/// Why there is no value.
const NOT_LOOKED_FOR: &str = "minutiae were not looked for";

fn count(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let places = || print.traces().map(|(x, y)| (x as u64, y as u64));
    print.minutiae().ok_or(NOT_LOOKED_FOR)?;
    natives.put(natives::MINUTIAE_COUNT, &[around_centre(places) as f64, places().count() as f64]);
    Ok(())
}

/// Minutiae in the square of 200 pixels around the whole-number mean of all places; its border counts.
fn around_centre<I: Iterator<Item = (u64, u64)>>(places: impl Fn() -> I) -> usize {
    let count = places().count().max(1) as u64;
    let (x, y) = places().fold((0, 0), |sum, place| (sum.0 + place.0, sum.1 + place.1));
    let centre = (x / count, y / count);
    places()
        .filter(|place| place.0.abs_diff(centre.0) <= HALF_SQUARE && place.1.abs_diff(centre.1) <= HALF_SQUARE)
        .count()
}

fn place(minutia: &Minutia) -> (usize, usize) {
    (minutia.x as usize, minutia.y as usize)
}

fn quality(print: &Print, natives: &mut Natives) -> Result<(), &'static str> {
    let (minutiae, raster) = (print.minutiae().ok_or(NOT_LOOKED_FOR)?, &print.prepared.raster);
    let trusted = || minutiae.iter().filter(|minutia| minutia.is_trusted());
    let all = trusted().count();
    if all == 0 {
        return Err("no minutia was found");
    }
    if raster.width < SIDE || raster.height < SIDE {
        return Err("the print is narrower than one block");
    }
    let share =
        |counts: &dyn Fn(&Minutia) -> bool| trusted().filter(|minutia| counts(minutia)).count() as f64 / all as f64;
    let darker = |minutia: &Minutia| {
        let z = (print.cells.mean - mean_around(raster, minutia)) / print.cells.sigma;
        z > 0.0 && z <= 0.5
    };
    // Above 80 of 100, rounded half up.
    let certain = |minutia: &Minutia| certainty_around(raster, minutia) * 100.0 + 0.5 >= 81.0;
    natives.put(natives::MINUTIAE_QUALITY, &[share(&darker), share(&certain)]);
    Ok(())
}

/// Mean grey of the 32 x 32 pixels around the minutia. At the left and the upper edge the window starts at the edge; at
/// the others it is cut off.
fn mean_around(raster: &Raster, minutia: &Minutia) -> f64 {
    let (left, top) = corner(minutia);
    let (right, bottom) = ((left + SIDE).min(raster.width), (top + SIDE).min(raster.height));
    let rows = (top..bottom).map(|y| raster.row(y)[left..right].iter().map(|&grey| u32::from(grey)).sum::<u32>());
    f64::from(rows.sum::<u32>()) / ((right - left) * (bottom - top)) as f64
}

/// Orientation certainty of the 32 x 32 pixels around the minutia, moved inside the print; 0 where they are of one grey.
fn certainty_around(raster: &Raster, minutia: &Minutia) -> f64 {
    let (left, top) = corner(minutia);
    let (left, top) = (left.min(raster.width - SIDE), top.min(raster.height - SIDE));
    ocl::certainty(Tensor::of_square(raster, left, top)).unwrap_or(0.0)
}

fn corner(minutia: &Minutia) -> (usize, usize) {
    let (x, y) = place(minutia);
    (x.saturating_sub(SIDE / 2), y.saturating_sub(SIDE / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minutiae::Kind;

    fn minutia(x: f32, y: f32) -> Minutia {
        Minutia { x, y, angle: 0.0, kind: Kind::Ending, quality: 50 }
    }

    #[test]
    fn the_square_around_the_centre_includes_its_border() {
        for (places, expected) in [
            (&[][..], 0),
            (&[(10, 20)], 1),
            // The centre is at 100: both lie just within.
            (&[(0, 50), (200, 50)], 2),
            (&[(0, 50), (202, 50)], 0),
            (&[(0, 0), (0, 100), (0, 300)], 1),
        ] {
            assert_eq!(around_centre(|| places.iter().copied()), expected, "{places:?}");
        }
    }

    #[test]
    fn windows_at_the_edges() {
        let pixels = (0..50 * 40).map(|i| if i % 50 < 25 { 0 } else { 100 }).collect();
        let raster = Raster::new(50, 40, pixels);
        for (x, y, mean) in [
            (0.0, 0.0, 100.0 * 7.0 / 32.0),
            (25.9, 20.0, 50.0),
            // Columns 33 to 49, rows 23 to 39: cut off.
            (49.0, 39.0, 100.0),
        ] {
            assert_eq!(mean_around(&raster, &minutia(x, y)), mean, "{x}, {y}");
        }
        // The step from 0 to 100 is one direction; moved inside, every window holds it.
        for (x, y) in [(0.0, 0.0), (25.0, 20.0), (49.0, 39.0)] {
            assert_eq!(certainty_around(&raster, &minutia(x, y)), 1.0, "{x}, {y}");
        }
        assert_eq!(certainty_around(&Raster::new(32, 32, vec![9; 32 * 32]), &minutia(5.0, 5.0)), 0.0);
    }
}
