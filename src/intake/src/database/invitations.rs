//! One-time codes by which a station is provisioned, and the certificates that were made.

use super::tries::Tries;
use super::{Database, DatabaseFault, hold};
use sqlx::Row;
use zeroize::Zeroizing;

/// Letters of a code: Crockford's base 32, without letters that are taken for others.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Letters of a code: 125 bits. Nobody guesses one, so wrong codes change nothing: whoever could spoil an invitation by
/// them would need no more than to reach the intake.
const CODE_LETTERS: usize = 25;

/// What came of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// Its time is over.
    Expired,
    /// It is another station's.
    OtherStation,
    /// It was used by a station with other keys.
    Used,
    /// It is this station's, and from now on used.
    Yes,
    /// There is no such code.
    Wrong,
}

/// What a certificate was given for.
#[derive(Clone, Copy)]
pub enum Shown<'a> {
    /// The one before, by its fingerprint.
    Certificate(&'a [u8; 32]),
    /// An invitation that these keys have used.
    Invitation(&'a str),
}

/// A certificate that was made.
pub struct Made<'a> {
    /// The station that it names.
    pub station: &'a str,
    /// SHA-256 of it.
    pub fingerprint: &'a [u8; 32],
    /// When it ends: UTC, milliseconds since 1970.
    pub not_after_ms: i64,
    /// What it was given for.
    pub shown: Shown<'a>,
}

/// A new code, in groups of five letters. Nothing without randomness.
pub fn new_code() -> Option<Zeroizing<String>> {
    let mut random = Zeroizing::new([0; CODE_LETTERS]);
    getrandom::fill(&mut *random).ok()?;
    let mut code = Zeroizing::new(String::with_capacity(CODE_LETTERS + CODE_LETTERS / 5));
    for (at, byte) in random.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[usize::from(byte & 31)]));
    }
    Some(code)
}

/// What is kept of a code: SHA-256 of its letters, read as people copy them.
pub fn hash_of(code: &str) -> String {
    let mut letters = Zeroizing::new(String::with_capacity(code.len()));
    letters.extend(code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').map(|letter| {
        match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        }
    }));
    store::hex(&store::format::digest(letters.as_bytes()))
}

impl Database {
    /// Invites a station; an earlier invitation of it is void.
    pub async fn invite(&self, station: &str, code: &str, now_ms: i64, until_ms: i64) -> Result<(), DatabaseFault> {
        let insert = "INSERT INTO invitations (station, code_hash, created, expires, used_by)
            VALUES ($1, $2, $3, $4, '') ON CONFLICT (station) DO UPDATE SET
            code_hash = $2, created = $3, expires = $4, used_by = ''";
        let query = sqlx::query(insert).bind(station).bind(hash_of(code)).bind(now_ms).bind(until_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Takes a code for a station with these keys. The same keys may bring it again while it is valid: an answer may have
    /// been lost. Who has not the code changes nothing, and learns nothing of any invitation.
    pub async fn redeem(&self, station: &str, code: &str, keys: &str, now_ms: i64) -> Result<Redeemed, DatabaseFault> {
        let hash = hash_of(code);
        let update = "UPDATE invitations SET used_by = $3 WHERE station = $1 AND code_hash = $2 AND expires > $4
            AND (used_by = '' OR used_by = $3)";
        let query = sqlx::query(update).bind(station).bind(&hash).bind(keys).bind(now_ms);
        if query.execute(&self.pool).await?.rows_affected() == 1 {
            return Ok(Redeemed::Yes);
        }
        let select = "SELECT station, expires FROM invitations WHERE code_hash = $1";
        let Some(row) = sqlx::query(select).bind(&hash).fetch_optional(&self.pool).await? else {
            return Ok(Redeemed::Wrong);
        };
        let (invited, expires): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
        Ok(match invited == station {
            false => Redeemed::OtherStation,
            true if expires <= now_ms => Redeemed::Expired,
            true => Redeemed::Used,
        })
    }

    /// Keeps that a certificate was made. False when what was shown for it no longer holds: a station may be revoked at
    /// any moment, and then no answer on its way may carry a certificate that is good.
    pub async fn certificate_made(&self, made: &Made<'_>, now_ms: i64) -> Result<bool, DatabaseFault> {
        let mut tries = Tries::default();
        loop {
            match self.certificate_made_once(made, now_ms).await {
                Err(error) if tries.again(&error).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn certificate_made_once(&self, made: &Made<'_>, now_ms: i64) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, made.station, None).await?;
        let holds: i64 = match made.shown {
            Shown::Certificate(shown) => {
                let select = "SELECT COUNT(*) FROM station_certificates WHERE fingerprint = $1 AND revoked > 0";
                let query = sqlx::query(select).bind(store::hex(shown));
                let revoked: i64 = query.fetch_one(&mut *transaction).await?.try_get(0)?;
                i64::from(revoked == 0)
            }
            Shown::Invitation(keys) => {
                let select = "SELECT COUNT(*) FROM invitations WHERE station = $1 AND used_by = $2";
                let query = sqlx::query(select).bind(made.station).bind(keys);
                query.fetch_one(&mut *transaction).await?.try_get(0)?
            }
        };
        if holds == 0 {
            return Ok(false);
        }
        let insert = "INSERT INTO station_certificates (fingerprint, station, not_after, made, revoked)
            VALUES ($1, $2, $3, $4, 0) ON CONFLICT DO NOTHING";
        let query = sqlx::query(insert).bind(store::hex(made.fingerprint)).bind(made.station);
        query.bind(made.not_after_ms).bind(now_ms).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Revokes every certificate that was made for a station, and its invitation: how many certificates.
    pub async fn revoke(&self, station: &str, now_ms: i64) -> Result<u64, DatabaseFault> {
        let mut tries = Tries::default();
        loop {
            match self.revoke_once(station, now_ms).await {
                Err(error) if tries.again(&error).await => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn revoke_once(&self, station: &str, now_ms: i64) -> Result<u64, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        hold(&mut transaction, station, None).await?;
        let delete = "DELETE FROM invitations WHERE station = $1";
        sqlx::query(delete).bind(station).execute(&mut *transaction).await?;
        let update = "UPDATE station_certificates SET revoked = $2 WHERE station = $1 AND revoked = 0";
        let revoked = sqlx::query(update).bind(station).bind(now_ms).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(revoked.rows_affected())
    }

    /// Whether a certificate was revoked. One that was made elsewhere never is.
    pub async fn is_revoked(&self, fingerprint: &[u8; 32]) -> Result<bool, DatabaseFault> {
        let select = "SELECT COUNT(*) FROM station_certificates WHERE fingerprint = $1 AND revoked > 0";
        let row = sqlx::query(select).bind(store::hex(fingerprint)).fetch_one(&self.pool).await?;
        let found: i64 = row.try_get(0)?;
        Ok(found > 0)
    }

    /// The receipt of a station's record with the highest sequence number.
    pub async fn last_receipt(&self, station: &str) -> Result<Option<Vec<u8>>, DatabaseFault> {
        let select = "SELECT receipt FROM records WHERE station = $1 ORDER BY sequence DESC LIMIT 1";
        let row = sqlx::query(select).bind(station).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_copy_them() {
        let code = new_code().unwrap();
        assert_eq!((code.len(), code.matches('-').count()), (29, 4));
        assert_ne!(*code, *new_code().unwrap());
        let copied = format!(" {}\n", code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l"));
        assert_eq!(hash_of(&copied), hash_of(&code), "{copied}");
        assert_ne!(hash_of(&code[1..]), hash_of(&code));
    }
}
