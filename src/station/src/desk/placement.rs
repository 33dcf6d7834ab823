//! What was put down, measured by what was asked for: whose each image is, and whether it was put down before.

use super::finger::FingerJudged;
use domain::finger::{Digit, Finger};
use domain::image::FingerImage;
use domain::session::{Slot, Wrong};
use quality::matcher::Matcher;
use quality::slap::{self, Problem, Segmenter, Template};
use std::sync::Arc;

/// The images of a placement by finger, and what is wrong with it as a whole.
#[derive(Debug, Default)]
pub struct Placement {
    /// Each finger that can be judged, once.
    pub named: Vec<(Finger, FingerImage)>,
    /// They were named by their places among each other on the glass. Otherwise the order alone says whose they are.
    pub seen: bool,
    /// What is wrong, and the fingers that it is about; none of these are meant where the list is empty.
    pub wrong: Option<(Wrong, Vec<Finger>)>,
    /// Fingers that were asked for and did not show, where that is known for certain.
    pub missing: Vec<Finger>,
}

/// A finger that counted earlier in the case.
#[derive(Clone)]
pub struct Known {
    /// Whose it was said to be.
    pub finger: Finger,
    /// By which it is known again.
    pub template: Arc<Template>,
    /// It lay among others on the glass, and its place there named it.
    pub seen: bool,
}

/// Fingers that were put down for others.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeated {
    /// What this is, and the fingers that it is about.
    pub wrong: (Wrong, Vec<Finger>),
    /// Fingers that counted earlier and may have been the wrong ones: nothing but the order named either.
    pub doubted: Vec<Finger>,
}

/// Whose each image is: of the finger that the device names, if it was wanted; of the only one that was wanted, where
/// the device takes one finger at a time and cannot name it (`unnamed`); of those that are found in it, where it shows
/// the whole glass. Of two images of one finger the first counts. Any other image is dropped, and its finger counts as
/// not seen.
pub fn placed(wanted: &[Finger], images: Vec<FingerImage>, unnamed: bool) -> Placement {
    let mut placement = Placement::default();
    for image in images {
        let which = match (image.position, wanted) {
            (Some(position), _) => wanted.contains(&position).then_some(position),
            (None, [only]) if unnamed => Some(*only),
            (None, _) if unnamed || wanted.is_empty() => None,
            (None, _) => {
                let seen = on_the_glass(wanted, &image);
                // One picture shows the whole glass: a second one adds only fingers that the first does not show.
                let new = seen.named.into_iter().filter(|(finger, _)| placement.named.iter().all(|(k, _)| k != finger));
                let new: Vec<_> = new.collect();
                placement.seen |= !new.is_empty();
                placement.named.extend(new);
                placement.wrong = placement.wrong.or(seen.wrong);
                placement.missing = seen.missing;
                continue;
            }
        };
        match which {
            Some(which) if placement.named.iter().all(|(known, _)| *known != which) => {
                placement.named.push((which, image));
            }
            _ => tracing::warn!(wanted = wanted.len(), "an image of a finger that was not asked for was dropped"),
        }
    }
    placement
}

/// The fingers on a picture of the whole glass.
fn on_the_glass(wanted: &[Finger], glass: &FingerImage) -> Placement {
    let (width, height) = (glass.width as usize, glass.height as usize);
    let found = Segmenter::new().segment(glass.grey(), width, height, glass.ppi);
    let reading = slap::read(&found, wanted);
    tracing::debug!(
        found = found.fingers.len(),
        wanted = wanted.len(),
        problem = reading.problem.as_ref().map(Problem::id),
        "a slap was read"
    );
    let cut = |(finger, index): &(Finger, usize)| Some((*finger, slap::cut(&found, *index, glass)?.of(Some(*finger))));
    let named = reading.named.iter().filter_map(cut).collect();
    let (wrong, missing) = match reading.problem {
        None | Some(Problem::NoFinger) => (None, Vec::new()),
        Some(Problem::TooFew { missing }) => (None, missing),
        Some(Problem::CutOff { fingers }) => (Some((Wrong::CutOff, fingers)), Vec::new()),
        Some(Problem::OtherFingers { missing }) => (Some((Wrong::OtherFingers, missing)), Vec::new()),
        Some(Problem::TooMany) => (Some((Wrong::TooMany, Vec::new())), Vec::new()),
        Some(Problem::WrongHand) => (Some((Wrong::WrongHand, Vec::new())), Vec::new()),
    };
    Placement { named, seen: true, wrong, missing }
}

