//! The permit without which no camera and no scanner opens.

use crate::case::CaseNumber;
use crate::finger::Finger;
use crate::policy::Due;
use alloc::vec::Vec;

/// What a permit lets the station capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// A portrait, with its preview.
    Face,
    /// These fingers, put down together; one of them with a single-finger sensor.
    Fingers(Vec<Finger>),
}

/// Leave to open one device for one capture attempt.
///
/// Only the enrolment session makes one, and only after a decision that biometrics are required; so none exists for
/// an exempt subject. It cannot be copied, and the device host consumes it.
#[derive(Debug, PartialEq, Eq)]
pub struct CapturePermit {
    case: CaseNumber,
    what: Permitted,
}

impl CapturePermit {
    /// Made from the proof that biometrics are due.
    pub(crate) fn issue(_because: &Due, case: &CaseNumber, what: Permitted) -> Self {
        Self { case: case.clone(), what }
    }

    /// Whose capture it is.
    pub fn case(&self) -> &CaseNumber {
        &self.case
    }

    /// What may be captured.
    pub fn what(&self) -> &Permitted {
        &self.what
    }
}
