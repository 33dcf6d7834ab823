//! One cue: what is waited for, and what happens then.

use super::wording;
use crate::stage::hand::{HandPose, MAX_ROTATION, MAX_TOGETHER};
use crate::stage::{Device, FaultKind, Wear};
use domain::finger::Finger;
use render::head::Pose;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// The longest pause between an event and what follows it, in seconds.
const MAX_PAUSE_S: f64 = 600.0;

/// The farthest that a clock is moved, in seconds: ten years either way.
const MAX_CLOCK_S: i64 = 10 * 366 * 86_400;

/// Something that a cue can wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody steps up to the desk.
    Arrives,
    /// A frame is about to leave.
    CameraSends,
    /// A stream is opened.
    CameraStarts,
    /// The desk is empty again.
    Leaves,
    /// The officer's page asks for a document, the face, a finger or a hand.
    PageAsks(String),
    /// The officer's page has come to a step.
    PageShows(String),
    /// The officer reads the code of a device fault; a cue may wait for one of several.
    PageTells(Vec<String>),
    /// A document is about to go over the line.
    ReaderSends,
    /// An image is commanded.
    ScannerLooks,
    /// An image is about to go over the line.
    ScannerSends,
    /// An image is commanded while a finger is there.
    ScannerTakes,
    /// The slap scanner is about to answer with images.
    SlapSends,
    /// The slap scanner sees a hand.
    SlapTakes,
}

impl Event {
    /// The event of a phrase: `camera starts`, `page asks for right-index`. The error says what is wrong with it.
    pub fn read(phrase: &str) -> Result<Self, String> {
        wording::read(phrase)
    }

    /// Whether `other` is what was waited for.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::PageTells(wanted), Self::PageTells(told)) => told.iter().any(|code| wanted.contains(code)),
            _ => self == other,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&wording::say(self))
    }
}

/// Another pose; what is left out stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Turn {
    /// Degrees, -60 to 60.
    pub yaw: Option<f32>,
    /// Degrees, -60 to 60.
    pub pitch: Option<f32>,
    /// Degrees, -60 to 60.
    pub roll: Option<f32>,
    /// Opening of the eyelids, 0 to 1.
    pub lids: Option<f32>,
    /// Metres, 0.3 to 4.
    pub distance: Option<f32>,
}

impl Turn {
    /// The pose after it. The error names the number that is outside its range, and the range.
    pub fn of(&self, now: Pose) -> Result<Pose, (&'static str, f32, f32)> {
        let within = |what, value: Option<f32>, stays: f32, low: f32, high: f32| match value {
            None => Ok(stays),
            // Written so that not-a-number is outside.
            Some(value) if (low..=high).contains(&value) => Ok(value),
            Some(_) => Err((what, low, high)),
        };
        Ok(Pose {
            yaw: within("yaw", self.yaw, now.yaw, -60.0, 60.0)?,
            pitch: within("pitch", self.pitch, now.pitch, -60.0, 60.0)?,
            roll: within("roll", self.roll, now.roll, -60.0, 60.0)?,
            lids: within("lids", self.lids, now.lids, 0.0, 1.0)?,
            distance: within("distance", self.distance, now.distance, 0.3, 4.0)?,
            ..now
        })
    }
}

/// Something that happens on a cue.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// A bad day begins.
    Fault {
        /// Of this device.
        device: Device,
        /// What goes wrong.
        kind: FaultKind,
        /// Bytes that the device still sends well.
        after_bytes: u64,
    },
    /// The document is handed over once more.
    HandOver,
    /// A second person steps beside the traveller: who.
    Join(u64),
    /// The traveller goes.
    Leave,
    /// Whatever was put down is lifted.
    Lift,
    /// The bad day of a device ends.
    Mend(Device),
    /// The station's clock is moved by so many seconds.
    MoveClock(i64),
    /// These fingers are put down, whatever was asked for.
    Put(Vec<Finger>, HandPose),
    /// The second person steps away.
    StandAlone,
    /// The traveller takes another pose.
    Turn(Turn),
    /// A device is worn from now on, or as new again.
    Wear(Device, Wear),
}

