//! The trace of an act (rules TRC-01, TRC-04, TRC-05): who, what, on which record, in which context, with which outcome.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::actor::ActorKind;
use super::context::AccessMode;
use super::id::BadId;
use super::ins::Ins;
use super::query::{Bookmark, DocumentKey, TimeBound};
use super::time::Instant;

/// What was done, as the journal names it (DMP transaction and FHIR interaction).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TracedAct {
    /// TD0.2, existence test.
    TestExistence,
    /// An operator opened or changed a record.
    OpenRecord,
    /// TD2, ITI-65.
    ProvideBundle,
    /// TD2, ITI-105.
    SimplifiedPublish,
    /// TD3.1, ITI-67.
    SearchDocuments,
    /// ITI-66.
    SearchSubmissions,
    /// Read of a DocumentReference.
    ReadDocument,
    /// Read of a List.
    ReadSubmission,
    /// TD3.2, ITI-68.
    RetrieveDocument,
    /// TD0.3, declaration or withdrawal of an authorisation.
    DeclareConsent,
    /// Search of Consents.
    SearchConsents,
    /// Read of a Consent.
    ReadConsent,
    /// TD3.3a to TD3.3d, change of a document's labels or status.
    ChangeDocument,
    /// The patient changes the state or the settings of his record.
    ChangeRecord,
    /// Search of AuditEvents.
    SearchTraces,
    /// Read of an AuditEvent.
    ReadTrace,
    /// An operator has a decision explained.
    Explain,
    /// Search of Immunizations.
    SearchVaccinations,
    /// Read of an Immunization.
    ReadVaccination,
    /// A vaccination is entered by a professional, or declared by the patient.
    AddVaccination,
    /// A declared vaccination is changed, withdrawn or validated.
    ChangeVaccination,
    /// The one-month limit, or the coming of age, made a document visible (ANN-03, MIN-09).
    RestoreVisibility,
    /// Ten years after the closing, or on request, everything was deleted (LC-13, LC-14).
    Purge,
    /// An interaction that was refused before it could be named, or one that touches no record.
    Other,
}

impl TracedAct {
    /// Every act.
    pub const ALL: [Self; 24] = [
        Self::TestExistence,
        Self::OpenRecord,
        Self::ProvideBundle,
        Self::SimplifiedPublish,
        Self::SearchDocuments,
        Self::SearchSubmissions,
        Self::ReadDocument,
        Self::ReadSubmission,
        Self::RetrieveDocument,
        Self::DeclareConsent,
        Self::SearchConsents,
        Self::ReadConsent,
        Self::ChangeDocument,
        Self::ChangeRecord,
        Self::SearchTraces,
        Self::ReadTrace,
        Self::Explain,
        Self::SearchVaccinations,
        Self::ReadVaccination,
        Self::AddVaccination,
        Self::ChangeVaccination,
        Self::RestoreVisibility,
        Self::Purge,
        Self::Other,
    ];

    /// The name in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::TestExistence => "TD0.2",
            Self::OpenRecord => "open-record",
            Self::ProvideBundle => "ITI-65",
            Self::SimplifiedPublish => "ITI-105",
            Self::SearchDocuments => "ITI-67",
            Self::SearchSubmissions => "ITI-66",
            Self::ReadDocument => "read-document",
            Self::ReadSubmission => "read-list",
            Self::RetrieveDocument => "ITI-68",
            Self::DeclareConsent => "TD0.3",
            Self::SearchConsents => "search-consent",
            Self::ReadConsent => "read-consent",
            Self::ChangeDocument => "TD3.3",
            Self::ChangeRecord => "change-record",
            Self::SearchTraces => "ITI-81",
            Self::ReadTrace => "read-audit-event",
            Self::Explain => "explain",
            Self::SearchVaccinations => "search-immunization",
            Self::ReadVaccination => "read-immunization",
            Self::AddVaccination => "create-immunization",
            Self::ChangeVaccination => "change-immunization",
            Self::RestoreVisibility => "restore-visibility",
            Self::Purge => "purge",
            Self::Other => "other",
        }
    }
}

/// How an act ended (AuditEvent.outcome).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// `0`
    Success,
    /// `4`: the request was wrong.
    ClientError,
    /// `8`: refused by the rules.
    Refused,
    /// `12`: our failure.
    Failure,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 4] = [
        Self::Success,
        Self::ClientError,
        Self::Refused,
        Self::Failure,
    ];

    /// The AuditEvent code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Success => "0",
            Self::ClientError => "4",
            Self::Refused => "8",
            Self::Failure => "12",
        }
    }
}

/// Who acted, as kept in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedActor {
    /// Kind of certificate.
    pub kind: ActorKind,
    /// National identifier.
    pub id: String,
    /// Name of the person or structure.
    pub name: String,
    /// Profession code.
    pub profession: Option<String>,
    /// Structure carried by the certificate, else the declared one.
    pub structure: Option<String>,
}

