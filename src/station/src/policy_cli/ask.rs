//! `gatepost policy ask`: what would have been decided, for facts, a date and a pack version, without any document.

use super::answer::Answered;
use super::before::BeforeArgs;
use super::{CliError, direction, pack_path, read_pack};
use crate::policy_desk::Asked;
use clap::Args;
use domain::policy::{Direction, Evidence, Pack};
use jiff::civil::DateTime;
use std::fs;
use std::path::PathBuf;

/// The most packs of a folder that are looked at for a version.
const MOST_PACKS: usize = 200;

/// Facts, a date, and a pack version.
#[derive(Args, Clone, Debug)]
pub struct AskArgs {
    /// Local date and time at the checkpoint: 2025-12-24T03:00
    #[arg(long, value_name = "LOCAL TIME")]
    pub date: DateTime,
    /// The checkpoint
    #[arg(long)]
    pub checkpoint: String,
    /// Nationality, a code of Doc 9303: KAZ
    #[arg(long, value_name = "CODE")]
    pub nationality: String,
    /// Issuing State; without it the nationality
    #[arg(long, value_name = "CODE")]
    pub issuer: Option<String>,
    /// Date of birth, XX for unknown parts: 2019-12-XX
    #[arg(long, value_name = "DATE")]
    pub born: String,
    /// Document code: P, PD
    #[arg(long, default_value = "P", value_name = "CODE")]
    pub document: String,
    /// How the facts came to the station: reader, typed or manual
    #[arg(long, default_value = "reader", value_parser = any_evidence)]
    pub evidence: Evidence,
    /// Direction of travel: entry, exit or transit
    #[arg(long, default_value = "entry", value_parser = direction)]
    pub direction: Direction,
    /// An exemption ground that an officer attests
    #[arg(long, value_name = "GROUND")]
    pub attest: Option<String>,
    /// Kind of the evidence that the officer has seen; without it the first that the pack lists
    #[arg(long, value_name = "EVIDENCE", requires = "attest")]
    pub shown_by: Option<String>,
    /// A second person has confirmed the attestation
    #[arg(long, requires = "attest")]
    pub confirmed: bool,
    /// An officer's answer to a question of the rules, such as confirm-child=yes
    #[arg(long, value_name = "QUESTION=ANSWER")]
    pub answer: Vec<String>,
    /// Nationality of a document that was shown before, perhaps with how it was read: BLR:typed
    #[arg(long, value_name = "CODE")]
    pub other: Vec<String>,
    /// A field whose check digit does not hold: birth-date, document-number, expiry-date, personal-number, composite
    #[arg(long, value_name = "FIELD")]
    pub failed: Vec<String>,
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
    /// The policy pack; without it as for `explain`
    #[arg(long, value_name = "FILE")]
    pub pack: Option<PathBuf>,
    /// A folder of packs, one of which has the version
    #[arg(long, value_name = "FOLDER", requires = "pack_version", conflicts_with = "pack")]
    pub packs: Option<PathBuf>,
    /// Identifier and version of a pack of the folder: "ru-entry 2026.1"
    #[arg(long, value_name = "LABEL", requires = "packs")]
    pub pack_version: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Prints the answer.
pub(super) fn ask(args: &AskArgs) -> Result<(), CliError> {
    println!("{}", answer(args)?);
    Ok(())
}

fn answer(args: &AskArgs) -> Result<String, CliError> {
    let pack = pack(args)?;
    let (question, told) = (asked(args)?.question(&pack)?, args.before.facts(&pack)?);
    Answered::new(question.ask(&pack), question.before_arrival(&pack, &told), args.date).text(args.json)
}

/// The words of the command line.
fn asked(args: &AskArgs) -> Result<Asked, CliError> {
    let answer = |word: &String| {
        let parts = word.split_once('=').map(|(question, answer)| (question.into(), answer.into()));
        parts.ok_or_else(|| CliError("--answer is written QUESTION=ANSWER".into()))
    };
    Ok(Asked {
        date: args.date.to_string(),
        checkpoint: args.checkpoint.clone(),
        not_possible: args.not_technically_possible,
        evidence: args.evidence.id().into(),
        nationality: args.nationality.clone(),
        issuer: args.issuer.clone().unwrap_or_default(),
        document: args.document.clone(),
        born: args.born.clone(),
        failed: args.failed.clone(),
        others: args.other.clone(),
        direction: args.direction.id().into(),
        ground: args.attest.clone().unwrap_or_default(),
        shown_by: args.shown_by.clone().unwrap_or_default(),
        confirmed: args.confirmed,
        answers: args.answer.iter().map(answer).collect::<Result<_, _>>()?,
        ruled_due: args.ruled_due,
        confirmed_entries: args.confirm_entry.clone(),
    })
}

/// The pack that is named, or the one of a folder that has the version.
fn pack(args: &AskArgs) -> Result<Pack, CliError> {
    let (Some(folder), Some(version)) = (&args.packs, &args.pack_version) else {
        return read_pack(&pack_path(args.pack.as_deref())?);
    };
    let unreadable = |error: std::io::Error| CliError(format!("{}: cannot be read: {error}", folder.display()));
    let files = fs::read_dir(folder).map_err(unreadable)?.take(MOST_PACKS).filter_map(Result::ok);
    let mut known = Vec::new();
    for file in files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        // A broken pack beside the wanted one is no reason to give no answer.
        let Ok(pack) = read_pack(&file) else { continue };
        if pack.label() == *version {
            return Ok(pack);
        }
        known.push(pack.label());
    }
    known.sort();
    Err(CliError(format!("--pack-version: the folder has no pack \"{version}\"; it has: {}", known.join(", "))))
}

