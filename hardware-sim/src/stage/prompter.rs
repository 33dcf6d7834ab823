//! The prompter: gives a scenario's cues when their events come, one after another.

use super::{Device, FaultKind, Stage, StageError};
use crate::scenario::{Acted, Cue, Deed, Event, Scenario};
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the prompter looks away while nothing is due.
const LOOK: Duration = Duration::from_millis(50);

/// How long the program that moves the station's clock may take.
const CLOCK: Duration = Duration::from_secs(10);

/// Where the script stands.
#[derive(Debug, Default)]
pub(super) struct Prompter {
    cues: Vec<Cue>,
    next: usize,
    /// Events of the next cue that have come.
    seen: u32,
    /// Its event has come, and its deeds follow at this time.
    due: Option<Instant>,
    /// What could not be done.
    failed: Vec<String>,
}

impl Prompter {
    /// Counts an event. What a cue does on it in the traveller's stead, now or later, and the deeds that follow at once.
    fn hear(&mut self, event: &Event) -> Option<(Acted, Vec<Deed>)> {
        let cue = self.cues.get(self.next).filter(|cue| self.due.is_none() && cue.waits_for(event))?;
        self.seen += 1;
        if self.seen < cue.nth {
            return None;
        }
        let acted = Acted::of(&cue.deeds);
        if !cue.pause.is_zero() {
            self.due = Some(Instant::now() + cue.pause);
            return Some((acted, Vec::new()));
        }
        Some((acted, self.go_on()?))
    }

    fn go_on(&mut self) -> Option<Vec<Deed>> {
        let deeds = self.cues.get(self.next).map(|cue| cue.deeds.clone());
        (self.next, self.seen, self.due) = (self.next + 1, 0, None);
        deeds
    }
}

impl Stage {
    /// Names the program that moves the station's clock by the seconds in its only argument.
    pub fn set_clock_command(&self, program: PathBuf) {
        let _ = self.clock_command.set(program);
    }

    /// Plays a scenario's cues from now on, instead of any that were left. Bad days from before end.
    pub fn play(&self, scenario: &Scenario) -> Result<(), StageError> {
        // All other devices are always there.
        if scenario.devices.contains(&Device::Slap) && !self.expects_hands() {
            return Err(StageError::NotServed { device: "slap scanner", option: "--sbi" });
        }
        if scenario.moves_clock() && self.clock_command.get().is_none() {
            return Err(StageError::NoClock);
        }
        for device in Device::ALL {
            self.set_fault(device, FaultKind::None, 0)?;
        }
        *self.prompter() = Prompter { cues: scenario.cues.clone(), ..Prompter::default() };
        self.scripted.store(!scenario.cues.is_empty(), Ordering::Release);
        Ok(())
    }

    /// Something has happened: if the next cue waited for it, its deeds are done before this returns, or after its
    /// pause. What they do in the traveller's stead is told now, so that the traveller leaves it to them.
    pub fn happened(&self, event: &Event) -> Acted {
        if !self.scripted.load(Ordering::Acquire) {
            return Acted::default();
        }
        // The script is not held while its deeds are done: they are events themselves.
        let heard = self.prompter().hear(event);
        heard.map_or_else(Acted::default, |(acted, deeds)| {
            tracing::info!(%event, "cue");
            self.perform(&deeds);
            acted
        })
    }

    /// A device is about to send an image or a document.
    pub fn sending(&self, device: Device) {
        self.happened(match device {
            Device::Camera => &Event::CameraSends,
            Device::Reader => &Event::ReaderSends,
            Device::Scanner => &Event::ScannerSends,
            Device::Slap => &Event::SlapSends,
        });
    }

    /// Cues that have not been given yet, and deeds that could not be done. Empty when the script is used up.
    pub fn cues_left(&self) -> Vec<String> {
        let prompter = self.prompter();
        let left = prompter.cues.iter().skip(prompter.next).map(Cue::to_string);
        left.chain(prompter.failed.iter().cloned()).collect()
    }

