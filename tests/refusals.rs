//! Every row of `mappings/errors.csv` as a client meets it: status, codes, both sentences, and nothing done, logged or repeated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;

use hyper::Method;
use passerelle::cli::demo::cards::card;
use passerelle::cli::demo::pki::CardSpec;
use passerelle::error::Code;
use serde_json::{Value, json};
use support::consent::with_category;
use support::document::{PATIENT, SECRETS, ins};
use support::pki::Cards;
use support::{Document, Options, Reply, Server, consent_for};
use uuid::Uuid;

/// What no client can provoke at will.
const NOT_HERE: [(Code, &str); 30] = [
    (
        Code::RangeNotSatisfiable,
        "tests/transfer.rs a_part_of_a_document_is_read",
    ),
    (
        Code::PageExpired,
        "tests/paging.rs the_pages_of_a_search_expire",
    ),
    (
        Code::IncludeCut,
        "tests/paging.rs what_comes_with_a_page_is_bounded",
    ),
    (
        Code::Wrapped,
        "tests/wrap.rs a_file_is_deposited_as_a_document_and_read_back_as_it_was",
    ),
    (Code::CdaDeviation, "tests/cda_mutants.rs"),
    (
        Code::ValidatedVaccination,
        "tests/vaccinations.rs a_patient_declares_and_a_professional_validates",
    ),
    (
        Code::Busy,
        "shown below, with a database that another holds",
    ),
    (Code::Internal, "needs a defect of ours"),
    (
        Code::RequestTimeout,
        "needs a body that stalls: tests/edge.rs sends one",
    ),
    (Code::BlockedByPatient, "tests/consents.rs"),
    (Code::InsTaken, "tests/ins_change.rs"),
    (Code::InsChangeRefused, "tests/ins_change.rs"),
    (Code::InsReplaced, "tests/ins_change.rs"),
    (Code::InsSystemAssumed, "tests/search.rs"),
    (Code::RecordNotActivated, "tests/portal.rs"),
    (Code::NotAPhysician, "tests/consents.rs"),
    (Code::NeverConnected, "tests/consents.rs"),
    (Code::TraitsDiffer, "tests/identity.rs"),
    (Code::NotMutable, "tests/patch.rs"),
    (Code::DocumentDeleted, "tests/patch.rs"),
    (Code::LabelAmbiguous, "tests/patch.rs"),
    (Code::StillReplaced, "tests/patch.rs"),
    (Code::HiddenFromPatient, "tests/patch.rs"),
    (Code::HiddenFromRepresentatives, "tests/patch.rs"),
    (Code::AppendsForbidden, "tests/transactions.rs"),
    (Code::PatchWithoutReplacement, "tests/transactions.rs"),
    (Code::MultipleMatches, "tests/transactions.rs"),
    (Code::FolderMemberUnknown, "tests/folders.rs"),
    (Code::RecipientUnavailable, "tests/profile_rows.rs"),
    (Code::PatientNotCreated, "tests/transactions.rs"),
];

/// PS_IdNat of `medecin2`, who declared the consent of the patient, and of `medecin`, who did not.
const MEDECIN2: &str = "899900000029";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");

/// One request that must be refused.
struct Case {
    code: Code,
    card: &'static str,
    method: Method,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    expression: Option<&'static str>,
}

fn get(code: Code, card: &'static str, path: &str) -> Case {
    Case {
        code,
        card,
        method: Method::GET,
        path: path.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        expression: None,
    }
}

const RELATES_TO: &str = "Bundle.entry[1].resource.relatesTo";

fn find(code: Code, card: &'static str, patient: &str, more: &str) -> Case {
    let patient = support::client::encode(patient);
    let path = format!("/DocumentReference?patient.identifier={patient}&status=current{more}");
    get(code, card, &path)
}

fn send(code: Code, card: &'static str, method: Method, path: &str, body: &Value) -> Case {
    Case {
        method,
        body: body.to_string().into_bytes(),
        headers: vec![("Content-Type", "application/fhir+json")],
        ..get(code, card, path)
    }
}

/// A deposit by the hospital.
fn deposit(code: Code, bundle: &Value) -> Case {
    send(code, "hopital", Method::POST, "", bundle)
}

fn too_long_batch() -> Value {
    let entry = json!({"request": {"method": "GET", "url": "List"}});
    json!({"resourceType": "Bundle", "type": "batch", "entry": vec![entry; 21]})
}

