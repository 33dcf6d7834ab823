//! What holds for every driver of every list, whoever adds it.

use crate::fakes::with_run;
use domain::device::{DeviceKind, ErrorKind};
use drivers::{camera, reader, scanner, settings};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::time::Duration;

/// Settings of each driver that are sound and lead to no device. A new driver needs a row here.
fn nowhere(driver: &str) -> Value {
    match driver {
        "ef01" => json!({"path": "/nonexistent/scanner", "baud": 57600}),
        // In a tree of USB devices without one, and in a container without USB.
        "libfprint" => json!({"device": "05ba:000a"}),
        // Port 9 is "discard"; nothing listens there, and loopback refuses at once.
        "live" => {
            let source = json!({"url": "http://localhost:9/finger"});
            json!({"camera": "mjpeg", "source": source, "ppi": 500, "width": 500, "height": 600})
        }
        "mjpeg" => json!({"url": "http://localhost:9/stream"}),
        "sbi" => json!({"ports": [9, 9], "env": "Developer", "trust": "/nonexistent/anchors.pem"}),
        "serial-mrz" => json!({"path": "/nonexistent/reader"}),
        "sfm" => json!({"path": "/nonexistent/scanner", "baud": 921_600}),
        "v4l2" => json!({"device": "/nonexistent/video"}),
        other => panic!("no settings are known for {other}"),
    }
}

fn all() -> Vec<(DeviceKind, &'static str)> {
    let of = |kind, names: Vec<&'static str>| names.into_iter().map(move |name| (kind, name));
    of(DeviceKind::Camera, camera::names())
        .chain(of(DeviceKind::DocumentReader, reader::names()))
        .chain(of(DeviceKind::FingerScanner, scanner::names()))
        .collect()
}

#[test]
fn names_are_told_apart() {
    let names: HashSet<_> = all().into_iter().collect();
    assert_eq!(names.len(), all().len());
    assert!(names.contains(&(DeviceKind::FingerScanner, "ef01")));
}

/// A file that no list names would never run, and nothing else would say so.
#[test]
fn every_driver_in_a_folder_is_in_its_list() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (folder, helpers, names) in [
        ("camera", &["jpeg", "mod", "pictures", "pixels", "slot"][..], camera::names()),
        ("reader", &["framing", "mod"], reader::names()),
        ("scanner", &["mod"], scanner::names()),
    ] {
        let files = std::fs::read_dir(source.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let stems = files.map(|path| path.file_stem().unwrap().to_str().unwrap().replace('_', "-"));
        // A driver whose feature is off is not there.
        let there = |stem: &String| match stem.as_str() {
            "libfprint" => cfg!(feature = "libfprint"),
            "sbi" => cfg!(feature = "sbi"),
            "v4l2" => cfg!(feature = "nokhwa"),
            _ => true,
        };
        let drivers: HashSet<String> = stems.filter(|stem| !helpers.contains(&stem.as_str())).filter(there).collect();
        let listed: HashSet<String> = names.into_iter().map(str::to_owned).collect();
        assert_eq!(drivers, listed, "{folder}");
    }
}

#[test]
fn the_program_prints_the_lists() {
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_gatepost-driver")).arg("list").output().unwrap();
    let expected: String = all().iter().map(|(kind, name)| format!("{} {name}\n", kind.id())).collect();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), expected);
}

#[test]
fn wrong_settings_are_named() {
    for (kind, driver) in all() {
        settings::check(kind, driver, &nowhere(driver)).unwrap();
        let mut misspelt = nowhere(driver);
        misspelt["pathh"] = json!("x");
        for (wrong, named) in
            [(misspelt, "pathh"), (json!({}), "missing field"), (json!([1]), "invalid"), (Value::Null, "invalid")]
        {
            let fault = settings::check(kind, driver, &wrong).unwrap_err();
            assert_eq!(fault.code, "D-10", "{driver} {wrong}");
            assert!(fault.log.contains(named) && fault.log.contains(driver), "{}", fault.log);
        }
    }
}

/// Sound settings of the live-scan driver but for one.
fn live(name: &str, value: Value) -> Value {
    let mut settings = nowhere("live");
    settings[name] = value;
    settings
}

