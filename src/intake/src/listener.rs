//! Connections to the intake: how long each may take for what, and how many there may be. TLS is spoken off the task that
//! accepts, every connection has a task of its own, and none is waited for without an end.
//!
//! What ends a connection that does not speak: [`HANDSHAKE`], then [`Door::header`] for each head of a request and for the
//! time between two requests, then the time limits of the routes for bodies and answers, and [`SILENCE`] for all of it.

use crate::crowd::{Crowd, Heard, Place};
use crate::metrics::Metrics;
use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use link::{Facts, Refused};
use rustls::ServerConfig;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::Service as _;

/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection on which no byte moves for so long is closed, whatever it waits for: twice the time that a route takes to
/// answer.
const SILENCE: Duration = Duration::from_secs(60);

/// Bytes of a request's head, and of what is read ahead of its body.
const BUFFER: usize = 32 << 10;

/// How long requests may go on after the intake was told to end.
const FAREWELL: Duration = Duration::from_secs(30);

/// How long to wait when the system has no more descriptors.
const NO_DESCRIPTORS: Duration = Duration::from_millis(500);

/// Whose certificate was shown on a connection, and from where. TLS has verified it; what it says is in here.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: IpAddr,
    /// The certificate; none where none is asked for.
    pub certificate: Option<Facts>,
}

/// What a listener asks of those who come.
pub(crate) struct Door {
    /// How TLS is spoken; nothing where it is not.
    pub tls: Option<ServerConfig>,
    /// Connections at once.
    pub most: usize,
    /// Connections at once from one address.
    pub most_of_one: usize,
    /// Longest time for the head of a request, which is also the longest time between two requests.
    pub header: Duration,
    /// Whether a connection may bring more than one request.
    pub keep_alive: bool,
}

/// What the connections of one listener have in common.
struct Room {
    tls: Option<TlsAcceptor>,
    crowd: Crowd,
    header: Duration,
    keep_alive: bool,
    router: Router,
    end: watch::Receiver<bool>,
    metrics: Metrics,
}

/// Serves until `end` becomes true, then lets requests finish.
pub(crate) async fn serve_on(
    listener: TcpListener,
    door: Door,
    router: Router,
    (metrics, mut end): (Metrics, watch::Receiver<bool>),
) {
    let crowd = Crowd::new(door.most, door.most_of_one);
    let tls = door.tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    let (header, keep_alive, ending) = (door.header, door.keep_alive, end.clone());
    let room = Arc::new(Room { tls, crowd, header, keep_alive, router, end: ending, metrics });
    // Nothing is ever sent: the channel ends when the last connection does.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error says that nobody can tell any more.
            _ = end.wait_for(|ended| *ended) => break,
        };
        match accepted {
            Ok((stream, address)) => match room.crowd.enter(address.ip()) {
                Some(place) => {
                    tokio::spawn(attend(Arc::clone(&room), stream, address, place, open.clone()));
                }
                None => room.metrics.connection_refused("too-many-of-one-address"),
            },
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted");
                sleep(NO_DESCRIPTORS).await;
            }
        }
    }
    drop((listener, open));
    // Whoever takes longer is cut off: the station sends its record again.
    let _ = timeout(FAREWELL, all_closed.recv()).await;
}

/// One connection, from its first byte to its last, or until its place is taken.
async fn attend(room: Arc<Room>, stream: TcpStream, address: SocketAddr, place: Place, _open: mpsc::Sender<()>) {
    tokio::select! {
        () = room.converse(stream, address, place.heard()) => {}
        () = place.sent_away() => room.metrics.connection_refused("crowded-out"),
    }
}

impl Room {
    async fn converse(&self, stream: TcpStream, address: SocketAddr, heard: Heard) {
        // Answers are small and must not wait for more.
        let _ = stream.set_nodelay(true);
        let stream = Watched { stream, heard, silence: Box::pin(sleep(SILENCE)) };
        let Some(acceptor) = &self.tls else {
            return self.serve(stream, Peer { address: address.ip(), certificate: None }).await;
        };
        if let Some(stream) = self.handshake(acceptor, stream, address).await {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let peer = Peer { address: address.ip(), certificate: shown.and_then(|leaf| Facts::read(leaf)) };
            self.serve(stream, peer).await;
        }
    }

