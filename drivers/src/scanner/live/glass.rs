//! Whether a finger lies on the glass, told by what the free glass looks like.
//!
//! A finger is texture where the free glass had none: ridges make the greys of a place spread. So the picture is cut
//! into cells of 0.8 mm, the spread of each is learnt while the glass is free, and a finger is there when the cells that
//! gained more than the sensor's own noise make up the contact of a fingertip. Brightness alone counts for
//! nothing: light that changes is no finger. Nobody has to set a threshold of greys.

use domain::guarded::Biometric;
use domain::units::Ppi;

/// Side of a cell in millimetres: one to two ridges, so that a cell with a print spreads wherever it lies.
const CELL_MM: f32 = 0.8;

/// A fingertip that hardly touches covers this many square millimetres (a circle 6 mm wide), and a latent print or a
/// speck of dust does not (own values).
const FINGER_MM2: f32 = 28.0;
/// Less than this is a free glass.
const FREE_MM2: f32 = 9.0;

/// Standard deviation in greys that whole greys and a lossy picture may add to the sensor's noise (own value). Ridges of
/// a faint touch have 20 and more.
const QUANTUM: f32 = 6.0;

/// Frames in a row that have to agree: on the free glass when it is learnt, and on a finger that comes or goes.
const TO_LEARN: u32 = 3;
const TO_CHANGE: u32 = 2;

/// How quickly the free glass is learnt anew while nothing lies on it: dust and latent prints become part of it.
const MEMORY: f32 = 16.0;

/// A mean absolute difference of two frames with independent normal noise is this many times its standard deviation.
const DIFFERENCE: f32 = 1.128;

/// What a frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A finger.
    Finger,
    /// Nothing.
    Free,
    /// The glass has not been seen free yet.
    Unknown,
}

/// The glass of one sensor.
pub(super) struct Glass {
    width: usize,
    cell: usize,
    cell_mm2: f32,
    free: Option<Free>,
    /// Frames in a row that looked free while that was not known.
    learning: u32,
    seen: Seen,
    /// Frames in a row that disagree with `seen`.
    other: u32,
    before: Option<Biometric<Vec<u8>>>,
    repeated: u32,
}

/// The free glass: the spread of each cell, and the noise of a pixel in greys.
struct Free {
    spreads: Vec<f32>,
    noise: f32,
}

impl Glass {
    /// A glass whose pictures have these many pixels in a row.
    pub(super) fn new(width: usize, ppi: Ppi) -> Self {
        let per_mm = f32::from(ppi.get()) / 25.4;
        let cell = ((CELL_MM * per_mm).round() as usize).max(2);
        let side = cell as f32 / per_mm;
        Self {
            width,
            cell,
            cell_mm2: side * side,
            free: None,
            learning: 0,
            seen: Seen::Unknown,
            other: 0,
            before: None,
            repeated: 0,
        }
    }

    /// A new stream: its first frames are compared with nothing of the one before. The free glass stays known, and a
    /// finger that was on it is believed to be there until it is seen to have left.
    pub(super) fn begin(&mut self, finger_on: bool) {
        self.end();
        (self.learning, self.other) = (0, 0);
        self.seen = match (self.free.is_some(), finger_on) {
            (true, true) => Seen::Finger,
            (true, false) => Seen::Free,
            (false, _) => Seen::Unknown,
        };
    }

    /// The stream has ended: its last frame is wiped.
    pub(super) fn end(&mut self) {
        (self.before, self.repeated) = (None, 0);
    }

    /// Forgets what the free glass looks like: another sensor may stand there.
    pub(super) fn forget(&mut self) {
        self.free = None;
        self.begin(false);
    }

    /// How many frames in a row have been the same to the last bit while a finger lay on the glass. A free glass may
    /// saturate, and then shows no noise.
    pub(super) fn repeated(&self) -> u32 {
        self.repeated
    }

