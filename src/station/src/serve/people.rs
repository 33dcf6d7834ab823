//! People and the audit trail: who logs in, and who changed whom.

use crate::clock::Clock;
use crate::desk::Keeper;
use crate::people::{Register, Tries};
use crate::web::{Logins, Moment, Trail};
use std::sync::Arc;
use std::time::Instant;
use store::{Event, ReceiptKeys, StoreFault, TrailChecked, TrailPage, TrailQuery, TrailReader};

/// Log-ins that tell the audit trail.
pub fn logins(people: Register, tries: Tries, keeper: &Arc<Keeper>, clock: &Arc<Clock>) -> Logins {
    let (keeper, clock) = (Arc::clone(keeper), Arc::clone(clock));
    Logins::new(people, tries).noting(move |who, what, reason| {
        keeper.note_quietly(&Event { at_ms: clock.utc_ms(), who: who.clone(), what, case: None, reason });
    })
}

/// The audit trail as the auditor reads it.
struct Read {
    reader: TrailReader,
    receipts: ReceiptKeys,
}

impl Trail for Read {
    fn page(&self, query: &TrailQuery) -> TrailPage {
        self.reader.page(query).unwrap_or_else(|fault| {
            tracing::error!(code = fault.code(), detail = %fault, "the audit trail cannot be read");
            TrailPage::default()
        })
    }

    fn check(&self) -> Result<TrailChecked, StoreFault> {
        let checked = self.reader.check(&self.receipts);
        if let Err(fault) = &checked {
            tracing::error!(code = fault.code(), detail = %fault, "the audit trail does not hold");
        }
        checked
    }
}

/// What the auditor reads. Nobody waits for it at the desk.
pub fn trail(keeper: &Arc<Keeper>, receipts: &ReceiptKeys) -> Box<dyn Trail> {
    let reader = keeper.outbox().trail_reader();
    Box::new(Read { reader, receipts: receipts.clone() })
}

/// The moments of log-ins.
pub fn moments(clock: &Arc<Clock>) -> Box<dyn Fn() -> Moment + Send + Sync> {
    let clock = Arc::clone(clock);
    Box::new(move || Moment { at: Instant::now(), utc_ms: clock.utc_ms() })
}