    async fn handshake(
        &self,
        acceptor: &TlsAcceptor,
        stream: Watched,
        address: SocketAddr,
    ) -> Option<TlsStream<Watched>> {
        let reason = match timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => {
                let reason = Refused::of(&error).id();
                tracing::warn!(%address, reason, detail = %error, "a connection is refused");
                reason
            }
            Err(_) => {
                tracing::warn!(%address, reason = "too-slow", "a connection is refused");
                "too-slow"
            }
        };
        self.metrics.connection_refused(reason);
        None
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: Peer) {
        let service = service_fn(|mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer.clone()));
            self.router.clone().call(request)
        });
        let mut connection = pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(self.header)
                .keep_alive(self.keep_alive)
                .max_buf_size(BUFFER)
                .serve_connection(TokioIo::new(stream), service)
        );
        let mut end = self.end.clone();
        let ended = async move { drop(end.wait_for(|ended| *ended).await) };
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = ended => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        // The other side has gone, was silent, or does not speak HTTP: its own affair.
        drop(served);
    }
}

/// A connection's bytes: what moves is noted, and silence ends it.
struct Watched {
    stream: TcpStream,
    heard: Heard,
    silence: Pin<Box<Sleep>>,
}

impl Watched {
    fn moved(&mut self) {
        self.heard.now();
        self.silence.as_mut().reset(Instant::now() + SILENCE);
    }

    /// After a try that has to wait: whether it has waited for too long.
    fn waited<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.silence.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(read) => {
                self.moved();
                Poll::Ready(read)
            }
            Poll::Pending => self.waited(cx),
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Ready(written) => {
                self.moved();
                Poll::Ready(written)
            }
            Poll::Pending => self.waited(cx),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Bytes;
    use axum::routing::{get, post};
    use link::{Identity, Time};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Longest time for a head in these tests.
    const HEADER: Duration = Duration::from_secs(5);

    /// More than the buffers of a connection hold.
    const LARGE: usize = 64 << 20;

    /// A listener at work; the sender ends it.
    async fn serving(tls: bool) -> (SocketAddr, watch::Sender<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, (end, ended)) = (listener.local_addr().unwrap(), watch::channel(false));
        let config = || link::server_for_anybody(Identity::default(), Time(Arc::new(|| 0))).unwrap();
        let door = Door { tls: tls.then(config), most: 8, most_of_one: 8, header: HEADER, keep_alive: true };
        let router = Router::new()
            .route("/", get(|| async { "good" }).post(|body: Bytes| async move { body.len().to_string() }))
            .route("/large", post(|| async { vec![7; LARGE] }));
        tokio::spawn(serve_on(listener, door, router, (Metrics::default(), ended)));
        (address, end)
    }

    /// Time is tokio's own, which jumps to the next thing that waits.
    #[tokio::test(start_paused = true)]
    async fn silence_ends_every_connection_in_its_time() {
        let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        for (what, tls, said, expected) in [
            ("nothing", false, "", HEADER),
            ("half a head", false, "GET / HTTP/1.1\r\nHost:", HEADER),
            ("one request and no other", false, request, HEADER),
            ("half a body", false, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf", SILENCE),
            ("nothing of TLS", true, "", HANDSHAKE),
            ("half a record of TLS", true, "\u{16}\u{3}\u{1}", HANDSHAKE),
        ] {
            let (address, _end) = serving(tls).await;
            let mut connection = TcpStream::connect(address).await.unwrap();
            let begin = Instant::now();
            connection.write_all(said.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            // A connection may be reset as well as closed.
            let _ = connection.read_to_end(&mut answer).await;
            let took = begin.elapsed();
            assert!((expected..expected + Duration::from_secs(1)).contains(&took), "{what}: {took:?}");
            assert_eq!(answer.starts_with(b"HTTP/1.1 200 OK"), said == request, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_in_drops_has_no_more_time_than_another() {
        let (address, _end) = serving(false).await;
        let (mut from, mut to) = TcpStream::connect(address).await.unwrap().into_split();
        let begin = Instant::now();
        let dropping = tokio::spawn(async move {
            while to.write_all(b"G").await.is_ok() {
                sleep(Duration::from_millis(100)).await;
            }
        });
        let _ = from.read_to_end(&mut Vec::new()).await;
        assert!((HEADER..HEADER + Duration::from_secs(1)).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        dropping.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_take_an_answer_does_not_get_all_of_it() {
        let (address, _end) = serving(false).await;
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"POST /large HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        sleep(2 * SILENCE).await;
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK") && answer.len() < LARGE, "{} bytes", answer.len());
    }

    #[tokio::test]
    async fn an_end_lets_requests_finish_and_no_other_begin() {
        let (address, end) = serving(false).await;
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nha").await.unwrap();
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut first = [0; 15];
        idle.read_exact(&mut first).await.unwrap();
        end.send(true).unwrap();
        idle.read_to_end(&mut Vec::new()).await.unwrap();
        connection.write_all(b"lf").await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n4"), "{answer}");
        assert!(TcpStream::connect(address).await.is_err());
    }
}
