//! The language in which the traveller's display speaks: by the document, unless the officer has chosen one.

use super::actor::Desk;
use crate::web::LANGUAGES;
use domain::policy::Notice;

impl Desk {
    /// The officer chooses; it stays with the case, also while that waits for a supervisor.
    pub(super) fn speak(&mut self, language: &'static str) {
        self.language = language;
        if let Some(case) = self.at_desk.as_mut() {
            case.language = Some(language);
        }
    }

    /// Keeps to the language of the traveller at the desk, and of the one who has just been there. The next one is greeted in
    /// that of the station.
    pub(super) fn follow_the_traveller(&mut self) {
        let config = &self.loaded.config;
        let of_station = || known(&config.desk.language).unwrap_or(LANGUAGES[0]);
        match &self.at_desk {
            Some(case) => {
                let codes = case.traveller.as_ref().map(|file| file.origin());
                let by_document = || codes.iter().flatten().find_map(|code| config.display.language(code));
                self.language = case.language.or_else(|| by_document().and_then(known)).unwrap_or_else(of_station);
            }
            None if self.last.is_none() => self.language = of_station(),
            None => {}
        }
    }

    /// What the authority has travellers told about their data, under the rules of the case at the desk.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let rules = self.at_desk.as_ref().map_or(&self.loaded.rules, |case| self.rules_of(case));
        rules.pack.notices.clone()
    }
}

fn known(language: &str) -> Option<&'static str> {
    LANGUAGES.iter().copied().find(|known| *known == language)
}
