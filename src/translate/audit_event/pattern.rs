//! Which pattern an act follows: one row for each act, and nothing of it depends on how the act ended.

use serde_json::Value;

use super::super::datatype::object::Object;
use crate::dmp::trace::TracedAct;

/// A coding; the display strings are those that the profiles fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) struct Coded {
    pub(in crate::translate) system: &'static str,
    pub(in crate::translate) code: &'static str,
    pub(in crate::translate) display: Option<&'static str>,
}

impl Coded {
    pub(super) const fn new(
        system: &'static str,
        code: &'static str,
        display: &'static str,
    ) -> Self {
        Self {
            system,
            code,
            display: Some(display),
        }
    }

    pub(super) const fn bare(system: &'static str, code: &'static str) -> Self {
        Self {
            system,
            code,
            display: None,
        }
    }

    pub(super) fn write(&self) -> Value {
        Object::new()
            .put("system", self.system)
            .put("code", self.code)
            .maybe("display", self.display)
            .build()
    }

    pub(super) fn concept(&self) -> Value {
        Object::new().put("coding", vec![self.write()]).build()
    }
}

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const ITI: &str = "urn:ihe:event-type-code";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";

const REST: Coded = Coded::new(
    "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "rest",
    "Restful Operation",
);
const IMPORT: Coded = Coded::new(DCM, "110107", "Import");
const SECURITY: Coded = Coded::new(DCM, "110113", "Security Alert");
const AUTHZ: Coded = Coded::bare(
    "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType",
    "AuthZ-Consent",
);
const APPLICATION: Coded = Coded::new(DCM, "110150", "Application");
const DESTINATION: Coded = Coded::new(DCM, "110152", "Destination Role ID");
const SOURCE: Coded = Coded::new(DCM, "110153", "Source Role ID");
const AUTHOR: Coded = Coded::new(PARTICIPATION, "AUT", "author (originator)");
const RECIPIENT: Coded = Coded::new(PARTICIPATION, "IRCP", "information recipient");

const fn restful(code: &'static str) -> Coded {
    Coded::new("http://hl7.org/fhir/restful-interaction", code, code)
}

const SEARCH: Coded = restful("search");
const READ: Coded = restful("read");
const CREATE: Coded = restful("create");
const UPDATE: Coded = restful("update");
const PATCH: Coded = restful("patch");

const ITI_65: Coded = Coded::new(ITI, "ITI-65", "Provide Document Bundle");
const ITI_66: Coded = Coded::new(ITI, "ITI-66", "Find Document Lists");
const ITI_67: Coded = Coded::new(ITI, "ITI-67", "Find Document References");
const ITI_68: Coded = Coded::new(ITI, "ITI-68", "Retrieve Document");
const ITI_81: Coded = Coded::new(ITI, "ITI-81", "Retrieve ATNA Audit Event");
const ITI_105: Coded = Coded::new(ITI, "ITI-105", "Simplified Publish");

macro_rules! balp {
    ($name:literal) => {
        Some(concat!(
            "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.",
            $name
        ))
    };
}
macro_rules! mhd {
    ($name:literal) => {
        Some(concat!(
            "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.",
            $name
        ))
    };
}

/// How the AuditEvent of an act is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) struct Pattern {
    /// `type`.
    pub(in crate::translate) kind: Coded,
    /// `subtype`, without the DMP's own transaction.
    pub(in crate::translate) subtypes: &'static [Coded],
    /// `action`.
    pub(in crate::translate) action: &'static str,
    /// The profile that a success follows.
    pub(super) profile: Option<&'static str>,
    /// Type of the agent that calls.
    pub(super) client: Coded,
    /// Type of ours.
    pub(super) server: Coded,
    /// Type of who acts.
    pub(super) user: Coded,
    /// The resource that a search is about.
    pub(super) searches: Option<&'static str>,
}

