//! What the simulated devices did.

use serde::Serialize;

/// What the devices did since the start. The truth about whether one was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Streams started. Asking for the headers alone does not count.
    pub camera_streams: u64,
    /// Frames sent.
    pub camera_frames: u64,
    /// Images commanded.
    pub scanner_images: u64,
    /// Images sent to the host.
    pub scanner_uploads: u64,
    /// Time that image transfers took on the line.
    pub scanner_transfer_ms: u64,
    /// Streams of a live-scan sensor started. Asking for the headers alone does not count.
    pub live_streams: u64,
    /// Pictures that a live-scan sensor sent.
    pub live_frames: u64,
    /// Captures that a slap scanner was asked for.
    pub slap_captures: u64,
    /// Images that a slap scanner sent: one for each finger, or one for a raw slap.
    pub slap_images: u64,
    /// Time that a slap scanner waited for a better picture of a hand that lay there, and got none.
    pub slap_waiting_ms: u64,
    /// Portraits that the face camera of a device service was asked for.
    pub portrait_captures: u64,
    /// Portraits that it sent.
    pub portrait_images: u64,
    /// Previews that a device service started.
    pub preview_streams: u64,
    /// Documents swiped.
    pub reader_swipes: u64,
    /// Time that swiped documents took on the line.
    pub reader_transfer_ms: u64,
}
