//! What every page promises.

use super::*;

#[tokio::test]
async fn no_page_needs_anything_that_its_own_policy_forbids() {
    let locales = Locales::load().unwrap();
    for id in LANGUAGES {
        for (name, page) in all_pages(locales.get(id)).await {
            for forbidden in [" style=", "<style", " onclick=", " onload=", "javascript:", "https://", "src=\"http"] {
                assert!(!page.contains(forbidden), "{name} in {id} has {forbidden}");
            }
            let scripts = page.matches("<script").count();
            assert_eq!(scripts, page.matches("<script type=\"module\" src=\"/assets/").count(), "{name} in {id}");
            let dir = if *id == "ar" { "rtl" } else { "ltr" };
            assert!(page.contains(&format!("<html lang=\"{id}\" dir=\"{dir}\">")), "{name} in {id}");
            assert!(!page.contains("{ $") && !page.contains("{$"), "{name} in {id}: a text lacks an argument");
            assert!(!page.contains("<b>O'HARA"), "{name} lets a name speak HTML");
        }
    }
}

#[tokio::test]
async fn every_form_of_a_case_carries_the_secret_of_the_log_in() {
    let locales = Locales::load().unwrap();
    for (name, page) in all_pages(locales.get("en")).await {
        for form in page.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let of_a_log_in = ["/officer/", "/supervisor/", "/session/", "/unlock"];
            let about_a_case = of_a_log_in.iter().any(|path| form.contains(&format!("action=\"{path}")));
            assert_eq!(form.contains("name=\"csrf\" value=\""), about_a_case, "{name}: {form}");
        }
    }
}

#[tokio::test]
async fn each_step_offers_its_own_actions_and_one_of_them_first() {
    let locales = Locales::load().unwrap();
    let pages = all_pages(locales.get("en")).await;
    for (name, ids, primary) in [
        ("idle", vec!["new"], 1),
        ("confirm-date", vec!["cancel"], 1),
        ("document", vec!["cancel", "typed", "fields"], 0),
        ("decided", vec!["proceed", "claim", "cancel"], 1),
        ("declare", vec!["start-capture", "declare", "claim", "refused", "cancel"], 1),
        ("capturing", vec!["prompt", "hint", "refused", "cancel"], 0),
        ("face", vec!["live", "prompt", "hint", "refused", "cancel"], 0),
        ("held", vec!["retry", "refused", "cancel"], 1),
        ("summary", vec!["sign", "veto", "refused", "cancel"], 1),
        ("closed", vec!["new", "record"], 1),
        ("birth-date", vec!["to-supervisor", "answer", "cancel"], 1),
        ("confirm-nationality", vec!["typed", "fields", "to-supervisor"], 1),
        ("hinted-exemption", vec!["claim", "to-supervisor"], 1),
        ("read-again", vec!["typed", "fields", "to-supervisor"], 0),
        ("unknown-code", vec!["to-supervisor"], 1),
        ("review", vec!["decide", "approve", "recapture", "refuse"], 1),
    ] {
        let (_, page) = pages.iter().find(|(known, _)| known == name).unwrap();
        for id in ids {
            assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{name}: {id}");
        }
        assert_eq!(page.matches("\"primary huge\"").count(), primary, "{name}");
    }
}

#[tokio::test]
async fn questions_carry_their_names_and_answers() {
    let locales = Locales::load().unwrap();
    let pages = all_pages(locales.get("en")).await;
    for (name, answers) in [
        ("birth-date", vec![]),
        ("confirm-nationality", vec!["yes", "no"]),
        ("hinted-exemption", vec!["no"]),
        ("read-again", vec![]),
        ("unknown-code", vec![]),
    ] {
        let (_, page) = pages.iter().find(|(known, _)| known == name).unwrap();
        assert!(page.contains(&format!("data-question=\"{name}\"")), "{name}");
        for answer in ["yes", "no"] {
            let offered = page.contains(&format!("name=\"answer\" value=\"{answer}\""));
            assert_eq!(offered, answers.contains(&answer), "{name}: {answer}");
        }
    }
}

