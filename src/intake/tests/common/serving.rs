//! An intake that serves on real sockets in this process, and stations with keys that come to it.

use super::{Intake, NOW_MS};
use domain::case::StationId;
use intake::{Authority, Database, Enrolment, Listening, Receipts, commands};
use link::{Facts, Identity, Time, certified, chain_from_pem};
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{Application, FileKey};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

pub const HOUR_MS: i64 = 3600 * 1000;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An intake that serves on real sockets in this process, by a clock of its own.
pub struct Serving {
    pub intake: Intake,
    pub at: Listening,
    pub now: Arc<AtomicI64>,
}

impl Serving {
    pub async fn start() -> Self {
        Self::start_with(str::to_owned).await
    }

    /// With another configuration, made of the usual one.
    pub async fn start_with(alter: impl FnOnce(&str) -> String) -> Self {
        let intake = Intake::new().await;
        let config = intake.dir.path().join("intake.toml");
        std::fs::write(&config, alter(&std::fs::read_to_string(&config).unwrap())).unwrap();
        let now = Arc::new(AtomicI64::new(NOW_MS));
        let (data, clock) = (intake.dir.path().to_owned(), clock(&now));
        let (ready, started) = oneshot::channel();
        tokio::spawn(async move {
            let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
            let at = Listening { stations: anywhere, provisioning: Some(anywhere) };
            intake::serve(&data, Some(at), clock, |at| ready.send(at).unwrap()).await.unwrap();
        });
        Self { intake, at: started.await.unwrap(), now }
    }

    pub fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn time(&self) -> Time {
        Time(clock(&self.now))
    }

    pub fn issuer(&self) -> Authority {
        intake::load_tls(self.intake.dir.path(), 90).unwrap().issuer.unwrap()
    }

    /// A certificate of a station with these keys, without an invitation.
    pub fn certificate(&self, station: &str, keys: &Keys) -> String {
        let now_ms = self.now.load(Ordering::SeqCst);
        self.issuer().station(&StationId(station.into()), keys.connection.public(), now_ms).unwrap()
    }

    /// What makes stations of applicants, without a network before it.
    pub async fn enrolment(&self) -> Enrolment {
        let read = |name: &str| std::fs::read_to_string(self.intake.dir.path().join(name)).unwrap();
        let database = Database::open(&self.intake.place).await.unwrap();
        Enrolment {
            database,
            issuer: Arc::new(self.issuer()),
            ca: read("tls/ca.pem"),
            authority: read("authority.pub"),
            receipts: Receipts::load(&self.intake.dir.path().join("receipt.key")).unwrap().into(),
            clock: clock(&self.now),
        }
    }

    pub fn ca(&self) -> Vec<link::CertificateDer<'static>> {
        intake::load_tls(self.intake.dir.path(), 90).unwrap().authority
    }

    /// A client with this certificate.
    pub fn client(&self, identity: Identity) -> Client {
        built(link::client(&self.ca(), identity, self.time()).unwrap())
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.at.stations.port())
    }

    pub async fn invite(&self, station: &str) -> (Zeroizing<String>, [u8; 32]) {
        let invitation = commands::invite(self.intake.dir.path(), station, 24, &clock(&self.now)).await.unwrap();
        (invitation.code, link::fingerprint_from_text(&invitation.authority).unwrap())
    }

    /// Applies as a station with these keys does.
    pub async fn apply(&self, station: &str, keys: &Keys, code: &str, authority: [u8; 32]) -> Response {
        let message = application(station, keys, code);
        let client = built(link::first_contact(authority, self.time()).unwrap());
        let url = format!("https://localhost:{}/v1/provision", self.at.provisioning.unwrap().port());
        client.post(url).body(message).send().await.unwrap()
    }
}

/// The signed message of an applicant.
pub fn application(station: &str, keys: &Keys, code: &str) -> Vec<u8> {
    let application = Application {
        station: StationId(station.into()),
        signing_key: keys.signing.public().clone(),
        connection_key: keys.connection.public().clone(),
        code: Zeroizing::new(code.into()),
        time_ms: NOW_MS,
    };
    application.sign(&keys.signing, &*keys.connection).unwrap()
}

pub struct Keys {
    pub signing: FileKey,
    pub connection: Arc<FileKey>,
}

impl Keys {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = |name| FileKey::create(&dir.path().join(name)).unwrap();
        Self { signing: key("signing"), connection: Arc::new(key("connection")) }
    }

    pub fn identity(&self, certificate: &str) -> Identity {
        Identity::new(certified(chain_from_pem(certificate).unwrap(), self.connection.clone()).unwrap())
    }
}

pub fn clock(now: &Arc<AtomicI64>) -> intake::clock::Clock {
    let now = Arc::clone(now);
    Arc::new(move || now.load(Ordering::SeqCst))
}

pub fn built(config: rustls::ClientConfig) -> Client {
    Client::builder().no_proxy().tls_backend_preconfigured(config).build().unwrap()
}

pub fn facts(certificate: &str) -> Facts {
    Facts::read(&chain_from_pem(certificate).unwrap()[0]).unwrap()
}

pub async fn code_of(answer: Response) -> (StatusCode, String) {
    let status = answer.status();
    let json: Value = answer.json().await.unwrap();
    (status, json["code"].as_str().unwrap_or_default().to_owned())
}
