//! Where one read of a document begins and ends, and what of it are lines. No I/O: the time is passed in.

use domain::guarded::Personal;
use std::time::{Duration, Instant};

/// Bytes of one read at most: three lines of 44 characters, line ends, prefix and suffix fit.
pub const MAX_BYTES: usize = 200;

/// Lines of one read at most: TD1 has three.
pub const MAX_LINES: usize = 3;

/// A pause that ends a read.
pub const IDLE_GAP: Duration = Duration::from_millis(100);

const CR: u8 = 0x0D;
const LF: u8 = 0x0A;

/// How a reader marks what it sends.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Bytes before each read, for example STX.
    pub prefix: Vec<u8>,
    /// Bytes after each read, for example ETX.
    pub suffix: Vec<u8>,
}

/// One read, told by the pause behind it.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// The reader's answer to the question who it is: the text behind `ID `.
    Identity(String),
    /// Complete lines, separated by line feeds.
    Lines(Personal<String>),
    /// Neither: how many bytes it had, and what was wrong with them.
    Unreadable(usize, &'static str),
}

/// Collects bytes until a pause.
pub struct Framer {
    marks: Marks,
    bytes: Personal<Held>,
    last_at: Option<Instant>,
}

/// The bytes of one read, and how many came in all.
#[derive(Default)]
struct Held {
    bytes: Vec<u8>,
    came: usize,
}

impl zeroize::Zeroize for Held {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
        self.came = 0;
    }
}

impl domain::guarded::ByteLen for Held {
    fn byte_len(&self) -> usize {
        self.came
    }
}

impl Framer {
    /// An empty framer.
    pub fn new(marks: Marks) -> Self {
        // One byte more than the limit, so that the buffer never moves and leaves copies behind.
        let held = Held { bytes: Vec::with_capacity(MAX_BYTES + 1), came: 0 };
        Self { marks, bytes: Personal::new(held), last_at: None }
    }

    /// Takes bytes that came at this time. A read that ended before them is returned.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Option<Read> {
        let ended = self.poll(now);
        if !bytes.is_empty() {
            let held = self.bytes.expose_mut();
            held.came += bytes.len();
            let room = MAX_BYTES + 1 - held.bytes.len();
            held.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
            self.last_at = Some(now);
        }
        ended
    }

    /// The read that has ended by this time, if one has.
    pub fn poll(&mut self, now: Instant) -> Option<Read> {
        if now.saturating_duration_since(self.last_at?) < IDLE_GAP {
            return None;
        }
        self.last_at = None;
        let read = interpret(self.bytes.expose(), &self.marks);
        zeroize::Zeroize::zeroize(&mut self.bytes.expose_mut().bytes);
        self.bytes.expose_mut().came = 0;
        read
    }
}

/// What the bytes between two pauses mean; nothing where they are line ends only.
fn interpret(held: &Held, marks: &Marks) -> Option<Read> {
    if held.came > MAX_BYTES {
        return Some(Read::Unreadable(held.came, "too long"));
    }
    let bytes = held.bytes.as_slice();
    let bytes = bytes.strip_prefix(marks.prefix.as_slice()).unwrap_or(bytes);
    let bytes = bytes.strip_suffix(marks.suffix.as_slice()).unwrap_or(bytes);
    if bytes.iter().all(|byte| [CR, LF].contains(byte)) {
        return None;
    }
    if bytes.iter().any(|byte| ![CR, LF].contains(byte) && !(0x20..0x7F).contains(byte)) {
        return Some(Read::Unreadable(held.came, "bytes that are no text"));
    }
    if !bytes.last().is_some_and(|last| [CR, LF].contains(last)) {
        return Some(Read::Unreadable(held.came, "the last line does not end"));
    }
    let lines = bytes.split(|byte| [CR, LF].contains(byte)).filter(|line| !line.is_empty());
    // An MRZ has no blanks, so an answer that crossed a document cannot be mistaken for a part of it.
    let (answers, lines): (Vec<&[u8]>, Vec<&[u8]>) = lines.partition(|line| line.starts_with(b"ID "));
    match (lines.len(), answers.first()) {
        (0, Some(answer)) => Some(Read::Identity(ascii(&answer[3..]))),
        (1..=MAX_LINES, _) => Some(Read::Lines(Personal::new(ascii(&lines.join(&LF))))),
        _ => Some(Read::Unreadable(held.came, "too many lines")),
    }
}

