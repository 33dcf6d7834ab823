//! An intake in this process, and stations that make records for it.
#![allow(dead_code, reason = "every test file uses a part of it")]

pub mod serving;

use axum::Router;
use axum::extract::connect_info::MockConnectInfo;
use domain::case::{RecordId, StationId};
use domain::record::{AuditHead, Body, Draft, Position, SignedRecord};
use domain::session::Outcome;
use domain::units::StaffId;
use intake::testing::{self, Cluster};
use intake::{Database, Metrics, Mode, Peer, Place, Receipts, Service, commands, router};
use link::Facts;
use sqlx::Row;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Action, AuthorityKey, Event, FileKey, Outbox, ReceiptKeys, Sealer, VerifyKey};
use tempfile::TempDir;

/// Runs tests that take an intake over both data bases.
#[macro_export]
macro_rules! on_both_data_bases {
    ($($test:ident,)+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::common::Intake::new().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                if let Some(intake) = $crate::common::Intake::on_postgres().await {
                    super::$test(intake).await;
                }
            })+
        }
    };
}

/// 2025-12-24T00:00:00Z.
pub const NOW_MS: i64 = 1_766_534_400_000;

pub struct Intake {
    pub dir: TempDir,
    pub place: Place,
    pub database: Database,
    /// What it is for; the demonstration unless a test says otherwise.
    pub mode: Mode,
    pub metrics: Metrics,
    key: VerifyKey,
    now: Arc<AtomicI64>,
}

async fn init(folder: &Path) {
    let clock: intake::clock::Clock = Arc::new(|| NOW_MS);
    commands::init(folder, Mode::Demonstration, &commands::local_names(), &clock).await.unwrap();
}

/// A connection with the certificate of this station.
pub fn peer(caller: &str) -> Peer {
    let station = Some(StationId(caller.into()));
    let certificate =
        Facts { station, not_before_ms: 0, not_after_ms: i64::MAX, key: Vec::new(), fingerprint: [0; 32] };
    Peer { address: Ipv4Addr::LOCALHOST.into(), certificate: Some(certificate) }
}

