//! Devices that are worn: dirt on the glass of a scanner, a camera's lamp that has become weak. Unlike a fault it is there for
//! everybody, from the next picture on, until somebody cleans the glass or replaces the lamp.

use super::hand::{FINGER_SIZE, PLATEN_PPI};
use super::landing::{LIVE_PPI, LIVE_SIZE};
use super::pictures::{self, PPI};
use super::{Device, Stage, StageError};
use domain::finger::Finger;
use image::GrayImage;
use render::print::{Glass, slap};
use serde::Deserialize;
use std::sync::Arc;

/// The dirt of this simulation's glasses is always the same.
const DIRT: u64 = 0xD127;

/// The weakest lamp: a twentieth of the light of a new one.
const DIMMEST: f32 = 0.95;

/// How worn a device is: levels from 0, as new, to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wear {
    /// A film on a scanner's glass that greys it, unevenly.
    pub film: f32,
    /// Prints of former fingers on a scanner's glass.
    pub residue: f32,
    /// What a camera's lamp lacks of its light.
    pub dim: f32,
}

impl Wear {
    /// The wear, if this device can have it. The error says what does not fit.
    pub fn of(self, device: Device) -> Result<Self, String> {
        for (what, level, fits) in [
            ("film", self.film, matches!(device, Device::Scanner | Device::Slap)),
            ("residue", self.residue, matches!(device, Device::Scanner | Device::Slap)),
            ("dim", self.dim, device == Device::Camera),
        ] {
            // Written so that not-a-number is outside.
            if !(0.0..=1.0).contains(&level) {
                return Err(format!("{what} is not within 0 to 1"));
            }
            if level > 0.0 && !fits {
                return Err(format!("the {} cannot have {what}", device.id()));
            }
        }
        Ok(self)
    }

    fn glass(self, width: u32, height: u32, ppi: f32) -> Option<Arc<Glass>> {
        let dirty = self.film > 0.0 || self.residue > 0.0;
        dirty.then(|| Arc::new(Glass::dirty(DIRT, self.film, self.residue, width, height, ppi)))
    }
}

/// What worn devices make of their pictures.
#[derive(Debug, Default)]
pub(super) struct Worn {
    /// The glass of the sensor for single fingers, where it is dirty.
    sensor: Option<Arc<Glass>>,
    /// The glass of the slap scanner.
    slap: Option<Arc<Glass>>,
    /// What the camera's lamp lacks.
    dim: f32,
}

impl Stage {
    /// Wears a device down, or makes it as new again. Fingers that lie on the glass already look as they did.
    ///
    /// # Errors
    /// A wear that this device cannot have, and pictures that cannot be drawn.
    pub fn set_wear(&self, device: Device, wear: Wear) -> Result<(), StageError> {
        let wear = wear.of(device).map_err(StageError::Wear)?;
        let (width, height) = if self.is_live() { LIVE_SIZE } else { self.settings.sensor };
        match device {
            Device::Scanner => {
                let glass = wear.glass(width, height, if self.is_live() { LIVE_PPI } else { PPI });
                self.live.set_free(glass.as_deref());
                self.scene().worn.sensor = glass;
            }
            Device::Slap => self.scene().worn.slap = wear.glass(slap::WIDTH, slap::HEIGHT, PLATEN_PPI),
            Device::Camera => {
                let empty = Arc::new(pictures::empty_desk(1.0 - wear.dim * DIMMEST).map_err(picture)?);
                let mut scene = self.scene();
                scene.worn.dim = wear.dim;
                scene.empty = Arc::clone(&empty);
                if scene.visitor.is_none() {
                    scene.show(empty);
                    return Ok(());
                }
                drop(scene);
                self.turn(self.pose())?;
            }
            Device::Reader => {}
        }
        Ok(())
    }

    /// The light of the camera's lamp, 1 for a new one.
    pub(super) fn lamp(&self) -> f32 {
        1.0 - self.scene().worn.dim * DIMMEST
    }

    /// The glass of the sensor for single fingers, where it is dirty.
    pub(super) fn sensor_glass(&self) -> Option<Arc<Glass>> {
        self.scene().worn.sensor.clone()
    }

    /// The glass of the slap scanner, where it is dirty.
    pub fn slap_glass(&self) -> Option<Arc<Glass>> {
        self.scene().worn.slap.clone()
    }
}