#[test]
fn values_out_of_range_are_named() {
    for (kind, driver, wrong, named) in [
        (DeviceKind::FingerScanner, "ef01", json!({"path": "", "baud": 57600}), "path"),
        (DeviceKind::FingerScanner, "ef01", json!({"path": "/x", "baud": 0}), "baud"),
        (DeviceKind::FingerScanner, "ef01", json!({"path": "/x", "ppi": 7}), "ppi"),
        (DeviceKind::FingerScanner, "ef01", json!({"path": "/x", "width": 63}), "width"),
        (DeviceKind::FingerScanner, "sfm", json!({"path": "", "baud": 115_200}), "path"),
        (DeviceKind::FingerScanner, "sfm", json!({"path": "/x", "baud": 14_400}), "baud"),
        (DeviceKind::FingerScanner, "sfm", json!({"path": "/x", "terminal": 0}), "terminal"),
        (DeviceKind::FingerScanner, "sfm", json!({"path": "/x", "height": 9999}), "height"),
        (DeviceKind::FingerScanner, "live", live("camera", json!("sbi")), "mjpeg"),
        (DeviceKind::FingerScanner, "live", live("source", json!({"url": "ftp://x/"})), "http://"),
        (DeviceKind::FingerScanner, "live", live("source", json!({"uri": "http://x/"})), "uri"),
        (DeviceKind::FingerScanner, "live", live("width", json!(99)), "width"),
        (DeviceKind::FingerScanner, "live", live("height", json!(5000)), "height"),
        (DeviceKind::FingerScanner, "live", live("ppi", json!(50)), "ppi"),
        (DeviceKind::FingerScanner, "live", live("ppi", json!(499)), "below 500"),
        (DeviceKind::DocumentReader, "serial-mrz", json!({"path": "/x", "baud": 1}), "baud"),
        (DeviceKind::DocumentReader, "serial-mrz", json!({"path": "/x", "suffix": "123456789"}), "suffix"),
        (DeviceKind::Camera, "mjpeg", json!({"url": "https://camera/"}), "http://"),
    ] {
        let fault = settings::check(kind, driver, &wrong).unwrap_err();
        assert!(fault.log.contains(named), "{wrong}: {}", fault.log);
    }
}

#[cfg(feature = "libfprint")]
#[test]
fn a_usb_scanner_is_one_of_the_table_or_says_that_it_is_simulated() {
    let simulated = json!({
        "device": "virtual_image", "simulated": true, "socket": "/x", "ppi": 508, "width": 160, "height": 160,
    });
    let without = |name: &str| {
        let mut settings = simulated.clone();
        settings.as_object_mut().unwrap().remove(name);
        settings
    };
    let with = |name: &str, value: Value| {
        let mut settings = simulated.clone();
        settings[name] = value;
        settings
    };
    settings::check(DeviceKind::FingerScanner, "libfprint", &simulated).unwrap();
    for (wrong, code, named) in [
        (json!({"device": "05ba"}), "D-10", "USB id"),
        (json!({"device": "05ba:000a", "simulated": true}), "D-10", "virtual_image"),
        (json!({"device": "05ba:000a", "ppi": 500}), "D-10", "simulated device only"),
        // A swipe sensor of UPEK's, a chip of Synaptics' that matches by itself, and one that nobody makes.
        (json!({"device": "147e:2016"}), "D-85", "147e:2016"),
        (json!({"device": "06cb:00bd"}), "D-85", "06cb:00bd"),
        (json!({"device": "ffff:ffff"}), "D-85", "resolution"),
        (without("simulated"), "D-10", "simulated = true"),
        (without("socket"), "D-10", "socket"),
        (without("ppi"), "D-10", "ppi"),
        (without("width"), "D-10", "width"),
        (with("height", json!(0)), "D-10", "height"),
        (with("width", json!(5001)), "D-10", "width"),
        (with("socket", json!("x".repeat(108))), "D-10", "socket"),
    ] {
        let fault = settings::check(DeviceKind::FingerScanner, "libfprint", &wrong).unwrap_err();
        assert_eq!(fault.code, code, "{wrong}");
        assert!(fault.log.contains(named), "{wrong}: {}", fault.log);
    }
}

#[test]
fn an_unknown_driver_is_told_with_those_there_are() {
    for kind in [DeviceKind::Camera, DeviceKind::DocumentReader, DeviceKind::FingerScanner] {
        let fault = settings::check(kind, "none", &json!({})).unwrap_err();
        assert_eq!(fault.code, "D-11");
        let known = all().into_iter().filter(|(of, _)| *of == kind).all(|(_, name)| fault.log.contains(name));
        assert!(known, "{}", fault.log);
    }
}

#[test]
fn a_device_that_is_not_there_is_disconnected() {
    for (kind, driver) in all() {
        let settings = nowhere(driver);
        let probed = with_run(Duration::from_secs(20), |run| match kind {
            DeviceKind::Camera => camera::open(driver, &settings).unwrap().probe(run),
            DeviceKind::DocumentReader => reader::open(driver, &settings).unwrap().probe(run),
            DeviceKind::FingerScanner => scanner::open(driver, &settings).unwrap().probe(run),
        });
        let fault = probed.unwrap_err();
        assert_eq!(fault.kind, ErrorKind::Disconnected, "{driver}: {}", fault.log);
    }
}
