//! The command line as it is typed.

use super::*;
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: PolicyCommand,
}

/// The specimen of Doc 9303-4, and the same with another nationality and issuing State: the check digits do not cover
/// them.
const SPECIMEN: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
const WRONG_DIGIT: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\\nL898902C37UTO7408122F1204159ZE184226B<<<<<10";

fn pack_file() -> String {
    format!("{}/../../config/policies/ru-entry.toml", env!("CARGO_MANIFEST_DIR"))
}

fn args(more: &[&str]) -> ExplainArgs {
    let pack = pack_file();
    let fixed = ["policy", "explain", "--date", "2025-12-24T03:00", "--checkpoint", "mashtakovo", "--pack", &pack];
    let line = Line::try_parse_from(fixed.into_iter().chain(more.iter().copied()));
    match line.map(|line| line.command) {
        Ok(PolicyCommand::Explain(args)) => *args,
        Ok(_) => panic!("not an explanation"),
        Err(error) => panic!("{error}"),
    }
}

fn ask(zone_text: &str, more: &[&str]) -> Result<serde_json::Value, CliError> {
    let args = args(&[&["--mrz", "-"], more].concat());
    let (pack, confirmed) = rules(&args)?;
    let zone = zone(&args, &mut zone_text.replace("\\n", "\n").as_bytes())?;
    let json = answered(&args, &pack, &zone, confirmed)?.text(true)?;
    Ok(serde_json::from_str(&json).expect("its own JSON"))
}

#[test]
fn questions_verdicts_and_grounds_come_out_as_plain_text() {
    let belarus = SPECIMEN.replace("UTO", "BLR");
    let diplomat = ["--attest", "diplomat"];
    let confirmed = ["--attest", "diplomat", "--confirmed"];
    for (zone, more, decision, ground, question) in [
        (SPECIMEN, &[][..], "required", None, None),
        (&belarus, &[], "exempt", Some("belarus"), None),
        (&belarus, &["--evidence", "typed"], "ask-supervisor", None, Some("confirm-nationality")),
        (&belarus, &["--evidence", "typed", "--answer", "confirm-nationality=yes"], "exempt", Some("belarus"), None),
        (SPECIMEN, &diplomat, "ask-supervisor", Some("diplomat"), Some("confirm-attestation")),
        (SPECIMEN, &confirmed, "exempt", Some("diplomat"), None),
        (WRONG_DIGIT, &[], "ask-supervisor", None, Some("read-again")),
        (WRONG_DIGIT, &["--ruled-due"], "required", None, None),
        (SPECIMEN, &["--direction", "exit"], "no-rule", None, Some("no-rule")),
        (&SPECIMEN.replace("UTO", "RUS"), &[], "not-in-scope", None, None),
    ] {
        let answer = ask(zone, more).unwrap();
        assert_eq!(answer["decision"], decision, "{more:?}");
        assert_eq!(answer["ground"].as_str(), ground, "{more:?}");
        assert_eq!(answer["question_id"].as_str(), question, "{more:?}");
        assert_eq!(answer["question"].is_string(), question.is_some(), "{more:?}");
    }
}

#[test]
fn the_entry_of_2026_counts_once_it_is_confirmed() {
    for (confirm, decision) in [(&[][..], "ask-supervisor"), (&["--confirm-entry", "all-checkpoints-2026"], "required")]
    {
        let mut args = args(&[&["--mrz", SPECIMEN], confirm].concat());
        args.date = "2026-08-01T12:00".parse().unwrap();
        let (pack, confirmed) = rules(&args).unwrap();
        let zone = zone(&args, &mut std::io::empty()).unwrap();
        let json = answered(&args, &pack, &zone, confirmed).unwrap().text(true).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["decision"], &json["entry"]), (&decision.into(), &"all-checkpoints-2026".into()));
    }
}

#[test]
fn bad_input_is_refused_without_echo() {
    let long = "X".repeat(200);
    for (zone, more, says) in [
        ("", &[][..], ""),
        (&long, &[], ""),
        (&SPECIMEN.replace("740812", "74O812"), &[], ""),
        (SPECIMEN, &["--attest", "astronaut"], "the pack has belarus, under-six, diplomat"),
        (SPECIMEN, &["--confirm-entry", "experiment-2024-12"], "the pack has all-checkpoints-2026"),
        (SPECIMEN, &["--answer", "confirm-child"], "QUESTION=ANSWER"),
        (SPECIMEN, &["--answer", "confirm-child=perhaps"], "yes or no"),
        (SPECIMEN, &["--answer", "colour=red"], "no such question"),
    ] {
        let error = ask(zone, more).unwrap_err().to_string();
        assert!(error.contains(says) && !error.is_empty(), "{more:?}: {error}");
        for personal in ["ERIKSSON", "L898902C3", "XXXX"] {
            assert!(!error.contains(personal), "{error}");
        }
    }
}

#[test]
fn lines_of_a_zone_come_in_any_form_and_are_not_printed() {
    let lines: Vec<&str> = SPECIMEN.split("\\n").collect();
    let real = SPECIMEN.replace("\\n", "\n");
    for form in [vec!["--mrz", SPECIMEN], vec!["--mrz", &real], vec!["--mrz-lines", lines[0], lines[1]]] {
        let args = args(&form);
        assert_eq!(zone(&args, &mut std::io::empty()).unwrap(), real, "{}", form[0]);
        assert!(!format!("{args:?}").contains("ERIKSSON"));
    }
    // A line too many is told by the reader of the zone, which does not echo it.
    let four = args(&["--mrz-lines", lines[0], lines[1], lines[0], lines[1]]);
    assert!(mrz::parse(&zone(&four, &mut std::io::empty()).unwrap()).is_err());
    let mut not_text = &[0xff, 0xfe][..];
    assert!(zone(&args(&["--mrz", "-"]), &mut not_text).is_err());
}

#[test]
fn packs_are_checked_with_file_and_line() {
    let sound = CheckArgs { files: vec![pack_file().into()], trust: None };
    assert_eq!(check(&sound), Ok(()));
    let dir = tempfile::tempdir().unwrap();
    let broken = dir.path().join("broken.toml");
    let text = std::fs::read_to_string(pack_file()).unwrap();
    std::fs::write(&broken, text.replacen("valid_to = 2026-06-30T23:59", "valid_to = 2020-06-30T23:59", 1)).unwrap();
    let files = vec![pack_file().into(), broken, dir.path().join("absent.toml")];
    let told = check(&CheckArgs { files, trust: None }).unwrap_err().to_string();
    assert!(told.contains("broken.toml:") && told.contains("the dates are inverted"), "{told}");
    assert!(told.contains("absent.toml: cannot be read"), "{told}");
}

#[test]
fn the_readable_answer_says_the_same() {
    let args = args(&["--mrz", SPECIMEN]);
    let (pack, confirmed) = rules(&args).unwrap();
    let zone = zone(&args, &mut std::io::empty()).unwrap();
    let text = answered(&args, &pack, &zone, confirmed).unwrap().text(false).unwrap();
    for line in [
        "Decision:   biometrics are required",
        "Entry:      where-possible-2025-12",
        "Pack:       ru-entry 2026.1",
        "Before:     pre-arrival application: a question is open",
        "By:         2025-12-21T03:00:00, 72 hours before arrival",
        "Emergency:  by 2025-12-23T23:00:00, 4 hours before arrival",
        "Not before: 2025-09-25T03:00:00, 90 days before arrival",
        "Source:     Reports on the electronic application",
        "Note:       What is missing or late is noted; it is no ground to refuse entry",
    ] {
        assert!(text.contains(line), "{text}");
    }
}
