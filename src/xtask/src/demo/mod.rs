//! The demonstration: intake, simulated devices and station, each in the background, on data of their own.
//!
//! Every command line of the product that the demonstration types stands in this file.

mod config;

use crate::failure::Failure;
use crate::http;
use crate::process::{Background, Interrupt, foreground, wait_for};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The officer of the demonstration, as `NAME:PIN`; `gatepost init` makes the account.
pub const OFFICER: &str = "anna:2468";

/// The supervisor of the demonstration.
pub const SUPERVISOR: &str = "boris:1357";

/// Name and PIN of the administrator.
pub const ADMINISTRATOR: &str = "vera:864209";

/// Name and PIN of the auditor.
pub const AUDITOR: &str = "dina:753142";

/// The station's port unless another is wished.
pub const PORT: u16 = 8600;

/// How long a program may take to get ready. The station's own goal is 3 s; a loaded machine gets more.
const READY: Duration = Duration::from_secs(30);

/// Changes when data of an earlier version can no longer be used.
const LAYOUT: &str = "4";

/// Where one demonstration keeps its data, and where its programs listen.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
    port: u16,
    scanner: Option<String>,
}

impl Place {
    /// Data in `dir`. Camera, page of the simulator and intake listen at fixed distances from the station's port.
    pub fn new(dir: &str, port: u16) -> Self {
        Self { dir: dir.into(), port, scanner: None }
    }

    /// With another fingerprint scanner: a file of `config/scanners`, without its ending.
    pub fn with_scanner(self, scanner: Option<String>) -> Self {
        Self { scanner, ..self }
    }

