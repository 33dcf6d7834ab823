//! `gatepost-sim list`: everything that can be played, one line each.

use crate::scenario;
use crate::shift::script;
use crate::stage::{Device, FaultKind};
use std::fmt::Write;

/// Scenarios, kinds of travellers, devices, faults and the events of cues.
pub fn text() -> String {
    let scenarios = scenario::all().iter().map(|one| (one.id.as_str(), one.title.clone()));
    let kinds = script::all().iter().map(|one| (one.id.as_str(), format!("{}: {}", one.title, one.expected.id())));
    let devices = Device::ALL.iter().map(|device| (device.id(), device.about().to_owned()));
    let faults = FaultKind::ALL.iter().map(|kind| {
        let fit = Device::ALL.iter().filter(|device| kind.fits(**device)).map(|device| device.id());
        (kind.id(), format!("{} ({})", kind.about(), fit.collect::<Vec<_>>().join(", ")))
    });
    let events = scenario::events().map(|(words, about)| (words, about.to_owned()));
    let mut text = String::new();
    section(&mut text, "Scenarios", scenarios);
    section(&mut text, "Kinds of travellers, and how their cases end", kinds);
    section(&mut text, "Devices", devices);
    section(&mut text, "Faults, and whose they can be", faults);
    section(&mut text, "Events that a scenario's cues wait for", events);
    text
}

fn section<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = (&'a str, String)>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}{title}", if text.is_empty() { "" } else { "\n" });
    for (name, about) in rows {
        let _ = writeln!(text, "  {name:<22} {about}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_listed_on_a_line_of_its_own() {
        let text = text();
        for word in ["two-faces", "bandaged-finger", "slap", "frozen", "scanner sends", "page asks for"] {
            let lines = text.lines().filter(|line| line.trim_start().starts_with(word)).count();
            assert!(lines > 0, "{word} is not listed");
        }
        assert!(text.lines().all(|line| line.len() < 140), "lines stay readable");
    }
}
