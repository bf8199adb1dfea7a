//! The right to do one act in one record.

use uuid::Uuid;

use super::case::Case;
use super::{Rules, change};
use crate::dmp::actor::{Actor, ActorId, ActorKind};
use crate::dmp::change::{DocumentChange, DocumentFacts};
use crate::dmp::context::AccessMode;
use crate::dmp::ins::Ins;
use crate::dmp::national_id::{PsIdNat, StructIdNat};
use crate::dmp::time::{Instant, day};
use crate::error::{Code, Error};
use crate::tables::matrix::TypeSet;

/// What makes a document one's own (contract: "author").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// A nominative caller: one of the authors carries his PS_IdNat, or he deposited it himself.
    Person(PsIdNat),
    /// A CPE or an establishment: the structure that its certificate carries deposited it.
    Structure(StructIdNat),
    /// The holder and his representatives: all that came from the patient's side.
    PatientSide,
    /// A caregiver: what he deposited himself. The identifier of his portal.
    User(ActorId),
    /// Nothing is his own: an employee's card without structure.
    Nothing,
}

impl Ownership {
    pub(super) fn of(actor: &Actor) -> Self {
        match (actor.kind, &actor.id, &actor.structure) {
            (ActorKind::Holder | ActorKind::Representative, ..) => Self::PatientSide,
            (ActorKind::Caregiver, id, _) => Self::User(id.clone()),
            (ActorKind::Cps | ActorKind::Cpf, ActorId::Person(id), _) => Self::Person(id.clone()),
            (_, _, Some(structure)) => Self::Structure(structure.id.clone()),
            (_, ActorId::Structure(id), None) => Self::Structure(id.clone()),
            (_, ActorId::Person(_) | ActorId::User(_), None) => Self::Nothing,
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
    /// His own, and those of these types; masked ones only with `masked` (MSK-03, MSK-07).
    Professional {
        /// What is his own.
        ownership: Ownership,
        /// The matrix's types.
        types: TypeSet,
        /// Masked documents too: médecin traitant, administrator, an emergency that the patient allowed it for.
        masked: bool,
    },
    /// All but what is not yet announced, and what a minor keeps from his representatives (ANN-03, ANN-05, MIN-02).
    Patient {
        /// What is his own.
        ownership: Ownership,
        /// A legal representative looks.
        representative: bool,
        /// The time of the act: a month after its deposit a document is visible.
        now: Instant,
    },
    /// Everything: what falls due, by the server itself.
    All,
}

/// Whom a consultation has to be told to (NOT-01, EMG-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The caller's first consultation; not told when it is secret.
    First {
        /// A secret connection.
        secret: bool,
    },
    /// An emergency.
    Emergency(AccessMode),
}

/// Which rights a caller may know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightScope {
    /// All of the record.
    All,
    /// Those that concern or were declared by him, and the emergency switches.
    Concerning,
}

/// Which traces a caller may read (decision X11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceScope {
    /// All: médecin traitant, administrators (MT-04).
    All,
    /// All but what concerns a document that is not yet announced (ANN-04).
    Holder,
    /// As the holder, without secret connections (MIN-08).
    Representative,
    /// His own acts (TRC-02).
    Own,
}

/// In which quality a caller changes documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changer {
    Nobody,
    Structure,
    Professional {
        consults: bool,
        treating: bool,
        administrator: bool,
        late: bool,
    },
    Patient,
    Caregiver,
}

/// The right to do one act in one record. Made only by [`super::decide`]; spent by the store.
#[derive(Debug, Clone)]
pub struct Permit {
    actor: ActorId,
    kind: ActorKind,
    depositor_structure: Option<StructIdNat>,
    ownership: Ownership,
    patient: Option<Ins>,
    former: Vec<Ins>,
    opened_as: Option<Ins>,
    record: Option<(Uuid, u32)>,
    stood: Vec<(Uuid, u32)>,
    of_age: Option<Instant>,
    visibility: Visibility,
    otherwise: Code,
    rule: &'static str,
    matrix_version: String,
    pub(super) notice: Option<Notice>,
    pub(super) rights: RightScope,
    pub(super) traces: TraceScope,
    pub(super) changer: Changer,
    pub(super) masks: bool,
}

impl Permit {
    pub(super) fn new(case: &Case, visibility: Visibility, rule: &'static str) -> Self {
        let record = &case.standing.record;
        Self {
            patient: Some(record.data.ins.clone()),
            former: record.data.former.clone(),
            opened_as: Some(record.opened_as.clone()),
            record: Some((record.id, record.version)),
            stood: case
                .standing
                .rights
                .iter()
                .map(|right| (right.id, right.version))
                .collect(),
            of_age: Some(day(record.data.reaches(case.rules.age_of_majority))),
            ..Self::without_record(case.rules, case.actor, visibility, rule)
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
            kind: actor.kind,
            // A portal's structure carries the token, it deposits nothing itself.
            depositor_structure: actor
                .structure
                .as_ref()
                .filter(|_| !actor.kind.is_patient_side())
                .map(|structure| structure.id.clone()),
            ownership: Ownership::of(actor),
            patient: None,
            former: Vec::new(),
            opened_as: None,
            record: None,
            stood: Vec::new(),
            of_age: None,
            visibility,
            otherwise: Code::NotFound,
            rule,
            matrix_version: rules.tables.matrix.version.clone(),
            notice: None,
            rights: RightScope::Concerning,
            traces: TraceScope::Own,
            changer: Changer::Nobody,
            masks: false,
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

    /// As what.
    pub fn actor_kind(&self) -> ActorKind {
        self.kind
    }

    /// The structure that his certificate carries.
    pub fn depositor_structure(&self) -> Option<&StructIdNat> {
        self.depositor_structure.as_ref()
    }

    /// What is his own.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// Whose record, by his present number; None only for an operator who opens one.
    pub fn patient(&self) -> Option<&Ins> {
        self.patient.as_ref()
    }

    /// True for the present number of the record and for those before it.
    pub fn is_of(&self, ins: &Ins) -> bool {
        self.patient.as_ref() == Some(ins) || self.former.contains(ins)
    }

    /// The number that the record was opened under: the key of its rows; None only for an operator who opens one.
    pub fn opened_as(&self) -> Option<&Ins> {
        self.opened_as.as_ref()
    }

    /// The record's version when it was decided: a write is void when it moved since.
    pub fn record_version(&self) -> Option<(Uuid, u32)> {
        self.record
    }

    /// The rights, with their versions, that stood when it was decided: a write is void when they moved since.
    pub fn rights_stood(&self) -> &[(Uuid, u32)] {
        &self.stood
    }

    /// When the holder comes of age (MIN-09); None only for an operator who opens a record.
    pub fn of_age(&self) -> Option<Instant> {
        self.of_age
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

    /// What the patient has to be told of this consultation.
    pub fn notice(&self) -> Option<Notice> {
        self.notice
    }

    /// Which rights may be known.
    pub fn right_scope(&self) -> RightScope {
        self.rights
    }

    /// Which traces may be read.
    pub fn trace_scope(&self) -> TraceScope {
        self.traces
    }

    /// A new document is masked: the patient's general switch (MSK-05).
    pub fn masks_new_documents(&self) -> bool {
        self.masks
    }

    /// Decides a change of one document that the permit shows; gives the rule that allows it.
    ///
    /// # Errors
    /// `not-author`, `not-allowed`, `not-yours`, `label-conflict`.
    pub fn may_change(
        &self,
        facts: &DocumentFacts,
        change: &DocumentChange,
    ) -> Result<&'static str, Error> {
        change::judge(self.changer, facts, change)
    }
}
