//! Promises of the whole station that no part can keep alone: what a record holds, when a device opens, what reaches
//! the disk in clear, who may do what, and that a record waits for as long as its intake is out of its mind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::finger::Finger;
use hardware_sim::shift::browser::BrowserError;
use image::ImageReader;
use reqwest::StatusCode;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tests::fake_intake::{Answer, FakeIntake};
use tests::station::Opened;
use tests::wait::until;
use tests::{Officer, Setup, Sim, Station, people, search};

/// How long a record may take to an intake that works again: the pauses between tries have doubled meanwhile.
const ARRIVES: Duration = Duration::from_secs(60);

/// What the simulated sensor has, in pixels.
const FINGER_SIZE: (u32, u32) = (400, 500);

/// Names and values of a form.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// Everything that ends without biometrics, on one station: no device opens, and what is kept names nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_device_opens_for_exempt_own_and_waiting_travellers() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    sim.arrive(&people::adult(1)).await;
    let before = sim.opens().await;

    let child = people::child(2);
    let case = officer.read(&child.lines).await.unwrap();
    officer.go_on().await.unwrap();
    let exempt = officer.uploaded(&case).await.unwrap();
    assert_eq!(exempt.outcome, "exempt");
    assert_eq!(sim.opens().await, before, "a child of five");

    let case = officer.read(&people::citizen(3, "RUS").lines).await.unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.uploaded(&case).await.unwrap().outcome, "not-in-scope");
    assert_eq!(sim.opens().await, before, "an own citizen");

    let case = officer.read(&people::diplomat(4).lines).await.unwrap();
    officer.post("/officer/claim", &[("ground", "diplomat"), ("evidence", "accreditation-card")]).await.unwrap();
    officer.until("the claim to wait", |view| view.parked.iter().any(|parked| parked.case == case)).await.unwrap();
    assert_eq!(sim.opens().await, before, "a claimed exemption that waits");

    // An officer cannot confirm it, a supervisor can, and a supervisor cannot open cases.
    let decision = [("case", case.as_str()), ("decision", "approve"), ("reason", "evidence-seen")];
    let refused = officer.post("/supervisor/decide", &decision).await.unwrap_err();
    assert_eq!(refusal(&refused), (StatusCode::FORBIDDEN, "P-09"));
    let mut supervisor = station.supervisor().await;
    // The supervisor's browser takes the secret of its forms from the list of cases.
    supervisor.page("/supervisor").await.unwrap();
    let refused = supervisor.post("/officer/new", &[]).await.unwrap_err();
    assert_eq!(refusal(&refused), (StatusCode::FORBIDDEN, "P-09"));
    supervisor.post("/supervisor/decide", &decision).await.unwrap();
    assert_eq!(officer.uploaded(&case).await.unwrap().outcome, "exempt");
    assert_eq!(sim.opens().await, before, "a confirmed exemption");

    let opened = station.open(&exempt.record.unwrap().id);
    names_nobody(&opened, &child.facts.surname, &child.facts.document_number);
    assert_eq!(opened.json["exemption"]["ground"], "under-six", "{}", opened.json);

    // The counters do move when a device opens.
    officer.enrol(&mut sim, &people::adult(5).lines).await.unwrap();
    let after = sim.opens().await;
    assert_eq!(after.camera_streams, before.camera_streams + 1);
    assert!(after.slap_captures >= before.slap_captures + 3, "{after:?}");
}

/// An exempt record: number, ground, evidence, versions and officer; nothing of the person.
fn names_nobody(opened: &Opened, surname: &str, number: &str) {
    let body = &opened.json;
    assert_eq!((&body["outcome"], &body["kind"]), (&"exempt".into(), &"exemption".into()), "{body}");
    for key in ["case", "officer", "versions"] {
        assert!(!body[key].is_null(), "{key} is missing in {body}");
    }
    assert!(body["exemption"]["evidence"].as_str().is_some_and(|evidence| !evidence.is_empty()), "{body}");
    assert_eq!(search::files(&opened.folder).len(), 1, "an image beside the body");
    for personal in [surname, number] {
        assert!(!body.to_string().contains(personal), "{personal} is in {body}");
    }
}

