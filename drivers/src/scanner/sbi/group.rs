//! Which sensor of a device takes which fingers.

use crate::sbi::iso::Slap;
use crate::sbi::message::DeviceSubType;
use domain::device::CaptureGroup;
use domain::finger::{Digit, Finger, Hand};

/// Fingers that lie on the glass together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Left,
    Right,
    Thumbs,
}

/// The sensor that a device names when it does not tell its sensors apart.
const ANY_SENSOR: &str = "0";

impl Group {
    const ALL: [Self; 3] = [Self::Right, Self::Left, Self::Thumbs];

    /// The group of fingers that are asked for together; nothing for none, and for fingers that cannot lie together.
    pub(super) fn of(wanted: &[Finger]) -> Option<Self> {
        let first = Self::of_one(*wanted.first()?);
        let together = wanted.iter().all(|finger| Self::of_one(*finger) == first);
        let twice = (1..wanted.len()).any(|at| wanted[..at].contains(&wanted[at]));
        (together && !twice).then_some(first)
    }

    fn of_one(finger: Finger) -> Self {
        match (finger.digit(), finger.hand()) {
            (Digit::Thumb, _) => Self::Thumbs,
            (_, Hand::Left) => Self::Left,
            (_, Hand::Right) => Self::Right,
        }
    }

    /// The sensor's number in the specification.
    const fn sub_id(self) -> &'static str {
        match self {
            Self::Left => "1",
            Self::Right => "2",
            Self::Thumbs => "3",
        }
    }

    const fn capture_group(self) -> CaptureGroup {
        match self {
            Self::Left => CaptureGroup::LeftFour,
            Self::Right => CaptureGroup::RightFour,
            Self::Thumbs => CaptureGroup::TwoThumbs,
        }
    }

    /// Its picture, where a device does not cut it.
    pub(super) const fn slap(self) -> Slap {
        match self {
            Self::Left => Slap::LeftFour,
            Self::Right => Slap::RightFour,
            Self::Thumbs => Slap::TwoThumbs,
        }
    }

    /// The sensor to name in a request for `wanted`, and the fingers of the group that shall not be waited for. One
    /// finger alone goes to the sensor of a device that does not tell its sensors apart, if there is one: there
    /// nothing is missing.
    pub(super) fn sensor(self, sensors: &[String], wanted: &[Finger]) -> (String, Vec<Finger>) {
        let has = |sub_id: &str| sensors.iter().any(|sensor| sensor == sub_id);
        if has(ANY_SENSOR) && (wanted.len() == 1 || !has(self.sub_id())) {
            return (ANY_SENSOR.to_owned(), Vec::new());
        }
        let missing =
            Finger::ALL.into_iter().filter(|finger| Self::of_one(*finger) == self && !wanted.contains(finger));
        (self.sub_id().to_owned(), missing.collect())
    }

    /// What a device with these sensors takes at once. One that sends `whole` slaps calls nothing a single finger: even
    /// of one finger its picture is the whole glass.
    pub(super) fn taken_by(kind: DeviceSubType, sensors: &[String], whole: bool) -> Vec<CaptureGroup> {
        let mut groups = Vec::new();
        if kind == DeviceSubType::Slap {
            let has = |sub_id: &str| sensors.iter().any(|sensor| sensor == sub_id || sensor == ANY_SENSOR);
            groups.extend(Self::ALL.into_iter().filter(|group| has(group.sub_id())).map(Self::capture_group));
        }
        if !whole {
            groups.push(CaptureGroup::Single);
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: [Finger; 4] = [Finger::RightIndex, Finger::RightMiddle, Finger::RightRing, Finger::RightLittle];

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn fingers_that_lie_together() {
        for (wanted, group) in [
            (&RIGHT[..], Some(Group::Right)),
            (&[Finger::LeftRing], Some(Group::Left)),
            (&[Finger::LeftThumb, Finger::RightThumb], Some(Group::Thumbs)),
            (&[], None),
            (&[Finger::LeftThumb, Finger::LeftIndex], None),
            (&[Finger::LeftIndex, Finger::RightIndex], None),
            (&[Finger::LeftIndex, Finger::LeftIndex], None),
        ] {
            assert_eq!(Group::of(wanted), group, "{wanted:?}");
        }
    }

    #[test]
    fn sensors_and_what_they_need_not_wait_for() {
        let all = texts(&["1", "2", "3"]);
        for (sensors, wanted, sub_id, missing) in [
            (&all, &RIGHT[..], "2", vec![]),
            (&all, &RIGHT[..2], "2", RIGHT[2..].to_vec()),
            (&all, &RIGHT[..1], "2", RIGHT[1..].to_vec()),
            (&texts(&["0", "1", "2", "3"]), &RIGHT[..1], "0", vec![]),
            (&texts(&["0", "1", "2", "3"]), &RIGHT[..2], "2", RIGHT[2..].to_vec()),
            (&texts(&["0"]), &RIGHT[..2], "0", vec![]),
            (&all, &[Finger::LeftThumb], "3", vec![Finger::RightThumb]),
        ] {
            let group = Group::of(wanted).unwrap();
            assert_eq!(group.sensor(sensors, wanted), (sub_id.to_owned(), missing), "{sensors:?} {wanted:?}");
        }
    }

    #[test]
    fn devices_take_what_their_sensors_allow() {
        use CaptureGroup::{LeftFour, RightFour, Single, TwoThumbs};
        for (kind, sensors, groups) in [
            (DeviceSubType::Slap, &["1", "2", "3"][..], &[RightFour, LeftFour, TwoThumbs, Single][..]),
            (DeviceSubType::Slap, &["0"], &[RightFour, LeftFour, TwoThumbs, Single]),
            (DeviceSubType::Slap, &["2"], &[RightFour, Single]),
            (DeviceSubType::Single, &["0", "1", "2"], &[Single]),
        ] {
            assert_eq!(Group::taken_by(kind, &texts(sensors), false), groups, "{kind:?} {sensors:?}");
        }
    }
}
