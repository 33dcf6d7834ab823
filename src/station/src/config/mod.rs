//! The station's configuration: `station.toml` and `thresholds.toml`.
//!
//! Unknown keys are refused, nothing legal has a default, and every fault is reported at once with its file and line.

mod accepted;
mod check;
mod escalation;
mod figures;
mod given;
mod lookup;
mod rules;
mod signed;
mod thresholds;

pub use accepted::Accepted;
pub use escalation::{Escalation, WhileWaiting};
pub use figures::{FiguresConfig, MetricsConfig};
pub use given::{Given, confirmed, print_of};
pub use lookup::Lookup;
pub use rules::{Look, RulesWatch};
pub use signed::{PackSignature, SignatureFault, SignedPack, judge, read as read_signed, sign, signature_file, verify};
pub use thresholds::{FingerLimits, SmallSensorLimits, Thresholds};

use domain::device::DeviceKind;
use quality::face::ModelDigest;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use store::{KeyFault, KeyPlace};

/// Everything that `station.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationConfig {
    /// Who and where this station is.
    pub station: Station,
    /// The pages.
    pub desk: Desk,
    /// Who may log in how.
    pub people: PeopleConfig,
    /// The traveller's display.
    #[serde(default)]
    pub display: Display,
    /// Who vouches for the clock.
    pub clock: ClockConfig,
    /// The rules.
    pub policy: Policy,
    /// Quality limits.
    pub quality: Quality,
    /// Where sealed records go.
    pub intake: Intake,
    /// Who is asked about what travellers owed before arrival; nobody, unless it is said.
    #[serde(default)]
    pub lookup: Lookup,
    /// Where the signing key is.
    #[serde(default)]
    pub keys: Keys,
    /// What happens when no supervisor comes; without it, the pages say that nothing is laid down.
    pub escalation: Option<Escalation>,
    /// Statistics of the shift.
    #[serde(default)]
    pub figures: FiguresConfig,
    /// Metrics for Prometheus; without it there are none.
    pub metrics: Option<MetricsConfig>,
    /// The laboratory override for devices below enrolment grade.
    pub laboratory: Option<Laboratory>,
    /// Devices by path or address. The station has no simulator mode: it meets a simulated device like any other.
    #[serde(default)]
    pub device: Vec<Device>,
}

/// Who and where this station is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    /// Name in records and case numbers: letters and digits.
    pub id: String,
    /// Identifier of the checkpoint in the policy pack.
    pub checkpoint: String,
    /// Whether the operator says that capture is technically possible here.
    pub technically_possible: bool,
    /// IANA time zone of the checkpoint: the local date decides.
    pub time_zone: String,
}

/// The pages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Desk {
    /// Address that people type, without a final slash; links use it.
    pub address: String,
    /// Loopback address and port to listen on.
    pub listen: SocketAddr,
    /// Language of the pages before anybody chose one.
    pub language: String,
    /// Show the live picture as in a mirror: for a screen that the traveller looks at too.
    #[serde(default)]
    pub mirrored: bool,
    /// Take fingers while the face is captured: camera and scanner are two devices that work at the same time.
    #[serde(default)]
    pub together: bool,
}

/// Who may log in how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleConfig {
    /// See [`Mode`].
    pub mode: Mode,
}

/// What people have to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A PIN, and a security key if they have one; the log-in page says so.
    Demonstration,
    /// A PIN and a security key.
    Production,
}

/// The traveller's display.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// For each language, the nationalities and issuing States (codes of Doc 9303) whose travellers are spoken to in it;
    /// everybody else is spoken to in the language of the desk. The officer may choose another.
    #[serde(default)]
    pub languages: BTreeMap<String, Vec<String>>,
}

impl Display {
    /// The language for a code of a State.
    pub fn language(&self, code: &str) -> Option<&str> {
        let speaks = |(_, codes): &(&String, &Vec<String>)| codes.iter().any(|known| known == code);
        self.languages.iter().find(speaks).map(|(language, _)| language.as_str())
    }
}

/// Who vouches for the clock.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockConfig {
    /// See [`ClockTrust`].
    pub trust: ClockTrust,
}

/// Who vouches for the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockTrust {
    /// Nobody; it is believed because this is a demonstration.
    Demonstration,
    /// Nobody: the officer confirms the date of every case.
    OfficerConfirms,
    /// A time daemon, asked through systemd.
    TimeDaemon,
}

/// The rules. A change of this section, of the pack or of its signature works without a restart.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The pack, relative to the configuration file. Its signature lies beside it, in a file of its name with `.sig`.
    pub pack: PathBuf,
    /// The public key of the authority that signs packs, relative to the configuration file.
    pub trust: PathBuf,
    /// Announced entries that the operator has confirmed.
    #[serde(default)]
    pub confirmed: Vec<Confirmed>,
}

/// An announced entry that the operator has confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// The entry of the pack.
    pub entry: String,
    /// Who confirmed it.
    pub who: String,
    /// When.
    pub when: String,
    /// On what basis.
    pub basis: String,
}

