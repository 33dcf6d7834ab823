//! Texts of the pages, from the locale files that are built into the program.

use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use unic_langid::LanguageIdentifier;

/// The languages that have a locale file, the first one being the fallback.
pub const LANGUAGES: &[&str] = &["en", "ru"];

const FILES: &[(&str, &str)] = &[
    ("en", include_str!("../../../../config/locales/en.ftl")),
    ("ru", include_str!("../../../../config/locales/ru.ftl")),
];

type Bundle = FluentBundle<FluentResource>;

/// All languages.
pub struct Locales {
    bundles: BTreeMap<&'static str, Bundle>,
}

/// One language, as templates use it.
#[derive(Clone, Copy)]
pub struct Locale<'a> {
    /// `en`, `ru`.
    pub id: &'static str,
    bundle: &'a Bundle,
    fallback: &'a Bundle,
}

impl Locales {
    /// Reads the built-in files; the text says which line is wrong.
    pub fn load() -> Result<Self, String> {
        let bundles: Result<BTreeMap<_, _>, String> =
            FILES.iter().map(|(id, text)| Ok((*id, bundle(id, text)?))).collect();
        Ok(Self { bundles: bundles? })
    }

    /// The language of this name, or the fallback.
    pub fn get(&self, id: &str) -> Locale<'_> {
        let id = LANGUAGES.iter().copied().find(|known| *known == id).unwrap_or(LANGUAGES[0]);
        Locale { id, bundle: &self.bundles[id], fallback: &self.bundles[LANGUAGES[0]] }
    }
}

fn bundle(id: &str, text: &str) -> Result<Bundle, String> {
    let language: LanguageIdentifier = id.parse().map_err(|e| format!("{id}: {e}"))?;
    let resource = FluentResource::try_new(text.to_owned()).map_err(|(_, errors)| format!("{id}.ftl: {errors:?}"))?;
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Without this the page carries invisible direction marks around each value.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).map_err(|errors| format!("{id}.ftl: {errors:?}"))?;
    Ok(bundle)
}

impl Locale<'_> {
    /// The text of a key; the key itself where no file has it.
    pub fn say(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text of a key made of a group and a word of code: `outcome-exempt`.
    pub fn word(&self, group: &str, code: &str) -> String {
        self.format(&format!("{group}-{code}"), None)
    }

    /// The text of a key with one value.
    pub fn with(&self, key: &str, name: &str, value: impl ToString) -> String {
        let mut args = FluentArgs::new();
        args.set(name.to_owned(), FluentValue::from(value.to_string()));
        self.format(key, Some(&args))
    }

    /// The text of a key with one number, for plurals.
    pub fn count(&self, key: &str, count: impl Borrow<usize>) -> String {
        let mut args = FluentArgs::new();
        args.set("count", FluentValue::from(*count.borrow()));
        self.format(key, Some(&args))
    }

    /// The text of a key made of a group and a word of code, or this text where no file has it.
    pub fn word_or(&self, group: &str, code: &str, text: &str) -> String {
        let key = format!("{group}-{code}");
        if self.has(&key) { self.say(&key) } else { text.to_owned() }
    }

    /// The sentence for a fault of a device, or a refusal of the desk, by its code; this text where no file has it.
    pub fn fault(&self, code: &str, text: &str) -> String {
        let refusal = self.word_or("error", code, text);
        self.word_or("fault", code, &refusal)
    }

    /// Whether any file has this key.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.has_message(key) || self.fallback.has_message(key)
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        for bundle in [self.bundle, self.fallback] {
            if let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) {
                let mut errors = Vec::new();
                return bundle.format_pattern(pattern, args, &mut errors).into_owned();
            }
        }
        key.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn keys(text: &str) -> BTreeSet<String> {
        let key = |line: &str| line.split_once(" =").map(|(key, _)| key.to_owned());
        text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase())).filter_map(key).collect()
    }

    #[test]
    fn every_language_has_every_key() {
        Locales::load().unwrap();
        let english = keys(FILES[0].1);
        for (id, text) in FILES {
            let missing: Vec<_> = english.symmetric_difference(&keys(text)).cloned().collect();
            assert_eq!(missing, Vec::<String>::new(), "{id}");
        }
    }

    #[test]
    fn russian_plurals_differ() {
        let locales = Locales::load().unwrap();
        let russian = locales.get("ru");
        let said: BTreeSet<_> = [1, 2, 5].map(|count| russian.count("attempts", count)).into_iter().collect();
        assert_eq!(said.len(), 3);
    }
}
