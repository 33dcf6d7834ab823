//! What somebody asks the rules without a traveller: the words of a command line or of a form, and the facts they mean.
//!
//! Both go through [`Asked::question`], so that page and command give the same answer to the same words.

use domain::mrz::Field;
use domain::policy::{
    Attestation, BirthDate, Checkpoint, Decision, Direction, EntryConfirmation, Evidence, Facts, Ground, MAX_OTHERS,
    OtherDocument, Pack, PreArrivalAnswer, PreArrivalFacts, Status, before_arrival, decide,
};
use domain::units::StaffId;
use jiff::civil::DateTime;
use thiserror::Error;

/// Who stands for officer, second person, supervisor or operator where nobody does anything.
const NOBODY: &str = "hypothetical";

/// Words, none of them checked yet. What is empty was not given. They may be those of a real document: they are not
/// printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Local date and time at the checkpoint: `2025-12-24T03:00`.
    pub date: String,
    /// Identifier of the checkpoint.
    pub checkpoint: String,
    /// Capture is not technically possible there.
    pub not_possible: bool,
    /// `reader`, `typed` or `manual`; without it the reader.
    pub evidence: String,
    /// Code of Doc 9303.
    pub nationality: String,
    /// Code of Doc 9303; without it the nationality.
    pub issuer: String,
    /// `P`, `PD`.
    pub document: String,
    /// `2019-12-24`, with `XX` or `XXXX` for what is unknown.
    pub born: String,
    /// Fields whose check digit does not hold.
    pub failed: Vec<String>,
    /// Nationalities of documents that were shown before, each perhaps with how it was read: `BLR` or `BLR:typed`.
    pub others: Vec<String>,
    /// `entry`, `exit` or `transit`; without it entry.
    pub direction: String,
    /// A ground that an officer attests.
    pub ground: String,
    /// Kind of the evidence; without it the first that the pack lists.
    pub shown_by: String,
    /// A second person has confirmed the attestation.
    pub confirmed: bool,
    /// Answers of an officer, by question.
    pub answers: Vec<(String, String)>,
    /// A supervisor has ruled that biometrics are due.
    pub ruled_due: bool,
    /// Announced entries that count as confirmed.
    pub confirmed_entries: Vec<String>,
}

/// A question that can be put to the rules.
pub struct Question {
    facts: Facts,
    at: DateTime,
    checkpoint: Checkpoint,
    confirmed: Vec<EntryConfirmation>,
}

/// A word that cannot be read. The sentence repeats nothing of a document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text}")]
pub struct AskFault {
    /// Which one, by its name on the command line.
    pub field: &'static str,
    /// What it should be.
    pub text: String,
}

impl Asked {
    /// What these words ask of a pack.
    ///
    /// # Errors
    /// The first word that cannot be read.
    pub fn question(&self, pack: &Pack) -> Result<Question, AskFault> {
        let at: DateTime = self.date.parse().map_err(|_| fault("date", "a local time is written 2025-12-24T03:00"))?;
        let checkpoint = Checkpoint { id: self.checkpoint.clone(), technically_possible: !self.not_possible };
        if checkpoint.id.is_empty() {
            return Err(fault("checkpoint", "name the checkpoint"));
        }
        let mut confirmed = Vec::new();
        for entry in &self.confirmed_entries {
            confirmed.push(confirmation(pack, entry, at)?);
        }
        Ok(Question { facts: self.facts(pack)?, at, checkpoint, confirmed })
    }

    fn facts(&self, pack: &Pack) -> Result<Facts, AskFault> {
        let evidence = match self.evidence.as_str() {
            "" => Evidence::Reader,
            word => of_evidence(word).ok_or_else(|| fault("evidence", "expected reader, typed or manual"))?,
        };
        let direction = match self.direction.as_str() {
            "" => Direction::default(),
            word => Direction::from_id(word).ok_or_else(|| fault("direction", "expected entry, exit or transit"))?,
        };
        let issuer = if self.issuer.is_empty() { &self.nationality } else { &self.issuer };
        let ground = Some(self.ground.as_str()).filter(|ground| !ground.is_empty());
        let mut facts = Facts {
            nationality: code("nationality", &self.nationality)?,
            issuing_state: code("issuer", issuer)?,
            document_code: Some(self.document.clone()).filter(|code| !code.is_empty()),
            birth_date: self.birth_date()?,
            failed_checks: self.failed.iter().map(|word| field(word)).collect::<Result<_, _>>()?,
            direction,
            attestation: ground.map(|ground| attestation(pack, ground, &self.shown_by, self.confirmed)).transpose()?,
            ruled_due_by: self.ruled_due.then(|| StaffId(NOBODY.into())),
            ..Facts::none(evidence)
        };
        for (question, answer) in &self.answers {
            let said = facts.answers.set(question, answer);
            said.map_err(|error| fault("answer", &format!("{question}: {error}")))?;
        }
        let others = self.others.iter().map(|other| other_document(other)).collect::<Result<Vec<_>, _>>()?;
        if others.len() > MAX_OTHERS {
            return Err(fault("other", &format!("at most {MAX_OTHERS} other documents are remembered")));
        }
        // As at the desk: the same nationality once more says nothing new.
        let same = |other: &OtherDocument| facts.nationality.as_ref() == Some(&other.nationality);
        facts.others = others.into_iter().filter(|other| !same(other)).collect();
        Ok(facts)
    }

