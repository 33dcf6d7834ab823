//! `gatepost-sim serve`: all simulated devices in one process, until a signal ends it.

use crate::person::{Person, Traits};
use crate::scenario::{self, ScenarioError};
use crate::stage::{Device, LIVE_SIZE, Settings, Stage, StageError, socket};
use crate::{camera, clock, live, mjpeg, page, reader, sbi, scanner, sfm};
use clap::{Args, ValueEnum};
use drivers::scanner::sfm::command::BAUDS;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long the devices may take to come up.
const START: Duration = Duration::from_secs(10);

/// What `serve` is told on the command line.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// A scenario by its name, or a file with one: its first traveller stands at the desk, and its cues are played.
    /// Cues that are left at the end make the program fail.
    pub scenario: Option<String>,
    /// Folder for `scanner`, `reader` and `control.sock`; made if it is missing.
    #[arg(long)]
    pub dir: PathBuf,
    /// Port of the camera: http://localhost:PORT/stream. 0 takes a free one.
    #[arg(long, default_value_t = 8610)]
    pub camera_port: u16,
    /// Port of the page "Simulated traveller". 0 takes a free one.
    #[arg(long, default_value_t = 8601)]
    pub page_port: u16,
    /// Make of the fingerprint scanner.
    #[arg(long, value_enum, default_value_t = ScannerMake::Ef01)]
    pub scanner: ScannerMake,
    /// Port of the live-scan sensor, with `--scanner live`: http://localhost:PORT/finger. 0 takes a free one.
    #[arg(long, default_value_t = 8640)]
    pub live_port: u16,
    /// Speed of the fingerprint scanner in baud.
    #[arg(long, default_value_t = 115_200, value_parser = baud)]
    pub baud: u32,
    /// Speed of the document reader in baud.
    #[arg(long, default_value_t = reader::DEFAULT_BAUD)]
    pub reader_baud: u32,
    /// Pixels of the finger sensor: WIDTHxHEIGHT.
    #[arg(long, default_value = "192x192", default_value_if("scanner", "sfm", "256x360"), value_parser = sensor)]
    pub sensor: (u32, u32),
    /// Password of the scanner, as a number; 0 asks for none.
    #[arg(long, default_value_t = 0)]
    pub password: u32,
    /// The first visitor.
    #[arg(long, default_value_t = 1, conflicts_with = "scenario")]
    pub seed: u64,
    /// A program that moves the station's clock by the seconds in its only argument, for scenarios whose clock jumps.
    #[arg(long)]
    pub clock_command: Option<PathBuf>,
    /// A finger is put on whenever an image is commanded, and lifted after it.
    #[arg(long)]
    pub autopilot: bool,
    /// The device service.
    #[command(flatten)]
    pub sbi: sbi::SbiArgs,
}

/// Makes of single-finger scanners, by the protocol that they speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ScannerMake {
    /// A module of the 0xEF01 family: 4 bits a pixel, at most 115,200 baud.
    Ef01,
    /// A live-scan sensor that streams what lies on it: MJPEG over HTTP, 500 by 600 pixels at 500 per inch.
    Live,
    /// A Suprema SFM module: 8 bits a pixel, at most 921,600 baud.
    Sfm,
}

