//! Who holds a role of this server, by configuration.

use std::collections::HashSet;

use crate::dmp::actor::{ActorId, ActorKind, Structure};
use crate::dmp::code::{Code, system};
use crate::dmp::national_id::{PsIdNat, StructIdNat};

/// The configured operators and regulators.
#[derive(Debug, Clone, Default)]
pub struct Roles {
    operators: HashSet<StructIdNat>,
    regulators: HashSet<PsIdNat>,
}

impl Roles {
    /// Takes `dmp.operators` and `dmp.regulators`.
    pub fn new(operators: &[StructIdNat], regulators: &[PsIdNat]) -> Self {
        Self {
            operators: operators.iter().cloned().collect(),
            regulators: regulators.iter().cloned().collect(),
        }
    }

    /// An operator is an establishment certificate of a configured structure; a CPE of it is not.
    pub fn is_operator(&self, kind: ActorKind, structure: Option<&Structure>) -> bool {
        kind == ActorKind::Establishment
            && structure.is_some_and(|structure| self.operators.contains(&structure.id))
    }

    /// A regulator is a configured médecin, with his own CPS.
    pub fn is_regulator(&self, kind: ActorKind, id: &ActorId, profession: Option<&Code>) -> bool {
        kind == ActorKind::Cps
            && profession
                .is_some_and(|profession| *profession == Code::new("10", system::PROFESSION))
            && matches!(id, ActorId::Person(id) if self.regulators.contains(id))
    }
}
