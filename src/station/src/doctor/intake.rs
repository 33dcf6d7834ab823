//! The way to the intake.

use super::{Finding, Patient};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const INTAKE: &str = "intake";

/// What to do while it is out of reach.
const WAITS: &str =
    "records wait here, sealed, and nothing is lost: look at the network, the address in [intake] and the intake";

/// What to do about records that it does not take.
const REFUSED: &str = "they stay here, sealed: the station's log names the reason of each (I-..); have the intake's operator \
                       mend it and start the station again, which offers them anew";

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
        Some(address) => Finding::good(INTAKE, format!("{url} answers at {address}")),
        None => Finding::note(INTAKE, format!("{url} cannot be reached"), WAITS),
    }]
}

/// The queue of a station that is at work: what keeps it from the intake, the records in it, and those that the intake has
/// refused for good.
pub(super) fn at_work(trouble: Option<&str>, queued: u64, refused: usize) -> Finding {
    if refused > 0 {
        let found = format!("{refused} records were refused for good; {queued} wait");
        return Finding::fault(INTAKE, found, REFUSED);
    }
    match trouble {
        Some(code) => Finding::note(INTAKE, format!("{code}: {queued} records wait"), WAITS),
        None => Finding::good(INTAKE, format!("{queued} records wait")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn refused_records_are_a_fault_and_waiting_ones_are_none() {
        for (trouble, refused, verdict, says) in [
            (None, 0, Verdict::Good, "7 records wait"),
            (Some("N-01"), 0, Verdict::Note, "N-01: 7 records wait"),
            (None, 2, Verdict::Fault, "2 records were refused"),
            (Some("N-01"), 1, Verdict::Fault, "1 records were refused"),
        ] {
            let found = at_work(trouble, 7, refused);
            assert_eq!(found.verdict, verdict);
            assert!(found.found.contains(says), "{found:?}");
            assert_eq!(found.remedy.is_empty(), verdict == Verdict::Good);
        }
    }
}