    /// Gives the cues that come some time after their event, until the simulation ends.
    pub fn keep_prompting(&self) {
        while !self.has_ended() {
            let deeds = {
                let mut prompter = self.prompter();
                let due = prompter.due.is_some_and(|due| due <= Instant::now());
                if due { prompter.go_on() } else { None }
            };
            match deeds {
                Some(deeds) => self.perform(&deeds),
                None => drop(self.moved.wait_timeout(self.scene(), LOOK).unwrap_or_else(PoisonError::into_inner)),
            }
        }
    }

    fn perform(&self, deeds: &[Deed]) {
        for deed in deeds {
            if let Err(error) = self.act(deed) {
                tracing::error!(?deed, %error, "a cue's deed could not be done");
                self.prompter().failed.push(format!("{deed:?}: {error}"));
            }
        }
    }

    fn act(&self, deed: &Deed) -> Result<(), StageError> {
        match deed {
            Deed::Fault { device, kind, after_bytes } => self.set_fault(*device, *kind, *after_bytes),
            Deed::HandOver => {
                let visitor = self.visitor().ok_or(StageError::NobodyThere)?;
                self.swipe(visitor.person.lines.clone())
            }
            Deed::Join(seed) => self.join(Some(*seed)),
            Deed::Leave => {
                self.leave();
                Ok(())
            }
            Deed::Lift => {
                self.lift();
                self.lift_hand();
                Ok(())
            }
            Deed::Mend(device) => self.set_fault(*device, FaultKind::None, 0),
            Deed::MoveClock(seconds) => self.move_clock(*seconds),
            Deed::Put(fingers, pose) => {
                if self.expects_hands() {
                    self.put_hand(fingers, *pose)?;
                }
                // A sensor for single fingers sees the first of them.
                fingers.first().map_or(Ok(()), |finger| self.put(*finger))
            }
            Deed::StandAlone => self.join(None),
            Deed::Turn(turn) => {
                let pose = turn.of(self.pose()).map_err(|(what, ..)| StageError::Picture(what.to_owned()))?;
                self.turn(pose)
            }
            Deed::Wear(device, wear) => self.set_wear(*device, *wear),
        }
    }

    fn move_clock(&self, seconds: i64) -> Result<(), StageError> {
        let program = self.clock_command.get().ok_or(StageError::NoClock)?;
        match run_within(Command::new(program).arg(seconds.to_string()), CLOCK) {
            Ok(Some(status)) if status.success() => Ok(()),
            Ok(Some(status)) => Err(StageError::Clock(status.to_string())),
            Ok(None) => Err(StageError::Clock(format!("the program did not end within {} s", CLOCK.as_secs()))),
            Err(error) => Err(StageError::Clock(error.to_string())),
        }
    }

