//! What the traveller's display and receipt promise: everything that has to be told, in every language, and nothing else.

use super::*;
use crate::web::traveller::{Screen, display, receipt};
use domain::policy::{Notice, Source};

/// Words of the officer's page that may reach neither display nor receipt.
const CANARIES: &[&str] = &[
    "O'HARA",
    "O&#39;HARA",
    "X123",
    "SRB",
    "1974-08-12",
    "2032-04-15",
    "anna",
    "Q7OLGA",
    "check-digit",
    "seen-before",
    "trial",
    "D-12",
    "diplomat",
    "confirm-nationality",
    "attack",
    "exhausted",
    "rejected",
    "score",
    "S9-",
];

/// Scores, which a page would show as these digits and nothing else does.
const SCORES: &[&str] = &["83", "97"];

/// Every state of the display, with a name for messages.
fn states() -> Vec<(String, Panel)> {
    let mut states: Vec<(String, Panel)> = STEPS.iter().map(|step| ((*step).to_owned(), full(step))).collect();
    let mut face = full("capturing");
    (face.view.slot, face.view.aimed_at) = (Some("face"), vec!["face"]);
    for advice in advices() {
        let mut hinted = if advice.contains("finger") { full("capturing") } else { face.clone() };
        hinted.view.hint = Some(advice);
        states.push((format!("advice {advice}"), hinted));
    }
    for prompt in PROMPTS {
        let mut asked = full("capturing");
        asked.view.prompt = Some(prompt);
        (asked.view.slot, asked.view.aimed_at) = (Some("right-four"), vec!["right-index", "right-middle"]);
        states.push((format!("prompt {prompt}"), asked));
    }
    for outcome in Outcome::ALL {
        let mut ended = full("closed");
        ended.view.outcome = Some(outcome.id());
        states.push((format!("outcome {outcome:?}"), ended));
    }
    for (name, decision) in questions() {
        let mut asked = full("decided");
        asked.view.decision = Some(decision);
        states.push((format!("question {name}"), asked));
    }
    states
}

const PROMPTS: &[&str] =
    &["look-at-camera", "place-finger", "place-fingers", "lift-finger", "lift-fingers", "hold-still"];

fn advices() -> Vec<&'static str> {
    let all = quality::assessment::Advice::ALL.iter().map(|advice| advice.id());
    all.chain(["place-all-fingers"]).chain(domain::session::Wrong::ALL.iter().map(|wrong| wrong.id())).collect()
}

/// A panel with everything that the officer sees, faults, cues and other travellers' cases among it.
fn full(step: &'static str) -> Panel {
    let mut full = panel(step);
    full.view.fault = Some(FaultView { code: "D-12".into(), text: "The scanner was unplugged.".into() });
    full.view.slots = vec![slot("face", "accepted", Some(83)), slot("right-index", "exhausted", Some(97))];
    full.parked[0].view.case = CaseNumber::parse("S9-260315-0031").unwrap();
    full.parked[0].officer = "Q7OLGA".into();
    full.local_date = "2026-11-22 14:05".into();
    full
}

