//! What was owed before arrival at a desk without devices.

use super::super::testing::{Place, anna, order, until};
use super::super::{Command, actor, keep, spawn};
use super::*;
use domain::policy::NumberError;
use domain::session::Outcome;
use store::format::{decode_body, encode_body};

fn noted(number: &str, exception: &str) -> Command {
    Command::BeforeArrival(Noted {
        kind: PreArrivalKind::Application,
        number: Personal::new(number.into()),
        exception: exception.into(),
        emergency: false,
    })
}

fn scan(text: &str) -> Command {
    Command::Scanned(Personal::new(text.into()))
}

/// What the page shows of the application: verdict, exception, whether shown, number, what the look-up says.
type Seen<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_typed_scanned_taken_back_or_left_out() {
    let place = Place::new();
    let (parts, _) = place.parts(Box::new(place.key()));
    let desk = spawn(parts);
    order(&desk, Command::New).await.unwrap();
    assert_eq!(order(&desk, noted("AB123456", "")).await, Err(DeskRefusal::NotNow), "no document yet");
    order(&desk, place.traveller(34)).await.unwrap();
    let (character, length) = (NumberError::Character, NumberError::Length);
    for (command, answer, seen) in [
        (None, Ok(()), ("ask", "", "not-known", "", None)),
        (
            Some(noted("https://ruid.example/AB123456", "none")),
            Err(DeskRefusal::Number(character)),
            ("ask", "", "not-known", "", None),
        ),
        (Some(noted("A-1", "")), Err(DeskRefusal::Number(length)), ("ask", "", "not-known", "", None)),
        (Some(noted("", "ticket")), Err(DeskRefusal::UnknownAnswer), ("ask", "", "not-known", "", None)),
        (Some(noted("", "none")), Ok(()), ("owed", "none", "not-shown", "", None)),
        (Some(noted(" ab12-3456 ", "")), Ok(()), ("owed", "none", "given", "AB123456", Some("offline"))),
        (Some(noted("", "none")), Ok(()), ("owed", "none", "not-shown", "", None)),
        (Some(scan("]Q1CD78-9012")), Ok(()), ("owed", "none", "given", "CD789012", Some("offline"))),
        (Some(noted("CD789012", "visa")), Ok(()), ("excepted", "visa", "given", "CD789012", Some("offline"))),
    ] as [(Option<Command>, Result<(), DeskRefusal>, Seen<'_>); 9]
    {
        let what = format!("{command:?}");
        if let Some(command) = command {
            assert_eq!(order(&desk, command).await, answer, "{what}");
        }
        until(&desk, &what, |panel| {
            let of = panel.before.iter().find(|of| of.kind == "application");
            of.is_some_and(|of| {
                !of.under_way && seen == (of.verdict, of.stated.as_str(), of.shown, of.number.as_str(), of.looked_up)
            })
        })
        .await;
    }
    // Nothing else is awaited: what is scanned now is for nobody.
    until(&desk, "the profile", |panel| panel.before.iter().any(|of| of.kind == "profile")).await;
    order(&desk, scan("PROFILE77")).await.unwrap();
    assert_eq!(order(&desk, scan("PROFILE78")).await, Err(DeskRefusal::NotNow));
    order(&desk, Command::Proceed).await.unwrap();
    until(&desk, "the next step, whatever was shown", |panel| panel.view.step == "declare").await;
}

/// Whoever is exempt has no number in the record, whatever was noted before that was known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_record_of_an_enrolment_carries_numbers() {
    const NUMBER: &str = "QZ84NUMBER";
    let place = Place::new();
    let (parts, _) = place.parts(Box::new(place.key()));
    let (mut desk, _inbox, _handle) = actor::assemble(parts);
    for (outcome, kind) in
        [(Outcome::Exempt, "exemption"), (Outcome::Cancelled, "closure"), (Outcome::Enrolled, "enrolment")]
    {
        desk.order(Command::New, anna()).await.unwrap();
        desk.order(place.traveller(34), anna()).await.unwrap();
        desk.order(noted(NUMBER, "none"), anna()).await.unwrap();
        let mut case = desk.at_desk.take().unwrap();
        case.claim = Some(("diplomat".into(), "accreditation-card".into()));
        if let Some(decided) = &mut case.decided {
            decided.ground = Some("diplomat".into());
        }
        let finished = keep::finish(&place.loaded, &mut case, outcome).unwrap();
        let body = encode_body(&finished.draft).unwrap();
        let json = decode_body(&body).unwrap().to_json();
        assert_eq!(json["kind"], kind);
        let carried = body.windows(NUMBER.len()).any(|bytes| bytes == NUMBER.as_bytes());
        assert_eq!(carried, outcome == Outcome::Enrolled, "{kind}");
        assert!(case.before.papers.is_empty(), "{kind}: forgotten with the case");
        if carried {
            assert_eq!(json["enrolment"]["application-number"], NUMBER);
            let [application, profile] = json["enrolment"]["before-arrival"].as_array().unwrap().as_slice() else {
                panic!("{json}")
            };
            assert_eq!((&application["verdict"], &application["shown"]), (&"owed".into(), &"given".into()));
            // The look-up had no time to answer.
            assert_eq!((&application["looked-up"], &application["timing"]), (&"unknown".into(), &"unknown".into()));
            assert_eq!((&profile["shown"], profile.get("looked-up")), (&"not-known".into(), None));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_of_whom_no_biometrics_are_due() {
    let place = Place::new();
    let (parts, _) = place.parts(Box::new(place.key()));
    let desk = spawn(parts);
    order(&desk, Command::New).await.unwrap();
    order(&desk, place.traveller(3)).await.unwrap();
    assert!(desk.panel().before.is_empty());
    for command in [noted("AB123456", ""), scan("AB123456")] {
        assert_eq!(order(&desk, command).await, Err(DeskRefusal::NotNow));
    }
}
