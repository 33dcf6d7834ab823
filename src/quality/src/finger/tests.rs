use super::drawn::{Whorl, cat, image, scrambled};
use super::*;
use crate::assessment::Advice;
use domain::units::{Ppi, QualityScore};
use proptest::prelude::*;
use std::cell::RefCell;

#[test]
fn every_group_gives_its_own_identifiers() {
    let assessment = assess(&Whorl::clean(300, 340).draw());
    assert_eq!(assessment.unmeasured, []);
    let mut ids: Vec<_> = assessment.measures().map(|m| m.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), natives::COUNT);
    assert_eq!(assessment.measure("Mu"), assessment.feedback.map(|f| f.empty_image_or_contrast_too_low));
}

/// Rows of extremes: what they answer and what they advise.
#[test]
fn extremes_give_typed_outcomes() {
    let grey = |level: u8| move |_: u32, _: u32| level;
    let mut fine_cat = cat(640, 480);
    fine_cat.ppi = Ppi::try_from(1000).unwrap();
    for (name, print, outcome, advice) in [
        ("no pixels", image(0, 0, 500, grey(0)), Err(Failure::TooSmall), None),
        ("one pixel", image(1, 1, 500, grey(0)), Err(Failure::TooFewRidges), Some(Advice::PlaceWholeFingertip)),
        ("blank", image(192, 192, 508, grey(255)), Err(Failure::Blank), Some(Advice::PlaceFinger)),
        ("black", image(500, 500, 500, grey(0)), Err(Failure::TooFewRidges), Some(Advice::PlaceWholeFingertip)),
        ("black, largest", image(800, 1000, 500, grey(0)), Err(Failure::TooFewRidges), None),
        ("too wide", image(801, 1000, 500, grey(0)), Err(Failure::TooLarge), None),
        ("too high", image(800, 1001, 500, grey(0)), Err(Failure::TooLarge), None),
        ("wide, blank margin", image(1600, 1000, 500, grey(251)), Err(Failure::Blank), None),
        ("low resolution", image(196, 196, 200, grey(0)), Err(Failure::ResolutionTooLow), None),
        ("one row", image(800, 1, 500, |x, _| x as u8), Err(Failure::TooFewRidges), None),
        ("one column", image(1, 1000, 500, |_, y| y as u8), Err(Failure::TooFewRidges), None),
        // The reference gives white noise 30 to 36.
        ("noise", image(300, 300, 500, |x, y| scrambled(x, y) as u8), Err(Failure::NoMinutiae), None),
        (
            "noise, smallest of the reference",
            image(196, 196, 500, |x, y| scrambled(x, y) as u8),
            Err(Failure::NoMinutiae),
            None,
        ),
        ("noise, largest", image(800, 1000, 500, |x, y| scrambled(x, y) as u8), Err(Failure::NoMinutiae), None),
        ("cat", cat(500, 500), Ok(0..=45), None),
        ("cat, largest", cat(800, 1000), Ok(0..=45), None),
        ("cat at 1000 ppi", fine_cat, Ok(0..=45), None),
        ("slope", image(500, 500, 500, |x, _| (x / 2) as u8), Err(Failure::TooFewRidges), None),
    ] {
        let assessment = assess(&print);
        match (&outcome, assessment.score.value) {
            (Ok(range), Ok(score)) => assert!(range.contains(&score.get()), "{name}: {score}"),
            (Err(failure), got) => assert_eq!(got, Err(*failure), "{name}"),
            (Ok(_), Err(failure)) => panic!("{name}: {failure:?}"),
        }
        if advice.is_some() {
            assert_eq!(assessment.advice.first().copied(), advice, "{name}");
        }
    }
}

#[test]
fn one_workspace_answers_as_a_new_one_does() {
    let mut assessor = Assessor::new();
    let blank = image(90, 90, 500, |_, _| 255);
    for print in [
        Whorl::clean(300, 340).draw(),
        blank,
        Whorl::clean(192, 192).draw(),
        cat(260, 300),
        Whorl::clean(300, 340).draw(),
    ] {
        let found = assessor.assess(&print).clone();
        assert_eq!(found, assess(&print));
        let traces = found.measure("FingerJetFX_MinutiaeCount").unwrap_or_default();
        assert!(assessor.minutiae().count() as f64 <= traces);
    }
}

#[test]
fn without_minutiae_only_their_values_are_absent() {
    let print = Whorl::clean(300, 340).draw();
    let (whole, mut assessor) = (assess(&print), Assessor::without_minutiae());
    let found = assessor.assess(&print);
    let minutiae = natives::MINUTIAE_COUNT.start..natives::MINUTIAE_QUALITY.end;
    for place in 0..natives::COUNT {
        let expected = if minutiae.contains(&place) { None } else { whole.natives.at(place) };
        assert_eq!(found.natives.at(place), expected, "{}", natives::IDS[place]);
    }
    assert_eq!(found.feedback.unwrap().fingerprint_image_with_minutiae, None);
    assert_eq!(whole.feedback.unwrap().fingerprint_image_with_minutiae, whole.measure("FingerJetFX_MinutiaeCount"));
    assert_eq!(found.unmeasured.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["MinutiaeCount", "MinutiaeQuality"]);
    assert_eq!(assessor.minutiae().count(), 0);
}

