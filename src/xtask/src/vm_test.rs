//! `cargo xtask vm-test`: Debian's kernel boots under QEMU, with virtual cameras and a virtual USB port, and runs the
//! real driver processes.
//!
//! Nothing of the machine's own kernel is used: the package is only unpacked, the emulator needs no special rights. The
//! checks are in `tests/src/bin/vm_guest`; here the kernel is fetched, the guest's memory disk is made, and what the
//! guest says on its console is judged.

mod archive;
mod console;
mod disk;
mod kernel;

use crate::failure::Failure;
use crate::{packages, process};
use console::Console;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Everything of this command.
const PLACE: &str = "target/vm";

/// Emulation takes about half a minute where it has a core to itself.
const LIMIT: Duration = Duration::from_secs(300);

/// Memory of the guest in MiB: the memory disk is in it twice while it is unpacked.
const MEMORY: &str = "768";

/// What the guest must report as good, so that a guest that checks less is noticed.
const CHECKS: &[&str] = &[
    "camera-described",
    "camera-colours",
    "camera-nearest-format",
    "camera-two-told-apart",
    "camera-drops-noticed",
    "camera-stall-noticed",
    "camera-unplugged-and-back",
    "camera-moved-and-back",
    "camera-refused",
    "usb-camera-described",
    "usb-camera-shows-simulated-faces",
    "usb-camera-unplugged-in-a-picture",
    "usb-camera-back",
    "scanner-described",
    "scanner-image-exact",
    "scanner-unplugged-in-an-image",
    "scanner-back-and-exact",
];

/// Builds the programs, then runs them in the guest.
pub fn run() -> Result<(), Failure> {
    packages::install(packages::PROGRAMS)?;
    packages::install(packages::USB_SCANNERS)?;
    process::cargo(&["build", "--workspace", "--all-features"])?;
    run_built()
}

/// Runs the programs that are built already. Where there is no emulator or no kernel, says so loudly and is content.
pub fn run_built() -> Result<(), Failure> {
    let place = Path::new(PLACE);
    fs::create_dir_all(place).map_err(|error| Failure::io("make", place, &error))?;
    let ready = match packages::install(packages::EMULATOR) {
        Ok(()) => kernel::fetch(place)?,
        Err(why) => Err(why),
    };
    let kernel = match ready {
        Ok(kernel) => kernel,
        Err(why) => {
            println!("\nSKIPPED vm-test: the drivers met no kernel with cameras.\n{why}\n");
            return Ok(());
        }
    };
    let disk = disk::make(place, &kernel)?;
    let started = Instant::now();
    let console = boot(&kernel.image, &disk, &place.join("console.log"))?;
    let (good, faults) = console.judge(CHECKS);
    let seconds = started.elapsed().as_secs();
    println!("vm-test: {good} of {} checks good, {seconds} s under {}", CHECKS.len(), kernel.name);
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{}\nThe guest's console is in {PLACE}/console.log.", faults.join("\n"))))
}

/// Runs the guest to its end, showing its verdicts as they come.
fn boot(image: &Path, disk: &Path, log: &Path) -> Result<Console, Failure> {
    let mut guest = Command::new("qemu-system-x86_64")
        // Never the host's own virtualisation: it may be there and hang.
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", MEMORY])
        .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"])
        .arg("-kernel")
        .arg(image)
        .arg("-initrd")
        .arg(disk)
        .args(["-append", "console=ttyS0 quiet loglevel=4 panic=-1 random.trust_cpu=on"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| Failure::new(format!("`qemu-system-x86_64` could not be started: {error}.")))?;
    let listened = match guest.stdout.take() {
        Some(output) => console::listen(output, log, LIMIT),
        None => Err(Failure::new("The guest has no console.")),
    };
    // It has ended, or is to be.
    let _ = guest.kill();
    let _ = guest.wait();
    listened
}

/// A program of the build that `cargo xtask test` and this command make.
fn built(name: &str) -> PathBuf {
    Path::new("target/debug").join(name)
}
