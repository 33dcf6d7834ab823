//! `gatepost provision`: how a new station gets its certificate and the keys of its authority and its intake.
//!
//! The administrator of the intake makes a one-time code there (`gatepost-intake invite`) and hands it over together with
//! the fingerprint of the authority. The code comes from a file or from standard input, never from the command line,
//! which others can read.

use crate::clock::Clock;
use crate::config::{ConfigFaults, Loaded};
use crate::passphrase::{self, PassphraseError};
use crate::setup::DataDir;
use crate::upload::{ConnectionError, keep};
use clap::Args;
use domain::case::StationId;
use domain::units::StaffId;
use link::{Fault, MAX_PROVISIONED_BYTES, Provisioned, RequestFault, SetupFault, Time, authority_of};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::{
    Action, Application, Cost, Event, KeyFault, KeyPlace, Outbox, Passphrase, Reason, SignFault, Signer, StoreFault,
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Longest file or input of a code, in bytes.
const LONGEST_CODE: u64 = 256;

/// Longest time for the intake's answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `gatepost provision`.
#[derive(Args, Debug)]
pub struct ProvisionArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// Where the intake takes applications: https://HOST:PORT.
    #[arg(long)]
    pub intake: String,
    /// Fingerprint of the intake's authority (SHA-256), as `gatepost-intake invite` has shown it.
    #[arg(long)]
    pub authority: String,
    /// File with the one-time code; without it the code is read from standard input.
    #[arg(long)]
    pub code_file: Option<PathBuf>,
}

/// The station cannot be provisioned.
#[derive(Debug, Error)]
pub enum ProvisionError {
    /// The address.
    #[error("\"{0}\" is not the address of an intake; write https://HOST:PORT")]
    Address(String),
    /// The answer.
    #[error("the intake's answer cannot be used: {0}")]
    Answer(String),
    /// The fingerprint.
    #[error("\"{0}\" is not a fingerprint: 64 hexadecimal digits, as `gatepost-intake invite` shows them")]
    Authority(String),
    /// The code cannot be read.
    #[error("the one-time code cannot be read: {0}")]
    Code(io::Error),
    /// A file of a request or of an answer to it.
    #[error("{path}: {1}", path = .0.display())]
    File(PathBuf, io::Error),
    /// A request for a certificate.
    #[error(transparent)]
    Request(#[from] RequestFault),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigFaults),
    /// What was given cannot be kept.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// A key.
    #[error("{0}. Run `gatepost init` first")]
    Key(#[from] KeyFault),
    /// The passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The intake refuses.
    #[error("the intake refuses ({code}): {text}")]
    Refused {
        /// Its code.
        code: String,
        /// Its sentence.
        text: String,
    },
    /// A key does not sign.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] SetupFault),
    /// The store.
    #[error("{0} ({code}). {remedy}", remedy = .0.administrator(), code = .0.code())]
    Store(#[from] StoreFault),
    /// No connection.
    #[error("{fault} ({code}): {detail}", code = .fault.code())]
    Unreachable {
        /// Why.
        fault: Fault,
        /// What the system said.
        detail: String,
    },
}

/// The intake's refusal.
#[derive(Default, Deserialize)]
struct Refusal {
    code: String,
    text: String,
}

/// Provisions the station and says what was done. It can be done again: nothing is replaced before all of the answer
/// was checked, and then in one step.
///
/// # Errors
/// [`ProvisionError`], with the station as it was.
pub async fn provision(args: &ProvisionArgs) -> Result<(), ProvisionError> {
    let loaded = Loaded::read(&args.config)?;
    let data = DataDir(args.data.clone());
    let station = StationId(loaded.config.station.id.clone());
    let clock = Arc::new(Clock::new(loaded.zone.clone(), loaded.config.clock.trust));
    let base = address(&args.intake)?;
    let authority = link::fingerprint_from_text(&args.authority)
        .ok_or_else(|| ProvisionError::Authority(args.authority.clone()))?;
    // Held until the end: a station that runs would go on with what it had.
    let (mut outbox, _) = Outbox::open(&data.store(), &station)?;
    let passphrase = passphrase::existing()?;
    let place = loaded.config.keys.place()?;
    let signing = place.open_configured(&data.signing_key(), &passphrase)?;
    let connection = connection_key(&data, &place, &passphrase)?;
    let application = Application {
        station: station.clone(),
        signing_key: signing.public().clone(),
        connection_key: connection.public().clone(),
        code: read_code(args.code_file.as_deref()).map_err(ProvisionError::Code)?,
        time_ms: clock.utc_ms(),
    };
    let of_tls = clock.clone();
    let answer =
        apply(&base, authority, Time(Arc::new(move || of_tls.utc_ms())), application.sign(&*signing, &*connection)?);
    let given = checked(&answer.await?, authority, &station, &*connection)?;
    take(&data, &given, &mut outbox, connection.public().id(), clock.utc_ms())
}

/// Keeps what was given and checked, notes it in the audit trail, and says so.
///
/// # Errors
/// Those of the disk and of the store.
pub(crate) fn take(
    data: &DataDir,
    given: &Provisioned,
    outbox: &mut Outbox,
    connection_key: &str,
    at_ms: i64,
) -> Result<(), ProvisionError> {
    keep(data, given)?;
    outbox.note(&Event {
        at_ms,
        who: StaffId("administrator".into()),
        what: Action::Provisioned,
        case: None,
        reason: Some(Reason::Key(connection_key.into())),
    })?;
    println!("station {} is provisioned; its connections use key {connection_key}", given.station);
    Ok(())
}

/// The key of the station's connections, made where there is none yet: in the same place as the one that signs its
/// records, and sealed like it. It is another key, so that either can be changed without the other, and neither signs what
/// the other is for.
///
/// # Errors
/// Those of the file, and of a passphrase that does not open it.
pub fn connection_key(data: &DataDir, place: &KeyPlace, passphrase: &Passphrase) -> Result<Box<dyn Signer>, KeyFault> {
    let path = data.connection_key();
    if path.exists() { place.open(&path, passphrase) } else { place.create(&path, passphrase, Cost::USUAL) }
}

fn address(text: &str) -> Result<String, ProvisionError> {
    let wrong = || ProvisionError::Address(text.into());
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    let plain = url.path() == "/" && url.query().is_none() && url.username().is_empty();
    if url.scheme() == "https" && url.has_host() && plain {
        Ok(text.trim_end_matches('/').into())
    } else {
        Err(wrong())
    }
}

fn read_code(file: Option<&Path>) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_CODE as usize));
    match file {
        Some(path) => File::open(path)?.take(LONGEST_CODE).read_to_string(&mut text)?,
        None => io::stdin().lock().take(LONGEST_CODE).read_line(&mut text)?,
    };
    Ok(Zeroizing::new(text.trim().to_owned()))
}

