//! The rules of ARCHITECTURE.md that no compiler checks: which crate may know which, what stays out of `domain`, that
//! lists and folders agree, and how long a file gets.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a helper of a test fails by panicking, as the test does")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Every crate of ours, its folder, and what it may depend on. Tests, examples and build scripts are held to it too.
const CRATES: [(&str, &str, &[&str]); 12] = [
    ("domain", "src/domain", &[]),
    ("drivers", "drivers", &["domain"]),
    ("fuzz-targets", "tests/fuzz", &["domain", "drivers", "link", "quality", "store"]),
    ("hardware-sim", "hardware-sim", &["domain", "drivers", "render"]),
    ("intake", "src/intake", &["domain", "link", "store"]),
    ("link", "src/link", &["domain", "store"]),
    ("quality", "src/quality", &["domain"]),
    ("render", "hardware-sim/render", &[]),
    ("station", "src/station", &["domain", "drivers", "link", "quality", "store"]),
    ("store", "src/store", &["domain"]),
    // Whole-station tests look at everything from outside.
    (
        "tests",
        "tests",
        &["domain", "drivers", "hardware-sim", "intake", "link", "quality", "render", "station", "store"],
    ),
    ("xtask", "src/xtask", &[]),
];

/// The five programs that a plain `cargo build --release` makes, and the crates they are in.
const PROGRAMS: [(&str, &str); 5] = [
    ("gatepost", "station"),
    ("gatepost-driver", "drivers"),
    ("gatepost-intake", "intake"),
    ("gatepost-quality", "quality"),
    ("gatepost-sim", "hardware-sim"),
];

/// Longer files hide a missing noun.
const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(folder: &str) -> Table {
    text(&root().join(folder).join("Cargo.toml")).parse().unwrap_or_else(|error| panic!("{folder}/Cargo.toml: {error}"))
}

/// The names in every dependency section of a manifest, also of those for one kind of machine.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut tables = vec![manifest];
    let targets = manifest.get("target").and_then(Value::as_table);
    tables.extend(targets.into_iter().flatten().filter_map(|(_, target)| target.as_table()));
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let found = tables.iter().flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()));
    // A dependency may go by another name here; what counts is the package.
    found
        .flatten()
        .map(|(name, value)| value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned())
        .collect()
}

/// Every Rust file of the tree, by its path from the root.
fn sources() -> Vec<String> {
    fn visit(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    for top in ["src", "drivers", "hardware-sim", "tests"] {
        visit(&root.join(top), &mut found);
    }
    let mut names: Vec<String> =
        found.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect();
    names.sort();
    assert!(names.len() > 50, "only {} files were found", names.len());
    names
}

#[test]
fn crates_know_only_whom_they_may_know() {
    let ours: BTreeSet<&str> = CRATES.iter().map(|(name, ..)| *name).collect();
    for (name, folder, allowed) in CRATES {
        let manifest = manifest(folder);
        assert_eq!(manifest["package"]["name"].as_str(), Some(name), "{folder}");
        for dependency in dependencies(&manifest).iter().filter(|dependency| ours.contains(dependency.as_str())) {
            // A crate that is its own dev-dependency only turns on its own features for its tests.
            let fine = allowed.contains(&dependency.as_str()) || dependency == name;
            assert!(fine, "{name} depends on {dependency}; the allowed edges are in tests/tests/architecture.rs");
        }
    }
}

#[test]
fn the_workspace_has_these_crates_and_programs() {
    let workspace = &manifest("")["workspace"];
    let listed = |key: &str| -> BTreeSet<String> {
        workspace[key].as_array().unwrap().iter().map(|folder| folder.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed("members"), CRATES.iter().map(|(_, folder, _)| (*folder).to_owned()).collect());
    let mut with_programs = BTreeSet::new();
    for (program, of) in PROGRAMS {
        let (_, folder, _) = CRATES.iter().find(|(name, ..)| *name == of).unwrap();
        let manifest = manifest(folder);
        let programs = manifest["bin"].as_array().unwrap();
        assert!(programs.iter().any(|bin| bin["name"].as_str() == Some(program)), "{folder} does not make {program}");
        with_programs.insert((*folder).to_owned());
    }
    assert_eq!(listed("default-members"), with_programs, "a plain build makes the five programs");
}

#[test]
fn the_domain_does_no_input_or_output() {
    let head = text(&root().join("src/domain/src/lib.rs"));
    assert!(head.contains("\n#![no_std]\n"), "src/domain/src/lib.rs has lost its #![no_std]");
    for file in sources().iter().filter(|file| file.starts_with("src/domain/src/")) {
        let source = text(&root().join(file));
        // Unit tests may have the standard library; the snapshot of the session needs it.
        let allowed = file.ends_with("/tests.rs");
        let takes_std = source.lines().any(|line| line.trim_start().starts_with("extern crate std"));
        assert!(allowed || !takes_std, "{file} takes the standard library in");
    }
}

#[test]
fn only_the_kernels_of_quality_may_be_unsafe() {
    // Written in two parts, so that this file does not find itself.
    let word = concat!("un", "safe");
    let forms = ["{", "fn", "impl", "trait", "extern"].map(|what| format!("{word} {what}"));
    let excuses = ["allow", "expect"].map(|attribute| format!("{attribute}({word}_code"));
    for file in sources() {
        let is_kernel = file.starts_with("src/quality/src/") && file.contains("simd");
        for (number, line) in text(&root().join(&file)).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            let found = forms.iter().chain(&excuses).any(|form| code.contains(form.as_str()));
            assert!(is_kernel || !found, "{file}:{}: {word} code is for the simd module of quality alone", number + 1);
        }
    }
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = sources()
        .iter()
        .map(|file| (text(&root().join(file)).lines().count(), file))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, file)| format!("{file}: {lines}"))
        .collect();
    assert!(long.is_empty(), "over {MAX_LINES} lines, each perhaps hiding a missing noun: {long:#?}");
}

