//! Rights other than consultation: feeding, opening a record, declaring and reading authorisations (rights per actor kind).

use super::{Permit, Rules, Visibility, consult, open, refuse};
use crate::dmp::actor::{Actor, ActorId, ActorKind};
use crate::dmp::authorisation::Basis;
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::record::Standing;
use crate::error::{Code, Error};

/// Only configured operators open and administer records.
pub(super) fn open_record(rules: &Rules, actor: &Actor) -> Result<Permit, Error> {
    if actor.operator {
        Ok(Permit::without_record(
            rules,
            actor,
            Visibility::Nothing,
            "LC-02",
        ))
    } else {
        Err(refuse(Code::NotAllowed, "LC-02"))
    }
}

/// Feeding needs no consent and no authorisation, and a blocked professional still may (FEED-02, BLK-05).
/// The permit's visibility says which documents the depositor may know of, for what he replaces.
pub(super) fn deposit(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Result<Permit, Error> {
    open(standing)?;
    if !standing.record.data.identity.is_qualified() {
        return Err(refuse(Code::IdentityNotQualified, "INS-02"));
    }
    consult::secret_applies(rules, standing, context)?;
    let visibility = consult::knowledge(rules, actor, standing, context)
        .visibility()
        .clone();
    Ok(Permit::new(rules, actor, standing, visibility, "FEED-02"))
}

/// TD0.3: the caller is the holder, in mode normal; a CPE declares for its structure; who holds a valid authorisation may
/// collect an explicit consent for somebody else (CONS-07).
pub(super) fn declare(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
    holder: &ActorId,
    basis: Basis,
    active: bool,
) -> Result<Permit, Error> {
    open(standing)?;
    if actor.kind == ActorKind::Establishment {
        return Err(refuse(Code::NotAllowed, "AUT-03"));
    }
    if standing.blocked {
        return Err(refuse(Code::BlockedByPatient, "BLK-04"));
    }
    if context.mode != AccessMode::Normal {
        return Err(refuse(Code::NotAllowed, "CONS-03"));
    }
    consult::secret_applies(rules, standing, context)?;
    let own = match (actor.kind, &actor.structure) {
        (ActorKind::Cpe, Some(structure)) => *holder == ActorId::Structure(structure.id.clone()),
        _ => *holder == actor.id,
    };
    let holds_one = standing
        .authorisation
        .as_ref()
        .is_some_and(|held| held.is_valid_at(context.now));
    let entrusted = actor.kind.is_nominative() && active && holds_one && basis == Basis::Explicit;
    match (own, entrusted) {
        // A CPE may declare for its structure, never withdraw.
        (true, _) if active || actor.kind.is_nominative() => Ok(Permit::new(
            rules,
            actor,
            standing,
            Visibility::Nothing,
            "CONS-03",
        )),
        (true, _) => Err(refuse(Code::NotAllowed, "CONS-04")),
        (false, true) => Ok(Permit::new(
            rules,
            actor,
            standing,
            Visibility::Nothing,
            "CONS-07",
        )),
        (false, false) => Err(refuse(Code::NotYours, "CONS-04")),
    }
}

/// A caller reads the authorisations that he holds or declared; a closed record shows nothing.
pub(super) fn read_consents(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
) -> Result<Permit, Error> {
    open(standing)?;
    Ok(Permit::new(
        rules,
        actor,
        standing,
        Visibility::Nothing,
        "CONS-05",
    ))
}
