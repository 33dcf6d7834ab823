//! The rules a second time, written from the facts about them and not from the engine: no pack, no ranges, plain tables
//! and day counts. Where the facts leave open which of several questions comes first, the order is that of
//! `domain::policy::decide`'s documentation: own citizens, the entry, exemptions that are shown, claims, doubts about
//! the document, questions that a ground leaves open, hints.

use super::calendar::{Calendar, Ymd, is_leap, length};
use super::travellers::{Birth, Document, NO_CODES, Traveller};
use std::collections::BTreeMap;

/// What is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub verdict: &'static str,
    pub ground: Option<&'static str>,
    pub entry: Option<&'static str>,
    /// Later before earlier.
    pub superseded: Vec<&'static str>,
    pub question: Option<&'static str>,
}

const OF_ALL_ENTRIES: [&str; 8] = [
    "belarus",
    "under-six",
    "diplomat",
    "consular",
    "diplomat-family",
    "consular-family",
    "organisation",
    "organisation-family",
];
const OF_DECEMBER: [&str; 3] = ["courier", "official-passport", "official-visa"];
const ORGANISATIONS: [&str; 14] =
    ["EUE", "UNA", "UNO", "XBA", "XCC", "XCE", "XCO", "XDC", "XEC", "XES", "XIM", "XMP", "XOM", "XPO"];
const FIRST_STAGE: [&str; 5] = ["domodedovo", "sheremetyevo", "vnukovo", "zhukovsky", "mashtakovo"];

/// The law, as far as the tests change it.
#[derive(Clone, Copy)]
pub struct Law {
    /// Younger children give nothing.
    pub child_years: i32,
    /// Citizens of Belarus give nothing.
    pub belarus: bool,
    /// The first day of the rule of December 2025.
    pub december: Ymd,
}

/// The law of the pack.
pub const LAW: Law = Law { child_years: 6, belarus: true, december: (2025, 12, 1) };

/// Entries that apply, the latest publication first.
fn entries(law: &Law, t: &Traveller, calendar: &Calendar) -> Vec<&'static str> {
    let from = |ymd| t.day >= calendar.count(ymd);
    let until_june = t.day <= calendar.count((2026, 6, 30));
    let mut found = Vec::new();
    if t.direction != "entry" {
        return found;
    }
    if from(law.december) && until_june && t.possible {
        found.push("where-possible-2025-12");
    }
    if from((2025, 6, 30)) && until_june {
        found.push("every-checkpoint-2025-06");
    }
    if from((2024, 12, 1)) && until_june && FIRST_STAGE.contains(&t.checkpoint) {
        found.push("experiment-2024-12");
    }
    if from((2026, 7, 1)) {
        found.push("all-checkpoints-2026");
    }
    found
}

/// The days on which somebody with this date of birth can have been born, by the year where two digits or four of it
/// are known, else all in one heap.
fn births(birth: Birth, today: i64, calendar: &Calendar) -> BTreeMap<i32, Vec<Ymd>> {
    let (this_year, ..) = calendar.date(today);
    let (years, month, day): (Vec<i32>, _, _) = match birth {
        Birth::Absent => return BTreeMap::new(),
        Birth::Page(Some(year), month, day) => (vec![year], month, day),
        Birth::Page(None, month, day) | Birth::Zone(None, month, day) => {
            ((this_year - 121..=this_year).collect(), month, day)
        }
        Birth::Zone(Some(two), month, day) => {
            let fits = |year: &i32| year.rem_euclid(100) == two as i32;
            ((this_year - 121..=this_year).filter(fits).collect(), month, day)
        }
    };
    let year_known = !matches!(birth, Birth::Page(None, ..) | Birth::Zone(None, ..));
    let any_age = matches!(birth, Birth::Page(Some(_), ..));
    let mut found: BTreeMap<i32, Vec<Ymd>> = BTreeMap::new();
    for year in years {
        for month in month.map_or(1..=12, |month| month..=month) {
            for day in day.map_or(1..=31, |day| day..=day) {
                let exists = day <= length(year, month);
                // Nobody comes before being born, and nobody is older than 120.
                if exists
                    && calendar.count((year, month, day)) <= today
                    && (any_age || calendar.birthday((year, month, day), 121) > today)
                {
                    found.entry(if year_known { year } else { 0 }).or_default().push((year, month, day));
                }
            }
        }
    }
    found
}

/// `yes`, `no`, `century` or `unclear`.
pub fn under(years: i32, birth: Birth, today: i64, calendar: &Calendar) -> &'static str {
    let is_under = |born: &Ymd| calendar.birthday(*born, years) > today;
    let heaps = births(birth, today, calendar);
    let mut answers = Vec::new();
    for heap in heaps.values() {
        let some = heap.iter().any(is_under);
        if some && !heap.iter().all(is_under) {
            return "unclear";
        }
        answers.push(some);
    }
    match (answers.contains(&true), answers.contains(&false)) {
        (true, true) => "century",
        (true, false) => "yes",
        (false, true) => "no",
        (false, false) => "unclear",
    }
}

