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
    /// The fingerprint scanner.
    Scanner,
}

impl Device {
    /// All three, in the order of their values.
    pub const ALL: [Self; 3] = [Self::Camera, Self::Reader, Self::Scanner];

    /// The word on the control socket and the page.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Reader => "reader",
            Self::Scanner => "scanner",
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Packets end in a wrong checksum. Serial scanner only.
    BadChecksum,
    /// Random bytes instead of the right ones; from the camera, parts that are no JPEG.
    Garbage,
    /// Nothing.
    #[default]
    None,
    /// The end of `unplug`: the device is there again.
    Replug,
    /// Commands are swallowed and nothing is answered; the camera accepts a request and sends no header.
    Silent,
    /// One byte a second.
    Slow,
    /// What was begun is not finished: the line goes quiet; the camera keeps the connection and sends no more frames.
    Stall,
    /// The cable is out: the port's name is gone, the camera refuses connections and ends its streams.
    Unplug,
}

impl FaultKind {
    /// The word on the control socket and the page.
    pub const fn id(self) -> &'static str {
        match self {
            Self::BadChecksum => "bad-checksum",
            Self::Garbage => "garbage",
            Self::None => "none",
            Self::Replug => "replug",
            Self::Silent => "silent",
            Self::Slow => "slow",
            Self::Stall => "stall",
            Self::Unplug => "unplug",
        }
    }

    /// Whether this device can have this fault.
    pub const fn fits(self, device: Device) -> bool {
        !matches!((self, device), (Self::BadChecksum, Device::Camera | Device::Reader))
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
