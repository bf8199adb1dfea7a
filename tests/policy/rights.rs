//! Rights written by professionals (fhir.md §7, cards §3.1 TD0.3): who may declare what, for whom, and withdraw it.

use passerelle::dmp::context::AccessMode;
use passerelle::dmp::record::RecordState;
use passerelle::policy::{Act, RightScope, TraceScope, decide};

use super::consultation::world;
use super::differences::Differences;
use super::oracle::{self, Case};
use super::oracle_acts::{self, Writer};
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

#[test]
fn professionals_write_the_rights_that_are_theirs() {
    let rules = rules(false);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    cases(|case| {
        let caller = actor(case.who);
        let standing = world(&case);
        let context = context(case.mode, case.reason, case.secret);
        let me = Writer {
            id: caller.id.clone(),
            structure: structure(STRUCTURE),
        };
        for (whom, holder) in [
            ("himself", caller.id.clone()),
            ("somebody", person(OTHER_PERSON)),
            ("structure", structure(STRUCTURE)),
        ] {
            for grant in grants_for(&holder) {
                for active in [true, false] {
                    decisions += 1;
                    let expected = oracle_acts::write_right(&case, &me, &grant, active);
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
        let reason = oracle::reason(&case);
        let state = if oracle::open(&case) {
            reason
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
        let traces = decided(Act::ReadTraces).map(|permit| permit.trace_scope());
        let expected = oracle_acts::reads_all_traces(&case).map(|all| match all {
            true => TraceScope::All,
            false => TraceScope::Own,
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
        let existence = decided(Act::TestExistence).map(|_| ());
        assert_eq!(existence, reason, "{case:?}");
        let opened = decided(Act::OpenRecord).map(|_| ());
        assert_eq!(opened, Err("not-allowed"), "{case:?}");
    });
    println!("readings: {decisions} decisions");
    differences.none();
}
