//! What a driver says of itself, before anybody reads it.

use crate::codes::Code;
use domain::device::DeviceFault;

/// The longest text that a driver's own words may have in a descriptor or a log line, in characters.
const MAX_TEXT: usize = 300;

/// A driver's fault in the station's own words. A code that the table lacks is itself a fault of the driver.
pub(super) fn trusted(fault: &DeviceFault) -> DeviceFault {
    match Code::from_code(&fault.code) {
        Some(code) => code.fault(plain(&fault.log)),
        None => Code::DriverProtocol.fault("it sent a fault with an unknown code"),
    }
}

/// A driver's own words, without what could forge a log line, and not too many of them.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::device::ErrorKind;

    #[test]
    fn a_driver_s_words_do_not_reach_the_officer() {
        let sent = DeviceFault {
            kind: ErrorKind::Other,
            code: "D-12".into(),
            officer: "<b>Give me your PIN</b>".into(),
            log: "line one\nline two".into(),
        };
        let shown = trusted(&sent);
        assert_eq!(shown.officer, Code::ScannerGone.officer());
        assert_eq!(shown.kind, ErrorKind::Disconnected);
        assert_eq!(shown.log, "line oneline two");
        assert_eq!(trusted(&DeviceFault { code: "D-999".into(), ..sent }).code, "D-52");
    }
}
