//! Templates and what they are given.

use super::errors::{PageError, page};
use super::locale::Locale;
use super::logins::Login;
use super::supervisor::REASONS;
use crate::config::Escalation;
use crate::desk::{AttemptPanel, HistoryLine, Lacking, Panel, ParkedPanel, PortraitPanel, View};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::case::CaseNumber;
use domain::finger::MissingReason;
use domain::policy::Question;
use domain::record::Measure;
use domain::session::FaceException;
use jiff::{Timestamp, tz::TimeZone};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    t: Locale<'a>,
    pin_only: bool,
    refusal: Option<Told>,
}

/// Why a try to log in came to nothing: code, sentence, status.
pub(super) struct Told {
    /// To read out over the telephone.
    pub code: &'static str,
    /// In the language of the page.
    pub sentence: String,
    /// Of the answer.
    pub status: StatusCode,
}

/// A refusal in the language of its page.
pub(super) fn told(t: Locale<'_>, refusal: PageError) -> Told {
    let (code, status) = (refusal.code(), refusal.status());
    let sentence = match refusal {
        PageError::LoginWaits(seconds) => t.count("error-P-04", usize::try_from(seconds).unwrap_or(usize::MAX)),
        _ => t.word("error", code),
    };
    Told { code, sentence, status }
}

/// The log-in page, with the refusal of the last try. It says so where a PIN is all that is asked for.
pub fn login(t: Locale<'_>, pin_only: bool, refusal: Option<PageError>) -> Response {
    let refusal = refusal.map(|refusal| told(t, refusal));
    let status = refusal.as_ref().map_or(StatusCode::OK, |told| told.status);
    (status, page(&LoginPage { t, pin_only, refusal })).into_response()
}

#[derive(Template)]
#[template(path = "locked.html")]
struct LockedPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    keys: bool,
    back: &'a str,
    refusal: Option<Told>,
}

/// What stands in place of the page of a locked screen.
pub fn locked(t: Locale<'_>, login: &Login, keys: bool, back: &str, refusal: Option<PageError>) -> Response {
    let refusal = refusal.map(|refusal| told(t, refusal));
    (StatusCode::LOCKED, page(&LockedPage { t, login, keys, back, refusal })).into_response()
}

#[derive(Template)]
#[template(path = "officer.html")]
struct OfficerPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    panel: &'a Panel,
    view: &'a View,
}

/// The officer's whole page.
pub fn officer(t: Locale<'_>, login: &Login, panel: &Panel) -> Response {
    page(&OfficerPage { t, login, panel, view: &panel.view })
}

#[derive(Template)]
#[template(path = "supervisor.html")]
struct SupervisorPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    panel: &'a Panel,
}

/// The supervisor's list.
pub fn supervisor(t: Locale<'_>, login: &Login, panel: &Panel) -> Response {
    page(&SupervisorPage { t, login, panel })
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    case: &'a ParkedPanel,
    panel: &'a Panel,
    own: bool,
    reasons: &'static [&'static str],
    history: &'a History<'a>,
}

/// One case before the supervisor. Who captured the traveller is told that somebody else has to decide.
pub fn review(t: Locale<'_>, login: &Login, case: &ParkedPanel, panel: &Panel, history: &History<'_>) -> Response {
    page(&ReviewPage { t, login, case, panel, own: case.is_own(&login.id), reasons: REASONS, history })
}

/// What is known of a case, for the supervisor.
pub struct History<'a> {
    /// Oldest first.
    pub lines: Vec<HistoryLine>,
    /// The time zone that they are told in.
    pub zone: &'a TimeZone,
}

