//! What a step of the engine concludes, before it is explained.

use super::capture::Modalities;
use super::decision::{Question, Verdict};
use super::pack::Ground;
use alloc::{string::String, vec, vec::Vec};

/// A conclusion. The first step that comes to one ends the reasoning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    pub(super) ground: Option<String>,
    pub(super) question: Option<Question>,
    /// What is due, for [`Verdict::Required`].
    pub(super) takes: Modalities,
    pub(super) missing: Vec<String>,
}

impl Answer {
    pub(super) fn ask(question: Question, missing: &[&str]) -> Self {
        let missing = missing.iter().map(|fact| String::from(*fact)).collect();
        Self {
            verdict: Verdict::AskSupervisor,
            ground: None,
            question: Some(question),
            takes: Modalities::NONE,
            missing,
        }
    }

    pub(super) fn claimed(ground: &str, question: Question) -> Self {
        Self { ground: Some(ground.into()), ..Self::ask(question, &["attestation"]) }
    }

    pub(super) fn exempt(ground: &str, question: Option<Question>) -> Self {
        Self {
            verdict: Verdict::Exempt,
            ground: Some(ground.into()),
            question,
            takes: Modalities::NONE,
            missing: vec![],
        }
    }

    pub(super) fn no_rule(question: Question) -> Self {
        Self { verdict: Verdict::NoRule, ..Self::ask(question, &[]) }
    }

    pub(super) fn not_in_scope() -> Self {
        Self { verdict: Verdict::NotInScope, takes: Modalities::NONE, ..Self::required() }
    }

    pub(super) fn required() -> Self {
        let takes = Modalities::ALL;
        Self { verdict: Verdict::Required, ground: None, question: None, takes, missing: vec![] }
    }

    /// Due, but only in part, on this ground.
    pub(super) fn limited(ground: &Ground) -> Self {
        Self { ground: Some(ground.id.clone()), takes: ground.gives, ..Self::required() }
    }

    /// A supervisor's ruling that biometrics are due settles whatever is open, and nothing that is decided. How much is
    /// due stays what the rules say.
    pub(super) fn after_ruling(self, ruled_due: bool, due: impl FnOnce() -> Self) -> Self {
        if ruled_due && self.question.is_some() { due() } else { self }
    }
}
