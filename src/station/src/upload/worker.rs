//! The upload's own task: asks what the intake knows, keeps the certificate young, tells of keys, and takes records, one
//! at a time, with back-off.
//!
//! What goes first: the comparison with the intake, because nobody should be enrolled into an old copy; the certificate,
//! without which nothing goes at all; statements about keys, without which records are not believed; then records, by
//! their sequence. No record overtakes another: each hangs on the one before, and the intake tells a copied store by that.

use super::{Connection, ConnectionError, Delivery, Parcel, Target, Trouble};
use crate::desk::Keeper;
use link::{Fault, Successions};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Outbox, ReadFault, ReceiptKeys, VerifyKey};
use tokio::time::timeout;

/// The first pause after a failure; each further one doubles it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The same after a record that arrived: a connection that broke then is tried again soon, because a bad line is no intake
/// that is down. A line that loses one answer in five, those of handshakes among them, breaks several times in a row.
const BETWEEN_RECORDS: Duration = Duration::from_millis(20);
/// The longest pause: an intake that comes back is noticed within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Without news the queue is looked at this often, in case a bell was missed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// After a certificate that could not be had the next try waits this long: there is a third of its time left.
const RENEW_AGAIN_MS: i64 = 3600 * 1000;
/// Records asked for at a time.
const BATCH: usize = 16;

/// What others hear of the upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The intake has acknowledged the record of this sequence number.
    Arrived(u64),
    /// Something came in a receipt's place that is none.
    ReceiptRefused,
    /// Why nothing arrives, in a code; `None` when all is well.
    Trouble(Option<&'static str>),
}

/// What the upload is made of.
pub struct Upload {
    /// The store behind its keys.
    pub keeper: Arc<Keeper>,
    /// Where records go.
    pub target: Box<dyn Target>,
    /// The keys that receipts are signed by.
    pub receipts: Mutex<ReceiptKeys>,
    /// The station's certificate, which is renewed here.
    pub connection: Option<Arc<Connection>>,
    /// What earlier keys of this station have said about their next ones.
    pub statements: Vec<Vec<u8>>,
    /// Says what time it is: UTC, milliseconds since 1970.
    pub now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
    /// Hears what happens.
    pub tell: Box<dyn Fn(News) + Send + Sync>,
}

/// What is still to be done before records go.
struct Before {
    compare: bool,
    statements: VecDeque<Vec<u8>>,
    /// Not before this time is the next certificate asked for.
    renew_from_ms: i64,
    /// A record has arrived since the last failure.
    moved: bool,
}

