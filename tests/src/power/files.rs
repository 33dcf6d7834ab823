//! Files and folders in memory, and what is left of them after a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use store::testing::Draw;

/// Bytes that a disk writes whole or not at all.
pub const SECTOR: u64 = 512;

/// The number of a file or folder.
pub type Ino = u64;

/// The number of the uppermost folder, as FUSE has it.
pub const ROOT: Ino = 1;

/// Names in a folder.
pub type Names = BTreeMap<OsString, Ino>;

/// A file.
#[derive(Clone, Default)]
pub struct File {
    /// What programs read.
    pub bytes: Vec<u8>,
    /// Sectors that were written since the last sync, with what they held then.
    undo: BTreeMap<u64, Vec<u8>>,
    /// Length at the last sync.
    synced: u64,
}

/// Changes of names that happen together or not at all.
struct Change(Vec<(Ino, OsString, Option<Ino>)>);

/// A whole file system.
#[derive(Default)]
pub struct Tree {
    files: BTreeMap<Ino, File>,
    folders: BTreeMap<Ino, Names>,
    /// Names that last for certain.
    synced: BTreeMap<Ino, Names>,
    /// Changes of names since then, in order.
    changes: Vec<Change>,
    last: Ino,
}

impl File {
    /// Writes bytes; the file grows as far as it must.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset + bytes.len() as u64;
        self.remember(offset, end);
        if self.bytes.len() < end as usize {
            self.bytes.resize(end as usize, 0);
        }
        self.bytes[offset as usize..end as usize].copy_from_slice(bytes);
    }

    /// Cuts or grows it.
    pub fn set_length(&mut self, length: u64) {
        let before = self.bytes.len() as u64;
        self.remember(length.min(before), length.max(before));
        self.bytes.resize(length as usize, 0);
    }

    /// Makes it last.
    pub fn sync(&mut self) {
        self.undo.clear();
        self.synced = self.bytes.len() as u64;
    }

    fn remember(&mut self, from: u64, to: u64) {
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            let at = ((sector * SECTOR) as usize).min(self.bytes.len());
            let end = (at + SECTOR as usize).min(self.bytes.len());
            let held = &self.bytes[at..end];
            self.undo.entry(sector).or_insert_with(|| held.to_vec());
        }
    }

    /// What a power cut leaves: any of the sectors that were written since the last sync, and any length that it had.
    fn after_cut(&self, draw: &mut Draw) -> Self {
        let length = self.bytes.len() as u64;
        let (least, most) = (self.synced.min(length), self.synced.max(length));
        let left = match draw.below(4) {
            0 => self.synced,
            1 => (least / SECTOR + draw.below((most - least) / SECTOR + 1)) * SECTOR,
            _ => length,
        };
        let drop_one_in = draw.of(&[0, 1, 2, 2, 8]);
        let mut bytes = self.bytes.clone();
        bytes.resize(most as usize, 0);
        for (sector, held) in &self.undo {
            if drop_one_in > 0 && draw.below(drop_one_in) == 0 {
                let at = (sector * SECTOR) as usize;
                let end = (at + SECTOR as usize).min(bytes.len());
                if at < end {
                    let mut old = held.clone();
                    old.resize(end - at, 0);
                    bytes[at..end].copy_from_slice(&old);
                }
            }
        }
        bytes.resize(left.clamp(least, most) as usize, 0);
        let synced = bytes.len() as u64;
        Self { bytes, undo: BTreeMap::new(), synced }
    }
}

impl Tree {
    /// An empty one.
    pub fn new() -> Self {
        let root = || BTreeMap::from([(ROOT, Names::new())]);
        Self { folders: root(), synced: root(), last: ROOT, ..Self::default() }
    }

    /// One with a single file, as a disk for a loop device.
    pub fn with_disk(name: &str, bytes: &[u8]) -> Self {
        let mut tree = Self::new();
        let ino = tree.make(ROOT, name.as_ref(), false).unwrap_or(ROOT);
        if let Some(file) = tree.file(ino) {
            file.write(0, bytes);
            file.sync();
        }
        tree.sync_folder(ROOT);
        tree
    }

    /// A file.
    pub fn file(&mut self, ino: Ino) -> Option<&mut File> {
        self.files.get_mut(&ino)
    }

    /// The names in a folder.
    pub fn names(&self, ino: Ino) -> Option<&Names> {
        self.folders.get(&ino)
    }

    /// What has this name.
    pub fn find(&self, parent: Ino, name: &OsStr) -> Option<Ino> {
        self.folders.get(&parent)?.get(name).copied()
    }

    /// Makes a file or a folder; `None` where there is no such parent.
    pub fn make(&mut self, parent: Ino, name: &OsStr, folder: bool) -> Option<Ino> {
        self.folders.get(&parent)?;
        self.last += 1;
        let ino = self.last;
        if folder {
            self.folders.insert(ino, Names::new());
            self.synced.insert(ino, Names::new());
        } else {
            self.files.insert(ino, File::default());
        }
        self.change(vec![(parent, name.into(), Some(ino))]);
        Some(ino)
    }

    /// Takes a name away; its file lives on for those who have it open.
    pub fn remove(&mut self, parent: Ino, name: &OsStr) {
        self.change(vec![(parent, name.into(), None)]);
    }

