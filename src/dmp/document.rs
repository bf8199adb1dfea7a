//! The document entry: XDS DocumentEntry as the DMP narrows it (CI-SIS metadata, French cardinalities).

use uuid::Uuid;

use super::code::{Code, system};
use super::id::UniqueId;
use super::ins::Ins;
use super::person::{Author, Identifier, LegalAuthenticator, Organization, SourcePatient};
use super::time::Timestamp;

/// `mimeType` of FHIR documents (MHD's FHIR Documents option).
pub const FHIR_DOCUMENT: &str = "application/fhir+json";
/// Media type of FHIR documents in XML.
pub const FHIR_DOCUMENT_XML: &str = "application/fhir+xml";

/// XDS `availabilityStatus` (JDV_J52).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Availability {
    /// Current.
    Approved,
    /// Current and archived (`urn:asip:ci-sis:2010:StatusType:Archived`).
    Archived,
    /// Replaced.
    Deprecated,
    /// Logically deleted (`urn:asip:ci-sis:2010:StatusType:Deleted`).
    Deleted,
}

impl Availability {
    /// Every status.
    pub const ALL: [Self; 4] = [
        Self::Approved,
        Self::Archived,
        Self::Deprecated,
        Self::Deleted,
    ];

    /// The last arc of the ebRIM status URN.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::Archived => "Archived",
            Self::Deprecated => "Deprecated",
            Self::Deleted => "Deleted",
        }
    }

    /// The inverse of [`Availability::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Confidentiality of a document: `N` always, and up to three visibility labels that add up (rule MSK-02).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Labels {
    /// `MASQUE_PS`: hidden from professionals.
    pub masked: bool,
    /// `INVISIBLE_PATIENT`: hidden from the patient until announced.
    pub invisible_patient: bool,
    /// `INVISIBLE_REPRESENTANTS_LEGAUX`: hidden from a minor's legal representatives.
    pub invisible_representatives: bool,
    /// `R` or `V` beside `N`, kept as given.
    pub restricted: Restriction,
}

/// The HL7 confidentiality of the document itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Restriction {
    /// `N`
    #[default]
    Normal,
    /// `R`
    Restricted,
    /// `V`
    VeryRestricted,
}

impl Labels {
    /// The codes, flags first and the HL7 confidentiality last, so that index 0 is the flag whenever there is one.
    pub fn codes(self) -> Vec<Code> {
        let mut codes = Vec::with_capacity(2);
        for (set, code) in [
            (self.masked, "MASQUE_PS"),
            (self.invisible_patient, "INVISIBLE_PATIENT"),
            (
                self.invisible_representatives,
                "INVISIBLE_REPRESENTANTS_LEGAUX",
            ),
        ] {
            if set {
                codes.push(Code::new(code, system::VISIBILITY));
            }
        }
        let restriction = match self.restricted {
            Restriction::Normal => "N",
            Restriction::Restricted => "R",
            Restriction::VeryRestricted => "V",
        };
        codes.push(Code::new(restriction, system::CONFIDENTIALITY));
        codes
    }

    /// Adds one code; false when it is none of JDV_J58.
    pub fn add(&mut self, code: &Code) -> bool {
        match (code.system.as_str(), code.code.as_str()) {
            (system::VISIBILITY, "MASQUE_PS") => self.masked = true,
            (system::VISIBILITY, "INVISIBLE_PATIENT") => self.invisible_patient = true,
            (system::VISIBILITY, "INVISIBLE_REPRESENTANTS_LEGAUX") => {
                self.invisible_representatives = true;
            }
            (system::CONFIDENTIALITY, "N") => {}
            (system::CONFIDENTIALITY, "R") => self.restricted = Restriction::Restricted,
            (system::CONFIDENTIALITY, "V") => self.restricted = Restriction::VeryRestricted,
            _ => return false,
        }
        true
    }
}

/// How a document relates to another (XDS association).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum RelationKind {
    /// `RPLC`, FHIR `replaces`.
    Replaces,
    /// `XFRM`, FHIR `transforms`.
    Transforms,
    /// `signs`, FHIR `signs`.
    Signs,
    /// `APND`, FHIR `appends`; refused at deposit by the CI-SIS.
    Appends,
}

impl RelationKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Replaces, Self::Transforms, Self::Signs, Self::Appends];

    /// FHIR `relatesTo.code`.
    pub fn fhir(self) -> &'static str {
        match self {
            Self::Replaces => "replaces",
            Self::Transforms => "transforms",
            Self::Signs => "signs",
            Self::Appends => "appends",
        }
    }

    /// Reads FHIR `relatesTo.code`.
    pub fn from_fhir(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.fhir() == code)
    }

    /// CDA `relatedDocument/@typeCode`; CDA has none for `signs`.
    pub fn cda(self) -> Option<&'static str> {
        match self {
            Self::Replaces => Some("RPLC"),
            Self::Transforms => Some("XFRM"),
            Self::Appends => Some("APND"),
            Self::Signs => None,
        }
    }
}

/// A relation to a document of the same record, named by its unique id.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Relation {
    /// The kind.
    pub kind: RelationKind,
    /// The other document.
    pub target: UniqueId,
}

/// What a reference of `referenceIdList` points to (JDV_J197).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ReferenceKind {
    /// `urn:ihe:iti:xds:2013:order`
    Order,
    /// `urn:ihe:iti:xds:2013:accession`
    Accession,
    /// `urn:ihe:iti:xds:2016:studyInstanceUID`
    StudyInstanceUid,
}

