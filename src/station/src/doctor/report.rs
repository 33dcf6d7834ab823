//! What the doctor says.

use serde::Serialize;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works; somebody should know.
    Note,
    /// It could not be looked at.
    Unknown,
    /// It must be mended.
    Fault,
}

/// One finding. It names files, devices and settings, never a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do now; empty where nothing is to do.
    pub remedy: String,
}

impl Verdict {
    /// Its word in pages' texts.
    pub fn id(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Unknown => "unknown",
            Self::Fault => "fault",
        }
    }
}

impl Finding {
    /// As it should be.
    pub fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, found: found.into(), remedy: String::new() }
    }

    /// It works; somebody should know, and may want to do this.
    pub fn note(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Note, found: found.into(), remedy: remedy.into() }
    }

    /// It could not be looked at; this helps.
    pub fn unknown(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Unknown, found: found.into(), remedy: remedy.into() }
    }

    /// It must be mended, like this.
    pub fn fault(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fault, found: found.into(), remedy: remedy.into() }
    }

    /// Prints the finding: two lines for people, or one of JSON.
    pub fn print(&self, json: bool) {
        if json {
            if let Ok(line) = serde_json::to_string(self) {
                println!("{line}");
            }
            return;
        }
        let word = match self.verdict {
            Verdict::Good => "good",
            Verdict::Note => "note",
            Verdict::Unknown => "?",
            Verdict::Fault => "FAULT",
        };
        println!("{word:<6} {:<14} {}", self.check, self.found);
        if !self.remedy.is_empty() {
            println!("                      -> {}", self.remedy);
        }
    }
}
