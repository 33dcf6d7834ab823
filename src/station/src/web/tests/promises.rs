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
async fn every_page_of_a_simulated_station_says_so_and_no_other_does() {
    let locales = Locales::load().unwrap();
    for simulated in [true, false] {
        for (name, page) in all_pages(locales.get("en").on_simulated(simulated)).await {
            assert_eq!(page.contains("<span class=\"badge simulated\">SIMULATED</span>"), simulated, "{name}");
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
            let about_a_case = form.contains("method=\"post\"")
                && of_a_log_in.iter().any(|path| form.contains(&format!("action=\"{path}")));
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
        ("decided", vec!["proceed", "before-application", "claim", "undo", "cancel"], 1),
        ("declare", vec!["start-capture", "declare", "before-profile", "claim", "refused", "cancel"], 1),
        ("capturing", vec!["prompt", "hint", "refused", "undo", "cancel"], 0),
        ("face", vec!["live", "prompt", "hint", "refused", "cancel"], 0),
        ("held", vec!["retry", "refused", "cancel"], 1),
        ("summary", vec!["sign", "veto", "take-back", "refused", "undo", "cancel"], 1),
        ("closed", vec!["new", "record"], 1),
        ("birth-date", vec!["to-supervisor", "answer", "cancel"], 1),
        ("confirm-nationality", vec!["typed", "fields", "to-supervisor"], 1),
        ("hinted-exemption", vec!["claim", "to-supervisor"], 1),
        ("read-again", vec!["typed", "fields", "to-supervisor"], 0),
        ("unknown-code", vec!["to-supervisor"], 1),
        ("list", vec!["search"], 0),
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
async fn what_was_owed_before_arrival_is_shown_with_what_is_known_of_it() {
    let locales = Locales::load().unwrap();
    for step in ["decided", "declare"] {
        let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &panel(step))).await;
        for has in [
            "data-before=\"application\" data-shown=\"given\" data-says=\"other-document\"",
            "Pre-arrival application: number noted, for another document",
            "By 2026-03-12 12:00. In an emergency by 2026-03-15 08:00. Not before 2025-12-15 12:00: handed in late",
            "name=\"number\" class=\"upper\" maxlength=\"256\" spellcheck=\"false\" value=\"AB&#60;12\"",
            "<option value=\"none\" selected>none</option>",
            "<option value=\"visa\">visa</option>",
            "<option value=\"ticket\">A ticket?</option>",
            "name=\"emergency\" value=\"yes\" checked",
            "Nothing of this is a ground to refuse",
        ] {
            assert!(page.contains(has), "{step}: {has}: {page}");
        }
        let mut nothing = panel(step);
        nothing.before.clear();
        let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &nothing)).await;
        assert!(!page.contains("/officer/before-arrival"), "{step}");
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
        let page = html(pages::review(locales.get("en"), &supervisor, case, &panel("idle"), &history())).await;
        assert_eq!(page.contains("id=\"approve\""), decides, "{name}");
        assert_eq!(page.contains("data-own"), name == "own", "{name}");
        assert_eq!(page.matches("class=\"tag\"").count(), 1, "one attempt is the best");
        assert!(page.contains("Attempt 1 <span class=\"tag\""), "the best is the one with the highest score");
        assert!(page.contains("12:03") && page.contains("D-12"));
        assert!(page.contains("/sample/right-index?attempt=2\""), "the attempt beside the best one is shown");
        assert!(page.contains("lang=\"en\">FrequencyDomain</th><td>31</td><td>88</td></tr>"), "side by side: {page}");
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

/// An order from a page that the desk has left behind is refused, because the page says what it showed.
#[tokio::test]
async fn every_form_of_an_officer_says_what_the_page_showed() {
    let locales = Locales::load().unwrap();
    for step in STEPS {
        let shown = panel(step);
        let at = format!("name=\"at\" value=\"{}\"", shown.view.at());
        let page = html(pages::officer(locales.get("en"), &login(Role::Officer), &shown)).await;
        for form in page
            .split("<form ")
            .skip(1)
            .filter(|form| form.contains("action=\"/officer/") && !form.contains("/traveller-language"))
        {
            assert!(form.split("</form>").next().unwrap().contains(&at), "{step}: {form}");
        }
    }
    let (mut decided, mut summary) = (panel("decided"), panel("summary"));
    let before = (decided.view.at(), summary.view.at());
    decided.view.decision = Some(questions().remove(0).1);
    summary.view.slots[1].attempts += 1;
    assert_ne!((decided.view.at(), summary.view.at()), before, "another question, and other samples to sign");
    summary.view.version += 1;
    summary.view.hint = None;
    assert_eq!(
        summary.view.at(),
        panel("summary").view.at().replace(" 6", " 7"),
        "what moves by itself changes nothing"
    );
}

#[tokio::test]
async fn every_button_of_a_step_names_its_key() {
    let locales = Locales::load().unwrap();
    for (name, page) in all_pages(locales.get("en")).await {
        let at_a_desk = ["<body class=\"officer", "<body class=\"supervisor"].iter().any(|body| page.contains(body));
        if !at_a_desk {
            continue;
        }
        let bar = page.find("</header>").unwrap();
        for button in page[bar..].split("<button").skip(1) {
            let button = button.split("</button>").next().unwrap();
            // Of several cases that can be called back the first one answers to the key.
            let without = [">Call back", "End of the shift", "name=\"language\""];
            let shows = button.contains("<kbd>") || without.iter().any(|part| button.contains(part));
            assert!(shows, "{name}: {button}");
        }
    }
}

#[tokio::test]
async fn nobody_there_at_night_is_said_with_whom_to_call() {
    let locales = Locales::load().unwrap();
    let rule = Escalation { after_minutes: 15, call: "extension 112".into(), traveller: WhileWaiting::GoesOn };
    for (minutes, rule, told) in [(14, Some(&rule), false), (15, Some(&rule), true), (600, None, false)] {
        let mut shown = panel("closed");
        shown.view.outcome = Some("in-review");
        shown.escalation = rule.cloned();
        shown.parked = vec![parked(ReviewReason::NoFingers, "waiting")];
        shown.parked[0].since = Instant::now().checked_sub(Duration::from_secs(minutes * 60)).unwrap().into();
        let officer = html(pages::officer(locales.get("en"), &login(Role::Officer), &shown)).await;
        let supervisor = html(pages::supervisor(locales.get("en"), &login(Role::Supervisor), &shown)).await;
        for page in [&officer, &supervisor] {
            assert_eq!(page.contains("data-escalated") && page.contains("extension 112"), told, "{minutes}");
            assert!(page.contains(&format!("The oldest has waited <strong>{minutes} minutes")), "{minutes}");
        }
        assert!(officer.contains(if rule.is_some() { "go on to border control" } else { "Please wait here" }));
    }
}

#[tokio::test]
async fn what_a_restart_cut_off_is_told_to_officer_and_supervisor() {
    let locales = Locales::load().unwrap();
    let mut shown = panel("idle");
    shown.view.interrupted = vec![InterruptedView { case: case(), stage: "capture" }];
    let pages = [
        html(pages::officer(locales.get("en"), &login(Role::Officer), &shown)).await,
        html(pages::supervisor(locales.get("en"), &login(Role::Supervisor), &shown)).await,
    ];
    for page in pages {
        assert!(page.contains("data-interrupted=\"S1-260315-0007\"") && page.contains("Face and fingers"), "{page}");
    }
}

#[tokio::test]
async fn a_supervisor_sees_what_was_declared_vetoed_and_done() {
    let locales = Locales::load().unwrap();
    let waiting = ParkedPanel {
        family: vec![CaseNumber::parse("S1-260315-0008").unwrap()],
        accompanying: CaseNumber::parse("S1-260315-0006"),
        refers: CaseNumber::parse("S1-260315-0006").map(|case| (case, StaffId("boris".into()))),
        ..parked(ReviewReason::NoFingers, "waiting")
    };
    let page =
        html(pages::review(locales.get("en"), &login(Role::Supervisor), &waiting, &panel("idle"), &history())).await;
    for has in [
        "data-missing=\"left-ring\">Left ring finger: <strong>injured",
        "data-face-exception=\"eyes-closed\"",
        "Accepted, but I refuse it</strong>, pavel: <q>&#60;i&#62;another",
        "<strong>olga</strong>, <strong>pavel</strong>",
        "name=\"family\" value=\"yes\" checked",
        "<strong>S1-260315-0008</strong>",
        "with the adult of S1-260315-0006",
        "Names case S1-260315-0006: exempt. Confirmed by: <strong>boris</strong>",
        "<td>2026-03-15 12:03:04</td><td>olga</td><td>Device fault <code lang=\"en\">D-12</code>",
        "name=\"seen\" value=\"3\"",
    ] {
        assert!(page.contains(has), "{has}: {page}");
    }
}
