//! Exactly once: a real station sends its backlog over mutual TLS to a real intake, on a network that loses one answer in
//! five, cuts requests, and delivers some late, twice and out of order, while the intake and its PostgreSQL are killed
//! again and again.

use super::{Found, Soak, Work};
use crate::place::free_port;
use crate::proxy::Proxy;
use crate::{Setup, Station};
use domain::case::{CaseNumber, RecordId};
use intake::testing::{Cluster, Durability};
use jiff::civil::date;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::testing::{HastyDisk, NOW_MS, Tally, closure};
use store::{AuthorityKey, FileKey, Outbox, Passphrase, Sealer};

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "network", counts: "records", count: 20_000, work: Work::Promises(run) };

/// Of 100 answers so many are lost.
const LOST_OF_100: u64 = 20;

/// Kills of the intake and of its data base in a whole run; short runs have fewer.
const KILLS: u64 = 10;

/// Records between two kills at least.
const FEWEST: u64 = 40;

/// How long one part of the backlog may take: an hour.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Records of one day: case numbers have four digits.
const A_DAY: u64 = 9_000;

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(backlog(count, seed, tell))
}

async fn backlog(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    // It lives as long as the process, which the server does not outlive.
    let cluster = match Cluster::start(Durability::Kernel) {
        Ok(cluster) => Some(&*Box::leak(Box::new(cluster))),
        Err(error) => {
            eprintln!("SKIPPED: the data base is SQLite here, and only the intake is killed. {error}");
            None
        }
    };
    let mut station = Setup { cluster, log: "warn", ..Setup::default() }.start().await;
    let (place, port) = (station.place(), free_port());
    place.replace(&format!("localhost:{}", place.intake), &format!("localhost:{port}"));
    let proxy = Proxy::start(port, place.intake, LOST_OF_100, seed).await.map_err(|error| error.to_string())?;
    station.kill9();
    let (begun, promised) = (Instant::now(), fill(&station, count)?);
    let filled = begun.elapsed();
    station.restart().await;

    let kills = (count / FEWEST).clamp(1, KILLS);
    for kill in 1..=kills {
        let left = count - count * kill / (kills + 1);
        let below = |health: &serde_json::Value| health["queued"].as_u64().is_some_and(|queued| queued <= left);
        station.until_health("a part of the backlog to arrive", PATIENCE, below).await;
        station.kill_intake();
        if let Some(cluster) = cluster {
            cluster.kill().and_then(|()| cluster.start_server()).map_err(|error| format!("PostgreSQL: {error}"))?;
        }
        station.start_intake().await;
        tell(count - left);
    }
    station.until_health("all of the backlog to arrive", PATIENCE, |health| health["queued"] == 0).await;
    tell(count);

    let done = proxy.done();
    let [answers, lost, cut, late] =
        [&done.answers, &done.lost, &done.cut, &done.late].map(|number| number.load(Ordering::Relaxed));
    let data_base = if cluster.is_some() { "PostgreSQL" } else { "SQLite" };
    let words = format!(
        "filled in {filled:.0?}; {answers} answers arrived, {lost} were lost, {cut} requests were cut, {late} were overtaken by others; {kills} \
         kills of the intake on {data_base}"
    );
    if lost * 100 < LOST_OF_100 / 2 * (answers + lost) {
        return Err(format!("hardly anything was lost: {words}"));
    }
    if late == 0 {
        return Err(format!("nothing came out of order: {words}"));
    }
    Ok(Found { tally: compare(&station, &promised), words, skipped: None })
}

/// Fills the store of a station that is not running, as the station itself would: its records by their places.
fn fill(station: &Station, count: u64) -> Result<BTreeMap<u64, RecordId>, String> {
    let place = station.place();
    let said = |fault: &dyn std::fmt::Display| format!("the store cannot be filled: {fault}");
    let passphrase = Passphrase::from_credential(&place.path("credentials"), "gatepost-passphrase");
    let passphrase = passphrase.map_err(|fault| said(&fault))?.ok_or("no passphrase")?;
    let key =
        FileKey::open_sealed(&place.path("station/keys/station.key"), &passphrase).map_err(|fault| said(&fault))?;
    let authority = AuthorityKey::load(&place.path("intake/authority.pub")).map_err(|fault| said(&fault))?;
    let sealer = Sealer::new(authority);
    let store = place.path("station/store");
    // Nobody takes the power from it here; the index, which nothing rests on, is made at the station's start.
    let disk = HastyDisk::open(&store).map_err(|fault| said(&fault))?;
    let opened = Outbox::open_on(Arc::new(disk), None, &closure(1).station);
    let (mut outbox, _) = opened.map_err(|fault| said(&fault))?;
    let mut promised = BTreeMap::new();
    for n in 0..count {
        let day = date(2025, 1, 1).saturating_add(jiff::Span::new().days(i64::try_from(n / A_DAY).unwrap_or(0)));
        let mut draft = closure(1);
        draft.id = RecordId(u128::from(n + 1).to_be_bytes());
        draft.case = CaseNumber::new(&draft.station, day, (n % A_DAY) as u32 + 1);
        let position = outbox.position(NOW_MS, store::testing::BOOT);
        let sealed = draft.seal(&sealer).map_err(|fault| said(&fault))?;
        let record = sealed.sign(&key, position).map_err(|fault| said(&fault))?;
        let receipt = outbox.append(record).map_err(|fault| said(&fault))?;
        promised.insert(receipt.sequence(), receipt.record());
    }
    drop(outbox);
    HastyDisk::settle(&store).map_err(|fault| said(&fault))?;
    Ok(promised)
}

/// What the intake has against what was promised.
fn compare(station: &Station, promised: &BTreeMap<u64, RecordId>) -> Tally {
    let mut tally = Tally::default();
    let mut there: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for record in station.list() {
        there.entry(record.sequence).or_default().push(record.record);
    }
    for (sequence, record) in promised {
        match there.remove(sequence).as_deref() {
            Some([one]) if *one == record.to_string() => {}
            Some([_]) | None => tally.lose(format!("record {sequence}")),
            Some(_) => tally.double(format!("record {sequence}")),
        }
    }
    there.keys().for_each(|sequence| tally.double(format!("record {sequence}, which nobody has made")));
    let damaged = station.journal().iter().filter(|fact| fact["fact"] == "quarantined").count();
    (0..damaged).for_each(|_| tally.garble("a record of the station"));
    tally
}