impl Intake {
    /// On a file of SQLite.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path()).await;
        let place = Place::Sqlite(dir.path().join("intake.sqlite"));
        Self::with(dir, place).await
    }

    /// On a new data base of a real server; `None` where there is none, which has been said by then.
    pub async fn on_postgres() -> Option<Self> {
        Self::on_postgres_with("").await
    }

    /// The same with more in the address.
    pub async fn on_postgres_with(more: &str) -> Option<Self> {
        let url = Cluster::shared()?.database().unwrap();
        Some(Self::on_url(url + more).await)
    }

    /// On a new data base of this server.
    pub async fn on_server(server: &Cluster) -> Self {
        Self::on_url(server.database().unwrap()).await
    }

    async fn on_url(url: String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        init(dir.path()).await;
        let config = dir.path().join("intake.toml");
        let text = std::fs::read_to_string(&config).unwrap().replace("sqlite://intake.sqlite", &url);
        std::fs::write(&config, text).unwrap();
        Self::with(dir, Place::Postgres(url)).await
    }

    async fn with(dir: TempDir, place: Place) -> Self {
        let database = Database::open(&place).await.unwrap();
        let key = VerifyKey::load(&dir.path().join("receipt.pub")).unwrap();
        Self {
            dir,
            place,
            database,
            mode: Mode::Demonstration,
            metrics: Metrics::default(),
            key,
            now: Arc::new(AtomicI64::new(NOW_MS)),
        }
    }

    /// The service as a station sees it over a connection of its own.
    pub fn router(&self, caller: &str) -> Router {
        router(Arc::new(self.service(self.database.clone()))).layer(MockConnectInfo(peer(caller)))
    }

    /// Another intake on the same data base, as another process would be: with connections of its own.
    pub fn copy(&self, caller: &str) -> impl Future<Output = Router> + use<> {
        let (place, peer) = (self.place.clone(), peer(caller));
        let service = self.service(self.database.clone());
        async move {
            let service = Service { database: Database::open(&place).await.unwrap(), ..service };
            router(Arc::new(service)).layer(MockConnectInfo(peer))
        }
    }

    pub fn service(&self, database: Database) -> Service {
        let now = Arc::clone(&self.now);
        Service {
            turns: Default::default(),
            database,
            receipts: Receipts::load(&self.dir.path().join("receipt.key")).unwrap().into(),
            authorities: commands::authorities(self.dir.path()).unwrap(),
            mode: self.mode,
            metrics: self.metrics.clone(),
            issuer: None,
            clock: Arc::new(move || now.load(Ordering::Relaxed)),
        }
    }

    /// Alters what is kept of an envelope, as somebody with access to the data base could; what was there before.
    pub async fn put(&self, column: &str, digest: &str, bytes: &[u8]) -> Vec<u8> {
        let table = if column == "tombstone" { "tombstones" } else { "records" };
        let url = match &self.place {
            Place::Sqlite(file) => format!("sqlite://{}", file.display()),
            Place::Postgres(url) => url.clone(),
        };
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        let select = sqlx::AssertSqlSafe(format!("SELECT {column} FROM {table} WHERE digest = $1"));
        let before = sqlx::query(select).bind(digest).fetch_one(&pool).await.unwrap().get(0);
        let update = sqlx::AssertSqlSafe(format!("UPDATE {table} SET {column} = $2 WHERE digest = $1"));
        assert_eq!(sqlx::query(update).bind(digest).bind(bytes).execute(&pool).await.unwrap().rows_affected(), 1);
        pool.close().await;
        before
    }

    pub fn receipt_key(&self) -> &VerifyKey {
        &self.key
    }

    pub fn set(&self, now_ms: i64) {
        self.now.store(now_ms, Ordering::Relaxed);
    }

    pub fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
    }

    pub async fn reopen(&mut self) {
        self.database.close().await;
        self.database = Database::open(&self.place).await.unwrap();
    }
}

pub struct Station {
    pub dir: TempDir,
    pub id: StationId,
    pub key: FileKey,
    outbox: Outbox,
    sealer: Sealer,
    made: u8,
    /// Whether its devices are.
    pub simulated: bool,
    /// What its next record corrects.
    pub replaces: Option<RecordId>,
}

impl Station {
    /// A station that nobody knows, sealing to an authority of its own.
    pub fn new(id: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        store::AuthoritySecret::create(&at("authority.key"), &at("authority.pub")).unwrap();
        let authority = at("authority.pub");
        Self::with(dir, id, &authority)
    }

    /// A station that is registered, and seals to the intake's authority.
    pub async fn registered(id: &str, intake: &Intake) -> Self {
        let station = Self::with(tempfile::tempdir().unwrap(), id, &intake.dir.path().join("authority.pub"));
        intake.database.register(id, station.key.public(), NOW_MS).await.unwrap();
        station
    }

    fn with(dir: TempDir, id: &str, authority: &Path) -> Self {
        let id = StationId(id.into());
        let key = FileKey::create(&dir.path().join("station.key")).unwrap();
        let (outbox, _) = Outbox::open(&dir.path().join("store"), &id).unwrap();
        let sealer = Sealer::new(AuthorityKey::load(authority).unwrap());
        Self { dir, id, key, outbox, sealer, made: 0, simulated: true, replaces: None }
    }

    /// The same station and key, with an empty store: what a restored disk looks like.
    pub fn copy(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::copy(self.dir.path().join("station.key"), dir.path().join("station.key")).unwrap();
        let key = FileKey::load(&dir.path().join("station.key")).unwrap();
        let (outbox, _) = Outbox::open(&dir.path().join("store"), &self.id).unwrap();
        Self {
            dir,
            id: self.id.clone(),
            key,
            outbox,
            sealer: self.sealer.clone(),
            made: 100,
            simulated: true,
            replaces: None,
        }
    }

