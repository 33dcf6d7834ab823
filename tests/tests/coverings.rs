//! The promise: whoever covers their face may show it behind a screen, or to an officer of their choice: the case goes on
//! with that officer where it stood, the record says how and by whom the portrait was taken, and nobody else's name stands
//! under it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use serde_json::json;
use tests::station::{OFFICER, SECOND_OFFICER};
use tests::{Officer, Setup, people};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_covering_is_removed_where_and_before_whom_the_traveller_wants() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    for (seed, exception, signer) in
        [(90, "covering-removed-screen", OFFICER.0), (91, "covering-removed-chosen-officer", SECOND_OFFICER.0)]
    {
        let (mut officer, mut sim) = (station.officer().await, station.sim().await);
        let traveller = people::adult(seed);
        sim.arrive(&traveller).await;
        let case = officer.read(&traveller.lines).await.unwrap();
        officer.go_on().await.unwrap();
        if signer == SECOND_OFFICER.0 {
            // The first officer leaves the desk, and the case stays at it.
            officer.post("/logout", &[]).await.unwrap();
            officer = Officer::log_in_as(&station.place().address(), SECOND_OFFICER).await.unwrap();
            let view = officer.now();
            assert_eq!((view.step.as_str(), view.case.as_deref()), ("declare", Some(case.as_str())));
        }
        let view = officer.capture(&mut sim, &[("face_exception", exception)]).await.unwrap();
        assert_eq!(view.step, "summary", "{}", view.describe());
        officer.post("/officer/sign", &[]).await.unwrap();
        let left = officer.uploaded(&case).await.unwrap();
        assert_eq!(left.outcome, "enrolled-with-exceptions");
        let body = station.open(&left.record.unwrap().id).json;
        let said = [&body["officer"], &body["enrolment"]["face-exception"], &body["enrolment"]["signed-by"]];
        assert_eq!(said, [&json!(OFFICER.0), &json!(exception), &json!(signer)], "{:?}", body["enrolment"]);
    }
}
