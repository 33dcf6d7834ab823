//! Reads and checks tables `[[pre_arrival]]`.

use super::{Exception, PreArrivalKind, PreArrivalRule, Window};
use crate::policy::pack::{Entry, Ground, PackFault, Rule, Status};
use crate::policy::parse::{Located, Named, is_identifier, named, published, sources};
use crate::policy::read::Fields;
use crate::policy::validity::validity;
use alloc::{format, string::String, vec::Vec};

/// The most hours of a window: those of a leap year.
const MOST_HOURS: u16 = 366 * 24;

/// Reads one table.
pub(in crate::policy) fn rule(mut fields: Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Named<PreArrivalRule> {
    let id = named(&mut fields, "pre_arrival");
    let title = fields.text("title");
    let kind: Option<PreArrivalKind> = fields.required("kind");
    let published = published(&mut fields);
    let sources = sources(&mut fields, faults);
    let status: Option<Status> = fields.required("status");
    let confirmed_with: Option<String> = fields.optional("confirmed_with");
    match (status, &confirmed_with) {
        (Some(Status::Announced), None) => {
            fields.fault("status", "an announced rule names by confirmed_with the entry that is confirmed with it");
        }
        (Some(Status::InForce), Some(_)) => fields.fault("confirmed_with", "a rule in force needs no confirmation"),
        _ => {}
    }
    let validity = validity(&mut fields);
    let directions = fields.list("directions");
    let window = window(&mut fields, kind, faults);
    let grounds = if fields.has("grounds") { fields.list("grounds").unwrap_or_default() } else { Vec::new() };
    let exceptions = exceptions(&mut fields, faults);
    let lines = fields.lines().clone();
    fields.finish(faults);
    let rule = || {
        Some(PreArrivalRule {
            id: id.clone()?,
            title: title?,
            kind: kind?,
            published: published?,
            sources,
            status: status?,
            confirmed_with,
            validity: validity?,
            directions: directions?,
            window,
            grounds,
            exceptions,
        })
    };
    let rule = rule().map(|value| Located { value, lines });
    (id, rule)
}

fn window(fields: &mut Fields<'_, '_>, kind: Option<PreArrivalKind>, faults: &mut Vec<PackFault>) -> Option<Window> {
    match kind? {
        PreArrivalKind::Application => {}
        PreArrivalKind::Profile => {
            if fields.has("window") {
                fields.fault("window", "a profile has no window");
                let _: Option<toml::Value> = fields.optional("window");
            }
            return None;
        }
    }
    let mut window = fields.table("window")?;
    let hours = |hours: &u16| (1..=MOST_HOURS).contains(hours);
    let latest = window.checked("latest_hours", hours, "expected 1 to 8784 hours");
    let emergency = window.checked("emergency_hours", hours, "expected 1 to 8784 hours");
    let earliest = window.checked("earliest_days", |days: &u16| (1..=366).contains(days), "expected 1 to 366 days");
    let read = latest.zip(emergency).zip(earliest).map(|((latest_hours, emergency_hours), earliest_days)| Window {
        latest_hours,
        emergency_hours,
        earliest_days,
    });
    if read.is_some_and(|read| read.emergency_hours > read.latest_hours) {
        window.fault("emergency_hours", "an emergency leaves more time than usual, not less");
    }
    if read.is_some_and(|read| read.latest_hours > read.earliest_days * 24) {
        window.fault("earliest_days", "the window is empty: it ends before it begins");
    }
    window.finish(faults);
    read
}

fn exceptions(fields: &mut Fields<'_, '_>, faults: &mut Vec<PackFault>) -> Vec<Exception> {
    let tables = if fields.has("exceptions") { fields.tables("exceptions") } else { Vec::new() };
    let exception = |mut fields: Fields<'_, '_>| {
        let form = "expected 1 to 60 small letters, digits and dashes, a letter first";
        let id = fields.checked("id", |id: &String| is_identifier(id), form);
        let question = fields.text("question");
        fields.finish(faults);
        Some(Exception { id: id?, question: question? })
    };
    let read: Vec<Exception> = tables.into_iter().filter_map(exception).collect();
    if read.iter().enumerate().any(|(index, one)| read[..index].iter().any(|other| other.id == one.id)) {
        fields.fault("exceptions", "the list names something twice");
    }
    read
}

/// Finds faults that no table shows alone.
pub(in crate::policy) fn across(
    rules: &[Located<PreArrivalRule>],
    entries: &[Located<Entry>],
    grounds: &[Located<Ground>],
    faults: &mut Vec<PackFault>,
) {
    for (index, rule) in rules.iter().enumerate() {
        let mut fault = |key: &str, text: String| {
            let text = format!("pre_arrival \"{}\": {key}: {text}", rule.value.id);
            faults.push(PackFault { line: Some(rule.lines.key(key)), text });
        };
        if rules[..index].iter().any(|earlier| earlier.value.id == rule.value.id) {
            fault("id", "the identifier is used twice".into());
        }
        let announced = |id: &String| entries.iter().any(|e| e.value.id == *id && e.value.status == Status::Announced);
        if let Some(entry) = rule.value.confirmed_with.as_ref().filter(|id| !announced(id)) {
            fault("confirmed_with", format!("there is no announced entry \"{entry}\""));
        }
        let shown = |id: &String| {
            let found = grounds.iter().map(|ground| &ground.value).find(|ground| ground.id == *id);
            found.is_some_and(|ground| ground.exempts() && ground.rule != Rule::Attested)
        };
        for ground in rule.value.grounds.iter().filter(|id| !shown(id)) {
            fault("grounds", format!("there is no ground \"{ground}\" that exempts and that the document shows"));
        }
        if rule.value.sources.iter().all(|source| source.published != rule.value.published.as_str()) {
            fault("published", "no source of this date is cited".into());
        }
        if let Some(earlier) = rules[..index].iter().find(|earlier| meet(&earlier.value, &rule.value)) {
            let line = earlier.lines.table();
            fault("kind", format!("overlaps with \"{}\" (line {line}), which is of the same kind", earlier.value.id));
        }
    }
}

/// Two rules of a kind that apply at once would leave open which one counts.
fn meet(a: &PreArrivalRule, b: &PreArrivalRule) -> bool {
    a.kind == b.kind
        && a.validity.overlaps(&b.validity)
        && a.directions.iter().any(|direction| b.directions.contains(direction))
}
