//! The drivers against devices that behave badly, on real transports: pseudo-terminals and loopback connections.

mod fakes;

mod camera_mjpeg;
mod factories;
mod host;
mod reader_serial;
mod scanner_ef01;
mod serving;
