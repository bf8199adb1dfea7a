//! Consultation by professionals: kind of card, block, access mode or declared consent, matrix (rule catalogue §24, steps 4 to 8).

use super::case::Case;
use super::{Notice, Ownership, Permit, Visibility, refuse};
use crate::dmp::actor::ActorKind;
use crate::dmp::context::AccessMode;
use crate::dmp::record::Consulted;
use crate::error::{Code, Error};
use crate::tables::matrix::TypeSet;

/// TRE_G15 code of a médecin.
pub(super) const MEDECIN: &str = "10";

/// A search or read over the whole record.
pub(super) fn record(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    let types = may_consult(case)?;
    case.not_blocked()?;
    let rule = access(case)?;
    let visibility = Visibility::Professional {
        ownership: Ownership::of(case.actor),
        types: types.clone(),
        masked: sees_masked(case),
    };
    let mut permit = case.permit(visibility, rule);
    permit.notice = notice(case);
    Ok(permit)
}

/// A search by identifier (TD3.1b): without a right to consult, one's own entries only.
pub(super) fn by_identifier(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    case.not_blocked()?;
    case.well_formed_mode()?;
    record(case).or_else(|_| Ok(own(case)))
}

/// A read of one entry: without a right to consult, one's own entries, and the record's refusal for any other.
pub(super) fn one_entry(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    case.not_blocked()?;
    case.well_formed_mode()?;
    record(case).or_else(|refusal| Ok(own(case).or_else(refusal.code())))
}

/// A read of a content: nominative cards only (AUT-01 to AUT-03), the author always his own (HAB-06).
pub(super) fn content(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    nominative(case)?;
    one_entry(case)
}

/// What a depositor may know of: the target of a replacement hides behind it.
pub(super) fn knowledge(case: &Case) -> Permit {
    record(case).unwrap_or_else(|_| own(case))
}

/// One's own entries (HAB-06).
pub(super) fn own(case: &Case) -> Permit {
    case.permit(Visibility::Own(Ownership::of(case.actor)), "HAB-06")
}

fn nominative(case: &Case) -> Result<(), Error> {
    let rule = match case.actor.kind {
        ActorKind::Cpe => "AUT-02",
        ActorKind::Establishment => "AUT-03",
        _ => "AUT-01",
    };
    let nominative = case.actor.kind.is_nominative();
    case.require(nominative, Code::CardCannotConsult, rule)
}

/// A nominative card whose profession has a column in the matrix (AUT-05, HAB-02).
fn may_consult<'a>(case: &Case<'a>) -> Result<&'a TypeSet, Error> {
    nominative(case)?;
    let column = case.actor.matrix_column();
    let types = column.and_then(|column| case.rules.tables.matrix.readable(column));
    case.asks("HAB-02", types.is_some());
    types.ok_or_else(|| refuse(Code::CardCannotConsult, "HAB-02"))
}

/// The mode and, in mode normal, the secret choice and the declared consent. Returns the rule that allows.
fn access(case: &Case) -> Result<&'static str, Error> {
    case.well_formed_mode()?;
    let settings = case.standing.emergency(case.context.now);
    match case.context.mode {
        AccessMode::BrisDeGlace => {
            case.require(settings.break_glass, Code::EmergencyRefused, "EMG-06")?;
            Ok("EMG-05")
        }
        AccessMode::Centre15 => {
            let regulates = case.actor.regulator && case.actor.matrix_column() == Some(MEDECIN);
            case.require(regulates, Code::EmergencyRefused, "EMG-04")?;
            case.require(settings.regulation, Code::EmergencyRefused, "EMG-02")?;
            Ok("EMG-04")
        }
        AccessMode::Normal => {
            let chosen = !case.is_minor() || case.context.secret.is_some();
            case.require(chosen, Code::SecretChoiceRequired, "MIN-06")?;
            case.require(case.is_authorised(), Code::ConsentRequired, "CONS-05")?;
            Ok("CONS-03")
        }
    }
}

/// Masked documents: médecin traitant and administrator whatever the mode, and in an emergency anybody whom the patient's third
/// switch lets (decisions X1 and X2, MSK-03, MSK-07).
fn sees_masked(case: &Case) -> bool {
    let emergency = case.context.mode != AccessMode::Normal;
    case.asks("MT-01", case.is_treating_physician())
        || case.asks("ADM-02", case.is_administrator())
        || (emergency && case.asks("MSK-07", case.standing.emergency(case.context.now).masked))
}

/// The first open consultation and every emergency are told; a first secret one is only kept (decision X5, MIN-06).
fn notice(case: &Case) -> Option<Notice> {
    if case.context.mode != AccessMode::Normal {
        return Some(Notice::Emergency(case.context.mode));
    }
    let secret = case.secret();
    match (case.standing.consulted, secret) {
        (Consulted::Openly, _) | (Consulted::InSecret, true) => None,
        _ => Some(Notice::First { secret }),
    }
}
