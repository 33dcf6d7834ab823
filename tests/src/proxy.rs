//! A bad network between a station and its intake: connections end in the middle of requests, answers get lost after the
//! intake has given them, and some requests arrive late, after others that were sent later: the sender has given them up by
//! then and sent them again, so that they arrive twice and out of order. It passes bytes on and reads none, so that it
//! stands in TLS as well.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use store::testing::Draw;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Bytes that are passed on at a time: more than a small record, so that a request is one piece as a rule.
const PIECE: usize = 64 << 10;

/// One request in so many is cut in its middle.
const CUT_REQUESTS: u64 = 50;

/// One request in so many is held back, and its sender hears that the connection is gone.
const LATE_REQUESTS: u64 = 15;

/// Answers to others that a request that is held back waits for.
const OVERTAKEN_BY: u64 = 3;

/// Requests that are held back at once.
const MOST_HELD: u64 = 16;

/// What a client says before its first request at most: its part of a handshake of TLS comes in two pieces.
const HANDSHAKE_PIECES: u64 = 2;

/// What it did.
#[derive(Debug, Default)]
pub struct Done {
    /// Answers that were passed on.
    pub answers: AtomicU64,
    /// Answers that were lost, and their connections with them.
    pub lost: AtomicU64,
    /// Connections that ended in the middle of a request.
    pub cut: AtomicU64,
    /// Requests that were answered after they had been overtaken by others.
    pub late: AtomicU64,
    /// Requests that are held back.
    held: AtomicU64,
    /// Rings with every answer that was passed on.
    answered: Notify,
}

/// A proxy at work. Dropping it ends it; connections that are open end with their two sides.
pub struct Proxy {
    done: Arc<Done>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a port of loopback and passes on to another one. Of 100 answers so many are lost.
    pub async fn start(port: u16, to: u16, lost_of_100: u64, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let (done, draw) = (Arc::new(Done::default()), Arc::new(Mutex::new(Draw::new(seed))));
        let (told, to) = (Arc::clone(&done), SocketAddr::from(([127, 0, 0, 1], to)));
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let way = Way { done: Arc::clone(&told), draw: Arc::clone(&draw), lost_of_100 };
                // An intake that is not there is the client's to find out, as everything else.
                tokio::spawn(async move {
                    if let Ok(intake) = TcpStream::connect(to).await {
                        let _ = way.pass(client, intake).await;
                    }
                });
            }
        });
        Ok(Self { done, listening })
    }

    /// What it did so far.
    pub fn done(&self) -> &Done {
        &self.done
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// One connection's way.
struct Way {
    done: Arc<Done>,
    draw: Arc<Mutex<Draw>>,
    lost_of_100: u64,
}

impl Way {
    fn chance(&self, of: u64) -> u64 {
        self.draw.lock().unwrap().below(of)
    }

    fn may_hold(&self) -> bool {
        let held = self.done.held.fetch_add(1, Ordering::Relaxed);
        if held >= MOST_HELD {
            self.done.held.fetch_sub(1, Ordering::Relaxed);
        }
        held < MOST_HELD
    }

    /// Lets others overtake a request before it is passed on. Nobody waits for its answer.
    async fn hold(&self, mut intake: TcpStream, request: &[u8]) -> std::io::Result<()> {
        let after = self.done.answers.load(Ordering::Relaxed) + OVERTAKEN_BY;
        loop {
            let more = self.done.answered.notified();
            if self.done.answers.load(Ordering::Relaxed) >= after {
                break;
            }
            more.await;
        }
        let passed = intake.write_all(request).await;
        self.done.held.fetch_sub(1, Ordering::Relaxed);
        passed?;
        // One that was held back in pieces gets no answer before the intake gives it up.
        let answered = intake.read(&mut [0; 1024]).await? > 0;
        self.done.late.fetch_add(u64::from(answered), Ordering::Relaxed);
        Ok(())
    }

    /// Passes on until a side ends, or chance ends it.
    async fn pass(&self, mut client: TcpStream, mut intake: TcpStream) -> std::io::Result<()> {
        let (mut asked, mut answered) = (vec![0; PIECE], vec![0; PIECE]);
        let (mut in_answer, mut pieces) = (true, 0);
        loop {
            tokio::select! {
                read = client.read(&mut asked) => {
                    let length = read?;
                    if length == 0 {
                        return Ok(());
                    }
                    in_answer = false;
                    pieces += 1;
                    if pieces > HANDSHAKE_PIECES && self.chance(LATE_REQUESTS) == 0 && self.may_hold() {
                        drop(client);
                        return self.hold(intake, &asked[..length]).await;
                    }
                    if self.chance(CUT_REQUESTS) == 0 {
                        self.done.cut.fetch_add(1, Ordering::Relaxed);
                        return intake.write_all(&asked[..length / 2]).await;
                    }
                    intake.write_all(&asked[..length]).await?;
                }
                read = intake.read(&mut answered) => {
                    let length = read?;
                    if length == 0 {
                        return Ok(());
                    }
                    // Once for each answer, however many pieces it comes in.
                    if !in_answer && self.chance(100) < self.lost_of_100 {
                        self.done.lost.fetch_add(1, Ordering::Relaxed);
                        return Ok(());
                    }
                    self.done.answers.fetch_add(u64::from(!in_answer), Ordering::Relaxed);
                    self.done.answered.notify_waiters();
                    in_answer = true;
                    client.write_all(&answered[..length]).await?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::free_port;

    /// An echo behind the proxy: what gets through is whole, and of the rest nothing.
    #[tokio::test]
    async fn answers_are_whole_or_lost() {
        let (port, to) = (free_port(), free_port());
        let echo = TcpListener::bind(("127.0.0.1", to)).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = echo.accept().await {
                tokio::spawn(async move {
                    let mut bytes = [0; 1000];
                    while connection.read_exact(&mut bytes).await.is_ok() {
                        let _ = connection.write_all(&bytes).await;
                    }
                });
            }
        });
        let proxy = Proxy::start(port, to, 20, 1).await.unwrap();
        let (mut came, mut missed) = (0, 0);
        while came + missed < 400 {
            let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            loop {
                let mut bytes = [0; 1000];
                let sent = connection.write_all(&[7; 1000]).await;
                if sent.is_err() || connection.read_exact(&mut bytes).await.is_err() {
                    missed += 1;
                    break;
                }
                assert_eq!(bytes, [7; 1000]);
                came += 1;
            }
        }
        let [lost, late] = [&proxy.done().lost, &proxy.done().late].map(|number| number.load(Ordering::Relaxed));
        assert!((40..130).contains(&lost), "{lost} of 400 answers were lost");
        assert!(late > 0, "none was overtaken");
    }
}
