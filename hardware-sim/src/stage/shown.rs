//! What has left the camera, and the truth about it.

use super::Stage;
use domain::units::Millis;
use render::head::{Identity, Truth};
use std::sync::Arc;

/// The truth about the picture that the camera shows.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The number of the frame in its stream.
    pub frame: u64,
    /// Every face in it, and where.
    pub faces: Vec<Truth>,
    /// Those who may be in it.
    pub people: Vec<Identity>,
}

impl Stage {
    /// A frame of this view leaves the camera at this time; which frame of its stream. Late frames of an earlier view do
    /// not count.
    pub fn sends(&self, view: u64, number: u64, at: Millis) {
        let mut scene = self.scene();
        if scene.views.0 == view {
            scene.views.1.get_or_insert(at);
            scene.frame = number;
        }
    }

    /// When the first frame that shows the visitor as they stand now left the camera, on the machine's monotonic clock.
    pub fn shown_at(&self) -> Option<Millis> {
        self.scene().views.1
    }

    /// The truth about the newest frame that left the camera since the view changed; before one did, about the first.
    /// A camera that is dark or frozen shows less than that.
    pub fn shown(&self) -> Shown {
        let (clip, frame, visitor, companion) = {
            let scene = self.scene();
            (Arc::clone(&scene.clip), scene.frame, scene.visitor.clone(), scene.companion)
        };
        let beside = companion.map(Identity::from_seed);
        let people = visitor.map(|visitor| visitor.person.head()).into_iter().chain(beside).collect();
        Shown { frame, faces: clip.truth(frame), people }
    }
}
