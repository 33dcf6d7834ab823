//! What is true of an image of one finger.

use super::super::maths::sin_cos_deg;
use super::geometry::{Contact, Skin};
use super::grow::{Master, Singular};
use super::impression::Layer;
use super::minutiae::{Minutia, heading};
use super::orientation::PatternClass;
use super::touch::Impression;

/// Minutiae nearer to the border of the contact are cut off or unclear: they are not promised.
const INSIDE: f32 = 0.96;

/// What an image of one finger shows. Places are pixels from the top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintTruth {
    /// The pattern's class.
    pub class: PatternClass,
    /// The part that touches; nothing in an image without pixels.
    pub contact: Option<Contact>,
    /// Cores and deltas that are seen.
    pub singular: Singular,
    /// The finger's minutiae that lie within the contact and the image. A defect may have hidden some.
    pub minutiae: Vec<Minutia>,
    /// How the finger was put down: levels as they took effect.
    pub touch: Impression,
}

impl PrintTruth {
    pub(super) fn of(master: &Master, layer: &Layer, touch: &Impression, size: (u32, u32)) -> Self {
        let inside = |(x, y): (f32, f32)| {
            x >= 0.0
                && y >= 0.0
                && x <= size.0 as f32 - 1.0
                && y <= size.1 as f32 - 1.0
                && layer.radius.at(x, y) < INSIDE
        };
        let seen = |points: &[(f32, f32)]| -> Vec<(f32, f32)> {
            points.iter().map(|point| layer.skin.shown(*point)).filter(|point| inside(*point)).collect()
        };
        let minutiae = master.minutiae().iter().map(|minutia| carried(minutia, &layer.skin));
        Self {
            class: master.class(),
            contact: Some(layer.contact),
            singular: Singular { cores: seen(&master.singular.cores), deltas: seen(&master.singular.deltas) },
            minutiae: minutiae.filter(|minutia| inside((minutia.x, minutia.y))).collect(),
            touch: touch.bounded(),
        }
    }

    /// The same on a larger canvas, whose pixel `corner` is the first of this image; what lies beyond it goes.
    pub(super) fn shift(&mut self, corner: (f32, f32), size: (usize, usize)) {
        let inside = |x: f32, y: f32| x >= 0.0 && y >= 0.0 && x < size.0 as f32 && y < size.1 as f32;
        if let Some(contact) = &mut self.contact {
            contact.centre = (contact.centre.0 + corner.0, contact.centre.1 + corner.1);
        }
        for points in [&mut self.singular.cores, &mut self.singular.deltas] {
            points.iter_mut().for_each(|point| *point = (point.0 + corner.0, point.1 + corner.1));
            points.retain(|point| inside(point.0, point.1));
        }
        self.minutiae.iter_mut().for_each(|m| (m.x, m.y) = (m.x + corner.0, m.y + corner.1));
        self.minutiae.retain(|m| inside(m.x, m.y));
    }

    pub(super) fn nothing(master: &Master, touch: &Impression) -> Self {
        Self {
            class: master.class(),
            contact: None,
            singular: Singular::default(),
            minutiae: Vec::new(),
            touch: touch.bounded(),
        }
    }
}

/// The minutia as the image shows it.
fn carried(minutia: &Minutia, skin: &Skin) -> Minutia {
    const STEP: f32 = 8.0;
    let (sine, cosine) = sin_cos_deg(minutia.angle);
    let from = skin.shown((minutia.x, minutia.y));
    let to = skin.shown((minutia.x + STEP * cosine, minutia.y - STEP * sine));
    Minutia { x: from.0, y: from.1, angle: heading(to.0 - from.0, to.1 - from.1), kind: minutia.kind }
}
