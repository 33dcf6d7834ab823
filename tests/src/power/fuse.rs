//! The file system on a mount point, for real programs: it counts their writing calls and loses power at a chosen one.

use super::files::{Ino, ROOT, Tree};
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty,
    ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags, spawn_mount,
};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::testing::Draw;

/// How long the kernel may believe what it was told. Nobody but the kernel changes anything here.
const BELIEVED: Duration = Duration::from_secs(60);

/// Free space that programs are told of.
const FREE_BYTES: u64 = 1 << 40;

struct Inner {
    tree: Tree,
    /// Calls that changed or synced something.
    calls: u64,
    cut_at: Option<u64>,
    dead: bool,
}

/// The file system. Clones share it.
#[derive(Clone)]
pub struct PowerFs(Arc<(Mutex<Inner>, Condvar)>);

/// A mounted one. Dropping it unmounts.
pub struct Mounted {
    session: Option<BackgroundSession>,
    folder: PathBuf,
}

/// Why nothing can be mounted by this account on this machine, if so.
pub fn missing() -> Option<String> {
    let device = std::fs::File::options().read(true).write(true).open("/dev/fuse");
    if let Err(error) = device {
        return Some(format!("/dev/fuse cannot be opened: {error}"));
    }
    let tried = tempfile::tempdir().and_then(|dir| PowerFs::new(Tree::new(), None).mount(dir.path()).map(drop));
    tried.err().map(|error| format!("FUSE cannot be mounted: {error}"))
}

impl PowerFs {
    /// One that loses power at this writing call, counted from 0, or never.
    pub fn new(tree: Tree, cut_at: Option<u64>) -> Self {
        Self(Arc::new((Mutex::new(Inner { tree, calls: 0, cut_at, dead: false }), Condvar::new())))
    }

    /// Mounts it on a folder.
    pub fn mount(&self, folder: &Path) -> std::io::Result<Mounted> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("gatepost-power".into())];
        let session = spawn_mount(self.clone(), folder, &config)?;
        Ok(Mounted { session: Some(session), folder: folder.into() })
    }

    /// Cuts the power now.
    pub fn cut(&self) {
        self.lock().dead = true;
        self.0.1.notify_all();
    }

    /// Cuts the power at the writing call that is so many from now.
    pub fn cut_after(&self, calls: u64) {
        let mut inner = self.lock();
        inner.cut_at = Some(inner.calls + calls);
    }

    /// Whether the power is gone.
    pub fn is_dead(&self) -> bool {
        self.lock().dead
    }

    /// Waits until the power is gone, at most so long; whether it is.
    pub fn wait_dead(&self, limit: Duration) -> bool {
        let waited = self.0.1.wait_timeout_while(self.lock(), limit, |inner| !inner.dead);
        waited.is_ok_and(|(inner, _)| inner.dead)
    }

    /// Writing calls so far.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// What a power cut leaves.
    pub fn after_cut(&self, draw: &mut Draw) -> Tree {
        self.lock().tree.after_cut(draw)
    }

    /// The bytes of a file in the uppermost folder, as programs see them.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut inner = self.lock();
        let ino = inner.tree.find(ROOT, name.as_ref())?;
        inner.tree.file(ino).map(|file| file.bytes.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A call that reads.
    fn look<T>(&self, act: impl FnOnce(&mut Tree) -> Result<T, Errno>) -> Result<T, Errno> {
        let mut inner = self.lock();
        if inner.dead { Err(Errno::EIO) } else { act(&mut inner.tree) }
    }

    /// A call that changes something. At the chosen one the power goes: what it wrote is there as far as the cut leaves
    /// it, and nobody is told.
    fn change<T>(&self, act: impl FnOnce(&mut Tree) -> Result<T, Errno>) -> Result<T, Errno> {
        let mut inner = self.lock();
        if inner.dead {
            return Err(Errno::EIO);
        }
        inner.dead = inner.cut_at.is_some_and(|at| inner.calls >= at);
        inner.calls += 1;
        let done = act(&mut inner.tree);
        if !inner.dead {
            return done;
        }
        drop(inner);
        self.0.1.notify_all();
        Err(Errno::EIO)
    }

    /// A sync. Where the power goes at it, it did nothing at every second of them.
    fn sync(&self, act: impl FnOnce(&mut Tree)) -> Result<(), Errno> {
        let skipped = {
            let inner = self.lock();
            inner.cut_at.is_some_and(|at| inner.calls >= at) && inner.calls.is_multiple_of(2)
        };
        self.change(|tree| {
            if !skipped {
                act(tree);
            }
            Ok(())
        })
    }
}

