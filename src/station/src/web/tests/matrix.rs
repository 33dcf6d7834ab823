//! Who gets where: every address of the router, by every role and by nobody, through the router itself. What is expected
//! stands in `matrix.tsv`, to be read by people; a new address needs a line in `web/permissions.rs` and one there.

use super::*;
use crate::clock::Clock;
use crate::config::{ClockTrust, Loaded};
use crate::desk::DeskHandle;
use crate::displays::Displays;
use crate::people::SecurityKeys;
use crate::policy_desk::PolicyDesk;
use crate::setup::DataDir;
use crate::web::Ceremonies;
use crate::web::access::{COOKIE, HEADERS, STEP_COOKIE};
use crate::web::permissions::PERMISSIONS;
use crate::web::traveller::COOKIE as DISPLAY_COOKIE;
use crate::web::{App, CodeTries, router};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower::Service;

const EXPECTED: &str = include_str!("matrix.tsv");
pub(super) const HOST: &str = "localhost:8600";

/// Whoever comes to the station.
#[derive(Clone, Copy)]
pub(super) enum Visitor {
    Nobody,
    /// With a token that nobody was given.
    Forged,
    /// Whose log-in is over.
    Over,
    /// Whose PIN was right, and whose key is still to come.
    Half,
    /// The traveller's display.
    Display,
    /// Before an open screen.
    Open(Role),
    /// Before a locked screen.
    Locked(Role),
    /// Whose PIN somebody else has set.
    Owes(Role),
}

impl Visitor {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let logged_in = Role::ALL.into_iter().flat_map(|role| [Self::Open(role), Self::Locked(role), Self::Owes(role)]);
        [Self::Nobody, Self::Forged, Self::Over, Self::Half, Self::Display].into_iter().chain(logged_in)
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Nobody => "nobody".into(),
            Self::Forged => "forged".into(),
            Self::Over => "over".into(),
            Self::Half => "half".into(),
            Self::Display => "display".into(),
            Self::Open(role) => role.id().into(),
            Self::Locked(role) => format!("{} locked", role.id()),
            Self::Owes(role) => format!("{} owes", role.id()),
        }
    }

    /// Comes, with what a browser of theirs has kept.
    pub(super) fn comes(self, app: &App) -> Came {
        let log_in = |role| {
            let (token, login) = app.logins.log_in(&person(&app.logins, name(role)), None, app.now()).unwrap();
            (token, login.csrf)
        };
        let with =
            |cookie: &str, (token, csrf): (String, String)| Came { cookie: Some(format!("{cookie}={token}")), csrf };
        match self {
            Self::Nobody => Came { cookie: None, csrf: String::new() },
            Self::Forged => with(COOKIE, ("00".repeat(32), "00".repeat(32))),
            Self::Over => {
                let login = log_in(Role::Officer);
                app.logins.log_out(&login.0);
                with(COOKIE, login)
            }
            Self::Half => {
                let token = "11".repeat(32);
                app.ceremonies.begin(&token, &person(&app.logins, name(Role::Officer)), app.now().at).unwrap();
                let csrf = app.ceremonies.find(&token, app.now().at).unwrap().csrf;
                with(STEP_COOKIE, (token, csrf))
            }
            Self::Display => {
                let code = app.displays.invite("hall", app.now().utc_ms).unwrap();
                let (_, secret) = app.displays.bind(&code, app.now().utc_ms).unwrap().unwrap();
                with(DISPLAY_COOKIE, (secret, String::new()))
            }
            Self::Open(role) => with(COOKIE, log_in(role)),
            Self::Owes(role) => {
                let mut person = person(&app.logins, name(role));
                person.owes_pin = true;
                let (token, login) = app.logins.log_in(&person, None, app.now()).unwrap();
                with(COOKIE, (token, login.csrf))
            }
            Self::Locked(role) => {
                let login = log_in(role);
                app.logins.lock(&login.0, app.now());
                with(COOKIE, login)
            }
        }
    }
}

