//! Consultation: kind of card, block, access mode or declared consent, matrix (rule catalogue §24, steps 4 to 8).

use super::{Ownership, Permit, Rules, Visibility, open, refuse};
use crate::dmp::actor::{Actor, ActorKind};
use crate::dmp::context::{AccessMode, Context};
use crate::dmp::record::Standing;
use crate::error::{Code, Error};
use crate::tables::matrix::TypeSet;

/// TRE_G15 code of a médecin.
const MEDECIN: &str = "10";

/// A search or read over the whole record.
pub(super) fn record(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Result<Permit, Error> {
    open(standing)?;
    let types = may_consult(rules, actor)?;
    not_blocked(standing)?;
    let rule = access(rules, actor, standing, context)?;
    Ok(professional(rules, actor, standing, types.clone(), rule))
}

/// A search by identifier (TD3.1b): without a right to consult, one's own entries only.
pub(super) fn by_identifier(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Result<Permit, Error> {
    open(standing)?;
    not_blocked(standing)?;
    well_formed_mode(rules, standing, context)?;
    match record(rules, actor, standing, context) {
        Ok(permit) => Ok(permit),
        Err(_) => Ok(own(rules, actor, standing)),
    }
}

/// A read of one entry: without a right to consult, one's own entries, and the record's refusal for any other.
pub(super) fn one_entry(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Result<Permit, Error> {
    open(standing)?;
    not_blocked(standing)?;
    well_formed_mode(rules, standing, context)?;
    match record(rules, actor, standing, context) {
        Ok(permit) => Ok(permit),
        Err(refusal) => Ok(own(rules, actor, standing).or_else(refusal.code())),
    }
}

/// A read of a content: nominative cards only (AUT-01 to AUT-03), the author always his own (HAB-06).
pub(super) fn content(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Result<Permit, Error> {
    open(standing)?;
    nominative(actor)?;
    one_entry(rules, actor, standing, context)
}

/// What a depositor may know of: the target of a replacement hides behind it.
pub(super) fn knowledge(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Permit {
    record(rules, actor, standing, context).unwrap_or_else(|_| own(rules, actor, standing))
}

fn professional(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    types: TypeSet,
    rule: &'static str,
) -> Permit {
    Permit::new(
        rules,
        actor,
        standing,
        Visibility::Professional(ownership(rules, actor), types),
        rule,
    )
}

fn own(rules: &Rules, actor: &Actor, standing: &Standing) -> Permit {
    Permit::new(
        rules,
        actor,
        standing,
        Visibility::Own(ownership(rules, actor)),
        "HAB-06",
    )
}

fn ownership(rules: &Rules, actor: &Actor) -> Ownership {
    Permit::without_record(rules, actor, Visibility::Nothing, "HAB-06")
        .ownership()
        .clone()
}

fn nominative(actor: &Actor) -> Result<(), Error> {
    match actor.kind {
        ActorKind::Cps | ActorKind::Cpf => Ok(()),
        ActorKind::Cpe => Err(refuse(Code::CardCannotConsult, "AUT-02")),
        ActorKind::Establishment => Err(refuse(Code::CardCannotConsult, "AUT-03")),
    }
}

/// A nominative card whose profession has a column in the matrix (AUT-05, HAB-02).
fn may_consult<'a>(rules: &'a Rules, actor: &Actor) -> Result<&'a TypeSet, Error> {
    nominative(actor)?;
    actor
        .matrix_column()
        .and_then(|column| rules.tables.matrix.readable(column))
        .ok_or_else(|| refuse(Code::CardCannotConsult, "HAB-02"))
}

/// The block wins over consent, emergency and authorship (decision X4).
fn not_blocked(standing: &Standing) -> Result<(), Error> {
    if standing.blocked {
        Err(refuse(Code::BlockedByPatient, "BLK-04"))
    } else {
        Ok(())
    }
}

/// The mode and, in mode normal, the secret choice and the declared consent. Returns the rule that allows.
fn access(
    rules: &Rules,
    actor: &Actor,
    standing: &Standing,
    context: &Context,
) -> Result<&'static str, Error> {
    well_formed_mode(rules, standing, context)?;
    match context.mode {
        AccessMode::BrisDeGlace => Ok("EMG-05"),
        AccessMode::Centre15 => {
            let physician = actor.matrix_column() == Some(MEDECIN);
            if actor.regulator && physician {
                Ok("EMG-04")
            } else {
                Err(refuse(Code::EmergencyRefused, "EMG-04"))
            }
        }
        AccessMode::Normal => {
            if is_minor(rules, standing, context) && context.secret.is_none() {
                return Err(refuse(Code::SecretChoiceRequired, "MIN-06"));
            }
            let valid = standing
                .authorisation
                .as_ref()
                .is_some_and(|held| held.is_valid_at(context.now));
            if valid {
                Ok("CONS-03")
            } else {
                Err(refuse(Code::ConsentRequired, "CONS-05"))
            }
        }
    }
}

/// What the headers say of the mode makes sense in this record: a reason to break the glass, a secret where there is one to keep.
fn well_formed_mode(rules: &Rules, standing: &Standing, context: &Context) -> Result<(), Error> {
    if context.mode == AccessMode::BrisDeGlace && context.reason.is_none() {
        return Err(refuse(Code::ReasonRequired, "EMG-05"));
    }
    secret_applies(rules, standing, context)
}

/// A secret connection is for mode normal in a minor's record (MIN-06).
pub(super) fn secret_applies(
    rules: &Rules,
    standing: &Standing,
    context: &Context,
) -> Result<(), Error> {
    let applies = context.mode == AccessMode::Normal && is_minor(rules, standing, context);
    if context.secret == Some(true) && !applies {
        Err(refuse(Code::SecretNotApplicable, "MIN-06"))
    } else {
        Ok(())
    }
}

fn is_minor(rules: &Rules, standing: &Standing, context: &Context) -> bool {
    standing.record.data.age_at(context.now) < i16::from(rules.age_of_majority)
}
