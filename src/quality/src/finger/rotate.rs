//! A block turned so that its ridges stand upright (or lie level), by nearest neighbour.
//!
//! The rounding is that of OpenCV's `warpAffine`: the inverse map in fixed point with ten fractional bits, the
//! column's and the row's share rounded on their own, half a pixel added, the fraction cut off.

use super::blocks::{BORDER, Block};
use super::cells::SIDE;
use super::prepare::Raster;
use super::tensor::line;

/// Side of the window that is turned.
const WINDOW: usize = SIDE + 2 * BORDER;
/// Side of the window with its frame: two more pixels of the print on each side, black where the print ends.
const FRAMED: usize = WINDOW + 2 * BORDER;
const FRACTION_BITS: u32 = 10;
/// Side of the board on which the framed window lies with black all around it. The corners of what is cut out turn
/// 20.7 pixels away from the turning point at most, so that nothing beyond the board is ever asked for.
const BOARD: usize = 64;
/// Where the framed window lies on the board, from the left and from above.
const OFFSET: usize = 8;

/// The surroundings of one block, ready to be turned.
pub(super) struct Window {
    board: [u8; BOARD * BOARD],
    framed: bool,
}

impl Window {
    pub const fn black() -> Self {
        Self { board: [0; BOARD * BOARD], framed: true }
    }

    /// Puts the framed window of a block on the board.
    #[inline(always)]
    pub fn load(&mut self, raster: &Raster, block: &Block) {
        self.framed = true;
        let hidden = (2 * BORDER).saturating_sub(block.x);
        let left = block.x.saturating_sub(2 * BORDER);
        let shown = (FRAMED - hidden).min(raster.width - left);
        for row in 0..FRAMED {
            let into = &mut self.board[(OFFSET + row) * BOARD + OFFSET..][..FRAMED];
            match (block.y + row).checked_sub(2 * BORDER).filter(|y| *y < raster.height) {
                Some(y) if shown == FRAMED => into.copy_from_slice(line::<FRAMED>(raster, left, y)),
                Some(y) => {
                    into.fill(0);
                    into[hidden..hidden + shown].copy_from_slice(&raster.row(y)[left..left + shown]);
                }
                None => into.fill(0),
            }
        }
    }

    /// Takes the frame away: black beyond the window. The turning point of a framed window is off the middle of what
    /// is cut out of it (a property of the reference); that of one without a frame is not.
    #[inline(always)]
    pub fn unframe(&mut self) {
        self.framed = false;
        for row in 0..FRAMED {
            let line = &mut self.board[(OFFSET + row) * BOARD + OFFSET..][..FRAMED];
            if (BORDER..FRAMED - BORDER).contains(&row) {
                line[..BORDER].fill(0);
                line[FRAMED - BORDER..].fill(0);
            } else {
                line.fill(0);
            }
        }
    }

    /// `ROWS` x `COLUMNS` pixels of the turned window, from its row `top` and its column `left`.
    #[inline(always)]
    pub fn turned<const ROWS: usize, const COLUMNS: usize>(
        &self,
        turn: Turn,
        (top, left): (usize, usize),
    ) -> [[u8; COLUMNS]; ROWS] {
        let (side, corner) = if self.framed { (FRAMED, OFFSET) } else { (WINDOW, OFFSET + BORDER) };
        let map = turn.inverse_map(side as f64 / 2.0);
        let (mut across_x, mut across_y) = ([0i32; COLUMNS], [0i32; COLUMNS]);
        for i in 0..COLUMNS {
            across_x[i] = fixed(map[0][0] * (left + i) as f64);
            across_y[i] = fixed(map[1][0] * (left + i) as f64);
        }
        let half = 1 << (FRACTION_BITS - 1);
        let start = (corner * BOARD + corner) as i32;
        let mut out = [[0u8; COLUMNS]; ROWS];
        for (row, line) in out.iter_mut().enumerate() {
            let row_x = fixed(map[0][1] * (top + row) as f64 + map[0][2]) + half;
            let row_y = fixed(map[1][1] * (top + row) as f64 + map[1][2]) + half;
            let mut places = [0i32; COLUMNS];
            for i in 0..COLUMNS {
                let (x, y) = ((row_x + across_x[i]) >> FRACTION_BITS, (row_y + across_y[i]) >> FRACTION_BITS);
                places[i] = start + y * BOARD as i32 + x;
            }
            for i in 0..COLUMNS {
                line[i] = self.board[places[i] as usize % (BOARD * BOARD)];
            }
        }
        out
    }
}

