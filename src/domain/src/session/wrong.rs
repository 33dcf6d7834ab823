//! Why a sample does not count, however good it is.

/// What was put down is not what was asked for, or does not count any more. Such an attempt is used up, and its sample is
/// never the best one while there is another (BSI TR-03121-3: a sequence error discards the images).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrong {
    /// The finger reaches over the edge of the platen.
    CutOff,
    /// Other fingers of the same hand than those that were asked for.
    OtherFingers,
    /// A finger that was put down for another one, now or earlier in the case.
    SameFinger,
    /// The officer took it back.
    TakenBack,
    /// More fingers than were asked for.
    TooMany,
    /// The other hand.
    WrongHand,
}

impl Wrong {
    /// All of them, in the order of their words.
    pub const ALL: [Self; 6] =
        [Self::CutOff, Self::OtherFingers, Self::SameFinger, Self::TakenBack, Self::TooMany, Self::WrongHand];

    /// The word in pages and records: `same-finger`.
    pub const fn id(self) -> &'static str {
        match self {
            Self::CutOff => "off-the-edge",
            Self::OtherFingers => "other-fingers",
            Self::SameFinger => "same-finger",
            Self::TakenBack => "taken-back",
            Self::TooMany => "too-many-fingers",
            Self::WrongHand => "wrong-hand",
        }
    }
}
