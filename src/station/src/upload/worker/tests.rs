use super::*;
use domain::case::{CaseNumber, RecordId, StationId};
use domain::record::{AuditHead, Body, Draft, Header, Versions};
use domain::session::Outcome;
use domain::units::StaffId;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use store::format::{Envelope, digest};
use store::{
    Acknowledgement, AuthoritySecret, FileKey, Reason, Sealer, StoreFault, Succession, peek_header, sign_receipt,
};
use tempfile::TempDir;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

const NOW_MS: i64 = 1_766_534_400_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

#[test]
fn jitter_stays_between_half_and_all() {
    for _ in 0..200 {
        let pause = with_jitter(SHORTEST_PAUSE);
        assert!(pause >= SHORTEST_PAUSE / 2 && pause <= SHORTEST_PAUSE, "{pause:?}");
    }
}

/// An intake in this process, which can be taken away, and that set records of some numbers aside.
#[derive(Clone)]
struct Fake(Arc<Mutex<State>>);

struct State {
    key: Arc<FileKey>,
    reachable: bool,
    /// So many connections break before the next answer.
    breaks: u32,
    /// Envelopes by their number, as they came.
    taken: Vec<(u64, Vec<u8>)>,
    /// Every parcel that was tried, in a word.
    tried: Vec<&'static str>,
    retired: Vec<u64>,
    other_audit: bool,
    /// Of keys of receipts that it had.
    statements: Vec<Vec<u8>>,
}

impl Fake {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn answer(&self, parcel: Parcel) -> Delivery {
        let mut state = self.state();
        state.tried.push(match &parcel {
            Parcel::Last => "last",
            Parcel::ReceiptKeys(_) => "receipt-keys",
            Parcel::Record(_) => "record",
            Parcel::Renewal => "renewal",
            Parcel::Rotation(_) => "rotation",
        });
        if !state.reachable || state.breaks > 0 {
            state.breaks = state.breaks.saturating_sub(1);
            return Delivery::TryAgain(link::Fault::Unreachable.into());
        }
        match parcel {
            Parcel::Last => {
                let last = state.taken.iter().max_by_key(|(sequence, _)| *sequence);
                Delivery::Answered(last.map_or_else(Vec::new, |(_, envelope)| state.receipt(envelope)))
            }
            Parcel::Record(envelope) => {
                let header = header_of(&envelope);
                if state.retired.contains(&header.sequence) {
                    return Delivery::Refused("403 I-13".into());
                }
                let receipt = state.receipt(&envelope);
                state.taken.push((header.sequence, envelope));
                Delivery::Answered(receipt)
            }
            Parcel::ReceiptKeys(_) => {
                Delivery::Answered(serde_json::to_vec(&Successions::of(&state.statements)).unwrap())
            }
            Parcel::Renewal | Parcel::Rotation(_) => Delivery::Answered(Vec::new()),
        }
    }
}

impl State {
    fn receipt(&self, envelope: &[u8]) -> Vec<u8> {
        let header = header_of(envelope);
        let altered = AuditHead { lines: header.audit.lines + 1, digest: [9; 32] };
        let acknowledgement = Acknowledgement {
            digest: digest(envelope),
            station: header.station,
            sequence: header.sequence,
            record: header.record,
            audit: if self.other_audit { altered } else { header.audit },
            received_ms: NOW_MS,
        };
        sign_receipt(&*self.key, &acknowledgement).unwrap()
    }
}

impl Target for Fake {
    fn deliver<'a>(&'a self, parcel: Parcel) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>> {
        Box::pin(std::future::ready(self.answer(parcel)))
    }
}

fn header_of(envelope: &[u8]) -> Header {
    peek_header(Envelope::decode(envelope).unwrap().cose).unwrap()
}

struct World {
    dir: TempDir,
    keeper: Arc<Keeper>,
    fake: Fake,
    news: mpsc::UnboundedReceiver<News>,
    /// The key of receipts that the station was provisioned with.
    first: VerifyKey,
}

