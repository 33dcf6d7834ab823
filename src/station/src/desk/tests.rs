//! The desk in this process, without devices: what waits too long is forgotten, and a chip that never answers stops nothing
//! but the records that it should sign.

use super::testing::{FOR_EVER, Place, anna, chip, order, portrait, until};
use super::*;
use domain::guarded::Biometric;
use std::time::Duration;
use store::PatientSigner;
use tokio::time::timeout;

/// A case that was cancelled, whose record is about to be signed.
async fn record_to_keep(desk: &DeskHandle) {
    order(desk, Command::New).await.unwrap();
    order(desk, Command::Cancel).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chip_that_hangs_holds_up_neither_the_desk_nor_the_store() {
    let place = Place::new();
    let (chip, go_on) = chip(place.key());
    let (parts, keeper) = place.parts(Box::new(chip));
    let desk = spawn(parts);
    record_to_keep(&desk).await;

    // Nobody has told it to go on: the record is being signed until the end of this test.
    assert_eq!(order(&desk, Command::New).await, Err(DeskRefusal::DeskBusy), "the desk answers");
    let waiting = tokio::task::spawn_blocking(move || {
        let mut outbox = keeper.outbox();
        (outbox.pending(9).unwrap().len(), outbox.stats().open_cases, keeper.queued())
    });
    assert_eq!(timeout(FOR_EVER, waiting).await.unwrap().unwrap(), (0, 1, 0), "the upload has the store");
    assert_eq!(desk.panel().view.step, "keeping");

    go_on.send(()).unwrap();
    let panel = until(&desk, "the record", |panel| panel.view.step == "closed").await;
    assert!(panel.view.record.as_ref().is_some_and(|record| record.queued), "and nothing was lost");
    order(&desk, Command::New).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_officer_is_told_of_a_chip_that_hangs_and_the_record_is_kept_when_it_speaks() {
    let place = Place::new();
    let (chip, go_on) = chip(place.key());
    let signer = PatientSigner::new(Box::new(chip), Duration::from_millis(50)).unwrap();
    let (parts, _) = place.parts(Box::new(signer));
    let desk = spawn(parts);
    record_to_keep(&desk).await;
    let panel = until(&desk, "the fault", |panel| panel.view.fault.is_some()).await;
    let fault = panel.view.fault.clone().unwrap();
    assert!(fault.text.contains("The record waits") && fault.text.contains("S-15"), "{}", fault.text);
    assert_eq!(order(&desk, Command::New).await, Err(DeskRefusal::DeskBusy), "the desk answers");

    // As many answers as it likes to give from now on.
    (0..1000).for_each(|_| go_on.send(()).unwrap());
    until(&desk, "the record", |panel| panel.view.step == "closed" && panel.queued == 1).await;
    order(&desk, Command::New).await.unwrap();
}

/// The clock is tokio's own, which is passed on by hand.
#[tokio::test(start_paused = true)]
async fn what_waits_for_a_supervisor_is_forgotten_after_a_day_and_not_before() {
    let place = Place::new();
    let (parts, keeper) = place.parts(Box::new(place.key()));
    let (mut assembled, inbox, desk) = actor::assemble(parts);
    assembled.order(Command::New, anna()).await.unwrap();
    assembled.order(place.traveller(34), anna()).await.unwrap();
    let case = assembled.at_desk.as_mut().unwrap();
    let number = case.number().clone();
    case.samples.offer_face(portrait(), 1, true);
    let claims = assembled.claims(assembled.at_desk.as_ref().unwrap());
    let (ground, evidence) = (claims[0].ground.clone(), claims[0].evidence[0].clone());
    assembled.order(Command::Claim { ground, evidence, family_of: None }, anna()).await.unwrap();
    tokio::spawn(assembled.run(inbox));
    let picture = || timeout(FOR_EVER, desk.sample(number.clone(), Slot::Face, None));

    tokio::time::sleep(waiting::LONGEST_WAIT - waiting::LOOK).await;
    assert_eq!(desk.panel().view.parked.len(), 1);
    assert_eq!(picture().await.unwrap(), Some(("image/jpeg", Biometric::new(vec![7; 4096]))), "the supervisor sees it");
    tokio::time::sleep(waiting::LOOK * 2).await;
    assert!(desk.panel().view.parked.is_empty());
    assert_eq!(picture().await.unwrap(), None);
    let ended = desk.panel().view.recent.iter().find(|recent| recent.case == number).map(|recent| recent.outcome);
    assert_eq!(ended, Some(domain::session::Outcome::Interrupted));
    assert_eq!(keeper.outbox().stats().open_cases, 0, "a later start does not find it open");
    let trail = std::fs::read_dir(place.at("store/audit")).unwrap();
    let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    assert!(trail.contains("review-forgotten") && trail.contains("too-old"), "{trail}");
}
