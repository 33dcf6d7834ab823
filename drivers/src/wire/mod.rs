//! What the station and a driver process say to each other.
//!
//! One JSON datagram a message on a sequenced-packet socket. Pixels and document lines never stand in a message: they
//! come beside it as a sealed memory file, which the reader checks and copies. So a message may be logged, and a
//! driver cannot change pixels after the station has looked at them.

mod attachment;
mod channel;
mod message;

pub use attachment::{Attachment, MAX_ATTACHMENT};
pub use channel::{Channel, MAX_DATAGRAM, Received};
pub use message::{Event, MAX_IN_FLIGHT, Request, Target};

use std::io;
use thiserror::Error;

/// Trouble between station and driver. Quotes nothing of what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The other side is gone.
    #[error("the other side closed the connection")]
    Closed,
    /// The system refused.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
    /// No message of ours.
    #[error("a datagram of {0} bytes is no message")]
    Malformed(usize),
    /// A message lacks the file that belongs to it.
    #[error("the message came without its file")]
    NoAttachment,
    /// More than the limit.
    #[error("{got} bytes are more than the limit of {limit}")]
    TooBig {
        /// Bytes that came or were to be sent; for a datagram that was cut, the limit.
        got: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// The file's sender could still change it.
    #[error("the file is not sealed")]
    Unsealed,
    /// The file is not as long as the message says.
    #[error("the file has {got} bytes, not {needed}")]
    WrongSize {
        /// Bytes in the file.
        got: u64,
        /// Bytes that the message promises.
        needed: u64,
    },
}

impl From<rustix::io::Errno> for WireError {
    fn from(error: rustix::io::Errno) -> Self {
        match error {
            rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET => Self::Closed,
            other => Self::Io(io::Error::from(other).kind()),
        }
    }
}
