//! The test's hand on the simulated devices: orders over the control socket.

use crate::people::traits_of;
use hardware_sim::person::Person;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

/// How long the simulator may take for an order; drawing a person takes longest.
const ANSWER: Duration = Duration::from_secs(60);

/// What the devices did since the simulator started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Opens {
    /// Streams started.
    pub camera_streams: u64,
    /// Images commanded of the sensor for single fingers.
    pub scanner_images: u64,
    /// Streams of the live-scan sensor started.
    pub live_streams: u64,
    /// Captures commanded of the slap scanner.
    pub slap_captures: u64,
}

/// A connection to the simulator.
pub struct Sim {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Sim {
    /// Connects.
    pub async fn connect(socket: &Path) -> Self {
        let (reader, writer) = UnixStream::connect(socket).await.unwrap().into_split();
        Self { reader: BufReader::new(reader), writer }
    }

    /// A person steps up; answered when they can be seen.
    pub async fn arrive(&mut self, person: &Person) {
        self.order(json!({ "do": "arrive", "seed": person.seed, "traits": traits_of(person) })).await;
    }

    /// The person goes.
    pub async fn leave(&mut self) {
        self.order(json!({ "do": "leave" })).await;
    }

    /// The person's lids: 0 shut, 1 wide open.
    pub async fn lids(&mut self, lids: f32) {
        self.order(json!({ "do": "pose", "lids": lids })).await;
    }

    /// A document goes through the reader.
    pub async fn swipe(&mut self, lines: &[String]) {
        self.order(json!({ "do": "swipe", "lines": lines })).await;
    }

    /// A finger is put on the sensor for single fingers, or lifted.
    pub async fn finger(&mut self, finger: Option<&str>) {
        self.order(json!({ "do": "finger", "finger": finger })).await;
    }

    /// A finger touches the live-scan sensor lightly, until it is put down as usual.
    pub async fn touch_lightly(&mut self, finger: &str) {
        self.order(json!({ "do": "finger", "finger": finger, "lightly": true })).await;
    }

    /// Fingers are put down together on the glass of the slap scanner; a single one also on the sensor for single
    /// fingers. None of them lifts whatever is on either.
    pub async fn hand(&mut self, fingers: &[String]) {
        if fingers.len() < 2 {
            self.finger(fingers.first().map(String::as_str)).await;
        }
        self.order(json!({ "do": "hand", "fingers": fingers })).await;
    }

    /// A bad day that begins after so many good bytes.
    pub async fn fault(&mut self, device: &str, fault: &str, after_bytes: u64) {
        self.order(json!({ "do": "fault", "device": device, "fault": fault, "after_bytes": after_bytes })).await;
    }

    /// The bad day is over; answered when the device is plugged in.
    pub async fn mend(&mut self, device: &str) {
        self.order(json!({ "do": "fault", "device": device, "fault": "none" })).await;
    }

    /// A device is worn from now on, in these ways and so much (0 to 1); as new again without any.
    pub async fn wear(&mut self, device: &str, ways: &[(&str, f64)]) {
        let mut order = json!({ "do": "wear", "device": device });
        ways.iter().for_each(|(way, level)| order[*way] = json!(level));
        self.order(order).await;
    }

    /// What the devices did so far.
    pub async fn opens(&mut self) -> Opens {
        serde_json::from_value(self.order(json!({ "do": "counters" })).await).unwrap()
    }

    async fn order(&mut self, order: Value) -> Value {
        let answer = timeout(ANSWER, self.exchange(&order)).await;
        let answer = answer.unwrap_or_else(|_| panic!("the simulator does not answer to {order}"));
        assert_eq!(answer["ok"], true, "{order}: {answer}");
        answer
    }

    async fn exchange(&mut self, order: &Value) -> Value {
        self.writer.write_all(format!("{order}\n").as_bytes()).await.unwrap();
        let mut line = String::new();
        self.reader.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{order}: {error} in {line:?}"))
    }
}
