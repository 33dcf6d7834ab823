//! The V4L2 driver and the kernel's virtual cameras.

use crate::device::{Device, STALLED};
use crate::vivid::{self, BLUE, COLOURS, GREEN, RED, Vivid};
use crate::{Checked, check, permits};
use domain::device::{DeviceKind, DeviceState};
use domain::image::Frame;
use serde_json::json;
use std::path::Path;

/// Slow, for the sake of the emulator: the limits of a stream follow its rate.
const FPS: u8 = 5;

/// Of 255: what rounding to limited-range YUV and back may cost.
const TOLERANCE: u8 = 4;

/// Frames that may still show what was before.
const STALE: usize = 40;

/// Lost frames after which a stream of [`STALE`] frames counts as bad.
const ENOUGH_LOST: u64 = 6;

/// Streams that may be begun again because the emulator was too slow for a live camera.
const RESTARTS: usize = 5;

/// Runs the checks, in an order in which each leaves the cameras sound for the next.
pub fn run() {
    let cameras = Vivid::new(0).and_then(|first| Ok((first, Vivid::new(1)?)));
    let (first, second) = match cameras {
        Ok(cameras) => cameras,
        Err(why) => {
            check("camera-described", || Err(why));
            return;
        }
    };
    let mut camera = open(first.link(), 320, 180);
    if !check("camera-described", || described(&camera)) {
        return;
    }
    check("camera-colours", || colours(&mut camera, &first));
    check("camera-nearest-format", || nearest(&second));
    check("camera-two-told-apart", || told_apart(&mut camera, &first, &second));
    check("camera-drops-noticed", || drops(&mut camera, &first));
    check("camera-stall-noticed", || stall(&mut camera, &first));
    check("camera-unplugged-and-back", || unplugged(&mut camera, &first));
    check("camera-moved-and-back", || moved(&mut camera, &first));
    check("camera-refused", refused);
}

fn open(path: &Path, width: u32, height: u32) -> Device {
    let settings = json!({"device": path, "width": width, "height": height, "fps": FPS});
    Device::start(DeviceKind::Camera, "v4l2", settings)
}

fn described(camera: &Device) -> Checked {
    let descriptor = camera.descriptor()?;
    let found = (descriptor.model.as_str(), descriptor.width, descriptor.height, descriptor.preview_fps);
    expect("the descriptor", &found, &("vivid", 320, 180, FPS))
}

/// Pure colours come out as they went in, and frames are in order.
fn colours(camera: &mut Device, vivid: &Vivid) -> Checked {
    vivid.show(COLOURS[0].0)?;
    camera.capture(permits::face());
    let mut last = None;
    for (pattern, colour) in COLOURS {
        vivid.show(pattern)?;
        let frame = until_colour(camera, colour)?;
        expect("the size", &(frame.width, frame.height), &(320, 180))?;
        let now = (frame.sequence, frame.captured_at);
        if last.is_some_and(|(sequence, at)| sequence >= now.0 || at > now.1) {
            return Err(format!("frame {last:?} was followed by {now:?}"));
        }
        last = Some(now);
    }
    camera.stop().map(drop)
}

/// A size and a rate that the camera does not have: it takes the nearest.
fn nearest(vivid: &Vivid) -> Checked {
    let settings = json!({"device": vivid.link(), "width": 330, "height": 200, "fps": 3});
    let mut camera = Device::start(DeviceKind::Camera, "v4l2", settings);
    let descriptor = camera.descriptor()?;
    let found = (descriptor.width, descriptor.height, descriptor.preview_fps);
    expect("the nearest format", &found, &(320, 180, 4))?;
    vivid.show(GREEN)?;
    camera.capture(permits::face());
    until_colour(&mut camera, [0, 255, 0])?;
    camera.stop().map(drop)
}

/// Two cameras at the same time, each with its own picture.
fn told_apart(first: &mut Device, red: &Vivid, blue: &Vivid) -> Checked {
    let mut second = open(blue.link(), 320, 180);
    second.until_state(DeviceState::Ready)?;
    red.show(RED)?;
    blue.show(BLUE)?;
    first.capture(permits::face());
    second.capture(permits::face());
    until_colour(first, [255, 0, 0])?;
    until_colour(&mut second, [0, 0, 255])?;
    first.stop()?;
    second.stop().map(drop)
}

