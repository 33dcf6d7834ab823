//! The devices: each driver is started and asked. No device opens for it.

use super::{Finding, Patient};
use crate::desk::DevicePanel;
use crate::devices_cli::{Row, settled};
use crate::figures::Drifting;
use domain::device::DeviceState;

const DEVICES: &str = "devices";

/// What to do about a device that says nothing.
const SILENT: &str = "switch it on, plug it in again and look at its cable";

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
    settled(loaded, patient.drivers).iter().map(device).collect()
}

/// A device whose captures have become worse.
pub(super) fn worse(of: &Drifting) -> Finding {
    let Drifting { device, measure, was, is } = of;
    let what = match measure.as_str() {
        "residue" => "prints of former fingers lie on the platen: its evenness is",
        "platen" => "the platen is darker,",
        _ => "the backdrop is darker,",
    };
    Finding::note(DEVICES, format!("{device}: {what} {is:.0} of 255 after {was:.0}"), of.remedy())
}

/// A device of a station that is at work.
pub(super) fn at_work(device: &DevicePanel) -> Finding {
    let named = format!("{} ({})", device.name, device.kind.id());
    match (device.state, &device.fault) {
        (_, Some(fault)) => Finding::fault(DEVICES, format!("{named}: {}", fault.code), fault.text.clone()),
        (DeviceState::Absent | DeviceState::Faulted, None) => {
            Finding::fault(DEVICES, format!("{named}: is not there"), SILENT)
        }
        (_, None) => Finding::good(DEVICES, named),
    }
}

fn device(row: &Row) -> Finding {
    let named = format!("{} ({}) {}", row.name, row.kind, row.label);
    match (row.state, &row.fault) {
        (_, Some(fault)) => Finding::fault(DEVICES, format!("{named}: {}", row.detail), fault),
        (DeviceState::Absent | DeviceState::Faulted, None) => {
            Finding::fault(DEVICES, format!("{named}: is not there"), SILENT)
        }
        (_, None) if row.label.is_empty() => {
            Finding::fault(DEVICES, format!("{named}: has not said who it is"), SILENT)
        }
        (_, None) if row.simulated => Finding::note(DEVICES, format!("{named}: SIMULATED"), "no record of it counts"),
        (_, None) => Finding::good(DEVICES, named),
    }
}
