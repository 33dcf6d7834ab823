//! Kills of the whole station: no record that the page called queued is lost, none is there twice, and cases that were
//! under way are shown as interrupted. A broken promise ends the run where it stands.
//!
//! An officer pushes cases through as quickly as the pages allow; the station's program is killed at moments that a
//! seed decides, again and again, and started anew. The drivers it leaves behind end by themselves.

use super::station_cuts::PoweredStore;
use super::{Found, Soak, Work};
use crate::officer::Seen;
use crate::process::alive_in;
use crate::wait::until;
use crate::{Officer, Setup, Sim, Station, people};
use hardware_sim::person::Person;
use hardware_sim::shift::browser::BrowserError;
use render::Rng;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The line of the list.
pub(super) const SOAK: Soak = Soak { name: "kill", counts: "kills", count: 200, work: Work::Promises(run) };

/// From so many kills on every kind of traveller comes by.
const ALL_KINDS: u64 = 15;

/// In one life out of so many the first traveller is enrolled before the station dies.
const LONG_LIFE: u64 = 5;

/// How long the first enrolment may take on a machine that does much else; devices keep real time.
const ENROLLED: Duration = Duration::from_secs(180);

/// Cases that the page lists.
const MOST_RECENT: usize = 20;

/// How long everything may take to reach the intake at the end: the longest pause between two tries is a minute.
const DRAINED: Duration = Duration::from_secs(90);

/// What happens to a traveller.
#[derive(Clone, Copy, Debug)]
enum Kind {
    BelarusFromReader,
    Cancelled,
    Child,
    Claims,
    Enrolled,
    OwnCitizen,
    Refuses,
}

const KINDS: [Kind; 7] = [
    Kind::BelarusFromReader,
    Kind::Cancelled,
    Kind::Child,
    Kind::Claims,
    Kind::Enrolled,
    Kind::OwnCitizen,
    Kind::Refuses,
];

/// Everything that was ever read from the page of the lives before.
#[derive(Default)]
struct Promised {
    /// Record and place in the chain of each case that the page called queued.
    queued: BTreeMap<String, (String, u64)>,
    /// Cases that stood at the desk.
    opened: BTreeSet<String>,
}

fn run(count: u64, seed: u64, tell: &mut dyn FnMut(u64)) -> Result<Found, String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
        lives(station, Ending::Kill, (count, seed), tell).await
    })
}

/// What ends a life of the station.
pub(super) enum Ending {
    /// `kill -9` of its program at a random moment.
    Kill,
    /// The power goes under its store at a random writing call.
    PowerCut(PoweredStore),
}

/// So many lives from a seed, each with an officer at work until it ends. Anything that was promised and is not so ends the
/// run.
pub(super) async fn lives(
    mut station: Station,
    mut ending: Ending,
    (count, seed): (u64, u64),
    tell: &mut dyn FnMut(u64),
) -> Result<Found, String> {
    let mut draw = Rng::new(seed);
    let mut promised = Promised::default();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut interrupted = 0;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    // Whoever stands there stays: only documents change, so that no time goes into drawing heads.
    station.sim().await.arrive(&people::adult(seed)).await;

    for life in 0..count {
        let long = life.is_multiple_of(LONG_LIFE);
        let before = station.journal().len();
        let seen = one_life(&mut station, &mut ending, &mut draw, long).await?;
        match &mut ending {
            Ending::Kill => station.restart().await,
            Ending::PowerCut(store) => store.come_back(&mut station).await?,
        }
        interrupted += check_after_restart(&station, &seen, before).await;
        for (case, left) in seen.queued {
            *outcomes.entry(left.outcome).or_default() += 1;
            let record = left.record.unwrap();
            promised.queued.insert(case, (record.id, record.sequence));
        }
        promised.opened.extend(seen.opened);
        tell(life + 1);
    }

    let drained = |health: &Value| health["queued"] == 0;
    station.until_health("everything to be acknowledged", DRAINED, drained).await;
    check_the_end(&station, &promised);
    let missing = ["enrolled", "exempt", "not-in-scope", "refused-by-traveller", "cancelled"]
        .iter()
        .find(|outcome| !outcomes.contains_key(**outcome));
    if let (Some(outcome), true) = (missing, count >= ALL_KINDS) {
        return Err(format!("the load had no {outcome}: {outcomes:?}"));
    }
    if (interrupted as u64) < count / 2 {
        return Err(format!("only {interrupted} cases were under way when the station died"));
    }
    let left = station.killed().to_vec();
    until("the drivers of dead stations to end", Duration::from_secs(10), async || {
        left.iter().all(|group| alive_in(*group).is_empty()).then_some(())
    })
    .await;
    let mut words = format!("{} records, {interrupted} interrupted cases: {outcomes:?}", promised.queued.len());
    if let Ending::PowerCut(store) = ending {
        words = format!("{words}; {}", store.words());
        // Its files are on the file system that ends here.
        drop(station);
    }
    Ok(Found { words, ..Found::default() })
}