/// A page without its markup and its drawings.
fn text_of(page: &str) -> String {
    let drawn: String =
        page.split("<svg").map(|part| part.split_once("</svg>").map_or(part, |(_, rest)| rest)).collect();
    drawn.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

async fn shown(t: Locale<'_>, panel: &Panel) -> String {
    html(display(t, &Screen::of(panel), &panel.notices)).await
}

#[tokio::test]
async fn nothing_but_what_travellers_are_told_is_on_the_display() {
    let locales = Locales::load().unwrap();
    for (name, panel) in states() {
        // Advice and prompts differ by one sentence: two ways of writing are enough for them.
        let few = name.contains("advice") || name.contains("prompt");
        for t in locales.each().filter(|t| !few || ["hy", "ar"].contains(&t.id)) {
            let page = shown(t, &panel).await;
            let read = text_of(&page);
            for canary in CANARIES {
                assert!(!page.contains(canary), "{name} in {}: {canary}", t.id);
            }
            for score in SCORES {
                assert!(!read.contains(score), "{name} in {}: {score} in {read}", t.id);
            }
            for unsaid in ["{ $", "{$", "advice-", "prompt-", "privacy-", "finger-right"] {
                assert!(!read.contains(unsaid), "{name} in {}: {unsaid} in {read}", t.id);
            }
            assert!(page.contains(&format!("<html lang=\"{}\" dir=\"{}\">", t.id, t.dir())), "{name}");
            assert!(read.contains(&t.say("simulated")), "{name} in {}", t.id);
            assert_eq!(page.matches("<h1").count(), 1, "{name} says one thing first");
            for forbidden in [" style=", "<style", "javascript:", "https://", "<form"] {
                assert!(!page.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
}

#[tokio::test]
async fn the_case_is_named_to_whoever_leaves_and_the_mirror_runs_while_a_face_may_be_taken() {
    let locales = Locales::load().unwrap();
    for (name, panel) in states() {
        let page = shown(locales.get("en"), &panel).await;
        let (face, leaving) =
            (panel.view.slot == Some("face") && panel.view.step == "capturing", panel.view.step == "closed");
        assert_eq!(page.contains("id=\"mirror\""), face, "{name}");
        assert_eq!(page.contains("/traveller/mirror/S1-260315-0007/2"), face, "{name}");
        assert_eq!(page.contains("<p class=\"number\">"), leaving, "{name}");
        if !face && !leaving {
            assert!(!page.contains("S1-260315-0007"), "{name}");
        }
    }
    let mut held = full("held");
    (held.view.slot, held.view.aimed_at) = (Some("face"), vec!["face"]);
    assert_eq!(Screen::of(&held).mirror, None, "a device that failed has lost its permit");
    let mut real = full("document");
    real.simulated = false;
    assert!(!shown(locales.get("en"), &real).await.contains("SIMULATED"));
}

#[tokio::test]
async fn every_outcome_has_words_of_its_own_and_a_receipt_without_a_name() {
    let locales = Locales::load().unwrap();
    for (outcome, kind, said) in [
        ("enrolled", "done", "receipt-done"),
        ("enrolled-with-exceptions", "done", "receipt-done"),
        ("exempt", "nothing", "receipt-nothing"),
        ("not-in-scope", "nothing", "receipt-nothing"),
        ("in-review", "supervisor", "receipt-waiting"),
        ("failure-to-enrol", "speak", "receipt-speak"),
        ("cancelled", "speak", "receipt-speak"),
        ("refused-by-traveller", "speak", "receipt-speak"),
        ("no-rule", "speak", "receipt-speak"),
    ] {
        for t in locales.each() {
            let mut ended = full("closed");
            (ended.view.outcome, ended.language) = (Some(outcome), t.id);
            assert_eq!(Screen::of(&ended).kind, kind, "{outcome}");
            let sheet = html(receipt(&locales, &ended, "domodedovo")).await;
            for has in [&t.say(said), "S1-260315-0007", "domodedovo", "2026-11-22", &t.say("simulated")] {
                assert!(text_of(&sheet).contains(has), "{outcome} in {}: {has}", t.id);
            }
            for canary in CANARIES {
                assert!(!sheet.contains(canary), "{outcome} in {}: {canary}", t.id);
            }
            let languages = if ["en", "ru"].contains(&t.id) { 1 } else { 3 };
            assert_eq!(sheet.matches("<section lang=").count(), languages, "{outcome} in {}", t.id);
        }
    }
    for step in STEPS.iter().filter(|step| **step != "closed") {
        assert_eq!(receipt(&locales, &full(step), "domodedovo").status().as_u16(), 404, "{step}");
    }
}

#[tokio::test]
async fn the_privacy_notice_is_the_authoritys_where_it_has_one_and_stands_beside_english_and_russian() {
    let locales = Locales::load().unwrap();
    let source = Source { cite: "A".into(), published: "2026".into() };
    let notice = |language: &str, text: &str| Notice {
        language: language.into(),
        text: text.into(),
        sources: vec![source.clone()],
    };
    let mut next = full("declare");
    next.notices = vec![notice("ru", "Извещение органа <b>"), notice("hy", "Ծանուցում")];
    for (language, shown_in, has, lacks) in [
        ("hy", vec!["hy", "en", "ru"], vec!["Ծանուցում", "Извещение органа &#60;b&#62;"], "privacy-kept"),
        ("ar", vec!["ar", "en", "ru"], vec!["Извещение органа &#60;b&#62;"], ""),
        ("ru", vec!["ru"], vec!["Извещение органа &#60;b&#62;"], "privacy-kept"),
        ("en", vec!["en"], vec!["sealed at once"], ""),
    ] {
        let t = locales.get(language);
        let page = shown(t, &next).await;
        let stands: Vec<_> = page.split("data-notice=\"").skip(1).filter_map(|part| part.split('"').next()).collect();
        assert_eq!(stands, shown_in, "{language}");
        for text in has {
            assert!(page.contains(text), "{language}: {text}");
        }
        assert!(lacks.is_empty() || !page.contains(&t.say(lacks)), "{language}");
    }
}

#[test]
fn every_advice_and_prompt_has_words_for_travellers() {
    let locales = Locales::load().unwrap();
    for t in locales.each() {
        for advice in advices() {
            assert!(t.has(&format!("advice-{advice}")), "{}: {advice}", t.id);
        }
        for prompt in PROMPTS {
            assert!(t.has(&format!("prompt-traveller-{prompt}")), "{}: {prompt}", t.id);
        }
    }
}
