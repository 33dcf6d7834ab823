//! The promise: a scanner that only sends the glass as it lies does as well as one that cuts and names fingers, and no
//! finger is taken for another one without a word.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use hardware_sim::shift::view::View;
use tests::{Officer, Setup, Sim, people};

const LEFT: [&str; 4] = ["left-index", "left-middle", "left-ring", "left-little"];
const RIGHT: [&str; 4] = ["right-index", "right-middle", "right-ring", "right-little"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_fingers_come_from_whole_slaps_and_what_is_wrong_is_told() {
    let station = Setup { whole_slaps: true, ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    let mut desk = Desk { officer: station.officer().await, sim: station.sim().await };
    let traveller = people::adult(31);
    desk.sim.arrive(&traveller).await;
    let case = desk.officer.read(&traveller.lines).await.unwrap();
    desk.officer.go_on().await.unwrap();
    desk.officer.post("/officer/declare", &[]).await.unwrap();

    // The other hand; a finger that does not touch; then the hand that was asked for.
    let told = desk.puts("right-four", &LEFT).await;
    assert_eq!((told.hint.as_deref(), told.hinted.len()), (Some("wrong-hand"), 0), "{}", told.describe());
    let told = desk.puts("right-four", &[RIGHT[0], RIGHT[1], RIGHT[3]]).await;
    assert_eq!(told.hint.as_deref(), Some("place-all-fingers"), "{}", told.describe());
    assert_eq!(told.hinted, ["right-ring"], "{}", told.describe());
    desk.puts("right-four", &RIGHT).await;
    desk.puts("left-four", &LEFT).await;
    // An index finger lies beside the thumb.
    let told = desk.puts("two-thumbs", &["right-thumb", "right-index"]).await;
    assert_eq!(told.hint.as_deref(), Some("same-finger"), "{}", told.describe());
    desk.puts("two-thumbs", &["right-thumb", "left-thumb"]).await;
    let end = desk.officer.take(&mut desk.sim).await.unwrap();
    assert_eq!(end.step, "summary", "{}", end.describe());
    for slot in &end.slots {
        assert_eq!(slot.state, "accepted", "{}: {}", slot.slot, end.describe());
    }
    desk.officer.post("/officer/sign", &[]).await.unwrap();
    assert_eq!(desk.officer.uploaded(&case).await.unwrap().outcome, "enrolled");

    let opened = station.open(&station.list()[0].record);
    let record = &opened.json["enrolment"];
    let attempts = record["attempts"].as_array().unwrap();
    let wrong = |slot: &str| -> Vec<&str> {
        let of_slot = attempts.iter().filter(|attempt| attempt["slot"] == slot);
        of_slot.filter_map(|attempt| attempt["wrong"].as_str()).collect()
    };
    assert_eq!(wrong("right-ring"), ["wrong-hand"]);
    assert_eq!(wrong("left-thumb"), ["same-finger"]);
    assert_eq!(record["fingers"].as_array().unwrap().len(), 10);
}

/// The officer, and the traveller's hands.
struct Desk {
    officer: Officer,
    sim: Sim,
}

impl Desk {
    /// Puts these fingers down when this slap is asked for. The view after they have been judged.
    async fn puts(&mut self, slap: &str, fingers: &[&str]) -> View {
        let asked = |view: &View| view.slot.as_deref() == Some(slap);
        let free = |view: &View| asked(view) && view.prompt.as_deref() == Some("place-fingers");
        let lift = |view: &View| asked(view) && view.prompt.as_deref() == Some("lift-fingers");
        let view = self.officer.until(slap, |view| free(view) || lift(view)).await.unwrap();
        if lift(&view) {
            self.sim.hand(&[]).await;
        }
        let view = self.officer.until(slap, free).await.unwrap();
        let attempts = view.attempts();
        let fingers: Vec<String> = fingers.iter().map(|finger| (*finger).to_owned()).collect();
        self.sim.hand(&fingers).await;
        let judged = |view: &View| view.attempts() > attempts || view.step != "capturing";
        self.officer.until("the hand to be judged", judged).await.unwrap()
    }
}
