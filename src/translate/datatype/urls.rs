//! Canonical URLs: profiles, extensions and code systems that the resources carry.

/// PDSm's extension of an archived entry.
pub(in crate::translate) const IS_ARCHIVED: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";
/// PDSm's profile of a document entry.
pub(in crate::translate) const COMPREHENSIVE_DOCUMENT: &str = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference";
/// PDSm's profile of a submission.
pub(in crate::translate) const COMPREHENSIVE_SUBMISSION: &str = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-submissionset-comprehensive";
/// PDSm's profile of a folder.
pub(in crate::translate) const COMPREHENSIVE_FOLDER: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-folder-comprehensive";
/// Where the profiles live that a client may claim without anything being lost.
pub(in crate::translate) const KNOWN_PROFILES: [&str; 6] = [
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/",
    "https://interop.esante.gouv.fr/ig/fhir/pdsm4dmp/",
    "https://interop.esante.gouv.fr/ig/fhir/annuaire/",
    "https://profiles.ihe.net/ITI/MHD/",
    "https://hl7.fr/ig/fhir/core/",
    "https://passerelle.dev/fhir/",
];
/// MHD: slices of `identifier`.
pub(in crate::translate) const IDENTIFIER_SLICES: &str =
    "https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType";
/// MHD: kinds of List.
pub(in crate::translate) const LIST_TYPES: &str =
    "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes";
/// MHD: `contentTypeCode` of a submission.
pub(in crate::translate) const DESIGNATION_TYPE: &str =
    "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType";
/// MHD: `sourceId` of a submission.
pub(in crate::translate) const SOURCE_ID: &str =
    "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId";
/// MHD: whom a submission is meant for.
pub(in crate::translate) const INTENDED_RECIPIENT: &str =
    "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-intendedRecipient";
/// PDSm: the same.
pub(in crate::translate) const PDSM_INTENDED_RECIPIENT: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-intended-recipient";
/// MHD: organisation of a submission's author.
pub(in crate::translate) const AUTHOR_ORG: &str =
    "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-authorOrg";
/// Seen in the draft guide's examples, defined nowhere.
pub(in crate::translate) const SOURCE_PATIENT_ID: &str =
    "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourcePatientId";
/// HL7: time of birth.
pub(in crate::translate) const BIRTH_TIME: &str =
    "http://hl7.org/fhir/StructureDefinition/patient-birthTime";
/// HL7: place of birth.
pub(in crate::translate) const BIRTH_PLACE: &str =
    "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";
/// FR Core: INSEE code of a place.
pub(in crate::translate) const INSEE_CODE: &str =
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code";
/// FR Core: all given names at birth.
pub(in crate::translate) const BIRTH_GIVEN_NAMES: &str =
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name";
/// FR Core: reliability of an identity.
pub(in crate::translate) const IDENTITY_RELIABILITY: &str =
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability";
/// FR Core: profile of a patient with an INS.
pub(in crate::translate) const PATIENT_INS: &str =
    "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins";

/// The draft guide's extensions of Patient.
pub(in crate::translate) mod dmp {
    pub(in crate::translate) const CLOSURE: &str =
        "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-fermeture";
    pub(in crate::translate) const ATTACHED: &str =
        "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-rattachement-mes";
    pub(in crate::translate) const MEDECIN_TRAITANT: &str =
        "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-medecin-traitant";
    pub(in crate::translate) const CLOSURE_MOTIVE: &str =
        "https://interop.esante.gouv.fr/ig/fhir/dmp/CodeSystem/dmp-motif-fermeture";
    /// The DMP's own list of closure motives.
    pub(in crate::translate) const CLOSURE_MOTIVE_OID: &str = "urn:oid:1.2.250.1.213.4.1.2.4";
}

/// Our own.
pub(in crate::translate) mod ours {
    pub(in crate::translate) const RECORD_STATE: &str =
        "https://passerelle.dev/fhir/StructureDefinition/record-state";
    /// Everything is to be deleted, with the closing of the record (LC-14).
    pub(in crate::translate) const DELETION_ASKED: &str =
        "https://passerelle.dev/fhir/StructureDefinition/deletion-asked";
    /// The holder is told of each new document (NOT-07).
    pub(in crate::translate) const NOTIFY_DOCUMENTS: &str =
        "https://passerelle.dev/fhir/StructureDefinition/notify-documents";
    pub(in crate::translate) const OPPOSITION_DATE: &str =
        "https://passerelle.dev/fhir/StructureDefinition/opposition-date";
    pub(in crate::translate) const AUTHORISATION_STATUS: &str =
        "https://passerelle.dev/fhir/StructureDefinition/authorisation-status";
    pub(in crate::translate) const CONSENT_BASIS: &str =
        "https://passerelle.dev/fhir/StructureDefinition/consent-basis";
    pub(in crate::translate) const CONSENT_CATEGORY: &str =
        "https://passerelle.dev/fhir/CodeSystem/consent-category";
    /// Why a patient opposes feeding (FEED-03).
    pub(in crate::translate) const OPPOSITION_REASON: &str =
        "https://passerelle.dev/fhir/StructureDefinition/opposition-reason";
    /// Key of a right: category, patient, actor and switch.
    pub(in crate::translate) const CONSENT_KEY: &str =
        "https://passerelle.dev/fhir/identifier/consent";
    /// Transactions of the DMP.
    pub(in crate::translate) const DMP_TRANSACTION: &str =
        "https://passerelle.dev/fhir/CodeSystem/dmp-transaction";
    /// Role of an author whose resource has no place for it.
    pub(in crate::translate) const AUTHOR_ROLE: &str =
        "https://passerelle.dev/fhir/StructureDefinition/author-role";
    /// Speciality of an author whose resource has no place for it.
    pub(in crate::translate) const AUTHOR_SPECIALTY: &str =
        "https://passerelle.dev/fhir/StructureDefinition/author-specialty";
    /// Device of an author whose resource has no place for it.
    pub(in crate::translate) const AUTHOR_DEVICE: &str =
        "https://passerelle.dev/fhir/StructureDefinition/author-device";
    /// A professional's word for a vaccination that the patient declared (VAC-02).
    pub(in crate::translate) const VACCINATION_VALIDATION: &str =
        "https://passerelle.dev/fhir/StructureDefinition/dmp-vaccination-validation";
    /// Identifier of the person behind an organisation that is author.
    pub(in crate::translate) const AUTHOR_ID: &str =
        "https://passerelle.dev/fhir/StructureDefinition/author-identifier";
}
