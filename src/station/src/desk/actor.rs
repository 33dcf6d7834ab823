//! The desk's own task: takes messages one by one, changes the case, publishes what there is to show.

use super::before::LookedUpFor;
use super::beside::Beside;
use super::case::Case;
use super::command::{DeskRefusal, Order, SampleRequest};
use super::deciding::{Last, Put};
use super::devices::Devices;
use super::face::{FaceTaken, FaceWorker, Live};
use super::finger::Judged;
use super::keep::{Keeper, Kept};
use super::preview::PreviewWorker;
use super::sight::Sight;
use super::view::{FaultView, InterruptedView, Panel, RecentView, RecordView, RulesView};
use super::{DeskHandle, PreviewJpeg, history, panel, waiting};
use crate::clock::Clock;
use crate::config::Loaded;
use crate::figures::Figures;
use crate::lookup::Lookups;
use crate::web::LANGUAGES;
use domain::case::CaseNumber;
use domain::device::DeviceKind;
use domain::finger::Finger;
use domain::image::FingerImage;
use domain::session::{Aim, Outcome};
use drivers::host::{DriverPlace, HostEvent};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot, watch};

/// Messages that may wait for the desk. Devices and pages slow down beyond that.
const MOST_MESSAGES: usize = 256;
/// Ended cases that the officer's page lists.
const MOST_RECENT: usize = 20;

