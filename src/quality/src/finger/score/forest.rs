//! NIST's random forest, where an operator supplies it: OpenCV's `RTrees` as YAML. It comes with NFIQ 2 as
//! `nist_plain_tir-ink`; it is not ours to ship.

use super::id::ModelId;
use super::yaml::{Fault, Pair, Pairs, Value};
use super::{NAME_OF_FOREST, NAME_OF_OTHER_FOREST};
use crate::finger::natives::COUNT;
use md5::{Digest, Md5};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// MD5 of NIST's file, as NFIQ 2 itself checks it.
pub const NIST_MD5: &str = "b4a1e7586b3be906f9770e4b77768038";

/// A larger file is no forest of NFIQ 2 (that one has about a fifth).
const LARGEST: u64 = 256 << 20;
const MOST_TREES: usize = 10_000;
/// What stands in a leaf in place of a value's number.
const LEAF: u8 = u8::MAX;

/// Why a forest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ForestError {
    /// The file cannot be read.
    #[error("{}: the forest cannot be read ({source})", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("the forest is larger than 256 MiB")]
    TooLarge,
    /// It is not NIST's file.
    #[error(
        "this is not NIST's forest nist_plain_tir-ink: its MD5 is {found}, not {NIST_MD5}; take the file of NFIQ 2"
    )]
    OtherFile {
        /// MD5 of what is there.
        found: String,
    },
    /// It is not text.
    #[error("the forest is not UTF-8 text")]
    NotText,
    /// A line cannot be understood.
    #[error("line {line} of the forest: {what}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl From<Fault> for ForestError {
    fn from(Fault { line, what }: Fault) -> Self {
        Self::Line { line, what }
    }
}

/// One node. The branch for "at most" follows it; `right` is the place of the other one. In a leaf, `right` is the vote.
#[derive(Clone, Copy)]
struct Node {
    limit: f32,
    right: u32,
    value: u8,
}

/// A forest of two classes on the 69 native values.
pub struct Forest {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    name: &'static str,
    id: ModelId,
}

impl fmt::Debug for Forest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forest({}, {} trees)", self.id, self.roots.len())
    }
}

impl Forest {
    /// Reads NIST's file, and no other.
    pub fn open_nist(path: &Path) -> Result<Self, ForestError> {
        let file = read(path)?;
        let found: String = Md5::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        if found != NIST_MD5 {
            return Err(ForestError::OtherFile { found });
        }
        Self::parse(NAME_OF_FOREST, "nist", &file)
    }

    /// Reads any forest of this form, for comparisons with OpenCV only: a station never does.
    pub fn open_any(path: &Path) -> Result<Self, ForestError> {
        Self::parse(NAME_OF_OTHER_FOREST, "any", &read(path)?)
    }

