//! How a head stands before the camera, and in which light.

/// Where the head is and what it does. Angles are as seen by the camera's owner of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Degrees turned to the side; positive turns the nose towards the right edge of the picture.
    pub yaw: f32,
    /// Degrees nodded; positive raises the nose.
    pub pitch: f32,
    /// Degrees tilted; positive tilts the crown towards the right edge of the picture.
    pub roll: f32,
    /// Opening of the eyelids: 0 shut, 1 open.
    pub lids: f32,
    /// Opening of the mouth: 0 shut, 1 wide open.
    pub mouth: f32,
    /// Corners of the mouth: -1 drawn down, 0 at rest, 1 a broad smile, which lifts cheeks and lower lids too.
    pub smile: f32,
    /// Brows: -1 knit, 0 at rest, 1 raised.
    pub brows: f32,
    /// Degrees the eyes look past the camera to the right of the picture; 0 is into the lens.
    pub gaze_x: f32,
    /// Degrees the eyes look above the camera.
    pub gaze_y: f32,
    /// Camera to face in metres, 0.3..=4. At 640x480 a face is about 220 px wide at 0.55 m and 100 px at 1.2 m.
    pub distance: f32,
    /// Sideways place of the face as a share of the picture's width, 0 in the middle, positive to the right.
    pub offset_x: f32,
    /// Height of the face as a share of the picture's height, 0 in the middle, positive downwards.
    pub offset_y: f32,
}

impl Default for Pose {
    /// Straight ahead, eyes open and on the lens, mouth shut and at rest, as far away as a checkpoint's counter.
    fn default() -> Self {
        Self {
            yaw: 0.0,
            pitch: 0.0,
            roll: 0.0,
            lids: 1.0,
            mouth: 0.0,
            smile: 0.0,
            brows: 0.0,
            gaze_x: 0.0,
            gaze_y: 0.0,
            distance: 0.62,
            offset_x: 0.0,
            offset_y: 0.0,
        }
    }
}

/// Two lamps and the room. Strengths are relative: 1 is a well-lit booth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// Where the main lamp hangs, degrees to the side; positive is the right edge of the picture.
    pub key_azimuth: f32,
    /// Degrees above the eyes.
    pub key_elevation: f32,
    /// Strength of the main lamp.
    pub key: f32,
    /// Where the second lamp hangs, degrees to the side.
    pub fill_azimuth: f32,
    /// Its degrees above the eyes.
    pub fill_elevation: f32,
    /// Strength of the second lamp, which throws no shadow.
    pub fill: f32,
    /// Light from everywhere.
    pub ambient: f32,
    /// Colour of the main lamp: -1 cold, 0 neutral, 1 warm.
    pub warmth: f32,
    /// Exposure of the camera: 1 right, 0.2 far too dark, 4 far too bright.
    pub exposure: f32,
}

impl Default for Light {
    fn default() -> Self {
        Self {
            key_azimuth: -32.0,
            key_elevation: 34.0,
            key: 0.78,
            fill_azimuth: 48.0,
            fill_elevation: 8.0,
            fill: 0.34,
            ambient: 0.36,
            warmth: 0.15,
            exposure: 1.0,
        }
    }
}

/// What is not the person: light, wall, camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// The lamps.
    pub light: Light,
    /// Colour of the wall, sRGB.
    pub wall: [u8; 3],
    /// Blur of the lens in pixels at 480 lines (standard deviation), 0..=8; 0.6 is a sharp cheap camera.
    pub blur: f32,
    /// Radius of the disc that a point out of focus becomes, pixels at 480 lines, 0..=16; 0 is in focus.
    pub defocus: f32,
    /// Length of the streak that a point draws when the camera or the head moves, pixels at 480 lines, 0..=40.
    pub motion: f32,
    /// Direction of the streak: degrees from the right, upwards.
    pub motion_angle: f32,
    /// White balance: -1 far too blue, 0 right, 1 far too yellow.
    pub white_balance: f32,
    /// Noise of the sensor in grey levels (standard deviation), 0..=40.
    pub noise: f32,
    /// Quality of the camera's JPEG compression, 1..=100 as libjpeg counts; `None` is an uncompressed picture.
    pub jpeg: Option<u8>,
    /// Seed of the noise and of the wall's texture.
    pub seed: u64,
    /// Write SIMULATED along the lower edge. Off only for measurements.
    pub caption: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            light: Light::default(),
            wall: [176, 182, 186],
            blur: 0.55,
            defocus: 0.0,
            motion: 0.0,
            motion_angle: 0.0,
            white_balance: 0.0,
            noise: 2.2,
            jpeg: None,
            seed: 1,
            caption: true,
        }
    }
}
