//! Questions at a terminal.

use std::io::{self, Write};
use thiserror::Error;

/// The end of what was typed, in the middle of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("nothing more was typed")]
pub struct NoAnswer;

/// Asks until it is yes or no.
///
/// # Errors
/// [`NoAnswer`].
pub fn yes(question: &str) -> Result<bool, NoAnswer> {
    loop {
        match asked(&format!("{question} yes/no: "))?.to_lowercase().as_str() {
            "yes" | "y" => return Ok(true),
            "no" | "n" => return Ok(false),
            _ => {}
        }
    }
}

/// A line, without the spaces around it.
///
/// # Errors
/// [`NoAnswer`].
pub fn asked(question: &str) -> Result<String, NoAnswer> {
    say(question);
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(1..) => Ok(line.trim().to_owned()),
        Ok(0) | Err(_) => Err(NoAnswer),
    }
}

/// Writes without ending the line.
pub fn say(question: &str) {
    print!("{question}");
    // Whoever cannot read the question cannot answer it either.
    let _ = io::stdout().flush();
}
