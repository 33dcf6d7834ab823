//! Connections of stations: TLS is spoken before anything else, off the task that accepts, and never for long.

use crate::clock::Clock;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use link::{Facts, Refused, Time};
use rustls::ServerConfig;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection on which nothing comes for so long is closed. Stations close theirs after 90 s without a request.
const IDLE: Duration = Duration::from_secs(120);

/// Handshakes that are through and wait for the server.
const READY: usize = 16;

/// How long to wait when the system has no more descriptors.
const NO_DESCRIPTORS: Duration = Duration::from_millis(500);

/// Whose certificate was shown on a connection. TLS has verified it; what it says is in here.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The certificate; none where none is asked for.
    pub certificate: Option<Facts>,
}

/// Accepts connections of TLS.
pub struct TlsListener {
    ready: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
}

/// A connection after its handshake.
pub struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    idle: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl TlsListener {
    /// Takes connections, so many at a time.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn start(listener: TcpListener, config: ServerConfig, most: usize) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(READY);
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), Arc::new(Semaphore::new(most)), sender));
        Ok(Self { ready, address })
    }
}

/// The intake's clock as TLS wants it.
pub fn time_of(clock: &Clock) -> Time {
    Time(clock.clone())
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    permits: Arc<Semaphore>,
    ready: mpsc::Sender<(Connection, SocketAddr)>,
) {
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ready.closed() => return,
        };
        match accepted {
            Ok((stream, address)) => {
                let (acceptor, ready) = (acceptor.clone(), ready.clone());
                tokio::spawn(async move {
                    if let Some(connection) = handshake(&acceptor, stream, address, permit).await {
                        // A server that is ending takes no more.
                        let _ = ready.send((connection, address)).await;
                    }
                });
            }
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted");
                sleep(NO_DESCRIPTORS).await;
            }
        }
    }
}

async fn handshake(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    address: SocketAddr,
    permit: OwnedSemaphorePermit,
) -> Option<Connection> {
    // Answers are small and must not wait for more.
    let _ = stream.set_nodelay(true);
    let stream = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            let reason = Refused::of(&error).id();
            tracing::warn!(%address, reason, detail = %error, "a connection is refused");
            return None;
        }
        Err(_) => {
            tracing::warn!(%address, reason = "too-slow", "a connection is refused");
            return None;
        }
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = Peer { certificate: shown.and_then(|leaf| Facts::read(leaf)) };
    Some(Connection { stream, peer, idle: Box::pin(sleep(IDLE)), _permit: permit })
}

impl Listener for TlsListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The accepting task ends only with this listener.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.io().peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => {
                self.idle.as_mut().reset(Instant::now() + IDLE);
                Poll::Ready(read)
            }
            Poll::Pending => self.idle.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
