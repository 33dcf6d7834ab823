//! How exposed each unit is, as `systemd-analyze security` judges it without running anything.

use super::OUT;
use super::recipe::{NAMES, Recipe};
use crate::failure::Failure;
use crate::process::said;
use std::fs;
use std::path::Path;

/// The most that a unit may score, of 10.0, by the beginning of its name. The kiosk's session needs the screen, the keyboard
/// and the browser's own sandbox, which takes namespaces; the others need nothing of the kind. Of the drivers those reach
/// most that speak to a network.
const MOST: &[(&str, f64)] = &[
    ("gatepost.service", 1.6),
    ("gatepost-driver-camera-mjpeg@", 1.5),
    ("gatepost-driver-camera-sbi@", 1.3),
    ("gatepost-driver-scanner-libfprint@", 1.3),
    ("gatepost-driver-scanner-live@", 1.7),
    ("gatepost-driver-scanner-sbi@", 1.3),
    ("gatepost-driver-", 0.8),
    ("gatepost-intake.service", 1.3),
    ("gatepost-kiosk.service", 5.0),
];

/// A unit of a package.
#[derive(Clone, Debug)]
pub struct Unit {
    /// The name.
    pub name: String,
    /// What is in its file.
    pub text: String,
}

/// The units of the packages.
pub fn all() -> Result<Vec<Unit>, Failure> {
    let mut found = Vec::new();
    for name in NAMES {
        for member in Recipe::read(name)?.members()? {
            let Some(name) = member.to.strip_prefix("/lib/systemd/system/") else { continue };
            let text = String::from_utf8_lossy(&member.bytes()?).into_owned();
            found.push(Unit { name: name.to_owned(), text });
        }
    }
    Ok(found)
}

/// Tells each service's exposure; an error where one is more exposed than it may be. A socket runs nothing.
pub fn report() -> Result<(), Failure> {
    let folder = Path::new(OUT).join("units");
    fs::create_dir_all(&folder).map_err(|error| Failure::io("make the folder", &folder, &error))?;
    let mut too_much = Vec::new();
    for Unit { name, text } in all()?.into_iter().filter(|unit| unit.name.ends_with(".service")) {
        let path = folder.join(&name);
        fs::write(&path, text).map_err(|error| Failure::io("write", &path, &error))?;
        let path = path.display().to_string();
        let told = said("systemd-analyze", &["security", "--offline=yes", "--no-pager", &path])?;
        let exposure = exposure(&told).ok_or_else(|| Failure::new(format!("{name}: no exposure in:\n{told}")))?;
        let most = most(&name);
        println!("{name}: exposure {exposure:.1}, at most {most:.1}");
        if exposure > most {
            too_much.push(name);
        }
    }
    if too_much.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("More exposed than they may be: {}.", too_much.join(", "))))
}

/// What a unit may score; nothing at all where nobody has said so.
fn most(unit: &str) -> f64 {
    MOST.iter().find(|(name, _)| unit.starts_with(name)).map_or(0.0, |(_, most)| *most)
}

/// The number in `Overall exposure level for NAME: 1.5 OK`.
pub fn exposure(told: &str) -> Option<f64> {
    let line = told.lines().find_map(|line| line.split_once("Overall exposure level for "))?;
    line.1.split_once(": ")?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{exposure, most};

    #[test]
    fn the_number_is_found() {
        let told = "✓ PrivateTmp=\n→ Overall exposure level for gatepost.service: 1.8 OK 🙂\n";
        assert_eq!(exposure(told), Some(1.8));
        assert_eq!(exposure("Failed to load"), None);
        assert!(most("gatepost-driver-camera-v4l2@.service") > 0.0);
        assert_eq!(most("gatepost-unheard-of.service"), 0.0);
    }
}
