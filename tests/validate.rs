//! `$validate`: the checks of a write, without its effect, and without a word on the record.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

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
fn a_folder_has_a_title_and_entries_and_no_source() {
    run(Options::strict(), async |_, client| {
        let mut folder = Document::new().bundle()["entry"][0]["resource"].clone();
        folder["code"]["coding"][0]["code"] = json!("folder");
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
