//! What a search asks for, after parsing: no HTTP, no SQL.

use uuid::Uuid;

use super::document::Availability;
use super::id::UniqueId;
use super::time::Instant;

/// A coded search value: `system|code`, `code`, or `|code` (no system).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// None: any system. Systems are OIDs here.
    pub system: Option<String>,
    /// The code.
    pub code: String,
}

/// Coded attributes of a document that a search may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodedField {
    /// `typeCode`
    Type,
    /// `classCode`
    Class,
    /// `formatCode`
    Format,
    /// `eventCodeList`
    Event,
    /// `healthcareFacilityTypeCode`
    FacilityType,
    /// `practiceSettingCode`
    PracticeSetting,
    /// `confidentialityCode`
    Confidentiality,
    /// `contentTypeCode` of a submission
    ContentType,
}

/// Times of a document that a search may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeField {
    /// `creationTime`
    Creation,
    /// The service period; compared by overlap.
    Period,
    /// `serviceStartTime`
    PeriodStart,
    /// `serviceStopTime`
    PeriodEnd,
    /// When the entry was made (FHIR `date`); for a submission, `submissionTime`.
    Deposited,
    /// When the entry was made, or `creationTime`: FHIR `date` as the draft guide's TD3.1a means it; either one suffices.
    DepositedOrCreation,
    /// Last change (`_lastUpdated`).
    Updated,
}

/// A comparison, as FHIR prefixes name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `eq`: the value's span contains the attribute's.
    Equal,
    /// `ne`
    NotEqual,
    /// `lt`
    Less,
    /// `gt`
    Greater,
    /// `le`
    LessOrEqual,
    /// `ge`
    GreaterOrEqual,
    /// `sa`
    StartsAfter,
    /// `eb`
    EndsBefore,
    /// `ap`: overlaps.
    Approximately,
}

/// One compared time, as the span of its precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeBound {
    /// How.
    pub comparison: Comparison,
    /// First instant.
    pub start: Instant,
    /// First instant after.
    pub end: Instant,
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// Begins with, case and accents aside (FHIR string default).
    Begins,
    /// Contains.
    Contains,
    /// Equal to the letter.
    Exact,
}

/// One condition; within it the values are alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A code among these.
    Coded(CodedField, Vec<Token>),
    /// A time that satisfies one of these.
    Time(TimeField, Vec<TimeBound>),
    /// `uniqueId` or `entryUUID` among these.
    Identifier(Vec<DocumentKey>),
    /// An author's identifier among these.
    AuthorId(Vec<Token>),
    /// An author's name.
    AuthorName(AuthorPart, TextMatch, Vec<String>),
    /// `referenceIdList`, identifier among these.
    Reference(Vec<Token>),
    /// Related to one of these documents, by unique id or resource id.
    RelatesTo(Vec<DocumentKey>),
    /// Resource id among these.
    Id(Vec<Uuid>),
    /// Title (List).
    Title(TextMatch, Vec<String>),
    /// `sourceId` of a submission among these.
    SourceId(Vec<String>),
    /// Nothing matches: a value that no document can have.
    Never,
}

/// Which part of an author's name is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthorPart {
    /// Family name.
    Family,
    /// Given names.
    Given,
    /// Either.
    Any,
}

/// Ways to name a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum DocumentKey {
    /// By `uniqueId`.
    Unique(UniqueId),
    /// By `entryUUID`, or a uniqueId in UUID form.
    Uuid(Uuid),
    /// By resource id.
    Id(Uuid),
}

/// What a result is sorted by; ties are broken by id, so that pages never shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortField {
    /// `creationTime`
    Creation,
    /// When deposited.
    Deposited,
    /// Last change.
    Updated,
}

/// Order of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Key.
    pub field: SortField,
    /// Newest first.
    pub descending: bool,
}

/// Where a page starts: after this row, in the order of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    /// Sort key of the last row of the page before, microseconds since the epoch.
    pub key: i64,
    /// Its id.
    pub id: Uuid,
}

/// A search in one record. The INS comes from the permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Statuses asked for.
    pub availability: Vec<Availability>,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Order.
    pub sort: Sort,
    /// Rows of a page; 0 asks for the count alone.
    pub count: u32,
    /// Where the page starts.
    pub after: Option<After>,
}

impl DocumentQuery {
    /// True when the search names documents by identifier only (TD3.1b).
    pub fn is_by_identifier(&self) -> bool {
        let named = |condition: &Condition| matches!(condition, Condition::Identifier(_));
        !self.conditions.is_empty() && self.conditions.iter().all(named)
    }
}

/// Which versions of one resource are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionQuery {
    /// Made at this instant or later.
    pub since: Option<Instant>,
    /// Older than this version: where the page starts.
    pub before: Option<u32>,
    /// Rows of a page; 0 asks for the count alone.
    pub count: u32,
}

/// One page of the versions of a resource, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions<T> {
    /// How many were asked for that the caller may know of, all pages together.
    pub total: u64,
    /// Those of this page.
    pub rows: Vec<T>,
    /// There are older ones.
    pub more: bool,
}

impl<T> Versions<T> {
    /// A page of rows of which one more than wanted was asked for.
    pub fn cut(total: u64, mut rows: Vec<T>, count: u32) -> Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let more = rows.len() > count;
        rows.truncate(count);
        Self { total, rows, more }
    }
}

/// One page of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// How many match that the caller may know of, all pages together.
    pub total: u64,
    /// The rows of this page.
    pub rows: Vec<T>,
    /// Where the next page starts, when there is one.
    pub next: Option<After>,
}
