//! Every way to say no. One enum; its HTTP status, FHIR issue code, XDS code and sentences are rows of `mappings/errors.csv`.

mod issue;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use issue::{Issue, Position, Severity};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// Stable codes (`https://passerelle.dev/fhir/CodeSystem/refusal`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The kebab-case code on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// No certificate.
    LoginRequired = "login-required",
    /// A certificate with a good chain and a wrong profile.
    CardNotAccepted = "card-not-accepted",
    /// `DMP-Structure` differs from the certificate's.
    StructureMismatch = "structure-mismatch",
    /// A malformed or unknown header value.
    HeaderInvalid = "header-invalid",
    /// Deposit by CPS or CPF without `DMP-Structure`.
    StructureRequired = "structure-required",
    /// INS malformed, wrong key or wrong OID for the environment.
    InsInvalid = "ins-invalid",
    /// The number leads to another record already.
    InsTaken = "ins-taken",
    /// A number that may not take the place of the present one.
    InsChangeRefused = "ins-change-refused",
    /// Told: the request names a former number of the record.
    InsReplaced = "ins-replaced",
    /// A number without its system is taken for a NIR: a warning.
    InsSystemAssumed = "ins-system-assumed",
    /// No record for this INS.
    RecordUnknown = "record-unknown",
    /// Closed or opposed record.
    RecordClosed = "record-closed",
    /// Deposit for an identity that is not qualified.
    IdentityNotQualified = "identity-not-qualified",
    /// CPE, establishment, or profession outside the matrix.
    CardCannotConsult = "card-cannot-consult",
    /// The patient blocked this professional.
    BlockedByPatient = "blocked-by-patient",
    /// The emergency mode is off or not for this caller.
    EmergencyRefused = "emergency-refused",
    /// `bris_de_glace` without reason.
    ReasonRequired = "reason-required",
    /// A minor's record without `DMP-Secret-Connection`.
    SecretChoiceRequired = "secret-choice-required",
    /// A secret connection where it means nothing.
    SecretNotApplicable = "secret-not-applicable",
    /// No valid declared consent.
    ConsentRequired = "consent-required",
    /// The patient has not activated the record yet.
    RecordNotActivated = "record-not-activated",
    /// Only a physician is médecin traitant.
    NotAPhysician = "not-a-physician",
    /// An administrator must have consulted the record once.
    NeverConnected = "never-connected",
    /// A patch does not say which label goes.
    LabelAmbiguous = "label-ambiguous",
    /// It can't be current again.
    StillReplaced = "still-replaced",
    /// A warning to professionals: hidden from the patient (ANN-02).
    HiddenFromPatient = "hidden-from-patient",
    /// A warning to professionals: hidden from a minor's representatives (MIN-03).
    HiddenFromRepresentatives = "hidden-from-representatives",
    /// The document's patient has other traits than the record's (INS-03, INS-05).
    TraitsDiffer = "traits-differ",
    /// Another element than status, securityLabel and isArchived.
    NotMutable = "not-mutable",
    /// Deleted by its author.
    DocumentDeleted = "document-deleted",
    /// Refused without a code of its own; the rule id is in the issue.
    NotAllowed = "not-allowed",
    /// Somebody else's decision.
    NotYours = "not-yours",
    /// The patient changes what a professional entered or validated.
    ValidatedVaccination = "validated-vaccination",
    /// Unknown, or hidden from the caller.
    NotFound = "not-found",
    /// No such interaction.
    NotSupported = "not-supported",
    /// Method not allowed here.
    MethodNotAllowed = "method-not-allowed",
    /// No acceptable format.
    NotAcceptable = "not-acceptable",
    /// Unknown body format.
    UnsupportedMediaType = "unsupported-media-type",
    /// Over the configured size.
    TooLarge = "too-large",
    /// A batch of too many requests.
    BatchTooLong = "batch-too-long",
    /// The part asked for begins behind the end.
    RangeNotSatisfiable = "range-not-satisfiable",
    /// The body did not arrive in time.
    RequestTimeout = "request-timeout",
    /// Body not parseable.
    Malformed = "malformed",
    /// Search parameter with a wrong value.
    ParameterInvalid = "parameter-invalid",
    /// Missing search parameter.
    ParameterRequired = "parameter-required",
    /// Unknown search parameter, with strict handling.
    ParameterUnsupported = "parameter-unsupported",
    /// A page of a search that began too long ago.
    PageExpired = "page-expired",
    /// Not all that an include asks for comes with the page.
    IncludeCut = "include-cut",
    /// Missing element.
    ElementRequired = "element-required",
    /// Element with a wrong value.
    ElementInvalid = "element-invalid",
    /// Code outside its bound list.
    CodeInvalid = "code-invalid",
    /// Element that can't be carried.
    UnsupportedElement = "unsupported-element",
    /// Type unknown to the matrix.
    TypeNotInMatrix = "type-not-in-matrix",
    /// Type that this caller does not deposit: reserved to patients or operators, or not the patient's.
    TypeNotAllowed = "type-not-allowed",
    /// DocumentReference and CDA header disagree.
    MetadataMismatch = "metadata-mismatch",
    /// Not a usable CDA document.
    CdaInvalid = "cda-invalid",
    /// Told: a CDA document that departs from the CI-SIS where the DMP takes it all the same.
    CdaDeviation = "cda-deviation",
    /// Declared size or hash differ from the bytes.
    HashMismatch = "hash-mismatch",
    /// uniqueId already there.
    DuplicateDocument = "duplicate-document",
    /// The target was replaced before.
    AlreadyReplaced = "already-replaced",
    /// Nothing to replace, or nothing that the caller may know of.
    ReplaceTargetUnknown = "replace-target-unknown",
    /// A relation that the content profile forbids.
    AppendsForbidden = "appends-forbidden",
    /// A PATCH entry for a document that nothing of the submission replaces.
    PatchWithoutReplacement = "patch-without-replacement",
    /// A conditional creation whose condition matches several.
    MultipleMatches = "multiple-matches",
    /// A Bundle as the content of a document.
    /// A folder names a document that is not there, or that the caller may not know of.
    FolderMemberUnknown = "folder-member-unknown",
    /// Told: nobody is sent what a submission says it is meant for.
    RecipientUnavailable = "recipient-unavailable",
    /// Told: a Patient entry of a deposit is not written.
    PatientNotCreated = "patient-not-created",
    /// Replacing what one did not author.
    NotAuthor = "not-author",
    /// Labels that may not stand together or here.
    LabelConflict = "label-conflict",
    /// `If-Match` mismatch.
    VersionConflict = "version-conflict",
    /// `RPLC` in the header, no `relatesTo`.
    RelationOnlyInHeader = "relation-only-in-header",
    /// `relatesTo`, no `RPLC` in the header.
    RelationNotInHeader = "relation-not-in-header",
    /// Search without status.
    StatusDefaulted = "status-defaulted",
    /// Element that the server assigns itself.
    ElementIgnored = "element-ignored",
    /// A file became a CDA document of level 1.
    Wrapped = "wrapped",
    /// Overload; try again.
    Busy = "busy",
    /// Our failure.
    Internal = "internal",
}

