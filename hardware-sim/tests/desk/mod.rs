//! A stand-in for the officer's pages: enough of a desk to lead a shift through, and strict about what it is sent.

use super::common::Simulation;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use hardware_sim::stage::Stage;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};

const SECRET: &str = "s3cret";

/// How this stand-in behaves badly.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    pub enrols_everybody: bool,
    pub knows_nobody: bool,
    pub never_warns: bool,
    /// Takes whole hands from a slap scanner, and each of them only at the second attempt.
    pub takes_slaps: bool,
}

/// The stand-in.
pub struct StandIn {
    pub address: String,
    desk: Arc<Desk>,
}

struct Desk {
    manners: Manners,
    stage: Arc<Stage>,
    view: watch::Sender<Value>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    cases: u32,
    seen: HashSet<String>,
    lines: String,
    declared: Vec<String>,
    /// What is still to be taken, the last one first.
    fingers: Vec<Vec<&'static str>>,
    /// Slaps that were on the glass, in order.
    slaps: Vec<Vec<String>>,
}

impl StandIn {
    pub async fn open(simulation: &Simulation, manners: Manners) -> Self {
        let stage = Arc::clone(&simulation.running.stage);
        let (view, _) = watch::channel(json!({ "version": 0, "step": "idle", "recent": [] }));
        let desk = Arc::new(Desk { manners, stage, view, memory: Mutex::default() });
        let reader = serialport::new(simulation.path("reader").to_string_lossy(), 9600);
        let reader = reader.timeout(Duration::from_millis(100)).open().unwrap();
        let for_reader = Arc::clone(&desk);
        std::thread::spawn(move || read_documents(&for_reader, reader));
        tokio::spawn(watch_fingers(Arc::clone(&desk)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let router = Router::new()
            .route("/health", get(|| async { axum::Json(json!({ "devices": [{ "state": "ready" }] })) }))
            .route("/login", get(page).post(log_in))
            .route("/officer", get(page))
            .route("/officer/events", get(events))
            .route("/officer/{order}", post(order))
            .route("/supervisor", get(page))
            .route("/supervisor/case/{case}", get(page))
            .route("/supervisor/decide", post(decide))
            .with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, desk }
    }

    /// What lay on the glass of the slap scanner, placement after placement.
    pub fn slaps(&self) -> Vec<Vec<String>> {
        self.desk.memory.lock().unwrap().slaps.clone()
    }

    /// The declarations that came, as `name=value` pairs.
    pub fn declared(&self) -> Vec<String> {
        self.desk.memory.lock().unwrap().declared.clone()
    }
}

type Shared = State<Arc<Desk>>;
type Fields = Form<BTreeMap<String, String>>;

async fn page() -> Html<String> {
    Html(format!("<html><meta name=\"csrf\" content=\"{SECRET}\"><form></form></html>"))
}

async fn log_in(State(desk): Shared, Form(fields): Fields) -> Response {
    if desk.manners.knows_nobody {
        return refuse("U-01", "Name or PIN is wrong");
    }
    let start = if fields["person"] == "boris" { "/supervisor" } else { "/officer" };
    let cookie = format!("gatepost_session={}; HttpOnly; SameSite=Strict; Path=/", fields["person"]);
    ([(header::SET_COOKIE, cookie)], Redirect::to(start)).into_response()
}

async fn events(State(desk): Shared) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let views = WatchStream::new(desk.view.subscribe());
    Sse::new(views.map(|view| Ok(Event::default().event("view").data(view.to_string()))))
}

fn refuse(code: &str, text: &str) -> Response {
    let page = format!("<p class=\"error\" data-code=\"{code}\">{text}</p>");
    (StatusCode::CONFLICT, Html(page)).into_response()
}

fn logged_in(headers: &HeaderMap, fields: &BTreeMap<String, String>, person: &str) -> bool {
    let cookie = headers.get(header::COOKIE).and_then(|cookie| cookie.to_str().ok());
    cookie == Some(&format!("gatepost_session={person}")) && fields.get("csrf").map(String::as_str) == Some(SECRET)
}

