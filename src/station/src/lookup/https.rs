//! An authority that answers over HTTPS: TLS 1.3 with this station's certificate, a question and an answer in JSON.
//!
//! No public interface of such an authority is known, so this one is the project's own: `POST {url}/v1/lookup` with
//! `{"kind":"application","number":"..","issuing-state":"..","document-number":".."}`, and in answer
//! `{"status":"found","handed-in":"2026-03-10T08:00:00Z"}`, where the status is `expired`, `found`, `not-found` or
//! `other-document`, and the time may be left out. Numbers are in the body, so that no log of addresses has them, and the
//! answer has nothing about a person.

use super::{Answer, Inquiry, Lookup, LookupFactory, PATIENCE, Parts};
use domain::record::LookedUp;
use jiff::Timestamp;
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;
use zeroize::Zeroize;

/// The line in the list.
pub const HTTPS: LookupFactory = LookupFactory { name: "https", connects: true, make };

/// An answer has less than a hundred bytes.
const LONGEST_ANSWER: usize = 4096;

struct Https {
    client: Client,
    address: String,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Asked<'a> {
    kind: &'static str,
    number: &'a str,
    issuing_state: &'a str,
    document_number: &'a str,
}

/// What else an authority may tell one day is not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Said {
    status: String,
    handed_in: Option<Timestamp>,
}

fn make(parts: Parts<'_>) -> Result<Box<dyn Lookup>, String> {
    let client = Client::builder()
        .no_proxy()
        .https_only(true)
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(parts.tls)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Box::new(Https { client, address: format!("{}/v1/lookup", parts.url.trim_end_matches('/')) }))
}

impl Https {
    async fn ask(&self, inquiry: &Inquiry) -> Answer {
        self.try_ask(inquiry).await.unwrap_or_else(|why| {
            tracing::warn!(kind = inquiry.kind.id(), %why, "the look-up came to nothing");
            Answer::only(LookedUp::Unknown)
        })
    }

    /// Asks. The error is for the log and names neither the address nor a number.
    async fn try_ask(&self, inquiry: &Inquiry) -> Result<Answer, String> {
        let asked = Asked {
            kind: inquiry.kind.id(),
            number: inquiry.number.expose(),
            issuing_state: &inquiry.issuing_state,
            document_number: inquiry.document_number.expose(),
        };
        let request = self.client.post(&self.address).json(&asked).send();
        let mut response = request.await.map_err(|error| link::Fault::of(&error.without_url()).to_string())?;
        if response.status() != StatusCode::OK {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
            if answer.len() + chunk.len() > LONGEST_ANSWER {
                return Err("the answer is too long".into());
            }
            answer.extend_from_slice(&chunk);
        }
        let read = read(&answer);
        answer.zeroize();
        read.ok_or_else(|| "the answer cannot be understood".into())
    }
}

impl Lookup for Https {
    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(self.ask(inquiry))
    }
}

/// Reads an answer. What only this station may say of a number is not taken from another.
fn read(answer: &[u8]) -> Option<Answer> {
    let said: Said = serde_json::from_slice(answer).ok()?;
    let own = [LookedUp::Offline, LookedUp::Unknown];
    let says = LookedUp::ALL.into_iter().find(|word| word.id() == said.status && !own.contains(word))?;
    Some(Answer { says, handed_in_ms: said.handed_in.map(Timestamp::as_millisecond) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn answers_are_words_of_the_list_with_a_time_or_none() {
        for (answer, expected) in [
            (r#"{"status":"found"}"#, Some((LookedUp::Found, None))),
            (r#"{"status":"found","handed-in":"1970-01-01T00:00:01Z"}"#, Some((LookedUp::Found, Some(1000)))),
            (r#"{"status":"expired","more":1}"#, Some((LookedUp::Expired, None))),
            (r#"{"status":"not-found","handed-in":null}"#, Some((LookedUp::NotFound, None))),
            (r#"{"status":"other-document"}"#, Some((LookedUp::OtherDocument, None))),
            (r#"{"status":"offline"}"#, None),
            (r#"{"status":"unknown"}"#, None),
            (r#"{"status":"Found"}"#, None),
            (r#"{"status":"found","handed-in":"yesterday"}"#, None),
            (r#"{"found":true}"#, None),
            ("", None),
        ] {
            let expected = expected.map(|(says, handed_in_ms)| Answer { says, handed_in_ms });
            assert_eq!(read(answer.as_bytes()), expected, "{answer}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
