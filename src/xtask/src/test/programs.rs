//! The programs of tests, as cargo builds them.

use super::lanes::Program;
use crate::failure::Failure;
use crate::process;
use serde::Deserialize;
use std::path::PathBuf;

/// A line that cargo says about something that it built.
#[derive(Deserialize)]
struct Built {
    manifest_path: PathBuf,
    target: Target,
    profile: Profile,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds the tests of this selection, and says where they are.
pub fn built(selection: &[&str]) -> Result<Vec<Program>, Failure> {
    let arguments = [&["test", "--no-run", "--message-format", "json-render-diagnostics"], selection].concat();
    let programs = listed(&process::cargo_said(&arguments)?)?;
    if programs.is_empty() {
        return Err(Failure::new("cargo built no tests: is the selection empty?"));
    }
    Ok(programs)
}

/// Out of cargo's words, those that are programs of tests, in the order of their names.
fn listed(said: &str) -> Result<Vec<Program>, Failure> {
    let artifact = |line: &&str| line.contains("\"reason\":\"compiler-artifact\"");
    let mut programs = Vec::new();
    for line in said.lines().filter(artifact) {
        let built: Built = serde_json::from_str(line)
            .map_err(|error| Failure::new(format!("What cargo said of its work cannot be read: {error}.")))?;
        let (Some(path), true) = (built.executable, built.profile.test) else { continue };
        let Some(folder) = built.manifest_path.parent() else { continue };
        let package = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = built.target.kind.join(", ");
        programs.push(Program {
            name: format!("{package}: {} ({kind})", built.target.name),
            path,
            folder: folder.into(),
        });
    }
    // They were finished in whatever order; the next run shall go as this one.
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::said;
    use std::collections::BTreeSet;

    /// Libraries with their features, as `cargo build` or `cargo test` wants them.
    fn libraries(edges: &str) -> BTreeSet<String> {
        let form = ["--offline", "--prefix", "none", "--format", "{p} {f}", "--edges", edges];
        let tree = said("cargo", &[&["tree", "--workspace", "--all-features"], &form[..]].concat()).unwrap();
        tree.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    }

    /// Otherwise tokio and everything on it were built twice, which takes minutes.
    #[test]
    fn programs_and_tests_are_built_of_the_same_libraries() {
        let (for_programs, for_tests) = (libraries("normal,build"), libraries("normal,build,dev"));
        let twice: Vec<_> = for_programs.difference(&for_tests).collect();
        assert!(twice.is_empty(), "tests/Cargo.toml has to ask for what their tests ask for: {twice:?}");
    }

    #[test]
    fn only_programs_of_tests_are_taken() {
        let said = [
            r#"{"reason":"compiler-artifact","manifest_path":"/p/src/store/Cargo.toml","target":{"name":"store","kind":["lib"]},"profile":{"test":false},"executable":null}"#,
            r#"{"reason":"compiler-artifact","manifest_path":"/p/tests/Cargo.toml","target":{"name":"wear","kind":["test"]},"profile":{"test":true},"executable":"/t/wear-1"}"#,
            r#"{"reason":"compiler-artifact","manifest_path":"/p/src/store/Cargo.toml","target":{"name":"store","kind":["lib"]},"profile":{"test":true},"executable":"/t/store-1"}"#,
            r#"{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"name":"station","kind":["bin"]},"profile":{"test":false},"executable":"/t/station"}"#,
            r#"{"reason":"build-finished","success":true}"#,
        ];
        let programs = listed(&said.join("\n")).unwrap();
        let names: Vec<_> = programs.iter().map(|program| program.name.as_str()).collect();
        assert_eq!(names, ["store: store (lib)", "tests: wear (test)"]);
        assert_eq!(programs[1].folder, PathBuf::from("/p/tests"));
        assert!(listed(r#"{"reason":"compiler-artifact"}"#).is_err());
    }
}
