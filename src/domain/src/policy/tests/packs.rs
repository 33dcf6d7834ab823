//! Packs with faults: each is told, all at once, with its line.

use super::*;
use crate::device::CaptureGroup;
use crate::finger::{Finger, MissingFinger, MissingReason};
use alloc::format;

/// A small sound pack, of another country than the shipped one.
const SMALL: &str = r#"
[pack]
id = "small"
version = "1"
published = "2026-01-01"
country = "KAZ"
title = "A small pack"
own_nationalities = ["KAZ"]

[capture]
hands = "both"
single = ["index", "thumb"]
single_of_hand = 1
slap = ["right-four"]
source = "project's reading"

[[entry]]
id = "one"
title = "One"
published = "2025-10"
sources = [{ cite = "A", published = "2025-10" }]
status = "in-force"
valid_from = 2025-01-01
valid_to = 2025-12-31
checkpoints = "every"
directions = ["entry", "exit"]
grounds = ["small-child"]

[[ground]]
id = "small-child"
title = "child under two"
evidence = ["mrz"]
rule = { age_below = 2 }
second_person = false
sources = [{ cite = "A", published = "2025-10" }]
"#;

/// A second entry that overlaps with the first.
fn second(published: &str, status: &str, directions: &str) -> String {
    format!(
        "[[entry]]\nid = \"two\"\ntitle = \"Two\"\npublished = \"{published}\"\n\
         sources = [{{ cite = \"B\", published = \"{published}\" }}]\nstatus = \"{status}\"\n\
         valid_from = 2025-06-01\ncheckpoints = [\"north\"]\ndirections = [\"{directions}\"]\n\
         grounds = [\"small-child\"]\n"
    )
}

#[test]
fn another_country_needs_no_code() {
    let pack = Pack::parse(SMALL).unwrap();
    let ask = |facts: &Facts, time: &str| decide(&pack, facts, at(time), &checkpoint("north"), &[]);
    let child = Facts { birth_date: BirthDate::parse("2024-05-05"), ..of("RUS", "RUS") };
    for (facts, time, verdict) in [
        (of("KAZ", "KAZ"), "2025-05-05T00:00", Verdict::NotInScope),
        (of("RUS", "RUS"), "2025-12-31T23:59:59.5", Verdict::Required),
        (of("RUS", "RUS"), "2026-01-01T00:00", Verdict::NoRule),
        (child, "2025-05-05T00:00", Verdict::Exempt),
    ] {
        assert_eq!(ask(&facts, time).verdict, verdict, "{time}");
    }
    let gone = |finger| MissingFinger { finger, reason: MissingReason::Missing };
    let slap_scanner = [CaptureGroup::Single, CaptureGroup::TwoThumbs, CaptureGroup::LeftFour, CaptureGroup::RightFour];
    let gone_two = [gone(Finger::RightThumb), gone(Finger::RightIndex), gone(Finger::RightRing)];
    for (device, missing, placements) in [
        (&slap_scanner[..1], &[][..], &[1, 1][..]),
        (&slap_scanner[..3], &[], &[1, 1]),
        (&slap_scanner, &[], &[4]),
        (&slap_scanner, &gone_two, &[2]),
    ] {
        let plan = pack.capture.plan(device, missing);
        assert_eq!(plan.iter().map(Vec::len).collect::<Vec<_>>(), placements, "{device:?} without {missing:?}");
    }
}

