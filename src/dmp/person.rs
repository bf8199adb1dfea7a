//! People and organisations as document metadata name them.

use super::code::Code;
use super::time::Timestamp;

/// An HL7 instance identifier whose authority is free: `root` and `extension`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Identifier {
    /// OID of the assigning authority (XDS CX.4), or another URI that FHIR gave as system.
    pub root: String,
    /// The identifier itself; empty when the root alone identifies.
    pub extension: String,
}

/// The name of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct PersonName {
    /// Family name.
    pub family: Option<String>,
    /// Given names, joined by a blank.
    pub given: Option<String>,
}

/// An organisation (XDS XON).
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Organization {
    /// Struct_IdNat or another identifier.
    pub id: Option<Identifier>,
    /// Its name.
    pub name: Option<String>,
}

/// Who or what wrote a document.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AuthorKind {
    /// A professional.
    Professional,
    /// The patient, or who acts for him.
    Patient,
    /// A device or software; the name is its model.
    Device,
    /// An organisation alone.
    Organization,
}

/// An author of a document (XDS `author`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Author {
    /// What kind of author.
    pub kind: AuthorKind,
    /// `authorPerson` identifier (PS_IdNat), or the device's.
    pub id: Option<Identifier>,
    /// `authorPerson` name.
    pub name: PersonName,
    /// Model name of a device.
    pub device: Option<String>,
    /// `authorSpecialty`.
    pub specialty: Option<Code>,
    /// `authorRole`, a function code (JDV_J47) or its label.
    pub role: Option<Code>,
    /// `authorInstitution`.
    pub institution: Option<Organization>,
}

/// The person legally responsible for a document (XDS `legalAuthenticator`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LegalAuthenticator {
    /// PS_IdNat or another identifier.
    pub id: Option<Identifier>,
    /// Name.
    pub name: PersonName,
}

/// Administrative sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Sex {
    /// `M`
    Male,
    /// `F`
    Female,
    /// Neither known.
    Unknown,
}

impl Sex {
    /// HL7 code: `M`, `F`, `U`.
    pub fn hl7(self) -> &'static str {
        match self {
            Self::Male => "M",
            Self::Female => "F",
            Self::Unknown => "U",
        }
    }

    /// FHIR code of `Patient.gender`.
    pub fn fhir(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the HL7 code; anything else is unknown.
    pub fn from_hl7(code: &str) -> Self {
        match code {
            "M" => Self::Male,
            "F" => Self::Female,
            _ => Self::Unknown,
        }
    }

    /// Reads the FHIR code; `other` is not a value of the DMP.
    pub fn from_fhir(code: &str) -> Option<Self> {
        match code {
            "male" => Some(Self::Male),
            "female" => Some(Self::Female),
            "unknown" => Some(Self::Unknown),
            _ => None,
        }
    }
}

/// The patient as the source of the document knew him at the time (XDS `sourcePatientId`, `sourcePatientInfo`); never updated.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct SourcePatient {
    /// Local identifiers (IPP), the INS excluded.
    pub ids: Vec<Identifier>,
    /// Birth name.
    pub family_birth: Option<String>,
    /// Name in use.
    pub family_used: Option<String>,
    /// Given names, joined by a blank.
    pub given: Option<String>,
    /// Birth date, with its precision.
    pub birth_date: Option<Timestamp>,
    /// Sex.
    pub sex: Option<Sex>,
}

/// A name as it is compared: lower case, without the accents of European languages.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'æ' => folded.push_str("ae"),
            'ç' | 'ć' | 'č' | 'ċ' | 'ĉ' => folded.push('c'),
            'ď' | 'đ' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => folded.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => folded.push('g'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => folded.push('i'),
            'ł' | 'ľ' | 'ĺ' | 'ļ' => folded.push('l'),
            'ñ' | 'ń' | 'ň' | 'ņ' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => folded.push('o'),
            'œ' => folded.push_str("oe"),
            'ŕ' | 'ř' | 'ŗ' => folded.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => folded.push('s'),
            'ß' => folded.push_str("ss"),
            'ť' | 'ţ' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ž' | 'ż' => folded.push('z'),
            // Combining accents, of a name written in its decomposed form.
            '\u{300}'..='\u{36f}' => {}
            '’' => folded.push('\''),
            c => folded.push(c),
        }
    }
    folded
}