    fn parse(name: &'static str, version: &str, file: &[u8]) -> Result<Self, ForestError> {
        let text = str::from_utf8(file).map_err(|_| ForestError::NotText)?;
        let mut reader = Reader::default();
        for pair in Pairs::new(text) {
            reader.take(&pair?)?;
        }
        let (nodes, roots) = reader.finish()?;
        Ok(Self { nodes, roots, name, id: ModelId::of(version, file) })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn id(&self) -> ModelId {
        self.id
    }

    /// Trees that vote for the second class, and all trees; nothing if a value is absent.
    pub fn votes(&self, features: &[f32; COUNT]) -> Option<(u32, u32)> {
        if features.iter().any(|value| value.is_nan()) {
            return None;
        }
        let positive = self.roots.iter().map(|&root| self.leaf(root as usize, features)).sum();
        Some((positive, self.roots.len() as u32))
    }

    /// The share of positive votes as 0 to 100.
    pub(super) fn vote(&self, features: &[f32; COUNT]) -> Option<f32> {
        self.votes(features).map(|(positive, all)| 100.0 * positive as f32 / all as f32)
    }

    fn leaf(&self, root: usize, features: &[f32; COUNT]) -> u32 {
        let mut at = root;
        loop {
            let node = self.nodes[at];
            match features.get(usize::from(node.value)) {
                None => return node.right,
                Some(feature) if *feature <= node.limit => at += 1,
                Some(_) => at = node.right as usize,
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ForestError> {
    let unreadable = |source| ForestError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST { Err(ForestError::TooLarge) } else { Ok(bytes) }
}

/// What is known of the node that is being read.
#[derive(Default)]
struct Draft {
    line: usize,
    class: Option<u32>,
    value: Option<f32>,
    variable: Option<u8>,
    limit: Option<f32>,
}

/// Puts the trees together while keys come in. Nodes are in pre-order: after a node with a split come its left branch
/// and then its right one.
#[derive(Default)]
struct Reader {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// Nodes of the tree whose right branch is still to come.
    open: Vec<usize>,
    draft: Option<Draft>,
    tree_is_full: bool,
    stated: Option<usize>,
    second_label: Option<f32>,
}

impl Reader {
    fn take(&mut self, pair: &Pair<'_>) -> Result<(), ForestError> {
        let wrong = |what| ForestError::Line { line: pair.line, what };
        match pair.key {
            "is_classifier" if number(pair)? != 1.0 => Err(wrong("this forest is no classifier")),
            "var_count" | "ord_var_count" if number(pair)? != COUNT as f32 => {
                Err(wrong("this forest is not for 69 values"))
            }
            "class_labels" => self.labels(pair),
            "ntrees" => {
                let count = number(pair)?;
                if !(1.0..=MOST_TREES as f32).contains(&count) {
                    return Err(wrong("this is no number of trees"));
                }
                self.stated = Some(count as usize);
                Ok(())
            }
            "nodes" => self.tree(pair.line),
            "depth" => {
                self.node()?;
                self.draft = Some(Draft { line: pair.line, ..Draft::default() });
                Ok(())
            }
            "in" | "not_in" | "gt" => Err(wrong("a split of this kind is not known")),
            "value" | "norm_class_idx" | "var" | "le" => self.detail(pair),
            _ => Ok(()),
        }
    }

    fn labels(&mut self, pair: &Pair<'_>) -> Result<(), ForestError> {
        let wrong = || ForestError::Line { line: pair.line, what: "two classes are wanted" };
        let Value::List(list) = pair.value else { return Err(wrong()) };
        let labels: Option<Vec<f32>> = list.split(',').take(3).map(|label| label.trim().parse().ok()).collect();
        let [_, second] = *labels.ok_or_else(wrong)? else { return Err(wrong()) };
        self.second_label = Some(second);
        Ok(())
    }

    fn detail(&mut self, pair: &Pair<'_>) -> Result<(), ForestError> {
        let value = number(pair)?;
        let Some(draft) = &mut self.draft else {
            return Err(ForestError::Line { line: pair.line, what: "this belongs to a node" });
        };
        match pair.key {
            "value" => draft.value = Some(value),
            "norm_class_idx" => draft.class = Some(u32::from(value == 1.0)),
            // The first split counts; others stand in for values that are missing.
            "var" if draft.variable.is_none() => {
                if value.fract() != 0.0 || !(0.0..COUNT as f32).contains(&value) {
                    return Err(ForestError::Line { line: pair.line, what: "a split is on one of the 69 values" });
                }
                draft.variable = Some(value as u8);
            }
            "le" if draft.limit.is_none() => draft.limit = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Puts the node that was read in its place.
    fn node(&mut self) -> Result<(), ForestError> {
        let Some(draft) = self.draft.take() else { return Ok(()) };
        let wrong = |what| ForestError::Line { line: draft.line, what };
        if self.roots.is_empty() {
            return Err(wrong("a node stands outside a tree"));
        }
        if self.tree_is_full {
            return Err(wrong("this node has no parent"));
        }
        let place = u32::try_from(self.nodes.len()).map_err(|_| wrong("the forest has too many nodes"))?;
        match (draft.variable, draft.limit) {
            (Some(value), Some(limit)) => {
                self.open.push(self.nodes.len());
                self.nodes.push(Node { limit, right: 0, value });
            }
            (None, None) => {
                let by_label = || Some(u32::from(draft.value? == self.second_label?));
                let vote = draft.class.or_else(by_label).ok_or_else(|| wrong("this leaf has no class"))?;
                self.nodes.push(Node { limit: 0.0, right: vote, value: LEAF });
                // What comes next is the right branch of the last node that has none yet.
                match self.open.pop() {
                    Some(parent) => self.nodes[parent].right = place + 1,
                    None => self.tree_is_full = true,
                }
            }
            _ => return Err(wrong("a split needs a value and a limit")),
        }
        Ok(())
    }

    /// Ends the tree before, and begins another.
    fn tree(&mut self, line: usize) -> Result<(), ForestError> {
        self.node()?;
        if !self.roots.is_empty() && !self.tree_is_full {
            return Err(ForestError::Line { line, what: "the tree before this line is cut off" });
        }
        if self.roots.len() >= MOST_TREES {
            return Err(ForestError::Line { line, what: "the forest has too many trees" });
        }
        let place = u32::try_from(self.nodes.len());
        self.roots.push(place.map_err(|_| ForestError::Line { line, what: "the forest has too many nodes" })?);
        self.tree_is_full = false;
        Ok(())
    }

    fn finish(mut self) -> Result<(Vec<Node>, Vec<u32>), ForestError> {
        self.node()?;
        let wrong = |what| ForestError::Line { line: 1, what };
        if self.roots.is_empty() {
            return Err(wrong("there is no tree"));
        }
        if !self.tree_is_full {
            return Err(wrong("the last tree is cut off"));
        }
        if self.stated != Some(self.roots.len()) {
            return Err(wrong("the number of trees is not the stated one"));
        }
        Ok((self.nodes, self.roots))
    }
}

/// A finite number in single precision, as OpenCV keeps it.
fn number(pair: &Pair<'_>) -> Result<f32, ForestError> {
    let parsed = match pair.value {
        Value::Scalar(text) => text.parse::<f64>().ok().map(|value| value as f32),
        Value::Opens | Value::List(_) => None,
    };
    let wrong = ForestError::Line { line: pair.line, what: "a number is wanted" };
    parsed.filter(|value| value.is_finite()).ok_or(wrong)
}

#[cfg(test)]
mod tests;
