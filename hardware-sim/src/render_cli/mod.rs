//! `gatepost-sim render`: one picture into a file, and the truth about it if asked.

mod head;
mod print;

use std::path::PathBuf;

use clap::Subcommand;

pub use head::HeadArgs;
pub use print::PrintArgs;

/// What to render.
#[derive(Clone, Debug, Subcommand)]
pub enum RenderCommand {
    /// People, or an egg, or nobody, before the camera.
    Head(Box<HeadArgs>),
    /// An impression of a finger.
    Print(PrintArgs),
}

/// Why no picture was written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The picture could not be written.
    #[error("the picture could not be written to {path}: {source}")]
    Picture {
        /// Where to.
        path: PathBuf,
        /// What happened.
        source: image::ImageError,
    },
    /// The truth could not be written.
    #[error("the truth could not be written to {path}: {source}")]
    Truth {
        /// Where to.
        path: PathBuf,
        /// What happened.
        source: std::io::Error,
    },
}

/// Renders and writes the files.
///
/// # Errors
///
/// When a file cannot be written, or its ending names no known format.
pub fn run(command: &RenderCommand) -> Result<(), RenderError> {
    match command {
        RenderCommand::Head(args) => head::run(args),
        RenderCommand::Print(args) => print::run(args),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(subcommand)]
        command: RenderCommand,
    }

    fn run_line(line: &[&str]) -> Result<(), RenderError> {
        let program = Program::try_parse_from([&["sim"], line].concat()).expect("arguments");
        run(&program.command)
    }

    #[test]
    fn pictures_and_truth_are_written() {
        let dir = tempfile::tempdir().expect("directory");
        let place = |name: &str| dir.path().join(name).display().to_string();
        let (head, truth, print) = (place("head.png"), place("truth.json"), place("print.pgm"));
        let size = ["--width", "160", "--height", "120"];
        run_line(&[&["head", "--seed", "3", "--yaw", "-5", "--out", &head, "--truth", &truth], &size[..]].concat())
            .expect("head");
        run_line(&["print", "--seed", "3", "--dry", "0.5", "--out", &print, "--width", "96", "--height", "96"])
            .expect("print");
        assert_eq!(image::open(head).expect("picture").to_rgb8().dimensions(), (160, 120));
        assert_eq!(image::open(print).expect("picture").to_luma8().dimensions(), (96, 96));
        let told: serde_json::Value = serde_json::from_slice(&std::fs::read(truth).expect("file")).expect("JSON");
        assert_eq!(told["simulated"], true);
        assert_eq!(told["faces"][0]["person"], 3);
        assert_eq!(told["faces"][0]["pose"]["yaw"], -5.0);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let missing = "/nonexistent-directory/picture.png";
        let refused = run_line(&["print", "--out", missing, "--width", "9", "--height", "9"]).expect_err("refused");
        assert!(refused.to_string().contains(missing), "{refused}");
    }
}
