//! Components that pixels and landmarks cannot carry: they say so instead of guessing.

use super::FaceView;
use crate::assessment::Assessment;

/// Gaze, expression, what covers the face or the head, and traces of compression need models that are not part of this
/// build.
pub fn trained_model(_: &FaceView) -> Assessment {
    Assessment::FailureToAssess("needs a trained model")
}
