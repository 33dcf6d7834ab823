//! The quality components, by the names of ISO/IEC 29794-5.
//!
//! Constants of the score functions are those of OFIQ 1.0.3 (BSI), the standard's reference program. One component
//! or one small family of them is one file here and one line for each name in [`COMPONENTS`].

mod background;
mod colour;
mod crop;
mod dynamic_range;
mod exposure;
mod head_size;
mod illumination;
mod luminance;
mod not_assessed;
mod opening;
mod pose;
mod sharpness;
mod single_face;

use super::view::FaceView;
use crate::assessment::Assessment;
use serde::{Deserialize, Serialize};

/// How one component looks at a face.
pub type Measure = fn(&FaceView) -> Assessment;

macro_rules! components {
    ($($(#[$doc:meta])* $name:ident = $measure:path,)+) => {
        /// A quality component: the identifier of ISO/IEC 29794-5, as OFIQ spells it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Component { $($(#[$doc])* $name,)+ }

        impl Component {
            /// The identifier.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Whether it is measured on points of the face, so that an engine of boxes can say nothing about it.
            pub const fn needs_landmarks(self) -> bool {
                matches!(
                    self,
                    Self::BackgroundUniformity
                        | Self::EyesOpen
                        | Self::HeadPosePitch
                        | Self::HeadPoseRoll
                        | Self::HeadPoseYaw
                        | Self::MouthClosed
                )
            }
        }

        /// Every component and how it is measured, in alphabetical order.
        pub const COMPONENTS: &[(Component, Measure)] = &[$((Component::$name, $measure),)+];
    };
}

components! {
    /// Plain background.
    BackgroundUniformity = background::assess,
    /// Little loss by compression.
    CompressionArtifacts = not_assessed::trained_model,
    /// Entropy of the face's luminance.
    DynamicRange = dynamic_range::assess,
    /// No strong expression.
    ExpressionNeutrality = not_assessed::trained_model,
    /// Both eyes open.
    EyesOpen = opening::eyes,
    /// Nothing before the eyes.
    EyesVisible = not_assessed::trained_model,
    /// Nothing before the face.
    FaceOcclusionPrevention = not_assessed::trained_model,
    /// Head not lowered or raised.
    HeadPosePitch = pose::pitch,
    /// Head not tilted.
    HeadPoseRoll = pose::roll,
    /// Head not turned.
    HeadPoseYaw = pose::yaw,
    /// Head neither small nor large in the image.
    HeadSize = head_size::assess,
    /// Same light on both cheeks.
    IlluminationUniformity = illumination::assess,
    /// Pixels between the eyes.
    InterEyeDistance = head_size::inter_eye_distance,
    /// Room on the left of the image.
    LeftwardCropOfTheFaceImage = crop::leftward,
    /// Mean luminance of the face.
    LuminanceMean = luminance::mean,
    /// Spread of the face's luminance.
    LuminanceVariance = luminance::variance,
    /// Room above the head.
    MarginAboveOfTheFaceImage = crop::above,
    /// Room below the head.
    MarginBelowOfTheFaceImage = crop::below,
    /// Mouth closed.
    MouthClosed = opening::mouth,
    /// Nothing before the mouth.
    MouthOcclusionPrevention = not_assessed::trained_model,
    /// Colour of skin.
    NaturalColour = colour::assess,
    /// Nothing on the head.
    NoHeadCoverings = not_assessed::trained_model,
    /// No part of the face burnt out.
    OverExposurePrevention = exposure::over,
    /// Room on the right of the image.
    RightwardCropOfTheFaceImage = crop::rightward,
    /// Not blurred.
    Sharpness = sharpness::assess,
    /// Nobody else in the picture.
    SingleFacePresent = single_face::assess,
    /// No part of the face sunk in black.
    UnderExposurePrevention = exposure::under,
}

/// The logistic function of the standard's score mappings.
pub(crate) fn sigmoid(x: f64, x0: f64, w: f64) -> f64 {
    1.0 / (1.0 + ((x0 - x) / w).exp())
}

#[cfg(test)]
mod tests {
    use super::super::{FaceBox, scenes};
    use super::*;
    use domain::units::QualityScore;

    #[test]
    fn components_stand_in_order_and_once() {
        assert!(COMPONENTS.is_sorted_by(|a, b| a.0.id() < b.0.id()));
    }

    #[test]
    fn every_file_of_the_folder_is_used() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/face/component");
        let source = include_str!("mod.rs");
        for entry in std::fs::read_dir(here).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let stem = name.strip_suffix(".rs").unwrap();
            assert!(stem == "mod" || source.contains(&format!("= {stem}::")), "{stem} has no line in COMPONENTS");
        }
    }

    #[test]
    fn contract_of_every_component() {
        let face = FaceBox { x: 30.0, y: 20.0, width: 60.0, height: 60.0, score: 1.0 };
        let outside = FaceBox { x: -30.0, y: -10.0, ..face };
        let scenes = [
            scenes::flat(120, 100, [0; 3]),
            scenes::flat(120, 100, [255; 3]),
            scenes::checks(120, 100, 3),
            scenes::drawn_face(120, 100, &face),
        ];
        for frame in &scenes {
            for faces in [vec![face], vec![outside], vec![face, outside]] {
                let points = [None, Some(scenes::points(&faces[0])), Some(scenes::points(&outside))];
                let views = points.iter().map(|points| FaceView::of(frame, &faces, points.as_ref()).unwrap());
                for ((component, measure), view) in COMPONENTS.iter().flat_map(|c| views.clone().map(move |v| (c, v))) {
                    match measure(&view) {
                        Assessment::Scored { native, .. } => assert!(native.is_finite(), "{component:?}"),
                        Assessment::FailureToAssess(why) => {
                            assert!(!why.is_empty() && !why.contains(|c: char| c.is_ascii_digit()), "{component:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn sigmoid_has_its_middle_and_ends() {
        for (x, expected) in [(2.0, 0.5), (1e9, 1.0), (-1e9, 0.0)] {
            assert!((sigmoid(x, 2.0, 0.1) - expected).abs() < 1e-12);
        }
        assert_eq!(QualityScore::nearest(100.0 * sigmoid(f64::NAN, 0.0, 1.0)), QualityScore::MIN);
    }
}
