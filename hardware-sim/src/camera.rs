//! The simulated network camera.

use crate::mjpeg::Source;
use crate::stage::{Device, FaultKind, pictures::FRAME};
use drivers::camera::monotonic_now;

/// What the camera says it is.
pub const IDENTITY: &str = "SIMULATED CAMERA 1";

/// Frames a second.
pub const RATE: u64 = 20;

/// The camera.
pub static SOURCE: Source = Source {
    device: Device::Camera,
    path: "/stream",
    identity: IDENTITY,
    size: FRAME,
    rate: RATE,
    opened: |stage| stage.looked_at(),
    picture: |stage, number, fault| {
        if fault == FaultKind::Dark {
            return (stage.dark_frame(number), None);
        }
        let (jpeg, view) = stage.frame(number);
        (jpeg, Some((view, number)))
    },
    leaves: |stage, (_, view)| {
        if let Some((view, number)) = view {
            stage.sends(*view, *number, monotonic_now());
        }
    },
    sent: |counters| counters.camera_frames += 1,
};
