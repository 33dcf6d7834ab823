//! Reading the configuration files and telling all their faults at once.

use super::accepted::Start;
use super::{
    Accepted, ClockConfig, ConfigFault, ConfigFaults, Desk, Device, Display, Escalation, FiguresConfig, Intake, Keys,
    Laboratory, Loaded, Lookup, MetricsConfig, PeopleConfig, Policy, Quality, SignedPack, Station, StationConfig,
    Thresholds,
};
use crate::people::hex;
use crate::upload::SLOWEST_KILOBYTES;
use domain::policy::Pack;
use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use quality::finger::{Forest, Scorer};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads station.toml and what it names.
pub fn read(path: &Path, accepted: Option<(&Accepted, i64)>) -> Result<Loaded, ConfigFaults> {
    let text = read_text(path).map_err(|fault| ConfigFaults(vec![fault]))?;
    let file = path.display().to_string();
    let mut config: StationConfig = toml::from_str(&text).map_err(|first| station_faults(&file, &text, &first))?;

    let beside = path.parent().unwrap_or(Path::new("."));
    config.lookup.trust.iter_mut().for_each(|trust| *trust = beside.join(&trust));
    let mut faults = semantic_faults(&file, &text, &config);
    let models = config.quality.fallback.iter_mut().map(|fallback| &mut fallback.model);
    models.chain([&mut config.quality.model]).for_each(|model| *model = beside.join(&model));
    let zone = jiff::tz::TimeZone::get(&config.station.time_zone);
    if zone.is_err() {
        let text_of = format!(
            "time_zone \"{}\" is not an IANA time zone; write one like Europe/Moscow",
            config.station.time_zone
        );
        faults.push(ConfigFault { file: file.clone(), line: line_of(&text, "time_zone"), text: text_of });
    }
    let accepted = accepted.map(|(accepted, utc_ms)| (accepted, local_date(utc_ms, zone.as_ref().ok())));
    let rules = rules_to_start_with(path, &text, &config, accepted);
    let thresholds = read_thresholds(&beside.join(&config.quality.thresholds));
    let scorer = read_scorer(&file, &text, config.quality.forest.as_ref().map(|forest| beside.join(forest)));
    match (zone, rules, thresholds, scorer) {
        (Ok(zone), Ok(start), Ok((thresholds, thresholds_digest)), Ok(scorer)) if faults.is_empty() => {
            let Start { rules, instead_of, overtaken } = start;
            let confirmed = super::confirmed(&config.policy, &[], &rules.pack);
            Ok(Loaded { config, rules, instead_of, overtaken, confirmed, thresholds, thresholds_digest, zone, scorer })
        }
        (_, rules, thresholds, scorer) => {
            faults.extend(rules.err().into_iter().flatten());
            faults.extend(thresholds.err());
            faults.extend(scorer.err());
            Err(ConfigFaults(faults))
        }
    }
}

