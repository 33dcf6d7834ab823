//! The devices: each driver is started and asked. No device opens for it.

use super::{Finding, Patient};
use crate::devices_cli::{Row, settled};
use domain::device::DeviceState;

const DEVICES: &str = "devices";

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Ok(loaded) = patient.loaded else { return Vec::new() };
    if patient.at_work {
        let remedy = "its health page tells how they are";
        return vec![Finding::unknown(DEVICES, "the station is at work and has them", remedy)];
    }
    if loaded.config.device.is_empty() {
        return vec![Finding::fault(
            DEVICES,
            "none is configured",
            "write a [[device]] for the camera and the scanner",
        )];
    }
    settled(loaded, patient.driver).iter().map(device).collect()
}

fn device(row: &Row) -> Finding {
    let named = format!("{} ({}) {}", row.name, row.kind, row.label);
    let silent = "switch it on, plug it in again and look at its cable";
    match (row.state, &row.fault) {
        (_, Some(fault)) => Finding::fault(DEVICES, format!("{named}: {}", row.detail), fault),
        (DeviceState::Absent | DeviceState::Faulted, None) => {
            Finding::fault(DEVICES, format!("{named}: is not there"), silent)
        }
        (_, None) if row.label.is_empty() => {
            Finding::fault(DEVICES, format!("{named}: has not said who it is"), silent)
        }
        (_, None) if row.simulated => Finding::note(DEVICES, format!("{named}: SIMULATED"), "no record of it counts"),
        (_, None) => Finding::good(DEVICES, named),
    }
}