fn keeper(dir: &TempDir, store: &str) -> Arc<Keeper> {
    let at = |name: &str| dir.path().join(name);
    if !at("a.key").exists() {
        AuthoritySecret::create(&at("a.key"), &at("a.pub")).unwrap();
        FileKey::create(&at("s.key")).unwrap();
    }
    let (outbox, _) = Outbox::open(&at(store), &StationId("S1".into())).unwrap();
    let sealer = Sealer::new(store::AuthorityKey::load(&at("a.pub")).unwrap());
    let signer = FileKey::load(&at("s.key")).unwrap();
    Arc::new(Keeper::new(outbox, sealer, Box::new(signer), Zeroizing::new(vec![1; 32])))
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = Arc::new(FileKey::create(&dir.path().join("intake.key")).unwrap());
        let (taken, tried, retired) = (Vec::new(), Vec::new(), Vec::new());
        let state = State {
            key,
            reachable: true,
            breaks: 0,
            taken,
            tried,
            retired,
            other_audit: false,
            statements: Vec::new(),
        };
        let first = store::Signer::public(&*state.key).clone();
        let keeper = keeper(&dir, "store");
        let (_, news) = mpsc::unbounded_channel();
        Self { dir, keeper, fake: Fake(Arc::new(Mutex::new(state))), news, first }
    }

    /// Keeps a record of a case that was cancelled.
    fn append(&self, number: u8) {
        let at = |name: &str| self.dir.path().join(name);
        let (sealer, key) =
            (Sealer::new(store::AuthorityKey::load(&at("a.pub")).unwrap()), FileKey::load(&at("s.key")).unwrap());
        let draft = Draft {
            id: RecordId([number; 16]),
            case: CaseNumber::parse(&format!("S1-251224-{number:04}")).unwrap(),
            station: StationId("S1".into()),
            checkpoint: "domodedovo".into(),
            local_time: "2025-12-24T03:00:00".into(),
            officer: StaffId("anna".into()),
            accompanying: None,
            outcome: Outcome::Cancelled,
            decision: None,
            versions: Versions {
                software: "test".into(),
                policy: "test".into(),
                thresholds: "test".into(),
                models: Vec::new(),
            },
            review: None,
            replaces: None,
            simulated: true,
            body: Body::Closure,
        };
        let mut outbox = self.keeper.outbox();
        let position = outbox.position(NOW_MS, "boot");
        outbox.append(draft.seal(&sealer).unwrap().sign(&key, position).unwrap()).unwrap();
        drop(outbox);
        self.keeper.appended.notify_one();
    }

    fn start(&mut self) {
        let (sender, news) = mpsc::unbounded_channel();
        self.news = news;
        start(Upload {
            keeper: self.keeper.clone(),
            target: Box::new(self.fake.clone()),
            receipts: Mutex::new(ReceiptKeys::new(self.first.clone())),
            connection: None,
            statements: Vec::new(),
            now_ms: Box::new(|| NOW_MS),
            tell: Box::new(move |news| {
                // A test that has seen enough listens no longer.
                let _ = sender.send(news);
            }),
        });
    }

    async fn until(&mut self, wanted: News) {
        while self.news.recv().await.unwrap() != wanted {}
    }

    fn taken(&self) -> Vec<u64> {
        self.fake.state().taken.iter().map(|(sequence, _)| *sequence).collect()
    }
}

/// The clock is tokio's own, which jumps to the next thing that waits: five days take no time.
#[tokio::test(start_paused = true)]
async fn after_days_without_an_intake_everything_arrives_in_order_within_a_minute() {
    let mut world = World::new();
    world.fake.state().reachable = false;
    world.append(1);
    world.start();
    world.until(News::Trouble(Some("N-01"))).await;
    world.append(2);
    tokio::time::sleep(5 * DAY).await;
    let tries = world.fake.state().tried.len();
    // Once a minute, give or take the jitter, and never more often than twice.
    assert!((5 * 24 * 60..=2 * 5 * 24 * 60 + 20).contains(&tries), "{tries} tries in five days");
    world.append(3);
    world.fake.state().reachable = true;
    let back = tokio::time::Instant::now();
    world.until(News::Arrived(3)).await;
    assert!(back.elapsed() <= LONGEST_PAUSE, "{:?}", back.elapsed());
    assert_eq!(world.taken(), [1, 2, 3]);
    world.until(News::Trouble(None)).await;
}

/// A bad line is tried again at once and then less and less often; an intake that answers is left in peace.
#[tokio::test(start_paused = true)]
async fn a_line_that_breaks_after_a_record_is_tried_again_soon() {
    let mut world = World::new();
    world.append(1);
    world.start();
    world.until(News::Arrived(1)).await;
    world.fake.state().breaks = 4;
    let since = tokio::time::Instant::now();
    world.append(2);
    world.until(News::Arrived(2)).await;
    let longest = BETWEEN_RECORDS * (1 + 2 + 4 + 8);
    assert!((longest / 2..=longest + Duration::from_millis(20)).contains(&since.elapsed()), "{:?}", since.elapsed());

    world.fake.state().other_audit = true;
    let since = tokio::time::Instant::now();
    world.append(3);
    for _ in 0..3 {
        world.until(News::ReceiptRefused).await;
    }
    world.fake.state().other_audit = false;
    world.until(News::Arrived(3)).await;
    assert!(since.elapsed() >= (SHORTEST_PAUSE * 3) / 2, "{:?}", since.elapsed());
}

