//! What each picture of the gallery shows.

use super::Sheet;
use image::imageops::{self, FilterType};
use image::{DynamicImage, GrayImage, RgbImage};
use render::head::{Figure, Identity, Light, Medium, Pose, Scene, Subject, shoot};
use render::print::slap::{self, HandPose, Slap};
use render::print::{Axis, Impression, Master};
use std::panic::resume_unwind;

/// White space between two pictures of a sheet, in pixels.
const GAP: u32 = 4;

/// Camera frames are drawn as large as the camera's, and shown as large as this.
const FRAME: (u32, u32) = (240, 180);

/// Whoever poses.
const MODEL: u64 = 23;

/// All pictures, in the order of the page.
pub(super) const SHEETS: &[Sheet] = &[
    Sheet {
        name: "heads",
        title: "Heads",
        caption: "Twelve seeds, twelve people, as the simulated camera shows them.",
        draw: heads,
    },
    Sheet {
        name: "poses",
        title: "Poses",
        caption: "Turned by -40, -20, 20 and 40 degrees; nodded by -20 and 20 degrees; tilted by -15 and 15 degrees.",
        draw: poses,
    },
    Sheet {
        name: "defects",
        title: "What can be wrong with a face",
        caption: "Eyes shut, mouth open, smiling, looking away; too far, too near, too dark, too bright; out of focus, moved, \
                  noisy, a wrong white balance.",
        draw: defects,
    },
    Sheet {
        name: "others",
        title: "Who else can stand there",
        caption: "Two people, somebody who looks over a shoulder, nobody, light from one side only; a photograph held up, a \
                  tablet held up, and an egg, which is nobody.",
        draw: others,
    },
    Sheet {
        name: "prints",
        title: "Prints",
        caption: "Right index fingers of eight people, at 500 pixels per inch and half of their size.",
        draw: prints,
    },
    Sheet {
        name: "axes",
        title: "What can be wrong with a print",
        caption: "One finger, each column one defect at the levels 0.3, 0.6 and 1: dry, wet, low contrast, small area, \
                  grain, creases, blur, motion, smudge, latent, broken.",
        draw: axes,
    },
    Sheet {
        name: "touches",
        title: "One finger, six touches",
        caption: "The same finger is never put down twice in the same way.",
        draw: touches,
    },
    Sheet {
        name: "slaps",
        title: "Slaps",
        caption: "Right hand, left hand turned by 30 degrees, both thumbs; no ring finger, two hands mixed, pressed \
                  together.",
        draw: slaps,
    },
];

fn heads() -> RgbImage {
    let people = (1..=12).map(Identity::from_seed).map(|who| frame(&[(&who, Pose::default())], Scene::default()));
    sheet(&people.collect::<Vec<_>>(), 4)
}

fn poses() -> RgbImage {
    let still = Pose::default();
    let turned = [-40.0, -20.0, 20.0, 40.0].map(|yaw| Pose { yaw, ..still });
    let nodded = [-20.0, 20.0].map(|pitch| Pose { pitch, ..still });
    let tilted = [-15.0, 15.0].map(|roll| Pose { roll, ..still });
    let who = Identity::from_seed(MODEL);
    let all = turned.into_iter().chain(nodded).chain(tilted);
    sheet(&all.map(|pose| frame(&[(&who, pose)], Scene::default())).collect::<Vec<_>>(), 4)
}

fn defects() -> RgbImage {
    let (pose, scene) = (Pose::default(), Scene::default());
    let exposed = |exposure| Scene { light: Light { exposure, ..Light::default() }, ..scene };
    let cases = [
        (Pose { lids: 0.0, ..pose }, scene),
        (Pose { mouth: 0.8, ..pose }, scene),
        (Pose { smile: 1.0, ..pose }, scene),
        (Pose { gaze_x: 25.0, ..pose }, scene),
        (Pose { distance: 1.6, ..pose }, scene),
        (Pose { distance: 0.38, ..pose }, scene),
        (pose, exposed(0.2)),
        (pose, exposed(3.5)),
        (pose, Scene { defocus: 7.0, ..scene }),
        (pose, Scene { motion: 18.0, ..scene }),
        (pose, Scene { noise: 28.0, ..scene }),
        (pose, Scene { white_balance: 0.9, ..scene }),
    ];
    let who = Identity::from_seed(MODEL);
    sheet(&cases.map(|(pose, scene)| frame(&[(&who, pose)], scene)), 4)
}

