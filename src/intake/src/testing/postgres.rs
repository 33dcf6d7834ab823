//! A PostgreSQL server of one's own: a cluster in a temporary folder, reached by a socket in it and by nothing else.

use super::supervision::{Afterwards, children, is_alive, kill};
use std::env;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Where Debian puts each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The account of Debian's package, which the server runs under when we are root: it refuses root.
const ACCOUNT: &str = "postgres";

/// Longest folder: a socket's path has at most 107 bytes, and the socket's name takes 20 of them.
const LONGEST: usize = 80;

/// How the server keeps what it has acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// In the kernel: it outlives a kill -9 of the server and no power cut. For tests, which cut no power.
    Kernel,
    /// On the disk, as in production. For measurements.
    Disk,
}

/// A server with its data. When it is dropped, or this process ends in any way, it is stopped and its folder removed.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    durability: Durability,
    databases: AtomicU32,
    _afterwards: Afterwards,
}

impl Cluster {
    /// The one that the tests of this process share. `None`, loudly, where there is no PostgreSQL.
    ///
    /// # Panics
    /// When it does not start, and in continuous integration when there is none: there the tests must run.
    #[expect(clippy::panic, reason = "a helper of a test fails by panicking, as the test does")]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| match (Self::start(Durability::Kernel), env::var_os("CI")) {
            (Ok(cluster), _) => Some(cluster),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {
                // Not by a macro, whose words the test harness would keep to itself.
                let _ = writeln!(io::stderr(), "\nSKIPPED: the intake on PostgreSQL. {error}\n");
                None
            }
            (Err(error), _) => panic!("PostgreSQL: {error}"),
        });
        shared.as_ref()
    }

    /// Makes a cluster and starts its server: about a second.
    ///
    /// # Errors
    /// `NotFound` where PostgreSQL's server is not installed.
    pub fn start(durability: Durability) -> io::Result<Self> {
        let programs = newest_programs()?;
        let folder = new_folder()?;
        let stop = command_line(&programs, "pg_ctl", &["-D", &data(&folder), "-m", "immediate", "stop"]);
        let script = format!("{}; rm -rf '{}'", stop.join(" "), folder.display());
        let afterwards = Afterwards::run(&script)?;
        let cluster = Self { folder, programs, durability, databases: AtomicU32::new(0), _afterwards: afterwards };
        let settings = ["-U", ACCOUNT, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];
        cluster.run("initdb", &[&["-D", &data(&cluster.folder)], &settings[..]].concat())?;
        cluster.start_server()?;
        Ok(cluster)
    }

    /// A new empty data base: its address for the intake.
    pub fn database(&self) -> io::Result<String> {
        let name = format!("intake_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let host = self.folder.display().to_string();
        self.run("createdb", &["-h", &host, "-U", ACCOUNT, &name])?;
        Ok(format!("postgres://{ACCOUNT}@localhost/{name}?host={host}"))
    }

    /// Ends the server and everything it has started by SIGKILL, as a crash would. It does not come back by itself.
    pub fn kill(&self) -> io::Result<()> {
        let file = self.folder.join("data/postmaster.pid");
        let text = fs::read_to_string(&file)?;
        let pid = text.lines().next().and_then(|line| line.parse().ok());
        let server: u32 = pid.ok_or_else(|| io::Error::other("postmaster.pid has no number"))?;
        let all = [&[server], &children(server)[..]].concat();
        kill(&all)?;
        while all.iter().any(|pid| is_alive(*pid)) {
            thread::sleep(Duration::from_millis(1));
        }
        // Where nobody takes leave of ended processes, their numbers stay taken, and the next server would believe that
        // this one still runs.
        fs::remove_file(&file)?;
        fs::remove_file(self.folder.join(".s.PGSQL.5432.lock"))
    }

    /// Starts the server that [`Cluster::kill`] has ended, and waits until it has recovered.
    pub fn start_server(&self) -> io::Result<()> {
        let (folder, data) = (self.folder.display(), data(&self.folder));
        let fsync = if self.durability == Durability::Disk { "on" } else { "off" };
        let options = format!("-c listen_addresses= -c unix_socket_directories={folder} -c fsync={fsync}");
        let log = self.folder.join("data/server.log").display().to_string();
        self.run("pg_ctl", &["-w", "-D", &data, "-l", &log, "-o", &options, "start"])
    }

    fn run(&self, program: &str, arguments: &[&str]) -> io::Result<()> {
        let line = command_line(&self.programs, program, arguments);
        let mut command = Command::new(&line[0]);
        // Not our pipes: the server would keep them open.
        command.args(&line[1..]).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("{program} ended with {status}"))) }
    }
}

fn data(folder: &Path) -> String {
    folder.join("data").display().to_string()
}

/// The program with its arguments, under the package's account where we are root.
fn command_line(programs: &Path, program: &str, arguments: &[&str]) -> Vec<String> {
    let through: &[&str] = if is_root() { &["runuser", "-u", ACCOUNT, "--"] } else { &[] };
    let program = programs.join(program).display().to_string();
    through
        .iter()
        .map(|word| (*word).to_owned())
        .chain([program])
        .chain(arguments.iter().map(|word| (*word).into()))
        .collect()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn newest_programs() -> io::Result<PathBuf> {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let numbers = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let programs = numbers.map(|number| Path::new(VERSIONS).join(number.to_string()).join("bin"));
    let with_server = programs.filter(|programs| programs.join("initdb").exists());
    with_server.max().ok_or_else(|| {
        let text = format!("there is no server under {VERSIONS}; `cargo xtask setup` installs the package postgresql");
        io::Error::new(io::ErrorKind::NotFound, text)
    })
}

/// A new folder for nobody but the server.
fn new_folder() -> io::Result<PathBuf> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let temporary = env::temp_dir();
    let parent = if temporary.as_os_str().len() < LONGEST - 30 { temporary } else { "/tmp".into() };
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("gatepost-pg-{}-{number}", std::process::id()));
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) if is_root() => {
                let owner = Command::new("chown").arg(ACCOUNT).arg(&folder).status()?;
                return if owner.success() { Ok(folder) } else { Err(io::Error::other("chown failed")) };
            }
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_comes_back_after_a_kill_and_goes_with_its_owner() {
        if Cluster::shared().is_none() {
            return;
        }
        let cluster = Cluster::start(Durability::Kernel).unwrap();
        let folder = cluster.folder.clone();
        cluster.database().unwrap();
        cluster.kill().unwrap();
        assert!(cluster.database().is_err(), "nobody answers");
        cluster.start_server().unwrap();
        cluster.database().unwrap();
        drop(cluster);
        assert!(!folder.exists(), "nothing is left");
    }
}
