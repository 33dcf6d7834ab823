//! What the fuzzers begin with, and what they found worth keeping, goes through every target.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use fuzz_targets::{TARGETS, run, seeds};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What all corpora together may take up in the tree, in bytes.
const MOST_BYTES: u64 = 600 << 10;

#[test]
fn no_corpus_has_anything_that_a_target_fails_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let (mut inputs, mut size) = (BTreeMap::<&str, usize>::new(), 0);
    for target in TARGETS {
        for entry in fs::read_dir(folder.join(target.name)).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            (target.run)(&bytes);
            *inputs.entry(target.name).or_default() += 1;
            size += bytes.len() as u64;
        }
    }
    assert!(TARGETS.iter().all(|target| inputs.contains_key(target.name)), "{inputs:?}");
    assert!(size <= MOST_BYTES, "{size} bytes: shrink the corpora by `cargo fuzz cmin`");
    println!("{inputs:?} inputs, {size} bytes");
}

/// Each seed goes to every target: what is right for one is wrong for the others.
#[test]
fn no_target_fails_at_a_seed_or_at_its_beginnings() {
    for (name, bytes) in seeds() {
        TARGETS.iter().for_each(|target| (target.run)(&bytes));
        let steps = (bytes.len() / 40).max(1);
        (0..bytes.len()).step_by(steps).for_each(|end| run(name, &bytes[..end]));
    }
    assert!(TARGETS.iter().all(|target| seeds().iter().any(|(name, _)| *name == target.name)));
}

#[test]
fn every_target_has_its_line_for_the_fuzzer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let source = fs::read_to_string(folder.join(format!("fuzz_targets/{}.rs", target.name))).unwrap();
        assert!(source.contains(&format!("run(\"{}\", data)", target.name)), "{source}");
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
    }
}

/// The fuzzers are compiled outside of the workspace by a lock of their own, which nothing else looks at: with a stale one they
/// are not built at all. `cargo metadata --manifest-path fuzz/Cargo.toml` brings it up to date.
#[test]
fn the_lock_of_the_fuzzers_knows_what_our_crates_need() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &Path| fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
    let locked = read(&root.join("fuzz/Cargo.lock"));
    let names = |package: &toml::Value| -> Vec<String> {
        let listed = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // With its version where there are several.
        listed.map(|name| name.as_str().unwrap().split(' ').next().unwrap().to_owned()).collect()
    };
    let mut looked = 0;
    for folder in ["src/domain", "src/link", "src/quality", "src/store", "drivers", "tests/fuzz"] {
        let manifest = read(&root.join(folder).join("Cargo.toml"));
        let name = manifest["package"]["name"].as_str().unwrap();
        let packages = locked["package"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"].as_str() == Some(name)).unwrap();
        let known = names(package);
        for (needed, how) in manifest["dependencies"].as_table().unwrap() {
            let optional = how.get("optional").and_then(toml::Value::as_bool) == Some(true);
            assert!(optional || known.contains(needed), "{name} needs {needed}, and fuzz/Cargo.lock does not know it");
            looked += 1;
        }
    }
    assert!(looked > 40, "{looked}");
}
