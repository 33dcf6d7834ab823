//! The engine `blazeface`: two small trained networks, BlazeFace for faces and FaceMesh for the points of the main one,
//! run by this crate itself.
//!
//! The model is a folder of two files, which set-up fetches. Only the files that were tested are taken: any other is
//! damaged or unknown, and what an unknown network says about a face is worth nothing.

use super::blaze::Blaze;
use super::detector::{Engine, EngineFault, FaceDetector, ModelDigest};
use super::mesh::Mesh;
pub use super::tracker::Tracker;
use crate::nn::Network;
pub use crate::nn::peak::exercise;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The line of the engine list.
pub const ENGINE: Engine = Engine { name: NAME, default_model: DEFAULT_MODEL, open: open_boxed };

/// The folder of the two files below the project's.
pub const DEFAULT_MODEL: &str = "models/face";

pub(super) const NAME: &str = "blazeface";

/// A model file: its name, its bytes, its SHA-256 (`models/MANIFEST.toml` has the same).
type Pinned = (&'static str, u64, &'static str);

/// npm package @mediapipe/face_detection 0.4.1657300184.
const DETECTION: Pinned =
    ("face_detection_short_range.tflite", 229_032, "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633");
/// npm package @mediapipe/face_mesh 0.4.1657299874.
const LANDMARKS: Pinned =
    ("face_landmark.tflite", 1_241_896, "c603fa6149219a3e9487dc9abd7a0c24474c77263273d24868378cdf40aa26d1");

/// Loads the two networks of a folder.
///
/// # Errors
/// [`EngineFault::NoModel`] when a file cannot be read, [`EngineFault::BadModel`] when it is not the one that was tested.
pub fn open(folder: &Path) -> Result<Tracker, EngineFault> {
    let mut digest = Sha256::new();
    let detection = pinned(folder, DETECTION, &mut digest)?;
    let landmarks = pinned(folder, LANDMARKS, &mut digest)?;
    let blaze = Blaze::new(&network(&detection, DETECTION)?).ok_or_else(|| other_shape(DETECTION))?;
    let mesh = Mesh::new(&network(&landmarks, LANDMARKS)?).ok_or_else(|| other_shape(LANDMARKS))?;
    Ok(Tracker::new(blaze, mesh, digest.finalize().into()))
}

fn open_boxed(folder: &Path, _: Option<&ModelDigest>) -> Result<Box<dyn FaceDetector>, EngineFault> {
    Ok(Box::new(open(folder)?))
}

/// The bytes of a file, if it is the one; its digest goes into that of the engine.
fn pinned(folder: &Path, (name, size, sha256): Pinned, digest: &mut Sha256) -> Result<Vec<u8>, EngineFault> {
    let no_model = |error: std::io::Error| EngineFault::NoModel { engine: NAME, inside: format!("{name}: {error}") };
    let mut bytes = Vec::new();
    // One byte more than the right file has tells a longer one.
    File::open(folder.join(name)).and_then(|file| file.take(size + 1).read_to_end(&mut bytes)).map_err(no_model)?;
    let found = Sha256::digest(&bytes);
    let hex: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
    if hex != sha256 {
        return Err(bad_model(name, format!("SHA-256 {hex}, expected {sha256}")));
    }
    digest.update(found);
    Ok(bytes)
}

fn network(bytes: &[u8], (name, ..): Pinned) -> Result<Network, EngineFault> {
    Network::read(bytes).map_err(|error| bad_model(name, error.to_string()))
}

fn other_shape((name, ..): Pinned) -> EngineFault {
    bad_model(name, "its pictures and answers have other sizes".into())
}

fn bad_model(name: &str, inside: String) -> EngineFault {
    EngineFault::BadModel { engine: NAME, inside: format!("{name}: {inside}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn models() -> std::path::PathBuf {
        super::super::scenes::models()
    }

    #[test]
    fn only_the_tested_files_are_taken() {
        let folder = tempfile::tempdir().unwrap();
        let whole = |(name, ..): Pinned| fs::read(models().join(name)).unwrap();
        let (detection, landmarks) = (whole(DETECTION), whole(LANDMARKS));
        let altered = |bytes: &[u8], at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            bytes
        };
        let longer = [&landmarks[..], b"x"].concat();
        for (name, first, second, code) in [
            ("whole", Some(&detection[..]), Some(&landmarks[..]), None),
            ("no detection", None, Some(&landmarks), Some("Q-12")),
            ("no landmarks", Some(&detection), None, Some("Q-12")),
            ("swapped", Some(&landmarks), Some(&detection), Some("Q-11")),
            ("a bit of a weight", Some(&altered(&detection, 100_000)), Some(&landmarks), Some("Q-11")),
            ("a bit at the end", Some(&detection), Some(&altered(&landmarks, landmarks.len() - 1)), Some("Q-11")),
            ("cut in half", Some(&detection), Some(&landmarks[..landmarks.len() / 2]), Some("Q-11")),
            ("longer", Some(&detection), Some(&longer), Some("Q-11")),
            ("empty", Some(&[]), Some(&landmarks), Some("Q-11")),
        ] {
            for ((file, ..), bytes) in [(DETECTION, first), (LANDMARKS, second)] {
                let path = folder.path().join(file);
                _ = fs::remove_file(&path);
                bytes.inspect(|bytes| fs::write(&path, bytes).unwrap());
            }
            assert_eq!(open(folder.path()).err().map(|fault| fault.code()), code, "{name}");
        }
        assert_eq!(open(Path::new("/")).err().map(|fault| fault.code()), Some("Q-12"));
    }

    #[test]
    fn the_digest_is_that_of_both_files() {
        let mut digest = Sha256::new();
        for (name, ..) in [DETECTION, LANDMARKS] {
            digest.update(Sha256::digest(fs::read(models().join(name)).unwrap()));
        }
        let engine = open(&models()).unwrap();
        assert_eq!(engine.model_digest(), <[u8; 32]>::from(digest.finalize()));
        assert_eq!(engine.name(), "blazeface");
    }
}
