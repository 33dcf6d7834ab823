//! The policy desk of a station in a folder of its own, with an authority of its own and a trail in memory.

use super::*;
use crate::config::{ClockTrust, sign, signature_file};
use domain::policy::{BirthDate, Evidence, Facts, decide};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use std::fs;
use std::path::Path;
use store::FileKey;

const PACK: &str = "policies/ru-entry.toml";
const ENTRY: &str = "all-checkpoints-2026";

/// A station that stays when the policy desk stops.
struct Place {
    dir: tempfile::TempDir,
    trail: Arc<Mutex<Vec<Event>>>,
    clock: Arc<Clock>,
}

fn vera() -> StaffId {
    StaffId("vera".into())
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
        fs::create_dir(dir.path().join("policies")).unwrap();
        for file in ["station.toml", "thresholds.toml", PACK] {
            fs::copy(from.join(file), dir.path().join(file)).unwrap();
        }
        let key = FileKey::create(&dir.path().join("authority.key")).unwrap();
        key.public().write(&dir.path().join("policies/authority.pub")).unwrap();
        let clock = Arc::new(Clock::new(TimeZone::UTC, ClockTrust::Demonstration));
        let place = Self { dir, trail: Arc::default(), clock };
        place.change("station.toml", "demonstration.pub", "authority.pub");
        // Nothing is confirmed by the configuration.
        let text = fs::read_to_string(place.at("station.toml")).unwrap();
        let (before, rest) = text.split_once("[[policy.confirmed]]").unwrap();
        let (_, after) = rest.split_once("[quality]").unwrap();
        fs::write(place.at("station.toml"), format!("{before}[quality]{after}")).unwrap();
        let signature = place.signature(&fs::read_to_string(place.at(PACK)).unwrap(), -10);
        fs::write(signature_file(&place.at(PACK)), signature).unwrap();
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.at(file)).unwrap();
        assert!(text.contains(from), "{from} is in {file}");
        fs::write(self.at(file), text.replace(from, to)).unwrap();
    }

    /// The authority's signature, so many days from today.
    fn signature(&self, text: &str, days: i64) -> String {
        let day = self.clock.local().date().checked_add(days.days()).unwrap();
        toml::to_string(&sign(text, day, &self.at("authority.key")).unwrap()).unwrap()
    }

    /// Another version of the pack.
    fn version(&self, version: &str, changes: &[(&str, &str)]) -> String {
        let text = fs::read_to_string(self.at(PACK))
            .unwrap()
            .replace("version = \"2026.1\"", &format!("version = \"{version}\""));
        changes.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        })
    }

    /// The policy desk as a start of the station finds it.
    fn start(&self) -> PolicyDesk {
        let data = DataDir(self.dir.path().into());
        let accepted = Accepted::new(data.accepted_rules());
        let loaded = Loaded::read_at_start(&self.at("station.toml"), &accepted, self.clock.utc_ms()).unwrap();
        let (reading, noting) = (self.trail.clone(), self.trail.clone());
        let read = move |number: u64| reading.lock().unwrap().get(usize::try_from(number).unwrap() - 1).cloned();
        let note = move |event: &Event| {
            let mut trail = noting.lock().unwrap();
            trail.push(event.clone());
            Ok(trail.len() as u64)
        };
        let config = self.at("station.toml");
        PolicyDesk::open((&config, Arc::new(loaded)), &data, self.clock.clone(), (&read, Box::new(note)))
    }

    /// The last line of the trail: who, what, why.
    fn noted(&self) -> (String, Action, String) {
        let trail = self.trail.lock().unwrap();
        let Event { who, what, reason, .. } = trail.last().unwrap();
        (who.0.clone(), *what, reason.as_ref().unwrap().to_string())
    }
}

/// A traveller after the first day of the announced entry.
fn verdict(policy: &PolicyDesk) -> domain::policy::Decision {
    let working = policy.working();
    let facts = Facts {
        nationality: Some("KAZ".into()),
        birth_date: BirthDate::parse("1985-01-01"),
        ..Facts::none(Evidence::Reader)
    };
    let checkpoint = domain::policy::Checkpoint { id: "vnukovo".into(), technically_possible: true };
    decide(&working.rules.pack, &facts, "2026-08-01T12:00".parse().unwrap(), &checkpoint, &working.confirmed)
}