fn read_text(path: &Path) -> Result<String, ConfigFault> {
    let file = path.display().to_string();
    fs::read_to_string(path).map_err(|e| ConfigFault { file, line: None, text: format!("cannot be read: {e}") })
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn local_date(utc_ms: i64, zone: Option<&TimeZone>) -> Date {
    let stamp = Timestamp::from_millisecond(utc_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_zoned(zone.cloned().unwrap_or(TimeZone::UTC)).date()
}

/// The pack that the configuration names, or the one that worked last.
fn rules_to_start_with(
    path: &Path,
    text: &str,
    config: &StationConfig,
    accepted: Option<(&Accepted, Date)>,
) -> Result<Start, Vec<ConfigFault>> {
    let configured = rules(path, text, config);
    let Some((accepted, today)) = accepted else {
        return configured.map(Start::configured);
    };
    let trust = super::rules::trusted(path.parent().unwrap_or(Path::new(".")), &config.policy).ok();
    let suits = |rules: &SignedPack| unsuited(path, text, config, &rules.pack).is_empty();
    accepted.choose(configured, (trust.as_ref(), today), suits)
}

/// Reads the pack that a configuration names, and checks what the configuration says about it.
pub(super) fn rules(path: &Path, text: &str, config: &StationConfig) -> Result<SignedPack, Vec<ConfigFault>> {
    let rules = super::rules::read(path.parent().unwrap_or(Path::new(".")), &config.policy)?;
    let faults = unsuited(path, text, config, &rules.pack);
    if faults.is_empty() { Ok(rules) } else { Err(faults) }
}

/// Where the configuration says something of the rules that this pack does not bear.
pub(super) fn unsuited(path: &Path, text: &str, config: &StationConfig, pack: &Pack) -> Vec<ConfigFault> {
    let file = path.display().to_string();
    let mut faults = unknown_entries(&file, text, config, pack);
    faults.extend(unfounded(&file, text, config));
    faults
}

fn read_thresholds(path: &Path) -> Result<(Thresholds, String), ConfigFault> {
    let text = read_text(path)?;
    let thresholds = toml::from_str(&text).map_err(|e| toml_fault(&path.display().to_string(), &text, &e))?;
    Ok((thresholds, digest(&text)))
}

/// Our own scorer, or the forest that the operator supplied.
fn read_scorer(file: &str, text: &str, forest: Option<PathBuf>) -> Result<Scorer, ConfigFault> {
    let Some(path) = forest else { return Ok(Scorer::Gfq) };
    Forest::open_nist(&path).map(|forest| Scorer::Forest(Arc::new(forest))).map_err(|error| ConfigFault {
        file: file.into(),
        line: line_of(text, "forest"),
        text: format!("{error}; without this line the station's own scorer judges"),
    })
}

/// The first fault of the whole file, and the first fault of every other section, so that one run tells them all.
fn station_faults(file: &str, text: &str, first: &toml::de::Error) -> ConfigFaults {
    let mut faults = vec![toml_fault(file, text, first)];
    if let Ok(table) = text.parse::<toml::Table>() {
        for (name, value) in table {
            let told = section_faults(&name, value);
            faults.extend(told.into_iter().map(|text_of| ConfigFault {
                file: file.into(),
                line: line_of(text, &format!("[{name}")),
                text: format!("in [{name}]: {text_of}"),
            }));
        }
    }
    let known = faults[0].text.clone();
    let repeated = |fault: &ConfigFault| fault.text.ends_with(&known) && fault.text.len() > known.len();
    faults.retain(|fault| !repeated(fault));
    ConfigFaults(faults)
}

fn section_faults(name: &str, value: toml::Value) -> Vec<String> {
    fn check<T: DeserializeOwned>(value: toml::Value) -> Vec<String> {
        value.try_into::<T>().err().map(|e| e.message().to_owned()).into_iter().collect()
    }
    match name {
        "station" => check::<Station>(value),
        "desk" => check::<Desk>(value),
        "people" => check::<PeopleConfig>(value),
        "display" => check::<Display>(value),
        "clock" => check::<ClockConfig>(value),
        "policy" => check::<Policy>(value),
        "quality" => check::<Quality>(value),
        "intake" => check::<Intake>(value),
        "escalation" => check::<Escalation>(value),
        "figures" => check::<FiguresConfig>(value),
        "metrics" => check::<MetricsConfig>(value),
        "keys" => check::<Keys>(value),
        "lookup" => check::<Lookup>(value),
        "laboratory" => check::<Laboratory>(value),
        "device" => match value {
            toml::Value::Array(devices) => devices.into_iter().flat_map(check::<Device>).collect(),
            _ => vec!["devices are written as [[device]]".into()],
        },
        unknown => vec![format!("there is no section of this name; remove it or correct \"{unknown}\"")],
    }
}

fn semantic_faults(file: &str, text: &str, config: &StationConfig) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    let mut say = |key: &str, wrong: String| {
        faults.push(ConfigFault { file: file.into(), line: line_of(text, key), text: wrong });
    };
    let id = &config.station.id;
    if id.is_empty() || id.len() > 12 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        say("id", "the station's id needs 1 to 12 letters and digits".into());
    }
    if !config.desk.listen.ip().is_loopback() {
        say("listen", "the pages are served on loopback only; write 127.0.0.1 and a port".into());
    }
    let host = config.desk.address.strip_prefix("http://").unwrap_or("").split([':', '/']).next().unwrap_or("");
    // Browsers keep the cookies of a log-in, and talk to security keys, where they know that nobody listens in between.
    let trusted = host == "localhost" || host.ends_with(".localhost");
    if !trusted || config.desk.address.ends_with('/') {
        say(
            "address",
            "the address is that of this machine, such as http://localhost:8600, without a final slash".into(),
        );
    }
    if !crate::web::LANGUAGES.contains(&config.desk.language.as_str()) {
        say("language", format!("there is no locale file for \"{}\"", config.desk.language));
    }
    super::figures::faults(config).into_iter().for_each(|(key, wrong)| say(key, wrong));
    display_faults(&config.display).into_iter().for_each(|(key, wrong)| say(&key, wrong));
    if crate::upload::find(&config.intake.target).is_none() {
        say("target", format!("there is no upload target \"{}\"", config.intake.target));
    }
    if !config.intake.url.starts_with("https://") {
        say("url", "records go to the intake over TLS alone; write https:// and the name in its certificate".into());
    }
    if config.intake.kilobytes_per_second.is_some_and(|limit| limit < SLOWEST_KILOBYTES) {
        say("kilobytes_per_second", format!("the slowest limit that a large record passes at is {SLOWEST_KILOBYTES}"));
    }
    let fallback = config.quality.fallback.as_ref().map(|fallback| &fallback.engine);
    for name in [&config.quality.engine].into_iter().chain(fallback) {
        if !quality::face::ENGINES.iter().any(|engine| engine.name == name) {
            say(&format!("engine = \"{name}\""), format!("there is no face engine \"{name}\""));
        }
    }
    crate::lookup::faults(&config.lookup)
        .into_iter()
        .for_each(|(key, wrong)| say("[lookup]", format!("{key}: {wrong}")));
    if config.laboratory.as_ref().is_some_and(|lab| lab.basis.trim().is_empty()) {
        say("basis", "the laboratory override needs a basis: who allowed it, and for what".into());
    }
    if let Some(escalation) = &config.escalation {
        if !(1..=1440).contains(&escalation.after_minutes) {
            say(
                "after_minutes",
                "somebody is called after 1 to 1440 minutes: what waits is forgotten after a day".into(),
            );
        }
        if escalation.call.trim().is_empty() || escalation.call.chars().count() > 120 {
            say("call", "write whom the officer calls, in 1 to 120 characters".into());
        }
    }
    let mut names: Vec<&str> = config.device.iter().map(|device| device.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        say("name", format!("two devices are named \"{}\"", pair[0]));
    }
    for device in &config.device {
        if let Err(fault) = drivers::settings::check(device.kind, &device.driver, &device.settings) {
            say(&format!("name = \"{}\"", device.name), format!("device \"{}\": {}", device.name, fault.log));
        }
    }
    faults
}