impl Mounted {
    /// The mount point.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let ended = self.session.take().map(BackgroundSession::umount_and_join);
        if let Some(Err(error)) = ended {
            eprintln!("{} is let go lazily: {error}", self.folder.display());
            let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
        }
    }
}

fn attributes(tree: &mut Tree, ino: Ino) -> Result<FileAttr, Errno> {
    let length = tree.file(ino).map(|file| file.bytes.len() as u64);
    if length.is_none() && tree.names(ino).is_none() {
        return Err(Errno::ENOENT);
    }
    let (kind, perm) = if length.is_some() { (FileType::RegularFile, 0o600) } else { (FileType::Directory, 0o700) };
    let size = length.unwrap_or(0);
    Ok(FileAttr {
        ino: INodeNo(ino),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm,
        nlink: 1,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: 4096,
        flags: 0,
    })
}

fn found(tree: &Tree, parent: INodeNo, name: &OsStr) -> Result<Ino, Errno> {
    tree.find(parent.0, name).ok_or(Errno::ENOENT)
}

fn made(tree: &mut Tree, parent: INodeNo, name: &OsStr, folder: bool) -> Result<FileAttr, Errno> {
    if tree.find(parent.0, name).is_some() {
        return Err(Errno::EEXIST);
    }
    let ino = tree.make(parent.0, name, folder).ok_or(Errno::ENOENT)?;
    attributes(tree, ino)
}

fn replied(reply: ReplyEmpty, done: Result<(), Errno>) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn entered(reply: ReplyEntry, done: Result<FileAttr, Errno>) {
    match done {
        Ok(attributes) => reply.entry(&BELIEVED, &attributes, Generation(0)),
        Err(error) => reply.error(error),
    }
}

impl Filesystem for PowerFs {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        entered(reply, self.look(|tree| found(tree, parent, name).and_then(|ino| attributes(tree, ino))));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.look(|tree| attributes(tree, ino.0)) {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let set = |tree: &mut Tree| {
            if let Some(size) = size {
                tree.file(ino.0).ok_or(Errno::EISDIR)?.set_length(size);
            }
            attributes(tree, ino.0)
        };
        match if size.is_some() { self.change(set) } else { self.look(set) } {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        entered(reply, self.change(|tree| made(tree, parent, name, true)));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let done = self.change(|tree| found(tree, parent, name).map(|_| tree.remove(parent.0, name)));
        replied(reply, done);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let done = self.change(|tree| {
            let ino = found(tree, parent, name)?;
            match tree.names(ino) {
                None => Err(Errno::ENOTDIR),
                Some(names) if !names.is_empty() => Err(Errno::ENOTEMPTY),
                Some(_) => {
                    tree.remove(parent.0, name);
                    Ok(())
                }
            }
        });
        replied(reply, done);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let done = self.change(|tree| tree.rename((parent.0, name), (newparent.0, newname)).ok_or(Errno::ENOENT));
        replied(reply, done);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn create(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, _: i32, reply: ReplyCreate) {
        match self.change(|tree| made(tree, parent, name, false)) {
            Ok(made) => reply.created(&BELIEVED, &made, Generation(0), FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let read = self.look(|tree| {
            let bytes = &tree.file(ino.0).ok_or(Errno::EISDIR)?.bytes;
            let from = (offset as usize).min(bytes.len());
            let to = (from + size as usize).min(bytes.len());
            Ok(bytes[from..to].to_vec())
        });
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.change(|tree| tree.file(ino.0).map(|file| file.write(offset, data)).ok_or(Errno::EISDIR)) {
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        replied(reply, self.sync(|tree| tree.file(ino.0).into_iter().for_each(super::files::File::sync)));
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = self.look(|tree| {
            let names = tree.names(ino.0).ok_or(Errno::ENOTDIR)?.clone();
            let kind = |tree: &mut Tree, ino| attributes(tree, ino).map(|found| found.kind);
            names.into_iter().map(|(name, ino)| Ok((ino, kind(tree, ino)?, name))).collect::<Result<Vec<_>, Errno>>()
        });
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return reply.error(error),
        };
        let own = [".", ".."].map(|name| (ino.0, FileType::Directory, name.into()));
        let all = own.into_iter().chain(listed).enumerate().skip(offset as usize);
        for (at, (ino, kind, name)) in all {
            if reply.add(INodeNo(ino), at as u64 + 1, kind, &name) {
                break;
            }
        }
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        replied(reply, self.sync(|tree| tree.sync_folder(ino.0)));
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let free = FREE_BYTES / 4096;
        reply.statfs(free, free, free, free, free, 4096, 255, 4096);
    }
}
