//! Hosts and origins: what of it a browser, or somebody who drives one, may send.

use super::*;
use crate::web::origin::judge;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

const HOSTS: [&str; 2] = ["localhost:8600", "127.0.0.1:8600"];

/// Headers from `name: value` lines.
fn headers(lines: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap();
        headers.append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.trim().as_bytes()).unwrap(),
        );
    }
    headers
}

fn judged(method: &str, uri: &str, lines: &str) -> &'static str {
    let hosts = HOSTS.map(str::to_owned);
    let (method, uri) = (Method::from_bytes(method.as_bytes()).unwrap(), uri.parse::<Uri>().unwrap());
    match judge(&method, &uri, &headers(lines), &hosts) {
        Ok(()) => "passes",
        Err(PageError::ForeignHost) => "host",
        Err(PageError::ForeignOrigin) => "origin",
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn hosts_are_ours_or_refused() {
    let rows: [(&str, &str); 34] = [
        ("host: localhost:8600", "passes"),
        ("host: 127.0.0.1:8600", "passes"),
        ("host: LOCALHOST:8600", "passes"),
        ("host: LocalHost:8600", "passes"),
        ("", "host"),
        ("host: ", "host"),
        ("host: localhost", "host"),
        ("host: localhost:", "host"),
        ("host: localhost:80", "host"),
        ("host: localhost:8601", "host"),
        ("host: localhost:08600", "host"),
        ("host: localhost:86000", "host"),
        ("host: localhost.:8600", "host"),
        ("host: localhost.evil.example:8600", "host"),
        ("host: evil.example", "host"),
        ("host: evil.example:8600", "host"),
        ("host: evil.localhost:8600", "host"),
        ("host: xlocalhost:8600", "host"),
        ("host: user@localhost:8600", "host"),
        ("host: localhost:8600@evil.example", "host"),
        ("host: localhost:8600/", "host"),
        ("host: localhost:8600,evil.example", "host"),
        ("host: http://localhost:8600", "host"),
        ("host: 127.0.0.1", "host"),
        ("host: 127.0.0.2:8600", "host"),
        ("host: 127.1:8600", "host"),
        ("host: 2130706433:8600", "host"),
        ("host: 0.0.0.0:8600", "host"),
        ("host: [::1]:8600", "host"),
        ("host: localhost:8600\nhost: localhost:8600", "host"),
        ("host: localhost:8600\nhost: evil.example", "host"),
        ("host: evil.example\nx-forwarded-host: localhost:8600", "host"),
        ("host: evil.example\nforwarded: host=localhost:8600", "host"),
        ("host: l\u{f6}calhost:8600", "host"),
    ];
    for (lines, expected) in rows {
        assert_eq!(judged("GET", "/officer", lines), expected, "{lines:?}");
    }
}

#[test]
fn a_request_that_names_its_host_twice_names_the_same_one() {
    for (uri, host, expected) in [
        ("http://localhost:8600/officer", "localhost:8600", "passes"),
        ("http://LOCALHOST:8600/officer", "localhost:8600", "passes"),
        ("http://evil.example/officer", "localhost:8600", "host"),
        ("http://localhost:8600/officer", "evil.example", "host"),
        ("http://127.0.0.1:8600/officer", "localhost:8600", "host"),
    ] {
        assert_eq!(judged("GET", uri, &format!("host: {host}")), expected, "{uri} {host}");
    }
}

#[test]
fn changes_come_from_our_own_pages() {
    let rows: [(&str, &str); 26] = [
        ("origin: http://localhost:8600", "passes"),
        ("origin: http://LOCALHOST:8600", "passes"),
        ("origin: http://localhost:8600\nsec-fetch-site: same-origin", "passes"),
        // Who does not say who they are is no browser of ours.
        ("", "origin"),
        ("sec-fetch-site: same-origin", "origin"),
        ("sec-fetch-site: none", "origin"),
        ("referer: http://localhost:8600/officer", "origin"),
        ("origin: null", "origin"),
        ("origin: ", "origin"),
        ("origin: https://localhost:8600", "origin"),
        ("origin: http://localhost", "origin"),
        ("origin: http://localhost:80", "origin"),
        // The simulator's page, and whatever else runs on this machine: the same site, the same cookies.
        ("origin: http://localhost:8621", "origin"),
        ("origin: http://localhost:8621\nsec-fetch-site: same-site", "origin"),
        ("origin: http://localhost:8600\nsec-fetch-site: same-site", "origin"),
        ("origin: http://localhost:8600\nsec-fetch-site: cross-site", "origin"),
        ("origin: http://localhost:8600\nsec-fetch-site: none", "origin"),
        // Another name of ours is another origin.
        ("origin: http://127.0.0.1:8600", "origin"),
        ("origin: http://localhost:8600.evil.example", "origin"),
        ("origin: http://localhost:86000", "origin"),
        ("origin: http://evil.example", "origin"),
        ("origin: http://user@localhost:8600", "origin"),
        ("origin: http://localhost:8600/", "origin"),
        ("origin: localhost:8600", "origin"),
        ("origin: http://localhost:8600\norigin: http://evil.example", "origin"),
        ("origin: http://localhost:8600\nsec-fetch-site: same-origin\nsec-fetch-site: cross-site", "origin"),
    ];
    for method in ["POST", "PUT", "DELETE"] {
        for (lines, expected) in rows {
            let lines = format!("host: localhost:8600\n{lines}");
            assert_eq!(judged(method, "/officer/new", &lines), expected, "{method} {lines:?}");
        }
    }
}

#[test]
fn pages_are_opened_by_people_and_loaded_by_our_own_pages() {
    let visit = "sec-fetch-mode: navigate\nsec-fetch-dest: document";
    let rows: [(&str, &str, &str); 15] = [
        ("typed in", "sec-fetch-site: none\nsec-fetch-mode: navigate\nsec-fetch-dest: document", "passes"),
        ("no browser", "", "passes"),
        ("our own link", "sec-fetch-site: same-origin\nsec-fetch-mode: navigate", "passes"),
        ("our own script", "sec-fetch-site: same-origin\nsec-fetch-mode: cors", "passes"),
        ("our own script, with an origin", "origin: http://localhost:8600\nsec-fetch-site: same-origin", "passes"),
        ("a link elsewhere", &format!("sec-fetch-site: cross-site\n{visit}"), "passes"),
        ("a link on the simulator's page", &format!("sec-fetch-site: same-site\n{visit}"), "passes"),
        ("a picture elsewhere", "sec-fetch-site: cross-site\nsec-fetch-mode: no-cors\nsec-fetch-dest: image", "origin"),
        ("a picture on the simulator's page", "sec-fetch-site: same-site\nsec-fetch-mode: no-cors", "origin"),
        ("a script elsewhere", "sec-fetch-site: same-site\nsec-fetch-mode: cors", "origin"),
        ("a frame elsewhere", "sec-fetch-site: cross-site\nsec-fetch-mode: navigate\nsec-fetch-dest: iframe", "origin"),
        (
            "an embedded object",
            "sec-fetch-site: cross-site\nsec-fetch-mode: navigate\nsec-fetch-dest: object",
            "origin",
        ),
        ("another origin", "origin: http://localhost:8621", "origin"),
        ("no origin that has a name", "origin: null", "origin"),
        ("nonsense", "sec-fetch-site: nonsense", "origin"),
    ];
    for method in ["GET", "HEAD"] {
        for (what, lines, expected) in rows {
            let lines = format!("host: localhost:8600\n{lines}");
            assert_eq!(judged(method, "/officer", &lines), expected, "{method}: {what}");
        }
    }
}
