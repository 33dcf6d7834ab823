//! The people file in use: read again whenever somebody has changed it, and changed under its lock.

use super::shared::{SharedFile, Version};
use super::{Change, People, PeopleError};
use domain::units::StaffId;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use store::Action;

/// The people file, shared by the pages and the command line.
pub struct Register {
    file: SharedFile,
    seen: Mutex<(Option<Version>, Arc<People>)>,
}

impl Register {
    /// Opens a people file that is there.
    pub fn open(path: &Path) -> Result<Self, PeopleError> {
        let file = SharedFile::new(path);
        let version = file.version();
        let people = Arc::new(People::load(path)?);
        Ok(Self { file, seen: Mutex::new((version, people)) })
    }

    /// Everybody as the file says now. A file that was damaged meanwhile is told in the log, and those of before stay.
    pub fn people(&self) -> Arc<People> {
        let version = self.file.version();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != version {
            seen.0 = version;
            match People::load(self.file.path()) {
                Ok(people) => seen.1 = Arc::new(people),
                Err(fault) => tracing::error!(%fault, "the people of before stay"),
            }
        }
        Arc::clone(&seen.1)
    }

    /// Changes a person. The change is on the disk when this returns, and waits there for the audit trail.
    pub fn change<R>(
        &self,
        (at_ms, by): (i64, &StaffId),
        (what, whom): (Action, &str),
        change: impl FnOnce(&mut People) -> Result<R, PeopleError>,
    ) -> Result<R, PeopleError> {
        self.rewrite(|people| {
            let answer = change(people)?;
            people.changed(Change { at_ms, by: by.clone(), what, whom: StaffId(whom.into()) })?;
            Ok(answer)
        })
    }

    /// Changes what needs no line of the audit trail.
    pub fn rewrite<R>(&self, change: impl FnOnce(&mut People) -> Result<R, PeopleError>) -> Result<R, PeopleError> {
        let name = || self.file.path().display().to_string();
        self.file.change(|old| {
            let text = String::from_utf8(old.unwrap_or_default());
            let text = text.map_err(|_| PeopleError::Damaged(name(), "no text".into()))?;
            let read = toml::from_str::<People>(&text);
            let mut people = read.map_err(|e| PeopleError::Damaged(name(), e.message().into()))?;
            let answer = change(&mut people)?;
            let text = toml::to_string(&people).map_err(|e| PeopleError::Damaged(name(), e.to_string()))?;
            Ok((Some(text.into_bytes()), answer))
        })
    }
}

/// Gives the audit trail the changes that it does not have yet. They leave the file only after `note` has taken them all: a
/// cut in between doubles a line and loses none.
pub fn hand_over(register: &Register, note: impl Fn(&Change) -> bool) -> Result<(), PeopleError> {
    let waiting = register.people().change.len();
    if waiting == 0 {
        return Ok(());
    }
    register.rewrite(|people| {
        let changes = people.take_changes();
        let taken = changes.iter().take_while(|change| note(change)).count();
        people.change = changes.into_iter().skip(taken).collect();
        Ok(())
    })
}
