//! Asks somebody else about the number of a pre-arrival application or a digital profile. What they say is advice: it is
//! shown to the officer and stands in the record, and nothing waits for it.
//!
//! A way to look up is one file in this folder and one line in [`LOOKUPS`]. However slow or talkative the other end is,
//! [`Lookups`] waits for [`PATIENCE`] at most and asks about [`AT_ONCE`] numbers at a time.

mod https;
mod offline;
mod setup;

pub use setup::{faults, open};

use domain::guarded::Personal;
use domain::policy::PreArrivalKind;
use domain::record::LookedUp;
use rustls::ClientConfig;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::Semaphore;

/// How long an answer may take. The officer goes on meanwhile; later than this nobody looks at it any more (own value).
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Numbers that are asked about at one time. An officer can hardly give a second before the first is answered.
pub const AT_ONCE: usize = 4;

/// What is asked.
#[derive(Debug)]
pub struct Inquiry {
    /// What the number is of.
    pub kind: PreArrivalKind,
    /// The number, as the parser leaves it.
    pub number: Personal<String>,
    /// Issuing State of the document that the traveller showed.
    pub issuing_state: String,
    /// Its number.
    pub document_number: Personal<String>,
}

/// What is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// In a word.
    pub says: LookedUp,
    /// When an application was handed in, where that was said: UTC, milliseconds since 1970.
    pub handed_in_ms: Option<i64>,
}

impl Answer {
    /// An answer without a time.
    pub const fn only(says: LookedUp) -> Self {
        Self { says, handed_in_ms: None }
    }
}

/// Somebody who can be asked.
pub trait Lookup: Send + Sync {
    /// Asks. Whatever goes wrong is [`LookedUp::Unknown`].
    fn ask<'a>(&'a self, inquiry: &'a Inquiry) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;
}

/// What a look-up is made of.
pub struct Parts<'a> {
    /// As `[lookup] url` says; empty where it says nothing.
    pub url: &'a str,
    /// This station's side of the connection.
    pub tls: ClientConfig,
}

/// Makes a way to look up.
pub struct LookupFactory {
    /// Name in the configuration.
    pub name: &'static str,
    /// It goes over the network: the configuration says where to, and whom to trust there.
    pub connects: bool,
    /// Makes it.
    pub make: fn(Parts<'_>) -> Result<Box<dyn Lookup>, String>,
}

/// Every way there is.
pub const LOOKUPS: &[LookupFactory] = &[https::HTTPS, offline::OFFLINE];

/// The way of this name.
pub fn find(name: &str) -> Option<&'static LookupFactory> {
    LOOKUPS.iter().find(|factory| factory.name == name)
}

/// The configured way, with its limits.
pub struct Lookups {
    lookup: Box<dyn Lookup>,
    patience: Duration,
    room: Semaphore,
}

impl Lookups {
    /// Limits to this way.
    pub fn new(lookup: Box<dyn Lookup>) -> Self {
        Self { lookup, patience: PATIENCE, room: Semaphore::new(AT_ONCE) }
    }

    /// The way that asks nobody.
    pub fn offline() -> Self {
        Self::new(Box::new(offline::Offline))
    }

    /// Asks, and gives up after a while.
    pub async fn ask(&self, inquiry: &Inquiry) -> Answer {
        let Ok(_turn) = self.room.try_acquire() else { return Answer::only(LookedUp::Unknown) };
        let asked = tokio::time::timeout(self.patience, self.lookup.ask(inquiry));
        asked.await.unwrap_or(Answer::only(LookedUp::Unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Somebody who never answers.
    struct Silent;

    impl Lookup for Silent {
        fn ask<'a>(&'a self, _: &'a Inquiry) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
            Box::pin(std::future::pending())
        }
    }

    fn inquiry() -> Inquiry {
        Inquiry {
            kind: PreArrivalKind::Application,
            number: Personal::new("AB123456".into()),
            issuing_state: "UTO".into(),
            document_number: Personal::new("L898902C3".into()),
        }
    }

    #[test]
    fn each_way_has_its_own_name() {
        let names: Vec<&str> = LOOKUPS.iter().map(|factory| factory.name).collect();
        assert_eq!(names, ["https", "offline"]);
        assert!(find("telephone").is_none());
    }

    /// The clock is tokio's own, which goes on by itself when nothing else does.
    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_longer_and_no_more_are_asked_at_once() {
        let lookups = Arc::new(Lookups::new(Box::new(Silent)));
        let before = tokio::time::Instant::now();
        let waiting: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let lookups = lookups.clone();
                tokio::spawn(async move { lookups.ask(&inquiry()).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(lookups.ask(&inquiry()).await, Answer::only(LookedUp::Unknown));
        assert_eq!(before.elapsed(), Duration::ZERO, "one more is answered at once");
        for answer in waiting {
            assert_eq!(answer.await.unwrap(), Answer::only(LookedUp::Unknown));
        }
        assert_eq!(before.elapsed(), PATIENCE);
        let offline = Lookups::offline().ask(&inquiry()).await;
        assert_eq!(offline, Answer::only(LookedUp::Offline));
    }
}
