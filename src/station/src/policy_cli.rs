//! `gatepost policy`: asks the rules about one document without a traveller, and checks packs.
//!
//! Nothing of a document is echoed: neither in the answer, which holds codes and an age range, nor in an error.

mod answer;
mod ask;
mod before;
mod leaflet;
mod signing;
#[cfg(test)]
mod tests;

pub use ask::AskArgs;
pub use leaflet::{LeafletArgs, page as leaflet_page};
pub use signing::{KeygenArgs, SignArgs};

use crate::config::Loaded;
use crate::policy_desk::{AskFault, attestation, confirmation};
use answer::Answered;
use before::BeforeArgs;
use clap::{Args, Subcommand};
use domain::mrz;
use domain::policy::{
    Checkpoint, Direction, EntryConfirmation, Evidence, Facts, MAX_PACK_BYTES, Pack, before_arrival, decide,
};
use domain::units::StaffId;
use jiff::civil::DateTime;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

/// The pack that is asked when none is named.
const DEFAULT_PACK: &str = "ru-entry.toml";

/// Bytes read from standard input: many times what a machine readable zone has.
const MAX_INPUT_BYTES: u64 = 4096;

/// Who stands for a second person, the operator or a supervisor when the rules are asked from a command line.
const COMMAND_LINE: &str = "command-line";

/// `gatepost policy`.
#[derive(Clone, Debug, Subcommand)]
pub enum PolicyCommand {
    /// Tells what would be decided for facts, a date and a pack version
    Ask(Box<AskArgs>),
    /// Tells every fault of policy packs
    Check(CheckArgs),
    /// Makes a leaflet for travellers, as a page to print
    Leaflet(LeafletArgs),
    /// Makes a new key pair for signing policy packs
    Keygen(KeygenArgs),
    /// Signs a policy pack with the authority's key
    Sign(SignArgs),
    /// Tells what the rules say about a document, a date and a checkpoint, and why
    Explain(Box<ExplainArgs>),
}

/// What the rules say about a document, a date and a checkpoint.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// Local date and time at the checkpoint: 2025-12-24T03:00
    #[arg(long, value_name = "LOCAL TIME")]
    pub date: DateTime,
    /// The checkpoint: domodedovo, sheremetyevo, vnukovo, zhukovsky, mashtakovo, or any other identifier
    #[arg(long)]
    pub checkpoint: String,
    /// The machine readable zone, its lines separated by a line end or by \n; - reads it from standard input
    #[arg(long, value_name = "LINES", required_unless_present = "mrz_lines")]
    pub mrz: Option<Zone>,
    /// The machine readable zone, one argument a line
    #[arg(long, value_name = "LINE", num_args = 1.., conflicts_with = "mrz")]
    pub mrz_lines: Vec<Zone>,
    /// How the zone came to the station: reader or typed
    #[arg(long, default_value = "reader", value_parser = evidence)]
    pub evidence: Evidence,
    /// Direction of travel: entry, exit or transit
    #[arg(long, default_value = "entry", value_parser = direction)]
    pub direction: Direction,
    /// An exemption ground that an officer attests
    #[arg(long, value_name = "GROUND")]
    pub attest: Option<String>,
    /// A second person has confirmed the attestation
    #[arg(long, requires = "attest")]
    pub confirmed: bool,
    /// An officer's answer to a question of the rules, such as confirm-child=yes
    #[arg(long, value_name = "QUESTION=ANSWER")]
    pub answer: Vec<String>,
    /// A supervisor has ruled that biometrics are due
    #[arg(long)]
    pub ruled_due: bool,
    /// An announced entry that counts as confirmed
    #[arg(long, value_name = "ENTRY")]
    pub confirm_entry: Vec<String>,
    /// Capture is not technically possible at the checkpoint
    #[arg(long)]
    pub not_technically_possible: bool,
    #[command(flatten)]
    pub before: BeforeArgs,
    /// The policy pack; without it ru-entry.toml of $GATEPOST_CONFIG_DIR/policies, ./config/policies, the folder of the
    /// program, or /etc/gatepost/policies
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
    /// A station.toml whose pack is asked, and whose confirmations of announced entries count
    #[arg(long, value_name = "FILE", conflicts_with = "pack")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Checks policy packs.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The packs
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Public key of the authority: the signatures beside the packs are checked too
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
}

