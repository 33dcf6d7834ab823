//! A way to look at intermediates, at no cost when nobody looks.
//!
//! Keys are stable: `print` (500 ppi, cropped), `foreground` (255 = foreground block of the shared mask), `region`
//! (255 = region of interest). The pictures are biometric data: a trace belongs to a laboratory, not to a station.

/// Where intermediates go.
pub trait Trace {
    /// One picture: 8-bit grey, `width * height` bytes, rows from the top.
    fn record(&self, key: &'static str, width: usize, height: usize, grey: &[u8]);

    /// Whether anybody looks; pictures that have to be drawn first are drawn only then.
    fn looks(&self) -> bool {
        true
    }
}

/// Nobody looks.
pub struct NoTrace;

impl Trace for NoTrace {
    fn record(&self, _: &'static str, _: usize, _: usize, _: &[u8]) {}

    fn looks(&self) -> bool {
        false
    }
}
