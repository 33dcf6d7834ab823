//! A browser at the station: cookies, forms with their secret, and the stream of views.

use super::html;
use super::picture::Picture;
use super::sse::Parser;
use super::view::View;
use reqwest::header::{LOCATION, ORIGIN};
use reqwest::{Client, Response, StatusCode, redirect};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

/// How long the station may take for a page.
const PAGE: Duration = Duration::from_secs(10);

/// The largest page that is read, in bytes.
const MAX_PAGE: usize = 4 * 1024 * 1024;

/// How often the stream of views may break before the shift gives up on it.
const MAX_RECONNECTS: u32 = 20;

/// Pause before the stream is opened again.
const RECONNECT: Duration = Duration::from_millis(250);

/// What went wrong between the browser and the station.
#[derive(Debug, Error)]
pub enum BrowserError {
    /// No form with a secret on the page.
    #[error("the page {0} holds no form secret")]
    NoSecret(String),
    /// The network failed.
    #[error("{path}: {error}")]
    Network {
        /// Which page.
        path: String,
        /// Why.
        error: reqwest::Error,
    },
    /// The station refused, in the words of its page.
    #[error("{path} was refused with {status}: {text} ({code})")]
    Refused {
        /// Which form.
        path: String,
        /// HTTP status.
        status: StatusCode,
        /// Code of the page.
        code: String,
        /// Text of the page.
        text: String,
    },
    /// The live picture is none, or ended.
    #[error("the live picture {0}")]
    Picture(&'static str),
    /// Something else came than a browser would show.
    #[error("{path} answered with {status}")]
    Strange {
        /// Which page.
        path: String,
        /// HTTP status.
        status: StatusCode,
    },
    /// A page larger than any page of a station.
    #[error("the page {0} is larger than {MAX_PAGE} bytes")]
    TooLarge(String),
    /// A wait that ended without what it waited for.
    #[error("waited {waited_s} s for {what}; {state}")]
    TimedOut {
        /// How long.
        waited_s: u64,
        /// For what.
        what: String,
        /// What the page showed at the end.
        state: String,
    },
    /// The stream of views broke for good.
    #[error("the stream of views broke")]
    ViewsEnded,
}

/// One browser with one log-in.
pub struct Browser {
    at: At,
    secret: String,
}

/// Who sits at which station: enough to log in and to unlock a screen.
#[derive(Clone)]
struct At {
    client: Client,
    station: String,
    pin: String,
}

impl Browser {
    /// Logs in: reads the page, sends the form, follows to the start page.
    pub async fn log_in(station: &str, person: &str, pin: &str) -> Result<Self, BrowserError> {
        let path = String::from("/login");
        let client = client().map_err(|error| BrowserError::Network { path: path.clone(), error })?;
        let at = At { client, station: station.trim_end_matches('/').to_owned(), pin: pin.to_owned() };
        let mut browser = Self { at, secret: String::new() };
        let page = browser.page(&path).await?;
        browser.secret = html::csrf(&page).unwrap_or_default().to_owned();
        browser.post(&path, &[("person", person), ("pin", pin)]).await?;
        if browser.secret.is_empty() {
            return Err(BrowserError::NoSecret(path));
        }
        Ok(browser)
    }

    /// A page's text. A screen that was locked meanwhile is unlocked first.
    pub async fn page(&self, path: &str) -> Result<String, BrowserError> {
        let (mut status, mut text) = self.at.get(path).await?;
        if status == StatusCode::LOCKED {
            self.at.unlock(&text).await?;
            (status, text) = self.at.get(path).await?;
        }
        if status == StatusCode::OK { Ok(text) } else { Err(refused(path, status, &text)) }
    }

    /// Sends a form, follows its redirection and takes the secret of the page that comes. A screen that was locked
    /// meanwhile is unlocked first.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<(), BrowserError> {
        let mut form: Vec<(&str, &str)> = vec![("csrf", &self.secret)];
        form.extend_from_slice(fields);
        let mut sent = self.at.send(path, &form).await?;
        if sent.0 == StatusCode::LOCKED {
            self.at.unlock(&sent.1).await?;
            sent = self.at.send(path, &form).await?;
        }
        let (status, text, next) = sent;
        if status != StatusCode::SEE_OTHER {
            return Err(refused(path, status, &text));
        }
        let page = self.page(&next).await?;
        if let Some(secret) = html::csrf(&page) {
            self.secret = secret.to_owned();
        }
        Ok(())
    }

    /// Opens the stream of views and keeps it open, as a page's script does. The script also fetches the changed part
    /// of the page, and the live picture while the face is taken; so does this.
    pub fn views(&self) -> Views {
        self.open_views(Some(self.picture()))
    }

    /// As [`Self::views`], for somebody who looks at the live picture by [`Self::picture`].
    pub fn views_without_picture(&self) -> Views {
        self.open_views(None)
    }

    /// The live picture, to be opened while the face is taken.
    pub fn picture(&self) -> Picture {
        Picture::new(self.at.client.clone(), self.at.address("/officer/preview"))
    }

    fn open_views(&self, picture: Option<Picture>) -> Views {
        let (sender, receiver) = watch::channel(View::default());
        let watcher = Watcher { at: self.at.clone(), sender };
        let page = tokio::spawn(load_what_changes(self.at.clone(), picture, receiver.clone()));
        Views { receiver, tasks: [tokio::spawn(watcher.run()), page] }
    }
}

impl At {
    async fn get(&self, path: &str) -> Result<(StatusCode, String), BrowserError> {
        let failed = |error| BrowserError::Network { path: path.to_owned(), error };
        let response = self.client.get(self.address(path)).timeout(PAGE).send().await.map_err(failed)?;
        Ok((response.status(), text(response, path).await?))
    }