/// One row of `mappings/errors.csv`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// The code.
    pub code: String,
    /// HTTP status.
    pub http: u16,
    /// FHIR IssueType.
    pub issue: String,
    /// XDS or DMP error code, empty when there is none.
    pub xds: String,
    /// French sentence, with `{placeholders}`.
    pub fr: String,
    /// English sentence, with `{placeholders}`.
    pub en: String,
}

static ROWS: LazyLock<HashMap<String, Row>> = LazyLock::new(|| {
    csv::Reader::from_reader(include_str!("../mappings/errors.csv").as_bytes())
        .deserialize::<Row>()
        .filter_map(Result::ok)
        .map(|row| (row.code.clone(), row))
        .collect()
});

impl Code {
    /// Its row of the table. A test proves that every code has one.
    pub fn row(self) -> &'static Row {
        static MISSING: LazyLock<Row> = LazyLock::new(|| Row {
            code: "internal".into(),
            http: 500,
            issue: "exception".into(),
            xds: String::new(),
            fr: "Erreur interne.".into(),
            en: "Internal error.".into(),
        });
        ROWS.get(self.as_str()).unwrap_or(&MISSING)
    }
}

/// A refusal: one or several issues, of which the first error decides the status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .issues.first().map_or("error", |issue| issue.code.as_str()))]
pub struct Error {
    /// Never empty.
    pub issues: Vec<Issue>,
}

impl Error {
    /// A refusal with several issues, its errors before its warnings; an empty list becomes `internal`.
    pub fn many(mut issues: Vec<Issue>) -> Self {
        if issues.is_empty() {
            Code::Internal.into()
        } else {
            // The client reads the refusal in the first issue.
            issues.sort_by_key(|issue| issue.severity == Severity::Warning);
            Self { issues }
        }
    }

    /// The issue that decides.
    pub fn code(&self) -> Code {
        let first_error = self
            .issues
            .iter()
            .find(|issue| issue.severity == Severity::Error);
        first_error
            .or(self.issues.first())
            .map_or(Code::Internal, |issue| issue.code)
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.code().row().http
    }

    /// The rule that decided, if one did.
    pub fn rule(&self) -> Option<&'static str> {
        self.issues.iter().find_map(|issue| issue.rule)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self {
            issues: vec![Issue::new(code)],
        }
    }
}

impl From<Issue> for Error {
    fn from(issue: Issue) -> Self {
        Self {
            issues: vec![issue],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enum_and_table_hold_the_same_codes() {
        assert_eq!(ROWS.len(), Code::ALL.len());
        for code in Code::ALL {
            assert_eq!(code.row().code, code.as_str());
            assert!((400..600).contains(&code.row().http), "{}", code.as_str());
        }
    }

    #[test]
    fn sentences_are_filled_in_both_languages() {
        let issue = Issue::new(Code::MetadataMismatch)
            .at("DocumentReference.type")
            .with("declared", "11502-2")
            .with("found", "11488-4");
        assert_eq!(
            issue.french(),
            "DocumentReference.type : « 11502-2 » dans la ressource, « 11488-4 » dans l'en-tête CDA."
        );
        assert_eq!(
            issue.english(),
            "DocumentReference.type: \"11502-2\" in the resource, \"11488-4\" in the CDA header."
        );
    }
}
