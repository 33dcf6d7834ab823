//! The guest's memory disk: its first script, the kernel's modules, and our programs with the libraries that they need.

use super::archive::Archive;
use super::built;
use super::kernel::Kernel;
use crate::failure::Failure;
use crate::process;
use std::fs;
use std::path::{Path, PathBuf};

/// Our programs: the driver, and the one that holds the checks.
const PROGRAMS: &[&str] = &["gatepost-driver", "vm_guest"];

/// Virtual cameras; a USB host and device in one machine; a serial line over USB, both sides; a USB port for simulated
/// devices, and USB cameras.
const MODULES: &[&str] = &["vivid", "dummy_hcd", "libcomposite", "usb_f_acm", "cdc_acm", "vhci_hcd", "uvcvideo"];

/// Two webcams and a grabber for a screen cable, each with an output node beside its camera, as real cameras have
/// nodes that are none.
const VIVID: &str = "n_devs=3 node_types=0x101,0x101,0x101 num_inputs=1,1,1 input_types=0,0,3";

/// The first process of the guest.
const INIT: &str = "#!/bin/busybox sh
export PATH=/bin
mount() { busybox mount -t $1 $1 $2; }
mount proc /proc
mount sysfs /sys
mount devtmpfs /dev
while read -r module options; do
    busybox insmod /modules/$module.ko $options || echo \"vm: FAIL module-$module it cannot be loaded\"
done < /modules/order
mount configfs /sys/kernel/config
NO_COLOR=1 RUST_LOG=warn RUST_BACKTRACE=0 /bin/vm_guest
busybox dmesg | busybox tail -n 60
busybox poweroff -f
";

/// Makes it; gives its path.
pub fn make(place: &Path, kernel: &Kernel) -> Result<PathBuf, Failure> {
    let mut archive = Archive::default();
    for folder in ["proc", "sys", "dev", "tmp", "run"] {
        archive.folder(folder);
    }
    // The first process speaks through it before /dev is mounted.
    archive.device("dev/console", 5, 1);
    archive.program("init", INIT.into());
    archive.program("bin/busybox", read(Path::new("/bin/busybox"))?);
    let mut order = String::new();
    for (name, bytes) in kernel.closure(MODULES)? {
        archive.file(format!("modules/{name}.ko"), bytes);
        let options = if name == "vivid" { VIVID } else { "" };
        order.push_str(&format!("{name} {options}\n"));
    }
    archive.file("modules/order", order.into());
    for name in PROGRAMS {
        let (program, stripped) = (built(name), place.join(name));
        let (from, to) = (program.display().to_string(), stripped.display().to_string());
        process::said("objcopy", &["--strip-all", &from, &to])?;
        archive.program(format!("bin/{name}"), read(&stripped)?);
        for library in libraries(&process::said("ldd", &[&from])?) {
            archive.program(&library, read(&library)?);
        }
    }
    let disk = place.join("disk.cpio");
    fs::write(&disk, archive.bytes()).map_err(|error| Failure::io("write", &disk, &error))?;
    Ok(disk)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::io("read", path, &error))
}

/// The files that `ldd` names: `name => path (address)`, and the loader as `path (address)`.
fn libraries(answer: &str) -> Vec<PathBuf> {
    let path = |line: &str| {
        let found = line.split_once("=> ").map_or(line, |(_, path)| path).trim();
        let path = found.split(" (").next().unwrap_or(found);
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    answer.lines().filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_from_the_loader_s_answer() {
        let answer = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
                      \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let expected = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(libraries(answer), expected);
        assert!(libraries("\tstatically linked\n").is_empty());
    }
}