/// What a cue did in the traveller's stead: a shift then leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acted {
    /// Fingers were put down or lifted.
    pub fingers: bool,
    /// A document was handed over.
    pub document: bool,
}

impl Acted {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { fingers: self.fingers || other.fingers, document: self.document || other.document }
    }

    /// What these deeds do in the traveller's stead.
    pub fn of(deeds: &[Deed]) -> Self {
        Self {
            fingers: deeds.iter().any(|deed| matches!(deed, Deed::Put(..) | Deed::Lift)),
            document: deeds.contains(&Deed::HandOver),
        }
    }
}

/// One cue.
#[derive(Clone, Debug, PartialEq)]
pub struct Cue {
    /// What is waited for.
    pub on: Event,
    /// The how manieth of these events since the cue before, from 1.
    pub nth: u32,
    /// How long after the event it happens.
    pub pause: Duration,
    /// What happens: at least one deed.
    pub deeds: Vec<Deed>,
    /// Where it stands in its file.
    pub line: usize,
}

impl Cue {
    /// Whether this event counts.
    pub fn waits_for(&self, event: &Event) -> bool {
        self.on.is(event)
    }
}

impl fmt::Display for Cue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: on \"{}\"", self.line, self.on)?;
        if self.nth > 1 { write!(f, ", nth {}", self.nth) } else { Ok(()) }
    }
}

/// Wear as it stands in a file: no level makes the device as new again.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWear {
    device: Device,
    #[serde(default)]
    film: f32,
    #[serde(default)]
    residue: f32,
    #[serde(default)]
    dim: f32,
}

/// A cue as it stands in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCue {
    on: String,
    #[serde(default = "first")]
    nth: u32,
    #[serde(default)]
    after_s: f64,
    fault: Option<FaultKind>,
    of: Option<Device>,
    after_bytes: Option<u64>,
    mend: Option<Device>,
    wears: Option<RawWear>,
    puts: Option<Vec<Finger>>,
    rotation: Option<f32>,
    #[serde(default)]
    lifts: bool,
    turns: Option<Turn>,
    joined_by: Option<u64>,
    #[serde(default)]
    stands_alone: bool,
    #[serde(default)]
    hands_over: bool,
    #[serde(default)]
    leaves: bool,
    clock_s: Option<i64>,
}

impl RawCue {
    /// The cue, if its parts fit one another and the devices at the desk; or what does not.
    pub fn checked(self, line: usize, devices: &[Device]) -> Result<Cue, String> {
        let on = Event::read(&self.on)?;
        if self.nth == 0 {
            return Err(String::from("nth counts from 1"));
        }
        if !(0.0..=MAX_PAUSE_S).contains(&self.after_s) {
            return Err(format!("after_s is not within 0 to {MAX_PAUSE_S}"));
        }
        let deeds = self.deeds(devices)?;
        if deeds.is_empty() {
            return Err(String::from("nothing happens on this cue"));
        }
        Ok(Cue { on, nth: self.nth, pause: Duration::from_secs_f64(self.after_s), deeds, line })
    }

    fn deeds(&self, devices: &[Device]) -> Result<Vec<Deed>, String> {
        let mut deeds = Vec::new();
        deeds.extend(self.fault(devices)?);
        if let Some(device) = self.mend {
            deeds.push(Deed::Mend(there(device, devices)?));
        }
        if let Some(RawWear { device, film, residue, dim }) = self.wears {
            let wear = Wear { film, residue, dim }.of(device)?;
            deeds.push(Deed::Wear(there(device, devices)?, wear));
        }
        deeds.extend(self.put()?);
        if let Some(turn) = self.turns {
            turn.of(Pose::default()).map_err(|(what, low, high)| format!("{what} is not within {low} to {high}"))?;
            deeds.push(Deed::Turn(turn));
        }
        if let Some(seconds) = self.clock_s {
            if seconds == 0 || !(-MAX_CLOCK_S..=MAX_CLOCK_S).contains(&seconds) {
                return Err(format!("clock_s is 0, or more than {MAX_CLOCK_S}"));
            }
            deeds.push(Deed::MoveClock(seconds));
        }
        deeds.extend(self.joined_by.map(Deed::Join));
        let flags = [
            (self.lifts, Deed::Lift),
            (self.stands_alone, Deed::StandAlone),
            (self.hands_over, Deed::HandOver),
            (self.leaves, Deed::Leave),
        ];
        deeds.extend(flags.into_iter().filter(|(is, _)| *is).map(|(_, deed)| deed));
        Ok(deeds)
    }

