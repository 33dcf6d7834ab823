//! Finger minutiae records of ISO/IEC 19794-2:2005, the record format (clause 8): one view, no extended data.
//!
//! All numbers are big-endian. Header, 24 bytes: `FMR\0`, ` 20\0`, length of all (u32), capture equipment (u16), width
//! and height (u16 each), pixels a centimetre across and down (u16 each), number of views (u8), reserved (u8). View: finger
//! position, view number and impression type (4 bits each), finger quality, number of minutiae (u8 each), then of each
//! minutia type and x (2 and 14 bits), reserved and y (2 and 14 bits), angle in 1.40625 degrees (u8), quality (u8), and the
//! length of extended data (u16).

use super::{Kind, MAX_MINUTIAE, Minutia};
use core::f32::consts::TAU;
use thiserror::Error;
use zeroize::Zeroize;

/// What every record begins with.
const MAGIC: &[u8; 8] = b"FMR\0 20\0";

/// Bytes of the header, of a view without minutiae, and of a minutia.
const HEADER: usize = 24;
const VIEW: usize = 6;
const MINUTIA: usize = 6;

/// 500 pixels an inch are 197 a centimetre.
const RESOLUTION: u16 = 197;

/// Largest place: 14 bits.
const FARTHEST: u16 = 0x3FFF;

/// Minutiae that [`View::for_matchers`] takes. bozorth3 looks at the first 20,000 pairs of edges that two prints have in
/// common, short ones first, and more minutiae than this use them up before the long ones come: over 708 genuine pairs
/// of a population, with an impostor in a hundred taken, it refuses 51 % given all that we find, 45 % given the best 40,
/// and 37 % given the best 50 or 60.
const FOR_MATCHERS: usize = 60;

/// Steps of angle in a turn.
const STEPS: f32 = 256.0;

/// One view of one finger: live-scan plain, position unknown, at 500 ppi.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Pixels across, at most 65,535.
    pub width: u16,
    /// Pixels down, at most 65,535.
    pub height: u16,
    /// At most [`MAX_MINUTIAE`].
    pub minutiae: Vec<Minutia>,
}

/// Why there is no record, or no view in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// A view holds up to 255 minutiae.
    #[error("more than 255 minutiae")]
    TooMany,
    /// A minutia lies outside its picture, or farther out than 14 bits can say.
    #[error("a minutia lies outside its picture")]
    Outside,
    /// The bytes end, or go on, where they should not.
    #[error("the length is not that of a record of one view")]
    Length,
    /// It is another format, or another version.
    #[error("not a finger minutiae record of version 2.0")]
    Format,
    /// A field has a value that the standard does not know.
    #[error("a field of the record has no meaning")]
    Field,
}

/// Nobody's minutiae are left in memory.
impl Drop for View {
    fn drop(&mut self) {
        self.minutiae.zeroize();
    }
}

impl View {
    /// The view of a picture; sides beyond what a record can say are cut to that.
    pub fn of(width: usize, height: usize, minutiae: &[Minutia]) -> Self {
        let side = |pixels: usize| u16::try_from(pixels).unwrap_or(u16::MAX);
        Self { width: side(width), height: side(height), minutiae: minutiae.to_vec() }
    }

    /// The same with the best 60 minutiae at most, as many as matchers make the most of.
    pub fn for_matchers(width: usize, height: usize, minutiae: &[Minutia]) -> Self {
        let mut view = Self::of(width, height, minutiae);
        view.minutiae.sort_unstable_by(|a, b| b.quality.cmp(&a.quality).then(super::order(a, b)));
        let cut = view.minutiae.len().min(FOR_MATCHERS);
        view.minutiae[cut..].iter_mut().for_each(Zeroize::zeroize);
        view.minutiae.truncate(cut);
        view.minutiae.sort_unstable_by(super::order);
        view
    }
}

