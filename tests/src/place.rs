//! Where one test keeps its station: a temporary folder, ports that nobody has, and its own copy of the configuration.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;
use toml::{Table, Value};

/// Ports below those that the kernel gives to outgoing connections, so that none of these takes ours in between.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The files of the face engine's model.
pub const FACE_MODELS: [&str; 2] = ["face_detection_short_range.tflite", "face_landmark.tflite"];

/// A folder with everything of one station.
pub struct Place {
    dir: TempDir,
    /// The station's port.
    pub station: u16,
    /// The simulated camera's port.
    pub camera: u16,
    /// The port of the simulator's page.
    pub page: u16,
    /// The intake's port.
    pub intake: u16,
    /// The port at which the intake takes applications.
    pub provisioning: u16,
    /// The port of the simulated device service.
    pub service: u16,
    /// The port of the simulated live-scan sensor, in a place whose scanner is that.
    pub live: Option<u16>,
}

impl Place {
    /// A new folder with a copy of the repository's configuration, moved to free ports, and with another scanner: a file
    /// of `config/scanners`, without its ending.
    pub fn new(scanner: Option<&str>) -> Self {
        let dir = tempfile::Builder::new().prefix("gatepost-test").tempdir().unwrap();
        let [station, camera, page, intake, provisioning, service] = std::array::from_fn(|_| free_port());
        let live = (scanner == Some("live")).then(free_port);
        fs::create_dir(dir.path().join("credentials")).unwrap();
        fs::write(dir.path().join("credentials/gatepost-passphrase"), "the passphrase of a test\n").unwrap();
        let place = Self { dir, station, camera, page, intake, provisioning, service, live };
        for folder in ["config/policies", "devices", "logs", "models/face"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        let from = repository().join("config");
        let rules = ["policies/ru-entry.toml", "policies/ru-entry.toml.sig", "policies/demonstration.pub"];
        for file in ["station.toml", "thresholds.toml"].into_iter().chain(rules) {
            fs::copy(from.join(file), place.path("config").join(file)).unwrap();
        }
        for file in FACE_MODELS {
            let model = repository().join("models/face").join(file);
            let copied = fs::copy(&model, place.path("models/face").join(file));
            copied.unwrap_or_else(|error| panic!("{}: {error}: `cargo xtask setup` fetches it", model.display()));
        }
        if let Some(scanner) = scanner {
            place.replace_scanner(scanner);
        } else {
            place.replace("8630, 8630", &format!("{service}, {service}"));
        }
        if let Some(live) = live {
            place.replace("localhost:8640", &format!("localhost:{live}"));
        }
        place.replace("localhost:8600", &format!("localhost:{station}"));
        place.replace("127.0.0.1:8600", &format!("127.0.0.1:{station}"));
        place.replace("localhost:8610", &format!("localhost:{camera}"));
        place.replace("localhost:8620", &format!("localhost:{intake}"));
        place.replace("target/demo/devices", &place.text("devices"));
        place
    }

    /// The address that people type.
    pub fn address(&self) -> String {
        format!("http://localhost:{}", self.station)
    }

    /// A file or folder of this place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The same as text, for command lines.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The station's configuration.
    pub fn config(&self) -> PathBuf {
        self.path("config/station.toml")
    }

    /// Puts another scanner's part of the configuration in place of that of the first.
    fn replace_scanner(&self, scanner: &str) {
        let read = |path: &Path| fs::read_to_string(path).unwrap().parse::<Table>().unwrap();
        let other = read(&repository().join(format!("config/scanners/{scanner}.toml")));
        let mut config = read(&self.config());
        for (section, value) in other {
            match (config.get_mut(&section), value) {
                (Some(Value::Array(devices)), Value::Array(others)) => {
                    devices.retain(|device| device["name"] != others[0]["name"]);
                    devices.extend(others);
                }
                (_, value) => drop(config.insert(section, value)),
            }
        }
        fs::write(self.config(), config.to_string()).unwrap();
    }

    /// Changes the station's configuration.
    ///
    /// # Panics
    /// When it does not hold `old`.
    pub fn replace(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(old), "station.toml does not hold {old}");
        fs::write(self.config(), text.replace(old, new)).unwrap();
    }
}

/// The repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A port of loopback that nobody listens on, and that no other call gets.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test programs that run at the same time start looking in different places.
    let start = u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start)).unwrap();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(step < PORTS.end - PORTS.start, "no free port on this machine");
        let port = PORTS.start + (start + step) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
