//! `gatepost certificate`: an operator who has a certificate authority makes the certificate of a station's connections there.
//!
//! The request goes to that authority, the certificate and the station's public key to `gatepost-intake admit`, and what that
//! writes comes back here. All three are files that anybody may carry; nothing in them is secret.

use crate::clock::Clock;
use crate::config::Loaded;
use crate::passphrase;
use crate::provision::{ProvisionError, checked, connection_key, take};
use crate::setup::DataDir;
use clap::{Args, Subcommand};
use domain::case::StationId;
use link::{MAX_PROVISIONED_BYTES, certificate_request, fingerprint_from_text};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Outbox, Signer};

/// What can be done about the certificate.
#[derive(Subcommand, Debug)]
pub enum CertificateCommand {
    /// Writes STATION.csr, a request for the certificate (PKCS#10), and STATION.pub, the key that signs the station's records.
    /// The certificate must copy the names and purposes of the request.
    Request(RequestArgs),
    /// Takes what `gatepost-intake admit` has written.
    Take(TakeArgs),
}

/// The station, and where the request goes.
#[derive(Args, Debug)]
pub struct RequestArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// A folder; it is made if it is not there.
    #[arg(long)]
    pub out: PathBuf,
}

/// The station, and what it is given.
#[derive(Args, Debug)]
pub struct TakeArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// Fingerprint (SHA-256) of the authority, as `openssl x509 -fingerprint -sha256` shows it: learnt from somebody who
    /// knows, and not from the file.
    #[arg(long)]
    pub authority: String,
    /// The file.
    pub file: PathBuf,
}

/// Carries out a command. It can be done again: nothing is replaced before everything was checked.
///
/// # Errors
/// [`ProvisionError`], with the station as it was.
pub fn run(command: &CertificateCommand) -> Result<(), ProvisionError> {
    match command {
        CertificateCommand::Request(args) => request(args),
        CertificateCommand::Take(args) => take_given(args),
    }
}

fn request(args: &RequestArgs) -> Result<(), ProvisionError> {
    let (loaded, data) = (Loaded::read(&args.config)?, DataDir(args.data.clone()));
    let station = StationId(loaded.config.station.id.clone());
    let (passphrase, place) = (passphrase::existing()?, loaded.config.keys.place()?);
    let signing = place.open_configured(&data.signing_key(), &passphrase)?;
    let connection: Arc<dyn Signer> = connection_key(&data, &place, &passphrase)?.into();
    let wanted = certificate_request(&station, connection)?;
    fs::create_dir_all(&args.out).map_err(|error| ProvisionError::File(args.out.clone(), error))?;
    for (ending, text) in [("csr", wanted), ("pub", signing.public().to_pem())] {
        let path = args.out.join(format!("{station}.{ending}"));
        fs::write(&path, text).map_err(|error| ProvisionError::File(path.clone(), error))?;
        println!("{}", path.display());
    }
    Ok(())
}

fn take_given(args: &TakeArgs) -> Result<(), ProvisionError> {
    let (loaded, data) = (Loaded::read(&args.config)?, DataDir(args.data.clone()));
    let station = StationId(loaded.config.station.id.clone());
    let clock = Clock::new(loaded.zone.clone(), loaded.config.clock.trust);
    let authority =
        fingerprint_from_text(&args.authority).ok_or_else(|| ProvisionError::Authority(args.authority.clone()))?;
    // Held until the end: a station that runs would go on with what it had.
    let (mut outbox, _) = Outbox::open(&data.store(), &station)?;
    let connection = connection_key(&data, &loaded.config.keys.place()?, &passphrase::existing()?)?;
    let text = read(&args.file).map_err(|error| ProvisionError::File(args.file.clone(), error))?;
    let given = checked(&text, authority, &station, &*connection)?;
    take(&data, &given, &mut outbox, connection.public().id(), clock.utc_ms())
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(MAX_PROVISIONED_BYTES as u64).read_to_end(&mut text)?;
    Ok(text)
}
