//! How long people take. The simulated ones act at once; the report adds these times.
//!
//! The measured figures that exist are for whole captures: 50 s at an officer's desk for biometrics, passport and
//! stamp together, and limits of 7 s for a supervised face and 10 s for a slap (BSI TR-03121-3 volume 1). The single
//! times below are the project's estimates, chosen so that an ordinary traveller with two single fingers spends half
//! of those 50 s, the other half being conversation and stamp, which no station changes.

/// Something that a person does at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// The officer answers a question with a key.
    AnswerQuestion,
    /// The officer looks at the summary and signs.
    CheckSummary,
    /// The officer compares the clock with a watch.
    ConfirmDate,
    /// The officer notes what cannot be taken, for each finger or exception.
    DeclareException,
    /// The traveller sees that face and fingers are asked for at the same time.
    DoTwoThings,
    /// The traveller hands over the document, and the officer swipes it.
    HandOver,
    /// The traveller lifts the finger, or the hand.
    LiftFinger,
    /// The traveller looks at the camera and stands still.
    LookAtCamera,
    /// The traveller finds the right finger and puts it down.
    PlaceFinger,
    /// The traveller lays several fingers down together.
    PlaceHand,
    /// The officer reads the decision.
    ReadDecision,
    /// The officer reads a warning.
    ReadWarning,
    /// The traveller says no, and the officer asks again.
    Refuse,
    /// The officer presses Retry after a device failed.
    Retry,
    /// The officer starts the capture.
    StartCapture,
    /// The officer writes down a claimed exemption and its evidence.
    StateClaim,
    /// A supervisor reads a case and decides.
    Supervise,
    /// The officer types two lines of 44 characters.
    TypeDocument,
    /// The officer notices that the traveller is gone.
    WalkAway,
}

impl Act {
    /// Milliseconds.
    pub const fn takes_ms(self) -> u64 {
        match self {
            Self::AnswerQuestion => 3000,
            Self::CheckSummary => 3000,
            Self::ConfirmDate => 5000,
            Self::DeclareException => 2000,
            Self::DoTwoThings => 1000,
            // A swipe itself takes one second; the rest is the hand-over.
            Self::HandOver => 5000,
            Self::LiftFinger => 1000,
            // Of the 7 s that TR-03121-3 allows for the whole face.
            Self::LookAtCamera => 3000,
            Self::PlaceFinger => 2500,
            // Of the 10 s that TR-03121-3 allows for a whole slap.
            Self::PlaceHand => 4000,
            Self::ReadDecision => 2000,
            Self::ReadWarning => 2000,
            Self::Refuse => 10_000,
            Self::Retry => 2000,
            Self::StartCapture => 1500,
            Self::StateClaim => 15_000,
            Self::Supervise => 20_000,
            // 88 characters at three a second, most of them fillers.
            Self::TypeDocument => 30_000,
            Self::WalkAway => 15_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_traveller_takes_half_of_the_field_s_fifty_seconds() {
        let finger = [Act::PlaceFinger, Act::LiftFinger];
        let visit = [Act::HandOver, Act::ReadDecision, Act::StartCapture, Act::LookAtCamera, Act::CheckSummary];
        let total: u64 = visit.into_iter().chain(finger).chain(finger).map(Act::takes_ms).sum();
        assert!((20_000..=25_000).contains(&total), "{total} ms");
    }
}