    fn birth_date(&self) -> Result<Option<BirthDate>, AskFault> {
        if self.born.is_empty() {
            return Ok(None);
        }
        let born = BirthDate::parse(&self.born);
        let wrong = "--born is written 2019-12-24, with XX or XXXX for unknown parts";
        born.map(Some).ok_or_else(|| fault("born", wrong))
    }
}

impl Question {
    /// What would be decided.
    pub fn ask(&self, pack: &Pack) -> Decision {
        decide(pack, &self.facts, self.at, &self.checkpoint, &self.confirmed)
    }

    /// What the pack says about the time before this arrival.
    pub fn before_arrival(&self, pack: &Pack, told: &PreArrivalFacts) -> Vec<PreArrivalAnswer> {
        before_arrival(pack, &self.facts, told, self.at, &self.confirmed)
    }

    /// The same with these confirmations of announced entries besides.
    #[must_use]
    pub fn confirmed_too(mut self, more: &[EntryConfirmation]) -> Self {
        self.confirmed.extend(more.iter().cloned());
        self
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked(..)")
    }
}

/// An announced entry of the pack that counts as confirmed for one question.
///
/// # Errors
/// When the pack announces no such entry.
pub fn confirmation(pack: &Pack, entry: &str, at: DateTime) -> Result<EntryConfirmation, AskFault> {
    let announced = |status: Status| status == Status::Announced;
    if !pack.entry(entry).is_some_and(|entry| announced(entry.status)) {
        let entries = pack.entries.iter().filter(|entry| announced(entry.status));
        let known = entries.map(|entry| entry.id.as_str()).collect::<Vec<_>>().join(", ");
        let text = format!("--confirm-entry: no announced entry has this name; the pack has {known}");
        return Err(fault("confirm-entry", &text));
    }
    let (who, basis) = (NOBODY.into(), "given with the question".into());
    Ok(EntryConfirmation { entry: entry.into(), who, when: at.date().to_string(), basis })
}

/// A ground of the pack that an officer attests, by this kind of evidence or the first that the pack lists.
///
/// # Errors
/// When the pack has no such ground.
pub fn attestation(pack: &Pack, ground: &str, shown_by: &str, confirmed: bool) -> Result<Attestation, AskFault> {
    let known = || pack.grounds.iter().map(|ground| ground.id.as_str()).collect::<Vec<_>>().join(", ");
    let unknown = || fault("attest", &format!("--attest: there is no such ground; the pack has {}", known()));
    let found: &Ground = pack.ground(ground).ok_or_else(unknown)?;
    let first = || found.evidence.first().cloned().unwrap_or_default();
    Ok(Attestation {
        ground: found.id.clone(),
        evidence: Some(String::from(shown_by)).filter(|kind| !kind.is_empty()).unwrap_or_else(first),
        confirmed_by: confirmed.then(|| StaffId(NOBODY.into())),
    })
}

fn other_document(word: &str) -> Result<OtherDocument, AskFault> {
    let (nationality, evidence) = word.split_once(':').unwrap_or((word, "reader"));
    let nationality = code("other", nationality)?.ok_or_else(|| fault("other", "expected a code such as BLR"))?;
    let evidence = of_evidence(evidence).ok_or_else(|| fault("other", "expected reader, typed or manual"))?;
    Ok(OtherDocument { nationality, evidence })
}

fn of_evidence(word: &str) -> Option<Evidence> {
    Evidence::from_id(word)
}

/// A code of a State as documents write it, or nothing where none was read.
fn code(field: &'static str, word: &str) -> Result<Option<String>, AskFault> {
    let fits = word.len() <= 3 && word.bytes().all(|b| b.is_ascii_alphabetic());
    let code = word.to_ascii_uppercase();
    if fits { Ok(Some(code).filter(|code| !code.is_empty())) } else { Err(fault(field, "expected a code such as KAZ")) }
}

/// Fields that a check digit protects.
pub const CHECKED: [Field; 5] =
    [Field::DocumentNumber, Field::BirthDate, Field::ExpiryDate, Field::PersonalNumber, Field::Composite];

