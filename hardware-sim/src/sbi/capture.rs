//! A capture from the order to the signed answer.

use super::device::{Kind, PURPOSE};
use super::refusal::{Refusal, success};
use super::request::{self, Capture};
use super::{SPEC_VERSION, Service, face, slap};
use crate::clock;
use crate::stage::{Device, FaultKind};
use base64::Engine;
use drivers::sbi::message::{BASE64, time_text};
use drivers::sbi::next_hash;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

/// How old the samples of a device with the fault `stale` say that they are: nobody keeps a finger on glass so long.
const STALE: SignedDuration = SignedDuration::from_mins(10);

/// What a device with the fault `wrong-transaction` answers to: something of another host.
const OTHER_TRANSACTION: &str = "SIMULATED-other-transaction";

/// A sample, before it is signed.
#[derive(Debug)]
pub struct Taken {
    /// Which finger; none of a face, `UNKNOWN` where the device does not tell fingers apart.
    pub sub_type: Option<&'static str>,
    /// The ISO record and the device's own score of it, 0 to 100; or why there is none.
    pub sample: Result<(Vec<u8>, f32), Refusal>,
}

/// Carries out a request for a capture and gives the body of the answer. Dropped when the host goes: the device is
/// free again then.
pub async fn answer(service: &Arc<Service>, body: &[u8]) -> Vec<u8> {
    let answer = match carry_out(service, body).await {
        Ok(answer) => return answer,
        Err(refusal) => json!({ "biometrics": [refusal.sample()] }),
    };
    answer.to_string().into_bytes()
}

/// What a device for registration answers to a request for authentication.
pub fn authentication() -> Vec<u8> {
    json!({ "biometrics": [Refusal::AuthCapture.sample()] }).to_string().into_bytes()
}

async fn carry_out(service: &Arc<Service>, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let wish = request::capture(body)?;
    if let Some(refusal) = service.status(wish.kind).refusal() {
        return Err(refusal);
    }
    let Ok(_running) = service.running[wish.kind.index()].try_lock() else { return Err(Refusal::Busy) };
    service.stage.count(|counters| match wish.kind {
        Kind::Slap => counters.slap_captures += 1,
        Kind::Face => counters.portrait_captures += 1,
    });
    if service.fault() == FaultKind::Replay
        && let Some(earlier) = service.earlier(wish.kind)
    {
        return Ok(earlier);
    }
    let taken = match wish.kind {
        Kind::Slap => slap::take(service, &wish).await?,
        Kind::Face => face::take(service, &wish).await?,
    };
    if wish.kind == Kind::Slap {
        let stage = Arc::clone(&service.stage);
        slap::blocking(move || stage.sending(Device::Slap)).await?;
    }
    // One look for the whole answer: a fault may be mended meanwhile.
    let fault = service.fault();
    let answer = sign(service, &wish, &taken, fault)?;
    let good = taken.iter().filter(|taken| taken.sample.is_ok()).count() as u64;
    match wish.kind {
        Kind::Slap => {
            service.stage.count(|counters| counters.slap_images += good);
            service.stage.hand_sent();
        }
        Kind::Face => service.stage.count(|counters| counters.portrait_images += good),
    }
    // A spoilt answer is none that anybody could have recorded: its replay would tell of another fault.
    if fault == FaultKind::None {
        service.remember(wish.kind, &answer);
    }
    Ok(answer)
}

/// Signs the samples one by one; each holds the hash of all before it.
fn sign(service: &Service, wish: &Capture, taken: &[Taken], fault: FaultKind) -> Result<Vec<u8>, Refusal> {
    let now = clock::now();
    let at = if fault == FaultKind::Stale { now - STALE } else { now };
    let transaction = if fault == FaultKind::WrongTransaction { OTHER_TRANSACTION } else { &wish.transaction };
    let digital_id = wish.kind.digital_id(at).to_string();
    let digital_id = service.vendor.sign(wish.kind, digital_id.as_bytes()).map_err(|_| Refusal::Technical)?;
    let mut previous = wish.previous_hash.clone();
    let mut biometrics: Vec<Value> = Vec::with_capacity(taken.len());
    for one in taken {
        let (record, score) = match &one.sample {
            Ok(sample) => sample,
            Err(refusal) => {
                biometrics.push(refusal.sample());
                continue;
            }
        };
        let mut data = json!({
            "digitalId": digital_id,
            "deviceCode": wish.kind.code(),
            "deviceServiceVersion": SPEC_VERSION,
            "bioType": wish.kind.bio_type(),
            "purpose": PURPOSE,
            "env": wish.environment,
            "bioValue": BASE64.encode(record),
            "transactionId": transaction,
            "timestamp": time_text(at),
            "requestedScore": wish.score_text,
            "qualityScore": format!("{:.0}", score.clamp(0.0, 100.0)),
        });
        if let Some(sub_type) = one.sub_type {
            data["bioSubType"] = sub_type.into();
        }
        let token = service.vendor.sign(wish.kind, data.to_string().as_bytes()).map_err(|_| Refusal::Technical)?;
        let token = if fault == FaultKind::BadSignature { spoil(&token) } else { token };
        let hash = next_hash(&previous, record).ok_or(Refusal::CaptureRequest)?;
        previous.clone_from(&hash);
        biometrics.push(json!({ "specVersion": SPEC_VERSION, "data": token, "hash": hash, "error": success() }));
    }
    Ok(json!({ "biometrics": biometrics }).to_string().into_bytes())
}

/// The same token with one bit of the signature turned.
fn spoil(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let mut bytes = BASE64.decode(signature).unwrap_or_default();
    if let Some(byte) = bytes.get_mut(17) {
        *byte ^= 1;
    }
    format!("{message}.{}", BASE64.encode(bytes))
}

impl Service {
    /// The cable is out, or the simulation ends: nobody waits for a sample any more.
    pub(super) fn is_gone(&self) -> bool {
        self.stage.has_ended() || self.fault() == FaultKind::Unplug
    }

    /// What is wrong with the service now.
    pub(super) fn fault(&self) -> FaultKind {
        self.stage.fault(Device::Slap)
    }

    /// The number of the next picture.
    pub(super) fn expose(&self) -> u64 {
        self.exposures.fetch_add(1, Ordering::Relaxed)
    }

    fn earlier(&self, kind: Kind) -> Option<Vec<u8>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)[kind.index()].clone()
    }

    fn remember(&self, kind: Kind, answer: &[u8]) {
        // Whoever replays knows what was said first.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)[kind.index()]
            .get_or_insert_with(|| answer.to_vec());
    }
}
