//! `gatepost-sim shift`: simulated travellers, an officer and a supervisor who use a station's pages as browsers do.
//!
//! The simulated people act at once; the report adds what people would have taken. What it calls machine wait is the
//! elapsed time without the serial lines' own transfer, without slept human time, and without the simulator's own
//! work of drawing heads and fingers.

pub mod browser;
pub mod director;
pub mod html;
pub mod human;
pub mod measure;
pub mod picture;
pub mod plan;
pub mod report;
pub mod script;
pub mod situation;
pub mod sse;
pub mod stopwatch;
pub mod view;
pub mod visit;

use crate::clock;
use crate::person::Person;
use crate::scenario::{self, ScenarioError};
use browser::{Browser, BrowserError, Views};
use clap::Args;
use director::{Director, DirectorError};
use domain::session::Outcome;
use human::Act;
use plan::Planned;
use report::{Report, Row};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use stopwatch::Stopwatch;
use thiserror::Error;
use view::RecentView;
use visit::{Desk, Left, STEP_LIMIT, VisitError};

/// How long a record may take to the intake and back.
const RECEIPT_LIMIT: Duration = Duration::from_secs(20);

/// Visits that may break off in a row before the shift is given up.
const MAX_BROKEN: usize = 3;

/// What `shift` is told on the command line.
#[derive(Args, Clone, Debug)]
pub struct ShiftArgs {
    /// Address of the station.
    #[arg(long, default_value = "http://localhost:8600")]
    pub station: String,
    /// Control socket of `gatepost-sim serve`.
    #[arg(long)]
    pub control: PathBuf,
    /// How many come.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub travellers: u64,
    /// Decides who comes, and in which order.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the report goes.
    #[arg(long)]
    pub report: PathBuf,
    /// Sleep the time that people take.
    #[arg(long)]
    pub realtime: bool,
    /// The officer's log-in, ID:PIN.
    #[arg(long, value_parser = log_in)]
    pub officer: LogIn,
    /// The supervisor's log-in, ID:PIN.
    #[arg(long, value_parser = log_in)]
    pub supervisor: LogIn,
    /// Only these scripts, in turn; all kinds in the usual mix when left out.
    #[arg(long, value_delimiter = ',')]
    pub scripts: Vec<String>,
    /// A scenario by its name, or a file with one: its travellers come, and its cues are played. All of them must be used.
    #[arg(long, conflicts_with_all = ["scripts", "travellers", "seed"])]
    pub scenario: Option<String>,
}

/// Name and PIN. `Debug` shows the name only.
#[derive(Clone)]
pub struct LogIn {
    person: String,
    pin: String,
}

impl std::fmt::Debug for LogIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogIn({})", self.person)
    }
}

