//! The assessment as JSON, for the command line and for records of tests.

use super::{Component, FaceAssessment, FaceBox};
use crate::assessment::{Advice, Assessment};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// What the components' regions rest on in this version: the detector's box, not landmarks.
pub const BASIS: &str = "face-box";

/// `{"faces": [{"box", "score", "landmarks"}], "components": {NAME: {...}}, "engine", "basis"}`; a component is
/// `{"native", "score", "advice"}` or `{"failure_to_assess": reason}`.
#[derive(Serialize)]
pub struct FaceReport<'a> {
    faces: &'a [FaceBox],
    components: Components<'a>,
    engine: &'a str,
    basis: &'static str,
}

impl<'a> FaceReport<'a> {
    /// The report of an assessment by the engine of that name.
    pub fn new(assessment: &'a FaceAssessment, engine: &'a str) -> Self {
        Self { faces: assessment.faces(), components: Components(&assessment.components), engine, basis: BASIS }
    }
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
    use super::super::{COMPONENTS, Detection, assess, scenes};
    use super::*;

    #[test]
    fn the_report_has_the_stated_shape() {
        let face = FaceBox { x: 20.0, y: 30.0, width: 100.0, height: 110.0, score: 4.5 };
        let frame = scenes::drawn_face(200, 200, &face);
        let json = serde_json::to_value(FaceReport::new(&assess(&frame, &Detection::of(vec![face])), "test")).unwrap();
        assert_eq!(json["faces"][0]["box"], serde_json::json!([20.0, 30.0, 100.0, 110.0]));
        assert_eq!(json["faces"][0]["score"], 4.5);
        assert_eq!(json["faces"][0]["landmarks"], serde_json::json!([]));
        assert_eq!(json["components"].as_object().unwrap().len(), COMPONENTS.len());
        assert_eq!(json["components"]["HeadPoseYaw"]["failure_to_assess"], "needs landmarks");
        assert_eq!(json["components"]["SingleFacePresent"]["score"], 100);
        assert_eq!((json["engine"].as_str(), json["basis"].as_str()), (Some("test"), Some(BASIS)));
    }
}
