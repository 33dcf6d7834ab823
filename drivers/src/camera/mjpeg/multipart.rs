//! The parts of a `multipart/x-mixed-replace` stream (RFC 2046, section 5.1), with and without lengths. No I/O.

use domain::guarded::Biometric;
use thiserror::Error;

/// The longest part in bytes: a 4K JPEG of good quality has about 4 million.
pub const MAX_PART: usize = 8 * 1024 * 1024;

/// The longest head of a part in bytes.
pub const MAX_PART_HEAD: usize = 8 * 1024;

/// The longest boundary: RFC 2046 allows 70 letters, some cameras add dashes.
const MAX_BOUNDARY: usize = 80;

/// A stream whose parts cannot be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MultipartError {
    /// The last boundary has come.
    #[error("the stream has ended")]
    End,
    /// A part's head is longer than [`MAX_PART_HEAD`].
    #[error("the head of a part is too long")]
    HeadTooLong,
    /// A part is longer than [`MAX_PART`], or no boundary comes.
    #[error("a part is too long, or no boundary comes")]
    PartTooLong,
}

/// Cuts a stream into its parts.
pub struct Multipart {
    /// With the two dashes before it.
    boundary: Vec<u8>,
    buffer: Biometric<Vec<u8>>,
    /// Up to here the buffer was searched in vain.
    searched: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the next boundary.
    Between,
    /// Behind a boundary.
    Head,
    /// In a part; its length, where its head tells one.
    Body(Option<usize>),
}

impl Multipart {
    /// For an answer with this `Content-Type`; nothing where that is no multipart stream.
    pub fn for_content_type(kind: &str) -> Option<Self> {
        let mut words = kind.split(';').map(str::trim);
        words.next().filter(|word| word.eq_ignore_ascii_case("multipart/x-mixed-replace"))?;
        let boundary = words.find_map(|word| {
            let (name, value) = word.split_once('=')?;
            name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
        })?;
        // Some cameras state the boundary with its dashes, and then send it with two only.
        let bare = boundary.trim_start_matches('-');
        let fits = (1..=MAX_BOUNDARY).contains(&bare.len());
        fits.then(|| Self {
            boundary: [b"--", bare.as_bytes()].concat(),
            buffer: Biometric::new(Vec::new()),
            searched: 0,
            state: State::Between,
        })
    }

