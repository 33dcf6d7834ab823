//! The V4L2 driver and the simulator's webcam, on the kernel's own driver for USB cameras: MJPEG, with pictures that
//! the simulator drew, and a cable that comes out in the middle of one.

use crate::camera::{expect, next};
use crate::device::Device;
use crate::{Checked, because, check, permits, vivid};
use domain::device::{DeviceKind, DeviceState};
use domain::image::Frame;
use hardware_sim::usb_camera::{Model, Picture, UsbCamera};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use render::head::{Identity, Pose, Scene, render};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SIZE: (u16, u16) = (320, 240);
const FPS: u8 = 5;

/// The link that udev would make.
const LINK: &str = "/run/usb-camera";

/// What the kernel calls the camera's node.
const NAME: &str = "SIMULATED camera";

/// Of 255, on average: what JPEG at this quality costs, and what two faces differ at least.
const ALIKE: f64 = 3.0;
const DIFFERENT: f64 = 6.0;
const QUALITY: u8 = 90;

/// Where the cable comes out: within the first picture's bytes.
const CUT: usize = 1000;

/// Frames until each of two pictures that alternate was seen.
const FRAMES: usize = 30;

/// Runs the checks.
pub fn run() {
    let booth = Booth::draw();
    let camera = match booth.plug_in() {
        Ok(camera) => camera,
        Err(why) => {
            check("usb-camera-described", || Err(why));
            return;
        }
    };
    let settings = json!({"device": LINK, "width": SIZE.0, "height": SIZE.1, "fps": FPS});
    let mut device = Device::start(DeviceKind::Camera, "v4l2", settings);
    if !check("usb-camera-described", || described(&device)) {
        return;
    }
    check("usb-camera-shows-simulated-faces", || faces(&mut device, &booth));
    check("usb-camera-unplugged-in-a-picture", || unplugged(&mut device, &booth));
    drop(camera);
    check("usb-camera-back", || {
        let camera = booth.plug_in()?;
        device.until_state(DeviceState::Ready)?;
        faces(&mut device, &booth)?;
        drop(camera);
        device.until_state(DeviceState::Absent)
    });
}

fn described(device: &Device) -> Checked {
    let found = device.descriptor()?;
    let told = (found.width, found.height, found.preview_fps, found.simulated);
    expect("the descriptor", &told, &(u32::from(SIZE.0), u32::from(SIZE.1), FPS, true))
}

/// Both pictures arrive as they were drawn, and are not taken for each other.
fn faces(device: &mut Device, booth: &Booth) -> Checked {
    device.capture(permits::face());
    let (mut seen, mut last) = ([false; 2], None);
    for _ in 0..FRAMES {
        let frame = next(device)?;
        if last >= Some(frame.sequence) {
            return Err(format!("frame {} came after {last:?}", frame.sequence));
        }
        last = Some(frame.sequence);
        let far = [0, 1].map(|number| difference(&frame, &booth.drawn[number]));
        match far {
            [near, far] if near <= ALIKE && far >= DIFFERENT => seen[0] = true,
            [far, near] if near <= ALIKE && far >= DIFFERENT => seen[1] = true,
            _ => return Err(format!("a frame differs from both pictures: {far:?}")),
        }
        if seen == [true; 2] {
            return device.stop().map(drop);
        }
    }
    Err(format!("of two pictures these were seen: {seen:?}"))
}

fn unplugged(device: &mut Device, booth: &Booth) -> Checked {
    device.capture(permits::face());
    next(device)?;
    booth.cut.store(true, Ordering::SeqCst);
    let told = device.fault();
    // Before anything may fail: the camera that is plugged in next is whole.
    booth.cut.store(false, Ordering::SeqCst);
    // Linux 6.1 sometimes trips over itself when a camera that is open goes away (a null pointer in the media core, as
    // the file is closed) and takes the driver's thread along: the host notices a driver that hangs, and starts it anew.
    // A machine that emulates another one may need longer to notice the cable than the host waits for a picture.
    match told?.as_str() {
        "D-30" | "D-33" | "D-51" => device.until_state(DeviceState::Absent),
        other => Err(format!("an unplugging was told as {other}")),
    }
}

/// Two people before the camera in turn.
struct Booth {
    drawn: [RgbImage; 2],
    jpegs: [Arc<Vec<u8>>; 2],
    /// The cable comes out in the next picture.
    cut: Arc<AtomicBool>,
}

impl Booth {
    fn draw() -> Self {
        let drawn = [3, 4].map(|seed| {
            let (width, height) = (u32::from(SIZE.0), u32::from(SIZE.1));
            render(&Identity::from_seed(seed), &Pose::default(), &Scene::default(), width, height)
        });
        // An encoder that fails gives an empty picture, which does not pass.
        let jpegs = [&drawn[0], &drawn[1]].map(|image| Arc::new(jpeg(image).unwrap_or_default()));
        Self { drawn, jpegs, cut: Arc::default() }
    }

    /// Plugs the camera in, and links its node as udev does.
    fn plug_in(&self) -> Checked<UsbCamera> {
        let model = Model { size: SIZE, fps: FPS.into(), serial: "SIM1".into() };
        let (jpegs, cut) = (self.jpegs.clone(), Arc::clone(&self.cut));
        let pictures = move |number: u64| Picture {
            jpeg: Arc::clone(&jpegs[(number % 2) as usize]),
            cut: cut.load(Ordering::SeqCst).then_some(CUT),
        };
        let camera = because("plug the camera in", UsbCamera::plug_in(model, pictures))?;
        let node = vivid::first_node(NAME)?;
        let _ = std::fs::remove_file(LINK);
        because("link the camera", std::os::unix::fs::symlink(node, LINK))?;
        Ok(camera)
    }
}

fn jpeg(image: &RgbImage) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::new();
    let encoder = &mut JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    encoder.encode(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

/// How far a frame is from a picture on average, of 255.
fn difference(frame: &Frame, drawn: &RgbImage) -> f64 {
    if (frame.width, frame.height) != drawn.dimensions() {
        return f64::INFINITY;
    }
    let sum: u64 = frame.rgb().iter().zip(drawn.as_raw()).map(|(got, sent)| u64::from(got.abs_diff(*sent))).sum();
    sum as f64 / drawn.as_raw().len() as f64
}
