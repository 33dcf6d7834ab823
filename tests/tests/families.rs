//! The promise: a diplomat's family is decided on with one word, each case by itself, and only where the supervisor says so;
//! each record names who confirmed it and the case that the others came with.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use serde_json::{Value, json};
use tests::station::SUPERVISOR;
use tests::{Officer, Station, people};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_word_decides_on_the_claims_of_a_family() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let mut officer = station.officer().await;
    let [first, second, stranger] = [family(&mut officer, 60).await, family(&mut officer, 70).await, {
        vec![claim(&mut officer, "/officer/new", 80, ("diplomat", "accreditation-card")).await]
    }];

    // The page names the others of the family, and nobody else.
    let supervisor = station.supervisor().await;
    let page = supervisor.page(&format!("/supervisor/case/{}", first[0])).await.unwrap();
    let asked = page.split_once("name=\"family\"").unwrap().1.split_once("</label>").unwrap().0;
    for (case, here) in [(&first[1], true), (&first[2], true), (&second[0], false), (&stranger[0], false)] {
        assert_eq!(asked.contains(case.as_str()), here, "{case}: {asked}");
    }

    // By one word, from a case in the middle.
    decide(&station, &first[1], "approve", true).await;
    for case in &first {
        assert_eq!(officer.uploaded(case).await.unwrap().outcome, "exempt", "{case}");
    }
    // One by one: the others go on waiting, and the refusal of one is not that of the others.
    decide(&station, &second[2], "refuse", false).await;
    let waiting = |case: &String| officer.now().parked.iter().any(|of| of.case == *case && of.state == "waiting");
    assert!(waiting(&second[0]) && waiting(&second[1]) && waiting(&stranger[0]));
    decide(&station, &second[0], "approve", true).await;
    for case in &second[..2] {
        assert_eq!(officer.uploaded(case).await.unwrap().outcome, "exempt", "{case}");
    }
    let parked = officer.now().parked.iter().map(|of| of.case.clone()).collect::<Vec<_>>();
    assert!(parked.contains(&stranger[0]) && !parked.contains(&second[0]), "{parked:?}");

    for (family, decided) in [(&first, 3), (&second, 2)] {
        for (member, case) in family.iter().enumerate().take(decided) {
            let record = officer.uploaded(case).await.unwrap().record.unwrap();
            let body = station.open(&record.id).json;
            let with = if member == 0 { Value::Null } else { json!(family[0]) };
            assert_eq!((&body["accompanying"], &body["review"]["supervisor"]), (&with, &json!(SUPERVISOR.0)), "{case}");
            assert_eq!(approvals(&station, case), 1, "{case}");
        }
    }
}

/// Three at the desk one after the other: a diplomat, and two who name the diplomat's case.
async fn family(officer: &mut Officer, seed: u64) -> Vec<String> {
    let mut cases = vec![claim(officer, "/officer/new", seed, ("diplomat", "accreditation-card")).await];
    for member in 1..3 {
        cases.push(claim(officer, "/officer/new-with", seed + member, ("diplomat-family", "family-card")).await);
    }
    cases
}

/// One person's claim, which waits for a supervisor.
async fn claim(officer: &mut Officer, order: &str, seed: u64, (ground, evidence): (&str, &str)) -> String {
    let before = officer.now().case;
    officer.post(order, &[]).await.unwrap();
    let view = officer.until("a new case", |view| view.step == "document" && view.case != before).await.unwrap();
    officer.type_lines(&people::diplomat(seed).lines).await.unwrap();
    officer.post("/officer/claim", &[("ground", ground), ("evidence", evidence)]).await.unwrap();
    let case = view.case.unwrap();
    officer.until("the case to wait", |view| view.parked.iter().any(|parked| parked.case == case)).await.unwrap();
    case
}

async fn decide(station: &Station, case: &str, decision: &str, family: bool) {
    let mut fields = vec![("case", case), ("decision", decision), ("reason", "evidence-seen")];
    fields.extend(family.then_some(("family", "yes")));
    station.supervisor().await.post("/supervisor/decide", &fields).await.unwrap();
}

/// How often the audit trail says that a case was approved.
fn approvals(station: &Station, case: &str) -> usize {
    let trail = std::fs::read_dir(station.place().path("station/store/audit")).unwrap();
    let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let events = trail.lines().map(|line| serde_json::from_str::<Value>(line.split_once(' ').unwrap().1).unwrap());
    events.filter(|event| event["case"] == case && event["what"] == "approved").count()
}