fn agrees(birth: Birth, (year, month, day): Ymd) -> bool {
    let same = |known: Option<u32>, given: u32| known.is_none_or(|known| known == given);
    match birth {
        Birth::Absent => true,
        Birth::Zone(y, m, d) => same(y, year.rem_euclid(100) as u32) && same(m, month) && same(d, day),
        Birth::Page(y, m, d) => y.is_none_or(|y| y == year) && same(m, month) && same(d, day),
    }
}

/// Whether a typed date exists at all; one that does not is refused before anything is decided.
pub fn exists(birth: Birth) -> bool {
    match birth {
        Birth::Page(Some(year), Some(2), Some(29)) => is_leap(year),
        _ => true,
    }
}

/// The answer to the question whether the document can be relied on.
fn doubt(t: &Traveller) -> Option<&'static str> {
    if unread(&t.document, t.said.read_again) || t.document.nationality.is_empty() {
        Some("read-again")
    } else if NO_CODES.contains(&t.document.nationality) || t.document.nationality == "XXX" {
        Some("unknown-code")
    } else {
        None
    }
}

fn unread(document: &Document, read_again: Option<bool>) -> bool {
    document.misread && read_again != Some(true)
}

/// Whether the nationality that was read needs the officer's word, and what is asked.
fn nationality_question(t: &Traveller) -> Option<&'static str> {
    let alone = t.document.evidence == "reader" && !t.document.misread && t.document.issuer == t.document.nationality;
    match t.said.nationality {
        Some(true) => None,
        Some(false) => Some("read-again"),
        None => (!alone).then_some("confirm-nationality"),
    }
}

pub fn decide(t: &Traveller, calendar: &Calendar) -> Answer {
    decide_under(&LAW, t, calendar)
}

pub fn decide_under(law: &Law, t: &Traveller, calendar: &Calendar) -> Answer {
    let found = entries(law, t, calendar);
    let (entry, superseded) = (found.first().copied(), found.iter().skip(1).copied().collect::<Vec<_>>());
    let mut answer = reason(law, t, entry, calendar);
    // A supervisor's word settles what is open, and nothing that is decided.
    if t.said.ruled_due && answer.question.is_some() {
        answer = Answer { verdict: "required", ..Answer::default() };
    }
    if answer.verdict == "not-in-scope" { answer } else { Answer { entry, superseded, ..answer } }
}

fn ask(question: &'static str) -> Answer {
    Answer { verdict: "ask-supervisor", question: Some(question), ..Answer::default() }
}

fn reason(law: &Law, t: &Traveller, entry: Option<&'static str>, calendar: &Calendar) -> Answer {
    if t.document.nationality == "RUS" {
        let question = doubt(t).or_else(|| nationality_question(t));
        return question.map_or(Answer { verdict: "not-in-scope", ..Answer::default() }, ask);
    }
    let Some(entry) = entry else { return Answer { verdict: "no-rule", ..ask("no-rule") } };
    if entry == "all-checkpoints-2026" && !t.confirmed {
        return ask("announced-entry");
    }
    let listed = |ground: &str| {
        (OF_ALL_ENTRIES.contains(&ground) && (law.belarus || ground != "belarus"))
            || (entry == "where-possible-2025-12" && OF_DECEMBER.contains(&ground))
    };
    let exempt = |ground, question| Answer { verdict: "exempt", ground: Some(ground), question, ..Answer::default() };
    let attested = t.said.attested.filter(|(ground, _)| listed(ground));
    let child = child(law, t, calendar);
    let blr = law.belarus && t.document.nationality == "BLR" && doubt(t).is_none();
    if blr && nationality_question(t).is_none() {
        return exempt("belarus", None);
    }
    if child == Child::Yes {
        return exempt("under-six", None);
    }
    match attested {
        Some((ground, true)) => return exempt(ground, None),
        _ if child == Child::OneKey => return exempt("under-six", Some("confirm-child")),
        Some((ground, false)) => return Answer { ground: Some(ground), ..ask("confirm-attestation") },
        None => {}
    }
    if let Some(question) = doubt(t) {
        return ask(question);
    }
    if let Some(earlier) = t.earlier {
        // A misread document has said nothing.
        let said = !earlier.misread && earlier.nationality != t.document.nationality;
        if said && (earlier.nationality == "RUS" || (law.belarus && earlier.nationality == "BLR")) {
            return ask("two-documents");
        }
    }
    if blr {
        return ask(nationality_question(t).unwrap_or("confirm-nationality"));
    }
    if child == Child::Ask {
        return ask("birth-date");
    }
    if hinted(t, entry) && t.said.claims != Some(false) {
        return ask("hinted-exemption");
    }
    Answer { verdict: "required", ..Answer::default() }
}

#[derive(PartialEq)]
enum Child {
    Yes,
    No,
    OneKey,
    Ask,
}

