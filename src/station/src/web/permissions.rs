//! Who may do what: one line for each address. What no line names is answered as if there were no such page, whatever
//! its handler thinks.

use crate::people::Role;
use axum::http::Method;

/// Who may send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Anybody at this machine.
    Anyone,
    /// Whoever holds the token of the traveller's display, which the page itself looks at.
    Display,
    /// Somebody who is logged in with this role, and whose screen is not locked.
    Only(Role),
    /// Somebody who is logged in, also while their screen is locked.
    Person,
}

/// Every request that the station answers: method, address as the router writes it, and who may send it.
pub const PERMISSIONS: &[(&str, &str, Who)] = &[
    ("GET", "/", Who::Anyone),
    ("GET", "/administrator", ADMINISTRATOR),
    ("GET", "/administrator/health", ADMINISTRATOR),
    ("GET", "/administrator/policy", ADMINISTRATOR),
    ("GET", "/administrator/policy/ask", ADMINISTRATOR),
    ("GET", "/administrator/policy/leaflet", ADMINISTRATOR),
    ("GET", "/administrator/policy/replay", ADMINISTRATOR),
    ("GET", "/administrator/figures", ADMINISTRATOR),
    ("GET", "/administrator/figures.csv", ADMINISTRATOR),
    ("GET", "/assets/{*path}", Who::Anyone),
    ("GET", "/auditor", AUDITOR),
    ("GET", "/auditor/figures.csv", AUDITOR),
    ("GET", "/health", Who::Anyone),
    ("GET", "/login", Who::Anyone),
    ("GET", "/login/key", Who::Anyone),
    ("GET", "/officer", OFFICER),
    ("GET", "/officer/events", OFFICER),
    ("GET", "/officer/preview", OFFICER),
    ("GET", "/officer/receipt", OFFICER),
    ("GET", "/pin", Who::Person),
    ("GET", "/session", Who::Person),
    ("GET", "/supervisor", SUPERVISOR),
    ("GET", "/supervisor/case/{case}", SUPERVISOR),
    ("GET", "/supervisor/case/{case}/sample/{slot}", SUPERVISOR),
    ("GET", "/supervisor/events", SUPERVISOR),
    ("GET", "/supervisor/figures", SUPERVISOR),
    ("GET", "/supervisor/search", SUPERVISOR),
    ("GET", "/traveller", Who::Display),
    ("GET", "/traveller/events", Who::Display),
    ("GET", "/traveller/mirror/{case}/{attempt}", Who::Display),
    ("GET", "/traveller/receipt", Who::Display),
    ("POST", "/administrator/add", ADMINISTRATOR),
    ("POST", "/administrator/consent", ADMINISTRATOR),
    ("POST", "/administrator/key", ADMINISTRATOR),
    ("POST", "/administrator/key/options", ADMINISTRATOR),
    ("POST", "/administrator/pin", ADMINISTRATOR),
    ("POST", "/administrator/policy/ask", ADMINISTRATOR),
    ("POST", "/administrator/policy/bring", ADMINISTRATOR),
    ("POST", "/administrator/policy/confirm", ADMINISTRATOR),
    ("POST", "/administrator/policy/force", ADMINISTRATOR),
    ("POST", "/administrator/policy/withdraw", ADMINISTRATOR),
    ("POST", "/administrator/retire", ADMINISTRATOR),
    ("POST", "/administrator/unlock", ADMINISTRATOR),
    ("POST", "/administrator/without-keys", ADMINISTRATOR),
    ("POST", "/language", Who::Anyone),
    ("POST", "/login", Who::Anyone),
    ("POST", "/login/key", Who::Anyone),
    ("POST", "/login/key/options", Who::Anyone),
    ("POST", "/logout", Who::Anyone),
    ("POST", "/officer/answer", OFFICER),
    ("POST", "/officer/before-arrival", OFFICER),
    ("POST", "/officer/cancel", OFFICER),
    ("POST", "/officer/claim", OFFICER),
    ("POST", "/officer/date-confirmed", OFFICER),
    ("POST", "/officer/declare", OFFICER),
    ("POST", "/officer/document", OFFICER),
    ("POST", "/officer/fields", OFFICER),
    ("POST", "/officer/new", OFFICER),
    ("POST", "/officer/new-with", OFFICER),
    ("POST", "/officer/proceed", OFFICER),
    ("POST", "/officer/recall", OFFICER),
    ("POST", "/officer/refused", OFFICER),
    ("POST", "/officer/retry", OFFICER),
    ("POST", "/officer/scanned", OFFICER),
    ("POST", "/officer/sign", OFFICER),
    ("POST", "/officer/take-back", OFFICER),
    ("POST", "/officer/to-supervisor", OFFICER),
    ("POST", "/officer/traveller-language", OFFICER),
    ("POST", "/officer/undo", OFFICER),
    ("POST", "/officer/veto", OFFICER),
    ("POST", "/pin", Who::Person),
    ("POST", "/session/lock", Who::Person),
    ("POST", "/session/used", Who::Person),
    ("POST", "/supervisor/decide", SUPERVISOR),
    ("POST", "/supervisor/end-shift", SUPERVISOR),
    ("POST", "/traveller/connect", Who::Anyone),
    ("POST", "/unlock", Who::Person),
    ("POST", "/unlock/key", Who::Person),
    ("POST", "/unlock/key/options", Who::Person),
];

const ADMINISTRATOR: Who = Who::Only(Role::Administrator);
const AUDITOR: Who = Who::Only(Role::Auditor);
const OFFICER: Who = Who::Only(Role::Officer);
const SUPERVISOR: Who = Who::Only(Role::Supervisor);

/// Who may send a request of this method to this address of the router; nobody where there is no line for it.
pub fn who(method: &Method, address: &str) -> Option<Who> {
    // The router answers HEAD as GET without a body.
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    PERMISSIONS.iter().find(|(known, path, _)| *known == method && *path == address).map(|(_, _, who)| *who)
}
