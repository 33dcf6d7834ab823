//! Messages of USB/IP, by which the kernel speaks with a device that is not on a real bus (kernel documentation,
//! `usb/usbip_protocol`, version 1.1.1). All numbers are big endian; both kinds of header have 48 bytes.

/// Bytes of a header.
pub(super) const HEADER: usize = 48;

const SUBMIT: u32 = 1;
const UNLINK: u32 = 2;
const SUBMITTED: u32 = 3;
const UNLINKED: u32 = 4;

/// Where the status stands in an answer.
const STATUS: usize = 20;
const LENGTH: usize = 24;

/// The system's numbers for a stalled endpoint and for a request that was taken back.
pub(super) const STALLED: i32 = -32;
pub(super) const TAKEN_BACK: i32 = -104;

/// What the kernel asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A transfer.
    Submit {
        /// Its number, for the answer.
        number: u32,
        /// From the device to the host.
        input: bool,
        /// Which endpoint, without the direction.
        endpoint: u32,
        /// Bytes that are sent or awaited.
        length: usize,
        /// The first stage of a control transfer.
        setup: [u8; 8],
    },
    /// A transfer is no longer wanted.
    Unlink {
        /// Number of this request.
        number: u32,
        /// Number of that transfer.
        target: u32,
    },
}

/// A request out of its header; nothing for one that the protocol does not know.
pub(super) fn decode(header: &[u8; HEADER]) -> Option<Request> {
    let [command, number, _device, direction, endpoint, word] = std::array::from_fn(|at| word(header, at * 4));
    match command {
        SUBMIT => {
            let setup = std::array::from_fn(|at| header[40 + at]);
            let length = usize::try_from(self::word(header, LENGTH)).ok()?;
            Some(Request::Submit { number, input: direction == 1, endpoint, length, setup })
        }
        UNLINK => Some(Request::Unlink { number, target: word }),
        _ => None,
    }
}

/// The answer to a transfer: its outcome, how many bytes were moved, and those that go to the host.
pub(super) fn submitted(number: u32, status: i32, moved: usize, data: &[u8]) -> Vec<u8> {
    let mut answer = header(SUBMITTED, number, status);
    answer[LENGTH..LENGTH + 4].copy_from_slice(&u32::try_from(moved).unwrap_or(0).to_be_bytes());
    answer.extend_from_slice(data);
    answer
}

/// The answer to taking a transfer back.
pub(super) fn unlinked(number: u32, status: i32) -> Vec<u8> {
    header(UNLINKED, number, status)
}

fn header(command: u32, number: u32, status: i32) -> Vec<u8> {
    let mut header = vec![0; HEADER];
    header[..4].copy_from_slice(&command.to_be_bytes());
    header[4..8].copy_from_slice(&number.to_be_bytes());
    header[STATUS..STATUS + 4].copy_from_slice(&status.to_be_bytes());
    header
}

fn word(bytes: &[u8; HEADER], at: usize) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|offset| bytes[at + offset]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_are_read() {
        let mut header = [0; HEADER];
        (header[3], header[7], header[15], header[19], header[27]) = (1, 9, 1, 1, 64);
        header[40..].copy_from_slice(&[0x80, 6, 0, 1, 0, 0, 64, 0]);
        let setup = [0x80, 6, 0, 1, 0, 0, 64, 0];
        let submit = Request::Submit { number: 9, input: true, endpoint: 1, length: 64, setup };
        assert_eq!(decode(&header), Some(submit));
        (header[3], header[23]) = (2, 7);
        assert_eq!(decode(&header), Some(Request::Unlink { number: 9, target: 7 }));
        header[3] = 5;
        assert_eq!(decode(&header), None);
    }

    #[test]
    fn answers_are_laid_out_as_documented() {
        let answer = submitted(9, STALLED, 3, b"abc");
        assert_eq!(
            (answer.len(), &answer[..8], &answer[20..28]),
            (51, &[0, 0, 0, 3, 0, 0, 0, 9][..], &[255, 255, 255, 224, 0, 0, 0, 3][..])
        );
        assert_eq!((&unlinked(2, 0)[..8], unlinked(2, 0).len()), (&[0, 0, 0, 4, 0, 0, 0, 2][..], HEADER));
    }

    proptest! {
        #[test]
        fn arbitrary_headers_never_panic(bytes in proptest::array::uniform32(any::<u8>()), tail in proptest::array::uniform16(any::<u8>())) {
            let mut header = [0; HEADER];
            header[..32].copy_from_slice(&bytes);
            header[32..].copy_from_slice(&tail);
            let _ = decode(&header);
        }
    }
}
