//! What tests and measurements of several crates share. No part of the product: behind the feature `testing`.

mod link;
mod postgres;
mod records;
mod supervision;

pub use self::link::StationLink;
pub use postgres::{Cluster, Durability};
pub use records::{draft, enrolment};
