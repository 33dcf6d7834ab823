//! From a finished case to a durable record: draft, seal, sign, append. All of it off the desk's task.

use super::actor::Message;
use super::before::Before;
use super::case::Case;
use super::effects::tell;
use crate::clock::Clock;
use crate::config::Loaded;
use domain::case::{CaseNumber, RecordId, StationId};
use domain::guarded::Personal;
use domain::record::{Body, Draft, Enrolment, Exemption, Position, ReviewTrace, Sealed, Versions};
use domain::session::Outcome;
use domain::units::StaffId;
use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use sha2::Sha256;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use store::{Action, Event as AuditEvent, Outbox, Reason, Receipt, Reservation, Sealer, Signer, StoreFault};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Notify, mpsc};
use zeroize::Zeroizing;

/// How long a record waits for room on a full disk before it is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// A record that is on disk. Made from the store's receipt and from nothing else.
#[derive(Debug)]
pub struct Kept {
    /// The record's own name.
    pub record: RecordId,
    /// Its place in the station's chain.
    pub sequence: u64,
    /// How the case ended.
    pub outcome: Outcome,
}

/// The store behind its keys, shared by the desk and the upload. Nobody holds it while a key or a counter is asked: a chip
/// may take long, or never answer.
pub struct Keeper {
    outbox: Mutex<Outbox>,
    /// Held by the record that is signed for the next place, until it stands there.
    next: Mutex<()>,
    /// Records that waited when the store was last free to be asked.
    queued: AtomicU64,
    sealer: Sealer,
    signer: Box<dyn Signer>,
    /// Key of the digests of documents seen: without it they tell nothing.
    document_key: Zeroizing<Vec<u8>>,
    boot_id: String,
    /// Records that the intake has refused for good. They are offered again after a restart.
    refused: Mutex<BTreeSet<u64>>,
    /// Rings when a record was appended, for the upload.
    pub appended: Notify,
}

/// A finished case on its way to the disk, with the space that was reserved for it.
pub struct Finished {
    pub(super) draft: Draft,
    reservation: Option<Reservation>,
}

impl Keeper {
    /// A store with the keys that it needs.
    pub fn new(outbox: Outbox, sealer: Sealer, signer: Box<dyn Signer>, document_key: Zeroizing<Vec<u8>>) -> Self {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot_id = boot_id.trim().to_owned();
        let queued = AtomicU64::new(outbox.stats().pending);
        let (outbox, next, refused) = (Mutex::new(outbox), Mutex::default(), Mutex::default());
        Self { outbox, next, queued, sealer, signer, document_key, boot_id, refused, appended: Notify::new() }
    }

    /// The store, for one thread at a time.
    pub fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the intake has not acknowledged: now, or when somebody took the store who has it still. A page that
    /// shows the number waits for no disk.
    pub fn queued(&self) -> u64 {
        let outbox = match self.outbox.try_lock() {
            Ok(outbox) => outbox,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return self.queued.load(Ordering::Relaxed),
        };
        let pending = outbox.stats().pending;
        self.queued.store(pending, Ordering::Relaxed);
        pending
    }

    /// Whether the store is taken for an old copy.
    pub fn is_old_copy(&self) -> bool {
        aside(|| self.outbox().restored().is_some())
    }

