//! The station: configuration, desk, capture pipeline, pages, upload.
//!
//! `main` reads the command line; [`serve`] puts the parts together.

pub mod certificate_cli;
pub mod clock;
pub mod config;
pub mod configure;
pub mod desk;
pub mod devices_cli;
pub mod display_cli;
pub mod displays;
pub mod doctor;
pub mod driver_place;
pub mod figures;
pub mod first_start;
pub mod key_cli;
pub mod lookup;
pub mod metrics;
mod noting;
pub mod passphrase;
pub mod people;
pub mod people_cli;
pub mod policy_cli;
pub mod policy_desk;
pub mod provision;
pub mod serve;
pub mod setup;
pub mod store_cli;
pub mod store_measure;
pub mod terminal;
pub mod upload;
pub mod web;

/// Name and version of the program, as records and the health page state it.
pub const SOFTWARE: &str = concat!("gatepost ", env!("CARGO_PKG_VERSION"));
