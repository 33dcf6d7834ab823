//! The pack that worked last, kept among the station's own files: with it the station starts again while the configured
//! one is broken or unsigned, and knows an older one that came back.

use super::rules::may_follow;
use super::signed::{PackSignature, SignedPack, bounded, verified};
use super::{ConfigFault, ConfigFaults, Loaded};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use store::VerifyKey;

/// A pack of 256 KiB, its line feeds escaped, and its signature.
const MAX_BYTES: u64 = 1 << 20;

/// The file with the pack that worked last.
#[derive(Clone, Debug)]
pub struct Accepted(PathBuf);

/// Pack and signature in one file, so that one cannot be there without the other.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    pack: String,
    signature: PackSignature,
    /// The configured pack that this one overtook at the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overtaken: Option<String>,
}

/// The rules to start with, and why they are not those that the configuration names.
pub(super) struct Start {
    pub rules: SignedPack,
    pub instead_of: Option<ConfigFaults>,
    pub overtaken: Option<String>,
}

impl Start {
    /// Those that the configuration names.
    pub fn configured(rules: SignedPack) -> Self {
        Self { rules, instead_of: None, overtaken: None }
    }
}

impl Accepted {
    /// Keeps the pack in this file.
    pub fn new(file: PathBuf) -> Self {
        Self(file)
    }

