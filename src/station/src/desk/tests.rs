//! The desk in this process, without devices: what waits too long is forgotten, and a chip that never answers stops nothing
//! but the records that it should sign.

use super::*;
use crate::clock::Clock;
use crate::config::ClockTrust;
use domain::guarded::{Biometric, Personal};
use domain::record::{FaceBasis, FaceSample};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use store::{AuthorityKey, AuthoritySecret, FileKey, Outbox, PatientSigner, Sealer, SignFault, Signer, VerifyKey};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// No test waits so long for anything that happens.
const FOR_EVER: Duration = Duration::from_secs(120);

struct Place {
    dir: tempfile::TempDir,
    loaded: Arc<Loaded>,
    clock: Arc<Clock>,
}

impl Place {
    /// The demonstration's configuration without devices and models.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/station.toml");
        let mut loaded = Loaded::read(&config).unwrap();
        loaded.config.device.clear();
        loaded.config.quality.model = dir.path().join("no-model");
        loaded.config.quality.fallback = None;
        let clock = Arc::new(Clock::new(TimeZone::UTC, ClockTrust::Demonstration));
        Self { dir, loaded: Arc::new(loaded), clock }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn key(&self) -> FileKey {
        FileKey::create(&self.at("s.key")).unwrap()
    }

    fn parts(&self, signer: Box<dyn Signer>) -> (DeskParts, Arc<Keeper>) {
        AuthoritySecret::create(&self.at("a.key"), &self.at("a.pub")).unwrap();
        let station = domain::case::StationId("S1".into());
        let (outbox, _) = Outbox::open(&self.at("store"), &station).unwrap();
        let sealer = Sealer::new(AuthorityKey::load(&self.at("a.pub")).unwrap());
        let keeper = Arc::new(Keeper::new(outbox, sealer, signer, Zeroizing::new(vec![1; 32])));
        let parts = DeskParts {
            loaded: self.loaded.clone(),
            clock: self.clock.clone(),
            keeper: keeper.clone(),
            driver_program: self.at("no-driver"),
            interrupted: Vec::new(),
        };
        (parts, keeper)
    }

    /// A traveller of so many years today, as typed from the document.
    fn traveller(&self, years: i64) -> Command {
        let birth = self.clock.local().date().saturating_sub(years.years()).saturating_sub(40.days());
        Command::Fields(Box::new(ManualFields {
            nationality: "UZB".into(),
            issuing_state: "UZB".into(),
            document_code: "P".into(),
            document_number: Personal::new("X87Q4Z91W".into()),
            surname: Personal::new("QUETZALNAME".into()),
            given_names: Personal::new("XOCHIGIVEN".into()),
            birth_date: Personal::new(birth.to_string()),
            sex: "F".into(),
            expiry_date: self.clock.local().date().saturating_add(3.years()).to_string(),
        }))
    }
}

fn anna() -> StaffId {
    StaffId("anna".into())
}

async fn order(desk: &DeskHandle, command: Command) -> Result<(), DeskRefusal> {
    timeout(FOR_EVER, desk.order(command, &anna(), None)).await.unwrap().unwrap()
}

async fn until(desk: &DeskHandle, what: &str, seen: impl Fn(&Panel) -> bool) -> Arc<Panel> {
    let mut panels = desk.watch();
    let waited = timeout(FOR_EVER, panels.wait_for(|panel| seen(panel))).await;
    waited.unwrap_or_else(|_| panic!("{what} never came")).unwrap().clone()
}

/// A key in a chip that answers when it is told to.
struct Chip(Mutex<Receiver<()>>, FileKey);

impl Signer for Chip {
    fn public(&self) -> &VerifyKey {
        self.1.public()
    }

    fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault> {
        self.0.lock().unwrap().recv().map_err(|_| SignFault)?;
        self.1.es256(bytes)
    }
}

fn chip(key: FileKey) -> (Chip, Sender<()>) {
    let (go_on, told) = channel();
    (Chip(Mutex::new(told), key), go_on)
}

