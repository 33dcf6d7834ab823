//! The model that judges faces.

use super::{Finding, Patient};
use crate::desk::engine;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Ok(loaded) = patient.loaded else { return Vec::new() };
    let opened = engine::open(&loaded.config.quality);
    let view = opened.view;
    let Some(lacking) = view.lacking else {
        return vec![Finding::good("models", view.described())];
    };
    let stands_in = match opened.detector {
        Some(_) => format!("{} stands in, without {}", view.name, lacking.not_assessed.join(", ")),
        None => "nothing stands in, and no face is captured".into(),
    };
    let found = format!("{} is missing or altered ({}): {stands_in}", lacking.engine, lacking.code);
    vec![Finding::fault("models", found, format!("`{}` puts it back", lacking.mend))]
}
