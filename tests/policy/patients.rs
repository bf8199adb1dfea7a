//! The patient's side: holder, representative and caregiver before documents (contract §7 "acting for a patient", rules LC, MIN, PRO,
//! AID, ANN, PAT).

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::{IdentityStatus, RecordState, Standing};
use passerelle::dmp::right::Grant;
use passerelle::policy::{Act, decide};

use super::consultation::LOOKS;
use super::differences::Differences;
use super::view;
use super::world::{
    ADULT, Document, MINOR, NOW, OF_AGE, context, documents, portal, right, rules, standing, user,
};

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

pub fn cases(mut each: impl FnMut(Case)) {
    for kind in [
        ActorKind::Holder,
        ActorKind::Representative,
        ActorKind::Caregiver,
    ] {
        for state in RecordState::ALL {
            for bits in 0..8u8 {
                for delegation in [
                    Delegation::None,
                    Delegation::Valid,
                    Delegation::Withdrawn,
                    Delegation::Expired,
                ] {
                    for mode in [
                        AccessMode::Normal,
                        AccessMode::BrisDeGlace,
                        AccessMode::Centre15,
                    ] {
                        for secret in [None, Some(false), Some(true)] {
                            each(Case {
                                kind,
                                own_record: bits & 1 == 0,
                                protects_person: bits & 2 != 0,
                                state,
                                minor: bits & 4 != 0,
                                delegation,
                                mode,
                                secret,
                            });
                        }
                    }
                }
            }
        }
    }
}

pub fn world(case: &Case) -> Standing {
    // A standing holds the rights of its caller: a delegation to somebody else never comes here.
    let to = Grant::Delegation { to: user("me") };
    let rights = match case.delegation {
        Delegation::None => Vec::new(),
        Delegation::Valid => vec![right(to, true, OF_AGE, Some("2026-06-15T10:00:01Z"))],
        Delegation::Withdrawn => vec![right(to, false, OF_AGE, None)],
        Delegation::Expired => vec![right(to, true, OF_AGE, Some(NOW))],
    };
    let born = if case.minor { MINOR } else { ADULT };
    standing(case.state, IdentityStatus::Qualified, born, rights)
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

#[test]
fn the_patients_side_looks_and_deposits_as_the_catalogue_says() {
    let rules = rules(false);
    let documents = documents();
    let mut differences = Differences::default();
    let (mut decisions, mut seen) = (0u64, 0u64);
    cases(|case| {
        let caller = portal(case.kind, case.own_record, case.protects_person);
        let standing = world(&case);
        let context = context(case.mode, true, case.secret);
        let looks = LOOKS.iter().map(|(_, act)| act.clone());
        for act in looks.chain([Act::Deposit]) {
            decisions += 1;
            let expected = activated(&case);
            let decided = decide(&rules, &caller, &act, Some(&standing), &context);
            let same = match (&expected, &decided) {
                (Err(code), Err(error)) => *code == error.code().as_str(),
                (Ok(()), Ok(permit)) => {
                    seen += documents.len() as u64;
                    permit.not_visible().code().as_str() == "not-found"
                        && permit.notice().is_none()
                        && documents.iter().all(|document| {
                            shows(&case, document) == view::shows(permit.visibility(), document)
                        })
                }
                _ => false,
            };
            if !same {
                let decided = decided.map(|permit| view::brief(permit.visibility()));
                differences.add(
                    format!("{act:?} {:?} {:?} {:?}", case.kind, case.state, expected),
                    || format!("{case:?}\n  decided {:?}", decided.map_err(|e| e.code())),
                );
            }
        }
    });
    println!("patient's side: {decisions} decisions, {seen} documents");
    differences.none();
    assert!(decisions > 20_000);
}
