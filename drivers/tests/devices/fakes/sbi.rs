//! A device service on loopback whose answers a test writes, and a certified device to write them with.

use super::pki::Authority;
use base64::Engine;
use domain::finger::Finger;
use domain::guarded::Biometric;
use domain::units::Ppi;
use drivers::sbi::iso::{CaptureDate, CaptureDevice, Compression, FingerRecord, Impression};
use drivers::sbi::jws::Signer;
use drivers::sbi::message::{
    BASE64, BioData, BioType, Biometrics, CaptureRequest, Certification, DeviceInfo, DeviceStatus, DeviceSubType,
    DigitalId, Discovered, Environment, InfoItem, Purpose, Sample, Token, sub_type, time_text,
};
use drivers::sbi::{ErrorCode, jp2, next_hash};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// When all of it happens, on both clocks.
pub fn now() -> Timestamp {
    "2026-04-01T10:00:00Z".parse().unwrap()
}

/// What the service does with a request.
pub enum Reply {
    /// These bytes and no HTTP of its own, and then nothing until the client leaves.
    Hold(Vec<u8>),
    /// Answers with this JSON.
    Json(Value),
    /// Answers with this body of a longer announced one, and closes the connection.
    Cut(Vec<u8>),
    /// These bytes and no HTTP of its own.
    Raw(Vec<u8>),
}

type Script = dyn FnMut(&str, &[u8]) -> Reply + Send;

/// A running service. Dropping it ends it.
pub struct SbiServer {
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SbiServer {
    /// A service that answers each request, method and body, by this script.
    pub fn start(script: impl FnMut(&str, &[u8]) -> Reply + Send + 'static) -> Self {
        Self::serve(TcpListener::bind(("127.0.0.1", 0)).unwrap(), script)
    }

    fn serve(listener: TcpListener, script: impl FnMut(&str, &[u8]) -> Reply + Send + 'static) -> Self {
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let thread = {
            let stop = stop.clone();
            std::thread::spawn(move || {
                let mut clients = Vec::new();
                for client in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let script = script.clone();
                    clients.push(std::thread::spawn(move || attend(client.unwrap(), &script)));
                }
                for client in clients {
                    client.join().unwrap();
                }
            })
        };
        Self { port, stop, thread: Some(thread) }
    }

    /// A service with these devices; captures are answered by this script.
    pub fn with(devices: Vec<Device>, capture: impl FnMut(&CaptureRequest) -> Reply + Send + 'static) -> Self {
        Self::start(answering(devices, capture))
    }

    /// The same on this port, if it is free.
    pub fn with_at(
        port: u16,
        devices: Vec<Device>,
        capture: impl FnMut(&CaptureRequest) -> Reply + Send + 'static,
    ) -> Option<Self> {
        Some(Self::serve(TcpListener::bind(("127.0.0.1", port)).ok()?, answering(devices, capture)))
    }
}

fn answering(
    devices: Vec<Device>,
    mut capture: impl FnMut(&CaptureRequest) -> Reply + Send + 'static,
) -> impl FnMut(&str, &[u8]) -> Reply + Send + 'static {
    move |method, body| match method {
        "MOSIPDISC" => Reply::Json(devices.iter().map(Device::listed).collect()),
        "MOSIPDINFO" => Reply::Json(devices.iter().map(Device::information).collect()),
        "RCAPTURE" => capture(&serde_json::from_slice(body).unwrap()),
        other => panic!("{other} was not expected"),
    }
}

impl Drop for SbiServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener. It may be gone already, which is as good.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the service of the test failed");
        }
    }
}

