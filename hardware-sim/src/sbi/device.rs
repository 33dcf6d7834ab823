//! The two devices that the service offers, and what they say about themselves.

use super::refusal::{Refusal, success};
use super::vendor::Vendor;
use base64::Engine;
use domain::device::CaptureGroup;
use domain::finger::Finger;
use drivers::sbi::iso::Slap;
use drivers::sbi::jws::JwsError;
use drivers::sbi::message::{BASE64, time_text};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What the devices are registered for.
pub const PURPOSE: &str = "Registration";

/// Where they are registered.
const ENVIRONMENT: &str = "Developer";

/// Firmware and service: software only, so that both are the same (specification, device info).
const SERVICE_VERSION: &str = "0.9.5";

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A camera for portraits.
    Face,
    /// A FAP 60 scanner for four fingers together.
    Slap,
}

/// A part of a device that can be asked alone: its `deviceSubId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// 0 of the camera.
    Face,
    /// 1 of the scanner.
    LeftFour,
    /// 2 of the scanner.
    RightFour,
    /// 3 of the scanner.
    TwoThumbs,
}

/// What a device says of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A capture is running.
    Busy,
    /// It does not work at the moment.
    NotReady,
    /// Nobody has vouched for it.
    NotRegistered,
    /// It waits for orders.
    Ready,
}

impl Kind {
    /// Both, in the order in which they are discovered.
    pub const ALL: [Self; 2] = [Self::Slap, Self::Face];

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::Slap => 0,
            Self::Face => 1,
        }
    }

    /// The device with this `deviceId`.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// The device for this type of sample.
    pub fn from_type(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.bio_type() == word)
    }

    /// Its `deviceId`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Slap => "SIMULATED-SLAP-1",
            Self::Face => "SIMULATED-FACE-1",
        }
    }

    /// What it takes, in the specification's word.
    pub const fn bio_type(self) -> &'static str {
        match self {
            Self::Slap => "Finger",
            Self::Face => "Face",
        }
    }

    /// Its `deviceCode`: given by the authority at registration.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Slap => "SIMULATED-CODE-0001",
            Self::Face => "SIMULATED-CODE-0002",
        }
    }

    const fn sub_ids(self) -> &'static [&'static str] {
        match self {
            Self::Slap => &["1", "2", "3"],
            Self::Face => &["0"],
        }
    }

    /// Who it is. `at` is the time of issue.
    pub fn digital_id(self, at: Timestamp) -> Value {
        // At least twelve digits (specification, physical id).
        let (serial, model, sub_type) = match self {
            Self::Slap => ("SIMULATED-000000000001", "SIMULATED FAP60 SLAP", "Slap"),
            Self::Face => ("SIMULATED-000000000002", "SIMULATED FACE CAMERA", "Full face"),
        };
        json!({
            "serialNo": serial,
            "make": "SIMULATED",
            "model": model,
            "type": self.bio_type(),
            "deviceSubType": sub_type,
            "deviceProvider": "SIMULATED PROVIDER",
            "deviceProviderId": "SIMULATED-PROVIDER",
            "dateTime": time_text(at),
        })
    }

    /// One entry of the answer to a discovery. Nothing in it is signed.
    pub fn discovered(self, status: Status, service: &str, at: Timestamp) -> Value {
        json!({
            "deviceId": self.id(),
            "deviceStatus": status.word(),
            "certification": "L0",
            "serviceVersion": SERVICE_VERSION,
            "deviceSubId": self.sub_ids(),
            "callbackId": service,
            "digitalId": BASE64.encode(self.digital_id(at).to_string().as_bytes()),
            "deviceCode": self.code(),
            "specVersion": [super::SPEC_VERSION],
            "purpose": PURPOSE,
            "error": success(),
        })
    }

    /// One entry of the answer to a request for information. A device that is not registered signs nothing.
    pub fn info(self, status: Status, service: &str, at: Timestamp, vendor: &Vendor) -> Result<Value, JwsError> {
        let registered = status != Status::NotRegistered;
        let id = self.digital_id(at).to_string();
        let id = if registered { vendor.sign(self, id.as_bytes())? } else { BASE64.encode(id.as_bytes()) };
        let info = json!({
            "deviceStatus": status.word(),
            "deviceId": self.id(),
            "firmware": SERVICE_VERSION,
            "certification": "L0",
            "serviceVersion": SERVICE_VERSION,
            "deviceSubId": self.sub_ids(),
            "callbackId": service,
            "digitalId": id,
            "deviceCode": if registered { self.code() } else { "" },
            "env": if registered { ENVIRONMENT } else { "None" },
            "purpose": if registered { PURPOSE } else { "" },
            "specVersion": [super::SPEC_VERSION],
        });
        let info = info.to_string();
        let info = if registered { vendor.sign(self, info.as_bytes())? } else { BASE64.encode(info.as_bytes()) };
        Ok(json!({ "deviceInfo": info, "error": status.refusal().map_or_else(success, Refusal::member) }))
    }
}

impl Part {
    /// The part of a device with this `deviceSubId`.
    pub fn from_id(kind: Kind, id: &str) -> Option<Self> {
        match (kind, id) {
            (Kind::Face, "0") => Some(Self::Face),
            (Kind::Slap, "1") => Some(Self::LeftFour),
            (Kind::Slap, "2") => Some(Self::RightFour),
            (Kind::Slap, "3") => Some(Self::TwoThumbs),
            _ => None,
        }
    }

    /// The fingers that it takes together, in the order in which they are answered; none of a camera.
    pub const fn fingers(self) -> &'static [Finger] {
        match self {
            Self::Face => &[],
            Self::LeftFour => CaptureGroup::LeftFour.fingers(),
            Self::RightFour => CaptureGroup::RightFour.fingers(),
            Self::TwoThumbs => CaptureGroup::TwoThumbs.fingers(),
        }
    }

    /// What its whole picture is called in a record; a camera has none.
    pub const fn slap(self) -> Option<Slap> {
        match self {
            Self::Face => None,
            Self::LeftFour => Some(Slap::LeftFour),
            Self::RightFour => Some(Slap::RightFour),
            Self::TwoThumbs => Some(Slap::TwoThumbs),
        }
    }
}

impl Status {
    /// The specification's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Busy => "Busy",
            Self::NotReady => "Not Ready",
            Self::NotRegistered => "Not Registered",
            Self::Ready => "Ready",
        }
    }

    /// Why a device in this state takes nothing.
    pub const fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Busy => Some(Refusal::Busy),
            Self::NotReady => Some(Refusal::NotReady),
            Self::NotRegistered => Some(Refusal::NotRegistered),
            Self::Ready => None,
        }
    }
}
