//! Search parameters, good and bad, row by row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::sync::LazyLock;

use passerelle::dmp::context::{Environment, Validation};
use passerelle::dmp::document::Availability::{self, Approved, Archived, Deprecated};
use passerelle::dmp::query::{
    AuthorPart, CodedField, Comparison, Condition, DocumentKey, Element, ListKind, Role, SortField,
    TextMatch, TimeField, Token,
};
use passerelle::error::{Code, Error, Severity};
use passerelle::tables::Tables;
use passerelle::translate::Reading;
use passerelle::translate::search::{self, Include, PatientKey, Search, Show};
use uuid::Uuid;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::built_in);

const SYSTEM: &str = "urn:oid:1.2.250.1.213.1.4.10";
const INS: &str = "urn:oid:1.2.250.1.213.1.4.10|279035121518989";
const LIST_CODE: &str = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes|submissionset";

fn reading(validation: Validation) -> Reading<'static> {
    Reading {
        tables: &TABLES,
        environment: Environment::Test,
        validation,
        base_url: "https://127.0.0.1:8443/fhir",
    }
}

/// `name=value&…` split as the edge does, already decoded.
fn params(query: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    query.split('&').map(pair).collect()
}

fn try_documents(query: &str) -> Result<Search, Error> {
    search::documents(&params(query), false, &reading(Validation::Guide))
}

/// A search of the test patient, with `status=current`.
fn documents(query: &str) -> Search {
    let whole = format!("patient.identifier={INS}&status=current&{query}");
    try_documents(&whole).unwrap_or_else(|error| panic!("{query}: {:?}", error.issues))
}

fn codes(error: &Error) -> Vec<&'static str> {
    let errors = error
        .issues
        .iter()
        .filter(|issue| issue.severity == Severity::Error);
    errors.map(|issue| issue.code.as_str()).collect()
}

fn token(system: Option<&str>, code: &str) -> Token {
    Token {
        system: system.map(str::to_owned),
        code: code.to_owned(),
    }
}

#[test]
fn the_patient_is_read_in_every_form() {
    let id = "00000000-0000-4000-8000-000000000001";
    let by_ins = |search: Search| matches!(search.patient, PatientKey::Ins(ins) if ins.value() == "279035121518989" && ins.system() == SYSTEM);
    for query in [
        format!("patient.identifier={INS}"),
        format!("subject.identifier={INS}"),
        format!("patient:identifier={INS}"),
        format!("subject:identifier={INS}"),
        format!("patient:Patient.identifier={INS}"),
        format!("patient={INS}"),
        format!("patient:Patient={INS}"),
        format!("DocumentReference Patient={INS}"),
        format!("DocumentReference Patient.identifier={INS}"),
        format!("patient.identifier={INS}&subject:identifier={INS}"),
        "patient.identifier=urn:oid:1.2.250.1.213.1.4.10%7C279035121518989".to_owned(),
        "patient.identifier=urn%3Aoid%3A1.2.250.1.213.1.4.10%7C279035121518989".to_owned(),
        "patient.identifier=urn:oid:1.2.250.1.213.1.4.10\\|279035121518989".to_owned(),
        "patient.identifier=1.2.250.1.213.1.4.10|279035121518989".to_owned(),
        "patient.identifier=279035121518989".to_owned(),
    ] {
        assert!(
            by_ins(try_documents(&query).unwrap_or_else(|e| panic!("{query}: {:?}", e.issues))),
            "{query}"
        );
    }
    for query in [
        format!("patient={id}"),
        format!("patient=Patient/{id}"),
        format!("patient:Patient={id}"),
        format!("subject:Patient=Patient/{id}"),
        format!("subject=https://127.0.0.1:8443/fhir/Patient/{id}"),
    ] {
        let search = try_documents(&query).unwrap();
        assert_eq!(
            search.patient,
            PatientKey::Id(id.parse().unwrap()),
            "{query}"
        );
    }
}

