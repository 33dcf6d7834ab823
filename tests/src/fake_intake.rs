//! An intake that answers wrongly, or not at all: with the certificate of the right one, or stations would not talk to it.

use link::{Identity, Time};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use store::FileKey;

/// The longest request that is read: the largest envelope and its head.
const MAX_REQUEST: u64 = 8 << 20;

/// How long one end of a connection may keep the other waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 201, with bytes that are no receipt.
    FalseReceipt,
    /// Bytes that are no HTTP.
    Garbage,
    /// Closes the connection after the request.
    Nothing,
    /// 201, and an answer without end.
    TooLong,
    /// 500.
    Trouble,
}

/// A listener on the intake's port. Dropping it frees the port.
pub struct FakeIntake {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
    port: u16,
}

struct State {
    answer: Mutex<Answer>,
    answered: Mutex<Vec<Answer>>,
    over: AtomicBool,
}

impl FakeIntake {
    /// Listens, with the certificate of the intake whose data folder this is.
    pub fn start(port: u16, answer: Answer, intake: &Path) -> Self {
        let config = Arc::new(tls(intake));
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let state =
            Arc::new(State { answer: Mutex::new(answer), answered: Mutex::default(), over: AtomicBool::new(false) });
        let of_thread = Arc::clone(&state);
        let thread = std::thread::spawn(move || serve(&listener, &config, &of_thread));
        Self { state, thread: Some(thread), port }
    }

    /// Changes the answer.
    pub fn answer(&self, answer: Answer) {
        *self.state.answer.lock().unwrap() = answer;
    }

    /// How often it has answered this way.
    pub fn count(&self, answer: Answer) -> usize {
        self.state.answered.lock().unwrap().iter().filter(|given| **given == answer).count()
    }
}

impl Drop for FakeIntake {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        // Wakes the listener; one that is gone needs no waking.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// TLS as the intake speaks it, asking for no certificate.
fn tls(intake: &Path) -> ServerConfig {
    let pem = std::fs::read_to_string(intake.join("tls/server.pem")).unwrap();
    let key = FileKey::load(&intake.join("tls/server.key")).unwrap();
    let identity = link::certified(link::chain_from_pem(&pem).unwrap(), Arc::new(key)).unwrap();
    let clock = jiff::Timestamp::now;
    link::server_for_anybody(Identity::new(identity), Time(Arc::new(move || clock().as_millisecond()))).unwrap()
}

fn serve(listener: &TcpListener, config: &Arc<ServerConfig>, state: &State) {
    for connection in listener.incoming() {
        if state.over.load(Ordering::SeqCst) {
            return;
        }
        // A connection that breaks is no more than that: the station tries again.
        if let Ok(Ok(Some(answer))) = connection.map(|connection| converse(connection, config, state)) {
            state.answered.lock().unwrap().push(answer);
        }
    }
}

/// Reads one request whole and answers it; nothing when none came.
fn converse(connection: TcpStream, config: &Arc<ServerConfig>, state: &State) -> std::io::Result<Option<Answer>> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let tls = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut reader = BufReader::new(StreamOwned::new(tls, connection).take(MAX_REQUEST));
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    reader.read_exact(&mut vec![0; length])?;
    let answer = *state.answer.lock().unwrap();
    let head = |status: &str, length: usize| format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
    let bytes = match answer {
        Answer::FalseReceipt => [head("201 Created", 64).into_bytes(), vec![0xA5; 64]].concat(),
        Answer::Garbage => b"\x00\xff\x13garbage\r\n\r\n".to_vec(),
        Answer::Nothing => Vec::new(),
        Answer::TooLong => [head("201 Created", 1 << 20).into_bytes(), vec![0x5A; 1 << 20]].concat(),
        Answer::Trouble => head("500 Internal Server Error", 0).into_bytes(),
    };
    // A station that has read enough hangs up on the endless answer.
    let mut connection = reader.into_inner().into_inner();
    let sent = connection.write_all(&bytes).and_then(|()| connection.flush());
    // Said in order, so that the station knows the end of what came.
    connection.conn.send_close_notify();
    let _ = connection.flush();
    if answer != Answer::TooLong {
        sent?;
    }
    Ok(Some(answer))
}
