//! What pages say of faces: the engine that judges, the live picture, the components of a portrait.

use super::*;
use crate::desk::AttackCues;

/// The configured engine is not there, and another judges or none does.
fn lacking(judged: bool) -> EngineView {
    let not_assessed = &["pose", "eyes", "mouth"];
    let lacking = Some(Lacking { engine: "blazeface".into(), code: "Q-12", not_assessed, mend: MEND });
    let model = if judged { "ab".repeat(32) } else { String::new() };
    EngineView { name: if judged { "opencv-haar-frontalface" } else { "none" }, model, lacking }
}

#[tokio::test]
async fn an_officer_is_told_of_an_engine_that_stands_in() {
    let locales = Locales::load().unwrap();
    for (engine, sentence, state) in [
        (EngineView::default(), "", ""),
        (lacking(true), "without pose, eyes and mouth", "<li class=\"degraded\" data-engine"),
        (lacking(false), "No face can be captured", "<li class=\"faulted\" data-engine"),
    ] {
        for step in STEPS {
            let mut shown = panel(step);
            shown.face_engine = engine.clone();
            shown.view.slot = matches!(*step, "capturing").then_some("face");
            let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &shown)).await;
            let told = engine.lacking.is_some() && ["idle", "declare", "capturing", "summary"].contains(step);
            assert_eq!(page.contains("data-warning=\"face-engine\" data-code=\"Q-12\""), told, "{step}");
            assert_eq!(page.contains(&format!("<code>{MEND}</code>")), told, "{step}");
            assert!(!told || page.contains(sentence), "{step}: {sentence}");
            assert!(page.contains(state), "{step}: the list of devices says so at every step");
        }
    }
}

#[tokio::test]
async fn a_hint_of_the_face_has_its_pictogram_and_its_side() {
    let locales = Locales::load().unwrap();
    let pictures = include_str!("../../../assets/hints.svg");
    for hint in
        ["back", "close-mouth", "closer", "down", "hold-still", "left", "less-light", "look-straight", "more-light"]
            .into_iter()
            .chain(["one-only", "open-eyes", "right", "uncover-eyes", "uncover-mouth", "up", "white-light"])
    {
        assert!(pictures.contains(&format!("<symbol id=\"{hint}\"")), "{hint} is not drawn");
        let mut shown = panel("capturing");
        shown.view.slot = Some("face");
        shown.view.hint = Some(hint);
        for mirrored in [false, true] {
            shown.mirrored = mirrored;
            let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &shown)).await;
            let class = format!("class=\"live{} hint-{hint}\"", if mirrored { " mirrored" } else { "" });
            assert!(page.contains(&class), "{class}");
            assert!(page.contains(&format!("href=\"/assets/hints.svg#{hint}\"")), "{hint}");
        }
    }
}

#[tokio::test]
async fn a_supervisor_sees_every_component_of_the_portrait() {
    let locales = Locales::load().unwrap();
    let waiting = parked(ReviewReason::Rejected(vec![]), "waiting");
    let page =
        html(pages::review(locales.get("en"), &login(Role::Supervisor), &waiting, &panel("idle"), &history())).await;
    for has in [
        "opencv-haar-frontalface 0123456789ab, by the face",
        "data-not-assessed>Mandatory, and not judged: EyesOpen</p>",
        ">DynamicRange</th><td>87.50</td><td>88</td>",
        "<tr class=\"missing\"><th scope=\"row\" lang=\"en\">EyesOpen</th><td colspan=\"2\" class=\"none\" lang=\"en\">needs landmarks</td>",
    ] {
        assert!(page.contains(has), "{has}");
    }
}

#[tokio::test]
async fn attack_cues_are_for_the_officer_alone_and_say_what_they_are() {
    let locales = Locales::load().unwrap();
    for step in STEPS {
        let not_assessed = vec![("border", "too few frames"), ("flat", "needs landmarks")];
        for (cues, told) in [
            (None, [false, false]),
            (Some(AttackCues { score: Some(0.374), not_assessed: vec![] }), [true, false]),
            (Some(AttackCues { score: Some(0.374), not_assessed: not_assessed.clone() }), [true, true]),
            (Some(AttackCues { score: None, not_assessed }), [false, true]),
        ] {
            let shown = Panel { attack_cues: cues.clone(), ..panel(step) };
            let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &shown)).await;
            let here = *step == "summary";
            assert_eq!(
                [page.contains("<strong>0.37</strong>"), page.contains("too few frames")],
                told.map(|told| told && here)
            );
            let none_at_all = cues.as_ref().is_some_and(|cues| cues.score.is_none()) && here;
            assert_eq!(page.contains("<strong>not assessed</strong>"), none_at_all, "{step}");
            assert_eq!(page.contains("advisory, not a tested attack detection"), cues.is_some() && here, "{step}");
            assert_eq!(page.contains("edges of a sheet or screen"), told[1] && here, "{step}");
            let pages = [
                html(pages::supervisor(locales.get("en"), &login(Role::Supervisor), &shown)).await,
                html(pages::login(locales.get("en"), true, None)).await,
                serde_json::to_string(&shown.view).unwrap(),
            ];
            assert!(
                pages.iter().all(|page| !page.contains("0.37") && !page.contains("cues") && !page.contains("too few")),
                "{step}"
            );
        }
    }
}
