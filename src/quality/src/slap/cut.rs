//! One fingertip cut out of a slap.

use super::{FingerBox, Slap};
use domain::image::FingerImage;

/// White around a fingertip, in millimetres: what the box may have missed.
const MARGIN: f32 = 1.0;
/// What reaches into the picture from another finger is white from here on: halfway between the two, by the distance from
/// each box's own middle.
const WHITE: u8 = 255;

/// The picture of one fingertip as it lies, with what is nearer to another finger padded white.
///
/// It is not turned upright: every interpolation costs detail, NFIQ 2's measures do not depend on the direction, and the
/// picture that is judged is the one that is kept. None of an index that is not there, or of a box beyond the picture.
pub fn cut(slap: &Slap, index: usize, glass: &FingerImage) -> Option<FingerImage> {
    let own = slap.fingers.get(index)?;
    let (width, height, grey) = (glass.width as usize, glass.height as usize, glass.grey());
    let margin = MARGIN * slap.per_mm;
    let (sine, cosine) = own.angle.to_radians().sin_cos();
    let half = (own.size.0 / 2.0 + margin, own.size.1 / 2.0 + margin);
    let reach = (half.0 * cosine.abs() + half.1 * sine.abs(), half.0 * sine.abs() + half.1 * cosine.abs());
    let within = |at: f32, reach: f32, most: usize| {
        let clamp = |value: f32| (value.max(0.0) as usize).min(most);
        clamp(at - reach)..clamp((at + reach).ceil())
    };
    let (columns, rows) = (within(own.centre.0, reach.0, width), within(own.centre.1, reach.1, height));
    if columns.is_empty() || rows.is_empty() {
        return None;
    }
    let others: Vec<&FingerBox> =
        slap.fingers.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, other)| other).collect();
    let mut pixels = Vec::with_capacity(columns.len() * rows.len());
    for row in rows.clone() {
        for column in columns.clone() {
            let at = (column as f32 + 0.5, row as f32 + 0.5);
            let (across, along) = own.within(at);
            let inside = across.abs() <= half.0 && along.abs() <= half.1;
            let nearest = || others.iter().all(|other| other.radius(at) >= own.radius(at));
            pixels.push(if inside && nearest() { grey[row * width + column] } else { WHITE });
        }
    }
    FingerImage::new(columns.len() as u32, rows.len() as u32, glass.ppi, glass.bit_depth, pixels).ok()
}
