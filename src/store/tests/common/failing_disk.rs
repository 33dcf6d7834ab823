//! A disk in memory that keeps apart what is visible and what would be left after a power cut, and that fails at a
//! chosen call.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use store::disk::Disk;

type Files = BTreeMap<String, Vec<u8>>;

/// What the n-th writing call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The power goes before the call does anything.
    CutBefore,
    /// The power goes in the middle: half of the bytes are there, names have changed.
    CutTorn,
    /// The power goes when all is done, but before the caller hears of it.
    CutAfter,
    /// The call fails, and the program lives on. Its bytes may be there or not.
    Fails,
    /// The disk is full.
    Full,
}

#[derive(Default)]
struct Inner {
    visible: Files,
    /// What a power cut leaves for certain: synced bytes under synced names.
    durable: Files,
    calls: usize,
    trouble: Option<(usize, Trouble)>,
    dead: bool,
    forgetful: bool,
}

/// Clones share the disk.
#[derive(Clone, Default)]
pub struct FailingDisk(Arc<Mutex<Inner>>);

impl FailingDisk {
    /// A disk with these files, that meets trouble at a writing call, counted from 0.
    pub fn with(files: Files, trouble: Option<(usize, Trouble)>) -> Self {
        let inner = Inner { visible: files.clone(), durable: files, trouble, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// A disk that says yes to the sync of a folder and does nothing.
    pub fn forgetful(files: Files) -> Self {
        let disk = Self::with(files, None);
        disk.0.lock().unwrap().forgetful = true;
        disk
    }

    /// Writing calls so far.
    pub fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    /// What is left after a power cut: without the names that were not synced, or with them (both may happen).
    pub fn after_cut(&self, with_unsynced_names: bool) -> Files {
        let inner = self.0.lock().unwrap();
        if with_unsynced_names { inner.visible.clone() } else { inner.durable.clone() }
    }

    /// What everybody can read now.
    pub fn files(&self) -> Files {
        self.0.lock().unwrap().visible.clone()
    }

    /// Carries out a writing call, or what trouble leaves of it. `act` gets the part of the bytes that arrives.
    fn write_call(&self, bytes: &[u8], act: impl FnOnce(&mut Inner, &[u8])) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        if inner.dead {
            return Err(io::Error::other("no power"));
        }
        let trouble = inner.trouble.filter(|(at, _)| *at == inner.calls).map(|(_, trouble)| trouble);
        inner.calls += 1;
        inner.dead = matches!(trouble, Some(Trouble::CutBefore | Trouble::CutTorn | Trouble::CutAfter));
        match trouble {
            None => act(&mut inner, bytes),
            Some(Trouble::CutBefore) => {}
            Some(Trouble::Full) => {
                act(&mut inner, &bytes[..bytes.len() / 2]);
                return Err(io::ErrorKind::StorageFull.into());
            }
            Some(Trouble::CutTorn | Trouble::Fails) => act(&mut inner, &bytes[..bytes.len() / 2]),
            Some(Trouble::CutAfter) => act(&mut inner, bytes),
        }
        if trouble.is_some() { Err(io::Error::other("trouble")) } else { Ok(()) }
    }
}

impl Inner {
    fn visible_file(&self, file: &str) -> io::Result<&Vec<u8>> {
        self.visible.get(file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Disk for FailingDisk {
    fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().visible_file(file)?;
        self.write_call(bytes, |inner, bytes| {
            for files in [&mut inner.visible, &mut inner.durable] {
                if let Some(content) = files.get_mut(file) {
                    content.extend_from_slice(bytes);
                }
            }
        })
    }

    fn free(&self) -> io::Result<u64> {
        Ok(1 << 40)
    }

    fn hold(&self, file: &str, _bytes: u64) -> io::Result<()> {
        self.0.lock().unwrap().visible.insert(file.into(), Vec::new());
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let inner = self.0.lock().unwrap();
        let of_folder = inner.visible.iter().filter(|(file, _)| folder_of(file) == folder);
        let named = |(file, bytes): (&String, &Vec<u8>)| {
            (file.rsplit_once('/').map_or(file.as_str(), |(_, name)| name).to_owned(), bytes.len() as u64)
        };
        Ok(of_folder.map(named).collect())
    }

    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        self.0.lock().unwrap().visible_file(file).cloned()
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.0.lock().unwrap().visible_file(file)?;
        if folder_of(file) == "hold" {
            self.0.lock().unwrap().visible.remove(file);
            return Ok(());
        }
        self.write_call(&[], |inner, _| drop(inner.visible.remove(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.lock().unwrap().visible_file(from)?;
        self.write_call(&[], |inner, _| {
            if let Some(bytes) = inner.visible.remove(from) {
                inner.visible.insert(to.into(), bytes);
            }
        })
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        self.write_call(&[], |inner, _| {
            if inner.forgetful {
                return;
            }
            inner.durable.retain(|file, _| folder_of(file) != folder);
            let synced = inner.visible.iter().filter(|(file, _)| folder_of(file) == folder);
            let synced: Files = synced.map(|(file, bytes)| (file.clone(), bytes.clone())).collect();
            inner.durable.extend(synced);
        })
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_call(bytes, |inner, bytes| drop(inner.visible.insert(file.into(), bytes.to_vec())))
    }
}
