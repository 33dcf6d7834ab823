//! Pages made from hand-made panels and from real decisions of the pack, for the tests of what pages promise.

mod faces;
mod forms;
mod logins;
mod matrix;
mod origins;
mod own_pin;
mod promises;
mod states;
mod texts;
mod traveller;

use super::errors::{PageError, translated};
use super::locale::{LANGUAGES, Locale, Locales};
use super::logins::{Login, Logins, Moment};
use super::pages::{self, History};
use super::supervisor::REASONS;
use crate::config::{Escalation, WhileWaiting};
use crate::desk::{
    AttemptPanel, BeforePanel, ClaimPanel, DeskRefusal, EngineView, FaultView, HistoryLine, InterruptedView, Lacking,
    MEND, Panel, ParkedPanel, ParkedView, PortraitPanel, RecordView, SlotView, TravellerPanel, View, WindowPanel,
};
use crate::people::{People, Person, Register, Role, Tries};
use axum::response::{IntoResponse, Response};
use domain::case::CaseNumber;
use domain::finger::{Finger, MissingFinger, MissingReason};
use domain::policy::{self, BirthDate, Checkpoint, Decision, Evidence, Facts, Pack, Verdict};
use domain::record::{Measure, VetoTrace};
use domain::session::{Outcome, ReviewReason, Slot, Veto};
use domain::units::{QualityScore, StaffId};
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const PACK: &str = include_str!("../../../../../config/policies/ru-entry.toml");
const STEPS: &[&str] = &[
    "idle",
    "confirm-date",
    "document",
    "decided",
    "declare",
    "capturing",
    "held",
    "summary",
    "in-review",
    "keeping",
    "closed",
];

pub fn login(role: Role) -> Login {
    let (_dir, logins) = logins(&[("anna", role)]);
    logins.log_in(&person(&logins, "anna"), None, now()).unwrap().1
}

/// Log-ins of these people, whose PIN is 2468, with the folder of their files.
fn logins(who: &[(&str, Role)]) -> (tempfile::TempDir, Logins) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people.toml");
    let mut people = People::default();
    for (id, role) in who {
        people.add(id, *role, "2468").unwrap();
    }
    people.save(&path).unwrap();
    let tries = Tries::new(&dir.path().join("wrong-tries.json"));
    (dir, Logins::new(Register::open(&path).unwrap(), tries))
}

fn person(logins: &Logins, id: &str) -> Person {
    logins.people().people().find(id).unwrap().clone()
}

fn now() -> Moment {
    Moment { at: Instant::now(), utc_ms: 1_766_534_400_000 }
}

fn case() -> CaseNumber {
    CaseNumber::parse("S1-260315-0007").unwrap()
}

/// Facts of a foreign adult whose document was read, then changed.
fn decision(change: impl FnOnce(&mut Facts)) -> Decision {
    let pack = Pack::parse(PACK).unwrap();
    let mut facts = Facts {
        nationality: Some("SRB".into()),
        issuing_state: Some("SRB".into()),
        document_code: Some("P".into()),
        birth_date: BirthDate::parse("1974-08-12"),
        ..Facts::none(Evidence::Reader)
    };
    change(&mut facts);
    let checkpoint = Checkpoint { id: "domodedovo".into(), technically_possible: true };
    policy::decide(&pack, &facts, "2026-03-15T12:00".parse().unwrap(), &checkpoint, &[])
}

fn slot(slot: &'static str, state: &'static str, score: Option<u8>) -> SlotView {
    SlotView { slot, state, attempts: 2, score }
}

fn panel(step: &'static str) -> Panel {
    let view = View {
        step,
        case: Some(case()),
        slot: matches!(step, "capturing" | "held").then_some("right-index"),
        aimed_at: vec!["right-index"],
        prompt: Some("place-finger"),
        hint: Some("press-more"),
        decision: Some(decision(|_| ())),
        slots: vec![
            slot("face", "accepted", Some(83)),
            slot("right-index", "open", None),
            slot("left-index", "exhausted", Some(9)),
        ],
        missing: vec![MissingFinger { finger: Finger::LeftThumb, reason: MissingReason::Bandaged }],
        outcome: Some("enrolled"),
        record: Some(RecordView { id: "00".into(), sequence: 1, queued: true, uploaded: false }),
        warnings: vec!["check-digit", "document-seen-before"],
        ..View::default()
    };
    let traveller = TravellerPanel {
        name: "<b>O'HARA</b>".into(),
        document_number: "X123".into(),
        document_code: "P".into(),
        issuing_state: "SRB".into(),
        nationality: "SRB".into(),
        birth_date: "1974-08-12".into(),
        sex: "F".into(),
        expiry_date: "2032-04-15".into(),
        evidence: "reader",
        failed_checks: vec!["document-number".into()],
    };
    let claim = ClaimPanel { ground: "diplomat".into(), evidence: vec!["accreditation-card".into()] };
    Panel {
        view,
        traveller: Some(traveller),
        before: vec![before("application"), before("profile")],
        claims: vec![claim],
        parked: vec![parked(ReviewReason::NoFingers, "recapture")],
        simulated: true,
        laboratory: Some("trial".into()),
        ..Panel::default()
    }
}