    /// Records that the intake has refused for good.
    pub fn refused(&self) -> BTreeSet<u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the intake refuses a record for good.
    pub fn mark_refused(&self, sequence: u64) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(sequence);
    }

    /// Writes down in the audit trail what somebody did. The act itself stands whatever becomes of the line: one that finds
    /// no room is held and written later, and until it is no traveller is taken. The error is for the officer.
    pub fn note(&self, event: &AuditEvent) -> Result<(), String> {
        aside(|| self.outbox().note(event)).map_err(told)
    }

    /// The same, and the number of the line.
    ///
    /// # Errors
    /// As [`Self::note`].
    pub fn note_numbered(&self, event: &AuditEvent) -> Result<u64, String> {
        let noted = aside(|| {
            let mut outbox = self.outbox();
            outbox.note(event)?;
            Ok(outbox.audit_head().lines)
        });
        noted.map_err(told)
    }

    /// A line of the audit trail.
    pub fn line(&self, number: u64) -> Option<AuditEvent> {
        aside(|| self.outbox().line(number)).map_err(told).ok().flatten()
    }

    /// The last lines of the audit trail, newest first: so many at most, and of one case if that is named.
    pub fn trail(&self, most: usize, case: Option<&CaseNumber>) -> Vec<AuditEvent> {
        aside(|| self.outbox().last_lines(most, case)).map_err(told).unwrap_or_default()
    }

    /// The same where nobody sits who could be told: the next traveller is refused, with the reason.
    pub fn note_quietly(&self, event: &AuditEvent) {
        let _ = self.note(event);
    }

    /// Writes the lines of the audit trail that found no room.
    pub fn settle(&self) -> Result<(), String> {
        aside(|| self.outbox().settle()).map_err(told)
    }

    /// The station stops in order: a copy of the store from before is told from this one.
    pub fn stopped(&self, clock: &Clock) {
        if let Err(fault) = aside(|| self.outbox().stopped(clock.utc_ms())) {
            told(fault);
        }
        self.signer.rest();
    }

    /// The identifier of the key that signs records.
    pub fn signing_key(&self) -> &str {
        self.signer.public().id()
    }

    /// The number of the next case of this day.
    pub fn next_case(&self, day: Date) -> CaseNumber {
        aside(|| self.outbox().next_case(day))
    }

    /// Writes down that a case was opened, so that a crash leaves it as interrupted and not as never seen.
    pub fn opened(&self, case: &CaseNumber, officer: &StaffId, clock: &Clock) -> Result<(), String> {
        aside(|| {
            // A step that the start found no room for: when there is some, this is the moment.
            self.count_up(clock);
            self.outbox().case_opened(case, officer)
        })
        .map_err(told)
    }

    /// Writes down that a case waits for a supervisor.
    pub fn parked(&self, case: &CaseNumber, reason: &str) -> Result<(), String> {
        aside(|| self.outbox().case_parked(case, reason)).map_err(told)
    }

    /// Writes down that a case ended without a record, so that a later start does not find it open.
    pub fn interrupted(&self, case: &CaseNumber) -> Result<(), String> {
        aside(|| self.outbox().case_closed(case, Outcome::Interrupted)).map_err(told)
    }

    /// Keeps disk space for a capture that is about to begin.
    pub fn reserve(&self, bytes: u64) -> Result<Reservation, String> {
        aside(|| self.outbox().reserve(bytes)).map_err(told)
    }

    /// Whether this document was presented within the last hour. Only a keyed digest is kept.
    pub fn seen_before(&self, document: &Personal<String>, now_ms: i64) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.document_key) else { return false };
        mac.update(document.expose().as_bytes());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        aside(|| self.outbox().seen_within_the_hour(&digest, now_ms)).unwrap_or_else(|fault| {
            tracing::error!(code = fault.code(), detail = %fault, "documents seen could not be looked up");
            false
        })
    }

    /// Seals, signs and appends. A full disk, or a key that does not sign now, loses nothing: the sealed body is held and
    /// tried again.
    fn commit(&self, finished: Finished, clock: &Clock, waits: impl Fn(String)) -> Result<Kept, String> {
        let Finished { draft, reservation } = finished;
        let sealed = draft.seal(&self.sealer).map_err(|fault| fault.to_string())?;
        drop(reservation);
        loop {
            match self.append(sealed.clone(), clock)? {
                Ok(receipt) => {
                    let (record, sequence, outcome) = (receipt.record(), receipt.sequence(), receipt.outcome());
                    return Ok(Kept { record, sequence, outcome });
                }
                Err(fault) => waits(told(fault)),
            }
            std::thread::sleep(TRY_AGAIN);
        }
    }

    /// Takes the counter beside the store up where that is due. What is kept stands whatever becomes of it.
    fn count_up(&self, clock: &Clock) {
        let Some(mut lent) = self.outbox().lend_counter() else { return };
        let stepped = lent.ask().map_err(StoreFault::from).and_then(|standing| {
            let goes_up = self.outbox().note_counter(standing, clock.utc_ms())?;
            if goes_up { Ok(lent.step()?) } else { Ok(()) }
        });
        self.outbox().return_counter(lent);
        if let Err(fault) = stepped {
            tracing::error!(code = fault.code(), detail = %fault, "the counter of this store did not go up");
        }
    }

    /// One try. The outer error is final, the inner one passes when the disk has room and the
    /// key signs.
    fn append(&self, sealed: Sealed, clock: &Clock) -> Result<Result<Receipt, StoreFault>, String> {
        let _next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let position = self.outbox().position(clock.utc_ms(), &self.boot_id);
        let position = Position { clock_jumped: clock.jumped(), ..position };
        let Ok(record) = sealed.sign(&*self.signer, position) else { return Ok(Err(StoreFault::NotSigned)) };
        let mut outbox = self.outbox();
        match outbox.append(record) {
            Ok(receipt) => {
                let event = record_kept(clock.utc_ms(), receipt.case().clone(), receipt.outcome());
                // The record is kept; a line that found no room keeps the next traveller away.
                if let Err(fault) = outbox.note(&event) {
                    tracing::error!(code = fault.code(), detail = %fault, "a line of the audit trail could not be written");
                }
                Ok(Ok(receipt))
            }
            Err(StoreFault::NoSpace) => Ok(Err(StoreFault::NoSpace)),
            Err(fault) => Err(told(fault)),
        }
    }
}