    fn fault(&self, devices: &[Device]) -> Result<Option<Deed>, String> {
        match (self.fault, self.of) {
            (None, None) if self.after_bytes.is_none() => Ok(None),
            (None, None) => Err(String::from("after_bytes belongs to a fault")),
            (None, Some(_)) => Err(String::from("of belongs to a fault")),
            (Some(kind), None) => Err(format!("of = \"...\" says which device has the fault {}", kind.id())),
            (Some(kind), Some(device)) if !kind.fits(device) => {
                Err(format!("the {} cannot have the fault {}", device.id(), kind.id()))
            }
            (Some(kind), Some(device)) => {
                let (device, after_bytes) = (there(device, devices)?, self.after_bytes.unwrap_or_default());
                Ok(Some(Deed::Fault { device, kind, after_bytes }))
            }
        }
    }

    fn put(&self) -> Result<Option<Deed>, String> {
        let rotation = self.rotation.unwrap_or_default();
        let Some(fingers) = &self.puts else {
            return if self.rotation.is_none() { Ok(None) } else { Err(String::from("rotation belongs to puts")) };
        };
        let twice = fingers.iter().enumerate().any(|(at, finger)| fingers[..at].contains(finger));
        if twice || fingers.is_empty() || fingers.len() > MAX_TOGETHER {
            return Err(format!("puts names one to {MAX_TOGETHER} different fingers"));
        }
        if !(-MAX_ROTATION..=MAX_ROTATION).contains(&rotation) {
            return Err(format!("rotation is not within -{MAX_ROTATION} to {MAX_ROTATION}"));
        }
        Ok(Some(Deed::Put(fingers.clone(), HandPose { rotation, ..HandPose::default() })))
    }
}

fn there(device: Device, devices: &[Device]) -> Result<Device, String> {
    if devices.contains(&device) { Ok(device) } else { Err(format!("there is no {} at the desk", device.id())) }
}

fn first() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_several_is_enough() {
        let cue = Event::read("page tells D-15 or D-16").unwrap();
        for (told, counts) in [("D-15", true), ("D-16", true), ("D-1", false)] {
            assert_eq!(cue.is(&Event::PageTells(vec![told.to_owned()])), counts, "{told}");
        }
        assert!(!cue.is(&Event::CameraStarts));
    }

    #[test]
    fn wear_fits_its_device() {
        let read = |wears: &str| {
            let cue: RawCue = toml::from_str(&format!("on = \"camera starts\"\nwears = {wears}")).unwrap();
            cue.checked(1, &[Device::Camera, Device::Scanner]).map(|cue| cue.deeds)
        };
        let wear = Wear { residue: 0.5, ..Wear::default() };
        assert_eq!(read("{ device = \"scanner\", residue = 0.5 }"), Ok(vec![Deed::Wear(Device::Scanner, wear)]));
        assert!(read("{ device = \"camera\", residue = 0.5 }").unwrap_err().contains("cannot have residue"));
        assert!(read("{ device = \"slap\" }").unwrap_err().contains("no slap at the desk"));
    }

    #[test]
    fn deeds_that_stand_in_for_the_traveller_are_known() {
        let put = Deed::Put(vec![Finger::LeftIndex], HandPose::default());
        assert_eq!(Acted::of(&[put]), Acted { fingers: true, document: false });
        assert_eq!(Acted::of(&[Deed::HandOver, Deed::Leave]), Acted { fingers: false, document: true });
    }
}