fn child(law: &Law, t: &Traveller, calendar: &Calendar) -> Child {
    if doubt(t).is_some() {
        return Child::No;
    }
    let answered = t.said.birth;
    if answered.is_some_and(|answered| !agrees(t.document.birth, answered)) {
        return Child::Ask;
    }
    let birth = answered.map_or(t.document.birth, |(y, m, d)| Birth::Page(Some(y), Some(m), Some(d)));
    // Fields from the printed page, or compared with it, have no check digit behind them.
    let by_hand = t.document.evidence == "manual" || t.document.misread;
    match (under(law.child_years, birth, t.day, calendar), t.said.child) {
        ("unclear", _) => Child::Ask,
        ("no", _) | (_, Some(false)) => Child::No,
        (_, Some(true)) => Child::Yes,
        ("century", None) => Child::OneKey,
        _ if by_hand => Child::OneKey,
        _ => Child::Yes,
    }
}

/// Codes that suggest a ground, by the words of the table of exemptions.
fn hinted(t: &Traveller, entry: &str) -> bool {
    let Document { code, issuer, nationality, .. } = t.document;
    let diplomatic = code == "PD";
    let organisation = code == "PL" || ORGANISATIONS.contains(&issuer) || ORGANISATIONS.contains(&nationality);
    let official = entry == "where-possible-2025-12" && code == "PO";
    diplomatic || organisation || official
}

/// What is owed before arrival, in the order application, profile: rule, word, exception, question, timing.
pub type Before = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

pub fn before_arrival(t: &Traveller, calendar: &Calendar) -> Vec<Before> {
    let mut answers = Vec::new();
    if t.direction == "entry" && t.day >= calendar.count((2025, 6, 30)) {
        let (word, exception, question) = application(t, calendar);
        let timing = ["ask", "owed"].contains(&word).then(|| timing(t));
        answers.push(("application", word, exception, question, timing));
    }
    if t.direction == "entry" && t.day >= calendar.count((2026, 7, 1)) {
        let (word, question) = match own(t) {
            Some(own) => own,
            None if !t.confirmed => ("ask", Some("announced-rule")),
            None => match doubt(t).or_else(|| another(t, &["RUS"])) {
                Some(question) => ("ask", Some(question)),
                None => ("owed", None),
            },
        };
        answers.push(("profile", word, None, question, None));
    }
    answers
}

fn own(t: &Traveller) -> Option<(&'static str, Option<&'static str>)> {
    if t.document.nationality != "RUS" {
        return None;
    }
    let question = doubt(t).or_else(|| nationality_question(t));
    Some((if question.is_some() { "ask" } else { "not-in-scope" }, question))
}

/// An earlier document of another of these nationalities.
fn another(t: &Traveller, of: &[&str]) -> Option<&'static str> {
    let earlier = t.earlier.filter(|earlier| !earlier.misread && earlier.nationality != t.document.nationality)?;
    of.contains(&earlier.nationality).then_some("two-documents")
}

fn application(t: &Traveller, calendar: &Calendar) -> (&'static str, Option<&'static str>, Option<&'static str>) {
    if let Some((word, question)) = own(t) {
        return (word, None, question);
    }
    let ask = |question| ("ask", None, Some(question));
    let (child, doubtful) = (child(&LAW, t, calendar), doubt(t));
    let blr = t.document.nationality == "BLR" && doubtful.is_none();
    let attested = t.said.attested.filter(|(ground, _)| ["belarus", "under-six"].contains(ground));
    if blr && nationality_question(t).is_none() {
        return ("excepted", Some("belarus"), None);
    }
    if child == Child::Yes {
        return ("excepted", Some("under-six"), None);
    }
    if let Some((ground, true)) = attested {
        return ("excepted", Some(ground), None);
    }
    if t.before.visa == Some(true) {
        return ("excepted", Some("visa"), None);
    }
    if t.before.resident == Some(true) {
        return ("excepted", Some("resident"), None);
    }
    if child == Child::OneKey {
        return ask("confirm-child");
    }
    if attested.is_some() {
        return ask("confirm-attestation");
    }
    if let Some(question) = doubtful.or_else(|| another(t, &["RUS", "BLR"])) {
        return ask(question);
    }
    if blr {
        return ask(nationality_question(t).unwrap_or("confirm-nationality"));
    }
    if child == Child::Ask {
        return ask("birth-date");
    }
    match (t.before.visa, t.before.resident) {
        (None, _) => ask("visa"),
        (_, None) => ask("resident"),
        _ => ("owed", None, None),
    }
}

/// In seconds before the arrival.
fn timing(t: &Traveller) -> &'static str {
    let least = if t.before.emergency { 14_400 } else { 259_200 };
    match t.before.applied {
        None => "unknown",
        Some(seconds) if seconds < least => "late",
        Some(seconds) if seconds > 7_776_000 => "too-early",
        Some(_) => "in-time",
    }
}
