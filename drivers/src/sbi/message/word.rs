//! The fixed words of the specification.

use domain::finger::Finger;
use serde::{Deserialize, Serialize};

/// The words of the specification for `bioSubType`, in the order of the fingers' ISO codes.
const SUB_TYPES: [&str; 10] = [
    "Right Thumb",
    "Right IndexFinger",
    "Right MiddleFinger",
    "Right RingFinger",
    "Right LittleFinger",
    "Left Thumb",
    "Left IndexFinger",
    "Left MiddleFinger",
    "Left RingFinger",
    "Left LittleFinger",
];

/// The `bioSubType` of a finger.
pub fn sub_type(finger: Finger) -> &'static str {
    SUB_TYPES[usize::from(finger.code()) - 1]
}

/// The finger of this `bioSubType`; nothing for `UNKNOWN`, an eye, or anything else.
pub fn finger(sub_type: &str) -> Option<Finger> {
    Finger::ALL.into_iter().find(|finger| self::sub_type(*finger) == sub_type)
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$word_doc])* #[serde(rename = $text)] $word,)* }

        impl $name {
            /// The word on the wire.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$word => $text,)* }
            }
        }
    };
}

words! {
    /// What is captured.
    BioType {
        /// The face.
        Face = "Face",
        /// Fingers.
        Finger = "Finger",
        /// Irises.
        Iris = "Iris",
    }
}

words! {
    /// How a device is doing.
    DeviceStatus {
        /// Captures for somebody.
        Busy = "Busy",
        /// Cannot capture.
        NotReady = "Not Ready",
        /// Has no device code yet.
        NotRegistered = "Not Registered",
        /// Can capture.
        Ready = "Ready",
    }
}

words! {
    /// What a device is registered for, and what a capture is for.
    Purpose {
        /// Authentication: encrypted samples.
        Auth = "Auth",
        /// Not registered.
        None = "",
        /// Registration: samples that are signed and not encrypted.
        Registration = "Registration",
    }
}

words! {
    /// For which installation a device is registered.
    Environment {
        /// Development.
        Developer = "Developer",
        /// Not registered.
        None = "None",
        /// Before the true one.
        PreProduction = "Pre-Production",
        /// The true one.
        Production = "Production",
        /// Tests.
        Staging = "Staging",
    }
}

words! {
    /// Where a device signs.
    Certification {
        /// On the host, in the service.
        L0 = "L0",
        /// In the device's trusted module.
        L1 = "L1",
    }
}

words! {
    /// What kind of its type a device is.
    DeviceSubType {
        /// Both irises.
        Double = "Double",
        /// A face camera.
        FullFace = "Full face",
        /// One finger, or one iris.
        Single = "Single",
        /// Four fingers at once.
        Slap = "Slap",
        /// Fingers in the air.
        Touchless = "Touchless",
    }
}
