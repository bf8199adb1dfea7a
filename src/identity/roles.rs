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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_needs_the_right_kind_of_card_beside_the_number() {
        let operator: StructIdNat = "10B0000001".parse().expect("a structure");
        let regulator: PsIdNat = "899900000099".parse().expect("a person");
        let roles = Roles::new(
            std::slice::from_ref(&operator),
            std::slice::from_ref(&regulator),
        );
        let structure = Structure {
            id: operator,
            name: None,
        };
        assert!(roles.is_operator(ActorKind::Establishment, Some(&structure)));
        assert!(!roles.is_operator(ActorKind::Cpe, Some(&structure)));
        assert!(!roles.is_operator(ActorKind::Establishment, None));

        let id = ActorId::Person(regulator);
        let profession = |code| Some(Code::new(code, system::PROFESSION));
        assert!(roles.is_regulator(ActorKind::Cps, &id, profession("10").as_ref()));
        assert!(!roles.is_regulator(ActorKind::Cps, &id, profession("60").as_ref()));
        let trainee = Code::new("10", system::TRAINING);
        assert!(!roles.is_regulator(ActorKind::Cpf, &id, Some(&trainee)));
    }
}
