//! The page's HTML. What changes stands in [`now`], which the page fetches again and again.

use super::hands;
use crate::person::Person;
use crate::shift::script;
use crate::stage::{Device, FaultKind, Stage};
use domain::finger::{Finger, Hand};
use std::fmt::Write;

/// The whole page.
pub fn page(stage: &Stage) -> String {
    let presets: String = script::all()
        .iter()
        .filter(|script| !script.again)
        .map(|script| format!("<option value=\"{}\">{}</option>", escape(&script.id), escape(&script.title)))
        .collect();
    include_str!("page.html").replace("{presets}", &presets).replace("{now}", &now(stage))
}

/// The part that changes: the document, the hands, the devices.
pub fn now(stage: &Stage) -> String {
    let visitor = stage.visitor();
    let person = visitor.as_ref().map(|visitor| &visitor.person);
    let mut html = String::new();
    // Writing to a string cannot fail.
    let _ = write!(html, "{}{}", papers(person), hands(stage, person));
    if stage.expects_hands() {
        html.push_str(&hands::card(stage, person));
    }
    html.push_str(&devices(stage));
    html
}

fn papers(person: Option<&Person>) -> String {
    let Some(person) = person else {
        return String::from(
            "<section class=\"card\" id=\"papers\"><h2>Document</h2><p class=\"quiet\">Nobody stands at the desk.</p></section>",
        );
    };
    let facts = &person.facts;
    let lines: String = person.lines.iter().map(|line| format!("{}\n", escape(line))).collect();
    format!(
        "<section class=\"card\" id=\"papers\"><h2>Document</h2>\
         <div class=\"passport\"><dl>\
         <div><dt>Surname</dt><dd>{}</dd></div><div><dt>Given names</dt><dd>{}</dd></div>\
         <div><dt>Nationality</dt><dd>{}</dd></div><div><dt>Issued by</dt><dd>{}</dd></div>\
         <div><dt>Born</dt><dd>{} <span class=\"quiet\">({} years)</span></dd></div>\
         <div><dt>Valid until</dt><dd>{}</dd></div></dl>\
         <pre id=\"mrz\">{lines}</pre></div>\
         <form method=\"post\" action=\"/document\"><button class=\"main\" id=\"hand-over\">Hand over the document</button></form></section>",
        escape(&facts.surname),
        escape(&facts.given_names),
        escape(&facts.nationality),
        escape(&facts.issuing_state),
        facts.birth_date,
        person.age,
        facts.expiry_date,
    )
}

fn hands(stage: &Stage, person: Option<&Person>) -> String {
    let on_glass = stage.finger();
    let glass = match on_glass {
        Some(finger) => format!("<img id=\"glass\" src=\"/touch.png?{finger}\" alt=\"{finger} on the sensor\">"),
        None => String::from("<div id=\"glass\" class=\"free\">free</div>"),
    };
    let (pilot, other, label) = if stage.has_autopilot() {
        ("The right finger comes by itself when the station asks for it.", "false", "I do it myself")
    } else {
        ("Put a finger down when the station asks for it.", "true", "Do it for me")
    };
    format!(
        "<section class=\"card\" id=\"hands\"><h2>Fingers</h2><div class=\"hands\">{}<div class=\"sensor\">{glass}\
         <form method=\"post\" action=\"/finger\"><button id=\"lift\"{}>Lift</button></form></div>{}</div>\
         <form method=\"post\" action=\"/autopilot\" class=\"pilot\"><span class=\"quiet\">{pilot}</span>\
         <button name=\"on\" value=\"{other}\" id=\"autopilot\">{label}</button></form></section>",
        hand(Hand::Left, on_glass, person),
        if on_glass.is_none() { " disabled" } else { "" },
        hand(Hand::Right, on_glass, person),
    )
}

