//! The demonstration's configuration: that of the repository, moved to this place and to another scanner if wished.

use super::Place;
use crate::failure::Failure;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// The configuration that the demonstration starts from, and the folder and ports that it and its scanners name.
const CONFIG: &str = "config/station.toml";
const CONFIG_DATA: &str = "target/demo/";
const CONFIG_CAMERA: &str = "localhost:8610";
const CONFIG_LIVE: &str = "localhost:8640";

/// Other fingerprint scanners than that of [`CONFIG`], a file each: what they replace in it.
const SCANNERS: &str = "config/scanners";

impl Place {
    /// Writes the configuration of this place; gives the station's name in it.
    pub(super) fn write_config(&self) -> Result<String, Failure> {
        let folder = fs::canonicalize("config").map_err(|error| Failure::io("find", Path::new("config"), &error))?;
        let mut table = read_table(CONFIG)?;
        if let Some(scanner) = &self.scanner {
            replace(&mut table, scanner_file(scanner)?);
        }
        let station = table.get("station").and_then(|section| section.get("id")).and_then(Value::as_str);
        let station = station.ok_or_else(|| Failure::new(format!("{CONFIG} has no id in [station].")))?.to_owned();
        let to = self.dir.join("station.toml");
        let adapted = self.adapted(table, &folder);
        let text = format!("# Made from {CONFIG} by `cargo xtask run`, anew at each start.\n{adapted}");
        fs::write(&to, text).map_err(|error| Failure::io("write", &to, &error))?;
        Ok(station)
    }

    /// The configuration for this place: ports, devices and the files beside it.
    fn adapted(&self, mut config: Table, folder: &Path) -> Table {
        let mut set = |section: &str, key: &str, value: &dyn Fn(&str) -> String| {
            let place = config.get_mut(section).and_then(|section| section.get_mut(key));
            if let Some(Value::String(text)) = place {
                *text = value(text);
            }
        };
        set("desk", "address", &|_| self.address());
        set("desk", "listen", &|_| format!("127.0.0.1:{}", self.port));
        set("intake", "url", &|_| format!("https://localhost:{}", self.intake_port()));
        let moved = |file: &str| folder.join(file).display().to_string();
        for (section, key) in [("policy", "pack"), ("policy", "trust"), ("quality", "thresholds"), ("quality", "model")]
        {
            set(section, key, &moved);
        }
        let fallback = config.get_mut("quality").and_then(|quality| quality.get_mut("fallback"));
        if let Some(Value::String(model)) = fallback.and_then(|fallback| fallback.get_mut("model")) {
            *model = moved(model);
        }
        let devices = config.get_mut("device").and_then(Value::as_array_mut).into_iter().flatten();
        for device in devices {
            if let Some(settings) = device.get_mut("settings").and_then(Value::as_table_mut) {
                self.adapt_settings(settings);
            }
        }
        config
    }

    /// The settings of one device, those of a device beneath it too.
    fn adapt_settings(&self, settings: &mut Table) {
        for (key, setting) in settings {
            match setting {
                Value::String(text) => {
                    let at = |port: u16| format!("localhost:{port}");
                    *text = text
                        .replace(CONFIG_DATA, &self.path(""))
                        .replace(CONFIG_CAMERA, &at(self.camera_port()))
                        .replace(CONFIG_LIVE, &at(self.live_port()));
                }
                Value::Array(ports) if key == "ports" => ports.fill(i64::from(self.service_port()).into()),
                Value::Table(beneath) => self.adapt_settings(beneath),
                _ => {}
            }
        }
    }
}

/// The file of another scanner. A name that has none is told with those that have.
fn scanner_file(name: &str) -> Result<Table, Failure> {
    let path = format!("{SCANNERS}/{name}.toml");
    if !name.is_empty() && !name.contains('/') && Path::new(&path).exists() {
        return read_table(&path);
    }
    let entries = fs::read_dir(SCANNERS).map_err(|error| Failure::io("look into", Path::new(SCANNERS), &error))?;
    let names = entries.filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned));
    let mut known: Vec<String> = names.collect();
    known.sort();
    Err(Failure::new(format!("There is no scanner {name}; those of {SCANNERS} are: {}.", known.join(", "))))
}

fn read_table(path: &str) -> Result<Table, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::io("read", Path::new(path), &error))?;
    text.parse().map_err(|error| Failure::new(format!("{path} is damaged: {error}")))
}

/// Sections replace those of the same name, devices those of the same name.
fn replace(config: &mut Table, by: Table) {
    for (section, value) in by {
        match (section.as_str(), config.get_mut(&section), value) {
            ("device", Some(Value::Array(devices)), Value::Array(others)) => {
                devices.retain(|device| others.iter().all(|other| other.get("name") != device.get("name")));
                devices.extend(others);
            }
            (_, _, value) => drop(config.insert(section, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_moved_to_its_place() {
        let config = r#"
            [desk]
            address = "http://localhost:8600"
            listen = "127.0.0.1:8600"
            language = "en"
            [intake]
            url = "https://localhost:8620"
            [policy]
            pack = "policies/ru-entry.toml"
            trust = "policies/demonstration.pub"
            [quality]
            model = "../models/face"
            fallback = { model = "/there/it/is" }
            [[device]]
            name = "camera"
            settings = { url = "http://localhost:8610/stream", fps = 25 }
            [[device]]
            name = "scanner"
            settings = { path = "target/demo/devices/scanner", baud = 115200, ports = [8630, 8630] }
            [[device]]
            name = "live"
            settings = { source = { url = "http://localhost:8640/finger" } }
        "#;
        let place = Place::new("target/elsewhere", 9000);
        let adapted = place.adapted(config.parse().unwrap(), Path::new("/c")).to_string();
        for expected in [
            r#"address = "http://localhost:9000""#,
            r#"listen = "127.0.0.1:9000""#,
            r#"url = "https://localhost:9020""#,
            r#"pack = "/c/policies/ru-entry.toml""#,
            r#"trust = "/c/policies/demonstration.pub""#,
            r#"model = "/c/../models/face""#,
            r#"model = "/there/it/is""#,
            r#"url = "http://localhost:9010/stream""#,
            r#"path = "target/elsewhere/devices/scanner""#,
            r#"url = "http://localhost:9040/finger""#,
            "fps = 25",
            "ports = [9030, 9030]",
        ] {
            assert!(adapted.contains(expected), "{expected} is not in\n{adapted}");
        }
    }

    #[test]
    fn another_scanner_takes_the_place_of_the_first() {
        let mut config: Table = r#"
            [desk]
            language = "en"
            [[device]]
            name = "camera"
            [[device]]
            name = "scanner"
            driver = "sbi"
        "#
        .parse()
        .unwrap();
        let other = "laboratory.basis = 'test'\n[[device]]\nname = 'scanner'\ndriver = 'ef01'";
        replace(&mut config, other.parse().unwrap());
        let expected = r#"
            desk.language = "en"
            laboratory.basis = "test"
            device = [{ name = "camera" }, { name = "scanner", driver = "ef01" }]
        "#;
        assert_eq!(config, expected.parse().unwrap());
    }
}
