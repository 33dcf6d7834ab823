//! A simulated authority that knows pre-arrival applications and digital profiles: HTTPS on loopback, for stations that
//! show a certificate of their own deployment.
//!
//! It answers as `station::lookup::https` asks, and it can be slow, talkative or incomprehensible where its list says so.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use clap::Args;
use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The file in its folder with the certificate that stations have to trust.
pub const TRUST: &str = "authority.pem";

/// How long a connection may take until it is encrypted.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// Bytes of the answer that has no end worth waiting for.
const ENDLESS: usize = 1 << 20;

/// `gatepost-sim authority`.
#[derive(Args, Clone, Debug)]
pub struct AuthorityArgs {
    /// The folder that the certificate to trust is left in, as authority.pem
    #[arg(long)]
    pub dir: PathBuf,
    /// The port on 127.0.0.1
    #[arg(long)]
    pub port: u16,
    /// What it knows: tables [[known]]
    #[arg(long, value_name = "FILE")]
    pub list: PathBuf,
    /// The certificate of whoever made the stations' certificates: the intake's tls/ca.pem
    #[arg(long, value_name = "FILE")]
    pub clients: PathBuf,
}

/// Something of the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// `application` or `profile`.
    pub kind: String,
    /// Capital letters and digits.
    pub number: String,
    /// Issuing State of the document that it is for.
    pub issuing_state: String,
    /// Number of that document.
    pub document_number: String,
    /// When it was handed in.
    pub handed_in: Option<Timestamp>,
    /// It is over.
    #[serde(default)]
    pub expired: bool,
    /// How the answer comes.
    #[serde(default)]
    pub behaves: Behaviour,
}

/// How an answer comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behaviour {
    /// More bytes than anybody reads.
    Endless,
    /// Bytes that are no answer.
    Garbage,
    /// Never.
    Silent,
    /// As it should.
    #[default]
    Well,
}

/// The authority cannot run.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// A certificate could not be made.
    #[error("a certificate of the simulated authority could not be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The list cannot be understood.
    #[error("{0}: {1}")]
    List(PathBuf, toml::de::Error),
    /// The port is taken.
    #[error("no port for the simulated authority: {0}")]
    Port(std::io::Error),
    /// TLS cannot be set up.
    #[error("the simulated authority cannot be set up: {0}")]
    Tls(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    known: Vec<Known>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Asked {
    kind: String,
    number: String,
    issuing_state: String,
    document_number: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Said {
    status: &'static str,
    handed_in: Option<Timestamp>,
    authority: &'static str,
}

/// Runs until Ctrl-C.
///
/// # Errors
/// [`AuthorityError`].
pub async fn run(args: &AuthorityArgs) -> Result<(), AuthorityError> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| AuthorityError::File(path.into(), error));
    let list: List =
        toml::from_str(&read(&args.list)?).map_err(|error| AuthorityError::List(args.list.clone(), error))?;
    let config = tls(&args.dir, &read(&args.clients)?)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(AuthorityError::Port)?;
    tracing::info!(port = args.port, known = list.known.len(), "the SIMULATED authority is ready");
    let router = Router::new().route("/v1/lookup", post(answer)).with_state(Arc::new(list));
    let listener = Encrypted { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
    tokio::select! {
        served = axum::serve(listener, router).into_future() => served.map_err(AuthorityError::Port),
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn answer(State(list): State<Arc<List>>, Json(asked): Json<Asked>) -> Response {
    let known = list.known.iter().find(|known| known.kind == asked.kind && known.number == asked.number);
    match known.map(|known| known.behaves) {
        Some(Behaviour::Endless) => return ([(CONTENT_TYPE, "application/json")], vec![b' '; ENDLESS]).into_response(),
        Some(Behaviour::Garbage) => return "\u{0}this is no answer".into_response(),
        Some(Behaviour::Silent) => std::future::pending().await,
        Some(Behaviour::Well) | None => {}
    }
    let status = match known {
        None => "not-found",
        Some(known) if known.expired => "expired",
        Some(known) => {
            let document = (&known.issuing_state, &known.document_number);
            if document == (&asked.issuing_state, &asked.document_number) { "found" } else { "other-document" }
        }
    };
    let handed_in = known.filter(|_| status == "found").and_then(|known| known.handed_in);
    Json(Said { status, handed_in, authority: "SIMULATED" }).into_response()
}

/// A new authority and a certificate of it for localhost. The authority's certificate is left in the folder.
fn tls(dir: &Path, clients: &str) -> Result<ServerConfig, AuthorityError> {
    let unfit = |error: &dyn std::fmt::Display| AuthorityError::Tls(error.to_string());
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "SIMULATED authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let trust = dir.join(TRUST);
    let written = fs::write(&trust, params.self_signed(&key)?.pem());
    written.map_err(|error| AuthorityError::File(trust, error))?;
    let issuer = Issuer::new(params, key);
    let server = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".into()])?.signed_by(&server, &issuer)?;

    let mut roots = RootCertStore::empty();
    for client in CertificateDer::pem_slice_iter(clients.as_bytes()) {
        roots.add(client.map_err(|error| unfit(&error))?).map_err(|error| unfit(&error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = verifier.build().map_err(|error| unfit(&error))?;
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let key = PrivateKeyDer::try_from(server.serialize_der()).map_err(|error| unfit(&error))?;
    let builder = builder.map_err(|error| unfit(&error))?.with_client_cert_verifier(verifier);
    builder.with_single_cert(vec![certificate.der().clone()], key).map_err(|error| unfit(&error))
}

/// Takes connections that encrypt. One at a time is enough for a simulation.
struct Encrypted {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
            match tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream)).await {
                Ok(Ok(stream)) => return (stream, address),
                Ok(Err(error)) => tracing::warn!(%error, "a connection is refused"),
                Err(_) => tracing::warn!("a connection says nothing"),
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