/// A case that was cancelled, whose record is about to be signed.
async fn record_to_keep(desk: &DeskHandle) {
    order(desk, Command::New).await.unwrap();
    order(desk, Command::Cancel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chip_that_hangs_holds_up_neither_the_desk_nor_the_store() {
    let place = Place::new();
    let (chip, go_on) = chip(place.key());
    let (parts, keeper) = place.parts(Box::new(chip));
    let desk = spawn(parts);
    record_to_keep(&desk).await;

    // Nobody has told it to go on: the record is being signed until the end of this test.
    assert_eq!(order(&desk, Command::New).await, Err(DeskRefusal::DeskBusy), "the desk answers");
    let waiting = tokio::task::spawn_blocking(move || {
        let mut outbox = keeper.outbox();
        (outbox.pending(9).unwrap().len(), outbox.stats().open_cases, keeper.queued())
    });
    assert_eq!(timeout(FOR_EVER, waiting).await.unwrap().unwrap(), (0, 1, 0), "the upload has the store");
    assert_eq!(desk.panel().view.step, "keeping");

    go_on.send(()).unwrap();
    let panel = until(&desk, "the record", |panel| panel.view.step == "closed").await;
    assert!(panel.view.record.as_ref().is_some_and(|record| record.queued), "and nothing was lost");
    order(&desk, Command::New).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_officer_is_told_of_a_chip_that_hangs_and_the_record_is_kept_when_it_speaks() {
    let place = Place::new();
    let (chip, go_on) = chip(place.key());
    let signer = PatientSigner::new(Box::new(chip), Duration::from_millis(50)).unwrap();
    let (parts, _) = place.parts(Box::new(signer));
    let desk = spawn(parts);
    record_to_keep(&desk).await;
    let panel = until(&desk, "the fault", |panel| panel.view.fault.is_some()).await;
    let fault = panel.view.fault.clone().unwrap();
    assert!(fault.text.contains("The record waits") && fault.text.contains("S-15"), "{}", fault.text);
    assert_eq!(order(&desk, Command::New).await, Err(DeskRefusal::DeskBusy), "the desk answers");

    // As many answers as it likes to give from now on.
    (0..1000).for_each(|_| go_on.send(()).unwrap());
    until(&desk, "the record", |panel| panel.view.step == "closed" && panel.queued == 1).await;
    order(&desk, Command::New).await.unwrap();
}

/// The clock is tokio's own, which is passed on by hand.
#[tokio::test(start_paused = true)]
async fn what_waits_for_a_supervisor_is_forgotten_after_a_day_and_not_before() {
    let place = Place::new();
    let (parts, keeper) = place.parts(Box::new(place.key()));
    let (mut assembled, inbox, desk) = actor::assemble(parts);
    assembled.order(Command::New, anna()).await.unwrap();
    assembled.order(place.traveller(34), anna()).await.unwrap();
    let case = assembled.at_desk.as_mut().unwrap();
    let number = case.number().clone();
    case.samples.offer_face(portrait(), 1, true);
    let claims = assembled.claims(assembled.at_desk.as_ref().unwrap());
    let (ground, evidence) = (claims[0].ground.clone(), claims[0].evidence[0].clone());
    assembled.order(Command::Claim { ground, evidence }, anna()).await.unwrap();
    tokio::spawn(assembled.run(inbox));
    let picture = || timeout(FOR_EVER, desk.sample(number.clone(), Slot::Face, None));

    tokio::time::sleep(waiting::LONGEST_WAIT - waiting::LOOK).await;
    assert_eq!(desk.panel().view.parked.len(), 1);
    assert_eq!(picture().await.unwrap(), Some(("image/jpeg", Biometric::new(vec![7; 4096]))), "the supervisor sees it");
    tokio::time::sleep(waiting::LOOK * 2).await;
    assert!(desk.panel().view.parked.is_empty());
    assert_eq!(picture().await.unwrap(), None);
    let ended = desk.panel().view.recent.iter().find(|recent| recent.case == number).map(|recent| recent.outcome);
    assert_eq!(ended, Some(domain::session::Outcome::Interrupted));
    assert_eq!(keeper.outbox().stats().open_cases, 0, "a later start does not find it open");
    let trail = std::fs::read_dir(place.at("store/audit")).unwrap();
    let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(trail.contains("review-forgotten") && trail.contains("too-old"), "{trail}");
}

fn portrait() -> FaceSample {
    FaceSample {
        jpeg: Biometric::new(vec![7; 4096]),
        width: 480,
        height: 640,
        source_digest: [1; 32],
        quality: Vec::new(),
        engine: "test".into(),
        basis: FaceBasis::Box,
        not_assessed: Vec::new(),
        accepted: true,
    }
}
