//! The right to do one act in one record.

use uuid::Uuid;

use super::Rules;
use crate::dmp::actor::{Actor, ActorId};
use crate::dmp::ins::Ins;
use crate::dmp::national_id::{PsIdNat, StructIdNat};
use crate::dmp::record::Standing;
use crate::error::{Code, Error};
use crate::tables::matrix::TypeSet;

/// What makes a document one's own (contract: "author").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// A nominative caller: one of the authors carries his PS_IdNat, or he deposited it himself.
    Person(PsIdNat),
    /// A CPE or an establishment: the structure that its certificate carries deposited it.
    Structure(StructIdNat),
    /// Nothing is his own: an employee's card without structure.
    Nothing,
}

impl Ownership {
    fn of(actor: &Actor) -> Self {
        match (&actor.id, &actor.structure) {
            (ActorId::Person(id), _) if actor.kind.is_nominative() => Self::Person(id.clone()),
            (_, Some(structure)) => Self::Structure(structure.id.clone()),
            (ActorId::Structure(id), None) => Self::Structure(id.clone()),
            (ActorId::Person(_), None) => Self::Nothing,
        }
    }
}

/// Which documents of the record the caller may know of. The store puts it into its queries; deleted documents never come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// None.
    Nothing,
    /// His own only.
    Own(Ownership),
    /// His own, and those of these types that are not masked to professionals.
    Professional(Ownership, TypeSet),
}

/// The right to do one act in one record. Made only by [`super::decide`]; spent by the store.
#[derive(Debug, Clone)]
pub struct Permit {
    actor: ActorId,
    depositor_structure: Option<StructIdNat>,
    ownership: Ownership,
    patient: Option<Ins>,
    record: Option<(Uuid, u32)>,
    visibility: Visibility,
    otherwise: Code,
    rule: &'static str,
    matrix_version: String,
}

impl Permit {
    pub(super) fn new(
        rules: &Rules,
        actor: &Actor,
        standing: &Standing,
        visibility: Visibility,
        rule: &'static str,
    ) -> Self {
        Self {
            patient: Some(standing.record.data.ins.clone()),
            record: Some((standing.record.id, standing.record.version)),
            ..Self::without_record(rules, actor, visibility, rule)
        }
    }

    pub(super) fn without_record(
        rules: &Rules,
        actor: &Actor,
        visibility: Visibility,
        rule: &'static str,
    ) -> Self {
        Self {
            actor: actor.id.clone(),
            depositor_structure: actor
                .structure
                .as_ref()
                .map(|structure| structure.id.clone()),
            ownership: Ownership::of(actor),
            patient: None,
            record: None,
            visibility,
            otherwise: Code::NotFound,
            rule,
            matrix_version: rules.tables.matrix.version.clone(),
        }
    }

    /// The answer for a document that this permit does not show, when it is not `not-found`.
    pub(super) fn or_else(mut self, code: Code) -> Self {
        self.otherwise = code;
        self
    }

    /// Who acts.
    pub fn actor(&self) -> &ActorId {
        &self.actor
    }

    /// The structure that his certificate carries.
    pub fn depositor_structure(&self) -> Option<&StructIdNat> {
        self.depositor_structure.as_ref()
    }

    /// What is his own.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// Whose record; None only for an operator who opens one.
    pub fn patient(&self) -> Option<&Ins> {
        self.patient.as_ref()
    }

    /// The record's version when it was decided: a write is void when it moved since.
    pub fn record_version(&self) -> Option<(Uuid, u32)> {
        self.record
    }

    /// Which documents may be known.
    pub fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    /// The refusal for a document that this permit doesn't show: hidden and absent are the same.
    pub fn not_visible(&self) -> Error {
        self.otherwise.into()
    }

    /// The rule that allowed it.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// Version of the matrix that decided.
    pub fn matrix_version(&self) -> &str {
        &self.matrix_version
    }
}
