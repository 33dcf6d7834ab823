//! Which engine judges faces: the configured one, or its fallback where the model is missing or altered.

use super::face::NO_ENGINE;
use crate::config::Quality;
use quality::face::{self, FaceDetector};
use serde::Serialize;

/// The command that puts the models of the configured engine back.
pub const MEND: &str = "cargo xtask setup";
/// What mends an engine whose model the operator supplies.
const MEND_OWN: &str = "station.toml: quality.model, quality.digest";

/// What a portrait is not judged by while the fallback stands in, in codes.
const NOT_ASSESSED: &[&str] = &["pose", "eyes", "mouth"];

/// The engine of this run.
pub struct FaceEngine {
    /// The engine, if any could be loaded.
    pub detector: Option<Box<dyn FaceDetector>>,
    /// What pages and the record say of it.
    pub view: EngineView,
}

/// The face engine as the pages show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineView {
    /// The name of the engine that judges; [`NO_ENGINE`] where none does.
    pub name: &'static str,
    /// SHA-256 of its model, hexadecimal; empty without an engine.
    pub model: String,
    /// Why it is not the configured one.
    pub lacking: Option<Lacking>,
}

/// The configured engine is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// The configured engine.
    pub engine: String,
    /// `Q-11` altered, `Q-12` missing, `Q-14` the operator's and without a digest in the configuration.
    pub code: &'static str,
    /// What a portrait is not judged by.
    pub not_assessed: &'static [&'static str],
    /// The command that mends it, or the keys of the configuration that do.
    pub mend: &'static str,
}

impl Default for EngineView {
    fn default() -> Self {
        Self { name: NO_ENGINE, model: String::new(), lacking: None }
    }
}

impl EngineView {
    /// The engine as the record names it: its name, and the SHA-256 of its model.
    pub fn described(&self) -> String {
        if self.model.is_empty() { self.name.into() } else { format!("{} sha256:{}", self.name, self.model) }
    }
}

/// Loads the configured engine, or its fallback. Which one it is, and why, stands in the log.
pub fn open(quality: &Quality) -> FaceEngine {
    let fault = match face::open(&quality.engine, Some(&quality.model), quality.digest.as_ref()) {
        Ok(detector) => return judging(detector, None),
        Err(fault) => fault,
    };
    let code = fault.code();
    let mend = if quality.engine == "yunet" { MEND_OWN } else { MEND };
    tracing::error!(code, engine = quality.engine, detail = %fault, "the face engine is not there: {mend} mends it");
    let lacking = Lacking { engine: quality.engine.clone(), code, not_assessed: NOT_ASSESSED, mend };
    let fallback = quality.fallback.as_ref().map(|fallback| face::open(&fallback.engine, Some(&fallback.model), None));
    match fallback {
        Some(Ok(detector)) => {
            tracing::warn!(engine = detector.name(), "portraits are judged without pose, eyes and mouth");
            judging(detector, Some(lacking))
        }
        Some(Err(fault)) => {
            tracing::error!(code = fault.code(), detail = %fault, "its fallback is not there either");
            FaceEngine { detector: None, view: EngineView { lacking: Some(lacking), ..EngineView::default() } }
        }
        None => FaceEngine { detector: None, view: EngineView { lacking: Some(lacking), ..EngineView::default() } },
    }
}

fn judging(detector: Box<dyn FaceDetector>, lacking: Option<Lacking>) -> FaceEngine {
    let model = crate::people::hex(&detector.model_digest());
    tracing::info!(engine = detector.name(), %model, "faces are judged");
    FaceEngine { view: EngineView { name: detector.name(), model, lacking }, detector: Some(detector) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FaceFallback;
    use quality::face::cascade::{DEFAULT_MODEL, ENGINE};
    use std::path::Path;

    fn quality(model: &Path, fallback: Option<&Path>) -> Quality {
        let fallback = fallback.map(|model| FaceFallback { engine: ENGINE.name.into(), model: model.into() });
        let engine = ENGINE.name.to_owned();
        Quality {
            thresholds: "thresholds.toml".into(),
            engine,
            model: model.into(),
            digest: None,
            fallback,
            forest: None,
        }
    }

    #[test]
    fn an_operators_model_needs_its_digest_and_the_fallback_judges_without() {
        let there = Path::new(DEFAULT_MODEL);
        let gone = Path::new("/nonexistent/yunet.onnx");
        let digest = Some(face::ModelDigest([7; 32]));
        for (name, model, digest, code) in [
            ("no digest", there, None, "Q-14"),
            ("another file", there, digest, "Q-11"),
            ("no file", gone, digest, "Q-12"),
        ] {
            let opened = open(&Quality { engine: "yunet".into(), digest, ..quality(model, Some(there)) });
            let lacking = opened.view.lacking.unwrap();
            assert_eq!((lacking.code, lacking.mend), (code, MEND_OWN), "{name}");
            assert_eq!((opened.view.name, opened.detector.is_some()), (ENGINE.name, true), "{name}");
        }
    }

    #[test]
    fn the_fallback_judges_where_the_model_is_missing_or_altered() {
        let folder = tempfile::tempdir().unwrap();
        let altered = folder.path().join("altered");
        std::fs::write(&altered, "nothing of a model").unwrap();
        let (there, gone) = (Path::new(DEFAULT_MODEL), folder.path().join("gone"));
        for (name, model, fallback, judges, code) in [
            ("as configured", there, Some(there), true, None),
            ("missing", gone.as_path(), Some(there), true, Some("Q-12")),
            ("altered", altered.as_path(), Some(there), true, Some("Q-11")),
            ("missing, and no fallback", gone.as_path(), None, false, Some("Q-12")),
            ("both missing", gone.as_path(), Some(gone.as_path()), false, Some("Q-12")),
        ] {
            let opened = open(&quality(model, fallback));
            assert_eq!(opened.detector.is_some(), judges, "{name}");
            assert_eq!(opened.view.lacking.as_ref().map(|lacking| lacking.code), code, "{name}");
            assert_eq!(opened.view.name, if judges { ENGINE.name } else { NO_ENGINE }, "{name}");
            assert_eq!(opened.view.model.len(), if judges { 64 } else { 0 }, "{name}");
        }
    }
}
