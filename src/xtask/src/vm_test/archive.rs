//! The archive that a kernel takes as its first file system: cpio in the `newc` format
//! (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel).

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// What one entry is.
enum Entry {
    Folder,
    File {
        bytes: Vec<u8>,
        program: bool,
    },
    /// A character device with its two numbers.
    Device(u32, u32),
}

/// A tree that is written in one piece. Parent folders come by themselves.
#[derive(Default)]
pub struct Archive {
    /// By path, so that a folder comes before what is in it.
    entries: BTreeMap<PathBuf, Entry>,
}

impl Archive {
    /// An empty folder.
    pub fn folder(&mut self, path: impl AsRef<Path>) {
        self.put(path.as_ref(), Entry::Folder);
    }

    /// A file that is read.
    pub fn file(&mut self, path: impl AsRef<Path>, bytes: Vec<u8>) {
        self.put(path.as_ref(), Entry::File { bytes, program: false });
    }

    /// A file that is run.
    pub fn program(&mut self, path: impl AsRef<Path>, bytes: Vec<u8>) {
        self.put(path.as_ref(), Entry::File { bytes, program: true });
    }

    /// A character device.
    pub fn device(&mut self, path: impl AsRef<Path>, major: u32, minor: u32) {
        self.put(path.as_ref(), Entry::Device(major, minor));
    }

    /// The archive's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, (path, entry)) in self.entries.iter().enumerate() {
            let name = path.display().to_string();
            match entry {
                Entry::Folder => append(&mut out, number, &name, 0o040_755, (0, 0), &[]),
                Entry::File { bytes, program: false } => append(&mut out, number, &name, 0o100_644, (0, 0), bytes),
                Entry::File { bytes, program: true } => append(&mut out, number, &name, 0o100_755, (0, 0), bytes),
                Entry::Device(major, minor) => append(&mut out, number, &name, 0o020_600, (*major, *minor), &[]),
            }
        }
        append(&mut out, 0, "TRAILER!!!", 0, (0, 0), &[]);
        out
    }

    fn put(&mut self, path: &Path, entry: Entry) {
        // Names in the archive are relative to the root.
        let path: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        for parent in path.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
            self.entries.entry(parent.to_owned()).or_insert(Entry::Folder);
        }
        self.entries.insert(path, entry);
    }
}

fn append(out: &mut Vec<u8>, number: usize, name: &str, mode: u32, device: (u32, u32), bytes: &[u8]) {
    let links = 1;
    let header = [
        number,
        mode as usize,
        0,
        0,
        links,
        0,
        bytes.len(),
        0,
        0,
        device.0 as usize,
        device.1 as usize,
        name.len() + 1,
        0,
    ];
    out.extend_from_slice(b"070701");
    for field in header {
        out.extend_from_slice(format!("{field:08x}").as_bytes());
    }
    out.extend_from_slice(name.as_bytes());
    out.push(0);
    align(out);
    out.extend_from_slice(bytes);
    align(out);
}

fn align(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn entries_are_laid_out_as_the_kernel_reads_them() {
        let mut archive = Archive::default();
        archive.program("/bin/a", b"12345".to_vec());
        archive.device("/dev/console", 5, 1);
        let bytes = archive.bytes();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes);
        let at = |name: &str| text.find(&format!("{name}\0")).unwrap();
        assert!(at("bin") < at("bin/a") && at("bin/a") < at("dev/console"));
        assert_eq!(&text[..14], "07070100000000");
        // 110 bytes of header and 6 of name fill 116: the content follows without a gap.
        assert_eq!(&text[at("bin/a") + 6..][..5], "12345");
    }

    #[test]
    fn busybox_unpacks_it() {
        let Ok(true) = Command::new("busybox").arg("true").status().map(|status| status.success()) else {
            println!("SKIPPED: this machine has no busybox");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let mut archive = Archive::default();
        archive.file("/etc/words", b"one\ntwo\n".to_vec());
        let mut unpack = Command::new("busybox")
            .args(["cpio", "-i", "-d"])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        unpack.stdin.take().unwrap().write_all(&archive.bytes()).unwrap();
        assert!(unpack.wait().unwrap().success());
        assert_eq!(std::fs::read(folder.path().join("etc/words")).unwrap(), b"one\ntwo\n");
    }
}
