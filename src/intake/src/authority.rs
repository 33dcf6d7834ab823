//! The certificate authority of the deployment: makes the certificates of the intake and of its stations.
//!
//! Its files lie in the folder `tls`: `ca.pem`, `ca.key`, `server.pem`, `server.key`; the keys may be sealed. An operator
//! who has an authority of his own puts his files there instead, without `ca.key`; certificates of stations are then made
//! where that key is, and [`crate::commands::admit`] takes them in.

use crate::commands::CommandFault;
use crate::key_files;
use domain::case::StationId;
use link::{CertificateDer, Facts, Identity, IssuingKey, SubjectKey, certified, chain_from_pem, station_uri};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyUsagePurpose, SanType,
    SerialNumber,
};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{FileKey, VerifyKey, replace_private};
use time::OffsetDateTime;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Days that an authority of ours is valid: ten years. A station that pins it has to be provisioned anew afterwards.
const AUTHORITY_DAYS: i64 = 3650;

/// Days that a certificate of the intake is valid: what browsers and public authorities held to until 2026.
const SERVER_DAYS: i64 = 397;

/// A certificate is valid a little before it was made, for clocks that are behind: one hour.
const BEFORE_MS: i64 = 3600 * 1000;

/// Makes certificates of stations.
pub struct Authority {
    issuer: Issuer<'static, IssuingKey>,
    station_days: i64,
}

/// The files of the intake's side of connections, read.
pub struct TlsFiles {
    /// The authority's certificates.
    pub authority: Vec<CertificateDer<'static>>,
    /// The same in PEM.
    pub authority_pem: String,
    /// The intake's certificate and key.
    pub identity: Identity,
    /// Makes certificates of stations, where its key is here.
    pub issuer: Option<Authority>,
}

/// Makes what is missing of authority and server certificate. What is there is left alone.
///
/// # Errors
/// A file that cannot be written, a name that cannot stand in a certificate, or a folder where the parts of an operator
/// are not complete.
pub fn init(data: &Path, names: &[String], now_ms: i64) -> Result<(), CommandFault> {
    let folder = data.join("tls");
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|error| CommandFault::Io { what: format!("create {}", folder.display()), error })?;
    let [ca, ca_key, server] = ["ca.pem", "ca.key", "server.pem"].map(|name| folder.join(name));
    if !ca.exists() {
        let key = IssuingKey::of(Arc::new(load_or_create(&ca_key)?));
        let mut params = params("Gatepost authority", now_ms, AUTHORITY_DAYS)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key).map_err(|fault| unfit(&ca, &fault))?;
        replace_private(&ca, certificate.pem().as_bytes())?;
    }
    if !server.exists() {
        renew_server(data, names, now_ms)?;
    }
    Ok(())
}

/// Reads the files of the folder `tls`.
///
/// # Errors
/// A file that is missing, unreadable or not what it should be; a private key that others may read.
pub fn load(data: &Path, station_days: i64) -> Result<TlsFiles, CommandFault> {
    let folder = data.join("tls");
    let (authority_pem, authority) = read_chain(&folder.join("ca.pem"))?;
    let identity = Identity::new(server(data)?.0);
    let path = folder.join("ca.key");
    let issuer = if path.exists() { Some(Authority::load(&path, &authority_pem, station_days)?) } else { None };
    Ok(TlsFiles { authority, authority_pem, identity, issuer })
}

/// The certificate of the intake with its key, and what it says.
///
/// # Errors
/// As [`load`].
pub fn server(data: &Path) -> Result<(rustls::sign::CertifiedKey, Facts), CommandFault> {
    let path = data.join("tls/server.pem");
    let (_, chain) = read_chain(&path)?;
    let facts = chain.first().and_then(|leaf| Facts::read(leaf));
    let facts = facts.ok_or_else(|| CommandFault::Certificate(path.clone(), "it is no certificate".into()))?;
    let key = key_files::load(&data.join("tls/server.key"))?;
    let certified = certified(chain, Arc::new(key)).map_err(|fault| unfit(&path, &fault))?;
    Ok((certified, facts))
}

