//! Spans of local time as packs write them.

use super::pack::Validity;
use super::read::Fields;
use jiff::civil::{Date, DateTime, Time};
use toml::value::Datetime;

/// Reads `valid_from` and `valid_to`.
pub(super) fn validity(fields: &mut Fields<'_, '_>) -> Option<Validity> {
    let open = !fields.has("valid_to");
    let from = fields.required("valid_from").and_then(|value| moment(fields, "valid_from", value, Span::Start));
    let to = fields.optional("valid_to").and_then(|value| moment(fields, "valid_to", value, Span::End));
    let from = from?;
    if to.is_none() && !open {
        return None;
    }
    if to.is_some_and(|to| to < from) {
        fields.fault("valid_to", "the dates are inverted: the end lies before the beginning");
    }
    Some(Validity { from, to })
}

/// Which moment is meant by a date without time, or by a time without seconds.
#[derive(Clone, Copy)]
enum Span {
    Start,
    End,
}

fn moment(fields: &mut Fields<'_, '_>, key: &str, value: Datetime, span: Span) -> Option<DateTime> {
    let moment = local(value, span);
    if moment.is_none() {
        fields.fault(key, "expected a local date, or date and time, without offset, such as 2025-12-01T00:00:00");
    }
    moment
}

/// A civil time of the checkpoint. The end of a day is its last nanosecond: both ends are included.
fn local(value: Datetime, span: Span) -> Option<DateTime> {
    if value.offset.is_some() {
        return None;
    }
    let small = |part: u8| i8::try_from(part).ok();
    let date = value.date?;
    let date = Date::new(i16::try_from(date.year).ok()?, small(date.month)?, small(date.day)?).ok()?;
    let (last_second, last_nanosecond) = match span {
        Span::Start => (0, 0),
        Span::End => (59, 999_999_999),
    };
    let time = match value.time {
        None => match span {
            Span::Start => Time::MIN,
            Span::End => Time::MAX,
        },
        Some(time) => {
            let second = time.second.map_or(Some(last_second), small)?;
            let nanosecond = time.nanosecond.map_or(Some(last_nanosecond), |part| i32::try_from(part).ok())?;
            Time::new(small(time.hour)?, small(time.minute)?, second, nanosecond).ok()?
        }
    };
    Some(DateTime::from_parts(date, time))
}
