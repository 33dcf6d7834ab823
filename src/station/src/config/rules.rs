//! Replacing the working policy pack without a restart: only by one that is whole, signed, sound and not older.

use super::signed::{self, SignedPack, bounded, signature_file};
use super::{ConfigFault, ConfigFaults, Given, Loaded, StationConfig, check, confirmed};
use crate::people::hex;
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
    /// What administrators said of announced entries, oldest first.
    given: Vec<Given>,
}

/// What a look found.
#[derive(Debug)]
pub enum Look {
    /// Nothing that has not been judged before.
    Same,
    /// The files have changed, and say what works already: what was refused before is mended.
    Mended,
    /// Another pack, or other confirmations of announced entries. They work from now on.
    Replaced(Arc<Loaded>),
    /// What lies there is not taken. What worked goes on working.
    Refused(ConfigFaults),
}

impl RulesWatch {
    /// Starts from what the station has loaded from this configuration file, and what administrators said of announced
    /// entries before.
    pub fn new(path: &Path, working: Arc<Loaded>, given: Vec<Given>) -> Self {
        let judged = content(path, &working);
        let mut watch = Self { path: path.into(), working, judged, given };
        watch.reckon();
        watch
    }

    /// The rules that work now.
    pub fn working(&self) -> Arc<Loaded> {
        self.working.clone()
    }

