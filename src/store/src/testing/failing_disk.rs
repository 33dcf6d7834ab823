//! A disk in memory that keeps apart what is visible and what would be left after a power cut, and that fails at a
//! chosen call.

use crate::disk::Disk;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// Contents of files by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What the n-th writing call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The power goes before the call does anything.
    CutBefore,
    /// The power goes in the middle: half of the bytes are there, names have changed.
    CutTorn,
    /// The power goes in the middle: the file has its new length, and of its bytes only the second half arrived.
    CutReordered,
    /// The power goes in the middle: the file has its new length, and none of its bytes arrived.
    CutZeros,
    /// The power goes when all is done, but before the caller hears of it.
    CutAfter,
    /// The call fails, and the program lives on. Its bytes may be there or not.
    Fails,
    /// The disk is full.
    Full,
}

impl Trouble {
    /// Every way in which the power can go.
    pub const CUTS: [Self; 5] = [Self::CutBefore, Self::CutTorn, Self::CutReordered, Self::CutZeros, Self::CutAfter];

    fn cuts(self) -> bool {
        Self::CUTS.contains(&self)
    }
}

#[derive(Default)]
struct Inner {
    visible: Files,
    /// What a power cut leaves for certain: synced bytes under synced names.
    durable: Files,
    /// Names, renames and removals since the last sync of their folder, in order: after a power cut any of them may
    /// have happened, whatever became of the others.
    unsynced: Vec<NameChange>,
    calls: usize,
    trouble: BTreeMap<usize, Trouble>,
    /// Calls that read, and the one of them that fails.
    reads: usize,
    unreadable: Option<usize>,
    /// Bytes that are free, where the disk has an end; files in `hold` take up what was held.
    room: Option<u64>,
    held: BTreeMap<String, u64>,
    dead: bool,
    forgetful: bool,
}

#[derive(Clone)]
enum NameChange {
    Made(String, Vec<u8>),
    Moved(String, String),
    Removed(String),
}

/// Clones share the disk.
#[derive(Clone, Default)]
pub struct FailingDisk(Arc<Mutex<Inner>>);

impl FailingDisk {
    /// A disk with these files, that meets trouble at writing calls, counted from 0.
    pub fn with(files: Files, trouble: impl IntoIterator<Item = (usize, Trouble)>) -> Self {
        let trouble = trouble.into_iter().collect();
        let inner = Inner { visible: files.clone(), durable: files, trouble, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// A disk that says yes to the sync of a folder and does nothing.
    pub fn forgetful(files: Files) -> Self {
        let disk = Self::with(files, None);
        disk.0.lock().unwrap().forgetful = true;
        disk
    }

    /// Leaves this many bytes free from now on, whatever others wrote or removed.
    pub fn leave_free(&self, bytes: u64) {
        self.0.lock().unwrap().room = Some(bytes);
    }

    /// Trouble at another writing call, counted from 0.
    pub fn trouble_at(&self, call: usize, trouble: Trouble) {
        self.0.lock().unwrap().trouble.insert(call, trouble);
    }

    /// The reading call that is so many from now fails, once.
    pub fn unreadable_after(&self, calls: usize) {
        let mut inner = self.0.lock().unwrap();
        inner.unreadable = Some(inner.reads + calls);
    }

    /// Room without end.
    pub fn without_end(&self) {
        self.0.lock().unwrap().room = None;
    }

    /// A reading call.
    fn read_call(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let mut inner = self.0.lock().unwrap();
        inner.reads += 1;
        if inner.unreadable == Some(inner.reads - 1) {
            return Err(io::Error::other("the disk cannot be read here"));
        }
        Ok(inner)
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

    /// What is left after a power cut when of the changes of names that were not synced just those happened whose bits
    /// are set: some were dropped, and later ones may have come before earlier ones.
    pub fn after_cut_of(&self, picked: u64) -> Files {
        let inner = self.0.lock().unwrap();
        let mut files = inner.durable.clone();
        let chosen = inner.unsynced.iter().enumerate().filter(|(at, _)| picked >> (at % 64) & 1 == 1);
        for (_, change) in chosen {
            match change {
                NameChange::Made(file, bytes) => drop(files.insert(file.clone(), bytes.clone())),
                NameChange::Moved(from, to) => {
                    // The bytes are those of the file that was synced under its first name.
                    let bytes = files.remove(from).or_else(|| inner.visible.get(to).cloned());
                    bytes.into_iter().for_each(|bytes| drop(files.insert(to.clone(), bytes)));
                }
                NameChange::Removed(file) => drop(files.remove(file)),
            }
        }
        files
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
        let trouble = inner.trouble.get(&inner.calls).copied();
        inner.calls += 1;
        inner.dead = trouble.is_some_and(Trouble::cuts);
        match trouble {
            None => {
                let fits = inner.take_up(bytes.len() as u64);
                act(&mut inner, &bytes[..fits]);
                return if fits == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) };
            }
            Some(Trouble::CutBefore) => {}
            Some(Trouble::Full) => {
                act(&mut inner, &bytes[..bytes.len() / 2]);
                return Err(io::ErrorKind::StorageFull.into());
            }
            Some(Trouble::CutTorn | Trouble::Fails) => act(&mut inner, &bytes[..bytes.len() / 2]),
            Some(Trouble::CutReordered) => {
                let half = bytes.len() / 2;
                act(&mut inner, &[&vec![0; half], &bytes[half..]].concat());
            }
            Some(Trouble::CutZeros) => act(&mut inner, &vec![0; bytes.len()]),
            Some(Trouble::CutAfter) => act(&mut inner, bytes),
        }
        Err(io::Error::other("trouble"))
    }
}

impl Inner {
    /// Takes up as much of this as there is room for: that many bytes.
    fn take_up(&mut self, bytes: u64) -> usize {
        let fits = self.room.map_or(bytes, |room| bytes.min(room));
        self.room = self.room.map(|room| room - fits);
        usize::try_from(fits).unwrap()
    }

