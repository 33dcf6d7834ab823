//! Scenarios: who comes, which devices stand at the desk, and what happens when. One file each in `scenarios/`, and one
//! line each in the list below; a file of anybody's own does as well.
//!
//! A file reads from top to bottom like a script: each cue waits for its event after the cue before it has been given.

mod cue;
mod wording;

pub use cue::{Acted, Cue, Deed, Event, Turn};

use crate::shift::plan::{self, Planned};
use crate::shift::script;
use crate::stage::Device;
use cue::RawCue;
use domain::session::Outcome;
use serde::Deserialize;
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;
use thiserror::Error;
use toml::Spanned;

/// One file for each scenario, in the order of their names.
const FILES: &[(&str, &str)] = &[
    ("busy-scanner", include_str!("../../scenarios/busy-scanner.toml")),
    ("capture-bad-days", include_str!("../../scenarios/capture-bad-days.toml")),
    ("clock-jumps", include_str!("../../scenarios/clock-jumps.toml")),
    ("dark-camera", include_str!("../../scenarios/dark-camera.toml")),
    ("dropped-frames", include_str!("../../scenarios/dropped-frames.toml")),
    ("eyes-shut", include_str!("../../scenarios/eyes-shut.toml")),
    ("finger-held-up", include_str!("../../scenarios/finger-held-up.toml")),
    ("frozen-camera", include_str!("../../scenarios/frozen-camera.toml")),
    ("misnaming-scanner", include_str!("../../scenarios/misnaming-scanner.toml")),
    ("ordinary-day", include_str!("../../scenarios/ordinary-day.toml")),
    ("reader-bad-days", include_str!("../../scenarios/reader-bad-days.toml")),
    ("replayed-print", include_str!("../../scenarios/replayed-print.toml")),
    ("same-finger-twice", include_str!("../../scenarios/same-finger-twice.toml")),
    ("slap-bad-days", include_str!("../../scenarios/slap-bad-days.toml")),
    ("swapped-hands", include_str!("../../scenarios/swapped-hands.toml")),
    ("two-faces", include_str!("../../scenarios/two-faces.toml")),
];

/// The longest scenario that is read, in bytes.
pub const MAX_TEXT: usize = 16 * 1024;

/// Cues of one scenario, at most.
const MAX_CUES: usize = 200;

/// Travellers of one scenario, at most.
const MAX_TRAVELLERS: usize = 1000;

/// A scenario, checked: its words are known and its parts fit one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Name.
    pub id: String,
    /// In words.
    pub title: String,
    /// Decides who comes.
    pub seed: u64,
    /// What stands at the desk.
    pub devices: Vec<Device>,
    /// Who comes, in this order.
    pub travellers: Vec<Coming>,
    /// What happens, in this order.
    pub cues: Vec<Cue>,
}

/// Travellers of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coming {
    /// A kind of `scripts/`.
    pub kind: String,
    /// How many of them, one after another.
    #[serde(default = "one")]
    pub times: usize,
    /// How their cases end, if not as their kind has it.
    #[serde(default)]
    pub expected: Option<Outcome>,
}

/// A scenario that cannot be read. Every fault of a file is told with its name and line.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{file}: {error}")]
    File {
        /// Its name.
        file: String,
        /// Why not.
        error: std::io::Error,
    },
    /// Not TOML, or not a scenario: unknown keys, wrong types.
    #[error("{file}: {error}")]
    Syntax {
        /// Its name.
        file: String,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
    /// Larger than any scenario.
    #[error("{0}: a scenario has at most {MAX_TEXT} bytes")]
    TooLong(String),
    /// Neither a scenario's name nor a file.
    #[error("there is no scenario {name}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Words that do not fit.
    #[error("{file}:{line}: {what}")]
    Wrong {
        /// The file's name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What does not fit.
        what: String,
    },
}

/// The scenario as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    title: String,
    #[serde(default = "first_seed")]
    seed: u64,
    #[serde(default = "usual_devices")]
    devices: Vec<Device>,
    #[serde(default, rename = "traveller")]
    travellers: Vec<Spanned<Coming>>,
    #[serde(default, rename = "cue")]
    cues: Vec<Spanned<RawCue>>,
}

