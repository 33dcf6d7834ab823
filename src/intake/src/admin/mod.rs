//! What administrators see, on an address of its own: the stations as a page, and counters for Prometheus. Nothing can
//! be changed here, and nothing is about a person.

mod page;

use crate::accept::Service;
use crate::database::Which;
use crate::refusal::Refusal;
use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use page::Page;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Stations of one page.
const ROWS: i64 = 100;

/// Requests at once: the stations' requests come first.
const REQUESTS: usize = 4;

/// A request that takes longer is given up.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What browsers are told with every answer: no script, no frame, nothing from elsewhere.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// All routes of the administrators' address.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/stations") }))
        .route("/metrics", get(metrics))
        .route("/stations", get(stations))
        .route("/style.css", get(style))
        .layer(from_fn(guard))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, TIMEOUT))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS))
        .with_state(service)
}

/// Only who asks for a bare address or for localhost is answered: a page elsewhere whose name was made to point here is
/// not.
async fn guard(request: Request, next: Next) -> Response {
    if !is_by_address(request.headers()) {
        return (StatusCode::MISDIRECTED_REQUEST, "Open this page by its address, not by a name.\n").into_response();
    }
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_by_address(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let without_port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = without_port.map_or(host, |(name, _)| name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address == "localhost" || address.parse::<IpAddr>().is_ok()
}

async fn metrics(State(service): State<Arc<Service>>, asked: HeaderMap) -> Result<Response, Refusal> {
    let all = service.database.overview((service.clock)().saturating_sub(DAY_MS)).await?;
    let accept = asked.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let (kind, text) = link::scraped(accept, service.metrics.text(&all));
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}

/// Which part of the stations is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// After this station.
    #[serde(default)]
    after: String,
    /// `1` for those with trouble only.
    #[serde(default)]
    troubled: u8,
}

async fn stations(State(service): State<Arc<Service>>, Query(asked): Query<Asked>) -> Result<Html<String>, Refusal> {
    let now_ms = (service.clock)();
    let which = if asked.troubled == 1 { Which::Troubled } else { Which::All };
    let all = service.database.overview(now_ms.saturating_sub(DAY_MS)).await?;
    // One more than is shown tells whether there is another page.
    let rows = service.database.stations(which, &asked.after, ROWS + 1).await?;
    Ok(Html(Page::new(all, rows, which, now_ms).to_html()))
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../assets/admin.css")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_other_than_localhost_are_turned_away() {
        for (host, welcome) in [
            ("127.0.0.1:8622", true),
            ("127.0.0.1", true),
            ("[::1]:8622", true),
            ("[::1]", true),
            ("localhost:8622", true),
            ("localhost", true),
            ("intake.example:8622", false),
            ("localhost.example", false),
            ("127.0.0.1.example:80", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            assert_eq!(is_by_address(&headers), welcome, "{host}");
        }
        assert!(!is_by_address(&HeaderMap::new()));
    }
}
