//! Nobody is asked: a checkpoint without a line, or without an authority that answers.

use super::{Answer, Inquiry, Lookup, LookupFactory};
use domain::record::LookedUp;
use std::future::{Future, ready};
use std::pin::Pin;

/// The line in the list.
pub const OFFLINE: LookupFactory = LookupFactory { name: "offline", connects: false, make: |_| Ok(Box::new(Offline)) };

/// Says that nobody was asked.
pub struct Offline;

impl Lookup for Offline {
    fn ask<'a>(&'a self, _: &'a Inquiry) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
        Box::pin(ready(Answer::only(LookedUp::Offline)))
    }
}