/// Writes a record. Places are rounded to whole pixels, angles to 1.40625 degrees.
pub fn write(view: &View) -> Result<Vec<u8>, RecordError> {
    let count = u8::try_from(view.minutiae.len()).map_err(|_| RecordError::TooMany)?;
    let length = HEADER + VIEW + MINUTIA * view.minutiae.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(MAGIC);
    bytes.extend((length as u32).to_be_bytes());
    for field in [0, view.width, view.height, RESOLUTION, RESOLUTION] {
        bytes.extend(field.to_be_bytes());
    }
    // One view; reserved; position unknown; first view, live-scan plain; quality of the finger is not stated here.
    bytes.extend([1, 0, 0, 0, 0, count]);
    for minutia in &view.minutiae {
        let x = place(minutia.x, view.width)?;
        let y = place(minutia.y, view.height)?;
        let kind = match minutia.kind {
            Kind::Ending => 1,
            Kind::Bifurcation => 2,
        };
        bytes.extend((kind << 14 | x).to_be_bytes());
        bytes.extend(y.to_be_bytes());
        if !minutia.angle.is_finite() {
            return Err(RecordError::Field);
        }
        let steps = (minutia.angle.rem_euclid(TAU) / TAU * STEPS + 0.5) as u16;
        // 0 would mean that no quality is given.
        bytes.extend([(steps % 256) as u8, minutia.quality.clamp(1, 100)]);
    }
    bytes.extend([0, 0]);
    Ok(bytes)
}

fn place(at: f32, side: u16) -> Result<u16, RecordError> {
    // The rounding itself must not push what lies in the last pixel out of the picture.
    let inside = at >= 0.0 && at < f32::from(side);
    let whole = (at + 0.5).min(f32::from(side) - 1.0);
    if inside && whole <= f32::from(FARTHEST) { Ok(whole as u16) } else { Err(RecordError::Outside) }
}

/// Reads a record of one view.
pub fn read(bytes: &[u8]) -> Result<View, RecordError> {
    let Some((magic, rest)) = bytes.split_first_chunk::<8>() else { return Err(RecordError::Length) };
    if magic != MAGIC {
        return Err(RecordError::Format);
    }
    let Some((header, rest)) = rest.split_first_chunk::<16>() else { return Err(RecordError::Length) };
    let two = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
    if length as usize != bytes.len() || header[14] != 1 {
        return Err(RecordError::Length);
    }
    let (width, height) = (two(6), two(8));
    let Some((view, rest)) = rest.split_first_chunk::<4>() else { return Err(RecordError::Length) };
    let count = usize::from(view[3]);
    let Some((minutiae, extended)) = rest.split_at_checked(MINUTIA * count) else { return Err(RecordError::Length) };
    // Data that we do not know may follow; what we know has to be whole.
    let Some((announced, following)) = extended.split_first_chunk::<2>() else { return Err(RecordError::Length) };
    if usize::from(u16::from_be_bytes(*announced)) != following.len() {
        return Err(RecordError::Length);
    }
    debug_assert!(count <= MAX_MINUTIAE);
    // What was read before something was refused is wiped with the view.
    let mut view = View { width, height, minutiae: Vec::with_capacity(count) };
    for minutia in minutiae.chunks_exact(MINUTIA) {
        view.minutiae.push(read_minutia(minutia, width, height)?);
    }
    Ok(view)
}