/// Why a shift failed.
#[derive(Debug, Error)]
pub enum ShiftError {
    /// Nobody could log in, or the pages broke.
    #[error("{who}: {error}")]
    Browser {
        /// Whose browser.
        who: &'static str,
        /// Why.
        error: BrowserError,
    },
    /// The simulated devices cannot be directed.
    #[error(transparent)]
    Director(#[from] DirectorError),
    /// The scenario was not used up.
    #[error("the scenario was not used up; left are: {}", .0.join("; "))]
    CuesLeft(Vec<String>),
    /// No such script.
    #[error("there is no script {0}; there are: {1}")]
    NoScript(String, String),
    /// The report cannot be written.
    #[error("the report cannot be written: {0}")]
    Report(#[from] io::Error),
    /// No such scenario, or one that cannot be read.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Not everything was as expected.
    #[error("{0} of {1} travellers were not as expected")]
    Unexpected(usize, usize),
}

/// Runs a shift, prints the table and writes the report. An outcome that was not expected is an error.
pub async fn run(args: ShiftArgs) -> Result<(), ShiftError> {
    let plan = planned(&args)?;
    let mut shift = Shift::begin(&args).await?;
    if let Some(name) = &args.scenario {
        shift.director.play(&scenario::text_of(name)?).await?;
    }
    let mut rows: Vec<Row> = Vec::with_capacity(plan.len());
    let mut broken = 0;
    for (number, planned) in (1..).zip(&plan) {
        let row = shift.visit(number, planned).await?;
        tracing::info!(number, script = %row.script, outcome = %row.outcome, machine_ms = row.machine_wait_ms, "left");
        broken = if row.outcome == NONE { broken + 1 } else { 0 };
        rows.push(row);
        if broken == MAX_BROKEN {
            tracing::error!("{MAX_BROKEN} visits in a row broke off: the shift is given up");
            break;
        }
    }
    let report = Report::of(rows);
    std::fs::write(&args.report, serde_json::to_vec_pretty(&report).map_err(io::Error::other)?)?;
    print!("{}", report.table());
    let left = shift.director.cues_left().await?;
    if !left.is_empty() && args.scenario.is_some() {
        return Err(ShiftError::CuesLeft(left));
    }
    // Travellers who never came because the shift was given up are not as expected either.
    let missing = plan.len() - report.travellers.len();
    match report.summary.unexpected + missing {
        0 => Ok(()),
        unexpected => Err(ShiftError::Unexpected(unexpected, plan.len())),
    }
}

/// The outcome of a visit that broke off.
const NONE: &str = "none";

fn planned(args: &ShiftArgs) -> Result<Vec<Planned>, ShiftError> {
    if let Some(name) = &args.scenario {
        return Ok(scenario::load(name)?.plan());
    }
    let count = args.travellers as usize;
    if args.scripts.is_empty() {
        return Ok(plan::travellers(count, args.seed));
    }
    let known = || script::all().iter().map(|script| script.id.as_str()).collect::<Vec<_>>().join(", ");
    let chosen: Result<Vec<_>, _> = args
        .scripts
        .iter()
        .map(|id| script::find(id).ok_or_else(|| ShiftError::NoScript(id.clone(), known())))
        .collect();
    Ok(plan::in_turn(&chosen?, count, args.seed))
}

struct Shift {
    officer: Browser,
    views: Views,
    supervisor: Browser,
    director: Director,
    realtime: bool,
}

impl Shift {
    async fn begin(args: &ShiftArgs) -> Result<Self, ShiftError> {
        let mut director = Director::connect(&args.control).await?;
        director.take_over().await?;
        let log_in = async |who: &'static str, with: &LogIn| {
            let browser = Browser::log_in(&args.station, &with.person, &with.pin).await;
            browser.map_err(|error| ShiftError::Browser { who, error })
        };
        let officer = log_in("officer", &args.officer).await?;
        let supervisor = log_in("supervisor", &args.supervisor).await?;
        let mut views = officer.views();
        let first = views.until("the first view", STEP_LIMIT, |view| !view.step.is_empty()).await;
        let desk_free = first.map_err(|error| ShiftError::Browser { who: "officer", error })?;
        let mut shift = Self { officer, views, supervisor, director, realtime: args.realtime };
        if !matches!(desk_free.step.as_str(), "idle" | "closed" | "in-review") {
            // Somebody left a case open at the desk.
            shift.clear_desk().await;
        }
        Ok(shift)
    }

    /// One visit with everything around it. Only a simulator that cannot be directed ends the shift.
    async fn visit(&mut self, number: usize, planned: &Planned) -> Result<Row, ShiftError> {
        let person = Person::new(planned.seed, &planned.script.traveller, clock::today());
        let traits = serde_json::to_value(&planned.script.traveller).map_err(DirectorError::from)?;
        // Before the clock runs: the traveller stands in line, and the simulator draws them.
        self.director.arrive(planned.seed, &traits).await?;
        let before = self.director.counters().await?;
        let busy = self.director.busy();
        let mut watch = Stopwatch::new(self.realtime);
        watch.start();
        let mut desk = Desk {
            officer: &mut self.officer,
            views: &mut self.views,
            director: &mut self.director,
            watch: &mut watch,
            pressed: 0,
        };
        let played = desk.play(planned, &person).await;
        watch.stop();
        let simulation = self.director.busy() - busy;
        let mut row = Row {
            script: planned.script.id.clone(),
            expected_outcome: planned.expected.id().to_owned(),
            typed: planned.typed,
            outcome: NONE.to_owned(),
            ..Row::default()
        };
        match played {
            Ok(left) => self.close(planned, &left, &mut watch, &mut row).await,
            Err(error) => {
                row.problems.push(format!("traveller {number}: {error}"));
                self.clear_desk().await;
            }
        }
        let after = self.director.counters().await?;
        row.device_opens = after.opens_since(before);
        row.device_transfer_ms = after.transfer_ms_since(before);
        row.human_ms = watch.human_ms();
        row.machine_wait_ms = watch.machine_wait_ms(row.device_transfer_ms, simulation);
        row.total_ms = row.machine_wait_ms + row.device_transfer_ms + row.human_ms;
        judge(planned, &mut row);
        self.director.leave().await?;
        Ok(row)
    }

    /// Everything after the desk: the supervisor, and the record on its way.
    async fn close(&mut self, planned: &Planned, left: &Left, watch: &mut Stopwatch, row: &mut Row) {
        row.attempts = left.attempts;
        row.key_presses = left.key_presses;
        row.next_traveller_ms = left.next_traveller.as_millis() as u64;
        if let Some(warning) = planned.script.warning.as_ref().filter(|warning| !left.warnings.contains(warning)) {
            row.problems.push(format!("the officer was not warned: {warning}"));
        }
        watch.start();
        let reviewed = self.review(planned, &left.case, watch).await;
        watch.stop();
        let gone = match reviewed {
            Ok(()) => self.wait_for_record(&left.case).await,
            Err(error) => Err(error),
        };
        match gone {
            Ok(gone) => {
                row.outcome = gone.outcome;
                row.receipt = gone.record.as_ref().is_some_and(|record| record.uploaded);
                row.record_id = gone.record.map(|record| record.id);
            }
            Err(error) => {
                row.problems.push(format!("case {}: {error}", left.case));
                if let Some(left) = self.views.now().left(&left.case) {
                    row.outcome = left.outcome.clone();
                    row.record_id = left.record.as_ref().map(|record| record.id.clone());
                }
            }
        }
    }

    /// The supervisor looks at a parked case and decides, if the script has one.
    async fn review(&mut self, planned: &Planned, case: &str, watch: &mut Stopwatch) -> Result<(), VisitError> {
        let Some(part) = &planned.script.supervisor else { return Ok(()) };
        self.supervisor.page("/supervisor").await?;
        self.supervisor.page(&format!("/supervisor/case/{case}")).await?;
        watch.act(Act::Supervise).await;
        let fields = [("case", case), ("decision", &part.decision), ("reason", &part.reason), ("note", &part.note)];
        self.supervisor.post("/supervisor/decide", &fields).await?;
        let decided = |view: &view::View| view.left(case).is_some_and(|left| left.outcome != Outcome::InReview.id());
        self.views.until("the supervisor's decision to take effect", STEP_LIMIT, decided).await?;
        Ok(())
    }

    /// Waits until the intake has acknowledged the record of a case; a case in review has none yet.
    async fn wait_for_record(&mut self, case: &str) -> Result<RecentView, VisitError> {
        let settled = |view: &view::View| {
            view.left(case).is_some_and(|left| {
                let uploaded = left.record.as_ref().is_some_and(|record| record.uploaded);
                uploaded || left.outcome == Outcome::InReview.id()
            })
        };
        let view = self.views.until("the intake's receipt", RECEIPT_LIMIT, settled).await?;
        Ok(view.left(case).cloned().unwrap_or_default())
    }

    /// Closes whatever is open at the desk, so that the next traveller finds it free.
    async fn clear_desk(&mut self) {
        if let Err(error) = self.officer.post("/officer/cancel", &[]).await {
            tracing::warn!(%error, "the desk could not be cleared");
            return;
        }
        let free = |view: &view::View| matches!(view.step.as_str(), "idle" | "closed" | "in-review");
        if let Err(error) = self.views.until("the desk to be free", STEP_LIMIT, free).await {
            tracing::warn!(%error, "the desk could not be cleared");
        }
    }
}

/// Notes everything that is not as the script expects.
fn judge(planned: &Planned, row: &mut Row) {
    if row.outcome != row.expected_outcome {
        row.problems.push(format!("expected {}, not {}", row.expected_outcome, row.outcome));
    }
    if !planned.script.devices && row.device_opens > 0 {
        row.problems.push(format!("devices opened {} times, and none may", row.device_opens));
    }
    if row.outcome != Outcome::InReview.id() && row.outcome != NONE && !row.receipt {
        row.problems.push(String::from("the intake has not acknowledged the record"));
    }
}

fn log_in(text: &str) -> Result<LogIn, String> {
    match text.split_once(':') {
        Some((person, pin)) if !person.is_empty() && !pin.is_empty() => {
            Ok(LogIn { person: person.to_owned(), pin: pin.to_owned() })
        }
        _ => Err(String::from("ID:PIN")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(id: &str) -> Planned {
        let script = script::find(id).unwrap();
        Planned { script, expected: script.expected, seed: 1, typed: false }
    }

    #[test]
    fn what_is_not_expected_is_noted() {
        let row = |outcome: &str, receipt, device_opens| Row {
            expected_outcome: "exempt".into(),
            outcome: outcome.into(),
            receipt,
            device_opens,
            ..Row::default()
        };
        for (mut row, problems) in [
            (row("exempt", true, 0), 0),
            (row("exempt", false, 0), 1),
            (row("exempt", true, 1), 1),
            (row("enrolled", true, 4), 2),
            (row("in-review", false, 0), 1),
        ] {
            judge(&planned("belarus"), &mut row);
            assert_eq!(row.problems.len(), problems, "{:?}", row.problems);
        }
    }

    #[test]
    fn a_log_in_hides_its_pin() {
        let login = log_in("petrova:4711").unwrap();
        assert_eq!(format!("{login:?}"), "LogIn(petrova)");
        for bad in ["petrova", ":1", "petrova:"] {
            assert!(log_in(bad).is_err(), "{bad}");
        }
    }
}
