//! `gatepost first-start`: leads whoever installs a station from a configuration to the first log-in, a question at a time.
//!
//! It asks at a terminal and not on a page: before there is an administrator a page would be open to whoever comes first.
//! A step that is done already is told and passed over, so that this can be stopped anywhere and started again.

use crate::config::{Loaded, Mode};
use crate::configure::{self, ConfigureArgs, ConfigureError};
use crate::devices_cli::{Row, settled};
use crate::doctor::{self, DoctorArgs};
use crate::driver_place::DriverArgs;
use crate::people::{PeopleError, Register, Role};
use crate::people_cli::{self, AddArgs, PeopleCliError, PeopleCommand, PersonArgs, PinArgs};
use crate::provision::{self, ProvisionArgs, ProvisionError};
use crate::setup::{self, DataDir, InitArgs, SetupError};
use crate::terminal::{NoAnswer, asked, say, yes};
use clap::Args;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Arguments of `gatepost first-start`.
#[derive(Args, Debug)]
pub struct FirstStartArgs {
    /// The station's configuration.
    #[arg(long)]
    pub config: PathBuf,
    /// The station's own files go here.
    #[arg(long)]
    pub data: PathBuf,
    /// A file whose first line is the administrator's PIN, where there is no terminal.
    #[arg(long)]
    pub pin_file: Option<PathBuf>,
}

