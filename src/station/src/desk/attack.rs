//! What advisory cues of a presentation attack say of the case at the desk: for the officer's page and the log, and for
//! nobody else. They are no tested attack detection, and nothing hangs on them.

use quality::face::cues::{CueScore, Finding};
use std::fmt;

/// The cues of one capture, or of the one among several that speaks most for an attack.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AttackCues {
    /// 0 (nothing speaks for an attack) to 1; none where no cue could be assessed.
    pub score: Option<f64>,
    /// The cues that could not be assessed, and why.
    pub not_assessed: Vec<(&'static str, &'static str)>,
}

impl AttackCues {
    /// The one of two captures that speaks more for an attack; of two that say nothing, the later one.
    pub fn or_later(self, later: Self) -> Self {
        if self.score > later.score { self } else { later }
    }
}

impl From<CueScore> for AttackCues {
    fn from(said: CueScore) -> Self {
        let not_assessed = said.findings.iter().filter_map(|&(cue, finding)| match finding {
            Finding::NotAssessed(why) => Some((cue.id(), why)),
            Finding::Score(_) => None,
        });
        Self { score: said.score, not_assessed: not_assessed.collect() }
    }
}

/// For the log: `0.37, border not assessed: too few frames`, or `not assessed, ...`.
impl fmt::Display for AttackCues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.score {
            Some(score) => write!(f, "{score:.2}")?,
            None => f.write_str("not assessed")?,
        }
        self.not_assessed.iter().try_for_each(|(cue, why)| write!(f, ", {cue} not assessed: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quality::face::cues::Cue;

    fn cues(score: Option<f64>) -> AttackCues {
        AttackCues { score, not_assessed: vec![("flat", "too few frames")] }
    }

    #[test]
    fn what_speaks_most_for_an_attack_stays() {
        for (earlier, later, stays) in [
            (Some(0.4), Some(0.2), Some(0.4)),
            (Some(0.2), Some(0.4), Some(0.4)),
            (Some(0.0), None, Some(0.0)),
            (None, Some(0.0), Some(0.0)),
            (None, None, None),
        ] {
            assert_eq!(cues(earlier).or_later(cues(later)).score, stays, "{earlier:?} {later:?}");
        }
    }

    #[test]
    fn what_was_not_assessed_is_named_with_its_reason() {
        let score = |finding| (Cue::Border, finding);
        let mut said = CueScore { score: None, findings: [score(Finding::NotAssessed("too few frames")); 4] };
        said.findings[1] = (Cue::Flat, Finding::NotAssessed("needs landmarks"));
        let told = AttackCues::from(said.clone());
        assert_eq!(told.not_assessed.len(), 4);
        assert!(
            told.to_string().starts_with("not assessed, border not assessed: too few frames, flat not assessed: needs")
        );
        said.score = Some(0.5);
        said.findings = [score(Finding::Score(0.5)); 4];
        assert_eq!(AttackCues::from(said).to_string(), "0.50");
    }
}