#[test]
fn each_fault_is_told_with_its_line() {
    for (from, to, fault) in [
        ("2025-12-31", "2024-12-31", "line 24: entry \"one\": valid_to: the dates are inverted"),
        ("2025-12-31", "2025-12-31T10:00:00Z", "line 24: entry \"one\": valid_to: expected a local date"),
        ("2025-12-31", "10:00:00", "line 24: entry \"one\": valid_to: expected a local date"),
        ("valid_to", "valid_until", "line 24: entry \"one\": unknown key \"valid_until\""),
        ("valid_from = 2025-01-01\n", "", "line 17: entry \"one\": \"valid_from\" is missing"),
        ("country", "land", "line 2: [pack]: \"country\" is missing"),
        ("\"every\"", "\"all\"", "line 25: entry \"one\": checkpoints: expected \"every\" or a list"),
        ("\"every\"", "[]", "line 25: entry \"one\": checkpoints: the list is empty"),
        ("\"every\"", "[\"A B\"]", "line 25: entry \"one\": checkpoints: identifiers are"),
        ("[\"entry\", \"exit\"]", "[]", "line 26: entry \"one\": directions: the list is empty"),
        ("\"exit\"]", "\"entry\"]", "line 26: entry \"one\": directions: the list names something twice"),
        ("\"exit\"]", "\"away\"]", "line 26: entry \"one\": directions: unknown variant `away`"),
        ("directions = [\"entry\", \"exit\"]\n", "", "line 17: entry \"one\": \"directions\" is missing"),
        ("grounds = [\"small-child\"]", "grounds = [\"giant\"]", "line 27: entry \"one\": grounds: there is no ground"),
        ("in-force", "perhaps", "line 22: entry \"one\": status: unknown variant `perhaps`"),
        (
            "published = \"2025-10\"\nsources",
            "published = \"2025-11\"\nsources",
            "line 20: entry \"one\": published: no source",
        ),
        ("\"2025-10\"\n", "\"soon\"\n", "line 20: entry \"one\": published: expected a date"),
        ("age_below = 2", "age_below = 0", "line 33: ground \"small-child\": rule: ages are 1 to 120"),
        ("age_below = 2", "older = 2", "line 33: ground \"small-child\": rule: unknown variant `older`"),
        ("{ age_below = 2 }", "{ nationality = [] }", "line 33: ground \"small-child\": rule: ages"),
        ("second_person = false", "second_person = 0", "line 34: ground \"small-child\": second_person: invalid type"),
        ("[\"KAZ\"]", "[\"Kaz\"]", "line 8: [pack]: own_nationalities: codes are"),
        ("id = \"small\"", "id = \"Small pack\"", "line 3: [pack]: id: expected 1 to 60"),
        ("[\"right-four\"]", "[\"single\"]", "line 14: [capture]: slap: a slap is"),
        ("cite = \"A\"", "cite = \" \"", "sources: cite: the text is empty"),
        ("[{ cite = \"A\", published = \"2025-10\" }]", "[]", "sources: nothing legal stands without a source"),
        ("[[ground]]", "[ground]", "line 29: ground: expected a list of tables, found table"),
        ("[pack]", "[package]", "line 2: unknown key \"package\""),
        ("[[entry]]", "[[entry]", "line 17: not TOML"),
    ] {
        let text = SMALL.replacen(from, to, 1);
        assert_ne!(text, SMALL, "{from:?} is in the pack");
        let faults = fault_texts(&text);
        assert!(faults.iter().any(|told| told.contains(fault)), "{from:?} -> {to:?}: {faults:#?}");
    }
}

#[test]
fn all_faults_are_told_at_once_and_in_order() {
    let text = SMALL
        .replace("country = \"KAZ\"", "country = \"Kazakhstan\"\ncolour = 1")
        .replace("valid_to = 2025-12-31", "valid_to = 2023-12-31")
        .replace("\"small-child\"]", "\"giant\"]")
        .replace("age_below", "older");
    let faults = fault_texts(&text);
    assert_eq!(faults.len(), 5, "{faults:#?}");
    let lines: Vec<usize> = Pack::parse(&text).unwrap_err().0.iter().filter_map(|fault| fault.line).collect();
    assert_eq!(lines, [6, 7, 25, 28, 34]);
}

#[test]
fn a_broken_text_is_not_said_to_lack_what_cannot_be_read() {
    let faults = fault_texts(&SMALL.replace("title = \"One\"", "title = \"One").replace("2025-12-31", "2024-12-31"));
    assert!(faults.iter().any(|fault| fault.contains("not TOML")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains("inverted")), "{faults:#?}");
    assert!(!faults.iter().any(|fault| fault.contains("missing")), "{faults:#?}");
}

