//! Why there is no connection: for the station, which shows it to people, and for the intake's log.

use rustls::{AlertDescription, CertificateError, Error};
use std::error::Error as StdError;
use std::io;
use thiserror::Error as ThisError;

/// Why a station has no connection. Codes are read out over the telephone; sentences for the officer are in the locales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum Fault {
    /// Nobody answers at the address.
    #[error("nobody answers at the intake's address")]
    Unreachable,
    /// Whoever answers has no certificate of the deployment's authority.
    #[error("whoever answers at the intake's address is not the intake that this station was provisioned for")]
    Foreign,
    /// The intake's certificate is not valid at this station's time.
    #[error("the intake's certificate is not valid at the time of this station's clock")]
    IntakeTime,
    /// The intake's certificate is for another name than the configured one.
    #[error("the intake's certificate is for another name than [intake] url has")]
    OtherName,
    /// The station's certificate is over, or its time has not come.
    #[error("the certificate of this station is not valid at this time; `gatepost provision` fetches another")]
    OwnTime,
    /// The intake does not take the station's certificate.
    #[error("the intake refuses the certificate of this station; `gatepost provision` fetches another")]
    OwnRefused,
    /// The station has no certificate.
    #[error("this station has no certificate yet; `gatepost provision` fetches one")]
    NotProvisioned,
    /// Whoever answers does not speak TLS 1.3.
    #[error("whoever answers at the intake's address does not speak TLS 1.3 as agreed")]
    Protocol,
    /// The certificate names another station than the configuration.
    #[error("the certificate is for another station than [station] id says")]
    OtherStation,
}

/// Why an intake has refused a connection, in a word for its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No certificate was shown.
    NoCertificate,
    /// The certificate is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// Of another authority, or of none, or shown by somebody who has not its key.
    Foreign,
    /// Not made for clients.
    WrongPurpose,
    /// An older TLS, or none at all.
    OldProtocol,
    /// The other side has given up, for reasons of its own.
    GivenUp,
    /// Anything else.
    Other,
}

impl Fault {
    /// Short code to read out over the telephone.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreachable => "N-01",
            Self::Foreign => "N-02",
            Self::IntakeTime => "N-03",
            Self::OtherName => "N-04",
            Self::OwnTime => "N-05",
            Self::OwnRefused => "N-06",
            Self::NotProvisioned => "N-07",
            Self::Protocol => "N-08",
            Self::OtherStation => "N-09",
        }
    }

    /// What an error of a connection that a station has tried means. Where TLS has nothing to say, nobody has answered.
    pub fn of(error: &(dyn StdError + 'static)) -> Self {
        match tls_error(error) {
            Some(Error::InvalidCertificate(wrong)) => match wrong {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::IntakeTime,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherName,
                _ => Self::Foreign,
            },
            Some(Error::AlertReceived(alert)) => match alert {
                AlertDescription::CertificateExpired => Self::OwnTime,
                AlertDescription::AccessDenied
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateRequired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::DecryptError
                | AlertDescription::UnknownCA
                | AlertDescription::UnsupportedCertificate => Self::OwnRefused,
                _ => Self::Protocol,
            },
            Some(_) => Self::Protocol,
            None => Self::Unreachable,
        }
    }
}

impl Refused {
    /// A word for the log and for counting.
    pub fn id(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Foreign => "foreign",
            Self::WrongPurpose => "wrong-purpose",
            Self::OldProtocol => "old-protocol",
            Self::GivenUp => "given-up",
            Self::Other => "other",
        }
    }

    /// What a failed handshake of the intake means.
    pub fn of(error: &(dyn StdError + 'static)) -> Self {
        match tls_error(error) {
            Some(Error::NoCertificatesPresented) => Self::NoCertificate,
            Some(Error::InvalidCertificate(wrong)) => match wrong {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
                CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::WrongPurpose,
                // An authority of the same name has other signatures; a certificate that signs itself is `Other`.
                CertificateError::BadSignature | CertificateError::UnknownIssuer | CertificateError::Other(_) => {
                    Self::Foreign
                }
                _ => Self::Other,
            },
            Some(Error::PeerIncompatible(_) | Error::InvalidMessage(_)) => Self::OldProtocol,
            Some(Error::AlertReceived(_)) => Self::GivenUp,
            Some(_) => Self::Other,
            None => Self::GivenUp,
        }
    }
}

/// The error of TLS somewhere in a chain of errors. Errors of input and output hide theirs.
pub fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        let hidden = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = hidden.and_then(|hidden| tls_error(hidden)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
