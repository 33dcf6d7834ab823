//! A whole station with its intake and its simulated devices, as child processes.

use crate::officer::Officer;
use crate::place::Place;
use crate::process::{Running, kill_group, program, run, succeed, succeed_with_keys};
use crate::sim::Sim;
use crate::units;
use crate::wait::until;
use hardware_sim::shift::browser::Browser;
use intake::testing::Cluster;
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// The officer's name and PIN.
pub const OFFICER: (&str, &str) = ("anna", "2468");
/// Another officer's.
pub const SECOND_OFFICER: (&str, &str) = ("clara", "5317");
/// The supervisor's.
pub const SUPERVISOR: (&str, &str) = ("boris", "1357");
/// The auditor's.
pub const AUDITOR: (&str, &str) = ("dina", "9753");
/// The administrator's.
pub const ADMINISTRATOR: (&str, &str) = ("vera", "8642");

/// How long a program may take until it answers, on a machine that is busy with other tests.
const READY: Duration = Duration::from_secs(60);

/// One station at a time in each test program: devices keep real time, and two stations would slow each other down.
static TURN: Mutex<()> = Mutex::const_new(());

/// How a station is set up.
#[derive(Clone, Copy)]
pub struct Setup {
    /// What `GATEPOST_LOG` says.
    pub log: &'static str,
    /// Whether the intake runs from the beginning.
    pub intake: bool,
    /// Another scanner than the configuration's: a file of `config/scanners`, without its ending.
    pub scanner: Option<&'static str>,
    /// The server of the intake's data base, which is otherwise a file.
    pub cluster: Option<&'static Cluster>,
    /// The slap scanner sends whole slaps.
    pub whole_slaps: bool,
    /// The drivers run behind sockets, as their units have it, and are no children of the station.
    pub units: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { log: "info,sled=warn", intake: true, scanner: None, cluster: None, whole_slaps: false, units: false }
    }
}

/// A record as the intake lists it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// 32 hexadecimal digits.
    pub record: String,
    /// The station that made it.
    pub station: String,
    /// Its place in the station's chain.
    pub sequence: u64,
    /// How the case ended.
    pub outcome: String,
}

/// A record as the authority opens it.
pub struct Opened {
    /// The body.
    pub json: Value,
    /// The folder with the body and its images.
    pub folder: PathBuf,
}

/// A running station. Dropping it kills everything that it started.
pub struct Station {
    setup: Setup,
    station: Option<Running>,
    intake: Option<Running>,
    devices: Running,
    /// What listens for the drivers, where they have units of their own.
    units: Vec<Running>,
    /// Process groups of stations that were killed.
    killed: Vec<u32>,
    client: Client,
    place: Place,
    _turn: MutexGuard<'static, ()>,
}

impl Setup {
    /// Starts everything and waits until it answers.
    pub async fn start(self) -> Station {
        let turn = TURN.lock().await;
        let place = Place::new(self.scanner);
        let path = |name: &str| place.text(name);
        if self.whole_slaps {
            place.replace("fap = 60,", "fap = 60, whole_slaps = true,");
        }
        let (config, data, intake) = (place.config().display().to_string(), path("station"), path("intake"));
        succeed("gatepost-intake", &["init", "--mode", "demonstration", "--data", &intake]);
        if let Some(cluster) = self.cluster {
            let config = place.path("intake/intake.toml");
            let text = fs::read_to_string(&config).unwrap();
            fs::write(&config, text.replace("sqlite://intake.sqlite", &cluster.database().unwrap())).unwrap();
        }
        let roles = ["officer", "supervisor", "auditor", "administrator", "officer"];
        let people = [OFFICER, SUPERVISOR, AUDITOR, ADMINISTRATOR, SECOND_OFFICER];
        let people: Vec<_> =
            roles.iter().zip(people).map(|(role, (id, pin))| format!("--person={role}:{id}:{pin}")).collect();
        let people: Vec<_> = people.iter().map(String::as_str).collect();
        let init = ["init", "--config", &config, "--data", &data];
        let credentials = place.path("credentials");
        succeed_with_keys("gatepost", &credentials, &[&init[..], &people].concat());
        let devices = start_devices(&place, self.whole_slaps);
        let units = if self.units { units::listen(&place) } else { Vec::new() };
        let client = client();
        let mut station = Station {
            setup: self,
            station: None,
            intake: None,
            devices,
            units,
            killed: Vec::new(),
            client,
            place,
            _turn: turn,
        };
        station.provision().await;
        if !self.intake {
            station.intake = None;
        }
        let devices = &mut station.devices;
        until("the simulated devices", READY, async || {
            devices.must_run();
            devices.has_said("ready").then_some(())
        })
        .await;
        station.restart().await;
        station
    }
}

