//! The promise: a station that was provisioned once goes on by itself for as long as it is at work, and one that was off
//! for too long says so and can be provisioned again. Station and intake go by one clock, which the tests move.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use domain::case::{CaseNumber, RecordId, StationId};
use intake::{Listening, Mode, commands};
use link::{Facts, Time, chain_from_pem};
use station::desk::Keeper;
use station::setup::DataDir;
use station::upload::{self, Address, Connection, News, Upload};
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::testing::{NOW_MS, closure};
use store::{Application, AuthorityKey, FileKey, Outbox, Sealer};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// An intake on real sockets, and a station that can be started and stopped.
struct World {
    dir: TempDir,
    now: Arc<AtomicI64>,
    at: Listening,
    records: u8,
}

/// A station at work, as far as its upload goes.
struct AtWork {
    runtime: tokio::runtime::Runtime,
    keeper: Arc<Keeper>,
    connection: Arc<Connection>,
    news: mpsc::UnboundedReceiver<News>,
}

fn station() -> StationId {
    StationId("S1".into())
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(NOW_MS));
        let (data, clock) = (dir.path().join("intake"), clock(&now));
        commands::init(&data, Mode::Demonstration, &commands::local_names(), &clock).await.unwrap();
        let (ready, started) = oneshot::channel();
        tokio::spawn(async move {
            let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
            let at = Listening { stations: anywhere, provisioning: Some(anywhere) };
            intake::serve(&data, Some(at), clock, |at| ready.send(at).unwrap()).await.unwrap();
        });
        let world = Self { dir, now, at: started.await.unwrap(), records: 0 };
        fs::create_dir_all(world.data().0.join("keys")).unwrap();
        FileKey::create(&world.data().signing_key()).unwrap();
        FileKey::create(&world.data().connection_key()).unwrap();
        world
    }

    fn intake(&self) -> PathBuf {
        self.dir.path().join("intake")
    }

    fn data(&self) -> DataDir {
        DataDir(self.dir.path().join("station"))
    }

    fn advance(&self, days: i64) {
        self.now.fetch_add(days * DAY_MS, Ordering::SeqCst);
    }

    fn time(&self) -> Time {
        Time(clock(&self.now))
    }

    /// What `gatepost provision` does, by this world's clock.
    async fn provision(&self) {
        let invitation = commands::invite(&self.intake(), "S1", 24, &clock(&self.now)).await.unwrap();
        let key = |path: PathBuf| FileKey::load(&path).unwrap();
        let (signing, connection) = (key(self.data().signing_key()), key(self.data().connection_key()));
        let application = Application {
            station: station(),
            signing_key: signing.public().clone(),
            connection_key: connection.public().clone(),
            code: invitation.code,
            time_ms: self.now.load(Ordering::SeqCst),
        };
        let authority = link::fingerprint_from_text(&invitation.authority).unwrap();
        let tls = link::first_contact(authority, self.time()).unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap();
        let url = format!("https://localhost:{}/v1/provision", self.at.provisioning.unwrap().port());
        let message = application.sign(&signing, &connection).unwrap();
        let given = client.post(url).body(message).send().await.unwrap().json().await.unwrap();
        upload::keep(&self.data(), &given).unwrap();
    }

    fn start(&self) -> AtWork {
        let load = |path: PathBuf| FileKey::load(&path).unwrap();
        let (outbox, _) = Outbox::open(&self.data().store(), &station()).unwrap();
        let sealer = Sealer::new(AuthorityKey::load(&self.intake().join("authority.pub")).unwrap());
        let signer = Box::new(load(self.data().signing_key()));
        let keeper = Arc::new(Keeper::new(outbox, sealer, signer, Zeroizing::new(vec![1; 32])));
        let key = Arc::new(load(self.data().connection_key()));
        let connection = Arc::new(Connection::open(&self.data(), &station(), key).unwrap());
        let target = (upload::find("https").unwrap().make)(Address {
            url: &format!("https://localhost:{}", self.at.stations.port()),
            station: "S1",
            tls: connection.tls(self.time()).unwrap(),
            kilobytes_per_second: None,
        });
        let ((sender, news), now_ms) = (mpsc::unbounded_channel(), clock(&self.now));
        let upload = Upload {
            keeper: keeper.clone(),
            target: target.unwrap(),
            receipts: Mutex::new(connection.receipts().clone()),
            connection: Some(connection.clone()),
            statements: Vec::new(),
            now_ms: Box::new(move || now_ms()),
            tell: Box::new(move |news| {
                // A test that has seen enough listens no longer.
                let _ = sender.send(news);
            }),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let inside = runtime.enter();
        upload::start(upload);
        drop(inside);
        AtWork { runtime, keeper, connection, news }
    }

    /// Keeps the next record of a station at work: its number.
    fn enrol(&mut self, at_work: &AtWork) -> u64 {
        self.records += 1;
        let sealer = Sealer::new(AuthorityKey::load(&self.intake().join("authority.pub")).unwrap());
        let key = FileKey::load(&self.data().signing_key()).unwrap();
        let mut draft = closure(self.records);
        draft.id = RecordId([self.records; 16]);
        draft.case = CaseNumber::parse(&format!("S1-251224-{:04}", self.records)).unwrap();
        let mut outbox = at_work.keeper.outbox();
        let position = outbox.position(self.now.load(Ordering::SeqCst), "boot");
        outbox.append(draft.seal(&sealer).unwrap().sign(&key, position).unwrap()).unwrap();
        drop(outbox);
        at_work.keeper.appended.notify_one();
        self.records.into()
    }

    /// Two records, one after the other: the first may still belong to what the upload did before the clock was moved.
    async fn work(&mut self, at_work: &mut AtWork) {
        for _ in 0..2 {
            let number = self.enrol(at_work);
            at_work.arrived(number).await;
        }
    }

    /// The certificate that is on the station's disk.
    fn certificate(&self) -> Facts {
        let given = upload::provisioned(&self.data()).unwrap();
        Facts::read(&chain_from_pem(&given.certificate).unwrap()[0]).unwrap()
    }
}

