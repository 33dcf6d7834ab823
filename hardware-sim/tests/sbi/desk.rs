//! A desk with a device service and a host that asks it.

use domain::finger::Finger;
use drivers::sbi::jws::TrustAnchors;
use drivers::sbi::message::{BioData, CaptureAnswer, sub_type};
use hardware_sim::clock;
use hardware_sim::person::{Person, Traits};
use hardware_sim::sbi::{self, Kind, Options, Part, Running, Vendor};
use hardware_sim::stage::{HandPose, Settings, Stage};
use jiff::civil::date;
use reqwest::{Client, Method, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The host's name for every capture of these tests.
pub const TRANSACTION: &str = "test-0001";

/// Ends every wait of a test that fails.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Desk {
    pub stage: Arc<Stage>,
    running: Running,
    client: Client,
    trust: TrustAnchors,
    _folder: tempfile::TempDir,
}

impl Desk {
    /// Nobody is there.
    pub async fn new() -> Self {
        Self::start(true).await
    }

    /// Somebody is there whose face nobody draws.
    pub async fn with_visitor(segments: bool) -> Self {
        let desk = Self::start(segments).await;
        desk.arrive(false);
        desk
    }

    async fn start(segments: bool) -> Self {
        // Keys take their time; the services of these tests share a vendor.
        static VENDOR: OnceLock<Arc<Vendor>> = OnceLock::new();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let vendor =
            tokio::task::spawn_blocking(|| Arc::clone(VENDOR.get_or_init(|| Arc::new(Vendor::make().unwrap()))));
        let settings = Settings { sensor: (64, 48), autopilot: false, today: date(2026, 3, 1) };
        let stage = Arc::new(Stage::new(settings).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let options = Options { segments, vendor: Some(vendor.await.unwrap()), ..Options::default() };
        let running = sbi::spawn(Arc::clone(&stage), folder.path(), options).await.unwrap();
        assert!((4501..=4600).contains(&running.port));
        let trust = TrustAnchors::from_pem(&std::fs::read(&running.trust).unwrap()).unwrap();
        let client = Client::builder().no_proxy().timeout(LIMIT).build().unwrap();
        Self { stage, running, client, trust, _folder: folder }
    }

    pub fn port(&self) -> u16 {
        self.running.port
    }

    pub fn trust_file(&self) -> &std::path::Path {
        &self.running.trust
    }

    pub fn arrive(&self, face: bool) {
        let traits = Traits { face: Some(face), ..Traits::default() };
        self.stage.arrive(Person::new(7, &traits, self.stage.settings().today)).unwrap();
    }

    pub fn put(&self, fingers: &[Finger]) {
        self.stage.put_hand(fingers, HandPose::default()).unwrap();
    }

    /// How often a device was opened.
    pub fn opened(&self) -> u64 {
        let counted = self.stage.counters();
        counted.slap_captures + counted.portrait_captures + counted.preview_streams
    }

    pub async fn send(&self, verb: &str, path: &str, body: Value) -> reqwest::Result<Response> {
        self.send_with(verb, path, body, &[]).await
    }

    pub async fn send_with(
        &self,
        verb: &str,
        path: &str,
        body: Value,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Response> {
        let address = format!("http://127.0.0.1:{}{path}", self.port());
        let mut request = self.client.request(Method::from_bytes(verb.as_bytes()).unwrap(), address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_null() { request.send().await } else { request.body(body.to_string()).send().await }
    }

    pub async fn json(&self, verb: &str, path: &str, body: Value) -> Value {
        serde_json::from_slice(&self.send(verb, path, body).await.unwrap().bytes().await.unwrap()).unwrap()
    }

    /// A request that leaves a minute.
    pub fn wish(&self, part: Part, count: usize, exception: &[Finger]) -> Value {
        let (kind, id) = match part {
            Part::Face => (Kind::Face, "0"),
            Part::LeftFour => (Kind::Slap, "1"),
            Part::RightFour => (Kind::Slap, "2"),
            Part::TwoThumbs => (Kind::Slap, "3"),
        };
        json!({
            "env": "Developer",
            "purpose": "Registration",
            "specVersion": "0.9.5",
            "timeout": "50000",
            "captureTime": "2026-03-01T12:00:00Z",
            "transactionId": TRANSACTION,
            "bio": [{
                "type": kind.bio_type(),
                "count": count.to_string(),
                "bioSubType": [],
                "exception": exception.iter().map(|finger| sub_type(*finger)).collect::<Vec<_>>(),
                "requestedScore": "20",
                "deviceId": kind.id(),
                "deviceSubId": id,
                "previousHash": "",
            }],
            "customOpts": null,
        })
    }

    /// A request that leaves next to no time, so that nobody waits for what will not come.
    pub fn hurried(&self, part: Part, count: usize, exception: &[Finger]) -> Value {
        let mut wish = self.wish(part, count, exception);
        wish["timeout"] = json!("300");
        wish
    }

    pub async fn capture(&self, wish: Value) -> Value {
        self.json("RCAPTURE", "/capture", wish).await
    }

    /// What the scanner says of its state.
    pub async fn status(&self) -> String {
        let found = self.json("MOSIPDISC", "/device", json!({ "type": "Finger" })).await;
        found[0]["deviceStatus"].as_str().unwrap().into()
    }

    pub async fn until_capturing(&self) {
        let busy = async { while self.status().await != "Busy" {} };
        tokio::time::timeout(LIMIT, busy).await.unwrap();
    }

    pub fn verified<T: DeserializeOwned>(&self, token: &str) -> T {
        let verified = self.trust.verify(token, clock::now()).unwrap();
        serde_json::from_slice(verified.payload.expose()).unwrap()
    }

    /// Whether the token holds.
    pub fn trusts(&self, token: &str) -> bool {
        self.trust.verify(token, clock::now()).is_ok()
    }
}

/// The error codes of the samples, in their order.
pub fn codes(answer: &Value) -> Vec<&str> {
    let samples = answer["biometrics"].as_array().unwrap_or_else(|| panic!("{answer}"));
    samples.iter().map(|one| one["error"]["errorCode"].as_str().unwrap()).collect()
}

/// The samples that came, checked and opened, each with its hash.
pub fn samples(desk: &Desk, answer: &Value) -> Vec<(BioData, String)> {
    assert!(codes(answer).iter().all(|code| *code == "0"), "{:?}", codes(answer));
    let answer: CaptureAnswer = serde_json::from_value(answer.clone()).unwrap();
    let open =
        |one: drivers::sbi::message::Biometrics| (desk.verified(one.data.unwrap().0.expose()), one.hash.unwrap());
    answer.biometrics.into_iter().map(open).collect()
}