/// A deposit whose DocumentReference was changed.
fn changed(code: Code, expression: &'static str, change: impl FnOnce(&mut Value)) -> Case {
    let mut bundle = Document::new().bundle();
    change(&mut bundle["entry"][1]["resource"]);
    deposit(code, &bundle).at(expression)
}

impl Case {
    fn with(mut self, header: (&'static str, &'static str)) -> Self {
        self.headers.retain(|(name, _)| *name != header.0);
        self.headers.push(header);
        self
    }

    fn at(mut self, expression: &'static str) -> Self {
        self.expression = Some(expression);
        self
    }

    async fn meet(&self, server: &Server) -> Reply {
        let mut client = match self.card {
            "" => server.anonymous(),
            card => server.client(card),
        };
        let method = self.method.clone();
        client
            .send(method, &self.path, &self.headers, self.body.clone())
            .await
    }
}

fn flag(code: &str) -> Value {
    json!({"coding": [{
        "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
        "code": code
    }]})
}

/// A sentence of the table with its blanks filled, by whatever.
fn fits(text: &str, template: &str) -> bool {
    let mut rest = text;
    let mut pieces = template
        .split('{')
        .map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after));
    let first = pieces.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    !text.contains('{')
}

/// Anything that looks like an INS: 13 digits or more that don't follow a point (the duration of a request).
fn looks_like_ins(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .find(|run| !run.contains('.') && run.len() >= 13)
}

fn assert_discreet(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what}: {secret} in {text}");
    }
    let number = looks_like_ins(text);
    assert!(number.is_none(), "{what}: {number:?} in {text}");
}

fn check(case: &Case, reply: &Reply) {
    let name = case.code.as_str();
    let row = case.code.row();
    let outcome = reply.json();
    assert_eq!(
        (reply.status, &*reply.refusal()),
        (row.http, name),
        "{outcome:#}"
    );
    assert!(
        reply
            .header("content-type")
            .starts_with("application/fhir+json"),
        "{name}"
    );
    assert!(!reply.header("x-request-id").is_empty(), "{name}");
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issue = &outcome["issue"][0];
    assert_eq!(issue["severity"], "error", "{outcome:#}");
    assert_eq!(issue["code"], row.issue, "{outcome:#}");
    let coding = &issue["details"]["coding"];
    assert_eq!(
        coding[0]["system"],
        "https://passerelle.dev/fhir/CodeSystem/refusal"
    );
    match &*row.xds {
        "" => assert!(coding[1].is_null(), "{outcome:#}"),
        xds => assert_eq!(coding[1]["code"], xds, "{outcome:#}"),
    }
    let french = issue["details"]["text"].as_str().unwrap();
    assert!(fits(french, &row.fr), "{french}");
    let english = issue["diagnostics"].as_str().unwrap();
    assert!(
        fits(english, &row.en) || case.code == Code::CdaInvalid && english.contains("The document"),
        "{english}"
    );
    match case.expression {
        Some(expression) => assert_eq!(issue["expression"][0], expression, "{outcome:#}"),
        None => assert!(issue.get("expression").is_none(), "{outcome:#}"),
    }
    let text = String::from_utf8_lossy(&reply.bytes);
    assert_discreet(name, &text);
}

fn cards() -> Cards {
    let cards = Cards::new();
    for name in [
        "medecin",
        "medecin2",
        "secretaire",
        "hopital",
        "laboratoire",
    ] {
        cards.issue(name, &CardSpec::of(card(name).unwrap()));
    }
    let mut production = CardSpec::of(card("medecin").unwrap());
    production.category = Some(0);
    cards.issue("production", &production);
    cards
}

/// The records of the cases: whole, closed, not qualified, of a minor; one is never opened.
struct Records {
    closed: String,
    unqualified: String,
    minor: String,
    unknown: String,
}

async fn open_records(server: &Server) -> Records {
    let records = Records {
        closed: ins(1),
        unqualified: ins(2),
        minor: ins(3),
        unknown: ins(4),
    };
    let mut operator = server.client("exploitant");
    for patient in [
        PATIENT,
        &records.closed,
        &records.unqualified,
        &records.minor,
    ] {
        let (_, mut resource) = Document::for_patient(patient).record();
        if patient == records.closed {
            resource["extension"][0]["valueCode"] = json!("opposed");
            resource["active"] = json!(false);
            resource["extension"].as_array_mut().unwrap().push(json!({
                "url": "https://passerelle.dev/fhir/StructureDefinition/opposition-date",
                "valueDate": "2026-01-02"
            }));
        } else if patient == records.unqualified {
            resource["extension"][2]["extension"][0]["valueCoding"]["code"] = json!("PROV");
        } else if patient == records.minor {
            resource["birthDate"] = json!("2020-02-03");
        }
        let path = format!("/Patient?identifier={}", support::client::encode(patient));
        operator.put(&path, &resource).await.assert_status(201);
    }
    let consent = consent_for(PATIENT, MEDECIN2);
    let declared = server.client("medecin2").post("/Consent", &consent).await;
    declared.assert_status(201);
    records
}

