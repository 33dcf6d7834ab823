//! A station's end of a connection, with a certificate that the intake's own authority has made on the spot.

use crate::authority::{self, TlsFiles};
use crate::clock;
use crate::commands::CommandFault;
use domain::case::StationId;
use link::{CertificateDer, Identity, Time, certified, chain_from_pem};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::FileKey;

/// Longest silence of an intake.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a station needs to talk to an intake whose data folder is at hand.
#[derive(Clone)]
pub struct StationLink {
    config: Arc<ClientConfig>,
}

impl StationLink {
    /// A link of this station. Its key is kept in the intake's folder `tls`.
    ///
    /// # Errors
    /// Those of the folder: it must have been initialised, with the authority's key.
    pub fn new(data: &Path, station: &str) -> Result<Self, CommandFault> {
        let path = data.join(format!("tls/test-{station}.key"));
        let key = if path.exists() { FileKey::load(&path)? } else { FileKey::create(&path)? };
        Self::with_key(&authority::load(data, 1)?, station, Arc::new(key))
    }

    /// A link of this station with a key that it has.
    ///
    /// # Errors
    /// Where the authority's key is not here.
    pub fn with_key(files: &TlsFiles, station: &str, key: Arc<FileKey>) -> Result<Self, CommandFault> {
        let missing = || CommandFault::Certificate("tls/ca.key".into(), "the authority's key is not here".into());
        let issuer = files.issuer.as_ref().ok_or_else(missing)?;
        let now_ms = clock::system()();
        let certificate = issuer.station(&StationId(station.into()), key.public(), now_ms)?;
        let chain: Vec<CertificateDer<'static>> = chain_from_pem(&certificate).ok_or_else(missing)?;
        let certified = certified(chain, key).map_err(|_| missing())?;
        let config = link::client(&files.authority, Identity::new(certified), Time(clock::system()));
        Ok(Self { config: Arc::new(config.map_err(|_| missing())?) })
    }

    /// As rustls wants it.
    pub fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.config)
    }

    /// An open connection to `ADDRESS:PORT`; the handshake happens with the first byte.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn connect(&self, address: &str) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::from(stream.peer_addr()?.ip());
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        Ok(StreamOwned::new(connection, stream))
    }

    /// Sends bytes over a connection of their own, and reads what comes until the end of it.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn exchange(&self, address: &str, bytes: &[&[u8]]) -> io::Result<Vec<u8>> {
        let mut stream = self.connect(address)?;
        bytes.iter().try_for_each(|part| stream.write_all(part))?;
        stream.flush()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}