impl Scenario {
    /// The scenario of this text; `file` is what errors call it.
    pub fn read(file: &str, text: &str) -> Result<Self, ScenarioError> {
        if text.len() > MAX_TEXT {
            return Err(ScenarioError::TooLong(file.to_owned()));
        }
        let syntax = |error| ScenarioError::Syntax { file: file.to_owned(), error: Box::new(error) };
        let raw: Raw = toml::from_str(text).map_err(syntax)?;
        let wrong = |at: usize, what: String| {
            let before = text.get(..at).unwrap_or(text);
            ScenarioError::Wrong { file: file.to_owned(), line: before.matches('\n').count() + 1, what }
        };
        let mut travellers = Vec::with_capacity(raw.travellers.len());
        for coming in raw.travellers {
            let at = coming.span().start;
            let coming = coming.into_inner();
            if script::find(&coming.kind).is_none() {
                return Err(wrong(at, format!("there is no kind of traveller called {}", coming.kind)));
            }
            travellers.push(coming);
        }
        let count: usize = travellers.iter().map(|coming| coming.times.min(MAX_TRAVELLERS + 1)).sum();
        if count > MAX_TRAVELLERS || raw.cues.len() > MAX_CUES {
            return Err(wrong(0, format!("at most {MAX_TRAVELLERS} travellers and {MAX_CUES} cues")));
        }
        let mut cues = Vec::with_capacity(raw.cues.len());
        for cue in raw.cues {
            let at = cue.span().start;
            let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
            cues.push(cue.into_inner().checked(line, &raw.devices).map_err(|what| wrong(at, what))?);
        }
        Ok(Self { id: raw.id, title: raw.title, seed: raw.seed, devices: raw.devices, travellers, cues })
    }

    /// The travellers, as a shift sends them to the desk.
    pub fn plan(&self) -> Vec<Planned> {
        let repeated = |coming: &Coming| std::iter::repeat_n((coming.kind.clone(), coming.expected), coming.times);
        let kinds: Vec<_> = self.travellers.iter().flat_map(repeated).collect();
        let scripts: Vec<_> = kinds.iter().filter_map(|(kind, _)| script::find(kind)).collect();
        let mut planned = plan::in_turn(&scripts, scripts.len(), self.seed);
        for (one, (_, expected)) in planned.iter_mut().zip(kinds) {
            one.expected = expected.unwrap_or(one.expected);
        }
        planned
    }

    /// Whether a cue moves the station's clock.
    pub fn moves_clock(&self) -> bool {
        self.cues.iter().flat_map(|cue| &cue.deeds).any(|deed| matches!(deed, Deed::MoveClock(_)))
    }
}

/// All scenarios that come with the program, in the order of their names. A file that cannot be read is missing here,
/// which a test notices.
pub fn all() -> &'static [Scenario] {
    static ALL: OnceLock<Vec<Scenario>> = OnceLock::new();
    ALL.get_or_init(|| FILES.iter().filter_map(|(name, text)| Scenario::read(name, text).ok()).collect())
}

/// The text of a scenario by its name, or of the file at this path.
pub fn text_of(name: &str) -> Result<String, ScenarioError> {
    if let Some((_, text)) = FILES.iter().find(|(id, _)| *id == name) {
        return Ok((*text).to_owned());
    }
    if !Path::new(name).exists() {
        let known = FILES.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ");
        return Err(ScenarioError::Unknown { name: name.to_owned(), known });
    }
    let failed = |error| ScenarioError::File { file: name.to_owned(), error };
    // The name may come over the control socket: nothing is opened that gives no end or waits for somebody.
    if !std::fs::metadata(name).map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a file")));
    }
    let mut text = String::new();
    let file = std::fs::File::open(name).map_err(failed)?;
    file.take(MAX_TEXT as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() > MAX_TEXT { Err(ScenarioError::TooLong(name.to_owned())) } else { Ok(text) }
}

/// The scenario of this name or file.
pub fn load(name: &str) -> Result<Scenario, ScenarioError> {
    Scenario::read(name, &text_of(name)?)
}

/// Every kind of event that a cue can wait for, in words.
pub fn events() -> impl Iterator<Item = (&'static str, &'static str)> {
    wording::EVENTS.iter().map(|(_, words, about)| (*words, *about)).chain(wording::PAGE)
}

fn one() -> usize {
    1
}

fn first_seed() -> u64 {
    1
}

