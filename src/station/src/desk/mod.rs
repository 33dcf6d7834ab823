//! The desk: one task that owns the case at the desk, the parked cases and the devices.
//!
//! Pages send orders, devices send events, workers send what they have judged; the task applies each to the session,
//! carries out the effects, and publishes a new panel. Nothing else changes a case.

mod actor;
mod attack;
mod before;
mod beside;
mod case;
mod command;
mod counting;
mod deciding;
mod devices;
mod effects;
pub mod engine;
mod face;
mod facts;
mod family;
mod finger;
mod heard;
mod history;
mod keep;
mod language;
mod orders;
mod panel;
mod placement;
mod preview;
mod reviewing;
mod samples;
mod sight;
#[cfg(test)]
pub(crate) mod staged;
mod taken;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trail;
mod view;
mod waiting;

pub use actor::{DeskParts, spawn};
pub use attack::AttackCues;
pub use before::{BeforePanel, Noted, WindowPanel};
pub use beside::BesideView;
pub use command::{Command, DeskRefusal, ManualFields, ReviewDecision};
pub use deciding::Last;
pub use devices::spec as device_spec;
#[cfg(test)]
pub use engine::MEND;
pub use engine::{EngineView, Lacking};
pub use history::HistoryLine;
pub use keep::{Keeper, record_kept};
pub use orders::RESERVED_BYTES;
pub use sight::Sight;
pub use view::{
    AttemptPanel, ClaimPanel, DevicePanel, FaultView, InterruptedView, Panel, ParkedPanel, ParkedView, PortraitPanel,
    RecordView, RulesView, SlotView, TravellerPanel, View,
};

use crate::config::Loaded;
use actor::Message;
use command::{Order, Picture, SampleRequest};
use domain::case::CaseNumber;
use domain::session::Slot;
use domain::units::StaffId;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// One JPEG of the live picture. It is biometric data: it goes to the officer's browser and to the traveller's own display,
/// and nowhere else.
pub type PreviewJpeg = Option<Arc<Vec<u8>>>;

/// What pages hold of the desk.
#[derive(Clone)]
pub struct DeskHandle {
    messages: mpsc::Sender<Message>,
    panel: watch::Receiver<Arc<Panel>>,
    preview: watch::Receiver<PreviewJpeg>,
    sight: watch::Receiver<Sight>,
    /// None where nobody works.
    keeper: Option<Arc<Keeper>>,
}

impl DeskHandle {
    /// A desk at which nobody works, for tests of who gets to it: every order is answered as by a station that stops.
    #[cfg(test)]
    pub(crate) fn closed(panel: Panel) -> Self {
        let (messages, _) = mpsc::channel(1);
        let (panel, preview, sight) =
            (watch::channel(Arc::new(panel)).1, watch::channel(None).1, watch::channel(Sight::default()).1);
        Self { messages, panel, preview, sight, keeper: None }
    }

    /// What there is to show now.
    pub fn panel(&self) -> Arc<Panel> {
        self.panel.borrow().clone()
    }

    /// What there is to show, now and at each change.
    pub fn watch(&self) -> watch::Receiver<Arc<Panel>> {
        self.panel.clone()
    }

    /// The live picture.
    pub fn preview(&self) -> watch::Receiver<PreviewJpeg> {
        self.preview.clone()
    }

    /// What was seen in the live picture.
    pub fn sight(&self) -> watch::Receiver<Sight> {
        self.sight.clone()
    }

    /// Gives an order and waits for the answer; none when the station is stopping.
    /// `at` is what the page showed that it was given from: an order from a page that the desk has left behind does nothing.
    pub async fn order(&self, command: Command, by: &StaffId, at: Option<String>) -> Option<Result<(), DeskRefusal>> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Order(Order { command, by: by.clone(), at, answer })).await.ok()?;
        answered.await.ok()
    }

    /// The intake has acknowledged a record. A desk that is busy hears of it later; one that is gone needs no telling.
    pub fn arrived(&self, sequence: u64) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let _ = messages.send(Message::Arrived(sequence)).await;
        });
    }

    /// Why nothing arrives at the intake, in a code; `None` when all is well.
    pub fn intake_trouble(&self, code: Option<&'static str>) {
        let messages = self.messages.clone();
        tokio::spawn(async move {
            let _ = messages.send(Message::Intake(code)).await;
        });
    }

    /// Another policy pack, or other confirmations, take over; false when the station is stopping.
    pub async fn rules(&self, loaded: Arc<Loaded>) -> bool {
        self.messages.send(Message::Rules(loaded)).await.is_ok()
    }

    /// Closes the devices and ends the desk's task.
    pub async fn stop(&self) {
        let (stopped, ended) = oneshot::channel();
        if self.messages.send(Message::Stop(stopped)).await.is_ok() {
            // An error says that the task is gone, which is what was wanted.
            let _ = ended.await;
        }
    }

    /// What the audit trail says of a case, oldest first; the inside text of a fault of the store goes to the log.
    pub async fn history(&self, case: CaseNumber) -> Vec<HistoryLine> {
        let Some(keeper) = self.keeper.clone() else { return Vec::new() };
        let read = tokio::task::spawn_blocking(move || history::lines(&keeper, &case));
        read.await.unwrap_or_default()
    }

    /// A sample of a slot of a parked case, with its media type: of the best attempt where none is named.
    pub async fn sample(&self, case: CaseNumber, slot: Slot, attempt: Option<u8>) -> Option<Picture> {
        let (answer, answered) = oneshot::channel();
        self.messages.send(Message::Sample(SampleRequest { case, slot, attempt, answer })).await.ok()?;
        answered.await.ok()?
    }
}
