//! Value sets and maps of the DMP.

mod maps;
mod patient;
mod value_set;

use std::collections::HashSet;

use super::files::Files;
use super::sheet::Problems;
use crate::dmp::code::Code;
use maps::{Maps, reserved_types};
use patient::PatientDeposits;

pub use value_set::ValueSet;

/// The value sets that the DMP binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// JDV_J66-TypeCode-DMP
    Type,
    /// JDV_J57-ClassCode-DMP
    Class,
    /// JDV_J60-FormatCode-DMP
    Format,
    /// JDV_J58-ConfidentialityCode-DMP
    Confidentiality,
    /// JDV_J61-HealthcareFacilityTypeCode-DMP
    FacilityType,
    /// JDV_J62-PracticeSettingCode-DMP
    PracticeSetting,
    /// JDV_J56-AuthorSpecialty-DMP
    AuthorSpecialty,
    /// JDV_J47-FunctionCode-CISIS
    AuthorRole,
    /// JDV_J59-ContentTypeCode-DMP
    ContentType,
}

impl List {
    /// Every list, in the order of the enum.
    pub const ALL: [Self; 9] = [
        Self::Type,
        Self::Class,
        Self::Format,
        Self::Confidentiality,
        Self::FacilityType,
        Self::PracticeSetting,
        Self::AuthorSpecialty,
        Self::AuthorRole,
        Self::ContentType,
    ];

    fn file(self) -> &'static str {
        match self {
            Self::Type => "JDV_J66-TypeCode-DMP.csv",
            Self::Class => "JDV_J57-ClassCode-DMP.csv",
            Self::Format => "JDV_J60-FormatCode-DMP.csv",
            Self::Confidentiality => "JDV_J58-ConfidentialityCode-DMP.csv",
            Self::FacilityType => "JDV_J61-HealthcareFacilityTypeCode-DMP.csv",
            Self::PracticeSetting => "JDV_J62-PracticeSettingCode-DMP.csv",
            Self::AuthorSpecialty => "JDV_J56-AuthorSpecialty-DMP.csv",
            Self::AuthorRole => "JDV_J47-FunctionCode-CISIS.csv",
            Self::ContentType => "JDV_J59-ContentTypeCode-DMP.csv",
        }
    }
}

/// Value sets and maps.
#[derive(Debug)]
pub struct Terminology {
    lists: [ValueSet; List::ALL.len()],
    maps: Maps,
    reserved: HashSet<String>,
    patient: PatientDeposits,
}

impl Terminology {
    pub(super) fn read(files: &Files, problems: &mut Problems) -> Self {
        let lists = List::ALL.map(|list| ValueSet::read(&files.get(list.file()), problems));
        let [types, classes, ..] = &lists;
        let maps = Maps::read(files, types, classes, problems);
        Self {
            patient: PatientDeposits::read(files, types, &maps, problems),
            maps,
            reserved: reserved_types(files, types, problems),
            lists,
        }
    }

    /// A value set.
    pub fn list(&self, list: List) -> &ValueSet {
        let [j66, j57, j60, j58, j61, j62, j56, j47, j59] = &self.lists;
        match list {
            List::Type => j66,
            List::Class => j57,
            List::Format => j60,
            List::Confidentiality => j58,
            List::FacilityType => j61,
            List::PracticeSetting => j62,
            List::AuthorSpecialty => j56,
            List::AuthorRole => j47,
            List::ContentType => j59,
        }
    }

    /// The class of a type (ASS_X16).
    pub fn class_of(&self, type_code: &Code) -> Option<Code> {
        self.maps.class_of(type_code).cloned()
    }

    /// The format of a CDA template (ASS_A11 and our overrides); the extension is tried first, then the root alone.
    /// None for the template of unstructured bodies: their media type tells it ([`Terminology::format_of_media_type`]).
    pub fn format_of_template(&self, root: &str, extension: Option<&str>) -> Option<Code> {
        self.maps.format_of_template(root, extension).cloned()
    }

    /// The format of an unstructured body (ASS_A12).
    pub fn format_of_media_type(&self, media_type: &str) -> Option<Code> {
        self.maps.format_of_media_type(media_type).cloned()
    }

    /// True for the types that no professional deposits (contract: `type-not-allowed`, rules CLS-03 and PAT-02).
    pub fn is_reserved(&self, type_code: &str) -> bool {
        self.reserved.contains(type_code)
    }

    /// True for the types that a patient deposits himself (rule PAT-02).
    pub fn is_for_patients(&self, type_code: &str) -> bool {
        self.patient.types.contains(type_code)
    }

