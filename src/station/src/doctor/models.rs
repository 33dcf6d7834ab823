//! The model that judges faces.

use super::{Finding, Patient};
use crate::desk::{EngineView, engine};

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Ok(loaded) = patient.loaded else { return Vec::new() };
    vec![of(&engine::open(&loaded.config.quality).view)]
}

/// The engine that judges, and what it stands in for.
pub(super) fn of(view: &EngineView) -> Finding {
    let Some(lacking) = &view.lacking else { return Finding::good("models", view.described()) };
    let stands_in = if view.model.is_empty() {
        "nothing stands in, and no face is captured".into()
    } else {
        format!("{} stands in, without {}", view.name, lacking.not_assessed.join(", "))
    };
    let found = format!("{} is missing or altered ({}): {stands_in}", lacking.engine, lacking.code);
    Finding::fault("models", found, format!("`{}` puts it back", lacking.mend))
}
