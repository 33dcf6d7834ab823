//! From the configuration to a way to look up.

use super::{Lookups, Parts, find};
use crate::config::{ConfigFault, ConfigFaults, Lookup};
use crate::upload::Connection;
use link::{CertificateDer, Time};
use std::fs;

/// What is wrong with the section: the key that it stands at, and what to do.
pub fn faults(lookup: &Lookup) -> Vec<(&'static str, String)> {
    let Some(factory) = find(&lookup.with) else {
        return vec![("with", format!("there is no way to look up \"{}\"; write https or offline", lookup.with))];
    };
    if !factory.connects {
        let idle = lookup.url.is_some() || lookup.trust.is_some();
        return idle.then(|| ("url", "nobody is asked offline: remove url and trust".into())).into_iter().collect();
    }
    let mut faults = Vec::new();
    if !lookup.url.as_ref().is_some_and(|url| url.starts_with("https://")) {
        faults.push((
            "url",
            "numbers are looked up over TLS alone; write https:// and the name in the certificate".into(),
        ));
    }
    faults.extend(roots(lookup).err().map(|fault| ("trust", fault)));
    faults
}

/// The configured way, with this station's certificate.
///
/// # Errors
/// What the configuration's check would have found, or TLS that cannot be set up.
pub fn open(lookup: &Lookup, connection: &Connection, time: Time) -> Result<Lookups, ConfigFaults> {
    let unfit = |text: String| ConfigFaults(vec![ConfigFault { file: "[lookup]".into(), line: None, text }]);
    let Some(factory) = find(&lookup.with).filter(|factory| factory.connects) else { return Ok(Lookups::offline()) };
    let roots = roots(lookup).map_err(unfit)?;
    let tls = connection.tls_to(&roots, time).map_err(|fault| unfit(fault.to_string()))?;
    let made = (factory.make)(Parts { url: lookup.url.as_deref().unwrap_or_default(), tls });
    made.map(Lookups::new).map_err(unfit)
}

/// Whom to believe at the other end.
fn roots(lookup: &Lookup) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(path) = &lookup.trust else {
        return Err("name the certificate (PEM) of whoever vouches for the authority".into());
    };
    let text = fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    link::chain_from_pem(&text).ok_or_else(|| format!("{} has no certificates in PEM", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn an_address_and_somebody_to_believe_go_with_the_network_only() {
        let dir = tempfile::tempdir().unwrap();
        let (whole, none) = (dir.path().join("a.pem"), dir.path().join("b.pem"));
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["a".into()]).unwrap().self_signed(&key).unwrap();
        fs::write(&whole, certificate.pem()).unwrap();
        fs::write(&none, "no certificate").unwrap();
        let absent = dir.path().join("c.pem");
        let section = |with: &str, url: Option<&str>, trust: Option<&PathBuf>| Lookup {
            with: with.into(),
            url: url.map(Into::into),
            trust: trust.cloned(),
        };
        for (section, keys) in [
            (Lookup::default(), vec![]),
            (section("offline", None, None), vec![]),
            (section("offline", Some("https://a"), None), vec!["url"]),
            (section("offline", None, Some(&whole)), vec!["url"]),
            (section("https", Some("https://a"), Some(&whole)), vec![]),
            (section("https", Some("http://a"), Some(&whole)), vec!["url"]),
            (section("https", None, Some(&none)), vec!["url", "trust"]),
            (section("https", Some("https://a"), Some(&absent)), vec!["trust"]),
            (section("https", Some("https://a"), None), vec!["trust"]),
            (section("telephone", None, None), vec!["with"]),
        ] {
            let found: Vec<_> = faults(&section).into_iter().map(|(key, _)| key).collect();
            assert_eq!(found, keys, "{section:?}");
        }
    }
}