fn field(word: &str) -> Result<Field, AskFault> {
    let known = || CHECKED.map(Field::id).join(", ");
    let found = CHECKED.into_iter().find(|field| field.id() == word);
    found.ok_or_else(|| fault("failed", &format!("expected one of {}", known())))
}

fn fault(field: &'static str, text: &str) -> AskFault {
    AskFault { field, text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::policy::Verdict;

    const PACK: &str = include_str!("../../../../config/policies/ru-entry.toml");

    fn asked(change: impl FnOnce(&mut Asked)) -> Asked {
        let text = |text: &str| String::from(text);
        let mut asked = Asked {
            date: text("2026-03-15T12:00"),
            checkpoint: text("vnukovo"),
            nationality: text("srb"),
            document: text("P"),
            born: text("1985-01-01"),
            ..Asked::default()
        };
        change(&mut asked);
        asked
    }

    #[test]
    fn every_kind_of_word_reaches_the_rules() {
        let pack = Pack::parse(PACK).unwrap();
        type Change = fn(&mut Asked);
        let rows: [(Change, Verdict, Option<&str>, Option<&str>); 12] = [
            (|_| (), Verdict::Required, None, None),
            (|a| a.nationality = "BLR".into(), Verdict::Exempt, Some("belarus"), None),
            (|a| a.others = vec!["BLR:typed".into()], Verdict::AskSupervisor, None, Some("two-documents")),
            (|a| a.others = vec!["SRB".into()], Verdict::Required, None, None),
            (|a| a.failed = vec!["birth-date".into()], Verdict::AskSupervisor, None, Some("read-again")),
            (|a| a.nationality = String::new(), Verdict::AskSupervisor, None, Some("read-again")),
            (|a| a.born = "2020-XX-XX".into(), Verdict::AskSupervisor, None, Some("birth-date")),
            (
                |a| (a.born, a.answers) = ("2020-XX-XX".into(), vec![("birth-date".into(), "2020-05-05".into())]),
                Verdict::Exempt,
                Some("under-six"),
                None,
            ),
            (|a| a.direction = "exit".into(), Verdict::NoRule, None, Some("no-rule")),
            (|a| a.ground = "courier".into(), Verdict::AskSupervisor, Some("courier"), Some("confirm-attestation")),
            (|a| (a.ground, a.confirmed) = ("courier".into(), true), Verdict::Exempt, Some("courier"), None),
            (|a| (a.date, a.ruled_due) = ("2026-08-01T00:00".into(), true), Verdict::Required, None, None),
        ];
        for (row, (change, verdict, ground, question)) in rows.into_iter().enumerate() {
            let decision = asked(change).question(&pack).unwrap().ask(&pack);
            let id = decision.question.as_ref().map(|question| question.id.as_str());
            assert_eq!((decision.verdict, decision.ground.as_deref(), id), (verdict, ground, question), "row {row}");
        }
        let later = asked(|a| {
            (a.date, a.confirmed_entries) = ("2026-08-01T00:00".into(), vec!["all-checkpoints-2026".into()]);
        });
        assert_eq!(later.question(&pack).unwrap().ask(&pack).verdict, Verdict::Required);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_repeated() {
        let pack = Pack::parse(PACK).unwrap();
        type Change = fn(&mut Asked);
        let rows: [(Change, &str); 12] = [
            (|a| a.date = "SECRET".into(), "date"),
            (|a| a.checkpoint = String::new(), "checkpoint"),
            (|a| a.nationality = "SECRET".into(), "nationality"),
            (|a| a.issuer = "S1".into(), "issuer"),
            (|a| a.born = "SECRET".into(), "born"),
            (|a| a.born = "2025-02-30".into(), "born"),
            (|a| a.evidence = "SECRET".into(), "evidence"),
            (|a| a.direction = "SECRET".into(), "direction"),
            (|a| a.failed = vec!["SECRET".into()], "failed"),
            (|a| a.others = vec!["BLR:SECRET".into()], "other"),
            (|a| a.ground = "SECRET".into(), "attest"),
            (|a| a.confirmed_entries = vec!["experiment-2024-12".into()], "confirm-entry"),
        ];
        for (change, field) in rows {
            let fault = asked(change).question(&pack).err().unwrap();
            assert_eq!(fault.field, field);
            assert!(!fault.text.contains("SECRET"), "{fault}");
        }
        let five = asked(|a| a.others = ["BLR", "RUS", "KAZ", "UZB", "TJK"].map(String::from).to_vec());
        assert_eq!(five.question(&pack).err().unwrap().field, "other");
        assert!(!format!("{:?}", asked(|_| ())).contains("1985"));
    }
}
