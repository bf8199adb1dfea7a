//! Every right as a Consent: what is written is read back as it was, and what can't be carried is refused by its path.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::LazyLock;

use passerelle::dmp::actor::{ActorId, PortalUser};
use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::right::{Basis, Category, Declaration, Grant, Right, Switch};
use passerelle::dmp::time::Instant;
use passerelle::error::{Code, Error, Severity};
use passerelle::tables::Tables;
use passerelle::translate::{Reading, consent, search, wire};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use uuid::Uuid;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

fn reading(validation: Validation) -> Reading<'static> {
    Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation,
        base_url: "https://127.0.0.1:8443/fhir",
    }
}

fn person() -> ActorId {
    ActorId::Person("899900000001".parse().unwrap())
}

fn structure() -> ActorId {
    ActorId::Structure("10B0000002".parse().unwrap())
}

fn user() -> ActorId {
    ActorId::User(PortalUser::new("https://portail.example", "compte-7").unwrap())
}

fn grant() -> impl Strategy<Value = Grant> {
    let caller = select(vec![person(), structure()]);
    let basis = select(vec![Basis::Team, Basis::Explicit]);
    let users = (
        "https://[a-z]{1,12}\\.example(/[a-z]{1,5})?",
        "[!-{}~é]{1,40}",
    )
        .prop_map(|(issuer, subject)| ActorId::User(PortalUser::new(&issuer, &subject).unwrap()));
    prop_oneof![
        (caller.clone(), basis.clone()).prop_map(|(holder, basis)| Grant::Access { holder, basis }),
        basis.prop_map(|basis| Grant::TreatingPhysician {
            holder: person(),
            basis
        }),
        Just(Grant::Administrator { holder: person() }),
        caller.clone().prop_map(|of| Grant::Block { of }),
        (caller, "[A-Za-zé][A-Za-zé ,'-]{0,60}[a-zé.]")
            .prop_map(|(of, reason)| Grant::FeedingOpposition { of, reason }),
        (select(&Switch::ALL), any::<bool>())
            .prop_map(|(switch, permit)| Grant::Emergency { switch, permit }),
        Just(Grant::DefaultMasking),
        users.prop_map(|to| Grant::Delegation { to }),
    ]
}

/// A right that lasts until it is withdrawn whatever is asked for.
fn is_endless(grant: &Grant) -> bool {
    let endless = [
        Category::Block,
        Category::Emergency,
        Category::DefaultMasking,
    ];
    endless.contains(&grant.category())
}

fn right() -> impl Strategy<Value = Right> {
    let end = option::of(1_770_000_000_i64..1_900_000_000);
    let name = option::of("[A-Z][a-zé]{1,10} [A-Z]{2,10}");
    (grant(), name, any::<bool>(), end, 1_u32..9).prop_map(|(grant, name, active, end, version)| {
        let end = end
            .filter(|_| !is_endless(&grant))
            .map(|second| Instant::from_second(second).unwrap());
        let named = grant.actor().is_some();
        Right {
            id: Uuid::from_u128(5),
            version,
            updated: "2026-01-02T03:04:05Z".parse().unwrap(),
            declared_by: "899900000001".to_owned(),
            start: "2026-01-02T03:04:05Z".parse().unwrap(),
            end,
            declaration: Declaration {
                patient: Ins::parse(InsRoot::NirTest, "279035121518989").unwrap(),
                grant,
                name: name.filter(|_| named),
                active,
                until: None,
            },
        }
    })
}

fn written(held: &Right) -> Value {
    consent::write(held, held.start, &reading(Validation::Strict))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_right_survives_its_consent(held in right()) {
        let resource = written(&held);
        let problems = wire::check(&resource, "Consent", "Consent");
        prop_assert!(problems.is_empty(), "{problems:?}\n{resource:#}");
        let read = consent::read(&resource, &reading(Validation::Strict));
        let (read, warnings) = read.map_err(|error| TestCaseError::fail(format!("{:?}\n{resource:#}", error.issues)))?;
        let told = Declaration { until: held.end, ..held.declaration.clone() };
        prop_assert_eq!(read, told);
        prop_assert!(warnings.iter().all(|issue| issue.code == Code::ElementIgnored), "{warnings:?}");
    }

    /// Two rights have one key when they are of one category, patient, actor and switch, whatever else they say.
    #[test]
    fn the_key_is_the_place_of_a_right(one in right(), other in right()) {
        let place = |right: &Right| {
            let grant = &right.declaration.grant;
            (grant.category(), grant.actor().cloned(), grant.switch())
        };
        let same = consent::key(&one.declaration) == consent::key(&other.declaration);
        prop_assert_eq!(same, place(&one) == place(&other));
        let resource = written(&one);
        let key = consent::key(&one.declaration);
        prop_assert_eq!(resource["identifier"][0]["value"].as_str(), Some(key.1.as_str()));
    }
}