/// What a slap scanner with this glass cuts out for this finger: each finger has its place on the glass.
pub(super) fn cover_cut(glass: &Glass, finger: Finger, cut: &mut GrayImage) {
    let (width, height) = FINGER_SIZE;
    let place = u32::from(finger.code() - 1);
    let corner = (place % 5 * (slap::WIDTH - width) / 4, place / 5 * (slap::HEIGHT - height));
    glass.part(corner, width, height).cover(cut);
}

fn picture(error: image::ImageError) -> StageError {
    StageError::Picture(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Person, Traits};
    use crate::stage::Settings;
    use jiff::civil::date;

    const TODAY: jiff::civil::Date = date(2026, 3, 1);

    fn stage() -> Stage {
        let stage = Stage::new(Settings { sensor: (192, 192), autopilot: false, today: TODAY }).unwrap();
        stage.expect_hands();
        stage
    }

    fn arrive(stage: &Stage) {
        stage.arrive(Person::new(7, &Traits::default(), TODAY)).unwrap();
    }

    fn mean(bytes: &[u8]) -> f64 {
        bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / bytes.len() as f64
    }

    /// How light the finger on the sensor and the cut of the slap scanner are: the same person, the same touch.
    fn fingers(stage: &Stage) -> [f64; 2] {
        arrive(stage);
        stage.put(Finger::RightIndex).unwrap();
        let sensed = mean(&stage.on_glass().unwrap());
        stage.put_hand(&[Finger::RightIndex], Default::default()).unwrap();
        [sensed, mean(stage.platen().unwrap().fingers[0].image.as_raw())]
    }

    #[test]
    fn a_dirty_glass_is_dirty_for_everybody_until_it_is_cleaned() {
        let stage = stage();
        let clean = fingers(&stage);
        for dirt in [Wear { film: 0.8, ..Wear::default() }, Wear { residue: 1.0, ..Wear::default() }] {
            [Device::Scanner, Device::Slap].into_iter().for_each(|device| stage.set_wear(device, dirt).unwrap());
            for _ in 0..2 {
                let dirty = fingers(&stage);
                assert!(dirty[0] < clean[0] - 4.0 && dirty[1] < clean[1] - 4.0, "{dirt:?}: {dirty:?} {clean:?}");
                stage.leave();
            }
        }
        [Device::Scanner, Device::Slap].into_iter().for_each(|device| stage.set_wear(device, Wear::default()).unwrap());
        assert_eq!(fingers(&stage), clean);
    }

    #[test]
    fn a_weak_lamp_darkens_whoever_stands_there_whoever_comes_and_the_empty_desk() {
        let stage = stage();
        let light = |stage: &Stage| mean(image::load_from_memory(&stage.frame(0).0).unwrap().to_rgb8().as_raw());
        let weak = |dim| stage.set_wear(Device::Camera, Wear { dim, ..Wear::default() }).unwrap();
        let empty = light(&stage);
        weak(0.5);
        assert!(light(&stage) < empty - 20.0, "the empty desk");
        arrive(&stage);
        let dim = light(&stage);
        weak(0.0);
        let new = light(&stage);
        assert!(dim < new - 20.0, "whoever comes: {dim} {new}");
        weak(0.5);
        assert!((light(&stage) - dim).abs() < 1.0, "whoever stands there");
        stage.leave();
        assert!(light(&stage) < empty - 20.0);
    }

    #[test]
    fn a_free_live_scan_glass_shows_its_dirt() {
        let stage = stage();
        stage.set_live();
        let seen = || mean(image::load_from_memory(&stage.glimpse(0)).unwrap().to_luma8().as_raw());
        let clean = seen();
        stage.set_wear(Device::Scanner, Wear { film: 0.5, residue: 0.5, ..Wear::default() }).unwrap();
        assert!(seen() < clean - 10.0);
        stage.set_wear(Device::Scanner, Wear::default()).unwrap();
        assert!((seen() - clean).abs() < 0.5);
    }

    #[test]
    fn what_a_device_cannot_have_is_refused() {
        let stage = stage();
        for (device, wear, said) in [
            (Device::Camera, Wear { film: 0.5, ..Wear::default() }, "the camera cannot have film"),
            (Device::Slap, Wear { dim: 0.5, ..Wear::default() }, "the slap cannot have dim"),
            (Device::Reader, Wear { residue: 0.5, ..Wear::default() }, "the reader cannot have residue"),
            (Device::Scanner, Wear { film: f32::NAN, ..Wear::default() }, "film is not within"),
            (Device::Camera, Wear { dim: 1.1, ..Wear::default() }, "dim is not within"),
        ] {
            let error = stage.set_wear(device, wear).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
