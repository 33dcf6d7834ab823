//! How log-ins begin, lock and end.

use super::*;
use crate::people::{FREE, MOST};
use crate::web::logins::{IDLE, LoginRefusal, SHIFT, Standing};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::Action;

type Lines = Arc<Mutex<Vec<(String, Action, Option<String>)>>>;

/// Log-ins of an officer and a supervisor, and what they tell the audit trail.
fn noted() -> (tempfile::TempDir, Logins, Lines) {
    let (dir, logins) = logins(&[("anna", Role::Officer), ("boris", Role::Supervisor)]);
    let lines = Lines::default();
    let told = Arc::clone(&lines);
    let logins = logins.noting(move |who, what, reason| {
        told.lock().unwrap().push((who.0.clone(), what, reason.map(|reason| reason.to_string())));
    });
    (dir, logins, lines)
}

fn after(start: Moment, wait: Duration) -> Moment {
    Moment { at: start.at + wait, utc_ms: start.utc_ms + i64::try_from(wait.as_millis()).unwrap() }
}

fn state(logins: &Logins, token: &str, now: Moment, busy: bool) -> &'static str {
    match logins.standing(token, now, busy) {
        Standing::Nobody => "nobody",
        Standing::Locked(_) => "locked",
        Standing::Open(_) => "open",
    }
}

#[test]
fn a_screen_locks_when_nobody_uses_it_and_the_same_person_opens_it() {
    let (_dir, logins, lines) = noted();
    let start = now();
    let (token, login) = logins.log_in(&person(&logins, "anna"), None, start).unwrap();
    let almost = after(start, IDLE - Duration::from_millis(1));
    assert_eq!(state(&logins, &token, almost, false), "open", "asking is not using");
    assert_eq!(state(&logins, &token, after(start, IDLE), false), "locked");
    logins.used(&token, after(start, IDLE));
    assert_eq!(state(&logins, &token, after(start, IDLE), false), "locked", "a key press does not unlock");
    let later = after(start, IDLE * 2);
    assert_eq!(logins.unlock(&login, "1357", later), Err(LoginRefusal::Wrong));
    assert_eq!(state(&logins, &token, later, false), "locked");
    assert_eq!(logins.unlock(&login, "2468", later), Ok(()));
    assert_eq!(state(&logins, &token, later, false), "open");
    logins.lock(&token, later);
    assert_eq!(state(&logins, &token, later, false), "locked");
    let what: Vec<_> = lines.lock().unwrap().iter().map(|(_, what, _)| *what).collect();
    use Action::{LogInRefused, LoggedIn, SessionLocked, SessionUnlocked};
    assert_eq!(what, [LoggedIn, SessionLocked, LogInRefused, SessionUnlocked, SessionLocked]);
}

#[test]
fn using_a_screen_keeps_it_open_until_the_shift_is_over() {
    let (_dir, logins, lines) = noted();
    let start = now();
    let (token, _) = logins.log_in(&person(&logins, "anna"), None, start).unwrap();
    let step = IDLE / 2;
    for n in 1..SHIFT.as_secs() / step.as_secs() {
        let now = after(start, step * u32::try_from(n).unwrap());
        assert_eq!(state(&logins, &token, now, false), "open", "after {n} minutes");
        logins.used(&token, now);
    }
    assert_eq!(state(&logins, &token, after(start, SHIFT), false), "nobody");
    let last = lines.lock().unwrap().pop().unwrap();
    assert_eq!(last, ("anna".into(), Action::SessionOver, Some("shift-over".into())));
}

#[test]
fn the_end_of_a_shift_waits_for_the_traveller_of_an_officer_and_for_nobody_elses() {
    for (id, during) in [("anna", "open"), ("boris", "nobody")] {
        let (_dir, logins, _) = noted();
        let start = now();
        let (token, _) = logins.log_in(&person(&logins, id), None, start).unwrap();
        let step = IDLE / 2;
        for n in 1..SHIFT.as_secs() / step.as_secs() {
            logins.used(&token, after(start, step * u32::try_from(n).unwrap()));
        }
        // A minute before the end somebody steps up.
        let over = after(start, SHIFT + step / 2);
        assert_eq!(state(&logins, &token, over, true), during, "{id} with a traveller at the desk");
        assert_eq!(state(&logins, &token, over, false), "nobody", "{id} after the case");
    }
}

#[test]
fn a_locked_screen_that_nobody_comes_back_to_is_over_but_for_a_running_case() {
    let (_dir, logins, _) = noted();
    let start = now();
    let (token, _) = logins.log_in(&person(&logins, "anna"), None, start).unwrap();
    let late = after(start, Duration::from_secs(3 * 60 * 60));
    assert_eq!(state(&logins, &token, late, true), "locked");
    assert_eq!(state(&logins, &token, late, false), "nobody");
}

