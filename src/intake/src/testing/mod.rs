//! What tests and measurements of several crates share. No part of the product: behind the feature `testing`.

mod postgres;
mod records;
mod supervision;

pub use postgres::{Cluster, Durability};
pub use records::{draft, enrolment};
