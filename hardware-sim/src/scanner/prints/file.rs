//! A print as the 512 bytes that modules of the family store and send. What real modules keep in them is their
//! makers' secret; this layout is our own.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | `SIMF` |
//! | 4 | version, 1 |
//! | 5..8 | zeros |
//! | 8..488 | the grid: 64 rows of 60 bits, one after the other, set on a ridge |
//! | 488..496 | what is known of it: a bit for each patch of 8 by 8 points, row by row |
//! | 496..504 | zeros |
//! | 504..512 | digest of everything before: FNV-1a, 64 bits |

use super::print::{COLUMNS, PATCH, PATCHES, Print, ROWS};
use thiserror::Error;

/// Bytes of a characteristic file (ZFM-20 manual V2.0).
pub const FILE_LENGTH: usize = 512;

const MARK: &[u8; 5] = b"SIMF\x01";
const GRID: usize = 8;
const KNOWN: usize = GRID + ROWS * COLUMNS / 8;
const END: usize = KNOWN + PATCHES * ROWS / PATCH / 8;
const DIGEST: usize = 504;

/// Bytes that are no characteristic file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadFile {
    /// The digest is another one.
    #[error("the digest does not fit")]
    Digest,
    /// Not 512 bytes, or not marked as ours.
    #[error("not a characteristic file")]
    Layout,
}

/// The file of a print.
pub fn encode(print: &Print) -> Vec<u8> {
    let mut file = vec![0; FILE_LENGTH];
    file[..MARK.len()].copy_from_slice(MARK);
    let mut set = |place: usize, bit: usize| file[place + bit / 8] |= 1 << (bit % 8);
    for at in 0..ROWS * COLUMNS {
        if print.ridge[at / COLUMNS] >> (at % COLUMNS) & 1 == 1 {
            set(GRID, at);
        }
    }
    for at in 0..PATCHES * ROWS / PATCH {
        if print.knows(at % PATCHES, at / PATCHES) {
            set(KNOWN, at);
        }
    }
    let digest = digest(&file[..DIGEST]);
    file[DIGEST..].copy_from_slice(&digest.to_be_bytes());
    file
}

/// The print of a file.
pub fn decode(file: &[u8]) -> Result<Print, BadFile> {
    if file.len() != FILE_LENGTH || !file.starts_with(MARK) {
        return Err(BadFile::Layout);
    }
    if file[DIGEST..] != digest(&file[..DIGEST]).to_be_bytes() {
        return Err(BadFile::Digest);
    }
    let has = |place: usize, bit: usize| file[place + bit / 8] >> (bit % 8) & 1 == 1;
    let mut print = Print::EMPTY;
    for at in 0..ROWS * COLUMNS {
        print.ridge[at / COLUMNS] |= u64::from(has(GRID, at)) << (at % COLUMNS);
    }
    for at in (0..(END - KNOWN) * 8).filter(|at| has(KNOWN, *at)) {
        print.learn(at % PATCHES, at / PATCHES);
    }
    Ok(print)
}

fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_print_comes_back_whole(ridge in any::<[u32; ROWS]>(), patches in any::<u64>()) {
            let mut print = Print::EMPTY;
            for (row, bits) in print.ridge.iter_mut().zip(ridge) {
                *row = u64::from(bits) << 17;
            }
            for at in (0..64).filter(|at| patches >> at & 1 == 1) {
                print.learn(at % PATCHES, at / PATCHES);
            }
            prop_assert_eq!(decode(&encode(&print)), Ok(print));
        }

        #[test]
        fn arbitrary_bytes_never_panic_and_do_not_pass(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn a_changed_byte_is_noticed(at in 0..FILE_LENGTH, change in 1..=255u8) {
            let mut file = encode(&Print::EMPTY);
            file[at] ^= change;
            prop_assert!(decode(&file).is_err());
        }
    }
}
