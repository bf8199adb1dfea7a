//! The patient's branch (rule catalogue §24, step 3): the holder, his legal representatives, his caregivers.

use super::case::Case;
use super::permit::Changer;
use super::{Act, Ownership, Permit, Visibility, record, rights, traces};
use crate::dmp::actor::ActorKind;
use crate::dmp::context::AccessMode;
use crate::dmp::record::RecordState;
use crate::dmp::right::Category;
use crate::error::{Code, Error};

/// Decides an act of the patient's side.
pub(super) fn decide(case: &Case, act: &Act) -> Result<Permit, Error> {
    let mandate = case.actor.mandate.as_ref();
    let own =
        mandate.is_some_and(|mandate| case.standing.record.data.is_known_by(&mandate.patient));
    case.require(own, Code::NotYours, "RGPD-01")?;
    match act {
        Act::TestExistence => {
            may_act(case)?;
            Ok(case.permit(Visibility::Nothing, "RGPD-01"))
        }
        Act::ChangeRecord(change) => {
            may_act(case)?;
            record::change(case, *change)
        }
        Act::OpenRecord => Err(Code::Internal.into()),
        Act::Deposit => {
            activated(case)?;
            may_act(case)?;
            let qualified = case.standing.record.data.identity.is_qualified();
            case.require(qualified, Code::IdentityNotQualified, "INS-02")?;
            let mut permit = reading(case, "PAT-01");
            permit.masks = case.valid(Category::DefaultMasking).is_some();
            Ok(permit)
        }
        Act::SearchDocuments { .. }
        | Act::SearchSubmissions
        | Act::ReadDocument
        | Act::ReadSubmission
        | Act::ReadContent => {
            activated(case)?;
            may_act(case)?;
            Ok(reading(case, "LC-08"))
        }
        Act::ChangeDocument(_) => {
            activated(case)?;
            may_act(case)?;
            let mut permit = reading(case, "DEL-03");
            permit.changer = match case.actor.kind {
                ActorKind::Caregiver => Changer::Caregiver,
                _ => Changer::Patient,
            };
            Ok(permit)
        }
        Act::WriteRight { grant, active } => {
            activated(case)?;
            may_act(case)?;
            rights::write_as_patient(case, grant, *active)
        }
        Act::ReadRights => {
            activated(case)?;
            may_act(case)?;
            Ok(rights::read_as_patient(case))
        }
        Act::ReadTraces => {
            activated(case)?;
            may_act(case)?;
            Ok(traces::read_as_patient(case))
        }
    }
}

/// The record is open and was activated by its patient (LC-07 to LC-09, PAT-01).
fn activated(case: &Case) -> Result<(), Error> {
    case.open()?;
    let activated = case.standing.record.data.state == RecordState::Activated;
    case.require(activated, Code::RecordNotActivated, "LC-07")
}

/// The holder always; a representative while the holder is a minor or his person is protected; a caregiver with a delegation
/// (MIN-01, MIN-09, PRO-01, PRO-02, AID-01). Then the mode: emergencies and secret connections are a professional's.
fn may_act(case: &Case) -> Result<(), Error> {
    match case.actor.kind {
        ActorKind::Representative => {
            let mandate = case.actor.mandate.as_ref();
            let protects = mandate.is_some_and(|mandate| mandate.protects_person);
            let acts = case.asks("MIN-09", case.is_minor()) || case.asks("PRO-01", protects);
            case.require(acts, Code::NotYours, "PRO-02")?;
        }
        ActorKind::Caregiver => {
            let delegated = case.valid(Category::Delegation).is_some();
            case.require(delegated, Code::NotYours, "AID-01")?;
        }
        _ => {}
    }
    let normal = case.context.mode == AccessMode::Normal;
    case.require(normal, Code::EmergencyRefused, "EMG-01")?;
    case.require(!case.secret(), Code::SecretNotApplicable, "MIN-06")
}

fn reading(case: &Case, rule: &'static str) -> Permit {
    let visibility = Visibility::Patient {
        ownership: Ownership::of(case.actor),
        representative: case.actor.kind == ActorKind::Representative,
        now: case.context.now,
    };
    case.permit(visibility, rule)
}