    fn prompter(&self) -> MutexGuard<'_, Prompter> {
        self.prompter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a program; nothing when it had to be killed after `limit`.
fn run_within(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::{Person, Traits};
    use crate::stage::Settings;
    use domain::finger::Finger;
    use jiff::civil::date;

    const TODAY: jiff::civil::Date = date(2026, 3, 1);

    fn stage_with(cues: &str) -> Stage {
        let stage = Stage::new(Settings { sensor: (64, 48), autopilot: false, today: TODAY }).unwrap();
        let traits = Traits { face: Some(false), ..Traits::default() };
        stage.arrive(Person::new(3, &traits, TODAY)).unwrap();
        stage.play(&Scenario::read("test", &format!("id = \"t\"\ntitle = \"T\"\n{cues}")).unwrap()).unwrap();
        stage
    }

    #[test]
    fn cues_are_given_in_their_order_each_at_its_event() {
        let stage = stage_with(
            "[[cue]]\non = \"scanner sends\"\nnth = 2\nfault = \"unplug\"\nof = \"scanner\"\nafter_bytes = 9\n\
             [[cue]]\non = \"page tells D-12\"\nmend = \"scanner\"\n",
        );
        let told = Event::PageTells(vec![String::from("D-12")]);
        stage.happened(&told);
        stage.sending(Device::Scanner);
        assert_eq!(stage.fault_set(Device::Scanner).kind, FaultKind::None, "the first image is good");
        stage.sending(Device::Scanner);
        assert_eq!((stage.fault_set(Device::Scanner).kind, stage.spend(Device::Scanner, 20)), (FaultKind::Unplug, 9));
        assert_eq!(stage.cues_left(), ["line 9: on \"page tells D-12\""]);
        stage.happened(&told);
        assert_eq!(stage.fault_set(Device::Scanner).kind, FaultKind::None);
        assert!(stage.cues_left().is_empty());
    }

    #[test]
    fn a_deed_that_cannot_be_done_is_left_over() {
        let stage = stage_with("[[cue]]\non = \"camera starts\"\nputs = [\"right-index\"]\n");
        stage.leave();
        stage.looked_at();
        let left = stage.cues_left();
        assert!(left.len() == 1 && left[0].contains("nobody stands at the desk"), "{left:?}");
    }

    #[test]
    fn a_cue_can_come_later_than_its_event() {
        let stage = stage_with("[[cue]]\non = \"camera starts\"\nafter_s = 0.2\nputs = [\"left-index\"]\n");
        stage.looked_at();
        assert_eq!((stage.finger(), stage.cues_left().len()), (None, 1));
        std::thread::scope(|scope| {
            scope.spawn(|| stage.keep_prompting());
            while stage.finger().is_none() {
                std::thread::yield_now();
            }
            stage.end();
        });
        assert_eq!((stage.finger(), stage.cues_left().len()), (Some(Finger::LeftIndex), 0));
    }

    #[test]
    fn a_clock_is_moved_by_the_program_that_was_named_and_by_nobody_else() {
        let stage = stage_with("");
        let text = "id = \"t\"\ntitle = \"T\"\n[[cue]]\non = \"camera starts\"\nclock_s = -3600\n";
        let scenario = Scenario::read("t", text).unwrap();
        assert_eq!(stage.play(&scenario), Err(StageError::NoClock));
        // `test -3600` is true, as of any word that is there; `false` never is.
        stage.set_clock_command(PathBuf::from("test"));
        stage.play(&scenario).unwrap();
        stage.looked_at();
        assert!(stage.cues_left().is_empty(), "{:?}", stage.cues_left());
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let endless = run_within(Command::new("sleep").arg("600"), Duration::ZERO);
        assert!(endless.unwrap().is_none());
        assert!(run_within(&mut Command::new("no-such-program"), CLOCK).is_err());
    }

    #[test]
    fn a_scenario_with_a_device_that_is_not_served_is_refused() {
        let stage = stage_with("");
        let text = "id = \"t\"\ntitle = \"T\"\ndevices = [\"camera\", \"slap\"]\n";
        let scenario = Scenario::read("t", text).unwrap();
        assert!(stage.play(&scenario).unwrap_err().to_string().contains("serve it with --sbi"));
        stage.expect_hands();
        stage.play(&scenario).unwrap();
    }

    #[test]
    fn what_comes_after_a_pause_is_told_at_once() {
        let stage = stage_with("[[cue]]\non = \"page asks for document\"\nafter_s = 60\nhands_over = true\n");
        let asked = || stage.happened(&Event::PageAsks("document".to_owned())).document;
        assert_eq!((asked(), asked()), (true, false), "the cue holds back once");
        assert!(stage.next_swipe().is_none());
    }

    #[test]
    fn deeds_in_the_traveller_s_stead_are_told() {
        let stage = stage_with(
            "[[cue]]\non = \"page asks for right-index\"\nputs = [\"left-index\"]\n\
             [[cue]]\non = \"page asks for document\"\nhands_over = true\n",
        );
        let asked = |slot: &str| stage.happened(&Event::PageAsks(slot.to_owned()));
        assert_eq!(asked("left-index"), Acted::default());
        assert!(asked("right-index").fingers);
        assert_eq!(stage.finger(), Some(Finger::LeftIndex));
        assert!(asked("document").document);
        assert!(stage.next_swipe().is_some());
    }
}
