//! One request to a camera and its answer, with a time limit for everything.

use super::address::Address;
use super::multipart::Multipart;
use crate::http::{Body, BodyError, Head, MAX_HEAD};
use domain::device::ErrorKind;
use domain::guarded::Biometric;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};
use thiserror::Error;

/// For each address of the host.
const CONNECT: Duration = Duration::from_secs(1);

/// Addresses tried at most: a name such as localhost has two.
const MAX_ADDRESSES: usize = 2;

/// For the look-up of the host's name.
const LOOK_UP: Duration = Duration::from_secs(1);

/// From the request to the end of the answer's head.
const ANSWER: Duration = Duration::from_secs(2);

/// One read waits at most this long, so that a stop is heard.
const SLICE: Duration = Duration::from_millis(50);

/// Trouble with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConnectionError {
    /// The answer is no HTTP, or its stream ended.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The camera closed the connection.
    #[error("the camera closed the connection")]
    Closed,
    /// No connection, or it broke.
    #[error("no connection: {0}")]
    Io(io::ErrorKind),
    /// Nothing, or not all of the head, came in time.
    #[error("no answer in time")]
    Silent,
}

impl ConnectionError {
    /// What to do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Body(BodyError::End) | Self::Closed => ErrorKind::Disconnected,
            Self::Body(BodyError::Chunk | BodyError::Head) => ErrorKind::Protocol,
            Self::Io(io::ErrorKind::PermissionDenied) => ErrorKind::PermissionDenied,
            Self::Io(_) => ErrorKind::Disconnected,
            Self::Silent => ErrorKind::Timeout,
        }
    }
}

impl From<io::Error> for ConnectionError {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

/// An open connection whose answer's head has come.
pub(super) struct Connection {
    stream: TcpStream,
    head: Head,
    body: Body,
    /// What came behind the head.
    early: Biometric<Vec<u8>>,
    buffer: Biometric<Vec<u8>>,
}

impl Connection {
    /// Sends a request without a body and waits for the head of its answer.
    pub(super) fn ask(address: &Address, method: &str) -> Result<Self, ConnectionError> {
        let mut stream = connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(CONNECT))?;
        stream.set_read_timeout(Some(SLICE))?;
        let request = format!(
            "{method} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gatepost\r\nAccept: multipart/x-mixed-replace, */*\r\n\
             Connection: close\r\n\r\n",
            address.path,
            address.authority(),
        );
        stream.write_all(request.as_bytes())?;
        let end = Instant::now() + ANSWER;
        let mut came = Biometric::new(Vec::with_capacity(MAX_HEAD));
        let mut buffer = Biometric::new(vec![0; 64 * 1024]);
        let (head, length) = loop {
            if let Some(parsed) = Head::parse(came.expose())? {
                break parsed;
            }
            if Instant::now() >= end {
                return Err(ConnectionError::Silent);
            }
            let count = read(&mut stream, buffer.expose_mut())?;
            came.expose_mut().extend_from_slice(&buffer.expose()[..count]);
        };
        came.expose_mut().drain(..length);
        let body = Body::of(&head);
        Ok(Self { stream, head, body, early: came, buffer })
    }

    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    /// Passes on what has come, or comes within a moment.
    pub(super) fn read(&mut self, parts: &mut Multipart) -> Result<(), ConnectionError> {
        let early = std::mem::replace(&mut self.early, Biometric::new(Vec::new()));
        self.body.take(early.expose(), &mut |content| parts.push(content))?;
        let count = read(&mut self.stream, self.buffer.expose_mut())?;
        self.body.take(&self.buffer.expose()[..count], &mut |content| parts.push(content))?;
        Ok(())
    }
}

/// The host's addresses in turn: a name such as localhost may stand for two, and a server listen on one.
fn connect(address: &Address) -> Result<TcpStream, ConnectionError> {
    let mut last = ConnectionError::Io(io::ErrorKind::NotFound);
    for host in resolve(address)? {
        match TcpStream::connect_timeout(&host, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// The host's addresses. The system's look-up has no time limit of ours, so it runs on a thread that is left alone
/// when it takes too long: it ends by itself.
fn resolve(address: &Address) -> Result<Vec<SocketAddr>, ConnectionError> {
    let (host, port) = (address.host.clone(), address.port);
    let (sender, receiver) = sync_channel(1);
    std::thread::Builder::new().name("look-up".into()).spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs();
        // Nobody listens any more when it took too long.
        let _ = sender.send(found.map(|all| all.take(MAX_ADDRESSES).collect()));
    })?;
    match receiver.recv_timeout(LOOK_UP) {
        Ok(found) => Ok(found?),
        Err(_) => Err(ConnectionError::Io(io::ErrorKind::NotFound)),
    }
}

/// What came within a slice of time; 0 when nothing came.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize, ConnectionError> {
    match stream.read(buffer) {
        Ok(0) => Err(ConnectionError::Closed),
        Ok(count) => Ok(count),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Ok(0),
            kind => Err(ConnectionError::Io(kind)),
        },
    }
}