/// Makes the intake's certificate anew, for the key that it has.
///
/// # Errors
/// As [`init`]; also where the authority's key is not here.
pub fn renew_server(data: &Path, names: &[String], now_ms: i64) -> Result<(), CommandFault> {
    let folder = data.join("tls");
    let path = folder.join("server.pem");
    let (authority_pem, _) = read_chain(&folder.join("ca.pem"))?;
    let authority = Authority::load(&folder.join("ca.key"), &authority_pem, 1)?;
    let key = load_or_create(&folder.join("server.key"))?;
    let mut params = params("Gatepost intake", now_ms, SERVER_DAYS)?;
    params.subject_alt_names = names.iter().map(|name| server_name(name)).collect::<Result<_, _>>()?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&SubjectKey::of(key.public()), &authority.issuer);
    let certificate = certificate.map_err(|fault| unfit(&path, &fault))?;
    // The authority goes along, so that a station that knows its fingerprint alone can believe it.
    replace_private(&path, format!("{}{authority_pem}", certificate.pem()).as_bytes())?;
    Ok(())
}

impl Authority {
    fn load(key: &Path, certificate_pem: &str, station_days: i64) -> Result<Self, CommandFault> {
        let signer = IssuingKey::of(Arc::new(key_files::load(key)?));
        let certificate = chain_from_pem(certificate_pem).and_then(|chain| Facts::read(chain.first()?));
        if certificate.is_none_or(|facts| facts.key != signer.public().to_der()) {
            let text = "it is not the key of the authority in ca.pem".into();
            return Err(CommandFault::Certificate(key.into(), text));
        }
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, signer).map_err(|fault| unfit(key, &fault))?;
        Ok(Self { issuer, station_days })
    }

    /// A certificate, in PEM, that this key speaks for this station.
    ///
    /// # Errors
    /// [`CommandFault::Certificate`], without randomness for its number.
    pub fn station(&self, station: &StationId, key: &VerifyKey, now_ms: i64) -> Result<String, CommandFault> {
        let here = Path::new("the station's certificate");
        let mut params = params(&station.0, now_ms, self.station_days)?;
        let uri = station_uri(station).try_into().map_err(|fault| unfit(here, &fault))?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&SubjectKey::of(key), &self.issuer).map_err(|fault| unfit(here, &fault))?;
        Ok(certificate.pem())
    }
}

fn load_or_create(path: &Path) -> Result<FileKey, CommandFault> {
    Ok(if path.exists() { key_files::load(path)? } else { FileKey::create(path)? })
}

fn read_chain(path: &Path) -> Result<(String, Vec<CertificateDer<'static>>), CommandFault> {
    let read = fs::read_to_string(path);
    let pem = read.map_err(|error| CommandFault::Io { what: format!("read {}", path.display()), error })?;
    let chain = chain_from_pem(&pem);
    let chain = chain.ok_or_else(|| CommandFault::Certificate(path.into(), "it has no certificates in PEM".into()))?;
    Ok((pem, chain))
}

fn server_name(name: &str) -> Result<SanType, CommandFault> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let clean = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let text = name.try_into().ok().filter(|_| clean && !name.is_empty());
    text.map(SanType::DnsName).ok_or_else(|| CommandFault::BadName(name.into()))
}

/// A certificate from an hour ago, with a random number of its own.
fn params(name: &str, now_ms: i64, days: i64) -> Result<CertificateParams, CommandFault> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let mut serial = [0; 16];
    let path = || PathBuf::from("a certificate");
    getrandom::fill(&mut serial).map_err(|fault| unfit(&path(), &fault))?;
    // A positive number of full length: RFC 5280, 4.1.2.2.
    serial[0] = serial[0] & 0x3f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let at = |ms: i64| OffsetDateTime::from_unix_timestamp(ms / 1000).map_err(|fault| unfit(&path(), &fault));
    params.not_before = at(now_ms - BEFORE_MS)?;
    params.not_after = at(now_ms.saturating_add(days * DAY_MS))?;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn unfit(path: &Path, fault: &dyn std::fmt::Display) -> CommandFault {
    CommandFault::Certificate(path.into(), fault.to_string())
}