    /// Takes bytes of the stream. Call [`Self::next_part`] until it has none before taking more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.expose_mut().extend_from_slice(bytes);
    }

    /// The next whole part, nothing while it has not come.
    pub fn next_part(&mut self) -> Result<Option<Biometric<Vec<u8>>>, MultipartError> {
        loop {
            let more = match self.state {
                State::Between => self.skip_to_boundary()?,
                State::Head => self.read_head()?,
                State::Body(Some(length)) => return Ok(self.cut(length)),
                State::Body(None) => return self.cut_at_boundary(),
            };
            if !more {
                return Ok(None);
            }
        }
    }

    /// The last whole part that has come; those before it are out of date. What is wrong behind it, the next call tells.
    pub fn newest(&mut self) -> Result<Option<Biometric<Vec<u8>>>, MultipartError> {
        let mut newest = None;
        loop {
            match self.next_part() {
                Ok(Some(part)) => newest = Some(part),
                Err(error) if newest.is_none() => return Err(error),
                Ok(None) | Err(_) => return Ok(newest),
            }
        }
    }

    fn skip_to_boundary(&mut self) -> Result<bool, MultipartError> {
        match self.find_boundary() {
            Some(at) => {
                self.drop_front(at + self.boundary.len());
                self.state = State::Head;
                Ok(true)
            }
            None => {
                // Keep what could be the beginning of a boundary.
                let keep = self.boundary.len() - 1;
                self.drop_front(self.buffer.expose().len().saturating_sub(keep));
                Ok(false)
            }
        }
    }

    fn read_head(&mut self) -> Result<bool, MultipartError> {
        let buffer = self.buffer.expose();
        if buffer.starts_with(b"--\r\n") {
            return Err(MultipartError::End);
        }
        let Some(end) = buffer.windows(4).take(MAX_PART_HEAD).position(|four| four == b"\r\n\r\n") else {
            return if buffer.len() > MAX_PART_HEAD { Err(MultipartError::HeadTooLong) } else { Ok(false) };
        };
        let length = content_length(&buffer[..end]);
        if length.is_some_and(|length| length > MAX_PART) {
            return Err(MultipartError::PartTooLong);
        }
        self.drop_front(end + 4);
        self.state = State::Body(length);
        Ok(true)
    }

    fn cut(&mut self, length: usize) -> Option<Biometric<Vec<u8>>> {
        let part = self.buffer.expose().get(..length)?.to_vec();
        self.drop_front(length);
        self.state = State::Between;
        Some(Biometric::new(part))
    }

    fn cut_at_boundary(&mut self) -> Result<Option<Biometric<Vec<u8>>>, MultipartError> {
        match self.find_boundary() {
            Some(at) => {
                let body = &self.buffer.expose()[..at];
                let length = body.strip_suffix(b"\r\n").unwrap_or(body).len();
                Ok(self.cut(length))
            }
            None if self.buffer.expose().len() > MAX_PART => Err(MultipartError::PartTooLong),
            None => Ok(None),
        }
    }

    fn find_boundary(&mut self) -> Option<usize> {
        let buffer = self.buffer.expose();
        let from = self.searched.saturating_sub(self.boundary.len());
        let found = buffer[from..].windows(self.boundary.len()).position(|here| here == self.boundary);
        self.searched = if found.is_some() { 0 } else { buffer.len() };
        found.map(|at| from + at)
    }

    fn drop_front(&mut self, count: usize) {
        self.buffer.expose_mut().drain(..count);
        self.searched = 0;
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream() -> Multipart {
        Multipart::for_content_type("multipart/x-mixed-replace; boundary=frame").unwrap()
    }

    fn all(stream: &mut Multipart) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| stream.next_part().unwrap()).map(|part| part.expose().clone()).collect()
    }

    #[test]
    fn content_types() {
        for (kind, known) in [
            ("multipart/x-mixed-replace; boundary=frame", true),
            ("Multipart/X-Mixed-Replace;boundary=\"--frame\"", true),
            ("multipart/x-mixed-replace", false),
            ("multipart/x-mixed-replace; boundary=", false),
            ("image/jpeg", false),
            ("", false),
        ] {
            assert_eq!(Multipart::for_content_type(kind).is_some(), known, "{kind}");
        }
    }

    #[test]
    fn parts_with_and_without_a_length() {
        let mut stream = stream();
        stream.push(b"noise--frame\r\nContent-Length: 3\r\n\r\nabc\r\n--frame\r\nX: y\r\n\r\ndef\r\n--frame\r\n");
        assert_eq!(all(&mut stream), [b"abc".to_vec(), b"def".to_vec()]);
        stream.push(b"\r\nghi\r\n--frame--\r\n");
        assert_eq!(stream.next_part().unwrap().unwrap().expose(), b"ghi");
        assert_eq!(stream.next_part(), Err(MultipartError::End));
    }

    #[test]
    fn limits_hold() {
        let mut long_head = stream();
        long_head.push(b"--frame\r\n");
        long_head.push(&vec![b'x'; MAX_PART_HEAD + 1]);
        assert_eq!(long_head.next_part(), Err(MultipartError::HeadTooLong));

        let mut announced = stream();
        announced.push(format!("--frame\r\nContent-Length: {}\r\n\r\n", MAX_PART + 1).as_bytes());
        assert_eq!(announced.next_part(), Err(MultipartError::PartTooLong));

        let mut endless = stream();
        endless.push(b"--frame\r\n\r\n");
        endless.push(&vec![0; MAX_PART + 1]);
        assert_eq!(endless.next_part(), Err(MultipartError::PartTooLong));

        let mut noise = stream();
        noise.push(&vec![b'-'; MAX_PART]);
        assert_eq!(noise.next_part(), Ok(None));
        assert!(noise.buffer.expose().len() < MAX_BOUNDARY);
    }

    proptest! {
        #[test]
        fn parts_arrive_however_they_are_cut(
            sent in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..6),
            cut in 1usize..50,
        ) {
            let mut wire = Vec::new();
            for part in &sent {
                wire.extend_from_slice(format!("--frame\r\nContent-Length: {}\r\n\r\n", part.len()).as_bytes());
                wire.extend_from_slice(part);
                wire.extend_from_slice(b"\r\n");
            }
            let mut stream = stream();
            let mut got = Vec::new();
            for piece in wire.chunks(cut) {
                stream.push(piece);
                got.extend(all(&mut stream));
            }
            prop_assert_eq!(got, sent);
        }

        #[test]
        fn arbitrary_bytes_never_panic(
            pieces in proptest::collection::vec(
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..60),
                    Just(b"--frame".to_vec()),
                    Just(b"\r\n\r\n".to_vec()),
                    Just(b"\r\nContent-Length: 7\r\n\r\n".to_vec()),
                ],
                0..40,
            ),
        ) {
            let mut stream = stream();
            for piece in pieces {
                stream.push(&piece);
                while let Ok(Some(_)) = stream.next_part() {}
            }
        }
    }
}
