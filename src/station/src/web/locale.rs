//! Texts of the pages, from the locale files that are built into the program.
//!
//! Every language has every text with the same arguments: tests hold that, and no language falls back on another. Each
//! file's first line says who has reviewed it; legal texts of a language that nobody has reviewed stand beside English and
//! Russian.

use fluent::concurrent::FluentBundle;
use fluent::{FluentArgs, FluentResource, FluentValue};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use unic_langid::LanguageIdentifier;

/// The languages that have locale files, the first one being the one before anybody chose.
pub const LANGUAGES: &[&str] = &["en", "ru", "kk", "uz", "ky", "tg", "hy", "zh", "ar"];

/// Legal texts are kept in these, whatever a page speaks.
const REFERENCE: [&str; 2] = ["en", "ru"];

/// One language as it calls itself, and its two files: what travellers are told, and what staff read.
struct File {
    id: &'static str,
    name: &'static str,
    right_to_left: bool,
    traveller: &'static str,
    staff: &'static str,
}

macro_rules! file {
    ($id:literal, $name:literal, $right_to_left:literal) => {
        File {
            id: $id,
            name: $name,
            right_to_left: $right_to_left,
            traveller: include_str!(concat!("../../../../config/locales/traveller/", $id, ".ftl")),
            staff: include_str!(concat!("../../../../config/locales/", $id, ".ftl")),
        }
    };
}

const FILES: &[File] = &[
    file!("en", "English", false),
    file!("ru", "Русский", false),
    file!("kk", "Қазақша", false),
    file!("uz", "O‘zbekcha", false),
    file!("ky", "Кыргызча", false),
    file!("tg", "Тоҷикӣ", false),
    file!("hy", "Հայերեն", false),
    file!("zh", "中文", false),
    file!("ar", "العربية", true),
];

type Bundle = FluentBundle<FluentResource>;

/// All languages.
pub struct Locales {
    languages: BTreeMap<&'static str, Language>,
}

struct Language {
    file: &'static File,
    bundle: Bundle,
    reviewed: bool,
}

/// One language, as templates use it.
#[derive(Clone, Copy)]
pub struct Locale<'a> {
    /// `en`, `ru`.
    pub id: &'static str,
    /// A device of the station is simulated. It travels with the words, so that no page can forget to say it.
    pub simulated: bool,
    language: &'a Language,
    all: &'a Locales,
}

impl Locales {
    /// Reads the built-in files; the text says which line is wrong.
    pub fn load() -> Result<Self, String> {
        let languages: Result<BTreeMap<_, _>, String> =
            FILES.iter().map(|file| Ok((file.id, Language::read(file)?))).collect();
        Ok(Self { languages: languages? })
    }

    /// The language of this name, or the first of the list.
    pub fn get(&self, id: &str) -> Locale<'_> {
        let id = LANGUAGES.iter().copied().find(|known| *known == id).unwrap_or(LANGUAGES[0]);
        Locale { id, simulated: false, language: &self.languages[id], all: self }
    }

    /// Every language, in the order of the list.
    pub fn each(&self) -> impl Iterator<Item = Locale<'_>> {
        LANGUAGES.iter().map(|id| self.get(id))
    }
}

impl Language {
    fn read(file: &'static File) -> Result<Self, String> {
        let File { id, traveller, staff, .. } = file;
        let tag: LanguageIdentifier = id.parse().map_err(|e| format!("{id}: {e}"))?;
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // Without this the page carries invisible direction marks around each value.
        bundle.set_use_isolating(false);
        for text in [traveller, staff] {
            let resource =
                FluentResource::try_new((*text).to_owned()).map_err(|(_, errors)| format!("{id}.ftl: {errors:?}"))?;
            bundle.add_resource(resource).map_err(|errors| format!("{id}.ftl: {errors:?}"))?;
        }
        let reviewed = reviewer(traveller)?.is_some() && reviewer(staff)?.is_some();
        Ok(Self { file, bundle, reviewed })
    }
}

/// Who reviewed a file, as its first line says: `# English, reviewed by ...` or `# Kazakh, unreviewed`.
fn reviewer(text: &str) -> Result<Option<&str>, String> {
    let head = text.lines().next().unwrap_or_default();
    let by = head.split_once("reviewed by ").map(|(_, who)| who.trim()).filter(|who| !who.is_empty());
    if head.starts_with('#') && (by.is_some() || head.ends_with("unreviewed")) {
        Ok(by)
    } else {
        Err(format!("the first line of a locale file says `reviewed by` whom, or `unreviewed`: {head}"))
    }
}

impl<'a> Locale<'a> {
    /// The same words for pages of a station whose devices are simulated, or are not.
    #[must_use]
    pub fn on_simulated(self, simulated: bool) -> Self {
        Self { simulated, ..self }
    }

