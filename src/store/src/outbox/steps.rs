//! The single steps on the disk, and what becomes of each when the disk fails or is full.
//!
//! A disk that fails poisons the store: nobody knows any more what is on it. A full disk does not: what was begun is
//! taken back or can be done again, the caller is told [`StoreFault::NoSpace`], and the store goes on.

use super::{
    BALLAST, BALLAST_BYTES, JOURNAL, MARGIN_BYTES, Outbox, StoreFault, TIGHT_BYTES, folder_of, record_file, stub_file,
};
use crate::disk::is_full;
use crate::format::{Envelope, Stub};
use crate::journal::{Fact, State};
use std::io;

impl Outbox {
    pub(super) fn usable(&self) -> Result<(), StoreFault> {
        self.poisoned.as_ref().map_or(Ok(()), |why| Err(StoreFault::Poisoned(why.clone())))
    }

    /// After a failed sync nobody knows what is on the disk: nothing succeeds any more until the next start has read it.
    pub(super) fn poison(&mut self, what: &str, file: &str, error: io::Error) -> StoreFault {
        // Never `NoSpace`, whatever the error: that would promise that the store goes on.
        let fault = StoreFault::Io { what: what.into(), file: file.into(), error };
        tracing::error!(%fault, "the store takes nothing more");
        self.poisoned = Some(fault.to_string());
        fault
    }

    /// The fault of a step that can be done again as if it had not been tried.
    fn failed(&mut self, what: &str, file: &str, error: io::Error) -> StoreFault {
        if is_full(&error) { StoreFault::NoSpace } else { self.poison(what, file, error) }
    }

    /// Writes a file under a temporary name, syncs it, gives it its name and syncs the folder.
    pub(super) fn keep_file(&mut self, file: &str, bytes: &[u8]) -> Result<(), StoreFault> {
        let temporary = format!("{file}.tmp");
        let written = self.disk.write(&temporary, bytes);
        let named = written.and_then(|()| self.disk.rename(&temporary, file));
        match named.and_then(|()| self.disk.sync_dir(folder_of(file))) {
            Ok(()) => Ok(()),
            Err(error) if is_full(&error) => Err(self.take_back(&[&temporary, file])),
            Err(error) => Err(self.poison("keep", file, error)),
        }
    }