/// The line of the audit trail for a record that is kept.
pub fn record_kept(at_ms: i64, case: CaseNumber, outcome: Outcome) -> AuditEvent {
    let (who, reason) = (StaffId("station".into()), Reason::word(outcome.id()));
    AuditEvent { at_ms, who, what: Action::RecordKept, case: Some(case), reason }
}

/// Waits for the disk, or a chip. The task that asked waits with it, for the order of things; other tasks of the same thread move on
/// to another one.
fn aside<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        // No runtime, or one thread, which has nobody to move on to.
        _ => wait(),
    }
}

/// A store fault as the desk shows it. The inside text goes to the log.
fn told(fault: StoreFault) -> String {
    tracing::error!(code = fault.code(), detail = %fault, "the store failed");
    format!("{} ({})", fault.officer(), fault.code())
}

/// Commits a finished case on a thread of its own and tells the desk.
pub fn keep(keeper: Arc<Keeper>, clock: Arc<Clock>, finished: Finished, messages: mpsc::Sender<Message>) {
    let case = finished.draft.case.clone();
    tokio::task::spawn_blocking(move || {
        let kept = keeper.commit(finished, &clock, |fault| tell(&messages, Message::NoSpace(fault)));
        tell(&messages, Message::Kept(case, kept));
        // Only now, or news of the arrival could overtake news of the commit.
        keeper.appended.notify_one();
        keeper.count_up(&clock);
    });
}

