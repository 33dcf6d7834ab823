//! What is in a package: packaging/NAME/package.toml, and beside it the scripts that dpkg runs.

use crate::failure::Failure;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the packages are described, a folder each.
pub const FOLDER: &str = "packaging";

/// The packages, in the order in which they are made.
pub const NAMES: &[&str] = &["gatepost", "gatepost-intake", "gatepost-kiosk", "gatepost-sim"];

/// What dpkg runs, where a package has it.
pub const SCRIPTS: &[&str] = &["postinst", "prerm", "postrm"];

/// Files of the administrator, which an upgrade leaves alone.
const ETC: &str = "/etc/";

/// One package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The name: that of its folder.
    #[serde(skip)]
    pub name: String,
    /// One line.
    pub summary: String,
    /// Lines of at most 80 characters.
    pub description: String,
    /// The crates whose dependencies are inside.
    pub crates: Vec<String>,
    /// Programs for /usr/bin.
    pub programs: Vec<String>,
    /// Packages of Debian besides those of the libraries, which dpkg-shlibdeps finds.
    pub depends: Vec<String>,
    /// Packages that most want beside it.
    pub recommends: Vec<String>,
    /// Whether the models are inside.
    #[serde(default)]
    pub models: bool,
    /// Everything else.
    #[serde(default)]
    pub file: Vec<Entry>,
}

/// A file, or those that a `*` in the last part of the path stands for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// In the repository.
    from: String,
    /// In the package; a folder where it ends with a slash.
    to: String,
    /// A program or a script.
    #[serde(default)]
    executable: bool,
    /// Words that are others in the package. Each must be there.
    #[serde(default)]
    replace: Vec<(String, String)>,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where it is.
    pub from: PathBuf,
    /// Where it goes: an absolute path.
    pub to: String,
    /// A program or a script.
    pub executable: bool,
    replace: Vec<(String, String)>,
}

impl Recipe {
    /// Reads the package of this name.
    pub fn read(name: &str) -> Result<Self, Failure> {
        let path = Path::new(FOLDER).join(name).join("package.toml");
        let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
        let recipe: Self =
            toml::from_str(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
        Ok(Self { name: name.into(), ..recipe })
    }

    /// The files besides the programs, by their place in the package.
    pub fn members(&self) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        for entry in &self.file {
            members.extend(entry.members()?);
        }
        members.sort_by(|a, b| a.to.cmp(&b.to));
        match members.windows(2).find(|pair| pair[0].to == pair[1].to) {
            Some(pair) => Err(Failure::new(format!("{} is twice in package {}.", pair[0].to, self.name))),
            None => Ok(members),
        }
    }

    /// Those of them that are the administrator's to change.
    pub fn conffiles(&self) -> Result<Vec<String>, Failure> {
        Ok(self.members()?.into_iter().map(|member| member.to).filter(|to| to.starts_with(ETC)).collect())
    }

    /// The scripts that it has, by their names.
    pub fn scripts(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let folder = Path::new(FOLDER).join(&self.name);
        SCRIPTS.iter().map(move |script| (*script, folder.join(script))).filter(|(_, path)| path.exists())
    }
}

impl Entry {
    fn members(&self) -> Result<Vec<Member>, Failure> {
        let member = |from: PathBuf| {
            let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let to = if self.to.ends_with('/') { format!("{}{name}", self.to) } else { self.to.clone() };
            Member { from, to, executable: self.executable, replace: self.replace.clone() }
        };
        let path = Path::new(&self.from);
        let pattern = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((start, end)) = pattern.split_once('*') else {
            return Ok(vec![member(path.into())]);
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        let entries = fs::read_dir(folder).map_err(|error| Failure::io("look into", folder, &error))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let fits =
            |name: &String| name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end);
        let found: Vec<Member> = names.filter(fits).map(|name| member(folder.join(name))).collect();
        if found.is_empty() { Err(Failure::new(format!("Nothing is there for {}.", self.from))) } else { Ok(found) }
    }
}

impl Member {
    /// What is in it.
    pub fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let bytes = fs::read(&self.from).map_err(|error| Failure::io("read", &self.from, &error))?;
        if self.replace.is_empty() {
            return Ok(bytes);
        }
        let text = String::from_utf8(bytes);
        let mut text = text.map_err(|_| Failure::new(format!("{} is no text.", self.from.display())))?;
        for (before, after) in &self.replace {
            if !text.contains(before) {
                return Err(Failure::new(format!("{} no longer says {before}.", self.from.display())));
            }
            text = text.replace(before, after);
        }
        Ok(text.into_bytes())
    }
}
