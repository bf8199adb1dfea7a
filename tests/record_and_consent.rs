//! Patient ↔ record and Consent ↔ authorisation, both directions; what a professional may tell of an opposed record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::LazyLock;

use passerelle::dmp::actor::ActorId;
use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::person::{PersonName, Sex};
use passerelle::dmp::record::{
    Closure, Consulted, IdentityStatus, Notices, Record, RecordData, RecordState, Standing, Traits,
};
use passerelle::dmp::right::{Basis, Declaration, Grant, Right};
use passerelle::dmp::time::Instant;
use passerelle::error::{Code, Error, Issue, Severity};
use passerelle::tables::Tables;
use passerelle::translate::patient::{AuthorisationStatus, View};
use passerelle::translate::search;
use passerelle::translate::{Reading, consent, patient, wire};
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

fn ins() -> Ins {
    Ins::parse(InsRoot::NirTest, "279035121518989").unwrap()
}

const OPERATOR: View = View {
    operator: true,
    medecin_traitant: false,
    authorisation: None,
};

const PHYSICIAN: View = View {
    operator: false,
    medecin_traitant: false,
    authorisation: Some(AuthorisationStatus::None),
};

fn name() -> impl Strategy<Value = PersonName> {
    (
        "[A-Z][A-Z' -]{0,10}[A-Z]",
        "[A-Z][a-z]{1,8}(-[A-Z][a-z]{1,8})?",
    )
        .prop_map(|(family, given)| PersonName {
            family: Some(family),
            given: Some(given),
        })
}

