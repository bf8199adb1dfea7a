//! What the patient, or his médecin traitant, is told of acts in the record (rules NOT-*, EMG-07, ANN-03, MIN-10). It never holds
//! what a document says.

use uuid::Uuid;

use super::context::AccessMode;
use super::ins::Ins;
use super::time::Instant;

/// Of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// A professional consulted the record for the first time (NOT-01).
    FirstAccess,
    /// A document was added by somebody else than the patient's side (NOT-02).
    DocumentAdded,
    /// Somebody consulted in an emergency (NOT-03, EMG-07).
    EmergencyAccess,
    /// A document became visible (ANN-03).
    VisibilityRestored,
    /// A document waits for its announcement since two weeks (ANN-03).
    AnnouncementOverdue,
    /// The holder came of age: what his representatives authorised is to be given again (MIN-10).
    ConsentToRenew,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::FirstAccess,
        Self::DocumentAdded,
        Self::EmergencyAccess,
        Self::VisibilityRestored,
        Self::AnnouncementOverdue,
        Self::ConsentToRenew,
    ];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::FirstAccess => "first-access",
            Self::DocumentAdded => "document-added",
            Self::EmergencyAccess => "emergency-access",
            Self::VisibilityRestored => "visibility-restored",
            Self::AnnouncementOverdue => "announcement-overdue",
            Self::ConsentToRenew => "consent-to-renew",
        }
    }

    /// Reads the code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The way to whom is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// The holder's e-mail address.
    Email,
    /// No address: kept for the yearly statement of activity (NOT-04).
    Statement,
    /// A médecin traitant, by his PS_IdNat (MT-05).
    TreatingPhysician,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Email, Self::Statement, Self::TreatingPhysician];

    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Statement => "statement",
            Self::TreatingPhysician => "mt",
        }
    }

    /// Reads the code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

/// Who did what is told.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NoticeActor {
    /// National identifier.
    pub id: String,
    /// Name of the person or structure.
    pub name: String,
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its name, which tells nothing: the same act never makes two of one name.
    pub name: String,
    /// Of what.
    pub kind: NoticeKind,
    /// Whose record.
    pub patient: Ins,
    /// When it happened.
    pub at: Instant,
    /// The way.
    pub channel: Channel,
    /// E-mail address or PS_IdNat; None for the statement.
    pub to: Option<String>,
    /// The document concerned.
    pub document: Option<Uuid>,
    /// The access mode, of an access.
    pub mode: Option<AccessMode>,
    /// Who; None for the server itself.
    pub actor: Option<NoticeActor>,
}
