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
    /// An organisation behind an author, identifier among these.
    OrganizationId(Role, Vec<Token>),
    /// An organisation behind an author, by its name.
    OrganizationName(Role, TextMatch, Vec<String>),
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
    /// Lists of these kinds.
    Listed(Vec<ListKind>),
    /// A relation of one of these kinds, as FHIR names them.
    Relation(Vec<String>),
    /// One relation that is to this document and of this kind.
    Relationship(Vec<(DocumentKey, String)>),
    /// An element that is not there.
    Missing(Element),
    /// This does not hold.
    Not(Box<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
    /// A document that one of these relates to.
    TargetOf(Vec<Uuid>),
    /// A document of one of these submissions.
    ItemOf(Vec<Uuid>),
    /// A submission that one of these documents came in.
    Holds(Vec<Uuid>),
    /// Nothing matches: a value that no document can have.
    Never,
}

/// What a List is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// A submission.
    Submission,
    /// A folder.
    Folder,
}

impl Condition {
    /// The opposite.
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }
}

/// What a document or a submission may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// `serviceStopTime`
    PeriodEnd,
    /// `eventCodeList`
    Event,
    /// `referenceIdList`
    Reference,
    /// Relations to other documents.
    RelatesTo,
    /// Title of a submission.
    Title,
    /// Author of a submission.
    Source,
    /// An organisation behind an author.
    Organization,
}

/// What an organisation is to an author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// `authorInstitution`: where he works, or the author itself.
    Institution,
    /// The author itself.
    Author,
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

/// What a result is sorted by; ties are broken by id, so that the order is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SortField {
    /// `creationTime`
    Creation,
    /// When deposited.
    Deposited,
    /// Last change.
    Updated,
    /// `typeCode`
    Type,
    /// Resource id.
    Id,
}

/// One key of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Key.
    pub field: SortField,
    /// Newest or highest first.
    pub descending: bool,
}

/// A page of a search that has begun.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bookmark {
    /// Which one.
    pub at: Position,
    /// The state of the record that the first page showed: the others show the same.
    pub state: Option<i64>,
}

impl Bookmark {
    /// True for the first page.
    pub fn is_first(&self) -> bool {
        self.at == Position::First
    }
}

/// Where a page lies in the order of its search.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Position {
    /// At the beginning.
    First,
    /// It begins after this row.
    After(Place),
    /// It ends before this row.
    Before(Place),
}

/// The place of one row in the order of a search.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Its sort keys.
    pub keys: Vec<SortKey>,
    /// Its id.
    pub id: Uuid,
}

/// The value of a sort key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum SortKey {
    /// A time: microseconds since the epoch for a document, nanoseconds for a trace.
    Number(i64),
    /// A code.
    Text(String),
}

/// A search in one record. The INS comes from the permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Statuses asked for.
    pub availability: Vec<Availability>,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// Order, first key first.
    pub sort: Vec<Sort>,
    /// Rows of a page; 0 asks for the count alone.
    pub count: u32,
    /// The page that is asked for after the first one.
    pub after: Option<Bookmark>,
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
    /// The next page, when there is one.
    pub next: Option<Bookmark>,
    /// The page before, when this is not the first.
    pub previous: Option<Bookmark>,
}

impl<T> Page<T> {
    /// All that there is.
    pub fn whole(rows: Vec<T>) -> Self {
        Self {
            total: rows.len() as u64,
            rows,
            next: None,
            previous: None,
        }
    }
}
