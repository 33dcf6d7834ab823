//! What the audit trail can say that somebody did.

use serde::{Deserialize, Serialize};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A supervisor approved.
    Approved,
    /// Somebody read the audit trail.
    AuditRead,
    /// The officer closed a case.
    Cancelled,
    /// The officer had the capture begin; the reason tells of a second time.
    CaptureBegun,
    /// A capture attempt ended; the reason is what came of it.
    CaptureEnded,
    /// A traveller stepped up.
    CaseOpened,
    /// The officer confirmed the date although the clock was in doubt.
    ClockConfirmed,
    /// The configuration was loaded; the reason is its digest.
    ConfigurationLoaded,
    /// An announced entry of the policy pack counts as confirmed no more; the reason is the entry, with the digest of what
    /// was said.
    ConfirmationWithdrawn,
    /// A person was given a code to register a security key by; the reason is whom.
    ConsentGiven,
    /// The rules decided; the reason is the verdict.
    Decided,
    /// A device failed; the reason is the fault's code.
    DeviceFault,
    /// A display for travellers was bound to a browser by its code; the reason is which.
    DisplayBound,
    /// A code was made for a display, which shows nothing until a browser has used it; the reason is which.
    DisplayInvited,
    /// A display shows nothing any more; the reason is which.
    DisplayRemoved,
    /// Somebody confirmed an announced entry of the policy pack; the reason is the entry, with the digest of who, when and on
    /// what basis.
    EntryConfirmed,
    /// The officer was shown evidence of an exemption; the reason is the ground.
    ExemptionClaimed,
    /// Sealed records were copied to a medium.
    Exported,
    /// Figures of shifts were saved as a file.
    FiguresExported,
    /// A signing key took over; the reason is the new one.
    KeyRotated,
    /// A signing key was opened for use; the reason is which.
    KeyUsed,
    /// Too many wrong tries: a name has to wait, or to be unlocked. The reason is which.
    LogInLocked,
    /// Somebody logged in; the reason is the role.
    LoggedIn,
    /// Somebody logged out.
    LoggedOut,
    /// Somebody could not log in.
    LogInRefused,
    /// Somebody decided against what was measured, or against the rules; the reason is which.
    Overridden,
    /// A case was set aside for a supervisor; the reason is why.
    Parked,
    /// A person was added to those who may log in; the reason is whom.
    PersonAdded,
    /// A person may not log in any more; the reason is whom.
    PersonRetired,
    /// A person was unlocked after wrong tries; the reason is whom.
    PersonUnlocked,
    /// A person was given another PIN; the reason is whom.
    PinChanged,
    /// Somebody brought a policy pack; it decides nothing yet. The reason is the pack.
    PolicyBrought,
    /// The policy pack was loaded; the reason is which.
    PolicyLoaded,
    /// Somebody put a policy pack into force; the reason is which.
    PolicyPutIntoForce,
    /// Somebody saw what the last decisions would be under a policy pack; the reason is which.
    PolicyReplayed,
    /// The station was provisioned; the reason is the key of its connections.
    Provisioned,
    /// A receipt of the intake was not accepted; nothing was erased.
    ReceiptRefused,
    /// A case ended with a record; the reason is the outcome.
    RecordKept,
    /// An administrator goes on with a store that is an old copy; the reason is theirs.
    RestoredCopyAccepted,
    /// The store was found to be an old copy; the reason is who knows better.
    RestoredCopyFound,
    /// A supervisor refused, or sent back to capture.
    Refused,
    /// A case that waited for a supervisor was forgotten with its samples; the reason says why.
    ReviewForgotten,
    /// A security key was registered; the reason is whose.
    SecurityKeyAdded,
    /// A person's security keys were taken away; the reason is whose.
    SecurityKeysRemoved,
    /// A screen was locked: nobody had used it, or somebody asked for it.
    SessionLocked,
    /// A log-in ended by itself: it had lasted a shift, or the person's PIN, keys or standing had changed.
    SessionOver,
    /// The person of a locked screen went on.
    SessionUnlocked,
    /// The officer looked at the summary and signed.
    Signed,
    /// The station started.
    Started,
    /// The station stopped in order.
    Stopped,
    /// The officer took something back; the reason is what.
    TakenBack,
    /// The traveller refused to give biometrics.
    TravellerRefused,
    /// The officer went one step back; the reason is the step that was left.
    Undone,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 53] = [
        Self::Approved,
        Self::AuditRead,
        Self::Cancelled,
        Self::CaptureBegun,
        Self::CaptureEnded,
        Self::CaseOpened,
        Self::ClockConfirmed,
        Self::ConfigurationLoaded,
        Self::ConfirmationWithdrawn,
        Self::ConsentGiven,
        Self::Decided,
        Self::DeviceFault,
        Self::DisplayBound,
        Self::DisplayInvited,
        Self::DisplayRemoved,
        Self::EntryConfirmed,
        Self::ExemptionClaimed,
        Self::Exported,
        Self::FiguresExported,
        Self::KeyRotated,
        Self::KeyUsed,
        Self::LogInLocked,
        Self::LoggedIn,
        Self::LoggedOut,
        Self::LogInRefused,
        Self::Overridden,
        Self::Parked,
        Self::PersonAdded,
        Self::PersonRetired,
        Self::PersonUnlocked,
        Self::PinChanged,
        Self::PolicyBrought,
        Self::PolicyLoaded,
        Self::PolicyPutIntoForce,
        Self::PolicyReplayed,
        Self::Provisioned,
        Self::ReceiptRefused,
        Self::RecordKept,
        Self::RestoredCopyAccepted,
        Self::RestoredCopyFound,
        Self::Refused,
        Self::ReviewForgotten,
        Self::SecurityKeyAdded,
        Self::SecurityKeysRemoved,
        Self::SessionLocked,
        Self::SessionOver,
        Self::SessionUnlocked,
        Self::Signed,
        Self::Started,
        Self::Stopped,
        Self::TakenBack,
        Self::TravellerRefused,
        Self::Undone,
    ];

    /// The word of the trail: `capture-begun`.
    pub fn id(self) -> String {
        // Serde knows the words, and knows no more than a text for a variant without content.
        serde_json::to_value(self).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }
}
