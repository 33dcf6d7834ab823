//! Face quality: who is in the picture, how good the picture is, what the traveller should change, and when to take it.
//!
//! The parts, in the order in which a capture uses them:
//! 1. a [`FaceDetector`] turns a frame into a [`Sighting`]: boxes ([`Detection`]), and [`Landmarks`] where it can;
//! 2. [`assess`] measures every row of [`COMPONENTS`] on the largest face ([`FaceAssessment`]);
//! 3. [`FaceAssessment::passes`] and [`FaceAssessment::hint`] compare that with the configured [`FaceLimits`];
//! 4. a [`Guide`] turns hints into something a person can follow, one that does not flicker;
//! 5. an [`AutoCapture`] takes the best frame once the face has been good and still for long enough;
//! 6. [`portrait`] cuts and encodes what goes into the record.
//!
//! Left and right are always the traveller's own: the camera looks at the traveller, so a face on the left side of the
//! unmirrored frame stands too far to the traveller's right and is told "left". A preview that is shown mirrored must be
//! mirrored by the page; nothing here changes.
//!
//! **What an answer rests on.** With landmarks every region and distance is taken from them. A detector of boxes gives
//! a rectangle: eye line, inter-eye distance and chin are then estimated by the proportions in [`geometry`], and what a
//! box cannot carry at all (pose, eyes, mouth) is a failure to assess. Every assessment and report says which by
//! [`Basis`].

mod assess;
mod auto_capture;
mod blaze;
pub mod blazeface;
#[cfg(feature = "opencv")]
pub mod cascade;
pub mod component;
pub mod cues;
mod detector;
mod face_box;
pub mod geometry;
mod guide;
mod hint;
mod landmarks;
mod limits;
mod mesh;
mod portrait;
mod pose;
mod report;
mod sampled;
#[cfg(test)]
mod scenes;
mod tracker;
mod view;
#[cfg(feature = "opencv")]
pub mod yunet;

#[cfg(test)]
pub(crate) use scenes::models as models_of_tests;

pub use assess::{Basis, FaceAssessment, assess};
pub use auto_capture::{AutoCapture, AutoCaptureSettings, BestShot, Rank, Shot};
pub use component::{COMPONENTS, Component};
pub use detector::{Detection, ENGINES, Engine, EngineFault, FaceDetector, ModelDigest, Sighting, open};
pub use face_box::{FaceBox, MAX_FACES};
pub use guide::{Guide, GuideSettings};
pub use hint::HINTS;
pub use landmarks::{Landmarks, POINTS};
pub use limits::{FaceLimits, Interval, Limit, Range};
pub use portrait::{Crop, NoPortrait, Portrait, PortraitRules, portrait};
pub use pose::Pose;
pub use report::FaceReport;
pub use view::FaceView;