fn of(grant: Grant) -> Value {
    written(&Right {
        id: Uuid::from_u128(5),
        version: 1,
        updated: "2026-01-02T03:04:05Z".parse().unwrap(),
        declared_by: "899900000001".to_owned(),
        start: "2026-01-02T03:04:05Z".parse().unwrap(),
        end: None,
        declaration: Declaration {
            patient: Ins::parse(InsRoot::NirTest, "279035121518989").unwrap(),
            grant,
            name: None,
            active: true,
            until: None,
        },
    })
}

fn opposition() -> Value {
    of(Grant::FeedingOpposition {
        of: person(),
        reason: "Secret professionnel".to_owned(),
    })
}

fn emergency(switch: Switch) -> Value {
    of(Grant::Emergency {
        switch,
        permit: false,
    })
}

fn administrator() -> Value {
    of(Grant::Administrator { holder: person() })
}

fn told(error: Error) -> Vec<String> {
    let errors = error
        .issues
        .into_iter()
        .filter(|issue| issue.severity == Severity::Error);
    errors
        .map(|issue| {
            let path = issue.expression.unwrap_or_default();
            format!("{} {path}", issue.code.as_str())
        })
        .collect()
}

#[test]
fn the_three_switches_are_told_apart_by_purpose_and_label() {
    let purposes = |switch| {
        let resource = emergency(switch);
        let codes: Vec<_> = resource["provision"]["purpose"]
            .as_array()
            .unwrap()
            .iter()
            .map(|coding| coding["code"].as_str().unwrap().to_owned())
            .collect();
        let label = resource["provision"]["securityLabel"][0]["code"].clone();
        (codes, label)
    };
    assert_eq!(
        purposes(Switch::Regulation),
        (vec!["ETREAT".into()], Value::Null)
    );
    assert_eq!(
        purposes(Switch::BreakGlass),
        (vec!["BTG".into()], Value::Null)
    );
    let masked = (vec!["ETREAT".into(), "BTG".into()], json!("MASQUE_PS"));
    assert_eq!(purposes(Switch::Masked), masked);
    // Without an actor, as well as for `all`.
    let mut bare = emergency(Switch::Masked);
    bare["provision"].as_object_mut().unwrap().remove("actor");
    let (read, _) = consent::read(&bare, &reading(Validation::Strict)).unwrap();
    assert_eq!(read.grant.switch(), Some(Switch::Masked));
}

