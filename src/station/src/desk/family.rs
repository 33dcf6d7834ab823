//! Opening cases: of a new traveller, of the next child in a row, or by what a reader typed.

use super::actor::Desk;
use super::case::Case;
use super::command::DeskRefusal;
use super::orders::Done;
use domain::case::CaseNumber;
use domain::guarded::Personal;
use domain::mrz;
use domain::session::{Session, Step};
use domain::units::StaffId;
use store::Action;

/// Cases that may wait at one time: each holds its best samples in memory.
const MOST_PARKED: usize = 100;

impl Desk {
    /// Opens the case of somebody who came alone, or with the adult of another case.
    pub(super) fn open_case(&mut self, by: &StaffId, accompanying: Option<CaseNumber>) -> Done {
        if self.at_desk.is_some() {
            return Err(DeskRefusal::DeskBusy);
        }
        if self.line_owed && self.keeper.settle().is_ok() {
            (self.line_owed, self.store_fault) = (false, None);
        }
        if let Some(fault) = &self.store_fault {
            return Err(DeskRefusal::Store(fault.clone()));
        }
        if self.parked.len() >= MOST_PARKED {
            return Err(DeskRefusal::TooManyParked);
        }
        let now = self.clock.local();
        let number = self.keeper.next_case(now.date());
        self.keeper.opened(&number, by, &self.clock).map_err(DeskRefusal::Store)?;
        self.note(by.clone(), Action::CaseOpened, Some(number.clone()), None);
        let session = Session::open(number, by.clone(), self.clock.in_doubt());
        let under = Some(self.loaded.clone());
        self.at_desk = Some(Case { accompanying: accompanying.clone(), under, ..Case::new(session, now.to_string()) });
        self.family = accompanying;
        self.interrupted.clear();
        self.last = None;
        self.fault = None;
        self.hint = None;
        self.hinted.clear();
        Ok(())
    }

    /// Opens the case of the next member of the family that stands at the desk: all name the adult who came first.
    pub(super) fn open_with_family(&mut self, by: &StaffId) -> Done {
        let adult = self.adult().ok_or(DeskRefusal::NoSuchCase)?;
        self.open_case(by, Some(adult))
    }

    /// The adult of the family whose case ended last, until the next traveller.
    pub(super) fn adult(&self) -> Option<CaseNumber> {
        let last = self.last.clone()?;
        Some(self.family.clone().unwrap_or(last))
    }

    /// What a reader typed: a document opens the case that it is for, a case's number calls the traveller back.
    pub(super) fn scanned(&mut self, text: &Personal<String>, by: &StaffId) -> Done {
        let number = CaseNumber::parse(text.expose().trim()).filter(|number| self.parked.contains_key(number));
        if let Some(number) = number {
            return self.recall(&number, by);
        }
        if self.at_desk.is_none() {
            // What cannot be read opens nothing.
            mrz::parse(text.expose()).map_err(|e| DeskRefusal::Document(e.sentence()))?;
            self.open_case(by, None)?;
            if matches!(self.at_desk.as_ref().map(|case| case.session.step()), Some(Step::ConfirmDate)) {
                // The date comes first; then the document is read again.
                return Ok(());
            }
        }
        if !self.document_is_asked_for() {
            return self.barcode(text, Some(by));
        }
        self.read_document(text, "typed", Some(by))
    }
}
