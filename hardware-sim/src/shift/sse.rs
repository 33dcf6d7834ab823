//! Server-sent events, as far as a browser's EventSource reads them (HTML Standard, section 9.2.6).

use thiserror::Error;

/// The longest line and the longest event, in bytes. A view of the desk has a few kilobytes.
pub const MAX_EVENT: usize = 256 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` where the stream states none.
    pub name: String,
    /// Its data lines, joined by newlines.
    pub data: String,
}

/// An event that is longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an event is longer than {MAX_EVENT} bytes")]
pub struct TooLong;

/// Turns bytes into events, however the bytes are cut.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    after_return: bool,
    name: String,
    data: String,
    has_data: bool,
}

impl Parser {
    /// The events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            // A line ends in CR, LF or both.
            let second_half = std::mem::take(&mut self.after_return) && *byte == b'\n';
            match byte {
                b'\n' if second_half => {}
                b'\n' | b'\r' => {
                    self.after_return = *byte == b'\r';
                    events.extend(self.end_line()?);
                }
                other if self.line.len() < MAX_EVENT => self.line.push(*other),
                _ => return Err(TooLong),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Event>, TooLong> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            return Ok(self.end_event());
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.data.len() + value.len() > MAX_EVENT {
                    return Err(TooLong);
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => self.name = value.to_owned(),
            // Comments, identifiers and retry times do not matter here.
            _ => {}
        }
        Ok(None)
    }

    fn end_event(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        let name = if name.is_empty() { String::from("message") } else { name };
        std::mem::take(&mut self.has_data).then_some(Event { name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.into(), data: data.into() }
    }

    #[test]
    fn streams_are_read_as_the_standard_says() {
        let rows: [(&str, Vec<Event>); 7] = [
            ("event: view\ndata: {\"a\":1}\n\n", vec![event("view", "{\"a\":1}")]),
            ("data: one\ndata: two\n\n", vec![event("message", "one\ntwo")]),
            ("data:tight\r\n\r\ndata: next\r\r", vec![event("message", "tight"), event("message", "next")]),
            (": keep-alive\n\n", vec![]),
            ("event: view\n\ndata: x\n\n", vec![event("message", "x")]),
            ("data\n\n", vec![event("message", "")]),
            ("data: cut off\n", vec![]),
        ];
        for (stream, events) in rows {
            assert_eq!(Parser::default().push(stream.as_bytes()), Ok(events), "{stream:?}");
        }
    }

    #[test]
    fn endless_lines_and_events_are_refused() {
        assert_eq!(Parser::default().push(&vec![b'x'; MAX_EVENT + 1]), Err(TooLong));
        let lines = format!("data: {}\n", "x".repeat(1000)).repeat(300);
        assert_eq!(Parser::default().push(lines.as_bytes()), Err(TooLong));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let _ = Parser::default().push(&bytes);
        }

        #[test]
        fn the_cut_does_not_matter(
            stream in "((event|data|id): ?[a-z{}:]{0,9}(\r\n|\n|\r)|\n){0,30}",
            cut in 1usize..20,
        ) {
            let whole = Parser::default().push(stream.as_bytes());
            let mut parser = Parser::default();
            let pieces: Result<Vec<Vec<Event>>, TooLong> =
                stream.as_bytes().chunks(cut).map(|piece| parser.push(piece)).collect();
            prop_assert_eq!(pieces.map(|events| events.concat()), whole);
        }
    }
}