async fn order(
    State(desk): Shared,
    axum::extract::Path(order): axum::extract::Path<String>,
    headers: HeaderMap,
    Form(fields): Fields,
) -> Response {
    if !logged_in(&headers, &fields, "anna") {
        return refuse("U-02", "Log in again");
    }
    let step = desk.view.borrow()["step"].as_str().unwrap().to_owned();
    let fits = match order.as_str() {
        "new" => matches!(step.as_str(), "idle" | "closed" | "in-review"),
        "document" => step == "document",
        "proceed" | "claim" | "answer" => step == "decided",
        "declare" => step == "declare",
        "sign" => step == "summary",
        "refused" | "cancel" => true,
        _ => false,
    };
    if !fits {
        return refuse("U-05", "That is not possible at this step");
    }
    match order.as_str() {
        "new" => desk.open(),
        "document" => desk.document(&fields["lines"]),
        "proceed" => desk.proceed(),
        "claim" => desk.leave("in-review", "in-review"),
        "declare" => desk.declare(&fields),
        "sign" => desk.sign(),
        "refused" => desk.leave("closed", "refused-by-traveller"),
        _ => desk.leave("closed", "cancelled"),
    }
    Redirect::to("/officer").into_response()
}

async fn decide(State(desk): Shared, headers: HeaderMap, Form(fields): Fields) -> Response {
    if !logged_in(&headers, &fields, "boris") {
        return refuse("U-02", "Log in again");
    }
    desk.view.send_modify(|view| {
        let outcome = if fields["decision"] == "approve" { "exempt" } else { "failure-to-enrol" };
        let left = view["recent"].as_array_mut().unwrap().iter_mut().find(|left| left["case"] == fields["case"]);
        let left = left.unwrap();
        left["outcome"] = json!(outcome);
        left["record"] = record();
    });
    Redirect::to("/supervisor").into_response()
}

fn record() -> Value {
    json!({ "id": "0123456789abcdef".repeat(2), "sequence": 1, "queued": true, "uploaded": true })
}

impl Desk {
    fn change(&self, change: impl FnOnce(&mut Value)) {
        self.view.send_modify(|view| {
            change(view);
            view["version"] = json!(view["version"].as_u64().unwrap() + 1);
        });
    }

    fn open(&self) {
        let mut memory = self.memory.lock().unwrap();
        memory.cases += 1;
        let case = format!("S1-{:04}", memory.cases);
        self.change(|view| {
            let recent = view["recent"].take();
            *view = json!({ "version": view["version"], "case": case, "step": "document", "recent": recent });
        });
    }

    fn document(&self, lines: &str) {
        let mut memory = self.memory.lock().unwrap();
        memory.lines = lines.to_owned();
        let again = !memory.seen.insert(lines.to_owned()) && !self.manners.never_warns;
        self.change(|view| {
            view["step"] = json!("decided");
            view["decision"] = json!({ "decision": "required", "question": null });
            view["warnings"] = if again { json!(["document-seen-before"]) } else { json!([]) };
        });
    }

    fn proceed(&self) {
        let exempt = self.memory.lock().unwrap().lines.starts_with("P<BLR") && !self.manners.enrols_everybody;
        if exempt {
            self.leave("closed", "exempt");
        } else {
            self.change(|view| view["step"] = json!("declare"));
        }
    }

    fn declare(&self, fields: &BTreeMap<String, String>) {
        let said: Vec<String> =
            fields.iter().filter(|(name, _)| *name != "csrf").map(|(name, value)| format!("{name}={value}")).collect();
        let right = if said.is_empty() { "right-index" } else { "right-middle" };
        let mut memory = self.memory.lock().unwrap();
        memory.declared.push(said.join("&"));
        memory.fingers = if self.manners.takes_slaps { slaps(&said) } else { vec![vec!["left-index"], vec![right]] };
        drop(memory);
        self.next_finger();
    }

