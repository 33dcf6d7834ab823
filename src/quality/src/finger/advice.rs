//! What to change for the next attempt, from the measures.

use super::components::Evidence;
use crate::assessment::{Advice, Assessment};

/// The advice of the components, the worst component first.
pub(super) fn choose(_evidence: &Evidence, components: &[(&'static str, Assessment)]) -> Vec<Advice> {
    let mut given: Vec<_> = components.iter().filter_map(|(_, a)| Some((a.score()?, a.advice()?))).collect();
    given.sort();
    given.into_iter().map(|(_, advice)| advice).collect()
}
