//! From a verified certificate to an actor: what TLS can't tell after the handshake.

use super::authority::{Authority, Level, Population};
use super::card::{Card, CardKind, Problem};
use super::refusal::Refusal;
use super::roles::Roles;
use crate::dmp::actor::{Actor, ActorId, ActorKind};
use crate::dmp::context::Environment;
use crate::dmp::person::PersonName;

/// What this server accepts.
#[derive(Debug, Clone)]
pub struct Trust {
    /// `identity.environment`.
    pub environment: Environment,
    /// `dmp.operators` and `dmp.regulators`.
    pub roles: Roles,
}

impl Trust {
    /// The actor behind a card whose signature by `authority`, dates and revocation stand.
    /// The category is looked at first: a test card is refused in production whatever else is trusted.
    pub fn actor(&self, card: &Card, authority: &Authority) -> Result<Actor, Refusal> {
        if card.environment != Some(self.environment)
            || authority
                .range
                .is_some_and(|range| range.environment != self.environment)
        {
            return Err(Refusal::Environment);
        }
        if card.problems.contains(&Problem::Sha1Authority) {
            return Err(Refusal::Sha1);
        }
        if card.has_usage("serverAuth") {
            return Err(Refusal::Server);
        }
        let kind = match card.kind {
            CardKind::Cps => ActorKind::Cps,
            CardKind::Cpf => ActorKind::Cpf,
            CardKind::Cpe => ActorKind::Cpe,
            CardKind::Establishment => ActorKind::Establishment,
            CardKind::Server => return Err(Refusal::Server),
            CardKind::PersonSoftware => return Err(Refusal::PersonSoftware),
            CardKind::Cpa | CardKind::Unknown => return Err(Refusal::Kind),
        };
        let range = authority.range.map(|range| (range.level, range.population));
        if range.is_none() || range != deliverer(kind) {
            return Err(Refusal::Range);
        }
        if !card.has_usage("digitalSignature") || !card.has_usage("clientAuth") {
            return Err(Refusal::Usage);
        }
        if card
            .problems
            .iter()
            .any(|problem| problem.is_contradiction())
        {
            return Err(Refusal::Contradiction);
        }
        let id = card.national_id.clone().ok_or(Refusal::Contradiction)?;
        Ok(self.accept(kind, id, card))
    }

    fn accept(&self, kind: ActorKind, id: ActorId, card: &Card) -> Actor {
        let structure = card.structure.clone();
        Actor {
            operator: self.roles.is_operator(kind, structure.as_ref()),
            regulator: self.roles.is_regulator(kind, &id, card.profession.as_ref()),
            name: name(kind, card),
            profession: card.profession.clone(),
            specialities: card.specialities.clone(),
            kind,
            id,
            structure,
            mandate: None,
        }
    }
}

/// The one range that delivers each kind; everything else is refused by default.
fn deliverer(kind: ActorKind) -> Option<(Level, Population)> {
    match kind {
        ActorKind::Cps | ActorKind::Cpf => Some((Level::Fort, Population::Persons)),
        ActorKind::Cpe => Some((Level::Standard, Population::Persons)),
        ActorKind::Establishment => Some((Level::Elementaire, Population::Organisations)),
        // No certificate makes one of these.
        ActorKind::Holder
        | ActorKind::Representative
        | ActorKind::Caregiver
        | ActorKind::System => None,
    }
}

/// A non-nominative CPE acts under its structure's name and its own number, other characters becoming dashes (PDT-INF-617).
fn name(kind: ActorKind, card: &Card) -> PersonName {
    let nameless = card.family.is_none() && card.given.is_none();
    if kind == ActorKind::Cpe && nameless {
        return PersonName {
            family: card
                .structure
                .as_ref()
                .and_then(|structure| structure.name.as_deref())
                .map(dashed),
            given: card.common_name.as_deref().map(dashed),
        };
    }
    PersonName {
        family: card.family.clone(),
        given: card.given.clone(),
    }
}

fn dashed(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\'' | '-' | ' ' => c,
            c if c.is_alphanumeric() => c,
            _ => '-',
        })
        .collect()
}
