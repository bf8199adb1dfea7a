//! The guides' own requests, sent to a server that runs: answered as the guides say in guide mode, and in strict mode refused for
//! exactly what is wrong with them. What is put in the place of what can't be (another server's ids, bytes that are no document)
//! stands beside each.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::Method;
use serde_json::{Value, json};
use support::client::encode;
use support::document::set_patient;
use support::{Client, Document, Options, Portal, Reply, Server, consent_for, shared_data};

/// The patient of the guides' examples: the key is wrong, which guide mode lets through.
const PATIENT: &str = "urn:oid:1.2.250.1.213.1.4.8|123456789012345";
/// The patient of the proposed Consents.
const PAT_TROIS: &str = "urn:oid:1.2.250.1.213.1.4.10|279035121518989";
/// PS_IdNat of the cards `medecin2`, who deposits, and `medecin`.
const MEDECIN2: &str = "899900000029";
const MEDECIN: &str = "899900000011";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");
const OUR_CATEGORY: &str = "https://passerelle.dev/fhir/CodeSystem/consent-category";

fn example(name: &str) -> Option<Value> {
    let bytes = std::fs::read(shared_data(&format!("fhir/{name}"))?).unwrap();
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// A CDA document of ours with this id, about the patient.
fn cda(id: &str, patient: &str) -> Document {
    Document::with(|sample| {
        sample.id = format!(r#"<id root="{id}"/>"#);
        set_patient(sample, patient);
    })
}

/// Runs on a server where the patient has a record and consented to both physicians.
fn run(options: Options, patient: &str, check: impl AsyncFnOnce(&Server, &mut Client)) {
    let server = Server::with(options);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("runtime");
    runtime.block_on(async {
        let (path, record) = cda("1.2.250.1.999.8", patient).record();
        let path = format!("/Patient?identifier={}", encode(&path));
        let opened = server.client("exploitant").put(&path, &record).await;
        opened.assert_status(201);
        let mut physician = server.client("medecin2").with(STRUCTURE.0, STRUCTURE.1);
        for (client, id) in [
            (&mut physician, MEDECIN2),
            (&mut server.client("medecin"), MEDECIN),
        ] {
            let consent = consent_for(patient, id);
            client.post("/Consent", &consent).await.assert_status(201);
        }
        check(&server, &mut physician).await;
    });
}

/// Code and expression of each error.
fn errors(reply: &Reply) -> Vec<String> {
    let outcome = reply.json();
    let issues = outcome["issue"].as_array().expect("issues").iter();
    let mut errors: Vec<String> = issues
        .filter(|issue| issue["severity"] == "error")
        .map(|issue| {
            let code = issue["details"]["coding"][0]["code"].as_str().unwrap();
            format!("{code} {}", issue["expression"][0].as_str().unwrap_or("-"))
        })
        .collect();
    errors.sort();
    errors.dedup();
    errors
}

/// Names another patient throughout.
fn about(value: Value, patient: &str) -> Value {
    let (system, ins) = patient.split_once('|').unwrap();
    let text = value.to_string();
    let text = text.replace("urn:oid:1.2.250.1.213.1.4.8|", &format!("{system}|"));
    let text = text.replace(
        r#""system":"urn:oid:1.2.250.1.213.1.4.8","#,
        &format!(r#""system":"{system}","#),
    );
    serde_json::from_str(&text.replace("123456789012345", ins)).unwrap()
}

/// In the place of an empty `ClinicalDocument`, which is no CDA document.
fn with_bytes(attachment: &mut Value, bytes: &[u8]) {
    attachment["size"] = json!(bytes.len());
    attachment["hash"] = json!(BASE64_STANDARD.encode(openssl::sha::sha1(bytes)));
}

/// ITI-105 of TD2.
fn simplified(patient: &str) -> Option<Value> {
    let name = "pdsm4dmp/DocumentReference-example-td2-iti105-publication-simplifiee.json";
    let mut resource = about(example(name)?, patient);
    let document = cda("1.2.250.1.213.1.4.8.99999.1", patient);
    resource["content"][0]["attachment"]["data"] = json!(BASE64_STANDARD.encode(&document.bytes));
    Some(resource)
}

/// ITI-65 of TD2: the class is that of the type, as the DMP has it (ASS_X16).
fn bundle(patient: &str) -> Option<Value> {
    let name = "pdsm4dmp/Bundle-example-td2-iti65-lot-soumission.json";
    let mut bundle = about(example(name)?, patient);
    let document = cda("1.2.250.1.213.1.4.8.99999.2", patient);
    put_document(&mut bundle, 1, 2, &document);
    Some(bundle)
}

fn put_document(bundle: &mut Value, reference: usize, binary: usize, document: &Document) {
    let resource = &mut bundle["entry"][reference]["resource"];
    resource["category"][0]["coding"][0]["code"] = json!("10");
    with_bytes(&mut resource["content"][0]["attachment"], &document.bytes);
    bundle["entry"][binary]["resource"]["data"] = json!(BASE64_STANDARD.encode(&document.bytes));
}

/// TD2.1: the replaced document is named by its id here.
fn replacement(patient: &str, replaced: &str) -> Option<Value> {
    let name = "pdsm4dmp/Bundle-example-td2-1-remplacement.json";
    let text = about(example(name)?, patient).to_string();
    let text = text.replace("DocumentReference/doc-x-id", replaced);
    let mut bundle = serde_json::from_str(&text).unwrap();
    let document = cda("1.2.250.1.213.1.4.8.99999.3", patient);
    put_document(&mut bundle, 1, 3, &document);
    Some(bundle)
}

#[test]
fn the_examples_deposit_replace_and_change_documents() {
    let Some(publication) = simplified(PATIENT) else {
        return;
    };
    run(Options::default(), PATIENT, async |_, physician| {
        let made = physician.post("/DocumentReference", &publication).await;
        let made = made.assert_status(201).json();
        assert_eq!(made["status"], "current");

        // As it is printed: an empty ClinicalDocument.
        let name = "pdsm4dmp/DocumentReference-example-td2-iti105-publication-simplifiee.json";
        let printed = physician
            .post("/DocumentReference", &example(name).unwrap())
            .await;
        printed.assert_refused(422, "cda-invalid");

        let reply = physician.post("", &bundle(PATIENT).unwrap()).await;
        let reply = reply.assert_status(200).json();
        assert_eq!(reply["type"], "transaction-response");
        let entries = reply["entry"].as_array().unwrap();
        let statuses: Vec<_> = entries
            .iter()
            .map(|entry| &entry["response"]["status"])
            .collect();
        assert_eq!(statuses, ["201 Created"; 3]);
        let location = entries[1]["response"]["location"].as_str().unwrap();
        let replaced = location.split("/_history").next().unwrap();

        let unknown = replacement(PATIENT, "DocumentReference/doc-x-id").unwrap();
        let refused = physician.post("", &unknown).await;
        refused.assert_refused(404, "replace-target-unknown");
        let reply = physician
            .post("", &replacement(PATIENT, replaced).unwrap())
            .await;
        let reply = reply.assert_status(200).json();
        assert_eq!(reply["entry"].as_array().unwrap().len(), 4);
        assert!(
            reply["entry"]
                .as_array()
                .unwrap()
                .iter()
                .all(|entry| { entry["response"]["location"].is_string() })
        );
        let old = physician.get(&format!("/{replaced}")).await;
        assert_eq!(old.assert_status(200).json()["status"], "superseded");

        patches(physician).await;
        searches(physician).await;
    });
}

/// TD3.3a to d, by the unique id, in the order in which they make sense.
async fn patches(physician: &mut Client) {
    const URL: &str =
        "/DocumentReference?identifier=urn:ietf:rfc:3986|urn:oid:1.2.250.1.213.1.4.8.99999.1";
    let headers = [("Content-Type", "application/json-patch+json")];
    for (name, status, label, archived) in [
        ("3a-masquer-ps", 200, "MASQUE_PS", false),
        ("3a-demasquer", 200, "N", false),
        // Set at the deposit or not at all (X12).
        ("3b-rendre-invisible-patient", 422, "N", false),
        ("3b-rendre-visible-patient", 200, "N", false),
        ("3d-archiver", 200, "N", true),
        ("3d-desarchiver", 200, "N", false),
        ("3c-supprimer", 200, "N", false),
    ] {
        let patch = example(&format!("pdsm4dmp-inline/td3.{name}.json-patch.json")).unwrap();
        let url = URL.replace('|', "%7C");
        let body = patch.to_string().into_bytes();
        let reply = physician.send(Method::PATCH, &url, &headers, body).await;
        let reply = reply.assert_status(status).json();
        if status == 200 {
            assert_eq!(
                reply["securityLabel"][0]["coding"][0]["code"], label,
                "{name}"
            );
            let is_archived = &reply["extension"][0]["valueBoolean"];
            assert_eq!(is_archived == &json!(true), archived, "{name}");
            let status = if name == "3c-supprimer" {
                "entered-in-error"
            } else {
                "current"
            };
            assert_eq!(reply["status"], status, "{name}");
        }
    }
}

/// The searches in the forms that the guides print: of the three documents one is deleted, one replaced.
async fn searches(physician: &mut Client) {
    const INS: &str = "urn:oid:1.2.250.1.213.1.4.8%7C123456789012345";
    const LIST: &str = "http://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes%7Csubmissionset";
    for (method, path, total) in [
        (
            "GET",
            format!("/DocumentReference?patient.identifier={INS}&status=current"),
            1,
        ),
        (
            "GET",
            format!("/DocumentReference?patient.identifier={INS}&status=current,superseded"),
            2,
        ),
        (
            "GET",
            format!("/DocumentReference?patient.identifier={INS}"),
            2,
        ),
        (
            "GET",
            format!("/DocumentReference?patient:identifier={INS}&status=current"),
            1,
        ),
        (
            "GET",
            format!("/DocumentReference?patient.identifier={INS}&status=current&isArchived=true"),
            0,
        ),
        (
            "GET",
            format!(
                "/DocumentReference?patient.identifier={INS}&status=current&type=http://loinc.org%7C11488-4"
            ),
            1,
        ),
        (
            "GET",
            format!("/DocumentReference?patient.identifier={INS}&status=current&date=ge2020-01-01"),
            1,
        ),
        (
            "GET",
            format!(
                "/DocumentReference?patient.identifier={INS}&status=current&period=ge2024-01-01&period=le2024-12-31"
            ),
            1,
        ),
        (
            "GET",
            format!("/DocumentReference?patient.identifier={INS}&_lastUpdated=gt2020-01-01"),
            2,
        ),
        (
            "GET",
            format!(
                "/DocumentReference?identifier=urn:ietf:rfc:3986%7Curn:oid:1.2.250.1.213.1.4.8.99999.3&patient.identifier={INS}"
            ),
            1,
        ),
        (
            "GET",
            format!(
                "/DocumentReference?identifier=1.2.250.1.213.1.4.8.99999.3&patient.identifier={INS}&status=current"
            ),
            1,
        ),
        (
            "POST",
            format!("/DocumentReference?patient.identifier={INS}&status=current"),
            1,
        ),
        (
            "GET",
            format!("/List?patient.identifier={INS}&code={LIST}&status=current"),
            3,
        ),
        (
            "POST",
            format!("/List?patient.identifier={INS}&code={LIST}&status=current"),
            3,
        ),
        ("GET", format!("/Patient?identifier={INS}"), 1),
    ] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let reply = physician.send(method, &path, &[], Vec::new()).await;
        let found = reply.assert_status(200).json();
        assert_eq!(found["type"], "searchset", "{path}");
        assert_eq!(found["total"], total, "{path}");
    }
}

/// PDSm's simplified example: its patient is another server's, its identifier no UUID, its bytes ("Hello World") no PDF.
#[test]
fn the_pdf_of_pdsm_becomes_a_document() {
    let Some(mut resource) = example("pdsm/DocumentReference-PDSmSimplifiedExample.json") else {
        return;
    };
    run(Options::default(), PATIENT, async |_, physician| {
        let printed = physician.post("/DocumentReference", &resource).await;
        let defects = [
            "element-invalid DocumentReference.masterIdentifier.value",
            "element-invalid DocumentReference.subject",
        ];
        assert_eq!(errors(&printed), defects);
        let (system, value) = PATIENT.split_once('|').unwrap();
        resource["subject"]["identifier"] = json!({"system": system, "value": value});
        resource["masterIdentifier"]["value"] =
            json!("urn:uuid:aaaaaaaa-0000-4000-8000-000000000001");
        let without_pdf = physician.post("/DocumentReference", &resource).await;
        let attachment = "DocumentReference.content[0].attachment";
        let defects = [
            format!("element-invalid {attachment}.contentType"),
            format!("hash-mismatch {attachment}.hash"),
            format!("hash-mismatch {attachment}.size"),
        ];
        assert_eq!(errors(&without_pdf), defects);
        let pdf = b"%PDF-1.4\n%%EOF\n";
        let attachment = &mut resource["content"][0]["attachment"];
        attachment["data"] = json!(BASE64_STANDARD.encode(pdf));
        with_bytes(attachment, pdf);
        let made = physician.post("/DocumentReference", &resource).await;
        let made = made.assert_status(201).json();
        assert_eq!(made["content"][0]["attachment"]["contentType"], "text/xml");
    });
}

/// Documents as searches answer them are none to deposit: their content is elsewhere.
#[test]
fn what_the_guides_answer_is_no_publication() {
    let names = [
        "doc-x-id",
        "example-annexe-docref-cda",
        "example-annexe-docref-fhir",
        "example-td3-1a-cr-consultation",
        "example-td3-1a-fhir-document",
        "example-td3-1a-ordonnance",
    ];
    if shared_data("fhir/pdsm4dmp").is_none() {
        return;
    }
    run(Options::default(), PATIENT, async |_, physician| {
        for name in names {
            let resource = example(&format!("pdsm4dmp/DocumentReference-{name}.json")).unwrap();
            let reply = physician.post("/DocumentReference", &resource).await;
            let url = "unsupported-element DocumentReference.content[0].attachment.url";
            assert!(
                errors(&reply).contains(&url.to_owned()),
                "{name}: {:?}",
                errors(&reply)
            );
        }
    });
}

/// Of FR Core's patients, what no record keeps is refused; the one of the CDA example set opens a record.
#[test]
fn a_published_patient_opens_a_record() {
    let Some(resource) = example("fr-core-converted/Patient-cda-vac-2023.01-recordTarget.json")
    else {
        return;
    };
    for options in [Options::default(), Options::strict()] {
        let server = Server::with(options);
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().expect("runtime");
        runtime.block_on(async {
            let mut operator = server.client("exploitant");
            let path = format!("/Patient?identifier={}", encode(PAT_TROIS));
            operator.put(&path, &resource).await.assert_status(201);
            let other = example("fr-core-converted/Patient-FRCorePatientExample.json").unwrap();
            let reply = operator
                .put(
                    "/Patient?identifier=urn:oid:1.2.250.1.213.1.4.8%7C123456789012244",
                    &other,
                )
                .await;
            assert!(
                reply.status >= 400 && reply.status < 500,
                "{}",
                reply.status
            );
        });
    }
}

/// The proposed Consents: our category in the place of the placeholder's, the caller as actor, and the basis that the contract asks for.
#[test]
fn proposed_consents_are_declared_and_decided() {
    if example("proposed/Consent-01-autorisation-acces.json").is_none() {
        return;
    }
    let portal = Portal::new();
    run(
        Options::default().portal(&portal),
        PAT_TROIS,
        async |server, physician| {
            let mut holder = portal.holder(PAT_TROIS).on(server);
            for (name, by_holder) in [
                ("01-autorisation-acces", false),
                ("03-medecin-traitant", false),
                ("05-blocage", true),
                ("08-urgence-ETREAT", true),
                ("09-urgence-BTG", true),
                ("10-urgence-MASKED", true),
            ] {
                let consent = example(&format!("proposed/Consent-{name}.json")).unwrap();
                let text = consent.to_string();
                let text = text.replace(
                    "https://example.org/dmp/CodeSystem/dmp-consent-category",
                    OUR_CATEGORY,
                );
                let actor = if by_holder { MEDECIN } else { MEDECIN2 };
                let mut consent: Value =
                    serde_json::from_str(&text.replace("899700218896", actor)).unwrap();
                if !by_holder {
                    consent["extension"] = consent_for(PAT_TROIS, actor)["extension"].clone();
                }
                let client = if by_holder {
                    &mut holder
                } else {
                    &mut *physician
                };
                let reply = client.post("/Consent", &consent).await;
                assert!(
                    [200, 201].contains(&reply.status),
                    "{name}: {:?}",
                    errors(&reply)
                );
            }
            // FR Core's example says what no right of the DMP is.
            let other =
                example("fr-core-converted/Consent-FRCoreConsentExample-alimentation-DMP.json")
                    .unwrap();
            let reply = physician.post("/Consent", &other).await;
            let defects = [
                "element-invalid Consent.patient",
                "element-required Consent.category",
            ];
            assert_eq!(errors(&reply), defects);
        },
    );
}

/// With a good INS and real bytes, what remains is what the profiles forbid.
#[test]
fn strict_mode_refuses_the_examples_for_their_defects() {
    let Some(publication) = simplified(PAT_TROIS) else {
        return;
    };
    run(Options::strict(), PAT_TROIS, async |_, physician| {
        let printed = physician
            .post("/DocumentReference", &simplified(PATIENT).unwrap())
            .await;
        printed.assert_refused(400, "ins-invalid");
        let reply = physician.post("/DocumentReference", &publication).await;
        assert_eq!(reply.status, 422);
        // What the CDA of ours says otherwise is the document's, not the example's.
        let of_the_example = |reply: &Reply| -> Vec<String> {
            let mut all = errors(reply);
            all.retain(|error| !error.starts_with("metadata-mismatch"));
            all
        };
        let custodian = "element-required DocumentReference.custodian";
        assert_eq!(of_the_example(&reply), [custodian]);
        let reply = physician.post("", &bundle(PAT_TROIS).unwrap()).await;
        assert_eq!(reply.status, 422);
        let document = "Bundle.entry[1].resource";
        let expected = [
            format!("code-invalid {document}.content[0].format"),
            format!("code-invalid {document}.context.facilityType"),
            format!("code-invalid {document}.context.practiceSetting"),
            "code-invalid Bundle.entry[0].resource.extension[0].value".to_owned(),
            "element-invalid Bundle.entry[0].resource.source".to_owned(),
            format!("element-required {document}.custodian"),
            format!("element-required {document}.masterIdentifier.use"),
            "unsupported-element Bundle.entry[0].resource.extension[2]".to_owned(),
        ];
        let mut told = of_the_example(&reply);
        told.sort_by_key(|error| expected.iter().position(|one| one == error));
        assert_eq!(told, expected);
    });
}
