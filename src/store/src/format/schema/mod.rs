//! The shapes of `record.cddl` as tables: the reader checks against them, and a test holds them and the CDDL file
//! together, rule by rule.

use super::FormatFault;
use super::cbor::Node;
use domain::policy::is_identifier;

mod tables;

pub(super) use tables::{
    APPLICATION, CLOSURE_RECORD, ENROLMENT_RECORD, EXEMPTION_RECORD, HEADER, KEY_ROTATION, RECEIPT, RECEIPT_KEY,
    TOMBSTONE,
};

/// What a value must be.
pub(in crate::format) enum Kind {
    Bool,
    Bytes,
    /// SHA-256: 32 bytes.
    Digest,
    Float,
    Int,
    List(&'static Kind),
    Map(&'static Shape),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A record's own name: 16 bytes.
    RecordId,
    Text,
    Uint,
    /// This version of the format.
    Version(u64),
    /// An identifier of the policy pack: no name and no number of a document has this form.
    Word,
}

/// One key of a map.
pub(in crate::format) struct Field {
    pub key: &'static str,
    pub kind: Kind,
    pub optional: bool,
}

/// A map with exactly these keys, after those of its base.
pub(in crate::format) struct Shape {
    pub name: &'static str,
    pub base: Option<&'static Shape>,
    pub fields: &'static [Field],
}

/// Version of receipts: the second countersigns the audit trail.
pub(super) const RECEIPT_VERSION: u64 = 2;

/// Version of records: the second says what was owed before arrival.
pub(super) const RECORD_VERSION: u64 = 2;

/// Version of everything but the outer header, receipts and records.
pub(super) const VERSION: u64 = 1;

impl Shape {
    fn all_fields(&'static self) -> impl Iterator<Item = &'static Field> {
        self.base.into_iter().flat_map(|base| base.fields).chain(self.fields)
    }

    /// Checks that a value is a map with the keys of this shape: none missing, none beside them, each of its kind.
    pub(super) fn check(&'static self, node: &Node<'_>) -> Result<(), FormatFault> {
        let fault = |key, what| FormatFault::Shape { rule: self.name, key, what };
        let Node::Map(entries) = node else {
            return Err(fault("", "is not a map"));
        };
        for field in self.all_fields() {
            match node.get(field.key) {
                Some(value) => field.kind.check(value).map_err(|fault_inside| match fault_inside {
                    Some(deeper) => deeper,
                    None => fault(field.key, "has the wrong type or value"),
                })?,
                None if field.optional => {}
                None => return Err(fault(field.key, "is missing")),
            }
        }
        let known = |key: &str| self.all_fields().any(|field| field.key == key);
        if entries.iter().all(|(key, _)| known(key)) { Ok(()) } else { Err(fault("", "has an unknown key")) }
    }
}

impl Kind {
    /// `Err(None)`: this value is wrong. `Err(Some(..))`: something within it is.
    fn check(&'static self, node: &Node<'_>) -> Result<(), Option<FormatFault>> {
        let fits = match (self, node) {
            (Self::Bool, Node::Bool(_))
            | (Self::Bytes, Node::Bytes(_))
            | (Self::Float, Node::Float(_))
            | (Self::Text, Node::Text(_))
            | (Self::Uint, Node::Uint(_)) => true,
            (Self::Int, node) => node.as_i64().is_some(),
            (Self::Digest, Node::Bytes(bytes)) => bytes.len() == 32,
            (Self::RecordId, Node::Bytes(bytes)) => bytes.len() == 16,
            (Self::Version(expected), Node::Uint(version)) => version == expected,
            (Self::Word, Node::Text(text)) => is_identifier(text),
            (Self::OneOf(words), Node::Text(text)) => words.contains(&&**text),
            (Self::List(kind), Node::Array(items)) => {
                return items.iter().try_for_each(|item| kind.check(item));
            }
            (Self::Map(shape), node) => return shape.check(node).map_err(Some),
            _ => false,
        };
        if fits { Ok(()) } else { Err(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::tables::FRAME;
    use super::*;
    use std::collections::BTreeSet;
    use std::fmt::Write;

    const CDDL: &str = include_str!("../../../record.cddl");

    fn type_text(kind: &Kind) -> String {
        match kind {
            Kind::Bool => "bool".into(),
            Kind::Bytes => "bstr".into(),
            Kind::Digest => "digest".into(),
            Kind::Float => "float".into(),
            Kind::Int => "int".into(),
            Kind::List(kind) => format!("[* {}]", type_text(kind)),
            Kind::Map(shape) => shape.name.into(),
            Kind::OneOf(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" / "),
            Kind::RecordId => "record-id".into(),
            Kind::Text => "tstr".into(),
            Kind::Uint => "uint".into(),
            Kind::Version(version) => version.to_string(),
            Kind::Word => "word".into(),
        }
    }

    fn rule_text(shape: &Shape) -> String {
        let group = shape.name == "frame";
        let mut text = format!("{} = {}\n", shape.name, if group { "(" } else { "{" });
        if let Some(base) = shape.base {
            writeln!(text, "{},", base.name).unwrap();
        }
        for Field { key, kind, optional } in shape.fields {
            writeln!(text, "{}\"{key}\": {},", if *optional { "? " } else { "" }, type_text(kind)).unwrap();
        }
        text + if group { ")" } else { "}" }
    }

    fn collect(shape: &'static Shape, into: &mut BTreeSet<String>) {
        into.insert(rule_text(shape));
        for field in shape.all_fields() {
            let mut kind = &field.kind;
            while let Kind::List(inner) = kind {
                kind = inner;
            }
            if let Kind::Map(inner) = kind {
                collect(inner, into);
            }
        }
    }

    /// Every rule with a map or a group in it, comments and indentation gone.
    fn rules_of_file() -> BTreeSet<String> {
        let lines =
            CDDL.lines().map(|line| line.split(';').next().unwrap_or("").trim()).filter(|line| !line.is_empty());
        let mut rules = BTreeSet::new();
        let mut open: Option<String> = None;
        for line in lines {
            match &mut open {
                None if line.ends_with('{') || line.ends_with('(') => open = Some(format!("{line}\n")),
                None => {}
                Some(rule) if line == "}" || line == ")" => {
                    rules.insert(format!("{rule}{line}"));
                    open = None;
                }
                Some(rule) => writeln!(rule, "{line}").unwrap(),
            }
        }
        rules
    }

    #[test]
    fn the_cddl_file_and_the_tables_say_the_same() {
        let mut tables = BTreeSet::new();
        for shape in [
            &HEADER,
            &RECEIPT,
            &TOMBSTONE,
            &KEY_ROTATION,
            &RECEIPT_KEY,
            &APPLICATION,
            &FRAME,
            &ENROLMENT_RECORD,
            &EXEMPTION_RECORD,
            &CLOSURE_RECORD,
        ] {
            collect(shape, &mut tables);
        }
        assert_eq!(tables, rules_of_file());
    }

    #[test]
    fn exemptions_and_closures_have_no_key_for_a_person() {
        fn keys(shape: &'static Shape, into: &mut BTreeSet<&'static str>) {
            for field in shape.all_fields() {
                into.insert(field.key);
                let mut kind = &field.kind;
                while let Kind::List(inner) = kind {
                    kind = inner;
                }
                assert!(!matches!(kind, Kind::Bytes), "{} may hold an image", field.key);
                if let Kind::Map(inner) = kind {
                    keys(inner, into);
                }
            }
        }
        for shape in [&EXEMPTION_RECORD, &CLOSURE_RECORD] {
            let mut found = BTreeSet::new();
            keys(shape, &mut found);
            for word in [
                "name",
                "document-number",
                "birth-date",
                "face",
                "fingers",
                "jpeg",
                "png",
                "traveller",
                "application-number",
                "profile-id",
                "before-arrival",
            ] {
                assert!(!found.contains(word), "{} has {word}", shape.name);
            }
            assert!(found.contains("facts-used"), "the walk goes into nested maps");
        }
    }
}
