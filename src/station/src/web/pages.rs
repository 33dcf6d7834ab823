//! Templates and what they are given.

use super::errors::{PageError, page};
use super::locale::Locale;
use super::logins::Login;
use super::supervisor::REASONS;
use crate::desk::{Panel, ParkedPanel, View};
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::finger::Finger;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    t: Locale<'a>,
    simulated: bool,
    refusal: Option<&'static str>,
}

/// The log-in page, with the refusal of the last try.
pub fn login(t: Locale<'_>, simulated: bool, refusal: Option<PageError>) -> Response {
    let status = match refusal {
        None => StatusCode::OK,
        Some(PageError::LoginLocked) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNAUTHORIZED,
    };
    let refusal = refusal.map(|refusal| if refusal == PageError::LoginLocked { "locked" } else { "wrong" });
    (status, page(&LoginPage { t, simulated, refusal })).into_response()
}

#[derive(Template)]
#[template(path = "officer.html")]
struct OfficerPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    panel: &'a Panel,
    view: &'a View,
}

/// The officer's whole page.
pub fn officer(t: Locale<'_>, login: &Login, panel: &Panel) -> Response {
    page(&OfficerPage { t, login, panel, view: &panel.view })
}

#[derive(Template)]
#[template(path = "officer/panel.html")]
struct OfficerPanel<'a> {
    t: Locale<'a>,
    login: &'a Login,
    panel: &'a Panel,
    view: &'a View,
}

/// The part of the officer's page that follows the case.
pub fn officer_panel(t: Locale<'_>, login: &Login, panel: &Panel) -> Response {
    page(&OfficerPanel { t, login, panel, view: &panel.view })
}

#[derive(Template)]
#[template(path = "supervisor.html")]
struct SupervisorPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    panel: &'a Panel,
}

/// The supervisor's list.
pub fn supervisor(t: Locale<'_>, login: &Login, panel: &Panel) -> Response {
    page(&SupervisorPage { t, login, panel })
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    case: &'a ParkedPanel,
    simulated: bool,
    reasons: &'static [&'static str],
}

/// One case before the supervisor.
pub fn review(t: Locale<'_>, login: &Login, case: &ParkedPanel, simulated: bool) -> Response {
    page(&ReviewPage { t, login, case, simulated, reasons: REASONS })
}

/// A finger of the drawn hands: where its tip is drawn, and how it stands.
struct HandFinger {
    id: &'static str,
    x: u16,
    y: u16,
    state: &'static str,
}

/// Tips of the ten fingers on a 400 x 220 drawing of both hands, backs of the hands up, in ISO order.
const TIPS: [(u16, u16); 10] =
    [(222, 150), (258, 58), (292, 38), (326, 52), (360, 92), (178, 150), (142, 58), (108, 38), (74, 52), (40, 92)];

impl Panel {
    /// The drawn hands: each finger with the state of its slot, `missing`, or `idle`.
    fn hands(&self) -> Vec<HandFinger> {
        let state = |finger: Finger| {
            let slot = self.view.slots.iter().find(|slot| slot.slot == finger.id());
            match slot {
                Some(_) if self.view.slot == Some(finger.id()) => "active",
                Some(slot) => slot.state,
                None => "idle",
            }
        };
        let draw = |(finger, (x, y)): (Finger, (u16, u16))| HandFinger { id: finger.id(), x, y, state: state(finger) };
        Finger::ALL.into_iter().zip(TIPS).map(draw).collect()
    }

    /// All ten fingers, for the form in which missing ones are declared.
    fn fingers(&self) -> impl Iterator<Item = &'static str> + use<> {
        Finger::ALL.into_iter().map(Finger::id)
    }
}