    /// Renames, replacing what is there; `None` where there is no such name.
    pub fn rename(&mut self, from: (Ino, &OsStr), to: (Ino, &OsStr)) -> Option<()> {
        let ino = self.find(from.0, from.1)?;
        self.change(vec![(from.0, from.1.into(), None), (to.0, to.1.into(), Some(ino))]);
        Some(())
    }

    /// Makes the changes of names in a folder last.
    pub fn sync_folder(&mut self, ino: Ino) {
        let (now, later) = std::mem::take(&mut self.changes)
            .into_iter()
            .partition(|change| change.0.iter().any(|(folder, ..)| *folder == ino));
        self.changes = later;
        for change in now {
            apply(&mut self.synced, &change);
        }
    }

    /// What a power cut leaves. All of it lasts.
    pub fn after_cut(&self, draw: &mut Draw) -> Self {
        let mut names = self.synced.clone();
        let first = draw.below(self.changes.len() as u64 + 1) as usize;
        let how = draw.below(4);
        for (at, change) in self.changes.iter().enumerate() {
            let lasts = match how {
                0 => false,
                1 => true,
                2 => at < first,
                _ => draw.below(2) == 0,
            };
            if lasts {
                apply(&mut names, change);
            }
        }
        let (mut left, mut reached, mut open) =
            (Self { last: self.last, ..Self::default() }, BTreeSet::new(), vec![ROOT]);
        while let Some(ino) = open.pop() {
            let Some(inside) = names.get(&ino) else { continue };
            open.extend(inside.values().copied().filter(|ino| reached.insert(*ino)));
            left.folders.insert(ino, inside.clone());
        }
        left.synced = left.folders.clone();
        for ino in reached {
            if let Some(file) = self.files.get(&ino) {
                left.files.insert(ino, file.after_cut(draw));
            }
        }
        left
    }

    fn change(&mut self, names: Vec<(Ino, OsString, Option<Ino>)>) {
        let change = Change(names);
        apply(&mut self.folders, &change);
        self.changes.push(change);
    }
}

fn apply(folders: &mut BTreeMap<Ino, Names>, Change(names): &Change) {
    for (folder, name, to) in names {
        let inside = folders.entry(*folder).or_default();
        match to {
            Some(ino) => drop(inside.insert(name.clone(), *ino)),
            None => drop(inside.remove(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every content that cuts leave of a file, by many seeds.
    fn left(tree: &Tree, name: &str) -> BTreeSet<Option<Vec<u8>>> {
        let one = |seed| {
            let mut left = tree.after_cut(&mut Draw::new(seed));
            let ino = left.find(ROOT, name.as_ref())?;
            left.file(ino).map(|file| file.bytes.clone())
        };
        (0..400).map(one).collect()
    }

    #[test]
    fn what_was_synced_lasts_and_nothing_else_is_certain() {
        let name = OsStr::new("a");
        let mut tree = Tree::new();
        let ino = tree.make(ROOT, name, false).unwrap();
        tree.file(ino).unwrap().write(0, &[1; 512]);
        tree.file(ino).unwrap().sync();
        assert_eq!(left(&tree, "a"), BTreeSet::from([None, Some(vec![1; 512])]), "synced bytes, a name in doubt");
        tree.sync_folder(ROOT);
        assert_eq!(left(&tree, "a"), BTreeSet::from([Some(vec![1; 512])]));

        tree.file(ino).unwrap().write(256, &[2; 1024]);
        let found = left(&tree, "a");
        let whole = [vec![1; 256], vec![2; 1024]].concat();
        let torn = [vec![1; 512], vec![2; 768]].concat();
        let zeros = [vec![1; 512], vec![0; 768]].concat();
        for expected in [vec![1; 512], whole.clone(), torn, zeros] {
            assert!(found.contains(&Some(expected)), "one of the states is never met");
        }
        assert!(!found.contains(&None));
        tree.file(ino).unwrap().sync();
        assert_eq!(left(&tree, "a"), BTreeSet::from([Some(whole)]));
    }

    #[test]
    fn a_rename_is_whole_or_has_not_happened() {
        let mut tree = Tree::new();
        let ino = tree.make(ROOT, OsStr::new("a"), false).unwrap();
        tree.file(ino).unwrap().write(0, b"new");
        tree.file(ino).unwrap().sync();
        tree.sync_folder(ROOT);
        tree.rename((ROOT, OsStr::new("a")), (ROOT, OsStr::new("b"))).unwrap();
        for seed in 0..50 {
            let left = tree.after_cut(&mut Draw::new(seed));
            let names = left.names(ROOT).unwrap();
            assert_eq!(names.len(), 1, "{names:?}");
        }
        tree.sync_folder(ROOT);
        assert_eq!(left(&tree, "b"), BTreeSet::from([Some(b"new".to_vec())]));
    }

    #[test]
    fn a_file_that_was_cut_may_be_as_it_was() {
        let mut tree = Tree::with_disk("disk", &[0; 2048]);
        let ino = tree.find(ROOT, OsStr::new("disk")).unwrap();
        tree.file(ino).unwrap().write(0, &[7; 2048]);
        tree.file(ino).unwrap().sync();
        tree.file(ino).unwrap().set_length(0);
        let found = left(&tree, "disk");
        assert!(found.contains(&Some(vec![])) && found.contains(&Some(vec![7; 2048])), "{}", found.len());
    }
}
