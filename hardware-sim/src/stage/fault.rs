//! Bad days: what a simulated device does wrong, and from which byte on.

use serde::Deserialize;

/// Which simulated device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// The camera stream.
    Camera,
    /// The MRZ reader.
    Reader,
    /// The fingerprint scanner for single fingers.
    Scanner,
    /// The slap scanner for whole hands. Its faults are those of the service that offers it, and so of whatever else
    /// that service offers.
    Slap,
}

impl Device {
    /// All of them, in the order of their values.
    pub const ALL: [Self; 4] = [Self::Camera, Self::Reader, Self::Scanner, Self::Slap];

    /// The word on the control socket and the page.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Reader => "reader",
            Self::Scanner => "scanner",
            Self::Slap => "slap",
        }
    }
}

impl Device {
    /// What it is, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Camera => "network camera: MJPEG over HTTP, 640x480, 20 frames a second",
            Self::Reader => "swipe reader of documents: the lines of the MRZ over a serial line",
            Self::Scanner => {
                "single-finger sensor of the 0xEF01 family on a serial line, 4 bit (or another, see `serve --scanner`)"
            }
            Self::Slap => "slap scanner for whole hands: 500 ppi, 8 bit",
        }
    }
}

/// Of this many frames one leaves a camera that drops frames.
pub const KEPT: u64 = 20;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Packets end in a wrong checksum. Serial scanner only.
    BadChecksum,
    /// Samples are signed wrongly. Slap scanner only.
    BadSignature,
    /// Every capture is refused because another host has the device. Scanners only.
    Busy,
    /// Frames without light. Camera only.
    Dark,
    /// Most frames never leave: one of [`KEPT`] does. Camera and live-scan sensor only.
    Dropped,
    /// The same frame again and again, to the last byte. Camera and live-scan sensor only.
    Frozen,
    /// Random bytes instead of the right ones; from the camera, parts that are no JPEG.
    Garbage,
    /// Fingers get the names that were asked for, from left to right, whichever lie there. Slap scanner only.
    Misnames,
    /// Nothing.
    #[default]
    None,
    /// The device says that it is not ready, and takes nothing. Slap scanner only.
    NotReady,
    /// The device says that nobody has registered it; it signs nothing and takes nothing. Slap scanner only.
    NotRegistered,
    /// The last finger is overlooked, though it lies there. Slap scanner only.
    Partial,
    /// An earlier answer once more instead of a new one: the image of the capture before. Scanners only.
    Replay,
    /// The end of `unplug`: the device is there again.
    Replug,
    /// Commands are swallowed and nothing is answered; the camera accepts a request and sends no header.
    Silent,
    /// One byte a second.
    Slow,
    /// Samples say that they were taken ten minutes ago. Slap scanner only.
    Stale,
    /// What was begun is not finished: the line goes quiet; the camera keeps the connection and sends no more frames.
    Stall,
    /// The cable is out: the port's name is gone, the camera refuses connections and ends its streams.
    Unplug,
    /// Samples answer to another host's transaction. Slap scanner only.
    WrongTransaction,
}

impl FaultKind {
    /// All of them, in the order of their words, without the end of a fault.
    pub const ALL: [Self; 18] = [
        Self::BadChecksum,
        Self::BadSignature,
        Self::Busy,
        Self::Dark,
        Self::Dropped,
        Self::Frozen,
        Self::Garbage,
        Self::Misnames,
        Self::NotReady,
        Self::NotRegistered,
        Self::Partial,
        Self::Replay,
        Self::Silent,
        Self::Slow,
        Self::Stale,
        Self::Stall,
        Self::Unplug,
        Self::WrongTransaction,
    ];

