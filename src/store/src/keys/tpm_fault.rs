//! What can be wrong with a TPM, and what to do about it.

use thiserror::Error;

/// A TPM that cannot be used.
#[derive(Debug, Error)]
pub enum TpmFault {
    /// It does not answer, or cannot be opened.
    #[error(
        "the TPM does not answer ({0}). Look whether it is switched on in the firmware, whether [keys] tcti leads to it, \
         and whether this account may open it (on Debian, the group tss)"
    )]
    Gone(String),
    /// Too many wrong tries.
    #[error(
        "the TPM is locked after wrong passphrases or power cuts. It forgives one in its recovery time: wait, or clear \
         the lock by `tpm2_dictionarylockout --clear-lockout`"
    )]
    Locked,
    /// No TCTI string of a known kind.
    #[error("\"{0}\" leads to no TPM. Write for example device:/dev/tpmrm0")]
    NotAWay(String),
    /// This program was built without.
    #[error(
        "this program was built without keys in a TPM ({0}). Build it with the feature `tpm`, or set [keys] kind = \"file\""
    )]
    NotBuilt(String),
    /// The key is in a TPM, and the configuration names none.
    #[error("the signing key is in a TPM, and the configuration names none: set [keys] kind = \"tpm\" and tcti")]
    NotConfigured,
    /// The system gives no thread to ask it on.
    #[error("the TPM cannot be asked: {0}")]
    NoThread(std::io::Error),
    /// The owner hierarchy has a password.
    #[error(
        "the TPM's owner hierarchy asks for a password. The station needs a TPM whose owner has none: \
         `tpm2_changeauth --object-context=owner` sets it"
    )]
    Owned,
    /// It answered with a fault of another kind.
    #[error("the TPM refused: {0}")]
    Refused(String),
    /// It was asked and has said nothing for a long time.
    #[error(
        "the TPM does not answer in time. Switch the station off and on; if it stays so, the chip or its driver is faulty"
    )]
    Silent,
}