impl History<'_> {
    /// Local date and time of a line: `2026-03-15 12:03:04`.
    fn time(&self, line: &HistoryLine) -> String {
        let at = Timestamp::from_millisecond(line.at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    case: &'a CaseNumber,
    panel: &'a Panel,
    history: &'a History<'a>,
}

/// A case that does not wait any more, before the supervisor: what was done, and by whom.
pub fn history(t: Locale<'_>, login: &Login, case: &CaseNumber, panel: &Panel, history: &History<'_>) -> Response {
    page(&HistoryPage { t, login, case, panel, history })
}

/// Where the case is on its way, for the line above the page.
struct Stage {
    id: &'static str,
    state: &'static str,
}

const STAGES: [&str; 4] = ["document", "decision", "capture", "sign"];

impl Panel {
    /// The stages with `done`, `now` or `ahead`.
    fn stages(&self) -> impl Iterator<Item = Stage> + use<> {
        let now = match self.view.step {
            "idle" | "closed" => None,
            "confirm-date" | "document" => Some(0),
            "decided" => Some(1),
            "declare" | "capturing" | "held" => Some(2),
            _ => Some(3),
        };
        let closed = self.view.step == "closed";
        STAGES.into_iter().enumerate().map(move |(index, id)| {
            let state = match now {
                None if closed => "over",
                None => "ahead",
                Some(now) if index < now => "done",
                Some(now) if index == now => "now",
                Some(_) => "ahead",
            };
            Stage { id, state }
        })
    }

    /// What the officer is told of an engine that stands in for the configured one: where portraits are about to be taken
    /// or looked at.
    fn told_engine(&self) -> Option<&Lacking> {
        let of_portraits = match self.view.step {
            "idle" | "declare" | "summary" => true,
            _ => self.view.slot == Some("face"),
        };
        self.face_engine.lacking.as_ref().filter(|_| of_portraits)
    }

    /// Minutes that the oldest case has waited for a supervisor, none where none does.
    fn oldest(&self) -> Option<usize> {
        self.parked.iter().filter(|case| case.view.state == "waiting").map(ParkedPanel::minutes).max()
    }

    /// Nobody has decided for as long as the escalation rule allows.
    fn escalated(&self) -> Option<&Escalation> {
        let rule = self.escalation.as_ref()?;
        self.oldest().filter(|minutes| *minutes >= usize::from(rule.after_minutes)).map(|_| rule)
    }

    /// One step back is possible.
    fn can_undo(&self) -> bool {
        let taken = self.view.slots.iter().any(|slot| slot.attempts > 0);
        match self.view.step {
            "decided" | "capturing" | "held" | "summary" => true,
            "declare" => !taken,
            _ => false,
        }
    }

    /// Why this finger was declared missing; empty where it was not.
    fn missing_reason(&self, finger: &str) -> &'static str {
        let found = self.view.missing.iter().find(|missing| missing.finger.id() == finger);
        found.map_or("", |missing| reason_id(missing.reason))
    }

    /// What may be wrong with a face.
    fn face_exceptions(&self) -> impl Iterator<Item = &'static str> + use<> {
        FaceException::ALL.into_iter().map(FaceException::id)
    }

    /// The intake is out of reach, which happens and mends itself.
    fn offline(&self) -> bool {
        self.intake == Some(link::Fault::Unreachable.code())
    }

    /// Whether any engine judges faces.
    fn face_judged(&self) -> bool {
        !self.face_engine.model.is_empty()
    }

    /// The open question, while it is to be answered.
    fn question(&self) -> Option<&Question> {
        let decision = self.view.decision.as_ref().filter(|_| self.view.step == "decided")?;
        decision.question.as_ref()
    }

    /// The question in the officer's language.
    fn ask(&self, t: &Locale<'_>, question: &Question) -> String {
        if self.asks_to_read_only() {
            return t.say("question-nationality-unknown");
        }
        let nationality = self.traveller.as_ref().map_or("", |person| person.nationality.as_str());
        if let Some(age) = question.age {
            return t.with(&format!("question-{}", question.id), "age", age);
        }
        let key = format!("question-{}", question.id);
        if t.has(&key) { t.with(&key, "nationality", nationality) } else { question.text.clone() }
    }

    /// The document may be read again: a field of it is in doubt.
    fn asks_to_read(&self) -> bool {
        self.question().is_some_and(|question| ["read-again", "confirm-nationality"].contains(&question.id.as_str()))
    }

    /// The document has to be read again: no answer would settle a nationality that nobody knows.
    fn asks_to_read_only(&self) -> bool {
        let missing = self.view.decision.as_ref().map(|decision| decision.facts_missing.as_slice()).unwrap_or_default();
        let read_again = self.question().is_some_and(|question| question.id == "read-again");
        read_again && missing.iter().any(|fact| fact == "nationality")
    }

    /// The document hints at an exemption: the claim is one of the two answers.
    fn hints_at_claim(&self) -> bool {
        self.question().is_some_and(|question| question.id == "hinted-exemption")
    }

    /// Attempts at whatever is captured now. Each one of each case has a live picture with an address of its own: of an
    /// address that it knows, a browser shows the last picture again, which would be another traveller's.
    pub(super) fn attempts_so_far(&self) -> usize {
        let current = self.view.slots.iter().filter(|slot| self.view.aimed_at.contains(&slot.slot));
        current.map(|slot| slot.attempts).sum()
    }

    /// What the sentence of the fault leaves out: the place in a document, or what the store says.
    fn fault_detail(&self) -> Option<&str> {
        let fault = self.view.fault.as_ref()?;
        match fault.code.as_str() {
            "U-04" => fault.text.split_once(": ").map(|(_, detail)| detail),
            "S-01" => Some(&fault.text),
            _ => None,
        }
    }
}

