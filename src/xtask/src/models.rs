//! Models: files that somebody trained, named in models/MANIFEST.toml with origin, licence and digest.

use crate::failure::Failure;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The list of models.
pub const MANIFEST: &str = "models/MANIFEST.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    model: Vec<Model>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    /// Its name in records and reports.
    name: String,
    /// What it is used for.
    purpose: String,
    /// Where it comes from and who made it.
    origin: String,
    /// SPDX expression, or the licence's own name.
    licence: String,
    /// The file.
    path: PathBuf,
    /// The system package that brings it; none for a file of this tree.
    package: Option<String>,
    /// SHA-256 of the file, hexadecimal.
    sha256: String,
}

/// Checks that every model is there and is the one that was tested.
pub fn check() -> Result<(), Failure> {
    let path = Path::new(MANIFEST);
    let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    let manifest = read(&text)?;
    let faults: Vec<String> = manifest.model.iter().filter_map(fault).collect();
    for model in &manifest.model {
        println!("  {}: {} ({}; {})", model.name, model.purpose, model.origin, model.licence);
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
}

fn read(text: &str) -> Result<Manifest, Failure> {
    toml::from_str(text).map_err(|error| Failure::new(format!("{MANIFEST} is damaged: {error}")))
}

/// What is wrong with a model, and what to type.
fn fault(model: &Model) -> Option<String> {
    let again = match &model.package {
        Some(package) => format!("sudo apt-get install --reinstall {package}"),
        None => format!("git checkout -- {}", model.path.display()),
    };
    let (name, path) = (&model.name, model.path.display());
    let bytes = match fs::read(&model.path) {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("The model {name} cannot be read at {path}: {error}. Try:\n  {again}")),
    };
    let found = hex(&Sha256::digest(&bytes));
    (!found.eq_ignore_ascii_case(&model.sha256)).then(|| {
        format!(
            "The model {name} at {path} is another file than the one that was tested (SHA-256 {found}, expected {}). \
             Try:\n  {again}\nIf the package has a new version of it, test that and change {MANIFEST}.",
            model.sha256
        )
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(path: &Path, sha256: &str) -> Model {
        let text =
            "model = [{ name = \"m\", purpose = \"p\", origin = \"o\", licence = \"l\", path = \"\", sha256 = \"\" }]";
        let mut model = read(text).unwrap().model.remove(0);
        model.path = path.to_owned();
        model.sha256 = sha256.to_owned();
        model
    }

    #[test]
    fn another_or_an_absent_file_is_a_fault_that_names_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        fs::write(&path, "abc").unwrap();
        // SHA-256 of "abc", FIPS 180-2.
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fault(&model(&path, right)), None);
        let changed = fault(&model(&path, &right.replace('b', "c"))).unwrap();
        assert!(changed.contains("another file") && changed.contains("git checkout"), "{changed}");
        let gone =
            fault(&Model { package: Some("opencv-data".into()), ..model(&dir.path().join("x"), right) }).unwrap();
        assert!(gone.contains("--reinstall opencv-data"), "{gone}");
    }

    #[test]
    fn a_typo_in_the_manifest_is_told() {
        assert!(read("[[model]]\nnaem = \"x\"").unwrap_err().to_string().contains("naem"));
    }

    #[test]
    fn the_manifest_of_this_tree_can_be_read() {
        let text = include_str!("../../../models/MANIFEST.toml");
        for model in read(text).unwrap().model {
            assert_eq!(model.sha256.len(), 64, "{}", model.name);
        }
    }
}
