//! From attributes and extensions to kind, identifiers and structure, with their cross-checks.

use super::extensions::Extensions;
use super::subject::Subject;
use super::{Card, CardKind, Problem};
use crate::dmp::actor::{ActorId, Structure};
use crate::dmp::code::{Code, system};
use crate::dmp::context::Environment;
use crate::dmp::national_id::{PsIdNat, PsIdType, StructIdNat, luhn};

/// Set in the category of every test product (TRE_G01).
const TEST_BIT: u32 = 0x80;

impl Card {
    /// Fills who the certificate names.
    pub(super) fn identify(&mut self, subject: Subject, extensions: Extensions) {
        self.environment = match extensions.category {
            Some(category) if category & TEST_BIT != 0 => Some(Environment::Test),
            Some(_) => Some(Environment::Production),
            None => self.environment,
        };
        let person: Option<PsIdNat> = subject
            .common_name
            .as_deref()
            .and_then(|name| name.parse().ok());
        let is_person =
            person.is_some() || subject.surname.is_some() || extensions.profession.is_some();
        self.kind = kind(&extensions, is_person);
        if self.kind == CardKind::Unknown {
            self.problems.push(match extensions.category {
                Some(0x00 | 0x80) => Problem::CardTypeUnknown,
                _ => Problem::CategoryUnknown,
            });
        }
        self.profession = match self.kind {
            CardKind::Cpf => profession(extensions.training, system::TRAINING),
            _ => profession(extensions.profession, system::PROFESSION),
        };
        if matches!(self.kind, CardKind::Cps | CardKind::Cpf) && self.profession.is_none() {
            self.problems.push(Problem::ProfessionMissing);
        }
        self.card_number = extensions.card_id.map(|id| match id.split_once('/') {
            Some((_, number)) => number.to_owned(),
            None => id,
        });
        if carries_structure(self.kind) {
            self.read_structure(subject.unit.as_deref(), subject.organization);
        }
        self.national_id = match self.kind {
            CardKind::Establishment | CardKind::Server => self
                .structure
                .as_ref()
                .map(|structure| ActorId::Structure(structure.id.clone())),
            _ => person.map(ActorId::Person),
        };
        self.check_person();
        self.family = subject.surname;
        self.given = subject.given_name;
        self.pseudonym = subject.pseudonym;
        self.title = subject.title;
        self.common_name = subject.common_name;
    }

    fn read_structure(&mut self, unit: Option<&str>, name: Option<String>) {
        match unit.and_then(|unit| unit.parse::<StructIdNat>().ok()) {
            Some(id) => {
                if !structure_digit_holds(id.as_str()) {
                    self.problems.push(Problem::StructureCheckDigit);
                }
                self.structure = Some(Structure { id, name });
            }
            None => self.problems.push(Problem::StructureMissing),
        }
    }

    fn check_person(&mut self) {
        let Some(wants_register) = register_expected(self.kind) else {
            return;
        };
        let Some(ActorId::Person(id)) = &self.national_id else {
            self.problems.push(Problem::NationalIdMissing);
            return;
        };
        if id.id_type().is_register() != wants_register {
            self.problems.push(Problem::NationalIdType);
        }
        let number = id.as_str().get(1..).unwrap_or_default();
        if id.id_type() == PsIdType::Rpps && !luhn(number) {
            self.problems.push(Problem::NationalIdCheckDigit);
        }
        if let (Some(employer), Some(structure)) = (id.employer(), &self.structure)
            && employer != structure.id
        {
            self.problems.push(Problem::EmployerMismatch);
        }
    }
}

fn kind(extensions: &Extensions, is_person: bool) -> CardKind {
    let serves = extensions.usages.iter().any(|usage| usage == "serverAuth");
    match (extensions.category, extensions.card_type) {
        (Some(0x00 | 0x80), Some(0)) => CardKind::Cps,
        (Some(0x00 | 0x80), Some(1)) => CardKind::Cpf,
        (Some(0x00 | 0x80), Some(2)) => CardKind::Cpe,
        (Some(0x00 | 0x80), Some(3)) => CardKind::Cpa,
        (Some(0x02 | 0x03 | 0x82 | 0x83), None) if serves => CardKind::Server,
        (Some(0x02 | 0x03 | 0x82 | 0x83), None) if is_person => CardKind::PersonSoftware,
        (Some(0x02 | 0x03 | 0x82 | 0x83), None) => CardKind::Establishment,
        _ => CardKind::Unknown,
    }
}

fn profession(code: Option<u32>, system: &str) -> Option<Code> {
    code.map(|code| Code::new(code.to_string(), system))
}

/// A CPS says nothing of a structure; the OU of a legacy one is a profession.
fn carries_structure(kind: CardKind) -> bool {
    matches!(
        kind,
        CardKind::Cpe | CardKind::Cpa | CardKind::Establishment | CardKind::Server
    )
}

/// Whether the kind's PS_IdNat is a register number; None for kinds without PS_IdNat.
fn register_expected(kind: CardKind) -> Option<bool> {
    match kind {
        CardKind::Cps | CardKind::Cpf | CardKind::PersonSoftware => Some(false),
        CardKind::Cpe | CardKind::Cpa => Some(true),
        CardKind::Establishment | CardKind::Server | CardKind::Unknown => None,
    }
}

/// Luhn over FINESS, SIREN, SIRET and RPPS-rang; La Poste sums its digits instead; ADELI practices have no check digit.
fn structure_digit_holds(id: &str) -> bool {
    let (kind, number) = id.split_at_checked(1).unwrap_or_default();
    match kind {
        "0" => true,
        "3" if number.starts_with("356000000") => {
            let sum: u32 = number.chars().filter_map(|digit| digit.to_digit(10)).sum();
            sum.is_multiple_of(5)
        }
        _ => luhn(number),
    }
}
