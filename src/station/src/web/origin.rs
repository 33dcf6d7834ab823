//! Which requests come from our own pages: by the host that they name, the origin that sent them, and what the browser
//! says of how it came to send them.
//!
//! Programs on other ports of this machine are of the same *site* for a browser, and get the same cookies: the port in
//! Host and Origin is what tells them from us.

use super::errors::PageError;
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{Method, Uri};

/// Whether a request may be looked at. `hosts` are the names, with port, by which a browser may know this station.
///
/// # Errors
/// [`PageError::ForeignHost`] for a name that is not ours, [`PageError::ForeignOrigin`] for a request that a page of
/// somebody else's made, or that does not say who made it although it would change something.
pub fn judge(method: &Method, uri: &Uri, headers: &HeaderMap, hosts: &[String]) -> Result<(), PageError> {
    let host = only(headers, &header::HOST).flatten().ok_or(PageError::ForeignHost)?;
    let ours = |name: &str| hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
    let named_twice = uri.authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host));
    if !ours(host) || named_twice {
        return Err(PageError::ForeignHost);
    }
    let origin = only(headers, &header::ORIGIN).ok_or(PageError::ForeignOrigin)?;
    let site = only(headers, &SITE).ok_or(PageError::ForeignOrigin)?;
    let looks = matches!(*method, Method::GET | Method::HEAD);
    // The origin has to be that of the host which the request itself names: another name of ours has no business here.
    let same_origin = |origin: &str| origin.strip_prefix("http://").is_some_and(|name| name.eq_ignore_ascii_case(host));
    let fits = match (origin, site) {
        (Some(origin), site) => same_origin(origin) && matches!(site, None | Some("same-origin")),
        // Browsers name an origin with everything but plain looking.
        (None, _) if !looks => false,
        // Typed in, from a bookmark, from our own pages, or by a program that is no browser.
        (None, None | Some("none" | "same-origin")) => true,
        // A link elsewhere may lead to a page of ours: it brings no cookie along, and shows the log-in page.
        (None, Some(_)) => is_a_visit(headers),
    };
    if fits { Ok(()) } else { Err(PageError::ForeignOrigin) }
}

/// Whether somebody opens a page, rather than a script or another page loading part of it.
pub fn is_a_visit(headers: &HeaderMap) -> bool {
    let says = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    says(&MODE) == Some("navigate") && says(&DESTINATION) == Some("document")
}

/// What a browser says of how it came to send a request; programs that are no browsers say nothing.
pub fn is_a_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(&MODE)
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The one value of a header, if it has any; nothing at all where it has several or one that is no text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => value.to_str().ok().map(Some),
        (Some(_), Some(_)) => None,
    }
}
