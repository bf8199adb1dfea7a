//! What the patient's side does to the record, its rights and its traces.

use passerelle::dmp::actor::{ActorId, ActorKind};
use passerelle::dmp::change::RecordChange;
use passerelle::dmp::record::RecordState;
use passerelle::dmp::right::{Basis, Grant, Switch};
use passerelle::policy::{Act, RightScope, TraceScope, Visibility, decide};

use super::differences::Differences;
use super::oracle_patients::{self, Case, activated, headers, stranger};
use super::patients::{cases, world};
use super::world::{OTHER_PERSON, context, person, portal, rules, user};

/// Every change of a record.
pub const RECORD_CHANGES: [RecordChange; 5] = [
    RecordChange::Activate,
    RecordChange::Close { deletion: false },
    RecordChange::Close { deletion: true },
    RecordChange::Reopen,
    RecordChange::Settings,
];

/// What the patient's side does to the record itself (LC-03, LC-06, LC-12 to LC-16, MIN-11, PRO-01, AID-02).
fn record_change(case: &Case, change: RecordChange) -> Result<(), &'static str> {
    if !case.own_record {
        return Err("not-yours");
    }
    if stranger(case) {
        return Err("not-yours");
    }
    headers(case)?;
    if case.kind == ActorKind::Caregiver {
        return Err("not-yours");
    }
    // The state is what is changed here: it is asked last.
    match (change, case.state) {
        // One opens again what was closed; what was opposed was never there.
        (RecordChange::Reopen, RecordState::Closed) => Ok(()),
        (_, RecordState::Closed | RecordState::Opposed) => Err("record-closed"),
        (RecordChange::Settings | RecordChange::Reopen, RecordState::NotActivated) => {
            Err("record-not-activated")
        }
        // Nothing is left to do.
        (RecordChange::Reopen | RecordChange::Activate, RecordState::Activated) => {
            Err("not-allowed")
        }
        _ => Ok(()),
    }
}

#[test]
fn the_record_itself_is_the_patients() {
    let rules = rules(false);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    cases(|case| {
        let caller = portal(case.kind, case.own_record, case.protects_person);
        let standing = world(&case);
        let context = context(case.mode, true, case.secret);
        for change in RECORD_CHANGES {
            decisions += 1;
            let expected = record_change(&case, change);
            let act = Act::ChangeRecord(change);
            let decided = decide(&rules, &caller, &act, Some(&standing), &context).map(|_| ());
            let decided = decided.map_err(|error| error.code().as_str());
            if decided != expected {
                differences.add(
                    format!(
                        "{change:?} {:?} {:?} {expected:?} {decided:?}",
                        case.kind, case.state
                    ),
                    || format!("{case:?}"),
                );
            }
        }
    });
    println!("record: {decisions} decisions");
    differences.none();
}

pub fn grants_for(whom: &ActorId) -> Vec<Grant> {
    let of = whom.clone();
    let mut all = Vec::new();
    for basis in [Basis::Team, Basis::Explicit] {
        all.push(Grant::Access {
            holder: of.clone(),
            basis,
        });
        all.push(Grant::TreatingPhysician {
            holder: of.clone(),
            basis,
        });
    }
    all.extend([
        Grant::Administrator { holder: of.clone() },
        Grant::Block { of: of.clone() },
        Grant::FeedingOpposition {
            of,
            reason: "motif légitime".into(),
        },
        Grant::DefaultMasking,
        Grant::Delegation { to: user("aidant") },
    ]);
    for switch in Switch::ALL {
        for permit in [false, true] {
            all.push(Grant::Emergency { switch, permit });
        }
    }
    all
}

#[test]
fn the_patients_side_writes_its_own_rights() {
    let rules = rules(false);
    let mut differences = Differences::default();
    let mut decisions = 0u64;
    cases(|case| {
        let caller = portal(case.kind, case.own_record, case.protects_person);
        let standing = world(&case);
        let context = context(case.mode, true, case.secret);
        for grant in grants_for(&person(OTHER_PERSON)) {
            for active in [true, false] {
                decisions += 1;
                let expected = oracle_patients::write_right(&case, &grant, active);
                let act = Act::WriteRight {
                    grant: grant.clone(),
                    active,
                };
                let decided = decide(&rules, &caller, &act, Some(&standing), &context).map(|_| ());
                let decided = decided.map_err(|error| error.code().as_str());
                if decided != expected {
                    differences.add(
                        format!(
                            "{:?} {active} {:?} {:?} {expected:?} {decided:?}",
                            grant.category(),
                            case.kind,
                            case.state
                        ),
                        || format!("{case:?}"),
                    );
                }
            }
        }
    });
    println!("patient's rights: {decisions} decisions");
    differences.none();
}

#[test]
fn the_patients_side_reads_rights_and_traces() {
    let rules = rules(false);
    let mut differences = Differences::default();
    cases(|case| {
        let caller = portal(case.kind, case.own_record, case.protects_person);
        let standing = world(&case);
        let context = context(case.mode, true, case.secret);
        let decided = |act| {
            decide(&rules, &caller, &act, Some(&standing), &context)
                .map_err(|error| error.code().as_str())
        };
        // RGPD-01 after activation; X11 the holder and who acts for her; MIN-08 no secret connections for representatives.
        let rights = decided(Act::ReadRights).map(|permit| permit.right_scope());
        let expected = activated(&case).map(|()| RightScope::All);
        if rights != expected {
            differences.add(
                format!(
                    "rights {:?} {:?} {expected:?} {rights:?}",
                    case.kind, case.state
                ),
                || format!("{case:?}"),
            );
        }
        let traces = decided(Act::ReadTraces).map(|permit| permit.trace_scope());
        let expected = activated(&case).map(|()| match case.kind {
            ActorKind::Representative => TraceScope::Representative,
            _ => TraceScope::Holder,
        });
        if traces != expected {
            differences.add(
                format!(
                    "traces {:?} {:?} {expected:?} {traces:?}",
                    case.kind, case.state
                ),
                || format!("{case:?}"),
            );
        }
        let existence = decided(Act::TestExistence).map(|permit| permit.visibility().clone());
        let expected = match (stranger(&case), headers(&case)) {
            (true, _) => Err("not-yours"),
            (false, Err(code)) => Err(code),
            (false, Ok(())) => Ok(Visibility::Nothing),
        };
        if existence != expected {
            differences.add(
                format!(
                    "existence {:?} {:?} {expected:?} {existence:?}",
                    case.kind, case.state
                ),
                || format!("{case:?}"),
            );
        }
    });
    differences.none();
}
