//! Deposit: feeding needs no consent (FEED-02), an open record (LC-10), a qualified identity (INS-02) and no opposition (FEED-03).

use passerelle::dmp::actor::ActorKind;
use passerelle::dmp::change::RecordChange;
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::{IdentityStatus, RecordState};
use passerelle::dmp::right::Grant;
use passerelle::error::Code;
use passerelle::policy::{Act, decide};

use super::consultation::world;
use super::differences::Differences;
use super::oracle::{self, Case};
use super::oracle_acts;
use super::view;
use super::world::{
    ADULT, Authorisation, OF_AGE, PROFESSIONALS, Role, Switches, actor, context, documents, portal,
    right, rules, standing, standing_right, user,
};

#[test]
fn feeding_is_the_one_of_the_rule_catalogue() {
    let rules = rules(false);
    let documents = documents();
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    for who in PROFESSIONALS {
        let caller = actor(who);
        for state in RecordState::ALL {
            for identity in IdentityStatus::ALL {
                for bits in 0..32u8 {
                    for mode in [
                        AccessMode::Normal,
                        AccessMode::BrisDeGlace,
                        AccessMode::Centre15,
                    ] {
                        for secret in [None, Some(false), Some(true)] {
                            for (opposed, active) in [(false, true), (true, true), (true, false)] {
                                let case = Case {
                                    who,
                                    state,
                                    minor: bits & 1 != 0,
                                    blocked: bits & 2 != 0,
                                    mode,
                                    reason: bits & 4 != 0,
                                    secret,
                                    authorisation: if bits & 8 != 0 {
                                        Authorisation::Valid
                                    } else {
                                        Authorisation::None
                                    },
                                    role: Role::None,
                                    switches: Switches {
                                        regulation: true,
                                        break_glass: true,
                                        masked: false,
                                    },
                                };
                                let masks = bits & 16 != 0;
                                let mut standing = world(&case);
                                standing.record.data.identity = identity;
                                if masks {
                                    standing.rights.push(standing_right(Grant::DefaultMasking));
                                }
                                if opposed {
                                    let grant = Grant::FeedingOpposition {
                                        of: caller.id.clone(),
                                        reason: "motif".into(),
                                    };
                                    standing.rights.push(right(grant, active, OF_AGE, None));
                                }
                                decisions += 1;
                                let qualified = identity == IdentityStatus::Validated
                                    || identity == IdentityStatus::Qualified;
                                let expected =
                                    oracle_acts::deposit(&case, qualified, opposed && active);
                                let context = context(mode, case.reason, secret);
                                let decided = decide(
                                    &rules,
                                    &caller,
                                    &Act::Deposit,
                                    Some(&standing),
                                    &context,
                                );
                                let same = match (&expected, &decided) {
                                    (Err(code), Err(error)) => *code == error.code().as_str(),
                                    (Ok(sees), Ok(permit)) => {
                                        permit.masks_new_documents() == masks
                                            && permit.notice().is_none()
                                            && documents.iter().all(|document| {
                                                oracle::shows(who, *sees, document)
                                                    == view::shows(permit.visibility(), document)
                                            })
                                    }
                                    _ => false,
                                };
                                if !same {
                                    let decided = decided
                                        .map(|p| {
                                            (
                                                view::brief(p.visibility()),
                                                p.masks_new_documents(),
                                                p.notice(),
                                            )
                                        })
                                        .map_err(|error| error.code());
                                    differences.add(
                                        format!(
                                            "{:?} {:?} {mode:?} {expected:?}",
                                            who.kind, who.profession
                                        ),
                                        || format!("{decided:?} {case:?}"),
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    println!("deposits: {decisions} decisions");
    differences.none();
}

#[test]
fn ins_02_msk_05_a_patients_deposit_needs_a_qualified_identity_and_follows_the_switch() {
    let rules = rules(false);
    let context = context(AccessMode::Normal, false, None);
    for kind in [ActorKind::Holder, ActorKind::Caregiver] {
        let caller = portal(kind, true, false);
        for identity in IdentityStatus::ALL {
            for masks in [false, true] {
                let mut rights = vec![standing_right(Grant::Delegation { to: user("me") })];
                rights.extend(masks.then(|| standing_right(Grant::DefaultMasking)));
                let standing = standing(RecordState::Activated, identity, ADULT, rights);
                let decided = decide(&rules, &caller, &Act::Deposit, Some(&standing), &context);
                let expected = match identity {
                    IdentityStatus::Validated | IdentityStatus::Qualified => Ok(masks),
                    _ => Err(Code::IdentityNotQualified),
                };
                let decided = decided.map(|permit| permit.masks_new_documents());
                assert_eq!(
                    decided.map_err(|error| error.code()),
                    expected,
                    "{identity:?}"
                );
            }
        }
    }
}

#[test]
fn without_a_record_only_an_operator_does_anything() {
    let rules = rules(false);
    let context = context(AccessMode::Normal, false, None);
    for who in PROFESSIONALS {
        let mut caller = actor(who);
        for act in [Act::Deposit, Act::TestExistence, Act::SearchSubmissions] {
            let refused = decide(&rules, &caller, &act, None, &context).map(|_| ());
            assert_eq!(refused.map_err(|e| e.code()), Err(Code::RecordUnknown));
        }
        caller.operator = true;
        assert!(decide(&rules, &caller, &Act::OpenRecord, None, &context).is_ok());
    }
}

#[test]
fn lc_03_no_professional_changes_the_record() {
    let rules = rules(false);
    for who in PROFESSIONALS {
        super::consultation::cases(who, |case| {
            let few = case.authorisation == Authorisation::Valid && case.secret.is_none();
            if !few || !case.reason || !case.switches.break_glass {
                return;
            }
            let context = context(case.mode, case.reason, case.secret);
            let standing = world(&case);
            for change in [
                RecordChange::Activate,
                RecordChange::Close { deletion: true },
                RecordChange::Reopen,
                RecordChange::Settings,
            ] {
                let act = Act::ChangeRecord(change);
                let decided = decide(&rules, &actor(who), &act, Some(&standing), &context);
                assert_eq!(
                    decided.map(|_| ()).map_err(|e| e.code()),
                    Err(Code::NotYours),
                    "{case:?}"
                );
            }
        });
    }
}

#[test]
fn min_09_majority_is_counted_on_the_french_calendar() {
    let data = |born: &str| {
        standing(
            RecordState::Activated,
            IdentityStatus::Qualified,
            born,
            Vec::new(),
        )
        .record
        .data
    };
    let age = |born: &str, at: &str| data(born).age_at(super::world::at(at));
    assert_eq!(age("2008-06-15", "2026-06-14T21:59:59Z"), 17);
    assert_eq!(age("2008-06-15", "2026-06-14T22:00:00Z"), 18);
    assert_eq!(age("2008-02-29", "2026-02-28T12:00:00Z"), 17);
    assert_eq!(age("2008-02-29", "2026-03-01T00:00:00Z"), 18);
    assert_eq!(age("2008-02-29", "2028-02-29T00:00:00Z"), 20);
}
