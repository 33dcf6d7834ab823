//! Every device error that an officer can see: its code, its kind and the sentence that says what to do now.
//!
//! One table, so that a code means one thing and no sentence is written twice. The station looks sentences up here
//! again when a fault comes from a driver process: what a driver writes never reaches the officer's page.

use domain::device::{DeviceFault, DeviceKind, ErrorKind};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $kind:ident, $officer:literal;)*) => {
        /// A device error that an officer can see.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code to read out over the telephone.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What kind of trouble it is.
            pub const fn kind(self) -> ErrorKind {
                match self { $(Self::$name => ErrorKind::$kind,)* }
            }

            /// What happened and what to do now.
            pub const fn officer(self) -> &'static str {
                match self { $(Self::$name => $officer,)* }
            }
        }
    };
}

codes! {
    /// A setting is unknown, missing or out of range.
    BadSettings = "D-10", Other, "The settings of this device are wrong. Call the technician: the log names the setting.";
    /// The configuration names a driver that does not exist.
    UnknownDriver = "D-11", Other, "The configured driver does not exist. Call the technician.";
    /// The scanner's line is gone.
    ScannerGone = "D-12", Disconnected, "The scanner was unplugged. Reconnect it and press Retry.";
    /// The scanner's line is locked.
    ScannerHeld = "D-13", Busy, "Another program holds the scanner. Close that program, then press Retry.";
    /// The account may not open the scanner's line.
    ScannerDenied = "D-14", PermissionDenied, "The station may not open the scanner. Call the technician.";
    /// The scanner answers nothing.
    ScannerSilent = "D-15", Timeout, "The scanner does not answer. Unplug it, plug it in again and press Retry.";
    /// The scanner stopped in the middle, or is slower than its line.
    ScannerSlow = "D-16", Timeout, "The scanner sends too slowly. Unplug it, plug it in again and press Retry.";
    /// The scanner sends something that is no packet.
    ScannerGarbage = "D-17", Protocol, "The scanner cannot be understood. Check its cable, then press Retry.";
    /// Packets arrived with a wrong checksum, twice.
    ScannerChecksum = "D-18", Protocol, "What the scanner sends is damaged on its way. Check the cable, then press Retry.";
    /// Nobody put a finger on it in time.
    ScannerNoFinger = "D-19", NoFinger, "No finger was placed in time. Ask the traveller to place the finger, then press Retry.";
    /// The scanner refuses our password.
    ScannerPassword = "D-20", PermissionDenied, "The scanner refuses the station's password. Call the technician.";
    /// The scanner answered with a failure code.
    ScannerRefused = "D-21", Other, "The scanner could not take an image. Clean its surface and press Retry.";
    /// The camera, or the connection to it, is gone.
    CameraGone = "D-30", Disconnected, "The camera was unplugged. Reconnect it and press Retry.";
    /// Another program streams from the camera.
    CameraHeld = "D-31", Busy, "Another program holds the camera. Close that program, then press Retry.";
    /// The account may not open the camera.
    CameraDenied = "D-32", PermissionDenied, "The station may not open the camera. Call the technician.";
    /// The stream is open, but no frame comes.
    CameraStalled = "D-33", Timeout, "The camera sends no picture. Unplug it, plug it in again and press Retry.";
    /// What comes is no picture.
    CameraGarbage = "D-34", Protocol, "The camera sends damaged pictures. Check its cable, then press Retry.";
    /// The camera answered, and refused.
    CameraRefused = "D-35", Other, "The camera refuses to send its picture. Call the technician.";
    /// The reader's line is gone.
    ReaderGone = "D-40", Disconnected, "The document reader was unplugged. Reconnect it, or type the lines of the document.";
    /// The reader's line is locked.
    ReaderHeld = "D-41", Busy, "Another program holds the document reader. Close that program, or type the lines.";
    /// The account may not open the reader's line.
    ReaderDenied = "D-42", PermissionDenied, "The station may not open the document reader. Type the lines; call the technician.";
    /// The reader used to tell its identity and no longer does.
    ReaderSilent = "D-43", Timeout, "The document reader does not answer. Unplug it, plug it in again, or type the lines.";
    /// What came from the reader is no document.
    ReaderGarbage = "D-44", Protocol, "The document could not be read. Swipe it again, or type the lines.";
    /// The driver process ended.
    DriverLost = "D-50", Disconnected, "The device's program stopped and is being restarted. Wait a moment, then press Retry.";
    /// The driver process says nothing any more.
    DriverStalled = "D-51", Timeout, "The device hangs and is being restarted. Wait a moment, then press Retry.";
    /// The driver process sent something that its protocol does not allow.
    DriverProtocol = "D-52", Protocol, "The device's program made an error and is being restarted. Wait a moment, then press Retry.";
    /// The driver program cannot be started.
    DriverMissing = "D-53", Other, "The device's program cannot be started. Call the technician.";
    /// The permit is for another kind of device.
    WrongPermit = "D-54", Other, "This device cannot take what was asked for. Call the technician.";
    /// The device is not there yet.
    NotReady = "D-55", Disconnected, "The device is not ready. Check that it is plugged in, wait a moment and press Retry.";
    /// Nothing on the ports of certified devices, or not the device that is configured.
    ServiceGone = "D-70", Disconnected, "The certified device is not there. Check its cable and that its service runs, then press Retry.";
    /// The service of a certified device stopped answering.
    ServiceSilent = "D-71", Timeout, "The certified device does not answer. Unplug it, plug it in again and press Retry.";
    /// What the service sends is not what its protocol says.
    ServiceGarbage = "D-72", Protocol, "The certified device cannot be understood. Restart its service; call the technician if that does not help.";
    /// The device captures for another program.
    ServiceBusy = "D-73", Busy, "Another program uses the certified device. Close that program, then press Retry.";
    /// The device is plugged in and cannot capture.
    ServiceNotReady = "D-74", Disconnected, "The certified device is not ready. Check its cable and its light, wait a moment and press Retry.";
    /// The device has no registration, or one for something else, or its key is too old.
    ServiceNotRegistered = "D-75", PermissionDenied, "The certified device is not registered for this station. Call the technician.";
    /// A signature or a certificate does not hold.
    ServiceUntrusted = "D-76", Protocol, "The certified device could not prove who it is. Do not use it; call the technician.";
    /// A capture that was sent before, or for another request.
    ServiceReplay = "D-77", Protocol, "The certified device sent an old capture, which was refused. Press Retry; if it happens again, call the supervisor.";
    /// The device's clock and ours differ.
    ServiceClock = "D-78", Protocol, "The certified device's clock and the station's differ. Call the technician.";
    /// A signed answer that is about something else: another device, purpose or installation.
    ServiceMismatch = "D-79", Protocol, "The certified device answered for something else, which was refused. Press Retry; if it happens again, call the technician.";
    /// Other fingers than those asked for.
    ServiceWrongFingers = "D-80", Other, "Other fingers were taken than those asked for. Check which hand is wanted, then press Retry.";
    /// The device could not make a picture of what lay on it.
    ServiceRefused = "D-81", Other, "The certified device could not take the fingers. Clean the glass, place the fingers again and press Retry.";
    /// Somebody opened the device.
    ServiceTampered = "D-82", PermissionDenied, "The certified device says that somebody has opened it. Do not use it; call the supervisor.";
    /// A signed picture that cannot be read.
    ServicePicture = "D-83", Other, "The picture of the certified device cannot be used. Press Retry; if it happens again, call the technician.";
    /// A USB scanner that the table does not know, or of a kind that is no use here.
    ScannerUnknown = "D-85", Other, "The station does not know this fingerprint scanner. Call the technician.";
    /// The finger that was placed is still there.
    ScannerNotLifted = "D-86", NoFinger, "The finger stayed on the scanner. Have it lifted, press Retry, then have it placed again.";
    /// The scanner, or the library that drives it, reported a fault.
    ScannerFailed = "D-87", Protocol, "The scanner reported a fault. Unplug it, plug it in again and press Retry.";
    /// The scanner was on for too long.
    ScannerHot = "D-88", Other, "The scanner is too hot. Leave it alone for ten minutes, then press Retry.";
    /// Two scanners that cannot be told apart.
    ScannerTwice = "D-89", Busy, "Two scanners of the same make are plugged in. Unplug one of them and press Retry.";
    /// A live-scan sensor sends one and the same picture again and again.
    ScannerRepeats = "D-90", Timeout, "The scanner repeats one picture. Unplug it, plug it in again and press Retry.";
    /// The glass of a live-scan sensor has not been seen free since it was opened.
    ScannerNotFree = "D-91", NoFinger, "Something lies on the scanner. Have the finger lifted, clean the glass, then press Retry.";
    /// A live-scan sensor's pictures are not of the size that is configured.
    ScannerOtherSize = "D-92", Other, "The scanner's picture is not of the configured size. Call the technician.";
    /// A live-scan sensor answered, and sends no stream.
    ScannerNoPicture = "D-93", Other, "The scanner refuses to send its picture. Call the technician.";
}