/// Somebody at the door: the cookie of their browser, and the secret of their forms.
pub(super) struct Came {
    pub cookie: Option<String>,
    pub csrf: String,
}

/// An answer, as far as the tables tell of it.
pub(super) struct Answer {
    pub status: StatusCode,
    leads_to: Option<String>,
    /// The code of a refusal; empty where there is none.
    pub code: String,
}

impl Answer {
    /// What came of a request to this address, in a word of `matrix.tsv`.
    pub(super) fn word(&self, address: &str) -> &'static str {
        match (self.status, self.leads_to.as_deref(), self.code.as_str()) {
            (StatusCode::SEE_OTHER, Some("/login"), _) if !["/", "/logout"].contains(&address) => "login",
            (StatusCode::SEE_OTHER, Some("/traveller"), _) => "connect",
            (StatusCode::SEE_OTHER, Some("/pin"), _) => "pin",
            (StatusCode::LOCKED, ..) if address != "/unlock" => "locked",
            (_, _, "P-09") => "role",
            (_, _, "P-05") => "none",
            _ => "pass",
        }
    }
}

/// What `matrix.tsv` says: for each method and address, the word of each visitor.
pub(super) fn expected() -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let mut lines = EXPECTED.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let row = |cells: Vec<String>| {
        let visitors = head.iter().cloned().zip(cells.iter().cloned()).skip(2).collect();
        ((cells[0].clone(), cells[1].clone()), visitors)
    };
    lines.map(row).collect()
}

/// A trail without a line.
struct NoTrail;

impl crate::web::Trail for NoTrail {
    fn page(&self, _: &store::TrailQuery) -> store::TrailPage {
        store::TrailPage::default()
    }

    fn check(&self) -> Result<store::TrailChecked, store::StoreFault> {
        Err(store::StoreFault::AuditBroken { line: 1, why: "is missing" })
    }
}

/// A station with somebody of each role and this desk.
pub(super) fn app(desk: DeskHandle) -> (tempfile::TempDir, Arc<App>) {
    // PINs are hashed slowly by design: once is enough.
    static PEOPLE: LazyLock<String> = LazyLock::new(|| {
        let (dir, _) = logins(&Role::ALL.map(|role| (name(role), role)));
        std::fs::read_to_string(dir.path().join("people.toml")).unwrap()
    });
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people.toml");
    std::fs::write(&path, PEOPLE.as_str()).unwrap();
    let logins = Logins::new(Register::open(&path).unwrap(), Tries::new(&dir.path().join("wrong-tries.json")));
    let start = now();
    let app = App {
        desk,
        logins,
        locales: Locales::load().unwrap(),
        language: "en".into(),
        zone: TimeZone::UTC,
        hosts: vec![HOST.into()],
        checkpoint: "domodedovo".into(),
        displays: Displays::new(dir.path().join("displays.toml")),
        code_tries: CodeTries::default(),
        production: false,
        keys: SecurityKeys::new("http://localhost:8600").unwrap(),
        ceremonies: Ceremonies::default(),
        trail: Box::new(NoTrail),
        clock: Box::new(move || start),
        checks: tokio::sync::Semaphore::new(1),
        findings: Box::new(|_| Vec::new()),
        certificate_days: Box::new(|| 90),
        figures: Arc::new(crate::figures::Figures::in_memory(Default::default())),
        policy: Arc::new(policy_desk(dir.path())),
    };
    (dir, Arc::new(app))
}

