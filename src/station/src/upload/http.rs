//! `gatepost-intake` over HTTP.

use super::{Delivery, Parcel, Target, TargetFactory};
use reqwest::{Client, StatusCode, header};
use serde::Deserialize;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The line in the list.
pub const HTTP: TargetFactory = TargetFactory { name: "http", make };

/// A receipt is a few hundred bytes; whatever is longer is not one.
const LONGEST_ANSWER: usize = 16 * 1024;

/// The intake's codes for a record that it will not take however often it is sent: too large, malformed, wrongly
/// signed, damaged, another record under the same number, one that does not hang on the
/// record before it, keys that are not believed, and a simulated record at an intake for real ones.
const FINAL: &[&str] = &["I-01", "I-02", "I-04", "I-05", "I-06", "I-11", "I-14", "I-15", "I-16"];

/// The part of the intake's refusal that counts.
#[derive(Default, Deserialize)]
struct Answer {
    code: String,
}

struct Http {
    client: Client,
    base: String,
}

fn make(url: &str) -> Result<Box<dyn Target>, String> {
    let client = Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| e.to_string())?;
    Ok(Box::new(Http { client, base: url.trim_end_matches('/').to_owned() }))
}

impl Http {
    async fn post(&self, parcel: Parcel) -> Delivery {
        let (path, kind, body) = match parcel {
            Parcel::Record(envelope) => ("records", "application/cbor", envelope),
            Parcel::Rotation(statement) => ("keys", "application/cose", statement),
        };
        let request =
            self.client.post(format!("{}/v1/{path}", self.base)).header(header::CONTENT_TYPE, kind).body(body);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(e) => return Delivery::TryAgain(e.without_url().to_string()),
        };
        let status = response.status();
        let mut answer = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if answer.len() + chunk.len() <= LONGEST_ANSWER => answer.extend_from_slice(&chunk),
                Ok(Some(_)) => return Delivery::TryAgain("the answer is too long for a receipt".into()),
                Ok(None) => break,
                Err(e) => return Delivery::TryAgain(e.without_url().to_string()),
            }
        }
        match status {
            StatusCode::OK | StatusCode::CREATED => Delivery::Answered(answer),
            other => not_taken(other, &answer),
        }
    }
}

/// An intake that says why it will never take this record is believed. Anything else, a foreign service on its port or
/// a key that is not registered yet among it, may pass.
fn not_taken(status: StatusCode, answer: &[u8]) -> Delivery {
    let code = serde_json::from_slice::<Answer>(answer).map(|answer| answer.code).unwrap_or_default();
    if FINAL.contains(&code.as_str()) {
        Delivery::Refused(format!("{status}, {code}"))
    } else {
        Delivery::TryAgain(format!("{status} {code}"))
    }
}

impl Target for Http {
    fn deliver<'a>(&'a self, parcel: Parcel) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>> {
        Box::pin(self.post(parcel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_intakes_own_word_is_final() {
        for (status, answer, is_final) in [
            (409, r#"{"code":"I-06","text":"..."}"#, true),
            (413, r#"{"code":"I-01","text":"..."}"#, true),
            (422, r#"{"code":"I-16","text":"..."}"#, true),
            (403, r#"{"code":"I-03","text":"..."}"#, false),
            (503, r#"{"code":"I-07","text":"..."}"#, false),
            (404, "<html>not here</html>", false),
            (500, "", false),
        ] {
            let said = not_taken(StatusCode::from_u16(status).unwrap(), answer.as_bytes());
            assert_eq!(matches!(said, Delivery::Refused(_)), is_final, "{status} {answer}");
        }
    }
}
