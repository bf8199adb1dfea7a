//! What a reader of certificates notices without judging.

/// A fact that doesn't fit. `card inspect` prints its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// Signed with SHA-1: a legacy authority.
    Sha1Authority,
    /// The category of the product is not one of TRE_G01.
    CategoryUnknown,
    /// A card without gipCardType, or with an unknown one.
    CardTypeUnknown,
    /// The CN holds no national identifier.
    NationalIdMissing,
    /// The identifier's type doesn't belong to this kind of card.
    NationalIdType,
    /// The identifier fails its check digit; documentation numbers do.
    NationalIdCheckDigit,
    /// The OU holds no Struct_IdNat.
    StructureMissing,
    /// The structure's number fails its check digit; test numbers do.
    StructureCheckDigit,
    /// The CN's register number belongs to another structure than the OU.
    EmployerMismatch,
    /// A professional's card without profession.
    ProfessionMissing,
}

impl Problem {
    /// The name that `card inspect` prints.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1Authority => "sha1-authority",
            Self::CategoryUnknown => "category-unknown",
            Self::CardTypeUnknown => "card-type-unknown",
            Self::NationalIdMissing => "national-id-missing",
            Self::NationalIdType => "national-id-type",
            Self::NationalIdCheckDigit => "national-id-check-digit",
            Self::StructureMissing => "structure-missing",
            Self::StructureCheckDigit => "structure-check-digit",
            Self::EmployerMismatch => "employer-mismatch",
            Self::ProfessionMissing => "profession-missing",
        }
    }

    /// True when a certificate with this problem names nobody for sure; the others are worth a word only.
    pub fn is_contradiction(self) -> bool {
        !matches!(
            self,
            Self::Sha1Authority
                | Self::NationalIdCheckDigit
                | Self::StructureCheckDigit
                | Self::ProfessionMissing
        )
    }
}