/// Where the table of travellers' languages names one that nobody speaks here, or a State twice.
fn display_faults(display: &Display) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (language, codes) in &display.languages {
        if !crate::web::LANGUAGES.contains(&language.as_str()) {
            faults.push((language.clone(), format!("there is no locale file for \"{language}\"")));
        }
        for code in codes {
            if !(1..=3).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                faults.push((language.clone(), format!("\"{code}\" is not a code of a State such as KAZ")));
            } else if !seen.insert(code) {
                faults.push((language.clone(), format!("the code {code} stands in two languages, or twice in one")));
            }
        }
    }
    faults
}

/// Confirmed entries that the pack does not have: a typing error here would leave an announced rule unconfirmed.
fn unknown_entries(file: &str, text: &str, config: &StationConfig, pack: &Pack) -> Vec<ConfigFault> {
    let unknown = config.policy.confirmed.iter().filter(|confirmed| pack.entry(&confirmed.entry).is_none());
    let fault = |confirmed: &super::Confirmed| ConfigFault {
        file: file.into(),
        line: line_of(text, &format!("entry = \"{}\"", confirmed.entry)),
        text: format!("the policy pack has no entry \"{}\"", confirmed.entry),
    };
    unknown.map(fault).collect()
}

/// A confirmation says who confirmed, when, and on what basis; the record carries it.
fn unfounded(file: &str, text: &str, config: &StationConfig) -> Vec<ConfigFault> {
    let blank = |word: &str| word.trim().is_empty();
    let faulty = config.policy.confirmed.iter().filter_map(|confirmed| {
        let key = if blank(&confirmed.who) {
            "who"
        } else if blank(&confirmed.basis) {
            "basis"
        } else if confirmed.when.parse::<jiff::civil::Date>().is_err() {
            "when"
        } else {
            return None;
        };
        let line = line_of(text, &format!("entry = \"{}\"", confirmed.entry));
        let told = "a confirmation needs who confirmed, when (2026-07-01), and on what basis";
        Some(ConfigFault { file: file.into(), line, text: format!("entry \"{}\": {key}: {told}", confirmed.entry) })
    });
    faulty.collect()
}