fn others() -> RgbImage {
    let (one, two) = (Identity::from_seed(MODEL), Identity::from_seed(4));
    let (pose, scene) = (Pose::default(), Scene::default());
    let beside = |offset_x, distance| Pose { offset_x, distance, ..pose };
    let side = Light { key_azimuth: -85.0, key: 1.1, fill: 0.0, ambient: 0.12, ..Light::default() };
    let frames = [
        frame(&[(&one, beside(-0.2, 0.7)), (&two, beside(0.2, 0.72))], scene),
        frame(&[(&one, pose), (&two, beside(0.33, 0.85))], scene),
        frame(&[], scene),
        frame(&[(&one, pose)], Scene { light: side, ..scene }),
        shown(&[Figure { subject: Subject::Photo(&two, Medium::Print), pose }], scene),
        shown(&[Figure { subject: Subject::Photo(&two, Medium::Screen), pose }], scene),
        shown(&[Figure { subject: Subject::Egg(0.7), pose }], scene),
    ];
    sheet(&frames, 4)
}

fn prints() -> RgbImage {
    let fingers = each((1..=8).collect(), |seed| {
        let print = Master::from_seed(seed, 2).impression(&Impression::clean(seed), 400, 500, 500.0);
        small(&print, 2)
    });
    sheet(&fingers, 4)
}

fn axes() -> RgbImage {
    let finger = Master::from_seed(MODEL, 2);
    let levels = [0.3, 0.6, 1.0];
    let cases = levels.iter().flat_map(|level| Axis::ALL.map(|axis| (axis, *level))).collect();
    let shown = each(cases, |(axis, level)| {
        let touch = Impression { rotation: 0.0, shift: (0.0, 0.0), ..Impression::clean(3) };
        small(&finger.impression(&touch.with(axis, level), 260, 320, 500.0), 2)
    });
    sheet(&shown, Axis::ALL.len() as u32)
}

fn touches() -> RgbImage {
    let finger = Master::from_seed(MODEL, 7);
    let shown = each((1..=6).collect(), |seed| small(&finger.impression(&Impression::clean(seed), 300, 400, 500.0), 2));
    sheet(&shown, 6)
}

fn slaps() -> RgbImage {
    let pose = HandPose { seed: MODEL, ..HandPose::default() };
    let cases: [(&[u8], HandPose); 6] = [
        (&[2, 3, 4, 5], pose),
        (&[7, 8, 9, 10], HandPose { rotation: 30.0, ..pose }),
        (&[1, 6], pose),
        (&[2, 3, 5], HandPose { rotation: -12.0, ..pose }),
        (&[2, 3, 7, 8], pose),
        (&[2, 3, 4, 5], HandPose { spread: -1.0, ..pose }),
    ];
    let shown = cases.map(|(codes, pose)| {
        let fingers = each(codes.to_vec(), |code| {
            let touch = Impression { rotation: 0.0, shift: (0.0, 0.0), ..Impression::clean(u64::from(code)) };
            (code, Master::from_seed(MODEL, code), touch)
        });
        let laid: Vec<_> = fingers.iter().map(|(code, master, touch)| (*code, master, touch)).collect();
        small(&Slap::lay(&laid, pose, slap::WIDTH, slap::HEIGHT).image, 5)
    });
    sheet(&shown, 3)
}

/// Draws in as many threads as there are pictures; their order stays.
fn each<T: Send, R: Send>(cases: Vec<T>, draw: impl Fn(T) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let draw = &draw;
        let drawing: Vec<_> = cases.into_iter().map(|case| scope.spawn(move || draw(case))).collect();
        drawing.into_iter().map(|thread| thread.join().unwrap_or_else(|cause| resume_unwind(cause))).collect()
    })
}

fn frame(people: &[(&Identity, Pose)], scene: Scene) -> RgbImage {
    let figures: Vec<Figure<'_>> =
        people.iter().map(|(who, pose)| Figure { subject: Subject::Person(who), pose: *pose }).collect();
    shown(&figures, scene)
}

fn shown(figures: &[Figure<'_>], scene: Scene) -> RgbImage {
    imageops::resize(&shoot(figures, &scene, 640, 480).image, FRAME.0, FRAME.1, FilterType::Triangle)
}

fn small(print: &GrayImage, times: u32) -> RgbImage {
    let smaller = imageops::resize(print, print.width() / times, print.height() / times, FilterType::Triangle);
    DynamicImage::ImageLuma8(smaller).into_rgb8()
}

/// Pictures of one size beside and below one another.
fn sheet(pictures: &[RgbImage], columns: u32) -> RgbImage {
    let (width, height) = pictures.first().map_or((0, 0), RgbImage::dimensions);
    let rows = (pictures.len() as u32).div_ceil(columns.max(1));
    let size = (columns * (width + GAP) - GAP.min(columns * width), (rows * (height + GAP)).saturating_sub(GAP));
    let mut sheet = RgbImage::from_pixel(size.0, size.1, image::Rgb([255; 3]));
    for (at, picture) in (0_u32..).zip(pictures) {
        let (column, row) = (at % columns, at / columns);
        imageops::replace(&mut sheet, picture, i64::from(column * (width + GAP)), i64::from(row * (height + GAP)));
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "index out of bounds")]
    fn a_picture_that_fails_is_not_left_out() {
        let none: [u8; 0] = [];
        each(vec![0, 1], |case: usize| none[case]);
    }
}