#[test]
fn what_cannot_be_honoured_is_refused() {
    let good = format!("patient.identifier={INS}&status=current");
    let rows: Vec<(String, &str)> = vec![
        ("status=current".into(), "parameter-required"),
        (
            "patient.identifier=urn:oid:1.2.250.1.213.1.4.10|27903512151898".into(),
            "ins-invalid",
        ),
        (
            "patient.identifier=urn:oid:1.2.250.1.213.1.4.10|".into(),
            "ins-invalid",
        ),
        (
            "patient.identifier=urn:oid:1.2.250.1.213.1.4.2|279035121518989".into(),
            "ins-invalid",
        ),
        (
            "patient.identifier=http://x|279035121518989".into(),
            "ins-invalid",
        ),
        ("patient.identifier=|279035121518989".into(), "ins-invalid"),
        (
            "patient=Practitioner/00000000-0000-4000-8000-000000000001".into(),
            "parameter-invalid",
        ),
        ("patient=279035121518989".into(), "parameter-invalid"),
        (
            format!("{good}&patient.identifier=urn:oid:1.2.250.1.213.1.4.11|279035121518989"),
            "parameter-invalid",
        ),
        (format!("{good}&type="), "parameter-invalid"),
        (format!("{good}&type=a,,b"), "parameter-invalid"),
        (
            format!("{good}&identifier=urn:ietf:rfc:3986|"),
            "parameter-invalid",
        ),
        (format!("{good}&type:not="), "parameter-invalid"),
        (format!("{good}&type:missing=maybe"), "parameter-invalid"),
        (format!("{good}&author:missing=maybe"), "parameter-invalid"),
        (
            format!("{good}&relationship:missing=true"),
            "parameter-unsupported",
        ),
        (
            format!("{good}&relationship=urn:oid:1.2.3"),
            "parameter-invalid",
        ),
        (
            format!("{good}&relationship=$replaces"),
            "parameter-invalid",
        ),
        (
            format!("{good}&relationship=urn:oid:1.2.3$"),
            "parameter-invalid",
        ),
        (
            format!("{good}&author.organization:text=x"),
            "parameter-unsupported",
        ),
        (format!("{good}&type:in=x"), "parameter-unsupported"),
        (format!("{good}&status:in=current"), "parameter-unsupported"),
        (format!("{good}&status=draft"), "parameter-invalid"),
        (
            format!("{good}&status=http://x|current"),
            "parameter-invalid",
        ),
        (format!("{good}&isArchived=yes"), "parameter-invalid"),
        (
            format!("{good}&isArchived:text=true"),
            "parameter-unsupported",
        ),
        (format!("{good}&creation=yesterday"), "parameter-invalid"),
        (format!("{good}&creation=ge"), "parameter-invalid"),
        (format!("{good}&creation=2024-13"), "parameter-invalid"),
        (format!("{good}&creation=xx2024"), "parameter-invalid"),
        (format!("{good}&period:exact=2024"), "parameter-unsupported"),
        (format!("{good}&_count=-1"), "parameter-invalid"),
        (format!("{good}&_count=ten"), "parameter-invalid"),
        (format!("{good}&_count=1&_count=2"), "parameter-invalid"),
        (format!("{good}&_sort=title"), "parameter-unsupported"),
        (
            format!("{good}&_sort=-creation,creation"),
            "parameter-invalid",
        ),
        (format!("{good}&_sort="), "parameter-invalid"),
        (
            format!("{good}&_summary=text&_include=DocumentReference:patient"),
            "parameter-invalid",
        ),
        (
            format!("{good}&_summary=true&_elements=status"),
            "parameter-invalid",
        ),
        (format!("{good}&_elements="), "parameter-invalid"),
        (format!("{good}&_elements=titre"), "parameter-invalid"),
        (format!("{good}&_summary=some"), "parameter-invalid"),
        (format!("{good}&_total=maybe"), "parameter-invalid"),
        (
            format!("{good}&author:PractitionerRole=x"),
            "parameter-unsupported",
        ),
        (
            format!("{good}&author=SERRE,810000000001"),
            "parameter-unsupported",
        ),
        (format!("{good}&author.family="), "parameter-invalid"),
        (format!("{good}&related:missing="), "parameter-invalid"),
        (format!("{good}&identifier:text=x"), "parameter-unsupported"),
    ];
    for (query, expected) in rows {
        match try_documents(&query) {
            Ok(search) => panic!("{query}: {:?}", search.query),
            Err(error) => {
                assert_eq!(codes(&error)[0], expected, "{query}");
                assert_eq!(error.status(), 400, "{query}");
            }
        }
    }
}

#[test]
fn statuses_become_availabilities() {
    let rows: &[(&str, &[Availability])] = &[
        ("status=current", &[Approved]),
        ("status=superseded", &[Deprecated]),
        ("status=current,superseded", &[Approved, Deprecated]),
        (
            "status=http://hl7.org/fhir/document-reference-status|current",
            &[Approved],
        ),
        ("status=current&status=current,superseded", &[Approved]),
        ("status=current&status=superseded", &[]),
        ("status=entered-in-error", &[]),
        ("status=current&isArchived=true", &[Archived]),
        ("status=current&isArchived=false", &[Approved]),
        (
            "status=current&isArchived=true,false",
            &[Approved, Archived],
        ),
        ("status=superseded&isArchived=true", &[]),
        (
            "status=current,superseded&isArchived=false",
            &[Approved, Deprecated],
        ),
        ("isArchived=true", &[Archived]),
        ("status:not=current", &[Deprecated]),
        ("status:not=current,superseded", &[]),
        ("status:not=entered-in-error", &[Approved, Deprecated]),
        ("status=current&isArchived:not=true", &[Approved]),
        ("status=current&isArchived:not=false", &[Archived]),
        ("status=current&isArchived:missing=true", &[Approved]),
        ("status=current&isArchived:missing=false", &[Archived]),
        ("_lastUpdated=gt2024", &[Approved, Archived, Deprecated]),
        ("type=11488-4", &[Approved, Archived, Deprecated]),
    ];
    for (query, expected) in rows {
        let search = try_documents(&format!("patient.identifier={INS}&{query}")).expect(query);
        assert_eq!(search.query.availability, *expected, "{query}");
        let never = search.query.conditions.contains(&Condition::Never);
        assert_eq!(never, expected.is_empty(), "{query}");
    }
}

#[test]
fn a_missing_status_is_told_but_for_synchronisation() {
    let missing = format!("patient.identifier={INS}&type=11488-4");
    let search = try_documents(&missing).unwrap();
    assert!(
        search
            .warnings
            .iter()
            .any(|issue| issue.code.as_str() == "status-defaulted")
    );
    assert!(
        search
            .used
            .contains(&("status".into(), "current,superseded".into()))
    );
    let strict = search::documents(&params(&missing), false, &reading(Validation::Strict));
    assert_eq!(codes(&strict.unwrap_err()), ["parameter-required"]);

    let sync = format!("patient.identifier={INS}&_lastUpdated=gt2024-01-01T00:00:00Z");
    for validation in [Validation::Guide, Validation::Strict] {
        let search = search::documents(&params(&sync), false, &reading(validation)).unwrap();
        assert!(search.warnings.is_empty());
    }
}