    /// Folder of the configuration file: what it names is relative to that.
    pub fn beside(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// What administrators said of announced entries, oldest first.
    pub fn given(&self) -> &[Given] {
        &self.given
    }

    /// An administrator says something of an announced entry. It counts from now on.
    pub fn say(&mut self, given: Given) -> Arc<Loaded> {
        self.given.push(given);
        self.reckon();
        self.working()
    }

    /// Puts a pack into force that an administrator has chosen, in the place of an older one of the same name.
    ///
    /// # Errors
    /// Why it may not follow the working one, which stays.
    pub fn take(&mut self, rules: SignedPack, today: Date) -> Result<Arc<Loaded>, ConfigFaults> {
        self.may_take(&rules, today).map_err(ConfigFaults)?;
        let mut loaded = (*self.working).clone();
        let pack = self.beside().join(&loaded.config.policy.pack);
        let configured = bounded(&pack, MAX_BYTES).map(|text| hex(&Sha256::digest(text.as_bytes())));
        // Where the file cannot be read there is nothing that could come back; the empty digest belongs to no pack.
        loaded.overtaken = Some(configured.unwrap_or_default());
        loaded.rules = rules;
        loaded.instead_of = None;
        self.working = Arc::new(loaded);
        self.reckon();
        Ok(self.working())
    }

    /// Whether an administrator may put a pack into force now.
    ///
    /// # Errors
    /// Every reason why not.
    pub fn may_take(&self, rules: &SignedPack, today: Date) -> Result<(), Vec<ConfigFault>> {
        let working = &self.working.rules;
        let say = |text: String| vec![ConfigFault { file: rules.pack.id.clone(), line: None, text }];
        let of = rules.pack.label();
        if rules.pack.id != working.pack.id {
            let works = &working.pack.id;
            return Err(say(format!(
                "pack {of} is not a version of {works}; the configuration says which pack works here"
            )));
        }
        if rules.digest == working.digest && rules.signed == working.signed {
            return Err(say(format!("pack {of} works already")));
        }
        may_follow(rules, working, today).map_err(say)?;
        let unsuited = check::unsuited(&self.path, "", &self.working.config, &rules.pack);
        if unsuited.is_empty() { Ok(()) } else { Err(unsuited) }
    }

    /// Works out anew which entries count as confirmed.
    fn reckon(&mut self) {
        let now = confirmed(&self.working.config.policy, &self.given, &self.working.rules.pack);
        if now != self.working.confirmed {
            let mut loaded = (*self.working).clone();
            loaded.confirmed = now;
            self.working = Arc::new(loaded);
        }
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
                self.reckon();
                // The file may name another pack now: its content is what counts from here on.
                self.judged = content(&self.path, &self.working);
                Look::Replaced(self.working.clone())
            }
            Ok(None) => Look::Mended,
            Err(faults) => Look::Refused(ConfigFaults(faults)),
        }
    }

    fn judge(&self, today: Date) -> Result<Option<Loaded>, Vec<ConfigFault>> {
        let file = self.path.display().to_string();
        let say = |text: String| vec![ConfigFault { file: file.clone(), line: None, text }];
        let text = bounded(&self.path, MAX_BYTES).map_err(say)?;
        let config: StationConfig = toml::from_str(&text).map_err(|error| say(error.message().to_owned()))?;
        let configured = read(self.beside(), &config.policy)?;
        // A pack that overtook this one goes on working.
        let overtaken = self.working.overtaken.clone().filter(|overtaken| *overtaken == configured.digest);
        let rules = if overtaken.is_some() { self.working.rules.clone() } else { configured };
        let unsuited = check::unsuited(&self.path, &text, &config, &rules.pack);
        if !unsuited.is_empty() {
            return Err(unsuited);
        }
        let same_rules = rules.digest == self.working.rules.digest && rules.signed == self.working.rules.signed;
        let as_before = same_rules && config.policy == self.working.config.policy;
        if as_before && self.working.instead_of.is_none() {
            return Ok(None);
        }
        may_follow(&rules, &self.working.rules, today).map_err(say)?;
        // Everything else in the file needs a restart, and keeps what it was.
        let mut loaded = (*self.working).clone();
        loaded.config.policy = config.policy;
        loaded.rules = rules;
        loaded.instead_of = None;
        loaded.overtaken = overtaken;
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
    if rules.pack.published.first() > today {
        let published = &rules.pack.published;
        return Err(format!("pack {of} says it is published on {published}, after today; wait until then"));
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
            let watch = RulesWatch::new(&station, loaded, Vec::new());
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

    /// A version of the pack that an administrator brings: changed by this, signed by the authority on this day.
    fn brought(place: &Place, change: (&str, &str), on: Date) -> SignedPack {
        let text = fs::read_to_string(place.dir.path().join(PACK)).unwrap();
        let text = text.replace("version = \"2026.1\"", "version = \"2026.2\"").replace(change.0, change.1);
        let signed = signed::sign(&text, on, &place.dir.path().join("policies/authority.key")).unwrap();
        let trust = trusted(place.dir.path(), &place.watch.working.config.policy).unwrap();
        signed::judge(Path::new("brought.toml"), text, &toml::to_string(&signed).unwrap(), &trust).unwrap()
    }

    #[test]
    fn a_pack_that_is_brought_works_until_the_configuration_names_another() {
        let mut place = Place::new();
        let (same, day) = (("", ""), date(2026, 11, 20));
        for (pack, told) in [
            (brought(&place, ("id = \"ru-entry\"", "id = \"ru-other\""), day), "not a version of ru-entry"),
            (brought(&place, ("2026.2", "2026.1"), day), "works already"),
            (brought(&place, ("age_below = 6", "age_below = 7"), date(2026, 11, 19)), "before the working one"),
            (brought(&place, ("age_below = 6", "age_below = 7"), date(2026, 11, 23)), "after today"),
            (brought(&place, ("published = \"2026\"", "published = \"2026-12\""), day), "published on 2026-12, after"),
            (
                brought(&place, ("all-checkpoints-2026", "all-checkpoints-2027"), day),
                "no entry \"all-checkpoints-2026\"",
            ),
        ] {
            let why = place.watch.take(pack, date(2026, 11, 22)).unwrap_err().to_string();
            assert!(why.contains(told), "{told:?}: {why}");
            assert_eq!(place.watch.working.rules.pack.version, "2026.1");
        }
        let newer = brought(&place, same, day);
        assert_eq!(place.watch.take(newer, date(2026, 11, 22)).unwrap().rules.pack.version, "2026.2");
        // The same configured pack stays overtaken, also when the rest of the file changes.
        assert!(matches!(place.look(), Look::Same));
        place.replace("station.toml", "basis = \"demonstration\"", "basis = \"decree no. 1 of 2026\"");
        let Look::Replaced(loaded) = place.look() else { panic!("the confirmation was not taken") };
        assert_eq!(
            (loaded.rules.pack.version.as_str(), loaded.confirmed[0].basis.as_str()),
            ("2026.2", "decree no. 1 of 2026")
        );
        // Another one that the authority signed takes over.
        place.replace(PACK, "version = \"2026.1\"", "version = \"2026.3\"");
        sign(place.dir.path(), date(2026, 11, 22));
        let Look::Replaced(loaded) = place.look() else { panic!("it was not taken") };
        assert_eq!((loaded.rules.pack.version.as_str(), &loaded.overtaken), ("2026.3", &None));
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
