//! Packs that lie at the station: beside the configured one, and in the drawer for those that administrators bring. Every
//! one is judged by signature and validator before it is shown as a pack.

use super::PolicyRefusal;
use crate::config::{ConfigFault, ConfigFaults, SignedPack, judge, read_signed, signature_file};
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use store::VerifyKey;

/// Files of a folder that are looked at.
const MOST_FILES: usize = 200;
/// Packs that the drawer holds; the one that was signed first makes room for another.
const MOST_BROUGHT: usize = 20;

/// A pack that lies here.
#[derive(Clone, Debug)]
pub struct Known {
    /// The pack.
    pub rules: SignedPack,
    /// It works now.
    pub works: bool,
    /// Why it may not be put into force now; empty where it may.
    pub why_not: Vec<ConfigFault>,
}

/// A file that is no pack of the authority's.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// Its name.
    pub file: String,
    /// Every fault.
    pub faults: ConfigFaults,
}

/// What lies here.
#[derive(Clone, Debug)]
pub struct Lying {
    /// Packs: the working one first, then the newest signature first.
    pub packs: Vec<Known>,
    /// What ends like a pack and is none.
    pub unusable: Vec<Unusable>,
}

impl Lying {
    /// The working pack alone.
    pub fn only(working: &SignedPack) -> Self {
        Self { packs: vec![Known { rules: working.clone(), works: true, why_not: Vec::new() }], unusable: Vec::new() }
    }
}

/// Looks through these folders.
pub fn lying(
    working: &SignedPack,
    folders: [&PathBuf; 2],
    trust: &VerifyKey,
    may_take: impl Fn(&SignedPack) -> Result<(), Vec<ConfigFault>>,
) -> Lying {
    let mut found = Lying::only(working);
    for file in folders.into_iter().flat_map(|folder| files(folder)) {
        match read_signed(&file, trust) {
            Ok(rules) if found.packs.iter().any(|known| known.rules.digest == rules.digest) => {}
            Ok(rules) => {
                let why_not = may_take(&rules).err().unwrap_or_default();
                found.packs.push(Known { rules, works: false, why_not });
            }
            Err(faults) => {
                let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                found.unusable.push(Unusable { file, faults: ConfigFaults(faults) });
            }
        }
    }
    found.packs[1..].sort_by(|a, b| {
        let key = |known: &Known| (known.rules.signed, known.rules.pack.label());
        key(b).cmp(&key(a))
    });
    found
}

/// Puts a pack into the drawer.
///
/// # Errors
/// Every fault of the pack or its signature, or a drawer that cannot be written.
pub fn bring(drawer: &Path, (text, signature): (String, &str), trust: &VerifyKey) -> Result<SignedPack, PolicyRefusal> {
    let named = Path::new("pack.toml");
    let rules = judge(named, text, signature, trust).map_err(|faults| PolicyRefusal::NotTaken(ConfigFaults(faults)))?;
    let kept = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(drawer)?;
        make_room(drawer, trust);
        let file = drawer.join(format!("{}.toml", rules.digest.get(..16).unwrap_or_default()));
        // The signature first: a pack without one would be shown as unsigned.
        replace(&signature_file(&file), signature)?;
        replace(&file, &rules.text)?;
        File::open(drawer)?.sync_all()
    };
    kept().map_err(|error| PolicyRefusal::Kept(error.to_string()))?;
    Ok(rules)
}

fn make_room(drawer: &Path, trust: &VerifyKey) {
    let mut brought: Vec<_> = files(drawer).into_iter().map(|file| (signed_on(&file, trust), file)).collect();
    brought.sort();
    let too_many = (brought.len() + 1).saturating_sub(MOST_BROUGHT);
    for (_, file) in brought.into_iter().take(too_many) {
        // What cannot be removed stays; the drawer is only looked through so far.
        let _ = fs::remove_file(&file);
        let _ = fs::remove_file(signature_file(&file));
    }
}

fn signed_on(file: &Path, trust: &VerifyKey) -> Option<jiff::civil::Date> {
    read_signed(file, trust).ok().map(|rules| rules.signed)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut packs: Vec<_> = listed.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    packs.sort();
    packs.truncate(MOST_FILES);
    packs
}

fn replace(to: &Path, text: &str) -> std::io::Result<()> {
    let new = to.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, to)
}
