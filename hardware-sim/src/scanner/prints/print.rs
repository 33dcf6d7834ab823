//! A print: which points of a fine grid lie on a ridge.

use super::ridges;

/// Points of the grid in a row.
pub const COLUMNS: usize = 60;

/// Rows of the grid.
pub const ROWS: usize = 64;

/// Points in each direction of a block of the grid, which is known or unknown as a whole.
pub const PATCH: usize = 8;

/// Pixels from one point to the next: three to a ridge and its valley.
pub const STEP: f32 = 3.0;

/// Known points below which nothing can be told apart: 25 square millimetres at 500 per inch.
pub const LEAST: u32 = 1_100;

/// Share of the marked blocks without ridges above which an image is a mess.
const MESSY: f32 = 0.5;

/// What is kept of an image: the 180 by 192 pixels around its middle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Print {
    /// One row each, first point in the lowest bit: set on a ridge.
    pub ridge: [u64; ROWS],
    /// Set where the image showed ridges.
    pub known: [u64; ROWS],
}

/// Why an image gives no print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Marks without ridges that could be followed.
    Messy,
    /// Too little finger.
    TooFew,
}

impl Print {
    /// A print of which nothing is known.
    pub const EMPTY: Self = Self { ridge: [0; ROWS], known: [0; ROWS] };

    /// How many points are known.
    pub fn size(&self) -> u32 {
        self.known.iter().map(|row| row.count_ones()).sum()
    }

    /// Whether the patch at this place of the patches' own grid is known.
    pub fn knows(&self, column: usize, row: usize) -> bool {
        self.known[row * PATCH] >> (column * PATCH) & 1 == 1
    }

    /// Makes a patch known.
    pub fn learn(&mut self, column: usize, row: usize) {
        for known in &mut self.known[row * PATCH..(row + 1) * PATCH] {
            *known |= ((1 << PATCH) - 1) << (column * PATCH) & ((1 << COLUMNS) - 1);
        }
    }
}

/// Patches in a row of the grid; the last one is narrower.
pub const PATCHES: usize = COLUMNS.div_ceil(PATCH);

/// The print of an image, 8 bits a pixel and dark ridges.
pub fn extract(grey: &[u8], width: usize, height: usize) -> Result<Print, Unusable> {
    let ridges = ridges::find(grey, width, height).ok_or(Unusable::TooFew)?;
    let mut print = Print::EMPTY;
    let mut clear = [[0; PATCHES]; ROWS / PATCH];
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let x = width as f32 / 2.0 + (column as f32 - (COLUMNS - 1) as f32 / 2.0) * STEP;
            let y = height as f32 / 2.0 + (row as f32 - (ROWS - 1) as f32 / 2.0) * STEP;
            if x < 0.0 || y < 0.0 || x >= width as f32 || y >= height as f32 {
                continue;
            }
            let (x, y) = (x as usize, y as usize);
            clear[row / PATCH][column / PATCH] += usize::from(ridges.clear.at(x, y));
            print.ridge[row] |= u64::from(ridges.dark[y * width + x]) << column;
        }
    }
    for (row, patches) in clear.iter().enumerate() {
        for (column, points) in patches.iter().enumerate() {
            let wide = PATCH.min(COLUMNS - column * PATCH);
            if *points * 2 > PATCH * wide {
                print.learn(column, row);
            }
        }
    }
    for (ridge, known) in print.ridge.iter_mut().zip(&print.known) {
        *ridge &= known;
    }
    match print.size() {
        _ if ridges.mess > MESSY => Err(Unusable::Messy),
        size if size < LEAST => Err(Unusable::TooFew),
        _ => Ok(print),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_glass_has_too_few_points_and_scribble_is_a_mess() {
        let size = 192;
        assert_eq!(extract(&vec![230; size * size], size, size), Err(Unusable::TooFew));
        let mut noise = render::Rng::stream(1, 2);
        let scribble: Vec<u8> = (0..size * size).map(|_| noise.bits() as u8).collect();
        assert_eq!(extract(&scribble, size, size), Err(Unusable::Messy));
        assert_eq!(extract(&[], 0, 0), Err(Unusable::TooFew));
    }

    #[test]
    fn bars_are_seen_as_they_are() {
        let size = 192;
        let bars: Vec<u8> = (0..size * size).map(|at| if at % size % 9 < 4 { 40 } else { 220 }).collect();
        let print = extract(&bars, size, size).unwrap();
        assert!(print.size() > 3_000);
        // Every third point of a period of three: rows are alike, and columns repeat.
        let middle = print.ridge[32] & print.known[32];
        assert!(middle.count_ones() > 15 && middle.count_ones() < 35, "{middle:064b}");
        assert_eq!(print.ridge[30], print.ridge[33]);
    }
}
