//! What must hold between the tables of a pack.

use super::pack::{Entry, Ground, PackFault, Reading};
use super::parse::Located;
use super::published::Published;
use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

/// A reading may concern own citizens, who are no entry and no ground.
pub(super) const OWN_CITIZENS: &str = "own-citizens";

/// Identifiers that the pack gives, those of faulty tables included.
pub(super) struct Names {
    pub(super) entries: Vec<String>,
    pub(super) grounds: Vec<String>,
    pub(super) pre_arrival: Vec<String>,
}

/// Finds faults that no table shows alone.
pub(super) fn across(
    names: &Names,
    entries: &[Located<Entry>],
    grounds: &[Located<Ground>],
    readings: &[Located<Reading>],
    faults: &mut Vec<PackFault>,
) {
    unique("entry", entries.iter().map(|entry| (&entry.value.id, entry.lines.key("id"))), faults);
    unique("ground", grounds.iter().map(|ground| (&ground.value.id, ground.lines.key("id"))), faults);
    for entry in entries {
        known_grounds(entry, names, faults);
        dated_by_a_source(entry, faults);
    }
    readings.iter().for_each(|reading| known_subjects(reading, names, faults));
    for (index, later) in entries.iter().enumerate() {
        entries[..index]
            .iter()
            .filter_map(|earlier| contradiction(earlier, later))
            .for_each(|fault| faults.push(fault));
    }
}

fn unique<'a>(kind: &str, ids: impl Iterator<Item = (&'a String, usize)>, faults: &mut Vec<PackFault>) {
    let mut seen = BTreeSet::new();
    for (id, line) in ids {
        if !seen.insert(id) {
            faults.push(at(line, format!("{kind} \"{id}\": the identifier is used twice")));
        }
    }
}

fn known_grounds(entry: &Located<Entry>, names: &Names, faults: &mut Vec<PackFault>) {
    let unknown = entry.value.grounds.iter().filter(|id| !names.grounds.contains(id));
    faults.extend(unknown.map(|id| {
        let text = format!("entry \"{}\": grounds: there is no ground \"{id}\"", entry.value.id);
        at(entry.lines.key("grounds"), text)
    }));
}

/// The date that ranks an entry is the date of something that it cites.
fn dated_by_a_source(entry: &Located<Entry>, faults: &mut Vec<PackFault>) {
    let published = entry.value.published.as_str();
    if entry.value.sources.iter().all(|source| source.published != published) {
        let text = format!("entry \"{}\": published: no source of this date is cited", entry.value.id);
        faults.push(at(entry.lines.key("published"), text));
    }
}

fn known_subjects(reading: &Located<Reading>, names: &Names, faults: &mut Vec<PackFault>) {
    let lists = [&names.entries, &names.grounds, &names.pre_arrival];
    let known = |id: &String| id == OWN_CITIZENS || lists.iter().any(|list| list.contains(id));
    let unknown = reading.value.of.iter().filter(|id| !known(id));
    faults.extend(unknown.map(|id| {
        let text =
            format!("reading: of: there is no entry, ground or pre_arrival \"{id}\", and it is not \"{OWN_CITIZENS}\"");
        at(reading.lines.key("of"), text)
    }));
}

/// Two entries that may apply at once, give different answers, and of which neither is known to be the later.
fn contradiction(earlier: &Located<Entry>, later: &Located<Entry>) -> Option<PackFault> {
    let (a, b) = (&earlier.value, &later.value);
    let meet = a.validity.overlaps(&b.validity)
        && a.checkpoints.overlap(&b.checkpoints)
        && a.directions.iter().any(|direction| b.directions.contains(direction));
    if !meet || !a.published.may_be_same_day(&b.published) || same_answer(a, b) {
        return None;
    }
    let text = format!(
        "entry \"{}\": overlaps with entry \"{}\" (line {}), which gives a different answer; published {}, and neither \
         is known to be the later",
        b.id,
        a.id,
        earlier.lines.table(),
        dates(&a.published, &b.published),
    );
    Some(at(later.lines.table(), text))
}

fn dates(a: &Published, b: &Published) -> String {
    if a == b { format!("both {a}") } else { format!("{a} and {b}") }
}

fn same_answer(a: &Entry, b: &Entry) -> bool {
    let set = |entry: &Entry| entry.grounds.iter().cloned().collect::<BTreeSet<_>>();
    a.status == b.status && set(a) == set(b)
}

fn at(line: usize, text: String) -> PackFault {
    PackFault { line: Some(line), text }
}