/// Lines of a machine readable zone from the command line. They are personal data and are not printed.
#[derive(Clone)]
pub struct Zone(String);

impl std::str::FromStr for Zone {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.replace("\\n", "\n")))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({} bytes)", self.0.len())
    }
}

/// Why a command gave no answer: a finished sentence that says what to do. The program ends with status 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CliError(pub String);

impl From<AskFault> for CliError {
    fn from(fault: AskFault) -> Self {
        Self(fault.text)
    }
}

impl CliError {
    /// The status that the program ends with.
    pub const EXIT: u8 = 2;
}

/// Carries out `gatepost policy`.
///
/// # Errors
/// Those of [`explain`] and [`check`].
pub fn run(command: PolicyCommand) -> Result<(), CliError> {
    match command {
        PolicyCommand::Ask(args) => ask::ask(&args),
        PolicyCommand::Check(args) => check(&args),
        PolicyCommand::Leaflet(args) => leaflet::leaflet(&args),
        PolicyCommand::Explain(args) => explain(&args),
        PolicyCommand::Keygen(args) => signing::keygen(&args),
        PolicyCommand::Sign(args) => signing::sign_pack(&args),
    }
}

/// `gatepost policy explain`.
///
/// # Errors
/// When the configuration, the pack or the machine readable zone cannot be read, or an argument names something that
/// the pack lacks.
pub fn explain(args: &ExplainArgs) -> Result<(), CliError> {
    let (pack, confirmed) = rules(args)?;
    let zone = zone(args, &mut io::stdin().lock())?;
    let text = answered(args, &pack, &zone, confirmed)?.text(args.json)?;
    writeln!(io::stdout().lock(), "{text}").map_err(|error| CliError(format!("cannot write the answer: {error}")))
}

/// `gatepost policy check`: every fault of every pack, as `file:line: text`.
///
/// # Errors
/// All faults, when there is one.
pub fn check(args: &CheckArgs) -> Result<(), CliError> {
    let (mut sound, mut faults) = (Vec::new(), Vec::new());
    for file in &args.files {
        let signed = args.trust.as_deref().map(|trust| signing::signed_by(file, trust)).transpose();
        match read_pack(file).and_then(|pack| Ok((pack, signed?))) {
            Ok((pack, signed)) => sound.push(format!(
                "{}: {}, {} entries, {} grounds{}",
                file.display(),
                pack.label(),
                pack.entries.len(),
                pack.grounds.len(),
                signed.unwrap_or_default()
            )),
            Err(CliError(text)) => faults.push(text),
        }
    }
    let mut out = io::stdout().lock();
    let written = sound.iter().try_for_each(|line| writeln!(out, "{line}"));
    written.map_err(|error| CliError(format!("cannot write the answer: {error}")))?;
    if faults.is_empty() { Ok(()) } else { Err(CliError(faults.join("\n"))) }
}

/// The pack, and the announced entries that a configuration confirms.
fn rules(args: &ExplainArgs) -> Result<(Pack, Vec<EntryConfirmation>), CliError> {
    match &args.config {
        Some(config) => {
            let loaded = Loaded::read(config).map_err(|faults| CliError(faults.to_string()))?;
            let confirmed = loaded.config.policy.confirmed.iter().map(EntryConfirmation::from).collect();
            Ok((loaded.rules.pack, confirmed))
        }
        None => Ok((read_pack(&pack_path(args.pack.as_deref())?)?, Vec::new())),
    }
}

