//! A Suprema SFM module and everything that a cable, a port and a finger can do to it.

use crate::fakes::sfm::{Module, SIDE, Script, Transfer, pixels};
use crate::fakes::with_run;
use domain::device::{DeviceFault, ErrorKind};
use domain::finger::Finger;
use drivers::run::Run;
use drivers::scanner::sfm::command::answer::{SCAN_FAIL, SUCCESS, TIME_OUT, TRY_AGAIN};
use drivers::scanner::sfm::{Settings, Sfm, Timing};
use drivers::scanner::{Scanner, ScannerEvent};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Short, so that the tests are; wide enough for a machine under load.
const QUICK: Timing = Timing {
    answer: Duration::from_millis(400),
    gap: Duration::from_millis(300),
    poll: Duration::from_millis(1),
    lift: Duration::from_secs(5),
    scan: Duration::from_millis(100),
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Bench {
    _folder: TempDir,
    path: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scanner");
        Self { _folder: folder, path }
    }
}

fn driver(path: &Path, terminal: Option<u16>) -> Sfm {
    timed_driver(path, terminal, QUICK)
}

fn timed_driver(path: &Path, terminal: Option<u16>, timing: Timing) -> Sfm {
    let path = path.to_str().unwrap().into();
    Sfm::new(Settings { path, baud: 921_600, terminal, ppi: None, width: SIDE, height: SIDE }, timing).unwrap()
}

/// Probes, captures once and returns the names of the events and what came of it.
fn capture(driver: &mut Sfm) -> (Vec<&'static str>, Result<Vec<u8>, DeviceFault>) {
    let mut events = Vec::new();
    let mut grey = Vec::new();
    let captured = with_run(PATIENCE, |run| {
        driver.probe(run)?;
        driver.capture(run, &[Finger::RightIndex], &mut |event| {
            events.push(name(&event));
            if let ScannerEvent::Fingers(images) = event {
                grey = images.iter().flat_map(|image| image.grey().to_vec()).collect();
            }
        })
    });
    (events, captured.map(|()| grey))
}

fn name(event: &ScannerEvent) -> &'static str {
    match event {
        ScannerEvent::Degraded => "degraded",
        ScannerEvent::Fingers(_) => "finger",
        ScannerEvent::Lifted => "lifted",
        ScannerEvent::Placed => "placed",
        ScannerEvent::Preview(_) => "preview",
    }
}

#[test]
fn it_says_what_it_is() {
    for (texts, label, simulated) in [
        ((b"SIMU", b"LATE"), "Gatepost SIMULATED SFM-OP 4711", true),
        ((b"V3.1", b"0007"), "Suprema SFM-OP 4711", false),
    ] {
        let bench = Bench::new();
        let _module = Module::plug_in(&bench.path, Script { texts, ..Script::default() });
        let told = with_run(PATIENCE, |run| driver(&bench.path, None).probe(run)).unwrap();
        assert_eq!((told.label().as_str(), told.simulated), (label, simulated));
        assert_eq!((told.width, told.height, told.bit_depth, told.ppi.unwrap().get()), (SIDE, SIDE, 8, 500));
        assert!(told.fap.is_none() && !told.enrolment_grade(), "too small, and without a certificate");
    }
}

#[test]
fn good_days() {
    let whole = ["placed", "finger", "lifted"];
    for (script, expected) in [
        (Script { scans: vec![SUCCESS], ..Script::default() }, &whole[..]),
        (
            Script { scans: vec![TIME_OUT, SCAN_FAIL, TRY_AGAIN, SUCCESS, SUCCESS, SUCCESS], ..Script::default() },
            &whole,
        ),
        (Script { busy: true, ..Script::default() }, &whole),
        (Script { pieces: false, ..Script::default() }, &whole),
        (
            Script { transfers: vec![Transfer::BadSum], ..Script::default() },
            &["placed", "degraded", "finger", "lifted"],
        ),
        (
            Script { transfers: vec![Transfer::BadHead], ..Script::default() },
            &["placed", "degraded", "finger", "lifted"],
        ),
        // Without sums: the second reading disagrees with the first, the third agrees with the second.
        (Script { pieces: false, transfers: vec![Transfer::BadSum], ..Script::default() }, &whole),
    ] {
        let bench = Bench::new();
        let _module = Module::plug_in(&bench.path, script.clone());
        let (events, captured) = capture(&mut driver(&bench.path, None));
        assert_eq!(captured.unwrap(), pixels(), "every pixel, at eight bits: {script:?}");
        assert_eq!(events, expected, "{script:?}");
    }
}