/// Frames are lost: the others come, the gaps are counted, and the device says that something is amiss.
fn drops(camera: &mut Device, vivid: &Vivid) -> Checked {
    // Half of them would often be four in a row, which is a stall.
    vivid.drop_frames(30)?;
    camera.capture(permits::face());
    let (mut lost, mut last) = (0, None);
    // A stream that stalled has begun again, and is counted anew.
    for _ in 0..4 * STALE {
        let frame = next(camera)?;
        lost = match last {
            Some(last) if frame.sequence > last => lost + frame.sequence - last - 1,
            _ => 0,
        };
        last = Some(frame.sequence);
        if lost >= ENOUGH_LOST {
            vivid.drop_frames(0)?;
            return expect("the state", &camera.stop()?, &DeviceState::Degraded);
        }
    }
    Err(format!("{lost} frames are missing in the sequence, although {} came", 4 * STALE))
}

/// No frame comes any more: nokhwa waits for ever, and the driver must not.
fn stall(camera: &mut Device, vivid: &Vivid) -> Checked {
    vivid.show(GREEN)?;
    camera.capture(permits::face());
    next(camera)?;
    vivid.drop_frames(100)?;
    let code = camera.fault()?;
    if !STALLED.contains(&code.as_str()) {
        return Err(format!("a stall was told as {code}"));
    }
    vivid.drop_frames(0)?;
    back(camera, GREEN)
}

/// Unplugged while it streams; the node stays.
fn unplugged(camera: &mut Device, vivid: &Vivid) -> Checked {
    vivid.show(GREEN)?;
    camera.capture(permits::face());
    next(camera)?;
    vivid.disconnect()?;
    expect("the fault", &camera.fault()?.as_str(), &"D-30")?;
    back(camera, GREEN)
}

/// The whole bus is unplugged while it streams, and the camera has another number when it comes back.
fn moved(camera: &mut Device, vivid: &Vivid) -> Checked {
    vivid.show(GREEN)?;
    camera.capture(permits::face());
    next(camera)?;
    let before = std::fs::read_link(vivid.link()).ok();
    // Somebody who does not let go keeps the old number taken.
    let held = vivid.hold()?;
    vivid::unbind()?;
    expect("the fault", &camera.fault()?.as_str(), &"D-30")?;
    camera.until_state(DeviceState::Absent)?;
    vivid::bind()?;
    let vivid = Vivid::new(0)?;
    if std::fs::read_link(vivid.link()).ok() == before {
        return Err("it has the number that it had".to_owned());
    }
    drop(held);
    vivid.show(RED)?;
    back(camera, RED)
}

/// Nodes that are no camera for us are refused, and neither taken for an unplugged one nor waited for.
fn refused() -> Checked {
    for name in ["vivid-000-vid-out", "vivid-002-vid-cap"] {
        let device = open(&vivid::node(name)?, 320, 180);
        let code = device.trouble()?;
        expect(name, &code.as_str(), &"D-35")?;
        device.until_state(DeviceState::Faulted)?;
    }
    Ok(())
}

/// The camera is ready again and shows this pattern.
fn back(camera: &mut Device, pattern: i64) -> Checked {
    camera.until_state(DeviceState::Ready)?;
    camera.capture(permits::face());
    let colour = COLOURS.iter().find(|(known, _)| *known == pattern).map_or([0; 3], |(_, colour)| *colour);
    until_colour(camera, colour)?;
    camera.stop().map(drop)
}

/// Frames until one has this colour all over.
fn until_colour(camera: &mut Device, colour: [u8; 3]) -> Checked<Frame> {
    let mut seen = String::new();
    for _ in 0..STALE {
        let frame = next(camera)?;
        match odd_one(&frame, colour) {
            None => return Ok(frame),
            Some(pixel) => seen = format!("{pixel:?}"),
        }
    }
    Err(format!("no frame is {colour:?} all over; the last one has a pixel {seen}"))
}

/// The next frame, from a stream that is begun again if the emulator was too slow for it.
pub fn next(camera: &mut Device) -> Checked<Frame> {
    for _ in 0..RESTARTS {
        match camera.frame() {
            Err(code) if STALLED.contains(&code.as_str()) => {
                camera.until_state(DeviceState::Ready)?;
                camera.capture(permits::face());
            }
            other => return other,
        }
    }
    Err("the stream stalls again and again".to_owned())
}

/// A pixel that is not of this colour.
fn odd_one(frame: &Frame, colour: [u8; 3]) -> Option<[u8; 3]> {
    let pixels = frame.rgb().chunks_exact(3).map(|pixel| [pixel[0], pixel[1], pixel[2]]);
    pixels.into_iter().find(|pixel| pixel.iter().zip(colour).any(|(got, wanted)| got.abs_diff(wanted) > TOLERANCE))
}

/// An error that shows both, unless they are equal.
pub fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, wanted: &T) -> Checked {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?} instead of {wanted:?}")) }
}
