//! Prints that former fingers left on the glass: what has ridges where no finger lies.
//!
//! The picture is looked at in cells a little larger than a ridge and a valley. The finger is the largest patch of cells with
//! as much contrast as its ridges have, and the ellipse that such a patch fills; whatever lies outside, but for a seam, is
//! the glass. Residue is paler than a finger that is there, or lies apart from it, so that it stays outside.

use domain::image::FingerImage;

/// Side of a cell: more than one ridge and one valley, in millimetres.
const CELL_MM: f64 = 0.8;

/// Of the contrast of the clearest tenth of the cells, a finger's cells have at least this share.
const OF_A_FINGER: f64 = 0.55;

/// Contrast that a clean glass does not reach by the sensor's noise.
const NOISE: u8 = 40;

/// Cells around the finger that do not count: skin that hardly touches, moisture.
const SEAM: usize = 1;

/// Cells of glass that are needed, and their share of all: what a finger on a small sensor leaves free is its own rim.
const LEAST: (usize, f64) = (8, 0.1);

/// The ellipse of a patch is this much larger than one that it would fill evenly: at its rim a finger presses less.
const LARGER: f64 = 1.15;

/// Of the glass, the share of the cells with the most contrast that is looked at: residue lies in patches.
const WORST: f64 = 0.3;

/// Wider glasses take several fingers together.
const ONE_FINGER_MM: f64 = 33.0;

/// On a wide glass, patches with at least this share of the largest one's cells are fingers too.
const OF_THE_LARGEST: f64 = 0.3;

/// Share of a cell's pixels that may be darker or lighter than what counts as its contrast: the noise of the sensor.
const ODD: f64 = 0.15;

/// How even the glass is where no finger lies: 255 without any contrast, less by what the worst part of it has. Nothing where
/// the finger leaves hardly any glass free.
pub fn residue(image: &FingerImage) -> Option<f64> {
    let ppi = f64::from(image.ppi.get());
    let side = ((CELL_MM * ppi / 25.4).round() as usize).max(4);
    let cells = Cells::of(image, side)?;
    let several = f64::from(image.width) / ppi * 25.4 > ONE_FINGER_MM;
    let covered = cells.finger(several);
    let free = cells.contrast.iter().zip(&covered).filter(|(_, covered)| !**covered);
    let mut free: Vec<u8> = free.map(|(contrast, _)| *contrast).collect();
    let (least, share) = LEAST;
    if free.len() < least || (free.len() as f64) < share * covered.len() as f64 {
        return None;
    }
    free.sort_unstable_by(|one, other| other.cmp(one));
    free.truncate((WORST * free.len() as f64).ceil() as usize);
    let contrast = free.iter().map(|contrast| f64::from(*contrast)).sum::<f64>() / free.len() as f64;
    Some(255.0 - contrast)
}

/// The contrast of a picture's cells, row by row: from the grey value that [`ODD`] of its pixels lie below to that which as
/// many lie above.
struct Cells {
    columns: usize,
    contrast: Vec<u8>,
}

