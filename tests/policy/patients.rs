//! The patient's side: holder, representative and caregiver before documents (contract §7 "acting for a patient", rules LC, MIN, PRO,
//! AID, ANN, PAT).

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::{IdentityStatus, RecordState, Standing};
use passerelle::dmp::right::Grant;
use passerelle::policy::{Act, decide};

use super::consultation::LOOKS;
use super::differences::Differences;
use super::oracle_patients::{Case, Delegation, activated, shows};
use super::view;
use super::world::{
    ADULT, MINOR, NOW, OF_AGE, context, documents, portal, right, rules, standing, user,
};

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