/// Quality limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// thresholds.toml, relative to the configuration file.
    pub thresholds: PathBuf,
    /// The face engine, by its name in `quality::face::ENGINES`.
    pub engine: String,
    /// Its model, relative to the configuration file.
    pub model: PathBuf,
    /// The SHA-256 that the model must have, 64 hexadecimal digits. An engine whose file the operator supplies (`yunet`)
    /// needs it.
    pub digest: Option<ModelDigest>,
    /// The engine that judges faces while that model is missing or altered. Without one no face is captured then.
    pub fallback: Option<FaceFallback>,
    /// NIST's forest for fingers (nist_plain_tir-ink of NFIQ 2), relative to the configuration file, where the operator
    /// has it. Without it the station's own scorer judges.
    pub forest: Option<PathBuf>,
}

/// A face engine that stands in for another.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceFallback {
    /// Its name in `quality::face::ENGINES`.
    pub engine: String,
    /// Its model, relative to the configuration file.
    pub model: PathBuf,
}

/// Where sealed records go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// Name of the upload target in the list: `https`.
    pub target: String,
    /// Its address: https://HOST:PORT.
    pub url: String,
    /// Thousands of bytes a second that the upload takes of the line at most; without it, all that there is.
    pub kilobytes_per_second: Option<u32>,
}

/// Where the station's signing key is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Keys {
    /// In a file, sealed by the passphrase.
    File {},
    /// In a TPM 2.0. A counter beside it shows at once when an old copy of the store was put back.
    Tpm {
        /// How to get to it, as tpm2-tss writes it: `device:/dev/tpmrm0`.
        tcti: String,
    },
}

impl Default for Keys {
    fn default() -> Self {
        Self::File {}
    }
}

impl Keys {
    /// Where keys are made and used.
    ///
    /// # Errors
    /// A TPM that does not answer, or a program without the feature `tpm`.
    pub fn place(&self) -> Result<KeyPlace, KeyFault> {
        match self {
            Self::File {} => Ok(KeyPlace::file()),
            Self::Tpm { tcti } => KeyPlace::tpm(tcti),
        }
    }
}

/// The laboratory override.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Laboratory {
    /// Why devices below enrolment grade may be used. It stands in every record and on the page.
    pub basis: String,
}

/// One device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Name in pages and logs.
    pub name: String,
    /// `camera`, `finger-scanner` or `document-reader`.
    pub kind: DeviceKind,
    /// Name in the factory list.
    pub driver: String,
    /// What the driver needs to know.
    pub settings: serde_json::Value,
}

/// One fault of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Which file.
    pub file: String,
    /// Which line, from 1, where known.
    pub line: Option<usize>,
    /// What is wrong and what to do.
    pub text: String,
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.text),
            None => write!(f, "{}: {}", self.file, self.text),
        }
    }
}

/// All faults of a configuration, told at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFaults(pub Vec<ConfigFault>);

impl fmt::Display for ConfigFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigFaults {}

/// The configuration with the files that it names, all read and checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// station.toml.
    pub config: StationConfig,
    /// The policy pack, with who signed it.
    pub rules: SignedPack,
    /// Why these are not the rules that the configuration names, where others stand in.
    pub instead_of: Option<ConfigFaults>,
    /// SHA-256 of the configured pack, hexadecimal, where an administrator has put a newer one into force at the page. It
    /// works until the configuration names another pack than that one.
    pub overtaken: Option<String>,
    /// Announced entries that count as confirmed: those of the configuration, and those confirmed at the page.
    pub confirmed: Vec<domain::policy::EntryConfirmation>,
    /// thresholds.toml.
    pub thresholds: Thresholds,
    /// SHA-256 of the text of thresholds.toml, hexadecimal.
    pub thresholds_digest: String,
    /// The checkpoint's time zone.
    pub zone: jiff::tz::TimeZone,
    /// Who scores fingers.
    pub scorer: quality::finger::Scorer,
}

impl Loaded {
    /// Reads station.toml and what it names; every fault of every file at once.
    pub fn read(path: &Path) -> Result<Self, ConfigFaults> {
        check::read(path, None)
    }

    /// The same for a station that starts: the pack that worked last stands in for one that is broken, unsigned or older.
    pub fn read_at_start(path: &Path, accepted: &Accepted, utc_ms: i64) -> Result<Self, ConfigFaults> {
        check::read(path, Some((accepted, utc_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_a_file_unless_the_configuration_says_otherwise() {
        let tpm = |tcti: &str| Some(Keys::Tpm { tcti: tcti.into() });
        for (text, expected) in [
            ("kind = \"file\"", Some(Keys::default())),
            ("kind = \"tpm\"\ntcti = \"device:/dev/tpmrm0\"", tpm("device:/dev/tpmrm0")),
            ("kind = \"tpm\"", None),
            ("kind = \"file\"\ntcti = \"device:/dev/tpmrm0\"", None),
            ("kind = \"tpm\"\ntcti = \"device:/dev/tpmrm0\"\npin = \"1234\"", None),
            ("kind = \"smartcard\"", None),
            ("tcti = \"device:/dev/tpmrm0\"", None),
        ] {
            assert_eq!(toml::from_str::<Keys>(text).ok(), expected, "{text}");
        }
    }
}
