//! `gatepost display`: makes codes for travellers' displays, lists and removes displays. The station may be running.

use crate::clock::wall_ms;
use crate::displays::{CODE_LASTS_MS, Displays, DisplaysError};
use crate::setup::DataDir;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What there is to do with travellers' displays.
#[derive(Debug, Subcommand)]
pub enum DisplayCommand {
    /// Lists the displays of this station.
    List(Station),
    /// Ends a display's right to show anything.
    Remove(Named),
    /// Makes a code that binds one browser, once and for a quarter of an hour, to a display's name.
    Token(Named),
}

/// A station.
#[derive(Args, Debug)]
pub struct Station {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
}

/// A display of a station.
#[derive(Args, Debug)]
pub struct Named {
    #[command(flatten)]
    station: Station,
    /// The display's name: letters, digits and dashes.
    #[arg(long)]
    name: String,
}

impl Station {
    fn displays(&self) -> Displays {
        Displays::new(DataDir(self.data.clone()).displays())
    }
}

/// Does what was asked for.
pub fn run(command: &DisplayCommand) -> Result<(), DisplaysError> {
    match command {
        DisplayCommand::List(station) => {
            for entry in station.displays().list()? {
                println!("{}  {}", entry.name, if entry.bound() { "bound to a browser" } else { "waits for its code" });
            }
        }
        DisplayCommand::Remove(Named { station, name }) => {
            station.displays().remove(name, wall_ms())?;
            println!("{name} shows nothing any more.");
        }
        DisplayCommand::Token(Named { station, name }) => {
            let code = station.displays().invite(name, wall_ms())?;
            println!("code {code}");
            println!(
                "Open /traveller at the display's browser and type it there within {} minutes, or open /traveller#{code}.",
                CODE_LASTS_MS / 60_000
            );
        }
    }
    Ok(())
}
