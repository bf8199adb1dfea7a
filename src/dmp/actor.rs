//! Who acts, as the certificate says it.

use super::code::{Code, system};
use super::ins::Ins;
use super::national_id::{PsIdNat, StructIdNat};
use super::person::PersonName;

/// What a certificate makes of its holder (cards and IGC-Santé profiles).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// Card of a professional.
    Cps,
    /// Card of a professional in training.
    Cpf,
    /// Card of an employee, nominative or not.
    Cpe,
    /// Establishment certificate (AUTH_CLI).
    Establishment,
    /// The holder of the record, through a portal.
    Holder,
    /// A legal representative, through a portal (MIN-01, PRO-01).
    Representative,
    /// A caregiver to whom the holder delegated, through a portal (AID-02).
    Caregiver,
    /// The server itself: what falls due.
    System,
}

impl ActorKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Cps,
        Self::Cpf,
        Self::Cpe,
        Self::Establishment,
        Self::Holder,
        Self::Representative,
        Self::Caregiver,
        Self::System,
    ];

    /// True for the cards that name a professional who may consult (rule AUT-01).
    pub fn is_nominative(self) -> bool {
        matches!(self, Self::Cps | Self::Cpf)
    }

    /// True for the patient and who acts for him.
    pub fn is_patient_side(self) -> bool {
        matches!(self, Self::Holder | Self::Representative | Self::Caregiver)
    }
}

/// A person as his portal names him: issuer and subject of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct PortalUser(String);

impl PortalUser {
    /// Neither part may hold a bar or be empty.
    pub fn new(issuer: &str, subject: &str) -> Option<Self> {
        let sound = |part: &str| !part.is_empty() && !part.contains('|') && part.len() <= 255;
        (sound(issuer) && sound(subject)).then(|| Self(format!("{issuer}|{subject}")))
    }

    /// `iss`.
    pub fn issuer(&self) -> &str {
        self.0.split_once('|').map_or("", |(issuer, _)| issuer)
    }

    /// `sub`.
    pub fn subject(&self) -> &str {
        self.0.split_once('|').map_or("", |(_, subject)| subject)
    }
}

/// A structure with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// Struct_IdNat.
    pub id: StructIdNat,
    /// Its name, when the certificate gives one.
    pub name: Option<String>,
}

/// The identifier that an actor answers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum ActorId {
    /// A person's PS_IdNat.
    Person(PsIdNat),
    /// An establishment's Struct_IdNat.
    Structure(StructIdNat),
    /// Who acts through a portal.
    User(PortalUser),
}

impl ActorId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Person(id) => id.as_str(),
            Self::Structure(id) => id.as_str(),
            Self::User(user) => &user.0,
        }
    }

    /// The key under which tables keep what concerns him: persons, structures and portal users are told apart.
    pub fn key(&self) -> String {
        let letter = match self {
            Self::Person(_) => 'P',
            Self::Structure(_) => 'S',
            Self::User(_) => 'U',
        };
        format!("{letter}:{}", self.as_str())
    }

    /// OID of its authority; the issuer of a portal user.
    pub fn authority(&self) -> &str {
        match self {
            Self::Person(_) => system::PS_ID_NAT,
            Self::Structure(_) => system::STRUCT_ID_NAT,
            Self::User(user) => user.issuer(),
        }
    }
}

/// What a portal's token says beside who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mandate {
    /// The record that the token names.
    pub patient: Ins,
    /// `protection: "person"`: an adult whose person is protected (PRO-01).
    pub protects_person: bool,
}

/// Who acts. Made by `identity` from a verified certificate, and a portal's token where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Kind of card or certificate.
    pub kind: ActorKind,
    /// National identifier.
    pub id: ActorId,
    /// Name of the person; empty for an establishment.
    pub name: PersonName,
    /// TRE_G15 profession, or TRE_G16 for a CPF: the column of the matrix.
    pub profession: Option<Code>,
    /// Specialities (TRE_R01).
    pub specialities: Vec<String>,
    /// The structure that the certificate itself carries (CPE, establishment).
    pub structure: Option<Structure>,
    /// What the token of a portal says; None for who holds the certificate himself.
    pub mandate: Option<Mandate>,
    /// Configured as operator: opens and administers records.
    pub operator: bool,
    /// Configured as regulator: may use mode `centre_15`.
    pub regulator: bool,
}

impl Actor {
    /// The name to show in traces: person or structure.
    pub fn display(&self) -> String {
        let person = [self.name.family.as_deref(), self.name.given.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
        match (&self.structure, person.is_empty()) {
            (Some(structure), true) => structure
                .name
                .clone()
                .unwrap_or_else(|| structure.id.to_string()),
            (_, true) => self.id.as_str().to_owned(),
            (_, false) => person,
        }
    }

    /// False for who comes through a portal with a token for another record.
    pub fn may_name(&self, patient: &Ins) -> bool {
        let mandate = self.mandate.as_ref();
        mandate.is_none_or(|mandate| mandate.patient == *patient)
    }

    /// The column of the habilitation matrix: the profession code, training professions read in the same column.
    pub fn matrix_column(&self) -> Option<&str> {
        self.profession
            .as_ref()
            .map(|profession| profession.code.as_str())
    }
}