    /// The same key under another station's name.
    pub fn posing_as(self, id: &str) -> Self {
        let Self { dir, key, sealer, .. } = self;
        let id = StationId(id.into());
        let (outbox, _) = Outbox::open(&dir.path().join("posing"), &id).unwrap();
        Self { dir, id, key, outbox, sealer, made: 50, simulated: true, replaces: None }
    }

    /// The same station, sealing to the authority whose public key is in this file.
    pub fn sealing_to(self, authority: &Path) -> Self {
        Self { sealer: Sealer::new(AuthorityKey::load(authority).unwrap()), ..self }
    }

    /// The same station, whose records only somebody else can open.
    pub fn sealing_to_another_authority(self) -> Self {
        let at = |name: &str| self.dir.path().join(name);
        let other = store::AuthoritySecret::create(&at("other.key"), &at("other.pub")).unwrap();
        Self { sealer: Sealer::new(other.public().clone()), ..self }
    }

    /// Keeps a record without a person in it, and gives its envelope.
    pub fn next(&mut self) -> Vec<u8> {
        let draft = self.draft(Outcome::Cancelled, Body::Closure);
        self.keep(draft)
    }

    /// Keeps a record with images, and gives its name and envelope.
    pub fn enrol(&mut self) -> (RecordId, Vec<u8>) {
        let draft = self.draft(
            Outcome::Enrolled,
            Body::Enrolment(Box::new(testing::enrolment(b"a face".to_vec(), b"a finger".to_vec()))),
        );
        (draft.id, self.keep(draft))
    }

    /// Keeps a record that says this of the audit trail.
    pub fn next_with_audit(&mut self, audit: AuditHead) -> Vec<u8> {
        let draft = self.draft(Outcome::Cancelled, Body::Closure);
        let at = Position { audit, ..self.outbox.position(NOW_MS, "boot") };
        self.append(draft.seal(&self.sealer).unwrap().sign(&self.key, at).unwrap())
    }

    /// Notes this many events in the audit trail.
    pub fn note(&mut self, count: usize) {
        let who = StaffId("anna".into());
        let event = Event { at_ms: NOW_MS, who, what: Action::LoggedIn, case: None, reason: None };
        (0..count).for_each(|_| self.outbox.note(&event).unwrap());
    }

    pub fn audit_head(&self) -> AuditHead {
        self.outbox.audit_head()
    }

    /// Copies what waits to a medium.
    pub fn export(&mut self, to: &Path) -> store::Exported {
        self.outbox.export(to).unwrap()
    }

    /// Takes the receipts of a medium: for which records.
    pub fn acknowledge_from(&mut self, from: &Path, key: &VerifyKey) -> Vec<u64> {
        self.outbox.acknowledge_from(from, &ReceiptKeys::new(key.clone()), NOW_MS).unwrap().acknowledged
    }

    /// Sequence numbers of what waits.
    pub fn waiting(&mut self) -> Vec<u64> {
        self.outbox.pending(100).unwrap().iter().map(|queued| queued.sequence).collect()
    }

    pub fn acknowledge(&mut self, receipt: &[u8], key: &VerifyKey) {
        self.outbox.acknowledge(receipt, key).unwrap();
    }

    /// Writes the public key to a file.
    pub fn public_key(&self) -> PathBuf {
        let path = self.dir.path().join("station.pub");
        self.key.public().write(&path).unwrap();
        path
    }

    fn keep(&mut self, draft: Draft) -> Vec<u8> {
        let at = self.outbox.position(NOW_MS, "boot");
        self.append(draft.seal(&self.sealer).unwrap().sign(&self.key, at).unwrap())
    }

    fn append(&mut self, record: SignedRecord) -> Vec<u8> {
        let sequence = self.outbox.append(record).unwrap().sequence();
        self.outbox.read(sequence).unwrap()
    }

    fn draft(&mut self, outcome: Outcome, body: Body) -> Draft {
        self.made += 1;
        let draft = testing::draft(&self.id, u64::from(self.made), outcome, body);
        Draft { replaces: self.replaces.take(), simulated: self.simulated, ..draft }
    }
}
