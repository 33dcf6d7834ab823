//! What a station that is at work finds about itself, for its health page: the faults that the doctor, who has no way to its
//! store and its devices meanwhile, leaves to it. The words and the remedies are the doctor's.

use super::report::{Finding, Verdict};
use super::{clock, devices, disk, intake, keys, models};
use crate::clock::Clock;
use crate::desk::Panel;
use crate::figures::Figures;
use crate::setup::DataDir;
use crate::upload::Connection;
use std::path::PathBuf;
use std::sync::Arc;

/// Tells how everything is.
pub type Teller = dyn Fn(&Panel) -> Vec<Finding> + Send + Sync;

/// What is looked at.
pub struct AtWork {
    store: PathBuf,
    clock: Arc<Clock>,
    connection: Arc<Connection>,
    figures: Arc<Figures>,
}

impl AtWork {
    /// A station with these.
    pub fn new(data: &DataDir, clock: &Arc<Clock>, connection: &Arc<Connection>, figures: &Arc<Figures>) -> Self {
        let (clock, connection, figures) = (Arc::clone(clock), Arc::clone(connection), Arc::clone(figures));
        Self { store: data.store(), clock, connection, figures }
    }

    /// Whoever asks the station how it is.
    pub fn teller(self) -> Box<Teller> {
        Box::new(move |panel| self.findings(panel))
    }

    /// How everything is: the gravest first, nothing about any traveller.
    fn findings(&self, panel: &Panel) -> Vec<Finding> {
        let certificate = keys::valid(&self.connection.facts(), self.clock.utc_ms());
        let mut findings = vec![disk::room(&self.store), models::of(&panel.face_engine), certificate];
        findings.extend([clock::at_work(&self.clock), intake::at_work(panel.intake, panel.queued, panel.refused)]);
        findings.extend(panel.devices.iter().map(devices::at_work));
        findings.extend(self.figures.drifting().iter().map(devices::worse));
        findings.sort_by_key(|finding| match finding.verdict {
            Verdict::Fault => 0,
            Verdict::Unknown | Verdict::Note => 1,
            Verdict::Good => 2,
        });
        findings
    }
}
