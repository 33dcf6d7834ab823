//! Policy packs: who gives biometrics, when and where, as dated facts with their sources.

mod decision;

pub use decision::{Decision, Due, FactUsed, Question, SettledBy, Source, Verdict};
