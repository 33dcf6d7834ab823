//! What administrators do to people and displays reaches the audit trail. It waits in the file that it changed, whoever made
//! the change, with the station running or not, until it stands in the trail.

use crate::desk::Keeper;
use crate::displays::Displays;
use crate::people::{self, Register};
use crate::web::App;
use domain::units::StaffId;
use std::sync::Arc;
use std::time::Duration;
use store::{Action, Event, Reason};
use tokio::time::MissedTickBehavior;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// Looks after the files for as long as the station runs.
pub fn start(app: Arc<App>, keeper: Arc<Keeper>) {
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(LOOK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let (app, keeper) = (app.clone(), keeper.clone());
            let handed = tokio::task::spawn_blocking(move || {
                of_people(app.logins.people(), &keeper);
                of_displays(&app.displays, &keeper);
            });
            // Only a stopping runtime does not carry it out.
            if handed.await.is_err() {
                return;
            }
        }
    });
}

fn of_people(people: &Register, keeper: &Keeper) {
    let handed = people::hand_over(people, |change| {
        note(keeper, change.at_ms, &change.by, change.what, Reason::word(&change.whom.0))
    });
    if let Err(error) = handed {
        tracing::error!(%error, "changes of people wait for the audit trail");
    }
}

fn of_displays(displays: &Displays, keeper: &Keeper) {
    let handed = displays.hand_over(|change| note(keeper, change.at_ms, &change.by, change.what, change.reason()));
    if let Err(error) = handed {
        tracing::error!(%error, "changes of displays wait for the audit trail");
    }
}

fn note(keeper: &Keeper, at_ms: i64, who: &StaffId, what: Action, reason: Option<Reason>) -> bool {
    keeper.note(&Event { at_ms, who: who.clone(), what, case: None, reason }).is_ok()
}