    /// What people type.
    pub fn address(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The page with the buttons of the simulated traveller.
    pub fn traveller_page(&self) -> String {
        format!("http://localhost:{}", self.page_port())
    }

    /// The folder with the passphrase of the station's keys.
    pub fn credentials(&self) -> PathBuf {
        self.dir.join("credentials")
    }

    /// The folder of the logs.
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    fn page_port(&self) -> u16 {
        self.port + 1
    }

    fn camera_port(&self) -> u16 {
        self.port + 10
    }

    fn intake_port(&self) -> u16 {
        self.port + 20
    }

    fn provisioning_port(&self) -> u16 {
        self.port + 21
    }

    fn service_port(&self) -> u16 {
        self.port + 30
    }

    fn live_port(&self) -> u16 {
        self.port + 40
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn intake_init(&self) -> Vec<String> {
        words(&["init", "--mode", "demonstration", "--data", &self.path("intake")])
    }

    fn intake_serve(&self) -> Vec<String> {
        let [listen, provisioning] =
            [self.intake_port(), self.provisioning_port()].map(|port| format!("127.0.0.1:{port}"));
        let data = self.path("intake");
        words(&["serve", "--data", &data, "--listen", &listen, "--provisioning", &provisioning])
    }

    fn station_init(&self) -> Vec<String> {
        let (config, data) = (self.path("station.toml"), self.path("station"));
        let (officer, supervisor) = (format!("officer:{OFFICER}"), format!("supervisor:{SUPERVISOR}"));
        let mut line = words(&["init", "--config", &config, "--data", &data]);
        line.extend(words(&["--person", &officer, "--person", &supervisor]));
        line.extend(words(&["--person", &format!("administrator:{ADMINISTRATOR}")]));
        line.extend(words(&["--person", &format!("auditor:{AUDITOR}")]));
        line
    }

    fn intake_invite(&self, station: &str) -> Vec<String> {
        words(&["invite", "--data", &self.path("intake"), "--station", station])
    }

    fn station_provision(&self, authority: &str, code: &Path) -> Vec<String> {
        let intake = format!("https://localhost:{}", self.provisioning_port());
        let (config, data, code) = (self.path("station.toml"), self.path("station"), code.display().to_string());
        let mut line = words(&["provision", "--config", &config, "--data", &data, "--intake", &intake]);
        line.extend(words(&["--authority", authority, "--code-file", &code]));
        line
    }

    fn station_serve(&self) -> Vec<String> {
        words(&["serve", "--config", &self.path("station.toml"), "--data", &self.path("station")])
    }

    fn devices_serve(&self, seed: u64) -> Vec<String> {
        let [camera, page, service] =
            [self.camera_port(), self.page_port(), self.service_port()].map(|port| port.to_string());
        let seed = seed.to_string();
        let dir = self.path("devices");
        let mut line =
            words(&["serve", "--dir", &dir, "--camera-port", &camera, "--page-port", &page, "--sbi", &service]);
        // Whoever tries the pages alone has no second hand for the sensor; a shift switches this off by itself.
        line.extend(words(&["--seed", &seed, "--autopilot"]));
        match self.scanner.as_deref() {
            // The one scanner that stands in another's place on the same port.
            Some("sfm") => line.extend(words(&["--scanner", "sfm", "--baud", "921600"])),
            Some("live") => line.extend(words(&["--scanner", "live", "--live-port", &self.live_port().to_string()])),
            _ => {}
        }
        line
    }

    /// The simulated shift: travellers through the officer's pages, and a report.
    pub fn shift(&self, travellers: u32, seed: u64, report: &str, realtime: bool) -> Vec<String> {
        let (travellers, seed) = (travellers.to_string(), seed.to_string());
        let control = self.path("devices/control.sock");
        let mut line = words(&["shift", "--station", &self.address(), "--control", &control]);
        line.extend(words(&["--travellers", &travellers, "--seed", &seed, "--report", report]));
        line.extend(words(&["--officer", OFFICER, "--supervisor", SUPERVISOR]));
        if realtime {
            line.push("--realtime".into());
        }
        line
    }

    /// The simulator as an officer with a stop-watch.
    pub fn measure(&self) -> Vec<String> {
        let control = self.path("devices/control.sock");
        words(&["measure", "--station", &self.address(), "--control", &control, "--officer", OFFICER])
    }

    /// A program that opens the station's keys, with the folder of its credentials as systemd would hand it over.
    fn with_keys(&self, name: &str, line: Vec<String>) -> (PathBuf, Vec<String>) {
        let credentials = format!("CREDENTIALS_DIRECTORY={}", self.path("credentials"));
        let program = program(name).display().to_string();
        ("env".into(), [vec![credentials, program], line].concat())
    }

    /// The passphrase of this demonstration's keys: new, random, and in a file beside them, as no real station has it.
    fn write_passphrase(&self) -> Result<(), Failure> {
        let folder = self.credentials();
        fs::create_dir_all(&folder).map_err(|error| Failure::io("make the folder", &folder, &error))?;
        let path = folder.join("gatepost-passphrase");
        let mut random = [0; 16];
        let source = Path::new("/dev/urandom");
        File::open(source)
            .and_then(|mut file| file.read_exact(&mut random))
            .map_err(|error| Failure::io("read", source, &error))?;
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
        file.and_then(|mut file| writeln!(file, "demonstration-{digits}"))
            .map_err(|error| Failure::io("write", &path, &error))
    }

    /// Says which port is taken before anything starts.
    fn check_ports(&self) -> Result<(), Failure> {
        let ports = [
            ("the station", self.port),
            ("the simulated traveller's page", self.page_port()),
            ("the simulated camera", self.camera_port()),
            ("the intake", self.intake_port()),
            ("the intake, for new stations,", self.provisioning_port()),
            ("the simulated device service", self.service_port()),
        ];
        let live =
            (self.scanner.as_deref() == Some("live")).then(|| ("the simulated live-scan sensor", self.live_port()));
        match ports.into_iter().chain(live).find(|(_, port)| !http::is_free(*port)) {
            None => Ok(()),
            Some((whose, port)) => Err(Failure::new(format!(
                "Port {port}, which {whose} needs, is taken, perhaps by another Gatepost. Stop that program (`ss -ltnp \
                 'sport = :{port}'` shows it), or choose other ports with --port, such as --port {}.",
                self.port.saturating_add(100)
            ))),
        }
    }

    /// Forgets everything of an earlier demonstration.
    pub fn forget(&self) -> Result<(), Failure> {
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::io("empty", &self.dir, &error)),
            _ => Ok(()),
        }
    }

