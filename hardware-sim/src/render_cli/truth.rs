//! What a picture of heads shows, as JSON.

use render::head::{Identity, Medium, Pose, Scene, Shot, Truth};
use serde_json::{Value, json};

/// One object: the faces with box, points, pose and looks, and the light and camera that saw them. `people` are those
/// who may be in the picture.
pub(super) fn json(shot: &Shot, scene: &Scene, people: &[&Identity]) -> Value {
    let (width, height) = shot.image.dimensions();
    let faces: Vec<Value> = shot.truth.iter().map(|truth| face(truth, people)).collect();
    json!({ "simulated": true, "width": width, "height": height, "faces": faces, "scene": setting(scene) })
}

/// One face: who, box, points, pose and looks. `people` are those who may be in the picture.
pub(crate) fn face(truth: &Truth, people: &[&Identity]) -> Value {
    let points: Vec<Value> =
        truth.landmarks.iter().map(|p| json!({ "index": p.index, "name": p.name, "x": p.x, "y": p.y })).collect();
    json!({
        "person": truth.person,
        "attack": truth.attack.map(|medium| match medium {
            Medium::Print => "print",
            Medium::Screen => "screen",
        }),
        "box": truth.face,
        "eye_distance": truth.eye_distance,
        "pose": pose(&truth.pose),
        "looks": people.iter().find(|who| who.seed == truth.person).map(|who| looks(who)),
        "landmarks": points,
    })
}

fn pose(pose: &Pose) -> Value {
    json!({
        "yaw": pose.yaw, "pitch": pose.pitch, "roll": pose.roll,
        "lids": pose.lids, "mouth": pose.mouth, "smile": pose.smile, "brows": pose.brows,
        "gaze_x": pose.gaze_x, "gaze_y": pose.gaze_y,
        "distance": pose.distance, "x": pose.offset_x, "y": pose.offset_y,
    })
}

fn looks(who: &Identity) -> Value {
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    json!({
        "tone": who.tone, "age": who.age, "hair": word(&who.hair), "beard": word(&who.beard),
        "glasses": word(&who.glasses), "mask": who.mask,
    })
}

fn setting(scene: &Scene) -> Value {
    let light = &scene.light;
    json!({
        "light": {
            "key": light.key, "key_azimuth": light.key_azimuth, "key_elevation": light.key_elevation,
            "fill": light.fill, "fill_azimuth": light.fill_azimuth, "fill_elevation": light.fill_elevation,
            "ambient": light.ambient, "warmth": light.warmth,
        },
        "camera": {
            "exposure": light.exposure, "white_balance": scene.white_balance, "blur": scene.blur,
            "defocus": scene.defocus, "motion": scene.motion, "motion_angle": scene.motion_angle,
            "noise": scene.noise, "jpeg": scene.jpeg,
        },
        "wall": scene.wall,
        "seed": scene.seed,
    })
}
