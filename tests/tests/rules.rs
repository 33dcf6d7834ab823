//! The promise: a running station takes new rules only from the authority, whole and in order; a case goes on under those it
//! began with; the trail says who put what into force; and a question to the rules leaves no trace.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::browser::{Browser, BrowserError};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, StatusCode, redirect};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tests::place::repository;
use tests::process::succeed;
use tests::station::ADMINISTRATOR;
use tests::wait::until;
use tests::{Station, people, search};

const LIMIT: Duration = Duration::from_secs(30);

/// A browser that can also send files, which forms of text cannot.
struct Desk {
    browser: Browser,
    client: Client,
    cookie: String,
    station: String,
}

impl Desk {
    async fn log_in(station: &Station) -> Self {
        let address = station.place().address();
        let browser = Browser::log_in(&address, ADMINISTRATOR.0, ADMINISTRATOR.1).await.unwrap();
        tests::station::provide_tls();
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let form = [("person", ADMINISTRATOR.0), ("pin", ADMINISTRATOR.1)];
        let sent = client.post(format!("{address}/login")).header(ORIGIN, &address).form(&form).send().await.unwrap();
        let cookie = sent.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { browser, client, cookie, station: address }
    }

    /// Sends a pack and its signature: where the answer leads to, or the code of the refusal.
    async fn bring(&self, pack: &str, signature: &str) -> Result<String, String> {
        let address = format!("{}/administrator/policy", self.station);
        let page = self.client.get(&address).header(COOKIE, &self.cookie).send().await.unwrap().text().await.unwrap();
        let secret = after(&page, "name=\"csrf\" value=\"").to_owned();
        let part = |name: &str, file: &str, text: &str| {
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{text}\r\n")
        };
        let body = [
            part("csrf", "", &secret),
            part("pack", "; filename=\"ru-entry.toml\"", pack),
            part("signature", "; filename=\"ru-entry.toml.sig\"", signature),
            "--edge--\r\n".into(),
        ];
        let asked = self.client.post(format!("{address}/bring")).header(COOKIE, &self.cookie);
        let asked = asked.header(ORIGIN, &self.station).header(CONTENT_TYPE, "multipart/form-data; boundary=edge");
        let answer = asked.body(body.concat()).send().await.unwrap();
        match answer.status() {
            StatusCode::SEE_OTHER => Ok(answer.headers()[LOCATION].to_str().unwrap().to_owned()),
            _ => Err(after(&answer.text().await.unwrap(), "data-code=\"").to_owned()),
        }
    }

    /// The digest of the pack of this label, as the page shows it.
    async fn digest(&self, label: &str) -> String {
        let page = self.browser.page("/administrator/policy").await.unwrap();
        let before = page.split_once(&format!("data-label=\"{label}\"")).unwrap_or_else(|| panic!("{label}: {page}")).0;
        before.rsplit_once("data-pack=\"").unwrap().1.split('"').next().unwrap().to_owned()
    }
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or("", |(_, rest)| rest.split('"').next().unwrap_or_default())
}