    /// The media type that a patient's content of this one is kept under; None when he may not deposit it (rule PAT-01).
    pub fn media_of_patients(&self, media_type: &str) -> Option<&str> {
        let media_type = media_type.to_ascii_lowercase();
        self.patient.media.get(&media_type).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dmp::code::system;
    use crate::tables::Tables;

    fn loinc(code: &str) -> Code {
        Code::new(code, system::LOINC)
    }

    #[test]
    fn lists_are_where_the_enum_says() {
        let tables = Tables::built_in();
        for list in List::ALL {
            let name = &tables.terminology.list(list).name;
            assert_eq!(format!("{name}.csv"), list.file());
        }
    }

    #[test]
    fn a_code_is_a_member_with_its_system_only() {
        let tables = Tables::built_in();
        let types = tables.terminology.list(List::Type);
        assert!(types.contains(&loinc("11488-4")));
        assert!(!types.contains(&Code::new("11488-4", system::TYPE)));
        assert!(!types.contains(&loinc("34876-3")), "of J07, not of J66");
        assert_eq!(
            types.display(&loinc("11488-4")),
            Some("CR ou fiche de consultation ou de visite")
        );
        assert!(types.contains(&Code::new("E1762", "ASTM")));
        assert_eq!(types.version, "20240927120000");
    }

    #[test]
    fn one_code_of_two_systems_keeps_two_labels() {
        let tables = Tables::built_in();
        let content = tables.terminology.list(List::ContentType);
        let activity = content.display(&Code::new("11", "1.2.250.1.213.2.2"));
        let form = content.display(&Code::new("11", "1.2.250.1.213.1.6.1.128"));
        assert!(activity.is_some() && form.is_some() && activity != form);
    }

    #[test]
    fn deprecated_members_count_and_can_be_told() {
        let tables = Tables::built_in();
        let formats = tables.terminology.list(List::Format);
        let old = Code::new("urn:asip:ci-sis:dlu:2024", "1.2.250.1.213.1.1.4.2.282");
        assert!(formats.contains(&old));
        assert_eq!(formats.deprecated_since(&old), Some("2025-10-29"));
        let live = Code::new("urn:asip:ci-sis:dlu:2015", "1.2.250.1.213.1.1.4.2.282");
        assert_eq!(formats.deprecated_since(&live), None);
    }

    #[test]
    fn a_class_is_found_by_type_and_system() {
        let terminology = Tables::built_in().terminology;
        let class = terminology.class_of(&loinc("11488-4"));
        assert_eq!(class, Some(Code::new("10", system::CLASS)));
        assert_eq!(
            class.and_then(|class| class.display).as_deref(),
            Some("Compte rendu")
        );
        assert_eq!(
            terminology.class_of(&Code::new("E1762", "ASTM")),
            Some(Code::new("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN"))
        );
        assert_eq!(
            terminology.class_of(&Code::new("11488-4", system::TYPE)),
            None
        );
    }

    #[test]
    fn a_format_is_found_by_template_or_media_type() {
        let terminology = Tables::built_in().terminology;
        let vaccination = terminology.format_of_template("1.2.250.1.213.1.1.1.37", Some("2023.01"));
        assert_eq!(
            vaccination.map(|format| format.code).as_deref(),
            Some("urn:asip:ci-sis:vac:2019")
        );
        let rapid_test = terminology.format_of_template("1.2.250.1.213.1.1.1.59", Some("2024.01"));
        assert_eq!(
            rapid_test,
            Some(Code::new(
                "urn:ans:ci-sis:trod:2024",
                "1.2.250.1.213.1.1.4.2.282"
            ))
        );
        assert_eq!(
            terminology.format_of_template("1.3.6.1.4.1.19376.1.2.20", None),
            None
        );
        assert_eq!(terminology.format_of_template("1.2.3", Some("4")), None);
        let pdf = terminology.format_of_media_type("Application/PDF");
        assert_eq!(
            pdf.map(|format| format.code).as_deref(),
            Some("urn:ihe:iti:xds-sd:pdf:2008")
        );
        assert_eq!(terminology.format_of_media_type("image/png"), None);
    }

    #[test]
    fn a_patient_deposits_types_and_media_of_his_own() {
        let terminology = Tables::built_in().terminology;
        for code in ["DOCPAT01", "DOCPAT07", "DOCPAT09", "EXPPAT_2"] {
            assert!(terminology.is_for_patients(code), "{code}");
            assert!(terminology.is_reserved(code), "{code}");
        }
        for code in ["DOCPAT08", "EXPPAT_1", "EXPPAT_3", "REMB", "11488-4", ""] {
            assert!(!terminology.is_for_patients(code), "{code}");
        }
        let media = |text| terminology.media_of_patients(text);
        assert_eq!(media("Image/JPG"), Some("image/jpeg"));
        assert_eq!(media("application/rtf"), Some("text/rtf"));
        assert_eq!(media("image/png"), None);
        assert_eq!(media("text/xml"), None);
    }

    #[test]
    fn what_the_patient_deposits_is_reserved() {
        let terminology = Tables::built_in().terminology;
        for code in ["DOCPAT01", "DOCPAT09", "EXPPAT_3", "REMB"] {
            assert!(terminology.is_reserved(code), "{code}");
        }
        for code in ["11488-4", "74465-6", "DOCPAT10", ""] {
            assert!(!terminology.is_reserved(code), "{code}");
        }
    }
}
