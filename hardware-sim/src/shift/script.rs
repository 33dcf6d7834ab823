//! Scripts of simulated travellers: one file each in `scripts/`, and one line each in the list below.

use crate::person::Traits;
use domain::session::Outcome;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One file for each kind of traveller.
const FILES: &[&str] = &[
    include_str!("../../scripts/adult.toml"),
    include_str!("../../scripts/bandaged-finger.toml"),
    include_str!("../../scripts/belarus.toml"),
    include_str!("../../scripts/child-of-five.toml"),
    include_str!("../../scripts/diplomat-confirmed.toml"),
    include_str!("../../scripts/diplomat-waiting.toml"),
    include_str!("../../scripts/own-citizen.toml"),
    include_str!("../../scripts/poor-prints-approved.toml"),
    include_str!("../../scripts/poor-prints-refused.toml"),
    include_str!("../../scripts/poor-prints-waiting.toml"),
    include_str!("../../scripts/refuses.toml"),
    include_str!("../../scripts/seen-before.toml"),
    include_str!("../../scripts/stateless.toml"),
    include_str!("../../scripts/unknown-birthday.toml"),
    include_str!("../../scripts/walks-away.toml"),
    include_str!("../../scripts/without-hands.toml"),
];

/// The script of most travellers.
pub const ORDINARY: &str = "adult";

/// What one kind of traveller brings, does, and should end as.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Name in reports.
    pub id: String,
    /// In words.
    pub title: String,
    /// The outcome that the rules call for.
    pub expected: Outcome,
    /// A camera or scanner may open.
    #[serde(default = "yes")]
    pub devices: bool,
    /// Brings the person and document of an earlier ordinary traveller.
    #[serde(default)]
    pub again: bool,
    /// A warning that the officer must see.
    #[serde(default)]
    pub warning: Option<String>,
    /// Who it is.
    #[serde(default)]
    pub traveller: Traits,
    /// What happens at the desk.
    pub desk: DeskPart,
    /// What a supervisor decides, if one comes.
    #[serde(default)]
    pub supervisor: Option<SupervisorPart>,
}

/// What happens at the desk, beyond what the pages ask for by themselves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskPart {
    /// How the document is presented.
    pub document: Presented,
    /// An exemption that is claimed.
    #[serde(default)]
    pub claim: Option<Claim>,
    /// What the officer answers, by the identifier of the question.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// Fields of the declaration before the capture.
    #[serde(default)]
    pub declare: BTreeMap<String, String>,
    /// The traveller ends it.
    #[serde(default)]
    pub ends: Option<Ending>,
}

/// How a document reaches the station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presented {
    /// Through the reader, but one in five is typed.
    MostlyReader,
    /// Through the reader.
    Reader,
    /// The officer types the lines.
    Typed,
}

/// A claimed exemption.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Ground of the policy pack.
    pub ground: String,
    /// What the officer saw.
    pub evidence: String,
}

/// A traveller who does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ending {
    /// `declare`, or the slot whose capture is asked for.
    pub at: String,
    /// What happens.
    pub how: How,
}

/// How a traveller ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Says no.
    Refuses,
    /// Is gone; the officer cancels.
    WalksAway,
}

/// What the supervisor does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupervisorPart {
    /// `approve`, `recapture` or `refuse`.
    pub decision: String,
    /// From the page's list.
    pub reason: String,
    /// In the supervisor's words.
    pub note: String,
}

/// All scripts, in the order of their identifiers. A file that cannot be read is missing here, which a test notices.
pub fn all() -> &'static [Script] {
    static ALL: OnceLock<Vec<Script>> = OnceLock::new();
    ALL.get_or_init(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect())
}

/// The script with this identifier.
pub fn find(id: &str) -> Option<&'static Script> {
    all().iter().find(|script| script.id == id)
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_script_and_listed() {
        for text in FILES {
            let script: Script = toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            script.traveller.checked().unwrap_or_else(|error| panic!("{}: {error}", script.id));
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let listed: Vec<&str> = all().iter().map(|script| script.id.as_str()).collect();
        assert_eq!(listed, files);
        assert!(find(ORDINARY).is_some());
    }

    #[test]
    fn no_device_opens_for_whoever_is_exempt_or_not_in_scope() {
        for script in all() {
            if matches!(script.expected, Outcome::Exempt | Outcome::NotInScope) {
                assert!(!script.devices, "{}", script.id);
            }
        }
    }
}
