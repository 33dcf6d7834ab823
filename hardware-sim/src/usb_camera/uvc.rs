//! What a USB webcam says of itself and agrees upon: descriptors and requests of the USB Video Class 1.1, for one
//! format (MJPEG), one size and one rate, over a bulk endpoint. No input or output.

/// The endpoint that pictures leave by.
pub(super) const ENDPOINT: u8 = 1;

/// Bytes of a payload with its header: what the kernel gives one transfer (32 packets of 512 bytes).
pub(super) const PAYLOAD: u32 = 16_384;

/// Bytes of what is negotiated, in version 1.1 of the class.
const PROBE: usize = 34;

const VIDEO: u8 = 14;
const CONTROL_INTERFACE: u8 = 0;
const STREAM_INTERFACE: u8 = 1;

/// The text that the kernel shows as the camera's name.
const PRODUCT: &str = "SIMULATED camera";
const MAKER: &str = "Gatepost";

/// One webcam's own data.
#[derive(Clone, Debug)]
pub struct Model {
    /// Pixels in a row, and rows.
    pub size: (u16, u16),
    /// Frames a second, at least 1.
    pub fps: u32,
    /// Serial number, by which two of a kind are told apart.
    pub serial: String,
}

impl Model {
    /// The answer to a control request; nothing is a stall. Requests that only tell the camera something are
    /// answered with nothing inside.
    pub(super) fn control(&self, setup: &[u8; 8]) -> Option<Vec<u8>> {
        let [kind, request, low, high, index, ..] = *setup;
        let wanted = usize::from(u16::from_le_bytes([setup[6], setup[7]]));
        let mut answer = match (kind, request) {
            (0x80, 6) => self.descriptor(high, low)?,
            // Status of the device, of an interface or of an endpoint: nothing special.
            (0x80..=0x82, 0) => vec![0, 0],
            // Configuration, interface, end of a halt: there is one of each.
            (0x00, 5 | 9) | (0x01, 11) | (0x02, 1) => Vec::new(),
            (0x21, 1) if index == STREAM_INTERFACE => Vec::new(),
            (0xA1, 0x81..=0x84 | 0x87) if index == STREAM_INTERFACE => self.terms(),
            (0xA1, 0x85) if index == STREAM_INTERFACE => (PROBE as u16).to_le_bytes().to_vec(),
            (0xA1, 0x86) if index == STREAM_INTERFACE => vec![3],
            _ => return None,
        };
        answer.truncate(wanted);
        Some(answer)
    }

    /// Time between two frames in units of 100 ns.
    fn interval(&self) -> u32 {
        10_000_000 / self.fps.max(1)
    }

    /// No JPEG of this size is larger.
    fn largest(&self) -> u32 {
        u32::from(self.size.0) * u32::from(self.size.1) * 2
    }

    /// What is agreed upon (UVC 1.1, table 4-75): there is no choice, so it is what it always is.
    fn terms(&self) -> Vec<u8> {
        let mut terms = vec![0, 0, 1, 1];
        terms.extend(self.interval().to_le_bytes());
        terms.extend([0; 10]);
        terms.extend(self.largest().to_le_bytes());
        terms.extend(PAYLOAD.to_le_bytes());
        terms.extend(48_000_000_u32.to_le_bytes());
        terms.extend([3, 1, 1, 1]);
        terms
    }

    fn descriptor(&self, kind: u8, index: u8) -> Option<Vec<u8>> {
        match (kind, index) {
            // USB 2.0, interfaces in groups, 64 bytes of control packets; the identifier is pid.codes' for tests.
            (1, 0) => Some(vec![18, 1, 0, 2, 0xEF, 2, 1, 64, 0x09, 0x12, 1, 0, 0, 1, 1, 2, 3, 1]),
            (2, 0) => Some(self.configuration()),
            (3, 0) => Some(vec![4, 3, 9, 4]),
            (3, 1) => Some(text(MAKER)),
            (3, 2) => Some(text(PRODUCT)),
            (3, 3) => Some(text(&self.serial)),
            _ => None,
        }
    }

