//! `$validate`: the checks of a write, without its effect, and without a word on the record.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use passerelle::translate::wire;
use serde_json::{Value, json};
use support::client::encode;
use support::document::PATIENT;
use support::{Client, Document, Options, Server, consent_for};

fn run(options: Options, check: impl AsyncFn(&Server, &mut Client)) {
    let server = Server::with(options);
    let mut client = server.client("hopital");
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(check(&server, &mut client));
}

/// Severity, code and expression of each issue; what the server assigns itself left out.
fn told(outcome: &Value) -> Vec<String> {
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issues = outcome["issue"].as_array().unwrap().iter();
    issues
        .map(|issue| {
            let code = issue["details"]["coding"][0]["code"].as_str();
            let path = issue["expression"][0].as_str().unwrap_or("-");
            let severity = issue["severity"].as_str().unwrap();
            format!("{severity} {} {path}", code.unwrap_or("-"))
        })
        .filter(|issue| !issue.contains("element-ignored"))
        .collect()
}

async fn judge(client: &mut Client, kind: &str, body: &Value) -> Vec<String> {
    let reply = client.post(&format!("/{kind}/$validate"), body).await;
    told(&reply.assert_status(200).json())
}

fn errors(told: &[String]) -> Vec<&str> {
    let errors = told.iter().filter(|issue| issue.starts_with("error"));
    errors.map(String::as_str).collect()
}

#[test]
fn a_good_resource_of_each_type_has_no_error_and_leaves_nothing() {
    run(Options::strict(), async |server, client| {
        let document = Document::new();
        let bundle = document.bundle();
        let (_, patient) = document.record();
        let goods = [
            ("Bundle", bundle.clone()),
            ("DocumentReference", document.simplified()),
            ("DocumentReference", bundle["entry"][1]["resource"].clone()),
            ("List", bundle["entry"][0]["resource"].clone()),
            ("Consent", consent_for(PATIENT, "899900000011")),
            ("Patient", patient.clone()),
        ];
        for (kind, good) in &goods {
            let told = judge(client, kind, good).await;
            assert_eq!(errors(&told), [""; 0], "{kind}");
            let asked = json!({"resourceType": "Parameters", "parameter": [
                {"name": "resource", "resource": good},
                {"name": "mode", "valueCode": "create"}
            ]});
            assert_eq!(judge(client, kind, &asked).await, told, "{kind}");
        }
        // No record was opened by it, nothing deposited.
        let path = format!("/Patient?identifier={}", encode(PATIENT));
        let mut operator = server.client("exploitant");
        let found = operator.get(&path).await.assert_status(200).json();
        assert_eq!(found["total"], 0);
        operator.put(&path, &patient).await.assert_status(201);
        let deposited = client.post("", &bundle).await;
        deposited.assert_status(200);
    });
}

#[test]
fn all_defects_of_a_resource_are_told_at_once() {
    for (mode, severity) in [
        (Options::default(), "warning"),
        (Options::strict(), "error"),
    ] {
        run(mode, async |_, client| {
            let mut bundle = Document::new().bundle();
            let document = &mut bundle["entry"][1]["resource"];
            document["status"] = json!("superseded");
            document.as_object_mut().unwrap().remove("custodian");
            document["context"]
                .as_object_mut()
                .unwrap()
                .remove("facilityType");
            let expected = [
                format!("{severity} element-required {{D}}.custodian"),
                format!("{severity} element-required {{D}}.context.facilityType"),
                "error element-invalid {D}.status".to_owned(),
            ];
            let alone = document.clone();
            for (kind, body, at) in [
                ("Bundle", &bundle, "Bundle.entry[1].resource"),
                ("DocumentReference", &alone, "DocumentReference"),
            ] {
                let told = judge(client, kind, body).await;
                for issue in &expected {
                    let issue = issue.replace("{D}", at);
                    assert!(told.contains(&issue), "{issue} in {told:?}");
                }
            }
        });
    }
}