/// Another version of the shipped pack with these changes, signed by the demonstration's key on this day: text and signature.
fn version(station: &Station, version: &str, changes: &[(&str, &str)], day: &str) -> (String, String) {
    let shipped = fs::read_to_string(repository().join("config/policies/ru-entry.toml")).unwrap();
    let renamed = ("version = \"2026.1\"", format!("version = \"{version}\""));
    let text = changes.iter().fold(shipped.replace(renamed.0, &renamed.1), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let (pack, key) = (station.place().path(&format!("{version}.toml")), station.place().path("authority.key"));
    fs::write(&pack, &text).unwrap();
    fs::copy(repository().join("config/policies/demonstration.key"), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (file, key) = (pack.display().to_string(), key.display().to_string());
    succeed("gatepost", &["policy", "sign", &file, "--key", &key, "--date", day]);
    (text, fs::read_to_string(format!("{file}.sig")).unwrap())
}

/// Days from today, by the clock that the station has.
async fn day(desk: &Desk, offset: i64) -> String {
    let page = desk.browser.page("/administrator/policy/ask").await.unwrap();
    let now: jiff::civil::DateTime = after(&page, "name=\"date\" value=\"").parse().unwrap();
    now.date().checked_add(jiff::ToSpan::days(offset)).unwrap().to_string()
}

fn trail(station: &Station) -> String {
    let files = fs::read_dir(station.place().path("station/store/audit")).unwrap();
    files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

async fn working(station: &Station) -> String {
    station.health().await["rules"]["working"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_rules_take_over_while_the_station_works_and_bad_ones_never() {
    let mut station = Station::start().await;
    let mut desk = Desk::log_in(&station).await;
    let shipped = working(&station).await;
    assert!(shipped.starts_with("ru-entry 2026.1 sha256:"), "{shipped}");

    // Broken, unsigned, wrongly signed, older, and not yet valid: none of them works, brought or dropped in.
    let (today, tomorrow) = (day(&desk, 0).await, day(&desk, 1).await);
    let newer = version(&station, "2026.2", &[("age_below = 6", "age_below = 7")], &today);
    let old = version(&station, "2026.0", &[], "2026-01-01");
    let future = version(&station, "2026.3", &[], &tomorrow);
    let other = version(&station, "2026.4", &[], &today);
    let broken = newer.0.replace("status = \"announced\"", "status = \"perhaps\"");
    for (name, pack, signature) in
        [("broken", &broken, &newer.1), ("unsigned", &newer.0, &String::new()), ("wrongly signed", &newer.0, &other.1)]
    {
        assert_eq!(desk.bring(pack, signature).await.unwrap_err(), "P-40", "{name}");
    }
    for (label, pack) in [("ru-entry 2026.0", &old), ("ru-entry 2026.3", &future)] {
        assert_eq!(desk.bring(&pack.0, &pack.1).await.as_deref(), Ok("/administrator/policy"));
        let digest = desk.digest(label).await;
        let refused = desk.browser.post("/administrator/policy/force", &[("pack", &digest)]).await.unwrap_err();
        assert!(matches!(&refused, BrowserError::Refused { code, .. } if code == "P-40"), "{label}: {refused}");
    }
    let configured = station.place().path("config/policies/ru-entry.toml");
    let before = fs::read_to_string(&configured).unwrap();
    fs::write(&configured, &broken).unwrap();
    let told = |page: &str| page.contains("data-refused");
    let page = async |desk: &Desk| desk.browser.page("/administrator/policy").await.unwrap();
    let waited = tokio::time::timeout(LIMIT, async { while !told(&page(&desk).await) {} }).await;
    assert!(waited.is_ok(), "the page tells of the refused pack");
    fs::write(&configured, before).unwrap();
    let waited = tokio::time::timeout(LIMIT, async { while told(&page(&desk).await) {} }).await;
    assert!(waited.is_ok(), "the page tells of it no more");
    assert_eq!(working(&station).await, shipped);

    // A case begins, then a newer pack is put into force: the case ends under the old one, the next under the new.
    let mut officer = station.officer().await;
    let first = officer.open().await.unwrap();
    assert!(desk.bring(&newer.0, &newer.1).await.is_ok());
    let digest = desk.digest("ru-entry 2026.2").await;
    desk.browser.post("/administrator/policy/force", &[("pack", &digest)]).await.unwrap();
    let now = working(&station).await;
    assert!(now.starts_with(&format!("ru-entry 2026.2 sha256:{digest}")), "{now}");
    officer.type_lines(&people::citizen(51, "BLR").lines).await.unwrap();
    officer.go_on().await.unwrap();
    officer.queued(&first).await.unwrap();
    let second = officer.read(&people::citizen(52, "BLR").lines).await.unwrap();
    officer.go_on().await.unwrap();
    let replay = desk.browser.page(&format!("/administrator/policy/replay?pack={digest}")).await.unwrap();
    assert_eq!((after(&replay, "data-asked=\""), after(&replay, "data-differences=\"")), ("2", "0"));
    for (case, pack) in [(first, &shipped), (second, &now)] {
        let ended = officer.uploaded(&case).await.unwrap();
        let record = station.open(&ended.record.unwrap().id).json;
        assert_eq!(record["versions"]["policy"].as_str(), Some(pack.as_str()), "{case}: {record}");
    }
    let said = trail(&station);
    let line = said.lines().find(|line| line.contains("policy-put-into-force")).unwrap();
    assert!(line.contains("\"vera\"") && line.contains(&format!("ru-entry/v2026.2/sha256:{digest}")), "{line}");

    // It works after a restart, too.
    station.kill9();
    station.restart().await;
    assert_eq!(working(&station).await, now);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_announced_entry_is_confirmed_and_a_question_leaves_no_trace() {
    let mut station = Station::start().await;
    let mut desk = Desk::log_in(&station).await;
    // Nothing is confirmed by the configuration any more.
    let text = fs::read_to_string(station.place().config()).unwrap();
    let (before, rest) = text.split_once("[[policy.confirmed]]").unwrap();
    fs::write(station.place().config(), format!("{before}[quality]{}", rest.split_once("[quality]").unwrap().1))
        .unwrap();
    let open = |page: &str| page.contains("data-entry=\"all-checkpoints-2026\" class=\"open\"");
    let page = async |desk: &Desk| desk.browser.page("/administrator/policy").await.unwrap();
    let waited = tokio::time::timeout(LIMIT, async { while !open(&page(&desk).await) {} }).await;
    assert!(waited.is_ok(), "the configuration confirms no more");

    let mut officer = station.officer().await;
    let question = async |officer: &mut tests::Officer, seed| {
        officer.read(&people::adult(seed).lines).await.unwrap();
        let decision = officer.now().decision.unwrap();
        officer.post("/officer/cancel", &[]).await.unwrap();
        decision.question.map(|question| question.id)
    };
    assert_eq!(question(&mut officer, 61).await.as_deref(), Some("announced-entry"));
    let entry = ("entry", "all-checkpoints-2026");
    let refused = desk.browser.post("/administrator/policy/confirm", &[entry, ("basis", "")]).await.unwrap_err();
    assert!(matches!(&refused, BrowserError::Refused { code, .. } if code == "P-42"), "{refused}");
    desk.browser
        .post("/administrator/policy/confirm", &[entry, ("basis", "decree no. 1 of 2026-06-20")])
        .await
        .unwrap();
    assert_eq!(question(&mut officer, 62).await, None);
    station.kill9();
    station.restart().await;
    let desk = Desk::log_in(&station).await;
    assert!(page(&desk).await.contains("decree no. 1 of 2026-06-20"));
    let mut officer = station.officer().await;
    assert_eq!(question(&mut officer, 63).await, None);
    let said = trail(&station);
    let line = said.lines().find(|line| line.contains("entry-confirmed")).unwrap();
    assert!(line.contains("\"vera\"") && line.contains("all-checkpoints-2026/sha256:"), "{line}");

    // A question: answered on the page, and nowhere else.
    let form = desk.client.get(format!("{}/administrator/policy/ask", desk.station)).header(COOKIE, &desk.cookie);
    let form = form.send().await.unwrap().text().await.unwrap();
    let asked = [
        ("csrf", after(&form, "name=\"csrf\" value=\"")),
        ("pack", ""),
        ("date", "2026-08-01T12:00"),
        ("checkpoint", "quetzal-point"),
        ("nationality", "KAZ"),
        ("born", "1947-03-09"),
        ("entry-all-checkpoints-2026", "yes"),
    ];
    // The officer's last case is still being closed.
    let closed = || trail(&station).trim_end().ends_with("\"reason\":\"cancelled\"}").then_some(());
    until("the line of the case that was cancelled", LIMIT, async || closed()).await;
    let before = trail(&station);
    let ask = desk.client.post(format!("{}/administrator/policy/ask", desk.station)).header(COOKIE, &desk.cookie);
    let answer = ask.header(ORIGIN, &desk.station).form(&asked).send().await.unwrap().text().await.unwrap();
    assert!(
        answer.contains("data-verdict=\"required\"") && answer.contains("data-rule=\"all-checkpoints-2026\""),
        "{answer}"
    );
    assert!(answer.contains("1947-03-09"), "the form keeps what was asked");
    assert_eq!(trail(&station), before);
    for needle in ["1947-03-09", "quetzal-point"] {
        assert_eq!(search::holding(&station.place().path(""), needle.as_bytes()), Vec::<std::path::PathBuf>::new());
    }
}
