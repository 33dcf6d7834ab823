//! A PIN that somebody else has set opens one page only: the one at which its owner chooses another.

use super::matrix::{self, Visitor, name};
use super::*;
use crate::desk::DeskHandle;
use axum::http::StatusCode;

#[tokio::test]
async fn a_pin_of_somebody_else_s_choice_is_changed_before_anything_else() {
    let (_dir, app) = matrix::app(DeskHandle::closed(panel("idle")));
    let set = |people: &mut People| people.set_pin_for("anna", "864209");
    app.logins.people().change((0, &StaffId("vera".into())), (store::Action::PinChanged, "anna"), set).unwrap();
    assert!(person(&app.logins, "anna").owes_pin);
    let came = Visitor::Open(Role::Officer).comes(&app);
    let other_window = Visitor::Open(Role::Officer).comes(&app);
    let send = async |method, address, fields: &[(&str, &str)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        matrix::send(&app, (method, address), &came, "S1-260101-0001", &fields).await
    };
    assert_eq!(send("GET", "/officer", &[]).await.word("/officer"), "pin");
    assert_eq!(send("POST", "/officer/new", &[]).await.word("/officer/new"), "pin");
    assert_eq!(send("GET", "/pin", &[]).await.status, StatusCode::OK);
    for (old, new, again, code) in [
        ("864209", "975310", "975311", "P-30"),
        ("864209", "864209", "864209", "P-31"),
        ("864208", "975310", "975310", "P-03"),
        ("864209", "1111", "1111", "P-21"),
    ] {
        let refused = send("POST", "/pin", &[("old", old), ("pin", new), ("again", again)]).await;
        assert_eq!(refused.code, code, "{old} {new} {again}");
        assert!(person(&app.logins, "anna").owes_pin, "{code}");
    }
    let changed = send("POST", "/pin", &[("old", "864209"), ("pin", "975310"), ("again", "975310")]).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER);
    assert!(!person(&app.logins, "anna").owes_pin);
    assert!(app.logins.check("anna", "975310", app.now()).is_ok());
    for before in [&came, &other_window] {
        let answer = matrix::send(&app, ("GET", "/officer"), before, "S1-260101-0001", &[]).await;
        assert_eq!(answer.word("/officer"), "login", "log-ins from before are over");
    }
}

/// At a later time too, and then the way back to one's own page is open.
#[tokio::test]
async fn everybody_may_choose_another_pin() {
    for role in Role::ALL {
        let (_dir, app) = matrix::app(DeskHandle::closed(panel("idle")));
        let came = Visitor::Open(role).comes(&app);
        let fields =
            [("old", "2468"), ("pin", "975310"), ("again", "975310")].map(|(name, pin)| (name, pin.to_owned()));
        let answer = matrix::send(&app, ("POST", "/pin"), &came, "S1-260101-0001", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{role:?}");
        assert!(app.logins.people().people().check(name(role), "975310").is_some(), "{role:?}");
    }
}
