//! Why a face is not captured as the portrait rules want it, or not before everybody.

use serde::{Deserialize, Serialize};

/// Declared before the capture. It stands in the record, and before the supervisor if the case comes to one: a portrait that
/// stays below its limits does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaceException {
    /// Part of the face is under a bandage.
    Bandaged,
    /// A face covering was removed before an officer of the traveller's choice.
    CoveringRemovedChosenOfficer,
    /// A face covering was removed behind a screen.
    CoveringRemovedScreen,
    /// The eyes are closed or blind.
    EyesClosed,
    /// A condition that shows in the face.
    Medical,
}

impl FaceException {
    /// All of them, in the order of their words.
    pub const ALL: [Self; 5] = [
        Self::Bandaged,
        Self::CoveringRemovedChosenOfficer,
        Self::CoveringRemovedScreen,
        Self::EyesClosed,
        Self::Medical,
    ];

    /// The word in forms, pages and records: `eyes-closed`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Bandaged => "bandaged",
            Self::CoveringRemovedChosenOfficer => "covering-removed-chosen-officer",
            Self::CoveringRemovedScreen => "covering-removed-screen",
            Self::EyesClosed => "eyes-closed",
            Self::Medical => "medical",
        }
    }
}