/// The record of a finished case. Samples and personal data move out of the case: what an outcome does not carry is
/// wiped here.
pub fn finish(loaded: &Loaded, case: &mut Case, outcome: Outcome) -> Result<Finished, String> {
    let id = random_record_id()?;
    let body = match outcome {
        Outcome::Enrolled | Outcome::EnrolledWithExceptions => enrolment(loaded, case),
        Outcome::Exempt => exemption(case),
        Outcome::Cancelled
        | Outcome::FailureToEnrol
        | Outcome::InReview
        | Outcome::Interrupted
        | Outcome::NoRule
        | Outcome::NotInScope
        | Outcome::RefusedByTraveller => Body::Closure,
    };
    // The pack that decided, and not one that came since.
    let rules = case.under.as_deref().unwrap_or(loaded).rules.version();
    case.samples.wipe();
    case.traveller = None;
    case.before = Before::default();
    case.course.works();
    let draft = Draft {
        id,
        case: case.number().clone(),
        station: StationId(loaded.config.station.id.clone()),
        checkpoint: loaded.config.station.checkpoint.clone(),
        local_time: case.opened_at.clone(),
        officer: case.session.officer().clone(),
        accompanying: case.accompanying.clone(),
        outcome,
        decision: case.decided.clone(),
        versions: versions(loaded, rules, &body),
        review: review(case, outcome),
        replaces: None,
        simulated: case.simulated,
        body,
    };
    Ok(Finished { draft, reservation: case.reservation.take() })
}

fn enrolment(loaded: &Loaded, case: &mut Case) -> Body {
    let Some(traveller) = case.traveller.take() else { return Body::Closure };
    let (face, fingers) = case.samples.take();
    let devices: Vec<_> = case.devices.values().cloned().collect();
    let (before_arrival, application_number, profile_id) = std::mem::take(&mut case.before).into_record();
    let below_grade = devices.iter().any(|device| !device.groups.is_empty() && !device.enrolment_grade());
    let taken = case.taken.as_ref();
    Body::Enrolment(Box::new(Enrolment {
        traveller: traveller.into_record(),
        face,
        fingers,
        missing: taken.map(|taken| taken.plan().missing.clone()).unwrap_or_default(),
        face_exception: taken.and_then(|taken| taken.plan().face_exception),
        attempts: taken.map(|taken| taken.attempts().to_vec()).unwrap_or_default(),
        signed_by: case.signed_by.take(),
        vetoes: std::mem::take(&mut case.vetoes),
        devices,
        laboratory_basis: loaded.config.laboratory.as_ref().filter(|_| below_grade).map(|lab| lab.basis.clone()),
        before_arrival,
        application_number,
        profile_id,
    }))
}

fn exemption(case: &Case) -> Body {
    let ground = case.decided.as_ref().and_then(|decision| decision.ground.clone()).unwrap_or_default();
    let shown_by_document = || case.facts.as_ref().map_or("document", |facts| facts.evidence.id()).to_owned();
    let evidence = case.claim.as_ref().map_or_else(shown_by_document, |(_, evidence)| evidence.clone());
    Body::Exemption(Exemption { ground, evidence })
}

/// A supervisor's part. A record that carries no person keeps the reason from the list only: somebody could have
/// written a name into the free text.
fn review(case: &Case, outcome: Outcome) -> Option<ReviewTrace> {
    let mut review = case.review.clone()?;
    let carries_person = matches!(outcome, Outcome::Enrolled | Outcome::EnrolledWithExceptions);
    if !carries_person && let Some((listed, _)) = review.reason.split_once(':') {
        review.reason = listed.to_owned();
    }
    Some(review)
}

fn versions(loaded: &Loaded, policy: String, body: &Body) -> Versions {
    let models = match body {
        Body::Enrolment(taken) => {
            let face = taken.face.iter().map(|face| face.engine.clone());
            let mut models: Vec<_> = face.chain(taken.fingers.iter().map(|finger| finger.scorer.clone())).collect();
            models.sort_unstable();
            models.dedup();
            models
        }
        Body::Closure | Body::Exemption(_) => Vec::new(),
    };
    Versions {
        software: crate::SOFTWARE.into(),
        policy,
        thresholds: format!("sha256:{}", loaded.thresholds_digest),
        models,
    }
}

/// A record's random name. Without randomness from the kernel nothing could be sealed either.
fn random_record_id() -> Result<RecordId, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("the kernel gives no randomness: {error}"))?;
    Ok(RecordId(bytes))
}
