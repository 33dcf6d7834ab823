//! Following every station's chain through the data base: what is there is what was signed, whole or erased.

use crate::database::{Database, DatabaseFault, Link};
use domain::record::Header;
use std::collections::HashMap;
use store::format::{Envelope, FormatFault, Stub, digest};
use store::{Tombstone, VerifyKey, peek_header, peek_key_id, verify_header};

/// Records that are looked at in one go.
const AT_ONCE: i64 = 20;

/// Most faults that are told one by one.
const MOST: usize = 1000;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chains {
    /// Records, erased ones among them.
    pub records: u64,
    /// Those whose body was erased, with a tombstone that is in order.
    pub erased: u64,
    /// Sequence numbers that have not come.
    pub missing: i64,
    /// Station and sequence of each record that is not as it was signed, and what is wrong; the first thousand.
    pub broken: Vec<(String, i64, &'static str)>,
}

/// The keys of the data base, each asked for once.
struct Keys<'a> {
    database: &'a Database,
    known: HashMap<(String, String), Option<VerifyKey>>,
}

/// Looks at every record. `receipts` are the keys that tombstones may be signed by.
pub async fn follow(database: &Database, receipts: &[&VerifyKey]) -> Result<Chains, DatabaseFault> {
    let mut chains = Chains::default();
    let mut keys = Keys { database, known: HashMap::new() };
    let mut before: Option<Link> = None;
    loop {
        let at = before.as_ref().map_or(("", 0), |link| (&*link.station, link.sequence));
        let links = database.links(at, AT_ONCE).await?;
        if links.is_empty() {
            return Ok(chains);
        }
        for link in links {
            let last = before.as_ref().filter(|last| last.station == link.station);
            chains.records += 1;
            chains.erased += u64::from(link.tombstone.is_some());
            chains.missing += link.sequence - 1 - last.map_or(0, |last| last.sequence);
            if let Err(what) = check(&link, last, receipts, &mut keys).await? {
                tracing::error!(station = link.station, sequence = link.sequence, what, "a record is broken");
                if chains.broken.len() < MOST {
                    chains.broken.push((link.station.clone(), link.sequence, what));
                }
            }
            // Its bytes are not needed any more.
            before = Some(Link { envelope: Vec::new(), ..link });
        }
    }
}

async fn check(
    link: &Link,
    last: Option<&Link>,
    receipts: &[&VerifyKey],
    keys: &mut Keys<'_>,
) -> Result<Result<(), &'static str>, DatabaseFault> {
    let Ok((cose, body)) = parts(link) else { return Ok(Err("it cannot be read")) };
    let Ok(claimed) = peek_header(cose) else { return Ok(Err("its header cannot be read")) };
    let Some(key) = keys.of(&link.station, &claimed.signed_by).await? else {
        return Ok(Err("its key is not registered"));
    };
    let Ok(header) = verify_header(key, cose) else { return Ok(Err("its signature is not valid")) };
    if let Err(what) = matches(link, &header, body, receipts) {
        return Ok(Err(what));
    }
    let before = store::hex(&header.previous);
    if follows(link, &before, last) || keys.database.is_beside(&link.station, link.sequence - 1, &before).await? {
        return Ok(Ok(()));
    }
    Ok(Err("it does not hang on the record before"))
}

/// The COSE message of an envelope or of what is left of it, and the body if there is one.
fn parts(link: &Link) -> Result<(&[u8], Option<&[u8]>), FormatFault> {
    match &link.tombstone {
        Some(_) => Stub::decode(&link.envelope).map(|stub| (stub.cose, None)),
        None => Envelope::decode(&link.envelope).map(|whole| (whole.cose, Some(whole.body))),
    }
}

/// What is kept is what the header says, or what the tombstone says was there.
fn matches(link: &Link, header: &Header, body: Option<&[u8]>, receipts: &[&VerifyKey]) -> Result<(), &'static str> {
    let sequence = u64::try_from(link.sequence).unwrap_or_default();
    if (&*header.station.0, header.sequence) != (&*link.station, sequence) {
        return Err("its header is of another place");
    }
    match (body, &link.tombstone) {
        (Some(body), _) if digest(body) != header.body_digest => Err("its body is not the one that was signed"),
        (Some(_), _) if store::hex(&digest(&link.envelope)) != link.digest => Err("its digest is another"),
        (None, Some(tombstone)) => {
            let named = peek_key_id(tombstone).ok();
            let key = receipts.iter().find(|key| Some(key.id()) == named.as_deref());
            let stated = key.and_then(|key| Tombstone::verify(key, tombstone).ok());
            let stated = stated.ok_or("its tombstone is not signed by this intake")?;
            let same =
                (stated.station, stated.sequence, stated.record) == (header.station.clone(), sequence, header.record);
            let same = same && store::hex(&stated.digest) == link.digest;
            if same { Ok(()) } else { Err("its tombstone is another's") }
        }
        _ => Ok(()),
    }
}

/// It hangs on the record before, where that one is here.
fn follows(link: &Link, before: &str, last: Option<&Link>) -> bool {
    match last {
        Some(last) if last.sequence == link.sequence - 1 => before == last.digest,
        None if link.sequence == 1 => before == store::hex(&[0; 32]),
        _ => true,
    }
}

impl Keys<'_> {
    async fn of(&mut self, station: &str, key_id: &str) -> Result<Option<&VerifyKey>, DatabaseFault> {
        let name = (station.to_owned(), key_id.to_owned());
        if !self.known.contains_key(&name) {
            let key = self.database.key(station, key_id).await?.map(|known| known.key);
            self.known.insert(name.clone(), key);
        }
        Ok(self.known.get(&name).and_then(Option::as_ref))
    }
}
