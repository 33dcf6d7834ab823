//! Serial MRZ swipe readers: lines that end with CR, told apart by pauses. Makes differ in prefix and suffix only.

use super::framing::{Framer, IDLE_GAP, Marks, Read};
use super::{Reader, ReaderEvent, ReaderFactory};
use crate::codes::Code;
use crate::run::Run;
use crate::serial::{BAUDS, LineError, SerialLine};
use crate::settings;
use domain::device::{DeviceDescriptor, DeviceFault, DeviceKind};
use domain::guarded::Personal;
use serde::Deserialize;
use serde_json::Value;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The name in the configuration.
const NAME: &str = "serial-mrz";

/// Asks a reader who it is; one that knows the question answers `ID ...` and CR.
const ENQ: u8 = 0x05;

/// The longest prefix or suffix in bytes.
const MAX_MARK: usize = 8;

/// `serial-mrz` in the factory list.
pub struct Factory;

impl ReaderFactory for Factory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn open(&self, settings: &Value) -> Result<Box<dyn Reader>, DeviceFault> {
        Ok(Box::new(SerialMrz::new(settings::read(NAME, settings)?, Timing::default())?))
    }
}

/// The device's table in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Device path, for example `/dev/ttyACM0`.
    pub path: String,
    /// Line speed in baud.
    #[serde(default = "usual_baud")]
    pub baud: u32,
    /// Text before each read.
    #[serde(default)]
    pub prefix: String,
    /// Text after each read.
    #[serde(default)]
    pub suffix: String,
    /// Whether to ask the reader who it is. Readers that do not know the question ignore it.
    #[serde(default = "yes")]
    pub ask_identity: bool,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From the question who it is to the answer.
    pub answer: Duration,
    /// Between two such questions.
    pub ask_every: Duration,
    /// For which further damaged reads count as the same trouble.
    pub calm: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { answer: Duration::from_millis(600), ask_every: Duration::from_secs(2), calm: Duration::from_secs(3) }
    }
}

/// Trouble with a serial reader.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SerialMrzError {
    /// The line itself.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It used to say who it is and no longer does.
    #[error("it no longer answers the question who it is")]
    Silent,
    /// A read that is no document.
    #[error("a read of {0} bytes: {1}")]
    Unreadable(usize, &'static str),
}

/// One reader on one serial line.
pub struct SerialMrz {
    settings: Settings,
    timing: Timing,
    open: Option<Open>,
    /// What the reader called itself. Kept when it goes away: from then on its silence means something.
    identity: Option<String>,
}

struct Open {
    line: SerialLine,
    framer: Framer,
    /// When the question that is still open was asked.
    asked_at: Option<Instant>,
    /// When to ask next.
    ask_at: Instant,
    damaged_at: Option<Instant>,
    /// A document that came during the probe.
    early: Option<Personal<String>>,
}

impl SerialMrz {
    /// A reader that is not looked for yet.
    pub fn new(settings: Settings, timing: Timing) -> Result<Self, DeviceFault> {
        if settings.path.is_empty() {
            return Err(settings::refuse(NAME, "path is empty"));
        }
        if !BAUDS.contains(&settings.baud) {
            return Err(settings::refuse(NAME, "baud is not within 1200 to 3000000"));
        }
        for (name, mark) in [("prefix", &settings.prefix), ("suffix", &settings.suffix)] {
            if mark.len() > MAX_MARK {
                return Err(settings::refuse(NAME, format!("{name} is longer than {MAX_MARK} bytes")));
            }
        }
        Ok(Self { settings, timing, open: None, identity: None })
    }

