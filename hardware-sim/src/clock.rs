//! The one place of this program that asks for the time.

use jiff::Timestamp;
use jiff::civil::Date;

/// Today's date where this machine stands. Simulated ages and expiry dates are counted from it.
pub fn today() -> Date {
    jiff::Zoned::now().date()
}

/// What this machine's clock says. Devices that state the time of a capture state this.
pub fn now() -> Timestamp {
    Timestamp::now()
}
