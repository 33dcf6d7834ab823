//! `gatepost-sim shift`: simulated travellers, an officer and a supervisor who use a station's pages as browsers do.

pub mod human;
pub mod plan;
pub mod script;
pub mod sse;
pub mod view;
