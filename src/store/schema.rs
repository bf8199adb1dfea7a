//! The numbers that stand for words and times in the tables. They are kept for ever: never change one.

use crate::dmp::document::Availability;
use crate::dmp::time::Instant;

/// Repeated attributes (table `attribute`, column `name`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Author's identifier: extension and root.
    AuthorId,
    /// Author's family name: folded, and as written.
    AuthorFamily,
    /// Author's given names, together and one by one.
    AuthorGiven,
    /// `eventCodeList`.
    Event,
    /// `confidentialityCode`.
    Confidentiality,
    /// `referenceIdList`: extension and root.
    Reference,
    /// Unique id of a document that it relates to.
    RelatesTo,
    /// Identifier of an author's institution: extension and root.
    InstitutionId,
    /// Name of an author's institution: folded, and as written.
    InstitutionName,
    /// The same of an author that is an organisation itself.
    OrganizationId,
    OrganizationName,
}

impl Attribute {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::AuthorId => 1,
            Self::AuthorFamily => 2,
            Self::AuthorGiven => 3,
            Self::Event => 4,
            Self::Confidentiality => 5,
            Self::Reference => 6,
            Self::RelatesTo => 7,
            Self::InstitutionId => 8,
            Self::InstitutionName => 9,
            Self::OrganizationId => 10,
            Self::OrganizationName => 11,
        }
    }
}

/// What a located id is (table `locator`, column `kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Record,
    Document,
    /// A submission or a folder.
    List,
    Content,
    Consent,
    Vaccination,
}

impl Kind {
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Record => 1,
            Self::Document => 2,
            Self::List => 3,
            Self::Content => 4,
            Self::Consent => 5,
            Self::Vaccination => 8,
        }
    }
}

/// The number of a status.
pub(super) fn status(availability: Availability) -> i64 {
    match availability {
        Availability::Approved => 0,
        Availability::Archived => 1,
        Availability::Deprecated => 2,
        Availability::Deleted => 3,
    }
}

/// Microseconds since the epoch, as every time is kept.
pub(super) fn micros(at: Instant) -> i64 {
    at.as_microsecond()
}

/// The same instant as it will be read back.
pub(super) fn stamp(at: Instant) -> Instant {
    Instant::from_microsecond(micros(at)).unwrap_or(at)
}
