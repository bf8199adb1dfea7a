//! The register of vaccinations over HTTP, on both databases.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use hyper::Method;
use serde_json::{Value, json};
use support::client::encode;
use support::document::{OTHER, PATIENT};
use support::{Client, Document, Options, Portal, Server, consent_for, shared_data};

const MEDECIN: &str = "899900000011";
const FLAGS: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const NOTE: &str = "87273-9";
const HISTORY: &str = "11369-6";
const LOINC: &str = "2.16.840.1.113883.6.1";

/// The same on both databases.
async fn on_both(check: impl AsyncFn(&Server, &Portal)) {
    let portal = Portal::new();
    support::on_both(Options::default().portal(&portal), async |options| {
        check(&opened(options).await, &portal).await;
    })
    .await;
}

async fn opened(options: Options) -> Server {
    let server = support::opened(options, &[PATIENT, OTHER]).await;
    let consent = consent_for(PATIENT, MEDECIN);
    let mut medecin = server.client("medecin");
    medecin.post("/Consent", &consent).await.assert_status(201);
    server
}

/// An act: id of the entry, day, CIP code with its OID, batch.
fn act(id: &str, day: &str, lot: &str) -> String {
    format!(
        r##"<entry><substanceAdministration classCode="SBADM" moodCode="EVN" negationInd="false">
        <templateId root="1.2.250.1.213.1.1.3.45"/><id root="{id}"/><code code="BOOSTER" codeSystem="2.16.840.1.113883.5.4"/>
        <text><reference value="#vaccine"/></text><statusCode code="completed"/><effectiveTime value="{day}"/>
        <consumable><manufacturedProduct><manufacturedMaterial><code code="60000001" codeSystem="1.2.250.1.213.2.3.1">
        <translation code="J07AM01" codeSystem="2.16.840.1.113883.6.73"/></code><lotNumberText>{lot}</lotNumberText>
        </manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration></entry>"##
    )
}

/// A document of that type that tells these acts.
fn telling(kind: &str, acts: &[String]) -> Document {
    Document::with(|sample| change(sample, kind, acts))
}