#[test]
fn a_pack_is_brought_tried_and_put_into_force_and_works_after_a_restart() {
    let place = Place::new();
    let policy = place.start();
    let newer = place.version("2026.2", &[("age_below = 6", "age_below = 7")]);
    let brought = policy.bring(newer.clone(), &place.signature(&newer, -10), &vera()).unwrap();
    let named = format!("ru-entry/v2026.2/sha256:{}", brought.digest);
    assert_eq!(place.noted(), ("vera".into(), Action::PolicyBrought, named.clone()));
    assert_eq!(policy.working().rules.pack.version, "2026.1", "it decides nothing yet");
    let lying: Vec<_> = policy.lying().packs.iter().map(|k| (k.rules.pack.version.clone(), k.works)).collect();
    assert_eq!(lying, [("2026.1".into(), true), ("2026.2".into(), false)]);

    let (tried, replay) = policy.replay(&brought.digest, None, &vera()).unwrap();
    assert_eq!((tried.digest.as_str(), replay.asked), (brought.digest.as_str(), 0));
    assert_eq!(place.noted().1, Action::PolicyReplayed);

    let loaded = policy.put_into_force(&brought.digest, &vera()).unwrap();
    assert_eq!(loaded.rules.pack.version, "2026.2");
    assert_eq!(place.noted(), ("vera".into(), Action::PolicyPutIntoForce, named));
    assert!(matches!(policy.look(), Look::Same), "the configured pack is as it was");
    // Signed on the same day as the configured one: which works is remembered, not guessed.
    let again = place.start();
    assert_eq!((again.working().rules.pack.version.as_str(), again.refused()), ("2026.2", None));
}

#[test]
fn no_pack_that_is_broken_unsigned_old_or_not_yet_valid_takes_over() {
    let place = Place::new();
    let policy = place.start();
    let sound = place.version("2026.2", &[]);
    let broken = place.version("2026.2", &[("status = \"announced\"", "status = \"perhaps\"")]);
    let future = place.version("2026.2", &[("published = \"2026\"\n", "published = \"2199\"\n")]);
    let stranger = {
        let key = place.at("stranger.key");
        FileKey::create(&key).unwrap();
        toml::to_string(&sign(&sound, place.clock.local().date(), &key).unwrap()).unwrap()
    };
    for (name, text, signature, told) in [
        ("unsigned", &sound, String::new(), "not a signature file"),
        ("wrongly signed", &sound, stranger, "this station trusts"),
        ("signed for another text", &sound, place.signature(&broken, 0), "does not belong to this text"),
        ("broken", &broken, place.signature(&broken, 0), "unknown variant `perhaps`"),
    ] {
        let why = policy.bring(text.clone(), &signature, &vera()).unwrap_err();
        assert!(matches!(&why, PolicyRefusal::NotTaken(faults) if faults.to_string().contains(told)), "{name}: {why}");
        assert_eq!(policy.lying().packs.len(), 1, "{name}");
    }
    for (name, text, days, told) in [
        ("older than the working one", &sound, -11, "before the working one"),
        ("signed after today", &sound, 1, "after today"),
        ("published after today", &future, 0, "wait until then"),
    ] {
        let brought = policy.bring(text.clone(), &place.signature(text, days), &vera()).unwrap();
        let known = policy.lying().packs.into_iter().find(|known| known.rules.digest == brought.digest).unwrap();
        assert!(known.why_not[0].text.contains(told), "{name}: {:?}", known.why_not);
        let why = policy.put_into_force(&brought.digest, &vera()).unwrap_err();
        assert!(why.to_string().contains(told), "{name}: {why}");
        assert_eq!(policy.working().rules.pack.version, "2026.1", "{name}");
    }
    assert_eq!(policy.put_into_force(&"00".repeat(32), &vera()).unwrap_err(), PolicyRefusal::NoSuchPack);
}

/// Countries are data: every pack that lies here answers the same question, and none of another name takes over.
#[test]
fn packs_of_other_countries_answer_and_do_not_take_over() {
    let dir = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/station.toml");
    let clock = Arc::new(Clock::new(TimeZone::UTC, ClockTrust::Demonstration));
    let loaded = Arc::new(Loaded::read(&config).unwrap());
    let note = Box::new(|_: &Event| Ok(1));
    let policy = PolicyDesk::open((&config, loaded), &DataDir(dir.path().into()), clock, (&|_| None, note));
    let mut answers = Vec::new();
    for known in policy.lying().packs {
        let text = |text: &str| String::from(text);
        let asked = Asked {
            date: text("2026-11-23T12:00"),
            checkpoint: text("anywhere"),
            nationality: text("SRB"),
            born: text("2018-01-01"),
            confirmed_entries: vec![ENTRY.into()].into_iter().filter(|_| known.works).collect(),
            ..Asked::default()
        };
        let pack = &known.rules.pack;
        let decision = asked.question(pack).unwrap().ask(pack);
        let takes: Vec<_> = decision.takes.iter().map(|modality| modality.id()).collect();
        answers.push((pack.id.clone(), decision.question.map(|question| question.id), takes.join(" ")));
        if !known.works {
            let why = policy.put_into_force(&known.rules.digest, &vera()).unwrap_err();
            assert!(why.to_string().contains("is not a version of ru-entry"), "{why}");
        }
    }
    answers.sort();
    let said = |pack: &str, question: Option<&str>, takes: &str| (pack.into(), question.map(Into::into), takes.into());
    assert_eq!(
        answers,
        [
            said("eu-ees", None, "face"),
            said("kz-entry", Some("announced-entry"), ""),
            said("ru-entry", None, "face fingers"),
        ]
    );
}