    /// The language in its own words.
    pub fn name(&self) -> &'static str {
        self.language.file.name
    }

    /// Which way it is written, for the attribute `dir`.
    pub fn dir(&self) -> &'static str {
        if self.language.file.right_to_left { "rtl" } else { "ltr" }
    }

    /// Another language.
    pub fn other(&self, id: &str) -> Locale<'a> {
        self.all.get(id)
    }

    /// Every language there is to choose from.
    pub fn choices(&self) -> impl Iterator<Item = Locale<'a>> + use<'a> {
        self.all.each()
    }

    /// The languages in which a legal text is shown: this one, and those of reference where nobody has reviewed it.
    pub fn legal(&self) -> impl Iterator<Item = Locale<'a>> + use<'a> {
        std::iter::once(*self).chain(self.beside())
    }

    /// Those of reference that stand beside a legal text of this language.
    pub fn beside(&self) -> impl Iterator<Item = Locale<'a>> + use<'a> {
        let (all, alone) = (self.all, self.language.reviewed || REFERENCE.contains(&self.id));
        REFERENCE.into_iter().filter(move |_| !alone).map(|id| all.get(id))
    }

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

    /// The text of a key made of a group and a word of code, or this text where the language does not have it.
    pub fn word_or(&self, group: &str, code: &str, text: &str) -> String {
        let key = format!("{group}-{code}");
        if self.has(&key) { self.say(&key) } else { text.to_owned() }
    }

    /// The sentence for a fault of a device, or a refusal of the desk, by its code; this text where no file has it.
    pub fn fault(&self, code: &str, text: &str) -> String {
        let refusal = self.word_or("error", code, text);
        self.word_or("fault", code, &refusal)
    }

    /// Whether the language has this key.
    pub fn has(&self, key: &str) -> bool {
        self.language.bundle.has_message(key)
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = &self.language.bundle;
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(language = self.id, key, "a page has no text for this");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, args, &mut errors).into_owned();
        if !errors.is_empty() {
            tracing::error!(language = self.id, key, ?errors, "a text lacks an argument");
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every key with the names of its arguments.
    fn keys(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(|c: char| c.is_ascii_lowercase())
                && let Some((key, _)) = line.split_once(" =")
            {
                current = key.to_owned();
                assert!(!keys.contains_key(key), "{key} stands twice");
            }
            let name = |rest: &str| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().map(str::to_owned);
            let named = line.split("{ $").skip(1).filter_map(name);
            keys.entry(current.clone()).or_default().extend(named);
        }
        keys.remove("");
        keys
    }

    #[test]
    fn every_language_has_every_key_with_the_same_arguments() {
        Locales::load().unwrap();
        assert_eq!(FILES.iter().map(|file| file.id).collect::<Vec<_>>(), LANGUAGES);
        for of in [|file: &File| file.traveller, |file: &File| file.staff] {
            let english = keys(of(&FILES[0]));
            assert!(english.len() > 80);
            for file in FILES {
                let other = keys(of(file));
                let differ: Vec<_> =
                    english.iter().filter(|(key, names)| other.get(*key) != Some(names)).map(|(key, _)| key).collect();
                let more: Vec<_> = other.keys().filter(|key| !english.contains_key(*key)).collect();
                assert!(differ.is_empty() && more.is_empty(), "{}: {differ:?} {more:?}", file.id);
            }
        }
    }

    /// A sentence in English letters in a file of another writing was forgotten there.
    #[test]
    fn no_language_lends_its_sentences_to_another() {
        for file in &FILES[1..] {
            for (key, english, own) in both(file) {
                // A plural begins with its argument in every language.
                let words = english.split_whitespace().filter(|_| !english.starts_with('{')).count();
                assert!(words < 3 || english != own, "{}: {key} is still English: {own}", file.id);
                assert!(!own.trim().is_empty(), "{}: {key} says nothing", file.id);
            }
        }
    }

    fn both(file: &File) -> Vec<(String, String, String)> {
        let lines = |text: &str| -> BTreeMap<String, String> {
            let plain = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
            plain.filter_map(|line| line.split_once(" = ")).map(|(key, said)| (key.into(), said.into())).collect()
        };
        let whole = |file: &File| lines(&format!("{}\n{}", file.traveller, file.staff));
        let own = whole(file);
        let pair = |(key, english): (String, String)| Some((key.clone(), english, own.get(&key)?.clone()));
        whole(&FILES[0]).into_iter().filter_map(pair).collect()
    }

    #[test]
    fn russian_plurals_differ() {
        let locales = Locales::load().unwrap();
        let russian = locales.get("ru");
        let said: BTreeSet<_> = [1, 2, 5].map(|count| russian.count("attempts", count)).into_iter().collect();
        assert_eq!(said.len(), 3);
    }

    #[test]
    fn legal_texts_of_an_unreviewed_language_stand_beside_english_and_russian() {
        let locales = Locales::load().unwrap();
        for locale in locales.each() {
            let shown: Vec<_> = locale.legal().map(|shown| shown.id).collect();
            match locale.id {
                "en" | "ru" => assert_eq!(shown, [locale.id]),
                id if locale.language.reviewed => assert_eq!(shown, [id]),
                id => assert_eq!(shown, [id, "en", "ru"]),
            }
        }
        for (head, reviewed) in [
            ("# English, reviewed by A. Person", Ok(Some("A. Person"))),
            ("# Kazakh, unreviewed", Ok(None)),
            ("# Kazakh", Err(())),
            ("# Kazakh, reviewed by ", Err(())),
            ("key = reviewed by me", Err(())),
        ] {
            assert_eq!(reviewer(head).map_err(|_| ()), reviewed, "{head}");
        }
    }

    #[test]
    fn arabic_is_written_from_the_right_and_every_language_names_itself() {
        let locales = Locales::load().unwrap();
        let leftward: Vec<_> = locales.each().filter(|locale| locale.dir() == "rtl").map(|locale| locale.id).collect();
        assert_eq!(leftward, ["ar"]);
        assert_eq!(locales.each().map(|locale| locale.name()).collect::<BTreeSet<_>>().len(), LANGUAGES.len());
    }
}
