//! One request to a service and its answer, with limits for time and size.

use crate::http::{Body, BodyError, Head, MAX_HEAD};
use crate::run::Run;
use domain::guarded::Biometric;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Loopback refuses or takes a connection at once.
const CONNECT: Duration = Duration::from_millis(500);

/// One read waits at most this long, so that a stop is heard.
const SLICE: Duration = Duration::from_millis(50);

/// How long and how much is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// From the request to the last byte of the answer.
    pub time: Duration,
    /// Bytes of the answer's body.
    pub bytes: usize,
}

/// Trouble with a service. No text quotes its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ServiceError {
    /// No connection, or it broke.
    #[error("no connection: {0}")]
    Connection(io::ErrorKind),
    /// The answer broke off.
    #[error("the answer broke off")]
    CutOff,
    /// No HTTP.
    #[error(transparent)]
    Http(BodyError),
    /// No JSON, or other JSON than was awaited.
    #[error("the answer is not as specified at line {line}, column {column}")]
    Json {
        /// Line of the answer.
        line: usize,
        /// Column of it.
        column: usize,
    },
    /// Not all of the answer came in time.
    #[error("{0} bytes came in time, and that was not all")]
    Silent(usize),
    /// Another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// Nobody wants the answer any more.
    #[error("stopped")]
    Stopped,
    /// A larger answer than any sound one.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl From<io::Error> for ServiceError {
    fn from(error: io::Error) -> Self {
        Self::Connection(error.kind())
    }
}

impl From<serde_json::Error> for ServiceError {
    /// The place only: serde's words quote what they stumble over.
    fn from(error: serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}

/// A service on loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where it listens.
    pub address: SocketAddr,
}

impl Service {
    /// Sends a request with a JSON body and reads the JSON answer.
    pub fn ask<T: DeserializeOwned>(
        &self,
        request: (&str, &str),
        body: &impl Serialize,
        limit: Limit,
        run: &Run<'_>,
    ) -> Result<T, ServiceError> {
        let body = serde_json::to_vec(body)?;
        let answer = self.exchange(request, &body, limit, run)?;
        Ok(serde_json::from_slice(answer.expose())?)
    }

    /// Sends a request and reads the whole body of its answer.
    pub fn exchange(
        &self,
        request: (&str, &str),
        body: &[u8],
        limit: Limit,
        run: &Run<'_>,
    ) -> Result<Biometric<Vec<u8>>, ServiceError> {
        let mut opened = self.open(request, body, limit.time, run)?;
        if opened.head.status != 200 {
            return Err(ServiceError::Status(opened.head.status));
        }
        let mut answer = Biometric::new(Vec::new());
        loop {
            let ended = opened.read(&mut |content| answer.expose_mut().extend_from_slice(content));
            if answer.expose().len() > limit.bytes {
                return Err(ServiceError::TooLong(limit.bytes));
            }
            match ended {
                Ok(Progress::Ended) => return Ok(answer),
                Ok(Progress::Closed) if opened.until_closed => return Ok(answer),
                Ok(Progress::Closed) => return Err(ServiceError::CutOff),
                Ok(Progress::Open) => {}
                Err(error) => return Err(error),
            }
            if run.stopped() {
                return Err(ServiceError::Stopped);
            }
            if Instant::now() >= opened.deadline {
                return Err(ServiceError::Silent(answer.expose().len()));
            }
        }
    }

    /// Sends a request and waits for the head of its answer.
    pub fn open(
        &self,
        (method, path): (&str, &str),
        body: &[u8],
        time: Duration,
        run: &Run<'_>,
    ) -> Result<Opened, ServiceError> {
        let deadline = Instant::now() + time;
        let mut stream = TcpStream::connect_timeout(&self.address, CONNECT.min(time))?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(CONNECT))?;
        stream.set_read_timeout(Some(SLICE))?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nEXT: gatepost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            body.len(),
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut came = Biometric::new(Vec::with_capacity(MAX_HEAD));
        let mut buffer = Biometric::new(vec![0; 64 * 1024]);
        let (head, length) = loop {
            if let Some(parsed) = Head::parse(came.expose()).map_err(ServiceError::Http)? {
                break parsed;
            }
            if run.stopped() {
                return Err(ServiceError::Stopped);
            }
            if Instant::now() >= deadline {
                return Err(ServiceError::Silent(came.expose().len()));
            }
            match receive(&mut stream, buffer.expose_mut())? {
                Some(0) => return Err(ServiceError::CutOff),
                Some(count) => came.expose_mut().extend_from_slice(&buffer.expose()[..count]),
                None => {}
            }
        };
        came.expose_mut().drain(..length);
        let until_closed = head.header("transfer-encoding").is_none() && head.header("content-length").is_none();
        let body = Body::of(&head);
        Ok(Opened { head, stream, body, early: Some(came), buffer, deadline, until_closed })
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.address)
    }
}

/// An answer whose head has come.
pub struct Opened {
    /// The head.
    pub head: Head,
    stream: TcpStream,
    body: Body,
    /// What came behind the head.
    early: Option<Biometric<Vec<u8>>>,
    buffer: Biometric<Vec<u8>>,
    deadline: Instant,
    /// The head does not tell where the body ends.
    until_closed: bool,
}

/// Whether more is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The connection was closed.
    Closed,
    /// The body is whole, as its head announced it.
    Ended,
    /// More may come.
    Open,
}

impl Opened {
    /// Passes on what has come, or comes within a moment.
    pub fn read(&mut self, content: &mut dyn FnMut(&[u8])) -> Result<Progress, ServiceError> {
        let taken = match self.early.take() {
            Some(early) => self.body.take(early.expose(), content),
            None => match receive(&mut self.stream, self.buffer.expose_mut())? {
                Some(0) => return Ok(Progress::Closed),
                Some(count) => self.body.take(&self.buffer.expose()[..count], content),
                None => Ok(()),
            },
        };
        match taken {
            Ok(()) => Ok(Progress::Open),
            Err(BodyError::End) => Ok(Progress::Ended),
            Err(error) => Err(ServiceError::Http(error)),
        }
    }
}

/// How many bytes came within a slice of time: none at the end, nothing when nothing came.
fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Option<usize>, ServiceError> {
    match stream.read(buffer) {
        Ok(count) => Ok(Some(count)),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Ok(None),
            kind => Err(ServiceError::Connection(kind)),
        },
    }
}
