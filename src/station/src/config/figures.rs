//! The sections `[figures]` and `[metrics]`.

use super::StationConfig;
use crate::figures::Shifts;
use serde::Deserialize;
use std::net::SocketAddr;

/// Statistics of the shift.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiguresConfig {
    /// Local times at which shifts begin, in order, 1 to 6 of them; without it 08:00 and 20:00.
    pub shifts: Option<Vec<String>>,
}

impl FiguresConfig {
    /// When shifts begin.
    ///
    /// # Errors
    /// A sentence that says what the times must be.
    pub fn shifts(&self) -> Result<Shifts, String> {
        self.shifts.as_deref().map_or_else(|| Ok(Shifts::default()), Shifts::parse)
    }
}

/// Metrics for Prometheus.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Loopback address and port on which `/metrics` is answered, and nothing else.
    pub listen: SocketAddr,
}

/// What is wrong with the two sections: the key, and a sentence.
pub(super) fn faults(config: &StationConfig) -> Vec<(&'static str, String)> {
    let mut faults: Vec<_> = config.figures.shifts().err().map(|wrong| ("shifts", wrong)).into_iter().collect();
    if config.metrics.as_ref().is_some_and(|metrics| !metrics.listen.ip().is_loopback()) {
        faults.push(("metrics", "metrics are served on loopback only; write 127.0.0.1 and a port there".into()));
    }
    faults
}