fn toml_fault(file: &str, text: &str, error: &toml::de::Error) -> ConfigFault {
    let before = |end: usize| text.bytes().take(end).filter(|byte| *byte == b'\n').count();
    let line = error.span().map(|span| before(span.start) + 1);
    ConfigFault { file: file.into(), line, text: error.message().to_owned() }
}

fn line_of(text: &str, key: &str) -> Option<usize> {
    text.lines().position(|line| line.trim_start().starts_with(key)).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::Index;

    const CONFIG: &str = include_str!("../../../../config/station.toml");
    const THRESHOLDS: &str = include_str!("../../../../config/thresholds.toml");

    /// What may come to stand in the place of something else.
    const WORDS: [&str; 14] = [
        "",
        "-1",
        "18446744073709551616",
        "1e999",
        "\"",
        "\"\"",
        "[",
        "]]",
        "=",
        "\n[x]\n",
        "é",
        "\u{0}",
        "true",
        "nan",
    ];

    /// Reads a station.toml and a thresholds.toml that stand alone in a folder.
    fn told(station: &str, thresholds: &str) -> ConfigFaults {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.toml");
        fs::write(&path, station).unwrap();
        fs::write(dir.path().join("thresholds.toml"), thresholds).unwrap();
        // Its policy pack is missing, so that there is always something to tell.
        read(&path, None).unwrap_err()
    }

    fn holds(faults: &ConfigFaults, text: &str) {
        assert!(!faults.0.is_empty());
        for fault in &faults.0 {
            assert!(!fault.text.is_empty(), "{fault}");
            // One line more than there are: what is missing is missed at the end.
            assert!(fault.line.is_none_or(|line| (1..=text.lines().count() + 1).contains(&line)), "{fault}");
        }
    }

    /// A text with a piece of it replaced.
    fn spoilt(text: &str, at: &Index, length: usize, word: &str) -> String {
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let first = at.index(places.len());
        let last = (first + length).min(places.len() - 1);
        [&text[..places[first]], word, &text[places[last]..]].concat()
    }

    #[test]
    fn a_fault_in_one_section_is_none_of_another() {
        let spoilt = CONFIG.replace("language = \"en\"", "lingua = \"en\"");
        let ConfigFaults(faults) = told(&spoilt, THRESHOLDS);
        let [only] = faults.as_slice() else { panic!("{faults:?}") };
        assert!(only.text.contains("lingua"), "{only}");
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_told_apart_and_does_not_panic(text in ".{0,300}") {
            holds(&told(&text, THRESHOLDS), &text);
            told(CONFIG, &text);
        }

        #[test]
        fn a_spoilt_configuration_is_told_and_does_not_panic(
            at in any::<Index>(), length in 0usize..40, word in 0..WORDS.len()
        ) {
            let text = spoilt(CONFIG, &at, length, WORDS[word]);
            holds(&told(&text, THRESHOLDS), &text);
            told(CONFIG, &spoilt(THRESHOLDS, &at, length, WORDS[word]));
        }
    }
}
