//! What to change for the next attempt.

use super::score::Score;
use crate::assessment::{Advice, Assessment};

/// Prints of at least this score need no advice: it is the highest limit that profiles use, with a margin of twenty.
const GOOD_ENOUGH: u8 = 50;

/// The advice of the components, that of the worst one first, each once. Where no component says what is wrong, the
/// finger is laid down anew.
pub(super) fn choose(score: Score, components: &[(&'static str, Assessment)]) -> Vec<Advice> {
    if score.value.is_ok_and(|value| value.get() >= GOOD_ENOUGH) {
        return Vec::new();
    }
    let mut given: Vec<_> = components.iter().filter_map(|(_, a)| Some((a.score()?, a.advice()?))).collect();
    // Where it lies comes first: moisture judged on the edge of a fingertip says little.
    given.sort_by_key(|(score, advice)| (!is_place(*advice), *score));
    let mut advice: Vec<Advice> = given.into_iter().map(|(_, advice)| advice).collect();
    if advice.is_empty() {
        advice.push(Advice::PlaceWholeFingertip);
    }
    advice
}

fn is_place(advice: Advice) -> bool {
    matches!(advice, Advice::CentreFinger | Advice::PlaceFinger | Advice::PlaceWholeFingertip)
}