#[test]
fn what_a_category_does_not_say_is_refused_by_its_path() {
    const BASIS: &str = "https://passerelle.dev/fhir/StructureDefinition/consent-basis";
    const REASON: &str = "https://passerelle.dev/fhir/StructureDefinition/opposition-reason";
    let block = || of(Grant::Block { of: person() });
    let delegation = || of(Grant::Delegation { to: user() });
    let physician = || {
        of(Grant::TreatingPhysician {
            holder: person(),
            basis: Basis::Team,
        })
    };
    let treat =
        json!([{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}]);
    let ps = json!({"system": "urn:oid:1.2.250.1.71.4.2.1", "value": "899900000001"});
    let of_structure = json!({"system": "urn:oid:1.2.250.1.71.4.2.2", "value": "10B0000002"});
    let basis = json!({"url": BASIS, "valueCode": "equipe"});
    let identifier = "/provision/actor/0/reference/identifier";
    let wrong_actor = "element-invalid Consent.provision.actor[0].reference.identifier";
    let rows: Vec<(&str, Value, &str, Value, String)> = vec![
        (
            "block",
            block(),
            "/provision/type",
            json!("permit"),
            "element-invalid Consent.provision.type".into(),
        ),
        (
            "block",
            block(),
            "/provision/purpose",
            treat.clone(),
            "unsupported-element Consent.provision.purpose[0]".into(),
        ),
        (
            "block",
            block(),
            "/provision/period/end",
            json!("2027-01-01"),
            "unsupported-element Consent.provision.period.end".into(),
        ),
        (
            "block",
            block(),
            "/provision/securityLabel",
            json!([{"code": "x"}]),
            "unsupported-element Consent.provision.securityLabel".into(),
        ),
        (
            "block",
            block(),
            "/extension",
            json!([basis]),
            "unsupported-element Consent.extension[0]".into(),
        ),
        (
            "block",
            block(),
            "/provision/action/0/coding/0/code",
            json!("collect"),
            "unsupported-element Consent.provision.action[0].coding[0]".into(),
        ),
        (
            "block",
            block(),
            identifier,
            json!({"system": "https://portail.example", "value": "x"}),
            wrong_actor.into(),
        ),
        (
            "block",
            block(),
            "/provision/actor",
            json!([]),
            "element-required Consent.provision.actor".into(),
        ),
        (
            "physician",
            physician(),
            "/extension",
            json!([]),
            format!("element-required Consent.extension('{BASIS}')"),
        ),
        (
            "physician",
            physician(),
            identifier,
            of_structure.clone(),
            wrong_actor.into(),
        ),
        (
            "administrator",
            administrator(),
            identifier,
            of_structure,
            wrong_actor.into(),
        ),
        (
            "administrator",
            administrator(),
            "/provision/action/0/coding/0/code",
            json!("correct"),
            "element-invalid Consent.provision.action".into(),
        ),
        (
            "administrator",
            administrator(),
            "/provision/securityLabel/0/code",
            json!("INVISIBLE_PATIENT"),
            "unsupported-element Consent.provision.securityLabel[0]".into(),
        ),
        (
            "delegation",
            delegation(),
            identifier,
            json!({"value": "compte"}),
            wrong_actor.into(),
        ),
        (
            "delegation",
            delegation(),
            identifier,
            json!({"system": "https://portail.example", "value": "a|b"}),
            wrong_actor.into(),
        ),
        (
            "delegation",
            delegation(),
            identifier,
            json!({"system": "https://portail.example", "value": "\u{a0} "}),
            wrong_actor.into(),
        ),
        (
            "delegation",
            delegation(),
            "/provision/type",
            json!("deny"),
            "element-invalid Consent.provision.type".into(),
        ),
        (
            "opposition",
            opposition(),
            "/extension/0/valueString",
            json!("  \u{a0}\t"),
            "element-invalid Consent.extension[0].value".into(),
        ),
        (
            "opposition",
            opposition(),
            "/extension/0/valueString",
            json!("x".repeat(1001)),
            "element-invalid Consent.extension[0].value".into(),
        ),
        (
            "opposition",
            opposition(),
            "/extension",
            json!([]),
            format!("element-required Consent.extension('{REASON}')"),
        ),
        (
            "opposition",
            opposition(),
            "/provision/action/0/coding/0/code",
            json!("access"),
            "unsupported-element Consent.provision.action[0].coding[0]".into(),
        ),
        (
            "emergency",
            emergency(Switch::BreakGlass),
            "/provision/type",
            json!("maybe"),
            "element-invalid Consent.provision.type".into(),
        ),
        (
            "emergency",
            emergency(Switch::BreakGlass),
            "/provision/purpose",
            json!([]),
            "element-required Consent.provision.purpose".into(),
        ),
        (
            "emergency",
            emergency(Switch::BreakGlass),
            "/provision/purpose",
            treat,
            "unsupported-element Consent.provision.purpose[0]".into(),
        ),
        (
            "emergency",
            emergency(Switch::Masked),
            "/provision/securityLabel",
            json!([]),
            "element-invalid Consent.provision.purpose".into(),
        ),
        (
            "emergency",
            emergency(Switch::BreakGlass),
            "/provision/actor/0/reference",
            json!({"identifier": ps}),
            "unsupported-element Consent.provision.actor[0].reference.identifier".into(),
        ),
        (
            "emergency",
            emergency(Switch::BreakGlass),
            "/provision/actor/0/reference/display",
            json!("some"),
            "element-invalid Consent.provision.actor[0].reference.display".into(),
        ),
        (
            "emergency",
            emergency(Switch::BreakGlass),
            "/provision/period/end",
            json!("2027-01-01"),
            "unsupported-element Consent.provision.period.end".into(),
        ),
        (
            "masking",
            of(Grant::DefaultMasking),
            "/provision/type",
            json!("permit"),
            "element-invalid Consent.provision.type".into(),
        ),
        (
            "masking",
            of(Grant::DefaultMasking),
            "/provision/class/0/code",
            json!("Immunization"),
            "unsupported-element Consent.provision.class[0]".into(),
        ),
        (
            "two categories",
            block(),
            "/category/0/coding/0",
            json!({"system": "https://passerelle.dev/fhir/CodeSystem/consent-category", "code": "urgence"}),
            "unsupported-element Consent.category[1].coding[0]".into(),
        ),
        (
            "no category",
            block(),
            "/category",
            json!([{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}]),
            "element-required Consent.category".into(),
        ),
        (
            "feeding",
            block(),
            "/category/1/coding/0/code",
            json!("alimentation"),
            "code-invalid Consent.category[1].coding[0]".into(),
        ),
    ];
    for (name, mut resource, pointer, value, expected) in rows {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = resource.pointer_mut(parent).unwrap();
        match key.parse::<usize>() {
            Ok(index) => parent[index] = value,
            Err(_) => parent[key] = value,
        }
        let error = consent::read(&resource, &reading(Validation::Guide)).unwrap_err();
        let told = told(error);
        assert!(told.contains(&expected), "{name}: {expected}: {told:?}");
    }
}