    /// Puts the working pack in the place of the one before, whole or not at all. One that says it was signed after
    /// `today` is not kept: a typing error in a date would keep every later pack out.
    ///
    /// # Errors
    /// When the file cannot be written; what was there before stays.
    pub fn keep(&self, working: &Loaded, today: Date) -> io::Result<()> {
        let rules = &working.rules;
        if rules.signed > today {
            return Ok(());
        }
        let (pack, signature) = (rules.text.clone(), rules.signature.clone());
        let kept = Kept { pack, signature, overtaken: working.overtaken.clone() };
        let text = serde_json::to_string(&kept)?;
        if bounded(&self.0, MAX_BYTES).is_ok_and(|before| before == text) {
            return Ok(());
        }
        let new = self.0.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.0)?;
        File::open(self.0.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Chooses between what the configuration names and what worked last. `suits` says whether a pack goes with the rest
    /// of the configuration.
    ///
    /// # Errors
    /// The faults of the configured pack, when nothing else can stand in.
    pub(super) fn choose(
        &self,
        configured: Result<SignedPack, Vec<ConfigFault>>,
        (trust, today): (Option<&VerifyKey>, Date),
        suits: impl Fn(&SignedPack) -> bool,
    ) -> Result<Start, Vec<ConfigFault>> {
        let worked = trust.and_then(|trust| self.read(trust)).filter(|(rules, _)| suits(rules));
        match (configured, worked) {
            (Err(faults), None) => Err(faults),
            (Ok(rules), None) => Ok(Start::configured(rules)),
            (Err(faults), Some((rules, overtaken))) => {
                Ok(Start { rules, instead_of: Some(ConfigFaults(faults)), overtaken })
            }
            // The configuration is as it was when a newer pack was put into force at the page.
            (Ok(configured), Some((rules, overtaken))) if overtaken.as_ref() == Some(&configured.digest) => {
                Ok(Start { rules, instead_of: None, overtaken })
            }
            (Ok(configured), Some((worked, overtaken))) => match may_follow(&configured, &worked, today) {
                Ok(()) => Ok(Start::configured(configured)),
                Err(text) => {
                    let fault = ConfigFault { file: configured.pack.id.clone(), line: None, text };
                    Ok(Start { rules: worked, instead_of: Some(ConfigFaults(vec![fault])), overtaken })
                }
            },
        }
    }

    /// The pack that worked last, if its signature still holds by the trusted key.
    fn read(&self, trust: &VerifyKey) -> Option<(SignedPack, Option<String>)> {
        let kept: Kept = serde_json::from_str(&bounded(&self.0, MAX_BYTES).ok()?).ok()?;
        Some((verified(&self.0, kept.pack, kept.signature, trust).ok()?, kept.overtaken))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{sign, signature_file};
    use super::*;
    use jiff::civil::date;
    use store::FileKey;

    const PACK: &str = "policies/ru-entry.toml";

    /// A station's configuration in a folder of its own, with an authority of its own.
    fn place() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
        fs::create_dir(dir.path().join("policies")).unwrap();
        for file in ["station.toml", "thresholds.toml", PACK] {
            fs::copy(from.join(file), dir.path().join(file)).unwrap();
        }
        let key = FileKey::create(&dir.path().join("policies/authority.key")).unwrap();
        key.public().write(&dir.path().join("policies/authority.pub")).unwrap();
        replace(dir.path(), "station.toml", "demonstration.pub", "authority.pub");
        dir
    }

    fn replace(dir: &Path, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        assert!(text.contains(from), "{from} is in {file}");
        fs::write(dir.join(file), text.replace(from, to)).unwrap();
    }

    fn sign_on(dir: &Path, day: Date) {
        let text = fs::read_to_string(dir.join(PACK)).unwrap();
        let signed = sign(&text, day, &dir.join("policies/authority.key")).unwrap();
        fs::write(signature_file(&dir.join(PACK)), toml::to_string(&signed).unwrap()).unwrap();
    }

    fn start(dir: &Path) -> Result<Loaded, ConfigFaults> {
        let noon_ms = 1_795_348_800_000; // 2026-11-22T12:00Z
        Loaded::read_at_start(&dir.join("station.toml"), &Accepted::new(dir.join("accepted.json")), noon_ms)
    }

    #[test]
    fn the_pack_that_worked_last_stands_in_for_a_broken_an_unsigned_and_an_older_one() {
        let (newer, day) = (("version = \"2026.1\"", "version = \"2026.2\""), date(2026, 11, 20));
        type Change = fn(&Path);
        let changes: [(&str, Change, Option<&str>); 6] = [
            ("nothing", |_| (), None),
            ("newer", |dir| sign_on(dir, date(2026, 11, 21)), None),
            ("of the future", |dir| sign_on(dir, date(2062, 11, 21)), Some("after today")),
            ("older", |dir| sign_on(dir, date(2026, 11, 19)), Some("before the working one")),
            (
                "unsigned",
                |dir| fs::remove_file(signature_file(&dir.join(PACK))).unwrap(),
                Some("the pack is not signed"),
            ),
            (
                "broken",
                |dir| replace(dir, PACK, "status = \"announced\"", "status = \"perhaps\""),
                Some("does not belong"),
            ),
        ];
        for (name, change, told) in changes {
            let dir = place();
            replace(dir.path(), PACK, newer.0, newer.1);
            sign_on(dir.path(), day);
            let first = start(dir.path()).unwrap();
            Accepted::new(dir.path().join("accepted.json")).keep(&first, date(2026, 11, 22)).unwrap();
            change(dir.path());
            let again = start(dir.path()).unwrap_or_else(|faults| panic!("{name}: {faults}"));
            let why = again.instead_of.map(|faults| faults.to_string());
            assert_eq!(why.is_some(), told.is_some(), "{name}: {why:?}");
            assert!(told.is_none_or(|told| why.unwrap().contains(told)), "{name}");
            assert_eq!(again.rules.pack.version, "2026.2", "{name}");
        }
    }

    #[test]
    fn nothing_stands_in_that_the_trusted_key_did_not_sign() {
        let dir = place();
        sign_on(dir.path(), date(2026, 11, 20));
        let accepted = Accepted::new(dir.path().join("accepted.json"));
        accepted.keep(&start(dir.path()).unwrap(), date(2026, 11, 22)).unwrap();
        fs::remove_file(signature_file(&dir.path().join(PACK))).unwrap();
        assert!(start(dir.path()).is_ok());
        // Another authority is trusted by now; a changed or cut file; no file.
        let whole = fs::read_to_string(dir.path().join("accepted.json")).unwrap();
        for text in [whole.replace("age_below = 6", "age_below = 7"), whole[..whole.len() / 2].into(), String::new()] {
            fs::write(dir.path().join("accepted.json"), text).unwrap();
            assert!(start(dir.path()).is_err());
        }
        fs::write(dir.path().join("accepted.json"), &whole).unwrap();
        let other = FileKey::create(&dir.path().join("policies/other.key")).unwrap();
        fs::remove_file(dir.path().join("policies/authority.pub")).unwrap();
        other.public().write(&dir.path().join("policies/authority.pub")).unwrap();
        assert!(start(dir.path()).is_err());
    }
}
