//! A simulated device service of the MOSIP Secure Biometric Interface (SBI) 0.9.5: HTTP on loopback, offering a FAP 60
//! slap scanner and a face camera whose answers are signed.
//!
//! It is the vendor's side of the wire. Stations find it on ports 4501 to 4600, ask what it offers, and take samples
//! that are ISO/IEC 19794-4 and -5 records of 2011 with lossless JPEG 2000. What lies on the glass and who stands
//! before the camera is the [`Stage`]'s affair, and so are bad days: the faults of [`Device::Slap`].
//!
//! Sources: "MOSIP Device Service Specification" 0.9.5 and its JSON schemas (mosip-compliance-toolkit); where they are
//! silent, what the reference device of mosip-mock-services does.
//!
//! [`Device::Slap`]: crate::stage::Device::Slap

mod capture;
mod device;
mod face;
mod glass;
mod http;
mod record;
mod refusal;
mod request;
mod score;
mod slap;
mod stream;
mod truth;
mod vendor;

pub use device::{Kind, Part, Status};
pub use drivers::sbi::message::SPEC_VERSION;
pub use refusal::Refusal;
pub use vendor::{Vendor, VendorError};

use crate::stage::Stage;
use clap::Args;
use drivers::sbi::PORTS;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// The file in the simulation's folder with the certificate that a station has to trust.
pub const TRUST: &str = "sbi-trust.pem";

/// Previews at the same time.
const MAX_STREAMS: usize = 4;

/// The device service on the command line of `serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct SbiArgs {
    /// Offers a slap scanner and a face camera as a device service on this port; 0 or nothing takes the first free one
    /// of 4501 to 4600. The certificate to trust is DIR/sbi-trust.pem.
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0")]
    pub sbi: Option<u16>,
    /// The slap scanner of the device service cuts nothing: it sends slaps as they lie on the glass.
    #[arg(long, requires = "sbi")]
    pub sbi_raw: bool,
    /// Leaves the true pixels of every sample of the device service in this folder, for whoever judges the samples.
    #[arg(long, value_name = "FOLDER", requires = "sbi")]
    pub sbi_truth: Option<PathBuf>,
}

impl SbiArgs {
    /// What is wanted of the service; nothing if none is wanted.
    pub fn options(&self) -> Option<Options> {
        let port = self.sbi?;
        let truth = self.sbi_truth.clone();
        Some(Options { port: (port != 0).then_some(port), segments: !self.sbi_raw, truth, vendor: None })
    }
}

/// How the service is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its port; without, the first free one that the specification allows.
    pub port: Option<u16>,
    /// The scanner cuts slaps into fingers itself. If not, it sends the whole slap as it lies on the glass.
    pub segments: bool,
    /// Folder for the true pixels of every sample, for whoever judges the samples; no station looks there.
    pub truth: Option<PathBuf>,
    /// The vendor, where several services share one; without, a new one is made.
    pub vendor: Option<Arc<Vendor>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: None, segments: true, truth: None, vendor: None }
    }
}

/// The service cannot run.
#[derive(Debug, Error)]
pub enum SbiError {
    /// Its certificate could not be left where stations look for it.
    #[error("{0} cannot be written: {1}")]
    File(PathBuf, io::Error),
    /// No port was to be had.
    #[error("no port for the simulated device service: {0}")]
    Port(io::Error),
    /// There are no keys.
    #[error(transparent)]
    Vendor(#[from] VendorError),
}

/// A running service.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// The certificate that a station has to trust, as PEM.
    pub trust: PathBuf,
}

/// What the parts of the service share.
#[derive(Debug)]
struct Service {
    stage: Arc<Stage>,
    options: Options,
    vendor: Arc<Vendor>,
    port: u16,
    /// Where the service says that it is.
    address: String,
    /// Held while a device captures.
    running: [tokio::sync::Mutex<()>; 2],
    /// The first good answer of each device: what a replay says again.
    answers: Mutex<[Option<Vec<u8>>; 2]>,
    streams: Arc<Semaphore>,
    glass: Mutex<glass::Seen>,
    /// Pictures taken so far: each has noise of its own.
    exposures: AtomicU64,
}

/// Starts the service: makes its keys, leaves its certificate in `dir`, and serves until the stage has ended and the
/// runtime goes.
pub async fn spawn(stage: Arc<Stage>, dir: &Path, options: Options) -> Result<Running, SbiError> {
    let vendor = match options.vendor.clone() {
        Some(vendor) => vendor,
        None => Arc::new(make_vendor().await?),
    };
    let trust = dir.join(TRUST);
    std::fs::write(&trust, vendor.authority()).map_err(|error| SbiError::File(trust.clone(), error))?;
    if let Some(folder) = &options.truth {
        std::fs::create_dir_all(folder).map_err(|error| SbiError::File(folder.clone(), error))?;
    }
    let listener = listen(options.port).await.map_err(SbiError::Port)?;
    let port = listener.local_addr().map_err(SbiError::Port)?.port();
    stage.expect_hands();
    let service = Service {
        stage,
        options,
        vendor,
        port,
        address: format!("http://127.0.0.1:{port}"),
        running: Default::default(),
        answers: Mutex::default(),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        glass: Mutex::default(),
        exposures: AtomicU64::new(0),
    };
    tokio::spawn(async move {
        if let Err(error) = http::serve(Arc::new(service), listener).await {
            tracing::error!(%error, "the simulated device service stopped");
        }
    });
    Ok(Running { port, trust })
}

async fn make_vendor() -> Result<Vendor, VendorError> {
    let made = tokio::task::spawn_blocking(Vendor::make).await;
    made.unwrap_or_else(|_| Err(VendorError::Key(String::from("the thread ended"))))
}

async fn listen(wanted: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = wanted {
        return TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    }
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in PORTS {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}