    /// Removes files that nobody was promised, so that their room is free again.
    ///
    /// Where that fails on a full disk they may stay: no journal line names them, the next append replaces them, and
    /// a restart takes a whole record in, which loses nothing.
    pub(super) fn take_back(&mut self, files: &[&str]) -> StoreFault {
        for file in files {
            let removed = self.disk.remove(file);
            match removed.and_then(|()| self.disk.sync_dir(folder_of(file))) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound || is_full(&error) => {}
                Err(error) => return self.poison("take back", file, error),
            }
        }
        StoreFault::NoSpace
    }

    /// Writes a fact down. Where it finds no room, the journal is cut back to its last whole line, which was synced
    /// before, and only where that fails the store is poisoned.
    pub(super) fn journal(&mut self, fact: &Fact) -> Result<(), StoreFault> {
        let (line, chain) = match self.chain.next(fact) {
            Ok(next) => next,
            Err(error) => return Err(self.poison("encode", JOURNAL, error.into())),
        };
        let bytes = line.len() as u64;
        self.make_room(bytes);
        match self.disk.append(JOURNAL, &line) {
            Ok(()) => {
                self.chain = chain;
                self.journal_bytes += bytes;
                Ok(())
            }
            Err(error) if is_full(&error) => match self.disk.cut(JOURNAL, self.journal_bytes) {
                Ok(()) => Err(StoreFault::NoSpace),
                Err(error) => Err(self.poison("cut the torn line of", JOURNAL, error)),
            },
            Err(error) => Err(self.poison("append to", JOURNAL, error)),
        }
    }

    /// Erases the bodies that are still to be erased. On a full disk they wait for the next call.
    pub(super) fn erase_owed(&mut self) -> Result<(), StoreFault> {
        while let Some((sequence, receipt)) = self.unerased.first_key_value() {
            let (sequence, receipt) = (*sequence, receipt.clone());
            match self.erase(sequence, receipt.as_deref()) {
                Ok(()) => self.unerased.remove(&sequence),
                Err(StoreFault::NoSpace) => {
                    tracing::warn!(sequence, "the disk is full: an acknowledged record is erased later");
                    return Ok(());
                }
                Err(fault) => return Err(fault),
            };
        }
        Ok(())
    }

    /// Leaves the signed header and the receipt, removes the body.
    pub(super) fn erase(&mut self, sequence: u64, receipt: Option<&[u8]>) -> Result<(), StoreFault> {
        let file = record_file(sequence);
        match self.disk.read(&file) {
            Ok(bytes) => {
                // A damaged file has no header worth keeping; the journal still has its digest.
                if let Ok(envelope) = Envelope::decode(&bytes) {
                    let stub = Stub { cose: envelope.cose, receipt }.encode();
                    self.make_room(stub.len() as u64);
                    self.keep_file(&stub_file(sequence), &stub)?;
                }
                self.remove_synced(&file)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(self.poison("read", &file, error)),
        }
        self.journal(&Fact::Erased { sequence })?;
        self.move_to(sequence, State::Erased)
    }

    pub(super) fn remove_synced(&mut self, file: &str) -> Result<(), StoreFault> {
        let removed = self.disk.remove(file).and_then(|()| self.disk.sync_dir("records"));
        removed.map_err(|error| self.failed("remove", file, error))
    }

    pub(super) fn quarantine(&mut self, sequence: u64) -> Result<(), StoreFault> {
        tracing::error!(sequence, "a record is missing or damaged and goes into quarantine");
        self.set_aside(&record_file(sequence))?;
        self.journal(&Fact::Quarantined { sequence })?;
        self.move_to(sequence, State::Quarantined)
    }

    /// Moves a file of the records folder into quarantine, if it is there.
    pub(super) fn set_aside(&mut self, file: &str) -> Result<(), StoreFault> {
        let name = file.rsplit_once('/').map_or(file, |(_, name)| name);
        match self.disk.rename(file, &format!("quarantine/{name}")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => {
                let synced =
                    moved.and_then(|()| self.disk.sync_dir("quarantine")).and_then(|()| self.disk.sync_dir("records"));
                synced.map_err(|error| self.failed("move", file, error))
            }
        }
    }

    /// Room for a record of a captured traveller, from the ballast if need be, and for the lines that follow it.
    pub(super) fn room_for(&mut self, bytes: u64) -> Result<(), StoreFault> {
        self.make_room(bytes);
        let full = self.disk.free().is_ok_and(|free| free < bytes.saturating_add(TIGHT_BYTES));
        if full { Err(StoreFault::NoSpace) } else { Ok(()) }
    }

    /// Room for a new traveller, or a refusal. With room enough, ballast that was dropped is held again.
    pub(super) fn margin(&mut self) -> Result<(), StoreFault> {
        let free = self.disk.free().map_err(|error| StoreFault::io("ask for free space", "", error))?;
        if free < MARGIN_BYTES {
            return Err(StoreFault::NoSpace);
        }
        if !self.ballast && free >= MARGIN_BYTES + BALLAST_BYTES {
            self.hold_ballast();
        }
        Ok(())
    }

    pub(super) fn hold_ballast(&mut self) {
        match self.disk.hold(BALLAST, BALLAST_BYTES) {
            Ok(()) => self.ballast = true,
            Err(error) => tracing::warn!(%error, "no ballast could be held"),
        }
    }

    /// Drops the ballast when the disk has less room than this many bytes and the lines that follow them.
    pub(super) fn make_room(&mut self, bytes: u64) {
        let tight = || self.disk.free().is_ok_and(|free| free < bytes.saturating_add(TIGHT_BYTES));
        if !self.ballast || !tight() {
            return;
        }
        match self.disk.remove(BALLAST) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "the disk is full and the ballast could not be dropped");
            }
            _ => {
                self.ballast = false;
                tracing::warn!("the disk is full: ballast dropped, so that records can be kept, sent and erased");
            }
        }
    }
}