/// What is wrong with the order of these fingers: two of them are one, or one is another that counted earlier. Both are
/// named: which of the two was put down wrongly, nobody but the officer can see. Fingers of the other hand, where several
/// were put down, are that hand. Where only what was asked for says whose either was, the earlier ones are in doubt too.
pub fn repeated(judged: &[FingerJudged], earlier: &[Known]) -> Option<Repeated> {
    let mut matcher = Matcher::new();
    let mut again: Vec<(Finger, Finger)> = Vec::new();
    for (at, one) in judged.iter().enumerate() {
        let others = judged[at + 1..].iter().map(|other| (other.sample.finger, &other.template));
        let before = earlier.iter().map(|known| (known.finger, &known.template));
        for (finger, template) in others.chain(before) {
            let own = one.sample.finger;
            if finger != own && one.template.is_same_finger(template, &mut matcher) {
                again.push((own, finger));
            }
        }
    }
    let other_hand = judged.len() > 1
        && again.iter().any(|(own, earlier)| own.hand() != earlier.hand() && own.digit() != Digit::Thumb);
    let mut fingers: Vec<Finger> = again.iter().flat_map(|(own, earlier)| [*own, *earlier]).collect();
    fingers.sort_unstable();
    fingers.dedup();
    // Of a hand not every finger is known again, but it was put down as one.
    let is_doubted = |known: &&Known| {
        let hand = other_hand && known.finger.digit() != Digit::Thumb;
        !known.seen && again.iter().any(|(_, of)| *of == known.finger || hand && of.hand() == known.finger.hand())
    };
    let doubted = earlier.iter().filter(is_doubted).map(|known| known.finger).collect();
    match again.is_empty() {
        true => None,
        false if other_hand => Some(Repeated { wrong: (Wrong::WrongHand, Vec::new()), doubted }),
        false => Some(Repeated { wrong: (Wrong::SameFinger, fingers), doubted }),
    }
}

/// What is wrong with this slot's attempt. A finger over the edge spoils its own; anything else is an error of the
/// sequence, which discards the placement (BSI TR-03121-3).
pub fn wrong_of(wrong: Option<&(Wrong, Vec<Finger>)>, slot: Slot) -> Option<Wrong> {
    let (wrong, fingers) = wrong?;
    let spoilt = *wrong != Wrong::CutOff || fingers.iter().any(|finger| Slot::Finger(*finger) == slot);
    spoilt.then_some(*wrong)
}

