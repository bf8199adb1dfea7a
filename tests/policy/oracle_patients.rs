//! The oracle of the patient's side (contract §7 "acting for a patient", rules LC, MIN, PRO, AID, ANN, PAT, DEL).

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::change::DocumentChange;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::RecordState;
use passerelle::dmp::right::Grant;

use super::world::{Document, From};

/// Someone of the patient's side before a record.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub kind: ActorKind,
    pub own_record: bool,
    pub protects_person: bool,
    pub state: RecordState,
    pub minor: bool,
    pub delegation: Delegation,
    pub mode: AccessMode,
    pub secret: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delegation {
    None,
    Valid,
    Withdrawn,
    Expired,
}

/// Who is nobody in this record: another record's token, a representative without minor or protection, a caregiver without
/// delegation.
pub fn stranger(case: &Case) -> bool {
    let acts_for_her = match case.kind {
        ActorKind::Holder => true,
        ActorKind::Representative => case.minor || case.protects_person,
        _ => case.delegation == Delegation::Valid,
    };
    !case.own_record || !acts_for_her
}

/// Emergency modes and secret connections are a professional's.
pub fn headers(case: &Case) -> Result<(), &'static str> {
    if case.mode != AccessMode::Normal {
        return Err("emergency-refused");
    }
    if case.secret == Some(true) {
        return Err("secret-not-applicable");
    }
    Ok(())
}

/// LC-07 to LC-09: what an act in the record needs.
pub fn activated(case: &Case) -> Result<(), &'static str> {
    if !case.own_record {
        return Err("not-yours");
    }
    if case.state == RecordState::Closed || case.state == RecordState::Opposed {
        return Err("record-closed");
    }
    if case.state == RecordState::NotActivated {
        return Err("record-not-activated");
    }
    if stranger(case) {
        return Err("not-yours");
    }
    headers(case)
}

/// ANN-03, ANN-05, MIN-02, MIN-09: masks are nothing to the patient, invisible documents wait their month, and a representative
/// never sees what the minor kept from him.
pub fn shows(case: &Case, document: &Document) -> bool {
    let announced = !document.labels.invisible_patient || document.old;
    let kept = document.labels.invisible_representatives && case.kind != ActorKind::Holder;
    announced && !(kept && case.kind == ActorKind::Representative)
}

/// MSK-01: any document is masked and unmasked by the patient; X12: invisible is a professional's word, set and lifted by them; DEL-03: deleted is what
/// came from the patient's side, by a caregiver what he deposited himself; AID-02: he masks nothing.
pub fn change(
    case: &Case,
    document: &Document,
    change: &DocumentChange,
) -> Result<(), &'static str> {
    activated(case)?;
    if !shows(case, document) {
        return Err("not-found");
    }
    let from_patient = document.from == From::PatientSide || document.from == From::User;
    let caregiver = case.kind == ActorKind::Caregiver;
    let own = if caregiver {
        document.from == From::User
    } else {
        from_patient
    };
    if let Some(wanted) = change.labels {
        let stands = document.labels;
        // FEED-05.
        if wanted.masked && wanted.invisible_patient {
            return Err("label-conflict");
        }
        if caregiver && wanted != stands {
            return Err("not-yours");
        }
        if wanted.invisible_patient != stands.invisible_patient
            || wanted.invisible_representatives != stands.invisible_representatives
        {
            return Err("label-conflict");
        }
    }
    if change.delete && !own {
        return Err("not-author");
    }
    if change.archived.is_some() && !own {
        return Err("not-author");
    }
    Ok(())
}

/// The rights that the patient's side may write (fhir.md §7): administrators, blocks, switches, masking, delegations; it may
/// withdraw an authorisation, and not declare one (CONS-03, MT-03).
pub fn write_right(case: &Case, grant: &Grant, active: bool) -> Result<(), &'static str> {
    activated(case)?;
    if case.kind == ActorKind::Caregiver {
        return Err("not-yours");
    }
    match grant {
        Grant::Access { .. } | Grant::TreatingPhysician { .. } if active => Err("not-yours"),
        // Judged by the professional, act by act (FEED-03).
        Grant::FeedingOpposition { .. } => Err("not-yours"),
        // Between two persons of age (AID-01).
        Grant::Delegation { .. } if case.kind == ActorKind::Representative => Err("not-yours"),
        _ => Ok(()),
    }
}
