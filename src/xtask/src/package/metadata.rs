//! Which crates of others are in a program, as cargo resolves them.

use crate::failure::Failure;
use crate::process::cargo_said;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What the programs run on.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What cargo knows of the workspace, with features as the packages are built.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    packages: Vec<Crate>,
    resolve: Resolve,
    /// SHA-256 of the crates' files by name and version, from Cargo.lock.
    #[serde(skip)]
    checksums: BTreeMap<(String, String), String>,
}

/// One crate.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Crate {
    id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression.
    pub license: Option<String>,
    /// Who wrote it, where it says so.
    #[serde(default)]
    pub authors: Vec<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Where its source is kept.
    pub repository: Option<String>,
    /// Where it came from; nowhere is this workspace.
    pub source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

impl Metadata {
    /// Asks cargo, and reads Cargo.lock.
    pub fn read(features: &str) -> Result<Self, Failure> {
        let arguments =
            ["metadata", "--format-version=1", "--locked", "--filter-platform", PLATFORM, "--features", features];
        let text = cargo_said(&arguments)?;
        let unfit = |error: &dyn std::fmt::Display| Failure::new(format!("cargo metadata cannot be read: {error}."));
        let metadata: Self = serde_json::from_str(&text).map_err(|error| unfit(&error))?;
        let path = Path::new("Cargo.lock");
        let lock = fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))?;
        let lock: Lock = toml::from_str(&lock).map_err(|error| unfit(&error))?;
        let known = lock.package.into_iter().filter_map(|one| Some(((one.name, one.version), one.checksum?)));
        Ok(Self { checksums: known.collect(), ..metadata })
    }

    /// The workspace's version: that of the crate of the station.
    pub fn version(&self) -> &str {
        let station = self.packages.iter().find(|package| package.source.is_none() && package.name == "station");
        station.map_or("0.0.0", |station| &station.version)
    }

    /// SHA-256 of the file that a crate came in.
    pub fn checksum(&self, package: &Crate) -> Option<&str> {
        self.checksums.get(&(package.name.clone(), package.version.clone())).map(String::as_str)
    }

    /// The crates that these crates of the workspace are built from, themselves among them; not what only their tests need.
    pub fn closure(&self, roots: &[String]) -> Vec<&Crate> {
        let by_id: BTreeMap<&str, &Crate> = self.packages.iter().map(|one| (one.id.as_str(), one)).collect();
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let is_root = |one: &&Crate| one.source.is_none() && roots.contains(&one.name);
        let mut next: Vec<&str> = self.packages.iter().filter(is_root).map(|one| one.id.as_str()).collect();
        while let Some(id) = next.pop() {
            if reached.insert(id) {
                next.extend(self.dependencies(id));
            }
        }
        let mut found: Vec<&Crate> = reached.iter().filter_map(|id| by_id.get(id).copied()).collect();
        found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        found
    }

    /// What a crate is built from, by identifiers.
    pub fn dependencies(&self, id: &str) -> Vec<&str> {
        let node = self.resolve.nodes.iter().find(|node| node.id == id);
        let built = |of: &&Dependency| of.dep_kinds.iter().any(|kind| kind.kind.as_deref() != Some("dev"));
        node.into_iter().flat_map(|node| node.deps.iter().filter(built).map(|of| of.pkg.as_str())).collect()
    }
}

impl Crate {
    /// How it is named in bills: the package URL of crates.io, or the name here.
    pub fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }

    /// Cargo's identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The texts of its licences and notices, by the names of their files.
    pub fn texts(&self) -> Vec<(String, String)> {
        let folder = self.manifest_path.parent().unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut texts: Vec<(String, String)> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let upper = name.to_ascii_uppercase();
                let is =
                    ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|it| upper.starts_with(it));
                Some((name, fs::read_to_string(entry.path()).ok().filter(|_| is)?))
            })
            .collect();
        texts.sort();
        texts
    }
}
