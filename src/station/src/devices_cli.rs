//! `gatepost devices`: what is attached, and how it is. No device opens for it.

use crate::config::{ConfigFaults, Loaded};
use crate::desk::device_spec;
use crate::driver_place::DriverArgs;
use clap::Args;
use domain::device::DeviceState;
use drivers::host::{DriverHandle, DriverPlace, HostEvent, HostEventKind};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long devices may take to say who they are.
const PATIENCE: Duration = Duration::from_secs(5);

/// Arguments of `gatepost devices`.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// Where the drivers are.
    #[command(flatten)]
    pub drivers: DriverArgs,
    /// One JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// One device, and how it is.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name in the configuration.
    pub name: String,
    /// What it is for.
    pub kind: &'static str,
    /// Where it stands.
    pub state: DeviceState,
    /// Make and model; empty while it has not said who it is.
    pub label: String,
    /// How it is attached.
    pub transport: String,
    /// Pixels per inch, of a scanner.
    pub ppi: Option<u32>,
    /// Bits a pixel.
    pub bit_depth: u8,
    /// Whether its samples may be enrolled.
    pub enrolment_grade: bool,
    /// Whether it is a simulation.
    pub simulated: bool,
    /// What is wrong.
    pub fault: Option<String>,
    /// Port, byte, attempt: for the technician.
    #[serde(skip)]
    pub detail: String,
}

/// Lists the configured devices.
pub fn devices(args: &DevicesArgs) -> Result<(), ConfigFaults> {
    let loaded = Loaded::read(&args.config)?;
    settled(&loaded, &args.drivers.place()).iter().for_each(|row| print(row, args.json));
    Ok(())
}

/// Starts every driver, waits until each device has said who it is or that something is wrong, and ends them again.
pub fn settled(loaded: &Loaded, drivers: &DriverPlace) -> Vec<Row> {
    let (news, inbox) = mpsc::channel();
    let start = |device| {
        let news = news.clone();
        // A settled device is one that has said who it is, or that something is wrong.
        DriverHandle::start(device_spec(device, drivers), move |event: HostEvent| {
            let settled = match event.what {
                HostEventKind::Described(_) | HostEventKind::Fault(_) => true,
                HostEventKind::State(state) => matches!(state, DeviceState::Absent | DeviceState::Faulted),
                _ => false,
            };
            if settled {
                let _ = news.send(event.device);
            }
        })
    };
    let handles: Vec<DriverHandle> = loaded.config.device.iter().map(start).collect();
    let deadline = Instant::now() + PATIENCE;
    let mut waiting: Vec<&str> = handles.iter().map(DriverHandle::name).collect();
    while !waiting.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(name) = inbox.recv_timeout(left) else { break };
        waiting.retain(|device| **device != name);
    }
    let rows = handles.iter().map(row).collect();
    handles.into_iter().for_each(DriverHandle::shutdown);
    rows
}

fn row(handle: &DriverHandle) -> Row {
    let descriptor = handle.descriptor();
    let (known, fault) = (descriptor.as_ref(), handle.last_fault());
    Row {
        name: handle.name().to_owned(),
        kind: handle.kind().id(),
        state: handle.state(),
        label: known.map(|d| d.label()).unwrap_or_default(),
        transport: known.map(|d| d.transport.clone()).unwrap_or_default(),
        ppi: known.and_then(|d| d.ppi).map(u32::from),
        bit_depth: known.map_or(0, |d| d.bit_depth),
        enrolment_grade: known.is_some_and(|d| d.enrolment_grade()),
        simulated: known.is_some_and(|d| d.simulated),
        detail: fault.as_ref().map(|fault| fault.log.clone()).unwrap_or_default(),
        fault: fault.map(|fault| fault.to_string()),
    }
}

fn print(row: &Row, json: bool) {
    if json {
        if let Ok(line) = serde_json::to_string(row) {
            println!("{line}");
        }
        return;
    }
    let state = serde_json::to_string(&row.state).unwrap_or_default();
    println!("{:<12} {:<8} {:<10} {} {}", row.name, row.kind, state.trim_matches('"'), row.label, row.transport);
    if let Some(fault) = &row.fault {
        println!("             {fault}");
    }
}
