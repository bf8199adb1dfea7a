//! Rights written by professionals (fhir.md §7, cards §3.1 TD0.3): who may declare what, for whom, and withdraw it.

use passerelle::dmp::actor::{ActorId, ActorKind};
use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::RecordState;
use passerelle::dmp::right::{Basis, Grant};
use passerelle::policy::{Act, RightScope, TraceScope, decide};

use super::consultation::world;
use super::differences::Differences;
use super::oracle::{self, Case};
use super::patient_acts::grants_for;
use super::world::{
    Authorisation, OTHER_PERSON, PROFESSIONALS, Role, STRUCTURE, Switches, actor, context, person,
    rules, structure,
};

/// Cases of writing. Cut: switches and reasons say nothing of it, and roles are varied in open records only.
fn cases(mut each: impl FnMut(Case)) {
    for who in PROFESSIONALS {
        for state in RecordState::ALL {
            for bits in 0..4u8 {
                for mode in [
                    AccessMode::Normal,
                    AccessMode::BrisDeGlace,
                    AccessMode::Centre15,
                ] {
                    for secret in [None, Some(false), Some(true)] {
                        for authorisation in Authorisation::ALL {
                            let open = state == RecordState::NotActivated
                                || state == RecordState::Activated;
                            let roles = if open {
                                &Role::ALL[..]
                            } else {
                                &Role::ALL[..1]
                            };
                            for role in roles {
                                each(Case {
                                    who,
                                    state,
                                    minor: bits & 1 != 0,
                                    blocked: bits & 2 != 0,
                                    mode,
                                    reason: true,
                                    secret,
                                    authorisation,
                                    role: *role,
                                    switches: Switches {
                                        regulation: true,
                                        break_glass: true,
                                        masked: false,
                                    },
                                });
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The catalogue's answer.
fn expected(case: &Case, me: &ActorId, grant: &Grant, active: bool) -> Result<(), &'static str> {
    if !oracle::open(case) {
        return Err("record-closed");
    }
    let mine = |holder: &ActorId| holder == me;
    let of_structure = |holder: &ActorId| *holder == structure(STRUCTURE);
    let feeding = matches!(grant, Grant::FeedingOpposition { .. });
    // TD0.3 is not for an establishment's certificate; what is about feeding is for whoever feeds, a block does not stop it (X3).
    if case.who.kind == ActorKind::Establishment && !feeding {
        return Err("not-allowed");
    }
    if case.blocked && !feeding {
        return Err("blocked-by-patient");
    }
    if case.mode != AccessMode::Normal {
        return Err("not-allowed");
    }
    if case.secret == Some(true) && !case.minor {
        return Err("secret-not-applicable");
    }
    match grant {
        Grant::Access { holder, basis } => match case.who.kind {
            // For its structure, and it withdraws nothing.
            ActorKind::Cpe if of_structure(holder) && active => Ok(()),
            ActorKind::Cpe if of_structure(holder) => Err("not-allowed"),
            ActorKind::Cpe => Err("not-yours"),
            _ if mine(holder) => Ok(()),
            // CONS-07.
            _ if active && *basis == Basis::Explicit && oracle::authorised(case) => Ok(()),
            _ => Err("not-yours"),
        },
        Grant::TreatingPhysician { holder, .. } => {
            let physician = case.who.kind == ActorKind::Cps && case.who.profession == Some("10");
            match (physician, mine(holder)) {
                (false, _) => Err("not-a-physician"),
                (true, false) => Err("not-yours"),
                (true, true) => Ok(()),
            }
        }
        // Noted by whoever feeds, for himself or his structure (FEED-03).
        Grant::FeedingOpposition { of, .. }
            if mine(of) || case.who.kind == ActorKind::Cpe && of_structure(of) =>
        {
            Ok(())
        }
        // BLK-01, ADM-02; the role rests on the authorisation.
        Grant::Block { .. } if case.role == Role::Administrator => Ok(()),
        _ => Err("not-yours"),
    }
}

#[test]
fn professionals_write_the_rights_that_are_theirs() {
    let rules = rules(false);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    cases(|case| {
        let caller = actor(case.who);
        let standing = world(&case);
        let context = context(case.mode, case.reason, case.secret);
        for (whom, holder) in [
            ("himself", caller.id.clone()),
            ("somebody", person(OTHER_PERSON)),
            ("structure", structure(STRUCTURE)),
        ] {
            for grant in grants_for(&holder) {
                for active in [true, false] {
                    decisions += 1;
                    let expected = expected(&case, &caller.id, &grant, active);
                    let act = Act::WriteRight {
                        grant: grant.clone(),
                        active,
                    };
                    let decided = decide(&rules, &caller, &act, Some(&standing), &context);
                    let decided = decided.map(|_| ()).map_err(|error| error.code().as_str());
                    if decided != expected {
                        differences.add(
                            format!(
                                "{:?} {active} {whom} {:?} {expected:?} {decided:?}",
                                grant.category(),
                                case.who.kind
                            ),
                            || format!("{grant:?} {case:?}"),
                        );
                    }
                }
            }
        }
    });
    println!("rights: {decisions} decisions");
    differences.none();
}

#[test]
fn professionals_read_what_concerns_them() {
    let rules = rules(false);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    cases(|case| {
        let caller = actor(case.who);
        let standing = world(&case);
        let context = context(case.mode, case.reason, case.secret);
        let decided = |act| {
            decide(&rules, &caller, &act, Some(&standing), &context)
                .map_err(|error| error.code().as_str())
        };
        decisions += 4;
        // What concerns oneself may be read as long as the record is open.
        let state = if oracle::open(&case) {
            Ok(())
        } else {
            Err("record-closed")
        };
        let rights = decided(Act::ReadRights).map(|permit| permit.right_scope());
        let expected = state.map(|()| RightScope::Concerning);
        if rights != expected {
            differences.add(
                format!(
                    "rights {:?} {:?} {expected:?} {rights:?}",
                    case.who.kind, case.state
                ),
                || format!("{case:?}"),
            );
        }
        // X11, MT-04: médecin traitant and administrators read all while nothing blocks them; the others their own acts.
        let role = case.role == Role::Treating || case.role == Role::Administrator;
        let all = role && !case.blocked;
        let traces = decided(Act::ReadTraces).map(|permit| permit.trace_scope());
        let expected = state.map(|()| {
            if all {
                TraceScope::All
            } else {
                TraceScope::Own
            }
        });
        if traces != expected {
            differences.add(
                format!(
                    "traces {:?} {:?} {:?} {:?} {} {expected:?} {traces:?}",
                    case.who.kind, case.state, case.mode, case.role, case.blocked
                ),
                || format!("{case:?}"),
            );
        }
        // AUT table: everybody tests existence, and nobody but an operator opens a record.
        assert!(decided(Act::TestExistence).is_ok(), "{case:?}");
        let opened = decided(Act::OpenRecord).map(|_| ());
        assert_eq!(opened, Err("not-allowed"), "{case:?}");
    });
    println!("readings: {decisions} decisions");
    differences.none();
}