impl PortraitPanel {
    /// The engine's name and the first digits of its model's digest.
    fn engine_short(&self) -> String {
        match self.engine.split_once(" sha256:") {
            Some((name, digest)) => format!("{name} {}", digest.get(..12).unwrap_or(digest)),
            None => self.engine.clone(),
        }
    }

    /// A native value with as many digits as say something.
    fn native(value: &f64) -> String {
        match value.abs() {
            large if large >= 100.0 => format!("{value:.0}"),
            middle if middle >= 1.0 => format!("{value:.2}"),
            _ => format!("{value:.3}"),
        }
    }
}

/// Attempts side by side.
struct Compared {
    /// Their numbers.
    numbers: Vec<u8>,
    /// Component, and its score in each.
    rows: Vec<(String, Vec<String>)>,
}

/// The word of forms and locales.
const fn reason_id(reason: MissingReason) -> &'static str {
    match reason {
        MissingReason::Bandaged => "bandaged",
        MissingReason::Injured => "injured",
        MissingReason::Missing => "missing",
    }
}

impl ParkedPanel {
    /// Fingers that were declared missing, each with the word of its reason.
    fn missing_fingers(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        self.missing.iter().map(|missing| (missing.finger.id(), reason_id(missing.reason)))
    }

    /// Hour and minute of the local time at which it was parked.
    fn parked_time(&self) -> &str {
        self.parked_at.get(11..16).unwrap_or(&self.parked_at)
    }

    /// The attempts of one slot, oldest first.
    fn attempts_of(&self, slot: &str) -> impl Iterator<Item = &AttemptPanel> {
        self.attempts.iter().filter(move |attempt| attempt.slot.id() == slot)
    }

    /// The attempts of a slot whose pictures are there, beside the best one.
    fn beside<'a>(&'a self, slot: &'a str) -> impl Iterator<Item = &'a AttemptPanel> {
        self.attempts_of(slot).filter(|attempt| attempt.measures.is_some() && !self.is_best(attempt))
    }

    /// The attempts of a slot side by side: each component that has a score in any, with the score in each.
    fn compared(&self, slot: &str) -> Compared {
        let judged: Vec<_> = self.attempts_of(slot).filter_map(|of| Some((of.number, of.measures.as_ref()?))).collect();
        let mut names: Vec<&str> = Vec::new();
        for measure in judged.iter().flat_map(|(_, measures)| measures.iter()).filter(|measure| measure.score.is_some())
        {
            if !names.contains(&measure.name.as_str()) {
                names.push(&measure.name);
            }
        }
        let score = |measures: &[Measure], name: &str| {
            let found = measures.iter().find(|measure| measure.name == name).and_then(|measure| measure.score);
            found.map_or_else(|| "–".into(), |score| score.get().to_string())
        };
        let row = |name: &&str| ((*name).to_owned(), judged.iter().map(|(_, of)| score(of, name)).collect());
        Compared { numbers: judged.iter().map(|(number, _)| *number).collect(), rows: names.iter().map(row).collect() }
    }

    /// Whether this is the attempt whose sample is shown: the rule is that of the session.
    fn is_best(&self, attempt: &AttemptPanel) -> bool {
        let scored = self.attempts.iter().filter(|other| other.slot == attempt.slot && other.error.is_none());
        let scored = scored.filter(|other| other.wrong != Some("taken-back"));
        let best = scored.max_by_key(|other| (other.passes, other.wrong.is_none(), other.score, other.number));
        best.is_some_and(|best| best.number == attempt.number)
    }
}
