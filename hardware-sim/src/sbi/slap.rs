//! The slap scanner: waits for a hand, cuts it into fingers, and packs each into a record.

use super::capture::Taken;
use super::glass::exposed;
use super::record::{self, PackError};
use super::refusal::Refusal;
use super::request::Capture;
use super::{Service, score, truth};
use crate::stage::{FaultKind, Laid, Platen};
use domain::finger::{Finger, Hand};
use drivers::sbi::message::sub_type;
use image::GrayImage;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the scanner looks away between two looks at its glass.
const LOOK: Duration = Duration::from_millis(25);

/// The answer is to be there before the host stops waiting.
const MARGIN: Duration = Duration::from_millis(100);

/// After this time a hand that lies still is taken as it is: no better picture of it will come.
const STILL: Duration = Duration::from_secs(3);

/// What one look at the glass showed.
struct View {
    platen: Arc<Platen>,
    /// Each wanted finger that lies there, with its score; of a scanner that cuts nothing, the whole with no finger.
    found: Vec<(Option<Finger>, GrayImage, f32)>,
    mean: f32,
}

/// Waits for the wanted fingers until they are all there and good enough, or lie still, or until the time is up, and
/// takes the best that was seen.
pub async fn take(service: &Arc<Service>, wish: &Capture) -> Result<Vec<Taken>, Refusal> {
    let deadline = Instant::now() + wish.timeout.saturating_sub(MARGIN);
    let mut best: Option<View> = None;
    let mut judged = None;
    // Since when the whole hand lies there, though not as good as the host wishes.
    let mut lies_since = None;
    loop {
        let (stage, wanted) = (Arc::clone(&service.stage), wish.wanted.clone());
        // On autopilot a hand is drawn when it is wanted.
        let platen = blocking(move || stage.sense_hand(&wanted)).await?;
        // The same hand again is the same picture again.
        if let Some(platen) = platen.filter(|platen| judged != Some(platen.number)) {
            judged = Some(platen.number);
            let (source, wanted) = (Arc::clone(service), wish.wanted.clone());
            let view = blocking(move || look(&source, platen, &wanted)).await?;
            let whole = !service.options.segments || view.found.len() == wish.wanted.len();
            let good = whole && view.mean >= wish.requested_score;
            if best.as_ref().is_none_or(|best| (best.found.len(), best.mean) <= (view.found.len(), view.mean)) {
                best = Some(view);
            }
            lies_since = whole.then(Instant::now);
            if good {
                break;
            }
        }
        let lain = lies_since.map(|since: Instant| since.elapsed());
        let still = lain.filter(|lain| *lain >= STILL);
        if let Some(lain) = still {
            let lain = u64::try_from(lain.as_millis()).unwrap_or(u64::MAX);
            service.stage.count(|counters| counters.slap_waiting_ms += lain);
        }
        if still.is_some() || Instant::now() >= deadline || service.is_gone() {
            break;
        }
        sleep(LOOK).await;
    }
    let view = best.filter(|view| !view.found.is_empty()).ok_or(Refusal::NothingThere)?;
    let (service, wish) = (Arc::clone(service), wish.clone());
    blocking(move || pack(&service, &wish, &view)).await
}

/// Runs what takes a core for a while.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::Technical)
}

fn look(service: &Service, platen: Arc<Platen>, wanted: &[Finger]) -> View {
    let found: Vec<(Option<Finger>, GrayImage, f32)> = if service.options.segments {
        let misnames = service.fault() == FaultKind::Misnames;
        let named = if misnames { by_place(&platen, wanted) } else { by_finger(&platen, wanted) };
        let one = |(finger, laid): (Finger, &Laid)| {
            (Some(finger), exposed(&laid.image, service.expose()), score::ridges(&laid.image))
        };
        named.into_iter().map(one).collect()
    } else {
        let whole = service.glass(&platen);
        let score = score::ridges(&whole);
        vec![(None, exposed(&whole, service.expose()), score)]
    };
    let mean = found.iter().map(|(_, _, score)| score).sum::<f32>() / found.len().max(1) as f32;
    View { platen, found, mean }
}

/// The wanted fingers that lie there.
fn by_finger<'a>(platen: &'a Platen, wanted: &[Finger]) -> Vec<(Finger, &'a Laid)> {
    let laid = |finger: &Finger| platen.fingers.iter().find(|laid| laid.finger == *finger);
    wanted.iter().filter_map(|finger| Some((*finger, laid(finger)?))).collect()
}

/// Whatever lies there, from left to right, as what was wanted from left to right.
fn by_place<'a>(platen: &'a Platen, wanted: &[Finger]) -> Vec<(Finger, &'a Laid)> {
    let place = |finger: Finger| match (finger.hand(), finger.digit()) {
        (Hand::Left, digit) => -1 - digit as i8,
        (Hand::Right, digit) => 1 + digit as i8,
    };
    let mut laid: Vec<&Laid> = platen.fingers.iter().collect();
    laid.sort_by_key(|laid| place(laid.finger));
    let mut names = wanted.to_vec();
    names.sort_by_key(|finger| place(*finger));
    names.into_iter().zip(laid).collect()
}

/// The records, in the order in which the fingers were wanted; a finger that does not lie there is an error among them.
fn pack(service: &Service, wish: &Capture, view: &View) -> Vec<Taken> {
    let keep = |record: Result<Vec<u8>, PackError>, image: &GrayImage, score: f32| {
        let record = record.map_err(|_| Refusal::Technical)?;
        truth::keep(service, &record, image, &view.platen);
        Ok((record, score))
    };
    if !service.options.segments {
        let whole = |(_, image, score): &(Option<Finger>, GrayImage, f32)| Taken {
            sub_type: Some("UNKNOWN"),
            sample: keep(record::of_slap(wish.part, image, *score), image, *score),
        };
        return view.found.iter().map(whole).collect();
    }
    // With the fault `partial` the scanner overlooks the last finger.
    let overlooked = if service.fault() == FaultKind::Partial { wish.wanted.last() } else { None };
    let one = |finger: &Finger| {
        let seen = view.found.iter().find(|(found, ..)| *found == Some(*finger) && overlooked != Some(finger));
        let sample = match seen {
            Some((_, image, score)) => keep(record::of_finger(*finger, image, *score), image, *score),
            None => Err(Refusal::NothingThere),
        };
        Taken { sub_type: Some(sub_type(*finger)), sample }
    };
    std::thread::scope(|scope| {
        let packing: Vec<_> = wish.wanted.iter().map(|finger| (finger, scope.spawn(move || one(finger)))).collect();
        let failed = |finger: &Finger| Taken { sub_type: Some(sub_type(*finger)), sample: Err(Refusal::Technical) };
        packing.into_iter().map(|(finger, thread)| thread.join().unwrap_or_else(|_| failed(finger))).collect()
    })
}
