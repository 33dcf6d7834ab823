//! Looks for a device on the ports of the interface and has it prove who it is.

use super::message::{
    BASE64, BioType, Certification, DeviceInfo, DeviceStatus, DigitalId, DiscoverRequest, Discovered, Environment,
    InfoItem, Purpose,
};
use super::service::{Limit, Service, ServiceError};
use super::{ErrorCode, PORTS, SbiError, jws::TrustAnchors, request};
use crate::run::Run;
use base64::Engine;
use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// For the answer to a discovery, on each port: something else may listen there and say nothing.
const DISCOVER: Limit = Limit { time: Duration::from_millis(1500), bytes: 256 * 1024 };

/// The same for a look between captures.
const LOOK: Limit = Limit { time: Duration::from_millis(300), ..DISCOVER };

/// For the answer that tells what the devices are.
const INFO: Limit = Limit { time: Duration::from_secs(3), bytes: 1024 * 1024 };

/// Devices of one service that are looked at.
const MAX_DEVICES: usize = 16;

/// Versions of the specification that the driver speaks, as services write them.
const VERSIONS: [&str; 3] = ["0.9.5", "1.0", "1.0.0"];

/// Which device to look for, and who vouches for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// Address of the services: loopback.
    #[serde(default = "loopback")]
    pub host: IpAddr,
    /// First and last port to look at; all of the specification's without it.
    #[serde(default = "all_ports")]
    pub ports: (u16, u16),
    /// Installation for which the device must be registered, for example `Production`.
    pub env: Environment,
    /// Certificates in PEM of those who vouch for devices.
    pub trust: PathBuf,
    /// Serial number of the device, where several are plugged in.
    pub serial: Option<String>,
}

impl Where {
    /// What is wrong with these settings.
    pub fn check(&self) -> Result<(), &'static str> {
        if !self.host.is_loopback() {
            // Samples come unencrypted.
            return Err("host is not a loopback address");
        }
        if self.ports.0 == 0 || self.ports.0 > self.ports.1 || self.ports.1 - self.ports.0 >= 100 {
            return Err("ports are not two ports in their order, less than 100 apart");
        }
        if self.trust.as_os_str().is_empty() {
            return Err("trust is empty");
        }
        if matches!(self.env, Environment::None) {
            return Err("env is None");
        }
        Ok(())
    }

    fn ports(&self) -> RangeInclusive<u16> {
        self.ports.0..=self.ports.1
    }
}

/// A device that has proved who it is.
#[derive(Clone, Debug)]
pub struct Found {
    /// The service that it is behind.
    pub service: Service,
    /// What it is; signed.
    pub info: DeviceInfo,
    /// Who it is; signed.
    pub id: DigitalId,
    /// Who signed what it is, and signs what it captures.
    pub signer: [u8; 32],
    /// Who signed who it is: a trusted module has a key of its own for that.
    pub id_signer: [u8; 32],
    /// Who vouches for it.
    pub anchors: TrustAnchors,
}

/// Looks at every port for a device of this type, and takes the first that is ready and proves who it is. Where there
/// is none, the error is of the device that came nearest.
pub fn find(place: &Where, of: BioType, now: Timestamp, run: &Run<'_>) -> Result<Found, SbiError> {
    let mut nearest = None;
    for port in place.ports() {
        if run.stopped() || run.expired() {
            break;
        }
        let service = Service { address: SocketAddr::new(place.host, port) };
        let error = match look(service, place, of, now, run) {
            Ok(found) => return Ok(found),
            // Nothing listens there.
            Err(SbiError::Service(ServiceError::Connection(_))) => continue,
            Err(error) => error,
        };
        tracing::debug!(port, %error, "no device for us");
        if nearest.as_ref().is_none_or(|nearest| rank(&error) > rank(nearest)) {
            nearest = Some(error);
        }
    }
    Err(nearest.unwrap_or(SbiError::Absent))
}