    fn give_back(&mut self, bytes: u64) {
        self.room = self.room.map(|room| room + bytes);
    }

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

    fn cut(&self, file: &str, length: u64) -> io::Result<()> {
        self.0.lock().unwrap().visible_file(file)?;
        let length = usize::try_from(length).unwrap();
        self.write_call(&[], |inner, _| {
            let before = inner.visible.get(file).map_or(0, Vec::len);
            for files in [&mut inner.visible, &mut inner.durable] {
                if let Some(content) = files.get_mut(file) {
                    content.truncate(length);
                }
            }
            inner.give_back((before - length.min(before)) as u64);
        })
    }

    fn free(&self) -> io::Result<u64> {
        Ok(self.read_call()?.room.unwrap_or(1 << 40))
    }

    fn hold(&self, file: &str, bytes: u64) -> io::Result<()> {
        let mut inner = self.0.lock().unwrap();
        let before = inner.held.remove(file).unwrap_or(0);
        inner.give_back(before);
        inner.visible.insert(file.into(), Vec::new());
        if inner.room.is_some_and(|room| room < bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.take_up(bytes);
        inner.held.insert(file.into(), bytes);
        Ok(())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let inner = self.read_call()?;
        let of_folder = inner.visible.iter().filter(|(file, _)| folder_of(file) == folder);
        let named = |(file, bytes): (&String, &Vec<u8>)| {
            (file.rsplit_once('/').map_or(file.as_str(), |(_, name)| name).to_owned(), bytes.len() as u64)
        };
        Ok(of_folder.map(named).collect())
    }

    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        self.read_call()?.visible_file(file).cloned()
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.0.lock().unwrap().visible_file(file)?;
        if folder_of(file) == "hold" {
            let mut inner = self.0.lock().unwrap();
            inner.visible.remove(file);
            let held = inner.held.remove(file).unwrap_or(0);
            inner.give_back(held);
            return Ok(());
        }
        self.write_call(&[], |inner, _| {
            let bytes = inner.visible.remove(file).map_or(0, |bytes| bytes.len());
            inner.unsynced.push(NameChange::Removed(file.into()));
            inner.give_back(bytes as u64);
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.lock().unwrap().visible_file(from)?;
        self.write_call(&[], |inner, _| {
            if let Some(bytes) = inner.visible.remove(from) {
                let replaced = inner.visible.insert(to.into(), bytes).map_or(0, |bytes| bytes.len());
                inner.unsynced.push(NameChange::Moved(from.into(), to.into()));
                inner.give_back(replaced as u64);
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
            inner.unsynced.retain(|change| {
                let (NameChange::Made(file, _) | NameChange::Moved(_, file) | NameChange::Removed(file)) = change;
                folder_of(file) != folder
            });
        })
    }

    fn write(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        self.write_call(bytes, |inner, bytes| {
            let replaced = inner.visible.insert(file.into(), bytes.to_vec()).map_or(0, |bytes| bytes.len());
            inner.unsynced.push(NameChange::Made(file.into(), bytes.to_vec()));
            inner.give_back(replaced as u64);
        })
    }
}