impl Station {
    /// An ordinary station.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// Process groups of the drivers that have units of their own.
    pub fn units(&self) -> Vec<u32> {
        self.units.iter().map(Running::id).collect()
    }

    /// The number of its program's process.
    pub fn process(&self) -> u32 {
        self.station.as_ref().unwrap().id()
    }

    /// Has the station provisioned by the intake, which runs afterwards.
    pub async fn provision(&mut self) {
        self.start_intake().await;
        let (config, data) = (self.place.config().display().to_string(), self.place.text("station"));
        let invited = succeed("gatepost-intake", &["invite", "--data", &self.place.text("intake"), "--station", "S1"]);
        let said = |what: &str| invited.lines().find_map(|line| line.strip_prefix(what)).unwrap().trim().to_owned();
        let code = self.place.text("code");
        std::fs::write(&code, said("code ")).unwrap();
        let (intake, authority) = (format!("https://localhost:{}", self.place.provisioning), said("authority "));
        let of_intake = ["--intake", &intake, "--authority", &authority, "--code-file", &code];
        let credentials = self.place.path("credentials");
        let line = [&["provision", "--config", &config, "--data", &data][..], &of_intake].concat();
        succeed_with_keys("gatepost", &credentials, &line);
    }

    /// Its folder and ports.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// `kill -9` of the station's program. The programs that it started have to notice for themselves.
    pub fn kill9(&mut self) {
        let mut station = self.station.take().unwrap();
        station.kill9();
        self.killed.push(station.id());
        // Dropped, it would take its drivers along, which nobody does for a station that dies.
        std::mem::forget(station);
    }

    /// Stops the station in order, and waits until it has.
    pub async fn stop(&mut self) {
        let mut station = self.station.take().unwrap();
        station.ask_to_stop();
        until("the station to stop", READY, async || station.has_ended().then_some(())).await;
    }

    /// Process groups of stations that were killed.
    pub fn killed(&self) -> &[u32] {
        &self.killed
    }

    /// Starts the station and waits until it answers.
    pub async fn restart(&mut self) {
        self.restart_supervised(1).await;
    }

    /// Starts the station as its supervisor does, so many times at most where it ends by itself, and waits until it answers:
    /// how often it was started.
    ///
    /// # Panics
    /// When it has ended at the last start, quoting its log.
    pub async fn restart_supervised(&mut self, most: u32) -> u32 {
        let mut starts = 1;
        while !self.begin(starts == most).await {
            starts += 1;
        }
        starts
    }

    /// Starts the station and waits until it answers or, where that may be, has ended. Whether it answers.
    async fn begin(&mut self, must_run: bool) -> bool {
        let mut command = Command::new(program("gatepost"));
        command.args(["serve", "--config"]).arg(self.place.config()).arg("--data").arg(self.place.path("station"));
        if !self.units.is_empty() {
            command.arg("--driver-sockets").arg(self.place.path("drivers"));
        }
        command.env("GATEPOST_LOG", self.setup.log).env("CREDENTIALS_DIRECTORY", self.place.path("credentials"));
        let station = self.station.insert(Running::start(&mut command, &self.place.path("logs/station.log")));
        let (client, address) = (&self.client, format!("{}/health", self.place.address()));
        until("the station", READY, async || {
            if must_run {
                station.must_run();
            } else if station.has_ended() {
                return Some(false);
            }
            client.get(&address).send().await.is_ok_and(|answer| answer.status().is_success()).then_some(true)
        })
        .await
    }

    /// `kill -9` of the intake.
    pub fn kill_intake(&mut self) {
        // Dropped, it is killed.
        self.intake = None;
    }

    /// Starts the intake and waits until it answers.
    pub async fn start_intake(&mut self) {
        let mut command = Command::new(program("gatepost-intake"));
        let [listen, provisioning] =
            [self.place.intake, self.place.provisioning].map(|port| format!("127.0.0.1:{port}"));
        command.arg("serve").arg("--data").arg(self.place.path("intake")).args(["--listen", &listen]);
        command.args(["--provisioning", &provisioning]);
        let intake = self.intake.insert(Running::start(&mut command, &self.place.path("logs/intake.log")));
        until("the intake", READY, async || {
            intake.must_run();
            tokio::net::TcpStream::connect(&listen).await.is_ok().then_some(())
        })
        .await;
    }

