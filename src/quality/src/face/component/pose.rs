//! HeadPoseYaw, HeadPosePitch and HeadPoseRoll.

use super::FaceView;
use crate::assessment::{Advice, Assessment};
use crate::face::Pose;

/// Degrees beyond which a finished portrait is called turned; captures have limits of their own. The score is lenient:
/// it is 93 there.
const TURNED: f64 = 15.0;

/// Native: degrees that the head is turned, against the line of sight; score 100 cos^2.
pub fn yaw(view: &FaceView) -> Assessment {
    scored(view, |pose| pose.yaw)
}

/// Native: degrees that the head is raised; score 100 cos^2.
pub fn pitch(view: &FaceView) -> Assessment {
    scored(view, |pose| pose.pitch)
}

/// Native: degrees that the head is tilted; score 100 cos^2.
pub fn roll(view: &FaceView) -> Assessment {
    scored(view, |pose| pose.roll)
}

fn scored(view: &FaceView, angle: impl Fn(&Pose) -> f64) -> Assessment {
    match &view.marked {
        Err(why) => Assessment::FailureToAssess(why),
        Ok(marked) => {
            let native = angle(&marked.pose);
            // Beyond a right angle the cosine's square would rise again.
            let score = 100.0 * native.to_radians().cos().max(0.0).powi(2);
            Assessment::scored(native, score, (native.abs() > TURNED).then_some(Advice::LookStraight))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::view::tests::marked;
    use super::*;

    #[test]
    fn scores_are_lenient_and_advice_is_not() {
        for (angle, score, advice) in
            [(0.0, 100, None), (-10.0, 97, None), (15.0, 93, None), (-40.0, 59, Some(Advice::LookStraight))]
        {
            let still = Pose { yaw: 0.0, pitch: 0.0, roll: 0.0 };
            for (name, measure, pose) in [
                ("yaw", yaw as fn(&FaceView) -> Assessment, Pose { yaw: angle, ..still }),
                ("pitch", pitch, Pose { pitch: angle, ..still }),
                ("roll", roll, Pose { roll: angle, ..still }),
            ] {
                let got = measure(&marked(|marked| marked.pose = pose));
                assert_eq!(got, Assessment::scored(angle, f64::from(score), advice), "{name} {angle}");
            }
        }
    }
}
