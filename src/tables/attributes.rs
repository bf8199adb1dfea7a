//! The XDS attributes with their homes in ebRIM, FHIR and CDA: the rows of `mappings/xds-attributes.csv`.
//!
//! Readers and writers name elements in errors by these paths, so that one attribute has one name everywhere.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

macro_rules! attributes {
    ($($variant:ident = $object:literal $name:literal,)*) => {
        /// An attribute of XDS DocumentEntry or SubmissionSet (CI-SIS metadata).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Attribute {
            $(#[doc = concat!($object, ".", $name)] $variant,)*
        }

        impl Attribute {
            /// Every attribute, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its object and its XDS name: `("DocumentEntry", "typeCode")`.
            pub fn name(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($object, $name),)* }
            }
        }
    };
}

attributes! {
    EntryUuid = "DocumentEntry" "entryUUID",
    LogicalId = "DocumentEntry" "logicalId",
    UniqueId = "DocumentEntry" "uniqueId",
    Version = "DocumentEntry" "version",
    AvailabilityStatus = "DocumentEntry" "availabilityStatus",
    ObjectType = "DocumentEntry" "objectType",
    MimeType = "DocumentEntry" "mimeType",
    PatientId = "DocumentEntry" "patientId",
    SourcePatientId = "DocumentEntry" "sourcePatientId",
    SourcePatientInfo = "DocumentEntry" "sourcePatientInfo",
    Author = "DocumentEntry" "author",
    AuthorPerson = "DocumentEntry" "authorPerson",
    AuthorInstitution = "DocumentEntry" "authorInstitution",
    AuthorRole = "DocumentEntry" "authorRole",
    AuthorSpecialty = "DocumentEntry" "authorSpecialty",
    LegalAuthenticator = "DocumentEntry" "legalAuthenticator",
    Custodian = "DocumentEntry" "custodian",
    Title = "DocumentEntry" "title",
    Comments = "DocumentEntry" "comments",
    CreationTime = "DocumentEntry" "creationTime",
    ServiceStartTime = "DocumentEntry" "serviceStartTime",
    ServiceStopTime = "DocumentEntry" "serviceStopTime",
    LanguageCode = "DocumentEntry" "languageCode",
    ClassCode = "DocumentEntry" "classCode",
    TypeCode = "DocumentEntry" "typeCode",
    FormatCode = "DocumentEntry" "formatCode",
    ConfidentialityCode = "DocumentEntry" "confidentialityCode",
    EventCodeList = "DocumentEntry" "eventCodeList",
    HealthcareFacilityTypeCode = "DocumentEntry" "healthcareFacilityTypeCode",
    PracticeSettingCode = "DocumentEntry" "practiceSettingCode",
    Hash = "DocumentEntry" "hash",
    Size = "DocumentEntry" "size",
    RepositoryUniqueId = "DocumentEntry" "repositoryUniqueId",
    Uri = "DocumentEntry" "URI",
    ReferenceIdList = "DocumentEntry" "referenceIdList",
    Relations = "DocumentEntry" "relations",
    SetEntryUuid = "SubmissionSet" "entryUUID",
    SetUniqueId = "SubmissionSet" "uniqueId",
    SetPatientId = "SubmissionSet" "patientId",
    SetSourceId = "SubmissionSet" "sourceId",
    SetAvailabilityStatus = "SubmissionSet" "availabilityStatus",
    SetSubmissionTime = "SubmissionSet" "submissionTime",
    SetContentTypeCode = "SubmissionSet" "contentTypeCode",
    SetAuthor = "SubmissionSet" "author",
    SetAuthorInstitution = "SubmissionSet" "authorInstitution",
    SetTitle = "SubmissionSet" "title",
    SetComments = "SubmissionSet" "comments",
    SetIntendedRecipient = "SubmissionSet" "intendedRecipient",
    SetDocuments = "SubmissionSet" "documents",
}

/// Where ebRIM keeps an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EbrimKind {
    /// An XML attribute of the object.
    Attribute,
    /// A slot, by its name.
    Slot,
    /// A classification, by its scheme's UUID.
    Classification,
    /// An external identifier, by its scheme's UUID.
    ExternalIdentifier,
    /// `Name`.
    Name,
    /// `Description`.
    Description,
    /// `VersionInfo`.
    VersionInfo,
    /// Associations from the object.
    Association,
    /// Nowhere.
    None,
}

/// One row of `mappings/xds-attributes.csv`.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// `DocumentEntry` or `SubmissionSet`.
    pub object: String,
    /// XDS name.
    pub attribute: String,
    /// Kind of its ebRIM home.
    pub kind: EbrimKind,
    /// Name or UUID of that home.
    pub ebrim: String,
    /// French cardinality.
    pub cardinality: String,
    /// FHIRPaths joined by ` | `, the element that errors name first; empty without FHIR home.
    pub fhir: String,
    /// XPath without prefixes; empty without CDA home.
    pub cda: String,
    /// Value list, empty without.
    pub list: String,
    /// What else to know.
    pub note: String,
}