impl AtWork {
    /// Switches the station off: its store is free afterwards.
    async fn stop(self) {
        let ended = move || self.runtime.shutdown_timeout(Duration::from_secs(60));
        tokio::task::spawn_blocking(ended).await.unwrap();
    }

    /// Waits until a record has arrived and the upload has nothing more to do.
    async fn arrived(&mut self, number: u64) {
        self.until(News::Arrived(number)).await;
        self.until(News::Trouble(None)).await;
    }

    async fn until(&mut self, wanted: News) {
        while self.news.recv().await.unwrap() != wanted {}
    }
}

fn clock(now: &Arc<AtomicI64>) -> Arc<dyn Fn() -> i64 + Send + Sync> {
    let now = Arc::clone(now);
    Arc::new(move || now.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_at_work_renews_its_certificate_and_outlives_the_first() {
    let mut world = World::new().await;
    world.provision().await;
    let mut at_work = world.start();
    let first = world.certificate();
    world.work(&mut at_work).await;
    assert_eq!(world.certificate(), first, "too early for another one");
    assert_eq!(at_work.connection.until_ms(), NOW_MS + 90 * DAY_MS);

    world.advance(60);
    world.work(&mut at_work).await;
    let second = world.certificate();
    assert_eq!(second.not_after_ms, NOW_MS + 150 * DAY_MS);
    assert_eq!(second.key, first.key);
    assert_eq!(at_work.connection.until_ms(), second.not_after_ms);

    // The first one is over; a connection that was made with it is given up for one with the second.
    world.advance(31);
    assert!(first.is_over(world.now.load(Ordering::SeqCst)));
    world.work(&mut at_work).await;

    // Switched off and on again, by what is on its disk.
    at_work.stop().await;
    world.advance(40);
    let mut at_work = world.start();
    world.work(&mut at_work).await;
    assert_eq!(world.certificate().not_after_ms, NOW_MS + (131 + 90) * DAY_MS, "and the third");
    at_work.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_was_off_for_too_long_waits_for_another_invitation() {
    let mut world = World::new().await;
    world.provision().await;
    let mut at_work = world.start();
    let number = world.enrol(&at_work);
    at_work.arrived(number).await;
    at_work.stop().await;

    world.advance(91);
    let mut at_work = world.start();
    let number = world.enrol(&at_work);
    at_work.until(News::Trouble(Some("N-05"))).await;
    assert_eq!(at_work.keeper.queued(), 1, "the record waits");
    at_work.stop().await;

    world.provision().await;
    let mut at_work = world.start();
    at_work.arrived(number).await;
    at_work.stop().await;

    // The certificate of another deployment's authority, for the same station and the same key.
    let elsewhere = world.dir.path().join("elsewhere");
    commands::init(&elsewhere, Mode::Demonstration, &commands::local_names(), &clock(&world.now)).await.unwrap();
    let issuer = intake::load_tls(&elsewhere, 90).unwrap().issuer.unwrap();
    let key = FileKey::load(&world.data().connection_key()).unwrap();
    let mut given = upload::provisioned(&world.data()).unwrap();
    given.certificate = issuer.station(&station(), key.public(), world.now.load(Ordering::SeqCst)).unwrap();
    upload::keep(&world.data(), &given).unwrap();
    let mut at_work = world.start();
    at_work.until(News::Trouble(Some("N-06"))).await;
    at_work.stop().await;
}
