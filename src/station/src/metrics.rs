//! What the station counts, in the text format of Prometheus, on a loopback port of its own. Off unless configured. Nothing
//! in it is about a person: exemptions are not told by ground, and no case, officer or document has a label.

use crate::desk::{DeskHandle, Panel};
use crate::figures::{Figures, Tally, WAITED_STEPS};
use axum::Router;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use axum::routing::get;
use domain::device::DeviceState;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::net::TcpListener;

/// Seconds are the unit of all times in Prometheus.
const SECONDS_A_DAY: i64 = 86_400;

/// What is measured.
pub struct Measured {
    /// The figures since the start.
    pub figures: Arc<Figures>,
    /// The desk.
    pub desk: DeskHandle,
    /// Whole days until the certificate of connections ends.
    pub certificate_days: Box<dyn Fn() -> i64 + Send + Sync>,
    /// The store's folder.
    pub store: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Try {
    slot: String,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Device {
    device: String,
}

/// Answers `/metrics` on this listener, and nothing else, until the program ends.
pub fn serve(listener: TcpListener, measured: Measured) {
    let measured = Arc::new(measured);
    let answer = move |asked: HeaderMap| {
        let measured = measured.clone();
        async move {
            let accept = asked.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
            let (kind, text) = link::scraped(accept, measured.text());
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
    };
    let pages = Router::new().route("/metrics", get(answer));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, pages).await {
            tracing::error!(%error, "metrics are not answered any more");
        }
    });
}