/// Only called on bytes that were found to be ASCII.
fn ascii(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    text.extend(bytes.iter().map(|byte| char::from(*byte)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], marks: Marks) -> Option<Read> {
        let start = Instant::now();
        let mut framer = Framer::new(marks);
        assert_eq!(framer.push(bytes, start), None);
        assert_eq!(framer.poll(start + IDLE_GAP - Duration::from_millis(1)), None);
        framer.poll(start + IDLE_GAP)
    }

    fn lines(text: &str) -> Option<Read> {
        Some(Read::Lines(Personal::new(text.into())))
    }

    #[test]
    fn what_a_read_means() {
        let long = [b'<'; MAX_BYTES + 1];
        for (bytes, expected) in [
            (&b"AB<\rCD<\r"[..], lines("AB<\nCD<")),
            (b"AB<\r\nCD<\r\n", lines("AB<\nCD<")),
            (b"A\rB\rC\r", lines("A\nB\nC")),
            (b"ID SIMULATED MRZ READER 1\r", Some(Read::Identity("SIMULATED MRZ READER 1".into()))),
            (b"ID READER\rAB<\rCD<\r", lines("AB<\nCD<")),
            (b"\r\r", None),
            (b"A\rB\rC\rD\r", Some(Read::Unreadable(8, "too many lines"))),
            (b"AB<", Some(Read::Unreadable(3, "the last line does not end"))),
            (b"AB\xFF\r", Some(Read::Unreadable(4, "bytes that are no text"))),
            (&long, Some(Read::Unreadable(201, "too long"))),
        ] {
            assert_eq!(read(bytes, Marks::default()), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn marks_are_taken_off() {
        let marks = Marks { prefix: vec![2], suffix: vec![3] };
        assert_eq!(read(b"\x02AB\r\x03", marks.clone()), lines("AB"));
        assert_eq!(read(b"AB\r", marks), lines("AB"), "marks that do not come are not missed");
    }

    #[test]
    fn a_pause_separates_reads() {
        let start = Instant::now();
        let mut framer = Framer::new(Marks::default());
        assert_eq!(framer.push(b"AB", start), None);
        assert_eq!(framer.push(b"CD\r", start + Duration::from_millis(99)), None);
        assert_eq!(framer.push(b"EF\r", start + Duration::from_millis(199)), lines("ABCD"));
        assert_eq!(framer.poll(start + Duration::from_millis(299)), lines("EF"));
        assert_eq!(framer.poll(start + Duration::from_secs(9)), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic_and_never_give_long_lines(
            pieces in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..300), 0u64..300), 0..20),
        ) {
            let mut now = Instant::now();
            let mut framer = Framer::new(Marks { prefix: vec![2], suffix: vec![3] });
            for (bytes, wait) in pieces {
                now += Duration::from_millis(wait);
                if let Some(Read::Lines(text)) = framer.push(&bytes, now) {
                    prop_assert!(text.expose().len() <= MAX_BYTES);
                    prop_assert!(text.expose().lines().count() <= MAX_LINES);
                    prop_assert!(text.expose().is_ascii());
                }
            }
        }

        #[test]
        fn lines_arrive_however_they_are_cut(
            sent in proptest::collection::vec("[A-Z0-9<]{1,44}", 1..=3),
            cut in 1usize..20,
        ) {
            let wire: Vec<u8> = sent.iter().flat_map(|line| [line.as_bytes(), b"\r"].concat()).collect();
            let now = Instant::now();
            let mut framer = Framer::new(Marks::default());
            for piece in wire.chunks(cut) {
                prop_assert_eq!(framer.push(piece, now), None);
            }
            prop_assert_eq!(framer.poll(now + IDLE_GAP), lines(&sent.join("\n")));
        }
    }
}
