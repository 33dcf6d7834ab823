//! The assessment as JSON, for the command line and for records of tests.

use super::{Basis, Component, FaceAssessment};
use crate::assessment::{Advice, Assessment};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// `{"faces": [{"box", "score", "landmarks"}], "components": {NAME: {...}}, "engine", "basis"}`; a component is
/// `{"native", "score", "advice"}` or `{"failure_to_assess": reason}`. Landmarks, 468 of `[x, y, z]` in pixels of the
/// frame, stand at the first face only, and only where the engine has them; the list is there and empty otherwise.
#[derive(Serialize)]
pub struct FaceReport<'a> {
    faces: Vec<Face<'a>>,
    components: Components<'a>,
    engine: &'a str,
    basis: Basis,
}

impl<'a> FaceReport<'a> {
    /// The report of an assessment by the engine of that name.
    pub fn new(assessment: &'a FaceAssessment, engine: &'a str) -> Self {
        let landmarks = assessment.landmarks.as_ref().map(|l| l.points().as_slice());
        let all = std::iter::once(landmarks.unwrap_or_default()).chain(std::iter::repeat(&[][..]));
        let faces = assessment.faces().iter().zip(all).map(|(face, landmarks)| Face {
            bounds: [face.x, face.y, face.width, face.height],
            score: face.score,
            landmarks,
        });
        Self { faces: faces.collect(), components: Components(&assessment.components), engine, basis: assessment.basis }
    }
}

#[derive(Serialize)]
struct Face<'a> {
    #[serde(rename = "box")]
    bounds: [f32; 4],
    score: f32,
    landmarks: &'a [[f32; 3]],
}

struct Components<'a>(&'a [(Component, Assessment)]);

#[derive(Serialize)]
#[serde(untagged)]
enum Row {
    Failed { failure_to_assess: &'static str },
    Scored { native: f64, score: u8, advice: Option<Advice> },
}

impl Serialize for Components<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (component, answer) in self.0 {
            let row = match *answer {
                Assessment::FailureToAssess(why) => Row::Failed { failure_to_assess: why },
                Assessment::Scored { native, score, advice } => Row::Scored { native, score: score.get(), advice },
            };
            map.serialize_entry(component.id(), &row)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{COMPONENTS, Detection, FaceBox, Landmarks, POINTS, Sighting, assess, scenes};
    use super::*;

    #[test]
    fn the_report_has_the_stated_shape() {
        let face = FaceBox { x: 20.0, y: 30.0, width: 100.0, height: 110.0, score: 4.5 };
        let frame = scenes::drawn_face(200, 200, &face);
        let json =
            serde_json::to_value(FaceReport::new(&assess(&frame, &Detection::of(vec![face]).into()), "test")).unwrap();
        assert_eq!(json["faces"][0]["box"], serde_json::json!([20.0, 30.0, 100.0, 110.0]));
        assert_eq!(json["faces"][0]["score"], 4.5);
        assert_eq!(json["faces"][0]["landmarks"], serde_json::json!([]));
        assert_eq!(json["components"].as_object().unwrap().len(), COMPONENTS.len());
        assert_eq!(json["components"]["HeadPoseYaw"]["failure_to_assess"], "needs landmarks");
        assert_eq!(json["components"]["SingleFacePresent"]["score"], 100);
        assert_eq!((json["engine"].as_str(), json["basis"].as_str()), (Some("test"), Some("face-box")));
    }

    #[test]
    fn landmarks_stand_at_the_first_face() {
        let face = FaceBox { x: 20.0, y: 30.0, width: 100.0, height: 110.0, score: 4.5 };
        let small = FaceBox { width: 40.0, height: 40.0, ..face };
        let landmarks = Some(Landmarks::new(Box::new([[7.0, 8.0, 9.0]; POINTS]), 1.0));
        let sighting = Sighting::by_landmarks(Detection::of(vec![face, small]), landmarks);
        let found = assess(&scenes::drawn_face(200, 200, &face), &sighting);
        let json = serde_json::to_value(FaceReport::new(&found, "test")).unwrap();
        assert_eq!(json["faces"][0]["landmarks"].as_array().map(Vec::len), Some(POINTS));
        assert_eq!(json["faces"][0]["landmarks"][467], serde_json::json!([7.0, 8.0, 9.0]));
        assert_eq!(json["faces"][1]["landmarks"], serde_json::json!([]));
        assert_eq!(json["basis"], "landmarks");
    }
}
