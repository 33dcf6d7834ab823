//! A serial document reader: swipes, noise, slow lines and pulled cables.

use crate::fakes::pty::Device;
use domain::device::DeviceFault;
use drivers::reader::serial_mrz::{SerialMrz, Settings, Timing};
use drivers::reader::{Reader, ReaderEvent};
use drivers::run::Run;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

const QUICK: Timing = Timing {
    answer: Duration::from_millis(400),
    ask_every: Duration::from_millis(200),
    calm: Duration::from_secs(3600),
};

const PATIENCE: Duration = Duration::from_secs(20);
const IDENTITY: &[u8] = b"ID SIMULATED MRZ READER 1\r";

/// What the driver told, in words.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Document(String),
    Ended(Result<(), String>),
    Probed(String, bool),
    Unreadable(String),
}

/// A driver at work on its own thread.
struct Bench {
    _folder: TempDir,
    path: PathBuf,
    stop: std::sync::Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    told: Receiver<Told>,
    start: Option<Sender<()>>,
}

impl Bench {
    /// A driver that probes and listens each time it is told to go on.
    fn new(ask_identity: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reader");
        let (tell, told) = channel();
        let (start, started) = channel();
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let thread = {
            let (path, stop) = (path.clone(), stop.clone());
            std::thread::spawn(move || work(&path, ask_identity, &stop, &started, &tell))
        };
        Self { _folder: folder, path, stop, thread: Some(thread), told, start: Some(start) }
    }

    fn go_on(&self) {
        self.start.as_ref().unwrap().send(()).unwrap();
    }

    fn next(&self) -> Told {
        self.told.recv_timeout(PATIENCE).expect("the driver tells something")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.start = None;
        self.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn work(path: &Path, ask_identity: bool, stop: &AtomicBool, started: &Receiver<()>, tell: &Sender<Told>) {
    let settings = Settings {
        path: path.to_str().unwrap().into(),
        baud: 115_200,
        prefix: String::new(),
        suffix: String::new(),
        ask_identity,
    };
    let mut reader = SerialMrz::new(settings, QUICK).unwrap();
    let run = Run::new(stop, None, &|| ());
    let code = |fault: DeviceFault| fault.code;
    while started.recv().is_ok() {
        match reader.probe(&run) {
            Ok(told) => tell.send(Told::Probed(told.model, told.simulated)).unwrap(),
            Err(fault) => {
                tell.send(Told::Ended(Err(fault.code))).unwrap();
                continue;
            }
        }
        let ended = reader.listen(&run, &mut |event| {
            let told = match event {
                ReaderEvent::Document(lines) => Told::Document(lines.expose().clone()),
                ReaderEvent::Unreadable(fault) => Told::Unreadable(fault.code),
            };
            let _ = tell.send(told);
        });
        let _ = tell.send(Told::Ended(ended.map_err(code)));
    }
}

/// Answers the next question.
fn introduce(device: &Device) {
    assert_eq!(device.read(20_000).first(), Some(&0x05));
    device.write(IDENTITY);
}

fn known() -> Told {
    Told::Probed("SIMULATED MRZ READER 1".into(), true)
}

#[test]
fn a_reader_that_knows_the_question_says_who_it_is() {
    let bench = Bench::new(true);
    let device = Device::plug_in(&bench.path);
    bench.go_on();
    introduce(&device);
    assert_eq!(bench.next(), known());
    device.write(b"P<UTOERIKSSON<<ANNA\rL898902C36UTO\r");
    assert_eq!(bench.next(), Told::Document("P<UTOERIKSSON<<ANNA\nL898902C36UTO".into()));
}

#[test]
fn a_reader_that_does_not_know_the_question_works_all_the_same() {
    for ask_identity in [true, false] {
        let bench = Bench::new(ask_identity);
        let device = Device::plug_in(&bench.path);
        bench.go_on();
        assert_eq!(bench.next(), Told::Probed("Serial MRZ reader".into(), false));
        device.write(b"I<UTO\r\n123\r\n456\r\n");
        assert_eq!(bench.next(), Told::Document("I<UTO\n123\n456".into()));
    }
}

#[test]
fn noise_is_told_once_and_the_next_swipe_is_read() {
    let bench = Bench::new(false);
    let device = Device::plug_in(&bench.path);
    bench.go_on();
    bench.next();
    for noise in [&[0xFF; 30][..], b"no end", &[b'<'; 500]] {
        device.write(noise);
        // A document would be glued to noise that comes within the pause: the driver's, which is not ours to shorten.
        std::thread::sleep(Duration::from_millis(150));
    }
    device.write(b"AB\rCD\r");
    assert_eq!(bench.next(), Told::Unreadable("D-44".into()));
    assert_eq!(bench.next(), Told::Document("AB\nCD".into()));
}

#[test]
fn a_pulled_cable_and_its_return() {
    let bench = Bench::new(true);
    let device = Device::plug_in(&bench.path);
    bench.go_on();
    introduce(&device);
    assert_eq!(bench.next(), known());
    device.write(b"P<UTO");
    drop(device);
    assert_eq!(bench.next(), Told::Ended(Err("D-40".into())));
    bench.go_on();
    assert_eq!(bench.next(), Told::Ended(Err("D-40".into())));
    let device = Device::plug_in(&bench.path);
    bench.go_on();
    introduce(&device);
    assert_eq!(bench.next(), known());
}

#[test]
fn a_reader_that_falls_silent_is_noticed() {
    let bench = Bench::new(true);
    let device = Device::plug_in(&bench.path);
    bench.go_on();
    introduce(&device);
    assert_eq!(bench.next(), known());
    introduce(&device);
    // From here on it answers no question.
    assert_eq!(bench.next(), Told::Ended(Err("D-43".into())));
    bench.go_on();
    assert_eq!(bench.next(), Told::Ended(Err("D-43".into())));
}