/// The first start ended before its end. What was done by then stays done.
#[derive(Debug, Error)]
pub enum FirstStartError {
    /// The configuration.
    #[error("{0}. Start this again when that is mended")]
    Configure(#[from] ConfigureError),
    /// Nobody answers.
    #[error("{0}: start this again, and it goes on from here")]
    NoAnswer(#[from] NoAnswer),
    /// Somebody wants to change something first.
    #[error("{0}. Then start this again: it goes on from here")]
    NotYet(String),
    /// People cannot be read or added.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// The first administrator.
    #[error(transparent)]
    Administrator(#[from] PeopleCliError),
    /// The intake.
    #[error("{0}. Start this again when that is mended, or leave the intake's address empty to do it later")]
    Provision(#[from] ProvisionError),
    /// Keys and people's file.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The system gives no threads.
    #[error("the connection to the intake cannot be made: {0}")]
    Runtime(io::Error),
}

/// A step: its title, and what it does.
type Step = (&'static str, fn(&mut Course) -> Result<(), FirstStartError>);

/// Every step, in the order in which one rests on another.
const STEPS: &[Step] = &[
    ("Which station this is", station),
    ("Keys and store", keys),
    ("Devices", devices),
    ("The intake", intake),
    ("The first administrator", administrator),
    ("What is left to do", findings),
];

/// What all steps know.
struct Course<'a> {
    args: &'a FirstStartArgs,
    loaded: Loaded,
    data: DataDir,
}

/// Takes the steps one after the other.
///
/// # Errors
/// [`FirstStartError`] of the step that could not be taken.
pub fn run(args: &FirstStartArgs) -> Result<(), FirstStartError> {
    let loaded = Loaded::read(&args.config).or_else(|faults| {
        println!("The configuration is not this checkpoint's yet:\n{faults}\n");
        configured(args)
    })?;
    let mut course = Course { args, loaded, data: DataDir(args.data.clone()) };
    for (number, (title, step)) in STEPS.iter().enumerate() {
        println!("\n{} of {}  {title}", number + 1, STEPS.len());
        step(&mut course)?;
    }
    println!("\nStart the station: `systemctl start gatepost`. Its pages: http://{}", course.loaded.config.desk.listen);
    Ok(())
}

fn configured(args: &FirstStartArgs) -> Result<Loaded, ConfigureError> {
    configure::run(&ConfigureArgs { config: args.config.clone() })
}

fn station(course: &mut Course) -> Result<(), FirstStartError> {
    loop {
        show(&course.loaded);
        if yes("Is that this station?")? {
            return Ok(());
        }
        course.loaded = configured(course.args)?;
    }
}

fn show(loaded: &Loaded) {
    let config = &loaded.config;
    println!("station    {}", config.station.id);
    println!("checkpoint {}", config.station.checkpoint);
    println!("rules      {}", loaded.rules.version());
    println!("intake     {}", config.intake.url);
    if config.people.mode == Mode::Demonstration {
        println!(
            "mode       DEMONSTRATION: a PIN alone opens every page. At a border write [people] mode = \"production\""
        );
    }
}

fn keys(course: &mut Course) -> Result<(), FirstStartError> {
    if course.data.signing_key().exists() && course.data.people().exists() {
        println!("there already");
        return Ok(());
    }
    let Course { args, .. } = course;
    Ok(setup::init(&InitArgs { config: args.config.clone(), data: args.data.clone(), people: Vec::new() })?)
}

fn devices(course: &mut Course) -> Result<(), FirstStartError> {
    let rows = settled(&course.loaded, &DriverArgs::default().place());
    rows.iter().for_each(|row| println!("{}", told(row)));
    if rows.is_empty() {
        println!("none is configured: write a [[device]] for the camera, the scanner and the reader");
    }
    let all_there = !rows.is_empty() && rows.iter().all(|row| row.fault.is_none() && !row.label.is_empty());
    if all_there || yes("Not everything is there. Go on without?")? {
        return Ok(());
    }
    Err(FirstStartError::NotYet("Switch on and plug in what is missing".into()))
}

fn told(row: &Row) -> String {
    let simulated = if row.simulated { " SIMULATED: no record of it counts" } else { "" };
    let fault = row.fault.as_deref().map(|fault| format!(" -> {fault}")).unwrap_or_default();
    format!("{:<10} {:<8} {}{simulated}{fault}", row.name, row.kind, row.label)
}

fn intake(course: &mut Course) -> Result<(), FirstStartError> {
    if course.data.provisioned().exists() {
        println!("it knows this station already");
        return Ok(());
    }
    println!(
        "At the intake, `gatepost-intake invite --station {}` shows what is asked for.",
        course.loaded.config.station.id
    );
    let address = asked("Where it takes applications, https://HOST:PORT (nothing: later, by `gatepost provision`): ")?;
    if address.is_empty() {
        println!("left for later: until then the station does not start");
        return Ok(());
    }
    let authority = asked("Fingerprint of its authority: ")?;
    say("One-time code: ");
    let Course { args, .. } = course;
    let args = ProvisionArgs {
        config: args.config.clone(),
        data: args.data.clone(),
        intake: address,
        authority,
        code_file: None,
    };
    let runtime = tokio::runtime::Runtime::new().map_err(FirstStartError::Runtime)?;
    Ok(runtime.block_on(provision::provision(&args))?)
}

fn administrator(course: &mut Course) -> Result<(), FirstStartError> {
    let people = Register::open(&course.data.people())?.people();
    let there = people.all().iter().find(|person| person.role == Role::Administrator && !person.retired);
    if let Some(person) = there {
        println!("{} is one", person.id.0);
        return Ok(());
    }
    let name = asked("Name at log-in: ")?;
    let person = PersonArgs { data: course.args.data.clone(), name: name.clone() };
    let person = PinArgs { person, pin_file: course.args.pin_file.clone() };
    people_cli::run(&PeopleCommand::Add(AddArgs { person, role: Role::Administrator }))?;
    if course.loaded.config.people.mode == Mode::Production {
        let data = course.args.data.display();
        println!(
            "At the first log-in a security key is registered by a code: `gatepost people code --data {data} {name}`"
        );
    }
    Ok(())
}

fn findings(course: &mut Course) -> Result<(), FirstStartError> {
    let Course { args, .. } = course;
    let args = DoctorArgs {
        config: args.config.clone(),
        data: args.data.clone(),
        drivers: DriverArgs::default(),
        json: false,
    };
    if let Err(faults) = doctor::run(&args) {
        println!("\n{faults}: `gatepost doctor` looks again");
    }
    Ok(())
}