    /// What goes wrong, in a line.
    pub const fn about(self) -> &'static str {
        match self {
            Self::BadChecksum => "packets end in a wrong checksum",
            Self::BadSignature => "samples are signed wrongly",
            Self::Busy => "every capture is refused: another host has the device",
            Self::Dark => "frames without light",
            Self::Dropped => "one frame of twenty is sent",
            Self::Frozen => "the same frame again and again",
            Self::Garbage => "random bytes instead of the right ones",
            Self::Misnames => "fingers get the names that were asked for, whichever lie there",
            Self::None | Self::Replug => "nothing: the bad day is over",
            Self::NotReady => "it says that it is not ready, and takes nothing",
            Self::NotRegistered => "it says that nobody has registered it, and takes nothing",
            Self::Partial => "the last finger is overlooked, though it lies there",
            Self::Replay => "an earlier answer instead of a new one",
            Self::Silent => "nothing is answered",
            Self::Slow => "one byte a second",
            Self::Stale => "samples say that they were taken ten minutes ago",
            Self::Stall => "what was begun is not finished",
            Self::Unplug => "the cable is out",
            Self::WrongTransaction => "samples answer to another host's transaction",
        }
    }

    /// The word on the control socket and the page.
    pub const fn id(self) -> &'static str {
        match self {
            Self::BadChecksum => "bad-checksum",
            Self::BadSignature => "bad-signature",
            Self::Busy => "busy",
            Self::Dark => "dark",
            Self::Dropped => "dropped",
            Self::Frozen => "frozen",
            Self::Garbage => "garbage",
            Self::Misnames => "misnames",
            Self::None => "none",
            Self::NotReady => "not-ready",
            Self::NotRegistered => "not-registered",
            Self::Partial => "partial",
            Self::Replay => "replay",
            Self::Replug => "replug",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Stale => "stale",
            Self::Stall => "stall",
            Self::Unplug => "unplug",
            Self::WrongTransaction => "wrong-transaction",
        }
    }

    /// Whether a live-scan sensor, which streams its pictures, can have this fault.
    pub const fn fits_live(self) -> bool {
        let streams = matches!(self, Self::Dropped | Self::Frozen);
        streams || (self.fits(Device::Scanner) && !matches!(self, Self::BadChecksum | Self::Busy | Self::Replay))
    }

    /// Whether this device can have this fault.
    pub const fn fits(self, device: Device) -> bool {
        match self {
            Self::BadChecksum => matches!(device, Device::Scanner),
            Self::Busy | Self::Replay => matches!(device, Device::Scanner | Device::Slap),
            Self::BadSignature
            | Self::Misnames
            | Self::NotReady
            | Self::NotRegistered
            | Self::Partial
            | Self::Stale
            | Self::WrongTransaction => matches!(device, Device::Slap),
            Self::Dark | Self::Dropped | Self::Frozen => matches!(device, Device::Camera),
            Self::Garbage | Self::None | Self::Replug | Self::Silent | Self::Slow | Self::Stall | Self::Unplug => true,
        }
    }
}

/// A fault that is set on a device, and how many good bytes are left before it shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Bytes that the device still sends well. 0: it is wrong already.
    pub good_bytes: u64,
}

impl Fault {
    /// What is wrong right now.
    pub const fn now(self) -> FaultKind {
        if self.good_bytes == 0 { self.kind } else { FaultKind::None }
    }

    /// Spends the good bytes of a piece of `length`: how many of it go out well.
    pub fn spend(&mut self, length: usize) -> usize {
        if matches!(self.kind, FaultKind::None | FaultKind::Replug) {
            return length;
        }
        let good = self.good_bytes.min(length as u64);
        self.good_bytes -= good;
        good as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_at_its_byte_and_not_before() {
        let mut fault = Fault { kind: FaultKind::Garbage, good_bytes: 25 };
        assert_eq!((fault.now(), fault.spend(20)), (FaultKind::None, 20));
        assert_eq!((fault.spend(20), fault.now()), (5, FaultKind::Garbage));
        assert_eq!(fault.spend(20), 0);
        assert_eq!(Fault::default().spend(20), 20);
    }
}
