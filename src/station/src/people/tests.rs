use super::*;
use std::cell::RefCell;

fn people() -> People {
    let mut people = People::default();
    people.add("anna", Role::Officer, "2468").unwrap();
    people.add("boris", Role::Supervisor, "1357").unwrap();
    people.add("vera", Role::Administrator, "9753").unwrap();
    people
}

fn register() -> (tempfile::TempDir, Register) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people.toml");
    people().save(&path).unwrap();
    let register = Register::open(&path).unwrap();
    (dir, register)
}

#[test]
fn only_the_right_pin_opens() {
    let people = people();
    for (id, pin, opens) in
        [("anna", "2468", true), ("anna", "1357", false), ("boris", "1357", true), ("eve", "2468", false)]
    {
        assert_eq!(people.check(id, pin).is_some(), opens, "{id}");
    }
}

#[test]
fn the_file_holds_no_pin_and_no_code() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people.toml");
    let mut people = People::default();
    people.add("anna", Role::Officer, "864209").unwrap();
    people.add_key("anna", "{\"key\":1}".into()).unwrap();
    let code = people.consent("anna", 0).unwrap();
    people.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("864209") && !text.contains(&code));
    let read = People::load(&path).unwrap();
    let anna = read.check("anna", "864209").unwrap();
    assert_eq!(anna.keys, ["{\"key\":1}"]);
    assert!(anna.may_register(&code, 0));
}

#[test]
fn a_file_of_an_earlier_version_is_read() {
    let hash = "ab".repeat(32);
    let text =
        format!("[[person]]\nid = \"anna\"\nrole = \"officer\"\nsalt = \"{}\"\nhash = \"{hash}\"\n", "00".repeat(16));
    let people: People = toml::from_str(&text).unwrap();
    assert!(people.find("anna").is_some_and(|anna| !anna.retired && anna.keys.is_empty()));
}

#[test]
fn names_are_given_once_and_fit_the_audit_trail() {
    let mut people = people();
    people.retire("anna").unwrap();
    for (id, fault) in [
        ("anna", Some("somebody has this name")),
        ("boris", Some("somebody has this name")),
        ("Anna", Some("a name has")),
        ("a", Some("a name has")),
        ("1anna", Some("a name has")),
        ("anna maria", Some("a name has")),
        ("station", Some("a name has")),
        ("olga-2", None),
    ] {
        let added = people.add(id, Role::Officer, "2468").err().map(|fault| fault.to_string());
        assert_eq!(added.is_some(), fault.is_some(), "{id}");
        assert!(fault.is_none_or(|fault| added.unwrap().starts_with(fault)), "{id}");
    }
}

#[test]
fn who_left_does_not_come_back_and_the_last_administrator_stays() {
    let mut people = people();
    people.retire("anna").unwrap();
    assert!(people.check("anna", "2468").is_none());
    assert!(matches!(people.set_pin("anna", "8642"), Err(PeopleError::Nobody)));
    assert!(matches!(people.retire("vera"), Err(PeopleError::LastAdministrator)));
    people.add("dina", Role::Administrator, "9753").unwrap();
    people.retire("vera").unwrap();
    assert!(matches!(people.retire("dina"), Err(PeopleError::LastAdministrator)));
}

#[test]
fn a_code_counts_once_and_soon() {
    let mut people = people();
    let code = people.consent("anna", 1_000).unwrap();
    let anna = |people: &People| people.find("anna").unwrap().clone();
    for (given, now_ms, counts) in [
        (code.as_str(), 1_000, true),
        (&code.to_lowercase(), 1_000 + CONSENT_MS, true),
        (&code, 1_001 + CONSENT_MS, false),
        // A clock that was set back gives no more time.
        (&code, 999, false),
        ("", 1_000, false),
        ("AAAAAAAAAA", 1_000, false),
    ] {
        assert_eq!(anna(&people).may_register(given, now_ms), counts, "{given} at {now_ms}");
    }
    people.add_key("anna", "{}".into()).unwrap();
    assert!(!anna(&people).may_register(&code, 1_000), "used up");
}

#[test]
fn keys_are_few_and_their_loss_ends_log_ins() {
    let mut people = people();
    for n in 0..MOST_KEYS {
        people.add_key("anna", format!("{n}")).unwrap();
    }
    assert!(matches!(people.add_key("anna", "one more".into()), Err(PeopleError::TooManyKeys)));
    people.replace_key("anna", "1", "renewed".into());
    assert_eq!(people.find("anna").unwrap().keys, ["0", "renewed", "2", "3"]);
    let before = people.find("anna").unwrap().version;
    people.remove_keys("anna").unwrap();
    assert!(people.find("anna").unwrap().version > before);
}

#[test]
fn a_change_of_the_command_line_is_seen_and_handed_to_the_trail_once() {
    let (dir, station) = register();
    let command_line = Register::open(&dir.path().join("people.toml")).unwrap();
    let by = StaffId("administrator".into());
    let add = |people: &mut People| people.add("dina", Role::Auditor, "8642");
    command_line.change((5, &by), (Action::PersonAdded, "dina"), add).unwrap();
    assert!(station.people().find("dina").is_some());
    let refused = command_line.change((6, &by), (Action::PersonAdded, "dina"), add);
    assert!(matches!(refused, Err(PeopleError::Taken)));

    let noted = RefCell::new(Vec::new());
    // A trail that takes nothing keeps the change waiting.
    hand_over(&station, |_| false).unwrap();
    for _ in 0..2 {
        hand_over(&station, |change| {
            noted.borrow_mut().push(change.clone());
            true
        })
        .unwrap();
    }
    let expected = Change { at_ms: 5, by, what: Action::PersonAdded, whom: StaffId("dina".into()) };
    assert_eq!(noted.into_inner(), [expected]);
}
