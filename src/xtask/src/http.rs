//! The one HTTP request that this program makes: a GET on loopback, answered in full or not at all.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// The most that is read of an answer, in bytes.
const MAX_ANSWER: u64 = 1 << 20;

/// How long the other side may take for each read.
const PATIENCE: Duration = Duration::from_secs(2);

/// Status and body of `GET path` at this port of the machine itself.
pub fn get(port: u16, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&loopback(port), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // In one piece: a server may answer and close as soon as it has read the first.
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer))
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))
}

/// Whether nobody listens at this port.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind(loopback(port)).is_ok()
}

/// Whether somebody accepts connections at this port.
pub fn is_open(port: u16) -> bool {
    TcpStream::connect_timeout(&loopback(port), PATIENCE).is_ok()
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn answers_are_taken_apart() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nwell", Some((200, "well".to_owned()))),
            ("HTTP/1.0 503 Busy\r\n\r\n", Some((503, String::new()))),
            ("HTTP/1.1 abc\r\n\r\n", None),
            ("SSH-2.0\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(parse(answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_server_is_asked_once_and_answers() {
        let listener = TcpListener::bind(loopback(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n{}").unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        assert_eq!(get(port, "/health").unwrap(), (200, "{}".to_owned()));
        assert!(server.join().unwrap().starts_with("GET /health HTTP/1.1\r\nHost: localhost:"));
        assert!(get(port, "/health").is_err(), "nobody listens any more");
    }
}
