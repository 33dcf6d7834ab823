//! Debian's kernel: fetched by name through apt, unpacked and not installed.

use crate::failure::Failure;
use crate::packages;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package that always depends on the newest kernel.
const NEWEST: &str = "linux-image-amd64";

/// Where the modules of a package lie.
const MODULES: &str = "lib/modules";

/// An unpacked kernel package.
pub struct Kernel {
    /// The package's name, which holds the version.
    pub name: String,
    /// What boots.
    pub image: PathBuf,
    /// Every module's file, by its name with underscores.
    modules: BTreeMap<String, PathBuf>,
}

/// Fetches and unpacks the newest kernel package of this Debian, unless that has been done. Without a network one that
/// was unpacked before serves as well; where there is none either, the answer is why. A package that is there and cannot
/// be used is a failure.
pub fn fetch(place: &Path) -> Result<Result<Kernel, Failure>, Failure> {
    let found = newest().and_then(|name| {
        let folder = place.join(&name);
        if folder.is_dir() { Ok((name, None)) } else { download(place, &name).map(|package| (name, Some(package))) }
    });
    let (name, package) = match found {
        Ok(found) => found,
        Err(why) => return unpacked_before(place).map_or(Ok(Err(why)), |name| open(&place.join(&name), name).map(Ok)),
    };
    let folder = place.join(&name);
    if let Some(package) = package {
        unpack(place, &package, &folder)?;
    }
    open(&folder, name).map(Ok)
}

fn newest() -> Result<String, Failure> {
    let look = || {
        let answer = Command::new("apt-cache").args(["depends", NEWEST]).stderr(Stdio::null()).output().ok()?;
        dependency(&String::from_utf8_lossy(&answer.stdout))
    };
    if let Some(name) = look() {
        return Ok(name);
    }
    packages::refresh(&[NEWEST])?;
    look().ok_or_else(|| Failure::new(format!("This system's archive has no kernel package {NEWEST}.")))
}

fn dependency(answer: &str) -> Option<String> {
    answer.lines().find_map(|line| line.trim().strip_prefix("Depends: ")).map(|name| name.trim().to_owned())
}

fn unpacked_before(place: &Path) -> Option<String> {
    let folders = fs::read_dir(place).ok()?.flatten().filter(|entry| entry.path().is_dir());
    let names = folders.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with("linux-image-")).max()
}

/// Where packages are fetched to and unpacked.
const FRESH: &str = "unpacking";

fn download(place: &Path, name: &str) -> Result<PathBuf, Failure> {
    // apt-get download writes into the folder that it runs in.
    let fresh = place.join(FRESH);
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh).map_err(|error| Failure::io("make", &fresh, &error))?;
    println!("$ apt-get download {name}");
    let fetched =
        Command::new("apt-get").args(["-q", "download", name]).current_dir(&fresh).stdin(Stdio::null()).status();
    if !fetched.is_ok_and(|status| status.success()) {
        return Err(Failure::new(format!("The kernel package {name} cannot be fetched: it needs a network.")));
    }
    let package = fs::read_dir(&fresh).ok().and_then(|mut entries| entries.next()).and_then(Result::ok);
    Ok(package.ok_or_else(|| Failure::new(format!("apt-get download {name} left no file.")))?.path())
}

fn unpack(place: &Path, package: &Path, folder: &Path) -> Result<(), Failure> {
    let fresh = place.join(FRESH);
    let tree = fresh.join("tree");
    let unpacked = Command::new("dpkg-deb").arg("-x").arg(package).arg(&tree).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        return Err(Failure::new(format!("{} cannot be unpacked.", package.display())));
    }
    // In one step, so that half a kernel is never taken for a whole one.
    fs::rename(&tree, folder).map_err(|error| Failure::io("make", folder, &error))?;
    let _ = fs::remove_dir_all(&fresh);
    Ok(())
}

fn open(folder: &Path, name: String) -> Result<Kernel, Failure> {
    let version = name.strip_prefix("linux-image-").unwrap_or(&name).to_owned();
    let image = folder.join("boot").join(format!("vmlinuz-{version}"));
    let mut modules = BTreeMap::new();
    collect(&folder.join(MODULES), &mut modules);
    if !image.is_file() || modules.is_empty() {
        return Err(Failure::new(format!("{} holds no kernel. Delete it and try again.", folder.display())));
    }
    Ok(Kernel { name, image, modules })
}

fn collect(folder: &Path, modules: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, modules);
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".ko")) {
            modules.insert(normal(name), path);
        }
    }
}

impl Kernel {
    /// These modules and all that they need, in an order in which they can be loaded: name and content.
    pub fn closure(&self, wanted: &[&str]) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let (mut seen, mut loaded) = (BTreeSet::new(), Vec::new());
        for name in wanted {
            self.load(&normal(name), &mut seen, &mut loaded)?;
        }
        Ok(loaded)
    }

    fn load(
        &self,
        name: &str,
        seen: &mut BTreeSet<String>,
        loaded: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<(), Failure> {
        if !seen.insert(name.to_owned()) {
            return Ok(());
        }
        let path = self.modules.get(name);
        let path = path.ok_or_else(|| Failure::new(format!("The package {} has no module {name}.", self.name)))?;
        let bytes = fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
        for needed in needs(&bytes) {
            self.load(&needed, seen, loaded)?;
        }
        loaded.push((name.to_owned(), bytes));
        Ok(())
    }
}

/// The modules that a module names in its `.modinfo` section: a text `depends=a,b` between two zero bytes.
fn needs(module: &[u8]) -> Vec<String> {
    let key = b"\0depends=";
    let Some(at) = module.windows(key.len()).position(|window| window == key) else { return Vec::new() };
    let list = module[at + key.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
    let list = String::from_utf8_lossy(list).into_owned();
    list.split(',').filter(|name| !name.is_empty()).map(normal).collect()
}

/// The kernel takes both signs for one.
fn normal(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_is_what_the_package_depends_on() {
        let answer = "linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n";
        assert_eq!(dependency(answer).as_deref(), Some("linux-image-6.1.0-56-amd64"));
        assert_eq!(dependency("N: Unable to locate package\n"), None);
    }

    #[test]
    fn modules_come_after_what_they_need() {
        let folder = tempfile::tempdir().unwrap();
        let (boot, modules) = (folder.path().join("boot"), folder.path().join(MODULES).join("6/kernel"));
        fs::create_dir_all(&boot).unwrap();
        fs::create_dir_all(&modules).unwrap();
        fs::write(boot.join("vmlinuz-6"), "k").unwrap();
        for (name, depends) in [("cam-a", "base_x,mid"), ("mid", "base-x"), ("base-x", ""), ("other", "")] {
            fs::write(modules.join(format!("{name}.ko")), format!("ELF\0license=GPL\0depends={depends}\0x")).unwrap();
        }
        let kernel = open(folder.path(), "linux-image-6".into()).unwrap();
        let names = |wanted: &[&str]| -> Vec<String> {
            kernel.closure(wanted).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names(&["cam_a", "mid"]), ["base_x", "mid", "cam_a"]);
        assert!(kernel.closure(&["absent"]).is_err());
        assert!(open(&boot, "linux-image-6".into()).is_err());
    }
}