fn attend(mut client: TcpStream, script: &Mutex<Box<Script>>) {
    let Some((method, body)) = receive(&mut client) else { return };
    let reply = (script.lock().unwrap())(&method, &body);
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    let bytes = match reply {
        Reply::Json(json) => {
            let body = json.to_string().into_bytes();
            [head(body.len()), body].concat()
        }
        Reply::Cut(body) => [head(body.len() + 1), body].concat(),
        Reply::Raw(bytes) => bytes,
        Reply::Hold(bytes) => {
            // Until the client closes it.
            let _ = client.write_all(&bytes).and_then(|()| client.read_to_end(&mut Vec::new()));
            return;
        }
    };
    // The client may leave in the middle of too long an answer.
    let _ = client.write_all(&bytes);
}

/// Method and body; nothing when the client only looked whether somebody is there.
fn receive(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut came = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(came[..end].to_vec()).unwrap();
            let length: usize =
                head.split("Content-Length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
            if came.len() >= end + 4 + length {
                return Some((head.split(' ').next().unwrap().to_owned(), came.split_off(end + 4)));
            }
        }
        match client.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => came.extend_from_slice(&buffer[..count]),
        }
    }
}

/// A slap scanner of a certified provider, to be changed before use.
#[derive(Clone)]
pub struct Device {
    pub signer: Arc<Signer>,
    /// Where another key signs who it is.
    pub identity_signer: Option<Arc<Signer>>,
    pub id: DigitalId,
    pub info: DeviceInfo,
    /// Of the information: `Success`, or why there is none.
    pub error: ErrorCode,
}

impl Device {
    pub fn slap(signer: Signer) -> Self {
        let signer = Arc::new(signer);
        let id = DigitalId {
            serial_no: "SIM-SLAP-1".to_owned(),
            make: "SIMULATED".to_owned(),
            model: "SLAP-60".to_owned(),
            bio_type: BioType::Finger,
            device_sub_type: DeviceSubType::Slap,
            device_provider: "SIMULATED provider".to_owned(),
            device_provider_id: "SIM".to_owned(),
            date_time: time_text(now()),
        };
        let info = DeviceInfo {
            device_status: DeviceStatus::Ready,
            device_id: "slap-1".to_owned(),
            firmware: "1.2.3".to_owned(),
            certification: Certification::L0,
            service_version: "0.9.5".to_owned(),
            device_sub_id: ["1", "2", "3"].map(str::to_owned).to_vec(),
            callback_id: "http://127.0.0.1:4501".to_owned(),
            digital_id: String::new(),
            device_code: Some("b692b595-3523-4580-b24f-2c4c2a3f3b2e".to_owned()),
            env: Environment::Developer,
            purpose: Purpose::Registration,
            spec_version: vec!["0.9.5".to_owned()],
        };
        Self { signer, identity_signer: None, id, info, error: ErrorCode::Success }
    }

    /// Its line in the answer to a discovery.
    pub fn listed(&self) -> Value {
        serde_json::to_value(Discovered {
            device_id: Some(self.info.device_id.clone()),
            device_status: Some(self.info.device_status),
            certification: Some(self.info.certification),
            service_version: Some(self.info.service_version.clone()),
            device_sub_id: Some(self.info.device_sub_id.clone()),
            callback_id: Some(self.info.callback_id.clone()),
            digital_id: Some(BASE64.encode(serde_json::to_vec(&self.id).unwrap())),
            device_code: self.info.device_code.clone(),
            spec_version: Some(self.info.spec_version.clone()),
            purpose: Some(self.info.purpose),
            error: ErrorCode::Success.info(),
        })
        .unwrap()
    }

    /// Its line in the answer to a question for information.
    pub fn information(&self) -> Value {
        let info = DeviceInfo { digital_id: self.identity(), ..self.info.clone() };
        let token = self.sign(&serde_json::to_value(info).unwrap());
        let device_info = (self.error == ErrorCode::Success).then_some(token);
        serde_json::to_value(InfoItem { device_info, error: self.error.info() }).unwrap()
    }

    /// Its signed identity.
    pub fn identity(&self) -> String {
        let signer = self.identity_signer.as_ref().unwrap_or(&self.signer);
        signer.sign(serde_json::to_string(&self.id).unwrap().as_bytes()).unwrap()
    }

