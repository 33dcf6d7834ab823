//! As much of HTTP/1.1 (RFC 9112) as a device's answer needs: a head, and a body in chunks, of a stated length, or up
//! to the end of the connection. No I/O.

use thiserror::Error;

/// Bytes of an answer's head at most.
pub const MAX_HEAD: usize = 16 * 1024;

/// Bytes of one line between chunks at most.
const MAX_CHUNK_LINE: usize = 256;

/// The largest chunk in bytes that a server may announce.
const MAX_CHUNK: u64 = 64 * 1024 * 1024;

/// The head of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    /// The head at the start of these bytes and its length; nothing while it is not whole, an error when it never
    /// will be.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, BodyError> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() > MAX_HEAD { Err(BodyError::Head) } else { Ok(None) };
        };
        if end > MAX_HEAD {
            return Err(BodyError::Head);
        }
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| BodyError::Head)?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(status_of).ok_or(BodyError::Head)?;
        let headers = lines
            .map(|line| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
            .collect::<Option<Vec<_>>>()
            .ok_or(BodyError::Head)?;
        Ok(Some((Self { status, headers }, end + 4)))
    }

    /// The first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An answer that is no HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// A chunk without a length, or with too large a one.
    #[error("the chunks of the answer are damaged")]
    Chunk,
    /// The body is at its end: a stream broke off there, an answer is whole.
    #[error("the stream has ended")]
    End,
    /// No head, or too long a one.
    #[error("the head of the answer is damaged")]
    Head,
}

/// Takes the transfer coding off a body.
#[derive(Debug)]
pub struct Body {
    state: State,
    line: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Bytes as they are, until the connection closes.
    Plain,
    /// Bytes as they are, this many more.
    Length(u64),
    /// In the line that gives a chunk's length.
    ChunkLine,
    /// In a chunk, this many bytes before its end.
    Chunk(u64),
    /// In the line end behind a chunk.
    ChunkEnd,
}

impl Body {
    /// The coding that this head announces.
    pub fn of(head: &Head) -> Self {
        let chunked = head.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length = head.header("content-length").and_then(|length| length.parse().ok());
        let state = if chunked { State::ChunkLine } else { length.map_or(State::Plain, State::Length) };
        Self { state, line: Vec::new() }
    }

    /// Passes the content among these bytes on. [`BodyError::End`] when that was all, as far as the head can tell.
    pub fn take(&mut self, mut bytes: &[u8], content: &mut dyn FnMut(&[u8])) -> Result<(), BodyError> {
        if self.state == State::Length(0) {
            return Err(BodyError::End);
        }
        while let Some(first) = bytes.first() {
            match self.state {
                State::Plain => {
                    content(bytes);
                    return Ok(());
                }
                State::Length(left) => {
                    let here = left.min(bytes.len() as u64);
                    content(&bytes[..here as usize]);
                    self.state = State::Length(left - here);
                    return if here == left { Err(BodyError::End) } else { Ok(()) };
                }
                State::Chunk(left) => {
                    let here = left.min(bytes.len() as u64);
                    let (chunk, rest) = bytes.split_at(here as usize);
                    content(chunk);
                    bytes = rest;
                    self.state = if here == left { State::ChunkEnd } else { State::Chunk(left - here) };
                }
                State::ChunkLine | State::ChunkEnd => {
                    self.line.push(*first);
                    bytes = &bytes[1..];
                    if self.line.ends_with(b"\r\n") {
                        self.line_ended()?;
                    } else if self.line.len() > MAX_CHUNK_LINE {
                        return Err(BodyError::Chunk);
                    }
                }
            }
        }
        Ok(())
    }

    fn line_ended(&mut self) -> Result<(), BodyError> {
        let line = std::mem::take(&mut self.line);
        let line = &line[..line.len() - 2];
        if self.state == State::ChunkEnd {
            self.state = State::ChunkLine;
            return if line.is_empty() { Ok(()) } else { Err(BodyError::Chunk) };
        }
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let digits = std::str::from_utf8(digits).map_err(|_| BodyError::Chunk)?;
        match u64::from_str_radix(digits, 16) {
            Ok(0) => Err(BodyError::End),
            Ok(length) if length <= MAX_CHUNK && !digits.starts_with('+') => {
                self.state = State::Chunk(length);
                Ok(())
            }
            _ => Err(BodyError::Chunk),
        }
    }
}

fn status_of(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(1..))?;
    let status = rest.trim_start().split(' ').next()?.parse().ok()?;
    (100..600).contains(&status).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(text: &str) -> Head {
        Head::parse(text.as_bytes()).unwrap().unwrap().0
    }

    #[test]
    fn heads() {
        let got = head("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nX-Device-Id:  SIMULATED CAMERA 1 \r\n\r\nbody");
        assert_eq!(got.status, 200);
        assert_eq!(got.header("x-device-id"), Some("SIMULATED CAMERA 1"));
        assert_eq!(got.header("x-other"), None);
        assert_eq!(Head::parse(b"HTTP/1.1 200 OK\r\n"), Ok(None));
        for bad in ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n"] {
            assert_eq!(Head::parse(bad.as_bytes()), Err(BodyError::Head), "{bad}");
        }
        assert_eq!(Head::parse(&vec![b'x'; MAX_HEAD + 1]), Err(BodyError::Head));
    }

    #[test]
    fn damaged_chunks_are_refused() {
        for (bytes, error) in [
            (&b"xyz\r\n"[..], BodyError::Chunk),
            (b"+5\r\n", BodyError::Chunk),
            (b"ffffffffff\r\n", BodyError::Chunk),
            (b"2\r\nabc\r\n", BodyError::Chunk),
            (b"0\r\n", BodyError::End),
            (&[b'1'; 300], BodyError::Chunk),
        ] {
            let mut body = Body::of(&head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
            assert_eq!(body.take(bytes, &mut |_| ()), Err(error));
        }
    }

    #[test]
    fn a_stated_length_ends_the_body() {
        let mut body = Body::of(&head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
        let mut got = Vec::new();
        assert_eq!(body.take(b"ab", &mut |content| got.extend_from_slice(content)), Ok(()));
        assert_eq!(body.take(b"cdefg", &mut |content| got.extend_from_slice(content)), Err(BodyError::End));
        assert_eq!(body.take(b"h", &mut |_| ()), Err(BodyError::End));
        assert_eq!(got, b"abcde");
        let mut empty = Body::of(&head("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(empty.take(b"", &mut |_| ()), Err(BodyError::End));
        // No number: until the connection closes.
        let mut odd = Body::of(&head("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"));
        assert_eq!(odd.take(b"abc", &mut |_| ()), Ok(()));
    }

    proptest! {
        #[test]
        fn chunks_come_off_however_they_are_cut(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6),
            cut in 1usize..20,
        ) {
            let wire: Vec<u8> =
                chunks.iter().flat_map(|c| [format!("{:x};x=y\r\n", c.len()).as_bytes(), c, b"\r\n"].concat()).collect();
            let mut body = Body::of(&head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
            let mut got = Vec::new();
            for piece in wire.chunks(cut) {
                body.take(piece, &mut |content| got.extend_from_slice(content)).unwrap();
            }
            prop_assert_eq!(got, chunks.concat());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Head::parse(&bytes);
            let mut body = Body::of(&head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
            let _ = body.take(&bytes, &mut |_| ());
        }
    }
}
