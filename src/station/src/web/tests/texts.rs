//! Every code that a page can show has a text in every language.

use super::*;
use crate::config::ConfigFaults;
use crate::policy_desk::PolicyRefusal;
use domain::session::{FaceException, Wrong};

#[test]
fn no_list_of_codes_lacks_a_text() {
    let locales = Locales::load().unwrap();
    let pack = Pack::parse(PACK).unwrap();
    let evidence: BTreeSet<_> = pack.grounds.iter().flat_map(|ground| ground.evidence.iter().cloned()).collect();
    let verdicts = [Verdict::AskSupervisor, Verdict::Exempt, Verdict::NoRule, Verdict::NotInScope, Verdict::Required];
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lists: Vec<(&str, Vec<String>)> = vec![
        (
            "hint",
            quality::assessment::Advice::ALL
                .iter()
                .map(|advice| advice.id().to_owned())
                .chain(["place-all-fingers".into()])
                .chain(Wrong::ALL.iter().map(|wrong| wrong.id().to_owned()))
                .collect(),
        ),
        ("fault", drivers::codes::Code::ALL.iter().map(|code| code.code().to_owned()).collect()),
        ("error", refusals().iter().map(|error| error.code().to_owned()).collect()),
        ("wrong", Wrong::ALL.iter().map(|wrong| wrong.id().to_owned()).collect()),
        ("outcome", Outcome::ALL.iter().map(|outcome| outcome.id().to_owned()).collect()),
        ("verdict", verdicts.iter().map(|verdict| word(*verdict)).chain(["ask".into()]).collect()),
        ("proceed", verdicts.iter().map(|verdict| word(*verdict)).collect()),
        ("ground", pack.grounds.iter().map(|ground| ground.id.clone()).collect()),
        (
            "evidence",
            evidence.into_iter().chain(words("reader typed manual officer supervisor configuration clock")).collect(),
        ),
        (
            "finger",
            Finger::ALL
                .iter()
                .map(|finger| finger.id().to_owned())
                .chain(words("face right-four left-four two-thumbs"))
                .collect(),
        ),
        ("step", STEPS.iter().map(|step| (*step).to_owned()).collect()),
        ("face-exception", FaceException::ALL.iter().map(|exception| exception.id().to_owned()).collect()),
        ("reason", REASONS.iter().map(|reason| (*reason).to_owned()).collect()),
        ("role", Role::ALL.map(|role| role.id().to_owned()).to_vec()),
    ];
    let fixed = WORDS.iter().map(|(group, said)| (*group, words(said)));
    let lists: Vec<_> = lists.into_iter().chain(fixed).collect();
    for id in LANGUAGES {
        for (group, codes) in &lists {
            assert!(!codes.is_empty());
            for code in codes {
                assert!(locales.get(id).has(&format!("{group}-{code}")), "{id}: {group}-{code}");
            }
        }
    }
}

/// Codes that no type lists.
const WORDS: [(&str, &str); 27] = [
    ("direction", "entry exit transit"),
    (
        "fact",
        "date checkpoint direction technically-possible entry-confirmation nationality \
         issuing-state birth-date document-code attestation ruling composite document-number \
         expiry-date name personal-number sex confirm-child confirm-nationality \
         hinted-exemption read-again",
    ),
    (
        "question",
        "announced-entry birth-date confirm-attestation confirm-child confirm-nationality \
         hinted-exemption no-rule read-again unknown-code nationality-unknown",
    ),
    ("stage", "document decision capture sign review"),
    ("tell", "waits goes-on"),
    ("missing", "bandaged injured missing"),
    ("veto", "accepted-for-reason accepted-without-reason refused-although-accepted"),
    (
        "action",
        "approved cancelled capture-begun capture-ended case-opened clock-confirmed decided \
         device-fault exemption-claimed overridden parked record-kept refused review-forgotten \
         signed taken-back traveller-refused undone",
    ),
    ("prompt", "look-at-camera place-finger place-fingers lift-finger lift-fingers hold-still"),
    ("state", "open accepted exhausted active idle missing"),
    ("review", "attestation no-fingers question rejected vetoed recapture"),
    ("approve", "attestation no-fingers question rejected vetoed"),
    ("refuse", "attestation no-fingers question rejected vetoed"),
    ("parked", "waiting recapture none"),
    ("warning", "document-seen-before check-digit"),
    ("person-state", "open waits locked retired"),
    ("basis", "box landmarks"),
    ("device", "camera scanner reader"),
    ("device-state", "absent busy degraded faulted ready starting"),
    ("before", "application profile title advice"),
    ("before-number", "application profile"),
    ("before-verdict", "ask excepted owed"),
    ("before-shown", "given not-known not-shown"),
    ("before-says", "expired found not-found offline other-document unknown waits"),
    ("before-timing", "in-time late too-early unknown"),
    ("error-device", "camera fingerprint-scanner"),
    ("error-field", "nationality issuing-state date-of-birth document-number-and-surname"),
];

/// The word of a verdict, as decisions are serialised.
fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict).unwrap().as_str().unwrap().to_owned()
}

/// Codes of refusals about people.
const PEOPLE: [&str; 12] =
    ["P-20", "P-21", "P-22", "P-23", "P-24", "P-25", "P-26", "P-27", "P-28", "P-29", "P-30", "P-31"];

/// One of each refusal.
fn refusals() -> Vec<PageError> {
    use DeskRefusal as Desk;
    let text = String::new;
    let desk = vec![
        Desk::NotNow,
        Desk::DeskBusy,
        Desk::DeskEmpty,
        Desk::Document(text()),
        Desk::Field("nationality", text()),
        Desk::UnknownGround,
        Desk::UnknownAnswer,
        Desk::QuestionOpen,
        Desk::OwnCase,
        Desk::NoSuchCase,
        Desk::Number(policy::NumberError::Length),
        Desk::ReasonMissing,
        Desk::TooManyParked,
        Desk::NoDevice("camera"),
        Desk::ScannerGrade,
        Desk::Outdated,
        Desk::UnknownCase,
        Desk::NoteMissing,
        Desk::NoteTooLong,
        Desk::UnknownFamily,
        Desk::Store(text()),
    ];
    let other = [
        PageError::BadForm,
        PageError::ForeignHost,
        PageError::ForeignOrigin,
        PageError::KeyNeeded,
        PageError::LoginFailed,
        PageError::LoginLocked,
        PageError::LoginWaits(30),
        PageError::NotFound,
        PageError::Rendering,
        PageError::StaleForm,
        PageError::Stopping,
        PageError::WrongRole,
    ];
    let policy = [
        PolicyRefusal::Basis,
        PolicyRefusal::Kept(String::new()),
        PolicyRefusal::NoSuchPack,
        PolicyRefusal::NotAnnounced,
        PolicyRefusal::NotTaken(ConfigFaults(Vec::new())),
    ];
    let people = PEOPLE.map(|code| PageError::People(code, String::new()));
    let policy = policy.into_iter().map(PageError::Policy);
    desk.into_iter().map(PageError::Desk).chain(other).chain(people).chain(policy).collect()
}

#[test]
fn texts_that_templates_ask_for_exist() {
    let locales = Locales::load().unwrap();
    let mut asked = BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in ["t.say(\"", "each.say(\"", "t.count(\"", "t.with(\""] {
                asked.extend(text.split(call).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    assert!(asked.len() > 60, "the templates were found");
    for id in LANGUAGES {
        let missing: Vec<_> = asked.iter().filter(|key| !locales.get(id).has(key)).collect();
        assert!(missing.is_empty(), "{id}: {missing:?}");
    }
}
