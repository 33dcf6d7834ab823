//! The one place of this program that asks what day it is.

use jiff::civil::Date;

/// Today's date where this machine stands. Simulated ages and expiry dates are counted from it.
pub fn today() -> Date {
    jiff::Zoned::now().date()
}
