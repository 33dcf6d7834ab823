//! The promise: what was acknowledged is there once, whatever is killed while records come in.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod common;

use common::{Intake, Station};
use intake::testing::{Cluster, Durability, StationLink};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Stations that send at once.
const STATIONS: usize = 4;

/// Records of each.
const RECORDS: usize = 30;

/// How often each of both is killed.
const KILLS: usize = 2;

struct Program(Child);

impl Program {
    /// Starts the intake; its address.
    fn serve(data: &Path) -> (Self, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatepost-intake"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (program, line.trim().strip_prefix("ready https://").unwrap().to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends an envelope. Anything but an acknowledgement is a failure.
fn send(link: &StationLink, address: &str, envelope: &[u8]) -> Option<()> {
    let length = envelope.len();
    let head = format!(
        "POST /v1/records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    let answer = link.exchange(address, &[head.as_bytes(), envelope]).ok()?;
    (answer.starts_with(b"HTTP/1.1 201 ") || answer.starts_with(b"HTTP/1.1 200 ")).then_some(())
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    if Cluster::shared().is_none() {
        return;
    }
    let cluster = Cluster::start(Durability::Kernel).unwrap();
    let intake = Intake::on_server(&cluster).await;
    let mut queues = Vec::new();
    for number in 0..STATIONS {
        let mut station = Station::registered(&format!("S{number}"), &intake).await;
        let link = StationLink::new(intake.dir.path(), &station.id.0).unwrap();
        queues.push((link, (0..RECORDS).map(|_| station.next()).collect::<Vec<_>>()));
    }
    intake.database.close().await;
    let digests: BTreeSet<String> =
        queues.iter().flat_map(|(_, queue)| queue).map(|one| store::hex(&store::format::digest(one))).collect();

    let acknowledged = AtomicUsize::new(0);
    let (program, address) = Program::serve(intake.dir.path());
    let (mut program, address) = (Some(program), Mutex::new(address));
    thread::scope(|scope| {
        let (address, acknowledged) = (&address, &acknowledged);
        for (link, queue) in &queues {
            scope.spawn(move || {
                for envelope in queue {
                    // As a station does: until there is a receipt.
                    loop {
                        let to = address.lock().unwrap().clone();
                        if send(link, &to, envelope).is_some() {
                            break;
                        }
                        thread::yield_now();
                    }
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let whole = STATIONS * RECORDS;
        for kill in 1..=2 * KILLS {
            let enough = whole * kill / (2 * KILLS + 1);
            while acknowledged.load(Ordering::SeqCst) < enough {
                thread::yield_now();
            }
            if kill % 2 == 0 {
                drop(program.take());
                let (next, its_address) = Program::serve(intake.dir.path());
                program = Some(next);
                *address.lock().unwrap() = its_address;
            } else {
                cluster.kill().unwrap();
                cluster.start_server().unwrap();
            }
        }
    });
    drop(program);

    let database = intake::Database::open(&intake.place).await.unwrap();
    let listed = database.list(("", 0), 10_000).await.unwrap();
    assert_eq!(listed.len(), STATIONS * RECORDS, "none twice");
    assert_eq!(listed.iter().map(|row| row.digest.clone()).collect::<BTreeSet<_>>(), digests, "none lost");
    for number in 0..STATIONS {
        let status = database.status(&format!("S{number}")).await.unwrap().unwrap();
        assert_eq!((status.count, status.forks), (RECORDS as i64, 0));
    }
}
