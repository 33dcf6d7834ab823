//! The promise: administrators see how stations and intake are doing, and nothing about a person.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use common::{Intake, Station};
use intake::{Made, Shown};
use std::sync::Arc;
use tower::ServiceExt;

on_both_data_bases! {
    the_page_shows_each_station_and_what_is_wrong_with_it,
    the_page_goes_on_where_it_ended,
    counters_say_what_came,
    nothing_else_is_there,
}

const HOUR_MS: i64 = 3600 * 1000;

async fn send(intake: &Intake, envelope: &[u8]) -> StatusCode {
    let request = Request::post("/v1/records").body(Body::from(envelope.to_vec())).unwrap();
    let parts = store::format::Envelope::decode(envelope).ok();
    let claimed = parts.and_then(|parts| store::peek_header(parts.cose).ok());
    let caller = claimed.as_ref().map_or("S1", |claimed| claimed.station.0.as_str());
    intake.router(caller).oneshot(request).await.unwrap().status()
}

async fn get(intake: &Intake, path: &str) -> (StatusCode, String, String) {
    let request = Request::get(path).header("host", "127.0.0.1:8622").body(Body::empty()).unwrap();
    let router = intake::admin_router(Arc::new(intake.service(intake.database.clone())));
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let policy = response.headers().get("content-security-policy").map(|policy| policy.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, policy.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

/// The cells of a station's line.
fn line(page: &str, station: &str) -> Vec<String> {
    let from = page.find(&format!(">{station}</th>")).unwrap_or_else(|| panic!("{station} in {page}"));
    let row = &page[from..from + page[from..].find("</tr>").unwrap()];
    let cells = row.split("<td").skip(1).map(|cell| cell.split_once('>').unwrap().1.split_once('<').unwrap().0);
    cells.map(str::to_owned).collect()
}

async fn the_page_shows_each_station_and_what_is_wrong_with_it(intake: Intake) {
    let mut good = Station::registered("GOOD", &intake).await;
    let mut copied = Station::registered("COPIED", &intake).await;
    let mut copy = copied.copy();
    let mut gap = Station::registered("GAP", &intake).await;
    let _ = Station::registered("NEW", &intake).await;
    for envelope in [good.enrol().1, good.next(), copied.next()] {
        assert_eq!(send(&intake, &envelope).await, StatusCode::CREATED);
    }
    assert_eq!(send(&intake, &copy.next()).await, StatusCode::CONFLICT);
    let _ = [gap.next(), gap.next()];
    intake.advance(30 * HOUR_MS);
    assert_eq!(send(&intake, &gap.next()).await, StatusCode::CREATED);
    intake.advance(3 * HOUR_MS);

    let now_ms = common::NOW_MS + 33 * HOUR_MS;
    for (number, station, days) in [(1, "GOOD", 10), (2, "GOOD", 80), (3, "COPIED", 5), (4, "NEW", -1)] {
        let until_ms = now_ms + days * 24 * HOUR_MS;
        let shown = Shown::Certificate(&[0; 32]);
        let made = Made { station, fingerprint: &[number; 32], not_after_ms: until_ms, shown };
        assert!(intake.database.certificate_made(&made, now_ms).await.unwrap());
    }
    let (status, policy, page) = get(&intake, "/stations").await;
    assert_eq!(status, StatusCode::OK);
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    assert!(!page.contains("<script") && !page.contains("style="), "the policy would stop it");
    assert_eq!(line(&page, "GOOD"), ["33 h", "2", "2", "0", "0", "0", "33 h", "80 days"]);
    assert_eq!(line(&page, "COPIED"), ["33 h", "1", "1", "0", "1", "0", "33 h", "5 days"]);
    assert_eq!(line(&page, "GAP"), ["3 h", "3", "1", "2", "0", "0", "3 h", ""]);
    assert_eq!(line(&page, "NEW"), ["never", "0", "0", "0", "0", "0", "", "over"]);
    for personal in ["ERIKSSON", "L898902C3", "1974", "officer"] {
        assert!(!page.contains(personal), "{personal}");
    }
    let (_, _, troubled) = get(&intake, "/stations?troubled=1").await;
    assert!(["COPIED", "GAP"].iter().all(|station| troubled.contains(station)));
    assert!(!["GOOD", "NEW"].iter().any(|station| troubled.contains(station)));
}

async fn the_page_goes_on_where_it_ended(intake: Intake) {
    let station = Station::new("X");
    for number in 0..101 {
        intake.database.register(&format!("S{number:03}"), station.key.public(), common::NOW_MS).await.unwrap();
    }
    let (_, _, first) = get(&intake, "/stations").await;
    assert!(first.contains(">S099</th>") && !first.contains(">S100</th>"));
    let next = "/stations?after=S099";
    assert!(first.contains(next), "{first}");
    let (_, _, second) = get(&intake, next).await;
    assert!(second.contains(">S100</th>") && !second.contains(">S099</th>") && !second.contains("Next page"));
}

async fn counters_say_what_came(intake: Intake) {
    let mut station = Station::registered("S1", &intake).await;
    let envelope = station.next();
    for _ in 0..3 {
        send(&intake, &envelope).await;
    }
    send(&intake, b"nonsense").await;
    send(&intake, &Station::new("S9").next()).await;
    let (status, _, text) = get(&intake, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    for expected in [
        "gatepost_intake_envelopes_total{outcome=\"new\"} 1",
        "gatepost_intake_envelopes_total{outcome=\"again\"} 2",
        "gatepost_intake_envelopes_total{outcome=\"not-one-cbor-value\"} 1",
        "gatepost_intake_envelopes_total{outcome=\"unknown-station-or-key\"} 1",
        &format!("gatepost_intake_kept_bytes_total {}", envelope.len()),
        "gatepost_intake_envelope_seconds_count 5",
        "gatepost_intake_stations 1",
        "gatepost_intake_stations_silent 0",
        "gatepost_intake_records 1",
        "gatepost_intake_forks 0",
        "# TYPE gatepost_intake_envelopes_total counter",
    ] {
        assert!(text.lines().any(|line| line == expected), "{expected} in {text}");
    }
}

async fn nothing_else_is_there(intake: Intake) {
    for path in ["/v1/records", "/v1/stations/S1", "/health", "/stations/S1"] {
        assert_eq!(get(&intake, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(get(&intake, "/stations?after=%3Cscript%3E&other=1").await.0, StatusCode::BAD_REQUEST);
    let (_, _, page) = get(&intake, "/stations?after=%3Cscript%3E").await;
    assert!(!page.contains("<script"), "{page}");
    for path in ["/stations", "/metrics"] {
        let request = Request::get(path).header("host", "127.0.0.1").body(Body::empty()).unwrap();
        let status = intake.router("S1").oneshot(request).await.unwrap().status();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} on the stations' address");
    }
}
