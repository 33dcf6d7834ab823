//! The shift's hand on the simulated devices: orders over the control socket.

use crate::scenario::Acted;
use domain::finger::Finger;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

/// How long the simulator may take for an order; drawing a person takes longest.
const ANSWER: Duration = Duration::from_secs(60);

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;

/// An order that the simulator did not carry out.
#[derive(Debug, Error)]
pub enum DirectorError {
    /// The socket failed.
    #[error("the simulator's control socket failed: {0}")]
    Io(#[from] io::Error),
    /// Not an answer.
    #[error("the simulator gave no answer that can be read: {0}")]
    NoAnswer(#[from] serde_json::Error),
    /// The simulator said no.
    #[error("the simulator refused: {0}")]
    Refused(String),
    /// No answer in time.
    #[error("the simulator did not answer within {} s", ANSWER.as_secs())]
    TimedOut,
}

/// What the devices did, as the simulator counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Counted {
    camera_streams: u64,
    scanner_images: u64,
    #[serde(default)]
    live_streams: u64,
    #[serde(default)]
    slap_captures: u64,
    #[serde(default)]
    portrait_captures: u64,
    #[serde(default)]
    preview_streams: u64,
    scanner_transfer_ms: u64,
    #[serde(default)]
    reader_transfer_ms: u64,
    #[serde(default)]
    slap_waiting_ms: u64,
}

impl Counted {
    /// Streams and previews started, images commanded, slaps and portraits asked for since an earlier count.
    pub fn opens_since(self, earlier: Self) -> u64 {
        let all = |one: Self| {
            let streams = [one.camera_streams, one.preview_streams, one.live_streams];
            streams.into_iter().chain([one.scanner_images, one.slap_captures, one.portrait_captures])
        };
        all(self).zip(all(earlier)).map(|(now, then)| now.saturating_sub(then)).sum()
    }

    /// Devices' own time since an earlier count: on the serial lines, and waiting for a better picture of a hand.
    pub fn transfer_ms_since(self, earlier: Self) -> u64 {
        let images = self.scanner_transfer_ms.saturating_sub(earlier.scanner_transfer_ms);
        let hands = self.slap_waiting_ms.saturating_sub(earlier.slap_waiting_ms);
        images + hands + self.reader_transfer_ms.saturating_sub(earlier.reader_transfer_ms)
    }
}

/// One connection: each order is followed by its answer.
struct Line {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

/// Whoever directs the simulator.
pub struct Director {
    socket: PathBuf,
    /// None after an order whose answer did not come whole: it might still come, and be taken for the next one's.
    line: Option<Line>,
    patience: Duration,
    busy: Duration,
    slap: bool,
    scripted: bool,
}

impl Director {
    /// Connects.
    pub async fn connect(socket: &Path) -> Result<Self, DirectorError> {
        let line = Some(Line::connect(socket).await?);
        let (socket, busy) = (socket.to_owned(), Duration::ZERO);
        Ok(Self { socket, line, patience: ANSWER, busy, slap: false, scripted: false })
    }

    /// Time spent so far on orders: drawing and putting down fingers is the simulation's work, not the station's.
    pub fn busy(&self) -> Duration {
        self.busy
    }

    /// Fingers come only when the shift puts them down: a simulator that helps by itself would be in the way.
    pub async fn take_over(&mut self) -> Result<(), DirectorError> {
        let who = self.order(&json!({ "do": "who" })).await?;
        self.slap = who.get("slap").and_then(Value::as_bool).unwrap_or_default();
        self.order(&json!({ "do": "autopilot", "on": false })).await.map(drop)
    }

    /// Plays a scenario's cues from now on: by its name, or its text.
    pub async fn play(&mut self, scenario: &str) -> Result<(), DirectorError> {
        self.order(&json!({ "do": "play", "scenario": scenario })).await?;
        self.scripted = true;
        Ok(())
    }

    /// Whether a scenario is played.
    pub fn is_scripted(&self) -> bool {
        self.scripted
    }

    /// Passes on what the officer's page says: what a cue then did in the traveller's stead.
    pub async fn page(&mut self, says: &str) -> Result<Acted, DirectorError> {
        let answer = self.order(&json!({ "do": "page", "says": says })).await?;
        let is = |key: &str| answer.get(key).and_then(Value::as_bool).unwrap_or_default();
        Ok(Acted { fingers: is("fingers"), document: is("document") })
    }

    /// Cues of the scenario that have not been given.
    pub async fn cues_left(&mut self) -> Result<Vec<String>, DirectorError> {
        let mut answer = self.order(&json!({ "do": "cues" })).await?;
        Ok(serde_json::from_value(answer["left"].take())?)
    }

    /// A person steps up; answered when they can be seen.
    pub async fn arrive(&mut self, seed: u64, traits: &Value) -> Result<(), DirectorError> {
        self.order(&json!({ "do": "arrive", "seed": seed, "traits": traits })).await.map(drop)
    }

    /// The person goes.
    pub async fn leave(&mut self) -> Result<(), DirectorError> {
        self.order(&json!({ "do": "leave" })).await.map(drop)
    }

