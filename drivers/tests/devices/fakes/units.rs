//! What systemd does for a driver's socket with `Accept=yes`: one process a connection, which is its standard input.

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A listening unit. Dropping it takes the socket away and ends what it started.
pub struct Unit {
    path: PathBuf,
    started: Arc<Mutex<Vec<Child>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Unit {
    /// Listens for this driver in this folder.
    pub fn listen(folder: &Path, kind: &'static str, driver: &'static str) -> Self {
        let path = folder.join(format!("{kind}-{driver}.sock"));
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&socket, 8).unwrap();
        let (started, stop) = (Arc::<Mutex<Vec<Child>>>::default(), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (started, stop) = (started.clone(), stop.clone());
            std::thread::spawn(move || {
                while let Ok(connection) = accept_with(&socket, SocketFlags::CLOEXEC) {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost-driver"));
                    command.args([kind, driver]).stdin(Stdio::from(connection)).stdout(Stdio::null());
                    started.lock().unwrap().push(command.spawn().unwrap());
                }
            })
        };
        Self { path, started, stop, thread: Some(thread) }
    }

    /// How many processes it has started.
    pub fn started(&self) -> usize {
        self.started.lock().unwrap().len()
    }

    /// How many of them have not ended.
    pub fn running(&self) -> usize {
        self.started
            .lock()
            .unwrap()
            .iter_mut()
            .filter_map(|child| child.try_wait().unwrap().is_none().then_some(()))
            .count()
    }

    /// `kill -9` of all that it started.
    pub fn kill(&self) {
        for child in self.started.lock().unwrap().iter_mut() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees the flag.
        let waker = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
        let _ = connect(&waker, &SocketAddrUnix::new(&self.path).unwrap());
        let _ = self.thread.take().map(JoinHandle::join);
        std::fs::remove_file(&self.path).unwrap();
        self.kill();
    }
}
