//! `http://host:port/path`, and nothing else.

use std::fmt;
use thiserror::Error;

/// An address that this driver cannot take, said as a finished sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// User name or password in the address: it would stand in logs and records.
    #[error("url must not hold a user name or password")]
    Credentials,
    /// No host.
    #[error("url names no host")]
    NoHost,
    /// Not `http://`.
    #[error("url must begin with http://")]
    Scheme,
    /// A port that is no port.
    #[error("the port in url is not within 1 to 65535")]
    Port,
    /// Blanks, control characters or letters outside ASCII.
    #[error("url holds characters that an address cannot have")]
    Letters,
}

/// Where a camera streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Name or number of the host; IPv6 numbers without brackets.
    pub host: String,
    /// Port; 80 unless stated.
    pub port: u16,
    /// Path and query, beginning with a slash.
    pub path: String,
}

impl Address {
    /// Reads an address.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(AddressError::Letters);
        }
        let rest = url.strip_prefix("http://").ok_or(AddressError::Scheme)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        if authority.contains('@') {
            return Err(AddressError::Credentials);
        }
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port),
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(AddressError::Port)?,
            None if port.is_empty() => 80,
            None => return Err(AddressError::Port),
        };
        if host.is_empty() {
            return Err(AddressError::NoHost);
        }
        Ok(Self { host: host.to_owned(), port, path })
    }

    /// Host and port as the `Host` header has them.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the query: cameras take passwords there.
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "http://{}{path}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses() {
        for (url, shown) in [
            ("http://localhost:8610/stream", Ok("http://localhost:8610/stream")),
            ("http://camera", Ok("http://camera:80/")),
            ("http://camera?password=secret", Ok("http://camera:80/")),
            ("http://[::1]:81/a#b", Ok("http://[::1]:81/a")),
            ("https://camera/", Err(AddressError::Scheme)),
            ("camera", Err(AddressError::Scheme)),
            ("http://user:word@camera/", Err(AddressError::Credentials)),
            ("http://:80/", Err(AddressError::NoHost)),
            ("http://camera:0/", Err(AddressError::Port)),
            ("http://camera:99999/", Err(AddressError::Port)),
            ("http://camera/a b", Err(AddressError::Letters)),
            ("http://camera/\r\nX: y", Err(AddressError::Letters)),
        ] {
            assert_eq!(Address::parse(url).map(|address| address.to_string()), shown.map(str::to_owned), "{url}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,60}") {
            let _ = Address::parse(&text);
            let _ = Address::parse(&format!("http://{text}"));
        }
    }
}