fn hand(hand: Hand, on_glass: Option<Finger>, person: Option<&Person>) -> String {
    // Backs of the hands, as one sees one's own: the left little finger is the leftmost, the right one the rightmost.
    let mut fingers: Vec<Finger> = Finger::ALL.into_iter().filter(|finger| finger.hand() == hand).collect();
    if hand == Hand::Left {
        fingers.reverse();
    }
    let name = if hand == Hand::Left { "left" } else { "right" };
    let mut html = format!("<form method=\"post\" action=\"/finger\" class=\"hand {name}\">");
    for finger in fingers {
        let there = person.is_some_and(|person| !person.lacks(finger));
        let _ = write!(
            html,
            "<button name=\"finger\" value=\"{finger}\" id=\"put-{finger}\" class=\"finger {digit}{on}\" title=\"{finger}\"{off}><span>{digit}</span></button>",
            digit = finger.id().rsplit('-').next().unwrap_or_default(),
            on = if on_glass == Some(finger) { " on" } else { "" },
            off = if there { "" } else { " disabled" },
        );
    }
    html.push_str(&format!("<p>{name} hand</p></form>"));
    html
}

fn devices(stage: &Stage) -> String {
    let served = Device::ALL.into_iter().filter(|device| *device != Device::Slap || stage.expects_hands());
    let rows: String = served.map(|device| device_row(stage, device)).collect();
    let done = stage.counters();
    format!(
        "<section class=\"card\" id=\"devices\"><h2>Devices</h2><table>{rows}</table>\
         <p class=\"quiet\">Streams started {} &middot; images commanded {} &middot; images sent {} &middot; \
         slaps {} &middot; documents swiped {}</p></section>",
        done.camera_streams, done.scanner_images, done.scanner_uploads, done.slap_captures, done.reader_swipes,
    )
}

fn device_row(stage: &Stage, device: Device) -> String {
    let set = stage.fault_set(device).kind;
    let common = [FaultKind::Unplug, FaultKind::Stall, FaultKind::Garbage, FaultKind::Slow];
    let own = [FaultKind::Frozen, FaultKind::Dark, FaultKind::Busy, FaultKind::Replay];
    let offered = common.into_iter().chain(own).filter(|fault| fault.fits(device)).chain([FaultKind::None]);
    let buttons: String = offered
        .map(|fault| {
            let label = match fault {
                FaultKind::None if set == FaultKind::Unplug => "replug",
                FaultKind::None => "repair",
                other => other.id(),
            };
            let off = if fault == set { " disabled" } else { "" };
            let (device, fault) = (device.id(), fault.id());
            format!(
                "<form method=\"post\" action=\"/fault\"><input type=\"hidden\" name=\"device\" value=\"{device}\">\
                 <button name=\"fault\" value=\"{fault}\" id=\"{device}-{fault}\"{off}>{label}</button></form>"
            )
        })
        .collect();
    let (class, word) = match set {
        FaultKind::None | FaultKind::Replug => ("good", "works"),
        FaultKind::Unplug => ("bad", "unplugged"),
        _ => ("bad", set.id()),
    };
    format!(
        "<tr><th>{}</th><td><span class=\"state {class}\">{word}</span></td><td class=\"buttons\">{buttons}</td></tr>",
        device.id()
    )
}

/// Text as HTML. MRZ lines are full of `<`.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::person::Traits;
    use crate::stage::Settings;
    use jiff::civil::date;

    #[test]
    fn the_page_shows_the_document_and_offers_what_can_be_done() {
        let settings = Settings { sensor: (64, 64), autopilot: false, today: date(2026, 3, 1) };
        let stage = Stage::new(settings).unwrap();
        assert!(now(&stage).contains("Nobody stands at the desk"));
        let traits = Traits { missing: vec![Finger::RightIndex], ..Traits::default() };
        stage.arrive(Person::new(5, &traits, date(2026, 3, 1))).unwrap();
        let page = page(&stage);
        let line = stage.visitor().unwrap().person.lines[0].clone();
        assert!(page.contains(&escape(&line)) && !page.contains(&line), "MRZ lines are escaped");
        for text in ["<title>Simulated traveller</title>", "id=\"put-left-index\"", "id=\"scanner-unplug\""] {
            assert!(page.contains(text), "{text}");
        }
        let right = page.split("id=\"put-right-index\"").nth(1).unwrap();
        assert!(right.split('>').next().unwrap().contains("disabled"), "a missing finger cannot be put on");
        assert!(!page.contains("{now}") && !page.contains("{presets}"));
    }
}