static ROWS: LazyLock<HashMap<(String, String), Row>> = LazyLock::new(|| {
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(include_str!("../../mappings/xds-attributes.csv").as_bytes())
        .deserialize::<Row>()
        .filter_map(Result::ok)
        .map(|row| ((row.object.clone(), row.attribute.clone()), row))
        .collect()
});

/// The attribute's rows in the order of [`Attribute::ALL`]; a test proves that each has one.
static BY_ATTRIBUTE: LazyLock<HashMap<Attribute, &'static Row>> = LazyLock::new(|| {
    Attribute::ALL
        .iter()
        .filter_map(|attribute| {
            let (object, name) = attribute.name();
            let row = ROWS.get(&(object.to_owned(), name.to_owned()))?;
            Some((*attribute, row))
        })
        .collect()
});

/// The row of an attribute.
pub fn row(attribute: Attribute) -> Option<&'static Row> {
    BY_ATTRIBUTE.get(&attribute).copied()
}

/// The FHIR element that errors name: `DocumentReference.type`. The resource's name when the attribute has no FHIR home.
pub fn fhir_path(attribute: Attribute) -> &'static str {
    let element = row(attribute).and_then(|row| row.fhir.split(" | ").next());
    match (element, attribute.name().0) {
        (Some(path), _) if !path.is_empty() => path,
        (_, "SubmissionSet") => "List",
        _ => "DocumentReference",
    }
}

/// The CDA element, `/ClinicalDocument/code`; None when the header has no home for it.
pub fn cda_path(attribute: Attribute) -> Option<&'static str> {
    row(attribute)
        .map(|row| row.cda.as_str())
        .filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn enum_and_table_hold_the_same_attributes() {
        assert_eq!(ROWS.len(), Attribute::ALL.len());
        for attribute in Attribute::ALL {
            assert!(row(*attribute).is_some(), "{:?}", attribute.name());
        }
        let text = include_str!("../../mappings/xds-attributes.csv");
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(lines, ROWS.len() + 1, "every line is a row of its own");
    }

    #[test]
    fn rows_are_complete() {
        for row in ROWS.values() {
            let name = format!("{}.{}", row.object, row.attribute);
            assert!(
                matches!(
                    row.cardinality.as_str(),
                    "0..1" | "1..1" | "0..*" | "1..*" | "1..4"
                ),
                "{name}: cardinality"
            );
            assert_eq!(
                row.ebrim.is_empty(),
                row.kind == EbrimKind::None,
                "{name}: ebRIM"
            );
            let uuid = matches!(
                row.kind,
                EbrimKind::Classification | EbrimKind::ExternalIdentifier
            );
            assert_eq!(
                uuid::Uuid::try_parse(&row.ebrim).is_ok(),
                uuid,
                "{name}: scheme"
            );
            let resource = match row.object.as_str() {
                "DocumentEntry" => "DocumentReference.",
                _ => "List.",
            };
            for path in row.fhir.split(" | ").filter(|path| !path.is_empty()) {
                assert!(path.starts_with(resource), "{name}: {path}");
            }
            assert!(
                row.cda.is_empty() || row.cda.starts_with("/ClinicalDocument/"),
                "{name}"
            );
            let told = !row.fhir.is_empty() || !row.note.is_empty();
            assert!(told, "{name}: no FHIR home and no word why");
        }
    }

    #[test]
    fn no_two_attributes_share_an_ebrim_home() {
        let mut homes = HashSet::new();
        for row in ROWS.values().filter(|row| row.kind != EbrimKind::None) {
            // Author slots stand in the author classification of their object.
            assert!(homes.insert((&row.object, row.kind, &row.ebrim)), "{row:?}");
        }
    }

    #[test]
    fn value_lists_are_ours_or_named_by_the_model() {
        let tables = crate::tables::Tables::built_in();
        let bound: HashSet<&str> = crate::tables::terminology::List::ALL
            .into_iter()
            .map(|list| tables.terminology.list(list).name.as_str())
            .collect();
        let named: HashSet<&str> = ROWS
            .values()
            .map(|row| row.list.as_str())
            .filter(|list| !list.is_empty())
            .collect();
        assert!(bound.is_subset(&named), "a value set binds no attribute");
        let in_the_model: HashSet<&str> = named.difference(&bound).copied().collect();
        let expected = [
            "JDV_J52-AvailabilityStatus-CISIS",
            "JDV_J197-XdsTypesIdentifiantsReferenceId-CISIS",
        ];
        assert_eq!(in_the_model, expected.into());
    }

    #[test]
    fn paths_are_those_of_the_guides() {
        assert_eq!(fhir_path(Attribute::TypeCode), "DocumentReference.type");
        assert_eq!(
            cda_path(Attribute::TypeCode),
            Some("/ClinicalDocument/code")
        );
        assert_eq!(
            fhir_path(Attribute::CreationTime),
            "DocumentReference.content.attachment.creation"
        );
        assert_eq!(fhir_path(Attribute::ObjectType), "DocumentReference");
        assert_eq!(fhir_path(Attribute::SetSubmissionTime), "List.date");
        assert_eq!(cda_path(Attribute::ClassCode), None);
    }
}
