//! `gatepost-sim render measure`: how long a head takes on one core.

use std::hint::black_box;
use std::time::Instant;

use clap::Args;

use render::head::{Figure, Identity, Pose, Scene, Subject, shoot};

/// How long rendering takes.
#[derive(Args, Clone, Debug)]
pub struct MeasureArgs {
    /// People rendered, each once at every size.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub people: u32,
}

/// What is measured, and its size in pixels.
const SIZES: [(&str, u32, u32); 2] = [("head frame", 640, 480), ("head still", 1280, 720)];

/// Prints the samples in milliseconds: somebody at the counter in an ordinary light, with the camera's response.
pub(super) fn run(args: &MeasureArgs) {
    for (name, width, height) in SIZES {
        for seed in 0..args.people {
            let who = Identity::from_seed(u64::from(seed));
            let pose = Pose { yaw: seed as f32 % 9.0 - 4.0, ..Pose::default() };
            let figure = Figure { subject: Subject::Person(&who), pose };
            let began = Instant::now();
            black_box(shoot(&[figure], &Scene::default(), width, height));
            let value = began.elapsed().as_secs_f64() * 1000.0;
            println!("{}", serde_json::json!({ "name": name, "value": value, "unit": "ms" }));
        }
    }
}
