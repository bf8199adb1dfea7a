//! The history of accesses as AuditEvent over HTTP: who sees what, how it is searched, and what each act looks like.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use passerelle::dmp::actor::{Actor, ActorId, ActorKind};
use passerelle::dmp::code::{Code, system};
use passerelle::dmp::context::{AccessMode, Context};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::person::PersonName;
use passerelle::dmp::right::{Basis, Declaration, Grant};
use passerelle::dmp::time::Instant;
use passerelle::dmp::trace::{Outcome, Trace, TracedAct};
use passerelle::policy::{Act, Rules, decide};
use passerelle::store::Store;
use passerelle::tables::Tables;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::document::set_patient;
use support::portal::Portal;
use support::{Client, Document, Options, Reply, Server, consent_for};

const STRUCTURE: &str = "10B0000014";
const MEDECIN: &str = "899900000011";
const MEDECIN2: &str = "899900000029";
const PHARMACIEN: &str = "899900000045";

/// A record with one document, and the authorisation of `medecin`.
struct Scene {
    server: Server,
    patient: String,
    document: String,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Document::new(), "1979-03-28").await
    }

    /// A minor: every professional chooses whether his connection is secret.
    async fn minor() -> Self {
        Self::with(Document::new(), "2015-03-28").await
    }

    async fn with(document: Document, born: &str) -> Self {
        Self::on(Server::start(), document, born).await
    }

    async fn on(server: Server, document: Document, born: &str) -> Self {
        let (patient, mut record) = document.record();
        record["birthDate"] = json!(born);
        let mut exploitant = server.client("exploitant");
        let opened = exploitant
            .put(
                &format!("/Patient?identifier={}", support::client::encode(&patient)),
                &record,
            )
            .await;
        assert_eq!(opened.status, 201, "{:?}", opened.bytes);
        let mut medecin = server.client("medecin");
        medecin
            .post("/Consent", &consent_for(&patient, MEDECIN))
            .await
            .assert_status(201);
        let deposited = server
            .client("hopital")
            .post("", &document.bundle())
            .await
            .assert_status(200)
            .json();
        let location = |entry: &Value| {
            let location = entry["response"]["location"].as_str().unwrap();
            let at = location.find("DocumentReference/")?;
            location[at + 18..].split('/').next().map(str::to_owned)
        };
        let document = deposited["entry"]
            .as_array()
            .unwrap()
            .iter()
            .find_map(location)
            .unwrap();
        Self {
            server,
            patient,
            document,
        }
    }

    fn client(&self, card: &str) -> Client {
        self.server.client(card)
    }

    /// The traces that a card finds; each one judged as a resource.
    async fn traces(&self, client: &mut Client, parameters: &[(&str, &str)]) -> Vec<Value> {
        let mut all = vec![("patient.identifier", self.patient.as_str())];
        all.extend(parameters);
        let reply = client.search("AuditEvent", &all).await.assert_status(200);
        resources(&reply)
    }

    /// A physician becomes médecin traitant, in the database of the running server.
    async fn is_treating(&self, professional: &str) {
        let file = self.server.folder().join("passerelle.db");
        let tables = Arc::new(Tables::built_in());
        let url = format!("sqlite:{}", file.display());
        let store = Store::open(&url, Arc::new(Silent)).await.unwrap();
        let rules = Rules {
            tables,
            age_of_majority: 18,
            late_invisibility: false,
        };
        let actor = Actor {
            kind: ActorKind::Cps,
            id: ActorId::Person(professional.parse().unwrap()),
            name: PersonName::default(),
            profession: Some(Code::new("10", system::PROFESSION)),
            specialities: Vec::new(),
            structure: None,
            mandate: None,
            operator: false,
            regulator: false,
        };
        let (_, number) = self.patient.split_once('|').unwrap();
        let ins = Ins::parse(InsRoot::NirTest, number).unwrap();
        let basis = Basis::Explicit;
        let holder = actor.id.clone();
        for grant in [
            Grant::Access {
                holder: holder.clone(),
                basis,
            },
            Grant::TreatingPhysician { holder, basis },
        ] {
            let context = Context {
                mode: AccessMode::Normal,
                reason: None,
                secret: None,
                structure: None,
                now: Instant::now(),
                request_id: "test".to_owned(),
            };
            let standing = store.standing(&ins, &actor).await.unwrap();
            let act = Act::WriteRight {
                grant: grant.clone(),
                active: true,
            };
            let permit = decide(&rules, &actor, &act, standing.as_ref(), &context).unwrap();
            let declaration = Declaration {
                patient: ins.clone(),
                grant,
                name: None,
                active: true,
                until: None,
            };
            let trace = Trace {
                id: uuid::Uuid::new_v4(),
                at: context.now,
                patient: Some(ins.clone()),
                actor: None,
                act: TracedAct::DeclareConsent,
                outcome: Outcome::Success,
                refusal: None,
                rule: None,
                matrix: None,
                mode: AccessMode::Normal,
                reason: None,
                secret: false,
                entities: Vec::new(),
                query: None,
                request_id: "test".to_owned(),
                traceparent: None,
            };
            store
                .declare(&permit, declaration, None, None, trace)
                .await
                .unwrap();
        }
        store.close().await;
    }
}