    /// A document goes through the reader.
    pub async fn swipe(&mut self, lines: &[String]) -> Result<(), DirectorError> {
        self.order(&json!({ "do": "swipe", "lines": lines })).await.map(drop)
    }

    /// Fingers are put down together, on whichever scanners stand at the desk: the station commands one of them.
    pub async fn put(&mut self, fingers: &[Finger]) -> Result<(), DirectorError> {
        if self.slap {
            let fingers: Vec<&str> = fingers.iter().map(|finger| finger.id()).collect();
            self.order(&json!({ "do": "hand", "fingers": fingers })).await?;
        }
        match fingers {
            [finger] => self.order(&json!({ "do": "finger", "finger": finger.id() })).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Whatever was put down is lifted.
    pub async fn lift(&mut self) -> Result<(), DirectorError> {
        if self.slap {
            self.order(&json!({ "do": "hand", "fingers": [] })).await?;
        }
        self.order(&json!({ "do": "finger", "finger": null })).await.map(drop)
    }

    /// The person steps to this many metres from the camera; answered when frames show it.
    pub async fn stand(&mut self, distance: f32) -> Result<(), DirectorError> {
        self.order(&json!({ "do": "pose", "distance": distance })).await.map(drop)
    }

    /// When the first frame that shows the person's pose left the camera, in milliseconds of the machine's monotonic
    /// clock; nothing while none has.
    pub async fn shown_at_ms(&mut self) -> Result<Option<u64>, DirectorError> {
        Ok(self.order(&json!({ "do": "who" })).await?.get("shown_at_ms").and_then(Value::as_u64))
    }

    /// What the devices did so far.
    pub async fn counters(&mut self) -> Result<Counted, DirectorError> {
        Ok(serde_json::from_value(self.order(&json!({ "do": "counters" })).await?)?)
    }

    async fn order(&mut self, order: &Value) -> Result<Value, DirectorError> {
        let began = Instant::now();
        let answer = timeout(self.patience, self.exchange(order)).await.map_err(|_| DirectorError::TimedOut);
        self.busy += began.elapsed();
        let answer = answer??;
        match answer.get("ok") {
            Some(Value::Bool(true)) => Ok(answer),
            _ => Err(DirectorError::Refused(answer.get("error").and_then(Value::as_str).unwrap_or("?").to_owned())),
        }
    }

    /// Over the connection that there is, or a new one. It is kept only if the answer came.
    async fn exchange(&mut self, order: &Value) -> Result<Value, DirectorError> {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => Line::connect(&self.socket).await?,
        };
        let answer = line.exchange(order).await?;
        self.line = Some(line);
        Ok(answer)
    }
}

impl Line {
    async fn connect(socket: &Path) -> io::Result<Self> {
        let (reader, writer) = UnixStream::connect(socket).await?.into_split();
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    async fn exchange(&mut self, order: &Value) -> Result<Value, DirectorError> {
        self.writer.write_all(format!("{order}\n").as_bytes()).await?;
        let mut line = Vec::new();
        (&mut self.reader).take(MAX_ANSWER).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(serde_json::from_slice(&line)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// A simulator that answers the first order too late, on the connection on which it came.
    #[tokio::test]
    async fn a_late_answer_is_not_taken_for_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let simulator = tokio::spawn(async move {
            let mut late = BufReader::new(listener.accept().await.unwrap().0);
            let mut order = String::new();
            late.read_line(&mut order).await.unwrap();
            let mut next = BufReader::new(listener.accept().await.unwrap().0);
            // Whether anybody still listens there does not matter.
            let _ = late.write_all(b"{\"ok\":true,\"left\":[\"late\"]}\n").await;
            next.read_line(&mut order).await.unwrap();
            next.write_all(b"{\"ok\":true,\"left\":[\"right\"]}\n").await.unwrap();
        });
        let mut director = Director::connect(&socket).await.unwrap();
        director.patience = Duration::from_millis(1);
        assert!(matches!(director.leave().await, Err(DirectorError::TimedOut)));
        director.patience = ANSWER;
        assert_eq!(director.cues_left().await.unwrap(), ["right"]);
        simulator.await.unwrap();
    }

    #[test]
    fn opens_and_transfer_are_differences() {
        let before = Counted {
            camera_streams: 3,
            scanner_images: 10,
            live_streams: 2,
            slap_captures: 1,
            portrait_captures: 2,
            preview_streams: 0,
            scanner_transfer_ms: 500,
            reader_transfer_ms: 5,
            slap_waiting_ms: 3000,
        };
        let after = Counted {
            camera_streams: 4,
            scanner_images: 14,
            live_streams: 5,
            slap_captures: 4,
            portrait_captures: 3,
            preview_streams: 1,
            scanner_transfer_ms: 4000,
            reader_transfer_ms: 9,
            slap_waiting_ms: 6001,
        };
        assert_eq!((after.opens_since(before), after.transfer_ms_since(before)), (13, 6505));
        assert_eq!((before.opens_since(after), before.transfer_ms_since(after)), (0, 0));
    }
}