    /// Folders, configuration and, the first time, keys and people.
    fn prepare(&self) -> Result<String, Failure> {
        for folder in [self.logs(), self.dir.join("devices")] {
            fs::create_dir_all(&folder).map_err(|error| Failure::io("make the folder", &folder, &error))?;
        }
        let station = self.write_config()?;
        let made = self.dir.join("initialised");
        match fs::read_to_string(&made) {
            Ok(layout) if layout == LAYOUT => return Ok(station),
            Ok(_) => {
                println!("The demonstration's data are of an earlier version and are made anew.");
                for folder in ["intake", "station"].map(|name| self.dir.join(name)) {
                    match fs::remove_dir_all(&folder) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(Failure::io("empty", &folder, &error));
                        }
                        _ => {}
                    }
                }
            }
            Err(_) => {}
        }
        self.write_passphrase()?;
        for (program, line) in
            [(program("gatepost-intake"), self.intake_init()), self.with_keys("gatepost", self.station_init())]
        {
            let line: Vec<&str> = line.iter().map(String::as_str).collect();
            foreground(&program.display().to_string(), &line)?;
        }
        fs::write(&made, LAYOUT).map_err(|error| Failure::io("write", &made, &error))?;
        Ok(station)
    }

    /// Has the intake, which runs, make a station of the new one: an invitation there, an application here.
    fn provision(&self, station: &str) -> Result<(), Failure> {
        if self.dir.join("station/keys/provisioned.json").exists() {
            return Ok(());
        }
        let intake = program("gatepost-intake");
        let invited = Command::new(&intake).args(self.intake_invite(station)).stderr(Stdio::null()).output();
        let invited = invited.map_err(|error| Failure::io("start", &intake, &error))?;
        let said = String::from_utf8_lossy(&invited.stdout);
        let part = |what: &str| said.lines().find_map(|line| line.strip_prefix(what)).unwrap_or_default().to_owned();
        let code = self.dir.join("code");
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&code);
        file.and_then(|mut file| file.write_all(part("code ").as_bytes()))
            .map_err(|error| Failure::io("write", &code, &error))?;
        let (program, line) = self.with_keys("gatepost", self.station_provision(&part("authority "), &code));
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        foreground(&program.display().to_string(), &line)?;
        fs::remove_file(&code).map_err(|error| Failure::io("remove", &code, &error))
    }
}

/// The running demonstration. Dropping it stops all of it, the station first.
#[derive(Debug)]
pub struct Demo {
    place: Place,
    station: Background,
    devices: Background,
    intake: Background,
}

impl Demo {
    /// Starts all three and waits until each is ready.
    pub fn start(place: Place, seed: u64, interrupt: &Interrupt) -> Result<Self, Failure> {
        place.check_ports()?;
        let station_id = place.prepare()?;
        let log = |name: &str| place.logs().join(name);
        let intake = program("gatepost-intake");
        let mut intake = Background::start("The intake", &intake, &place.intake_serve(), &log("intake.log"))?;
        ready(&mut intake, interrupt, |_| http::is_open(place.intake_port()))?;
        place.provision(&station_id)?;
        // An earlier simulator's word must not count for this one.
        let devices_log = log("devices.log");
        let _ = fs::remove_file(&devices_log);
        let line = place.devices_serve(seed);
        let mut devices = Background::start("The simulator", &program("gatepost-sim"), &line, &devices_log)?;
        ready(&mut devices, interrupt, |devices| devices.has_said("ready"))?;
        let (station, _) = start_station(&place, interrupt)?;
        Ok(Self { place, station, devices, intake })
    }

    /// Where it runs.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The station's process.
    pub fn station_pid(&self) -> u32 {
        self.station.pid()
    }

    /// Stops the station and starts it again: how long it took from the start of the process until it answered.
    pub fn restart_station(&mut self, interrupt: &Interrupt) -> Result<Duration, Failure> {
        self.station.stop();
        let (station, took) = start_station(&self.place, interrupt)?;
        self.station = station;
        Ok(took)
    }

    /// The first program that has ended although nobody asked it to.
    pub fn fallen(&mut self) -> Option<Failure> {
        let all = [&mut self.station, &mut self.devices, &mut self.intake];
        all.into_iter().find_map(|program| program.ended().map(|_| program.complaint()))
    }
}

fn start_station(place: &Place, interrupt: &Interrupt) -> Result<(Background, Duration), Failure> {
    let started = Instant::now();
    let log = place.logs().join("station.log");
    let (program, line) = place.with_keys("gatepost", place.station_serve());
    let mut station = Background::start("The station", &program, &line, &log)?;
    let well = |_: &Background| http::get(place.port, "/health").is_ok_and(|(status, _)| status == 200);
    ready(&mut station, interrupt, well)?;
    Ok((station, started.elapsed()))
}

/// Waits until a program is ready, has ended, or has taken too long.
fn ready(
    program: &mut Background,
    interrupt: &Interrupt,
    mut is_ready: impl FnMut(&Background) -> bool,
) -> Result<(), Failure> {
    let found = wait_for(READY, interrupt, || match program.ended() {
        Some(_) => Some(false),
        None => is_ready(program).then_some(true),
    });
    match found {
        Some(true) => Ok(()),
        None if interrupt.raised() => Err(Failure::new("Stopped.").with_code(Some(130))),
        _ => Err(program.complaint()),
    }
}

/// A program of the release build.
pub fn program(name: &str) -> PathBuf {
    Path::new("target/release").join(name)
}

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_said_with_the_way_out() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Place::new("target/never", port).check_ports().unwrap_err().to_string();
        assert!(said.contains(&format!("Port {port}")) && said.contains("--port"), "{said}");
    }
}