/// Documents that the cases meet: one, one that was replaced.
async fn deposit_some(server: &Server) -> (Document, Document) {
    let mut hospital = server.client("hopital");
    let (kept, old) = (Document::new(), Document::new());
    let new = Document::replacing(old.unique_id());
    for document in [&kept, &old, &new] {
        hospital
            .post("", &document.bundle())
            .await
            .assert_status(200);
    }
    (kept, old)
}

fn cases(records: &Records, kept: &Document, old: &Document) -> Vec<Case> {
    use Code::*;
    let patient_path = format!("/Patient?identifier={}", support::client::encode(PATIENT));
    let document = Document::new();
    let bundle = document.bundle();
    let broken = {
        let mut bundle = bundle.clone();
        bundle["entry"][2]["resource"]["data"] = json!("PGE+");
        let attachment = bundle["entry"][1]["resource"]["content"][0]["attachment"].as_object_mut();
        let attachment = attachment.unwrap();
        attachment.remove("size");
        attachment.remove("hash");
        bundle
    };
    let by_medecin2 =
        |code, bundle: &Value| send(code, "medecin2", Method::POST, "", bundle).with(STRUCTURE);
    let somebody = consent_for(PATIENT, "899900000045");
    vec![
        find(LoginRequired, "", PATIENT, ""),
        get(CardNotAccepted, "production", &patient_path),
        find(StructureMismatch, "hopital", PATIENT, "").with(("DMP-Structure", "10B0000022")),
        find(HeaderInvalid, "medecin2", PATIENT, "").with(("DMP-Access-Mode", "curiosite")),
        send(StructureRequired, "medecin2", Method::POST, "", &bundle),
        find(
            InsInvalid,
            "medecin2",
            "urn:oid:1.2.250.1.213.1.4.10|27903",
            "",
        )
        .at("patient.identifier"),
        deposit(
            RecordUnknown,
            &Document::for_patient(&records.unknown).bundle(),
        ),
        find(RecordClosed, "medecin2", &records.closed, ""),
        deposit(
            IdentityNotQualified,
            &Document::for_patient(&records.unqualified).bundle(),
        ),
        find(CardCannotConsult, "secretaire", PATIENT, ""),
        find(CardCannotConsult, "hopital", PATIENT, ""),
        find(EmergencyRefused, "medecin2", PATIENT, "").with(("DMP-Access-Mode", "centre_15")),
        find(ReasonRequired, "medecin2", PATIENT, "").with(("DMP-Access-Mode", "bris_de_glace")),
        find(SecretChoiceRequired, "medecin2", &records.minor, ""),
        find(SecretNotApplicable, "medecin2", PATIENT, "").with(("DMP-Secret-Connection", "true")),
        find(ConsentRequired, "medecin", PATIENT, ""),
        send(
            NotAllowed,
            "medecin2",
            Method::PUT,
            &patient_path,
            &document.record().1,
        ),
        send(NotYours, "medecin", Method::POST, "/Consent", &somebody),
        get(
            NotFound,
            "medecin2",
            &format!("/DocumentReference/{}", Uuid::new_v4()),
        ),
        get(NotSupported, "medecin2", "/Observation"),
        Case {
            method: Method::DELETE,
            ..get(
                MethodNotAllowed,
                "medecin2",
                &format!("/Binary/{}", Uuid::new_v4()),
            )
        },
        find(NotAcceptable, "medecin2", PATIENT, "").with(("Accept", "application/fhir+turtle")),
        deposit(UnsupportedMediaType, &bundle).with(("Content-Type", "text/plain")),
        Case {
            body: vec![b' '; 300_000],
            ..deposit(TooLarge, &bundle)
        },
        send(
            BatchTooLong,
            "medecin2",
            Method::POST,
            "",
            &too_long_batch(),
        )
        .at("Bundle.entry"),
        Case {
            body: b"{\"resourceType\": \"Bundle\"".to_vec(),
            ..deposit(Malformed, &bundle)
        },
        find(ParameterInvalid, "medecin2", PATIENT, "&creation=hier"),
        get(
            ParameterRequired,
            "medecin2",
            "/DocumentReference?status=current",
        ),
        find(ParameterUnsupported, "medecin2", PATIENT, "&couleur=bleu")
            .with(("Prefer", "handling=strict")),
        changed(
            ElementRequired,
            "Bundle.entry[1].resource.type",
            |document| {
                document.as_object_mut().unwrap().remove("type");
            },
        ),
        changed(
            ElementInvalid,
            "Bundle.entry[1].resource.status",
            |document| {
                document["status"] = json!("superseded");
            },
        ),
        changed(
            CodeInvalid,
            "Bundle.entry[1].resource.securityLabel[1].coding[0]",
            |document| {
                let labels = document["securityLabel"].as_array_mut();
                labels.unwrap().push(flag("MASQUE_PT"));
            },
        ),
        changed(
            UnsupportedElement,
            "Bundle.entry[1].resource.docStatus",
            |document| {
                document["docStatus"] = json!("final");
            },
        ),
        deposit(
            TypeNotInMatrix,
            &Document::of_type("99999-9", "2.16.840.1.113883.6.1").bundle(),
        )
        .at("Bundle.entry[1].resource.type"),
        deposit(
            TypeNotAllowed,
            &Document::of_type("EXPPAT_1", "1.2.250.1.213.1.1.4.12").bundle(),
        )
        .at("Bundle.entry[1].resource.type"),
        changed(
            MetadataMismatch,
            "Bundle.entry[1].resource.type",
            |document| {
                document["type"]["coding"][0]["code"] = json!("11490-0");
            },
        ),
        deposit(CdaInvalid, &broken).at("Bundle.entry[1].resource.content[0].attachment"),
        changed(
            HashMismatch,
            "Bundle.entry[1].resource.content[0].attachment.size",
            |document| {
                document["content"][0]["attachment"]["size"] = json!(12);
            },
        ),
        deposit(DuplicateDocument, &kept.bundle()).at("Bundle.entry[1].resource.masterIdentifier"),
        deposit(
            AlreadyReplaced,
            &Document::replacing(old.unique_id()).bundle(),
        )
        .at(RELATES_TO),
        deposit(
            ReplaceTargetUnknown,
            &Document::replacing("1.2.250.1.999.1.8.1").bundle(),
        )
        .at(RELATES_TO),
        by_medecin2(NotAuthor, &Document::replacing(kept.unique_id()).bundle()).at(RELATES_TO),
        changed(
            LabelConflict,
            "Bundle.entry[1].resource.securityLabel",
            |document| {
                document["securityLabel"] = json!([flag("MASQUE_PS"), flag("INVISIBLE_PATIENT")]);
            },
        ),
        send(
            VersionConflict,
            "exploitant",
            Method::PUT,
            &patient_path,
            &document.record().1,
        )
        .with(("If-Match", "W/\"99\"")),
        // Categories that are not served are not taken for another.
        send(
            CodeInvalid,
            "medecin2",
            Method::POST,
            "/Consent",
            &with_category(consent_for(PATIENT, MEDECIN2), "n-importe-quoi"),
        )
        .at("Consent.category[1].coding[0]"),
    ]
}

