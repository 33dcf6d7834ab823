//! What a slap shows, measured by what was asked for: names for the fingers, or what is wrong.

use super::Slap;
use super::hand::{Fit, fits, hand_of};
use domain::finger::{Digit, Finger, Hand};

/// Difference of costs from which one answer counts as certain: twenty to one. Own value.
pub const CERTAIN: f32 = 3.0;
/// Difference of costs from which other fingers than the declared ones are taken to lie there. Own value: whoever has
/// lost a finger may hold the others in another way.
const OTHERS: f32 = 8.0;

/// What is wrong with a slap as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Nothing lies there.
    NoFinger,
    /// Some wanted fingers do not lie there. Which, where their places tell.
    TooFew {
        /// Fingers that were asked for and are not there; empty where their places do not tell which.
        missing: Vec<Finger>,
    },
    /// More fingers lie there than were asked for.
    TooMany,
    /// The other hand lies there.
    WrongHand,
    /// As many fingers as were asked for, but others of the same hand.
    OtherFingers {
        /// Fingers that were asked for and are not there.
        missing: Vec<Finger>,
    },
    /// These fingers reach over the edge of the platen.
    CutOff {
        /// Which.
        fingers: Vec<Finger>,
    },
}

/// What a slap shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Wanted fingers that lie there whole, each with its index in [`Slap::fingers`].
    pub named: Vec<(Finger, usize)>,
    /// What is wrong, the worst only.
    pub problem: Option<Problem>,
    /// The hand by the fingertips' places alone, where they tell it with certainty.
    pub hand: Option<Hand>,
    /// How much better that hand fits than the other, as the logarithm of the odds.
    pub odds: f32,
}

impl Problem {
    /// The identifier of what the officer is told.
    pub const fn id(&self) -> &'static str {
        match self {
            Self::NoFinger | Self::TooFew { .. } => "place-all-fingers",
            Self::TooMany => "too-many-fingers",
            Self::WrongHand => "wrong-hand",
            Self::OtherFingers { .. } => "other-fingers",
            Self::CutOff { .. } => "off-the-edge",
        }
    }

    /// The fingers that the officer is told of.
    pub fn fingers(&self) -> &[Finger] {
        match self {
            Self::TooFew { missing } | Self::OtherFingers { missing } => missing,
            Self::CutOff { fingers } => fingers,
            Self::NoFinger | Self::TooMany | Self::WrongHand => &[],
        }
    }
}

/// Names the fingers of a slap of which `wanted` were asked for: fingers of one hand, or thumbs.
pub fn read(slap: &Slap, wanted: &[Finger]) -> Reading {
    let found = slap.fingers.len();
    let nothing = Reading { named: Vec::new(), problem: None, hand: None, odds: 0.0 };
    let order = from_left(wanted);
    if found == 0 {
        return Reading { problem: Some(Problem::NoFinger), ..nothing };
    }
    let thumbs = wanted.iter().any(|finger| finger.digit() == Digit::Thumb);
    if thumbs || wanted.len() < 2 {
        // Tips alone do not tell one thumb from another, nor whose a single finger is.
        return match found.cmp(&order.len()) {
            std::cmp::Ordering::Greater => Reading { problem: Some(Problem::TooMany), ..nothing },
            std::cmp::Ordering::Less => Reading { problem: Some(Problem::TooFew { missing: Vec::new() }), ..nothing },
            std::cmp::Ordering::Equal => whole(slap, &order, nothing),
        };
    }
    let fits = fits(slap);
    let digits: Vec<Digit> = wanted.iter().map(|finger| finger.digit()).collect();
    let declared = |fingers: &[Finger]| fingers.iter().all(|finger| digits.contains(&finger.digit()));
    let told = if found <= wanted.len() { hand_of(&fits, declared) } else { hand_of(&fits, |_| true) };
    let (hand, odds) = told.map_or((None, 0.0), |(hand, odds)| ((odds >= CERTAIN).then_some(hand), odds));
    let reading = Reading { hand, odds, ..nothing };
    let asked = wanted.first().map(|finger| finger.hand());
    if hand.is_some() && hand != asked {
        return Reading { problem: Some(Problem::WrongHand), ..reading };
    }
    match found.cmp(&wanted.len()) {
        std::cmp::Ordering::Greater => Reading { problem: Some(Problem::TooMany), ..reading },
        std::cmp::Ordering::Equal => match others(&fits, &order) {
            Some(missing) => Reading { problem: Some(Problem::OtherFingers { missing }), ..reading },
            None => whole(slap, &order, reading),
        },
        std::cmp::Ordering::Less => too_few(slap, &fits, &order, reading),
    }
}

/// The fingers from left to right on the platen: of a left hand the little finger lies first, and the left thumb before
/// the right one.
fn from_left(wanted: &[Finger]) -> Vec<Finger> {
    let place = |finger: &Finger| match (finger.hand(), finger.digit()) {
        (Hand::Left, digit) => -(digit as i8) - 1,
        (Hand::Right, digit) => digit as i8 + 1,
    };
    let mut order = wanted.to_vec();
    order.sort_by_key(place);
    order
}

/// The declared fingers that do not lie there, where others of the same hand fit by far better.
fn others(fits: &[Fit], order: &[Finger]) -> Option<Vec<Finger>> {
    let hand = order.first()?.hand();
    let own = fits.iter().find(|fit| fit.fingers == order)?;
    let best = fits.iter().find(|fit| fit.fingers.first().is_some_and(|finger| finger.hand() == hand))?;
    (own.cost - best.cost >= OTHERS).then(|| gone(order, &best.fingers))
}

fn gone(order: &[Finger], there: &[Finger]) -> Vec<Finger> {
    order.iter().copied().filter(|finger| !there.contains(finger)).collect()
}

/// Fewer fingers than asked for: those that are certain are named.
fn too_few(slap: &Slap, fits: &[Fit], order: &[Finger], reading: Reading) -> Reading {
    let mut possible = fits.iter().filter(|fit| fit.fingers.iter().all(|finger| order.contains(finger)));
    let unclear = Reading { problem: Some(Problem::TooFew { missing: Vec::new() }), ..reading.clone() };
    let Some(best) = possible.next() else { return unclear };
    if possible.next().is_some_and(|next| next.cost - best.cost < CERTAIN) {
        return unclear;
    }
    let read = whole(slap, &best.fingers, reading);
    Reading { problem: Some(Problem::TooFew { missing: gone(order, &best.fingers) }), ..read }
}

/// Names what lies there whole, from left to right.
fn whole(slap: &Slap, order: &[Finger], reading: Reading) -> Reading {
    let named = |cut_off: bool| {
        let all = order.iter().copied().zip(0..).zip(&slap.fingers);
        all.filter(move |(_, found)| found.cut_off == cut_off).map(|(named, _)| named)
    };
    let fingers: Vec<Finger> = named(true).map(|(finger, _)| finger).collect();
    let problem = (!fingers.is_empty()).then_some(Problem::CutOff { fingers });
    Reading { named: named(false).collect(), problem, ..reading }
}
