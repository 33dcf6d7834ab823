//! The copyright file of a package (machine-readable, DEP-5), with the licences of all crates and models inside.

use super::build::Build;
use crate::failure::Failure;
use crate::models;
use std::collections::BTreeMap;

const HEADER: &str = "\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Gatepost
Comment: The texts of the licences of others stand at the end, each once.

Files: *
Copyright: Gatepost contributors
License: MIT or Apache-2.0
 /usr/share/common-licenses/Apache-2.0 has the text of the second.
";

/// The text of the file.
pub fn copyright(build: &Build) -> Result<String, Failure> {
    let mut text = HEADER.to_owned();
    let crates = build.metadata.closure(&build.recipe.crates);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in crates.iter().filter(|one| one.source.is_some()) {
        let authors = if one.authors.is_empty() { "its authors".into() } else { one.authors.join(", ") };
        let licence = one.license.as_deref().unwrap_or("see its text below");
        text += &format!(
            "\nFiles: (crate {} {})\nCopyright: {}\nLicense: {}\n",
            one.name,
            one.version,
            authors.replace('\n', " "),
            licence.replace('/', " or ").replace(" OR ", " or ").replace(" AND ", " and ")
        );
        for (file, words) in one.texts() {
            texts.entry(words).or_default().push(format!("{} {} ({file})", one.name, one.version));
        }
    }
    let models = if build.recipe.models { models::listed()? } else { Vec::new() };
    for model in models {
        text += &format!("\nFiles: (model {})\nCopyright: {}\nLicense: {}\n", model.name, model.origin, model.licence);
    }
    for (words, of) in texts {
        let indented = words.lines().map(|line| if line.trim().is_empty() { " .".into() } else { format!(" {line}") });
        text += &format!("\nComment: {}\n{}\n", of.join(", "), indented.collect::<Vec<_>>().join("\n"));
    }
    Ok(text)
}
