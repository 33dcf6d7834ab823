//! `gatepost-sim measure`: how quick a station is at the desk.
//!
//! Each round is a visit that ends in the middle of the face capture. The person stands too far away, so that nothing is
//! captured while frames are counted, and then steps too near and too far by turns, so that the page's hint must change.
//! Samples are printed as they are; whoever reads them takes medians.

use super::browser::{Browser, BrowserError, Views};
use super::director::{Director, DirectorError};
use super::picture::Frames;
use super::view::View;
use super::visit::STEP_LIMIT;
use super::{LogIn, log_in};
use crate::clock;
use crate::person::{Person, Traits};
use clap::Args;
use drivers::camera::monotonic_now;
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How long frames are counted.
const COUNTED: Duration = Duration::from_millis(2500);

/// After this much of a face capture nobody steps any more: an attempt ends by itself after 7 s (thresholds.toml).
const LAST_STEP: Duration = Duration::from_millis(5500);

/// Metres from the camera, and the hint that this calls for.
const TOO_FAR: (f32, &str) = (1.2, "closer");
const TOO_NEAR: (f32, &str) = (0.33, "back");

/// Who comes first. Nobody of a shift has such a seed, so that no document has been seen before.
const FIRST_SEED: u64 = 9_000_001;

/// What `measure` is told on the command line.
#[derive(Args, Clone, Debug)]
pub struct MeasureArgs {
    /// Address of the station.
    #[arg(long, default_value = "http://localhost:8600")]
    pub station: String,
    /// Control socket of `gatepost-sim serve`.
    #[arg(long)]
    pub control: PathBuf,
    /// The officer's log-in, ID:PIN.
    #[arg(long, value_parser = log_in)]
    pub officer: LogIn,
    /// Visits; each takes some eight seconds.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub rounds: u64,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum MeasureError {
    /// The station's pages.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// Somebody is at the desk.
    #[error("the desk is not free: {0}")]
    Busy(String),
    /// The simulated devices.
    #[error(transparent)]
    Director(#[from] DirectorError),
    /// The hint changed, but the simulator says that no frame has shown why.
    #[error("the hint changed before a frame called for it")]
    NotShown,
}

/// Measures and prints one line for each sample: `{"name", "value", "unit"}`.
pub async fn run(args: MeasureArgs) -> Result<(), MeasureError> {
    let mut director = Director::connect(&args.control).await?;
    director.take_over().await?;
    let officer = Browser::log_in(&args.station, &args.officer.person, &args.officer.pin).await?;
    let mut views = officer.views_without_picture();
    let first = views.until("the first view", STEP_LIMIT, |view| !view.step.is_empty()).await?;
    if !is_free(&first) {
        return Err(MeasureError::Busy(first.describe()));
    }
    let mut desk = Desk { officer, views, director };
    for seed in (FIRST_SEED..).take(args.rounds as usize) {
        desk.visit(seed).await?;
    }
    Ok(())
}

struct Desk {
    officer: Browser,
    views: Views,
    director: Director,
}

impl Desk {
    async fn visit(&mut self, seed: u64) -> Result<(), MeasureError> {
        let traits = Traits::default();
        let person = Person::new(seed, &traits, clock::today());
        self.director.arrive(seed, &json!(traits)).await?;
        self.director.stand(TOO_FAR.0).await?;
        self.next_traveller().await?;
        self.director.swipe(&person.lines).await?;
        self.until_step("decided").await?;
        self.officer.post("/officer/proceed", &[]).await?;
        self.until_step("declare").await?;
        let began = Instant::now();
        let mut frames = self.device_ready().await?;
        count(&mut frames).await?;
        // From here on somebody else looks at the picture, so that the station goes on sending it.
        let watching = tokio::spawn(async move { while frames.next().await.is_ok() {} });
        let hints = self.hints(began).await;
        watching.abort();
        hints?;
        self.officer.post("/officer/cancel", &[]).await?;
        self.views.until("the desk to be free", STEP_LIMIT, is_free).await?;
        Ok(self.director.leave().await?)
    }

    async fn until_step(&mut self, step: &str) -> Result<(), BrowserError> {
        self.views.until(step, STEP_LIMIT, |view| view.step == step).await.map(drop)
    }

    /// From the officer's click until the page asks for the document.
    async fn next_traveller(&mut self) -> Result<(), BrowserError> {
        let before = self.views.now().case;
        let (officer, views) = (&mut self.officer, &mut self.views);
        let asked = Instant::now();
        let shown = async {
            let asks = |view: &View| view.step == "document" && view.case != before;
            views.until("the new case to ask for a document", STEP_LIMIT, asks).await.map(|_| asked.elapsed())
        };
        let ((), took) = tokio::try_join!(officer.post("/officer/new", &[]), shown)?;
        say("next traveller", milliseconds(took), "ms");
        Ok(())
    }

    /// From the officer's click until the first frame is on the page.
    async fn device_ready(&mut self) -> Result<Frames, BrowserError> {
        let picture = self.officer.picture();
        let (officer, views) = (&mut self.officer, &mut self.views);
        let asked = Instant::now();
        let first = async {
            let face = |view: &View| view.slot.as_deref() == Some("face");
            views.until("the capture of the face", STEP_LIMIT, face).await?;
            let mut frames = picture.open().await?;
            let at = frames.next().await?;
            Ok::<_, BrowserError>((at - asked, frames))
        };
        let ((), (took, frames)) = tokio::try_join!(officer.post("/officer/declare", &[]), first)?;
        say("device ready", milliseconds(took), "ms");
        Ok(frames)
    }

    /// The person steps to and fro; each time from the first frame that shows it, as it leaves the camera, until the new
    /// hint has come to the page.
    async fn hints(&mut self, began: Instant) -> Result<(), MeasureError> {
        self.views.until("the first hint", STEP_LIMIT, |view| view.hint.as_deref() == Some(TOO_FAR.1)).await?;
        for (distance, hint) in [TOO_NEAR, TOO_FAR].into_iter().cycle() {
            if began.elapsed() > LAST_STEP {
                return Ok(());
            }
            let (director, views) = (&mut self.director, &mut self.views);
            let stepped = async { director.stand(distance).await.map_err(MeasureError::from) };
            let hinted = async {
                let new = |view: &View| view.hint.as_deref() == Some(hint);
                views.until("the new hint", STEP_LIMIT, new).await?;
                Ok::<_, MeasureError>(monotonic_now())
            };
            let ((), at) = tokio::try_join!(stepped, hinted)?;
            let called = self.director.shown_at_ms().await?.ok_or(MeasureError::NotShown)?;
            say("hint", at.0.saturating_sub(called) as f64, "ms");
        }
        Ok(())
    }
}

/// Counts the frames that reach the page.
async fn count(frames: &mut Frames) -> Result<(), BrowserError> {
    let first = frames.next().await?;
    let (mut last, mut count) = (first, 0);
    while last - first < COUNTED {
        last = frames.next().await?;
        count += 1;
    }
    say("preview", f64::from(count) / (last - first).as_secs_f64(), "1/s");
    Ok(())
}

fn is_free(view: &View) -> bool {
    matches!(view.step.as_str(), "idle" | "closed" | "in-review")
}

fn say(name: &str, value: f64, unit: &str) {
    println!("{}", json!({ "name": name, "value": value, "unit": unit }));
}

fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
