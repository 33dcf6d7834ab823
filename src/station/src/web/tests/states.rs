//! What each request does in each state of the desk, for each visitor: every cell of role x action x state, through the
//! real router on a real desk. What is expected of those who may send a request stands in `states.tsv`, to be read by
//! people: `done` or `page`, or the code of the refusal. Whoever may not gets the answer of `matrix.tsv` in every state,
//! and changes nothing.

use super::matrix::{self, Came, Visitor, name};
use super::*;
use crate::desk::staged::{Staged, State};
use crate::web::App;
use crate::web::permissions::{PERMISSIONS, Who};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::sync::Arc;

const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/tests/states.tsv");

/// A request as people send it: address, what tells it from others to the same address, and its fields.
struct Deed {
    method: &'static str,
    address: &'static str,
    which: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

const fn post(address: &'static str, which: &'static str, fields: &'static [(&'static str, &'static str)]) -> Deed {
    Deed { method: "POST", address, which, fields }
}

const fn get(address: &'static str) -> Deed {
    Deed { method: "GET", address, which: "", fields: &[] }
}

/// The lines of a passport of a foreign adult.
const LINES: &str = "P<UZBQUETZALNAME<<XOCHIGIVEN<<<<<<<<<<<<<<<<\nX87Q4Z91W9UZB7408122F3204153<<<<<<<<<<<<<<<8";

/// Everything that an officer or a supervisor can send. This desk has no devices, so that a declaration gets no further than
/// that; with devices it does in every test of the whole station. `CASE` stands for the case that the state is about.
const DEEDS: &[Deed] = &[
    get("/officer"),
    get("/officer/events"),
    get("/officer/preview"),
    get("/officer/receipt"),
    post("/officer/new", "", &[]),
    post("/officer/new-with", "", &[]),
    post("/officer/scanned", "a document", &[("text", LINES)]),
    post("/officer/scanned", "a case", &[("text", "CASE")]),
    post("/officer/before-arrival", "", &[("kind", "application"), ("number", ""), ("exception", "")]),
    post("/officer/date-confirmed", "", &[]),
    post("/officer/document", "", &[("lines", LINES)]),
    post(
        "/officer/fields",
        "",
        &[
            ("surname", "QUETZALNAME"),
            ("nationality", "UZB"),
            ("issuing_state", "UZB"),
            ("document_code", "P"),
            ("document_number", "X87Q4Z91W"),
            ("birth_date", "1974-08-12"),
            ("sex", "F"),
            ("expiry_date", "2032-04-15"),
        ],
    ),
    post("/officer/answer", "", &[("question", "confirm-nationality"), ("answer", "yes")]),
    post("/officer/claim", "", &[("ground", "diplomat"), ("evidence", "accreditation-card")]),
    post("/officer/to-supervisor", "", &[]),
    post("/officer/proceed", "", &[]),
    post("/officer/declare", "", &[]),
    post("/officer/retry", "", &[]),
    post("/officer/take-back", "", &[("slot", "face")]),
    post("/officer/veto", "", &[("slot", "face"), ("veto", "accepted-without-reason"), ("reason", "")]),
    post("/officer/undo", "", &[]),
    post("/officer/sign", "", &[]),
    post("/officer/refused", "", &[]),
    post("/officer/cancel", "", &[]),
    post("/officer/recall", "", &[("case", "CASE")]),
    post("/officer/traveller-language", "", &[("language", "ru")]),
    get("/supervisor"),
    get("/supervisor/events"),
    get("/supervisor/figures"),
    get("/supervisor/search"),
    get("/supervisor/case/{case}"),
    get("/supervisor/case/{case}/sample/{slot}"),
    post("/supervisor/decide", "approve", &[("case", "CASE"), ("decision", "approve"), ("reason", "evidence-seen")]),
    post(
        "/supervisor/decide",
        "recapture",
        &[("case", "CASE"), ("decision", "recapture"), ("reason", "evidence-seen")],
    ),
    post("/supervisor/decide", "refuse", &[("case", "CASE"), ("decision", "refuse"), ("reason", "evidence-seen")]),
    post("/supervisor/end-shift", "", &[("sure", "yes")]),
];

/// The desk in a state with everybody who may come to it.
struct Scene {
    staged: Staged,
    app: Arc<App>,
    _dir: tempfile::TempDir,
}

impl Scene {
    async fn new(state: State) -> Self {
        let staged = Staged::new(state).await;
        let (_dir, app) = matrix::app(staged.desk.clone());
        Self { staged, app, _dir }
    }

