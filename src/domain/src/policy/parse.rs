//! From the text of a pack to a [`Pack`], or to all of its faults.

use super::capture::{CaptureFingers, Hands, Modalities, Modality};
use super::decision::Source;
use super::notice;
use super::pack::{Checkpoints, Condition, Direction, Entry, Ground, Pack, PackFault, PackFaults, Reading, Rule};
use super::prearrival;
use super::published::Published;
use super::read::{self, Fields, LineIndex, Lines};
use super::validate;
use super::validity::validity;
use crate::device::CaptureGroup;
use alloc::{format, string::String, vec, vec::Vec};
use serde::Deserialize;
use toml::de::DeTable;

/// The longest text of a pack that is read, in bytes. The pack for entry to Russia has about 10,000.
pub const MAX_PACK_BYTES: usize = 256 * 1024;

/// The most faults that are told at once.
const MAX_FAULTS: usize = 200;

/// What was read, with the lines it stands in.
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) lines: Lines,
}

impl Pack {
    /// Reads and checks the text of a pack.
    ///
    /// # Errors
    /// Every fault of the text, up to a limit: broken TOML, unknown or missing keys, values of the wrong form,
    /// inverted dates, unknown grounds, and entries that contradict each other.
    pub fn parse(toml_text: &str) -> Result<Self, PackFaults> {
        if toml_text.len() > MAX_PACK_BYTES {
            let text = format!("the pack has more than {MAX_PACK_BYTES} bytes");
            return Err(PackFaults(vec![PackFault { line: None, text }]));
        }
        let index = LineIndex::of(toml_text);
        let (table, errors) = DeTable::parse_recoverable(toml_text);
        let mut faults: Vec<PackFault> = errors.iter().map(|error| syntax_fault(error, &index)).collect();
        let reading = read::Reading { index: &index, broken: !errors.is_empty() };
        let pack = pack(Fields::new("", table, reading), &mut faults);
        match pack {
            Some(pack) if faults.is_empty() => Ok(pack),
            _ => Err(told(faults)),
        }
    }
}

fn syntax_fault(error: &toml::de::Error, index: &LineIndex) -> PackFault {
    let line = error.span().map(|span| index.line(span.start));
    PackFault { line, text: format!("not TOML: {}", error.message()) }
}

fn told(mut faults: Vec<PackFault>) -> PackFaults {
    faults.sort_by_key(|fault| fault.line);
    if faults.len() > MAX_FAULTS {
        let more = faults.len() - MAX_FAULTS;
        faults.truncate(MAX_FAULTS);
        faults.push(PackFault { line: None, text: format!("and {more} more faults") });
    }
    PackFaults(faults)
}

