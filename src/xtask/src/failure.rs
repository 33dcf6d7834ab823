//! What went wrong, and what to type now.

use std::path::Path;
use std::process::ExitCode;
use thiserror::Error;

/// A command could not do what it says.
#[derive(Debug, Error)]
#[error("{text}")]
pub struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// In finished sentences.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }

    /// The file system refused.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("Cannot {what} {}: {error}.", path.display()))
    }

    /// With the exit code of the program that failed.
    pub fn with_code(self, code: Option<i32>) -> Self {
        let code = code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1);
        Self { code, ..self }
    }

    /// What this program ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}
