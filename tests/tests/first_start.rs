//! Whoever installs a station is led from its configuration to the first log-in, may stop anywhere, and goes on from there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use tests::process::{program, succeed};
use tests::{Setup, Station};

/// What is typed, whether it comes to its end, and what stands on the screen.
type Try = (String, bool, Vec<&'static str>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_station_is_led_to_its_first_log_in_and_a_stop_costs_nothing() {
    // Everything but the people of another station, whose intake and devices this one gets.
    let mut other = Setup::default().start().await;
    other.stop().await;
    let place = other.place();
    let invited = succeed("gatepost-intake", &["invite", "--data", &place.text("intake"), "--station", "S1"]);
    let said = |what: &str| invited.lines().find_map(|line| line.strip_prefix(what)).unwrap().trim().to_owned();
    let (code, authority) = (said("code "), said("authority "));
    fs::write(place.path("pin"), "864209\n").unwrap();
    let intake = format!("https://localhost:{}", place.provisioning);
    // As the package leaves it: a line that only this checkpoint can know.
    let whole = fs::read_to_string(place.config()).unwrap();
    place.replace("id = \"S1\"", "id = \"\"");
    let open = fs::read_to_string(place.config()).unwrap();
    let kept = "\n".repeat(6);
    let tries: [Try; 7] = [
        ("a name\n\n\n".into(), false, vec!["is not this checkpoint's yet", "the configuration is as it was"]),
        (
            format!("a name\n{kept}no\n"),
            false,
            vec!["Answer again?", "station.toml:5: the station's id needs", "the configuration is as it was"],
        ),
        (
            format!("?\n{kept}yes\nS1\n{kept}yes\n"),
            false,
            vec!["station    S1", "made the signing key", "nothing more was typed"],
        ),
        (format!("no\n{kept}\nno\n"), false, vec!["is written", "Is that this station?"]),
        (format!("yes\n{intake}\n{authority}\nAAAA-BBBB\n"), false, vec!["there already", "the intake refuses"]),
        (
            format!("yes\n{intake}\n{authority}\n{code}\nzarina\n"),
            true,
            vec!["SIMULATED", "added zarina as administrator", "6 of 6", "systemctl start gatepost"],
        ),
        ("yes\n".into(), true, vec!["it knows this station already", "zarina is one", "6 of 6"]),
    ];
    for (number, (typed, ends_well, shown)) in tries.into_iter().enumerate() {
        let (ended_well, said) = first_start(&other, &typed);
        assert_eq!(ended_well, ends_well, "{typed}{said}");
        for words in shown {
            assert!(said.contains(words), "{words} after {typed}{said}");
        }
        // Nothing is written that is not right as a whole, and then nothing but what was asked for.
        let expected = if number < 2 { &open } else { &whole };
        assert!(fs::read_to_string(place.config()).unwrap() == *expected, "{typed}{said}");
        assert!(!said.contains("864209") && !said.contains(&code), "{said}");
    }
}

/// What became of it, and everything that it wrote.
fn first_start(other: &Station, typed: &str) -> (bool, String) {
    let place = other.place();
    let mut child = Command::new(program("gatepost"))
        .env("CREDENTIALS_DIRECTORY", place.path("credentials"))
        .args(["first-start", "--config", &place.config().display().to_string(), "--data", &place.text("new")])
        .args(["--pin-file", &place.text("pin")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said.into_owned())
}