fn read_minutia(bytes: &[u8], width: u16, height: u16) -> Result<Minutia, RecordError> {
    let &[x0, x1, y0, y1, steps, quality] = bytes else { return Err(RecordError::Length) };
    let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
    let kind = match x >> 14 {
        1 => Kind::Ending,
        // 0, "other", where ends and forks were not told apart.
        0 | 2 => Kind::Bifurcation,
        _ => return Err(RecordError::Field),
    };
    let (x, y) = (x & FARTHEST, y & FARTHEST);
    if x >= width || y >= height {
        return Err(RecordError::Outside);
    }
    if quality > 100 {
        return Err(RecordError::Field);
    }
    Ok(Minutia { x: f32::from(x), y: f32::from(y), angle: f32::from(steps) * TAU / STEPS, kind, quality })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_what_the_standard_says() {
        let minutiae = [
            Minutia { x: 93.4, y: 276.6, angle: 247.5f32.to_radians(), kind: Kind::Bifurcation, quality: 96 },
            Minutia { x: 399.9, y: 0.0, angle: 359.9f32.to_radians(), kind: Kind::Ending, quality: 0 },
        ];
        let bytes = write(&View::of(400, 500, &minutiae)).unwrap();
        let expected = [
            b"FMR\0 20\0" as &[u8],
            &[0, 0, 0, 42, 0, 0, 1, 0x90, 1, 0xF4, 0, 197, 0, 197, 1, 0],
            &[0, 0, 0, 2],
            &[0x80, 93, 1, 21, 176, 96],
            &[0x41, 0x8F, 0, 0, 0, 1],
            &[0, 0],
        ];
        assert_eq!(bytes, expected.concat());
        let view = read(&bytes).unwrap();
        assert_eq!((view.width, view.height, view.minutiae.len()), (400, 500, 2));
        assert_eq!(write(&view).unwrap(), bytes);
    }

    #[test]
    fn matchers_get_the_best_from_top_to_bottom() {
        let at = |y: u8| Minutia { x: 5.0, y: y.into(), angle: 0.0, kind: Kind::Ending, quality: y % 80 };
        let many: Vec<_> = (0..100).map(at).collect();
        let view = View::for_matchers(400, 500, &many);
        // Those of y 20 to 79: of 80 to 99 qualities are 0 to 19 again.
        assert_eq!(view.minutiae, many[20..80]);
        assert_eq!(View::for_matchers(400, 500, &many[..7]), View::of(400, 500, &many[..7]));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        let at = |x: f32, y: f32| Minutia { x, y, angle: 0.0, kind: Kind::Ending, quality: 50 };
        for (minutiae, expected) in [
            (vec![at(400.0, 3.0)], RecordError::Outside),
            (vec![at(3.0, -1.0)], RecordError::Outside),
            (vec![at(f32::NAN, 1.0)], RecordError::Outside),
            (vec![Minutia { angle: f32::INFINITY, ..at(3.0, 3.0) }], RecordError::Field),
            (vec![at(1.0, 1.0); 256], RecordError::TooMany),
        ] {
            assert_eq!(write(&View::of(400, 500, &minutiae)), Err(expected));
        }
        assert_eq!(write(&View::of(60_000, 60_000, &[at(20_000.0, 1.0)])), Err(RecordError::Outside));
    }

    #[test]
    fn a_spoilt_record_is_refused() {
        let minutia = Minutia { x: 5.0, y: 6.0, angle: 1.0, kind: Kind::Ending, quality: 50 };
        let good = write(&View::of(400, 500, &[minutia])).unwrap();
        let spoilt = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            read(&bytes)
        };
        assert_eq!(read(&good[..good.len() - 1]), Err(RecordError::Length));
        assert_eq!(spoilt(0, b'X'), Err(RecordError::Format));
        assert_eq!(spoilt(11, 1), Err(RecordError::Length));
        assert_eq!(spoilt(22, 2), Err(RecordError::Length));
        assert_eq!(spoilt(27, 9), Err(RecordError::Length));
        assert_eq!(spoilt(28, 0xC0), Err(RecordError::Field));
        assert_eq!(spoilt(28, 0x7F), Err(RecordError::Outside));
        assert_eq!(spoilt(33, 101), Err(RecordError::Field));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..120), begins in any::<bool>()) {
            let mut bytes = bytes;
            if begins && bytes.len() >= 24 {
                let length = (bytes.len() as u32).to_be_bytes();
                bytes[..8].copy_from_slice(MAGIC);
                bytes[8..12].copy_from_slice(&length);
                bytes[22] = 1;
            }
            if let Ok(view) = read(&bytes) {
                let again = read(&write(&view).unwrap()).unwrap();
                prop_assert_eq!(again.minutiae.len(), view.minutiae.len());
            }
        }

        #[test]
        fn every_minutia_within_its_picture_comes_back(
            x in 0.0f32..800.0, y in 0.0f32..1000.0, angle in 0.0f32..TAU, quality in 1u8..=100,
        ) {
            let minutia = Minutia { x, y, angle, kind: Kind::Ending, quality };
            let view = read(&write(&View::of(800, 1000, &[minutia])).unwrap()).unwrap();
            let back = view.minutiae[0];
            prop_assert!((back.x - x).abs() <= 1.0 && (back.y - y).abs() <= 1.0 && back.quality == quality);
            let away = (back.angle - angle).abs();
            prop_assert!(away.min(TAU - away) <= 0.0124, "{away}");
        }
    }
}
