//! A desk in this process, without devices, for tests. `staged.rs` brings it to any state that a request can find.

use super::{Command, DeskHandle, DeskParts, DeskRefusal, Keeper, Last, ManualFields, Panel};
use crate::clock::Clock;
use crate::config::{ClockTrust, Loaded};
use domain::guarded::{Biometric, Personal};
use domain::record::{FaceBasis, FaceSample};
use domain::units::StaffId;
use jiff::ToSpan;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use store::{AuthorityKey, AuthoritySecret, FileKey, Outbox, Sealer, SignFault, Signer, VerifyKey};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// No test waits so long for anything that happens.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(120);

/// The demonstration's configuration without devices and models: read once, as its rules are large.
static LOADED: LazyLock<Arc<Loaded>> = LazyLock::new(|| {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/station.toml");
    let mut loaded = Loaded::read(&config).unwrap();
    loaded.config.device.clear();
    loaded.config.quality.model = PathBuf::from("no-model");
    loaded.config.quality.fallback = None;
    Arc::new(loaded)
});

/// The files of a station.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    pub loaded: Arc<Loaded>,
    pub clock: Arc<Clock>,
}

impl Place {
    pub fn new() -> Self {
        let clock = Arc::new(Clock::new(TimeZone::UTC, ClockTrust::Demonstration));
        Self { dir: tempfile::tempdir().unwrap(), loaded: LOADED.clone(), clock }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn key(&self) -> FileKey {
        FileKey::create(&self.at("s.key")).unwrap()
    }

    pub fn parts(&self, signer: Box<dyn Signer>) -> (DeskParts, Arc<Keeper>) {
        AuthoritySecret::create(&self.at("a.key"), &self.at("a.pub")).unwrap();
        let station = domain::case::StationId("S1".into());
        let (outbox, _) = Outbox::open(&self.at("store"), &station).unwrap();
        let sealer = Sealer::new(AuthorityKey::load(&self.at("a.pub")).unwrap());
        let keeper = Arc::new(Keeper::new(outbox, sealer, signer, Zeroizing::new(vec![1; 32])));
        let parts = DeskParts {
            loaded: self.loaded.clone(),
            clock: self.clock.clone(),
            keeper: keeper.clone(),
            drivers: drivers::host::DriverPlace::Program(self.at("no-driver")),
            figures: Arc::new(crate::figures::Figures::in_memory(Default::default())),
            interrupted: Vec::new(),
            last_decisions: Last::default(),
            lookups: crate::lookup::Lookups::offline(),
        };
        (parts, keeper)
    }

    /// A traveller of so many years today, as typed from the document.
    pub fn traveller(&self, years: i64) -> Command {
        self.citizen("UZB", years)
    }

    pub fn citizen(&self, nationality: &str, years: i64) -> Command {
        let birth = self.clock.local().date().saturating_sub(years.years()).saturating_sub(40.days());
        Command::Fields(Box::new(ManualFields {
            nationality: nationality.into(),
            issuing_state: nationality.into(),
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

/// The officer.
pub(crate) fn anna() -> StaffId {
    StaffId("anna".into())
}

/// The supervisor.
pub(crate) fn boris() -> StaffId {
    StaffId("boris".into())
}

pub(crate) async fn order(desk: &DeskHandle, command: Command) -> Result<(), DeskRefusal> {
    timeout(FOR_EVER, desk.order(command, &anna(), None)).await.unwrap().unwrap()
}

pub(crate) async fn until(desk: &DeskHandle, what: &str, seen: impl Fn(&Panel) -> bool) -> Arc<Panel> {
    let mut panels = desk.watch();
    let waited = timeout(FOR_EVER, panels.wait_for(|panel| seen(panel))).await;
    waited.unwrap_or_else(|_| panic!("{what} never came")).unwrap().clone()
}

/// A key in a chip that answers when it is told to.
pub(crate) struct Chip(Mutex<Receiver<()>>, FileKey);

impl Signer for Chip {
    fn public(&self) -> &VerifyKey {
        self.1.public()
    }

    fn es256(&self, bytes: &[u8]) -> Result<[u8; 64], SignFault> {
        self.0.lock().unwrap().recv().map_err(|_| SignFault)?;
        self.1.es256(bytes)
    }
}

pub(crate) fn chip(key: FileKey) -> (Chip, Sender<()>) {
    let (go_on, told) = channel();
    (Chip(Mutex::new(told), key), go_on)
}

pub(crate) fn portrait() -> FaceSample {
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