    fn try_probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, SerialMrzError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.settings)?,
        };
        if self.settings.ask_identity {
            open.line.write(&[ENQ])?;
            let end = Instant::now() + self.timing.answer;
            let mut answered = None;
            while answered.is_none() && Instant::now() < end && !run.stopped() {
                match open.read(end)? {
                    Some(Read::Identity(identity)) => answered = Some(identity),
                    // Somebody is quick; the document is told once the reader is described.
                    Some(Read::Lines(lines)) => open.early = Some(lines),
                    Some(Read::Unreadable(..)) | None => {}
                }
            }
            if answered.is_none() && self.identity.is_some() {
                return Err(SerialMrzError::Silent);
            }
            self.identity = answered;
        }
        open.asked_at = None;
        open.ask_at = Instant::now() + self.timing.ask_every;
        self.open = Some(open);
        Ok(self.describe())
    }

    fn describe(&self) -> DeviceDescriptor {
        let model = self.identity.clone().unwrap_or_else(|| "Serial MRZ reader".to_owned());
        DeviceDescriptor {
            kind: DeviceKind::DocumentReader,
            driver: NAME.to_owned(),
            vendor: String::new(),
            simulated: model.to_ascii_uppercase().contains("SIMULATED"),
            model,
            serial: String::new(),
            firmware: String::new(),
            transport: format!("{} at {} baud", self.settings.path, self.settings.baud),
            ppi: None,
            bit_depth: 0,
            width: 0,
            height: 0,
            groups: Vec::new(),
            fap: None,
            preview_fps: 0,
            finger_preview: None,
            segments_itself: false,
        }
    }

    fn try_listen(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ReaderEvent)) -> Result<(), SerialMrzError> {
        let Some(open) = &mut self.open else {
            return Err(LineError::Gone("the line is not open".to_owned()).into());
        };
        if let Some(lines) = open.early.take() {
            report(ReaderEvent::Document(trimmed(&lines)));
        }
        while !run.stopped() {
            let now = Instant::now();
            match open.read(now + IDLE_GAP)? {
                Some(Read::Lines(lines)) => {
                    // Whoever sends a document is there, even if the answer got lost in it; and what is damaged after
                    // a good read is news.
                    open.asked_at = None;
                    open.damaged_at = None;
                    report(ReaderEvent::Document(trimmed(&lines)));
                }
                Some(Read::Identity(identity)) => {
                    open.asked_at = None;
                    if self.identity.as_ref() != Some(&identity) {
                        // It has just learnt to speak, or is another one: what it is must be told anew.
                        self.identity = Some(identity);
                        return Err(LineError::Gone("another reader answers".to_owned()).into());
                    }
                }
                Some(Read::Unreadable(bytes, why)) => {
                    let calm = open.damaged_at.replace(now);
                    // A line that sends rubbish, or a byte a second, is one trouble and not hundreds.
                    if calm.is_none_or(|at| now.duration_since(at) >= self.timing.calm) {
                        let error = SerialMrzError::Unreadable(bytes, why);
                        report(ReaderEvent::Unreadable(error.fault(&self.settings.path)));
                    }
                }
                None => {}
            }
            if self.settings.ask_identity {
                open.keep_asking(self.timing, self.identity.is_some())?;
            }
        }
        Ok(())
    }

    fn lost(&mut self, error: &SerialMrzError) -> DeviceFault {
        self.open = None;
        error.fault(&self.settings.path)
    }
}

impl Reader for SerialMrz {
    fn probe(&mut self, run: &Run<'_>) -> Result<DeviceDescriptor, DeviceFault> {
        self.try_probe(run).map_err(|error| self.lost(&error))
    }

    fn listen(&mut self, run: &Run<'_>, report: &mut dyn FnMut(ReaderEvent)) -> Result<(), DeviceFault> {
        self.try_listen(run, report).map_err(|error| self.lost(&error))
    }
}

impl Open {
    fn new(settings: &Settings) -> Result<Self, LineError> {
        let marks = Marks { prefix: settings.prefix.clone().into(), suffix: settings.suffix.clone().into() };
        Ok(Self {
            line: SerialLine::open(&settings.path, settings.baud)?,
            framer: Framer::new(marks),
            asked_at: None,
            ask_at: Instant::now(),
            damaged_at: None,
            early: None,
        })
    }

    /// Waits for bytes, at most until then and at most for the pause that ends a read.
    fn read(&mut self, end: Instant) -> Result<Option<Read>, LineError> {
        let mut buffer = Personal::new(Bytes([0; 256]));
        let wait = end.saturating_duration_since(Instant::now()).min(IDLE_GAP / 2);
        let count = self.line.read(&mut buffer.expose_mut().0, wait)?;
        Ok(self.framer.push(&buffer.expose().0[..count], Instant::now()))
    }

    /// Asks a reader that answers whether it still does, and one that never did whether it has learnt to.
    fn keep_asking(&mut self, timing: Timing, answers: bool) -> Result<(), SerialMrzError> {
        let now = Instant::now();
        match self.asked_at {
            Some(at) if now.duration_since(at) >= timing.answer => {
                self.asked_at = None;
                if answers {
                    return Err(SerialMrzError::Silent);
                }
            }
            Some(_) => {}
            None if now >= self.ask_at => {
                self.line.write(&[ENQ])?;
                self.asked_at = Some(now);
                self.ask_at = now + timing.ask_every;
            }
            None => {}
        }
        Ok(())
    }
}

impl SerialMrzError {
    fn fault(&self, path: &str) -> DeviceFault {
        let code = match self {
            Self::Line(error) => Code::of_line(DeviceKind::DocumentReader, error.kind()),
            Self::Silent => Code::ReaderSilent,
            Self::Unreadable(..) => Code::ReaderGarbage,
        };
        code.fault(format!("{path}: {self}"))
    }
}

/// A read buffer that may hold a part of a document.
struct Bytes([u8; 256]);

impl zeroize::Zeroize for Bytes {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl domain::guarded::ByteLen for Bytes {
    fn byte_len(&self) -> usize {
        self.0.len()
    }
}

fn trimmed(lines: &Personal<String>) -> Personal<String> {
    let text = lines.expose().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    Personal::new(text)
}

fn usual_baud() -> u32 {
    9600
}

fn yes() -> bool {
    true
}
