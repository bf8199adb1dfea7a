//! Value sets and maps of the DMP.

use crate::dmp::code::Code;

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

/// One value set.
#[derive(Debug)]
pub struct ValueSet {
    /// Its name, `JDV_J66-TypeCode-DMP`.
    pub name: String,
    /// Its version, `20240927120000`.
    pub version: String,
}

impl ValueSet {
    /// True when the code with its system is a member; deprecated members count.
    pub fn contains(&self, code: &Code) -> bool {
        let _ = code;
        false
    }

    /// The value set's label of a member.
    pub fn display(&self, code: &Code) -> Option<&str> {
        let _ = code;
        None
    }
}

/// Value sets and maps.
#[derive(Debug)]
pub struct Terminology {}

impl Terminology {
    /// A value set.
    pub fn list(&self, list: List) -> &ValueSet {
        let _ = list;
        unimplemented!()
    }

    /// The class of a type (ASS_X16).
    pub fn class_of(&self, type_code: &Code) -> Option<Code> {
        let _ = type_code;
        None
    }

    /// The format of a CDA template (ASS_A11 and our overrides); the extension is tried first, then the root alone.
    pub fn format_of_template(&self, root: &str, extension: Option<&str>) -> Option<Code> {
        let _ = (root, extension);
        None
    }

    /// The format of an unstructured body (ASS_A12).
    pub fn format_of_media_type(&self, media_type: &str) -> Option<Code> {
        let _ = media_type;
        None
    }
}
