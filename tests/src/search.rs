//! Looking for what must not be there.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found
}

/// Bytes as they are, in hexadecimal of either case, and in base64 of either alphabet, wherever they begin in it.
pub fn disguises(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lower = store::hex(bytes);
    let mut found = vec![bytes.to_vec(), lower.to_uppercase().into_bytes(), lower.into_bytes()];
    for skipped in 0..3 {
        // Whole groups of three bytes: what stands around them changes the characters at both ends.
        let inside = bytes.get(skipped..).unwrap_or_default();
        let inside = &inside[..inside.len() / 3 * 3];
        if inside.len() >= SHORTEST {
            found.extend([&STANDARD, &URL_SAFE].map(|alphabet| base64(inside, alphabet)));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Fewer bytes stand in any base64 by chance.
const SHORTEST: usize = 6;

const STANDARD: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648 of whole groups.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| alphabet[bits >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

/// The files below a folder that hold these bytes.
pub fn holding(folder: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        // A file that went away meanwhile holds nothing any more.
        fs::read(path).is_ok_and(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    files(folder).into_iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_found_in_every_disguise() {
        // By `printf .. | base64`: the needle after none, one and two other bytes.
        let needles = disguises(b"QUETZALNAME");
        for text in
            ["UVVFVFpBTE5BTUU=", "eFFVRVRaQUxOQU1F", "eHhRVUVUWkFMTkFNRQ==", "51554554 5a414c4e414d45", "QUETZALNAME"]
        {
            let text = text.replace(' ', "");
            let holds = |needle: &Vec<u8>| text.as_bytes().windows(needle.len()).any(|window| window == needle);
            assert!(needles.iter().any(holds), "{text}");
        }
        assert!(
            !needles.iter().any(|needle| b"UVVFVFpBTE5PVEhFUg==".windows(needle.len()).any(|window| window == needle))
        );
    }
}
