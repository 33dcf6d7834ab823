//! The direction of the ridges.

/// The main classes of ridge patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternClass {
    /// Ridges rise in the middle.
    Arch,
    /// Ridges enter and leave at the left of the print.
    LeftLoop,
    /// Ridges enter and leave at the right of the print.
    RightLoop,
    /// Ridges circle.
    Whorl,
}
