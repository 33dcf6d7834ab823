//! What was owed before arrival, as `gatepost policy ask` and `explain` are told of it.

use super::CliError;
use clap::Args;
use domain::policy::{Pack, PreArrivalFacts};
use jiff::civil::DateTime;

/// What is told about the time before arrival.
#[derive(Args, Clone, Debug, Default)]
pub struct BeforeArgs {
    /// Local date and time at which the pre-arrival application was handed in
    #[arg(long, value_name = "LOCAL TIME")]
    pub applied: Option<DateTime>,
    /// The journey is an emergency
    #[arg(long)]
    pub emergency: bool,
    /// An exception before arrival that an officer states, such as visa=yes
    #[arg(long, value_name = "EXCEPTION=ANSWER")]
    pub states: Vec<String>,
}

impl BeforeArgs {
    /// The facts, if the pack knows every exception that is named.
    ///
    /// # Errors
    /// A word that is no exception of the pack with its answer.
    pub(super) fn facts(&self, pack: &Pack) -> Result<PreArrivalFacts, CliError> {
        let known: Vec<&str> =
            pack.pre_arrival.iter().flat_map(|rule| &rule.exceptions).map(|exception| exception.id.as_str()).collect();
        let stated = self.states.iter().map(|stated| match stated.split_once('=') {
            Some((id, answer @ ("yes" | "no"))) if known.contains(&id) => Ok((id.into(), answer == "yes")),
            _ => Err(CliError(format!(
                "--states is written EXCEPTION=yes or EXCEPTION=no; the pack has: {}",
                known.join(", ")
            ))),
        });
        let stated = stated.collect::<Result<Vec<_>, _>>()?;
        Ok(PreArrivalFacts { stated, emergency: self.emergency, applied: self.applied })
    }
}