    fn next_finger(&self) {
        let fingers = self.memory.lock().unwrap().fingers.pop();
        self.change(|view| match fingers {
            Some(fingers) => {
                view["step"] = json!("capturing");
                view["aimed_at"] = json!(fingers);
                // The walking-away script names the right index: the slot is asked for before the prompt is shown.
                let (slot, prompt) = match fingers.as_slice() {
                    [one] => (*one, "place-finger"),
                    [first, ..] if first.ends_with("thumb") => ("two-thumbs", "place-fingers"),
                    [first, ..] if first.starts_with("right") => ("right-four", "place-fingers"),
                    _ => ("left-four", "place-fingers"),
                };
                (view["slot"], view["prompt"]) = (json!(slot), json!(prompt));
            }
            None => {
                view["step"] = json!("summary");
                (view["slot"], view["prompt"], view["aimed_at"]) = (Value::Null, Value::Null, json!([]));
            }
        });
    }

    fn sign(&self) {
        let exceptions = self.memory.lock().unwrap().declared.last().is_some_and(|said| !said.is_empty());
        self.leave("closed", if exceptions { "enrolled-with-exceptions" } else { "enrolled" });
    }

    fn leave(&self, step: &str, outcome: &str) {
        self.change(|view| {
            let record = if outcome == "in-review" { Value::Null } else { record() };
            let left = json!({ "case": view["case"], "outcome": outcome, "record": record });
            view["recent"].as_array_mut().unwrap().insert(0, left);
            for (key, value) in [("step", json!(step)), ("slot", Value::Null), ("prompt", Value::Null)] {
                view[key] = value;
            }
        });
    }
}

/// Two lines from the real simulated reader are a document. Ends with the simulation, whose line then is gone.
fn read_documents(desk: &Desk, mut reader: Box<dyn serialport::SerialPort>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 128];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {}
            Err(_) => return,
        }
        if bytes.iter().filter(|byte| **byte == b'\r').count() >= 2 {
            let text = String::from_utf8(std::mem::take(&mut bytes)).unwrap();
            desk.document(&text.trim().replace('\r', "\n"));
        }
    }
}

/// The ten fingers as 4-4-2, without those that were declared missing; what comes first stands last.
fn slaps(said: &[String]) -> Vec<Vec<&'static str>> {
    let there = |finger: &&str| !said.iter().any(|said| said.starts_with(&format!("missing-{finger}=")));
    let slaps = [
        ["right-thumb", "left-thumb"].as_slice(),
        &["left-index", "left-middle", "left-ring", "left-little"],
        &["right-index", "right-middle", "right-ring", "right-little"],
    ];
    let there = slaps.iter().map(|slap| slap.iter().copied().filter(there).collect::<Vec<_>>());
    // Every slap is asked for twice.
    there.flat_map(|slap| [slap.clone(), slap]).collect()
}

/// Sees the fingers that are asked for on the real simulated glass, and wants them lifted before the next.
async fn watch_fingers(desk: Arc<Desk>) {
    let mut look = tokio::time::interval(Duration::from_millis(5));
    while !desk.stage.has_ended() {
        look.tick().await;
        let (wanted, prompt) = {
            let view = desk.view.borrow();
            (view["aimed_at"].clone(), view["prompt"].as_str().map(str::to_owned))
        };
        let on: Vec<String> = if desk.manners.takes_slaps {
            let platen = desk.stage.platen();
            platen.iter().flat_map(|platen| &platen.fingers).map(|laid| laid.finger.id().to_owned()).collect()
        } else {
            desk.stage.finger().iter().map(|finger| finger.id().to_owned()).collect()
        };
        match prompt.as_deref() {
            Some("place-finger" | "place-fingers") if !on.is_empty() && json!(on) == wanted => {
                let several = on.len() > 1;
                desk.memory.lock().unwrap().slaps.push(on);
                let lift = if several { "lift-fingers" } else { "lift-finger" };
                desk.change(|view| view["prompt"] = json!(lift));
            }
            Some("lift-finger" | "lift-fingers") if on.is_empty() => desk.next_finger(),
            _ => {}
        }
    }
}
