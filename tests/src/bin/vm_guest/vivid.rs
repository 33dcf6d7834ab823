//! The kernel's virtual cameras: which node is which, and the controls by which they misbehave.

use crate::{Checked, await_some, because};
use std::fs;
use std::path::{Path, PathBuf};
use v4l::Device;
use v4l::control::{Control, Value};

/// Where the kernel lists video nodes.
const CLASS: &str = "/sys/class/video4linux";

/// Where the driver of all of them is bound to its (virtual) bus.
const BUS: &str = "/sys/bus/platform/drivers/vivid";
const BUS_ID: &str = "vivid.0";

/// Controls of its own, from drivers/media/test-drivers/vivid/vivid-ctrls.c of Linux 6.1.
const BASE: u32 = 0x00F0_F000;
const TEST_PATTERN: u32 = BASE;
const TEXT_MODE: u32 = BASE + 1;
const PERCENTAGE_DROPPED: u32 = BASE + 64;
const DISCONNECT: u32 = BASE + 65;

/// No text over the picture.
const NO_TEXT: i64 = 2;

/// Test patterns of one colour: their number in the menu (enum tpg_pattern of the kernel) and the colour.
pub const COLOURS: [(i64, [u8; 3]); 5] =
    [(WHITE, [255; 3]), (RED, [255, 0, 0]), (GREEN, [0, 255, 0]), (BLUE, [0, 0, 255]), (BLACK, [0; 3])];
pub const BLACK: i64 = 5;
pub const WHITE: i64 = 6;
pub const RED: i64 = 7;
pub const GREEN: i64 = 8;
pub const BLUE: i64 = 9;

/// The node of this name: `vivid-000-vid-cap`, `vivid-001-vid-out`.
pub fn node(name: &str) -> Checked<PathBuf> {
    find(name, |_| true)
}

/// The first of several nodes of this name: the second is for metadata.
pub fn first_node(name: &str) -> Checked<PathBuf> {
    find(name, |listed| holds(&listed.join("index"), "0"))
}

fn find(name: &str, fits: impl Fn(&Path) -> bool) -> Checked<PathBuf> {
    await_some(name, || {
        let mut listed = fs::read_dir(CLASS).ok()?.flatten().map(|entry| entry.path());
        let found = listed.find(|path| holds(&path.join("name"), name) && fits(path))?;
        let node = Path::new("/dev").join(found.file_name()?);
        node.exists().then_some(node)
    })
}

fn holds(file: &Path, text: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|found| found.trim() == text)
}

/// One virtual camera.
pub struct Vivid {
    name: String,
    link: PathBuf,
}

impl Vivid {
    /// The camera of this number, with a link that stays its own, as udev makes them below `/dev/v4l/by-id`.
    pub fn new(number: u8) -> Checked<Self> {
        let vivid = Self { name: format!("vivid-{number:03}-vid-cap"), link: format!("/run/camera-{number}").into() };
        vivid.relink()?;
        vivid.set(TEXT_MODE, NO_TEXT)?;
        Ok(vivid)
    }

    /// The path for the driver's settings.
    pub fn link(&self) -> &Path {
        &self.link
    }

    /// Shows one of [`COLOURS`].
    pub fn show(&self, pattern: i64) -> Checked {
        self.set(TEST_PATTERN, pattern)
    }

    /// Never gives so many of a hundred frames back.
    pub fn drop_frames(&self, percentage: i64) -> Checked {
        self.set(PERCENTAGE_DROPPED, percentage)
    }

    /// As if the cable were pulled. It is in again as soon as nobody has the camera open.
    pub fn disconnect(&self) -> Checked {
        self.set(DISCONNECT, 1)
    }

    /// Opens it without taking pictures.
    pub fn hold(&self) -> Checked<Device> {
        because("open the camera", Device::with_path(node(&self.name)?))
    }

    /// Points the link at the node, which may have another number now.
    pub fn relink(&self) -> Checked {
        let node = node(&self.name)?;
        let _ = fs::remove_file(&self.link);
        because("link the camera", std::os::unix::fs::symlink(node, &self.link))
    }

    fn set(&self, id: u32, value: i64) -> Checked {
        // Closed at once: a camera that is disconnected comes back only when nobody has it open.
        because("set a control", self.hold()?.set_control(Control { id, value: Value::Integer(value) }))
    }
}

/// Takes all of them off their bus: their nodes are gone.
pub fn unbind() -> Checked {
    because("unbind", fs::write(Path::new(BUS).join("unbind"), BUS_ID))
}

/// Puts all of them back.
pub fn bind() -> Checked {
    because("bind", fs::write(Path::new(BUS).join("bind"), BUS_ID))
}
