//! Which of a camera's formats to take.

use nokhwa::utils::{CameraFormat, FrameFormat};

/// The formats that we can decode, in the order of preference.
pub(super) const FORMATS: [FrameFormat; 4] =
    [FrameFormat::MJPEG, FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::GRAY];

/// The format nearest to what is wanted: first in size, then in frames a second (too few weigh more than too many),
/// then by our preference. nokhwa's own choice of the nearest fails for a size that the camera does not have.
pub(super) fn nearest(formats: &[CameraFormat], wanted: CameraFormat) -> Option<CameraFormat> {
    formats
        .iter()
        .copied()
        .filter_map(|format| Some((distance(format, wanted)?, format)))
        .min_by_key(|(far, _)| *far)
        .map(|(_, format)| format)
}

fn distance(format: CameraFormat, wanted: CameraFormat) -> Option<(u64, u64, usize)> {
    let preference = FORMATS.iter().position(|known| *known == format.format())?;
    let far = |a: u32, b: u32| u64::from(a.abs_diff(b));
    let size = far(format.width(), wanted.width()).pow(2) + far(format.height(), wanted.height()).pow(2);
    let weight = if format.frame_rate() < wanted.frame_rate() { 4 } else { 1 };
    Some((size, far(format.frame_rate(), wanted.frame_rate()) * weight, preference))
}

#[cfg(test)]
mod tests {
    use super::*;
    use FrameFormat::{MJPEG, NV12, RAWRGB, YUYV};

    fn of((format, width, height, fps): (FrameFormat, u32, u32, u32)) -> CameraFormat {
        CameraFormat::new_from(width, height, format, fps)
    }

    #[test]
    fn size_before_rate_before_preference() {
        let wanted = (MJPEG, 1280, 720, 30);
        for (offered, taken) in [
            (&[(YUYV, 640, 480, 30), (MJPEG, 640, 480, 30)][..], Some((MJPEG, 640, 480, 30))),
            (&[(YUYV, 1280, 720, 10), (MJPEG, 1280, 720, 30)], Some((MJPEG, 1280, 720, 30))),
            (&[(MJPEG, 640, 480, 30), (YUYV, 1280, 720, 10)], Some((YUYV, 1280, 720, 10))),
            (&[(NV12, 1280, 720, 60), (YUYV, 1280, 720, 15)], Some((NV12, 1280, 720, 60))),
            (&[(NV12, 1280, 960, 30), (YUYV, 1280, 800, 30)], Some((YUYV, 1280, 800, 30))),
            (&[(RAWRGB, 1280, 720, 30)], None),
            (&[], None),
        ] {
            let offered: Vec<_> = offered.iter().copied().map(of).collect();
            assert_eq!(nearest(&offered, of(wanted)), taken.map(of), "{offered:?}");
        }
    }
}
