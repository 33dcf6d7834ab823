//! The packages' files agree with each other, with the programs and with the drivers.

use super::help::help;
use super::metadata::Metadata;
use super::recipe::{NAMES, Recipe};
use super::units::{self, Unit};
use super::{Options, build::Build, make};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Paths of recipes are relative to the workspace's folder; the test's own folder is the crate's.
pub fn to_root() {
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
}

/// The folder of the programs of this build, which is beside that of this test. They are built by `cargo xtask test`.
pub fn programs() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.ancestors().nth(2).unwrap().to_owned();
    let there = folder.join("gatepost").exists() && folder.join("gatepost-intake").exists();
    assert!(there, "build the programs first: cargo build --workspace --all-features");
    folder
}

fn recipes() -> Vec<Recipe> {
    to_root();
    NAMES.iter().map(|name| Recipe::read(name).unwrap()).collect()
}

#[test]
fn every_file_of_a_recipe_is_there_and_every_file_there_is_in_a_recipe() {
    for recipe in recipes() {
        let folder = Path::new("packaging").join(&recipe.name);
        let members = recipe.members().unwrap();
        for member in &members {
            let fetched = member.from.starts_with("models/face");
            assert!(fetched || !member.bytes().unwrap().is_empty(), "{}: {}", recipe.name, member.from.display());
        }
        let mut known: BTreeSet<PathBuf> = members.into_iter().map(|member| member.from).collect();
        known.extend(recipe.scripts().map(|(_, path)| path));
        known.insert(folder.join("package.toml"));
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(known.contains(&path), "{} is in no package", path.display());
        }
        assert!(recipe.conffiles().unwrap().iter().all(|path| path.starts_with("/etc/")));
    }
}

#[test]
fn what_a_unit_starts_is_known_to_its_program() {
    to_root();
    let folder = programs();
    let mut seen = 0;
    for Unit { name, text } in units::all().unwrap() {
        let lines = text.lines().filter_map(|line| line.strip_prefix("ExecStart=/usr/bin/"));
        for line in lines.filter(|line| line.starts_with("gatepost")) {
            let words: Vec<&str> = line.split(' ').collect();
            let commands: Vec<&str> = words.iter().copied().take_while(|word| !word.starts_with('-')).collect();
            let known = help(&folder, &commands).unwrap();
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(known.contains(&format!("{option} <")), "{name}: {option} is no option of {commands:?}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn devices_are_for_the_drivers_alone_and_every_known_scanner_has_its_rule() {
    to_root();
    let rules = fs::read_to_string("packaging/gatepost/71-gatepost.rules").unwrap();
    let rules: Vec<&str> = rules.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let table = fs::read_to_string("drivers/src/scanner/libfprint/model.rs").unwrap();
    let ids: BTreeSet<(&str, &str)> = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("id: Id { vendor: 0x")?.split_once(", product: 0x"))
        .filter_map(|(vendor, rest)| Some((vendor, rest.split_once(' ')?.0)))
        .collect();
    let field = |rule: &str, key: &str| {
        let at = rule.split_once(&format!("{key}==\""));
        at.and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value.to_owned())
    };
    let of_rules: Vec<_> = rules
        .iter()
        .filter_map(|rule| Some((field(rule, "ATTR{idVendor}")?, field(rule, "ATTR{idProduct}")?)))
        .collect();
    let of_rules: BTreeSet<(&str, &str)> = of_rules.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert!(!ids.is_empty());
    assert_eq!(ids, of_rules);
    for rule in rules {
        assert!(rule.starts_with("ACTION!=\"remove\", SUBSYSTEM==\""), "{rule}");
        let mode = rule.split_once("MODE=\"").map(|(_, rest)| &rest[..4]);
        assert!(mode.is_none_or(|mode| mode == "0660"), "{rule}");
        assert!(
            mode.is_none() || (rule.contains("GROUP=\"gatepost-devices\"") && rule.contains("TAG-=\"uaccess\"")),
            "{rule}"
        );
    }
}

#[test]
fn the_same_input_gives_the_same_package_and_dpkg_reads_it() {
    to_root();
    let folder = tempfile::tempdir().unwrap();
    let metadata = Metadata::read("").unwrap();
    let recipe = Recipe::read("gatepost-intake").unwrap();
    let made = ["one", "two"].map(|out| {
        let out = folder.path().join(out);
        let build = Build {
            recipe: &recipe,
            version: "1.2.3",
            epoch: 1_700_000_000,
            programs: &programs(),
            metadata: &metadata,
        };
        build.make(&out).unwrap()
    });
    let [one, two] = made.clone().map(|path| fs::read(path).unwrap());
    assert!(one == two, "the packages differ");
    let told = Command::new("dpkg-deb").arg("--contents").arg(&made[0]).output().unwrap();
    let contents = String::from_utf8(told.stdout).unwrap();
    for line in contents.lines() {
        assert!(line.contains(" root/root "), "{line}");
        assert!(
            line.starts_with("drwxr-xr-x") || line.starts_with("-rw-r--r--") || line.starts_with("-rwxr-xr-x"),
            "{line}"
        );
    }
    let members = recipe.members().unwrap().into_iter().map(|member| member.to);
    let documents =
        ["copyright", "commands.txt", "sbom.cdx.json"].map(|name| format!("/usr/share/doc/gatepost-intake/{name}"));
    for path in members.chain(documents).chain(["/usr/bin/gatepost-intake".into()]) {
        assert!(contents.lines().any(|line| line.ends_with(&format!(" .{path}"))), "{path} is not in\n{contents}");
    }
    let control = Command::new("dpkg-deb").arg("--field").arg(&made[0]).output().unwrap();
    let control = String::from_utf8(control.stdout).unwrap();
    for field in ["Package: gatepost-intake", "Version: 1.2.3", "Depends: ", "libc6 (>= ", "Recommends: postgresql"] {
        assert!(control.contains(field), "{field}: {control}");
    }
}

#[test]
fn an_unknown_package_is_named_with_those_that_there_are() {
    to_root();
    let options = Options { prebuilt: None, version: Some("1".into()), names: vec!["gatepst".into()] };
    let said = make(&options, Path::new("nowhere"), Path::new("nowhere")).unwrap_err().to_string();
    assert!(said.contains("gatepst") && said.contains("gatepost-intake"), "{said}");
}