impl Cells {
    fn of(image: &FingerImage, side: usize) -> Option<Self> {
        let (width, height) = (image.width as usize, image.height as usize);
        let (columns, rows) = (width / side, height / side);
        let mut cells = Self { columns, contrast: Vec::with_capacity(columns * rows) };
        let nth = (ODD * (side * side) as f64) as usize;
        let mut pixels = Vec::with_capacity(side * side);
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            pixels.clear();
            for line in image.grey().chunks_exact(width).skip(row * side).take(side) {
                pixels.extend_from_slice(&line[column * side..(column + 1) * side]);
            }
            let dark = *pixels.select_nth_unstable(nth).1;
            let light = pixels.len() - 1 - nth;
            cells.contrast.push(*pixels.select_nth_unstable(light).1 - dark);
        }
        (!cells.contrast.is_empty()).then_some(cells)
    }

    /// Which cells the finger covers, or the fingers where there may be several, with the seam around.
    fn finger(&self, several: bool) -> Vec<bool> {
        let mut sorted = self.contrast.clone();
        sorted.sort_unstable();
        let clearest = sorted[sorted.len() * 9 / 10];
        let least = (OF_A_FINGER * f64::from(clearest)).max(f64::from(NOISE));
        let is: Vec<bool> = self.contrast.iter().map(|contrast| f64::from(*contrast) >= least).collect();
        let patches = self.patches(&is);
        let largest = patches.iter().map(Vec::len).max().unwrap_or_default();
        let share = if several { OF_THE_LARGEST } else { 1.0 };
        let mut covered = vec![false; is.len()];
        for patch in patches.iter().filter(|patch| patch.len() as f64 >= share * largest as f64) {
            patch.iter().for_each(|cell| covered[*cell] = true);
            self.fill(patch, &mut covered);
        }
        (0..SEAM).for_each(|_| covered = self.wider(&covered));
        covered
    }

    /// Covers the ellipse that has the middle and the extent of this patch: broken and pale ridges within it too.
    fn fill(&self, patch: &[usize], covered: &mut [bool]) {
        let place = |cell: usize| ((cell % self.columns) as f64, (cell / self.columns) as f64);
        let mean = |of: &dyn Fn(f64, f64) -> f64| {
            let sum: f64 = patch.iter().map(|cell| place(*cell)).map(|(x, y)| of(x, y)).sum();
            sum / patch.len() as f64
        };
        let (middle_x, middle_y) = (mean(&|x, _| x), mean(&|_, y| y));
        // A single row has an extent too.
        let across = mean(&|x, _| (x - middle_x).powi(2)) + 0.1;
        let down = mean(&|_, y| (y - middle_y).powi(2)) + 0.1;
        let slant = mean(&|x, y| (x - middle_x) * (y - middle_y));
        let whole = (across * down - slant * slant).max(f64::MIN_POSITIVE);
        for (cell, covered) in covered.iter_mut().enumerate() {
            let (x, y) = place(cell);
            let (x, y) = (x - middle_x, y - middle_y);
            let away = (down * x * x - 2.0 * slant * x * y + across * y * y) / whole;
            // An ellipse that is filled evenly reaches to twice its standard deviations.
            *covered |= away <= (2.0 * LARGER).powi(2);
        }
    }

    /// Cells that hang together.
    fn patches(&self, is: &[bool]) -> Vec<Vec<usize>> {
        let mut seen = vec![false; is.len()];
        let mut patches = Vec::new();
        for first in 0..is.len() {
            if !is[first] || seen[first] {
                continue;
            }
            seen[first] = true;
            let mut patch = vec![first];
            let mut next = 0;
            while let Some(cell) = patch.get(next).copied() {
                next += 1;
                for beside in self.beside(cell).into_iter().flatten() {
                    if is[beside] && !seen[beside] {
                        seen[beside] = true;
                        patch.push(beside);
                    }
                }
            }
            patches.push(patch);
        }
        patches
    }

    fn wider(&self, covered: &[bool]) -> Vec<bool> {
        let near = |cell: usize| covered[cell] || self.beside(cell).into_iter().flatten().any(|beside| covered[beside]);
        (0..covered.len()).map(near).collect()
    }

    /// The cells above, below, left and right.
    fn beside(&self, cell: usize) -> [Option<usize>; 4] {
        let (column, columns) = (cell % self.columns, self.columns);
        [
            cell.checked_sub(columns),
            (cell + columns < self.contrast.len()).then_some(cell + columns),
            (column > 0).then(|| cell - 1),
            (column + 1 < columns).then_some(cell + 1),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::print;
    use super::*;

    /// Ridges every nine pixels, this dark, on a glass of this grey.
    fn ridges(x: u32, glass: u8, ridge: u8) -> u8 {
        if x % 9 < 4 { ridge } else { glass }
    }

    /// A finger in the middle, and what former ones left on the right.
    fn seen(glass: u8, left_behind: u8) -> f64 {
        let grey = |x: u32, y: u32| match (x, y) {
            (100..240, 80..400) => ridges(x, glass, 60),
            (290..400, 50..300) => ridges(x, glass, left_behind),
            _ => glass,
        };
        residue(&print(400, 500, grey)).unwrap()
    }

    #[test]
    fn what_former_fingers_left_is_noticed_and_the_finger_is_not() {
        assert_eq!((seen(250, 250), seen(200, 200)), (255.0, 255.0), "however grey the glass is");
        let (pale, strong) = (seen(250, 220), seen(250, 150));
        assert!(strong < pale && (205.0..235.0).contains(&pale), "{pale} {strong}");
        assert!(seen(250, 60) < pale, "as dark as the finger, but apart from it");
    }

    #[test]
    fn several_fingers_on_a_wide_glass_are_all_fingers() {
        let grey = |x: u32, y: u32| if y > 200 && y < 500 && x % 240 > 60 { ridges(x, 250, 60) } else { 250 };
        assert_eq!(residue(&print(960, 700, grey)), Some(255.0));
    }

    #[test]
    fn a_finger_that_covers_the_glass_leaves_nothing_to_judge() {
        assert_eq!(residue(&print(192, 192, |x, _| ridges(x, 250, 60))), None);
    }
}
