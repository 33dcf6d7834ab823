//! The section `[lookup]`.

use serde::Deserialize;
use std::path::PathBuf;

/// Who is asked about the number of a pre-arrival application or a digital profile. What they say is advice.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Name of the way in the list: `offline` or `https`.
    pub with: String,
    /// The authority's address: https://HOST:PORT.
    pub url: Option<String>,
    /// The certificate (PEM) of whoever vouches for the authority, relative to the configuration file. This station shows
    /// the certificate that it has from its intake.
    pub trust: Option<PathBuf>,
}

impl Default for Lookup {
    fn default() -> Self {
        Self { with: "offline".into(), url: None, trust: None }
    }
}
