//! Orders on the control socket: one JSON object a line in, one a line out.

use super::pictures::FRAME;
use super::{Device, FaultKind, HandPose, Stage, StageError, Wear};
use crate::person::{Person, Traits};
use crate::render_cli::truth as told;
use crate::scenario::{self, Event, Scenario, ScenarioError, Turn};
use domain::finger::Finger;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use thiserror::Error;

/// The longest line that is read, in bytes: a scenario with everything escaped.
pub const MAX_LINE: usize = 2 * scenario::MAX_TEXT;

/// Lines of a document, and characters of each: more than any MRZ has, so that bad ones can be swiped too.
const MAX_DOCUMENT: (usize, usize) = (8, 512);

/// How long unplugging and replugging may take.
const CABLE: Duration = Duration::from_secs(5);

/// One order.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// A new person stands before the camera.
    Arrive {
        /// Decides everything that the traits leave open.
        seed: u64,
        /// What is wanted of the person.
        #[serde(default)]
        traits: Traits,
    },
    /// Fingers come by themselves when an image is commanded, or not.
    Autopilot {
        /// They do.
        on: bool,
    },
    /// What the devices did so far.
    Counters {},
    /// What is left of the scenario's cues.
    Cues {},
    /// A bad day.
    Fault {
        /// Of this device.
        device: Device,
        /// What goes wrong; `none` or `replug` ends it.
        fault: FaultKind,
        /// Bytes that the device still sends well before it shows.
        #[serde(default)]
        after_bytes: u64,
    },
    /// A finger on the sensor, or none.
    Finger {
        /// Which.
        finger: Option<Finger>,
        /// Only touching: on a live-scan sensor, until it is put down as usual.
        #[serde(default)]
        lightly: bool,
    },
    /// Fingers together on the glass of the slap scanner; none lifts the hand.
    Hand {
        /// Which, of one hand or of two.
        fingers: Vec<Finger>,
        /// Degrees clockwise, -45 to 45.
        #[serde(default)]
        rotation: f32,
    },
    /// The visitor goes.
    Leave {},
    /// The officer's page says something that a cue may wait for: `asks for right-index`, `tells D-12`.
    Page {
        /// What, in a cue's words without `page`.
        says: String,
    },
    /// A scenario's cues, by its name or as its text, from now on.
    Play {
        /// A name of `gatepost-sim list`, or the text of a file.
        scenario: String,
    },
    /// Another pose; what is not named stays.
    Pose(Turn),
    /// A document through the reader.
    Swipe {
        /// Its lines.
        lines: Vec<String>,
    },
    /// What the frame now shown really shows: every face with its box, points and pose, and whose it is.
    Truth {},
    /// A device is worn from now on, for everybody; without any level it is as new again.
    Wear {
        /// This one.
        device: Device,
        /// A film on a scanner's glass, 0 to 1.
        #[serde(default)]
        film: f32,
        /// Prints of former fingers on it, 0 to 1.
        #[serde(default)]
        residue: f32,
        /// What a camera's lamp lacks of its light, 0 to 1.
        #[serde(default)]
        dim: f32,
    },
    /// Who stands there, for the page and for tests: facts, lines, faults, and since when the camera shows them so.
    Who {},
}

