//! The commands of `gatepost-intake`.

use crate::accept::Service;
use crate::clock::Clock;
use crate::database::{Database, DatabaseFault, Place, new_code};
use crate::import::Imported;
use crate::metrics::Metrics;
use crate::mode::Mode;
use crate::receipts::Receipts;
use crate::retention::{EraseFault, Retention};
use domain::case::StationId;
use link::chain_from_pem;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use store::format::{FormatFault, digest};
use store::{AuthorityKey, AuthoritySecret, FileKey, KeyFault, OpenFault, SignFault, SignatureRefused, VerifyKey};
use thiserror::Error;
use zeroize::Zeroizing;

pub use crate::admission::admit;
pub use crate::reading::{Which, list, open};

const CONFIG: &str = "intake.toml";

/// A command that did not succeed, as a sentence.
#[derive(Debug, Error)]
pub enum CommandFault {
    /// A name that cannot stand in the intake's certificate.
    #[error("`{0}` is no name of a machine and no address")]
    BadName(String),
    /// A certificate that cannot be made or used.
    #[error("{path}: {1}", path = .0.display())]
    Certificate(PathBuf, String),
    /// The configuration.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// The data base.
    #[error("the data base of the intake: {0}")]
    Database(#[from] DatabaseFault),
    /// Erasing.
    #[error(transparent)]
    Erase(#[from] EraseFault),
    /// A file or a socket.
    #[error("{what}: {error}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        error: io::Error,
    },
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The body does not open.
    #[error("{0}; is this the right authority key?")]
    Open(#[from] OpenFault),
    /// The envelope is not one.
    #[error("the envelope: {0}")]
    Format(#[from] FormatFault),
    /// A key does not sign.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// The signature is refused.
    #[error("the envelope: {0}")]
    Signature(#[from] SignatureRefused),
    /// A sealed key, and nothing to open it with.
    #[error("a private key of this intake is sealed, and there is no systemd credential {0}")]
    NoPassphrase(&'static str),
    /// The configuration says nothing about it.
    #[error("intake.toml has no [retention]: nothing is ever due")]
    NoRetention,
    /// The key of receipts has named another successor.
    #[error("the key of receipts has named another successor; {path} is not it", path = .0.display())]
    OtherSuccessor(PathBuf),
    /// Several copies under one name.
    #[error("{0} envelopes here are of this record; name one by --digest, as `list --json` shows it")]
    SeveralCopies(usize),
    /// Nothing here under this name.
    #[error("there is no record {0} here with a body")]
    NoRecord(String),
    /// The data base is not what stations have signed.
    #[error("{0} records are not as they were signed; the log says which")]
    Broken(usize),
    /// The body is not the one that was signed.
    #[error("the body is not the one that the header was signed for")]
    BodyDigest,
    /// Some files of an import.
    #[error("{0} files were not taken; the log says why")]
    NotAllTaken(usize),
    /// Not a reason for erasing.
    #[error("`{0}` is not a reason; one of court-order, error, replaced, request, retention is")]
    BadReason(String),
    /// Not a name for a station.
    #[error("`{0}` is not a station: 1 to 24 letters, digits and dashes")]
    BadStation(String),
}

/// What `intake.toml` says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where to listen for stations.
    pub listen: SocketAddr,
    /// Where to listen for stations that have no certificate yet; nowhere where this is left out.
    pub provisioning: Option<SocketAddr>,
    /// Connections of stations at once from one address: more where many stations are behind one.
    #[serde(default = "many")]
    pub connections_per_address: NonZeroU16,
    /// Names and addresses of this machine as stations know them, for its certificate.
    #[serde(default = "local_names")]
    pub names: Vec<String>,
    /// Days that a certificate of a station is valid.
    #[serde(default = "quarter")]
    pub certificate_days: u16,
    /// A file of SQLite, relative to the folder of the configuration, or the address of a PostgreSQL server.
    pub database: String,
    /// Key that signs receipts, relative likewise.
    pub receipt_key: PathBuf,
    /// Whether records of simulated devices are taken.
    pub mode: Mode,
    /// Where administrators look at stations and counters; nowhere where this is left out.
    pub admin_listen: Option<SocketAddr>,
    /// How long bodies are kept. In production it must be said.
    pub retention: Option<Retention>,
}

/// Names of a machine that is reached from itself alone.
pub fn local_names() -> Vec<String> {
    vec!["localhost".into(), "127.0.0.1".into()]
}

fn quarter() -> u16 {
    90
}

/// A quarter of all connections.
fn many() -> NonZeroU16 {
    NonZeroU16::new(1024).unwrap_or(NonZeroU16::MIN)
}

impl Config {
    /// Where the data base is.
    pub fn place(&self, folder: &Path) -> Result<Place, CommandFault> {
        Ok(Place::parse(&self.database, folder)?)
    }

    /// Production needs what only the operator can know.
    pub(crate) fn may_serve(&self, folder: &Path) -> Result<(), CommandFault> {
        if self.mode == Mode::Production && self.retention.is_none() {
            let message = "mode = \"production\" needs [retention] with enrolment, exemption and closure: days, or \
                           \"unlimited\"";
            return Err(CommandFault::Config { path: folder.join(CONFIG), message: message.into() });
        }
        Ok(())
    }
}

const DEFAULT_CONFIG: &str = "\
# Configuration of gatepost-intake. Paths are relative to this file.
listen = \"127.0.0.1:8620\"
# Where stations without a certificate apply for one. Leave it out, and none can.
provisioning = \"127.0.0.1:8621\"
# Days that a station's certificate is valid; stations renew it by themselves at two thirds of that.
certificate_days = 90
# Connections of stations at once from one address. All of them have 4096: more where many stations are behind one address.
# connections_per_address = 1024
# Where administrators find /stations and /metrics. No stations' address: keep it on this machine or on their network.
# admin_listen = \"127.0.0.1:8622\"
# Or a server, which any number of intakes may share: postgres://gatepost@HOST/intake?sslmode=verify-full
database = \"sqlite://intake.sqlite\"
receipt_key = \"receipt.key\"
";

const NAMES: &str =
    "# Names and addresses of this machine in its certificate. After a change remove tls/server.pem and run `init`.\n";

/// The end of a new configuration. What the law says is for the operator to fill in.
const RETENTION: &str = "
# Days for which the bodies of records are kept, or \"unlimited\". Production does not start without: it is the law of the
# place that says how long. A stub and a signed tombstone stay.
# [retention]
# enrolment =
# exemption =
# closure =
";

/// Makes what is missing in the data folder: keys, configuration, data base. What is there is left alone.
pub async fn init(data: &Path, mode: Mode, names: &[String], clock: &Clock) -> Result<(), CommandFault> {
    let folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    folder.map_err(|error| io_fault("create", data, error))?;
    if !data.join("authority.key").exists() {
        AuthoritySecret::create(&data.join("authority.key"), &data.join("authority.pub"))?;
    }
    if !data.join("receipt.key").exists() {
        FileKey::create(&data.join("receipt.key"))?.public().write(&data.join("receipt.pub"))?;
    }
    let config = data.join(CONFIG);
    if !config.exists() {
        let mode = format!(
            "# `demonstration` takes records of simulated devices, `production` refuses them.\nmode = {:?}\n",
            mode.id()
        );
        let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        let names = format!("{NAMES}names = [{}]\n", quoted.join(", "));
        fs::write(&config, [DEFAULT_CONFIG, &mode, &names, RETENTION].concat())
            .map_err(|error| io_fault("write", &config, error))?;
    }
    crate::authority::init(data, &config_of(data)?.names, clock())?;
    Database::open(&database_of(data)?).await?.close().await;
    Ok(())
}

/// Registers a station's public key. Returns the key's identifier.
pub async fn register(data: &Path, station: &str, key: &Path, clock: &Clock) -> Result<String, CommandFault> {
    let station = station_id(station)?;
    let key = VerifyKey::load(key)?;
    let database = Database::open(&database_of(data)?).await?;
    database.register(&station.0, &key, clock()).await?;
    database.close().await;
    Ok(key.id().into())
}

/// An invitation of a station.
pub struct Invitation {
    /// The one-time code; whoever has it becomes that station.
    pub code: Zeroizing<String>,
    /// SHA-256 of the authority's certificate, by which the station knows this intake.
    pub authority: String,
}

/// Makes a one-time code by which a station is provisioned within so many hours.
pub async fn invite(data: &Path, station: &str, hours: u16, clock: &Clock) -> Result<Invitation, CommandFault> {
    let station = station_id(station)?;
    let path = data.join("tls/ca.pem");
    let pem = fs::read_to_string(&path).map_err(|error| io_fault("read", &path, error))?;
    let chain = chain_from_pem(&pem);
    let authority = chain.as_ref().and_then(|chain| chain.first());
    let authority = authority.ok_or_else(|| CommandFault::Certificate(path, "it has no certificates".into()))?;
    let code = new_code().ok_or(KeyFault::Randomness)?;
    let database = Database::open(&database_of(data)?).await?;
    let now_ms = clock();
    let until_ms = now_ms.saturating_add(i64::from(hours) * 3600 * 1000);
    database.invite(&station.0, &code, now_ms, until_ms).await?;
    database.close().await;
    Ok(Invitation { code, authority: store::hex(&digest(authority)) })
}

/// Revokes every certificate of a station: how many.
pub async fn revoke(data: &Path, station: &str, clock: &Clock) -> Result<u64, CommandFault> {
    let station = station_id(station)?;
    let database = Database::open(&database_of(data)?).await?;
    let revoked = database.revoke(&station.0, clock()).await?;
    database.close().await;
    Ok(revoked)
}

/// Takes what stations have exported into a folder, independent of any connection.
pub async fn import(data: &Path, from: &Path, clock: Clock) -> Result<Imported, CommandFault> {
    let config = config_of(data)?;
    let database = Database::open(&config.place(data)?).await?;
    let service = Service {
        turns: Default::default(),
        database: database.clone(),
        receipts: Receipts::load(&data.join(&config.receipt_key))?.into(),
        authorities: authorities(data)?,
        mode: config.mode,
        metrics: Metrics::default(),
        issuer: None,
        clock,
    };
    let imported = crate::import::import(&service, from).await;
    database.close().await;
    imported
}

/// Key ids of the authorities that records may be sealed to: `authority.pub`, and `authority-*.pub` while one key takes
/// over from another.
pub fn authorities(data: &Path) -> Result<BTreeSet<String>, CommandFault> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(data).map_err(|error| io_fault("look into", data, error))? {
        let path = entry.map_err(|error| io_fault("look into", data, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == "authority.pub" || (name.starts_with("authority-") && name.ends_with(".pub")) {
            found.insert(AuthorityKey::load(&path)?.id().into());
        }
    }
    Ok(found)
}

pub(crate) fn config_of(data: &Path) -> Result<Config, CommandFault> {
    let path = data.join(CONFIG);
    let text = fs::read_to_string(&path).map_err(|error| io_fault("read", &path, error))?;
    toml::from_str(&text).map_err(|error| CommandFault::Config { path, message: error.to_string() })
}

pub(crate) fn database_of(data: &Path) -> Result<Place, CommandFault> {
    config_of(data)?.place(data)
}

pub(crate) fn station_id(text: &str) -> Result<StationId, CommandFault> {
    let clean = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let fits = (1..=24).contains(&text.len()) && clean;
    if fits { Ok(StationId(text.into())) } else { Err(CommandFault::BadStation(text.into())) }
}

pub(crate) fn io_fault(what: &str, path: &Path, error: io::Error) -> CommandFault {
    CommandFault::Io { what: format!("{what} {}", path.display()), error }
}
