//! What the officer's page asks of people.

use super::view::View;

/// What the page shows, as far as somebody acts on it. Acted on once.
#[derive(Clone, Debug, PartialEq)]
pub struct Situation {
    step: String,
    slot: Option<String>,
    prompt: Option<String>,
    attempts: u32,
    question: Option<String>,
    fault: Option<String>,
}

impl Situation {
    /// What this view asks of somebody.
    pub fn of(view: &View) -> Self {
        let question = view.decision.as_ref().and_then(|decision| decision.question.as_ref());
        let (step, slot, prompt) = (view.step.clone(), view.slot.clone(), view.prompt.clone());
        // A decision counts only while the officer is to act on it.
        let question = question.filter(|_| step == "decided").map(|question| question.id.clone());
        let fault = view.fault.as_ref().filter(|_| matches!(step.as_str(), "held" | "document"));
        let fault = fault.map(|fault| fault.code.clone());
        Self { step, slot, prompt, attempts: view.attempts_here(), question, fault }
    }

    /// The code that the officer reads.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// What the page says here, in the words of a scenario's cues.
    pub fn says(&self) -> Option<String> {
        if let Some(code) = &self.fault {
            return Some(format!("tells {code}"));
        }
        match (self.step.as_str(), self.prompt.as_deref(), &self.slot) {
            ("document", ..) => Some(String::from("asks for document")),
            ("summary", ..) => Some(String::from("shows summary")),
            ("capturing", Some("look-at-camera" | "place-finger" | "place-fingers"), Some(slot)) => {
                Some(format!("asks for {slot}"))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Event;
    use crate::shift::view::FaultView;

    #[test]
    fn a_live_hint_is_no_new_situation() {
        let view = View { step: "capturing".into(), slot: Some("face".into()), ..View::default() };
        let hinted = View { hint: Some("come-closer".into()), version: 9, ..view.clone() };
        assert_eq!(Situation::of(&view), Situation::of(&hinted));
        let finger = View { slot: Some("right-index".into()), ..view.clone() };
        assert_ne!(Situation::of(&view), Situation::of(&finger));
    }

    #[test]
    fn what_the_page_says_is_something_that_a_cue_can_wait_for() {
        let view = |step: &str, prompt: &str, slot: &str| View {
            step: step.into(),
            prompt: Some(prompt.into()),
            slot: Some(slot.into()),
            ..View::default()
        };
        let fault = Some(FaultView { code: "D-12".into(), text: "Plug it in.".into() });
        let rows = [
            (view("document", "", ""), Some("asks for document")),
            (view("capturing", "look-at-camera", "face"), Some("asks for face")),
            (view("capturing", "place-fingers", "right-four"), Some("asks for right-four")),
            (view("capturing", "lift-finger", "right-index"), None),
            (view("capturing", "hold-still", "right-index"), None),
            (View { fault: fault.clone(), ..view("held", "", "right-index") }, Some("tells D-12")),
            (View { fault, ..view("capturing", "hold-still", "right-index") }, None),
            (view("summary", "", ""), Some("shows summary")),
        ];
        for (view, says) in rows {
            assert_eq!(Situation::of(&view).says().as_deref(), says, "{view:?}");
            assert!(says.is_none_or(|says| Event::read(&format!("page {says}")).is_ok()));
        }
    }
}
