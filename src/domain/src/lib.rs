//! Words and rules of the enrolment station. No I/O, no clock, no randomness: all of them are passed in.
#![no_std]

extern crate alloc;

pub mod case;
pub mod device;
pub mod finger;
pub mod guarded;
pub mod image;
pub mod mrz;
pub mod permit;
pub mod policy;
pub mod record;
pub mod session;
pub mod units;