impl ReferenceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Order, Self::Accession, Self::StudyInstanceUid];

    /// The CXi.5 URN.
    pub fn urn(self) -> &'static str {
        match self {
            Self::Order => "urn:ihe:iti:xds:2013:order",
            Self::Accession => "urn:ihe:iti:xds:2013:accession",
            Self::StudyInstanceUid => "urn:ihe:iti:xds:2016:studyInstanceUID",
        }
    }

    /// The name in `cda metadata`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Accession => "accession",
            Self::StudyInstanceUid => "studyInstanceUID",
        }
    }
}

/// One entry of `referenceIdList`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReferenceId {
    /// What it points to.
    pub kind: ReferenceKind,
    /// The identifier.
    pub id: Identifier,
}

/// SHA-1 of the document's bytes (XDS `hash`: hex there, base64 of the raw bytes in FHIR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Sha1(pub [u8; 20]);

impl Sha1 {
    /// Lower-case hex, as XDS writes it.
    pub fn hex(&self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Reads 40 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 40 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut raw = [0; 20];
        for (i, byte) in raw.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(Self(raw))
    }
}

/// What a depositor says of a document: everything of XDS DocumentEntry but what the registry assigns.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DocumentMetadata {
    /// `uniqueId`.
    pub unique_id: UniqueId,
    /// `patientId`.
    pub patient: Ins,
    /// `sourcePatientId` and `sourcePatientInfo`.
    pub source_patient: SourcePatient,
    /// `author`, at least one.
    pub authors: Vec<Author>,
    /// `legalAuthenticator`.
    pub legal_authenticator: Option<LegalAuthenticator>,
    /// Organisation that keeps the document (CDA and FHIR `custodian`).
    pub custodian: Organization,
    /// `title`.
    pub title: String,
    /// `comments`.
    pub comments: Option<String>,
    /// `creationTime`.
    pub creation_time: Timestamp,
    /// `serviceStartTime`.
    pub service_start: Timestamp,
    /// `serviceStopTime`.
    pub service_stop: Option<Timestamp>,
    /// `languageCode`.
    pub language: String,
    /// `classCode`, derived from the type (ASS_X16).
    pub class: Code,
    /// `typeCode` (JDV_J66).
    pub type_code: Code,
    /// `formatCode`.
    pub format: Code,
    /// `confidentialityCode`.
    pub labels: Labels,
    /// `eventCodeList`.
    pub events: Vec<Code>,
    /// `healthcareFacilityTypeCode`.
    pub facility_type: Code,
    /// `practiceSettingCode`.
    pub practice_setting: Code,
    /// `mimeType`.
    pub mime_type: String,
    /// `referenceIdList`.
    pub references: Vec<ReferenceId>,
    /// Associations to earlier documents.
    pub relations: Vec<Relation>,
    /// `hash`.
    pub hash: Sha1,
    /// `size`, in bytes.
    pub size: u64,
}

impl DocumentMetadata {
    /// True for a FHIR document, which is read as the Bundle that it is.
    pub fn is_fhir(&self) -> bool {
        [FHIR_DOCUMENT, FHIR_DOCUMENT_XML].contains(&self.mime_type.as_str())
    }
}

/// Earlier entryUUIDs that an entry names; a document that changes for ever must not grow for ever.
pub const FORMER_UUIDS: usize = 16;

/// A registered document: what the depositor said and what the registry assigned.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DocumentEntry {
    /// Our resource id, stable over metadata updates (XDS `logicalID`); time-ordered.
    pub id: Uuid,
    /// `entryUUID`, changes with each metadata update (rule MSK-08).
    pub entry_uuid: Uuid,
    /// The entryUUIDs that it had before, oldest first: the last [`FORMER_UUIDS`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_uuids: Vec<Uuid>,
    /// Metadata version, from 1.
    pub version: u32,
    /// `availabilityStatus`.
    pub availability: Availability,
    /// Random id of the content (the FHIR Binary), which tells nothing of the document.
    pub content_id: Uuid,
    /// The submission that brought it.
    pub submission_id: Uuid,
    /// When the entry was made or last changed.
    pub updated: super::time::Instant,
    /// When the entry was made.
    pub deposited: super::time::Instant,
    /// Who deposited it: PS_IdNat, or Struct_IdNat of an establishment.
    pub depositor: String,
    /// Structure that the depositor's certificate carries, if any.
    pub depositor_structure: Option<String>,
    /// Structure that the depositor declared.
    pub declared_structure: Option<String>,
    /// The patient, or who acts for him, deposited it (CLS-03, PAT-01).
    #[serde(default)]
    pub from_patient: bool,
    /// What the depositor said.
    pub metadata: DocumentMetadata,
}

impl DocumentEntry {
    /// Makes it the next version, with an entryUUID of its own (rule MSK-08); the one that it had stays among the former ones.
    pub fn renew(&mut self, entry_uuid: Uuid, at: super::time::Instant) {
        self.version += 1;
        self.former_uuids
            .push(std::mem::replace(&mut self.entry_uuid, entry_uuid));
        let beyond = self.former_uuids.len().saturating_sub(FORMER_UUIDS);
        self.former_uuids.drain(..beyond);
        self.updated = at;
    }
}
