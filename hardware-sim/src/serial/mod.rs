//! Serial lines on pseudo-terminals, paced at their baud rate and with bad days on command.

pub mod line;
pub mod port;

pub use line::{Heard, Line, Lost, keep_plugged};
pub use port::{Bell, Port};