#[tokio::test]
async fn fingers_are_drawn_as_they_stand() {
    let locales = Locales::load().unwrap();
    let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &panel("capturing"))).await;
    for finger in Finger::ALL {
        let state = match finger {
            Finger::RightIndex => "active",
            Finger::LeftIndex => "exhausted",
            Finger::LeftThumb => "missing",
            _ => "idle",
        };
        let drawn = format!("<g class=\"finger {state}\" data-finger=\"{finger}\"");
        assert_eq!(page.matches(&drawn).count(), 1, "{finger}");
    }
}

#[tokio::test]
async fn a_supervisor_sees_attempts_and_nobody_decides_on_their_own_case() {
    let locales = Locales::load().unwrap();
    let supervisor = login(Role::Supervisor);
    let waiting = parked(ReviewReason::Vetoed(Slot::Face, Veto::AcceptedForReason), "waiting");
    let own = ParkedPanel { officer: "anna".into(), ..waiting.clone() };
    let recapture = ParkedPanel { view: ParkedView { state: "recapture", ..waiting.view.clone() }, ..waiting.clone() };
    for (name, case, decides) in [("other", &waiting, true), ("own", &own, false), ("recapture", &recapture, false)] {
        let page = html(pages::review(locales.get("en"), &supervisor, case, &panel("idle"))).await;
        assert_eq!(page.contains("id=\"approve\""), decides, "{name}");
        assert_eq!(page.contains("data-own"), name == "own", "{name}");
        assert_eq!(page.matches("class=\"tag\"").count(), 1, "one attempt is the best");
        assert!(page.contains("Attempt 1 <span class=\"tag\""), "the best is the one with the highest score");
        assert!(page.contains("12:03") && page.contains("D-12"));
    }
}

#[tokio::test]
async fn refusals_speak_the_language_of_the_browser() {
    let locales = Locales::load().unwrap();
    for (id, back, error, has) in [
        ("en", "/", PageError::Desk(DeskRefusal::NotNow), "not possible at this step"),
        ("ru", "/", PageError::Desk(DeskRefusal::NotNow), "На этом шаге это невозможно"),
        ("ru", "/supervisor", PageError::Desk(DeskRefusal::OwnCase), "другой старший"),
        ("ru", "/", PageError::Desk(DeskRefusal::Field("date of birth", String::new())), "1974-08-12"),
        ("ru", "/", PageError::Desk(DeskRefusal::NoDevice("fingerprint scanner")), "Сканер пальцев"),
        ("en", "/", PageError::Desk(DeskRefusal::Document("Line 2 is short".into())), "Line 2 is short"),
    ] {
        let (code, status) = (error.code(), error.clone().into_response().status());
        let answer = translated(error.into_response(), locales.get(id), back);
        assert_eq!(answer.status(), status);
        let page = html(answer).await;
        assert!(page.contains(&format!("<p class=\"error\" data-code=\"{code}\">")), "{code}");
        assert!(page.contains(has), "{code}: {page}");
        assert!(page.contains(&format!("href=\"{back}\"")), "{code}");
    }
}

#[tokio::test]
async fn a_fault_is_told_by_its_code_with_its_detail() {
    let locales = Locales::load().unwrap();
    for (code, text, has) in [
        ("D-12", "The scanner was unplugged.", "Сканер отключён"),
        ("U-04", "The document could not be read: Line 2 is short", "Line 2 is short"),
        ("D-99", "A new fault.", "A new fault."),
    ] {
        let mut held = panel("held");
        held.view.fault = Some(FaultView { code: code.into(), text: text.into() });
        let page = html(pages::officer(locales.get("ru"), &login(Role::Officer), &held)).await;
        assert!(page.contains(&format!("data-code=\"{code}\"")) && page.contains(has), "{code}");
    }
}