/// Whether a file's parent module declares it. Files that cargo takes by their place need no declaration.
fn is_declared(file: &str) -> bool {
    let path = Path::new(file);
    let (folder, stem) = (path.parent().unwrap(), path.file_stem().unwrap().to_str().unwrap());
    let taken_by_cargo = ["tests", "examples", "benches"].iter().any(|place| folder.ends_with(place))
        || ["main", "lib", "build"].contains(&stem);
    if taken_by_cargo {
        return true;
    }
    // The module `a/mod.rs` is declared where `a.rs` would be.
    let (folder, name) = match stem {
        "mod" => (folder.parent().unwrap(), folder.file_name().unwrap().to_str().unwrap()),
        other => (folder, other),
    };
    let declaration = format!("mod {name};");
    let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| folder.join(parent));
    let beside = folder.with_extension("rs");
    parents.iter().chain([&beside]).filter_map(|parent| fs::read_to_string(root().join(parent)).ok()).any(|parent| {
        parent.lines().map(str::trim).any(|line| {
            line.strip_suffix(&declaration).is_some_and(|before| before.is_empty() || before.starts_with("pub"))
        })
    })
}

#[test]
fn no_file_is_left_out_of_the_build() {
    // Helpers in a `tests` folder are modules of several test programs, declared in each of them.
    let orphans: Vec<String> =
        sources().into_iter().filter(|file| !file.contains("/tests/")).filter(|file| !is_declared(file)).collect();
    assert!(orphans.is_empty(), "nobody declares these modules, so they are not compiled: {orphans:#?}");
}

/// The body of `const NAME: ... = ...;` in a source.
fn list<'a>(source: &'a str, name: &str) -> &'a str {
    let head = format!("pub const {name}: ");
    let from = source.find(&head).unwrap_or_else(|| panic!("there is no list {name}"));
    let body = &source[from..];
    let start = body.find('=').unwrap();
    &body[start..start + body[start..].find("];").unwrap()]
}

/// The modules of a folder whose source holds this text: those that belong into its list.
fn modules_with(folder: &str, mark: &str) -> BTreeSet<String> {
    let inside = format!("{folder}/");
    let mut found = BTreeSet::new();
    for file in sources() {
        let Some(rest) = file.strip_prefix(&inside) else { continue };
        let module = rest.split(['/', '.']).next().unwrap();
        if module != "mod" && text(&root().join(&file)).contains(mark) {
            found.insert(module.to_owned());
        }
    }
    found
}

/// The modules that a list names: `&ef01::Factory` gives `ef01`.
fn modules_in(list: &str) -> BTreeSet<String> {
    let entries = list.split([',', '[', ']']).filter_map(|entry| entry.split_once("::"));
    let name = |path: &str| path.trim_end().rsplit([' ', '&', '\n', '(']).next().unwrap_or("").to_owned();
    entries.map(|(path, _)| name(path)).filter(|name| !name.is_empty()).collect()
}

#[test]
fn lists_and_folders_agree() {
    for (folder, list_name, mark) in [
        ("drivers/src/camera", "FACTORIES", "impl CameraFactory for"),
        ("drivers/src/reader", "FACTORIES", "impl ReaderFactory for"),
        ("drivers/src/scanner", "FACTORIES", "impl ScannerFactory for"),
        ("src/station/src/upload", "TARGETS", ": TargetFactory ="),
    ] {
        let source = text(&root().join(folder).join("mod.rs"));
        let (listed, there) = (modules_in(list(&source, list_name)), modules_with(folder, mark));
        assert!(!there.is_empty(), "{folder} has nothing for its list {list_name}");
        assert_eq!(listed, there, "{folder}: the list {list_name} and the files of the folder");
    }
}

#[test]
fn lists_are_read_as_they_are_written() {
    let source = "
        pub const FACTORIES: &[&dyn F] = &[
            &mjpeg::Factory,
            #[cfg(feature = \"x\")]
            &v4l2::Factory,
        ];
        const OTHER: u8 = 1;";
    let names: Vec<String> = modules_in(list(source, "FACTORIES")).into_iter().collect();
    assert_eq!(names, ["mjpeg", "v4l2"]);
}