#[test]
fn what_is_wrong_in_the_form_hides_nothing_of_the_bytes() {
    run(Options::default(), async |server, client| {
        let document = Document::new();
        let (_, record) = document.record();
        let path = format!("/Patient?identifier={}", encode(PATIENT));
        let put = server.client("exploitant").put(&path, &record).await;
        put.assert_status(201);
        let mut bundle = document.bundle();
        let attachment = &mut bundle["entry"][1]["resource"]["content"][0]["attachment"];
        attachment["size"] = json!(7);
        attachment["nonsense"] = json!(7);
        // A title that ends as another element.
        let mut broken = bundle.clone();
        let text = String::from_utf8(document.bytes.clone()).unwrap();
        let text = text.replacen("</title>", "</titre>", 1);
        broken["entry"][2]["resource"]["data"] = json!(BASE64_STANDARD.encode(text));
        let at = "Bundle.entry[1].resource.content[0].attachment";
        let expected = [
            format!("error unsupported-element {at}.nonsense"),
            format!("error hash-mismatch {at}.size"),
        ];
        let refused = client.post("", &bundle).await.assert_status(422).json();
        for told in [told(&refused), judge(client, "Bundle", &bundle).await] {
            for issue in &expected {
                assert!(told.contains(issue), "{issue} in {told:?}");
            }
        }
        let refused = client.post("", &broken).await.assert_status(422).json();
        let told = told(&refused);
        assert!(
            told.contains(&format!("error cda-invalid {at}")),
            "{told:?}"
        );
    });
}