#[test]
fn the_drawer_has_an_end() {
    let place = Place::new();
    let policy = place.start();
    for version in 0..25 {
        let text = place.version(&format!("2027.{version}"), &[]);
        policy.bring(text.clone(), &place.signature(&text, version - 30), &vera()).unwrap();
    }
    let packs = policy.lying().packs;
    assert_eq!(packs.len(), 21, "twenty, and the working one");
    assert_eq!(packs[1].rules.pack.version, "2027.24");
}

#[test]
fn an_announced_entry_counts_once_it_is_confirmed_with_person_and_basis() {
    let place = Place::new();
    let policy = place.start();
    let asks = |policy: &PolicyDesk| verdict(policy).question.map(|question| question.id);
    assert_eq!(asks(&policy).as_deref(), Some("announced-entry"));
    for (entry, basis, withdrawn, refusal) in [
        (ENTRY, "  ", false, PolicyRefusal::Basis),
        (ENTRY, &"x".repeat(201), false, PolicyRefusal::Basis),
        ("experiment-2024-12", "decree", false, PolicyRefusal::NotAnnounced),
        (ENTRY, "an error", true, PolicyRefusal::NotAnnounced),
    ] {
        assert_eq!(policy.say(entry, basis.trim(), withdrawn, &vera()).unwrap_err(), refusal, "{basis:?}");
    }
    policy.say(ENTRY, "decree no. 1 of 2026-06-20", false, &vera()).unwrap();
    let decision = verdict(&policy);
    assert_eq!(decision.question, None);
    let fact = decision.facts_used.iter().find(|fact| fact.fact == "entry-confirmation").unwrap();
    assert!(fact.value.contains("by vera") && fact.value.contains("decree no. 1 of 2026-06-20"), "{}", fact.value);
    let (who, what, why) = place.noted();
    assert_eq!((who.as_str(), what), ("vera", Action::EntryConfirmed));
    assert!(why.starts_with("all-checkpoints-2026/sha256:"), "{why}");
    assert_eq!(policy.say(ENTRY, "once more", false, &vera()).unwrap_err(), PolicyRefusal::NotAnnounced);

    // A restart forgets nothing, and an edited file says nothing that the trail does not.
    let again = place.start();
    assert_eq!(asks(&again), None);
    place.change("confirmations.json", "decree no. 1", "decree no. 2");
    assert_eq!(asks(&place.start()).as_deref(), Some("announced-entry"));
    place.change("confirmations.json", "decree no. 2", "decree no. 1");

    // Taken back, after the restart too.
    let again = place.start();
    again.say(ENTRY, "confirmed too early", true, &vera()).unwrap();
    assert_eq!(place.noted().1, Action::ConfirmationWithdrawn);
    assert_eq!(asks(&again).as_deref(), Some("announced-entry"));
    assert_eq!(asks(&place.start()).as_deref(), Some("announced-entry"));
    let said: Vec<_> = again.said_of(ENTRY).into_iter().map(|given| given.basis).collect();
    assert_eq!(said, ["confirmed too early", "decree no. 1 of 2026-06-20"]);
}

#[test]
fn a_confirmation_holds_for_the_entry_as_it_reads() {
    let place = Place::new();
    let policy = place.start();
    policy.say(ENTRY, "decree no. 1 of 2026-06-20", false, &vera()).unwrap();
    for (version, from, to, stands) in [
        ("2026.2", "age_below = 6", "age_below = 7", true),
        (
            "2026.3",
            "valid_from = 2026-07-01T00:00:00\ncheckpoints",
            "valid_from = 2026-07-15T00:00:00\ncheckpoints",
            false,
        ),
    ] {
        let text = place.version(version, &[(from, to)]);
        let brought = policy.bring(text.clone(), &place.signature(&text, 0), &vera()).unwrap();
        policy.put_into_force(&brought.digest, &vera()).unwrap();
        assert_eq!(verdict(&policy).question.is_none(), stands, "{version}");
    }
}
