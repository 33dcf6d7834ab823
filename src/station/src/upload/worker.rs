//! The upload's own task: oldest record first, one at a time, with back-off.

use super::{Delivery, Parcel, Target};
use crate::desk::Keeper;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::{Outbox, ReadFault, VerifyKey};
use tokio::time::timeout;

/// The first pause after a failure; each further one doubles it.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause: an intake that comes back is noticed within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Without news the queue is looked at this often, in case a bell was missed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Records asked for at a time.
const BATCH: usize = 16;

/// The intake has acknowledged the record of this sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived(pub u64);

/// Starts the upload: first the statements about the station's keys, then records. `arrived` hears of every record that
/// the intake has, `refused` of every receipt that is none. It never ends; it is dropped with the program.
pub fn start(
    keeper: Arc<Keeper>,
    target: Box<dyn Target>,
    (intake, statements): (VerifyKey, Vec<Vec<u8>>),
    arrived: impl Fn(Arrived) + Send + Sync + 'static,
    refused: impl Fn() + Send + Sync + 'static,
) {
    let (arrived, refused) = (Box::new(arrived), Box::new(refused));
    let upload = Upload { keeper, target, intake, arrived, refused, moved: AtomicBool::new(false) };
    tokio::spawn(async move {
        let mut pause = SHORTEST_PAUSE;
        // The intake has to know a key before it takes records by it.
        let mut statements = VecDeque::from(statements);
        loop {
            // Records by keys that it knows go through even where it takes no statement.
            let announced = upload.announce(&mut statements).await;
            if upload.drain().await && announced {
                pause = SHORTEST_PAUSE;
                // Either a new record rings, or it is time to look again: both are fine.
                let _ = timeout(LOOK_AGAIN, upload.keeper.appended.notified()).await;
            } else if upload.moved.swap(false, Ordering::Relaxed) {
                // A connection that broke between two records is tried again at once: a bad line is no intake that is down.
                pause = SHORTEST_PAUSE;
            } else {
                tokio::time::sleep(with_jitter(pause)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    });
}

struct Upload {
    keeper: Arc<Keeper>,
    target: Box<dyn Target>,
    intake: VerifyKey,
    arrived: Box<dyn Fn(Arrived) + Send + Sync>,
    refused: Box<dyn Fn() + Send + Sync>,
    /// A record has arrived since the last failure.
    moved: AtomicBool,
}

impl Upload {
    /// Tells the intake of keys that took over. It may know them from before. False when it has to be told again later.
    async fn announce(&self, statements: &mut VecDeque<Vec<u8>>) -> bool {
        while let Some(statement) = statements.front() {
            match self.target.deliver(Parcel::Rotation(statement.clone())).await {
                Delivery::Answered(_) => tracing::info!("the intake knows the station's next key"),
                Delivery::Refused(why) => {
                    tracing::error!(%why, "the intake refuses a key of this station; somebody has to register it there");
                }
                Delivery::TryAgain(why) => {
                    tracing::warn!(%why, "the intake could not be told of the station's next key");
                    return false;
                }
            }
            statements.pop_front();
        }
        true
    }

    /// Delivers what waits, in order. False when something has to be tried again later.
    async fn drain(&self) -> bool {
        loop {
            let refused = self.keeper.refused();
            let most = BATCH + refused.len();
            let pending = match self.in_store(move |outbox| outbox.pending(most)).await {
                Some(Ok(pending)) => pending,
                Some(Err(fault)) => {
                    tracing::error!(code = fault.code(), detail = %fault, "the queue could not be read");
                    return false;
                }
                None => return false,
            };
            let waiting: Vec<u64> =
                pending.iter().map(|queued| queued.sequence).filter(|sequence| !refused.contains(sequence)).collect();
            if waiting.is_empty() {
                return true;
            }
            for sequence in waiting {
                if !self.deliver(sequence).await {
                    return false;
                }
            }
        }
    }

    async fn deliver(&self, sequence: u64) -> bool {
        let envelope = match self.in_store(move |outbox| outbox.read(sequence)).await {
            Some(Ok(envelope)) => envelope,
            // It went into quarantine, and the next one may be whole.
            Some(Err(ReadFault::Damaged(_) | ReadFault::NotWaiting(_))) => {
                tracing::error!(sequence, "a waiting record is missing or damaged; it is in quarantine");
                return true;
            }
            Some(Err(ReadFault::Store(fault))) => {
                tracing::error!(sequence, code = fault.code(), detail = %fault, "a record could not be read");
                return false;
            }
            None => return false,
        };
        match self.target.deliver(Parcel::Record(envelope)).await {
            Delivery::Answered(receipt) => self.acknowledge(sequence, receipt).await,
            Delivery::Refused(why) => {
                tracing::error!(sequence, %why, "the intake refuses this record for good; it stays here, and somebody has to look");
                self.keeper.mark_refused(sequence);
                true
            }
            Delivery::TryAgain(why) => {
                tracing::warn!(sequence, %why, "the intake could not be reached");
                false
            }
        }
    }

    async fn acknowledge(&self, sequence: u64, receipt: Vec<u8>) -> bool {
        let intake = self.intake.clone();
        match self.in_store(move |outbox| outbox.acknowledge(&receipt, &intake)).await {
            Some(Ok(acknowledged)) => {
                self.moved.store(true, Ordering::Relaxed);
                (self.arrived)(Arrived(acknowledged.sequence));
                true
            }
            Some(Err(refused)) => {
                tracing::warn!(sequence, %refused, "the intake's receipt is not accepted; nothing is erased");
                (self.refused)();
                false
            }
            None => false,
        }
    }

    /// Works with the store on a thread that may wait for the disk. Nothing when the program is ending.
    async fn in_store<T: Send + 'static>(&self, work: impl FnOnce(&mut Outbox) -> T + Send + 'static) -> Option<T> {
        let keeper = self.keeper.clone();
        tokio::task::spawn_blocking(move || work(&mut keeper.outbox())).await.ok()
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
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_between_half_and_all() {
        for _ in 0..200 {
            let pause = with_jitter(SHORTEST_PAUSE);
            assert!(pause >= SHORTEST_PAUSE / 2 && pause <= SHORTEST_PAUSE, "{pause:?}");
        }
    }
}