/// Starts the upload. It never ends; it is dropped with the program.
pub fn start(mut upload: Upload) {
    let statements = VecDeque::from(std::mem::take(&mut upload.statements));
    let mut before = Before { compare: true, statements, renew_from_ms: i64::MIN, moved: false };
    tokio::spawn(async move {
        let mut pause = SHORTEST_PAUSE;
        loop {
            match upload.round(&mut before).await {
                Ok(()) => {
                    (upload.tell)(News::Trouble(upload.old_copy()));
                    pause = SHORTEST_PAUSE;
                    // Either a new record rings, or it is time to look again: both are fine.
                    let _ = timeout(LOOK_AGAIN, upload.keeper.appended.notified()).await;
                }
                Err(trouble) => {
                    if std::mem::take(&mut before.moved) {
                        pause = BETWEEN_RECORDS;
                    } else {
                        tracing::warn!(%trouble, "records wait for the intake");
                        (upload.tell)(News::Trouble(upload.old_copy().or(Some(trouble.code))));
                        // Whoever answers has reasons that do not pass as quickly as those of a bad line.
                        let answered = trouble.code != Fault::Unreachable.code();
                        pause = if answered { pause.max(SHORTEST_PAUSE) } else { pause };
                    }
                    tokio::time::sleep(with_jitter(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    });
}

impl Upload {
    /// Everything that there is to do now, or why it has to be tried again later.
    async fn round(&self, before: &mut Before) -> Result<(), Trouble> {
        self.compare(before).await?;
        self.renew(before).await;
        // Records by keys that it knows go through even where it takes no statement.
        let announced = self.announce(&mut before.statements).await;
        self.drain(&mut before.moved).await?;
        announced
    }

    /// Once after each start: what does the intake know of this station?
    async fn compare(&self, before: &mut Before) -> Result<(), Trouble> {
        if !before.compare {
            return Ok(());
        }
        let receipt = match self.target.deliver(Parcel::Last).await {
            Delivery::Answered(receipt) => receipt,
            Delivery::Refused(text) => return Err(Trouble { code: Trouble::INTAKE, text }),
            Delivery::TryAgain(trouble) => return Err(trouble),
        };
        if !receipt.is_empty() {
            let (intake, now_ms) = (self.key_of(&receipt).await?, (self.now_ms)());
            let compared = self.in_store(move |outbox| outbox.compare(&receipt, &intake, now_ms)).await?;
            compared.map_err(|refused| Trouble { code: Trouble::RECEIPT, text: refused.to_string() })?;
        }
        before.compare = false;
        Ok(())
    }

    /// Fetches the next certificate when it is time. The one before goes on meanwhile, so a failure stops nothing.
    async fn renew(&self, before: &mut Before) {
        let Some(connection) = &self.connection else { return };
        let now_ms = (self.now_ms)();
        if !connection.is_due(now_ms) || now_ms < before.renew_from_ms {
            return;
        }
        let why = match self.target.deliver(Parcel::Renewal).await {
            Delivery::Answered(answer) => match connection.renewed(&answer) {
                Ok(until_ms) => {
                    tracing::info!(until_ms, "the station has its next certificate");
                    return;
                }
                Err(error) => error.to_string(),
            },
            Delivery::Refused(why) => why,
            Delivery::TryAgain(trouble) => trouble.to_string(),
        };
        before.renew_from_ms = now_ms.saturating_add(RENEW_AGAIN_MS);
        tracing::error!(why, "the station's certificate ends before long, and the next one could not be had");
    }

    /// Tells the intake of keys that took over. It may know them from before.
    async fn announce(&self, statements: &mut VecDeque<Vec<u8>>) -> Result<(), Trouble> {
        while let Some(statement) = statements.front() {
            match self.target.deliver(Parcel::Rotation(statement.clone())).await {
                Delivery::Answered(_) => tracing::info!("the intake knows the station's next key"),
                Delivery::Refused(why) => {
                    tracing::error!(%why, "the intake refuses a key of this station; somebody has to register it there");
                }
                Delivery::TryAgain(trouble) => return Err(trouble),
            }
            statements.pop_front();
        }
        Ok(())
    }

    /// Delivers what waits, in order.
    async fn drain(&self, moved: &mut bool) -> Result<(), Trouble> {
        loop {
            let refused = self.keeper.refused();
            let most = BATCH + refused.len();
            let pending = self.in_store(move |outbox| outbox.pending(most)).await?.map_err(|fault| {
                tracing::error!(code = fault.code(), detail = %fault, "the queue could not be read");
                Trouble { code: fault.code(), text: fault.to_string() }
            })?;
            let waiting: Vec<u64> =
                pending.iter().map(|queued| queued.sequence).filter(|sequence| !refused.contains(sequence)).collect();
            if waiting.is_empty() {
                return Ok(());
            }
            for sequence in waiting {
                self.deliver(sequence, moved).await?;
            }
        }
    }

    async fn deliver(&self, sequence: u64, moved: &mut bool) -> Result<(), Trouble> {
        let envelope = match self.in_store(move |outbox| outbox.read(sequence)).await? {
            Ok(envelope) => envelope,
            // It went into quarantine, and the next one may be whole.
            Err(ReadFault::Damaged(_) | ReadFault::NotWaiting(_)) => {
                tracing::error!(sequence, "a waiting record is missing or damaged; it is in quarantine");
                return Ok(());
            }
            Err(ReadFault::Store(fault)) => {
                tracing::error!(sequence, code = fault.code(), detail = %fault, "a record could not be read");
                return Err(Trouble { code: fault.code(), text: fault.to_string() });
            }
        };
        match self.target.deliver(Parcel::Record(envelope)).await {
            Delivery::Answered(receipt) => {
                self.acknowledge(sequence, receipt).await?;
                *moved = true;
                Ok(())
            }
            Delivery::Refused(why) => {
                tracing::error!(sequence, %why, "the intake does not take this record; it is set aside here, and somebody has to look");
                self.keeper.mark_refused(sequence);
                Ok(())
            }
            Delivery::TryAgain(trouble) => Err(trouble),
        }
    }

    async fn acknowledge(&self, sequence: u64, receipt: Vec<u8>) -> Result<(), Trouble> {
        let intake = self.key_of(&receipt).await?;
        match self.in_store(move |outbox| outbox.acknowledge(&receipt, &intake)).await? {
            Ok(acknowledged) if acknowledged.sequence == sequence => {
                (self.tell)(News::Arrived(sequence));
                Ok(())
            }
            // True, and not of what was sent: whoever answers repeats himself.
            Ok(_) => {
                (self.tell)(News::ReceiptRefused);
                Err(Trouble { code: Trouble::RECEIPT, text: "the receipt is of another record".into() })
            }
            Err(refused) => {
                tracing::warn!(sequence, %refused, "the intake's receipt is not accepted; nothing is erased");
                (self.tell)(News::ReceiptRefused);
                Err(Trouble { code: Trouble::RECEIPT, text: refused.to_string() })
            }
        }
    }

    /// The key that a receipt names. One that is not known may have taken over since this station was last told.
    async fn key_of(&self, receipt: &[u8]) -> Result<VerifyKey, Trouble> {
        if let Some(key) = self.known_key(receipt) {
            return Ok(key);
        }
        let followed = self.follow_keys().await;
        self.known_key(receipt).ok_or_else(|| {
            let why = followed.err().unwrap_or_else(|| "no key that is known here has named it".into());
            tracing::warn!(why, "a receipt by an unknown key is not accepted; nothing is erased");
            (self.tell)(News::ReceiptRefused);
            Trouble { code: Trouble::RECEIPT, text: format!("the receipt is signed by an unknown key: {why}") }
        })
    }

    fn known_key(&self, receipt: &[u8]) -> Option<VerifyKey> {
        let keys = self.receipts.lock().unwrap_or_else(PoisonError::into_inner);
        keys.named_in(receipt, (self.now_ms)()).cloned()
    }

    /// Asks the intake which key of receipts has taken over, and believes what the ones that are known here have signed.
    async fn follow_keys(&self) -> Result<(), String> {
        let known = self.receipts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = match self.target.deliver(Parcel::ReceiptKeys(known.current.id().to_owned())).await {
            Delivery::Answered(answer) => answer,
            Delivery::Refused(why) => return Err(why),
            Delivery::TryAgain(trouble) => return Err(trouble.to_string()),
        };
        let statements = Successions::read(&answer).ok_or("the answer has no statements about keys")?;
        let next = known.follow(&statements, (self.now_ms)()).map_err(|refused| refused.to_string())?;
        if next.current == known.current {
            return Ok(());
        }
        let kept = self.connection.as_ref().map_or(Ok(()), |connection| connection.receipts_handed_over(&next));
        kept.map_err(|error: ConnectionError| error.to_string())?;
        tracing::info!(old = known.current.id(), new = next.current.id(), "another key signs receipts");
        *self.receipts.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn old_copy(&self) -> Option<&'static str> {
        self.keeper.is_old_copy().then_some(Trouble::OLD_COPY)
    }

    /// Works with the store on a thread that may wait for the disk.
    async fn in_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Outbox) -> T + Send + 'static,
    ) -> Result<T, Trouble> {
        let keeper = self.keeper.clone();
        let done = tokio::task::spawn_blocking(move || work(&mut keeper.outbox())).await;
        done.map_err(|_| Trouble { code: "S-08", text: "the program is ending".into() })
    }
}

/// Between half and all of a pause, so that many stations do not come back in one moment.
fn with_jitter(pause: Duration) -> Duration {
    let mut byte = [255; 1];
    // Without randomness the pause is whole, which is safe.
    let _ = getrandom::fill(&mut byte);
    pause / 2 + pause.mul_f64(f64::from(byte[0]) / 510.0)
}

#[cfg(test)]
mod tests;
