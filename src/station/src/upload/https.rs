//! `gatepost-intake` over HTTPS: TLS 1.3 with a certificate on both sides.

use super::pace::{paced, time_for};
use super::{Address, Delivery, Parcel, SLOWEST_KILOBYTES, Target, TargetFactory, Trouble};
use link::Fault;
use reqwest::{Client, Method, StatusCode, header};
use serde::Deserialize;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The line in the list.
pub const HTTPS: TargetFactory = TargetFactory { name: "https", make };

/// A receipt has a few hundred bytes, a certificate about a thousand; whatever is longer is neither.
const LONGEST_ANSWER: usize = 16 * 1024;

/// A connection without a request for so long is closed, before the intake does so after 30 s.
const IDLE: Duration = Duration::from_secs(20);

/// Longest time for a request, beside what the bandwidth limit makes of it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The intake's codes for a record that it will not take as things are: too large, malformed, wrongly signed, damaged,
/// another record under the same number, one that does not hang on the record before it, one sealed to an authority that is
/// not this intake's, keys that are not believed, a simulated record at an intake for real ones, and a key that was retired. The last passes when an administrator of the
/// intake registers the key again: the record is offered anew after a restart, and those behind it need not wait.
const SET_ASIDE: &[&str] = &["I-01", "I-02", "I-04", "I-05", "I-06", "I-11", "I-12", "I-13", "I-14", "I-15", "I-16"];

/// The part of the intake's refusal that counts.
#[derive(Default, Deserialize)]
struct Answer {
    code: String,
}

struct Https {
    client: Client,
    base: String,
    station: String,
    kilobytes_per_second: Option<u32>,
}

fn make(address: Address<'_>) -> Result<Box<dyn Target>, String> {
    let client = Client::builder()
        .no_proxy()
        .https_only(true)
        .connect_timeout(Duration::from_secs(5))
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(address.tls)
        .build()
        .map_err(|e| e.to_string())?;
    Ok(Box::new(Https {
        client,
        base: address.url.trim_end_matches('/').to_owned(),
        station: address.station.to_owned(),
        kilobytes_per_second: address.kilobytes_per_second,
    }))
}

impl Https {
    async fn ask(&self, parcel: Parcel) -> Delivery {
        let (method, path, kind, body) = match parcel {
            Parcel::Last => (Method::GET, format!("stations/{}/last", self.station), "", Vec::new()),
            Parcel::Record(envelope) => (Method::POST, "records".into(), "application/cbor", envelope),
            Parcel::ReceiptKeys(known) => (Method::GET, format!("receipt-keys/{known}"), "", Vec::new()),
            Parcel::Renewal => (Method::POST, "certificate".into(), "", Vec::new()),
            Parcel::Rotation(statement) => (Method::POST, "keys".into(), "application/cose", statement),
        };
        let mut request = self.client.request(method, format!("{}/v1/{path}", self.base)).timeout(PATIENCE);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
            request = request.timeout(patience(body.len(), self.kilobytes_per_second));
            request = match self.kilobytes_per_second {
                Some(limit) => request.header(header::CONTENT_LENGTH, body.len()).body(paced(body, limit)),
                None => request.body(body),
            };
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Delivery::TryAgain(no_answer(error)),
        };
        let status = response.status();
        let mut answer = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if answer.len() + chunk.len() <= LONGEST_ANSWER => answer.extend_from_slice(&chunk),
                Ok(Some(_)) => {
                    return Delivery::TryAgain(Trouble {
                        code: Trouble::INTAKE,
                        text: "the answer is too long for a receipt".into(),
                    });
                }
                Ok(None) => break,
                Err(error) => return Delivery::TryAgain(no_answer(error)),
            }
        }
        match status {
            StatusCode::OK | StatusCode::CREATED | StatusCode::NO_CONTENT => Delivery::Answered(answer),
            other => not_taken(other, &answer),
        }
    }
}

/// How long a request with so many bytes may take. A line without a limit may be slow as well.
fn patience(bytes: usize, limit: Option<u32>) -> Duration {
    PATIENCE + time_for(bytes, limit.unwrap_or(SLOWEST_KILOBYTES))
}

/// What an error of a connection means; the address stays out of the log.
fn no_answer(error: reqwest::Error) -> Trouble {
    let error = error.without_url();
    let fault = Fault::of(&error);
    // An answer that began was somebody's.
    let code = if fault == Fault::Unreachable && (error.is_body() || error.is_decode()) {
        Trouble::INTAKE
    } else {
        fault.code()
    };
    let detail = link::tls_error(&error).map_or_else(|| error.to_string(), ToString::to_string);
    Trouble { code, text: format!("{fault} ({detail})") }
}

/// An intake that says why it does not take this record is believed. Anything else, a foreign service on its port or a
/// key that is not registered yet among it, may pass.
fn not_taken(status: StatusCode, answer: &[u8]) -> Delivery {
    let told = serde_json::from_slice::<Answer>(answer).map(|answer| answer.code).unwrap_or_default();
    let text = format!("{status} {told}").trim_end().to_owned();
    if told == "I-13" {
        return Delivery::Refused(format!(
            "{text}: the key that signed it was replaced, and its time is over; `gatepost-intake register` has it believed \
             for once more, and this station offers the record again after a restart"
        ));
    }
    if SET_ASIDE.contains(&told.as_str()) {
        return Delivery::Refused(text);
    }
    let code = match told.as_str() {
        "I-03" => Trouble::UNKNOWN_KEY,
        "I-30" => Fault::OtherStation.code(),
        "I-31" | "I-32" => Fault::OwnRefused.code(),
        _ => Trouble::INTAKE,
    };
    Delivery::TryAgain(Trouble { code, text })
}

impl Target for Https {
    fn deliver<'a>(&'a self, parcel: Parcel) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>> {
        Box::pin(self.ask(parcel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_record_on_the_slowest_line_is_within_the_intakes_patience() {
        for limit in [None, Some(SLOWEST_KILOBYTES), Some(1000)] {
            let longest = patience(store::format::MAX_ENVELOPE_BYTES, limit);
            assert!(longest <= link::RECORD_PATIENCE && longest > PATIENCE, "{limit:?}: {longest:?}");
        }
    }

    #[test]
    fn the_intakes_own_word_sets_a_record_aside_and_the_rest_passes() {
        for (status, answer, expected) in [
            (409, r#"{"code":"I-06","text":"..."}"#, None),
            (413, r#"{"code":"I-01","text":"..."}"#, None),
            (403, r#"{"code":"I-13","text":"..."}"#, None),
            (422, r#"{"code":"I-16","text":"..."}"#, None),
            (403, r#"{"code":"I-03","text":"..."}"#, Some("N-12")),
            (403, r#"{"code":"I-30","text":"..."}"#, Some("N-09")),
            (403, r#"{"code":"I-32","text":"..."}"#, Some("N-06")),
            (503, r#"{"code":"I-07","text":"..."}"#, Some("N-13")),
            (404, "<html>not here</html>", Some("N-13")),
            (500, "", Some("N-13")),
        ] {
            let code = match not_taken(StatusCode::from_u16(status).unwrap(), answer.as_bytes()) {
                Delivery::TryAgain(trouble) => Some(trouble.code),
                Delivery::Refused(_) => None,
                Delivery::Answered(_) => panic!("{status} {answer}"),
            };
            assert_eq!(code, expected, "{status} {answer}");
        }
    }
}