#[test]
fn a_shared_line_is_spoken_with_terminals() {
    let bench = Bench::new();
    let _module = Module::plug_in(&bench.path, Script { terminal: Some(0x1234), ..Script::default() });
    let (events, captured) = capture(&mut driver(&bench.path, Some(0x1234)));
    assert_eq!(captured.unwrap(), pixels());
    assert_eq!(events, ["placed", "finger", "lifted"]);
    assert_eq!(capture(&mut driver(&bench.path, Some(0x1235))).1.unwrap_err().code, "D-15", "nobody of that number");
}

#[test]
fn bad_days_of_the_image() {
    for (transfers, code, kind) in [
        (vec![Transfer::BadSums, Transfer::BadSums], "D-18", ErrorKind::Protocol),
        (vec![Transfer::CutShort], "D-16", ErrorKind::Timeout),
        (vec![Transfer::Garbage, Transfer::Garbage], "D-17", ErrorKind::Protocol),
        (vec![Transfer::OutOfTurn, Transfer::OutOfTurn], "D-17", ErrorKind::Protocol),
        (vec![Transfer::Trickle], "D-16", ErrorKind::Timeout),
        (vec![Transfer::Drip], "D-16", ErrorKind::Timeout),
        (vec![Transfer::Unplug], "D-12", ErrorKind::Disconnected),
    ] {
        let bench = Bench::new();
        let _module = Module::plug_in(&bench.path, Script { transfers: transfers.clone(), ..Script::default() });
        let (events, captured) = capture(&mut driver(&bench.path, None));
        let fault = captured.unwrap_err();
        assert_eq!((fault.code.as_str(), fault.kind), (code, kind), "{transfers:?}: {}", fault.log);
        assert!(!events.contains(&"finger"), "{transfers:?}");
    }
}

/// A module that does not stop sending what nobody wants any more keeps nobody from leaving.
#[test]
fn a_stop_ends_the_wait_for_silence() {
    let bench = Bench::new();
    let script = Script { scans: vec![SUCCESS], transfers: vec![Transfer::Drip], ..Script::default() };
    let _module = Module::plug_in(&bench.path, script);
    let mut driver = driver(&bench.path, None);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    let stop = AtomicBool::new(false);
    driver
        .capture(&Run::new(&stop, None, &|| ()), &[Finger::RightIndex], &mut |_| stop.store(true, Ordering::SeqCst))
        .unwrap();
    driver.release();
    // The first look is before the command, the second while the line is not quiet.
    let (stop, looks) = (AtomicBool::new(false), AtomicU32::new(0));
    let alive = || stop.store(looks.fetch_add(1, Ordering::SeqCst) > 0, Ordering::SeqCst);
    driver.capture(&Run::new(&stop, None, &alive), &[Finger::RightIndex], &mut |event| panic!("{event:?}")).unwrap();
    assert_eq!(looks.load(Ordering::SeqCst), 2);
}

#[test]
fn it_takes_one_finger() {
    let bench = Bench::new();
    for wanted in [&[][..], &[Finger::RightIndex, Finger::RightMiddle]] {
        let refused = with_run(PATIENCE, |run| driver(&bench.path, None).capture(run, wanted, &mut |_| ()));
        assert_eq!(refused.unwrap_err().code, "D-54");
    }
}

#[test]
fn images_without_sums_that_never_agree_are_refused() {
    let bench = Bench::new();
    let transfers = vec![Transfer::BadSum, Transfer::CutShort, Transfer::BadSum];
    let _module = Module::plug_in(&bench.path, Script { pieces: false, transfers, ..Script::default() });
    let (events, captured) = capture(&mut driver(&bench.path, None));
    assert_eq!(captured.unwrap_err().code, "D-18");
    assert_eq!(events, ["placed"]);
}

