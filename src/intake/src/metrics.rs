//! What an intake counts, in the text format of Prometheus. Nothing in it is about a person, and no station is named:
//! which one it is, the page of the stations says.

use crate::accept::Accepted;
use crate::database::Overview;
use crate::refusal::Refusal;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Upper bounds of the histogram, in seconds. The goal is half a second for 99 of 100.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// What became of envelopes: `new`, `again`, or the word of the refusal, of which there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Why a connection was not served: a word of the listener or of TLS, of which there are few.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: &'static str,
}

/// The counters of this process. Clones count together.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    envelopes: Family<Outcome, Counter>,
    bytes: Counter,
    seconds: Histogram,
    connections: Family<Why, Counter>,
    stations: [Gauge; 6],
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("gatepost_intake");
        let envelopes = Family::default();
        registry.register("envelopes", "Envelopes that came, by what became of them", envelopes.clone());
        let bytes = Counter::default();
        registry.register("kept_bytes", "Bytes of envelopes that were new", bytes.clone());
        let seconds = Histogram::new(BOUNDS);
        let help = "Time from having an envelope to having it verified and on the disk";
        registry.register("envelope_seconds", help, seconds.clone());
        let connections = Family::default();
        let help = "Connections that were not served, by the reason";
        registry.register("connections_refused", help, connections.clone());
        let stations: [Gauge; 6] = Default::default();
        let named = [
            ("stations", "Registered stations"),
            ("stations_silent", "Stations that nobody has heard of for a day"),
            ("records", "Records in the data base"),
            ("records_missing", "Records that have not come although later ones of their station have"),
            ("forks", "Records without a place in their station's chain: a copied store or a copied key"),
            ("audit_alarms", "Records with an audit trail that was shorter or other than before"),
        ];
        for (gauge, (name, help)) in stations.iter().zip(named) {
            registry.register(name, help, gauge.clone());
        }
        Self { registry: Arc::new(registry), envelopes, bytes, seconds, connections, stations }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(..)")
    }
}

impl Metrics {
    /// Counts an envelope of so many bytes.
    pub(crate) fn count(&self, outcome: &Result<Accepted, Refusal>, bytes: usize, took: Duration) {
        let word = match outcome {
            Ok(accepted) if accepted.is_new => {
                self.bytes.inc_by(bytes as u64);
                "new"
            }
            Ok(_) => "again",
            Err(refusal) => refusal.reason(),
        };
        self.envelopes.get_or_create(&Outcome { outcome: word }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Counts a connection that was not served.
    pub(crate) fn connection_refused(&self, reason: &'static str) {
        self.connections.get_or_create(&Why { reason }).inc();
    }

    /// Everything as text. What is in the data base is the same for every copy of the intake.
    pub(crate) fn text(&self, all: &Overview) -> String {
        let values = [all.stations, all.silent, all.records, all.missing, all.forks, all.alarms];
        for (gauge, value) in self.stations.iter().zip(values) {
            gauge.set(value);
        }
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