async fn apply(base: &str, authority: [u8; 32], time: Time, message: Vec<u8>) -> Result<Vec<u8>, ProvisionError> {
    let unreachable = |error: reqwest::Error| {
        let detail = link::tls_error(&error).map_or_else(|| error.to_string(), ToString::to_string);
        ProvisionError::Unreachable { fault: Fault::of(&error), detail }
    };
    let client = reqwest::Client::builder()
        .no_proxy()
        .https_only(true)
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(link::first_contact(authority, time)?)
        .build()
        .map_err(unreachable)?;
    let mut response = client.post(format!("{base}/v1/provision")).body(message).send().await.map_err(unreachable)?;
    let taken = response.status().is_success();
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if answer.len() + chunk.len() > MAX_PROVISIONED_BYTES {
            return Err(ProvisionError::Answer("it is too long".into()));
        }
        answer.extend_from_slice(&chunk);
    }
    if taken {
        return Ok(answer);
    }
    match serde_json::from_slice::<Refusal>(&answer) {
        Ok(Refusal { code, text }) => Err(ProvisionError::Refused { code, text }),
        Err(_) => Err(ProvisionError::Answer(format!("status {}", response.status()))),
    }
}

/// Holds the answer against what was asked for: station, key, and the authority that the administrator has named.
pub(crate) fn checked(
    answer: &[u8],
    authority: [u8; 32],
    station: &StationId,
    connection: &dyn Signer,
) -> Result<Provisioned, ProvisionError> {
    let unfit = |why: &str| ProvisionError::Answer(why.into());
    let given: Provisioned = serde_json::from_slice(answer).map_err(|error| unfit(&error.to_string()))?;
    let parts = given.parts(station, connection.public()).map_err(unfit)?;
    authority_of(&authority, &parts.ca).ok_or_else(|| unfit("it names another authority than the administrator"))?;
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_intake_has_an_address_of_tls() {
        for (text, fits) in [
            ("https://intake.example:8621", true),
            ("https://127.0.0.1:8621/", true),
            ("http://intake.example:8621", false),
            ("https://intake.example/v1", false),
            ("https://user@intake.example", false),
            ("intake.example:8621", false),
            ("", false),
        ] {
            assert_eq!(address(text).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn a_code_is_one_short_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("code");
        std::fs::write(&path, " ABCDE-FGHJK \n").unwrap();
        assert_eq!(*read_code(Some(&path)).unwrap(), "ABCDE-FGHJK");
        std::fs::write(&path, "A".repeat(10_000)).unwrap();
        assert_eq!(read_code(Some(&path)).unwrap().len(), 256);
        assert!(read_code(Some(&dir.path().join("none"))).is_err());
    }
}
