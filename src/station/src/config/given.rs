//! Confirmations of announced entries: those of the configuration, and those that an administrator gave at the page.

use super::Policy;
use crate::people::hex;
use domain::policy::{Checkpoints, Entry, EntryConfirmation, Pack, Status};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What an administrator said of an announced entry. It holds for the entry as it read that day: once a pack says
/// something else under the same name, somebody has to look at it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Identifier of the pack.
    pub pack: String,
    /// Identifier of the entry.
    pub entry: String,
    /// What the entry said: [`print_of`].
    pub print: String,
    /// Who confirmed it, or took that back.
    pub who: String,
    /// The local date.
    pub when: String,
    /// On what basis.
    pub basis: String,
    /// Taken back: from here on the entry is only announced again.
    pub withdrawn: bool,
}

impl Given {
    /// Whether it speaks of this entry as this pack has it.
    pub fn is_about(&self, pack: &Pack, entry: &Entry) -> bool {
        self.pack == pack.id && self.entry == entry.id && self.print == print_of(entry)
    }

    /// SHA-256 of its text, as the audit trail names it.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(serde_json::to_vec(self).unwrap_or_default()).into()
    }
}

/// SHA-256 over what an entry decides with, in hexadecimal: publication, dates, places, condition, directions, grounds.
pub fn print_of(entry: &Entry) -> String {
    let validity = (entry.validity.from.to_string(), entry.validity.to.map(|to| to.to_string()));
    let places = match &entry.checkpoints {
        Checkpoints::Every => None,
        Checkpoints::Listed(ids) => Some(ids),
    };
    let said = (
        (&entry.id, entry.published.as_str(), entry.status, validity),
        (places, entry.condition, &entry.directions, &entry.grounds),
    );
    hex(&Sha256::digest(serde_json::to_vec(&said).unwrap_or_default()))
}

/// Everything that counts as confirmed under a pack. The newest word of an entry at the page counts; the configuration's
/// goes before it.
pub fn confirmed(policy: &Policy, given: &[Given], pack: &Pack) -> Vec<EntryConfirmation> {
    let mut all: Vec<EntryConfirmation> = policy.confirmed.iter().map(EntryConfirmation::from).collect();
    for entry in pack.entries.iter().filter(|entry| entry.status == Status::Announced) {
        let newest = given.iter().rev().find(|given| given.is_about(pack, entry));
        let stands = newest.filter(|newest| !newest.withdrawn);
        if let Some(Given { who, when, basis, .. }) = stands.filter(|_| all.iter().all(|c| c.entry != entry.id)) {
            let (who, when, basis) = (who.clone(), when.clone(), basis.clone());
            all.push(EntryConfirmation { entry: entry.id.clone(), who, when, basis });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = include_str!("../../../../config/policies/ru-entry.toml");
    const ENTRY: &str = "all-checkpoints-2026";

    fn given(pack: &Pack, withdrawn: bool) -> Given {
        let text = |text: &str| String::from(text);
        let print = print_of(pack.entry(ENTRY).unwrap());
        let (who, when, basis) = (text("vera"), text("2026-07-02"), text("decree no. 1"));
        Given { pack: pack.id.clone(), entry: ENTRY.into(), print, who, when, basis, withdrawn }
    }

    #[test]
    fn the_newest_word_about_the_entry_as_it_reads_counts() {
        let policy = Policy { pack: "p".into(), trust: "t".into(), confirmed: vec![] };
        let pack = Pack::parse(PACK).unwrap();
        let (yes, no) = (given(&pack, false), given(&pack, true));
        let changed =
            Pack::parse(&PACK.replace("valid_from = 2026-07-01T00:00:00", "valid_from = 2026-08-01T00:00:00"));
        let renamed = Pack::parse(&PACK.replace("id = \"ru-entry\"", "id = \"ru-other\"")).unwrap();
        for (words, of, stands) in [
            (vec![], &pack, false),
            (vec![yes.clone()], &pack, true),
            (vec![yes.clone(), no.clone()], &pack, false),
            (vec![yes.clone(), no.clone(), yes.clone()], &pack, true),
            (vec![yes.clone()], &changed.unwrap(), false),
            (vec![yes.clone()], &renamed, false),
        ] {
            let found = confirmed(&policy, &words, of);
            assert_eq!(found.iter().any(|c| c.entry == ENTRY && c.basis == "decree no. 1"), stands, "{words:?}");
        }
        assert_ne!(yes.digest(), no.digest());
    }
}
