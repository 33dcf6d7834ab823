//! What the station knows about a device, whatever its make: one descriptor, one set of fault kinds.

use crate::finger::Finger;
use crate::units::Ppi;
use alloc::{format, string::String, vec::Vec};
use core::fmt;
use serde::{Deserialize, Serialize};

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceKind {
    /// Takes the face.
    Camera,
    /// Reads the MRZ of a document. The only kind that needs no capture permit.
    DocumentReader,
    /// Takes fingerprints.
    FingerScanner,
}

impl DeviceKind {
    /// The word in configuration and on the command line: `camera`, `reader`, `scanner`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::DocumentReader => "reader",
            Self::FingerScanner => "scanner",
        }
    }
}

/// What a finger scanner can take at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaptureGroup {
    /// Left index to little finger.
    LeftFour,
    /// Right index to little finger.
    RightFour,
    /// One finger.
    Single,
    /// Both thumbs.
    TwoThumbs,
}

impl CaptureGroup {
    /// The fingers that belong together on the glass, in the order of their ISO codes; none for [`Self::Single`],
    /// which is any one finger.
    pub const fn fingers(self) -> &'static [Finger] {
        match self {
            Self::LeftFour => &[Finger::LeftIndex, Finger::LeftMiddle, Finger::LeftRing, Finger::LeftLittle],
            Self::RightFour => &[Finger::RightIndex, Finger::RightMiddle, Finger::RightRing, Finger::RightLittle],
            Self::Single => &[],
            Self::TwoThumbs => &[Finger::RightThumb, Finger::LeftThumb],
        }
    }

    /// The identifier in pages, reports and control messages: `right-four`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::LeftFour => "left-four",
            Self::RightFour => "right-four",
            Self::Single => "single",
            Self::TwoThumbs => "two-thumbs",
        }
    }

    /// The group that these fingers are put down as: [`Self::Single`] for one finger, nothing for fingers that do not
    /// belong together.
    pub fn of(fingers: &[Finger]) -> Option<Self> {
        let slaps = [Self::RightFour, Self::LeftFour, Self::TwoThumbs];
        match fingers {
            [] => None,
            [_] => Some(Self::Single),
            several => slaps.into_iter().find(|slap| several.iter().all(|finger| slap.fingers().contains(finger))),
        }
    }
}

/// What a finger scanner's preview frames may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreviewUse {
    /// Advice only: the sample comes at the end and by another way, for example signed.
    Advice,
    /// Each frame is a sample in itself, as good as any that the device gives: the station may keep one.
    Sample,
}

/// The frames that a finger scanner sends while a finger rests on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FingerPreview {
    /// Exact resolution of the frames.
    pub ppi: Ppi,
    /// What they may be used for.
    pub frames: PreviewUse,
}

/// A device as it describes itself, completed from our own tables where it cannot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceDescriptor {
    /// What it is for.
    pub kind: DeviceKind,
    /// Name of the driver in the factory list: `ef01`, `mjpeg`, `v4l2`, `serial-mrz`.
    pub driver: String,
    /// Who made it.
    pub vendor: String,
    /// Model.
    pub model: String,
    /// Serial number, or empty where the device states none.
    pub serial: String,
    /// Firmware version, or empty.
    pub firmware: String,
    /// Where it is attached: a device path or an address without credentials.
    pub transport: String,
    /// Exact resolution of a finger scanner, for example 508.
    pub ppi: Option<Ppi>,
    /// Bits for each pixel that really come over the wire.
    pub bit_depth: u8,
    /// Pixels in a row; 0 for a document reader.
    pub width: u32,
    /// Rows; 0 for a document reader.
    pub height: u32,
    /// What a finger scanner takes at once; empty for other kinds.
    pub groups: Vec<CaptureGroup>,
    /// Fingerprint acquisition profile (10 to 60) that the device is certified for; none for the serial class.
    pub fap: Option<u8>,
    /// Preview frames a second that reach the station; 0 where there is no preview.
    pub preview_fps: u8,
    /// What a finger scanner's preview frames are; none for other kinds, and where no preview reaches the station.
    #[serde(default)]
    pub finger_preview: Option<FingerPreview>,
    /// The device cuts slaps into fingers itself.
    pub segments_itself: bool,
    /// The device says that it is simulated. Its records carry the mark.
    pub simulated: bool,
}

impl DeviceDescriptor {
    /// Whether fingerprints of this device may be enrolled without the laboratory override:
    /// 8 bit, 500 ppi or more, FAP 30 or more (ISO/IEC 19794-4 and the mobile identification profiles).
    pub fn enrolment_grade(&self) -> bool {
        self.bit_depth >= 8
            && self.ppi.is_some_and(|ppi| ppi >= Ppi::FIVE_HUNDRED)
            && self.fap.is_some_and(|fap| fap >= 30)
    }

