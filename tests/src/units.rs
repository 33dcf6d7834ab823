//! Drivers as their units have them: systemd's own listener at each socket, and a process for each connection.

use crate::place::Place;
use crate::process::{Running, program};
use std::fs;
use std::process::Command;

/// The drivers of the configuration that the tests use.
pub const DRIVERS: [[&str; 2]; 3] = [["camera", "mjpeg"], ["scanner", "sbi"], ["reader", "serial-mrz"]];

/// Listens for each driver in the folder `drivers`.
pub fn listen(place: &Place) -> Vec<Running> {
    fs::create_dir_all(place.path("drivers")).unwrap();
    let start = |[kind, driver]: [&str; 2]| {
        let mut command = Command::new("systemd-socket-activate");
        command.args(["--accept", "--inetd", "--seqpacket", "--setenv=GATEPOST_LOG", "--listen"]);
        command.arg(place.path(&format!("drivers/{kind}-{driver}.sock"))).arg(program("gatepost-driver"));
        command.args([kind, driver]);
        Running::start(&mut command, &place.path(&format!("logs/{kind}-{driver}.log")))
    };
    DRIVERS.map(start).into()
}
