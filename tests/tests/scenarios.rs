//! The promise: whatever comes over the wire or stands before the camera, the desk goes on. Shipped scenarios are played
//! to their end against a whole station; a shift fails if an outcome differs or a cue is left over.

use tests::station::Setup;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sensor_that_is_busy_or_repeats_itself_does_not_stop_the_desk() {
    let station = Setup { scanner: Some("ef01"), ..Setup::default() }.start().await;
    station.until_ready(&["camera", "scanner", "reader"]).await;
    for scenario in ["busy-scanner", "replayed-print", "same-finger-twice"] {
        station.play(scenario).await;
    }
}