    fn sign(&self, payload: &Value) -> String {
        self.signer.sign(payload.to_string().as_bytes()).unwrap()
    }

    /// An honest answer with these fingers.
    pub fn answer(&self, request: &CaptureRequest, fingers: &[Finger]) -> Reply {
        self.changed(request, fingers, |_| ())
    }

    /// An answer with these fingers, each changed before it is signed.
    pub fn changed(&self, request: &CaptureRequest, fingers: &[Finger], change: impl Fn(&mut BioData)) -> Reply {
        let mut hash = request.bio[0].previous_hash.clone();
        let mut samples = Vec::new();
        for finger in fingers {
            let mut data = self.data(request, *finger);
            change(&mut data);
            hash = next_hash(&hash, data.bio_value.0.expose()).unwrap();
            samples.push(self.sample(&data, &hash));
        }
        Reply::Json(json!({"biometrics": samples}))
    }

    /// One signed sample.
    pub fn sample(&self, data: &BioData, hash: &str) -> Biometrics {
        Biometrics {
            spec_version: Some("0.9.5".to_owned()),
            data: Some(Token(Biometric::new(self.sign(&serde_json::to_value(data).unwrap())))),
            hash: Some(hash.to_owned()),
            session_key: None,
            thumbprint: None,
            error: ErrorCode::Success.info(),
        }
    }

    pub fn data(&self, request: &CaptureRequest, finger: Finger) -> BioData {
        BioData {
            digital_id: self.identity(),
            device_code: self.info.device_code.clone().unwrap(),
            device_service_version: self.info.service_version.clone(),
            bio_type: BioType::Finger,
            bio_sub_type: Some(sub_type(finger).to_owned()),
            purpose: request.purpose,
            env: request.env,
            domain_uri: None,
            bio_value: Sample(record(finger, &request.transaction_id).write().unwrap()),
            transaction_id: request.transaction_id.clone(),
            timestamp: time_text(now()),
            requested_score: request.bio[0].requested_score.clone(),
            quality_score: "71".to_owned(),
        }
    }
}

/// The sample that stands for a finger that is not there.
pub fn refused(code: ErrorCode) -> Value {
    json!({"specVersion": null, "data": null, "hash": null, "error": code.info()})
}

/// Grey values of a finger's picture, other ones in each transaction.
pub fn grey(finger: Finger, transaction: &str) -> Vec<u8> {
    let salt =
        transaction.bytes().fold(usize::from(finger.code()), |salt, byte| salt * 31 % 65_521 + usize::from(byte));
    (0..WIDTH * HEIGHT).map(|at| ((usize::from(at) * salt) % 251) as u8).collect()
}

pub const WIDTH: u16 = 40;
pub const HEIGHT: u16 = 30;

pub fn record(finger: Finger, transaction: &str) -> FingerRecord {
    FingerRecord {
        date: CaptureDate::of(now()),
        device: CaptureDevice::default(),
        quality: Vec::new(),
        position: finger,
        ppi: Ppi::FIVE_HUNDRED,
        compression: Compression::Jpeg2000Lossless,
        impression: Impression::LiveScanPlain,
        width: WIDTH,
        height: HEIGHT,
        picture: jp2::encode(WIDTH.into(), HEIGHT.into(), 1, &grey(finger, transaction)).unwrap(),
    }
}

/// A provider with a file of its certificate.
pub struct Provider {
    pub authority: Authority,
    pub file: tempfile::NamedTempFile,
}

impl Provider {
    pub fn new() -> Self {
        let authority = Authority::root("SIMULATED provider");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(authority.pem.as_bytes()).unwrap();
        Self { authority, file }
    }

    /// A slap scanner of theirs.
    pub fn slap(&self) -> Device {
        Device::slap(self.authority.device())
    }
}