    /// The preview whose frames can be scored while the finger rests: 500 ppi or more, as fingerprint quality is
    /// defined (ISO/IEC 29794-4). Frames of less would be judged by pixels that were never seen. The frames of a scanner
    /// of enrolment grade never become samples, whatever its driver says: nothing of them is signed.
    pub fn scored_preview(&self) -> Option<FingerPreview> {
        let scored = self.finger_preview.filter(|preview| self.preview_fps > 0 && preview.ppi >= Ppi::FIVE_HUNDRED)?;
        Some(if self.enrolment_grade() { FingerPreview { frames: PreviewUse::Advice, ..scored } } else { scored })
    }

    /// Whether the glass is smaller than that of FAP 10 (0.5 x 0.65 inches): a print from it shows a part of the
    /// fingertip. A glass of unknown size is not: its limits are not lowered.
    pub fn small_sensor(&self) -> bool {
        let area = u64::from(self.width) * u64::from(self.height);
        self.ppi.is_some_and(|ppi| {
            let square_inch = u64::from(ppi.get()) * u64::from(ppi.get());
            area > 0 && area * 1000 < square_inch * 325
        })
    }

    /// Vendor, model and serial number in one line for pages and records.
    pub fn label(&self) -> String {
        let label = format!("{} {} {}", self.vendor, self.model, self.serial);
        String::from(label.trim())
    }
}

/// How a device is doing, as its supervisor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceState {
    /// Not there: unplugged, no such path, nobody answers.
    Absent,
    /// Capturing.
    Busy,
    /// Works, with something amiss: dropped frames, checksum errors.
    Degraded,
    /// Its driver gave up; it is being restarted with back-off.
    Faulted,
    /// Idle and able to capture.
    Ready,
    /// Its driver has just been started.
    Starting,
}

/// What to do about a device error: the shared answer to many makes' own errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Another program holds the device.
    Busy,
    /// It was unplugged, or its driver died.
    Disconnected,
    /// Nobody put a finger on it in time.
    NoFinger,
    /// None of the others.
    Other,
    /// The station's account may not open it.
    PermissionDenied,
    /// It sent something that its protocol does not allow.
    Protocol,
    /// It did not answer in time.
    Timeout,
}

/// A device error with its two texts. Neither holds personal or biometric data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFault {
    /// What kind of trouble, which decides what the station does.
    pub kind: ErrorKind,
    /// Short code to read out over the telephone: `D-12`.
    pub code: String,
    /// What happened and what to do now, for the officer.
    pub officer: String,
    /// Port, byte, attempt: for the log.
    pub log: String,
}

impl fmt::Display for DeviceFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.officer, self.code)
    }
}

impl core::error::Error for DeviceFault {}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor((width, height, ppi): (u32, u32, u32)) -> DeviceDescriptor {
        DeviceDescriptor {
            kind: DeviceKind::FingerScanner,
            driver: String::new(),
            vendor: String::new(),
            model: String::new(),
            serial: String::new(),
            firmware: String::new(),
            transport: String::new(),
            ppi: Ppi::try_from(ppi).ok(),
            bit_depth: 8,
            width,
            height,
            groups: Vec::new(),
            fap: None,
            preview_fps: 0,
            finger_preview: None,
            segments_itself: false,
            simulated: true,
        }
    }

    #[test]
    fn a_sensor_below_fap_10_is_small() {
        for (what, glass, small) in [
            ("192 pixels square", (192, 192, 508), true),
            ("SFM T1", (256, 360, 508), false),
            ("FAP 10", (250, 325, 500), false),
            ("FAP 10 at 1000 ppi", (500, 650, 1000), false),
            ("a little less than FAP 10", (249, 325, 500), true),
            ("FAP 30", (400, 500, 500), false),
            ("a slap scanner", (1600, 1500, 500), false),
            ("one that does not tell its size", (0, 0, 500), false),
        ] {
            let sensor = sensor(glass);
            assert_eq!(sensor.small_sensor(), small, "{what}");
            assert!(!DeviceDescriptor { ppi: None, ..sensor }.small_sensor(), "a camera");
        }
    }

    #[test]
    fn a_certified_scanners_preview_gives_advice_only() {
        let preview = |ppi, frames| Ppi::try_from(ppi).ok().map(|ppi| FingerPreview { ppi, frames });
        for (fap, ppi, frames, scored) in [
            (None, 500, PreviewUse::Sample, Some(PreviewUse::Sample)),
            (Some(60), 500, PreviewUse::Sample, Some(PreviewUse::Advice)),
            (Some(60), 500, PreviewUse::Advice, Some(PreviewUse::Advice)),
            (None, 499, PreviewUse::Sample, None),
        ] {
            let finger_preview = preview(ppi, frames);
            let told = DeviceDescriptor { fap, preview_fps: 15, finger_preview, ..sensor((400, 500, 500)) };
            assert_eq!(told.scored_preview().map(|preview| preview.frames), scored, "{fap:?} {ppi} {frames:?}");
            assert_eq!(DeviceDescriptor { preview_fps: 0, ..told }.scored_preview(), None);
        }
    }
}