/// What the desk is told.
pub enum Message {
    /// The intake has acknowledged the record of this sequence number.
    Arrived(u64),
    /// The best frame of an attempt, judged.
    FaceTaken(u64, Box<FaceTaken>),
    /// The best frame of a finger that rested, if one came; not judged yet.
    FingerKept(u64, Option<FingerImage>),
    /// The fingers of one placement, judged.
    FingersJudged(u64, Judged),
    /// What would make the capture of an attempt better.
    Hint(u64, Option<&'static str>),
    /// A device says something.
    Host(HostEvent),
    /// Why nothing arrives at the intake, or that all is well.
    Intake(Option<&'static str>),
    /// A record is on disk, or is not.
    Kept(CaseNumber, Result<Kept, String>),
    /// Time to look at the cases that wait.
    Look,
    /// A look-up has an answer.
    LookedUp(LookedUpFor),
    /// A record cannot be kept for want of space; it is held and tried again.
    NoSpace(String),
    /// Somebody at a page asks for something.
    Order(Order),
    /// Another policy pack, or other confirmations, take over.
    Rules(Arc<Loaded>),
    /// A supervisor wants to see a sample.
    Sample(SampleRequest),
    /// The station is stopping.
    Stop(oneshot::Sender<()>),
}

/// What the desk is made of.
pub struct DeskParts {
    /// The configuration.
    pub loaded: Arc<Loaded>,
    /// The clock.
    pub clock: Arc<Clock>,
    /// The store behind its keys.
    pub keeper: Arc<Keeper>,
    /// Who is asked about what was owed before arrival.
    pub lookups: Lookups,
    /// Where the drivers are.
    pub drivers: DriverPlace,
    /// The figures of the shift.
    pub figures: Arc<Figures>,
    /// Cases that the last run left open.
    pub interrupted: Vec<CaseNumber>,
    /// The last decisions.
    pub last_decisions: Last,
}

/// An attempt that a device or a worker is busy with.
pub(super) struct Active {
    pub attempt: u64,
    pub aim: Aim,
    pub since: Instant,
}

/// Everything that the desk knows.
pub(super) struct Desk {
    pub loaded: Arc<Loaded>,
    pub clock: Arc<Clock>,
    pub keeper: Arc<Keeper>,
    pub last_decisions: Last,
    /// What the rules were asked with last, until the session has taken their answer.
    pub put: Option<Put>,
    pub lookups: Arc<Lookups>,
    pub figures: Arc<Figures>,
    pub devices: Devices,
    pub face: FaceWorker,
    pub preview: PreviewWorker,
    pub messages: mpsc::Sender<Message>,
    pub at_desk: Option<Case>,
    pub parked: BTreeMap<CaseNumber, Case>,
    pub recent: VecDeque<RecentView>,
    /// The case that ended last at the desk, until the next traveller.
    pub last: Option<CaseNumber>,
    /// The adult of the family that stands at the desk, where the case there, or the last one, is of another member.
    pub family: Option<CaseNumber>,
    /// What the last run left open, until the next traveller.
    pub interrupted: Vec<InterruptedView>,
    pub active: Option<Active>,
    /// Fingers that are taken while the face is.
    pub beside: Option<Beside>,
    pub finger_on: bool,
    pub attempts: u64,
    pub prompt: Option<&'static str>,
    pub hint: Option<&'static str>,
    /// The fingers that the hint is about.
    pub hinted: Vec<Finger>,
    pub fault: Option<FaultView>,
    /// Why the store takes nothing any more.
    pub store_fault: Option<String>,
    /// A line of the audit trail waits for room on the disk.
    pub line_owed: bool,
    /// Why nothing arrives at the intake, in a code.
    intake: Option<&'static str>,
    /// What the traveller is spoken to in.
    pub language: &'static str,
    panel: watch::Sender<Arc<Panel>>,
    version: u64,
}

/// Starts the devices and the desk's task.
pub fn spawn(parts: DeskParts) -> DeskHandle {
    let (desk, inbox, handle) = assemble(parts);
    tokio::spawn(desk.run(inbox));
    handle
}

/// The desk before its task has begun.
pub(super) fn assemble(parts: DeskParts) -> (Desk, mpsc::Receiver<Message>, DeskHandle) {
    let (messages, inbox) = mpsc::channel(MOST_MESSAGES);
    let (panel, watched) = watch::channel(Arc::new(Panel::default()));
    let (preview, previewed) = watch::channel::<PreviewJpeg>(None);
    let (sight, sighted) = watch::channel(Sight::default());
    let face = FaceWorker::start(&parts.loaded, messages.clone(), Live { picture: preview, sight });
    let resting = PreviewWorker::start(&parts.loaded, messages.clone());
    let devices = Devices::start(&parts.loaded, &parts.drivers, &messages, &face, &resting);
    let ended = |case: &CaseNumber| RecentView { case: case.clone(), outcome: Outcome::Interrupted, record: None };
    let recent = parts.interrupted.iter().rev().map(ended).take(MOST_RECENT).collect();
    let interrupted = parts.interrupted.iter().rev().take(MOST_RECENT);
    let interrupted = interrupted.map(|case| history::interrupted(&parts.keeper, case)).collect();
    let keeper = parts.keeper.clone();
    let mut desk = Desk {
        loaded: parts.loaded,
        clock: parts.clock,
        keeper: parts.keeper,
        last_decisions: parts.last_decisions,
        put: None,
        lookups: Arc::new(parts.lookups),
        figures: parts.figures,
        devices,
        face,
        preview: resting,
        messages: messages.clone(),
        at_desk: None,
        parked: BTreeMap::new(),
        recent,
        last: None,
        family: None,
        interrupted,
        active: None,
        beside: None,
        finger_on: false,
        attempts: 0,
        prompt: None,
        hint: None,
        hinted: Vec::new(),
        fault: None,
        store_fault: None,
        line_owed: false,
        intake: None,
        language: LANGUAGES[0],
        panel,
        version: 0,
    };
    desk.publish();
    (desk, inbox, DeskHandle { messages, panel: watched, preview: previewed, sight: sighted, keeper: Some(keeper) })
}

impl Desk {
    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut look = tokio::time::interval(waiting::LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                _ = look.tick() => Message::Look,
                message = inbox.recv() => match message {
                    Some(message) => message,
                    None => return,
                },
            };
            match message {
                Message::Order(Order { command, by, at, answer }) => {
                    let outdated = at.is_some_and(|at| at != self.panel.borrow().view.at());
                    let outcome = if outdated { Err(DeskRefusal::Outdated) } else { self.order(command, by).await };
                    self.publish();
                    // Whoever asked may have closed the browser; the order stands all the same.
                    let _ = answer.send(outcome);
                    continue;
                }
                Message::Sample(SampleRequest { case, slot, attempt, answer }) => {
                    let _ = answer.send(self.parked.get(&case).and_then(|case| case.samples.picture(slot, attempt)));
                    continue;
                }
                Message::Stop(stopped) => {
                    // A device that waits to be heard must not wait for ever, or its driver would not end.
                    inbox.close();
                    self.face.shutdown();
                    self.preview.shutdown();
                    // Waiting for driver processes to end takes a thread that may wait.
                    let devices = self.devices;
                    let _ = tokio::task::spawn_blocking(move || devices.shutdown()).await;
                    let _ = stopped.send(());
                    return;
                }
                Message::Host(event) => self.host_event(event),
                Message::FingerKept(attempt, kept) if self.busy_with(attempt).is_some() => {
                    self.judge_fingers(attempt, kept.into_iter().collect());
                }
                Message::FingerKept(..) => continue,
                Message::Hint(attempt, hint) if self.is_active(attempt) => {
                    self.hint = hint;
                    // What the attempt before was about is past.
                    self.hinted.clear();
                }
                Message::Hint(attempt, hint) if self.busy_with(attempt).is_some() => {
                    if let Some(beside) = self.beside.as_mut() {
                        beside.hint = hint;
                        beside.hinted.clear();
                    }
                }
                Message::Hint(..) => continue,
                Message::FaceTaken(attempt, taken) => self.face_taken(attempt, *taken),
                Message::FingersJudged(attempt, judged) => self.fingers_judged(attempt, judged),
                Message::Kept(case, kept) => self.kept(&case, kept),
                Message::LookedUp(of) => self.looked_up(of),
                Message::Look => self.forget_old_cases(waiting::LONGEST_WAIT),
                Message::NoSpace(fault) => self.store_failed(fault),
                Message::Arrived(sequence) => self.arrived(sequence),
                // Nothing new to show: it says so after every look at the queue.
                Message::Intake(code) if code == self.intake => continue,
                Message::Intake(code) => self.intake = code,
                Message::Rules(loaded) => self.take_rules(loaded),
            }
            self.publish();
        }
    }

