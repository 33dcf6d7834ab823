//! The face camera: waits for somebody, takes a picture without losing a pixel, and packs it into a record.

use super::capture::Taken;
use super::refusal::Refusal;
use super::request::Capture;
use super::slap::blocking;
use super::{Service, record, score, truth};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Time between two pictures that are judged.
const BETWEEN: Duration = Duration::from_millis(200);

/// The answer is to be there before the host stops waiting.
const MARGIN: Duration = Duration::from_millis(100);

/// Waits for a face that is good enough, or until the time is up, and takes the best that was seen.
pub async fn take(service: &Arc<Service>, wish: &Capture) -> Result<Vec<Taken>, Refusal> {
    let deadline = Instant::now() + wish.timeout.saturating_sub(MARGIN);
    let mut best = None;
    loop {
        let number = service.expose();
        let stage = Arc::clone(&service.stage);
        let seen = blocking(move || stage.photograph(number).map(|image| (score::portrait(&image), image))).await?;
        if let Some((score, image)) = seen
            && best.as_ref().is_none_or(|(least, _)| *least < score)
        {
            best = Some((score, image));
        }
        let good = best.as_ref().is_some_and(|(score, _)| *score >= wish.requested_score);
        if good || Instant::now() >= deadline || service.is_gone() {
            break;
        }
        sleep(BETWEEN).await;
    }
    let (score, image) = best.ok_or(Refusal::NothingThere)?;
    let service = Arc::clone(service);
    let sample = blocking(move || {
        let record = record::of_face(&image, score).map_err(|_| Refusal::Technical)?;
        truth::keep_face(&service, &record, &image);
        Ok((record, score))
    });
    Ok(vec![Taken { sub_type: None, sample: sample.await? }])
}