fn usual_devices() -> Vec<Device> {
    vec![Device::Camera, Device::Reader, Device::Scanner]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::FaultKind;
    use proptest::prelude::*;

    #[test]
    fn every_file_is_a_scenario_and_listed_by_its_name() {
        for (name, text) in FILES {
            let scenario = Scenario::read(name, text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(scenario.id, *name);
            assert!(!scenario.travellers.is_empty(), "{name}: nobody comes");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        files.sort();
        assert_eq!(all().iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), files);
    }

    #[test]
    fn the_issue_s_bad_days_are_all_there() {
        let faults: Vec<FaultKind> = all()
            .iter()
            .flat_map(|scenario| &scenario.cues)
            .flat_map(|cue| &cue.deeds)
            .filter_map(|deed| match deed {
                Deed::Fault { kind, .. } => Some(*kind),
                _ => None,
            })
            .collect();
        use FaultKind::{BadChecksum, Busy, Dark, Dropped, Frozen, Garbage, Replay, Silent, Slow, Stall, Unplug};
        for kind in [BadChecksum, Busy, Dark, Dropped, Frozen, Garbage, Replay, Silent, Slow, Stall, Unplug] {
            assert!(faults.contains(&kind), "no scenario has {}", kind.id());
        }
    }

    #[test]
    fn faults_of_a_file_are_told_with_file_and_line() {
        let head = "id = \"x\"\ntitle = \"X\"\n";
        let rows = [
            ("[[traveller]]\nkind = \"adlut\"\n", ":3", "no kind of traveller called adlut"),
            ("[[cue]]\non = \"the moon rises\"\nmend = \"camera\"\n", ":3", "the moon rises"),
            ("[[cue]]\non = \"camera starts\"\n", ":3", "nothing happens"),
            ("[[cue]]\non = \"camera starts\"\nfault = \"dark\"\n", ":3", "of = "),
            ("[[cue]]\non = \"camera starts\"\nfault = \"dark\"\nof = \"scanner\"\n", ":3", "scanner cannot have"),
            ("[[cue]]\non = \"slap sends\"\nfault = \"slow\"\nof = \"slap\"\n", ":3", "no slap at the desk"),
            ("[[cue]]\non = \"camera starts\"\nnth = 0\nmend = \"camera\"\n", ":3", "nth"),
            ("[[cue]]\non = \"page asks for breakfast\"\nlifts = true\n", ":3", "breakfast"),
            ("[[cue]]\non = \"page tells nothing\"\nlifts = true\n", ":3", "nothing"),
            ("[[cue]]\non = \"camera starts\"\nafter_bytes = 7\nmend = \"camera\"\n", ":3", "after_bytes"),
            ("[[cue]]\non = \"camera starts\"\nclock_s = -9223372036854775808\n", ":3", "clock_s"),
            ("[[cue]]\non = \"camera starts\"\nexplodes = true\n", "line 5", "explodes"),
            ("tilte = \"Y\"\n", "line 3", "tilte"),
        ];
        for (text, line, said) in rows {
            let error = Scenario::read("mine.toml", &format!("{head}{text}")).unwrap_err().to_string();
            assert!(error.starts_with("mine.toml"), "{error}");
            assert!(error.contains(line) && error.contains(said), "{text}: {error}");
        }
        assert!(load("no-such").unwrap_err().to_string().contains("two-faces"));
    }

    #[test]
    fn only_files_of_a_scenario_s_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("long.toml").display().to_string();
        std::fs::write(&place, "#".repeat(MAX_TEXT + 1)).unwrap();
        assert!(matches!(text_of(&place), Err(ScenarioError::TooLong(_))));
        std::fs::write(&place, "#".repeat(MAX_TEXT)).unwrap();
        assert_eq!(text_of(&place).unwrap().len(), MAX_TEXT);
        for endless in ["/dev/zero", &folder.path().display().to_string()] {
            assert!(text_of(endless).unwrap_err().to_string().contains("not a file"), "{endless}");
        }
    }

    #[test]
    fn travellers_come_as_the_file_names_them() {
        let text = "id = \"x\"\ntitle = \"X\"\nseed = 4\n[[traveller]]\nkind = \"adult\"\ntimes = 2\n\
                    [[traveller]]\nkind = \"belarus\"\nexpected = \"cancelled\"\n";
        let scenario = Scenario::read("x", text).unwrap();
        let plan = scenario.plan();
        assert_eq!(plan.iter().map(|one| one.script.id.as_str()).collect::<Vec<_>>(), ["adult", "adult", "belarus"]);
        assert_eq!(plan[0].expected, Outcome::Enrolled);
        assert_eq!(plan[2].expected, Outcome::Cancelled);
        assert_ne!(plan[0].seed, plan[1].seed);
        assert_eq!(plan[1].seed, scenario.plan()[1].seed);
    }

    proptest! {
        #[test]
        fn arbitrary_texts_never_panic(text in "\\PC{0,200}") {
            let _ = Scenario::read("any", &text);
        }

        #[test]
        fn nearly_right_scenarios_never_panic(
            on in "(page|camera|scanner|slap|reader) (asks for|tells|starts|sends) ?[a-zD0-9 -]{0,12}",
            key in "nth|after_s|after_bytes|fault|of|mend|puts|rotation|turns|joined_by|clock_s|times",
            value in "-?[0-9]{1,12}|-9223372036854775808|\"[a-z-]{0,9}\"|\\[\"[a-z-]{0,12}\"\\]|true|nan|inf|\\{ yaw = 900 \\}",
        ) {
            let _ = Scenario::read("any", &format!("id = \"x\"\ntitle = \"y\"\n[[cue]]\non = \"{on}\"\n{key} = {value}\n"));
        }
    }
}