/// What the authority finds in a record, that a second click makes no second one, and that the document is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_holds_what_was_taken_once() {
    let station = Station::start().await;
    station.until_ready(&["camera", "scanner"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    let traveller = people::adult(11);
    sim.arrive(&traveller).await;
    let case = officer.read(&traveller.lines).await.unwrap();
    assert!(officer.now().warnings.is_empty(), "{:?}", officer.now().warnings);
    officer.go_on().await.unwrap();
    assert_eq!(officer.capture(&mut sim, &[]).await.unwrap().step, "summary");

    // Two browsers of the same officer press at the same moment.
    let mut other = station.officer().await;
    let clicks = tokio::join!(officer.post("/officer/sign", &[]), other.post("/officer/sign", &[]));
    let refused = match clicks {
        (Ok(()), Err(refused)) | (Err(refused), Ok(())) => refused,
        other => panic!("one click counts: {other:?}"),
    };
    assert_eq!(refusal(&refused).0, StatusCode::CONFLICT);
    let left = officer.uploaded(&case).await.unwrap();
    let listed = station.list();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let record = left.record.unwrap();
    assert_eq!((&listed[0].record, listed[0].sequence), (&record.id, record.sequence));

    let opened = station.open(&record.id);
    decodes(&opened);
    let person = &opened.json["enrolment"]["traveller"];
    assert_eq!(person["document-number"], traveller.facts.document_number.as_str());

    let case = officer.read(&traveller.lines).await.unwrap();
    assert_eq!(officer.now().warnings, ["document-seen-before"]);
    officer.post("/officer/cancel", &[]).await.unwrap();
    officer.queued(&case).await.unwrap();
    officer.read(&people::adult(12).lines).await.unwrap();
    assert!(officer.now().warnings.is_empty(), "another document: {:?}", officer.now().warnings);
}

/// An enrolled record: images that decode as the sizes say, and every word about how it was made.
fn decodes(opened: &Opened) {
    let body = &opened.json;
    assert_eq!(body["simulated"], true, "{body}");
    for key in ["software", "policy", "thresholds"] {
        assert!(body["versions"][key].as_str().is_some_and(|version| !version.is_empty()), "{key} in {body}");
    }
    assert!(body["versions"]["models"].as_array().is_some_and(|models| models.len() >= 2), "{body}");
    let taken = &body["enrolment"];
    // The configured scanner is of enrolment grade and needs no basis.
    assert!(taken["laboratory-basis"].is_null(), "{taken}");
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let face = &taken["face"];
    assert_eq!(size_of(&opened.folder.join("face.jpg")), (number(&face["width"]), number(&face["height"])));
    let fingers = taken["fingers"].as_array().unwrap();
    let names: Vec<&str> = fingers.iter().map(|finger| finger["finger"].as_str().unwrap()).collect();
    assert_eq!(names, Finger::ALL.map(Finger::id));
    for finger in fingers {
        assert_eq!(size_of(&opened.folder.join(finger["png"].as_str().unwrap())), FINGER_SIZE);
        assert_eq!((finger["bit-depth"].as_u64(), finger["accepted"].as_bool()), (Some(8), Some(true)), "{finger}");
    }
    assert_eq!(search::files(&opened.folder).len(), 12, "the body, a face, ten fingers");
}

fn size_of(image: &Path) -> (u32, u32) {
    let decoded = ImageReader::open(image).unwrap().with_guessed_format().unwrap().decode();
    let decoded = decoded.unwrap_or_else(|error| panic!("{}: {error}", image.display()));
    (decoded.width(), decoded.height())
}

/// Forms without their secret, from another host, too long or senseless: refused, and the station goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strange_requests_are_refused() {
    let station = Station::start().await;
    let address = station.place().address();
    let client = station.client();
    let log_in =
        client.post(format!("{address}/login")).header("origin", &address).form(&[("person", "anna"), ("pin", "2468")]);
    let answer = log_in.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let kept = ["__Host-", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"];
    assert!(kept.iter().all(|part| cookie.contains(part)) && !cookie.contains("Domain"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let page = client.get(format!("{address}/officer")).header("cookie", cookie).send().await.unwrap();
    let page = page.text().await.unwrap();
    let secret = hardware_sim::shift::html::csrf(&page).unwrap();

    let long = "<".repeat(20_000);
    let rows: [(&str, Fields<'_>, &str, u16); 6] = [
        ("no secret", &[], "/officer/new", 403),
        ("a wrong secret", &[("csrf", "00ff")], "/officer/new", 403),
        ("a form of 20,000 bytes", &[("csrf", secret), ("lines", &long)], "/officer/document", 400),
        ("the supervisor's form", &[("csrf", secret), ("case", "S1-1")], "/supervisor/decide", 403),
        ("no case at the desk", &[("csrf", secret)], "/officer/sign", 409),
        ("no such page", &[("csrf", secret)], "/officer/everything", 404),
    ];
    for (what, fields, path, status) in rows {
        let form =
            client.post(format!("{address}{path}")).header("origin", &address).header("cookie", cookie).form(fields);
        let answer = form.send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
    }
    for origin in ["http://localhost:1", "http://evil.example", "null"] {
        let form = client.post(format!("{address}/officer/new")).header("cookie", cookie).header("origin", origin);
        let answer = form.form(&[("csrf", secret)]).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    for host in ["evil.example", "localhost.evil.example", "localhost:1"] {
        let answer = client.get(format!("{address}/health")).header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    for path in ["/officer", "/officer/events", "/officer/preview", "/supervisor"] {
        let answer = client.get(format!("{address}{path}")).send().await.unwrap();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap());
        assert_eq!((answer.status(), to), (StatusCode::SEE_OTHER, Some("/login")), "{path} without a log-in");
    }

    // Nothing of that opened a case; documents that are none leave it as it is.
    let mut officer = station.officer().await;
    assert_eq!(officer.now().step, "idle");
    officer.open().await.unwrap();
    let wrong_digit = people::adult(3).lines.join("\n").replacen('<', "A", 1);
    for lines in ["", "<<<", &"A".repeat(200), &"7<".repeat(44), &format!("{wrong_digit}X")] {
        let refused = officer.post("/officer/document", &[("lines", lines)]).await.unwrap_err();
        assert_eq!(refusal(&refused), (StatusCode::CONFLICT, "U-04"), "{lines}");
    }
    officer.type_lines(&people::adult(3).lines).await.unwrap();
}

/// An intake out of its mind costs no record: each waits, and arrives when a sound one is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_wait_while_the_intake_answers_with_nonsense() {
    let mut station = Setup { intake: false, ..Setup::default() }.start().await;
    let mut officer = station.officer().await;
    let mut cases = Vec::new();
    let fake = FakeIntake::start(station.place().intake, Answer::Trouble, &station.place().path("intake"));
    for (number, answer) in [Answer::Trouble, Answer::FalseReceipt, Answer::Garbage, Answer::Nothing, Answer::TooLong]
        .into_iter()
        .enumerate()
    {
        fake.answer(answer);
        let case = officer.read(&people::citizen(number as u64, "RUS").lines).await.unwrap();
        officer.go_on().await.unwrap();
        officer.queued(&case).await.unwrap();
        cases.push(case);
        until(&format!("the station to be answered with {answer:?}"), ARRIVES, async || {
            (fake.count(answer) > 0).then_some(())
        })
        .await;
    }
    assert_eq!(station.health().await["queued"], cases.len());
    let view = officer.now();
    for case in &cases {
        let record = view.left(case).unwrap().record.as_ref().unwrap();
        assert!(record.queued && !record.uploaded, "{case}");
    }
    assert!(station.list().is_empty());

    drop(fake);
    station.start_intake().await;
    station.until_health("every record to arrive", ARRIVES, |health| health["queued"] == 0).await;
    for case in &cases {
        officer.uploaded(case).await.unwrap();
    }
    let sequences: Vec<u64> = station.list().iter().map(|record| record.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
}

/// Nothing personal and no pixel is in any log or on the station's disk in clear, with everything being logged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_is_found_nowhere() {
    let mut station = Setup { log: "trace", intake: false, ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let (mut officer, mut sim) = (station.officer().await, station.sim().await);
    sim.arrive(&people::adult(21)).await;
    let canary = people::canary();

    // Read, typed with a mistake, typed by fields, taken, parked, and kept: while the body waits on the disk.
    let case = enrol_from_reader(&mut officer, &mut sim, &canary.lines).await;
    officer.open().await.unwrap();
    let broken = format!("{}\n{}", canary.lines[0], &canary.lines[1][..40]);
    officer.post("/officer/document", &[("lines", &broken)]).await.unwrap_err();
    let fields = [
        ("surname", "QUETZALNAME"),
        ("given_names", "XOCHIGIVEN"),
        ("nationality", "UZB"),
        ("issuing_state", "UZB"),
        ("document_code", "P"),
        ("document_number", "X87Q4Z91W"),
        ("birth_date", "1974-08-12"),
        ("sex", "F"),
        ("expiry_date", "2032-04-15"),
    ];
    officer.post("/officer/fields", &fields).await.unwrap();
    officer.until("a decision", |view| view.step == "decided").await.unwrap();
    officer.post("/officer/claim", &[("ground", "diplomat"), ("evidence", "accreditation-card")]).await.unwrap();
    assert_eq!(station.health().await["queued"], 1);
    found_nowhere(&station, &canary.spellings, &[]);

    // And again when the intake has it, and its pictures are known.
    station.start_intake().await;
    let record = officer.uploaded(&case).await.unwrap().record.unwrap();
    let opened = station.open(&record.id);
    let pictures = ["face.jpg", "right-index.png", "left-index.png"].map(|name| {
        let bytes = std::fs::read(opened.folder.join(name)).unwrap();
        bytes[bytes.len() / 2..][..24].to_vec()
    });
    found_nowhere(&station, &canary.spellings, &pictures);

    // The search finds what is there: otherwise it would prove nothing.
    for spelling in ["QUETZALNAME", "XOCHIGIVEN", "X87Q4Z91W", "1974-08-12"] {
        assert!(!search::holding(&opened.folder, spelling.as_bytes()).is_empty(), "{spelling} is not in the record");
    }
    assert!(pictures.iter().all(|piece| !search::holding(&opened.folder, piece).is_empty()));
    let log = std::fs::read_to_string(station.place().path("logs/station.log")).unwrap();
    assert!(log.contains("TRACE"), "the station logs everything");
    let named = search::holding(&station.place().path("station"), case.as_bytes());
    assert!(!named.is_empty(), "the journal names the case");
}

async fn enrol_from_reader(officer: &mut Officer, sim: &mut Sim, lines: &[String]) -> String {
    let case = officer.open().await.unwrap();
    sim.swipe(lines).await;
    officer.until("the reader's document", |view| view.step == "decided").await.unwrap();
    officer.go_on().await.unwrap();
    assert_eq!(officer.capture(sim, &[]).await.unwrap().step, "summary");
    officer.post("/officer/sign", &[]).await.unwrap();
    officer.queued(&case).await.unwrap();
    case
}

fn found_nowhere(station: &Station, spellings: &[&str], pictures: &[Vec<u8>]) {
    let plain = spellings.iter().map(|text| text.as_bytes()).chain(pictures.iter().map(Vec::as_slice));
    for needle in plain.flat_map(search::disguises) {
        for folder in ["logs", "station", "intake", "credentials"] {
            let found = search::holding(&station.place().path(folder), &needle);
            assert!(found.is_empty(), "{:?} stands in {found:?}", String::from_utf8_lossy(&needle));
        }
    }
    // What is in memory stays there: nobody gets a core file of this program.
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", station.process())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let sizes: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(sizes, ["0", "0"], "{core}");
}

/// A configuration with a mistake is told with file and line, all mistakes at once, and exit code 2.
#[test]
fn mistakes_in_the_configuration_are_told_with_file_and_line() {
    let rows: [(&str, &str, &[&str]); 8] = [
        ("language = \"en\"", "langauge = \"en\"", &["langauge"]),
        ("technically_possible = true", "technically_possible = \"true\"", &["boolean", "string"]),
        ("trust = \"demonstration\"", "trust = \"anybody\"", &["anybody"]),
        ("time_zone = \"Europe/Moscow\"", "time_zone = \"Moscow\"", &["Moscow", "IANA"]),
        ("target = \"https\"", "target = \"http\"", &["\"http\""]),
        ("checkpoint = \"domodedovo\"\n", "", &["checkpoint"]),
        ("[quality]", "[qualty]", &["qualty"]),
        ("127.0.0.1:", "0.0.0.0:", &["loopback"]),
    ];
    for (right, wrong, said) in rows {
        let place = tests::place::Place::new(None);
        place.replace(right, wrong);
        let text = std::fs::read_to_string(place.config()).unwrap();
        let (config, data) = (place.config().display().to_string(), place.text("station"));
        let output = tests::process::run("gatepost", &["serve", "--config", &config, "--data", &data]);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {words}");
        let told = words.lines().find(|line| said.iter().any(|word| line.contains(word)));
        let told = told.unwrap_or_else(|| panic!("{wrong}: {words}"));
        let number =
            told.split_once("station.toml:").and_then(|(_, rest)| rest.split(':').next()?.parse::<usize>().ok());
        let number = number.unwrap_or_else(|| panic!("{wrong} is told without a line: {told}"));
        if let Some(key) = wrong.split(['=', ':']).next().filter(|key| !key.is_empty()) {
            let line = text.lines().nth(number - 1).unwrap();
            assert!(line.contains(key.trim()), "{wrong} is told for line {number}, which is: {line}");
        }
    }
}

/// Status and code of a refusal.
fn refusal(error: &BrowserError) -> (StatusCode, &str) {
    match error {
        BrowserError::Refused { status, code, .. } => (*status, code),
        other => panic!("not refused, but: {other}"),
    }
}