/// One trace. The store gives it its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Random id (AuditEvent.id).
    pub id: Uuid,
    /// When.
    pub at: Instant,
    /// Whose record; None when the request named none that exists in shape.
    pub patient: Option<Ins>,
    /// Who; None without certificate.
    pub actor: Option<TracedActor>,
    /// What.
    pub act: TracedAct,
    /// How it ended.
    pub outcome: Outcome,
    /// Stable code of the refusal.
    pub refusal: Option<String>,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Version of the matrix that decided.
    pub matrix: Option<String>,
    /// Access mode.
    pub mode: AccessMode,
    /// Reason of a bris de glace.
    pub reason: Option<String>,
    /// Secret connection.
    pub secret: bool,
    /// Documents, submissions or consents concerned: resource type and id.
    pub entities: Vec<(String, Uuid)>,
    /// The search, without the INS.
    pub query: Option<String>,
    /// `X-Request-Id`.
    pub request_id: String,
    /// Where the request stands in a distributed trace (W3C Trace Context), when it told.
    pub traceparent: Option<String>,
}

/// Names a trace outside (AuditEvent.id): its own id, then that of its record, so that it is found without an index of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceKey {
    /// [`Trace::id`].
    pub trace: Uuid,
    /// Resource id of the record.
    pub record: Uuid,
}

impl fmt::Display for TraceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.trace.simple(), self.record.simple())
    }
}

impl FromStr for TraceKey {
    type Err = BadId;

    /// Reads the 64 digits that [`TraceKey`] writes, and nothing else.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId {
            kind: "id of a trace",
        };
        let halves = text.split_at_checked(32);
        let (trace, record) = halves
            .filter(|(_, record)| record.len() == 32)
            .ok_or(bad.clone())?;
        let half = |half: &str| Uuid::try_parse(half).map_err(|_| bad.clone());
        let key = Self {
            trace: half(trace)?,
            record: half(record)?,
        };
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(bad)
        }
    }
}

/// Who acted, as a search names him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentKey {
    /// A professional or employee, by his PS_IdNat.
    Person(String),
    /// A structure: that of who acted, or the establishment itself.
    Structure(String),
    /// Who acted through a portal: issuer and subject of its tokens.
    User(String, String),
    /// Any of these, by the bare number.
    Any(String),
    /// The holder, by the resource id of the record.
    Holder(Uuid),
    /// The holder, by his INS.
    Ins(Ins),
    /// This server, which has part in every act.
    Ours,
}

/// Something of which a trace may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// The holder of the record; every trace does.
    Holder,
    /// A thing concerned, of this resource type.
    Thing(&'a str),
    /// The search; every search does.
    Search,
    /// The request.
    Request,
    /// Where the request stands in a distributed trace.
    Place,
}

/// An identifier of something of which a trace tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityKey {
    /// The holder's.
    Holder(Ins),
    /// That of a document, a submission or a folder.
    Thing(DocumentKey),
    /// That of the request.
    Request(String),
    /// `traceparent`
    Place(String),
}

/// One condition on traces; within it the values are alternatives, and none of them is met by nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceCondition {
    /// One of these traces.
    Key(Vec<TraceKey>),
    /// When.
    At(Vec<TimeBound>),
    /// What was done.
    Act(Vec<TracedAct>),
    /// How it ended.
    Outcome(Vec<Outcome>),
    /// Access mode.
    Mode(Vec<AccessMode>),
    /// Who.
    Agent(Vec<AgentKey>),
    /// A document, submission, right or record concerned: resource type and id.
    Entity(Vec<(String, Uuid)>),
    /// Something concerned, by an identifier.
    Identifier(Vec<EntityKey>),
    /// One of these acts tells of this.
    Tells(Vec<(TracedAct, Part<'static>)>),
}

/// A search of traces in one record. The INS comes from the permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceQuery {
    /// All must hold.
    pub conditions: Vec<TraceCondition>,
    /// Newest first.
    pub descending: bool,
    /// Rows of a page; 0 asks for the count alone.
    pub count: u32,
    /// The page that is asked for after the first one.
    pub after: Option<Bookmark>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_digits_and_nothing_else() {
        let key = TraceKey {
            trace: Uuid::from_u128(0xa1),
            record: Uuid::from_u128(2),
        };
        let text = key.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(key));
        for bad in [
            "",
            &text[1..],
            &format!("{text}0"),
            &text.to_uppercase(),
            &format!("{}é{}", &text[..31], &text[33..]),
            &key.trace.to_string(),
        ] {
            assert!(bad.parse::<TraceKey>().is_err(), "{bad}");
        }
    }
}