/// Totals and versions that no refusal may change.
async fn stored(server: &Server) -> Vec<Value> {
    let mut reader = server.client("medecin2");
    let mut seen = Vec::new();
    for (kind, name, value) in [
        ("DocumentReference", "status", "current,superseded"),
        ("List", "code", "submissionset"),
    ] {
        let mut parameters = vec![("patient.identifier", PATIENT), (name, value)];
        if kind == "List" {
            parameters.push(("status", "current"));
        }
        let found = reader.search(kind, &parameters).await.assert_status(200);
        seen.push(found.json()["total"].clone());
    }
    let consents = reader
        .search(
            "Consent",
            &[("patient.identifier", PATIENT), ("status", "active")],
        )
        .await;
    seen.push(consents.assert_status(200).json()["total"].clone());
    let mut operator = server.client("exploitant");
    let patient = operator
        .search("Patient", &[("identifier", PATIENT)])
        .await
        .json();
    seen.push(patient["entry"][0]["resource"]["meta"].clone());
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_the_one_of_the_table_and_leaves_nothing() {
    let cards = cards();
    let options = |options: Options| Options {
        pki: Some(cards.folder().to_owned()),
        ..options
    };
    let server = Server::with(
        options(Options::default())
            .set("PASSERELLE_SERVER__MAX_BODY_BYTES", "200000")
            .set("PASSERELLE_LOG", "debug"),
    );
    let records = open_records(&server).await;
    let (kept, old) = deposit_some(&server).await;
    let before = stored(&server).await;
    let mut met = BTreeSet::new();
    for case in cases(&records, &kept, &old) {
        let reply = case.meet(&server).await;
        check(&case, &reply);
        met.insert(case.code.as_str());
    }
    assert_eq!(stored(&server).await, before);

    // Told beside an answer, never instead of it.
    let reply = server
        .client("medecin2")
        .search("DocumentReference", &[("patient.identifier", PATIENT)])
        .await
        .assert_status(200)
        .json();
    let told = reply["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["search"]["mode"] == "outcome");
    let told: Vec<_> = told.flat_map(|entry| codes(&entry["resource"])).collect();
    assert_eq!(
        told,
        [("warning".to_owned(), "status-defaulted".to_owned())]
    );
    met.insert("status-defaulted");
    let made = server
        .client("hopital")
        .post("", &Document::new().bundle())
        .await
        .assert_status(200)
        .json();
    let told = codes(&made["entry"][1]["response"]["outcome"]);
    assert!(
        told.contains(&("warning".to_owned(), "element-ignored".to_owned())),
        "{told:?}"
    );
    met.insert("element-ignored");
    let logs = server.logs();
    assert!(logs.lines().count() > met.len(), "the log is written");
    assert_discreet("log", &logs);

    let strict = Server::with(options(Options::strict()));
    open_records(&strict).await;
    let (kept, _) = deposit_some(&strict).await;
    let before = stored(&strict).await;
    let replaces = {
        let (system, value) = support::bundle::unique_id(kept.unique_id());
        json!([{"code": "replaces", "target": {"identifier": {"system": system, "value": value}}}])
    };
    let mut untold = Document::replacing(kept.unique_id()).bundle();
    untold["entry"][1]["resource"]
        .as_object_mut()
        .unwrap()
        .remove("relatesTo");
    for case in [
        deposit(Code::RelationOnlyInHeader, &untold).at("Bundle.entry[1].resource.relatesTo"),
        changed(
            Code::RelationNotInHeader,
            "Bundle.entry[1].resource.relatesTo[0]",
            |document| {
                document["relatesTo"] = replaces;
            },
        ),
    ] {
        let reply = case.meet(&strict).await;
        check(&case, &reply);
        met.insert(case.code.as_str());
    }
    assert_eq!(stored(&strict).await, before);
    assert_discreet("log", &strict.logs());

    for code in Code::ALL {
        let excused = NOT_HERE.iter().any(|(known, _)| known == code);
        assert_ne!(met.contains(code.as_str()), excused, "{}", code.as_str());
    }
}

/// While another process holds the database, an act waits, then is told to come again; nothing of it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_holds_is_busy() {
    let server = Server::start();
    open_records(&server).await;
    let database = server.folder().join("passerelle.db");
    let other = rusqlite::Connection::open(database).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut hospital = server.client("hopital");
    let document = Document::new();
    let sent = document.simplified();
    hospital
        .post("/DocumentReference", &sent)
        .await
        .assert_refused(503, "busy");
    other.execute_batch("ROLLBACK").unwrap();
    hospital
        .post("/DocumentReference", &sent)
        .await
        .assert_status(201);
}

/// A target may be named by a reference: once found, it must be the one that the header announces.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_named_by_reference_is_held_against_the_header() {
    let server = Server::start();
    open_records(&server).await;
    let mut hospital = server.client("hopital");
    let (old, other) = (Document::new(), Document::new());
    let mut references = Vec::new();
    for document in [&old, &other] {
        let made = hospital.post("", &document.bundle()).await;
        let made = made.assert_status(200).json();
        let location = made["entry"][1]["response"]["location"].as_str().unwrap();
        let reference = location.split("/_history").next().unwrap();
        references.push(reference.to_owned());
    }
    let mut bundle = Document::replacing(old.unique_id()).bundle();
    for (reference, accepted) in [(&references[1], false), (&references[0], true)] {
        bundle["entry"][1]["resource"]["relatesTo"] =
            json!([{"code": "replaces", "target": {"reference": reference}}]);
        let reply = hospital.post("", &bundle).await;
        match accepted {
            true => drop(reply.assert_status(200)),
            false => reply.assert_refused(422, "metadata-mismatch"),
        }
    }
}

/// Severity and code of each issue.
fn codes(outcome: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let issues = outcome["issue"].as_array().into_iter().flatten();
    issues
        .map(|issue| {
            (
                text(&issue["severity"]),
                text(&issue["details"]["coding"][0]["code"]),
            )
        })
        .collect()
}