/// What was owed, with a number of which the look-up says that it is another document's.
fn before(kind: &'static str) -> BeforePanel {
    let [not_before, not_after, in_an_emergency] =
        ["2025-12-15 12:00", "2026-03-12 12:00", "2026-03-15 08:00"].map(Into::into);
    BeforePanel {
        kind,
        verdict: "ask",
        exceptions: vec![
            ("visa".into(), "Does the traveller hold a visa?".into()),
            ("ticket".into(), "A ticket?".into()),
        ],
        stated: "none".into(),
        emergency: true,
        window: (kind == "application").then_some(WindowPanel { not_before, not_after, in_an_emergency }),
        timing: Some("late"),
        shown: "given",
        number: "AB<12".into(),
        looked_up: Some("other-document"),
        under_way: false,
        source: "Reports".into(),
    }
}

fn parked(reason: ReviewReason, state: &'static str) -> ParkedPanel {
    let attempt = |number, score, passes| AttemptPanel {
        slot: Slot::Finger(Finger::RightIndex),
        number,
        score: Some(score),
        passes,
        wrong: None,
        error: None,
        measures: Some(vec![measure("FrequencyDomain", Some(f64::from(score)), None)]),
    };
    let failed = AttemptPanel { error: Some("D-12".into()), score: None, measures: None, ..attempt(3, 0, false) };
    let wrong = AttemptPanel { wrong: Some("same-finger"), ..attempt(2, 88, false) };
    ParkedPanel {
        view: ParkedView { case: case(), reason: reason.id(), state, since_s: 0 },
        officer: "olga".into(),
        claim: None,
        question: None,
        slots: vec![slot("face", "accepted", Some(83)), slot("right-index", "exhausted", Some(31))],
        attempts: vec![attempt(1, 31, false), wrong, failed],
        missing: vec![MissingFinger { finger: Finger::LeftRing, reason: MissingReason::Injured }],
        face_exception: Some("eyes-closed"),
        vetoes: vec![VetoTrace {
            slot: Slot::Face,
            veto: Veto::RefusedAlthoughAccepted,
            officer: StaffId("pavel".into()),
            reason: "<i>another</i> person".into(),
            local_time: "2026-03-15T12:02:04".into(),
        }],
        staff: vec![StaffId("olga".into()), StaffId("pavel".into())],
        accompanying: None,
        refers: None,
        family: vec![],
        portrait: Some(portrait()),
        decision: decision(|_| ()),
        since: Instant::now().into(),
        parked_at: "2026-03-15T12:03:04.5".into(),
    }
}

/// What was done to a case.
fn history() -> History<'static> {
    static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Moscow").unwrap());
    let line = |what: &str, reason: Option<&str>| HistoryLine {
        at_ms: 1_773_565_384_000,
        who: "olga".into(),
        what: what.into(),
        reason: reason.map(Into::into),
    };
    History { lines: vec![line("case-opened", None), line("device-fault", Some("D-12"))], zone: &ZONE }
}

fn measure(name: &str, native: Option<f64>, failure: Option<&str>) -> Measure {
    let score = native.map(QualityScore::nearest);
    Measure { name: name.into(), native, score, failure: failure.map(Into::into) }
}

/// A portrait that an engine of boxes has judged.
fn portrait() -> PortraitPanel {
    PortraitPanel {
        engine: format!("opencv-haar-frontalface sha256:{}", "0123456789abcdef".repeat(4)),
        basis: "box",
        not_assessed: vec!["EyesOpen".into()],
        measures: vec![measure("DynamicRange", Some(87.5), None), measure("EyesOpen", None, Some("needs landmarks"))],
    }
}

pub async fn html(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Every page there is, in one language, with a name for messages.
async fn all_pages(t: Locale<'_>) -> Vec<(String, String)> {
    let (officer, supervisor) = (login(Role::Officer), login(Role::Supervisor));
    let mut made = vec![("log-in".into(), html(pages::login(t, true, Some(PageError::LoginWaits(30)))).await)];
    made.push((
        "locked".into(),
        html(pages::locked(t, &officer, true, "/officer", Some(PageError::LoginFailed))).await,
    ));
    for step in STEPS {
        made.push(((*step).into(), html(pages::officer(t, &officer, &panel(step))).await));
    }
    let mut face = panel("capturing");
    face.view.slot = Some("face");
    made.push(("face".into(), html(pages::officer(t, &officer, &face)).await));
    for (name, decision) in questions() {
        let mut asked = panel("decided");
        asked.view.decision = Some(decision);
        made.push((name.into(), html(pages::officer(t, &officer, &asked)).await));
    }
    made.push(("list".into(), html(pages::supervisor(t, &supervisor, &panel("idle"))).await));
    let waiting = parked(ReviewReason::Rejected(vec![]), "waiting");
    made.push(("review".into(), html(pages::review(t, &supervisor, &waiting, &panel("idle"), &history())).await));
    made.push(("history".into(), html(pages::history(t, &supervisor, &case(), &panel("idle"), &history())).await));
    let refused = PageError::Desk(DeskRefusal::Document("Line 1".into())).into_response();
    made.push(("refusal".into(), html(translated(refused, t, "/")).await));
    made
}

/// Decisions that leave each kind of question, from the real pack.
fn questions() -> Vec<(&'static str, Decision)> {
    vec![
        ("birth-date", decision(|facts| facts.birth_date = BirthDate::parse("XXXX-XX-XX"))),
        ("confirm-nationality", {
            decision(|facts| {
                facts.nationality = Some("BLR".into());
                facts.evidence = Evidence::Typed;
            })
        }),
        ("hinted-exemption", decision(|facts| facts.document_code = Some("PD".into()))),
        ("read-again", decision(|facts| facts.nationality = None)),
        ("unknown-code", decision(|facts| facts.nationality = Some("QQQ".into()))),
    ]
}