#[test]
fn the_self_link_tells_what_was_done() {
    let search = documents("_count=1000&_foo=bar&_format=json&_pretty=true");
    let used: Vec<_> = search
        .used
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(
        used,
        [
            format!("patient.identifier={INS}"),
            "status=current".into(),
            "isArchived=false".into(),
            "_count=200".into()
        ]
    );
    assert_eq!(search.query.count, 200);
    assert_eq!(search.warnings.len(), 1);
    assert_eq!(search.warnings[0].code.as_str(), "parameter-unsupported");
    let unknown = params(&format!("patient.identifier={INS}&status=current&_foo=bar"));
    let strict = search::documents(&unknown, true, &reading(Validation::Guide));
    assert_eq!(codes(&strict.unwrap_err()), ["parameter-unsupported"]);
}

#[test]
fn coded_parameters_know_every_spelling_of_a_system() {
    let loinc = Some("2.16.840.1.113883.6.1");
    let flags = Some("1.2.250.1.213.1.1.4.13");
    let letters = Some("2.16.840.1.113883.5.25");
    let formats = Some("1.3.6.1.4.1.19376.1.2.3");
    let (right, misspelt) = ("StatutVisibiliteDocument", "StatusVisibiliteDocument");
    let nos =
        |name: &str| format!("https://mos.esante.gouv.fr/NOS/TRE_A07-{name}/FHIR/TRE-A07-{name}");
    let rows: Vec<(String, CodedField, Vec<Token>)> = vec![
        ("type=11488-4".into(), CodedField::Type, vec![token(None, "11488-4")]),
        ("type=http://loinc.org|11488-4".into(), CodedField::Type, vec![token(loinc, "11488-4")]),
        ("type=http://loinc.org|".into(), CodedField::Type, vec![token(loinc, "")]),
        ("type=urn:oid:2.16.840.1.113883.6.1|11488-4".into(), CodedField::Type, vec![token(loinc, "11488-4")]),
        ("type=http://loinc.org%7C11488-4".into(), CodedField::Type, vec![token(loinc, "11488-4")]),
        ("type=a,b".into(), CodedField::Type, vec![token(None, "a"), token(None, "b")]),
        ("type=a\\,b".into(), CodedField::Type, vec![token(None, "a,b")]),
        ("type=urn:oid:1.2.3|x,http://nowhere|y".into(), CodedField::Type, vec![token(Some("1.2.3"), "x")]),
        ("category=10".into(), CodedField::Class, vec![token(None, "10")]),
        (
            "format=http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode|urn:ihe:iti:xds-sd:pdf:2008".into(),
            CodedField::Format,
            vec![token(formats, "urn:ihe:iti:xds-sd:pdf:2008")],
        ),
        ("event=urn:oid:1.2.250.1.213.2.5|ABC".into(), CodedField::Event, vec![token(Some("1.2.250.1.213.2.5"), "ABC")]),
        ("facility=SA07".into(), CodedField::FacilityType, vec![token(None, "SA07")]),
        ("setting=AMBULATOIRE".into(), CodedField::PracticeSetting, vec![token(None, "AMBULATOIRE")]),
        (format!("security-label={}|MASQUE_PS", nos(right)), CodedField::Confidentiality, vec![token(flags, "MASQUE_PS")]),
        (format!("security-label={}|MASQUE_PS", nos(misspelt)), CodedField::Confidentiality, vec![token(flags, "MASQUE_PS")]),
        (
            "security-label=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|N".into(),
            CodedField::Confidentiality,
            vec![token(letters, "N")],
        ),
    ];
    for (query, field, tokens) in rows {
        assert_eq!(
            documents(&query).query.conditions,
            [Condition::Coded(field, tokens)],
            "{query}"
        );
    }
    // A system that nobody knows, or none at all, is nothing that a document has.
    for query in ["type=http://nowhere|x", "type=|x"] {
        assert_eq!(
            documents(query).query.conditions,
            [Condition::Never],
            "{query}"
        );
    }
    // Repetitions narrow.
    assert_eq!(documents("type=a&type=b").query.conditions.len(), 2);
}

