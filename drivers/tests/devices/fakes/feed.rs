//! What a test says to libfprint's simulated device: images and control messages on its socket (virtual-image.c).

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Pixels a side of the pictures here: large enough for the library's search for minutiae.
pub const SIDE: u32 = 160;

/// The host's end of the socket that the library listens at.
pub struct Feed(UnixStream);

impl Feed {
    /// Connects, and takes the reports of the finger into its own hands.
    pub fn connect(socket: &Path) -> Self {
        let mut feed = Self(UnixStream::connect(socket).unwrap());
        feed.control(-3, 0);
        feed
    }

    /// Control messages are a negative width and its argument.
    pub fn control(&mut self, what: i32, argument: i32) {
        self.send(what, argument, &[]);
    }

    /// A finger is on the glass, or off.
    pub fn finger(&mut self, on: bool) {
        self.control(-4, i32::from(on));
    }

    /// An image of these many columns.
    pub fn image(&mut self, width: u32, grey: &[u8]) {
        let height = grey.len() as u32 / width;
        self.send(width as i32, height as i32, grey);
    }

    fn send(&mut self, first: i32, second: i32, bytes: &[u8]) {
        let header = [first.to_ne_bytes(), second.to_ne_bytes()].concat();
        // A device that was just removed does not listen any more.
        let _ = self.0.write_all(&[&header, bytes].concat());
    }
}

/// Ridges nine pixels apart, with a few that begin or end: an image without one minutia counts as a failed one for the
/// library. Slanted, so that no turning of the image would go unnoticed.
pub fn ridges() -> Vec<u8> {
    let ends = [(40.0, 40.0, 1.0), (110.0, 50.0, -1.0), (60.0, 100.0, -1.0), (120.0, 115.0, 1.0), (80.0, 70.0, 1.0)];
    let ridge = |x: f64, y: f64| {
        let turns: f64 = ends.iter().map(|(at_x, at_y, sign)| sign * (y - at_y).atan2(x - at_x)).sum();
        128.0 + 100.0 * ((x + 0.4 * y) * std::f64::consts::TAU / 9.0 + turns).sin()
    };
    (0..SIDE * SIDE).map(|at| ridge(f64::from(at % SIDE), f64::from(at / SIDE)) as u8).collect()
}