/// A record by a key whose time is over waits for an administrator, and those behind it do not wait with it.
#[tokio::test(start_paused = true)]
async fn a_record_that_is_set_aside_holds_up_no_other() {
    let mut world = World::new();
    world.fake.state().retired = vec![2];
    (1..=3).for_each(|number| world.append(number));
    world.start();
    world.until(News::Trouble(None)).await;
    assert_eq!(world.taken(), [1, 3]);
    assert_eq!(world.keeper.refused().into_iter().collect::<Vec<_>>(), [2]);
    assert_eq!(world.keeper.queued(), 1, "it is kept");
}

/// An intake that countersigns another audit trail than the record was signed with gets its receipt back.
#[tokio::test(start_paused = true)]
async fn a_receipt_with_another_audit_trail_erases_nothing() {
    let mut world = World::new();
    world.fake.state().other_audit = true;
    world.append(1);
    world.start();
    world.until(News::ReceiptRefused).await;
    world.until(News::Trouble(Some(Trouble::RECEIPT))).await;
    assert_eq!(world.keeper.queued(), 1);
    world.fake.state().other_audit = false;
    world.until(News::Arrived(1)).await;
}

/// The intake signs by another key from one record to the next: the station asks who that is, and goes on. Where the key
/// that it knows has not named the other, nothing is erased.
#[tokio::test(start_paused = true)]
async fn another_key_of_receipts_stops_nothing_if_the_one_before_has_named_it() {
    let mut world = World::new();
    world.append(1);
    world.start();
    world.until(News::Arrived(1)).await;
    let next = Arc::new(FileKey::create(&world.dir.path().join("next.key")).unwrap());
    let old = std::mem::replace(&mut world.fake.state().key, next.clone());
    world.append(2);
    world.until(News::ReceiptRefused).await;
    world.until(News::Trouble(Some(Trouble::RECEIPT))).await;
    assert_eq!(world.keeper.queued(), 1, "anybody can sign by a key of his own");

    let stated = Succession {
        old: store::Signer::public(&*old).id().into(),
        new: store::Signer::public(&*next).clone(),
        time_ms: NOW_MS,
        overlap_until_ms: NOW_MS,
    };
    world.fake.state().statements = vec![stated.sign(&*old).unwrap()];
    world.until(News::Arrived(2)).await;
    world.until(News::Trouble(None)).await;
    world.fake.state().tried.clear();
    world.append(3);
    world.until(News::Arrived(3)).await;
    assert_eq!(world.fake.state().tried, ["record"], "it asks once");
    // A restart compares with a receipt that only the new key has signed.
    world.start();
    world.until(News::Trouble(None)).await;
    assert_eq!(world.fake.state().tried, ["record", "last", "receipt-keys"]);
}

/// A store from before: found at the first contact, no traveller more until somebody has decided, and then the chain
/// goes on after what the intake has.
#[tokio::test(start_paused = true)]
async fn an_old_copy_of_the_store_takes_no_traveller_until_somebody_has_decided() {
    let mut world = World::new();
    world.append(1);
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([world.dir.path().join("store"), world.dir.path().join("old")])
        .status();
    assert!(copied.unwrap().success());
    world.append(2);
    world.append(3);
    world.start();
    world.until(News::Arrived(3)).await;

    let case = CaseNumber::parse("S1-251224-0009").unwrap();
    let officer = StaffId("anna".into());
    world.keeper = keeper(&world.dir, "old");
    world.keeper.outbox().case_opened(&case, &officer).unwrap();
    world.start();
    world.until(News::Trouble(Some(Trouble::OLD_COPY))).await;
    let refused = world.keeper.outbox().case_opened(&case, &officer);
    assert!(matches!(refused, Err(StoreFault::Restored(_))), "{refused:?}");
    assert_eq!(world.taken(), [1, 2, 3, 1], "what waits is sent all the same");

    let reason = Reason::word("backup-restored").unwrap();
    let accepted = world.keeper.outbox().accept_restored(reason, NOW_MS).unwrap().unwrap();
    assert_eq!((accepted.here, accepted.there), (1, 3));
    world.keeper.outbox().case_opened(&case, &officer).unwrap();
    world.append(9);
    world.until(News::Arrived(4)).await;
    let (_, last) = world.fake.state().taken.last().unwrap().clone();
    let third = world.fake.state().taken.iter().find(|(sequence, _)| *sequence == 3).unwrap().1.clone();
    assert_eq!(header_of(&last).previous, digest(&third), "the chain goes on after what the intake has");
}