fn change(sample: &mut support::sample::Sample, kind: &str, acts: &[String]) {
    sample.code = format!(r#"<code code="{kind}" codeSystem="{LOINC}"/>"#);
    sample.body = format!(
        r#"<component><structuredBody><component><section><templateId root="1.2.250.1.213.1.1.2.147"/>
        <text><content ID="vaccine">Vaccin d’essai</content></text>{}</section></component></structuredBody></component>"#,
        acts.concat()
    );
}

const ONE: &str = "41DAC707-7C96-47B7-B600-AC63D8002142";
const TWO: &str = "41DAC707-7C96-47B7-B600-AC63D8004465";

async fn deposited(server: &Server, document: &Document) -> Value {
    let sent = document.simplified();
    let reply = server
        .client("hopital")
        .post("/DocumentReference", &sent)
        .await;
    reply.assert_status(201).json()
}

/// The register as a client finds it.
async fn register(client: &mut Client, parameters: &[(&str, &str)]) -> Vec<Value> {
    let mut all = vec![("patient.identifier", PATIENT)];
    all.extend(parameters);
    let found = client.search("Immunization", &all).await;
    let found = found.assert_status(200).json();
    let entries = found["entry"].as_array().cloned().unwrap_or_default();
    assert_eq!(found["total"], entries.len(), "one page holds all");
    entries
        .into_iter()
        .map(|mut entry| entry["resource"].take())
        .collect()
}

fn lots(register: &[Value]) -> Vec<&str> {
    let lots = register
        .iter()
        .map(|one| one["lotNumber"].as_str().unwrap());
    lots.collect()
}

async fn change_of(client: &mut Client, document: &Value, operations: Value) {
    let path = format!("/DocumentReference/{}", document["id"].as_str().unwrap());
    let headers = [("Content-Type", "application/json-patch+json")];
    let body = operations.to_string().into_bytes();
    let reply = client.send(Method::PATCH, &path, &headers, body).await;
    reply.assert_status(200);
}

#[tokio::test]
async fn documents_feed_the_register_and_take_from_it() {
    on_both(async |server, portal| {
        let mut medecin = server.client("medecin");
        let mut holder = portal.holder(PATIENT).on(server);
        assert!(register(&mut medecin, &[]).await.is_empty());

        // One id for two acts of one document, and one of them told by a note too.
        let history = telling(
            HISTORY,
            &[act(ONE, "1975", "A"), act(ONE, "20200102", "B"), act(ONE, "20200102", "B")],
        );
        deposited(server, &history).await;
        let note = deposited(server, &telling(NOTE, &[act(ONE, "20200102103000+0100", "B")])).await;
        let other = telling(NOTE, &[act(TWO, "20260704", "C")]);
        let second = deposited(server, &other).await;
        // Another type of document feeds nothing.
        deposited(server, &telling("11488-4", &[act(TWO, "20260705", "Z")])).await;

        let all = register(&mut medecin, &[]).await;
        assert_eq!(lots(&all), ["C", "B", "B", "A"], "the latest first");
        assert_eq!(register(&mut holder, &[]).await.len(), 4);
        let told_twice = all[1].clone();
        let exact = |one: &Value| one["occurrenceDateTime"].as_str().unwrap().len() > 10;
        assert_eq!(all.iter().filter(|one| exact(one)).count(), 1, "the note's own");
        assert_eq!(told_twice["vaccineCode"]["text"], "Vaccin d’essai");

        // Each is read by its id, by who may know of its document.
        let path = format!("/Immunization/{}", all[0]["id"].as_str().unwrap());
        let read = medecin.get(&path).await.assert_status(200);
        assert_eq!(read.json(), all[0]);
        assert_eq!(read.header("etag"), "W/\"1\"");
        let mut stranger = server.client("medecin2");
        stranger.get(&path).await.assert_refused(403, "consent-required");
        server.anonymous().get(&path).await.assert_refused(401, "login-required");
        let nobody = "/Immunization/0190f3c1-0000-7000-8000-000000000001";
        medecin.get(nobody).await.assert_refused(404, "not-found");

        // A masked note is not there: the history tells its act again.
        let mask = json!([{"op": "add", "path": "/securityLabel/-", "value": {"coding": [{"system": FLAGS, "code": "MASQUE_PS"}]}}]);
        change_of(&mut holder, &note, mask.clone()).await;
        change_of(&mut holder, &second, mask).await;
        let masked = register(&mut medecin, &[]).await;
        assert_eq!(lots(&masked), ["B", "B", "A"]);
        assert!(!masked.iter().any(exact));
        medecin.get(&path).await.assert_refused(404, "not-found");
        assert_eq!(register(&mut holder, &[]).await.len(), 4);
        holder.get(&path).await.assert_status(200);

        // What replaces a document takes its entries away.
        let unique_id = other.unique_id().trim_start_matches("urn:oid:").to_owned();
        let replacing = Document::with(|sample| {
            change(sample, NOTE, &[act(TWO, "20260704", "D")]);
            sample.related = format!(
                r#"<relatedDocument typeCode="RPLC"><parentDocument><id root="{unique_id}"/></parentDocument></relatedDocument>"#
            );
        });
        let third = deposited(server, &replacing).await;
        assert_eq!(lots(&register(&mut holder, &[]).await), ["D", "B", "B", "A"]);
        // Deleted, it is gone.
        let path = format!("/DocumentReference/{}", third["id"].as_str().unwrap());
        let mut hopital = server.client("hopital");
        let gone = hopital.send(Method::DELETE, &path, &[], Vec::new()).await;
        assert!(gone.status < 300, "{}", gone.status);
        assert_eq!(lots(&register(&mut holder, &[]).await), ["B", "B", "A"]);

        // Both acts are among those that the patient is told of.
        let acts = [("patient.identifier", PATIENT), ("type", "rest")];
        let traces = holder.search("AuditEvent", &acts).await.assert_status(200).json();
        let text = traces.to_string();
        for act in ["search-immunization", "read-immunization"] {
            assert!(text.contains(act), "{act}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_register_is_searched_and_paged() {
    on_both(async |server, _| {
        let acts = [
            act(ONE, "1975", "A1"),
            act(ONE, "20200102", "B2"),
            act(TWO, "20260704", "a3"),
        ];
        deposited(server, &telling(HISTORY, &acts)).await;
        let mut medecin = server.client("medecin");
        for (name, value, expected) in [
            ("date", "1975", &["A1"][..]),
            ("date", "ge2020", &["a3", "B2"]),
            ("date", "lt2020-01-02", &["A1"]),
            ("lot-number", "a", &["a3", "A1"]),
            ("lot-number:exact", "a3", &["a3"]),
            ("vaccine-code", "J07AM01", &["a3", "B2", "A1"]),
            (
                "vaccine-code",
                "http://www.whocc.no/atc|J07AM01",
                &["a3", "B2", "A1"],
            ),
            ("vaccine-code", "http://www.whocc.no/atc|60000001", &[]),
            (
                "vaccine-code",
                "http://www.whocc.no/atc|",
                &["a3", "B2", "A1"],
            ),
            (
                "target-disease",
                "http://hl7.org/fhir/sid/icd-10|",
                &["a3", "B2", "A1"],
            ),
            ("vaccine-code", "http://loinc.org|", &[]),
            ("target-disease", "A35", &["a3", "B2", "A1"]),
            ("target-disease", "http://hl7.org/fhir/sid/icd-10|A36", &[]),
            ("status", "completed", &["a3", "B2", "A1"]),
            ("status", "not-done", &[]),
            ("validated", "true", &["a3", "B2", "A1"]),
            ("validated", "false", &[]),
            ("_lastUpdated", "gt2030", &[]),
            ("_sort", "date", &["A1", "B2", "a3"]),
            (
                "identifier",
                "urn:uuid:41dac707-7c96-47b7-b600-ac63d8004465",
                &["a3"],
            ),
        ] {
            let found = register(&mut medecin, &[(name, value)]).await;
            assert_eq!(lots(&found), expected, "{name}={value}");
        }
        let first = [("patient.identifier", PATIENT), ("_count", "2")];
        let page = medecin
            .search("Immunization", &first)
            .await
            .assert_status(200)
            .json();
        assert_eq!(
            (&page["total"], page["entry"].as_array().map(Vec::len)),
            (&json!(3), Some(2))
        );
        let link = |page: &Value, relation: &str| {
            let mut links = page["link"].as_array().unwrap().iter();
            let link = links.find(|link| link["relation"] == relation)?;
            let url = link["url"].as_str().unwrap();
            Some(url.split_once("/fhir").unwrap().1.to_owned())
        };
        let on = |page: &Value| -> Vec<String> {
            let entries = page["entry"].as_array().unwrap().iter();
            let lot = |entry: &Value| entry["resource"]["lotNumber"].as_str().unwrap().to_owned();
            entries.map(lot).collect()
        };
        assert_eq!(link(&page, "previous"), None);
        let next = link(&page, "next").unwrap();
        let last = medecin.get(&next).await.assert_status(200).json();
        assert_eq!(last["entry"][0]["resource"]["lotNumber"], "A1");
        assert_eq!(link(&last, "next"), None);
        for relation in ["previous", "first"] {
            let back = link(&last, relation).unwrap();
            let back = medecin.get(&back).await.assert_status(200).json();
            assert_eq!(on(&back), on(&page), "{relation}");
            assert_eq!(link(&back, "previous"), None, "{relation}");
            let again = medecin.get(&link(&back, "next").unwrap()).await;
            assert_eq!(on(&again.assert_status(200).json()), on(&last));
        }
        // From the end backwards one by one.
        let ask = [("patient.identifier", PATIENT), ("_count", "1")];
        let mut page = medecin.search("Immunization", &ask).await.json();
        let mut forward = vec![on(&page)];
        while let Some(next) = link(&page, "next") {
            page = medecin.get(&next).await.assert_status(200).json();
            forward.push(on(&page));
        }
        let mut back = vec![on(&page)];
        while let Some(previous) = link(&page, "previous") {
            page = medecin.get(&previous).await.assert_status(200).json();
            back.push(on(&page));
        }
        back.reverse();
        assert_eq!((back.len(), back), (3, forward));
        for (name, value) in [
            ("validated", "x"),
            ("lot-number:missing", "true"),
            ("_sort", "status"),
        ] {
            let asked = [("patient.identifier", PATIENT), (name, value)];
            let reply = medecin.search("Immunization", &asked).await;
            assert_eq!(reply.status, 400, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_national_documents_make_one_register() {
    let (Some(history), Some(note)) = (
        shared_data("cda/VAC_2023.01.xml"),
        shared_data("cda/VAC-NOTE_2023.01.xml"),
    ) else {
        return;
    };
    let server = opened(Options::default()).await;
    let documents = [history, note].map(|path| Document::of(std::fs::read(path).unwrap()));
    let (patient, record) = documents[0].record();
    let path = format!("/Patient?identifier={}", encode(&patient));
    let reply = server.client("exploitant").put(&path, &record).await;
    assert!(reply.status < 300, "{}", reply.status);
    let consent = consent_for(&patient, MEDECIN);
    let mut medecin = server.client("medecin");
    assert!(medecin.post("/Consent", &consent).await.status < 300);
    let asked = [("patient.identifier", patient.as_str())];
    for (document, expected) in documents.iter().zip([4, 4]) {
        deposited(&server, document).await;
        let found = medecin.search("Immunization", &asked).await;
        // The note tells the third act of the history.
        assert_eq!(found.assert_status(200).json()["total"], expected);
    }
}

/// An act as a practice's software sends it.
fn immunization(lot: &str) -> Value {
    let (system, ins) = PATIENT.split_once('|').unwrap();
    json!({
        "resourceType": "Immunization",
        "contained": [{
            "resourceType": "Observation",
            "id": "fever",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
            "valueCodeableConcept": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "R50.2"}], "text": "Fièvre"}
        }],
        "status": "completed",
        "vaccineCode": {
            "coding": [
                {"system": "https://smt.esante.gouv.fr/terminologie-bdpm", "code": "60000001", "display": "Vaccin d’essai"},
                {"system": "http://www.whocc.no/atc", "code": "J07AM01"},
                {"system": "urn:oid:1.2.250.1.213.2.3.2", "code": "3400900000001"}
            ],
            "text": "Vaccin d’essai <adsorbé> & fils"
        },
        "patient": {"identifier": {"system": system, "value": ins}},
        "occurrenceDateTime": "2026-10-02",
        "lotNumber": lot,
        "site": {"text": "Deltoïde gauche"},
        "route": {"coding": [{"system": "http://standardterms.edqm.eu", "code": "20035000"}]},
        "doseQuantity": {"value": 0.50, "unit": "mL", "system": "http://unitsofmeasure.org", "code": "mL"},
        "note": [{"text": "Prise récente\nd’un autre traitement"}],
        "reaction": [{"date": "2026-10-03", "detail": {"reference": "#fever"}}],
        "protocolApplied": [{"series": "BOOSTER", "doseNumberPositiveInt": 2}]
    })
}

fn path_of(immunization: &Value) -> String {
    format!("/Immunization/{}", immunization["id"].as_str().unwrap())
}

#[tokio::test]
async fn what_a_professional_enters_is_a_note_of_his() {
    on_both(async |server, portal| {
        let mut medecin = server.client("medecin").with("DMP-Structure", "10B0000014");
        let mut sent = immunization("L1");
        sent["primarySource"] = json!(true);
        let made = medecin
            .post("/Immunization", &sent)
            .await
            .assert_status(201);
        let location = made.header("location").to_owned();
        let made = made.json();
        assert!(location.ends_with(&path_of(&made)), "{location}");
        // Everything that was sent is there again.
        for element in [
            "status",
            "vaccineCode",
            "occurrenceDateTime",
            "lotNumber",
            "site",
            "route",
            "doseQuantity",
            "note",
        ] {
            assert_eq!(made[element], sent[element], "{element}");
        }
        assert_eq!(made["primarySource"], true);
        assert_eq!(made["performer"][0]["actor"], made["performer"][1]["actor"]);
        assert_eq!(
            made["performer"][0]["actor"]["identifier"]["value"],
            MEDECIN
        );
        assert_eq!(made["protocolApplied"][0]["doseNumberPositiveInt"], 2);
        assert_eq!(
            made["contained"][0]["valueCodeableConcept"]["text"],
            "Fièvre"
        );
        // As it stands in the register, to the letter.
        assert_eq!(
            medecin.get(&path_of(&made)).await.assert_status(200).json(),
            made
        );
        let all = register(&mut medecin, &[]).await;
        assert_eq!(all, std::slice::from_ref(&made));

        // In XML too, and back.
        let xml = [("Accept", "application/fhir+xml")];
        let read = medecin
            .send(Method::GET, &path_of(&made), &xml, Vec::new())
            .await;
        let read = read.assert_status(200);
        assert!(
            read.header("content-type")
                .starts_with("application/fhir+xml")
        );
        let sent_back = [("Content-Type", "application/fhir+xml")];
        let body = String::from_utf8(read.bytes.to_vec()).unwrap();
        let body = body.replace("L1", "L0").into_bytes();
        let again = medecin
            .send(Method::POST, "/Immunization", &sent_back, body)
            .await;
        let again = again.assert_status(201).json();
        assert_eq!(
            (&again["vaccineCode"], &again["lotNumber"]),
            (&made["vaccineCode"], &json!("L0"))
        );
        let note = format!("/Immunization/{}", again["id"].as_str().unwrap());
        medecin.get(&note).await.assert_status(200);

        // The document is one like any other.
        let asked = [
            ("patient.identifier", PATIENT),
            ("status", "current"),
            ("type", NOTE),
        ];
        let mut holder = portal.holder(PATIENT).on(server);
        let found = holder
            .search("DocumentReference", &asked)
            .await
            .assert_status(200)
            .json();
        assert_eq!(found["total"], 2);
        let document = &found["entry"][1]["resource"];
        assert_eq!(document["category"][0]["coding"][0]["code"], "52");
        let format = &document["content"][0]["format"]["code"];
        assert_eq!(format, "urn:asip:ci-sis:vac-note:2021");
        let url = document["content"][0]["attachment"]["url"]
            .as_str()
            .unwrap();
        let binary = url.rsplit('/').next().unwrap();
        let content = holder
            .get(&format!("/Binary/{binary}"))
            .await
            .assert_status(200);
        let text = String::from_utf8(content.bytes.to_vec()).unwrap();
        assert!(text.contains("<td>02/10/2026</td>"));
        // Our own judgement of it.
        let file = server.folder().join("note.xml");
        std::fs::write(&file, &text).unwrap();
        let judged = server.run(&["cda", "check", "--json", file.to_str().unwrap()]);
        let judged: Value = serde_json::from_slice(&judged.stdout).unwrap();
        let findings: Vec<String> = issues(&judged);
        assert!(findings.is_empty(), "{findings:?}");

        // Sent again it is the same document.
        medecin
            .post("/Immunization", &sent)
            .await
            .assert_refused(409, "duplicate-document");
        // Somebody else vaccinated.
        let mut of_another = immunization("L2");
        of_another["performer"] = json!([{"actor": {"display": "Dr Autre"}}]);
        let made = medecin
            .post("/Immunization", &of_another)
            .await
            .assert_status(201)
            .json();
        assert_eq!(made["primarySource"], false);
        assert_eq!(made["reportOrigin"]["coding"][0]["code"], "record");
        of_another["primarySource"] = json!(true);
        of_another["lotNumber"] = json!("L3");
        medecin
            .post("/Immunization", &of_another)
            .await
            .assert_refused(422, "element-invalid");

        // Bad input changes nothing.
        let mut early = immunization("L4");
        early["occurrenceDateTime"] = json!("1975");
        medecin
            .post("/Immunization", &early)
            .await
            .assert_refused(422, "element-invalid");
        early["occurrenceDateTime"] = json!("2099");
        medecin
            .post("/Immunization", &early)
            .await
            .assert_refused(422, "element-invalid");
        let mut hopital = server.client("hopital");
        hopital
            .post("/Immunization", &immunization("L5"))
            .await
            .assert_refused(403, "not-allowed");
        let mut all = register(&mut medecin, &[]).await;
        all.sort_by_key(|one| one["lotNumber"].to_string());
        assert_eq!(lots(&all), ["L0", "L1", "L2"]);

        // The patient changes nothing of it, another professional neither.
        let first = register(&mut medecin, &[("lot-number", "L1")])
            .await
            .remove(0);
        let path = path_of(&first);
        holder
            .put(&path, &first)
            .await
            .assert_refused(403, "validated-vaccination");
        let gone = holder.send(Method::DELETE, &path, &[], Vec::new()).await;
        gone.assert_refused(403, "validated-vaccination");
        medecin
            .put(&path, &first)
            .await
            .assert_refused(403, "not-yours");
    })
    .await;
}

/// What `cda check --json` found.
fn issues(judged: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = vec![judged];
    while let Some(value) = rest.pop() {
        if let Some(check) = value.get("check").and_then(Value::as_str) {
            found.push(format!("{check} {}", value["path"]));
        }
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(members) => rest.extend(members.values()),
            _ => {}
        }
    }
    found
}

fn validation(of: &str) -> Value {
    json!({
        "url": "https://passerelle.dev/fhir/StructureDefinition/dmp-vaccination-validation",
        "extension": [
            {"url": "validator", "valueReference": {"identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": of}}},
            {"url": "date", "valueDateTime": "2001-01-01"}
        ]
    })
}

#[tokio::test]
async fn a_patient_declares_and_a_professional_validates() {
    on_both(async |server, portal| {
        let mut holder = portal.holder(PATIENT).on(server);
        let mut medecin = server.client("medecin");
        let sent = immunization("D1");
        let made = holder
            .post("/Immunization", &sent)
            .await
            .assert_status(201)
            .json();
        let path = path_of(&made);
        assert_eq!(made["primarySource"], false);
        assert_eq!(made["reportOrigin"]["coding"][0]["code"], "recall");
        assert_eq!(
            register(&mut medecin, &[("validated", "false")]).await,
            std::slice::from_ref(&made)
        );
        // Nothing of it is a document.
        let asked = [("patient.identifier", PATIENT), ("status", "current")];
        let documents = holder
            .search("DocumentReference", &asked)
            .await
            .assert_status(200);
        assert_eq!(documents.json()["total"], 0);

        // His to change, and nobody else's.
        let mut changed = made.clone();
        changed["lotNumber"] = json!("D2");
        let stale = [
            ("Content-Type", "application/fhir+json"),
            ("If-Match", "W/\"7\""),
        ];
        let body = changed.to_string().into_bytes();
        let refused = holder.send(Method::PUT, &path, &stale, body).await;
        refused.assert_refused(412, "version-conflict");
        let changed = holder.put(&path, &changed).await.assert_status(200).json();
        assert_eq!(
            (&changed["lotNumber"], &changed["meta"]["versionId"]),
            (&json!("D2"), &json!("2"))
        );
        medecin
            .put(&path, &changed)
            .await
            .assert_refused(403, "not-yours");
        let gone = medecin.send(Method::DELETE, &path, &[], Vec::new()).await;
        gone.assert_refused(403, "not-yours");
        let other = portal.holder(OTHER).on(server).put(&path, &changed).await;
        other.assert_refused(404, "not-found");
        let stranger = server.client("medecin2").put(&path, &changed).await;
        stranger.assert_refused(403, "consent-required");

        // A validation is the caller's own, and of what stands there.
        let mut validated = changed.clone();
        validated["extension"] = json!([validation("899900000029")]);
        medecin
            .put(&path, &validated)
            .await
            .assert_refused(403, "not-yours");
        validated["extension"] = json!([validation(MEDECIN)]);
        let mut other = validated.clone();
        other["lotNumber"] = json!("D3");
        medecin
            .put(&path, &other)
            .await
            .assert_refused(422, "element-invalid");
        holder
            .post("/Immunization", &validated)
            .await
            .assert_refused(422, "unsupported-element");
        let validated = medecin
            .put(&path, &validated)
            .await
            .assert_status(200)
            .json();
        let told = &validated["extension"][0]["extension"];
        assert_eq!(told[0]["valueReference"]["identifier"]["value"], MEDECIN);
        // The server's own time.
        assert!(told[1]["valueDateTime"].as_str().unwrap() > "2026");
        assert_eq!(
            register(&mut holder, &[("validated", "true")]).await,
            std::slice::from_ref(&validated)
        );

        // From then on the patient changes nothing.
        holder
            .put(&path, &changed)
            .await
            .assert_refused(403, "validated-vaccination");
        holder
            .put(&path, &validated)
            .await
            .assert_refused(403, "validated-vaccination");
        let gone = holder.send(Method::DELETE, &path, &[], Vec::new()).await;
        gone.assert_refused(403, "validated-vaccination");

        // What is not validated goes.
        let second = holder.post("/Immunization", &immunization("D4")).await;
        let path = path_of(&second.assert_status(201).json());
        let gone = holder.send(Method::DELETE, &path, &[], Vec::new()).await;
        assert_eq!(gone.status, 204);
        holder.get(&path).await.assert_refused(404, "not-found");
        assert_eq!(lots(&register(&mut holder, &[]).await), ["D2"]);

        // Who acts for the patient without being allowed to.
        let mut adult = portal.representative(PATIENT).on(server);
        let refused = adult.post("/Immunization", &immunization("D5")).await;
        refused.assert_refused(403, "not-yours");
        let mut helper = portal.caregiver(PATIENT, "aidant").on(server);
        let refused = helper.post("/Immunization", &immunization("D6")).await;
        refused.assert_refused(403, "not-yours");
        let mut first_hand = immunization("D7");
        first_hand["primarySource"] = json!(true);
        holder
            .post("/Immunization", &first_hand)
            .await
            .assert_refused(422, "element-invalid");
    })
    .await;
}
