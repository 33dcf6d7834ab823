//! The answer of the policy engine: a decision that explains itself.

use super::capture::{Modalities, Modality};
use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};

/// What the rules say about one traveller at one checkpoint and local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The facts leave a question that a person must settle. Nothing is decided.
    AskSupervisor,
    /// An exemption ground is shown or confirmed: no device opens.
    Exempt,
    /// No entry of the pack applies. Nothing is decided.
    NoRule,
    /// Not a foreign citizen: no device opens.
    NotInScope,
    /// Biometrics are due.
    Required,
}

/// A source as the pack cites it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Who published what.
    pub cite: String,
    /// When it was published: `2025-06-09`, or `2025-10`, or `2024` where the source gives no day or month.
    pub published: String,
}

/// A fact that the decision rests on, and how it is known. Values are codes and dates, never a name or a number of
/// a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactUsed {
    /// `date`, `checkpoint`, `direction`, `technically-possible`, `entry-confirmation`, `nationality`, `issuing-state`,
    /// `birth-date`, `document-code`, `other-nationality`, `attestation`, `ruling`, `takes`, or the question that an officer answered.
    pub fact: String,
    /// The value as used. The birth date is stated as an age range, so that a record of an exempt person holds no date.
    pub value: String,
    /// `reader`, `typed`, `manual`, `officer`, `supervisor`, `configuration`, `clock`, `policy`.
    pub evidence: String,
}

/// Who can settle a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettledBy {
    /// The officer at the desk, with one key.
    Officer,
    /// A second person.
    Supervisor,
}

/// What must be settled before the decision stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Stable identifier, also the key of its translation: `confirm-child`, `confirm-nationality`, `birth-date`,
    /// `read-again`, `unknown-code`, `hinted-exemption`, `confirm-attestation`, `announced-entry`, `two-documents`, `no-rule`.
    pub id: String,
    /// The question in English.
    pub text: String,
    /// Who settles it.
    pub settled_by: SettledBy,
    /// The age in years that it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
}

/// The decision with everything it rests on. Only the engine makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// What the rules say.
    #[serde(rename = "decision")]
    pub verdict: Verdict,
    /// What is to be taken: everything or a part, for a decision that biometrics are due; else nothing.
    pub takes: Modalities,
    /// The ground: the one that exempts, the one attested and not yet confirmed, or the one that limits what is due.
    pub ground: Option<String>,
    /// The entry of the pack that decided.
    pub entry: Option<String>,
    /// Entries that apply too, but were published earlier.
    pub superseded: Vec<String>,
    /// What the deciding entry and ground rest on.
    pub sources: Vec<Source>,
    /// Facts used.
    pub facts_used: Vec<FactUsed>,
    /// Facts that would settle the question.
    pub facts_missing: Vec<String>,
    /// The question to settle, in words; absent when the decision stands. An exemption that needs one confirming key
    /// has both a ground and a question.
    pub question: Option<Question>,
    /// Remarks for the officer, such as a hint of the document code that decides nothing.
    pub notes: Vec<String>,
    /// Pack identifier and version: `ru-entry 2026.1`.
    pub pack: String,
}

impl Decision {
    /// A decision that needs nobody's answer any more.
    pub fn stands(&self) -> bool {
        let decided = matches!(self.verdict, Verdict::Exempt | Verdict::NotInScope | Verdict::Required);
        decided && self.question.is_none()
    }
}

/// Proof that a standing decision requires biometrics. Only such a decision makes one, and only from one does a
/// capture permit come: no permit exists for an exempt subject, or while a question is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due(Decision);

impl Due {
    /// The proof, if the decision is `required` and stands.
    pub fn from_decision(decision: &Decision) -> Option<Self> {
        (decision.verdict == Verdict::Required && decision.stands()).then(|| Self(decision.clone()))
    }

    /// Whether this is among what is due.
    pub fn takes(&self, modality: Modality) -> bool {
        self.0.takes.contains(modality)
    }

    /// The decision.
    pub fn decision(&self) -> &Decision {
        &self.0
    }
}