fn pack(mut top: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Option<Pack> {
    let head = top.table("pack").and_then(|fields| head(fields, faults));
    let capture = top.table("capture").and_then(|fields| capture(fields, faults));
    let entries: Vec<_> = top.tables("entry").into_iter().map(|fields| entry(fields, faults)).collect();
    let grounds: Vec<_> = top.tables("ground").into_iter().map(|fields| ground(fields, faults)).collect();
    let readings = if top.has("reading") { top.tables("reading") } else { Vec::new() };
    let readings: Vec<_> = readings.into_iter().map(|fields| self::reading(fields, faults)).collect();
    let notices = if top.has("notice") { top.tables("notice") } else { Vec::new() };
    let notices: Vec<_> = notices.into_iter().filter_map(|fields| notice::read(fields, faults)).collect();
    notice::one_a_language(&notices, faults);
    let rules = if top.has("pre_arrival") { top.tables("pre_arrival") } else { Vec::new() };
    let rules: Vec<_> = rules.into_iter().map(|fields| prearrival::rule(fields, faults)).collect();
    top.finish(faults);

    // Tables with faults of their own are left out of the checks across tables, but for their names.
    let names = validate::Names {
        entries: entries.iter().filter_map(|(id, _)| id.clone()).collect(),
        grounds: grounds.iter().filter_map(|(id, _)| id.clone()).collect(),
        pre_arrival: rules.iter().filter_map(|(id, _)| id.clone()).collect(),
    };
    let entries: Vec<Located<Entry>> = entries.into_iter().filter_map(|(_, entry)| entry).collect();
    let grounds: Vec<Located<Ground>> = grounds.into_iter().filter_map(|(_, ground)| ground).collect();
    let readings: Vec<Located<Reading>> = readings.into_iter().flatten().collect();
    let rules: Vec<_> = rules.into_iter().filter_map(|(_, rule)| rule).collect();
    prearrival::across(&rules, &entries, &grounds, faults);
    validate::across(&names, &entries, &grounds, &readings, faults);

    let values = |entries: Vec<Located<Entry>>| entries.into_iter().map(|entry| entry.value).collect();
    Some(Pack {
        capture: capture?,
        entries: values(entries),
        grounds: grounds.into_iter().map(|ground| ground.value).collect(),
        readings: readings.into_iter().map(|reading| reading.value).collect(),
        notices: notices.into_iter().map(|notice| notice.value).collect(),
        pre_arrival: rules.into_iter().map(|rule| rule.value).collect(),
        ..head?
    })
}

/// The table `[pack]`, as a pack that has no rules yet.
fn head(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Option<Pack> {
    let id = identifier(&mut fields);
    let version = fields.text("version");
    let published = published(&mut fields);
    let country =
        fields.checked("country", |code: &String| is_code(code, 3), "expected a code of Doc 9303 such as RUS");
    let title = fields.text("title");
    let own_nationalities = codes(&mut fields, "own_nationalities", 3);
    fields.finish(faults);
    Some(Pack {
        id: id?,
        version: version?,
        published: published?,
        country: country?,
        title: title?,
        own_nationalities: own_nationalities?,
        capture: CaptureFingers {
            hands: Hands::Both,
            single: Vec::new(),
            single_of_hand: 0,
            slap: Vec::new(),
            source: String::new(),
        },
        entries: Vec::new(),
        grounds: Vec::new(),
        readings: Vec::new(),
        notices: Vec::new(),
        pre_arrival: Vec::new(),
    })
}

fn capture(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Option<CaptureFingers> {
    let hands: Option<Hands> = fields.required("hands");
    let single = fields.list("single");
    let count = |count: &u8| (1..=5).contains(count);
    let single_of_hand = fields.checked("single_of_hand", count, "a hand has 1 to 5 fingers to give");
    let slap: Option<Vec<CaptureGroup>> = fields.list("slap");
    if slap.as_ref().is_some_and(|groups| groups.contains(&CaptureGroup::Single)) {
        fields.fault("slap", "a slap is left-four, right-four or two-thumbs");
    }
    if hands == Some(Hands::RightElseLeft) && slap.as_ref().is_some_and(|slap| *slap != [CaptureGroup::RightFour]) {
        fields.fault("slap", "with hands = \"right-else-left\" it is [\"right-four\"]");
    }
    let source = fields.text("source");
    fields.finish(faults);
    Some(CaptureFingers {
        hands: hands?,
        single: single?,
        single_of_hand: single_of_hand?,
        slap: slap?,
        source: source?,
    })
}

/// An identifier, and what it names if that has no fault.
pub(super) type Named<T> = (Option<String>, Option<Located<T>>);

fn entry(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Named<Entry> {
    let id = named(&mut fields, "entry");
    let title = fields.text("title");
    let published = published(&mut fields);
    let sources = sources(&mut fields, faults);
    let status = fields.required("status");
    let validity = validity(&mut fields);
    let checkpoints = checkpoints(&mut fields);
    let condition: Option<Condition> = fields.optional("condition");
    let directions: Option<Vec<Direction>> = fields.list("directions");
    let grounds = fields.list("grounds");
    let lines = fields.lines().clone();
    fields.finish(faults);
    let entry = || {
        Some(Entry {
            id: id.clone()?,
            title: title?,
            published: published?,
            sources,
            status: status?,
            validity: validity?,
            checkpoints: checkpoints?,
            condition,
            directions: directions?,
            grounds: grounds?,
        })
    };
    let entry = entry().map(|value| Located { value, lines });
    (id, entry)
}

fn ground(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Named<Ground> {
    let id = named(&mut fields, "ground");
    let title = fields.text("title");
    let evidence = fields.list("evidence");
    if !evidence.iter().flatten().all(|kind: &String| is_identifier(kind)) {
        fields.fault("evidence", "kinds of evidence are 1 to 60 small letters, digits and dashes, a letter first");
    }
    let rule = fields.checked("rule", rule_fits, "ages are 1 to 120 years, nationalities are codes of Doc 9303");
    let gives = gives(&mut fields, rule.as_ref());
    let second_person = fields.required("second_person");
    let hint_documents = hints(&mut fields, "hint_documents", 2);
    let hint_issuers = hints(&mut fields, "hint_issuers", 3);
    let sources = sources(&mut fields, faults);
    let lines = fields.lines().clone();
    fields.finish(faults);
    let ground = || {
        Some(Ground {
            id: id.clone()?,
            title: title?,
            evidence: evidence?,
            rule: rule?,
            gives,
            second_person: second_person?,
            hint_documents,
            hint_issuers,
            sources,
        })
    };
    let ground = ground().map(|value| Located { value, lines });
    (id, ground)
}

/// What a ground leaves due. Absent: nothing, which makes it an exemption.
fn gives(fields: &mut Fields<'_, '_>, rule: Option<&Rule>) -> Modalities {
    if !fields.has("gives") {
        return Modalities::NONE;
    }
    let gives: Vec<Modality> = fields.list("gives").unwrap_or_default();
    if gives != [Modality::Face] {
        fields.fault("gives", "a ground that limits leaves [\"face\"] due; one that exempts has no such key");
    }
    if rule == Some(&Rule::Attested) {
        fields.fault("gives", "only what the document shows can limit: a rule by age or nationality");
    }
    Modalities::of(&gives)
}

fn reading(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Option<Located<Reading>> {
    let of = fields.list("of");
    let text = fields.text("text");
    let source = fields.text("source");
    let lines = fields.lines().clone();
    fields.finish(faults);
    Some(Located { value: Reading { of: of?, text: text?, source: source? }, lines })
}

pub(super) fn named(fields: &mut Fields<'_, '_>, kind: &str) -> Option<String> {
    let id = identifier(fields);
    if let Some(id) = &id {
        fields.rename(format!("{kind} \"{id}\""));
    }
    id
}

fn identifier(fields: &mut Fields<'_, '_>) -> Option<String> {
    let form = "expected 1 to 60 small letters, digits and dashes, a letter first";
    fields.checked("id", |id: &String| is_identifier(id), form)
}

/// Whether a text has the form of a pack's identifiers: 1 to 60 small letters, digits and dashes, a letter first. No
/// name and no number of a document has it as documents write them, which is why sealed records of exempt persons hold
/// nothing else where an officer chose.
pub fn is_identifier(id: &str) -> bool {
    let small = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    id.len() <= 60 && id.starts_with(|c: char| c.is_ascii_lowercase()) && id.bytes().all(small)
}

fn is_code(code: &str, longest: usize) -> bool {
    (1..=longest).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase())
}

fn codes(fields: &mut Fields<'_, '_>, key: &str, longest: usize) -> Option<Vec<String>> {
    let codes: Vec<String> = fields.list(key)?;
    if !codes.iter().all(|code| is_code(code, longest)) {
        fields.fault(key, &format!("codes are 1 to {longest} capital letters"));
    }
    Some(codes)
}

fn hints(fields: &mut Fields<'_, '_>, key: &str, longest: usize) -> Vec<String> {
    if fields.has(key) { codes(fields, key, longest).unwrap_or_default() } else { Vec::new() }
}

fn rule_fits(rule: &Rule) -> bool {
    match rule {
        Rule::AgeBelow(years) => (1..=120).contains(years),
        Rule::Attested => true,
        Rule::Nationality(codes) => !codes.is_empty() && codes.iter().all(|code| is_code(code, 3)),
    }
}

pub(super) fn published(fields: &mut Fields<'_, '_>) -> Option<Published> {
    let text: String = fields.required("published")?;
    let published = Published::parse(&text);
    if published.is_none() {
        fields.fault("published", "expected a date such as \"2025-06-09\", a month \"2025-10\" or a year \"2024\"");
    }
    published
}

pub(super) fn sources(fields: &mut Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Vec<Source> {
    let tables = fields.tables("sources");
    if tables.is_empty() {
        fields.fault("sources", "nothing legal stands without a source");
    }
    let source = |mut fields: Fields<'_, '_>| {
        let cite = fields.text("cite");
        let published = published(&mut fields);
        fields.finish(faults);
        Some(Source { cite: cite?, published: published?.as_str().into() })
    };
    tables.into_iter().filter_map(source).collect()
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"every\" or a list of checkpoint identifiers")]
enum CheckpointsForm {
    Word(EveryWord),
    List(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EveryWord {
    Every,
}

fn checkpoints(fields: &mut Fields<'_, '_>) -> Option<Checkpoints> {
    match fields.required("checkpoints")? {
        CheckpointsForm::Word(EveryWord::Every) => Some(Checkpoints::Every),
        CheckpointsForm::List(ids) => {
            if ids.is_empty() {
                fields.fault("checkpoints", "the list is empty");
            }
            if !ids.iter().all(|id| is_identifier(id)) {
                fields.fault("checkpoints", "identifiers are 1 to 60 small letters, digits and dashes, a letter first");
            }
            Some(Checkpoints::Listed(ids))
        }
    }
}
