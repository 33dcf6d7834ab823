//! The live picture of the officer's page: `multipart/x-mixed-replace`, as browsers read it.

use super::browser::BrowserError;
use drivers::camera::mjpeg::Multipart;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Where the live picture is.
const PATH: &str = "/officer/preview";

/// How long the picture may stand still while the face is taken.
const STANDSTILL: Duration = Duration::from_secs(10);

/// The first bytes of every JPEG picture.
const JPEG: [u8; 2] = [0xFF, 0xD8];

/// A live picture that can be opened.
#[derive(Clone, Debug)]
pub struct Picture {
    client: Client,
    address: String,
}

impl Picture {
    pub(super) fn new(client: Client, address: String) -> Self {
        Self { client, address }
    }

    /// Opens it. The station has one only while the face is taken.
    pub async fn open(&self) -> Result<Frames, BrowserError> {
        let failed = |error| BrowserError::Network { path: PATH.to_owned(), error };
        let response = self.client.get(&self.address).send().await.map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(BrowserError::Strange { path: PATH.to_owned(), status });
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let parts = Multipart::for_content_type(kind).ok_or(BrowserError::Picture("is no stream of pictures"))?;
        Ok(Frames { response, parts })
    }

    /// Reads it until the station ends it; nobody looks at the frames.
    pub async fn watch(self) {
        if let Ok(mut frames) = self.open().await {
            while frames.next().await.is_ok() {}
        }
    }
}

/// Frames as they reach the page.
pub struct Frames {
    response: Response,
    parts: Multipart,
}

impl Frames {
    /// Waits for the next whole frame; when it was there.
    pub async fn next(&mut self) -> Result<Instant, BrowserError> {
        loop {
            match self.parts.next_part() {
                Ok(Some(part)) if part.expose().starts_with(&JPEG) => return Ok(Instant::now()),
                Ok(Some(_)) => return Err(BrowserError::Picture("has a part that is no JPEG picture")),
                Ok(None) => {}
                Err(_) => return Err(BrowserError::Picture("cannot be cut into frames")),
            }
            let chunk = timeout(STANDSTILL, self.response.chunk()).await;
            let chunk = chunk.map_err(|_| BrowserError::Picture("stands still"))?;
            match chunk.map_err(|error| BrowserError::Network { path: PATH.to_owned(), error })? {
                Some(bytes) => self.parts.push(&bytes),
                None => return Err(BrowserError::Picture("has ended")),
            }
        }
    }
}