fn record() -> impl Strategy<Value = Record> {
    let date = (1900i16..2020, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| jiff::civil::date(y, m, d));
    let motive = select(vec!["patient-demande", "deces"]);
    let reason = option::of("[A-Z][a-z ]{0,20}[a-z]");
    let closure = (date.clone(), motive, reason).prop_map(|(date, motive, reason)| Closure {
        date,
        motive: motive.to_owned(),
        reason,
    });
    let names = (
        name(),
        option::of("[A-Z]{2,8}( [A-Z]{2,8}){0,2}"),
        option::of(name()),
    );
    let birth = (date.clone(), option::of("[0-9]{5}|2[AB][0-9]{3}"));
    let states = (
        select(&RecordState::ALL),
        select(&IdentityStatus::ALL),
        select(vec![Sex::Male, Sex::Female, Sex::Unknown]),
    );
    let email = option::of("[a-z.]{1,8}@[a-z]{1,8}[.]example");
    let told = (any::<bool>(), any::<bool>(), any::<bool>(), email);
    (names, birth, states, closure, date, told).prop_map(
        |(names, birth, states, closure, opposed, told)| {
            let (state, identity, sex) = states;
            let (attached, deletion, documents, email) = told;
            Record {
                id: Uuid::from_u128(9),
                version: 3,
                updated: "2026-01-02T03:04:05Z".parse().unwrap(),
                opened_as: ins(),
                data: RecordData {
                    ins: ins(),
                    former: Vec::new(),
                    state,
                    identity,
                    traits: Traits {
                        birth_name: names.0,
                        birth_given_names: names.1,
                        used_name: names.2,
                        sex,
                        birth_date: birth.0,
                        birth_place: birth.1,
                    },
                    closure: (state == RecordState::Closed).then_some(closure),
                    opposition_date: (state == RecordState::Opposed).then_some(opposed),
                    attached_to_mes: attached && state != RecordState::Opposed,
                    deletion_asked: deletion && state == RecordState::Closed,
                    notices: Notices { email, documents },
                },
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_survives_its_patient(record in record()) {
        let written = patient::write(&record, &OPERATOR, &reading(Validation::Strict));
        let problems = wire::check(&written, "Patient", "Patient");
        prop_assert!(problems.is_empty(), "{problems:?}\n{written:#}");
        // What FR Core asks for and the record doesn't know stays away.
        let read = patient::read(&written, &ins(), &reading(Validation::Guide));
        let (data, warnings) = read.map_err(|error| TestCaseError::fail(format!("{:?}\n{written:#}", error.issues)))?;
        let lost = |issue: &Issue| issue.code != Code::ElementIgnored && issue.code != Code::ElementRequired && issue.code != Code::ElementInvalid;
        prop_assert!(!warnings.iter().any(lost), "{warnings:?}");
        prop_assert_eq!(data, record.data);
    }

    /// Every opposed record has a closed twin that looks the same to a professional.
    #[test]
    fn an_opposed_record_looks_closed(mut opposed in record(), date in (2000i16..2020, 1i8..=12, 1i8..=28)) {
        let date = jiff::civil::date(date.0, date.1, date.2);
        opposed.data.state = RecordState::Opposed;
        opposed.data.closure = None;
        opposed.data.opposition_date = Some(date);
        let mut closed = opposed.clone();
        closed.data.state = RecordState::Closed;
        closed.data.opposition_date = None;
        closed.data.attached_to_mes = false;
        closed.data.closure = Some(Closure { date, motive: "patient-demande".to_owned(), reason: None });
        let reading = reading(Validation::Guide);
        let seen = patient::write(&opposed, &PHYSICIAN, &reading);
        prop_assert_eq!(&seen, &patient::write(&closed, &PHYSICIAN, &reading));
        prop_assert_eq!(seen["active"].as_bool(), Some(false));
        let text = seen.to_string();
        prop_assert!(!text.contains("oppos"), "{text}");
        prop_assert!(patient::write(&opposed, &OPERATOR, &reading).to_string().contains("opposition-date"));
    }
}

fn extension<'a>(resource: &'a Value, url: &str) -> Option<&'a Value> {
    let all = resource["extension"].as_array()?;
    all.iter()
        .find(|extension| extension["url"].as_str().unwrap().ends_with(url))
}

fn minimal() -> Value {
    json!({
        "resourceType": "Patient",
        "extension": [
            {"url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-identity-reliability",
             "extension": [{"url": "identityStatus", "valueCoding": {"system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445", "code": "VALI"}}]},
            {"url": "https://passerelle.dev/fhir/StructureDefinition/record-state", "valueCode": "activated"},
            {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"extension": [
                {"url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code",
                 "valueCoding": {"system": "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM", "code": "51215"}}]}},
        ],
        "identifier": [{"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "279035121518989"}],
        "active": true,
        "name": [{
            "extension": [{"url": "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-birth-list-given-name", "valueString": "DOMINIQUE MARIE-LOUISE"}],
            "use": "official", "family": "PAT-TROIS", "given": ["DOMINIQUE"],
        }],
        "gender": "female",
        "birthDate": "1979-03-28",
    })
}

fn told(error: Error) -> Vec<String> {
    let errors = error
        .issues
        .into_iter()
        .filter(|issue| issue.severity == Severity::Error);
    errors
        .map(|issue| {
            format!(
                "{} {}",
                issue.code.as_str(),
                issue.expression.unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn td02_shows_the_state_and_what_the_caller_may_do() {
    let (data, _) = patient::read(&minimal(), &ins(), &reading(Validation::Strict)).unwrap();
    assert_eq!(data.state, RecordState::Activated);
    assert!(data.identity.is_qualified());
    let record = Record {
        id: Uuid::from_u128(9),
        version: 1,
        updated: "2026-01-02T03:04:05Z".parse().unwrap(),
        opened_as: ins(),
        data,
    };
    let view = View {
        operator: false,
        medecin_traitant: true,
        authorisation: Some(AuthorisationStatus::Expired),
    };
    let seen = patient::write(&record, &view, &reading(Validation::Guide));
    assert_eq!(seen["active"], true);
    assert_eq!(
        extension(&seen, "authorisation-status").unwrap()["valueCode"],
        "EXPIRE"
    );
    assert_eq!(
        extension(&seen, "dmp-medecin-traitant").unwrap()["valueBoolean"],
        true
    );
    assert_eq!(
        extension(&seen, "dmp-rattachement-mes").unwrap()["valueBoolean"],
        false
    );
    assert_eq!(
        extension(&seen, "record-state").unwrap()["valueCode"],
        "activated"
    );
    assert!(extension(&seen, "dmp-fermeture").is_none());
    assert_eq!(
        seen["identifier"][0]["type"]["coding"][0]["code"],
        "INS-NIR-TEST"
    );
}

#[test]
fn a_patient_is_refused_by_the_path_of_its_defect() {
    let state = "/extension/1/valueCode";
    let closure = "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-fermeture";
    let closed = json!({"url": closure, "extension": [
        {"url": "dateFermeture", "valueDate": "2024-03-20"},
        {"url": "motifFermeture", "valueCodeableConcept": {"coding": [
            {"system": "https://interop.esante.gouv.fr/ig/fhir/dmp/CodeSystem/dmp-motif-fermeture", "code": "patient-demande"}]}}]});
    let rows: Vec<(Vec<(&str, Value)>, String)> = vec![
        (
            vec![("/active", json!(false))],
            "element-invalid Patient.active".into(),
        ),
        (
            vec![(state, json!("asleep"))],
            "code-invalid Patient.extension[1].value".into(),
        ),
        (
            vec![(state, json!("closed")), ("/active", json!(false))],
            format!("element-required Patient.extension('{closure}')"),
        ),
        (
            vec![("/extension/3", closed)],
            format!("element-invalid Patient.extension('{closure}')"),
        ),
        (
            vec![("/identifier/0/value", json!("277076322082910"))],
            "element-invalid Patient.identifier[0]".into(),
        ),
        (
            vec![("/identifier/0/value", json!("27907632208291"))],
            "ins-invalid Patient.identifier[0]".into(),
        ),
        (
            vec![("/identifier/0/system", json!("urn:oid:1.2.3"))],
            "unsupported-element Patient.identifier[0]".into(),
        ),
        (
            vec![("/name", json!([]))],
            "element-required Patient.name.where(use='official')".into(),
        ),
        (
            vec![("/name/0/given", json!([]))],
            "element-required Patient.name[0].given".into(),
        ),
        (
            vec![("/gender", json!("other"))],
            "element-invalid Patient.gender".into(),
        ),
        (
            vec![("/birthDate", json!("1979-03"))],
            "element-invalid Patient.birthDate".into(),
        ),
        (
            vec![("/telecom", json!([{"value": "x"}]))],
            "unsupported-element Patient.telecom[0]".into(),
        ),
        (
            vec![("/multipleBirthBoolean", json!(true))],
            "unsupported-element Patient.multipleBirth".into(),
        ),
        (
            vec![("/extension/0/extension/0/valueCoding/code", json!("SURE"))],
            "code-invalid Patient.extension[0].extension[0].value".into(),
        ),
        (
            vec![(
                "/extension/3",
                json!({"url": "https://example.org/x", "valueString": "x"}),
            )],
            "unsupported-element Patient.extension[3]".into(),
        ),
    ];
    for (changes, expected) in rows {
        let mut resource = minimal();
        for (pointer, value) in &changes {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            match resource.pointer_mut(parent).unwrap() {
                Value::Array(items) if name.parse::<usize>().unwrap() == items.len() => {
                    items.push(value.clone())
                }
                parent => parent[name] = value.clone(),
            }
        }
        let error = patient::read(&resource, &ins(), &reading(Validation::Strict)).unwrap_err();
        assert!(
            told(error.clone()).contains(&expected),
            "{expected}: {:?}",
            error.issues
        );
        assert!(
            error
                .issues
                .iter()
                .all(|issue| !issue.english().contains("27907")
                    && !issue.english().contains("27707"))
        );
    }
}

#[test]
fn published_patients_are_read_but_for_what_no_record_keeps() {
    let root = std::path::Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/data/fhir/fr-core-converted"
    ));
    let read = |name: &str, ins: &Ins| {
        let bytes = std::fs::read(root.join(name)).ok()?;
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        Some(patient::read(&value, ins, &reading(Validation::Guide)))
    };
    let Some(known) = read("Patient-cda-vac-2023.01-recordTarget.json", &ins()) else {
        eprintln!("skipped: no shared data");
        return;
    };
    let (data, _) = known.unwrap();
    assert_eq!(data.state, RecordState::NotActivated);
    assert_eq!(data.traits.birth_place.as_deref(), Some("51215"));
    assert_eq!(
        data.traits.birth_given_names.as_deref(),
        Some("DOMINIQUE MARIE-LOUISE")
    );
    let other = Ins::parse(InsRoot::Nir, "123456789012244").unwrap();
    let error = read("Patient-FRCorePatientExample.json", &other)
        .unwrap()
        .unwrap_err();
    assert_eq!(
        told(error),
        [
            "unsupported-element Patient.deceased",
            "unsupported-element Patient.address",
            "unsupported-element Patient.telecom[0]",
            "unsupported-element Patient.telecom[1]",
            "unsupported-element Patient.telecom[2]"
        ]
    );
}

fn declaration(holder: ActorId) -> Declaration {
    Declaration {
        patient: ins(),
        grant: Grant::Access {
            holder,
            basis: Basis::Explicit,
        },
        name: Some("Dr Ada SERRE".to_owned()),
        active: true,
        until: None,
    }
}

fn authorisation(holder: ActorId) -> Right {
    Right {
        id: Uuid::from_u128(5),
        version: 2,
        updated: "2026-01-02T03:04:05Z".parse().unwrap(),
        declared_by: "899900000001".to_owned(),
        start: "2026-01-02T03:04:05Z".parse().unwrap(),
        end: "2027-01-02T03:04:05Z".parse().ok(),
        declaration: declaration(holder),
    }
}

#[test]
fn an_authorisation_survives_its_consent() {
    let holders = [
        ActorId::Person("899900000001".parse().unwrap()),
        ActorId::Structure("10B0000002".parse().unwrap()),
    ];
    for holder in holders {
        for (active, basis) in [
            (true, Basis::Team),
            (true, Basis::Explicit),
            (false, Basis::Explicit),
        ] {
            let mut held = authorisation(holder.clone());
            held.declaration.active = active;
            held.declaration.grant = Grant::Access {
                holder: holder.clone(),
                basis,
            };
            let written = consent::write(&held, held.start, &reading(Validation::Strict));
            let problems = wire::check(&written, "Consent", "Consent");
            assert!(problems.is_empty(), "{problems:?}");
            let (read, warnings) = consent::read(&written, &reading(Validation::Strict)).unwrap();
            held.declaration.until = held.end;
            assert_eq!(read, held.declaration);
            assert!(
                warnings
                    .iter()
                    .all(|issue| issue.code == Code::ElementIgnored)
            );
        }
    }
}

#[test]
fn a_consent_tells_what_it_is_worth_now() {
    let at = |text: &str| -> Instant { text.parse().unwrap() };
    let held = authorisation(ActorId::Person("899900000001".parse().unwrap()));
    let status = |held: &Right, now| {
        let written = consent::write(held, now, &reading(Validation::Guide));
        let status = extension(&written, "authorisation-status").unwrap()["valueCode"].clone();
        (
            written["status"].as_str().unwrap().to_owned(),
            status.as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        status(&held, at("2026-06-01T00:00:00Z")),
        ("active".into(), "VALIDE".into())
    );
    assert_eq!(
        status(&held, at("2027-06-01T00:00:00Z")),
        ("active".into(), "EXPIRE".into())
    );
    let mut withdrawn = held.clone();
    withdrawn.declaration.active = false;
    assert_eq!(
        status(&withdrawn, at("2026-06-01T00:00:00Z")),
        ("inactive".into(), "NON_EXISTE".into())
    );

    let mut block = held.clone();
    block.declaration.grant = Grant::Block {
        of: ActorId::Person("899900000001".parse().unwrap()),
    };
    let standing = |authorisation: Option<Right>, blocked: bool| Standing {
        record: Record {
            id: Uuid::from_u128(9),
            version: 1,
            updated: held.start,
            opened_as: ins(),
            data: patient::read(&minimal(), &ins(), &reading(Validation::Guide))
                .unwrap()
                .0,
        },
        rights: authorisation
            .into_iter()
            .chain(blocked.then(|| block.clone()))
            .collect(),
        consulted: Consulted::Never,
    };
    let of = |standing, now| AuthorisationStatus::of(&standing, at(now)).code();
    let (during, after) = ("2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z");
    assert_eq!(of(standing(None, false), during), "NON_EXISTE");
    assert_eq!(of(standing(Some(held.clone()), false), during), "VALIDE");
    assert_eq!(of(standing(Some(held.clone()), false), after), "EXPIRE");
    assert_eq!(of(standing(Some(withdrawn), false), during), "NON_EXISTE");
    assert_eq!(of(standing(Some(held.clone()), true), during), "INTERDIT");
}

#[test]
fn a_consent_is_refused_by_the_path_of_its_defect() {
    let good = consent::write(
        &authorisation(ActorId::Person("899900000001".parse().unwrap())),
        "2026-06-01T00:00:00Z".parse().unwrap(),
        &reading(Validation::Guide),
    );
    let basis = "https://passerelle.dev/fhir/StructureDefinition/consent-basis";
    let rows: Vec<(&str, Value, String)> = vec![
        (
            "/status",
            json!("draft"),
            "element-invalid Consent.status".into(),
        ),
        (
            "/extension/0/valueCode",
            json!("tacite"),
            "code-invalid Consent.extension[0].value".into(),
        ),
        (
            "/extension/0/url",
            json!("https://example.org/x"),
            format!("element-required Consent.extension('{basis}')"),
        ),
        (
            "/category/1/coding/0/code",
            json!("blocage"),
            "element-invalid Consent.provision.type".into(),
        ),
        (
            "/category/1/coding/0/code",
            json!("autre"),
            "code-invalid Consent.category[1].coding[0]".into(),
        ),
        (
            "/category/1/coding/0/system",
            json!("https://example.org"),
            "unsupported-element Consent.category[1].coding[0]".into(),
        ),
        (
            "/patient/identifier/value",
            json!("279035121518900"),
            "ins-invalid Consent.patient.identifier".into(),
        ),
        (
            "/scope/coding/0/code",
            json!("research"),
            "unsupported-element Consent.scope".into(),
        ),
        (
            "/provision/type",
            json!("deny"),
            "element-invalid Consent.provision.type".into(),
        ),
        (
            "/provision/actor/0/reference/identifier/value",
            json!("1"),
            "element-invalid Consent.provision.actor[0].reference.identifier".into(),
        ),
        (
            "/provision/actor/0/reference/identifier/system",
            json!("urn:oid:1.2.3"),
            "element-invalid Consent.provision.actor[0].reference.identifier".into(),
        ),
        (
            "/provision/actor/0/role/coding/0/code",
            json!("AUT"),
            "unsupported-element Consent.provision.actor[0].role".into(),
        ),
        (
            "/provision/action/0/coding/0/code",
            json!("collect"),
            "unsupported-element Consent.provision.action[0]".into(),
        ),
        (
            "/provision/purpose/0/code",
            json!("BTG"),
            "unsupported-element Consent.provision.purpose[0]".into(),
        ),
        (
            "/provision/securityLabel",
            json!([{"code": "x"}]),
            "unsupported-element Consent.provision.securityLabel".into(),
        ),
        (
            "/provision/provision",
            json!([{}]),
            "unsupported-element Consent.provision.provision".into(),
        ),
        (
            "/sourceReference",
            json!({}),
            "unsupported-element Consent.source".into(),
        ),
    ];
    for (pointer, value, expected) in rows {
        let mut resource = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        resource.pointer_mut(parent).unwrap()[name] = value;
        let error = consent::read(&resource, &reading(Validation::Strict)).unwrap_err();
        assert!(
            told(error.clone()).contains(&expected),
            "{expected}: {:?}",
            error.issues
        );
    }
    // A date as end includes its day.
    let mut dated = good.clone();
    dated["provision"]["period"]["end"] = json!("2026-12-31");
    let (read, _) = consent::read(&dated, &reading(Validation::Strict)).unwrap();
    assert_eq!(read.until.unwrap().to_string(), "2026-12-31T23:00:00Z");
}

#[test]
fn one_searches_among_ones_own_authorisations() {
    let held = authorisation(ActorId::Person("899900000001".parse().unwrap()));
    let search = |query: &str| {
        let whole =
            format!("patient.identifier=urn:oid:1.2.250.1.213.1.4.10|279035121518989&{query}");
        let params: Vec<_> = whole
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        search::consents(&params, false, &reading(Validation::Guide))
    };
    for (query, kept) in [
        ("status=active", true),
        ("status=inactive", false),
        ("status=active,inactive", true),
        ("status=rejected", false),
        ("category=autorisation-acces", true),
        ("category=http://loinc.org|59284-0", true),
        (
            "category=https://passerelle.dev/fhir/CodeSystem/consent-category|autorisation-acces",
            true,
        ),
        ("category=blocage", false),
        (
            "actor.identifier=urn:oid:1.2.250.1.71.4.2.1|899900000001",
            true,
        ),
        ("actor:identifier=899900000001", true),
        (
            "actor.identifier=urn:oid:1.2.250.1.71.4.2.2|899900000001",
            false,
        ),
        ("_id=00000000-0000-0000-0000-000000000005", true),
        ("_id=Consent/00000000-0000-0000-0000-000000000006", false),
        ("_count=0", true),
    ] {
        let search = search(query).unwrap_or_else(|error| panic!("{query}: {:?}", error.issues));
        let page = search.query.page(vec![held.clone()], None);
        assert_eq!(page.total, u64::from(kept), "{query}");
        let shown = kept && query != "_count=0";
        assert_eq!(page.rows.len(), usize::from(shown), "{query}");
    }
    assert_eq!(
        search("status=asleep").unwrap_err().code().as_str(),
        "parameter-invalid"
    );
}