impl Pattern {
    /// The pattern of an act.
    pub(in crate::translate) fn of(act: TracedAct) -> Self {
        use TracedAct as Act;
        match act {
            Act::TestExistence => search("Patient", &[SEARCH]),
            Act::SearchDocuments => Self {
                profile: mhd!("FindDocumentReferences.Audit.Responder"),
                ..search("DocumentReference", &[SEARCH, ITI_67])
            },
            Act::SearchSubmissions => Self {
                profile: mhd!("FindDocumentLists.Audit.Responder"),
                ..search("List", &[SEARCH, ITI_66])
            },
            Act::SearchConsents => search("Consent", &[SEARCH]),
            Act::SearchVaccinations => search("Immunization", &[SEARCH]),
            Act::SearchTraces => search("AuditEvent", &[SEARCH, ITI_81]),
            Act::ReadDocument
            | Act::ReadSubmission
            | Act::ReadConsent
            | Act::ReadTrace
            | Act::ReadVaccination => read(&[READ]),
            Act::RetrieveDocument => Self {
                profile: mhd!("RetrieveDocument.Audit.Responder"),
                ..read(&[READ, ITI_68])
            },
            Act::ProvideBundle => Self {
                kind: IMPORT,
                profile: mhd!("ProvideBundle.Audit.Recipient"),
                ..write(&[ITI_65], "C")
            },
            Act::SimplifiedPublish => Self {
                profile: mhd!("SimplifiedPublish.Audit.Recipient"),
                ..write(&[CREATE, ITI_105], "C")
            },
            Act::OpenRecord | Act::ChangeRecord | Act::ChangeVaccination => write(&[UPDATE], "U"),
            Act::AddVaccination => write(&[CREATE], "C"),
            Act::ChangeDocument => write(&[PATCH], "U"),
            Act::DeclareConsent => Self {
                kind: SECURITY,
                profile: balp!("AuthZconsent"),
                client: APPLICATION,
                user: RECIPIENT,
                ..write(&[AUTHZ], "E")
            },
            Act::RestoreVisibility => Self {
                kind: Coded::bare(LIFECYCLE, "amend"),
                profile: None,
                ..write(&[], "U")
            },
            Act::Purge => Self {
                kind: Coded::bare(LIFECYCLE, "destroy"),
                profile: None,
                ..write(&[], "D")
            },
            Act::Explain => Self {
                kind: Coded::bare(LIFECYCLE, "report"),
                profile: None,
                user: RECIPIENT,
                ..write(&[], "E")
            },
            Act::Other => Self {
                profile: None,
                user: RECIPIENT,
                ..write(&[], "E")
            },
        }
    }
}

fn search(resource: &'static str, subtypes: &'static [Coded]) -> Pattern {
    Pattern {
        kind: REST,
        subtypes,
        action: "E",
        profile: balp!("PatientQuery"),
        client: SOURCE,
        server: DESTINATION,
        user: RECIPIENT,
        searches: Some(resource),
    }
}

/// What is read goes from us to the client: the roles are the other way round.
fn read(subtypes: &'static [Coded]) -> Pattern {
    Pattern {
        kind: REST,
        subtypes,
        action: "R",
        profile: balp!("PatientRead"),
        client: DESTINATION,
        server: SOURCE,
        user: RECIPIENT,
        searches: None,
    }
}

fn write(subtypes: &'static [Coded], action: &'static str) -> Pattern {
    Pattern {
        kind: REST,
        subtypes,
        action,
        profile: balp!("PatientUpdate"),
        client: SOURCE,
        server: DESTINATION,
        user: AUTHOR,
        searches: None,
    }
}

/// The transaction as the DMP's guides name it; our own name where they have none.
pub(in crate::translate) fn transaction(act: TracedAct) -> &'static str {
    use TracedAct as Act;
    match act {
        Act::ProvideBundle | Act::SimplifiedPublish => "TD2",
        Act::SearchDocuments => "TD3.1",
        Act::RetrieveDocument => "TD3.2",
        Act::SearchSubmissions => "search-list",
        Act::SearchTraces => "search-audit-event",
        act => act.name(),
    }
}