/// The same, where it was before first: a search of all ports may take long.
pub fn find_again(
    place: &Where,
    before: Option<Found>,
    of: BioType,
    now: Timestamp,
    run: &Run<'_>,
) -> Result<Found, SbiError> {
    if let Some(port) = before.map(|found| found.service.address.port())
        && let Ok(found) = find(&Where { ports: (port, port), ..place.clone() }, of, now, run)
    {
        return Ok(found);
    }
    find(place, of, now, run)
}

/// Whether the device is still listed by its service, in a look of 300 ms that nobody can stop. A service that takes
/// its connection and is slower counts as there: how long it may take, the next request decides. Takes no capture.
pub fn still_there(found: &Found) -> Result<(), SbiError> {
    let never = AtomicBool::new(false);
    let listed = match discover(found.service, found.id.bio_type, LOOK, &Run::new(&never, None, &|| ())) {
        Err(SbiError::Service(ServiceError::Silent(_))) => return Ok(()),
        listed => listed?,
    };
    match listed.into_iter().find(|item| is(item, &found.info.device_id)) {
        None => Err(SbiError::Absent),
        Some(Discovered {
            device_status: Some(status @ (DeviceStatus::NotReady | DeviceStatus::NotRegistered)),
            ..
        }) => Err(SbiError::Status(status)),
        Some(_) => Ok(()),
    }
}