#[test]
fn what_is_wrong_in_the_form_hides_nothing_else() {
    run(Options::strict(), async |server, client| {
        let (_, record) = Document::new().record();
        let path = format!("/Patient?identifier={}", encode(PATIENT));
        let put = server.client("exploitant").put(&path, &record).await;
        put.assert_status(201);
        let mut bundle = Document::new().bundle();
        let document = &mut bundle["entry"][1]["resource"];
        document["status"] = json!("superseded");
        document.as_object_mut().unwrap().remove("custodian");
        let contained = document["contained"].as_array_mut().unwrap();
        contained.push(json!({"resourceType": "Practitioner", "id": "person0"}));
        let last = contained.len() - 1;
        let expected = [
            "error unsupported-element {D}.ville".to_owned(),
            "error element-required {D}.custodian".to_owned(),
            "error element-invalid {D}.status".to_owned(),
            format!("error element-invalid {{D}}.contained[{last}].id"),
        ];
        let xml = wire::write_xml(&bundle).unwrap();
        let end = xml.find("</DocumentReference>").unwrap();
        let xml = format!("{}<ville value=\"x\"/>{}", &xml[..end], &xml[end..]);
        bundle["entry"][1]["resource"]["ville"] = json!("x");
        let alone = bundle["entry"][1]["resource"].clone();
        let (json, alone) = (
            bundle.to_string().into_bytes(),
            alone.to_string().into_bytes(),
        );
        for (path, form, body, at, status) in [
            (
                "/Bundle/$validate",
                "json",
                &json,
                "Bundle.entry[1].resource",
                200,
            ),
            ("", "json", &json, "Bundle.entry[1].resource", 422),
            (
                "/Bundle/$validate",
                "xml",
                &xml.clone().into_bytes(),
                "Bundle.entry[1].resource",
                200,
            ),
            (
                "",
                "xml",
                &xml.into_bytes(),
                "Bundle.entry[1].resource",
                422,
            ),
            (
                "/DocumentReference/$validate",
                "json",
                &alone,
                "DocumentReference",
                200,
            ),
            (
                "/DocumentReference",
                "json",
                &alone,
                "DocumentReference",
                422,
            ),
        ] {
            let media_type = format!("application/fhir+{form}");
            let headers = [
                ("Content-Type", media_type.as_str()),
                ("Accept", "application/fhir+json"),
            ];
            let reply = client
                .send(Method::POST, path, &headers, body.clone())
                .await;
            let told = told(&reply.assert_status(status).json());
            for issue in &expected {
                let issue = issue.replace("{D}", at);
                // ITI-105 has its own profile.
                if issue.contains("contained") && path == "/DocumentReference" {
                    continue;
                }
                assert!(told.contains(&issue), "{path} {form}: {issue} in {told:?}");
            }
        }
        let (identifier, mut patient) = Document::new().record();
        patient["ville"] = json!("x");
        patient["identifier"][0]["value"] = json!("279035121518988");
        patient["name"][0].as_object_mut().unwrap().remove("given");
        let mut operator = server.client("exploitant");
        let path = format!("/Patient?identifier={}", encode(&identifier));
        // The INS comes first, and decides the status.
        let put = operator.put(&path, &patient).await.assert_status(400);
        for told in [judge(client, "Patient", &patient).await, told(&put.json())] {
            for issue in [
                "error unsupported-element Patient.ville",
                "error ins-invalid Patient.identifier[0]",
                "error element-required Patient.name[0].given",
            ] {
                assert!(told.iter().any(|told| told == issue), "{issue} in {told:?}");
            }
        }
        let mut consent = consent_for(PATIENT, "899900000011");
        consent["ville"] = json!("x");
        consent.as_object_mut().unwrap().remove("scope");
        consent["patient"] = json!({"identifier": {"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "279035121518988"}});
        let mut doctor = server.client("medecin");
        let posted = doctor.post("/Consent", &consent).await.assert_status(400);
        for told in [
            judge(client, "Consent", &consent).await,
            told(&posted.json()),
        ] {
            for issue in [
                "error unsupported-element Consent.ville",
                "error element-required Consent.scope",
                "error ins-invalid Consent.patient.identifier",
            ] {
                assert!(told.iter().any(|told| told == issue), "{issue} in {told:?}");
            }
        }
    });
}

#[test]
fn a_deposit_is_held_against_its_document() {
    run(Options::default(), async |_, client| {
        let mut simplified = Document::new().simplified();
        simplified["masterIdentifier"]["value"] = json!("urn:oid:1.2.3");
        simplified["content"][0]["attachment"]["size"] = json!(3);
        let told = judge(client, "DocumentReference", &simplified).await;
        let attachment = "DocumentReference.content[0].attachment";
        assert_eq!(
            errors(&told),
            [
                &format!("error hash-mismatch {attachment}.size"),
                "error metadata-mismatch DocumentReference.masterIdentifier",
            ]
        );
    });
}

#[test]
fn a_profile_chooses_the_checks() {
    run(Options::default(), async |_, client| {
        let simplified = Document::new().simplified();
        let profile = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference";
        let path = format!("/DocumentReference/$validate?profile={}", encode(profile));
        let outcome = client.post(&path, &simplified).await.assert_status(200);
        let told = told(&outcome.json());
        let data = "error unsupported-element DocumentReference.content[0].attachment.data";
        assert!(told.iter().any(|issue| issue == data), "{told:?}");
    });
}

#[test]
fn every_profile_that_is_declared_can_be_asked_for() {
    run(Options::default(), async |_, client| {
        let bundle = Document::new().bundle();
        let capability = client.get("/metadata").await.assert_status(200).json();
        let resources = capability["rest"][0]["resource"].as_array().unwrap();
        let mut asked = 0;
        for (kind, good) in [
            ("Bundle", bundle.clone()),
            ("DocumentReference", bundle["entry"][1]["resource"].clone()),
            ("List", bundle["entry"][0]["resource"].clone()),
            ("Consent", consent_for(PATIENT, "899900000011")),
            ("Patient", Document::new().record().1),
            ("Immunization", json!({"resourceType": "Immunization"})),
        ] {
            let declared = resources.iter().find(|one| one["type"] == kind).unwrap();
            let supported = declared["supportedProfile"].as_array();
            let mut profiles: Vec<_> = supported.into_iter().flatten().collect();
            // A Bundle is read as a document, and deposited as a transaction.
            let base = json!(format!("http://hl7.org/fhir/StructureDefinition/{kind}"));
            profiles.extend([&declared["profile"], &base]);
            for profile in profiles {
                let url = encode(profile.as_str().unwrap());
                let path = format!("/{kind}/$validate?profile={url}");
                client.post(&path, &good).await.assert_status(200);
                asked += 1;
            }
            let elsewhere = format!("/{kind}/$validate?profile=http://example.org/{kind}");
            let reply = client.post(&elsewhere, &good).await;
            reply.assert_refused(422, "element-invalid");
        }
        assert!(asked > 20, "{asked}");
    });
}

#[test]
fn a_resource_is_held_against_the_profile_that_is_asked_for() {
    run(Options::default(), async |_, client| {
        let ours = |name: &str| {
            encode(&format!(
                "https://passerelle.dev/fhir/StructureDefinition/{name}"
            ))
        };
        let set = Document::new().bundle()["entry"][0]["resource"].clone();
        let mut folder = set.clone();
        folder["code"]["coding"][0]["code"] = json!("folder");
        folder["title"] = json!("Dossier");
        for element in ["source", "contained"] {
            folder.as_object_mut().unwrap().remove(element);
        }
        folder["extension"].as_array_mut().unwrap().truncate(1);
        let consent = consent_for(PATIENT, "899900000011");
        for (kind, body, profile, error) in [
            ("List", &set, "submissionset", None),
            (
                "List",
                &set,
                "folder",
                Some("error unsupported-element List.code"),
            ),
            ("List", &folder, "folder", None),
            (
                "List",
                &folder,
                "submissionset",
                Some("error unsupported-element List.code"),
            ),
            ("Consent", &consent, "consent-right", None),
            ("Consent", &consent, "consent-autorisation-acces", None),
            (
                "Consent",
                &consent,
                "consent-blocage",
                Some("error element-invalid Consent.category"),
            ),
        ] {
            let path = format!("/{kind}/$validate?profile={}", ours(profile));
            let outcome = client.post(&path, body).await.assert_status(200);
            let told = told(&outcome.json());
            let found = errors(&told).contains(&error.unwrap_or("no such"));
            assert_eq!(found, error.is_some(), "{kind} {profile}: {told:?}");
            assert_eq!(
                errors(&told).is_empty(),
                error.is_none(),
                "{kind} {profile}: {told:?}"
            );
        }
        let unknown = format!("/Consent/$validate?profile={}", ours("consent-autre"));
        let reply = client.post(&unknown, &consent).await;
        reply.assert_refused(422, "element-invalid");
    });
}

#[test]
fn a_folder_has_a_title_and_entries_and_no_source() {
    run(Options::strict(), async |_, client| {
        let mut folder = Document::new().bundle()["entry"][0]["resource"].clone();
        folder["code"]["coding"][0]["code"] = json!("folder");
        folder["entry"] =
            json!([{"item": {"reference": "List/5f1c2e7a-0000-4000-8000-000000000000"}}]);
        let told = judge(client, "List", &folder).await;
        let other = "error element-invalid List.entry[0].item";
        assert!(told.iter().any(|told| told == other), "{told:?}");
        folder.as_object_mut().unwrap().remove("entry");
        folder.as_object_mut().unwrap().remove("title");
        let told = judge(client, "List", &folder).await;
        for issue in [
            "error unsupported-element List.source",
            "error element-required List.title",
            "error element-required List.entry",
        ] {
            assert!(told.iter().any(|told| told == issue), "{issue} in {told:?}");
        }
    });
}

#[test]
fn a_question_without_a_resource_is_refused() {
    run(Options::default(), async |server, client| {
        let ask =
            |parameter: Value| json!({"resourceType": "Parameters", "parameter": [parameter]});
        let document = Document::new().simplified();
        let refused = [
            (
                ask(json!({"name": "mode", "valueCode": "create"})),
                "element-required",
            ),
            (
                ask(json!({"name": "other", "valueCode": "create"})),
                "unsupported-element",
            ),
            (
                json!({"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "burn"}, {"name": "resource", "resource": document}]}),
                "element-invalid",
            ),
            (ask(json!({"nom": "mode"})), "unsupported-element"),
        ];
        for (body, code) in refused {
            let reply = client.post("/DocumentReference/$validate", &body).await;
            reply.assert_refused(422, code);
        }
        let unknown = "/DocumentReference/$validate?profile=http%3A%2F%2Fexample.org%2Fother";
        client
            .post(unknown, &document)
            .await
            .assert_refused(422, "element-invalid");
        let mut nobody = server.anonymous();
        let reply = nobody.post("/Bundle/$validate", &document).await;
        reply.assert_refused(401, "login-required");
        // Another type is a defect of what was sent, and told as one.
        let told = judge(client, "List", &document).await;
        assert_eq!(told, ["error element-invalid List.resourceType"]);
        let reply = client.get("/DocumentReference/$validate").await;
        assert!([404, 405].contains(&reply.status), "{}", reply.status);
    });
}
