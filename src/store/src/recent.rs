//! "The same document, twice within an hour": keyed digests with their time, never a plain number.
//!
//! The key is the station's and lives in its memory or its key file; here are only its HMACs. They are kept in the
//! index, so that a restart does not forget them; an index that has to be made again does.

use crate::index::Index;

/// How long a digest is remembered: an hour, in milliseconds.
pub(crate) const WINDOW_MS: i64 = 60 * 60 * 1000;

/// Digests at most: beyond any desk's hour, and a limit all the same.
const MAX_DIGESTS: usize = 10_000;

/// Whether this digest was seen within the hour before; it is remembered from now on. Older ones are forgotten, and so
/// are ones from the future, which a corrected clock leaves behind.
pub(crate) fn seen_before(index: &mut Index, digest: &[u8; 32], now_ms: i64) -> sled::Result<bool> {
    let fresh = |seen_ms: i64| (0..=WINDOW_MS).contains(&now_ms.saturating_sub(seen_ms));
    match index {
        Index::Memory { recent, .. } => {
            recent.retain(|_, seen_ms| fresh(*seen_ms));
            let seen = recent.contains_key(digest);
            if seen || recent.len() < MAX_DIGESTS {
                recent.insert(*digest, now_ms);
            }
            Ok(seen)
        }
        Index::Sled { recent, .. } => {
            for pair in recent.iter() {
                let (key, value) = pair?;
                let seen_ms = value.as_ref().try_into().ok().map(i64::from_be_bytes);
                if !seen_ms.is_some_and(fresh) {
                    recent.remove(key)?;
                }
            }
            let seen = recent.contains_key(digest)?;
            if seen || recent.len() < MAX_DIGESTS {
                recent.insert(digest, &now_ms.to_be_bytes())?;
                recent.flush()?;
            }
            Ok(seen)
        }
    }
}
