//! The path that a decision explains: every step is a rule of the catalogue, and a refusal ends at its own.

use std::collections::HashSet;
use std::sync::LazyLock;

use passerelle::dmp::context::AccessMode;
use passerelle::policy::{Act, Step, decide, explain};

use super::consultation::{self, LOOKS};
use super::patient_acts::grants_for;
use super::world::{
    Authorisation, OTHER_PERSON, PROFESSIONALS, Role, actor, context, person, portal, rules,
};
use super::{catalogue, patients};

fn known(rule: &str) -> bool {
    static IDS: LazyLock<HashSet<String>> =
        LazyLock::new(|| catalogue::ids().into_iter().collect());
    IDS.contains(rule)
}

/// Fails unless the path is one of rules, and a refused one ends at the refusal's.
fn sound(path: &[Step], refusal: Option<Option<&'static str>>, case: &dyn std::fmt::Debug) {
    for step in path {
        assert!(known(step.rule), "{} {case:?}", step.rule);
    }
    if let Some(rule) = refusal {
        let rule = rule.unwrap_or_else(|| panic!("a refusal without rule: {case:?}"));
        assert!(known(rule), "{rule} {case:?}");
        let last = path.last().map(|step| (step.rule, step.holds));
        assert_eq!(last, Some((rule, false)), "{case:?}");
    }
}

#[test]
fn professionals_are_told_why() {
    let rules = rules(false);
    let mut paths = 0u64;
    for who in PROFESSIONALS {
        let caller = actor(who);
        let mut acts: Vec<Act> = LOOKS.iter().map(|(_, act)| act.clone()).collect();
        acts.extend([
            Act::Deposit,
            Act::ReadRights,
            Act::ReadTraces,
            Act::TestExistence,
        ]);
        acts.extend(
            super::patient_changes::changes()
                .into_iter()
                .map(Act::ChangeDocument),
        );
        for grant in grants_for(&caller.id)
            .into_iter()
            .chain(grants_for(&person(OTHER_PERSON)))
        {
            acts.push(Act::WriteRight {
                grant,
                active: true,
            });
        }
        consultation::cases(who, |case| {
            // Cut: expired authorisations, roles and switches one by one; the enumeration of decisions is elsewhere.
            let authorisation = case.authorisation == Authorisation::None
                || case.authorisation == Authorisation::Valid;
            let few = authorisation
                && (case.role == Role::None || case.role == Role::Administrator)
                && case.secret != Some(false)
                && (case.mode == AccessMode::BrisDeGlace || case.reason)
                && case.switches.masked
                && case.switches.regulation == case.switches.break_glass;
            if !few {
                return;
            }
            let standing = consultation::world(&case);
            let context = context(case.mode, case.reason, case.secret);
            for act in &acts {
                paths += 1;
                let (explained, path) = explain(&rules, &caller, act, Some(&standing), &context);
                let refusal = explained.as_ref().err().map(|error| error.rule());
                sound(&path, refusal, &(act, case));
                if paths.is_multiple_of(7) {
                    let decided = decide(&rules, &caller, act, Some(&standing), &context);
                    assert_eq!(
                        explained.map(|permit| permit.rule()),
                        decided.map(|permit| permit.rule())
                    );
                }
            }
        });
    }
    println!("explained: {paths} paths");
    assert!(paths > 50_000);
}

#[test]
fn the_patients_side_is_told_why() {
    let rules = rules(false);
    let mut acts: Vec<Act> = LOOKS.iter().map(|(_, act)| act.clone()).collect();
    acts.extend([
        Act::Deposit,
        Act::ReadRights,
        Act::ReadTraces,
        Act::TestExistence,
    ]);
    for grant in grants_for(&person(OTHER_PERSON)) {
        acts.push(Act::WriteRight {
            grant,
            active: true,
        });
    }
    for change in super::patient_acts::RECORD_CHANGES {
        acts.push(Act::ChangeRecord(change));
    }
    patients::cases(|case| {
        let caller = portal(case.kind, case.own_record, case.protects_person);
        let standing = patients::world(&case);
        let context = context(case.mode, true, case.secret);
        for act in &acts {
            let (explained, path) = explain(&rules, &caller, act, Some(&standing), &context);
            let refusal = explained.as_ref().err().map(|error| error.rule());
            sound(&path, refusal, &(act, case));
        }
    });
}