#[test]
fn a_new_log_in_has_a_new_token_and_ends_the_one_before() {
    let (_dir, logins, _) = noted();
    let start = now();
    let (first, login) = logins.log_in(&person(&logins, "anna"), None, start).unwrap();
    assert_ne!(first, login.csrf);
    let (second, _) = logins.log_in(&person(&logins, "boris"), Some(&first), start).unwrap();
    assert_ne!(first, second);
    assert_eq!(state(&logins, &first, start, false), "nobody");
    logins.log_out(&second);
    assert_eq!(state(&logins, &second, start, false), "nobody");
}

#[test]
fn one_person_has_four_log_ins_at_most_and_all_have_sixty_four() {
    let (_dir, logins, _) = noted();
    let start = now();
    let tokens: Vec<_> = (0..6)
        .map(|n| {
            let now = after(start, Duration::from_millis(n));
            logins.log_in(&person(&logins, "anna"), None, now).unwrap().0
        })
        .collect();
    let open = tokens.iter().filter(|token| state(&logins, token, start, false) == "open").count();
    assert_eq!(
        (open, state(&logins, &tokens[0], start, false), state(&logins, &tokens[5], start, false)),
        (4, "nobody", "open")
    );
}

#[test]
fn who_was_changed_has_to_log_in_again() {
    type Change = fn(&mut People) -> Result<(), crate::people::PeopleError>;
    let changes: [(&str, Change); 3] = [
        ("another PIN", |people| people.set_pin("anna", "8642")),
        ("no keys", |people| people.remove_keys("anna")),
        ("retired", |people| people.retire("anna")),
    ];
    for (what, change) in changes {
        let (_dir, logins, _) = noted();
        let start = now();
        let (token, _) = logins.log_in(&person(&logins, "anna"), None, start).unwrap();
        logins.people().rewrite(change).unwrap();
        assert_eq!(state(&logins, &token, start, false), "nobody", "{what}");
    }
}

#[test]
fn wrong_tries_lock_a_name_and_leave_a_line_each_time_the_wait_grows() {
    let (_dir, logins, lines) = noted();
    let start = now();
    for _ in 0..FREE {
        assert!(matches!(logins.check("anna", "1357", start), Err(LoginRefusal::Wrong)));
    }
    assert!(matches!(logins.check("anna", "2468", start), Err(LoginRefusal::Waits(30))));
    assert!(logins.check("anna", "2468", after(start, Duration::from_secs(30))).is_ok());
    assert!(matches!(logins.check("anna", "1357", start), Err(LoginRefusal::Wrong)), "counting began anew");
    let locks: Vec<_> =
        lines.lock().unwrap().iter().filter(|(_, what, _)| *what == Action::LogInLocked).cloned().collect();
    assert_eq!(locks, [("anna".to_owned(), Action::LogInLocked, Some("for-a-while".to_owned()))]);
}

#[test]
fn wrong_tries_at_a_locked_screen_count_as_those_at_the_log_in_page() {
    let (_dir, logins, _) = noted();
    let start = now();
    let (_, login) = logins.log_in(&person(&logins, "anna"), None, start).unwrap();
    for _ in 0..FREE {
        assert_eq!(logins.unlock(&login, "1357", start), Err(LoginRefusal::Wrong));
    }
    assert_eq!(logins.unlock(&login, "2468", start), Err(LoginRefusal::Waits(30)));
    assert!(matches!(logins.check("anna", "2468", start), Err(LoginRefusal::Waits(30))));
}

#[test]
fn a_name_that_nobody_has_locks_as_well_and_stays_out_of_the_trail() {
    let (_dir, logins, lines) = noted();
    let start = now();
    for _ in 0..FREE {
        assert!(matches!(logins.check("L898902C3", "2468", start), Err(LoginRefusal::Wrong)));
    }
    assert!(matches!(logins.check("L898902C3", "2468", start), Err(LoginRefusal::Waits(30))));
    assert!(lines.lock().unwrap().iter().all(|(who, what, _)| who == "unknown" && *what == Action::LogInRefused));
}

#[test]
fn after_twenty_wrong_tries_an_administrator_has_to_unlock() {
    let (_dir, logins, lines) = noted();
    let mut at = now();
    for _ in 0..MOST {
        at = after(at, Duration::from_secs(3600));
        assert!(matches!(logins.check("anna", "1357", at), Err(LoginRefusal::Wrong)));
    }
    at = after(at, Duration::from_secs(360_000));
    assert!(matches!(logins.check("anna", "2468", at), Err(LoginRefusal::Locked)));
    let said = lines.lock().unwrap().iter().rev().find(|(_, what, _)| *what == Action::LogInLocked).cloned();
    assert_eq!(said.unwrap().2.as_deref(), Some("until-unlocked"));
    let (_, boris) = logins.log_in(&person(&logins, "boris"), None, at).unwrap();
    logins.unlock_name("anna", &boris, at).unwrap();
    assert!(logins.check("anna", "2468", at).is_ok());
}