#[test]
fn entries_of_the_same_age_must_not_contradict_each_other() {
    for (published, status, directions, contradicts) in [
        ("2025-10", "announced", "entry", true),
        ("2025-10-15", "announced", "entry", true),
        ("2025", "announced", "exit", true),
        ("2025-10", "in-force", "entry", false),
        ("2025-10", "announced", "transit", false),
        ("2025-11", "announced", "entry", false),
        ("2025-09-30", "announced", "entry", false),
    ] {
        let faults = fault_texts(&format!("{SMALL}\n{}", second(published, status, directions)));
        let told = faults.iter().any(|fault| fault.contains("gives a different answer"));
        assert_eq!(told, contradicts, "{published} {status} {directions}: {faults:#?}");
        assert_eq!(faults.is_empty(), !contradicts, "{faults:#?}");
    }
    let elsewhen = second("2025-10", "announced", "entry").replace("2025-06-01", "2026-01-01");
    assert!(fault_texts(&format!("{SMALL}\n{elsewhen}")).is_empty());
}

#[test]
fn identifiers_are_used_once() {
    let entry = second("2025-11", "in-force", "entry").replace("\"two\"", "\"one\"");
    assert!(fault_texts(&format!("{SMALL}\n{entry}")).iter().any(|fault| fault.contains("used twice")));
    let ground = SMALL.split("[[ground]]").nth(1).unwrap();
    let twice = fault_texts(&format!("{SMALL}\n[[ground]]{ground}"));
    assert!(twice.iter().any(|fault| fault.contains("ground \"small-child\": the identifier is used twice")));
}

#[test]
fn huge_packs_and_floods_of_faults_are_cut_short() {
    let huge = format!("{SMALL}\n#{}", "x".repeat(MAX_PACK_BYTES));
    assert_eq!(fault_texts(&huge).len(), 1);
    let flood = fault_texts(&"[[entry]]\n".repeat(1000));
    assert_eq!(flood.len(), 201);
    assert!(flood.last().unwrap().starts_with("and "), "{:?}", flood.last());
}

/// The shipped pack says what it is meant to say: grounds of each entry, and which of them the document can show.
#[test]
fn the_shipped_pack_lists_the_grounds_that_the_sources_name() {
    let pack = pack();
    let only_in_december = ["courier", "official-passport", "official-visa"];
    assert_eq!((pack.entries.len(), pack.grounds.len()), (4, 11));
    for entry in &pack.entries {
        let december = entry.id == "where-possible-2025-12";
        assert_eq!(entry.grounds.len(), if december { 11 } else { 8 }, "{}", entry.id);
        assert_eq!(only_in_december.iter().any(|id| entry.grounds.contains(&String::from(*id))), december);
        assert_eq!(entry.condition.is_some(), december, "{}", entry.id);
        assert_eq!(entry.status == Status::Announced, entry.id == "all-checkpoints-2026");
        assert!(pack.readings.iter().any(|reading| reading.of.contains(&entry.id)), "{}", entry.id);
    }
    for ground in &pack.grounds {
        let by_document = ["belarus", "under-six"].contains(&ground.id.as_str());
        assert_eq!(ground.rule != Rule::Attested, by_document, "{}", ground.id);
        assert!(ground.second_person, "{}", ground.id);
    }
}

#[test]
fn a_notice_stands_once_in_each_language_and_names_its_source() {
    let notice = |language: &str, text: &str| {
        format!(
            "\n[[notice]]\nlanguage = \"{language}\"\ntext = \"{text}\"\nsources = [{{ cite = \"A\", published = \"2025-10\" }}]\n"
        )
    };
    let (ru, en) = (notice("ru", "Ваши данные"), notice("en", "Your data"));
    let read = Pack::parse(&format!("{SMALL}{ru}{en}")).unwrap().notices;
    let said: Vec<_> = read.iter().map(|notice| (notice.language.as_str(), notice.text.as_str())).collect();
    assert_eq!(said, [("ru", "Ваши данные"), ("en", "Your data")]);
    for (added, fault) in [
        (format!("{ru}{ru}"), "notice: language: there is another notice in \"ru\""),
        (notice("Russian", "x"), "language: a language is two or three small letters"),
        (notice("ru", " "), "text: the text is empty"),
        (
            "\n[[notice]]\nlanguage = \"ru\"\ntext = \"x\"\nsources = []\n".into(),
            "nothing legal stands without a source",
        ),
    ] {
        let faults = fault_texts(&format!("{SMALL}{added}"));
        assert!(faults.iter().any(|told| told.contains(fault)), "{added}: {faults:#?}");
    }
}
