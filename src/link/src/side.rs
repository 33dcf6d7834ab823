//! The two sides of a connection as rustls sets them up: TLS 1.3 alone, ring, the program's own clock, no resumption (a
//! resumed connection would outlive the certificate that it was made with).

use crate::certificate::authority_of;
use crate::identity::Identity;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error as ThisError;

/// The one application protocol.
const HTTP: &[u8] = b"http/1.1";

/// The clock that certificates are held against: UTC, milliseconds since 1970.
#[derive(Clone)]
pub struct Time(pub Arc<dyn Fn() -> i64 + Send + Sync>);

/// A side that cannot be set up.
#[derive(Debug, ThisError)]
pub enum SetupFault {
    /// A certificate of the authority cannot be used.
    #[error("the certificate of the authority cannot be used: {0}")]
    Authority(String),
    /// rustls does not take the parts.
    #[error(transparent)]
    Tls(#[from] Error),
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({})", (self.0)())
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from((self.0)() / 1000).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl From<VerifierBuilderError> for SetupFault {
    fn from(fault: VerifierBuilderError) -> Self {
        Self::Authority(fault.to_string())
    }
}

/// The station's side: it believes this authority alone, checks the server's name, and shows its own certificate.
///
/// # Errors
/// [`SetupFault`] when the authority's certificate is none.
pub fn client(
    authority: &[CertificateDer<'static>],
    identity: Identity,
    time: Time,
) -> Result<ClientConfig, SetupFault> {
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(time)).with_protocol_versions(&[&TLS13])?;
    let builder = builder.with_root_certificates(roots(authority)?);
    Ok(without_resumption(builder.with_client_cert_resolver(Arc::new(identity))))
}

/// The side of a station that has nothing yet but the fingerprint (SHA-256) of the intake's authority, which the server
/// shows behind its own certificate. It shows none.
///
/// # Errors
/// [`SetupFault`], which it has no reason for.
pub fn first_contact(authority: [u8; 32], time: Time) -> Result<ClientConfig, SetupFault> {
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(time)).with_protocol_versions(&[&TLS13])?;
    let pinned = Pinned { authority, provider: provider() };
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(pinned));
    Ok(without_resumption(builder.with_no_client_auth()))
}

/// The intake's side for stations: whoever connects shows a certificate of this authority that is made for clients.
///
/// # Errors
/// [`SetupFault`] when the authority's certificate is none.
pub fn server(
    authority: &[CertificateDer<'static>],
    identity: Identity,
    time: Time,
) -> Result<ServerConfig, SetupFault> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority)?, provider()).build()?;
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(time)).with_protocol_versions(&[&TLS13])?;
    Ok(finished(builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(identity))))
}

/// Whether the intake's side would let a station in with this chain, whose first certificate is the station's own.
///
/// # Errors
/// Why not; [`SetupFault`] when the authority's certificate is none.
pub fn believes(
    authority: &[CertificateDer<'static>],
    chain: &[CertificateDer<'static>],
    time: &Time,
) -> Result<(), SetupFault> {
    let (leaf, between) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority)?, provider()).build()?;
    let now = time.current_time().ok_or(Error::FailedToGetCurrentTime)?;
    Ok(verifier.verify_client_cert(leaf, between, now).map(drop)?)
}

/// The intake's side for stations that have no certificate yet.
///
/// # Errors
/// [`SetupFault`], which it has no reason for.
pub fn server_for_anybody(identity: Identity, time: Time) -> Result<ServerConfig, SetupFault> {
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(time)).with_protocol_versions(&[&TLS13])?;
    Ok(finished(builder.with_no_client_auth().with_cert_resolver(Arc::new(identity))))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn roots(authority: &[CertificateDer<'static>]) -> Result<Arc<RootCertStore>, SetupFault> {
    let mut roots = RootCertStore::empty();
    for certificate in authority {
        roots.add(certificate.clone()).map_err(|fault| SetupFault::Authority(fault.to_string()))?;
    }
    Ok(Arc::new(roots))
}

fn without_resumption(mut config: ClientConfig) -> ClientConfig {
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![HTTP.to_vec()];
    config
}

fn finished(mut config: ServerConfig) -> ServerConfig {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![HTTP.to_vec()];
    config
}

/// Believes the one authority whose fingerprint the administrator has typed, and what it vouches for.
#[derive(Debug)]
struct Pinned {
    authority: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let owned: Vec<CertificateDer<'static>> = chain.iter().map(|shown| shown.clone().into_owned()).collect();
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let authority = authority_of(&self.authority, &owned).ok_or_else(unknown)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).map_err(|_| unknown())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone());
        verifier.build().map_err(|_| unknown())?.verify_server_cert(leaf, &[], name, ocsp, now)
    }

    /// Never asked: TLS 1.2 is not spoken.
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _leaf: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