    /// Sends a form as its own page does: status, text, and where the answer leads to.
    async fn send(&self, path: &str, form: &[(&str, &str)]) -> Result<(StatusCode, String, String), BrowserError> {
        let failed = |error| BrowserError::Network { path: path.to_owned(), error };
        let asked = self.client.post(self.address(path)).header(ORIGIN, &self.station).timeout(PAGE).form(form);
        let response = asked.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), response.headers());
        let next = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("/").to_owned();
        Ok((status, text(response, path).await?, next))
    }

    /// Gives the PIN to the lock that stands in place of a page.
    async fn unlock(&self, lock: &str) -> Result<(), BrowserError> {
        let path = "/unlock";
        let secret = html::csrf(lock).ok_or_else(|| BrowserError::NoSecret(path.into()))?;
        let (status, text, _) = self.send(path, &[("csrf", secret), ("pin", &self.pin)]).await?;
        if status == StatusCode::SEE_OTHER { Ok(()) } else { Err(refused(path, status, &text)) }
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.station)
    }
}

/// The views as they come.
pub struct Views {
    receiver: watch::Receiver<View>,
    tasks: [JoinHandle<()>; 2],
}

impl Views {
    /// The newest view.
    pub fn now(&self) -> View {
        self.receiver.borrow().clone()
    }

    /// The next view after the last one that was looked at, at most at `deadline`; nothing when none came.
    pub async fn next(&mut self, deadline: Instant) -> Result<Option<View>, BrowserError> {
        match timeout_at(deadline, self.receiver.changed()).await {
            Ok(Ok(())) => Ok(Some(self.receiver.borrow_and_update().clone())),
            Ok(Err(_)) => Err(BrowserError::ViewsEnded),
            Err(_) => Ok(None),
        }
    }

    /// Waits until a view is what is wanted.
    pub async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        mut wanted: impl FnMut(&View) -> bool,
    ) -> Result<View, BrowserError> {
        let deadline = Instant::now() + limit;
        let mut view = self.receiver.borrow_and_update().clone();
        while !wanted(&view) {
            match self.next(deadline).await? {
                Some(next) => view = next,
                None => return Err(self.timed_out(what, limit)),
            }
        }
        Ok(view)
    }

    /// A wait that ended without what it waited for, with what the page shows.
    pub fn timed_out(&self, what: &str, limit: Duration) -> BrowserError {
        BrowserError::TimedOut { waited_s: limit.as_secs(), what: what.to_owned(), state: self.now().describe() }
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

struct Watcher {
    at: At,
    sender: watch::Sender<View>,
}

impl Watcher {
    async fn run(self) {
        for _ in 0..MAX_RECONNECTS {
            if let Err(error) = self.follow().await {
                tracing::warn!(%error, "the stream of views broke and is opened again");
            }
            sleep(RECONNECT).await;
        }
        // Dropping the sender ends every wait with an error.
    }

    async fn follow(&self) -> Result<(), BrowserError> {
        let path = "/officer/events";
        let failed = |error| BrowserError::Network { path: path.to_owned(), error };
        let mut response = self.at.client.get(self.at.address(path)).send().await.map_err(failed)?;
        if response.status() == StatusCode::LOCKED {
            return self.at.unlock(&text(response, path).await?).await;
        }
        response = response.error_for_status().map_err(failed)?;
        let mut parser = Parser::default();
        while let Some(bytes) = response.chunk().await.map_err(failed)? {
            let Ok(events) = parser.push(&bytes) else { return Ok(()) };
            for event in events.into_iter().filter(|event| event.name == "view") {
                match serde_json::from_str::<View>(&event.data) {
                    Ok(view) => drop(self.sender.send_replace(view)),
                    Err(error) => tracing::warn!(%error, "a view could not be read"),
                }
            }
        }
        Ok(())
    }
}

/// Loads the changed part of the page after each new view (the newest only), and the live picture, if it is wanted, once
/// a capture of the face begins.
async fn load_what_changes(at: At, picture: Option<Picture>, mut views: watch::Receiver<View>) {
    let mut watching: Option<JoinHandle<()>> = None;
    while views.changed().await.is_ok() {
        let face = views.borrow_and_update().slot.as_deref() == Some("face");
        if let Some(picture) = picture.as_ref().filter(|_| face)
            && watching.as_ref().is_none_or(JoinHandle::is_finished)
        {
            watching = Some(tokio::spawn(picture.clone().watch()));
        }
        // What a browser would draw is only read here, so that the station does the work of sending it.
        let _ = at.get("/officer").await;
    }
    if let Some(watching) = watching {
        watching.abort();
    }
}

async fn text(mut response: Response, path: &str) -> Result<String, BrowserError> {
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| BrowserError::Network { path: path.to_owned(), error })?
    {
        if bytes.len() + chunk.len() > MAX_PAGE {
            return Err(BrowserError::TooLarge(path.to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn refused(path: &str, status: StatusCode, page: &str) -> BrowserError {
    let path = path.to_owned();
    match html::refusal(page) {
        Some((code, text)) => BrowserError::Refused { path, status, code: code.to_owned(), text },
        None => BrowserError::Strange { path, status },
    }
}

/// A client with its own cookies that follows no redirection by itself and asks no proxy.
fn client() -> Result<Client, reqwest::Error> {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        // Fails only if another part of the program has installed one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    let cookies = Arc::new(reqwest::cookie::Jar::default());
    Client::builder().no_proxy().cookie_provider(cookies).redirect(redirect::Policy::none()).build()
}