/// Lets an officer work until the station is killed at a random moment. What the officer has read from the page.
async fn one_life(station: &mut Station, ending: &mut Ending, draw: &mut Rng, long: bool) -> Result<Seen, String> {
    if long {
        station.until_ready(&["camera", "scanner", "reader"]).await;
    }
    let officer = station.officer().await;
    let seen = officer.seen();
    let done = Arc::new(Mutex::new(false));
    let (first, told) = (long.then_some(Kind::Enrolled), Arc::clone(&done));
    let load = Load { sim: station.sim().await, draw: Rng::new(draw.bits()), officer };
    let load = tokio::spawn(load.run(first, told));
    if long {
        until("one enrolment", ENROLLED, async || done.lock().unwrap().then_some(())).await;
    }
    match ending {
        // No wait for anything: this is the random moment.
        Ending::Kill => tokio::time::sleep(Duration::from_millis(50 + draw.below(2000) as u64)).await,
        Ending::PowerCut(store) => store.cut().await,
    }
    station.kill9();
    // What the officer read before is what counts; a page that can only fail now is not waited for.
    load.abort();
    let _ = load.await;
    let seen = seen.lock().map_err(|_| "the officer's notes are spoilt")?.clone();
    Ok(seen)
}

/// The officer's work without a pause.
struct Load {
    officer: Officer,
    sim: Sim,
    draw: Rng,
}

impl Load {
    async fn run(mut self, first: Option<Kind>, done: Arc<Mutex<bool>>) {
        let mut kind = first;
        loop {
            let next = kind.take().unwrap_or_else(|| KINDS[self.draw.below(KINDS.len())]);
            let person = self.draw.bits();
            // Any trouble is the end of the station, or an attempt that its devices were not ready for yet.
            if self.traveller(next, person).await.is_err() && self.officer.post("/officer/cancel", &[]).await.is_err() {
                return;
            }
            *done.lock().unwrap() = true;
        }
    }

    async fn traveller(&mut self, kind: Kind, seed: u64) -> Result<(), BrowserError> {
        let person = person(kind, seed);
        let case = match kind {
            Kind::BelarusFromReader => {
                let case = self.officer.open().await?;
                self.sim.swipe(&person.lines).await;
                self.officer.until("the reader's document", |view| view.step == "decided").await?;
                case
            }
            _ => self.officer.read(&person.lines).await?,
        };
        match kind {
            Kind::BelarusFromReader | Kind::Child | Kind::OwnCitizen => drop(self.officer.go_on().await?),
            Kind::Cancelled => self.officer.post("/officer/cancel", &[]).await?,
            Kind::Claims => {
                let claim = [("ground", "diplomat"), ("evidence", "accreditation-card")];
                return self.officer.post("/officer/claim", &claim).await;
            }
            Kind::Enrolled => {
                self.officer.go_on().await?;
                let view = self.officer.capture(&mut self.sim, &[]).await?;
                let path = if view.step == "summary" { "/officer/sign" } else { "/officer/cancel" };
                self.officer.post(path, &[]).await?;
            }
            Kind::Refuses => {
                self.officer.go_on().await?;
                self.officer.post("/officer/refused", &[]).await?;
            }
        }
        self.officer.queued(&case).await.map(drop)
    }
}

fn person(kind: Kind, seed: u64) -> Person {
    match kind {
        Kind::BelarusFromReader => people::citizen(seed, "BLR"),
        Kind::Child => people::child(seed),
        Kind::Claims => people::diplomat(seed),
        Kind::OwnCitizen => people::citizen(seed, "RUS"),
        Kind::Cancelled | Kind::Enrolled | Kind::Refuses => people::adult(seed),
    }
}

