//! Whether prints are of the same finger, two files at a time.

use super::{CompareArguments, Refusal, finger};
use quality::matcher::Matcher;
use quality::minutiae::Extractor;
use quality::slap::Template;
use serde::Serialize;
use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What two prints have in common.
#[derive(Serialize)]
struct Compared<'a> {
    file: &'a str,
    with: &'a str,
    /// How much speaks for one finger.
    similarity: f32,
    /// It is enough to take them for one.
    same: bool,
}

#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    with: &'a str,
    error: &'a Refusal,
}

/// Compares the first file with the second, the third with the fourth and so on: one line each.
pub(super) fn run(asked: &CompareArguments, out: &mut impl Write) -> io::Result<()> {
    let mut comparer = Comparer { extractor: Extractor::new(), matcher: Matcher::new(), read: HashMap::new() };
    for pair in asked.files.as_chunks::<2>().0 {
        let [one, other] = pair.each_ref().map(|path| path.to_string_lossy());
        let line = match comparer.compare(&pair[0], &pair[1], asked) {
            Ok((similarity, same)) if asked.json => {
                serde_json::to_string(&Compared { file: &one, with: &other, similarity, same })?
            }
            Ok((similarity, same)) => {
                let verdict = if same { "the same finger" } else { "not known as the same" };
                format!("{}  {}  {similarity:.1}  {verdict}", one.escape_debug(), other.escape_debug())
            }
            Err(error) if asked.json => serde_json::to_string(&Refused { file: &one, with: &other, error: &error })?,
            Err(error) => {
                format!("{}  {}  error {}: {}", one.escape_debug(), other.escape_debug(), error.code, error.text)
            }
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Prints that come in several pairs are read once.
struct Comparer {
    extractor: Extractor,
    matcher: Matcher,
    read: HashMap<PathBuf, Template>,
}

impl Comparer {
    fn compare(&mut self, one: &Path, other: &Path, asked: &CompareArguments) -> Result<(f32, bool), Refusal> {
        for path in [one, other] {
            if !self.read.contains_key(path) {
                let (image, _) = finger::print(path, asked.ppi)?;
                self.read.insert(path.to_owned(), Template::of(&mut self.extractor, &image));
            }
        }
        let similarity = self.read[one].similarity(&self.read[other], &mut self.matcher);
        Ok((similarity.0, self.read[one].is_same_finger(&self.read[other], &mut self.matcher)))
    }
}
