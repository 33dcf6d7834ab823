//! The part of YAML in which OpenCV's `FileStorage` writes forests: keys with numbers, lists of numbers, and maps and
//! sequences around them, in block or flow form. What a file nests is given flat, one key after another.

/// A key and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    /// The line of the key, from 1.
    pub line: usize,
    pub key: &'a str,
    pub value: Value<'a>,
}

/// What stands behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A map or a sequence begins.
    Opens,
    /// A number or a word.
    Scalar(&'a str),
    /// What is between `[` and `]`.
    List(&'a str),
}

/// Something that is not of this part of YAML: the line from 1, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub line: usize,
    pub what: &'static str,
}

/// Reads a text from key to key. Ends after the first fault.
pub(super) struct Pairs<'a> {
    rest: &'a str,
    line: usize,
    /// Open flow maps.
    depth: usize,
}

/// Deeper nesting of flow maps than any forest has.
const DEEPEST: usize = 8;

impl<'a> Pairs<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text, line: 1, depth: 0 }
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault { line: self.line, what }
    }

    /// Takes this many bytes, which must end at a character's end.
    fn take(&mut self, count: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        taken
    }

    fn take_line(&mut self) {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        self.take(end);
    }

    /// Goes to the next key: over space, dashes of sequences, and the marks of flow maps.
    fn seek(&mut self) -> Result<bool, Fault> {
        loop {
            let at_line_start =
                self.rest.starts_with('%') || self.rest.starts_with("---") || self.rest.starts_with('#');
            let mut characters = self.rest.chars();
            match characters.next() {
                None if self.depth > 0 => return Err(self.fault("a map is not closed")),
                None => return Ok(false),
                Some(_) if at_line_start => self.take_line(),
                Some('{') if self.depth == DEEPEST => return Err(self.fault("maps are nested too deeply")),
                Some('{') => self.depth += 1,
                Some('}') if self.depth == 0 => return Err(self.fault("a map is closed that was not opened")),
                Some('}') => self.depth -= 1,
                Some(',') if self.depth > 0 => {}
                Some('-') if characters.next().is_none_or(char::is_whitespace) => {}
                Some(space) if space.is_ascii_whitespace() => {}
                Some(_) => return Ok(true),
            }
            if !at_line_start {
                self.take(1);
            }
        }
    }

    fn pair(&mut self) -> Result<Option<Pair<'a>>, Fault> {
        if !self.seek()? {
            return Ok(None);
        }
        let line = self.line;
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
        if end == 0 || !self.rest[end..].starts_with(':') {
            return Err(self.fault("a key and a colon are missing"));
        }
        let key = self.take(end);
        self.take(1);
        let value = self.value()?;
        Ok(Some(Pair { line, key, value }))
    }

    fn value(&mut self) -> Result<Value<'a>, Fault> {
        let in_flow = self.depth > 0;
        let space = |c: char| c == ' ' || c == '\t' || (in_flow && c.is_ascii_whitespace());
        let blank = self.rest.find(|c| !space(c)).unwrap_or(self.rest.len());
        self.take(blank);
        if self.rest.starts_with("!!") {
            self.take_line();
            return Ok(Value::Opens);
        }
        if self.rest.starts_with('[') {
            let Some(end) = self.rest.find(']') else { return Err(self.fault("a list is not closed")) };
            return Ok(Value::List(&self.take(end + 1)[1..end]));
        }
        if self.rest.is_empty() || self.rest.starts_with(['\n', '\r', '{']) {
            return Ok(Value::Opens);
        }
        let ends = |c: char| c == '\n' || (in_flow && matches!(c, ',' | '}'));
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        Ok(Value::Scalar(self.take(end).trim().trim_matches('"')))
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<Pair<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.pair();
        if found.is_err() {
            (self.rest, self.depth) = ("", 0);
        }
        found.transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Result<Vec<(usize, &str, Value<'_>)>, Fault> {
        Pairs::new(text).map(|pair| pair.map(|p| (p.line, p.key, p.value))).collect()
    }

    #[test]
    fn block_and_flow_give_the_same_pairs() {
        let block = "%YAML:1.0\n---\nroot: !!opencv-ml\n   n: 2\n   trees:\n      -\n         a: 1.\n         b: [ 1,\n   2 ]\n";
        let flow = "root:\n n: 2\n trees:\n - { a:1., b:[ 1,\n   2 ] }\n";
        let expected = |lines: [usize; 5]| {
            let values =
                [Value::Opens, Value::Scalar("2"), Value::Opens, Value::Scalar("1."), Value::List(" 1,\n   2 ")];
            let keys = ["root", "n", "trees", "a", "b"];
            Ok(lines.into_iter().zip(keys).zip(values).map(|((l, k), v)| (l, k, v)).collect::<Vec<_>>())
        };
        assert_eq!(keys(block), expected([3, 4, 5, 7, 8]));
        assert_eq!(keys(flow), expected([1, 2, 3, 4, 4]));
        assert_eq!(keys("- { a:1,\n b:\n 2 }"), Ok(vec![(1, "a", Value::Scalar("1")), (2, "b", Value::Scalar("2"))]));
    }

    #[test]
    fn faults_name_their_line() {
        for (text, line, what) in [
            ("a: 1\n\n?", 3, "a key and a colon are missing"),
            ("a: [ 1\n", 1, "a list is not closed"),
            ("a: { b: 1\n", 2, "a map is not closed"),
            ("a: 1\n}", 2, "a map is closed that was not opened"),
            ("{{{{{{{{{", 1, "maps are nested too deeply"),
            ("just words", 1, "a key and a colon are missing"),
        ] {
            assert_eq!(keys(text), Err(Fault { line, what }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "[-a:{}\\[\\], \n%!0-9é\"]{0,80}") {
            let lines = text.lines().count().max(1) + 1;
            for pair in Pairs::new(&text) {
                prop_assert!(pair.map_or_else(|fault| fault.line, |pair| pair.line) <= lines);
            }
        }
    }
}
