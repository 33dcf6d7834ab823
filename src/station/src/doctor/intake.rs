//! The way to the intake.

use super::{Finding, Patient};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long the intake may take to answer a call.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Ok(loaded) = patient.loaded else { return Vec::new() };
    let url = &loaded.config.intake.url;
    let reached = reqwest::Url::parse(url).ok().and_then(|url| {
        let addresses = (url.host_str()?.to_owned(), url.port_or_known_default()?).to_socket_addrs().ok()?;
        addresses.into_iter().find(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
    });
    vec![match reached {
        Some(address) => Finding::good("intake", format!("{url} answers at {address}")),
        None => Finding::note(
            "intake",
            format!("{url} cannot be reached"),
            "records wait here, sealed, and nothing is lost: look at the network, the address in [intake] and the intake",
        ),
    }]
}