fn any_evidence(word: &str) -> Result<Evidence, String> {
    Evidence::from_id(word).ok_or_else(|| "expected reader, typed or manual".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: AskArgs,
    }

    fn say(more: &[&str]) -> Result<serde_json::Value, CliError> {
        let folder = format!("{}/../../config/policies", env!("CARGO_MANIFEST_DIR"));
        let fixed = ["ask", "--checkpoint", "vnukovo", "--json", "--packs", &folder];
        let line = Line::try_parse_from(fixed.into_iter().chain(more.iter().copied())).unwrap();
        answer(&line.args).map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn the_same_facts_are_asked_of_any_date_and_pack() {
        let (ru, eu) = ("ru-entry 2026.1", "eu-ees 2026.1");
        let child = ["--nationality", "KAZ", "--born", "2020-02-29", "--date"];
        for (pack, more, decision, takes, ground) in [
            (ru, [&child[..], &["2026-02-28T12:00"]].concat(), "exempt", 0, Some("under-six")),
            (ru, [&child[..], &["2026-03-01T12:00"]].concat(), "required", 2, None),
            (ru, [&child[..], &["2026-03-01T12:00", "--direction", "exit"]].concat(), "no-rule", 0, None),
            (eu, [&child[..], &["2026-03-01T12:00"]].concat(), "required", 1, Some("under-twelve")),
            (ru, [&child[..], &["2026-02-28T12:00", "--failed", "birth-date"]].concat(), "ask-supervisor", 0, None),
            (ru, [&child[..], &["2026-03-01T12:00", "--other", "BLR"]].concat(), "ask-supervisor", 0, None),
            (eu, [&child[..], &["2032-03-01T12:00"]].concat(), "required", 2, None),
        ] {
            let answer = say(&[&more[..], &["--pack-version", pack]].concat()).unwrap();
            assert_eq!(answer["decision"], decision, "{pack} {more:?}");
            assert_eq!(answer["takes"].as_array().unwrap().len(), takes, "{pack} {more:?}");
            assert_eq!((answer["ground"].as_str(), answer["pack"].as_str()), (ground, Some(pack)), "{more:?}");
        }
        let none = say(&[&child[..], &["2026-03-01T12:00", "--pack-version", "ru-entry 1"]].concat()).unwrap_err();
        assert!(none.to_string().contains("eu-ees 2026.1, kz-entry 2026.1, ru-entry 2026.1"), "{none}");
    }

    #[test]
    fn who_owes_what_before_arrival_is_said_with_the_moments() {
        let ru = ["--pack-version", "ru-entry 2026.1", "--date", "2026-03-15T12:00", "--nationality"];
        let adult = ["KAZ", "--born", "1985-01-01"];
        let free = ["--states", "visa=no", "--states", "resident=no"];
        for (more, verdict, exception, timing) in [
            ([&adult[..], &free].concat(), "owed", None, Some("unknown")),
            ([&adult[..], &free, &["--applied", "2026-03-12T12:00"]].concat(), "owed", None, Some("in-time")),
            ([&adult[..], &free, &["--applied", "2026-03-14T12:00"]].concat(), "owed", None, Some("late")),
            (
                [&adult[..], &free, &["--applied", "2026-03-14T12:00", "--emergency"]].concat(),
                "owed",
                None,
                Some("in-time"),
            ),
            ([&adult[..], &free, &["--applied", "2025-12-01T12:00"]].concat(), "owed", None, Some("too-early")),
            ([&adult[..], &["--states", "visa=yes"]].concat(), "excepted", Some("visa"), None),
            (adult.to_vec(), "ask", None, Some("unknown")),
            (vec!["BLR", "--born", "1985-01-01"], "excepted", Some("belarus"), None),
            (vec!["RUS", "--born", "1985-01-01"], "not-in-scope", None, None),
        ] {
            let answer = say(&[&ru[..], &more].concat()).unwrap();
            let [before] = answer["before_arrival"].as_array().unwrap().as_slice() else { panic!("{answer}") };
            assert_eq!((&before["kind"], &before["verdict"]), (&"application".into(), &verdict.into()), "{more:?}");
            assert_eq!((before["exception"].as_str(), before["timing"].as_str()), (exception, timing), "{more:?}");
            let window = matches!(verdict, "ask" | "owed");
            let moments = ["not_before", "not_after", "in_an_emergency"].map(|key| before["moments"][key].as_str());
            let expected = ["2025-12-15T12:00:00", "2026-03-12T12:00:00", "2026-03-15T08:00:00"];
            assert_eq!(moments, expected.map(|moment| Some(moment).filter(|_| window)), "{more:?}");
            assert!(before["sources"][0]["cite"].as_str().is_some_and(|cite| !cite.is_empty()));
        }
        let unknown = say(&[&ru[..], &adult[..], &["--states", "ticket=yes"]].concat()).unwrap_err();
        assert!(unknown.to_string().contains("the pack has: visa, resident"), "{unknown}");
    }
}
