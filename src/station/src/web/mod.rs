//! The pages: server-rendered, on loopback, without any outside asset.

mod access;
mod administrator;
mod assets;
mod auditor;
mod ceremonies;
mod errors;
mod figures;
mod hands;
mod health;
mod live;
mod locale;
mod login;
mod logins;
mod officer;
mod origin;
mod own_pin;
mod pages;
mod people_pages;
mod permissions;
mod policy;
mod policy_pages;
mod refusals;
mod second;
mod session;
mod supervisor;
#[cfg(test)]
mod tests;
mod traveller;

pub use auditor::Trail;
pub use ceremonies::Ceremonies;
#[cfg(test)]
pub use figures::busy_shift;
pub use locale::{LANGUAGES, Locale, Locales};
pub use logins::{Logins, Moment};
pub use traveller::CodeTries;

use crate::desk::DeskHandle;
use crate::displays::Displays;
use crate::doctor::Teller;
use crate::figures::Figures;
use crate::people::SecurityKeys;
use crate::policy_desk::PolicyDesk;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use logins::{Login, Standing};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Forms are a few hundred bytes; nobody needs to send more.
const LONGEST_FORM: usize = 16 * 1024;

/// What every page can reach.
pub struct App {
    /// The desk.
    pub desk: DeskHandle,
    /// Who is logged in.
    pub logins: Logins,
    /// Texts.
    pub locales: Locales,
    /// Language before anybody chose one.
    pub language: String,
    /// The checkpoint's time zone: pages tell local time.
    pub zone: jiff::tz::TimeZone,
    /// Hosts that the browser may name: a page of another origin that resolves to loopback is turned away.
    pub hosts: Vec<String>,
    /// The checkpoint, as receipts name it.
    pub checkpoint: String,
    /// Screens that may show what travellers are told.
    pub displays: Displays,
    /// Codes of displays that were tried lately.
    pub code_tries: CodeTries,
    /// Whether people need a security key besides their PIN.
    pub production: bool,
    /// Security keys.
    pub keys: SecurityKeys,
    /// What is under way with them.
    pub ceremonies: Ceremonies,
    /// The audit trail.
    pub trail: Box<dyn Trail>,
    /// What time it is.
    pub clock: Box<dyn Fn() -> Moment + Send + Sync>,
    /// PINs that are checked at one time: each takes 19 MiB of memory.
    pub checks: Semaphore,
    /// What the station finds about itself, the gravest first.
    pub findings: Box<Teller>,
    /// Whole days until the certificate of the station's connections ends.
    pub certificate_days: Box<dyn Fn() -> i64 + Send + Sync>,
    /// What administrators do with the rules.
    pub policy: Arc<PolicyDesk>,
    /// The figures of the shift.
    pub figures: Arc<Figures>,
}

/// PINs that may be checked at one time.
pub const CHECKS: usize = 4;

impl App {
    /// What time it is.
    pub fn now(&self) -> Moment {
        (self.clock)()
    }

    /// Whether a traveller is at the desk.
    pub fn busy(&self) -> bool {
        !["idle", "closed"].contains(&self.desk.panel().view.step)
    }

    /// Whether a log-in is still good and its screen not locked: what goes on by itself asks before each piece of news.
    pub fn is_open(&self, login: &Login) -> bool {
        matches!(self.logins.standing(login.token(), self.now(), self.busy()), Standing::Open(_))
    }

    /// Does something that takes long, such as checking a PIN, beside the event loop; nothing comes of it when the station
    /// is stopping.
    pub async fn off_the_loop<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Option<R> {
        let _turn = self.checks.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// All pages.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(login::home))
        .route("/login", get(login::page).post(login::log_in))
        .route("/login/key", get(second::page).post(second::log_in))
        .route("/login/key/options", post(second::log_in_options))
        .route("/logout", post(session::log_out))
        .route("/pin", get(own_pin::show).post(own_pin::choose))
        .route("/session", get(session::show))
        .route("/session/lock", post(session::lock))
        .route("/session/used", post(session::used))
        .route("/unlock", post(session::unlock))
        .route("/unlock/key", post(second::unlock))
        .route("/unlock/key/options", post(second::unlock_options))
        .route("/auditor", get(auditor::show))
        .merge(administrator::routes())
        .merge(policy::routes())
        .merge(figures::routes())
        .route("/administrator/health", get(health::show))
        .route("/language", post(login::language))
        .route("/health", get(live::health))
        .merge(officer::routes())
        .merge(supervisor::routes())
        .merge(traveller::routes())
        .route("/assets/{*path}", get(assets::serve))
        .fallback(errors::not_found)
        .method_not_allowed_fallback(errors::not_found)
        .layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .with_state(app)
}
