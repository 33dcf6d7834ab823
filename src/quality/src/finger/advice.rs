//! What to change for the next attempt.

use super::score::Score;
use crate::assessment::{Advice, Assessment};

/// Prints of at least this score need no other skin, only perhaps another place: it is what clean simulated prints get.
const GOOD: u8 = 70;
/// Below this score something is wrong, whatever it is: the highest limit that profiles use, with a margin of twenty.
const POOR: u8 = 50;

/// Puts the advice of the components into `advice` (empty before), that of the worst one first, each once. Where no
/// component says what is wrong with a poor print, the finger is laid down anew.
pub(super) fn choose(score: Score, components: &[(&'static str, Assessment)], advice: &mut Vec<Advice>) {
    let at_least = |limit: u8| score.value.is_ok_and(|value| value.get() >= limit);
    // Where it lies comes first: moisture judged on the edge of a fingertip says little.
    let rank = |given: Advice| {
        let of = components.iter().filter(|(_, a)| a.advice() == Some(given)).filter_map(|(_, a)| a.score()).min();
        (!is_place(given), of)
    };
    for given in components.iter().filter_map(|(_, a)| a.score().and(a.advice())) {
        if !advice.contains(&given) && (is_place(given) || !at_least(GOOD)) {
            advice.push(given);
        }
    }
    advice.sort_by_key(|given| rank(*given));
    if advice.is_empty() && !at_least(POOR) {
        advice.push(Advice::PlaceWholeFingertip);
    }
}

fn is_place(advice: Advice) -> bool {
    matches!(advice, Advice::CentreFinger | Advice::PlaceFinger | Advice::PlaceWholeFingertip)
}
