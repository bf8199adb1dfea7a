//! Writing and reading rights: each by who may decide it, and by nobody else.

use super::case::Case;
use super::consult::MEDECIN;
use super::{Permit, RightScope, Visibility};
use crate::dmp::actor::{ActorId, ActorKind};
use crate::dmp::context::AccessMode;
use crate::dmp::right::{Basis, Category, Grant};
use crate::error::{Code, Error};

/// A professional writes a right.
pub(super) fn write(case: &Case, grant: &Grant, active: bool) -> Result<Permit, Error> {
    case.open()?;
    let establishment = case.actor.kind == ActorKind::Establishment;
    let feeds = grant.category() == Category::FeedingOpposition;
    case.require(!establishment || feeds, Code::NotAllowed, "AUT-03")?;
    if !feeds {
        case.not_blocked()?;
    }
    let normal = case.context.mode == AccessMode::Normal;
    case.require(normal, Code::NotAllowed, "CONS-03")?;
    case.secret_applies()?;
    let rule = match grant {
        Grant::Access { holder, basis } => access(case, holder, *basis, active)?,
        Grant::TreatingPhysician { holder, .. } => treating_physician(case, holder)?,
        Grant::FeedingOpposition { of, .. } => {
            let own = *of == case.actor.id || Some(of) == structure(case).as_ref();
            case.require(own, Code::NotYours, "FEED-03")?;
            "FEED-03"
        }
        Grant::Block { .. } => {
            case.require(case.is_administrator(), Code::NotYours, "BLK-01")?;
            "ADM-02"
        }
        Grant::Administrator { .. } => return decided_by_patient(case, "ADM-01"),
        Grant::Emergency { .. } => return decided_by_patient(case, "EMG-02"),
        Grant::DefaultMasking => return decided_by_patient(case, "MSK-05"),
        Grant::Delegation { .. } => return decided_by_patient(case, "AID-01"),
    };
    Ok(case.permit(Visibility::Nothing, rule))
}

fn decided_by_patient(case: &Case, rule: &'static str) -> Result<Permit, Error> {
    case.require(false, Code::NotYours, rule)?;
    Err(Code::Internal.into())
}

/// TD0.3: the caller is the holder; a CPE declares for its structure and never withdraws; who holds a valid authorisation may
/// collect an explicit consent for somebody else (CONS-07).
fn access(
    case: &Case,
    holder: &ActorId,
    basis: Basis,
    active: bool,
) -> Result<&'static str, Error> {
    let kind = case.actor.kind;
    let own = match (kind, structure(case)) {
        (ActorKind::Cpe, Some(structure)) => *holder == structure,
        _ => *holder == case.actor.id,
    };
    if own {
        let may = active || kind.is_nominative();
        case.require(may, Code::NotAllowed, "CONS-04")?;
        return Ok("CONS-03");
    }
    let entrusted =
        kind.is_nominative() && active && basis == Basis::Explicit && case.is_authorised();
    case.require(entrusted, Code::NotYours, "CONS-07")?;
    Ok("CONS-07")
}

/// A physician, with his own CPS, for himself (MT-02).
fn treating_physician(case: &Case, holder: &ActorId) -> Result<&'static str, Error> {
    let physician =
        case.actor.kind == ActorKind::Cps && case.actor.matrix_column() == Some(MEDECIN);
    case.require(physician, Code::NotAPhysician, "MT-02")?;
    case.require(*holder == case.actor.id, Code::NotYours, "MT-02")?;
    Ok("MT-02")
}

fn structure(case: &Case) -> Option<ActorId> {
    let structure = case.actor.structure.as_ref();
    structure.map(|structure| ActorId::Structure(structure.id.clone()))
}

/// The patient, or his representative, writes a right; a caregiver never does (AID-02).
pub(super) fn write_as_patient(case: &Case, grant: &Grant, active: bool) -> Result<Permit, Error> {
    let decides = case.actor.kind != ActorKind::Caregiver;
    case.require(decides, Code::NotYours, "AID-02")?;
    let rule = match grant {
        // A patient takes back what a professional declared; he declares nothing in his place (CONS-04).
        Grant::Access { .. } => withdrawal(case, active, "CONS-04")?,
        Grant::TreatingPhysician { .. } => withdrawal(case, active, "MT-02")?,
        // The professional judges the reason, act by act.
        Grant::FeedingOpposition { .. } => return decided_by_patient(case, "FEED-03"),
        Grant::Administrator { .. } => "ADM-01",
        Grant::Block { .. } => "BLK-01",
        Grant::Emergency { .. } => "EMG-02",
        Grant::DefaultMasking => "MSK-05",
        Grant::Delegation { .. } => {
            let holder = case.actor.kind == ActorKind::Holder;
            case.require(holder, Code::NotYours, "AID-01")?;
            "AID-01"
        }
    };
    Ok(case.permit(Visibility::Nothing, rule))
}

fn withdrawal(case: &Case, active: bool, rule: &'static str) -> Result<&'static str, Error> {
    case.require(!active, Code::NotYours, rule)?;
    Ok(rule)
}

/// A professional reads the rights that concern him or that he declared, and the emergency switches; a closed record shows nothing.
pub(super) fn read(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    case.reason_given()?;
    Ok(case.permit(Visibility::Nothing, "CONS-05"))
}

/// The patient's side reads all of them.
pub(super) fn read_as_patient(case: &Case) -> Permit {
    let mut permit = case.permit(Visibility::Nothing, "CONS-05");
    permit.rights = RightScope::All;
    permit
}
