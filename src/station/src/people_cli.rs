//! `gatepost people`: who may log in, for whoever owns the station's files. This is how the first administrator comes to
//! be; after that there is the administrator's page. It works beside a running station, which notes each change in its
//! audit trail.

use crate::clock::wall_ms;
use crate::passphrase::{self, PassphraseError};
use crate::people::{PeopleError, Register, Role, Standing, Tries};
use crate::setup::DataDir;
use clap::{Args, Subcommand};
use domain::units::StaffId;
use std::io;
use std::path::PathBuf;
use store::Action;
use thiserror::Error;
use zeroize::Zeroizing;

/// What can be done with people.
#[derive(Subcommand, Debug)]
pub enum PeopleCommand {
    /// Adds a person. The PIN is asked for at the terminal.
    Add(AddArgs),
    /// Gives out a code by which a person registers a security key at their next log-in, once, within 15 minutes.
    Code(PersonArgs),
    /// Lists everybody: name, role, security keys, and whether they can log in.
    List(FilesArgs),
    /// Gives a person another PIN, which is asked for at the terminal.
    Pin(PinArgs),
    /// Retires a person: nobody logs in by this name any more, and nobody else gets it.
    Remove(PersonArgs),
    /// Lifts the lock of a name after wrong tries.
    Unlock(PersonArgs),
}

/// Where people are.
#[derive(Args, Debug)]
pub struct FilesArgs {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
}

/// Whom it is about.
#[derive(Args, Debug)]
pub struct PersonArgs {
    /// The station's own files.
    #[arg(long)]
    pub data: PathBuf,
    /// The name at log-in.
    pub name: String,
}

/// Whom it is about, and their PIN.
#[derive(Args, Debug)]
pub struct PinArgs {
    /// Whom.
    #[command(flatten)]
    pub person: PersonArgs,
    /// A file whose first line is the PIN, where there is no terminal.
    #[arg(long)]
    pub pin_file: Option<PathBuf>,
}

/// Whom to add, as what.
#[derive(Args, Debug)]
pub struct AddArgs {
    /// Whom, and their PIN.
    #[command(flatten)]
    pub person: PinArgs,
    /// officer, supervisor, administrator or auditor.
    #[arg(long, value_parser = role)]
    pub role: Role,
}

/// A command about people came to nothing.
#[derive(Debug, Error)]
pub enum PeopleCliError {
    /// The people file, or a refused change.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The file with the PIN.
    #[error("{0} cannot be read: {1}")]
    PinFile(String, io::Error),
    /// No PIN.
    #[error("no PIN was given: {0}. Type it twice at a terminal, or name a file with --pin-file")]
    NoPin(PassphraseError),
}

/// Carries out a command and says what was done.
pub fn run(command: &PeopleCommand) -> Result<(), PeopleCliError> {
    let change = |args: &PersonArgs, what| At { files: DataDir(args.data.clone()), what, name: args.name.clone() };
    match command {
        PeopleCommand::Add(args) => {
            let (person, pin) = (&args.person.person, pin(&args.person)?);
            change(person, Action::PersonAdded).make(|people, name| people.add_for(name, args.role, &pin))?;
            println!("added {} as {}, who chooses another PIN at the first log-in", person.name, args.role.id());
        }
        PeopleCommand::Code(args) => {
            let given = |people: &mut crate::people::People, name: &str| people.consent(name, wall_ms());
            let code = change(args, Action::ConsentGiven).make(given)?;
            println!("code {code}: {} types it after the PIN, within 15 minutes", args.name);
        }
        PeopleCommand::List(args) => list(&DataDir(args.data.clone()))?,
        PeopleCommand::Pin(args) => {
            let pin = pin(args)?;
            change(&args.person, Action::PinChanged).make(|people, name| people.set_pin_for(name, &pin))?;
            println!("{} has another PIN until the next log-in; log-ins from before are over", args.person.name);
        }
        PeopleCommand::Remove(args) => {
            change(args, Action::PersonRetired).make(|people, name| people.retire(name))?;
            println!("{} may not log in any more", args.name);
        }
        PeopleCommand::Unlock(args) => {
            let known = |people: &mut crate::people::People, name: &str| {
                people.find(name).map(|_| ()).ok_or(PeopleError::Nobody)
            };
            change(args, Action::PersonUnlocked).make(known)?;
            Tries::new(&DataDir(args.data.clone()).wrong_tries()).forget(&args.name).map_err(PeopleError::from)?;
            println!("{} may try again", args.name);
        }
    }
    Ok(())
}