    /// An officer at a browser.
    pub async fn officer(&self) -> Officer {
        Officer::log_in(&self.place.address()).await.unwrap()
    }

    /// A supervisor at a browser.
    pub async fn supervisor(&self) -> Browser {
        Browser::log_in(&self.place.address(), SUPERVISOR.0, SUPERVISOR.1).await.unwrap()
    }

    /// A hand on the devices.
    pub async fn sim(&self) -> Sim {
        Sim::connect(&self.place.path("devices/control.sock")).await
    }

    /// Plays a scenario of the simulator with an officer and a supervisor at this station: its report.
    ///
    /// # Panics
    /// When an outcome is not as expected, or a cue is left over.
    pub async fn play(&self, scenario: &str) -> Value {
        let report = self.place.text(&format!("{scenario}.json"));
        let (address, control) = (self.place.address(), self.place.text("devices/control.sock"));
        let [officer, supervisor] = [OFFICER, SUPERVISOR].map(|(id, pin)| format!("{id}:{pin}"));
        let at = ["shift", "--station", &address, "--control", &control, "--report", &report];
        let people = ["--officer", &officer, "--supervisor", &supervisor, "--scenario", scenario];
        let played = run("gatepost-sim", &[&at[..], &people].concat());
        let said = String::from_utf8_lossy(&played.stderr);
        let table = String::from_utf8_lossy(&played.stdout);
        assert!(played.status.success(), "{scenario} ended with {}:\n{table}\n{said}", played.status);
        serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap()
    }

    /// How the station is.
    pub async fn health(&self) -> Value {
        let address = format!("{}/health", self.place.address());
        self.client.get(address).send().await.unwrap().json().await.unwrap()
    }

    /// Waits until the station's health is as wanted.
    pub async fn until_health(&self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Value {
        until(what, limit, async || Some(self.health().await).filter(|health| wanted(health))).await
    }

    /// Waits until these devices are ready.
    pub async fn until_ready(&self, devices: &[&str]) {
        let what = format!("{} to be ready", devices.join(", "));
        let ready = |health: &Value| devices.iter().all(|name| device(health, name)["state"] == "ready");
        self.until_health(&what, READY, ready).await;
    }

    /// A client without log-in, cookies or proxy, that follows no redirection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the intake has.
    pub fn list(&self) -> Vec<Listed> {
        let lines = succeed("gatepost-intake", &["list", "--json", "--data", &self.place.text("intake")]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A record as the authority opens it.
    pub fn open(&self, record: &str) -> Opened {
        let folder = self.place.path("opened").join(record);
        let (data, out) = (self.place.text("intake"), folder.display().to_string());
        succeed("gatepost-intake", &["open", "--data", &data, "--record", record, "--out", &out]);
        let json = std::fs::read(folder.join("record.json")).unwrap();
        Opened { json: serde_json::from_slice(&json).unwrap(), folder }
    }

    /// The facts of the station's journal, oldest first; a torn last line is none.
    pub fn journal(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.place.path("station/store/journal.log")).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line.split_once(' ').unwrap().1).unwrap()).collect()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.killed.iter().for_each(|group| kill_group(*group));
    }
}

/// A device in the station's health.
pub fn device<'a>(health: &'a Value, name: &str) -> &'a Value {
    let devices = health["devices"].as_array().unwrap();
    devices.iter().find(|device| device["name"] == name).unwrap()
}

/// A client that asks no proxy, keeps no cookies and follows nothing.
pub fn client() -> Client {
    provide_tls();
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(READY).build().unwrap()
}

/// Every HTTP client needs it, plain HTTP too.
pub fn provide_tls() {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    // Fails only where it is installed already.
    PROVIDER.get_or_init(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

fn start_devices(place: &Place, whole_slaps: bool) -> Running {
    let mut command = Command::new(program("gatepost-sim"));
    command.arg("serve").arg("--dir").arg(place.path("devices"));
    command.args(["--camera-port", &place.camera.to_string(), "--page-port", &place.page.to_string()]);
    command.args(["--sbi", &place.service.to_string()]);
    if whole_slaps {
        command.arg("--sbi-raw");
    }
    if let Some(live) = place.live {
        command.args(["--scanner", "live", "--live-port", &live.to_string()]);
    }
    Running::start(&mut command, &place.path("logs/devices.log"))
}