#[test]
fn one_searches_by_category_actor_and_purpose() {
    let rights = [
        ("block", Grant::Block { of: person() }),
        ("delegation", Grant::Delegation { to: user() }),
        (
            "samu",
            Grant::Emergency {
                switch: Switch::Regulation,
                permit: true,
            },
        ),
        (
            "masked",
            Grant::Emergency {
                switch: Switch::Masked,
                permit: true,
            },
        ),
        (
            "access",
            Grant::Access {
                holder: person(),
                basis: Basis::Team,
            },
        ),
        ("masking", Grant::DefaultMasking),
    ];
    let found = |name: &str, value: &str| -> Vec<&str> {
        let params = [
            (
                "patient.identifier",
                "urn:oid:1.2.250.1.213.1.4.10|279035121518989",
            ),
            (name, value),
        ];
        let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let search = search::consents(&params, false, &reading(Validation::Guide)).unwrap();
        let held = |grant: &Grant| {
            let resource = of(grant.clone());
            let (declaration, _) = consent::read(&resource, &reading(Validation::Strict)).unwrap();
            Right {
                id: Uuid::from_u128(5),
                version: 1,
                updated: Instant::UNIX_EPOCH,
                declared_by: String::new(),
                start: Instant::UNIX_EPOCH,
                end: None,
                declaration,
            }
        };
        rights
            .iter()
            .filter(|(_, grant)| search.query.page(vec![held(grant)], None).total == 1)
            .map(|(name, _)| *name)
            .collect()
    };
    let every = ["block", "delegation", "samu", "masked", "access", "masking"];
    assert_eq!(found("category", "http://loinc.org|59284-0"), every);
    assert_eq!(found("category", "blocage"), ["block"]);
    assert_eq!(
        found("category", "urgence,delegation"),
        ["delegation", "samu", "masked"]
    );
    assert_eq!(found("category", "http://loinc.org|blocage"), [""; 0]);
    assert_eq!(found("category", "autre"), [""; 0]);
    assert_eq!(
        found("actor.identifier", "899900000001"),
        ["block", "access"]
    );
    assert_eq!(
        found("actor", "https://portail.example|compte-7"),
        ["delegation"]
    );
    assert_eq!(found("actor.identifier", "compte-7"), ["delegation"]);
    assert_eq!(
        found("actor.identifier", "https://autre.example|compte-7"),
        [""; 0]
    );
    assert_eq!(found("purpose", "ETREAT"), ["samu", "masked"]);
    let btg = "http://terminology.hl7.org/CodeSystem/v3-ActReason|BTG";
    assert_eq!(found("purpose", btg), ["masked"]);
    assert_eq!(found("purpose", "TREAT"), ["access"]);
    assert_eq!(found("purpose", "http://loinc.org|BTG"), [""; 0]);
}