/// The clock of the machine, for those who make a driver of their settings.
pub fn machine_clock() -> Timestamp {
    let now = clock_gettime(ClockId::Realtime);
    let nanoseconds = i32::try_from(now.tv_nsec).unwrap_or(0);
    Timestamp::new(now.tv_sec, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn look(service: Service, place: &Where, of: BioType, now: Timestamp, run: &Run<'_>) -> Result<Found, SbiError> {
    let listed = discover(service, of, DISCOVER, run)?;
    let candidates: Vec<&Discovered> = listed.iter().filter(|item| claims(item, of, place.serial.as_deref())).collect();
    if candidates.is_empty() {
        return Err(SbiError::Absent);
    }
    let anchors = anchors(place)?;
    let items: Vec<Value> = service.ask(request::INFO, &Value::Object(serde_json::Map::new()), INFO, run)?;
    let mut nearest = SbiError::Absent;
    for item in items.into_iter().take(MAX_DEVICES) {
        let proved = InfoItem::deserialize(item)
            .map_err(|_| SbiError::Unspecified("the device's information"))
            .and_then(|item| prove(&item, &anchors, now));
        let checked = proved.and_then(|(info, signer, id, id_signer)| {
            let candidate = candidates.iter().any(|candidate| is(candidate, &info.device_id));
            if !candidate || id.bio_type != of || place.serial.as_ref().is_some_and(|serial| *serial != id.serial_no) {
                return Err(SbiError::Absent);
            }
            usable(&info, place.env)?;
            Ok(Found { service, info, id, signer, id_signer, anchors: anchors.clone() })
        });
        match checked {
            Ok(found) => return Ok(found),
            Err(error) if rank(&error) > rank(&nearest) => nearest = error,
            Err(_) => {}
        }
    }
    // A device without a signature says at least in the list how it is doing.
    let status = candidates.iter().filter_map(|item| item.device_status).find(|status| *status != DeviceStatus::Ready);
    match (nearest, status) {
        (SbiError::Absent | SbiError::Untrusted(..), Some(status)) => Err(SbiError::Status(status)),
        (error, _) => Err(error),
    }
}

fn discover(service: Service, of: BioType, limit: Limit, run: &Run<'_>) -> Result<Vec<Discovered>, SbiError> {
    let body = DiscoverRequest { device_type: of.word().to_owned() };
    let items: Vec<Value> = service.ask(request::DISCOVER, &body, limit, run)?;
    // One device's oddities do not hide another.
    Ok(items.into_iter().take(MAX_DEVICES).filter_map(|item| Discovered::deserialize(item).ok()).collect())
}

/// Whether the list, which nobody signed, is worth a closer look.
fn claims(item: &Discovered, of: BioType, serial: Option<&str>) -> bool {
    let id: Option<DigitalId> = item.digital_id.as_deref().and_then(|text| decode(text.as_bytes()));
    id.is_some_and(|id| id.bio_type == of && serial.is_none_or(|serial| serial == id.serial_no))
}

fn is(item: &Discovered, device_id: &str) -> bool {
    item.device_id.as_deref() == Some(device_id)
}

/// The device's own statements, each with its signer, if their signatures hold.
fn prove(
    item: &InfoItem,
    anchors: &TrustAnchors,
    now: Timestamp,
) -> Result<(DeviceInfo, [u8; 32], DigitalId, [u8; 32]), SbiError> {
    match item.error.code() {
        ErrorCode::Success => {}
        ErrorCode::DeviceNotRegistered => return Err(SbiError::Status(DeviceStatus::NotRegistered)),
        ErrorCode::NotReady => return Err(SbiError::Status(DeviceStatus::NotReady)),
        ErrorCode::Busy => return Err(SbiError::Status(DeviceStatus::Busy)),
        other => return Err(SbiError::Refused(other)),
    }
    let token = item.device_info.as_deref().ok_or(SbiError::Unspecified("the device's information"))?;
    let verified = anchors.verify(token, now).map_err(|error| SbiError::Untrusted("device information", error))?;
    let info: DeviceInfo = serde_json::from_slice(verified.payload.expose())
        .map_err(|_| SbiError::Unspecified("the device's information"))?;
    let (id, id_signer) = digital_id(&info.digital_id, anchors, now)?;
    // Where the service signs, one key signs all. A trusted module's identity is bound by standing in what is signed.
    if info.certification == Certification::L0 && id_signer != verified.signer {
        return Err(SbiError::Mismatch("signer of its identity"));
    }
    Ok((info, verified.signer, id, id_signer))
}

/// A signed digital identity, and who signed it.
pub(crate) fn digital_id(
    token: &str,
    anchors: &TrustAnchors,
    now: Timestamp,
) -> Result<(DigitalId, [u8; 32]), SbiError> {
    let verified = anchors.verify(token, now).map_err(|error| SbiError::Untrusted("digital identity", error))?;
    let id =
        serde_json::from_slice(verified.payload.expose()).map_err(|_| SbiError::Unspecified("the digital identity"))?;
    Ok((id, verified.signer))
}

fn usable(info: &DeviceInfo, env: Environment) -> Result<(), SbiError> {
    if info.device_status != DeviceStatus::Ready {
        return Err(SbiError::Status(info.device_status));
    }
    if info.device_code.as_ref().is_none_or(String::is_empty) {
        return Err(SbiError::Status(DeviceStatus::NotRegistered));
    }
    if info.purpose != Purpose::Registration {
        return Err(SbiError::Mismatch("purpose"));
    }
    if info.env != env {
        return Err(SbiError::Mismatch("installation"));
    }
    if !info.spec_version.iter().any(|version| VERSIONS.contains(&version.as_str())) {
        return Err(SbiError::Mismatch("version of the specification"));
    }
    Ok(())
}

fn anchors(place: &Where) -> Result<TrustAnchors, SbiError> {
    let pem = std::fs::read(&place.trust).map_err(|error| SbiError::Anchors(error.kind().to_string()))?;
    TrustAnchors::from_pem(&pem).map_err(|error| SbiError::Anchors(error.to_string()))
}

/// How near to a usable device this is: what is told where there is none.
fn rank(error: &SbiError) -> u8 {
    match error {
        // Something listens there that is no service.
        SbiError::Service(_) => 0,
        // A service without the device.
        SbiError::Absent => 1,
        SbiError::Unspecified(_) => 2,
        SbiError::Mismatch(_) | SbiError::Refused(_) => 3,
        SbiError::Untrusted(..) => 4,
        SbiError::Status(_) => 5,
        _ => 6,
    }
}

fn decode<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    serde_json::from_slice(&BASE64.decode(text).ok()?).ok()
}

pub(crate) fn loopback() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}

pub(crate) fn all_ports() -> (u16, u16) {
    (*PORTS.start(), *PORTS.end())
}
