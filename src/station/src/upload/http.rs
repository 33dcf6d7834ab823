//! `gatepost-intake` over HTTP.

use super::{Delivery, Target, TargetFactory};
use reqwest::{Client, StatusCode, header};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The line in the list.
pub const HTTP: TargetFactory = TargetFactory { name: "http", make };

/// A receipt is a few hundred bytes; whatever is longer is not one.
const LONGEST_ANSWER: usize = 16 * 1024;

struct Http {
    client: Client,
    records: String,
}

fn make(url: &str) -> Result<Box<dyn Target>, String> {
    let client = Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|e| e.to_string())?;
    Ok(Box::new(Http { client, records: format!("{url}/v1/records") }))
}

impl Http {
    async fn post(&self, envelope: Vec<u8>) -> Delivery {
        let request = self.client.post(&self.records).header(header::CONTENT_TYPE, "application/cbor").body(envelope);
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
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Delivery::TryAgain(status.to_string()),
            refused if refused.is_client_error() => Delivery::Refused(refused.to_string()),
            other => Delivery::TryAgain(other.to_string()),
        }
    }
}

impl Target for Http {
    fn deliver<'a>(&'a self, envelope: Vec<u8>) -> Pin<Box<dyn Future<Output = Delivery> + Send + 'a>> {
        Box::pin(self.post(envelope))
    }
}
