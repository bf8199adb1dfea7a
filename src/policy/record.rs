//! The record itself: opening it, and what its holder does to its state.

use super::case::Case;
use super::{Permit, Rules, Visibility, refuse};
use crate::dmp::actor::{Actor, ActorKind};
use crate::dmp::change::RecordChange;
use crate::dmp::record::RecordState;
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

/// A holder or his representative; a caregiver never (AID-02).
pub(super) fn change(case: &Case, change: RecordChange) -> Result<Permit, Error> {
    let decides = case.actor.kind != ActorKind::Caregiver;
    case.require(decides, Code::NotYours, "AID-02")?;
    let state = case.standing.record.data.state;
    let (possible, rule) = match change {
        RecordChange::Activate => (state == RecordState::NotActivated, "LC-06"),
        RecordChange::Close { .. } => (state.is_open(), "LC-03"),
        RecordChange::Reopen => (state == RecordState::Closed, "LC-15"),
        RecordChange::Settings => (state == RecordState::Activated, "NOT-07"),
    };
    let refusal = match state {
        RecordState::Opposed | RecordState::Closed => Code::RecordClosed,
        RecordState::NotActivated => Code::RecordNotActivated,
        RecordState::Activated => Code::NotAllowed,
    };
    case.require(possible, refusal, rule)?;
    Ok(case.permit(Visibility::Nothing, rule))
}