#[test]
fn bad_days_of_the_line() {
    for (script, code) in [
        (Script { silent: true, ..Script::default() }, "D-15"),
        (Script { noise: true, ..Script::default() }, "D-17"),
        (Script { half: true, ..Script::default() }, "D-16"),
        (Script { damaged_answers: 2, ..Script::default() }, "D-18"),
    ] {
        let bench = Bench::new();
        let _module = Module::plug_in(&bench.path, script.clone());
        let fault = with_run(PATIENCE, |run| driver(&bench.path, None).probe(run)).unwrap_err();
        assert_eq!(fault.code, code, "{script:?}: {}", fault.log);
    }
    let bench = Bench::new();
    let _module = Module::plug_in(&bench.path, Script { damaged_answers: 1, ..Script::default() });
    with_run(PATIENCE, |run| driver(&bench.path, None).probe(run)).unwrap();
}

#[test]
fn an_image_of_another_size_is_a_wrong_setting() {
    let bench = Bench::new();
    let _module = Module::plug_in(&bench.path, Script { size: (SIDE, SIDE + 2), ..Script::default() });
    let fault = capture(&mut driver(&bench.path, None)).1.unwrap_err();
    assert_eq!(fault.code, "D-10");
    assert!(fault.log.contains("98"), "{}", fault.log);
}

#[test]
fn nobody_comes_and_a_module_that_fails_every_scan_is_given_up() {
    let bench = Bench::new();
    let module = Module::plug_in(&bench.path, Script { scans: vec![], ..Script::default() });
    let mut waiting = driver(&bench.path, None);
    with_run(PATIENCE, |run| waiting.probe(run)).unwrap();
    let fault = with_run(Duration::from_millis(50), |run| waiting.capture(run, &[Finger::RightIndex], &mut |_| ()))
        .unwrap_err();
    assert_eq!((fault.code.as_str(), fault.kind), ("D-19", ErrorKind::NoFinger));
    drop(module);
    let _module = Module::plug_in(&bench.path, Script { scans: vec![SCAN_FAIL; 21], ..Script::default() });
    assert_eq!(capture(&mut driver(&bench.path, None)).1.unwrap_err().code, "D-21");
}

#[test]
fn a_stop_ends_the_wait_for_a_finger() {
    let bench = Bench::new();
    let _module = Module::plug_in(&bench.path, Script { scans: vec![], ..Script::default() });
    let mut driver = driver(&bench.path, None);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    let stop = AtomicBool::new(false);
    let looks = std::sync::atomic::AtomicU32::new(0);
    let alive = || {
        if looks.fetch_add(1, Ordering::SeqCst) > 3 {
            stop.store(true, Ordering::SeqCst);
        }
    };
    driver.capture(&Run::new(&stop, None, &alive), &[Finger::RightIndex], &mut |_| panic!("nothing happens")).unwrap();
}

#[test]
fn a_finger_that_stays_has_to_leave_before_the_next_one() {
    let bench = Bench::new();
    let scans = vec![SUCCESS, SUCCESS, SUCCESS, TIME_OUT, SUCCESS];
    let _module = Module::plug_in(&bench.path, Script { scans, ..Script::default() });
    let mut impatient = timed_driver(&bench.path, None, Timing { lift: Duration::ZERO, ..QUICK });
    assert_eq!(capture(&mut impatient).0, ["placed", "finger"]);
    // The second attempt sees the first finger twice, then nothing, then the second finger.
    assert_eq!(capture(&mut impatient).0, ["lifted", "placed", "finger"]);
}

#[test]
fn an_idle_module_that_is_unplugged_is_noticed_and_found_again() {
    let bench = Bench::new();
    let module = Module::plug_in(&bench.path, Script::default());
    let mut driver = driver(&bench.path, None);
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    driver.check().unwrap();
    drop(module);
    assert_eq!(driver.check().unwrap_err().code, "D-12");
    let _module = Module::plug_in(&bench.path, Script::default());
    with_run(PATIENCE, |run| driver.probe(run)).unwrap();
    driver.check().unwrap();
}
