//! The decision, enumerated against an oracle written from the rule catalogue, independently of the policy's code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use passerelle::dmp::actor::{Actor, ActorId, ActorKind, Structure};
use passerelle::dmp::authorisation::{Authorisation, Basis, Declaration};
use passerelle::dmp::code::{Code as Coded, system};
use passerelle::dmp::context::{AccessMode, Context};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::person::{PersonName, Sex};
use passerelle::dmp::record::{IdentityStatus, Record, RecordData, RecordState, Standing, Traits};
use passerelle::dmp::time::Instant;
use passerelle::error::Code;
use passerelle::policy::{Act, Rules, Visibility, decide};
use passerelle::tables::Tables;

const NOW: &str = "2026-06-15T10:00:00Z";
/// Professions with a column in the matrix as it is in force, and some without.
const IN_MATRIX: [&str; 7] = ["10", "21", "28", "40", "50", "60", "70"];
const OUTSIDE: [&str; 3] = ["31", "86", "99"];

fn now() -> Instant {
    NOW.parse().unwrap()
}

fn rules() -> Rules {
    Rules {
        tables: Arc::new(Tables::built_in()),
        age_of_majority: 18,
    }
}

fn actor(kind: ActorKind, profession: Option<&str>, regulator: bool) -> Actor {
    let structure = Structure {
        id: "10B0057881".parse().unwrap(),
        name: None,
    };
    let id = match kind {
        ActorKind::Establishment => ActorId::Structure(structure.id.clone()),
        ActorKind::Cpe => ActorId::Person("30B0057881/CPET0002".parse().unwrap()),
        _ => ActorId::Person("899900063480".parse().unwrap()),
    };
    Actor {
        kind,
        id,
        name: PersonName::default(),
        profession: profession.map(|code| Coded::new(code, system::PROFESSION)),
        specialities: Vec::new(),
        structure: (!kind.is_nominative()).then_some(structure),
        operator: false,
        regulator,
    }
}

fn standing(case: &Case, actor: &Actor) -> Standing {
    let ins = Ins::parse(InsRoot::NirTest, "279035121518989").unwrap();
    let birth_date = if case.minor {
        "2008-06-16"
    } else {
        "2008-06-15"
    };
    let data = RecordData {
        ins: ins.clone(),
        state: case.state,
        identity: case.identity,
        traits: Traits {
            birth_name: PersonName::default(),
            birth_given_names: None,
            used_name: None,
            sex: Sex::Female,
            birth_date: birth_date.parse().unwrap(),
            birth_place: None,
        },
        closure: None,
        opposition_date: None,
        attached_to_mes: true,
    };
    let end: Instant = match case.consent {
        Consent::Expired => "2026-06-15T10:00:00Z".parse().unwrap(),
        _ => "2026-06-15T10:00:01Z".parse().unwrap(),
    };
    let held = Authorisation {
        id: uuid::Uuid::nil(),
        version: 1,
        updated: now(),
        declared_by: actor.id.as_str().into(),
        start: "2026-01-01T00:00:00Z".parse().unwrap(),
        end,
        declaration: Declaration {
            patient: ins,
            holder: actor.id.clone(),
            holder_name: None,
            basis: Basis::Team,
            active: case.consent != Consent::Withdrawn,
            until: None,
        },
    };
    Standing {
        record: Record {
            id: uuid::Uuid::nil(),
            version: 1,
            updated: now(),
            data,
        },
        authorisation: (case.consent != Consent::None).then_some(held),
        blocked: case.blocked,
    }
}

