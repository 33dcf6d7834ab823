//! From the rules about what is owed before arrival, and the facts, to one answer a rule.

use super::{PreArrivalAnswer, PreArrivalFacts, PreArrivalRule, PreArrivalVerdict, Timing};
use crate::policy::decision::{FactUsed, Question, Source, Verdict};
use crate::policy::entries::EntryConfirmation;
use crate::policy::explain::{age_range, fact};
use crate::policy::facts::Facts;
use crate::policy::grounds::Weighed;
use crate::policy::pack::{Ground, Pack, Rule, Status};
use crate::policy::validate::OWN_CITIZENS;
use crate::policy::{document, questions};
use alloc::{string::String, string::ToString, vec, vec::Vec};
use jiff::civil::DateTime;

/// What every answer says.
const NOTE: &str =
    "What is missing or late is noted; it is no ground to refuse entry, and biometrics do not depend on it.";

/// What is owed before an arrival at this local time: one answer for each rule that applies, in the order of the kinds.
/// Pure, and no part of the decision about biometrics.
pub fn before_arrival(
    pack: &Pack,
    facts: &Facts,
    told: &PreArrivalFacts,
    at: DateTime,
    confirmations: &[EntryConfirmation],
) -> Vec<PreArrivalAnswer> {
    let applies = |rule: &&PreArrivalRule| rule.validity.contains(at) && rule.directions.contains(&facts.direction);
    let mut rules: Vec<&PreArrivalRule> = pack.pre_arrival.iter().filter(applies).collect();
    rules.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)));
    rules.into_iter().map(|rule| Case { pack, facts, told, at, confirmations, rule }.answer()).collect()
}

struct Case<'a> {
    pack: &'a Pack,
    facts: &'a Facts,
    told: &'a PreArrivalFacts,
    at: DateTime,
    confirmations: &'a [EntryConfirmation],
    rule: &'a PreArrivalRule,
}

/// What a rule concludes.
enum Finding {
    Ask(Option<Question>),
    Excepted(String),
    NotInScope,
    Owed,
}

impl Case<'_> {
    fn answer(&self) -> PreArrivalAnswer {
        let (verdict, exception, question) = match self.finding() {
            Finding::Ask(question) => (PreArrivalVerdict::Ask, None, question),
            Finding::Excepted(by) => (PreArrivalVerdict::Excepted, Some(by), None),
            Finding::NotInScope => (PreArrivalVerdict::NotInScope, None, None),
            Finding::Owed => (PreArrivalVerdict::Owed, None, None),
        };
        let owed = |_: &_| matches!(verdict, PreArrivalVerdict::Ask | PreArrivalVerdict::Owed);
        let window = self.rule.window.filter(owed);
        let timing = window.map(|window| match self.told.applied {
            Some(applied) => window.timing(applied, self.at, self.told.emergency),
            None => Timing::Unknown,
        });
        PreArrivalAnswer {
            rule: self.rule.id.clone(),
            kind: self.rule.kind,
            verdict,
            sources: self.sources(verdict, exception.as_deref()),
            exception,
            window,
            timing,
            question,
            facts_used: self.facts_used(),
            note: NOTE.into(),
            pack: self.pack.label(),
        }
    }

    /// Own citizens go first, then whether the rule is in force, then exceptions that hold, then whatever is open.
    fn finding(&self) -> Finding {
        let (facts, rule) = (self.facts, self.rule);
        if let Some(own) = document::own_citizen(self.pack, facts) {
            return if own.verdict == Verdict::NotInScope { Finding::NotInScope } else { Finding::Ask(own.question) };
        }
        if let Some(entry) = self.unconfirmed() {
            return Finding::Ask(Some(questions::announced_rule(&rule.title, entry)));
        }
        let weighed = Weighed::over(self.grounds(), facts, self.at.date());
        let exemption = weighed.exemption();
        if let Some(shown) = exemption.as_ref().filter(|answer| answer.question.is_none()) {
            return Finding::Excepted(shown.ground.clone().unwrap_or_default());
        }
        if let Some(held) = rule.exceptions.iter().find(|exception| self.stated(&exception.id) == Some(true)) {
            return Finding::Excepted(held.id.clone());
        }
        let open = exemption
            .or_else(|| weighed.claim())
            .or_else(|| document::doubt(facts))
            .or_else(|| weighed.other_document(self.pack, facts))
            .or_else(|| weighed.open());
        if let Some(open) = open {
            return Finding::Ask(open.question);
        }
        let unstated = rule.exceptions.iter().find(|exception| self.stated(&exception.id).is_none());
        unstated.map_or(Finding::Owed, |exception| Finding::Ask(Some(questions::stated_exception(exception))))
    }

    /// The entry that the operator would have to confirm.
    fn unconfirmed(&self) -> Option<&str> {
        let entry = self.rule.confirmed_with.as_deref().filter(|_| self.rule.status == Status::Announced)?;
        let given = self.confirmations.iter().any(|confirmation| confirmation.entry == entry);
        (!given).then_some(entry)
    }

    fn stated(&self, exception: &str) -> Option<bool> {
        self.told.stated.iter().find(|(id, _)| id == exception).map(|(_, holds)| *holds)
    }

    fn grounds(&self) -> Vec<&Ground> {
        self.rule.grounds.iter().filter_map(|id| self.pack.ground(id)).collect()
    }

    fn sources(&self, verdict: PreArrivalVerdict, exception: Option<&str>) -> Vec<Source> {
        if verdict == PreArrivalVerdict::NotInScope {
            return self.pack.readings_of(OWN_CITIZENS).collect();
        }
        let mut sources: Vec<Source> = self.rule.sources.clone();
        sources.extend(self.pack.readings_of(&self.rule.id));
        let ground = exception.and_then(|id| self.grounds().into_iter().find(|ground| ground.id == id));
        if let Some(ground) = ground {
            let of_ground = ground.sources.iter().cloned().chain(self.pack.readings_of(&ground.id));
            of_ground.for_each(|source| {
                if !sources.contains(&source) {
                    sources.push(source)
                }
            });
        }
        sources
    }

    fn facts_used(&self) -> Vec<FactUsed> {
        let (facts, told) = (self.facts, self.told);
        let evidence = facts.evidence_now().id();
        let mut used =
            vec![fact("date", &self.at.to_string(), "clock"), fact("direction", facts.direction.id(), "configuration")];
        used.extend(facts.nationality().map(|code| fact("nationality", code, evidence)));
        used.extend(facts.issuing_state().map(|code| fact("issuing-state", code, evidence)));
        let years = self.grounds().into_iter().find_map(|ground| match ground.rule {
            Rule::AgeBelow(years) => Some(years),
            Rule::Attested | Rule::Nationality(_) => None,
        });
        used.extend(years.and_then(|years| age_range(facts, years, self.at.date())));
        for exception in &self.rule.exceptions {
            let stated = self.stated(&exception.id);
            used.extend(stated.map(|holds| fact(&exception.id, if holds { "yes" } else { "no" }, "officer")));
        }
        if self.rule.window.is_some() {
            used.extend(told.applied.map(|applied| fact("applied", &applied.to_string(), "officer")));
            used.extend(told.emergency.then(|| fact("emergency", "yes", "officer")));
        }
        used
    }
}
