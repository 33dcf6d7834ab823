//! Policy packs: who gives biometrics, when and where, as dated facts with their sources.
//!
//! [`Pack::parse`] reads a pack, [`decide`] asks it about one traveller, [`before_arrival`] what was owed beforehand. A new rule, ground or country is a change of a
//! pack; only a new kind of rule needs code.

mod answer;
mod birth;
mod capture;
mod decision;
mod document;
mod engine;
mod entries;
mod explain;
mod facts;
mod grounds;
mod notice;
mod pack;
mod parse;
mod prearrival;
mod published;
mod questions;
mod read;
mod replay;
#[cfg(test)]
mod tests;
mod validate;
mod validity;

pub use birth::BirthDate;
pub use capture::{CaptureFingers, Hands, Modalities, Modality};
pub use decision::{Decision, Due, FactUsed, Question, SettledBy, Source, Verdict};
pub use engine::decide;
pub use entries::{Checkpoint, EntryConfirmation};
pub use facts::{AnswerError, Answers, Attestation, Evidence, Facts, MAX_OTHERS, OtherDocument};
pub use notice::Notice;
pub use pack::{
    Checkpoints, Condition, Direction, Entry, Ground, Pack, PackFault, PackFaults, Reading, Rule, Status, Validity,
};
pub use parse::{MAX_PACK_BYTES, is_identifier};
pub use prearrival::{
    ApplicationNumber, Exception, MAX_SCAN_BYTES, NumberError, PreArrivalAnswer, PreArrivalFacts, PreArrivalKind,
    PreArrivalRule, PreArrivalVerdict, Timing, Window, before_arrival,
};
pub use published::Published;
pub use replay::{Difference, LastDecisions, MOST_REMEMBERED, Outcome, Replay};