    fn configuration(&self) -> Vec<u8> {
        let control = [
            // A camera, unit 1, without controls, and its output over USB, unit 2.
            &[18, 36, 2, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0][..],
            &[9, 36, 3, 2, 1, 1, 0, 1, 0],
        ]
        .concat();
        let mut header = vec![13, 36, 1, 0x10, 1];
        header.extend((13 + control.len() as u16).to_le_bytes());
        header.extend(48_000_000_u32.to_le_bytes());
        header.extend([1, STREAM_INTERFACE]);

        let formats = [&[11, 36, 6, 1, 1, 0, 1, 0, 0, 0, 0][..], &self.frame(), &[6, 36, 13, 1, 1, 4]].concat();
        let mut streaming = vec![14, 36, 1, 1];
        streaming.extend((14 + formats.len() as u16).to_le_bytes());
        streaming.extend([0x80 | ENDPOINT, 0, 2, 0, 0, 0, 1, 0]);

        let [low, high] = 512_u16.to_le_bytes();
        let body = [
            &[8, 11, CONTROL_INTERFACE, 2, VIDEO, 3, 0, 0][..],
            &[9, 4, CONTROL_INTERFACE, 0, 0, VIDEO, 1, 0, 0],
            &header,
            &control,
            &[9, 4, STREAM_INTERFACE, 0, 1, VIDEO, 2, 0, 0],
            &streaming,
            &formats,
            &[7, 5, 0x80 | ENDPOINT, 2, low, high, 0],
        ]
        .concat();
        let mut all = vec![9, 2];
        all.extend((9 + body.len() as u16).to_le_bytes());
        // Two interfaces, configuration 1, powered by the bus, 500 mA.
        all.extend([2, 1, 0, 0x80, 250]);
        all.extend(body);
        all
    }

    /// The one size of the one format.
    fn frame(&self) -> Vec<u8> {
        let bits = self.largest().saturating_mul(8).saturating_mul(self.fps);
        let mut frame = vec![30, 36, 7, 1, 0];
        frame.extend(self.size.0.to_le_bytes());
        frame.extend(self.size.1.to_le_bytes());
        for value in [bits, bits, self.largest(), self.interval()] {
            frame.extend(value.to_le_bytes());
        }
        frame.push(1);
        frame.extend(self.interval().to_le_bytes());
        frame
    }
}

/// A text descriptor. Texts here are short and plain.
fn text(text: &str) -> Vec<u8> {
    let letters: Vec<u8> = text.encode_utf16().take(126).flat_map(u16::to_le_bytes).collect();
    let mut descriptor = vec![letters.len() as u8 + 2, 3];
    descriptor.extend(letters);
    descriptor
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn model() -> Model {
        Model { size: (320, 240), fps: 5, serial: "SIM1".into() }
    }

    #[test]
    fn descriptors_are_as_long_as_they_say() {
        for kind in 1..=3 {
            for index in 0..=3 {
                let Some(bytes) = model().descriptor(kind, index) else { continue };
                let (mut at, mut parts) = (0, 0);
                while at < bytes.len() {
                    assert!(bytes[at] >= 2, "a part of {kind} {index} has no length");
                    at += usize::from(bytes[at]);
                    parts += 1;
                }
                assert_eq!(at, bytes.len(), "{kind} {index}");
                assert_eq!(parts, if kind == 2 { 12 } else { 1 }, "{kind} {index}");
            }
        }
        let all = model().configuration();
        assert_eq!(usize::from(u16::from_le_bytes([all[2], all[3]])), all.len());
        assert_eq!(model().terms().len(), PROBE);
    }

    #[test]
    fn requests_are_answered_or_stall() {
        for (setup, length) in [
            ([0x80, 6, 0, 1, 0, 0, 8, 0], Some(8)),
            ([0x80, 6, 2, 3, 9, 4, 255, 0], Some(2 + 2 * PRODUCT.len())),
            ([0x80, 6, 0, 6, 0, 0, 10, 0], None),
            ([0xA1, 0x81, 0, 1, 1, 0, 34, 0], Some(34)),
            ([0xA1, 0x81, 0, 1, 0, 0, 34, 0], None),
            ([0x21, 1, 0, 2, 1, 0, 34, 0], Some(0)),
            ([0x40, 99, 0, 0, 0, 0, 0, 0], None),
        ] {
            assert_eq!(model().control(&setup).map(|answer| answer.len()), length, "{setup:02x?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_is_longer_than_asked_for(setup: [u8; 8]) {
            let asked = usize::from(u16::from_le_bytes([setup[6], setup[7]]));
            prop_assert!(model().control(&setup).is_none_or(|answer| answer.len() <= asked));
        }
    }
}