fn answered(
    args: &ExplainArgs,
    pack: &Pack,
    zone: &str,
    mut confirmed: Vec<EntryConfirmation>,
) -> Result<Answered, CliError> {
    let mrz = mrz::parse(zone).map_err(|error| CliError(error.sentence()))?;
    let mut facts = Facts::from_mrz(&mrz, args.evidence);
    facts.direction = args.direction;
    facts.attestation =
        args.attest.as_deref().map(|ground| attestation(pack, ground, "", args.confirmed)).transpose()?;
    facts.ruled_due_by = args.ruled_due.then(|| StaffId(COMMAND_LINE.into()));
    for answer in &args.answer {
        let (question, answer) =
            answer.split_once('=').ok_or_else(|| CliError("--answer is written QUESTION=ANSWER".into()))?;
        facts.answers.set(question, answer).map_err(|error| CliError(format!("--answer {question}: {error}")))?;
    }
    for entry in &args.confirm_entry {
        confirmed.push(confirmation(pack, entry, args.date)?);
    }
    let checkpoint = Checkpoint { id: args.checkpoint.clone(), technically_possible: !args.not_technically_possible };
    let before = before_arrival(pack, &facts, &args.before.facts(pack)?, args.date, &confirmed);
    Ok(Answered::new(decide(pack, &facts, args.date, &checkpoint, &confirmed), before, args.date))
}

fn evidence(word: &str) -> Result<Evidence, String> {
    let read = |evidence: &Evidence| *evidence != Evidence::Manual;
    Evidence::from_id(word).filter(read).ok_or_else(|| "expected reader or typed".into())
}

fn direction(word: &str) -> Result<Direction, String> {
    Direction::from_id(word).ok_or_else(|| "expected entry, exit or transit".into())
}

/// The lines of the zone, from an argument or from standard input.
fn zone(args: &ExplainArgs, input: &mut dyn Read) -> Result<String, CliError> {
    match &args.mrz {
        Some(Zone(text)) if text == "-" => {
            let mut bytes = Vec::new();
            let read = input.take(MAX_INPUT_BYTES).read_to_end(&mut bytes);
            read.map_err(|error| CliError(format!("standard input cannot be read: {error}")))?;
            String::from_utf8(bytes).map_err(|_| CliError("standard input is not text".into()))
        }
        Some(Zone(text)) => Ok(text.clone()),
        None => Ok(args.mrz_lines.iter().map(|line| line.0.as_str()).collect::<Vec<_>>().join("\n")),
    }
}

fn pack_path(named: Option<&Path>) -> Result<PathBuf, CliError> {
    if let Some(path) = named {
        return Ok(path.into());
    }
    let configured = env::var_os("GATEPOST_CONFIG_DIR").map(|dir| PathBuf::from(dir).join("policies"));
    let here = PathBuf::from("config/policies");
    // A program that was just built lies in a folder below that of its configuration.
    let program = env::current_exe().ok();
    let beside = program.iter().flat_map(|program| program.ancestors().skip(1)).map(|dir| dir.join("config/policies"));
    let folders = configured.into_iter().chain([here]).chain(beside).chain([PathBuf::from("/etc/gatepost/policies")]);
    let mut packs = folders.map(|folder| folder.join(DEFAULT_PACK));
    packs.find(|path| path.is_file()).ok_or_else(|| CliError(format!("{DEFAULT_PACK} is not found; name it by --pack")))
}

fn read_pack(path: &Path) -> Result<Pack, CliError> {
    let file = path.display();
    let unreadable = |error: io::Error| CliError(format!("{file}: cannot be read: {error}"));
    let mut text = String::new();
    let limit = u64::try_from(MAX_PACK_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path).and_then(|open| open.take(limit).read_to_string(&mut text)).map_err(unreadable)?;
    Pack::parse(&text).map_err(|faults| {
        let told = faults.0.iter().map(|fault| match fault.line {
            Some(line) => format!("{file}:{line}: {}", fault.text),
            None => format!("{file}: {}", fault.text),
        });
        CliError(told.collect::<Vec<_>>().join("\n"))
    })
}
