//! One open scanner, on a thread of its own: libfprint's objects belong to one thread, and its calls return only when
//! somebody has put a finger on and taken it off again.

use super::Timing;
use super::error::FprintError;
use super::model::{Model, Place};
use super::usb::Usb;
use crate::run::Run;
use domain::image::FingerImage;
use gio::prelude::*;
use glib::{Class, EnumValue, FlagsValue, LogLevel, MainContext, Object, Priority, Type};
use libfprint_rs::{Cancellable, FpContext, FpDevice, FpImage, GError};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often to look whether the capture is still wanted, and what the library has to do between captures.
const LOOK: Duration = Duration::from_millis(20);

/// libfprint runs on the one default loop of the process, so one scanner at a time is open in it.
static LOOP: Mutex<()> = Mutex::new(());

/// The type of libfprint's simulated device, and the private property that holds the name of its socket. Without it
/// the name would have to stand in the environment (FP_VIRTUAL_IMAGE), which no thread may change under the others.
const VIRTUAL_TYPE: &str = "FpDeviceVirtualImage";
const VIRTUAL_SOCKET: &str = "fpi-environ";

/// The library's two error domains, spelt as its source does; a later release may drop the blanks.
const RETRY: &str = "fp-device-retry-quark";
const ERROR: &str = "fp-device-error-quark";

/// The error domain of libgusb, on which libfprint stands.
const USB_ERROR: &str = "g-usb-device-error-quark";

/// How a capture ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// With an image, and the finger is off again.
    Image(FingerImage),
    /// The scanner wants the finger once more.
    Again(&'static str),
    /// Nobody wants it any more.
    Stopped,
}

/// An open scanner. Dropping it closes the scanner.
pub(super) struct Session {
    usb: Usb,
    orders: Sender<Cancellable>,
    told: Receiver<Told>,
    gone: Arc<AtomicBool>,
}

/// What the thread tells.
enum Told {
    Captured(Result<FingerImage, Ended>),
    Opened(Result<(), FprintError>),
    Placed,
}

/// How a capture of the library ended without an image.
enum Ended {
    Again(&'static str),
    Cancelled,
    Failed(FprintError),
}

/// Why we cancelled.
#[derive(Clone, Copy)]
enum Why {
    Expired { placed: bool },
    Stopped,
}

impl Session {
    /// Opens this scanner, which was found on the bus.
    pub(super) fn open(model: &Model, usb: Usb, patience: Duration, run: &Run<'_>) -> Result<Self, FprintError> {
        let (orders, ordered) = channel();
        let (tell, told) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let (model, flag) = (model.clone(), Arc::clone(&gone));
        let work = move || drive(&model, &ordered, &tell, &flag);
        let started = thread::Builder::new().name("libfprint".into()).spawn(work);
        started.map_err(|error| FprintError::Failed(error.to_string()))?;
        let session = Self { usb, orders, told, gone };
        let end = Instant::now() + patience;
        loop {
            match session.told.recv_timeout(LOOK) {
                Ok(Told::Opened(opened)) => return opened.map(|()| session),
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(FprintError::Gone),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= end => return Err(FprintError::Hangs),
                // Says that the driver lives. A stop does not shorten the opening, which ends by itself.
                Err(RecvTimeoutError::Timeout) => drop(run.stopped()),
            }
        }
    }

    /// What the kernel tells about it.
    pub(super) fn usb(&self) -> &Usb {
        &self.usb
    }

    /// Notices that it was unplugged.
    pub(super) fn check(&self) -> Result<(), FprintError> {
        if self.gone.load(Ordering::SeqCst) { Err(FprintError::Gone) } else { Ok(()) }
    }

