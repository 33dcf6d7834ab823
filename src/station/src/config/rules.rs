//! Replacing the working policy pack without a restart: only by one that is whole, signed, sound and not older.

use super::signed::{self, SignedPack, bounded, signature_file};
use super::{ConfigFault, ConfigFaults, Loaded, StationConfig, check};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::VerifyKey;

/// Bytes of a file that are compared: more than any configuration or pack that is read.
const MAX_BYTES: u64 = 512 << 10;

/// Looks after the files that rules come from: `station.toml`, the pack that it names, and its signature.
pub struct RulesWatch {
    path: PathBuf,
    working: Arc<Loaded>,
    /// Digest of what was judged last, so that the same fault is told once.
    judged: [u8; 32],
}

/// What a look found.
#[derive(Debug)]
pub enum Look {
    /// Nothing that has not been judged before.
    Same,
    /// Another pack, or other confirmations of announced entries. They work from now on.
    Replaced(Arc<Loaded>),
    /// What lies there is not taken. What worked goes on working.
    Refused(ConfigFaults),
}

impl RulesWatch {
    /// Starts from what the station has loaded from this configuration file.
    pub fn new(path: &Path, working: Arc<Loaded>) -> Self {
        let judged = content(path, &working);
        Self { path: path.into(), working, judged }
    }

    /// Looks whether the files have changed, and judges them if so. `today` is the local date: a pack that says it was
    /// signed after it is not taken.
    pub fn look(&mut self, today: Date) -> Look {
        let now = content(&self.path, &self.working);
        if now == self.judged {
            return Look::Same;
        }
        self.judged = now;
        match self.judge(today) {
            Ok(Some(loaded)) => {
                self.working = Arc::new(loaded);
                // The file may name another pack now: its content is what counts from here on.
                self.judged = content(&self.path, &self.working);
                Look::Replaced(self.working.clone())
            }
            Ok(None) => Look::Same,
            Err(faults) => Look::Refused(ConfigFaults(faults)),
        }
    }

    fn judge(&self, today: Date) -> Result<Option<Loaded>, Vec<ConfigFault>> {
        let file = self.path.display().to_string();
        let say = |text: String| vec![ConfigFault { file: file.clone(), line: None, text }];
        let text = bounded(&self.path, MAX_BYTES).map_err(say)?;
        let config: StationConfig = toml::from_str(&text).map_err(|error| say(error.message().to_owned()))?;
        let rules = check::rules(&self.path, &text, &config)?;
        let same_rules = rules.digest == self.working.rules.digest && rules.signed == self.working.rules.signed;
        if same_rules && config.policy == self.working.config.policy {
            return Ok(None);
        }
        may_follow(&rules, &self.working.rules, today).map_err(say)?;
        // Everything else in the file needs a restart, and keeps what it was.
        let mut loaded = (*self.working).clone();
        loaded.config.policy = config.policy;
        loaded.rules = rules;
        loaded.instead_of = None;
        Ok(Some(loaded))
    }
}

/// Whether a pack may take the place of the one that works: not one that says it comes from the future, not an older one
/// of its name, nor another text under the same version.
pub(super) fn may_follow(rules: &SignedPack, working: &SignedPack, today: Date) -> Result<(), String> {
    let of = rules.pack.label();
    if rules.signed > today {
        let signed = rules.signed;
        return Err(format!("pack {of} says it was signed on {signed}, after today; set the clock or wait"));
    }
    if rules.pack.id == working.pack.id && rules.signed < working.signed {
        let (signed, since) = (rules.signed, working.signed);
        return Err(format!("pack {of} was signed on {signed}, before the working one ({since}); sign it anew"));
    }
    if of == working.pack.label() && rules.digest != working.digest {
        return Err(format!("pack {of} has another text than the working pack of this version; raise its version"));
    }
    Ok(())
}

/// Digest of the files, absent ones included. The pack is the one that the working configuration names, until a changed
/// configuration has been judged.
fn content(path: &Path, working: &Loaded) -> [u8; 32] {
    let pack = path.parent().unwrap_or(Path::new(".")).join(&working.config.policy.pack);
    let mut digest = Sha256::new();
    for file in [path.to_path_buf(), signature_file(&pack), pack] {
        let text = bounded(&file, MAX_BYTES).unwrap_or_default();
        digest.update(Sha256::digest(text.as_bytes()));
    }
    digest.finalize().into()
}

/// Reads the pack that a configuration names, by the key that it trusts.
pub(super) fn read(beside: &Path, policy: &super::Policy) -> Result<SignedPack, Vec<ConfigFault>> {
    signed::read(&beside.join(&policy.pack), &trusted(beside, policy)?)
}