    /// The answer to a deed: `done`, `page`, or the code of the refusal.
    async fn answer(&self, deed: &Deed, came: &Came) -> String {
        let case = self.staged.case.as_ref().map_or("S1-260101-0099", |case| case.as_str());
        let fields: Vec<_> = deed.fields.iter().map(|(name, value)| (*name, value.replace("CASE", case))).collect();
        let answer = matrix::send(&self.app, (deed.method, deed.address), came, case, &fields).await;
        match (answer.status, answer.code.as_str()) {
            (StatusCode::OK, _) => "page".into(),
            (StatusCode::SEE_OTHER, _) => "done".into(),
            (status, "") => status.as_u16().to_string(),
            (_, code) => code.to_owned(),
        }
    }

    /// What tells whether anything has happened.
    fn stands(&self) -> (String, usize, usize) {
        let panel = self.staged.desk.panel();
        (panel.view.at(), panel.parked.len(), panel.view.recent.len())
    }
}

/// Whose request this is.
fn whose(deed: &Deed) -> Role {
    let line = PERMISSIONS.iter().find(|(method, address, _)| (*method, *address) == (deed.method, deed.address));
    match line {
        Some((_, _, Who::Only(role))) => *role,
        other => panic!("{} {} is {other:?}", deed.method, deed.address),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deed_has_its_answer_in_every_state() {
    let refused = matrix::expected();
    let mut found = String::from("method\taddress\twhich");
    State::ALL.iter().for_each(|state| found.push_str(&format!("\t{}", state.id())));
    let mut cells: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut looked = 0;
    for state in State::ALL {
        let mut scene = Scene::new(state).await;
        nobody_else_does_anything(&scene, &refused, state, &mut looked).await;
        for (row, deed) in DEEDS.iter().enumerate() {
            let before = scene.stands();
            let visitor = Visitor::Open(whose(deed)).comes(&scene.app);
            let answer = scene.answer(deed, &visitor).await;
            looked += 1;
            if answer == "done" {
                scene = Scene::new(state).await;
            } else {
                assert_eq!(
                    scene.stands(),
                    before,
                    "{state:?}: {} was refused, and yet something happened",
                    deed.address
                );
            }
            cells.entry(row).or_default().push(answer);
        }
    }
    for (row, deed) in DEEDS.iter().enumerate() {
        found.push_str(&format!("\n{}\t{}\t{}\t{}", deed.method, deed.address, deed.which, cells[&row].join("\t")));
    }
    assert_eq!(looked, Visitor::all().count() * DEEDS.len() * State::ALL.len(), "every cell");
    let expected = std::fs::read_to_string(EXPECTED).unwrap();
    assert!(found.trim() == expected.trim(), "the program does this, and states.tsv says otherwise:\n{found}");
}

/// Whoever may not send a request is answered the same in every state, and the desk stays as it was.
async fn nobody_else_does_anything(
    scene: &Scene,
    refused: &BTreeMap<(String, String), BTreeMap<String, String>>,
    state: State,
    looked: &mut usize,
) {
    let before = scene.stands();
    for visitor in Visitor::all() {
        let came = visitor.comes(&scene.app);
        for deed in DEEDS {
            if matches!(visitor, Visitor::Open(role) if role == whose(deed)) {
                continue;
            }
            let case = scene.staged.case.as_ref().map_or("S1-260101-0099", |case| case.as_str());
            let fields: Vec<_> = deed.fields.iter().map(|(name, value)| (*name, value.replace("CASE", case))).collect();
            let answer = matrix::send(&scene.app, (deed.method, deed.address), &came, case, &fields).await;
            let expected = &refused[&(deed.method.to_owned(), deed.address.to_owned())][&visitor.name()];
            assert_eq!(answer.word(deed.address), expected, "{state:?}: {} {}", visitor.name(), deed.address);
            *looked += 1;
        }
    }
    assert_eq!(scene.stands(), before, "{state:?}: somebody who may not has changed something");
}

/// A new request of officers or supervisors is met here first.
#[test]
fn every_request_of_officers_and_supervisors_is_a_deed() {
    let of_the_desk = |who: &Who| matches!(who, Who::Only(Role::Officer | Role::Supervisor));
    let listed: BTreeSet<_> = PERMISSIONS
        .iter()
        .filter(|(.., who)| of_the_desk(who))
        .map(|(method, address, _)| (*method, *address))
        .collect();
    let here: BTreeSet<_> = DEEDS.iter().map(|deed| (deed.method, deed.address)).collect();
    assert_eq!(here, listed);
    assert_eq!([name(Role::Officer), name(Role::Supervisor)], ["anna", "boris"], "as the desk knows them");
}
