//! Who reads the traces (decision X11): the holder and who acts for him, the médecin traitant, administrators, and each
//! professional for his own acts.

use super::case::Case;
use super::{Permit, TraceScope, Visibility};
use crate::dmp::actor::ActorKind;
use crate::error::Error;

/// A professional's reading.
pub(super) fn read(case: &Case) -> Result<Permit, Error> {
    case.open()?;
    case.reason_given()?;
    let all = !case.blocked() && (case.is_treating_physician() || case.is_administrator());
    let mut permit = case.permit(Visibility::Nothing, if all { "MT-04" } else { "TRC-02" });
    if case.asks("MT-04", all) {
        permit.traces = TraceScope::All;
    }
    Ok(permit)
}

/// The patient's side.
pub(super) fn read_as_patient(case: &Case) -> Permit {
    let mut permit = case.permit(Visibility::Nothing, "TRC-03");
    permit.traces = match case.actor.kind {
        ActorKind::Representative => TraceScope::Representative,
        _ => TraceScope::Holder,
    };
    permit
}
