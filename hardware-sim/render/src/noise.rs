//! A tile of smooth noise that repeats, for textures: skin, hair, cloth.

use super::rng::Rng;

/// Side of the tile in cells; a power of two, so that wrapping is a mask.
const SIDE: usize = 128;

/// Band-limited noise with a standard deviation near 1, periodic over 128 cells.
#[derive(Clone, Debug)]
pub struct Tile {
    cells: Vec<f32>,
}

impl Tile {
    /// The tile of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::stream(seed, 0x7113);
        Self { cells: (0..SIDE * SIDE).map(|_| rng.normal()).collect() }
    }

    /// The noise at a place in cells, smoothly interpolated.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (wx, wy) = (floor(x), floor(y));
        let (tx, ty) = (smooth(x - wx as f32), smooth(y - wy as f32));
        let (x0, y0) = (wrap(wx), wrap(wy));
        let (x1, y1) = ((x0 + 1) & (SIDE - 1), (y0 + 1) & (SIDE - 1));
        let top = self.cells[y0 * SIDE + x0] * (1.0 - tx) + self.cells[y0 * SIDE + x1] * tx;
        let bottom = self.cells[y1 * SIDE + x0] * (1.0 - tx) + self.cells[y1 * SIDE + x1] * tx;
        top * (1.0 - ty) + bottom * ty
    }
}

fn smooth(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

/// The standard floor is a library call where processors of 2004 must be served, and this is the innermost loop.
fn floor(x: f32) -> i32 {
    let cut = x as i32;
    cut - i32::from(x < cut as f32)
}

fn wrap(whole: i32) -> usize {
    (whole as u32 as usize) & (SIDE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tile_repeats_and_is_smooth() {
        let tile = Tile::new(3);
        let period = SIDE as f32;
        for (x, y) in [(0.25, 0.5), (-3.75, 9.0), (127.5, 127.5)] {
            assert_eq!(tile.at(x, y), tile.at(x + period, y - period), "{x} {y}");
            assert!((tile.at(x, y) - tile.at(x + 0.01, y)).abs() < 0.2, "{x} {y}");
        }
    }
}
