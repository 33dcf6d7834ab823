//! Refusals as pages: a code, a sentence that says what to do, and the way back.

use super::locale::Locale;
use crate::desk::DeskRefusal;
use crate::people::{KeyError, PeopleError};
use crate::policy_desk::PolicyRefusal;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// Why a page cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageError {
    /// The form cannot be read.
    BadForm,
    /// The desk refuses.
    Desk(DeskRefusal),
    /// The request names a host that is not this station.
    ForeignHost,
    /// The request was made by a page that is none of ours.
    ForeignOrigin,
    /// This person needs a security key and has none.
    KeyNeeded,
    /// A wrong name or PIN.
    LoginFailed,
    /// Too many wrong tries: an administrator has to unlock the name.
    LoginLocked,
    /// Too many wrong tries: seconds to wait.
    LoginWaits(u64),
    /// There is no such page.
    NotFound,
    /// A change of a person, or a security key, is refused: a code and the sentence for the log.
    People(&'static str, String),
    /// The policy desk refuses.
    Policy(PolicyRefusal),
    /// The page could not be made.
    Rendering,
    /// The form belongs to an earlier log-in.
    StaleForm,
    /// The desk does not answer.
    Stopping,
    /// Logged in, but as somebody else.
    WrongRole,
}

impl PageError {
    /// The code, to be read out over the telephone.
    pub fn code(&self) -> &'static str {
        self.parts().1
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.parts().0
    }

    /// Status, code, and the sentence for a language that has none of its own.
    fn parts(&self) -> (StatusCode, &'static str, String) {
        let (status, code, text) = match self {
            Self::Desk(refusal) => return (StatusCode::CONFLICT, refusal.code(), format!("{refusal}.")),
            Self::People(code, text) => return (StatusCode::CONFLICT, *code, text.clone()),
            Self::Policy(refusal) => return (StatusCode::CONFLICT, refusal.code(), format!("{refusal}.")),
            Self::BadForm => {
                (StatusCode::BAD_REQUEST, "P-01", "The form could not be read. Go back and send it again.")
            }
            Self::ForeignHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "P-02",
                "Open the station by its own address, as the administrator gave it.",
            ),
            Self::LoginFailed => (StatusCode::UNAUTHORIZED, "P-03", "Name or PIN is wrong. Try again."),
            Self::ForeignOrigin => (
                StatusCode::FORBIDDEN,
                "P-10",
                "This request came from another page. Open the station by its own address and repeat the step.",
            ),
            Self::KeyNeeded => (
                StatusCode::FORBIDDEN,
                "P-12",
                "This station asks for a security key besides the PIN. Have an administrator register yours.",
            ),
            Self::LoginLocked => (
                StatusCode::TOO_MANY_REQUESTS,
                "P-11",
                "Too many wrong tries. Ask an administrator to unlock this name.",
            ),
            Self::LoginWaits(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "P-04", "Too many wrong tries. Wait a while and try again.")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "P-05", "There is no such page. Go back to the start."),
            Self::Rendering => {
                (StatusCode::INTERNAL_SERVER_ERROR, "P-06", "The page could not be made. Load it again.")
            }
            Self::StaleForm => (
                StatusCode::FORBIDDEN,
                "P-07",
                "This page belongs to an earlier log-in. Load it again and repeat the step.",
            ),
            Self::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "P-08", "The station is stopping. Wait until it is back.")
            }
            Self::WrongRole => (
                StatusCode::FORBIDDEN,
                "P-09",
                "Your log-in is not for this page. Log out and log in with the other role.",
            ),
        };
        (status, code, text.to_owned())
    }

    /// What the sentence of the code leaves out: the place in a document, the field, the device.
    fn detail(&self, t: Locale<'_>) -> String {
        let refusal = match self {
            Self::Desk(refusal) => refusal,
            Self::Policy(PolicyRefusal::NotTaken(faults)) => return faults.to_string(),
            _ => return String::new(),
        };
        match refusal {
            DeskRefusal::Document(detail) | DeskRefusal::Store(detail) => detail.clone(),
            DeskRefusal::Field(name, why) => {
                t.word_or("error-field", &name.to_ascii_lowercase().replace(' ', "-"), &format!("{name}: {why}"))
            }
            DeskRefusal::NoDevice(name) => t.word_or("error-device", &name.replace(' ', "-"), name),
            _ => String::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    t: Locale<'a>,
    code: &'static str,
    sentence: String,
    detail: String,
    back: &'a str,
}

impl From<PeopleError> for PageError {
    fn from(error: PeopleError) -> Self {
        let code = match &error {
            PeopleError::Name => "P-20",
            PeopleError::Pin(_) => "P-21",
            PeopleError::Taken => "P-22",
            PeopleError::Nobody => "P-23",
            PeopleError::LastAdministrator => "P-24",
            PeopleError::Full | PeopleError::Unnoted => "P-25",
            PeopleError::TooManyKeys => "P-26",
            PeopleError::Code => "P-27",
            PeopleError::Key(_) => "P-28",
            PeopleError::Io(..) | PeopleError::File(_) | PeopleError::Damaged(..) | PeopleError::Hash(_) => "P-29",
        };
        if code == "P-28" || code == "P-29" {
            tracing::warn!(%error, code, "people");
        }
        Self::People(code, error.to_string())
    }
}

impl From<PolicyRefusal> for PageError {
    fn from(refusal: PolicyRefusal) -> Self {
        match refusal {
            PolicyRefusal::Stopping => Self::Stopping,
            refusal => {
                tracing::warn!(%refusal, code = refusal.code(), "the policy desk");
                Self::Policy(refusal)
            }
        }
    }
}

impl From<KeyError> for PageError {
    fn from(error: KeyError) -> Self {
        PeopleError::Key(error).into()
    }
}

/// The refusal travels with the answer; the language of the browser is known further out, in [`translated`].
impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let mut response = self.parts().0.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives an answer that carries a refusal its page; any other is left as it is.
pub fn translated(mut response: Response, t: Locale<'_>, back: &str) -> Response {
    let Some(error) = response.extensions_mut().remove::<PageError>() else { return response };
    let (status, code, text) = error.parts();
    let sentence = t.word_or("error", code, &text);
    match (ErrorPage { t, code, sentence, detail: error.detail(t), back }).render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(_) => response,
    }
}

/// Renders a template, or says that it cannot.
pub fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(e) => {
            tracing::error!(error = %e, "a page could not be rendered");
            PageError::Rendering.into_response()
        }
    }
}

/// Whatever no route knows.
pub async fn not_found() -> Response {
    PageError::NotFound.into_response()
}
