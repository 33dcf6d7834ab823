//! What tests and measurements of several crates share. No part of the product: behind the feature `testing`.

mod postgres;
mod supervision;

pub use postgres::{Cluster, Durability};
