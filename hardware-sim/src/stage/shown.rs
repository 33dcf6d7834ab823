//! What has left the camera.

use super::Stage;
use domain::units::Millis;

impl Stage {
    /// A frame of this view leaves the camera at this time. Late frames of an earlier view do not count.
    pub fn sends(&self, view: u64, at: Millis) {
        let mut scene = self.scene();
        if scene.views.0 == view {
            scene.views.1.get_or_insert(at);
        }
    }

    /// When the first frame that shows the visitor as they stand now left the camera, on the machine's monotonic clock.
    pub fn shown_at(&self) -> Option<Millis> {
        self.scene().views.1
    }
}