    /// Whether this attempt is still the one that the desk waits for. Late answers of earlier ones are dropped.
    pub(super) fn is_active(&self, attempt: u64) -> bool {
        self.active.as_ref().is_some_and(|active| active.attempt == attempt)
    }

    /// Notes how a case ended, newest first.
    pub(super) fn ended(&mut self, case: CaseNumber, outcome: Outcome, record: Option<RecordView>) {
        self.recent.retain(|recent| recent.case != case);
        self.recent.push_front(RecentView { case, outcome, record });
        self.recent.truncate(MOST_RECENT);
    }

    /// From now on cases are opened under another pack. Those that are open go on under theirs.
    fn take_rules(&mut self, loaded: Arc<Loaded>) {
        let before = self.loaded.rules.version();
        tracing::info!(%before, now = loaded.rules.version(), "other rules work from now on");
        self.loaded = loaded;
    }

    fn arrived(&mut self, sequence: u64) {
        let records = self.recent.iter_mut().filter_map(|recent| recent.record.as_mut());
        for record in records.filter(|record| record.sequence == sequence) {
            record.uploaded = true;
        }
    }

    fn publish(&mut self) {
        self.version += 1;
        self.follow_the_traveller();
        let mut parked: Vec<_> = self.parked.values().filter_map(panel::parked).collect();
        for case in &mut parked {
            case.family = self.claims_of_family(&case.view.case);
        }
        parked.sort_by_key(|case| std::cmp::Reverse(case.view.since_s));
        let mut view = match (&self.at_desk, &self.last) {
            (Some(case), _) => panel::view_of(case),
            (None, Some(last)) => self.view_of_ended(last),
            (None, None) => super::View { step: "idle", ..Default::default() },
        };
        view.version = self.version;
        view.prompt = self.prompt;
        view.hint = self.hint;
        view.beside = self.beside.as_ref().map(Beside::view);
        view.hinted = self.hinted.iter().map(|finger| finger.id()).collect();
        view.fault = self.fault.clone().or_else(|| self.reader_trouble()).or_else(|| self.store_fault_view());
        view.adult = self.adult();
        view.interrupted = self.interrupted.clone();
        view.parked = parked.iter().map(|case| case.view.clone()).collect();
        view.recent = self.recent.iter().cloned().collect();
        let panel = Panel {
            view,
            traveller: self.at_desk.as_ref().and_then(|case| case.traveller.as_ref()).map(|file| file.panel()),
            parked,
            before: self.before_panels(),
            claims: self.at_desk.as_ref().map(|case| self.claims(case)).unwrap_or_default(),
            local_date: self.clock.local().strftime("%Y-%m-%d %H:%M").to_string(),
            simulated: self.devices.any_simulated(),
            devices: self.devices.panels(),
            escalation: self.loaded.config.escalation.clone(),
            laboratory: self.loaded.config.laboratory.as_ref().map(|lab| lab.basis.clone()),
            queued: self.keeper.queued(),
            refused: self.keeper.refused().len(),
            intake: self.intake,
            face_engine: self.face.engine().clone(),
            rules: RulesView {
                working: self.loaded.rules.version(),
                instead_of_refused: self.loaded.instead_of.is_some(),
            },
            attack_cues: self.at_desk.as_ref().and_then(|case| case.attack_cues.clone()),
            mirrored: self.loaded.config.desk.mirrored,
            language: self.language,
            notices: self.notices(),
        };
        // Nobody may be looking; the next one who does sees the newest.
        let _ = self.panel.send(Arc::new(panel));
    }

    /// Why no document will come from the reader, while one is asked for.
    fn reader_trouble(&self) -> Option<FaultView> {
        self.document_is_asked_for().then(|| self.devices.trouble(DeviceKind::DocumentReader))?
    }

    fn store_fault_view(&self) -> Option<FaultView> {
        let refusal = super::DeskRefusal::Store(self.store_fault.clone()?);
        Some(FaultView { code: refusal.code().into(), text: refusal.to_string() })
    }

    fn view_of_ended(&self, last: &CaseNumber) -> super::View {
        let ended = self.recent.iter().find(|recent| recent.case == *last);
        super::View {
            case: Some(last.clone()),
            step: "closed",
            outcome: ended.map(|recent| recent.outcome.id()),
            record: ended.and_then(|recent| recent.record.clone()),
            ..Default::default()
        }
    }
}
