//! Tables of a TOML text, taken apart key by key, so that every fault is found and told with its line.

use super::pack::PackFault;
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::ops::Range;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Where the lines of a text begin.
pub(super) struct LineIndex(Vec<usize>);

impl LineIndex {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(core::iter::once(0).chain(breaks).collect())
    }

    /// The line, from 1, of a byte offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }

    fn line_of(&self, span: &Range<usize>) -> usize {
        self.line(span.start)
    }
}

/// Lines of a table and of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    table: usize,
    keys: BTreeMap<String, usize>,
}

impl Lines {
    /// The table's own line.
    pub(super) fn table(&self) -> usize {
        self.table
    }

    /// The line of a key, or of the table where the key is absent.
    pub(super) fn key(&self, key: &str) -> usize {
        self.keys.get(key).copied().unwrap_or(self.table)
    }
}

/// How to read one text.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) index: &'a LineIndex,
    /// The text is broken somewhere: what seems to be missing may only be unreadable, and is not told.
    pub(super) broken: bool,
}

/// One table whose keys are taken one by one. Keys left over at the end are unknown.
pub(super) struct Fields<'a, 'i> {
    what: String,
    reading: Reading<'a>,
    rest: DeTable<'i>,
    lines: Lines,
    faults: Vec<PackFault>,
}

impl<'a, 'i> Fields<'a, 'i> {
    pub(super) fn new(what: &str, table: Spanned<DeTable<'i>>, reading: Reading<'a>) -> Self {
        let line = reading.index.line_of(&table.span());
        Self::at(what, line, table.into_inner(), reading)
    }

    fn at(what: &str, line: usize, rest: DeTable<'i>, reading: Reading<'a>) -> Self {
        let line_of_key = |key: &Spanned<_>| reading.index.line_of(&key.span());
        let keys = rest.keys().map(|key| (key.get_ref().as_ref().into(), line_of_key(key))).collect();
        Self { what: what.into(), reading, rest, lines: Lines { table: line, keys }, faults: Vec::new() }
    }

    /// Lines of this table.
    pub(super) fn lines(&self) -> &Lines {
        &self.lines
    }

    /// Says how faults name this table, once its identifier is known.
    pub(super) fn rename(&mut self, what: String) {
        self.what = what;
    }

    /// Tells a fault of a key.
    pub(super) fn fault(&mut self, key: &str, text: &str) {
        let line = self.lines.key(key);
        self.fault_at(line, format!("{key}: {text}"));
    }

    /// Takes a value that may be absent.
    pub(super) fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.rest.remove(key)?;
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(key, error.message());
                None
            }
        }
    }

    /// Takes a value that must be there: nothing legal has a default.
    pub(super) fn required<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        self.expect(key);
        self.optional(key)
    }

    /// Takes a text that is not blank.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.checked(key, |text: &String| !text.trim().is_empty(), "the text is empty")
    }

    /// Takes a value that must pass a test.
    pub(super) fn checked<T: DeserializeOwned>(
        &mut self,
        key: &str,
        fits: impl Fn(&T) -> bool,
        otherwise: &str,
    ) -> Option<T> {
        let value = self.required(key)?;
        if fits(&value) {
            return Some(value);
        }
        self.fault(key, otherwise);
        None
    }

    /// Takes a list that is not empty and names nothing twice.
    pub(super) fn list<T: DeserializeOwned + PartialEq>(&mut self, key: &str) -> Option<Vec<T>> {
        let list: Vec<T> = self.required(key)?;
        if list.is_empty() {
            self.fault(key, "the list is empty");
        }
        if list.iter().enumerate().any(|(index, item)| list[..index].contains(item)) {
            self.fault(key, "the list names something twice");
        }
        Some(list)
    }

    /// Takes a table.
    pub(super) fn table(&mut self, key: &str) -> Option<Fields<'a, 'i>> {
        self.expect(key);
        let value = self.rest.remove(key)?;
        self.as_table(key, value)
    }

    /// Takes a list of tables, however they are written.
    pub(super) fn tables(&mut self, key: &str) -> Vec<Fields<'a, 'i>> {
        self.expect(key);
        let Some(value) = self.rest.remove(key) else { return Vec::new() };
        match value.into_inner() {
            DeValue::Array(items) => items.into_iter().filter_map(|item| self.as_table(key, item)).collect(),
            other => {
                self.fault(key, &format!("expected a list of tables, found {}", other.type_str()));
                Vec::new()
            }
        }
    }

    /// Whether a key is still there to be taken.
    pub(super) fn has(&self, key: &str) -> bool {
        self.rest.contains_key(key)
    }

    /// Ends the reading: keys that nobody took are faults.
    pub(super) fn finish(mut self, faults: &mut Vec<PackFault>) {
        let unknown: Vec<String> = self.rest.keys().map(|key| key.get_ref().as_ref().into()).collect();
        for key in unknown {
            self.fault_at(self.lines.key(&key), format!("unknown key \"{key}\"; remove or correct it"));
        }
        faults.append(&mut self.faults);
    }

    fn expect(&mut self, key: &str) {
        if !self.has(key) && !self.reading.broken {
            self.fault_at(self.lines.table(), format!("\"{key}\" is missing"));
        }
    }

    fn as_table(&mut self, key: &str, value: Spanned<DeValue<'i>>) -> Option<Fields<'a, 'i>> {
        let line = self.reading.index.line_of(&value.span());
        match value.into_inner() {
            DeValue::Table(table) => {
                let what = if self.what.is_empty() { format!("[{key}]") } else { format!("{}: {key}", self.what) };
                Some(Fields::at(&what, line, table, self.reading))
            }
            other => {
                self.fault(key, &format!("expected a table, found {}", other.type_str()));
                None
            }
        }
    }

    fn fault_at(&mut self, line: usize, text: String) {
        let text = if self.what.is_empty() { text } else { format!("{}: {text}", self.what) };
        self.faults.push(PackFault { line: Some(line), text });
    }
}
