//! The station's networks beside TensorFlow Lite itself.
//!
//! The numbers are those of LiteRT 2.3.0 (PyPI `ai-edge-litert`, one thread, XNNPACK) for the same files and pictures:
//! of each answer every so-manyth value.

use super::{Engine, Network};
use crate::simd::Isa;

struct Answer {
    model: &'static str,
    /// Side of the picture, and its least value.
    picture: (usize, f32),
    /// Which of the network's answers, and how many values it has.
    output: (usize, usize),
    /// From one stated value to the next.
    step: usize,
    values: &'static [f32],
}

const ANSWERS: &[Answer] = &[
    Answer {
        model: "face_detection_short_range",
        picture: (128, -1.0),
        output: (0, 14336),
        step: 298,
        values: &[
            0.524_038, 1.053_58, -4.551_61, 7.467_75, -2.025_2, 19.998_2, -15.28, 0.628_714, -2.074_4, -8.420_26,
            -2.453_65, 4.044_16, 0.764_83, 18.153_3, -5.491_33, 1.552_84, -2.479_71, -1.765_85, -7.141_22, 17.384,
            -2.713_49, 37.930_7, -3.698_81, -1.259_92, -0.528_339, -2.914_28, -0.621_963, 7.281_82, -6.022_99,
            98.281_5, -33.261_2, 1.034_34, -2.052_05, -10.019_3, -19.150_3, 33.08, -17.812, 108.501, -20.410_6,
            9.040_16, 7.747_19, -13.623_1, -9.340_66, 22.175_4, -3.220_65, 67.033_9, -20.955_5, 30.180_1, 3.670_29,
        ],
    },
    Answer {
        model: "face_detection_short_range",
        picture: (128, -1.0),
        output: (1, 896),
        step: 18,
        values: &[
            -4.946_41, -4.167_88, -3.426_56, -4.062_98, -4.101_84, -4.421_9, -4.333_79, -4.564_3, -4.635_75, -3.887_39,
            -4.807_89, -3.596_42, -4.075_5, -4.050_31, -3.052_99, -4.908_3, -5.348_63, -4.756_93, -3.354_39, -3.424_36,
            -4.128_45, -3.372_81, -5.254_61, -4.223_15, -5.082_53, -4.508_68, -4.035_71, -4.677_87, -4.558_09,
            -4.351_52, -26.415_2, -78.342_1, -3.616_87, -16.511_7, -3.465_65, -4.414_5, -45.292_1, -2.733_87,
            -13.578_4, -62.773, -3.077_71, -34.150_7, -3.281_61, -4.337_54, -24.700_5, -2.809_52, -18.941_6, -13.171_1,
            -4.413_39, -26.949_4,
        ],
    },
    Answer {
        model: "face_landmark",
        picture: (192, 0.0),
        output: (0, 1404),
        step: 29,
        values: &[
            104.693, -21.609_9, 117.589, 70.03, -0.223_229, 111.193, 50.803, -26.543_5, 132.075, 98.230_8, 5.679_36,
            136.408, 51.351_5, -16.055_9, 132.839, 79.659_7, -9.544_24, 120.92, 98.301_5, 4.745_04, 75.141_1, 82.317_6,
            8.025_4, 67.164_9, 88.993_7, -15.670_3, 43.274_4, 140.013, 6.337_93, 97.572_5, 114.824, -16.616_8, 113.026,
            115.847, -5.624_33, 31.311, 128.371, -5.096_71, 121.179, 112.501, -3.526_93, 153.897, 114.843, 11.318_2,
            106.574, 143.893, -4.244_48, 72.466_6, 115.116,
        ],
    },
    Answer { model: "face_landmark", picture: (192, 0.0), output: (1, 1), step: 1, values: &[-7.253_58] },
];

/// The issue's own limit, for values of one size; larger ones in proportion.
const OFF: f32 = 1e-3;

/// Slow waves with noise, from whole numbers alone: any program makes the same.
fn picture((side, least): (usize, f32)) -> Vec<f32> {
    let value = |i: usize| {
        let (channel, x, y) = (i % 3, i / 3 % side, i / 3 / side);
        let smooth = (x * (3 + channel) + y * 2) / 2 % 256;
        let noise = (i as u64 * 2_654_435_761 + 12_345) >> 13 & 63;
        let value = (smooth * 3 / 4 + noise as usize) as f32 / 255.0;
        if least == 0.0 { value } else { value * 2.0 - 1.0 }
    };
    (0..side * side * 3).map(value).collect()
}

#[test]
fn answers_are_those_of_tensorflow_lite() {
    for answer in ANSWERS {
        let network = Network::read(&super::tests::real(answer.model)).unwrap();
        for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
            let mut engine = Engine::with(&network, isa);
            engine.input().copy_from_slice(&picture(answer.picture));
            engine.run();
            let found = engine.output(answer.output.0);
            assert_eq!(found.len(), answer.output.1, "{}", answer.model);
            for (found, stated) in found.iter().step_by(answer.step).zip(answer.values) {
                let near = (found - stated).abs() <= OFF * stated.abs().max(1.0);
                assert!(near, "{} on {isa:?}: {found}, TensorFlow Lite {stated}", answer.model);
            }
        }
    }
}
