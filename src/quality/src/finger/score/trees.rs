//! Boosted regression trees: their leaves are added up.

use super::bytes::Bytes;
use super::gfq::{INPUTS, ModelError};

/// What stands in a leaf in place of an input's number.
const LEAF: u8 = u8::MAX;

/// One node. The branch for "at most" follows it; `right` is the place of the other one in its tree.
#[derive(Clone, Copy)]
struct Node {
    /// Limit, or the leaf's value.
    value: f32,
    right: u16,
    input: u8,
}

/// Trees, and what their sum begins with.
pub(super) struct Trees {
    base: f32,
    nodes: Vec<Node>,
    /// Where each tree begins.
    roots: Vec<usize>,
}

impl Trees {
    /// Reads trees and proves that every walk through them ends in a leaf: branches lead onwards only, and stay inside.
    pub fn read(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        let base = bytes.f32()?;
        let count = bytes.u16()?;
        let (mut nodes, mut roots) = (Vec::new(), Vec::new());
        for _ in 0..count {
            roots.push(nodes.len());
            let size = bytes.u16()?;
            if size == 0 {
                return Err(ModelError::Tree);
            }
            for place in 0..size {
                let input = bytes.u8()?;
                let right = bytes.u16()?;
                let value = bytes.f32()?;
                let leads_onwards = place.checked_add(1).is_some_and(|next| next < right) && right < size;
                if input != LEAF && (usize::from(input) >= INPUTS || !leads_onwards) {
                    return Err(ModelError::Tree);
                }
                nodes.push(Node { value, right, input });
            }
        }
        Ok(Self { base, nodes, roots })
    }

    pub fn sum(&self, inputs: &[f32; INPUTS]) -> f32 {
        self.roots.iter().fold(self.base, |sum, &root| sum + self.leaf(root, inputs))
    }

    fn leaf(&self, root: usize, inputs: &[f32; INPUTS]) -> f32 {
        let mut at = root;
        loop {
            let node = self.nodes[at];
            match inputs.get(usize::from(node.input)) {
                None => return node.value,
                Some(input) if *input <= node.value => at += 1,
                Some(_) => at = root + usize::from(node.right),
            }
        }
    }
}
