//! `gatepost configure`: asks for what only this checkpoint can know, line by line, and writes the configuration when it is
//! right as a whole. Everything else in the file, comments too, stays as it is.

use crate::config::Loaded;
use crate::terminal::{NoAnswer, asked, yes};
use clap::Args;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use toml_edit::{DocumentMut, Item, Value};

/// Arguments of `gatepost configure`.
#[derive(Args, Debug)]
pub struct ConfigureArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
}

/// The configuration is as it was.
#[derive(Debug, Error)]
pub enum ConfigureError {
    /// The file cannot be read, or is no TOML.
    #[error("{path} cannot be read: {why}")]
    Unreadable { path: String, why: String },
    /// This account may not change it.
    #[error(
        "{path} cannot be written: {why}. Run `gatepost configure --config {path}` as the administrator of this machine"
    )]
    Unwritable { path: String, why: io::Error },
    /// Nobody answers.
    #[error("{0}; the configuration is as it was")]
    NoAnswer(#[from] NoAnswer),
    /// The answers are wrong, and nobody wants to give others.
    #[error("the configuration is as it was, because of what was typed")]
    Wrong,
}

/// What is asked for: table, key, and the question. A key that is `true` or `false` in the file is asked with yes and no.
const LINES: [(&str, &str, &str); 7] = [
    ("station", "id", "Letters and digits, the name by which the intake invites this station"),
    ("station", "checkpoint", "The checkpoint, by its name in the policy pack"),
    ("station", "technically_possible", "The operator says that capture is technically possible here"),
    ("station", "time_zone", "Time zone, for example Europe/Moscow"),
    ("policy", "pack", "File of the authority's policy pack"),
    ("policy", "trust", "File of the authority's public key"),
    ("intake", "url", "Where records go, https://HOST:PORT"),
];

/// Asks, checks and writes.
///
/// # Errors
/// [`ConfigureError`]; the file is then as it was.
pub fn run(args: &ConfigureArgs) -> Result<Loaded, ConfigureError> {
    let path = args.config.display().to_string();
    let unreadable = |why: String| ConfigureError::Unreadable { path: path.clone(), why };
    let text = fs::read_to_string(&args.config).map_err(|error| unreadable(error.to_string()))?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| unreadable(error.to_string()))?;
    let new = NextTo(args.config.with_extension("toml.new"));
    let unwritable = |why| ConfigureError::Unwritable { path: path.clone(), why };
    new.write(&args.config, &text).map_err(unwritable)?;
    println!("Nothing typed keeps what stands in brackets.");
    loop {
        for (table, key, question) in LINES {
            ask(&mut document, table, key, question)?;
        }
        // Beside the file that it is to replace, since other files are named from there.
        new.write(&args.config, &document.to_string()).map_err(unwritable)?;
        match Loaded::read(&new.0) {
            Ok(loaded) => {
                fs::rename(&new.0, &args.config).map_err(unwritable)?;
                println!("{path} is written");
                return Ok(loaded);
            }
            Err(faults) => {
                // They name the file that was to be.
                println!("{}", faults.to_string().replace(".toml.new:", ".toml:"));
                if !yes("Answer again?")? {
                    return Err(ConfigureError::Wrong);
                }
            }
        }
    }
}

/// One line: what is typed takes the place of what stands there, and a comment beside it stays.
fn ask(document: &mut DocumentMut, table: &str, key: &str, question: &str) -> Result<(), NoAnswer> {
    let item = &mut document[table][key];
    let present = match item.as_value() {
        Some(Value::Boolean(said)) => if *said.value() { "yes" } else { "no" }.to_owned(),
        Some(value) => value.as_str().map(str::to_owned).unwrap_or_default(),
        None => String::new(),
    };
    let typed = asked(&format!("{question} [{present}]: "))?;
    if typed.is_empty() {
        return Ok(());
    }
    let mut value = match item.as_value() {
        Some(Value::Boolean(_)) => Value::from(matches!(typed.to_lowercase().as_str(), "yes" | "y" | "true")),
        _ => Value::from(typed),
    };
    if let Some(before) = item.as_value() {
        *value.decor_mut() = before.decor().clone();
    }
    *item = Item::Value(value);
    Ok(())
}

/// The new text beside the old one. What was not moved into its place is removed.
struct NextTo(PathBuf);

impl NextTo {
    /// Written and on the disk, readable by those who may read the old one.
    fn write(&self, old: &Path, text: &str) -> io::Result<()> {
        let mut file = fs::File::create(&self.0)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.set_permissions(fs::metadata(old)?.permissions())?;
        file.sync_all()
    }
}

impl Drop for NextTo {
    fn drop(&mut self) {
        // After a success it is not there any more.
        let _ = fs::remove_file(&self.0);
    }
}