impl Code {
    /// The code with this text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }

    /// The fault, with what the log shall say: port, byte, attempt, never personal or biometric data.
    pub fn fault(self, log: impl Into<String>) -> DeviceFault {
        DeviceFault {
            kind: self.kind(),
            code: self.code().to_owned(),
            officer: self.officer().to_owned(),
            log: log.into(),
        }
    }

    /// The code for a serial line that cannot be opened or is lost.
    pub(crate) const fn of_line(kind: DeviceKind, error: ErrorKind) -> Self {
        match (kind, error) {
            (DeviceKind::DocumentReader, ErrorKind::Busy) => Self::ReaderHeld,
            (DeviceKind::DocumentReader, ErrorKind::PermissionDenied) => Self::ReaderDenied,
            (DeviceKind::DocumentReader, _) => Self::ReaderGone,
            (_, ErrorKind::Busy) => Self::ScannerHeld,
            (_, ErrorKind::PermissionDenied) => Self::ScannerDenied,
            (_, _) => Self::ScannerGone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_code_means_one_thing() {
        let codes: HashSet<_> = Code::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(Code::from_code(code.code()), Some(*code));
            assert!(code.officer().ends_with('.'), "{code:?} is a sentence");
            assert!(!code.officer().contains("D-"), "{code:?}: the page adds the code itself");
        }
        assert_eq!(Code::from_code("D-99"), None);
    }
}
