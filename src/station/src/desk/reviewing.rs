//! What supervisors decide on cases that wait, and how such a case comes back to the desk.

use super::actor::Desk;
use super::case::Case;
use super::command::{DeskRefusal, ReviewDecision};
use super::deciding;
use super::effects::parked_for;
use super::facts;
use super::orders::{Done, RESERVED_BYTES};
use domain::case::CaseNumber;
use domain::policy::Verdict;
use domain::record::ReviewTrace;
use domain::session::{Event, ReviewReason, Step};
use domain::units::StaffId;

impl Desk {
    /// The parked traveller is back at the desk.
    pub(super) fn recall(&mut self, number: &CaseNumber, officer: &StaffId) -> Done {
        if self.at_desk.is_some() {
            return Err(DeskRefusal::DeskBusy);
        }
        let waits = |case: &Case| matches!(case.session.step(), Step::AwaitingRecall(..));
        if !self.parked.get(number).is_some_and(waits) {
            return Err(DeskRefusal::NoSuchCase);
        }
        let reservation = self.keeper.reserve(RESERVED_BYTES).map_err(DeskRefusal::Store)?;
        self.at_desk = self.parked.remove(number);
        if let Some(case) = self.at_desk.as_mut() {
            case.reservation.get_or_insert(reservation);
            case.samples.bring_back();
            self.family = case.accompanying.clone();
        }
        self.last = None;
        self.by_officer(Event::Recalled, officer)?;
        self.decide_after_review()
    }

    /// A case that came back undecided: the rules are asked again with what the supervisor said.
    fn decide_after_review(&mut self) -> Done {
        let Some(case) = self.at_desk.as_mut() else { return Ok(()) };
        let Step::Decided(_) = case.session.step() else { return Ok(()) };
        let Some(known) = case.facts.as_mut() else { return Ok(()) };
        let supervisor = case.review.as_ref().map(|review| &review.supervisor);
        facts::after_review(known, case.claim.take().is_some(), supervisor);
        if self.clock.jumped() {
            return self.at_desk(Event::ClockDoubted);
        }
        let known = known.clone();
        let again = self.ask_rules(&known);
        self.at_desk(Event::Decided(again))
    }

    /// A supervisor decides on a case, and with the same word on the claims of the family that stands behind it.
    pub(super) fn review(
        &mut self,
        number: &CaseNumber,
        decision: ReviewDecision,
        reason: &str,
        family: bool,
        by: &StaffId,
    ) -> Done {
        let others = if family { self.claims_of_family(number) } else { Vec::new() };
        self.review_one(number, decision, reason, by)?;
        for other in others {
            // Each stands on its own: what the rules do not confirm goes on waiting.
            if let Err(refusal) = self.review_one(&other, decision, reason, by) {
                tracing::info!(case = %other, code = refusal.code(), "a claim of a family was not decided with the others");
            }
        }
        Ok(())
    }

    /// A case that was captured again since the supervisor looked is to be looked at again.
    pub(super) fn still_as(&self, number: &CaseNumber, seen: Option<usize>) -> Done {
        let case = self.parked.get(number).ok_or(DeskRefusal::NoSuchCase)?;
        let attempts = case.progress().map_or(0, |taken| taken.attempts().len());
        if seen.is_some_and(|seen| seen != attempts) { Err(DeskRefusal::Outdated) } else { Ok(()) }
    }

    /// The other cases of a family whose claimed exemptions wait.
    pub(super) fn claims_of_family(&self, number: &CaseNumber) -> Vec<CaseNumber> {
        let claims = |case: &Case| matches!(case.session.step(), Step::InReview(ReviewReason::Attestation { .. }, _));
        let root = |case: &Case| case.accompanying.clone().unwrap_or_else(|| case.number().clone());
        let Some(first) = self.parked.get(number).filter(|case| claims(case)) else { return Vec::new() };
        let family = root(first);
        let same = self.parked.values().filter(|case| claims(case) && root(case) == family);
        same.map(|case| case.number().clone()).filter(|other| other != number).collect()
    }

    fn review_one(&mut self, number: &CaseNumber, decision: ReviewDecision, reason: &str, by: &StaffId) -> Done {
        let (event, word) = match decision {
            ReviewDecision::Approve => (Event::ReviewApproved(by.clone()), "approved"),
            ReviewDecision::Recapture => (Event::ReviewRecapture(by.clone()), "recapture"),
            ReviewDecision::Refuse => (Event::ReviewRefused(by.clone()), "refused"),
        };
        let case = self.parked.get_mut(number).ok_or(DeskRefusal::NoSuchCase)?;
        // The session has the last word: what it would refuse leaves no trace in the case.
        case.session.apply(event.clone())?;
        let parked_for = match case.session.step() {
            Step::InReview(why, _) => parked_for(why),
            _ => return Err(DeskRefusal::NoSuchCase),
        };
        let claimed = case.facts.clone().filter(|_| case.claim.is_some());
        if decision == ReviewDecision::Approve
            && let Some(mut confirmed) = claimed
        {
            facts::confirm_claim(&mut confirmed, by);
            let (put, decided) = self.put(self.parked.get(number), &confirmed);
            // The rule may have ended while the case waited: then there is nothing to confirm any more.
            if decided.verdict != Verdict::Exempt || !decided.stands() {
                return Err(DeskRefusal::UnknownGround);
            }
            let case = self.parked.get_mut(number).ok_or(DeskRefusal::NoSuchCase)?;
            deciding::remember(&self.last_decisions, &self.loaded, case, &put, &decided);
            (case.facts, case.decided) = (Some(confirmed), Some(decided));
        }
        let local_time = self.clock.local().to_string();
        tracing::info!(case = %number, supervisor = %by.0, decision = word, "a case was reviewed");
        let (supervisor, reason) = (by.clone(), reason.to_owned());
        let case = self.parked.get_mut(number).ok_or(DeskRefusal::NoSuchCase)?;
        case.review = Some(ReviewTrace { supervisor, decision: word.into(), reason, parked_for, local_time });
        self.on_parked(number, event)
    }
}
