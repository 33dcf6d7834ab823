//! What to change for the next attempt.

use super::score::Score;
use crate::assessment::{Advice, Assessment};

/// Prints of at least this score need no advice: it is the highest limit that profiles use, with a margin of twenty.
const GOOD_ENOUGH: u8 = 50;

/// Puts the advice of the components into `advice` (empty before), that of the worst one first, each once. Where no
/// component says what is wrong, the finger is laid down anew.
pub(super) fn choose(score: Score, components: &[(&'static str, Assessment)], advice: &mut Vec<Advice>) {
    if score.value.is_ok_and(|value| value.get() >= GOOD_ENOUGH) {
        return;
    }
    // Where it lies comes first: moisture judged on the edge of a fingertip says little.
    let rank = |given: Advice| {
        let of = components.iter().filter(|(_, a)| a.advice() == Some(given)).filter_map(|(_, a)| a.score()).min();
        (!is_place(given), of)
    };
    for given in components.iter().filter_map(|(_, a)| a.score().and(a.advice())) {
        if !advice.contains(&given) {
            advice.push(given);
        }
    }
    advice.sort_by_key(|given| rank(*given));
    if advice.is_empty() {
        advice.push(Advice::PlaceWholeFingertip);
    }
}

fn is_place(advice: Advice) -> bool {
    matches!(advice, Advice::CentreFinger | Advice::PlaceFinger | Advice::PlaceWholeFingertip)
}
