//! What an intake is for.

use clap::ValueEnum;
use serde::Deserialize;

/// Whether records are of real travellers. There is no default: somebody has to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// For trials: records of simulated devices are taken.
    Demonstration,
    /// For real travellers: records of simulated devices are refused.
    Production,
}

impl Mode {
    /// The word of the configuration.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Demonstration => "demonstration",
            Self::Production => "production",
        }
    }
}
