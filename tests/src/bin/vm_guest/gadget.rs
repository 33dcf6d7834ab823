//! A USB device that is made of files: a serial line on the kernel's virtual USB port.

use crate::{Checked, await_some, because};
use std::fs;
use std::path::{Path, PathBuf};

/// Where USB devices are made.
const GADGET: &str = "/sys/kernel/config/usb_gadget/scanner";

/// The kernel's virtual USB device controller.
const CONTROLLER: &str = "dummy_udc.0";

/// The host's side of the line.
pub const HOST: &str = "/dev/ttyACM0";

/// The device's side of the line.
pub const DEVICE: &str = "/dev/ttyGS0";

/// Describes a serial adapter to the kernel. It is not plugged in yet.
pub fn make() -> Checked {
    let root = Path::new(GADGET);
    for folder in ["strings/0x409", "configs/c.1", "functions/acm.usb0"] {
        because(folder, fs::create_dir_all(root.join(folder)))?;
    }
    for (file, text) in [
        // Linux Foundation, multifunction gadget.
        ("idVendor", "0x1d6b"),
        ("idProduct", "0x0104"),
        ("strings/0x409/manufacturer", "Gatepost"),
        ("strings/0x409/product", "SIMULATED scanner"),
        ("strings/0x409/serialnumber", "SIM1"),
    ] {
        because(file, fs::write(root.join(file), text))?;
    }
    let link = root.join("configs/c.1/acm.usb0");
    because("the function", std::os::unix::fs::symlink(root.join("functions/acm.usb0"), link))?;
    await_some(DEVICE, || Path::new(DEVICE).exists().then_some(()))
}

/// Plugs it in.
pub fn plug_in() -> Checked {
    because("plug in", fs::write(controller(), CONTROLLER))
}

/// Pulls it out.
pub fn pull_out() -> std::io::Result<()> {
    fs::write(controller(), "\n")
}

fn controller() -> PathBuf {
    Path::new(GADGET).join("UDC")
}
