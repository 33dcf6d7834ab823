//! The error codes that a service may answer, in one table.

use super::message::ErrorInfo;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// What a service says instead of an answer. 100 to 109 and 202 stand in the specification's list of error
        /// codes; 110 to 112 are those that its compliance toolkit awaits; 500 to 599 are the device provider's own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
            /// 500 to 599: the device provider's own.
            Custom(u16),
            /// Any other number.
            Unknown(u16),
        }

        impl ErrorCode {
            /// Those with a meaning in the specification, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number on the wire.
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Custom(number) | Self::Unknown(number) => number,
                }
            }

            /// The text of the specification.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Custom(_) => "Custom error of the device provider",
                    Self::Unknown(_) => "Unknown error",
                }
            }
        }
    };
}

codes! {
    /// No error.
    Success = 0, "Success";
    /// The device has not been registered with its management server.
    DeviceNotRegistered = 100, "Device not registered";
    /// Nothing on the glass, nobody in front.
    NothingDetected = 101, "Unable to detect a biometric object";
    /// The device failed.
    Technical = 102, "Technical error during extraction.";
    /// Somebody opened it.
    Tampered = 103, "Device tamper detected";
    /// Its management server is out of reach.
    ManagementServer = 104, "Unable to connect to management server";
    /// The picture is upside down.
    Orientation = 105, "Image orientation error";
    /// There is no device of this identifier.
    DeviceNotFound = 106, "Device not found";
    /// Its key is too old.
    KeyExpired = 107, "Device public key expired";
    /// The key to encrypt for is not there; authentication only.
    DomainKeyMissing = 108, "Domain public key missing";
    /// More fingers than the device takes, or fingers that do not go together.
    CountNotSupported = 109, "Requested number of biometric (Finger/IRIS) not supported";
    /// Plugged in, and not yet able to capture.
    NotReady = 110, "Device is not ready";
    /// Another capture is under way.
    Busy = 111, "Device is Busy";
    /// No transaction identifier, or one of letters that are not allowed.
    TransactionId = 112, "Invalid Transaction ID";
    /// The service runs and no device is plugged in.
    NoDevice = 202, "No device connected";
}

impl ErrorCode {
    /// The code with this number.
    pub fn from_number(number: u16) -> Self {
        match Self::ALL.iter().find(|code| code.number() == number) {
            Some(code) => *code,
            None if (500..600).contains(&number) => Self::Custom(number),
            None => Self::Unknown(number),
        }
    }

    /// As it stands in an answer.
    pub fn info(self) -> ErrorInfo {
        ErrorInfo { error_code: self.number().to_string(), error_info: self.text().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_agree() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), *code);
            assert_eq!(code.info().code(), *code);
        }
        assert_eq!(ErrorCode::from_number(501), ErrorCode::Custom(501));
        assert_eq!(ErrorCode::from_number(600), ErrorCode::Unknown(600));
    }
}