/// Why the simulation cannot run.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The scenario was not used up.
    #[error("the scenario was not used up; left are: {}", .0.join("; "))]
    CuesLeft(Vec<String>),
    /// A device, a port or the socket did not come up.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
    /// The device service did not come up.
    #[error(transparent)]
    Sbi(#[from] sbi::SbiError),
    /// No such scenario, or one that cannot be read.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The first visitor could not be drawn, or a port did not come up.
    #[error(transparent)]
    Stage(#[from] StageError),
}

/// Addresses and names of a running simulation.
#[derive(Clone, Debug)]
pub struct Running {
    /// Everything that can be directed.
    pub stage: Arc<Stage>,
    /// Port of the camera.
    pub camera_port: u16,
    /// Port of the page.
    pub page_port: u16,
    /// Port of the live-scan sensor, if that is the scanner.
    pub live_port: Option<u16>,
    /// The device service, if there is one.
    pub sbi: Option<sbi::Running>,
}

/// Runs until SIGTERM or Ctrl-C; says `ready` on standard output when all devices are up.
pub async fn run(args: ServeArgs) -> Result<(), ServeError> {
    let end = End::watch().map_err(io_error("signals cannot be watched"))?;
    let (running, devices) = start(&args).await?;
    let mut out = io::stdout();
    // Whoever started us may have closed its end; that is no reason to stop.
    let _ = writeln!(out, "ready").and_then(|()| out.flush());
    let sbi_port = running.sbi.as_ref().map(|sbi| sbi.port);
    tracing::info!(
        sbi = sbi_port,
        camera = running.camera_port,
        live = running.live_port,
        page = running.page_port,
        "the simulated devices are up"
    );
    end.wait().await;
    running.stage.end();
    let _ = tokio::task::spawn_blocking(move || devices.into_iter().for_each(|device| drop(device.join()))).await;
    let _ = std::fs::remove_file(args.dir.join("control.sock"));
    match running.stage.cues_left() {
        left if left.is_empty() => Ok(()),
        left => Err(ServeError::CuesLeft(left)),
    }
}

/// Starts every device, the control socket and the page. The threads end after [`Stage::end`].
pub async fn start(args: &ServeArgs) -> Result<(Running, Vec<JoinHandle<()>>), ServeError> {
    std::fs::create_dir_all(&args.dir).map_err(io_error(format!("{} cannot be made", args.dir.display())))?;
    let is_live = args.scanner == ScannerMake::Live;
    let sensor = if is_live { LIVE_SIZE } else { args.sensor };
    let settings = Settings { sensor, autopilot: args.autopilot, today: clock::today() };
    let stage = Arc::new(Stage::new(settings).map_err(io_error("the stage cannot be built"))?);
    if let Some(program) = &args.clock_command {
        stage.set_clock_command(program.clone());
    }
    let scenario = args.scenario.as_deref().map(scenario::load).transpose()?;
    let control = socket::bind(&args.dir.join("control.sock")).map_err(io_error("control socket"))?;
    let (camera, camera_port) = listen(args.camera_port).await?;
    let (page, page_port) = listen(args.page_port).await?;
    serve_networks(&stage, control, camera, page);
    let mut live_port = None;
    if is_live {
        stage.set_live();
        let (sensor, port) = listen(args.live_port).await?;
        let for_sensor = Arc::clone(&stage);
        tokio::spawn(async move { report("live", mjpeg::serve(for_sensor, sensor, &live::SOURCE).await) });
        live_port = Some(port);
    }
    let service = match args.sbi.options() {
        Some(options) => Some(sbi::spawn(Arc::clone(&stage), &args.dir, options).await?),
        None => None,
    };
    let devices = spawn_serial(&stage, args).map_err(io_error("a device thread cannot start"))?;
    let first = Arc::clone(&stage);
    let (seed, hands) = (args.seed, service.is_some());
    let ready = tokio::task::spawn_blocking(move || {
        let today = first.settings().today;
        if let Some(scenario) = scenario {
            first.play(&scenario)?;
            if let Some(planned) = scenario.plan().first() {
                first.arrive(Person::new(planned.seed, &planned.script.traveller, today))?;
            }
        } else if first.settings().autopilot {
            first.arrive(Person::new(seed, &Traits::default(), today))?;
        }
        let slap = hands.then_some(Device::Slap);
        [Device::Camera, Device::Reader, Device::Scanner]
            .iter()
            .chain(&slap)
            .try_for_each(|device| first.wait_plugged(*device, true, START))
    });
    ready.await.map_err(|error| io_error("start")(io::Error::other(error)))??;
    Ok((Running { stage, camera_port, page_port, live_port, sbi: service }, devices))
}

fn serve_networks(stage: &Arc<Stage>, control: UnixListener, camera: TcpListener, page: TcpListener) {
    let [for_socket, for_camera, for_page] = std::array::from_fn(|_| Arc::clone(stage));
    tokio::spawn(async move { report("control socket", socket::serve(control, for_socket).await) });
    tokio::spawn(async move { report("camera", mjpeg::serve(for_camera, camera, &camera::SOURCE).await) });
    tokio::spawn(async move { report("page", page::serve(for_page, page).await) });
}

fn report(what: &str, ended: io::Result<()>) {
    if let Err(error) = ended {
        tracing::error!(what, %error, "a part of the simulation stopped");
    }
}

fn spawn_serial(stage: &Arc<Stage>, args: &ServeArgs) -> io::Result<Vec<JoinHandle<()>>> {
    let link = |name: &str| -> PathBuf { Path::new(&args.dir).join(name) };
    let (for_scanner, scanner_link) = (Arc::clone(stage), link("scanner"));
    let (for_reader, reader_link) = (Arc::clone(stage), link("reader"));
    let (make, baud, reader_baud, password) = (args.scanner, args.baud, args.reader_baud, args.password);
    let for_prompter = Arc::clone(stage);
    Ok(vec![
        std::thread::Builder::new().name("scanner".into()).spawn(move || match make {
            ScannerMake::Ef01 => scanner::run(&for_scanner, &scanner_link, baud, password),
            ScannerMake::Live => live::keep_piloting(&for_scanner),
            ScannerMake::Sfm => sfm::run(&for_scanner, &scanner_link, baud),
        })?,
        std::thread::Builder::new()
            .name("reader".into())
            .spawn(move || reader::run(&for_reader, &reader_link, reader_baud))?,
        std::thread::Builder::new().name("prompter".into()).spawn(move || for_prompter.keep_prompting())?,
    ])
}

async fn listen(port: u16) -> Result<(TcpListener, u16), ServeError> {
    let failed = || io_error(format!("port {port} of this machine cannot be taken"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed())?;
    let port = listener.local_addr().map_err(failed())?.port();
    Ok((listener, port))
}

/// The signals that end the simulation. Watched before anybody is told that it is ready: one that comes at once would
/// otherwise kill it, and the scenario would not be accounted for.
struct End([Signal; 3]);

impl End {
    fn watch() -> io::Result<Self> {
        let [interrupt, terminate, hang_up] = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        Ok(Self([signal(interrupt)?, signal(terminate)?, signal(hang_up)?]))
    }

    async fn wait(self) {
        let [mut interrupt, mut terminate, mut hang_up] = self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> ServeError {
    let what = what.into();
    |error| ServeError::Io { what, error }
}

/// Modules of the 0xEF01 family run at multiples of 9600 baud, 12 at most (ZFM-20 manual); SFM modules at powers of
/// two of 9600 and of 57,600. A module that is told a speed of the other make falls back to its own largest or usual.
fn baud(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(baud) if baud.is_multiple_of(9600) && (1..=12).contains(&(baud / 9600)) => Ok(baud),
        Ok(baud) if BAUDS.contains(&baud) => Ok(baud),
        _ => Err(String::from("a multiple of 9600, at most 115200, or with `--scanner sfm` at most 921600")),
    }
}

/// Sensors of the family have at most 256x360 pixels; two pixels share a byte, so the width is even.
fn sensor(text: &str) -> Result<(u32, u32), String> {
    let size = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match size {
        Some((width @ 32..=256, height @ 32..=360)) if width % 2 == 0 => Ok((width, height)),
        _ => Err(String::from("WIDTHxHEIGHT from 32x32 to 256x360, the width even")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        for (text, fits) in [("192x192", true), ("256x288", true), ("193x192", false), ("0x0", false), ("9", false)] {
            assert_eq!(sensor(text).is_ok(), fits, "{text}");
        }
        for (text, fits) in
            [("57600", true), ("115200", true), ("9601", false), ("0", false), ("124800", false), ("921600", true)]
        {
            assert_eq!(baud(text).is_ok(), fits, "{text}");
        }
    }
}