/// What the page promised is in the journal, and every other case of that life ended there as interrupted, which the
/// page shows. `before` is how many facts the journal had when that life began. How many cases were interrupted.
async fn check_after_restart(station: &Station, seen: &Seen, before: usize) -> usize {
    let journal = station.journal();
    let appended = appended(&journal);
    for (case, left) in &seen.queued {
        let record = left.record.as_ref().unwrap();
        let kept = appended.get(case).unwrap_or_else(|| panic!("{case} was called queued and is not in the journal"));
        assert_eq!(kept, &(record.id.clone(), record.sequence), "{case}");
    }
    let closed: BTreeSet<&str> = journal
        .iter()
        .filter(|fact| fact["fact"] == "case-closed" && fact["outcome"] == "interrupted")
        .map(|fact| fact["case"].as_str().unwrap())
        .collect();
    // A record may be durable before anybody was told; that case is whole, and not interrupted.
    let unfinished: BTreeSet<&str> =
        seen.opened.iter().map(String::as_str).filter(|case| !appended.contains_key(*case)).collect();
    // Cases of earlier lives that the page still listed have been looked at then.
    for case in &unfinished {
        assert!(closed.contains(case), "{case} was under way, and the journal does not end it");
    }
    let view = station.officer().await.now();
    let shown: BTreeSet<&str> =
        view.recent.iter().filter(|left| left.outcome == "interrupted").map(|left| left.case.as_str()).collect();
    let of_this_life = last_interrupted(&journal[before..]);
    assert_eq!(shown.len(), of_this_life.len().min(MOST_RECENT), "{shown:?} of {of_this_life:?}");
    assert!(shown.iter().all(|case| of_this_life.contains(case)), "{shown:?} of {of_this_life:?}");
    of_this_life.len()
}

/// The cases that the last start ended, of the facts since the start before it: the interrupted ones at the end, where
/// acknowledgements of the upload may already follow or stand in between.
fn last_interrupted(journal: &[Value]) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for fact in journal.iter().rev() {
        match fact["fact"].as_str().unwrap() {
            "case-closed" => found.insert(fact["case"].as_str().unwrap()),
            "acknowledged" | "erased" => continue,
            // A record that the start has taken in stands before the cases that it ended.
            _ => break,
        };
    }
    found
}

/// Record and sequence of each case that the journal has a record of.
fn appended(journal: &[Value]) -> BTreeMap<String, (String, u64)> {
    let facts = journal.iter().filter(|fact| fact["fact"] == "appended");
    let text = |fact: &Value, key: &str| fact[key].as_str().unwrap().to_owned();
    let mut found = BTreeMap::new();
    for fact in facts {
        let kept = (text(fact, "record"), fact["sequence"].as_u64().unwrap());
        let before = found.insert(text(fact, "case"), kept);
        assert!(before.is_none(), "a case has two records: {fact}");
    }
    found
}

/// The intake has each promised record once, in a chain without a gap, and the journal has an end for every case.
fn check_the_end(station: &Station, promised: &Promised) {
    let listed = station.list();
    let journal = station.journal();
    let appended = appended(&journal);
    let mut by_record: BTreeMap<&str, u64> = BTreeMap::new();
    for record in &listed {
        assert!(by_record.insert(&record.record, record.sequence).is_none(), "{record:?} is there twice");
    }
    let mut sequences: Vec<u64> = listed.iter().map(|record| record.sequence).collect();
    sequences.sort_unstable();
    let expected: Vec<u64> = (1..=listed.len() as u64).collect();
    assert_eq!(sequences, expected, "the chain has gaps or doubles");
    assert_eq!(listed.len(), appended.len(), "the intake has what the journal has");
    assert!(!promised.queued.is_empty());
    for (case, (record, sequence)) in &promised.queued {
        assert_eq!(by_record.get(record.as_str()), Some(sequence), "{case}: record {record}");
    }
    let ended: BTreeSet<&str> = journal
        .iter()
        .filter(|fact| fact["fact"] == "case-closed")
        .map(|fact| fact["case"].as_str().unwrap())
        .chain(appended.keys().map(String::as_str))
        .collect();
    let opened = journal.iter().filter(|fact| fact["fact"] == "case-opened");
    let opened: BTreeSet<&str> = opened.map(|fact| fact["case"].as_str().unwrap()).collect();
    assert_eq!(opened, ended, "every case that was opened has an end, and no other");
    let unknown: Vec<_> = promised.opened.iter().filter(|case| !opened.contains(case.as_str())).collect();
    assert!(unknown.is_empty(), "the page showed cases that the journal does not know: {unknown:?}");
}