/// What the officer is told after an attempt, and the fingers that it is about: what is wrong comes first, then a finger
/// that did not show, then the first poor one's advice.
pub fn hint(
    wanted: &[Slot],
    judged: &[FingerJudged],
    wrong: Option<&(Wrong, Vec<Finger>)>,
    missing: &[Finger],
) -> Option<(&'static str, Vec<Finger>)> {
    if let Some((wrong, fingers)) = wrong {
        return Some((wrong.id(), fingers.clone()));
    }
    if wanted.iter().any(|slot| !judged.iter().any(|judged| judged.slot() == *slot)) {
        return Some(("place-all-fingers", missing.to_vec()));
    }
    let poor = judged.iter().filter(|judged| wanted.contains(&judged.slot()) && !judged.sample.accepted);
    let advised = |judged: &FingerJudged| Some((judged.advice?, judged.sample.finger));
    let (advice, finger) = poor.filter_map(advised).next()?;
    // Where one finger is put down, it is plain which is meant.
    Some((advice, if wanted.len() > 1 { vec![finger] } else { Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::guarded::Biometric;
    use domain::record::FingerSample;
    use domain::units::Ppi;
    use quality::minutiae::Extractor;

    fn image(position: Option<Finger>, shade: u8) -> FingerImage {
        FingerImage::new(1, 1, Ppi::FIVE_HUNDRED, 8, vec![shade]).unwrap().of(position)
    }

    /// A finger that its seed decides: parallel ridges with places where one begins or ends.
    fn judged(finger: Finger, seed: u32, accepted: bool) -> FingerJudged {
        let mut number = seed.wrapping_mul(747_796_405).wrapping_add(11);
        let mut draw = || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 8) as f32 / (1u32 << 24) as f32
        };
        let ends: Vec<_> = (0..30)
            .map(|_| (20.0 + 260.0 * draw(), 20.0 + 260.0 * draw(), if draw() < 0.5 { 1.0f32 } else { -1.0 }))
            .collect();
        let shade = |at: u32| {
            let (x, y) = ((at % 300) as f32, (at / 300) as f32);
            let twist: f32 = ends.iter().map(|(ex, ey, way)| way * (y - ey).atan2(x - ex)).sum();
            (128.0 + 100.0 * ((y + 18.0 * (x * 0.012).sin()) * std::f32::consts::TAU / 9.0 + twist).sin()) as u8
        };
        let image = FingerImage::new(300, 300, Ppi::FIVE_HUNDRED, 8, (0..90_000).map(shade).collect()).unwrap();
        let sample = FingerSample {
            finger,
            png: Biometric::new(vec![]),
            ppi: Ppi::FIVE_HUNDRED,
            bit_depth: 8,
            score: None,
            scorer: String::new(),
            quality: vec![],
            accepted,
        };
        let template = Arc::new(Template::of(&mut Extractor::new(), &image));
        FingerJudged { sample, advice: (!accepted).then_some("press-more"), template, seen: false }
    }

    #[test]
    fn a_finger_that_was_put_down_for_another_one_is_noticed() {
        use Finger::*;
        let known = |finger, seed, seen| Known { seen, ..judged(finger, seed, true).known() };
        let one_by_one = [known(RightIndex, 1, false), known(RightMiddle, 2, false), known(RightThumb, 3, false)];
        let on_the_glass = [known(RightIndex, 1, true), known(RightMiddle, 2, true), known(RightThumb, 3, true)];
        for (put, wrong, doubted) in [
            (&[(LeftIndex, 5), (LeftMiddle, 6)][..], None, vec![]),
            // Again, for the same finger: a hand that is put down once more.
            (&[(RightIndex, 1), (RightMiddle, 2)], None, vec![]),
            (&[(RightIndex, 2)], Some((Wrong::SameFinger, vec![RightIndex, RightMiddle])), vec![RightMiddle]),
            (&[(LeftIndex, 1)], Some((Wrong::SameFinger, vec![RightIndex, LeftIndex])), vec![RightIndex]),
            (&[(LeftIndex, 1), (LeftMiddle, 6)], Some((Wrong::WrongHand, vec![])), vec![RightIndex, RightMiddle]),
            (
                &[(LeftThumb, 3), (RightThumb, 4)],
                Some((Wrong::SameFinger, vec![RightThumb, LeftThumb])),
                vec![RightThumb],
            ),
            (&[(LeftRing, 7), (LeftLittle, 7)], Some((Wrong::SameFinger, vec![LeftRing, LeftLittle])), vec![]),
        ] {
            let put: Vec<_> = put.iter().map(|(finger, seed)| judged(*finger, *seed, true)).collect();
            let expected = |doubted| wrong.clone().map(|wrong| Repeated { wrong, doubted });
            assert_eq!(repeated(&put, &one_by_one), expected(doubted));
            // What lay among others on the glass is whose its place says.
            assert_eq!(repeated(&put, &on_the_glass), expected(vec![]));
        }
    }

    #[test]
    fn an_error_of_the_sequence_discards_all_and_a_finger_over_the_edge_itself() {
        use Finger::*;
        for (wrong, index, middle) in [
            (None, None, None),
            (Some((Wrong::SameFinger, vec![RightIndex])), Some(Wrong::SameFinger), Some(Wrong::SameFinger)),
            (Some((Wrong::CutOff, vec![RightMiddle])), None, Some(Wrong::CutOff)),
        ] {
            let of = |finger| wrong_of(wrong.as_ref(), Slot::Finger(finger));
            assert_eq!((of(RightIndex), of(RightMiddle)), (index, middle), "{wrong:?}");
        }
    }

    #[test]
    fn the_officer_is_told_the_worst_first_and_which_finger_it_is() {
        use Finger::*;
        let slots = [RightIndex, RightMiddle].map(Slot::Finger);
        let both = [judged(RightIndex, 1, true), judged(RightMiddle, 2, false)];
        let wrong = (Wrong::SameFinger, vec![RightIndex]);
        for (wanted, seen, wrong, missing, told) in [
            (&slots[..], &both[..], Some(&wrong), &[][..], Some(("same-finger", vec![RightIndex]))),
            (&slots, &both[..1], None, &[RightMiddle], Some(("place-all-fingers", vec![RightMiddle]))),
            (&slots, &both, None, &[], Some(("press-more", vec![RightMiddle]))),
            (&slots[1..], &both[1..], None, &[], Some(("press-more", vec![]))),
            (&slots[..1], &both, None, &[], None),
        ] {
            assert_eq!(hint(wanted, seen, wrong, missing), told);
        }
    }

    #[test]
    fn images_go_to_the_fingers_that_were_asked_for() {
        use Finger::*;
        let hand = [RightIndex, RightMiddle];
        for (wanted, unnamed, sent, found) in [
            (&hand[..1], true, vec![None], vec![(RightIndex, 0)]),
            (&hand[..1], true, vec![None, None], vec![(RightIndex, 0)]),
            (&hand[..1], false, vec![Some(RightIndex)], vec![(RightIndex, 0)]),
            (&hand[..1], true, vec![Some(LeftIndex)], vec![]),
            (&hand, false, vec![Some(RightMiddle), Some(RightIndex)], vec![(RightMiddle, 0), (RightIndex, 1)]),
            (&hand, false, vec![Some(RightMiddle), Some(RightMiddle)], vec![(RightMiddle, 0)]),
            (&hand, true, vec![None], vec![]),
            // The whole glass, on which nothing lies.
            (&hand, false, vec![None], vec![]),
            (&hand[..1], false, vec![None], vec![]),
            (&hand, false, vec![], vec![]),
        ] {
            let images = sent.iter().zip(0..).map(|(position, shade)| image(*position, shade)).collect();
            let named: Vec<_> =
                placed(wanted, images, unnamed).named.iter().map(|(of, image)| (*of, image.grey()[0])).collect();
            assert_eq!(named, found, "{wanted:?} {sent:?}");
        }
    }
}