/// A policy desk of the demonstration's configuration.
fn policy_desk(dir: &Path) -> PolicyDesk {
    // The rules are large: read once.
    static CONFIG: LazyLock<PathBuf> =
        LazyLock::new(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/station.toml"));
    static LOADED: LazyLock<Arc<Loaded>> = LazyLock::new(|| Arc::new(Loaded::read(&CONFIG).unwrap()));
    let loaded = LOADED.clone();
    let clock = Arc::new(Clock::new(TimeZone::UTC, ClockTrust::Demonstration));
    PolicyDesk::open((&CONFIG, loaded), &DataDir(dir.into()), clock, (&|_| None, Box::new(|_| Ok(1))))
}

/// A desk at which nobody works, in the middle of a capture.
pub(super) fn nobodys_desk() -> DeskHandle {
    let mut shown = panel("capturing");
    shown.view.slot = Some("face");
    DeskHandle::closed(shown)
}

/// Somebody of this role.
pub(super) fn name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "vera",
        Role::Auditor => "dina",
        Role::Officer => "anna",
        Role::Supervisor => "boris",
    }
}

/// Sends a request about a case as a browser would.
pub(super) async fn send(
    app: &Arc<App>,
    (method, address): (&str, &str),
    came: &Came,
    case: &str,
    fields: &[(&str, String)],
) -> Answer {
    let path = address
        .replace("{case}", case)
        .replace("{slot}", "face")
        .replace("{attempt}", "2")
        .replace("{*path}", "page.js");
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    if let Some(cookie) = &came.cookie {
        request = request.header(header::COOKIE, cookie);
    }
    // Every byte that could mean something is written as its number.
    let written = |text: &str| -> String {
        let byte = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
        text.bytes().map(byte).collect()
    };
    let mut form = format!("csrf={}", came.csrf);
    fields.iter().for_each(|(name, value)| form.push_str(&format!("&{name}={}", written(value))));
    let request = match method {
        "GET" => request.body(Body::empty()),
        _ => request
            .header(header::ORIGIN, format!("http://{HOST}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form)),
    };
    let answer = router(app.clone()).call(request.unwrap()).await.unwrap();
    for (header, _) in HEADERS {
        assert!(answer.headers().contains_key(&header), "{method} {address} lacks {header}");
    }
    let leads_to = answer.headers().get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
    let status = answer.status();
    // News go on for ever: only refusals are read.
    let page = if status.is_client_error() { html(answer).await } else { String::new() };
    let code = page.split_once("data-code=\"").map_or("", |(_, rest)| rest.split('"').next().unwrap());
    Answer { status, leads_to, code: code.to_owned() }
}

#[tokio::test]
async fn everybody_gets_where_they_may_and_nowhere_else() {
    let (_dir, app) = app(nobodys_desk());
    let names: Vec<_> = Visitor::all().map(Visitor::name).collect();
    let mut found = format!("method\taddress\t{}\n", names.join("\t"));
    for (method, address, _) in PERMISSIONS {
        let mut cells = Vec::new();
        for visitor in Visitor::all() {
            let answer = send(&app, (method, address), &visitor.comes(&app), case().as_str(), &[]).await;
            cells.push(answer.word(address));
        }
        found.push_str(&format!("{method}\t{address}\t{}\n", cells.join("\t")));
    }
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (found, expected) = (lines(&found), lines(EXPECTED));
    let new: Vec<_> = found.difference(&expected).cloned().collect();
    let gone: Vec<_> = expected.difference(&found).cloned().collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "in the program alone:\n{}\nin matrix.tsv alone:\n{}",
        new.join("\n"),
        gone.join("\n")
    );
}

/// The router shows its addresses in its `Debug` text, each with the methods that it answers.
#[test]
fn every_address_of_the_router_has_a_line() {
    let (_dir, app) = app(nobodys_desk());
    let shown = format!("{:?}", router(app));
    let listed: BTreeSet<&str> = PERMISSIONS.iter().map(|(_, address, _)| *address).collect();
    let routed: BTreeSet<&str> = shown
        .split("RouteId(")
        .filter_map(|part| part.split_once("): \""))
        .filter_map(|(_, rest)| Some(rest.split_once('"')?.0))
        // Whatever no route knows.
        .filter(|address| !address.contains("__private__axum"))
        .collect();
    assert!(routed.len() > 20, "the router shows its addresses: {shown}");
    assert_eq!(routed, listed);
}