fn context(case: &Case) -> Context {
    Context {
        mode: case.mode,
        reason: case.reason.then(|| "urgence vitale".to_owned()),
        secret: case.secret,
        structure: None,
        now: now(),
        request_id: "r".into(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    None,
    Valid,
    Expired,
    Withdrawn,
}

#[derive(Debug, Clone)]
struct Case {
    kind: ActorKind,
    profession: Option<&'static str>,
    regulator: bool,
    state: RecordState,
    identity: IdentityStatus,
    minor: bool,
    blocked: bool,
    mode: AccessMode,
    reason: bool,
    secret: Option<bool>,
    consent: Consent,
}

fn cases() -> impl Iterator<Item = Case> {
    let kinds = [
        ActorKind::Cps,
        ActorKind::Cpf,
        ActorKind::Cpe,
        ActorKind::Establishment,
    ];
    let modes = [
        AccessMode::Normal,
        AccessMode::BrisDeGlace,
        AccessMode::Centre15,
    ];
    let consents = [
        Consent::None,
        Consent::Valid,
        Consent::Expired,
        Consent::Withdrawn,
    ];
    let mut all = Vec::new();
    for kind in kinds {
        let professions: Vec<Option<&str>> = if kind.is_nominative() {
            IN_MATRIX.iter().chain(&OUTSIDE).map(|p| Some(*p)).collect()
        } else {
            vec![None]
        };
        for profession in professions {
            for state in RecordState::ALL {
                for identity in IdentityStatus::ALL {
                    for bits in 0..16u8 {
                        for mode in modes {
                            for secret in [None, Some(false), Some(true)] {
                                for consent in consents {
                                    all.push(Case {
                                        kind,
                                        profession,
                                        regulator: bits & 1 != 0,
                                        state,
                                        identity,
                                        minor: bits & 2 != 0,
                                        blocked: bits & 4 != 0,
                                        mode,
                                        reason: bits & 8 != 0,
                                        secret,
                                        consent,
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    all.into_iter()
}

/// What the caller may see, in the oracle's words.
#[derive(Debug, PartialEq, Eq)]
enum Sees {
    Nothing,
    HisOwn,
    ByMatrix,
}

/// LC-09, AUT-01..05, HAB-02, BLK-04, EMG-04, EMG-05, MIN-06, CONS-05, read in the order of contract §7.
fn oracle_record(case: &Case) -> Result<Sees, Code> {
    if matches!(case.state, RecordState::Closed | RecordState::Opposed) {
        return Err(Code::RecordClosed);
    }
    let nominative = matches!(case.kind, ActorKind::Cps | ActorKind::Cpf);
    if !nominative || OUTSIDE.contains(&case.profession.unwrap_or("99")) {
        return Err(Code::CardCannotConsult);
    }
    if case.blocked {
        return Err(Code::BlockedByPatient);
    }
    oracle_headers(case)?;
    match case.mode {
        AccessMode::BrisDeGlace => Ok(Sees::ByMatrix),
        AccessMode::Centre15 if case.regulator && case.profession == Some("10") => {
            Ok(Sees::ByMatrix)
        }
        AccessMode::Centre15 => Err(Code::EmergencyRefused),
        AccessMode::Normal if case.minor && case.secret.is_none() => {
            Err(Code::SecretChoiceRequired)
        }
        AccessMode::Normal if case.consent == Consent::Valid => Ok(Sees::ByMatrix),
        AccessMode::Normal => Err(Code::ConsentRequired),
    }
}

fn oracle_headers(case: &Case) -> Result<(), Code> {
    if case.mode == AccessMode::BrisDeGlace && !case.reason {
        return Err(Code::ReasonRequired);
    }
    let secret_has_sense = case.minor && case.mode == AccessMode::Normal;
    if case.secret == Some(true) && !secret_has_sense {
        Err(Code::SecretNotApplicable)
    } else {
        Ok(())
    }
}

fn oracle_own(case: &Case) -> Result<Sees, Code> {
    if matches!(case.state, RecordState::Closed | RecordState::Opposed) {
        return Err(Code::RecordClosed);
    }
    if case.blocked {
        return Err(Code::BlockedByPatient);
    }
    oracle_headers(case)?;
    Ok(oracle_record(case).unwrap_or(Sees::HisOwn))
}

fn oracle_content(case: &Case) -> Result<Sees, Code> {
    if !matches!(case.state, RecordState::Closed | RecordState::Opposed)
        && matches!(case.kind, ActorKind::Cpe | ActorKind::Establishment)
    {
        return Err(Code::CardCannotConsult);
    }
    oracle_own(case)
}

fn oracle_deposit(case: &Case) -> Result<Sees, Code> {
    if matches!(case.state, RecordState::Closed | RecordState::Opposed) {
        return Err(Code::RecordClosed);
    }
    if matches!(
        case.identity,
        IdentityStatus::Provisional | IdentityStatus::Retrieved
    ) {
        return Err(Code::IdentityNotQualified);
    }
    if case.secret == Some(true) && !(case.minor && case.mode == AccessMode::Normal) {
        return Err(Code::SecretNotApplicable);
    }
    Ok(oracle_record(case).unwrap_or(Sees::HisOwn))
}

fn oracle_declare(case: &Case) -> Result<Sees, Code> {
    if matches!(case.state, RecordState::Closed | RecordState::Opposed) {
        return Err(Code::RecordClosed);
    }
    match case.kind {
        ActorKind::Establishment => Err(Code::NotAllowed),
        _ if case.blocked => Err(Code::BlockedByPatient),
        _ if case.mode != AccessMode::Normal => Err(Code::NotAllowed),
        _ if case.secret == Some(true) && !case.minor => Err(Code::SecretNotApplicable),
        ActorKind::Cpe => Err(Code::NotYours),
        _ => Ok(Sees::Nothing),
    }
}

#[test]
fn every_decision_is_the_one_of_the_rule_catalogue() {
    let rules = rules();
    let mut count = 0u32;
    for case in cases() {
        let actor = actor(case.kind, case.profession, case.regulator);
        let standing = standing(&case, &actor);
        let declare_own = Act::DeclareConsent {
            holder: actor.id.clone(),
            basis: Basis::Team,
            active: true,
        };
        let acts = [
            (
                Act::SearchDocuments {
                    by_identifier: false,
                },
                oracle_record(&case),
            ),
            (Act::SearchSubmissions, oracle_record(&case)),
            (
                Act::SearchDocuments {
                    by_identifier: true,
                },
                oracle_own(&case),
            ),
            (Act::ReadDocument, oracle_own(&case)),
            (Act::ReadSubmission, oracle_own(&case)),
            (Act::ReadContent, oracle_content(&case)),
            (Act::Deposit, oracle_deposit(&case)),
            (declare_own, oracle_declare(&case)),
            (Act::TestExistence, Ok(Sees::Nothing)),
            (Act::OpenRecord, Err(Code::NotAllowed)),
        ];
        for (act, expected) in acts {
            count += 1;
            let decided = decide(&rules, &actor, &act, Some(&standing), &context(&case));
            let decided = decided.map(|permit| match permit.visibility() {
                Visibility::Nothing => Sees::Nothing,
                Visibility::Own(_) => Sees::HisOwn,
                Visibility::Professional(..) => Sees::ByMatrix,
            });
            assert_eq!(
                decided.map_err(|error| error.code()),
                expected,
                "{act:?} {case:?}"
            );
        }
    }
    println!("{count} decisions");
    assert!(count > 200_000);
}

#[test]
fn cons_07_needs_a_valid_authorisation_and_an_explicit_basis() {
    let rules = rules();
    let other = ActorId::Person("899900012345".parse().unwrap());
    for case in cases().filter(|case| {
        case.kind == ActorKind::Cps
            && case.profession == Some("60")
            && case.state == RecordState::Activated
            && case.mode == AccessMode::Normal
            && !case.blocked
            && case.secret.is_none()
    }) {
        let actor = actor(case.kind, case.profession, false);
        let standing = standing(&case, &actor);
        for basis in [Basis::Team, Basis::Explicit] {
            let act = Act::DeclareConsent {
                holder: other.clone(),
                basis,
                active: true,
            };
            let decided = decide(&rules, &actor, &act, Some(&standing), &context(&case));
            let allowed = case.consent == Consent::Valid && basis == Basis::Explicit;
            assert_eq!(
                decided.map(|_| ()).map_err(|e| e.code()),
                if allowed { Ok(()) } else { Err(Code::NotYours) },
                "{case:?}"
            );
        }
    }
}

#[test]
fn min_09_majority_is_counted_on_the_french_calendar() {
    let data = |born: &str| {
        let case = cases().next().unwrap();
        let mut data = standing(&case, &actor(ActorKind::Cps, Some("10"), false))
            .record
            .data;
        data.traits.birth_date = born.parse().unwrap();
        data
    };
    let age = |born: &str, at: &str| data(born).age_at(at.parse().unwrap());
    assert_eq!(age("2008-06-15", "2026-06-14T21:59:59Z"), 17);
    assert_eq!(age("2008-06-15", "2026-06-14T22:00:00Z"), 18);
    assert_eq!(age("2008-02-29", "2026-02-28T12:00:00Z"), 17);
    assert_eq!(age("2008-02-29", "2026-03-01T00:00:00Z"), 18);
    assert_eq!(age("2008-02-29", "2028-02-29T00:00:00Z"), 20);
}

#[test]
fn without_a_record_only_an_operator_does_anything() {
    let rules = rules();
    let case = cases().next().unwrap();
    let mut caller = actor(ActorKind::Establishment, None, false);
    let refused = decide(&rules, &caller, &Act::Deposit, None, &context(&case)).map(|_| ());
    assert_eq!(refused.map_err(|e| e.code()), Err(Code::RecordUnknown));
    caller.operator = true;
    assert!(decide(&rules, &caller, &Act::OpenRecord, None, &context(&case)).is_ok());
}