    /// Waits for a finger, its image and its leaving. `placed` is called when a finger is on.
    pub(super) fn capture(
        &self,
        run: &Run<'_>,
        timing: Timing,
        placed: &mut dyn FnMut(),
    ) -> Result<Outcome, FprintError> {
        let cancel = Cancellable::new();
        self.orders.send(cancel.clone()).map_err(|_| FprintError::Gone)?;
        let mut placed_at = None;
        let mut cancelled: Option<(Why, Instant)> = None;
        loop {
            match self.told.recv_timeout(LOOK) {
                Ok(Told::Captured(ended)) => return outcome(ended, cancelled.map(|(why, _)| why)),
                Ok(Told::Opened(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Told::Placed) => {
                    placed_at.get_or_insert_with(Instant::now);
                    placed();
                }
                Err(RecvTimeoutError::Disconnected) => return Err(FprintError::Gone),
            }
            match cancelled {
                Some((_, at)) if at.elapsed() >= timing.cancel => return Err(FprintError::Hangs),
                Some(_) => drop(run.stopped()),
                None => {
                    if let Some(why) = why_cancel(run, placed_at, timing.lift) {
                        // On the library's own thread: its handler of the cancellation is not made for another one.
                        let cancel = cancel.clone();
                        glib::idle_add_once(move || cancel.cancel());
                        cancelled = Some((why, Instant::now()));
                    }
                }
            }
        }
    }
}

fn why_cancel(run: &Run<'_>, placed_at: Option<Instant>, lift: Duration) -> Option<Why> {
    if run.stopped() {
        return Some(Why::Stopped);
    }
    // Whoever placed the finger in time may take a moment to lift it.
    let waits = placed_at.is_some_and(|at| at.elapsed() < lift);
    (run.expired() && !waits).then_some(Why::Expired { placed: placed_at.is_some() })
}

fn outcome(ended: Result<FingerImage, Ended>, why: Option<Why>) -> Result<Outcome, FprintError> {
    match (ended, why) {
        (Err(Ended::Failed(error)), _) => Err(error),
        (_, Some(Why::Stopped)) => Ok(Outcome::Stopped),
        (Ok(image), _) => Ok(Outcome::Image(image)),
        (Err(_), Some(Why::Expired { placed: true })) => Err(FprintError::NotLifted),
        (Err(_), Some(Why::Expired { placed: false })) => Err(FprintError::NoFinger),
        (Err(Ended::Again(why)), None) => Ok(Outcome::Again(why)),
        (Err(Ended::Cancelled), None) => Err(FprintError::Failed(String::from("cancelled by itself"))),
    }
}

/// The thread: opens, captures when told to, closes when nobody is left to tell.
fn drive(model: &Model, orders: &Receiver<Cancellable>, tell: &Sender<Told>, gone: &AtomicBool) {
    let _alone = LOOP.lock().unwrap_or_else(PoisonError::into_inner);
    pass_on_log();
    let context: FpContext = Object::new();
    match open(&context, model) {
        Ok(device) => {
            if tell.send(Told::Opened(Ok(()))).is_ok() {
                serve(&device, model, orders, tell);
            }
            // A removed device answers with an error and is closed all the same.
            let _ = device.close_sync(None::<&Cancellable>);
        }
        Err(error) => drop(tell.send(Told::Opened(Err(error)))),
    }
    gone.store(true, Ordering::SeqCst);
}

fn open(context: &FpContext, model: &Model) -> Result<FpDevice, FprintError> {
    let device = match &model.place {
        Place::Bus(_) => pick(context, model)?,
        Place::Socket(socket) => simulated(socket)?,
    };
    device.open_sync(None).map_err(|error| trouble(&error))?;
    Ok(device)
}

/// The one that the library's right driver takes.
fn pick(context: &FpContext, model: &Model) -> Result<FpDevice, FprintError> {
    let driver = |device: &FpDevice| device.property::<Option<String>>("driver").unwrap_or_default();
    let all = context.devices();
    let named: Vec<String> = all.iter().map(driver).collect();
    let mut fit: Vec<FpDevice> = all.into_iter().filter(|device| driver(device) == model.driver).collect();
    match (fit.pop(), fit.len()) {
        (Some(device), 0) => must_be_pressed(&device).map(|()| device),
        (Some(_), others) => Err(FprintError::Several(others + 1)),
        (None, _) => {
            let text = format!("libfprint has no {} but [{}]", model.driver, named.join(", "));
            Err(FprintError::Unsuitable(text))
        }
    }
}

/// A finger is pressed on it. What a swipe sensor puts together is no image to enrol.
fn must_be_pressed(device: &FpDevice) -> Result<(), FprintError> {
    let scan = device.property_value("scan-type");
    match EnumValue::from_value(&scan).map(|(_, how)| how.nick()) {
        Some("press") => Ok(()),
        other => Err(FprintError::Unsuitable(format!("it is a {} sensor", other.unwrap_or("nameless")))),
    }
}

/// A simulated device that listens at `socket`. The bus is not looked at.
fn simulated(socket: &str) -> Result<FpDevice, FprintError> {
    let without = || FprintError::Unsuitable(String::from("this libfprint is built without virtual_image"));
    let kind = Type::from_name(VIRTUAL_TYPE).ok_or_else(without)?;
    let class = Class::<Object>::from_type(kind).ok_or_else(without)?;
    class.find_property(VIRTUAL_SOCKET).ok_or_else(without)?;
    let made = gio::AsyncInitable::builder_with_type(kind).property(VIRTUAL_SOCKET, socket);
    let made = MainContext::default().block_on(made.build_future(Priority::DEFAULT));
    let device = made.map_err(|error| trouble(&error))?;
    device.downcast().map_err(|_| without())
}

fn serve(device: &FpDevice, model: &Model, orders: &Receiver<Cancellable>, tell: &Sender<Told>) {
    let capturing = Rc::new(Cell::new(false));
    let (watcher, watches) = (tell.clone(), Rc::clone(&capturing));
    device.connect_notify_local(Some("finger-status"), move |device, _| {
        if watches.get() && finger_is_on(device) {
            let _ = watcher.send(Told::Placed);
        }
    });
    let events = MainContext::default();
    loop {
        // Unplugging is noticed here, and whatever a finger did that nobody asked for is forgotten.
        while events.iteration(false) {}
        if device.property::<bool>("removed") {
            return;
        }
        match orders.recv_timeout(LOOK) {
            Ok(cancel) => {
                capturing.set(true);
                let captured = capture(device, model, &cancel);
                capturing.set(false);
                if tell.send(Told::Captured(captured)).is_err() {
                    return;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn finger_is_on(device: &FpDevice) -> bool {
    let status = device.property_value("finger-status");
    let flags = FlagsValue::from_value(&status);
    flags.is_some_and(|(_, flags)| flags.iter().any(|flag| flag.nick() == "present"))
}

fn capture(device: &FpDevice, model: &Model, cancel: &Cancellable) -> Result<FingerImage, Ended> {
    match device.capture_sync(true, Some(cancel)) {
        Ok(image) => finger_image(&image, model).map_err(Ended::Failed),
        Err(error) if error.matches(gio::IOErrorEnum::Cancelled) => Err(Ended::Cancelled),
        Err(error) => Err(match again(&error) {
            Some(why) => Ended::Again(why),
            None => Ended::Failed(trouble(&error)),
        }),
    }
}

/// The library turns images upright and makes their ridges dark, whichever way the sensor sees them, while it looks
/// for minutiae; it does so in a capture too (fpi-image-device.c).
fn finger_image(image: &FpImage, model: &Model) -> Result<FingerImage, FprintError> {
    let (width, height) = (image.width(), image.height());
    let fits = (1..=model.width).contains(&width) && (1..=model.height).contains(&height);
    let wrong = FprintError::Size { width, height };
    if !fits {
        return Err(wrong);
    }
    FingerImage::new(width, height, model.ppi, 8, image.data()).map_err(|_| wrong)
}

/// Why the scanner wants the finger once more, if that is what the error says (FpDeviceRetry).
fn again(error: &GError) -> Option<&'static str> {
    (domain(error) == RETRY).then(|| match error.code() {
        1 => "the finger was there too short",
        2 => "the finger was not in the middle",
        3 => "the finger has to be lifted first",
        _ => "the image was too poor",
    })
}

/// The library's error as ours: FpDeviceError, or GUsbDeviceError of libgusb. Their texts quote no image.
fn trouble(error: &GError) -> FprintError {
    let text = error.message().to_owned();
    match (domain(error).as_str(), error.code()) {
        (ERROR, 1) => FprintError::Unsuitable(text),
        (ERROR, 4) | (USB_ERROR, 10) => FprintError::Busy(text),
        (ERROR, 0x100) | (USB_ERROR, 4) => FprintError::Gone,
        (ERROR, 0x101) => FprintError::Hot,
        (USB_ERROR, 9) => FprintError::Denied(text),
        _ => FprintError::Failed(text),
    }
}

fn domain(error: &GError) -> String {
    error.domain().as_str().replace(' ', "")
}

/// What the libraries below would print goes into our log; their chatter stays out of it.
fn pass_on_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        glib::log_set_default_handler(|from, level, text| match level {
            LogLevel::Error | LogLevel::Critical | LogLevel::Warning => {
                tracing::warn!(from, text, "libfprint");
            }
            LogLevel::Message | LogLevel::Info | LogLevel::Debug => {}
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use glib::Quark;

    #[test]
    fn a_swipe_sensor_is_refused() {
        let _alone = LOOP.lock().unwrap_or_else(PoisonError::into_inner);
        let _context: FpContext = Object::new();
        // The simulated device says of itself that it is swiped; it was never opened here.
        match simulated("/nonexistent/socket") {
            Ok(device) => {
                let refused = must_be_pressed(&device).unwrap_err();
                assert_eq!(refused, FprintError::Unsuitable(String::from("it is a swipe sensor")));
            }
            Err(error) => eprintln!("SKIPPED: {error}"),
        }
    }

    #[test]
    fn every_error_of_the_libraries_has_its_meaning() {
        let text = || String::from("x");
        for (domain, code, expected) in [
            ("fp - device - error - quark", 0, FprintError::Failed(text())),
            ("fp - device - error - quark", 1, FprintError::Unsuitable(text())),
            ("fp - device - error - quark", 4, FprintError::Busy(text())),
            ("fp - device - error - quark", 5, FprintError::Failed(text())),
            ("fp-device-error-quark", 0x100, FprintError::Gone),
            ("fp-device-error-quark", 0x101, FprintError::Hot),
            ("g-usb-device-error-quark", 4, FprintError::Gone),
            ("g-usb-device-error-quark", 9, FprintError::Denied(text())),
            ("g-usb-device-error-quark", 10, FprintError::Busy(text())),
            ("g-io-error-quark", 4, FprintError::Failed(text())),
        ] {
            let error = GError::with_domain(Quark::from_str(domain), code, "x");
            assert_eq!(trouble(&error), expected, "{domain} {code}");
            assert_eq!(again(&error), None);
        }
        let retry = |code| again(&GError::with_domain(Quark::from_str("fp - device - retry - quark"), code, "x"));
        assert_eq!(retry(2), Some("the finger was not in the middle"));
        assert!((-1..9).all(|code| retry(code).is_some()));
    }
}
