//! The units' walls, and the drivers' units against the drivers that there are.

use super::tests::{programs, to_root};
use super::units::{self, Unit};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// The lines of a driver's unit that say what it reaches.
const REACH: &[&str] = &[
    "DeviceAllow=",
    "IPAddress",
    "PrivateDevices=",
    "PrivateNetwork=",
    "RestrictAddressFamilies=",
    "SupplementaryGroups=",
];

fn services() -> Vec<Unit> {
    to_root();
    units::all().unwrap().into_iter().filter(|unit| unit.name.ends_with(".service")).collect()
}

/// The drivers' services: kind and driver with a dash between, and the text.
fn drivers() -> Vec<(String, String)> {
    let named = services().into_iter().filter_map(|unit| {
        let name = unit.name.strip_prefix("gatepost-driver-")?.strip_suffix("@.service")?;
        Some((name.to_owned(), unit.text))
    });
    named.collect()
}

#[test]
fn every_service_has_its_walls() {
    let found = services();
    assert_eq!(found.len(), 3 + 9);
    for Unit { name, text } in found {
        let mut wanted = vec![
            "LimitCORE=0",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "DevicePolicy=closed",
            "CapabilityBoundingSet=",
            "SystemCallArchitectures=native",
        ];
        if name != "gatepost-kiosk.service" {
            wanted.extend(["SystemCallFilter=@system-service", "MemoryDenyWriteExecute=yes", "RestrictNamespaces=yes"]);
        }
        if name == "gatepost.service" || name.starts_with("gatepost-driver-") {
            wanted.extend(["LimitMEMLOCK=infinity", "MemorySwapMax=0"]);
        }
        if name == "gatepost.service" {
            wanted.push("LoadCredentialEncrypted=gatepost-passphrase:/etc/gatepost/passphrase.cred");
            let devices: Vec<_> = text.lines().filter(|line| line.starts_with("DeviceAllow=")).collect();
            assert_eq!(devices, ["DeviceAllow=/dev/tpmrm0 rw"], "devices are the drivers'");
        }
        for line in wanted {
            assert!(text.lines().any(|it| it == line), "{name} lacks {line}");
        }
    }
}

#[test]
fn every_driver_has_a_unit_and_a_socket_and_is_enabled_and_purged() {
    to_root();
    let told = Command::new(programs().join("gatepost-driver")).arg("list").output().unwrap();
    let list = String::from_utf8(told.stdout).unwrap();
    let listed: BTreeSet<String> = list.lines().map(|line| line.replace(' ', "-")).collect();
    let units = drivers();
    assert_eq!(units.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), listed);
    let sockets: Vec<Unit> = units::all().unwrap().into_iter().filter(|unit| unit.name.ends_with(".socket")).collect();
    assert_eq!(sockets.len(), units.len());
    let purged = fs::read_to_string("packaging/gatepost/postrm").unwrap();
    let station = fs::read_to_string("packaging/gatepost/gatepost.service").unwrap();
    for (name, text) in &units {
        let words = name.replacen('-', " ", 1);
        assert!(text.contains(&format!("\nExecStart=/usr/bin/gatepost-driver {words}\n")), "{name}");
        assert!(
            text.contains("\nStandardInput=socket\nStandardOutput=null\n"),
            "{name}: standard output is the station's"
        );
        let socket = sockets.iter().find(|unit| unit.name == format!("gatepost-driver-{name}.socket")).unwrap();
        let path = format!("ListenSequentialPacket=/run/gatepost-drivers/{name}.sock");
        for line in [path.as_str(), "Accept=yes", "SocketUser=gatepost", "SocketMode=0600", "WantedBy=sockets.target"] {
            assert!(socket.text.lines().any(|it| it == line), "{name} lacks {line}");
        }
        assert!(purged.split_whitespace().any(|word| word.trim_end_matches(';') == name), "postrm forgets {name}");
    }
    assert!(station.contains(" --driver-sockets /run/gatepost-drivers\n"));
}

#[test]
fn a_driver_reaches_what_it_is_for_and_nothing_else() {
    let usual = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !REACH.iter().any(|reach| line.starts_with(reach)));
        lines
            .filter(|line| !line.starts_with("ExecStart=") && !line.starts_with("Description="))
            .map(str::to_owned)
            .collect()
    };
    let walls = usual(&drivers()[0].1);
    for (name, text) in drivers() {
        assert_eq!(usual(&text), walls, "{name}");
        let says = |line: &str| text.lines().any(|it| it == line);
        let devices: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("DeviceAllow=")).collect();
        let (wanted, network): (&[&str], bool) = match name.as_str() {
            "camera-mjpeg" | "camera-sbi" | "scanner-sbi" => (&[], true),
            "camera-v4l2" => (&["char-video4linux rw"], false),
            "scanner-libfprint" => (&["char-usb_device rw"], false),
            "scanner-live" => (&["char-video4linux rw"], true),
            _ => (&["char-ttyUSB rw", "char-ttyACM rw"], false),
        };
        assert_eq!(devices, wanted, "{name}");
        assert_eq!(says("PrivateDevices=yes"), wanted.is_empty(), "{name}");
        assert_eq!(says("SupplementaryGroups=gatepost-devices"), !wanted.is_empty(), "{name}");
        assert_eq!(text.contains("AF_INET"), network, "{name}");
        // Whoever needs no network, or this machine's own services only, gets no packet to anybody else.
        assert_eq!(says("IPAddressDeny=any"), !network || name.ends_with("-sbi"), "{name}");
        assert_eq!(says("IPAddressAllow=localhost"), name.ends_with("-sbi"), "{name}");
    }
}