struct Silent;

impl passerelle::store::Render for Silent {
    fn document(&self, _: &passerelle::dmp::document::DocumentEntry) -> String {
        String::new()
    }
}

fn resources(reply: &Reply) -> Vec<Value> {
    let bundle = reply.json();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let resources: Vec<Value> = entries
        .into_iter()
        .filter(|entry| entry["search"]["mode"] == "match")
        .map(|mut entry| entry["resource"].take())
        .collect();
    for resource in &resources {
        let problems = wire::check(resource, "AuditEvent", "AuditEvent");
        assert!(problems.is_empty(), "{problems:?}\n{resource:#}");
    }
    resources
}

/// The codes of its subtypes; the last one is the DMP transaction.
fn subtypes(trace: &Value) -> Vec<&str> {
    let codings = trace["subtype"].as_array().unwrap();
    codings
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect()
}

fn user(trace: &Value) -> &Value {
    let agents = trace["agent"].as_array().unwrap();
    agents
        .iter()
        .find(|agent| agent["requestor"] == true)
        .unwrap_or(&Value::Null)
}

fn acts(traces: &[Value]) -> BTreeSet<(String, String)> {
    traces
        .iter()
        .map(|trace| {
            let who = user(trace)["who"]["identifier"]["value"].as_str();
            let last = subtypes(trace).pop().unwrap().to_owned();
            (who.unwrap_or("?").to_owned(), last)
        })
        .collect()
}

fn act(who: &str, what: &str) -> (String, String) {
    (who.to_owned(), what.to_owned())
}

async fn consults(scene: &Scene, client: &mut Client) -> Reply {
    let asked = [
        ("patient.identifier", scene.patient.as_str()),
        ("status", "current"),
    ];
    client.search("DocumentReference", &asked).await
}

