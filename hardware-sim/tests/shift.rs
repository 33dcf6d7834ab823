//! The simulated shift against a small stand-in for the station's pages, which the test scripts.
//!
//! The stand-in checks what a station checks (log-in cookie, form secret, step) and watches the real simulated
//! devices: the document has to come over the reader's line, the finger has to lie on the sensor.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;
mod desk;

use clap::Parser;
use common::Simulation;
use desk::{Manners, StandIn};
use hardware_sim::shift::{self, ShiftArgs, ShiftError};
use serde_json::Value;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shift: ShiftArgs,
}

/// A shift of these scripts at a stand-in with these manners: how it ended, and its report.
async fn shift_of(scripts: &str, count: usize, manners: Manners) -> (Result<(), ShiftError>, Value, StandIn) {
    shift_with(&["--travellers", &count.to_string(), "--scripts", scripts], manners).await
}

/// A shift that plays a scenario with these cues.
async fn played(cues: &str) -> (Result<(), ShiftError>, Value, StandIn) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let head = "id = \"mine\"\ntitle = \"Mine\"\n[[traveller]]\nkind = \"adult\"\n";
    std::fs::write(&file, format!("{head}{cues}")).unwrap();
    shift_with(&["--scenario", &file.to_string_lossy()], Manners::default()).await
}

async fn shift_with(what: &[&str], manners: Manners) -> (Result<(), ShiftError>, Value, StandIn) {
    let simulation = Simulation::start(false, 0).await;
    if manners.takes_slaps {
        simulation.running.stage.expect_hands();
    }
    let station = StandIn::open(&simulation, manners).await;
    let report = simulation.path("report.json");
    let (control, to) = (simulation.path("control.sock"), report.to_string_lossy());
    let control = control.to_string_lossy();
    let where_to = ["shift", "--station", &station.address, "--control", &control, "--report", &to];
    let people = ["--officer", "anna:2468", "--supervisor", "boris:1357"];
    let cli = Cli::parse_from(where_to.iter().chain(&people).chain(what));
    let ended = shift::run(cli.shift).await;
    let report = std::fs::read(report).map(|bytes| serde_json::from_slice(&bytes).unwrap()).unwrap_or_default();
    (ended, report, station)
}

#[tokio::test(flavor = "multi_thread")]
async fn travellers_are_led_through_to_their_outcomes() {
    let scripts = "adult,belarus,bandaged-finger,diplomat-waiting,diplomat-confirmed,refuses,walks-away";
    let (ended, report, station) = shift_of(scripts, 7, Manners::default()).await;
    ended.unwrap();
    let outcomes: Vec<&str> =
        report["travellers"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect();
    let expected =
        ["enrolled", "exempt", "enrolled-with-exceptions", "in-review", "exempt", "refused-by-traveller", "cancelled"];
    assert_eq!(outcomes, expected);
    let adult = &report["travellers"][0];
    assert!(adult["receipt"].as_bool().unwrap() && adult["record_id"].as_str().unwrap().len() == 32);
    assert!(adult["human_ms"].as_u64().unwrap() > 15_000);
    let sum = ["machine_wait_ms", "device_transfer_ms", "human_ms"].iter().map(|key| adult[key].as_u64().unwrap());
    assert_eq!(adult["total_ms"].as_u64().unwrap(), sum.sum::<u64>());
    assert_eq!(report["travellers"][3]["receipt"], false, "a case in review has no record yet");
    assert_eq!(report["summary"]["unexpected"], 0);
    // The adult, the bandaged finger, and who walks away later; the others ended before.
    assert_eq!(station.declared(), ["", "missing-right-index=bandaged", ""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hands_are_put_down_and_put_down_again_as_a_slap_scanner_asks() {
    let manners = Manners { takes_slaps: true, ..Manners::default() };
    let (ended, _, station) = shift_of("bandaged-finger,walks-away", 2, manners).await;
    ended.unwrap();
    // The second traveller leaves when the right index is asked for with its hand.
    let slaps = [
        vec!["right-middle", "right-ring", "right-little"],
        vec!["left-index", "left-middle", "left-ring", "left-little"],
        vec!["right-thumb", "left-thumb"],
    ];
    let twice: Vec<Vec<&str>> = slaps.iter().flat_map(|slap| [slap.clone(), slap.clone()]).collect();
    assert_eq!(station.slaps(), twice);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_was_not_expected_is_an_error() {
    let manners = Manners { enrols_everybody: true, ..Manners::default() };
    let (ended, report, _) = shift_of("belarus", 1, manners).await;
    assert!(matches!(ended, Err(ShiftError::Unexpected(1, 1))), "{ended:?}");
    assert_eq!(report["travellers"][0]["outcome"], "enrolled");
    assert_eq!(report["summary"]["unexpected"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_that_did_not_come_is_noticed() {
    let (ended, ..) = shift_of("adult,seen-before", 2, Manners::default()).await;
    ended.unwrap();
    let manners = Manners { never_warns: true, ..Manners::default() };
    let (ended, ..) = shift_of("adult,seen-before", 2, manners).await;
    assert!(matches!(ended, Err(ShiftError::Unexpected(1, 2))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_pin_and_an_unknown_script_are_said_plainly() {
    let manners = Manners { knows_nobody: true, ..Manners::default() };
    let (ended, ..) = shift_of("adult", 1, manners).await;
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("officer") && error.contains("Name or PIN is wrong (U-01)"), "{error}");
    let (ended, ..) = shift_of("adlut", 1, Manners::default()).await;
    assert!(ended.unwrap_err().to_string().contains("there is no script adlut"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_acts_in_the_traveller_s_stead_and_must_be_used_up() {
    let cues = "[[cue]]\non = \"page asks for document\"\nhands_over = true\n\
                [[cue]]\non = \"reader sends\"\nturns = { yaw = 3 }\n\
                [[cue]]\non = \"page asks for left-index\"\nputs = [\"left-index\"]\n";
    let (ended, report, _) = played(cues).await;
    ended.unwrap();
    assert_eq!(report["travellers"][0]["outcome"], "enrolled");
    let (ended, report, _) = played("[[cue]]\non = \"page tells D-12\"\nmend = \"scanner\"\n").await;
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("not used up") && error.contains("line 5: on \"page tells D-12\""), "{error}");
    assert_eq!(report["summary"]["unexpected"], 0, "the travellers themselves were as expected");
}

#[test]
fn a_server_whose_scenario_is_not_used_up_ends_with_an_error() {
    use std::io::{BufRead, BufReader, Read};
    let folder = tempfile::tempdir().unwrap();
    for (scenario, fails) in [("dark-camera", true), ("ordinary-day", false)] {
        let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_gatepost-sim"))
            .args(["serve", scenario, "--camera-port", "0", "--page-port", "0", "--sensor", "64x48", "--dir"])
            .arg(folder.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        let id = rustix::process::Pid::from_child(&server);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let status = server.wait().unwrap();
        let mut said = String::new();
        server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(status.success(), !fails, "{scenario}: {said}");
        assert_eq!(said.contains("left are: line 9: on \"camera starts\""), fails, "{scenario}: {said}");
    }
}
