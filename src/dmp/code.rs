//! A coded value as XDS carries it.

/// A code with its coding scheme. In this model the scheme is always an OID or the literals `URN` and `ASTM`;
/// FHIR URLs are converted at the edge (`tables::systems`).
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
    /// OID of the code system, or `URN`, or `ASTM`.
    pub system: String,
    /// The label that came with it; never used to decide.
    pub display: Option<String>,
}

impl Code {
    /// A code without label.
    pub fn new(code: impl Into<String>, system: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            system: system.into(),
            display: None,
        }
    }
}

/// Labels differ from file to file for one code: equality is code and system.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code && self.system == other.system
    }
}

impl Eq for Code {}

/// OIDs of the code systems that the code names by itself; all the others are rows of `mappings/`.
pub mod system {
    /// LOINC.
    pub const LOINC: &str = "2.16.840.1.113883.6.1";
    /// TRE_A03-ClasseDocument.
    pub const CLASS: &str = "1.2.250.1.213.1.1.4.1";
    /// TRE_A05-TypeDocComplementaire.
    pub const TYPE: &str = "1.2.250.1.213.1.1.4.12";
    /// TRE_A07-StatutVisibiliteDocument.
    pub const VISIBILITY: &str = "1.2.250.1.213.1.1.4.13";
    /// TRE_A08-HL7Confidentiality (HL7 v3 Confidentiality).
    pub const CONFIDENTIALITY: &str = "2.16.840.1.113883.5.25";
    /// TRE_G15-ProfessionSante.
    pub const PROFESSION: &str = "1.2.250.1.71.1.2.7";
    /// TRE_G16-ProfessionFormation.
    pub const TRAINING: &str = "1.2.250.1.71.1.2.8";
    /// TRE_R01-EnsembleSavoirFaire.
    pub const SPECIALITY: &str = "1.2.250.1.71.4.2.5";
    /// PS_IdNat.
    pub const PS_ID_NAT: &str = "1.2.250.1.71.4.2.1";
    /// Struct_IdNat.
    pub const STRUCT_ID_NAT: &str = "1.2.250.1.71.4.2.2";
}