impl Measured {
    fn text(&self) -> String {
        let mut registry = Registry::with_prefix("gatepost_station");
        counted(&mut registry, &self.figures.since_the_start());
        shown(&mut registry, &self.desk.panel());
        let left = Gauge::<i64>::default();
        left.set((self.certificate_days)().saturating_mul(SECONDS_A_DAY));
        registry.register_with_unit("certificate_left", "Whole days until the certificate ends", Unit::Seconds, left);
        gauge(
            &mut registry,
            "drifting_devices",
            "Devices whose captures became worse",
            len(self.figures.drifting().len()),
        );
        if let Ok(stat) = rustix::fs::statvfs(&self.store) {
            let free = i64::try_from(stat.f_bavail.saturating_mul(stat.f_frsize)).unwrap_or(i64::MAX);
            let bytes = Gauge::<i64>::default();
            bytes.set(free);
            registry.register_with_unit("disk_free", "Room on the disk of the store", Unit::Bytes, bytes);
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

/// What ended since the program started.
fn counted(registry: &mut Registry, tally: &Tally) {
    let cases = Family::<Outcome, Counter>::default();
    for (outcome, n) in &tally.outcomes {
        cases.get_or_create(&Outcome { outcome: outcome.clone() }).inc_by(*n);
    }
    registry.register("cases", "Cases that ended, by outcome", cases);
    let tries = Family::<Try, Counter>::default();
    for (slot, of) in &tally.tries {
        for (result, n) in [("accepted", of.accepted), ("rejected", of.rejected), ("no-sample", of.nothing)] {
            tries.get_or_create(&Try { slot: slot.clone(), result }).inc_by(n);
        }
    }
    registry.register("capture_attempts", "Capture attempts, by finger or face, and result", tries);
    let rejections = Family::<Why, Counter>::default();
    for (why, n) in &tally.rejections {
        rejections.get_or_create(&Why { reason: why.clone() }).inc_by(*n);
    }
    registry.register("rejections", "Capture attempts that were not accepted, by reason", rejections);
    let timed = Counter::<u64>::default();
    timed.inc_by(tally.total.len());
    registry.register("timed_cases", "Cases that no supervisor had to see, whose time is counted", timed);
    for (name, help, seconds) in [
        ("case", "Time of those cases", tally.total.sum() as f64),
        (
            "machine_wait",
            "Time of them in which everybody waited for the station",
            tally.waited.sum() as f64 / WAITED_STEPS,
        ),
    ] {
        let sum = Counter::<f64, AtomicU64>::default();
        sum.inc_by(seconds);
        registry.register_with_unit(name, help, Unit::Seconds, sum);
    }
}

/// What the desk shows now.
fn shown(registry: &mut Registry, panel: &Panel) {
    let queued = i64::try_from(panel.queued).unwrap_or(i64::MAX);
    gauge(registry, "simulated", "1 where a device is simulated: nothing here counts", i64::from(panel.simulated));
    gauge(registry, "queued_records", "Records that wait for the intake", queued);
    gauge(registry, "refused_records", "Records that the intake refuses", len(panel.refused));
    gauge(registry, "waiting_cases", "Cases that wait for a supervisor", len(panel.parked.len()));
    gauge(registry, "intake_trouble", "1 while nothing arrives at the intake", i64::from(panel.intake.is_some()));
    let lacking = i64::from(panel.face_engine.lacking.is_some());
    gauge(registry, "face_model_missing", "1 while the configured face engine does not judge", lacking);
    let ready = Family::<Device, Gauge>::default();
    for device in &panel.devices {
        let works = matches!(device.state, DeviceState::Ready | DeviceState::Busy);
        ready.get_or_create(&Device { device: device.name.clone() }).set(i64::from(works));
    }
    registry.register("device_ready", "1 for a device that is ready or at work", ready);
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn len(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::busy_shift;

    /// What a strict reader of the text format takes: names, kinds before samples, labels, numbers, one end.
    fn read(text: &str) -> Vec<(String, f64)> {
        let (body, end) = text.rsplit_once("# EOF\n").unwrap();
        assert!(end.is_empty());
        let (mut kinds, mut samples) = (Vec::<(String, String)>::new(), Vec::new());
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# ") {
                let words: Vec<_> = rest.splitn(3, ' ').collect();
                match words[0] {
                    "TYPE" => kinds.push((words[1].into(), words[2].into())),
                    word => assert!(["HELP", "UNIT"].contains(&word), "{line}"),
                }
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            let metric = name.split('{').next().unwrap();
            let (family, kind) = kinds.last().unwrap();
            let suffix = if kind == "counter" { "_total" } else { "" };
            assert_eq!(metric, format!("{family}{suffix}"), "{line}");
            assert!(metric.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
            if let Some(labels) = name.strip_prefix(metric).filter(|labels| !labels.is_empty()) {
                let labels = labels.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
                for label in labels.split(',') {
                    let (key, value) = label.split_once('=').unwrap();
                    assert!(key.bytes().all(|b| b.is_ascii_lowercase()), "{line}");
                    assert!(value.len() > 2 && value.starts_with('"') && value.ends_with('"'), "{line}");
                }
            }
            samples.push((name.to_owned(), value.parse().unwrap()));
        }
        let families: std::collections::BTreeSet<_> = kinds.iter().map(|(family, _)| family).collect();
        assert_eq!(families.len(), kinds.len(), "a family stands twice");
        samples
    }

    #[test]
    fn the_text_is_what_a_strict_reader_takes_and_names_no_ground() {
        let mut registry = Registry::with_prefix("gatepost_station");
        counted(&mut registry, &busy_shift());
        shown(&mut registry, &Panel::default());
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let samples = read(&text);
        let of = |name: &str| samples.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        assert_eq!(of("gatepost_station_cases_total{outcome=\"exempt\"}"), Some(17.0));
        assert_eq!(of("gatepost_station_rejections_total{reason=\"press-more\"}"), Some(30.0));
        assert_eq!(of("gatepost_station_queued_records"), Some(0.0));
        assert!(of("gatepost_station_machine_wait_seconds_total").unwrap() > 30.0);
        for ground in ["diplomat", "belarus", "under-six"] {
            assert!(!text.contains(ground), "{ground}");
        }
    }
}