/// Why an order was not carried out.
#[derive(Debug, Error)]
pub enum ControlError {
    /// More lines or longer lines than any document has.
    #[error("a document has at most {} lines of {} characters", MAX_DOCUMENT.0, MAX_DOCUMENT.1)]
    DocumentTooLong,
    /// Not something that a page says.
    #[error("{0}")]
    Event(String),
    /// The line is longer than [`MAX_LINE`].
    #[error("a line has at most {MAX_LINE} bytes")]
    LineTooLong,
    /// Not an order.
    #[error("not an order: {0}")]
    NotAnOrder(#[from] serde_json::Error),
    /// A number outside its range.
    #[error("{what} is not within {low} to {high}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// The smallest allowed.
        low: f32,
        /// The largest allowed.
        high: f32,
    },
    /// Not a scenario.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The stage refused.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A wish that cannot be met.
    #[error(transparent)]
    Traits(#[from] crate::person::TraitsError),
}

/// The order on this line.
pub fn parse(line: &[u8]) -> Result<Order, ControlError> {
    if line.len() > MAX_LINE {
        return Err(ControlError::LineTooLong);
    }
    let order = serde_json::from_slice(line)?;
    if let Order::Swipe { lines } = &order {
        let (most, longest) = MAX_DOCUMENT;
        if lines.len() > most || lines.iter().any(|line| line.len() > longest) {
            return Err(ControlError::DocumentTooLong);
        }
    }
    Ok(order)
}

/// Carries out the order on a line and answers with one line. Blocks while pictures are made.
pub fn answer(stage: &Stage, line: &[u8]) -> String {
    let done = parse(line).and_then(|order| carry_out(stage, order));
    match done {
        Ok(answer) => answer.to_string(),
        Err(error) => json!({ "ok": false, "error": error.to_string() }).to_string(),
    }
}

/// Carries out an order.
pub fn carry_out(stage: &Stage, order: Order) -> Result<Value, ControlError> {
    match order {
        Order::Arrive { seed, traits } => {
            stage.arrive(Person::new(seed, &traits.checked()?, stage.settings().today))?;
            return Ok(who(stage));
        }
        Order::Autopilot { on } => stage.set_autopilot(on),
        Order::Counters {} => {
            let mut answer = json!(stage.counters());
            answer["ok"] = Value::Bool(true);
            return Ok(answer);
        }
        Order::Cues {} => return Ok(json!({ "ok": true, "left": stage.cues_left() })),
        Order::Fault { device, fault, after_bytes } => set_fault(stage, device, fault, after_bytes)?,
        Order::Finger { finger: Some(finger), lightly: true } => stage.put_lightly(finger)?,
        Order::Finger { finger: Some(finger), lightly: false } => stage.put(finger)?,
        Order::Finger { finger: None, .. } => stage.lift(),
        Order::Hand { fingers, rotation } => {
            stage.put_hand(&fingers, HandPose { rotation, ..HandPose::default() })?;
        }
        Order::Leave {} => stage.leave(),
        Order::Page { says } => {
            let event = Event::read(&format!("page {says}")).map_err(ControlError::Event)?;
            let acted = stage.happened(&event);
            return Ok(json!({ "ok": true, "fingers": acted.fingers, "document": acted.document }));
        }
        Order::Play { scenario } => {
            let text = if scenario.contains('\n') { scenario } else { scenario::text_of(&scenario)? };
            stage.play(&Scenario::read("scenario", &text)?)?;
        }
        Order::Pose(turn) => {
            let out = |(what, low, high)| ControlError::OutOfRange { what, low, high };
            stage.turn(turn.of(stage.pose()).map_err(out)?)?;
        }
        Order::Swipe { lines } => stage.swipe(lines)?,
        Order::Truth {} => return Ok(truth(stage)),
        Order::Wear { device, film, residue, dim } => stage.set_wear(device, Wear { film, residue, dim })?,
        Order::Who {} => return Ok(who(stage)),
    }
    Ok(json!({ "ok": true }))
}

/// Sets a fault; an unplugging or replugging at once is answered when the port has followed.
fn set_fault(stage: &Stage, device: Device, fault: FaultKind, after_bytes: u64) -> Result<(), StageError> {
    stage.set_fault(device, fault, after_bytes)?;
    match fault {
        FaultKind::Unplug if after_bytes == 0 => stage.wait_plugged(device, false, CABLE),
        FaultKind::None | FaultKind::Replug => stage.wait_plugged(device, true, CABLE),
        _ => Ok(()),
    }
}

fn truth(stage: &Stage) -> Value {
    let shown = stage.shown();
    let people: Vec<_> = shown.people.iter().collect();
    let faces: Vec<Value> = shown.faces.iter().map(|face| told::face(face, &people)).collect();
    let (width, height) = FRAME;
    json!({ "ok": true, "simulated": true, "frame": shown.frame, "width": width, "height": height, "faces": faces })
}

fn who(stage: &Stage) -> Value {
    let visitor = stage.visitor();
    let faults: serde_json::Map<String, Value> =
        Device::ALL.iter().map(|device| (device.id().into(), stage.fault_set(*device).kind.id().into())).collect();
    json!({
        "ok": true,
        "seed": visitor.as_ref().map(|visitor| visitor.person.seed),
        "lines": visitor.as_ref().map(|visitor| &visitor.person.lines),
        "finger": stage.finger().map(Finger::id),
        "hand": stage.platen().map(|platen| platen.fingers.iter().map(|laid| laid.finger.id()).collect::<Vec<_>>()),
        "slap": stage.expects_hands(),
        "autopilot": stage.has_autopilot(),
        "shown_at_ms": stage.shown_at().map(|at| at.0),
        "fingers": visitor.as_ref().map(|v| v.person.planned_fingers().iter().map(|f| f.id()).collect::<Vec<_>>()),
        "faults": faults,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Settings;
    use domain::units::Millis;
    use proptest::prelude::*;
    use render::head::Pose;

    #[test]
    fn orders_are_read() {
        let pair = Order::Hand { fingers: vec![Finger::LeftThumb, Finger::RightThumb], rotation: -8.0 };
        let turn = Turn { yaw: Some(9.0), ..Turn::default() };
        let rows: [(&str, Order); 12] = [
            (
                r#"{"do":"wear","device":"slap","residue":0.5}"#,
                Order::Wear { device: Device::Slap, film: 0.0, residue: 0.5, dim: 0.0 },
            ),
            (r#"{"do":"pose","yaw":9}"#, Order::Pose(turn)),
            (r#"{"do":"page","says":"tells D-12"}"#, Order::Page { says: "tells D-12".into() }),
            (r#"{"do":"hand","fingers":["left-thumb","right-thumb"],"rotation":-8}"#, pair),
            (r#"{"do":"hand","fingers":[]}"#, Order::Hand { fingers: vec![], rotation: 0.0 }),
            (r#"{"do":"autopilot","on":false}"#, Order::Autopilot { on: false }),
            (r#"{"do":"counters"}"#, Order::Counters {}),
            (
                r#"{"do":"finger","finger":"right-index"}"#,
                Order::Finger { finger: Some(Finger::RightIndex), lightly: false },
            ),
            (
                r#"{"do":"finger","finger":"left-ring","lightly":true}"#,
                Order::Finger { finger: Some(Finger::LeftRing), lightly: true },
            ),
            (r#"{"do":"finger","finger":null}"#, Order::Finger { finger: None, lightly: false }),
            (
                r#"{"do":"fault","device":"scanner","fault":"bad-checksum","after_bytes":9}"#,
                Order::Fault { device: Device::Scanner, fault: FaultKind::BadChecksum, after_bytes: 9 },
            ),
            (r#"{"do":"arrive","seed":7}"#, Order::Arrive { seed: 7, traits: Traits::default() }),
        ];
        for (line, order) in rows {
            assert_eq!(parse(line.as_bytes()).unwrap(), order, "{line}");
        }
    }

    #[test]
    fn the_truth_is_that_of_the_frame_that_left_last() {
        let today = jiff::civil::date(2026, 3, 1);
        let stage = Stage::new(Settings { sensor: (64, 48), autopilot: false, today }).unwrap();
        let told = || serde_json::from_str::<Value>(&answer(&stage, br#"{"do":"truth"}"#)).unwrap();
        assert_eq!(told()["faces"], json!([]), "nobody is there");
        stage.arrive(Person::new(5, &Traits::default(), today)).unwrap();
        stage.turn(Pose { yaw: 20.0, ..stage.pose() }).unwrap();
        let faces: Vec<Value> = [0, 17, 40]
            .map(|number| {
                let (_, view) = stage.frame(number);
                stage.sends(view, number, Millis(1));
                let told = told();
                assert_eq!((&told["frame"], &told["faces"][0]["person"]), (&json!(number), &json!(5)));
                assert!((told["faces"][0]["pose"]["yaw"].as_f64().unwrap() - 20.0).abs() < 3.0, "{told}");
                told["faces"].clone()
            })
            .to_vec();
        assert!(faces[0] != faces[1] && faces[1] != faces[2], "nobody stands quite still");
        stage.join(Some(9)).unwrap();
        assert_eq!(told()["faces"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn bad_orders_say_what_is_wrong() {
        let long = format!(r#"{{"do":"swipe","lines":["{}"]}}"#, "A".repeat(513));
        let rows = [
            ("", "not an order"),
            ("{", "not an order"),
            (r#"{"do":"dance"}"#, "dance"),
            (r#"{"do":"finger","finger":"right-toe"}"#, "right-toe"),
            (r#"{"do":"arrive","seed":7,"traits":{"skinn":1}}"#, "skinn"),
            (r#"{"do":"leave","now":true}"#, "now"),
            (r#"{"do":"pose","yaw":1,"jaw":1}"#, "jaw"),
            (r#"{"do":"wear","device":"slap","rust":1}"#, "rust"),
            (&long, "512 characters"),
        ];
        for (line, said) in rows {
            let error = parse(line.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
        assert!(matches!(parse(&vec![b' '; MAX_LINE + 1]), Err(ControlError::LineTooLong)));
    }

    proptest! {
        #[test]
        fn arbitrary_lines_never_panic(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&line);
        }

        #[test]
        fn nearly_right_lines_never_panic(
            word in "arrive|autopilot|cues|fault|finger|hand|leave|page|play|pose|swipe|counters|truth|wear|who",
            key in "seed|on|traits|says|scenario|device|fault|finger|fingers|rotation|lines|yaw|lids|after_bytes|film|dim",
            value in "[0-9eE+.\"a-z\\[\\]{}:,-]{0,20}",
        ) {
            let _ = parse(format!(r#"{{"do":"{word}","{key}":{value}}}"#).as_bytes());
        }
    }
}
