//! The intake as a witness that this store is an old copy: it knows more than the store does.
//!
//! What it says is its receipt of the last record that it has. Nobody but the intake signs one, so nobody else stops a
//! station by it.

use super::{Outbox, StoreFault};
use crate::format::{Envelope, digest};
use crate::journal::{Entry, Fact, Hash, Known, State};
use crate::keys::VerifyKey;
use crate::receipt::{ReceiptRefused, verify_receipt};
use crate::restored::{Restored, Witness};
use crate::sign::peek_header;
use domain::record::AuditHead;

impl Outbox {
    /// Compares the store with the intake's receipt of the last record that it has of this station. When the intake
    /// knows more, or another record under a number of this store, the store is an old copy: no case is opened from then
    /// on until [`Outbox::accept_restored`], after which the chain goes on behind that record. `at_ms` is the time: UTC,
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// A receipt that is none, or of another station; a store that cannot write it down.
    pub fn compare(
        &mut self,
        receipt: &[u8],
        intake: &VerifyKey,
        at_ms: i64,
    ) -> Result<Option<Restored>, ReceiptRefused> {
        let given = verify_receipt(intake, receipt)?;
        if given.station != self.station {
            return Err(ReceiptRefused::OtherRecord("station"));
        }
        let store = |fault: StoreFault| ReceiptRefused::Store(fault.to_string());
        self.usable().map_err(store)?;
        let here = self.entry(given.sequence).map_err(store)?;
        if here.is_some_and(|entry| entry.digest == given.digest) {
            return Ok(None);
        }
        let known = Known { sequence: given.sequence, digest: Hash(given.digest) };
        let decided = self.known == Some(known) && self.restored().is_none();
        if decided {
            return Ok(None);
        }
        // First the question: what the intake knows, written down without one, would read as answered after a power cut.
        let here = self.next_sequence.saturating_sub(1);
        self.doubt(Restored { witness: Witness::Intake, here, there: known.sequence }, at_ms).map_err(store)?;
        if self.known != Some(known) {
            self.journal(&Fact::IntakeKnows(known)).map_err(store)?;
            self.known = Some(known);
        }
        Ok(self.restored())
    }

    /// The chain of a copy that was accepted goes on after the intake's record, where that is further than this store.
    pub(super) fn resume(&mut self) {
        if let Some(known) = self.known.filter(|known| known.sequence >= self.next_sequence) {
            self.next_sequence = known.sequence.saturating_add(1);
            self.last_digest = known.digest.0;
        }
    }

    /// Where the audit trail ended when a record was signed, as its own header says; nothing where its file is gone or
    /// damaged.
    pub(super) fn signed_audit(&self, sequence: u64, entry: &Entry) -> Option<AuditHead> {
        if entry.state != State::Pending {
            return None;
        }
        let bytes = self.disk.read(&super::record_file(sequence)).ok().filter(|bytes| digest(bytes) == entry.digest)?;
        let envelope = Envelope::decode(&bytes).ok()?;
        peek_header(envelope.cose).ok().map(|header| header.audit)
    }
}
