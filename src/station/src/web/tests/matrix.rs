//! Who gets where: every address of the router, by every role and by nobody, through the router itself. What is expected
//! stands in `matrix.tsv`, to be read by people; a new address needs a line in `web/permissions.rs` and one there.

use super::*;
use crate::desk::DeskHandle;
use crate::displays::Displays;
use crate::people::SecurityKeys;
use crate::web::Ceremonies;
use crate::web::access::{COOKIE, HEADERS, STEP_COOKIE};
use crate::web::permissions::PERMISSIONS;
use crate::web::traveller::COOKIE as DISPLAY_COOKIE;
use crate::web::{App, CodeTries, router};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use std::sync::Arc;
use tower::Service;

const EXPECTED: &str = include_str!("matrix.tsv");
const HOST: &str = "localhost:8600";

/// Whoever comes to the station.
#[derive(Clone, Copy)]
enum Visitor {
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
}

impl Visitor {
    fn all() -> impl Iterator<Item = Self> {
        let logged_in = Role::ALL.into_iter().flat_map(|role| [Self::Open(role), Self::Locked(role)]);
        [Self::Nobody, Self::Forged, Self::Over, Self::Half, Self::Display].into_iter().chain(logged_in)
    }

    fn name(self) -> String {
        match self {
            Self::Nobody => "nobody".into(),
            Self::Forged => "forged".into(),
            Self::Over => "over".into(),
            Self::Half => "half".into(),
            Self::Display => "display".into(),
            Self::Open(role) => role.id().into(),
            Self::Locked(role) => format!("{} locked", role.id()),
        }
    }

    /// The token of a fresh log-in and the secret of its forms.
    fn comes(self, app: &App) -> Option<(String, String)> {
        let log_in = |role| {
            let (token, login) = app.logins.log_in(&person(&app.logins, name(role)), None, app.now()).unwrap();
            (token, login.csrf)
        };
        match self {
            Self::Nobody | Self::Display => None,
            Self::Forged => Some(("00".repeat(32), "00".repeat(32))),
            Self::Over => Some(log_in(Role::Officer)).inspect(|(token, _)| app.logins.log_out(token)),
            Self::Half => {
                let token = "11".repeat(32);
                app.ceremonies.begin(&token, &person(&app.logins, name(Role::Officer)), app.now().at).unwrap();
                let csrf = app.ceremonies.find(&token, app.now().at).unwrap().csrf;
                Some((token, csrf))
            }
            Self::Open(role) => Some(log_in(role)),
            Self::Locked(role) => Some(log_in(role)).inspect(|(token, _)| app.logins.lock(token, app.now())),
        }
    }
}

fn app() -> (tempfile::TempDir, Arc<App>) {
    let (dir, logins) = logins(&Role::ALL.map(|role| (name(role), role)));
    let start = now();
    let mut shown = panel("capturing");
    shown.view.slot = Some("face");
    let app = App {
        desk: DeskHandle::closed(shown),
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
        trail: Box::new(|_, _| Vec::new()),
        clock: Box::new(move || start),
        checks: tokio::sync::Semaphore::new(1),
        certificate_days: Box::new(|| 90),
    };
    (dir, Arc::new(app))
}

/// Somebody of this role.
fn name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "vera",
        Role::Auditor => "dina",
        Role::Officer => "anna",
        Role::Supervisor => "boris",
    }
}

/// Sends a request as a browser would, and says in a word what came of it.
async fn outcome(app: &Arc<App>, (method, address): (&str, &str), visitor: Visitor) -> &'static str {
    let path = address
        .replace("{case}", case().as_str())
        .replace("{slot}", "face")
        .replace("{attempt}", "2")
        .replace("{*path}", "page.js");
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    let came = visitor.comes(app);
    if let Some((token, _)) = &came {
        let cookie = if let Visitor::Half = visitor { STEP_COOKIE } else { COOKIE };
        request = request.header(header::COOKIE, format!("{cookie}={token}"));
    }
    if let Visitor::Display = visitor {
        let code = app.displays.invite("hall", app.now().utc_ms).unwrap();
        let (_, secret) = app.displays.bind(&code, app.now().utc_ms).unwrap().unwrap();
        request = request.header(header::COOKIE, format!("{DISPLAY_COOKIE}={secret}"));
    }
    let request = match method {
        "GET" => request.body(Body::empty()),
        _ => request
            .header(header::ORIGIN, format!("http://{HOST}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("csrf={}", came.map_or(String::new(), |(_, csrf)| csrf)))),
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
    match (status, leads_to.as_deref(), code) {
        (StatusCode::SEE_OTHER, Some("/login"), _) if !["/", "/logout"].contains(&address) => "login",
        (StatusCode::SEE_OTHER, Some("/traveller"), _) => "connect",
        (StatusCode::LOCKED, ..) if address != "/unlock" => "locked",
        (_, _, "P-09") => "role",
        (_, _, "P-05") => "none",
        _ => "pass",
    }
}

#[tokio::test]
async fn everybody_gets_where_they_may_and_nowhere_else() {
    let (_dir, app) = app();
    let names: Vec<_> = Visitor::all().map(Visitor::name).collect();
    let mut found = format!("method\taddress\t{}\n", names.join("\t"));
    for (method, address, _) in PERMISSIONS {
        let mut cells = Vec::new();
        for visitor in Visitor::all() {
            cells.push(outcome(&app, (method, address), visitor).await);
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
    let (_dir, app) = app();
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
