//! The simulated live-scan sensor: it streams what lies on its glass, as JPEG pictures over HTTP.

use crate::mjpeg::Source;
use crate::stage::{Device, LIVE_RATE, LIVE_SIZE, Stage};
use std::time::Duration;

/// What the sensor says it is.
pub const IDENTITY: &str = "SIMULATED LIVE-SCAN 1";

/// How often the autopilot looks.
const LOOK: Duration = Duration::from_millis(50);

/// The sensor.
pub static SOURCE: Source = Source {
    device: Device::Scanner,
    path: "/finger",
    identity: IDENTITY,
    size: LIVE_SIZE,
    rate: LIVE_RATE,
    opened: |stage| stage.glass_watched(),
    picture: |stage, number, _| (stage.glimpse(number), None),
    leaves: |_, _| {},
    sent: |counters| counters.live_frames += 1,
};

/// The autopilot's finger comes while somebody watches the glass, and goes after a while. On a thread of its own, until
/// the simulation ends: drawing a finger must not hold up the stream.
pub fn keep_piloting(stage: &Stage) {
    while !stage.has_ended() {
        stage.pilot();
        // A bell that breaks is a shorter wait.
        if stage.bell(Device::Scanner).wait(LOOK).is_err() {
            std::thread::sleep(LOOK);
        }
    }
}