#[test]
fn times_are_compared_by_their_span() {
    use Comparison::*;
    let rows = [
        (
            "creation=2024",
            TimeField::Creation,
            Equal,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
        (
            "creation=ge2024-05-01",
            TimeField::Creation,
            GreaterOrEqual,
            "2024-04-30T22:00:00Z",
            "2024-05-01T22:00:00Z",
        ),
        (
            "creation=lt2024-05-01T10:00:00Z",
            TimeField::Creation,
            Less,
            "2024-05-01T10:00:00Z",
            "2024-05-01T10:00:01Z",
        ),
        (
            "creation=ne2024-05-01T10:00Z",
            TimeField::Creation,
            NotEqual,
            "2024-05-01T10:00:00Z",
            "2024-05-01T10:01:00Z",
        ),
        (
            "creation=gt2024-05-01T10:00:00 02:00",
            TimeField::Creation,
            Greater,
            "2024-05-01T08:00:00Z",
            "2024-05-01T08:00:01Z",
        ),
        (
            "period=le2024-05",
            TimeField::Period,
            LessOrEqual,
            "2024-04-30T22:00:00Z",
            "2024-05-31T22:00:00Z",
        ),
        (
            "period=sa2024",
            TimeField::Period,
            StartsAfter,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
        (
            "period=eb2024",
            TimeField::Period,
            EndsBefore,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
        (
            "period=ap2024",
            TimeField::Period,
            Approximately,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
        (
            "period-start=eq2024",
            TimeField::PeriodStart,
            Equal,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
        (
            "period-end=2024",
            TimeField::PeriodEnd,
            Equal,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
        (
            "_lastUpdated=gt2024-05-01T10:00:00.125Z",
            TimeField::Updated,
            Greater,
            "2024-05-01T10:00:00.125Z",
            "2024-05-01T10:00:00.126Z",
        ),
        (
            "date=2024",
            TimeField::DepositedOrCreation,
            Equal,
            "2023-12-31T23:00:00Z",
            "2024-12-31T23:00:00Z",
        ),
    ];
    for (query, field, comparison, start, end) in rows {
        let conditions = documents(query).query.conditions;
        let [Condition::Time(found, bounds)] = &conditions[..] else {
            panic!("{query}: {conditions:?}");
        };
        assert_eq!(*found, field, "{query}");
        assert_eq!(bounds.len(), 1, "{query}");
        assert_eq!(bounds[0].comparison, comparison, "{query}");
        assert_eq!(
            (bounds[0].start.to_string(), bounds[0].end.to_string()),
            (start.into(), end.into()),
            "{query}"
        );
    }
    let interval = documents("period=ge2024-01-01&period=le2024-12-31").query;
    assert_eq!(interval.conditions.len(), 2);
    let strict = params(&format!(
        "patient.identifier={INS}&status=current&date=2024"
    ));
    let strict = search::documents(&strict, false, &reading(Validation::Strict)).unwrap();
    assert!(matches!(
        strict.query.conditions[..],
        [Condition::Time(TimeField::Deposited, _)]
    ));
}

#[test]
fn documents_are_named_in_every_form() {
    let uuid: Uuid = "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap();
    let unique = |text: &str| DocumentKey::Unique(text.parse().unwrap());
    let rows = [
        (
            "identifier=urn:ietf:rfc:3986|urn:oid:1.2.3",
            vec![unique("1.2.3")],
        ),
        ("identifier=urn:oid:1.2.3", vec![unique("1.2.3")]),
        ("identifier=1.2.3", vec![unique("1.2.3")]),
        ("identifier=urn:ietf:rfc:3986|1.2.3", vec![unique("1.2.3")]),
        ("identifier=urn:oid:1.2.3|X1", vec![unique("1.2.3^X1")]),
        (
            "identifier=urn:uuid:aaaaaaaa-0000-4000-8000-000000000001",
            vec![DocumentKey::Uuid(uuid)],
        ),
        (
            "identifier=urn:ietf:rfc:3986|urn:uuid:AAAAAAAA-0000-4000-8000-000000000001",
            vec![DocumentKey::Uuid(uuid)],
        ),
        (
            "identifier=1.2.3,1.2.4",
            vec![unique("1.2.3"), unique("1.2.4")],
        ),
        ("identifier=http://x|y", vec![]),
        ("identifier=nonsense", vec![]),
    ];
    for (query, keys) in rows {
        let found = documents(query).query;
        assert_eq!(found.conditions, [Condition::Identifier(keys)], "{query}");
        assert!(found.is_by_identifier(), "{query}");
    }
    assert!(
        !documents("identifier=1.2.3&type=x")
            .query
            .is_by_identifier()
    );

    let id = "relatesto=DocumentReference/aaaaaaaa-0000-4000-8000-000000000001";
    let rows = [
        (id, DocumentKey::Id(uuid)),
        (
            "relatesto=aaaaaaaa-0000-4000-8000-000000000001",
            DocumentKey::Id(uuid),
        ),
        (
            "relatesto=https://127.0.0.1:8443/fhir/DocumentReference/aaaaaaaa-0000-4000-8000-000000000001",
            DocumentKey::Id(uuid),
        ),
        ("relatesto=urn:oid:1.2.3", unique("1.2.3")),
        (
            "relatesto:identifier=urn:ietf:rfc:3986|urn:oid:1.2.3",
            unique("1.2.3"),
        ),
        (
            "relatesto.identifier=urn:ietf:rfc:3986|urn:oid:1.2.3",
            unique("1.2.3"),
        ),
    ];
    for (query, key) in rows {
        assert_eq!(
            documents(query).query.conditions,
            [Condition::RelatesTo(vec![key])],
            "{query}"
        );
    }
    for query in [
        "_id=aaaaaaaa-0000-4000-8000-000000000001",
        "_id=DocumentReference/aaaaaaaa-0000-4000-8000-000000000001",
    ] {
        assert_eq!(
            documents(query).query.conditions,
            [Condition::Id(vec![uuid])],
            "{query}"
        );
    }
    assert_eq!(
        documents("_id=42").query.conditions,
        [Condition::Id(vec![])]
    );
    for query in [
        "related:identifier=urn:oid:1.2.3|42",
        "related=urn:oid:1.2.3|42",
        "related.identifier=urn:oid:1.2.3|42",
    ] {
        assert_eq!(
            documents(query).query.conditions,
            [Condition::Reference(vec![token(Some("1.2.3"), "42")])],
            "{query}"
        );
    }
    assert_eq!(
        documents("related:identifier=42").query.conditions,
        [Condition::Reference(vec![token(None, "42")])]
    );
}

#[test]
fn authors_are_found_by_number_and_name() {
    let ps = Some("1.2.250.1.71.4.2.1");
    let person = |token| Condition::AuthorId(vec![token]);
    let by_name = |part, how, name: &str| Condition::AuthorName(part, how, vec![name.to_owned()]);
    // Where no type is named, an organisation may be meant.
    let by_id = |token: Token| {
        let alone = Condition::OrganizationId(Role::Author, vec![token.clone()]);
        Condition::Any(vec![person(token), alone])
    };
    let anybody = |how, name: &str| {
        let alone = Condition::OrganizationName(Role::Author, how, vec![name.to_owned()]);
        Condition::Any(vec![by_name(AuthorPart::Any, how, name), alone])
    };
    let rows = [
        (
            "author.identifier=urn:oid:1.2.250.1.71.4.2.1|899900000001",
            by_id(token(ps, "899900000001")),
        ),
        (
            "author:identifier=urn:oid:1.2.250.1.71.4.2.1|899900000001",
            by_id(token(ps, "899900000001")),
        ),
        (
            "author:Practitioner.identifier=urn:oid:1.2.250.1.71.4.2.1|899900000001",
            person(token(ps, "899900000001")),
        ),
        (
            "author=urn:oid:1.2.250.1.71.4.2.1|899900000001",
            by_id(token(ps, "899900000001")),
        ),
        ("author=899900000001", by_id(token(None, "899900000001"))),
        (
            "author.identifier=https://rpps.esante.gouv.fr|99900000001",
            by_id(token(ps, "899900000001")),
        ),
        ("author=SERRE", anybody(TextMatch::Begins, "SERRE")),
        (
            "DocumentRefence Author=SERRE",
            anybody(TextMatch::Begins, "SERRE"),
        ),
        ("author:exact=SERRE 2", anybody(TextMatch::Exact, "SERRE 2")),
        ("author:contains=ERR", anybody(TextMatch::Contains, "ERR")),
        (
            "author.family=SERRE",
            by_name(AuthorPart::Family, TextMatch::Begins, "SERRE"),
        ),
        (
            "author.family:exact=SERRE",
            by_name(AuthorPart::Family, TextMatch::Exact, "SERRE"),
        ),
        (
            "author.given:contains=da",
            by_name(AuthorPart::Given, TextMatch::Contains, "da"),
        ),
        ("author.name=SERRE", anybody(TextMatch::Begins, "SERRE")),
        (
            "author:PractitionerRole.name=SERRE",
            by_name(AuthorPart::Any, TextMatch::Begins, "SERRE"),
        ),
        (
            "author:PractitionerRole.practitioner.family=SERRE",
            by_name(AuthorPart::Family, TextMatch::Begins, "SERRE"),
        ),
        (
            "author:PractitionerRole.partOf.family-ex=SERRE",
            by_name(AuthorPart::Family, TextMatch::Begins, "SERRE"),
        ),
        (
            "author:PractitionerRole.partOf.family-ex =SERRE",
            by_name(AuthorPart::Family, TextMatch::Begins, "SERRE"),
        ),
    ];
    for (query, condition) in rows {
        assert_eq!(documents(query).query.conditions, [condition], "{query}");
    }
    // The statement's spelling is not repeated.
    let used = documents("DocumentRefence Author.family:exact=SERRE").used;
    assert!(used.contains(&("author.family:exact".into(), "SERRE".into())));
}

/// The organisation of a document's author and of a submission's.
#[test]
fn organisations_are_found_by_number_and_name() {
    use TextMatch::{Begins, Contains, Exact};
    let structure = Some("1.2.250.1.71.4.2.2");
    let by_id = |role, token| Condition::OrganizationId(role, vec![token]);
    let by_name =
        |how, name: &str| Condition::OrganizationName(Role::Institution, how, vec![name.into()]);
    let finess = "https://finess.esante.gouv.fr|750100125";
    let hospital = || by_id(Role::Institution, token(structure, "1750100125"));
    let siret = "https://sirene.fr|26440310600019";
    for base in [
        "authorOrg",
        "PDSm_authorOrg",
        "author.organization",
        "author:PractitionerRole.organization",
        "author:Device.organization",
    ] {
        let rows = [
            (format!("{base}={finess}"), hospital()),
            (format!("{base}:identifier={finess}"), hospital()),
            (format!("{base}.identifier={finess}"), hospital()),
            (
                format!("{base}:Organization.identifier={finess}"),
                hospital(),
            ),
            (
                format!("{base}.identifier={siret}"),
                by_id(Role::Institution, token(structure, "326440310600019")),
            ),
            (
                format!("{base}=1750100125"),
                by_id(Role::Institution, token(None, "1750100125")),
            ),
            (format!("{base}=Hôpital"), by_name(Begins, "Hôpital")),
            (
                format!("{base}:exact=Hôpital 2"),
                by_name(Exact, "Hôpital 2"),
            ),
            (format!("{base}.name=Hôpital"), by_name(Begins, "Hôpital")),
            (
                format!("{base}.name:contains=pital"),
                by_name(Contains, "pital"),
            ),
            (
                format!("{base}:missing=true"),
                Condition::Missing(Element::Organization),
            ),
            (
                format!("{base}:missing=false"),
                Condition::Missing(Element::Organization).negated(),
            ),
        ];
        for (query, condition) in rows {
            let found = match base.ends_with("authorOrg") {
                true => of_list(&query),
                false => documents(&query).query.conditions,
            };
            assert_eq!(found, [condition], "{query}");
        }
    }
    assert_eq!(
        documents(&format!("author:Organization.identifier={finess}"))
            .query
            .conditions,
        [by_id(Role::Author, token(structure, "1750100125"))]
    );
    // A folder has no author: MHD has these ignored.
    let folders = LIST_CODE.replace("submissionset", "folder");
    let query = format!(
        "patient.identifier={INS}&code={folders}&status=current&authorOrg=x&source:missing=true"
    );
    let found = search::submissions(&params(&query), true, &reading(Validation::Guide)).unwrap();
    assert_eq!(
        found.query.conditions,
        [Condition::Listed(vec![ListKind::Folder])]
    );
    assert_eq!(found.used.len(), 3);
}

/// The conditions of a search of submissions, but for their kind.
fn of_list(query: &str) -> Vec<Condition> {
    let whole = format!("patient.identifier={INS}&code={LIST_CODE}&status=current&{query}");
    let found = search::submissions(&params(&whole), true, &reading(Validation::Guide));
    let found = found.unwrap_or_else(|error| panic!("{query}: {:?}", error.issues));
    assert!(
        found.used.iter().all(|(name, _)| !name.contains("PDSm")),
        "{query}"
    );
    let mut conditions = found.query.conditions;
    conditions.retain(|condition| !matches!(condition, Condition::Listed(_)));
    conditions
}

#[test]
fn one_relation_is_asked_for_as_a_whole() {
    let unique = DocumentKey::Unique("1.2.3".parse().unwrap());
    let uuid: Uuid = "aaaaaaaa-0000-4000-8000-000000000001".parse().unwrap();
    let to = |key: &DocumentKey, kind: &str| (key.clone(), kind.to_owned());
    let rows = [
        ("urn:oid:1.2.3$replaces", vec![to(&unique, "replaces")]),
        (
            "DocumentReference/aaaaaaaa-0000-4000-8000-000000000001$signs",
            vec![to(&DocumentKey::Id(uuid), "signs")],
        ),
        (
            "urn:ietf:rfc:3986|urn:oid:1.2.3$http://hl7.org/fhir/document-relationship-type|replaces,1.2.3$signs",
            vec![to(&unique, "replaces"), to(&unique, "signs")],
        ),
        // What no document can be, or no relation.
        ("http://x|y$replaces", vec![]),
        ("1.2.3$http://x|replaces", vec![]),
    ];
    for (value, both) in rows {
        assert_eq!(
            documents(&format!("relationship={value}")).query.conditions,
            [Condition::Relationship(both)],
            "{value}"
        );
    }
}

/// What an integrator copies from PDSm's statement means what is on the wire, and the link says it so.
#[test]
fn the_names_of_the_statement_are_understood() {
    for (written, canonical) in [
        ("PDSm_isArchived=true,false", "isArchived"),
        ("PDSm_isArchived:not=true", "isArchived:not"),
        ("PDSm_DocumentReference_period-start=ge2024", "period-start"),
        (
            "PDSm_DocumentReference_period-end:missing=true",
            "period-end:missing",
        ),
        ("DocumentRefence Author:identifier=1", "author:identifier"),
        ("DocumentRefence Author =SERRE", "author"),
    ] {
        let (_, value) = written.split_once('=').unwrap();
        let meant = documents(&format!("{canonical}={value}"));
        let found = documents(written);
        assert_eq!(found.query, meant.query, "{written}");
        assert_eq!(found.used, meant.used, "{written}");
        assert!(found.warnings.is_empty(), "{written}");
    }
    for (written, canonical) in [
        ("DesignationType=07", "designationType=07"),
        ("DesignationType:not=07", "designationType:not=07"),
        ("SourceId=1.2.3", "sourceId=1.2.3"),
        ("PDSm_authorOrg:identifier=1", "authorOrg:identifier=1"),
        (
            "PDSm_List_PatientAsSource.family:exact=A",
            "source.family:exact=A",
        ),
        (
            "PDSm_List_PractitionerRoleAsSource.partOf.familyEx=A",
            "source.partOf.familyEx=A",
        ),
        ("PDSm_isArchived:missing=false", "isArchived:missing=false"),
    ] {
        assert_eq!(of_list(written), of_list(canonical), "{written}");
    }
}

#[test]
fn results_are_shaped_as_asked() {
    let default = documents("_total=accurate").query;
    assert_eq!(
        (
            default.count,
            default.sort[0].field,
            default.sort[0].descending,
        ),
        (50, SortField::Creation, true)
    );
    for (query, count) in [
        ("_count=0", 0),
        ("_count=7", 7),
        ("_count=200", 200),
        ("_count=201", 200),
        ("_summary=count", 0),
        ("_summary=false", 50),
    ] {
        assert_eq!(documents(query).query.count, count, "{query}");
    }
    use SortField::*;
    let rows: [(&str, &[(SortField, bool)]); 6] = [
        ("_sort=creation", &[(Creation, false)]),
        ("_sort=-creation,_id", &[(Creation, true), (Id, false)]),
        ("_sort=-date", &[(Deposited, true)]),
        (
            "_sort=type,-date,creation",
            &[(Type, false), (Deposited, true), (Creation, false)],
        ),
        ("_sort=-_lastUpdated", &[(Updated, true)]),
        ("_sort=-_id", &[(Id, true)]),
    ];
    for (query, expected) in rows {
        let sort = documents(query).query.sort;
        let keys: Vec<_> = sort.iter().map(|key| (key.field, key.descending)).collect();
        assert_eq!(keys, expected, "{query}");
    }
    for (query, show) in [
        ("_summary=false", Show::Whole),
        ("_summary=count", Show::Count),
        ("_summary=true", Show::Summary),
        ("_summary=text", Show::Text),
        ("_summary=data", Show::Data),
        (
            "_elements=status,DocumentReference.type",
            Show::Elements(vec!["status".into(), "type".into()]),
        ),
    ] {
        assert_eq!(documents(query).show, show, "{query}");
    }
    // The page is the edge's.
    let page = documents("_page=x");
    assert!(page.used.iter().all(|(name, _)| name != "_page") && page.warnings.is_empty());
}

#[test]
fn what_comes_with_the_matches_is_known_or_left_out() {
    let known = [
        ("_include=DocumentReference:patient", Include::Patient),
        (
            "_include=DocumentReference:subject:Patient",
            Include::Patient,
        ),
        ("_include=DocumentReference:relatesto", Include::Related),
        ("_revinclude=DocumentReference:relatesto", Include::Relating),
        ("_revinclude=List:item", Include::Submissions),
    ];
    for (query, include) in known {
        assert_eq!(documents(query).include, [include], "{query}");
    }
    for query in [
        "_include=DocumentReference:author",
        "_include=*",
        "_include=DocumentReference:patient:Practitioner",
        "_include:iterate=DocumentReference:relatesto",
        "_revinclude=Provenance:target",
        "_include=List:item",
    ] {
        let search = documents(query);
        assert!(search.include.is_empty(), "{query}");
        assert_eq!(
            search.warnings[0].code.as_str(),
            "parameter-unsupported",
            "{query}"
        );
        assert!(
            search
                .used
                .iter()
                .all(|(name, _)| !name.contains("include")),
            "{query}"
        );
        let whole = params(&format!("patient.identifier={INS}&status=current&{query}"));
        let strict = search::documents(&whole, true, &reading(Validation::Guide));
        assert_eq!(
            codes(&strict.unwrap_err()),
            ["parameter-unsupported"],
            "{query}"
        );
    }
}

#[test]
fn what_is_not_so_and_what_is_not_there_can_be_asked() {
    let coded = |code| Condition::Coded(CodedField::Type, vec![token(None, code)]);
    let missing = Condition::Missing;
    let rows = [
        ("type:not=11488-4", vec![coded("11488-4").negated()]),
        ("type:not=http://nowhere|x", vec![]),
        (
            "type=11488-4&type:not=x",
            vec![coded("11488-4"), coded("x").negated()],
        ),
        ("event:missing=true", vec![missing(Element::Event)]),
        (
            "event:missing=false",
            vec![missing(Element::Event).negated()],
        ),
        ("period-end:missing=true", vec![missing(Element::PeriodEnd)]),
        ("related:missing=true", vec![missing(Element::Reference)]),
        ("relatesto:missing=true", vec![missing(Element::RelatesTo)]),
        ("type:missing=true", vec![Condition::Never]),
        ("author:missing=true", vec![Condition::Never]),
        ("author:missing=false", vec![]),
        ("type:missing=false", vec![]),
        ("creation:missing=true", vec![Condition::Never]),
        (
            "relation=replaces",
            vec![Condition::Relation(vec!["replaces".into()])],
        ),
        (
            "relation=http://hl7.org/fhir/document-relationship-type|appends,transforms",
            vec![Condition::Relation(vec![
                "appends".into(),
                "transforms".into(),
            ])],
        ),
    ];
    for (query, conditions) in rows {
        assert_eq!(documents(query).query.conditions, conditions, "{query}");
    }
}

#[test]
fn lists_are_submission_sets() {
    let base = format!("patient.identifier={INS}&code={LIST_CODE}&status=current");
    let lists =
        |query: &str| search::submissions(&params(query), false, &reading(Validation::Guide));
    // Without the kind, which all of them ask for.
    let others = |found: search::Search| {
        let mut conditions = found.query.conditions;
        conditions.retain(|condition| !matches!(condition, Condition::Listed(_)));
        conditions
    };
    let conditions = |query: &str| {
        let found = lists(&format!("{base}&{query}"));
        others(found.unwrap_or_else(|e| panic!("{query}: {:?}", e.issues)))
    };
    let submissions = vec![Condition::Listed(vec![ListKind::Submission])];
    assert_eq!(lists(&base).unwrap().query.conditions, submissions);
    let http = base.replace("https://profiles", "http://profiles");
    assert_eq!(lists(&http).unwrap().query.conditions, submissions);
    for missing in [
        format!("patient.identifier={INS}&status=current"),
        format!("patient.identifier={INS}&code=submissionset"),
        "code=submissionset&status=current".to_owned(),
    ] {
        assert_eq!(
            codes(&lists(&missing).unwrap_err()),
            ["parameter-required"],
            "{missing}"
        );
    }
    for never in [
        base.replace("status=current", "status=superseded"),
        format!("{base}&isArchived=true"),
        format!("{base}&designationType=http://nowhere|x"),
    ] {
        assert_eq!(
            others(lists(&never).unwrap()),
            [Condition::Never],
            "{never}"
        );
    }
    for (asked, never) in [
        ("isArchived=false", false),
        ("isArchived=true,false", false),
        ("isArchived:not=true", false),
        ("isArchived:not=false", true),
        ("isArchived:missing=true", false),
        ("isArchived:missing=false", true),
        ("isArchived=true&isArchived=false", true),
        ("isArchived=false&isArchived:not=true", false),
    ] {
        let expected: &[Condition] = if never { &[Condition::Never] } else { &[] };
        assert_eq!(conditions(asked), expected, "{asked}");
    }
    let lacks = Condition::Missing(Element::Source);
    assert_eq!(
        conditions("source:missing=true"),
        std::slice::from_ref(&lacks)
    );
    assert_eq!(conditions("source:missing=false"), [lacks.negated()]);
    assert!(matches!(
        conditions("date=ge2024")[..],
        [Condition::Time(TimeField::Deposited, _)]
    ));
    assert!(matches!(
        conditions("_lastUpdated=ge2024")[..],
        [Condition::Time(TimeField::Updated, _)]
    ));
    assert_eq!(
        conditions("title:contains=suivi"),
        [Condition::Title(TextMatch::Contains, vec!["suivi".into()])]
    );
    assert_eq!(
        conditions("sourceId=urn:ietf:rfc:3986|urn:oid:1.2.3"),
        [Condition::SourceId(vec!["1.2.3".into()])]
    );
    assert_eq!(
        conditions("designationType=SA07"),
        [Condition::Coded(
            CodedField::ContentType,
            vec![token(None, "SA07")]
        )]
    );
    assert_eq!(
        conditions("source.family=SERRE"),
        [Condition::AuthorName(
            AuthorPart::Family,
            TextMatch::Begins,
            vec!["SERRE".into()]
        )]
    );
    assert_eq!(
        conditions("identifier=1.2.3"),
        [Condition::Identifier(vec![DocumentKey::Unique(
            "1.2.3".parse().unwrap()
        )])]
    );
    for (query, code) in [
        ("title:text=x", "parameter-unsupported"),
        ("isArchived=x", "parameter-invalid"),
        ("isArchived:text=true", "parameter-unsupported"),
        ("authorOrg:in=x", "parameter-unsupported"),
        ("authorOrg.name=", "parameter-invalid"),
        ("source:missing=x", "parameter-invalid"),
        ("status=draft", "parameter-invalid"),
        ("_sort=creation", "parameter-unsupported"),
    ] {
        assert_eq!(
            codes(&lists(&format!("{base}&{query}")).unwrap_err()),
            [code],
            "{query}"
        );
    }
    assert_eq!(
        lists(&base).unwrap().query.sort[0].field,
        SortField::Deposited
    );
}

#[test]
fn td02_names_its_patient() {
    let search = |query: &str| {
        search::patient_identifier(&params(query), false, &reading(Validation::Guide))
    };
    let found = search(&format!("identifier={INS}")).unwrap();
    assert_eq!(found.ins.value(), "279035121518989");
    assert!(found.warnings.is_empty());
    let wrong_key = search("identifier=urn:oid:1.2.250.1.213.1.4.8|123456789012345").unwrap();
    assert!(
        wrong_key
            .warnings
            .iter()
            .all(|issue| issue.code.as_str() == "ins-invalid")
    );
    assert_eq!(wrong_key.warnings.len(), 1);
    let strict = params("identifier=urn:oid:1.2.250.1.213.1.4.8|123456789012345");
    let strict = search::patient_identifier(&strict, false, &reading(Validation::Strict));
    assert_eq!(codes(&strict.unwrap_err()), ["ins-invalid"]);
    assert_eq!(
        codes(&search("name=x").unwrap_err()),
        ["parameter-required"]
    );
    assert_eq!(codes(&search("identifier=x").unwrap_err()), ["ins-invalid"]);
    assert_eq!(codes(&search("identifier=").unwrap_err()), ["ins-invalid"]);
    // A number alone is taken for a NIR, which is not to say that it is wrong.
    let alone = search("identifier=279035121518989").unwrap();
    assert_eq!(alone.ins.value(), "279035121518989");
    let told: Vec<_> = alone.warnings.iter().map(|issue| issue.code).collect();
    assert_eq!(told, [Code::InsSystemAssumed]);
}

#[test]
fn errors_never_repeat_an_ins() {
    for query in [
        "patient.identifier=urn:oid:1.2.250.1.213.1.4.10|279035121518900",
        "patient=279035121518989",
        "patient.identifier=urn:oid:1.2.250.1.213.1.4.10|279035121518989&patient.identifier=urn:oid:1.2.250.1.213.1.4.10|277076322082910",
    ] {
        let strict = search::documents(&params(query), true, &reading(Validation::Strict));
        for issue in strict.unwrap_err().issues {
            let text = format!(
                "{}{}{:?}",
                issue.french(),
                issue.english(),
                issue.expression
            );
            assert!(
                !text.contains("27903512") && !text.contains("27707632"),
                "{text}"
            );
        }
    }
}

mod noise {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever comes is answered, never a panic.
        #[test]
        fn any_parameter_is_answered(
            name in prop::sample::select(vec!["patient", "type", "creation", "identifier", "author", "author.organization", "authorOrg", "relationship", "related", "relatesto", "_sort", "_count", "_page", "status", "_id", "title", "sourceId"]),
            value in "(\\PC|[|,\\\\%:+TZ0-9-]){0,24}",
        ) {
            let given = vec![
                ("patient.identifier".to_owned(), INS.to_owned()),
                ("code".to_owned(), "submissionset".to_owned()),
                (name.to_owned(), value),
            ];
            let reading = reading(Validation::Guide);
            let _ = search::documents(&given, false, &reading);
            let _ = search::submissions(&given, false, &reading);
            let _ = search::consents(&given, false, &reading);
        }
    }
}
