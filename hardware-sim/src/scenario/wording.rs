//! The words for events: a subject and what it does.

use super::Event;
use crate::stage::SLAPS;
use domain::finger::Finger;

/// Events without further words, their phrase, and when they come.
pub const EVENTS: [(Event, &str, &str); 10] = [
    (Event::CameraSends, "camera sends", "a frame is about to leave the camera"),
    (Event::CameraStarts, "camera starts", "a stream is opened"),
    (Event::ReaderSends, "reader sends", "a document is about to go over the reader's line"),
    (Event::ScannerLooks, "scanner looks", "the host commands an image"),
    (Event::ScannerSends, "scanner sends", "an image is about to go over the scanner's line"),
    (Event::ScannerTakes, "scanner takes", "an image is commanded while a finger is there"),
    (Event::SlapSends, "slap sends", "the slap scanner is about to answer with images"),
    (Event::SlapTakes, "slap takes", "the slap scanner sees a hand that it was asked for"),
    (Event::Arrives, "traveller arrives", "somebody steps up to the desk"),
    (Event::Leaves, "traveller leaves", "the desk is empty again"),
];

/// Events of the officer's page, which a shift passes on.
pub const PAGE: [(&str, &str); 3] = [
    ("page asks for ...", "the page asks for document, face, a finger (right-index) or a hand (right-four)"),
    ("page shows summary", "everything is taken"),
    ("page tells D-..", "the officer reads the code of a device fault; several: D-15 or D-16"),
];

/// The event of a phrase.
pub fn read(phrase: &str) -> Result<Event, String> {
    if let Some((event, ..)) = EVENTS.iter().find(|(_, words, _)| *words == phrase) {
        return Ok(event.clone());
    }
    let unknown = || format!("{phrase:?} is no event; `gatepost-sim list` names them");
    let page = phrase.strip_prefix("page ").ok_or_else(unknown)?;
    match page.split_once(' ') {
        Some(("asks", wish)) => match wish.strip_prefix("for ") {
            Some(slot) if is_slot(slot) => Ok(Event::PageAsks(slot.to_owned())),
            _ => Err(format!("a page asks for document, face, a finger or a hand, not {wish:?}")),
        },
        Some(("shows", "summary")) => Ok(Event::PageShows(String::from("summary"))),
        Some(("tells", codes)) => {
            let codes: Vec<String> = codes.split(" or ").map(str::to_owned).collect();
            match codes.iter().find(|code| !is_code(code)) {
                Some(code) => Err(format!("{code:?} is no code of a device fault")),
                None => Ok(Event::PageTells(codes)),
            }
        }
        _ => Err(unknown()),
    }
}

/// An event as a phrase.
pub fn say(event: &Event) -> String {
    match event {
        Event::PageAsks(slot) => format!("page asks for {slot}"),
        Event::PageShows(what) => format!("page shows {what}"),
        Event::PageTells(codes) => format!("page tells {}", codes.join(" or ")),
        other => EVENTS.iter().find(|(event, ..)| event == other).map_or("?", |(_, words, _)| words).to_owned(),
    }
}

fn is_slot(word: &str) -> bool {
    matches!(word, "document" | "face") || Finger::from_id(word).is_some() || SLAPS.iter().any(|slap| slap.id() == word)
}

fn is_code(word: &str) -> bool {
    word.strip_prefix("D-")
        .is_some_and(|number| (1..=3).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_read_back_as_they_are_said() {
        let more = ["page asks for document", "page asks for left-four", "page tells D-12", "page tells D-15 or D-16"];
        for phrase in EVENTS.iter().map(|(_, words, _)| *words).chain(more).chain(["page shows summary"]) {
            assert_eq!(say(&read(phrase).unwrap()), phrase);
        }
        for wrong in ["", "camera", "page asks for", "page shows off", "page tells D-", "page tells D-1 and D-2"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