/// A change of one person.
struct At {
    files: DataDir,
    what: Action,
    name: String,
}

impl At {
    fn make<R>(
        self,
        change: impl FnOnce(&mut crate::people::People, &str) -> Result<R, PeopleError>,
    ) -> Result<R, PeopleError> {
        let by = StaffId("administrator".into());
        let name = self.name.as_str();
        let register = Register::open(&self.files.people())?;
        register.change((wall_ms(), &by), (self.what, name), |people| change(people, name))
    }
}

fn list(files: &DataDir) -> Result<(), PeopleError> {
    let people = Register::open(&files.people())?.people();
    let tries = Tries::new(&files.wrong_tries());
    for person in people.all() {
        let state = match tries.standing(&person.id.0, true, wall_ms())? {
            _ if person.retired => "retired".to_owned(),
            Standing::Open => "may log in".to_owned(),
            Standing::Waits(ms) => format!("waits {} s after wrong tries", ms / 1000),
            Standing::Locked => "locked after wrong tries".to_owned(),
        };
        println!("{:<32} {:<14} {} keys  {state}", person.id.0, person.role.id(), person.keys.len());
    }
    Ok(())
}

fn pin(args: &PinArgs) -> Result<Zeroizing<String>, PeopleCliError> {
    let Some(path) = &args.pin_file else {
        return passphrase::typed_twice("PIN: ", "The same again: ").map_err(PeopleCliError::NoPin);
    };
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| PeopleCliError::PinFile(path.display().to_string(), error))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().trim().to_owned()))
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "one of officer, supervisor, administrator and auditor".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::People;

    #[test]
    fn the_first_administrator_comes_from_the_command_line() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().to_owned();
        People::default().save(&DataDir(data.clone()).people()).unwrap();
        let file = data.join("pin");
        std::fs::write(&file, "864209\n").unwrap();
        let person = || PersonArgs { data: data.clone(), name: "vera".into() };
        let with_pin = || PinArgs { person: person(), pin_file: Some(file.clone()) };
        let people = || Register::open(&DataDir(data.clone()).people()).unwrap().people();
        run(&PeopleCommand::Add(AddArgs { person: with_pin(), role: Role::Administrator })).unwrap();
        assert_eq!(people().check("vera", "864209").unwrap().role, Role::Administrator);
        let again = run(&PeopleCommand::Add(AddArgs { person: with_pin(), role: Role::Officer }));
        assert!(matches!(again, Err(PeopleCliError::People(PeopleError::Taken))));

        let tries = Tries::new(&DataDir(data.clone()).wrong_tries());
        for _ in 0..crate::people::FREE {
            tries.begin("vera", true, wall_ms()).unwrap().unwrap();
        }
        assert!(matches!(tries.standing("vera", true, wall_ms()), Ok(Standing::Waits(_))));
        run(&PeopleCommand::Unlock(person())).unwrap();
        assert!(matches!(tries.standing("vera", true, wall_ms()), Ok(Standing::Open)));
        run(&PeopleCommand::List(FilesArgs { data: data.clone() })).unwrap();
        let last = run(&PeopleCommand::Remove(person()));
        assert!(matches!(last, Err(PeopleCliError::People(PeopleError::LastAdministrator))));
    }
}