#[tokio::test]
async fn each_professional_sees_his_own_acts_and_the_treating_one_sees_all() {
    let scene = Scene::new().await;
    let mut medecin = scene.client("medecin");
    assert_eq!(consults(&scene, &mut medecin).await.status, 200);
    let mut pharmacien = scene.client("pharmacien");
    consults(&scene, &mut pharmacien)
        .await
        .assert_refused(403, "consent-required");
    scene.is_treating(MEDECIN2).await;

    let own = scene.traces(&mut medecin, &[]).await;
    let expected = [act(MEDECIN, "TD0.3"), act(MEDECIN, "TD3.1")];
    assert_eq!(acts(&own), expected.into());

    let refused = scene.traces(&mut pharmacien, &[]).await;
    assert_eq!(acts(&refused), [act(PHARMACIEN, "TD3.1")].into());
    assert_eq!(refused[0]["outcome"], "8");
    let told = refused[0]["outcomeDesc"].as_str().unwrap();
    assert!(told.starts_with("consent-required (CONS"), "{told}");
    assert!(refused[0]["meta"].get("profile").is_none());

    let structure = scene.traces(&mut scene.client("hopital"), &[]).await;
    assert_eq!(acts(&structure), [act(STRUCTURE, "TD2")].into());
    // The secretary of that structure finds its acts; somebody else's finds none.
    let employee = scene.traces(&mut scene.client("secretaire"), &[]).await;
    assert!(acts(&employee).contains(&act(STRUCTURE, "TD2")));
    let nothing = scene.traces(&mut scene.client("laboratoire"), &[]).await;
    assert!(nothing.is_empty());

    let mut treating = scene.client("medecin2");
    let all = acts(&scene.traces(&mut treating, &[]).await);
    for known in [
        act("10B0000001", "open-record"),
        act(MEDECIN, "TD3.1"),
        act(PHARMACIEN, "TD3.1"),
        act(PHARMACIEN, "search-audit-event"),
        act(STRUCTURE, "TD2"),
    ] {
        assert!(all.contains(&known), "{known:?} in {all:?}");
    }
    // The reading of traces is itself traced.
    let again = scene.traces(&mut treating, &[("subtype", "ITI-81")]).await;
    assert!(acts(&again).contains(&act(MEDECIN2, "search-audit-event")));
    let output = scene
        .server
        .run(&["audit", "verify", "--config", "passerelle.toml"]);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_secret_connection_is_labelled_and_known_to_its_author_and_the_treating_physician() {
    let scene = Scene::minor().await;
    let mut medecin = scene
        .client("medecin")
        .with("DMP-Secret-Connection", "true");
    assert_eq!(consults(&scene, &mut medecin).await.status, 200);
    scene.is_treating(MEDECIN2).await;
    let search = [("subtype", "ITI-67")];
    let label = json!([{
        "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
        "code": "INVISIBLE_REPRESENTANTS_LEGAUX",
    }]);
    for card in ["medecin", "medecin2"] {
        let found = scene.traces(&mut scene.client(card), &search).await;
        assert_eq!(found.len(), 1, "{card}");
        assert_eq!(found[0]["meta"]["security"], label, "{card}");
    }
    let mut other = scene.client("pharmacien");
    assert!(scene.traces(&mut other, &search).await.is_empty());
}

#[tokio::test]
async fn a_trace_is_read_by_its_id_by_who_may_know_it() {
    let scene = Scene::new().await;
    let mut medecin = scene.client("medecin");
    let found = scene.traces(&mut medecin, &[("subtype", "TD0.3")]).await;
    let id = found[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/AuditEvent/{id}");
    let reply = medecin.get(&path).await.assert_status(200);
    assert_eq!(reply.json(), found[0]);
    assert_eq!(reply.header("etag"), "W/\"1\"");
    let searched = scene.traces(&mut medecin, &[("_id", &id)]).await;
    assert_eq!(searched, found);

    let mut other = scene.client("pharmacien");
    let hidden = other.get(&path).await;
    hidden.assert_refused(404, "not-found");
    let absent = other
        .get(&format!("/AuditEvent/{}{}", "0".repeat(32), &id[32..]))
        .await;
    absent.assert_refused(404, "not-found");
    assert_eq!(hidden.bytes, absent.bytes);
    for unknown in [
        "x".to_owned(),
        "0".repeat(64),
        id[..32].to_owned(),
        id.to_uppercase(),
    ] {
        let reply = medecin.get(&format!("/AuditEvent/{unknown}")).await;
        reply.assert_refused(404, "not-found");
    }
    // Reading is traced with what was read.
    let read = scene
        .traces(
            &mut medecin,
            &[("subtype", "read-audit-event"), ("outcome", "0")],
        )
        .await;
    let target = format!("AuditEvent/{id}");
    let named = |trace: &Value| {
        let entities = trace["entity"].as_array().unwrap();
        entities.iter().any(|it| it["what"]["reference"] == *target)
    };
    assert!(read.iter().any(named), "{read:?}");
    for method in ["PUT", "DELETE", "PATCH"] {
        let method = method.parse().unwrap();
        let reply = medecin.send(method, &path, &[], Vec::new()).await;
        assert_eq!(reply.status, 405);
    }
    let created = medecin.post("/AuditEvent", &found[0]).await;
    assert_eq!(created.status, 405);
}

#[tokio::test]
async fn parameters_narrow_a_search_or_are_refused() {
    let scene = Scene::new().await;
    let mut medecin = scene.client("medecin").with("X-Request-Id", "demande-1");
    consults(&scene, &mut medecin).await.assert_status(200);
    let entry = format!("/DocumentReference/{}", scene.document);
    let mut glass = scene
        .client("medecin")
        .with("DMP-Access-Mode", "bris_de_glace")
        .with("DMP-Access-Reason", "Coma%20%C3%A0%20l%27arriv%C3%A9e");
    glass.get(&entry).await.assert_status(200);

    let entity = format!("DocumentReference/{}", scene.document);
    let absolute = format!("{}/{entity}", scene.server.base);
    let reader = format!("urn:oid:1.2.250.1.71.4.2.1|{MEDECIN}");
    let structure = format!("urn:oid:1.2.250.1.71.4.2.2|{STRUCTURE}");
    let rest = "http://terminology.hl7.org/CodeSystem/audit-event-type|rest";
    let mut check = scene.client("medecin");
    for (parameters, expected) in [
        (&[("entity", entity.as_str())][..], &["read-document"][..]),
        (&[("entity", &absolute)], &["read-document"]),
        (
            &[("entity", "Consent/00000000-0000-4000-8000-000000000001")],
            &[],
        ),
        (&[("subtype", "ITI-67")], &["TD3.1"]),
        (
            &[("subtype", "urn:ihe:event-type-code|ITI-67,ITI-68")],
            &["TD3.1"],
        ),
        (
            &[("subtype", "http://hl7.org/fhir/restful-interaction|read")],
            &["read-document"],
        ),
        (&[("type", rest), ("action", "R")], &["read-document"]),
        (&[("type", "110113")], &["TD0.3"]),
        (
            &[("type", "http://dicom.nema.org/resources/ontology/DCM|")],
            &["TD0.3"],
        ),
        (
            &[
                (
                    "purpose",
                    "http://terminology.hl7.org/CodeSystem/v3-ActReason|",
                ),
                ("action", "R"),
            ],
            &["read-document"],
        ),
        (&[("action", "E,R"), ("subtype:not", "x")], &[]),
        (&[("purpose", "bris_de_glace")], &["read-document"]),
        (
            &[(
                "purpose",
                "http://terminology.hl7.org/CodeSystem/v3-ActReason|BTG",
            )],
            &["read-document"],
        ),
        (&[("outcome", "8")], &[]),
        (
            &[("agent.identifier", &reader), ("action", "R")],
            &["read-document"],
        ),
        (
            &[("agent:identifier", &reader), ("action", "R")],
            &["read-document"],
        ),
        (&[("agent.identifier", &structure)], &[]),
        (
            &[
                ("date", "ge2020-01-01"),
                ("date", "le2099-12-31"),
                ("action", "R"),
            ],
            &["read-document"],
        ),
        (&[("date", "lt2020-01-01")], &[]),
        (&[("_lastUpdated", "gt2099-01-01")], &[]),
    ] {
        let mut all = vec![
            ("patient.identifier", scene.patient.as_str()),
            ("subtype", "TD0.3,TD3.1,read-document"),
        ];
        all.extend(parameters);
        let reply = check.search("AuditEvent", &all).await;
        if parameters.iter().any(|(name, _)| name.contains(":not")) {
            reply.assert_refused(400, "parameter-unsupported");
            continue;
        }
        let found = resources(&reply.assert_status(200));
        let found: Vec<_> = found
            .iter()
            .map(|it| subtypes(it).pop().unwrap().to_owned())
            .collect();
        assert_eq!(found, expected, "{parameters:?}");
    }
    let counted = [
        ("patient.identifier", scene.patient.as_str()),
        ("_summary", "count"),
        ("action", "R"),
    ];
    let count = check
        .search("AuditEvent", &counted)
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        (count["total"].as_u64(), count.get("entry")),
        (Some(1), None)
    );
    for (name, value) in [
        ("date", "yesterday"),
        ("entity", "00000000-0000-4000-8000-000000000001"),
        ("_count", "x"),
        ("_sort", "agent"),
        ("outcome", ""),
    ] {
        let asked = [
            ("patient.identifier", scene.patient.as_str()),
            (name, value),
        ];
        let reply = check.search("AuditEvent", &asked).await;
        assert_eq!(reply.status, 400, "{name}={value}");
    }
    let reply = check.search("AuditEvent", &[("action", "R")]).await;
    reply.assert_refused(400, "parameter-required");

    // By POST, and by the id of the Patient.
    let form = format!(
        "patient.identifier={}&action=R",
        support::client::encode(&scene.patient)
    );
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let posted = check
        .send(
            hyper::Method::POST,
            "/AuditEvent/_search",
            &headers,
            form.into_bytes(),
        )
        .await
        .assert_status(200);
    let posted = resources(&posted);
    assert_eq!(posted.len(), 1);
    let whose = posted[0]["entity"][0]["what"]["reference"]
        .as_str()
        .unwrap();
    let by_id = check
        .search("AuditEvent", &[("patient", whose), ("action", "R")])
        .await
        .assert_status(200);
    assert_eq!(resources(&by_id).len(), 1);
    let nobody = Document::with(|sample| set_patient(sample, &support::document::ins(5)));
    let unknown = check
        .search("AuditEvent", &[("patient.identifier", &nobody.record().0)])
        .await
        .assert_status(200);
    assert_eq!(unknown.json()["total"], 0);
    scene
        .server
        .anonymous()
        .search("AuditEvent", &[("patient.identifier", &scene.patient)])
        .await
        .assert_refused(401, "login-required");
}

#[tokio::test]
async fn each_act_follows_its_pattern_to_the_letter() {
    let scene = Scene::new().await;
    scene.is_treating(MEDECIN2).await;
    let mut medecin = scene
        .client("medecin")
        .with("X-Request-Id", "demande-1")
        .with("DMP-Structure", STRUCTURE);
    consults(&scene, &mut medecin).await.assert_status(200);
    let entry = format!("/DocumentReference/{}", scene.document);
    let document = medecin.get(&entry).await.assert_status(200).json();
    let url = document["content"][0]["attachment"]["url"]
        .as_str()
        .unwrap();
    let binary = url
        .strip_prefix(&scene.server.base)
        .unwrap_or(url)
        .trim_start_matches('/')
        .to_owned();
    let mut glass = scene
        .client("medecin")
        .with("DMP-Access-Mode", "bris_de_glace")
        .with("DMP-Access-Reason", "Coma%20%C3%A0%20l%27arriv%C3%A9e");
    glass.get(&format!("/{binary}")).await.assert_status(200);

    let mut treating = scene.client("medecin2");
    let mut one = async |subtype: &str, who: &str| {
        let found = scene
            .traces(
                &mut treating,
                &[("subtype", subtype), ("agent.identifier", who)],
            )
            .await;
        assert_eq!(found.len(), 1, "{subtype}");
        found.into_iter().next().unwrap()
    };
    let dcm = |code: &str, display: &str| json!({"coding": [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": code, "display": display}]});
    let (source, destination) = (
        dcm("110153", "Source Role ID"),
        dcm("110152", "Destination Role ID"),
    );

    let bundle = one("ITI-65", STRUCTURE).await;
    assert_eq!(
        bundle["type"],
        json!({"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110107", "display": "Import"})
    );
    assert_eq!(
        bundle["subtype"][0],
        json!({"system": "urn:ihe:event-type-code", "code": "ITI-65", "display": "Provide Document Bundle"})
    );
    assert_eq!(
        (&bundle["action"], &bundle["outcome"]),
        (&json!("C"), &json!("0"))
    );
    assert_eq!(
        bundle["meta"]["profile"][0],
        "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.ProvideBundle.Audit.Recipient"
    );
    assert_eq!(bundle["agent"][0]["type"], source);
    assert_eq!(bundle["agent"][1]["type"], destination);
    assert_eq!(user(&bundle)["who"]["type"], "Organization");
    let patient = &bundle["entity"][0];
    assert_eq!(patient["type"]["display"], "Person");
    assert_eq!(patient["role"]["display"], "Patient");
    assert_eq!(
        patient["what"]["identifier"]["value"],
        scene.patient.split_once('|').unwrap().1
    );
    let list = &bundle["entity"][1];
    assert!(
        list["what"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("List/")
    );
    assert_eq!(
        list["type"],
        json!({"system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2", "display": "System Object"})
    );
    assert_eq!(
        list["role"],
        json!({"system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "20", "display": "Job"})
    );
    assert_eq!(
        bundle["entity"][2]["what"]["reference"],
        format!("DocumentReference/{}", scene.document)
    );

    let search = one("ITI-67", MEDECIN).await;
    assert_eq!(
        search["type"],
        json!({"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest", "display": "Restful Operation"})
    );
    assert_eq!(search["subtype"][0]["code"], "search");
    assert_eq!(search["subtype"][1]["display"], "Find Document References");
    assert_eq!(
        (&search["agent"][0]["type"], &search["agent"][1]["type"]),
        (&source, &destination)
    );
    assert_eq!(search["agent"][1]["who"], search["source"]["observer"]);
    assert_eq!(
        search["agent"][1]["network"],
        json!({"address": scene.server.base, "type": "5"})
    );
    let reader = user(&search);
    assert_eq!(
        reader["who"]["identifier"],
        json!({"system": "urn:oid:1.2.250.1.71.4.2.1", "value": MEDECIN})
    );
    assert_eq!(reader["role"][0]["coding"][0]["code"], "10");
    assert_eq!(reader["name"], "DESCHAMPS CLAIRE");
    assert!(reader.get("network").is_none());
    let organisation = search["agent"].as_array().unwrap().last().unwrap();
    assert_eq!(organisation["type"]["coding"][0]["code"], "PROV");
    assert_eq!(organisation["who"]["identifier"]["value"], STRUCTURE);
    let entities = search["entity"].as_array().unwrap();
    let query = entities
        .iter()
        .find(|it| it.get("query").is_some())
        .unwrap();
    assert_eq!(
        query["description"],
        "DocumentReference?status=current&isArchived=false"
    );
    assert_eq!(
        query["query"],
        "RG9jdW1lbnRSZWZlcmVuY2U/c3RhdHVzPWN1cnJlbnQmaXNBcmNoaXZlZD1mYWxzZQ=="
    );
    let request = entities.last().unwrap();
    assert_eq!(request["type"]["code"], "XrequestId");
    assert_eq!(request["what"]["identifier"]["value"], "demande-1");

    let content = one("ITI-68", MEDECIN).await;
    assert_eq!(content["action"], "R");
    assert_eq!(content["subtype"][1]["display"], "Retrieve Document");
    assert_eq!(
        (&content["agent"][0]["type"], &content["agent"][1]["type"]),
        (&destination, &source),
        "the roles of a read"
    );
    assert_eq!(content["entity"][1]["role"]["display"], "Report");
    let purpose = &content["purposeOfEvent"][0];
    assert_eq!(
        purpose["coding"],
        json!([
            {"system": "https://mos.esante.gouv.fr/NOS/TRE_R248-ModeAcces/FHIR/TRE-R248-ModeAcces", "code": "bris_de_glace"},
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG"},
        ])
    );
    assert_eq!(purpose["text"], "Coma à l'arrivée");

    let consent = one("TD0.3", MEDECIN).await;
    assert_eq!(consent["type"]["code"], "110113");
    assert_eq!(consent["subtype"][0]["code"], "AuthZ-Consent");
    assert_eq!(
        consent["entity"][1]["type"],
        json!({"system": "http://hl7.org/fhir/resource-types", "code": "Consent"})
    );
    let told = consent.to_string() + &search.to_string();
    assert!(!told.contains("Compte rendu"), "no content of a document");
}

/// More than two pages, while others act: none is lost, none comes twice, and the newest comes first.
#[tokio::test]
async fn paging_to_the_end_is_a_whole_export() {
    let scene = Scene::new().await;
    let mut medecin = scene.client("medecin");
    let entry = format!("/DocumentReference/{}", scene.document);
    let mut written = BTreeSet::new();
    for number in 0..250 {
        let id = format!("lecture-{number}");
        let headers = [("X-Request-Id", id.as_str())];
        let reply = medecin
            .send(hyper::Method::GET, &entry, &headers, Vec::new())
            .await;
        assert_eq!(reply.status, 200);
        written.insert(id);
    }
    let asked = [
        ("patient.identifier", scene.patient.as_str()),
        ("_count", "500"),
    ];
    let mut page = medecin
        .search("AuditEvent", &asked)
        .await
        .assert_status(200)
        .json();
    let total = page["total"].as_u64().unwrap();
    assert!(total >= 250);
    let (mut seen, mut pages, mut last) = (Vec::new(), 0, String::from("9"));
    loop {
        pages += 1;
        let entries = page["entry"].as_array().unwrap();
        assert!(entries.len() <= 100);
        for entry in entries {
            let resource = &entry["resource"];
            let recorded = resource["recorded"].as_str().unwrap().to_owned();
            assert!(recorded <= last, "newest first");
            last = recorded;
            let url = entry["fullUrl"].as_str().unwrap();
            assert_eq!(
                url,
                format!(
                    "{}/AuditEvent/{}",
                    scene.server.base,
                    resource["id"].as_str().unwrap()
                )
            );
            let entities = resource["entity"].as_array().unwrap();
            let request = entities.last().unwrap()["what"]["identifier"]["value"].as_str();
            seen.push(request.unwrap().to_owned());
        }
        medecin.get(&entry).await.assert_status(200);
        let links = page["link"].as_array().unwrap();
        let next = links.iter().find(|link| link["relation"] == "next");
        let Some(next) = next else { break };
        let path = next["url"]
            .as_str()
            .unwrap()
            .strip_prefix(&scene.server.base)
            .unwrap();
        page = medecin.get(path).await.assert_status(200).json();
    }
    assert_eq!(pages, 3);
    assert_eq!(seen.len() as u64, total);
    let unique: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "none twice");
    assert!(written.is_subset(&unique), "none lost");
}

/// Over a portal: the holder sees refusals and secret connections, a representative no secret one, nobody what is not announced.
#[tokio::test]
async fn the_side_of_the_patient_sees_what_it_may_know() {
    let portal = Portal::new();
    let document = Document::new();
    let options = Options::default().portal(&portal);
    let scene = Scene::on(Server::with(options), document, "2015-03-28").await;
    let mut medecin = scene
        .client("medecin")
        .with("DMP-Secret-Connection", "false");
    consults(&scene, &mut medecin).await.assert_status(200);
    let mut secret = scene
        .client("medecin")
        .with("DMP-Secret-Connection", "true");
    let found = consults(&scene, &mut secret).await.assert_status(200);
    assert!(found.json()["total"].as_u64().unwrap() > 0);
    let mut pharmacien = scene
        .client("pharmacien")
        .with("DMP-Secret-Connection", "false");
    consults(&scene, &mut pharmacien)
        .await
        .assert_refused(403, "consent-required");
    let mut hidden = Document::new().bundle();
    hidden["entry"][1]["resource"]["securityLabel"]
        .as_array_mut()
        .unwrap()
        .push(json!({"coding": [{
            "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
            "code": "INVISIBLE_PATIENT"
        }]}));
    let mut laboratoire = scene.client("laboratoire");
    laboratoire.post("", &hidden).await.assert_status(200);

    let holder = scene
        .traces(&mut portal.holder(&scene.patient).on(&scene.server), &[])
        .await;
    let parent = scene
        .traces(
            &mut portal.representative(&scene.patient).on(&scene.server),
            &[],
        )
        .await;
    let count = |traces: &[Value], who: &str, what: &str| {
        let mine = |trace: &&Value| {
            user(trace)["who"]["identifier"]["value"] == who
                && subtypes(trace).last() == Some(&what)
        };
        traces.iter().filter(mine).count()
    };
    for (side, searches) in [(&holder, 2), (&parent, 1)] {
        assert_eq!(count(side, MEDECIN, "TD3.1"), searches);
        assert_eq!(count(side, PHARMACIEN, "TD3.1"), 1, "refusals are seen");
        assert_eq!(count(side, STRUCTURE, "TD2"), 1);
        assert_eq!(count(side, "10B0000030", "TD2"), 0, "not announced yet");
    }
    assert_eq!(
        count(
            &scene.traces(&mut laboratoire, &[]).await,
            "10B0000030",
            "TD2"
        ),
        1
    );
    // Their own readings are told under their own names.
    let again = scene
        .traces(
            &mut portal.holder(&scene.patient).on(&scene.server),
            &[
                ("subtype", "ITI-81"),
                ("agent.identifier", "https://portail.example|compte-parent"),
            ],
        )
        .await;
    assert_eq!(again.len(), 1);
    assert_eq!(user(&again[0])["name"], "Jeanne Martin");
    assert_eq!(user(&again[0])["who"]["type"], "RelatedPerson");
}

/// What a resource says in answer to a parameter, as `system|code` or text.
fn says(trace: &Value, name: &str) -> BTreeSet<String> {
    let entities = trace["entity"].as_array().unwrap().iter();
    let token = |coded: &Value, value: &str| {
        let system = coded["system"].as_str().unwrap_or_default();
        format!("{system}|{}", coded[value].as_str().unwrap_or_default())
    };
    let all: Vec<String> = match name {
        "entity-type" => entities.map(|it| token(&it["type"], "code")).collect(),
        "entity-role" => entities.map(|it| token(&it["role"], "code")).collect(),
        "entity.identifier" => entities
            .map(|it| token(&it["what"]["identifier"], "value"))
            .collect(),
        "source.identifier" => vec![token(&trace["source"]["observer"]["identifier"], "value")],
        "agent.identifier" => {
            let agents = trace["agent"].as_array().unwrap().iter();
            agents
                .map(|it| token(&it["who"]["identifier"], "value"))
                .collect()
        }
        _ => panic!("{name}"),
    };
    all.into_iter().filter(|one| one != "|").collect()
}

/// Every value of every trace, asked for in each of its spellings, finds the traces that say it and no other one.
#[tokio::test]
async fn a_search_finds_what_the_resources_say() {
    let portal = Portal::new();
    let options = Options::default().portal(&portal);
    let scene = Scene::on(Server::with(options), Document::new(), "1979-03-28").await;
    let entry = format!("/DocumentReference/{}", scene.document);
    let mut medecin = scene.client("medecin").with(
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    consults(&scene, &mut medecin).await.assert_status(200);
    let read = medecin.get(&entry).await.assert_status(200).json();
    let content = read["content"][0]["attachment"]["url"].as_str().unwrap();
    let mut medecin = scene.client("medecin").with("X-Request-Id", "demande-1");
    medecin.get(content).await.assert_status(200);
    scene.traces(&mut medecin, &[]).await;
    let mut pharmacien = scene.client("pharmacien");
    pharmacien.get(&entry).await.assert_status(403);
    scene.is_treating(MEDECIN2).await;
    let mut holder = portal.holder(&scene.patient).on(&scene.server);
    holder.get(&entry).await.assert_status(200);
    // A line of the journal names the INS nowhere, whoever writes it into which parameter.
    let (_, number) = scene.patient.split_once('|').unwrap();
    let twice = scene.patient.replace('|', "%7C");
    for (name, value) in [
        ("entity.identifier", scene.patient.as_str()),
        ("entity.identifier", &twice),
        ("entity:identifier", number),
        ("agent.identifier", &scene.patient),
    ] {
        scene.traces(&mut holder, &[(name, value)]).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let until = format!("lt{}", Instant::now());
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;

    let mut treating = scene.client("medecin2");
    let own = scene.traces(&mut medecin, &[("date", &until)]).await;
    let every = scene.traces(&mut treating, &[("date", &until)]).await;
    let shown = scene.traces(&mut holder, &[("date", &until)]).await;
    assert!(own.len() < every.len(), "{} of {}", own.len(), every.len());
    for (reader, traces) in [
        (&mut medecin, &own),
        (&mut treating, &every),
        (&mut holder, &shown),
    ] {
        for trace in traces {
            let queries = trace["entity"].as_array().unwrap().iter();
            let mut queries = queries.filter_map(|it| it["description"].as_str());
            assert!(queries.all(|query| !query.contains(number)), "{trace:#}");
        }
        let names = [
            "entity-type",
            "entity-role",
            "entity.identifier",
            "source.identifier",
            "agent.identifier",
        ];
        for name in names {
            let values: BTreeSet<String> = traces.iter().flat_map(|it| says(it, name)).collect();
            assert!(!values.is_empty(), "{name}");
            let mut asked: BTreeSet<String> = values.clone();
            asked.extend(values.iter().map(|value| bare(value).to_owned()));
            // Any code of a system.
            let coded = ["entity-type", "entity-role"].contains(&name);
            let systems = values.iter().filter_map(|value| value.split_once('|'));
            asked.extend(
                systems
                    .filter(|_| coded)
                    .map(|(system, _)| format!("{system}|")),
            );
            asked.insert("http://nulle.part|rien".to_owned());
            asked.insert("rien".to_owned());
            for value in asked {
                let found = [("date", until.as_str()), (name, value.as_str())];
                let found = scene.traces(reader, &found).await;
                let expected = traces.iter().filter(|trace| {
                    let said = says(trace, name);
                    let of_system = |one: &str| value.ends_with('|') && one.starts_with(&value);
                    let mut said = said.iter();
                    said.any(|one| *one == value || bare(one) == value || of_system(one))
                });
                let ids = |all: Vec<&Value>| -> Vec<String> {
                    all.iter().map(|it| it["id"].to_string()).collect()
                };
                let found = ids(found.iter().collect());
                assert_eq!(found, ids(expected.collect()), "{name}={value}");
            }
        }
        let document = read["masterIdentifier"]["value"].as_str().unwrap();
        let uuid = read["identifier"].as_array().unwrap().iter();
        let mut uuid = uuid.filter_map(|one| one["value"].as_str());
        let uuid = uuid.find(|value| value.starts_with("urn:uuid:")).unwrap();
        let system = format!("urn:ietf:rfc:3986|{uuid}");
        let concerned = traces.iter().filter(|trace| {
            let mut entities = trace["entity"].as_array().unwrap().iter();
            entities.any(|it| {
                let reference = it["what"]["reference"].as_str();
                reference.is_some_and(|it| it == &entry[1..] || content.ends_with(it))
            })
        });
        let concerned = concerned.count();
        assert!(concerned > 1);
        for value in [document, uuid, &system] {
            let found = [("date", until.as_str()), ("entity.identifier", value)];
            let found = scene.traces(reader, &found).await;
            assert_eq!(found.len(), concerned, "{value}");
        }
        let base = scene.server.base.as_str();
        for (name, value, all) in [
            ("address", base, true),
            ("address", "HTTPS://", true),
            ("address:contains", "127.0.0.1", true),
            ("address:exact", "https://", false),
            ("address", "10.0.0.1", false),
            ("source", "rien", false),
        ] {
            let found = [("date", until.as_str()), (name, value)];
            let found = scene.traces(reader, &found).await;
            let expected = if all { traces.len() } else { 0 };
            assert_eq!(found.len(), expected, "{name}={value}");
        }
    }
    for (name, value) in [
        ("entity-type:text", "x"),
        ("entity.identifier", ""),
        ("entity.identifier", "urn:oid:1.2.3|"),
        ("address:above", "x"),
        ("source:missing", "true"),
    ] {
        let asked = [
            ("patient.identifier", scene.patient.as_str()),
            (name, value),
        ];
        let reply = treating.search("AuditEvent", &asked).await;
        assert_eq!(reply.status, 400, "{name}={value}");
    }
}

/// A token without its system.
fn bare(token: &str) -> &str {
    token.split_once('|').map_or(token, |(_, code)| code)
}

/// By no parameter does the patient's side learn of a document that is not announced.
#[tokio::test]
async fn what_is_not_announced_is_found_by_no_parameter() {
    let portal = Portal::new();
    let options = Options::default().portal(&portal);
    let scene = Scene::on(Server::with(options), Document::new(), "1979-03-28").await;
    let mut hidden = Document::new().bundle();
    let entry = &mut hidden["entry"][1]["resource"];
    entry["securityLabel"].as_array_mut().unwrap().push(json!({"coding": [{
        "system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument",
        "code": "INVISIBLE_PATIENT"
    }]}));
    let unique = entry["masterIdentifier"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    let set = &hidden["entry"][0]["resource"]["identifier"];
    let set = set[0]["value"].as_str().unwrap().to_owned();
    let mut laboratoire = scene.client("laboratoire");
    laboratoire.post("", &hidden).await.assert_status(200);
    let mut holder = portal.holder(&scene.patient).on(&scene.server);
    for identifier in [&unique, &set] {
        let asked = [("entity.identifier", identifier.as_str())];
        assert_eq!(scene.traces(&mut laboratoire, &asked).await.len(), 1);
        assert_eq!(scene.traces(&mut holder, &asked).await.len(), 0);
    }
    // Who seeks it by name does not tell the patient of it.
    let mut medecin = scene.client("medecin");
    let related = format!("urn:ietf:rfc:3986|{unique}$replaces");
    for (name, value) in [("relationship", related.as_str()), ("identifier", &unique)] {
        let asked = [
            ("patient.identifier", scene.patient.as_str()),
            ("status", "current"),
            (name, value),
        ];
        let reply = medecin.search("DocumentReference", &asked).await;
        reply.assert_status(200);
    }
    let digits = unique.rsplit(':').next().unwrap();
    for (reader, told) in [(&mut medecin, true), (&mut holder, false)] {
        let seen = scene.traces(reader, &[("subtype", "TD3.1")]).await;
        assert_eq!(seen.len(), 2);
        for trace in &seen {
            assert_eq!(trace.to_string().contains(digits), told, "{trace:#}");
        }
    }
}
