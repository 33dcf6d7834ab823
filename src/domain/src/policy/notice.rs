//! What the authority has travellers told about their data.

use super::decision::Source;
use super::pack::PackFault;
use super::parse::{Located, sources};
use super::read::Fields;
use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

/// The privacy notice in one language, as the authority wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The language's tag of two or three small letters: `ru`.
    pub language: String,
    /// The notice.
    pub text: String,
    /// What it rests on.
    pub sources: Vec<Source>,
}

/// Reads one table `[[notice]]`.
pub(super) fn read(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Option<Located<Notice>> {
    let tag = |tag: &String| (2..=3).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_lowercase());
    let language = fields.checked("language", tag, "a language is two or three small letters, such as \"ru\"");
    let text = fields.text("text");
    let sources = sources(&mut fields, faults);
    let lines = fields.lines().clone();
    fields.finish(faults);
    Some(Located { value: Notice { language: language?, text: text?, sources }, lines })
}

/// Two notices in one language would leave open which one travellers are told.
pub(super) fn one_a_language(notices: &[Located<Notice>], faults: &mut Vec<PackFault>) {
    let mut seen = BTreeSet::new();
    for Located { value: Notice { language, .. }, lines } in notices {
        if !seen.insert(language) {
            let text = format!("notice: language: there is another notice in \"{language}\"");
            faults.push(PackFault { line: Some(lines.key("language")), text });
        }
    }
}
