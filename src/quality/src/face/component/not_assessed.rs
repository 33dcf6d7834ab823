//! Components that a box and pixels cannot carry: they say so instead of guessing.

use super::FaceView;
use crate::assessment::Assessment;

/// Pose, lids, lips and what covers them need points of the face.
pub fn landmarks(_: &FaceView) -> Assessment {
    Assessment::FailureToAssess("needs landmarks")
}

/// Background and headwear need to know where the head ends.
pub fn head_outline(_: &FaceView) -> Assessment {
    Assessment::FailureToAssess("needs a head outline")
}

/// Expression, occlusion and compression need models that are not part of this build.
pub fn trained_model(_: &FaceView) -> Assessment {
    Assessment::FailureToAssess("needs a trained model")
}