/// The key of the authority that signs packs.
pub(super) fn trusted(beside: &Path, policy: &super::Policy) -> Result<VerifyKey, Vec<ConfigFault>> {
    let trust = beside.join(&policy.trust);
    VerifyKey::load(&trust).map_err(|error| {
        let text = format!("the authority's key of policy packs cannot be used: {error}");
        vec![ConfigFault { file: trust.display().to_string(), line: None, text }]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::policy::{self, Verdict};
    use jiff::civil::date;
    use std::fs;
    use store::FileKey;

    /// A station's configuration in a folder of its own, with an authority of its own.
    struct Place {
        dir: tempfile::TempDir,
        watch: RulesWatch,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
            fs::create_dir(dir.path().join("policies")).unwrap();
            for file in ["station.toml", "thresholds.toml", "policies/ru-entry.toml"] {
                fs::copy(from.join(file), dir.path().join(file)).unwrap();
            }
            let key = FileKey::create(&dir.path().join("policies/authority.key")).unwrap();
            key.public().write(&dir.path().join("policies/authority.pub")).unwrap();
            let station = dir.path().join("station.toml");
            let text = fs::read_to_string(&station).unwrap();
            fs::write(&station, text.replace("demonstration.pub", "authority.pub")).unwrap();
            sign(dir.path(), date(2026, 11, 20));
            let loaded = Arc::new(Loaded::read(&station).unwrap_or_else(|faults| panic!("{faults}")));
            let watch = RulesWatch::new(&station, loaded);
            Self { dir, watch }
        }

        fn replace(&self, file: &str, from: &str, to: &str) {
            let path = self.dir.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from} is in {file}");
            fs::write(&path, text.replace(from, to)).unwrap();
        }

        fn look(&mut self) -> Look {
            self.watch.look(date(2026, 11, 22))
        }

        /// What is refused, while the first pack goes on working.
        fn refused(&mut self) -> String {
            let Look::Refused(faults) = self.look() else { panic!("it was taken") };
            assert_eq!(self.watch.working.rules.pack.version, "2026.1");
            assert!(matches!(self.look(), Look::Same), "the same fault is told once");
            faults.to_string()
        }
    }

    const PACK: &str = "policies/ru-entry.toml";

    fn sign(dir: &Path, on: Date) {
        let pack = dir.join(PACK);
        let text = fs::read_to_string(&pack).unwrap();
        let signed = signed::sign(&text, on, &dir.join("policies/authority.key")).unwrap();
        fs::write(signature_file(&pack), toml::to_string(&signed).unwrap()).unwrap();
    }

    #[test]
    fn a_newer_signed_pack_takes_over_at_the_next_look() {
        let mut place = Place::new();
        assert!(matches!(place.look(), Look::Same));
        place.replace(PACK, "version = \"2026.1\"", "version = \"2026.2\"");
        place.replace(PACK, "age_below = 6", "age_below = 7");
        sign(place.dir.path(), date(2026, 11, 22));
        let Look::Replaced(loaded) = place.look() else { panic!("it was not taken") };
        assert!(loaded.rules.version().starts_with("ru-entry 2026.2 sha256:"), "{}", loaded.rules.version());
        let seven = |ground: &domain::policy::Ground| ground.rule == domain::policy::Rule::AgeBelow(7);
        assert!(loaded.rules.pack.grounds.iter().any(seven));
        assert!(matches!(place.look(), Look::Same));
    }

    #[test]
    fn a_broken_an_unsigned_and_an_old_pack_replace_nothing() {
        let (newer, broken) = (("2026.1", "2026.2"), ("status = \"announced\"", "status = \"perhaps\""));
        let signed_on = |day: Option<Date>| {
            move |place: &Place| match day {
                Some(day) => sign(place.dir.path(), day),
                None => fs::remove_file(place.dir.path().join("policies/ru-entry.toml.sig")).unwrap(),
            }
        };
        let (day, tomorrow, before) = (date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 19));
        for (change, day, told) in [
            (newer, None, "the pack is not signed"),
            (broken, Some(day), "unknown variant `perhaps`"),
            (newer, Some(tomorrow), "after today"),
            (newer, Some(before), "before the working one"),
            (("age_below = 6", "age_below = 7"), Some(day), "raise its version"),
            (("all-checkpoints-2026", "all-checkpoints-2027"), Some(day), "no entry \"all-checkpoints-2026\""),
        ] {
            let mut place = Place::new();
            place.replace(PACK, change.0, change.1);
            signed_on(day)(&place);
            let faults = place.refused();
            assert!(faults.contains(told), "{told:?}: {faults}");
        }
        // A text that was changed after it was signed, and a pack that somebody else signed.
        let mut place = Place::new();
        place.replace(PACK, newer.0, newer.1);
        assert!(place.refused().contains("does not belong to this text"));
        let stranger = place.dir.path().join("stranger.key");
        FileKey::create(&stranger).unwrap();
        let text = fs::read_to_string(place.dir.path().join(PACK)).unwrap();
        let signed = signed::sign(&text, day, &stranger).unwrap();
        fs::write(place.dir.path().join("policies/ru-entry.toml.sig"), toml::to_string(&signed).unwrap()).unwrap();
        assert!(place.refused().contains("this station trusts"));
        // What is mended is taken.
        sign(place.dir.path(), day);
        assert!(matches!(place.look(), Look::Replaced(_)));
    }

    #[test]
    fn a_confirmation_with_basis_and_person_works_from_the_next_look() {
        let mut place = Place::new();
        place.replace("station.toml", "basis = \"demonstration\"", "basis = \"decree no. 1 of 2026\"");
        let Look::Replaced(loaded) = place.look() else { panic!("it was not taken") };
        assert_eq!(loaded.config.policy.confirmed[0].basis, "decree no. 1 of 2026");
        let told: Vec<policy::EntryConfirmation> = loaded.config.policy.confirmed.iter().map(Into::into).collect();
        let facts = policy::Facts {
            nationality: Some("KAZ".into()),
            birth_date: policy::BirthDate::parse("1985-01-01"),
            ..policy::Facts::none(policy::Evidence::Reader)
        };
        let checkpoint = policy::Checkpoint { id: "vnukovo".into(), technically_possible: true };
        let at = "2026-08-01T12:00".parse().unwrap();
        let decision = policy::decide(&loaded.rules.pack, &facts, at, &checkpoint, &told);
        assert_eq!(decision.verdict, Verdict::Required);
        let fact = decision.facts_used.iter().find(|fact| fact.fact == "entry-confirmation").unwrap();
        assert!(fact.value.contains("decree no. 1 of 2026") && fact.value.contains("demonstration"), "{}", fact.value);
        place.replace("station.toml", "basis = \"decree no. 1 of 2026\"", "basis = \"\"");
        assert!(matches!(place.look(), Look::Refused(_)));
    }
}
