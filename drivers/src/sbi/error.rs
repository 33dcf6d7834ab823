//! What goes wrong with a certified device, and what the station makes of it.

use super::error_code::ErrorCode;
use super::iso::RecordError;
use super::jp2::Jp2Error;
use super::jws::JwsError;
use super::message::DeviceStatus;
use super::service::ServiceError;
use crate::codes::Code;
use domain::device::DeviceFault;
use thiserror::Error;

/// Trouble with a certified device. No text quotes its answers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SbiError {
    /// No service has such a device.
    #[error("no service has the device")]
    Absent,
    /// The file of trust anchors.
    #[error("the trust anchors: {0}")]
    Anchors(String),
    /// An acquisition profile in the settings that only slap scanners have.
    #[error("fap = {0} is for slap scanners, and the device says that it is none")]
    Fap(u8),
    /// Other fingers than were asked for, or the same twice.
    #[error("the answer's fingers: {0}")]
    Fingers(&'static str),
    /// The chain of hashes is broken.
    #[error("the hash does not continue the chain")]
    Hash,
    /// A signed answer about something else.
    #[error("the answer has another {0}")]
    Mismatch(&'static str),
    /// Nobody put a finger on in time.
    #[error("no finger before the deadline")]
    NoFinger,
    /// Asked to capture before it was probed.
    #[error("the device is not open")]
    NotOpen,
    /// A signed picture that cannot be decoded.
    #[error(transparent)]
    Picture(#[from] Jp2Error),
    /// The kernel gives no random numbers.
    #[error("no random numbers")]
    Random,
    /// A signed record that cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// An error code of the specification.
    #[error("error {} ({})", .0.number(), .0.text())]
    Refused(ErrorCode),
    /// A capture that was sent before.
    #[error("this capture was sent before")]
    Replay,
    /// The connection, or what came over it.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A signed time too far from ours.
    #[error("the signed time is {0} s off")]
    Stale(i64),
    /// It says itself that it cannot capture.
    #[error("the device is {}", .0.word())]
    Status(DeviceStatus),
    /// A part of an answer that is not as specified.
    #[error("{0} is not as specified")]
    Unspecified(&'static str),
    /// A signature that does not count.
    #[error("{0}: {1}")]
    Untrusted(&'static str, JwsError),
    /// Fingers that the device does not take, or not at once.
    #[error("these fingers cannot be taken, or not at once")]
    Wanted,
}

impl SbiError {
    /// Whether the device is looked for again before the next capture.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Absent
            | Self::Anchors(_)
            | Self::Fap(_)
            | Self::NotOpen
            | Self::Service(_)
            | Self::Status(_)
            | Self::Untrusted(..)
            | Self::Unspecified(_)
            | Self::Mismatch(_) => true,
            Self::Refused(code) => !matches!(
                code,
                ErrorCode::NothingDetected
                    | ErrorCode::Technical
                    | ErrorCode::Orientation
                    | ErrorCode::CountNotSupported
                    | ErrorCode::TransactionId
                    | ErrorCode::Custom(_)
            ),
            Self::Fingers(_)
            | Self::Hash
            | Self::NoFinger
            | Self::Picture(_)
            | Self::Random
            | Self::Record(_)
            | Self::Replay
            | Self::Stale(_)
            | Self::Wanted => false,
        }
    }

    /// The two texts. `place` stands in the log only.
    pub(crate) fn fault(&self, place: &str) -> DeviceFault {
        let code = match self {
            Self::Absent | Self::NotOpen => Code::ServiceGone,
            Self::Anchors(_) | Self::Fap(_) => Code::BadSettings,
            Self::Fingers(_) => Code::ServiceWrongFingers,
            Self::Hash | Self::Replay => Code::ServiceReplay,
            Self::Mismatch(_) => Code::ServiceMismatch,
            Self::NoFinger => Code::ScannerNoFinger,
            Self::Picture(_) | Self::Record(_) => Code::ServicePicture,
            Self::Random => Code::ServiceRefused,
            Self::Refused(code) => of_code(*code),
            Self::Service(error) => of_service(*error),
            Self::Stale(_) => Code::ServiceClock,
            Self::Status(DeviceStatus::Busy) => Code::ServiceBusy,
            Self::Status(DeviceStatus::NotRegistered) => Code::ServiceNotRegistered,
            Self::Status(_) => Code::ServiceNotReady,
            Self::Unspecified(_) => Code::ServiceGarbage,
            Self::Untrusted(..) => Code::ServiceUntrusted,
            Self::Wanted => Code::WrongPermit,
        };
        code.fault(format!("{place}: {self}"))
    }
}

fn of_code(code: ErrorCode) -> Code {
    match code {
        ErrorCode::Busy => Code::ServiceBusy,
        ErrorCode::DeviceNotFound | ErrorCode::NoDevice => Code::ServiceGone,
        ErrorCode::DeviceNotRegistered | ErrorCode::KeyExpired => Code::ServiceNotRegistered,
        ErrorCode::NotReady => Code::ServiceNotReady,
        ErrorCode::NothingDetected => Code::ScannerNoFinger,
        ErrorCode::Tampered => Code::ServiceTampered,
        ErrorCode::CountNotSupported
        | ErrorCode::Custom(_)
        | ErrorCode::DomainKeyMissing
        | ErrorCode::ManagementServer
        | ErrorCode::Orientation
        | ErrorCode::Success
        | ErrorCode::Technical
        | ErrorCode::TransactionId
        | ErrorCode::Unknown(_) => Code::ServiceRefused,
    }
}

fn of_service(error: ServiceError) -> Code {
    match error {
        ServiceError::Connection(_) | ServiceError::CutOff | ServiceError::Stopped => Code::ServiceGone,
        ServiceError::Http(_) | ServiceError::Json { .. } | ServiceError::Status(_) | ServiceError::TooLong(_) => {
            Code::ServiceGarbage
        }
        ServiceError::Silent(_) => Code::ServiceSilent,
    }
}
