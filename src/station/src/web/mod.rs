//! The pages: server-rendered, on loopback, without any outside asset.

mod access;
mod assets;
mod errors;
mod hands;
mod live;
mod locale;
mod login;
mod logins;
mod officer;
mod pages;
mod supervisor;
#[cfg(test)]
mod tests;

pub use locale::{LANGUAGES, Locale, Locales};
pub use logins::Logins;

use crate::desk::DeskHandle;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use std::sync::Arc;

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
    /// Hosts that the browser may name: a page of another origin that resolves to loopback is turned away.
    pub hosts: Vec<String>,
}

/// All pages.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/", get(login::home))
        .route("/login", get(login::page).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/language", post(login::language))
        .route("/health", get(live::health))
        .merge(officer::routes())
        .merge(supervisor::routes())
        .route("/assets/{*path}", get(assets::serve))
        .fallback(errors::not_found)
        .method_not_allowed_fallback(errors::not_found)
        .layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .with_state(app)
}