    /// What this frame shows; whole rows of grey pixels.
    pub(super) fn look(&mut self, grey: &[u8]) -> Seen {
        let Some(before) = self.before.replace(Biometric::new(grey.to_vec())) else { return self.seen };
        let same = before.expose().as_slice() == grey;
        self.repeated = if same && self.seen == Seen::Finger { self.repeated + 1 } else { 0 };
        let spreads = self.cells(grey, spread);
        let noise = median(self.differences(before.expose(), grey)) / DIFFERENCE;
        match &mut self.free {
            None => self.learn(spreads, noise),
            Some(free) => {
                let noise = free.noise;
                let covered = spreads.iter().zip(&free.spreads).filter(|(now, free)| is_texture(**now, **free, noise));
                let covered = covered.count();
                let area = covered as f32 * self.cell_mm2;
                if self.seen == Seen::Free && area < FREE_MM2 {
                    free.fade(&spreads, noise);
                }
                self.settle(area);
            }
        }
        self.seen
    }

    /// Nothing is known yet: a glass without texture is a free one.
    fn learn(&mut self, spreads: Vec<f32>, noise: f32) {
        let textured = spreads.iter().filter(|spread| is_texture(**spread, noise, noise)).count();
        if textured as f32 * self.cell_mm2 >= FREE_MM2 {
            self.learning = 0;
            return;
        }
        self.learning += 1;
        if self.learning >= TO_LEARN {
            self.free = Some(Free { spreads, noise });
            self.seen = Seen::Free;
        }
    }

    fn settle(&mut self, area: f32) {
        let shows = match self.seen {
            Seen::Finger if area < FREE_MM2 => Seen::Free,
            Seen::Free | Seen::Unknown if area >= FINGER_MM2 => Seen::Finger,
            same => same,
        };
        self.other = if shows == self.seen { 0 } else { self.other + 1 };
        if self.other >= TO_CHANGE {
            (self.seen, self.other) = (shows, 0);
        }
    }

    /// A number for each cell; what is left at the right and at the bottom belongs to none.
    fn cells(&self, grey: &[u8], of: impl Fn(&mut dyn Iterator<Item = u8>) -> f32) -> Vec<f32> {
        let (width, cell) = (self.width, self.cell);
        let (columns, rows) = (width / cell, grey.len() / width.max(1) / cell);
        let one = |index: usize| {
            let (x, y) = (index % columns * cell, index / columns * cell);
            let mut pixels = (y..y + cell).flat_map(|y| grey[y * width + x..][..cell].iter().copied());
            of(&mut pixels)
        };
        (0..columns * rows).map(one).collect()
    }

    /// The mean difference of two frames in each cell.
    fn differences(&self, before: &[u8], now: &[u8]) -> Vec<f32> {
        let apart: Biometric<Vec<u8>> =
            Biometric::new(before.iter().zip(now).map(|(before, now)| before.abs_diff(*now)).collect());
        let count = (self.cell * self.cell) as f32;
        self.cells(apart.expose(), |pixels| pixels.map(u32::from).sum::<u32>() as f32 / count)
    }
}

impl Free {
    fn fade(&mut self, spreads: &[f32], noise: f32) {
        let nearer = |old: &mut f32, new: f32| *old += (new - *old) / MEMORY;
        self.spreads.iter_mut().zip(spreads).for_each(|(old, new)| nearer(old, *new));
        nearer(&mut self.noise, noise);
    }
}

/// Whether something with more contrast than the sensor's noise was added to a cell: variances of what is independent
/// add up.
fn is_texture(now: f32, free: f32, noise: f32) -> bool {
    now > free.hypot(noise + QUANTUM)
}

/// Standard deviation of a cell's greys.
fn spread(pixels: &mut dyn Iterator<Item = u8>) -> f32 {
    let (mut count, mut sum, mut squares) = (0u32, 0u32, 0u32);
    for pixel in pixels {
        let pixel = u32::from(pixel);
        (count, sum, squares) = (count + 1, sum + pixel, squares + pixel * pixel);
    }
    let count = (count.max(1)) as f32;
    let mean = sum as f32 / count;
    (squares as f32 / count - mean * mean).max(0.0).sqrt()
}

fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    if values.is_empty() {
        return 0.0;
    }
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 300;

    /// A glass of this grey with this much noise, darker towards one side; ridges within `reach` pixels of the middle.
    fn picture(frame: usize, grey: i32, noise: i32, reach: usize) -> Vec<u8> {
        let pixel = |at: usize| {
            let (x, y) = (at % SIDE, at / SIDE);
            let jitter = ((at * 31 + frame * 977) as u32).wrapping_mul(2_654_435_761) >> 16;
            let value = grey - x as i32 / 20 + (jitter as i32).rem_euclid(2 * noise + 1) - noise;
            let inside = x.abs_diff(SIDE / 2).pow(2) + y.abs_diff(SIDE / 2).pow(2) < reach * reach;
            let ridge = if inside && (x + y / 3) % 9 < 4 { 90 } else { 0 };
            (value - ridge).clamp(0, 255) as u8
        };
        (0..SIDE * SIDE).map(pixel).collect()
    }

    #[test]
    fn fingers_come_and_go_on_bright_and_on_dark_glass() {
        for (grey, noise) in [(230, 4), (120, 0), (250, 12), (110, 25)] {
            let mut glass = Glass::new(SIDE, Ppi::FIVE_HUNDRED);
            let mut frame = 0;
            let mut look = |glass: &mut Glass, count: usize, reach: usize| {
                let seen: Vec<_> = (0..count)
                    .map(|_| {
                        frame += 1;
                        glass.look(&picture(frame, grey + (frame % 2) as i32, noise, reach))
                    })
                    .collect();
                *seen.last().unwrap()
            };
            assert_eq!(look(&mut glass, 8, 0), Seen::Free, "{grey}");
            assert_eq!(look(&mut glass, 1, 90), Seen::Free, "one frame is a flash");
            assert_eq!(look(&mut glass, 1, 90), Seen::Finger, "{grey}");
            assert_eq!(look(&mut glass, 5, 40), Seen::Finger, "a smaller contact is still one");
            assert_eq!(look(&mut glass, 2, 0), Seen::Free, "{grey}");
            assert_eq!(look(&mut glass, 9, 25), Seen::Free, "a speck is none");
        }
    }

    #[test]
    fn a_glass_that_was_never_free_says_so_and_other_light_is_no_finger() {
        let mut glass = Glass::new(SIDE, Ppi::FIVE_HUNDRED);
        assert!((0..20).all(|frame| glass.look(&picture(frame, 230, 4, 90)) == Seen::Unknown));
        assert!((0..20).any(|frame| glass.look(&picture(frame, 230, 4, 0)) == Seen::Free));
        assert!(
            (0..20).all(|frame| glass.look(&picture(frame, 120, 4, 0)) == Seen::Free),
            "the lamp is half as bright"
        );
        glass.begin(false);
        assert!((0..20).any(|frame| glass.look(&picture(frame, 120, 4, 90)) == Seen::Finger), "still known");
        glass.forget();
        assert!((0..20).all(|frame| glass.look(&picture(frame, 120, 4, 90)) == Seen::Unknown));
    }

    #[test]
    fn a_finger_that_was_on_is_on_until_it_is_seen_to_have_left() {
        let mut glass = Glass::new(SIDE, Ppi::FIVE_HUNDRED);
        assert!((0..9).any(|frame| glass.look(&picture(frame, 230, 4, 0)) == Seen::Free));
        glass.begin(true);
        assert!((0..9).all(|frame| glass.look(&picture(frame, 230, 4, 90)) == Seen::Finger));
        glass.begin(true);
        assert!((0..9).any(|frame| glass.look(&picture(frame, 230, 4, 0)) == Seen::Free));
    }

    #[test]
    fn pictures_of_a_finger_that_repeat_are_counted_and_a_glass_without_noise_is_learnt() {
        let mut glass = Glass::new(SIDE, Ppi::FIVE_HUNDRED);
        let (free, finger) = (picture(1, 230, 0, 0), picture(1, 230, 0, 90));
        assert!((0..7).any(|_| glass.look(&free) == Seen::Free));
        assert_eq!(glass.repeated(), 0);
        for _ in 0..7 {
            glass.look(&finger);
        }
        assert_eq!((glass.seen, glass.repeated()), (Seen::Finger, 5));
        glass.look(&picture(2, 230, 4, 90));
        assert_eq!(glass.repeated(), 0);
    }

    #[test]
    fn odd_sizes_are_no_finger() {
        for (width, length) in [(1, 5), (0, 0), (7, 70), (400, 400)] {
            let mut glass = Glass::new(width, Ppi::FIVE_HUNDRED);
            for frame in 0..20u8 {
                assert_ne!(glass.look(&vec![frame; length]), Seen::Finger);
            }
        }
    }
}
