//! How the station is, for the administrator: what it finds about itself, and what to do about it. Programs ask `/health`.

use super::App;
use super::access::{Administrator, words};
use super::errors::page;
use super::locale::Locale;
use super::logins::Login;
use crate::desk::{DevicePanel, Panel};
use crate::doctor::Finding;
use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::device::DeviceDescriptor;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage<'a> {
    t: Locale<'a>,
    login: &'a Login,
    panel: &'a Panel,
    /// The gravest first.
    findings: &'a [Finding],
    certificate_days: i64,
    /// When it was looked at, in the station's time zone.
    at: String,
}

impl HealthPage<'_> {
    /// A device's maker, model and serial number, as far as it told them.
    fn label(device: &DevicePanel) -> String {
        device.descriptor.as_ref().map(DeviceDescriptor::label).unwrap_or_default()
    }
}

/// The page.
pub async fn show(Administrator(login): Administrator, State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let panel = app.desk.panel();
    let now = jiff::Timestamp::from_millisecond(app.now().utc_ms).unwrap_or_default().to_zoned(app.zone.clone());
    page(&HealthPage {
        t: words(&app, &headers),
        login: &login,
        findings: &(app.findings)(&panel),
        certificate_days: (app.certificate_days)(),
        at: now.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        panel: &panel,
    })
}
