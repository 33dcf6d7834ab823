//! One package: its files laid out in a folder, its control files beside, and dpkg-deb over both.

use super::bill;
use super::help;
use super::licences;
use super::metadata::Metadata;
use super::recipe::Recipe;
use crate::failure::Failure;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the packages run on.
const ARCHITECTURE: &str = "amd64";

/// Who answers for the packages.
const MAINTAINER: &str = "Gatepost maintainers <maintainers@gatepost.invalid>";

/// A package to be made.
pub struct Build<'a> {
    /// What is in it.
    pub recipe: &'a Recipe,
    /// Its version.
    pub version: &'a str,
    /// Seconds since 1970 of every time in it.
    pub epoch: u64,
    /// The folder of the programs.
    pub programs: &'a Path,
    /// What the programs are made of.
    pub metadata: &'a Metadata,
}

impl Build<'_> {
    /// Makes the package in this folder; its file.
    pub fn make(&self, out: &Path) -> Result<PathBuf, Failure> {
        let name = &self.recipe.name;
        let tree = out.join("tree").join(name);
        match fs::remove_dir_all(&tree) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Failure::io("empty", &tree, &error));
            }
            _ => {}
        }
        for member in self.recipe.members()? {
            put(&tree, &member.to, &member.bytes()?, member.executable)?;
        }
        for program in &self.recipe.programs {
            self.put_program(&tree, program)?;
        }
        let libraries = self.libraries(&tree)?;
        let documents = format!("/usr/share/doc/{name}");
        let bill = bill::of(self, &libraries)?;
        put(&tree, &format!("{documents}/sbom.cdx.json"), bill.as_bytes(), false)?;
        put(&tree, &format!("{documents}/copyright"), licences::copyright(self)?.as_bytes(), false)?;
        if !self.recipe.programs.is_empty() {
            let help = help::of(&tree.join("usr/bin"), &self.recipe.programs)?;
            put(&tree, &format!("{documents}/commands.txt"), help.as_bytes(), false)?;
        }
        self.put_control(&tree, &libraries)?;
        let package = out.join(format!("{name}_{}_{ARCHITECTURE}.deb", self.version));
        run(Command::new("dpkg-deb")
            .args(["--build", "--root-owner-group", "-Zzstd", "-z6", "--threads-max=1"])
            .args([&tree, &package])
            .env("SOURCE_DATE_EPOCH", self.epoch.to_string()))?;
        Ok(package)
    }

    /// Without the names of its functions, which only whoever has the source could use.
    fn put_program(&self, tree: &Path, program: &str) -> Result<(), Failure> {
        let (from, to) = (self.programs.join(program), tree.join("usr/bin").join(program));
        let bytes = fs::read(&from).map_err(|error| Failure::io("read", &from, &error))?;
        put(tree, &format!("/usr/bin/{program}"), &bytes, true)?;
        run(Command::new("strip").args(["--strip-unneeded", "--remove-section=.comment"]).arg(&to))?;
        set_mode(&to, 0o755)
    }

    /// The packages of Debian whose libraries the programs need, as dpkg-shlibdeps finds them.
    fn libraries(&self, tree: &Path) -> Result<Vec<String>, Failure> {
        if self.recipe.programs.is_empty() {
            return Ok(Vec::new());
        }
        // It works only in a folder that looks like the source of a package.
        let folder = tree.with_extension("shlibdeps");
        put(&folder, "/debian/control", b"Source: gatepost\n\nPackage: gatepost\nArchitecture: any\n", false)?;
        let mut command = Command::new("dpkg-shlibdeps");
        command.args(["-O", "--warnings=0"]).current_dir(&folder).stderr(Stdio::null());
        for program in &self.recipe.programs {
            let path = tree.join("usr/bin").join(program);
            let path = fs::canonicalize(&path).map_err(|error| Failure::io("find", &path, &error))?;
            command.arg("-e").arg(path);
        }
        let output = command.output().map_err(|error| Failure::new(format!("dpkg-shlibdeps: {error}.")))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let list = said.trim().strip_prefix("shlibs:Depends=").filter(|_| output.status.success());
        let list = list.ok_or_else(|| Failure::new(format!("dpkg-shlibdeps ended with {}.", output.status)))?;
        Ok(list.split(", ").map(str::to_owned).collect())
    }

    fn put_control(&self, tree: &Path, libraries: &[String]) -> Result<(), Failure> {
        let size = size_of(tree)?.div_ceil(1024);
        put(tree, "/DEBIAN/control", control(self.recipe, self.version, libraries, size).as_bytes(), false)?;
        let conffiles = self.recipe.conffiles()?;
        if !conffiles.is_empty() {
            put(tree, "/DEBIAN/conffiles", (conffiles.join("\n") + "\n").as_bytes(), false)?;
        }
        for (script, path) in self.recipe.scripts() {
            let bytes = fs::read(&path).map_err(|error| Failure::io("read", &path, &error))?;
            put(tree, &format!("/DEBIAN/{script}"), &bytes, true)?;
        }
        Ok(())
    }
}

/// The control file (deb-control(5)).
fn control(recipe: &Recipe, version: &str, libraries: &[String], kilobytes: u64) -> String {
    let Recipe { name, summary, description, .. } = recipe;
    let mut depends: Vec<&str> = libraries.iter().chain(&recipe.depends).map(String::as_str).collect();
    depends.sort_unstable();
    let mut text = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {ARCHITECTURE}\nMaintainer: {MAINTAINER}\nSection: misc\n\
         Priority: optional\nInstalled-Size: {kilobytes}\n"
    );
    for (field, list) in [("Depends", depends.join(", ")), ("Recommends", recipe.recommends.join(", "))] {
        if !list.is_empty() {
            text += &format!("{field}: {list}\n");
        }
    }
    text += &format!("Description: {summary}\n");
    description.trim().lines().for_each(|line| text += &format!(" {line}\n"));
    text
}

/// Writes a file of the tree, and its folders.
fn put(tree: &Path, to: &str, bytes: &[u8], executable: bool) -> Result<(), Failure> {
    let path = tree.join(to.trim_start_matches('/'));
    let folder = path.parent().unwrap_or(tree);
    fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    // Whoever builds may have any mask.
    let mut above = folder.ancestors().take_while(|above| above.starts_with(tree));
    above.try_for_each(|above| set_mode(above, 0o755))?;
    fs::write(&path, bytes).map_err(|error| Failure::io("write", &path, &error))?;
    set_mode(&path, if executable { 0o755 } else { 0o644 })
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|error| Failure::io("change", path, &error))
}

fn size_of(folder: &Path) -> Result<u64, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::io("look into", folder, &error))?;
    let mut sum = 0;
    for entry in entries {
        let path = entry.map_err(|error| Failure::io("look into", folder, &error))?.path();
        let about = fs::symlink_metadata(&path).map_err(|error| Failure::io("look at", &path, &error))?;
        sum += if about.is_dir() { size_of(&path)? } else { about.len() };
    }
    Ok(sum)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| Failure::new(format!("{program} could not be started: {error}.")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{program} ended with {status}."))) }
}