/// The nearest whole number of 1024ths, the even one of two. 1.5 x 2^52 is so large that adding it rounds to whole
/// numbers, which then stand in its lowest bits.
#[inline(always)]
fn fixed(value: f64) -> i32 {
    const ROUNDING: f64 = 6_755_399_441_055_744.0;
    (value * (1u32 << FRACTION_BITS) as f64 + ROUNDING).to_bits() as u32 as i32
}

/// By how much a window is turned.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    alpha: f64,
    beta: f64,
}

impl Turn {
    /// By an angle in radians.
    pub fn by(angle: f64) -> Self {
        // To degrees and back, as the reference does it.
        let angle = angle * (180.0 / std::f64::consts::PI) * (std::f64::consts::PI / 180.0);
        let (beta, alpha) = angle.sin_cos();
        Self { alpha, beta }
    }

    /// The map from a turned pixel back to its source: the rotation about (`centre`, `centre`), inverted in the order
    /// of operations of OpenCV.
    #[inline(always)]
    pub fn inverse_map(self, centre: f64) -> [[f64; 3]; 2] {
        let Self { alpha, beta } = self;
        let forward = [
            [alpha, beta, (1.0 - alpha) * centre - beta * centre],
            [-beta, alpha, beta * centre + (1.0 - alpha) * centre],
        ];
        let determinant = forward[0][0] * forward[1][1] - forward[0][1] * forward[1][0];
        let d = if determinant == 0.0 { 0.0 } else { 1.0 / determinant };
        let (m0, m1) = (forward[1][1] * d, -forward[0][1] * d);
        let (m3, m4) = (-forward[1][0] * d, forward[0][0] * d);
        let b1 = -m0 * forward[0][2] - m1 * forward[1][2];
        let b2 = -m3 * forward[0][2] - m4 * forward[1][2];
        [[m0, m1, b1], [m3, m4, b2]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finger::drawn::scrambled;

    /// The pixel by the definition: every coordinate rounded on its own, black outside of the window.
    fn defined(raster: &Raster, block: &Block, turn: Turn, frame: usize, (row, column): (usize, usize)) -> u8 {
        let side = (WINDOW + 2 * frame) as i64;
        let map = turn.inverse_map(side as f64 / 2.0);
        let fixed = |value: f64| (value * 1024.0).round_ties_even() as i64;
        let at = |map: [f64; 3]| {
            (fixed(map[1] * row as f64 + map[2]) + 512 + fixed(map[0] * column as f64)) >> FRACTION_BITS
        };
        let (x, y) = (at(map[0]), at(map[1]));
        if !(0..side).contains(&x) || !(0..side).contains(&y) {
            return 0;
        }
        let (x, y) = (block.x as i64 + x - (BORDER + frame) as i64, block.y as i64 + y - (BORDER + frame) as i64);
        let inside = (0..raster.width as i64).contains(&x) && (0..raster.height as i64).contains(&y);
        if inside { raster.row(y as usize)[x as usize] } else { 0 }
    }

    #[test]
    fn every_turned_pixel_is_that_of_the_definition() {
        let (width, height) = (68 + 3, 68);
        let pixels = (0..width * height).map(|i| (scrambled(i % width, i / width) >> 3) as u8 | 1).collect();
        let raster = Raster::new(width as usize, height as usize, pixels);
        let mut window = Window::black();
        for (x, y) in [(2, 2), (34, 2), (2, 34), (34, 34), (5, 34)] {
            let block = Block { x, y, foreground: true, orientation: 0.0 };
            for step in -18..=36 {
                let turn = Turn::by(f64::from(step) * 0.087_266_462_6 + 1e-4 * f64::from(step % 3));
                window.load(&raster, &block);
                let level: [[u8; 16]; 32] = window.turned(turn, (2, 10));
                let framed: [[u8; 32]; 16] = window.turned(turn, (10, 2));
                window.unframe();
                let upright: [[u8; 32]; 16] = window.turned(turn, (10, 2));
                for (row, column) in (0..16).flat_map(|row| (0..32).map(move |column| (row, column))) {
                    let place = (row + 10, column + 2);
                    assert_eq!(framed[row][column], defined(&raster, &block, turn, BORDER, place), "{place:?}, {step}");
                    assert_eq!(upright[row][column], defined(&raster, &block, turn, 0, place), "{place:?}, {step}");
                    let place = (column + 2, row + 10);
                    assert_eq!(level[column][row], defined(&raster, &block, turn, BORDER, place), "{place:?}, {step}");
                }
            }
        }
    }

    #[test]
    fn halves_are_rounded_to_the_even_neighbour() {
        for (value, expected) in [(0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (-2.4, -2), (40_000.6, 40_001)] {
            assert_eq!(fixed(value / 1024.0), expected, "{value}");
        }
    }
}
