//! How exposed each unit is, as `systemd-analyze security` judges it without running anything.

use super::recipe::{NAMES, Recipe};
use crate::failure::Failure;
use crate::process::said;
use std::path::PathBuf;

/// The most that a unit may score, of 10.0. The kiosk's session needs the screen, the keyboard and the browser's own sandbox,
/// which takes namespaces; the others need nothing of the kind.
const MOST: &[(&str, f64)] =
    &[("gatepost.service", 1.7), ("gatepost-intake.service", 1.3), ("gatepost-kiosk.service", 5.0)];

/// The units of the packages: name, and file in the repository.
pub fn files() -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut found = Vec::new();
    for name in NAMES {
        let members = Recipe::read(name)?.members()?;
        let units = members.into_iter().filter(|member| member.to.starts_with("/lib/systemd/system/"));
        found.extend(units.map(|unit| (unit.to.rsplit('/').next().unwrap_or_default().to_owned(), unit.from)));
    }
    Ok(found)
}

/// Tells each unit's exposure; an error where one is more exposed than it may be.
pub fn report() -> Result<(), Failure> {
    let mut too_much = Vec::new();
    for (unit, path) in files()? {
        let path = path.display().to_string();
        let told = said("systemd-analyze", &["security", "--offline=yes", "--no-pager", &path])?;
        let exposure = exposure(&told).ok_or_else(|| Failure::new(format!("{unit}: no exposure in:\n{told}")))?;
        let most = MOST.iter().find(|(name, _)| *name == unit).map_or(0.0, |(_, most)| *most);
        println!("{unit}: exposure {exposure:.1}, at most {most:.1}");
        if exposure > most {
            too_much.push(unit);
        }
    }
    if too_much.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("More exposed than they may be: {}.", too_much.join(", "))))
}

/// The number in `Overall exposure level for NAME: 1.5 OK`.
pub fn exposure(told: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.split_once("Overall exposure level for "))?;
    line.1.split_once(": ")?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::exposure;

    #[test]
    fn the_number_is_found() {
        let told = "✓ PrivateTmp=\n→ Overall exposure level for gatepost.service: 1.8 OK 🙂\n";
        assert_eq!(exposure(told), Some(1.8));
        assert_eq!(exposure("Failed to load"), None);
    }
}