#[test]
fn score_and_advice_follow_the_print() {
    let clean = Whorl::clean(300, 340);
    let score = |whorl: Whorl| assess(&whorl.draw()).value().map_or(0, QualityScore::get);
    let whole = score(clean);
    for (name, whorl, advice) in [
        ("dry", Whorl { ridge_width: 1, ridge: 150, noise: 60, ..clean }, Advice::Moisten),
        ("wet", Whorl { ridge_width: 8, valley: 150, noise: 90, ..clean }, Advice::Dry),
        ("pressed", Whorl { ridge_width: 8, noise: 80, ..clean }, Advice::PressLess),
        ("faint", Whorl { ridge: 180, valley: 200, noise: 80, ..clean }, Advice::PressMore),
        ("small", Whorl { reach: 58, ..clean }, Advice::PlaceWholeFingertip),
    ] {
        let assessment = assess(&whorl.draw());
        let score = score(whorl);
        assert!(score + 10 <= whole, "{name}: {score}, clean {whole}; {:?}", assessment.components);
        assert_eq!(assessment.advice.first(), Some(&advice), "{name}: {:?}", assessment.components);
    }
    // Rings hold hardly a minutia, and a print without any has no score.
    let ringed = |whorl: Whorl| Assessor::without_minutiae().assess(&whorl.draw()).value().map_or(0, QualityScore::get);
    let (little, large) = (ringed(Whorl::clean(192, 192)), ringed(Whorl::clean(400, 480)));
    assert!(little < large, "a small sensor {little}, a large one {large}: the reference, too, wants area");
}

#[test]
fn a_print_beside_the_middle_is_sent_there() {
    let whole = Whorl { reach: 58, ..Whorl::clean(192, 192) }.draw();
    let beside = image(192, 192, 500, |x, y| if x < 142 { whole.grey()[(y * 192 + x + 50) as usize] } else { 255 });
    assert_eq!(assess(&beside).advice.first(), Some(&Advice::CentreFinger));
}

#[test]
fn resampling_changes_little() {
    let print = Whorl::clean(300, 340).draw();
    let at_500 = assess(&print).value().unwrap().get();
    // The same pixels said to be 508 ppi are a print 1.6 % smaller.
    let grey = print.grey().to_vec();
    let at_508 = FingerImage::new(300, 340, Ppi::try_from(508).unwrap(), 8, grey).unwrap();
    let at_508 = assess(&at_508).value().unwrap().get();
    assert!(at_500.abs_diff(at_508) <= 8, "{at_500} at 500 ppi, {at_508} at 508 ppi");
}

#[test]
fn a_trace_sees_every_intermediate_and_changes_nothing() {
    struct Seen(RefCell<Vec<(&'static str, usize)>>);
    impl Trace for Seen {
        fn record(&self, key: &'static str, width: usize, height: usize, grey: &[u8]) {
            assert_eq!(grey.len(), width * height);
            self.0.borrow_mut().push((key, grey.iter().filter(|&&g| g == 255).count()));
        }
    }
    let seen = Seen(RefCell::default());
    let print = Whorl::clean(192, 192).draw();
    assert_eq!(assess_traced(&print, &seen), assess(&print));
    let keys: Vec<_> = seen.0.borrow().iter().map(|(key, _)| *key).collect();
    assert_eq!(keys, ["print", "foreground", "region"]);
    assert!(seen.0.borrow()[1..].iter().all(|(_, inside)| *inside > 0));
}

#[test]
fn an_assessment_shows_no_pixel() {
    let print = image(192, 192, 500, |x, y| if (x / 4 + y / 64) % 2 == 0 { 37 } else { 213 });
    assert!(!format!("{:?}", assess(&print)).contains("[37, 37"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn assess_never_panics_and_measures_are_finite(
        width in prop_oneof![0u32..70, 180u32..230, Just(801u32)],
        height in prop_oneof![0u32..70, 180u32..230, Just(1001u32)],
        ppi in prop_oneof![Just(500u32), 100u32..=2000],
        seed in any::<u32>(),
        texture in 0u32..4,
    ) {
        let print = image(width, height, ppi, |x, y| match texture {
            0 => (scrambled(x ^ seed, y) >> 3) as u8,
            1 => (x.wrapping_mul(seed % 61) + y.wrapping_mul(seed % 53)) as u8,
            2 => if scrambled((x / 9) ^ seed, y / 7) & 1 == 0 { 0 } else { 255 },
            _ => 250 + (scrambled(x, y ^ seed) % 3) as u8,
        });
        let assessment = assess(&print);
        for measure in assessment.measures() {
            prop_assert!(measure.value.is_finite(), "{}", measure.id);
        }
        for (id, component) in &assessment.components {
            prop_assert!(component.native().is_none_or(f64::is_finite), "{id}");
        }
        prop_assert_eq!(assessment.value().is_none(), assessment.score.value.is_err());
        prop_assert!(assessment.advice.len() <= COMPONENTS.len());
    }
}
