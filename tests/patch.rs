//! TD3.3a to TD3.3d over HTTP: labels, archiving and deletion of a document, as the guide prints them and as they are meant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../fuzz/entries/patch.rs"]
mod entry;
mod support;

use hyper::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::document::PATIENT;
use support::{Client, Document, Reply, Server, consent_for};
use uuid::Uuid;

/// PS_IdNat of the cards.
const MEDECIN: &str = "899900000011";
const MEDECIN2: &str = "899900000029";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "499900000029010");
const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const ARCHIVED: &str =
    "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived";
const PATCH: (&str, &str) = ("Content-Type", "application/json-patch+json");

/// A record, two physicians who may consult it, and a document of the second.
struct World {
    server: Server,
    author: Client,
    other: Client,
    id: String,
    unique_id: String,
}

impl World {
    async fn new(label: Option<&str>) -> Self {
        let server = Server::start();
        let document = Document::new();
        let (identifier, record) = document.record();
        let path = format!(
            "/Patient?identifier={}",
            support::client::encode(&identifier)
        );
        server
            .client("exploitant")
            .put(&path, &record)
            .await
            .assert_status(201);
        let mut author = server.client("medecin2").with(STRUCTURE.0, STRUCTURE.1);
        let mut other = server.client("medecin");
        for (client, id) in [(&mut author, MEDECIN2), (&mut other, MEDECIN)] {
            client
                .post("/Consent", &consent_for(PATIENT, id))
                .await
                .assert_status(201);
        }
        let mut resource = document.simplified();
        if let Some(label) = label {
            let labels = resource["securityLabel"].as_array_mut().unwrap();
            labels.push(json!({"coding": [{"system": VISIBILITY, "code": label}]}));
        }
        let made = author.post("/DocumentReference", &resource).await;
        let made = made.assert_status(201).json();
        Self {
            server,
            author,
            other,
            id: made["id"].as_str().unwrap().to_owned(),
            unique_id: document.unique_id().to_owned(),
        }
    }

    async fn patch(&mut self, operations: Value) -> Reply {
        let path = format!("/DocumentReference/{}", self.id);
        patch(&mut self.author, &path, &operations).await
    }

    async fn found_by_other(&mut self) -> u64 {
        found(&mut self.other, "").await
    }
}

async fn patch(client: &mut Client, path: &str, operations: &Value) -> Reply {
    let body = operations.to_string().into_bytes();
    client.send(Method::PATCH, path, &[PATCH], body).await
}

async fn found(client: &mut Client, more: &str) -> u64 {
    let path = format!(
        "/DocumentReference?patient.identifier={}&status=current{more}",
        support::client::encode(PATIENT)
    );
    client.get(&path).await.assert_status(200).json()["total"]
        .as_u64()
        .unwrap()
}

fn label(code: &str) -> Value {
    json!({"coding": [{"system": VISIBILITY, "code": code}]})
}

fn labels(resource: &Value) -> Vec<String> {
    let labels = resource["securityLabel"].as_array().unwrap().iter();
    labels
        .map(|label| label["coding"][0]["code"].as_str().unwrap().to_owned())
        .collect()
}

fn entry_uuid(resource: &Value) -> String {
    resource["identifier"][1]["value"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn msk_04_the_author_masks_and_unmasks() {
    let mut world = World::new(None).await;
    let before = world
        .author
        .get(&format!("/DocumentReference/{}", world.id))
        .await
        .json();
    assert_eq!(world.found_by_other().await, 1);

    // As the guide prints it: by identifier, over position 0.
    let path = format!(
        "/DocumentReference?identifier=urn:ietf:rfc:3986%7Curn:oid:{}",
        world.unique_id
    );
    let mask = json!([{"op": "replace", "path": "/securityLabel/0", "value": label("MASQUE_PS")}]);
    let reply = patch(&mut world.author, &path, &mask)
        .await
        .assert_status(200);
    assert_eq!(reply.header("etag"), "W/\"2\"");
    let masked = reply.json();
    assert_eq!(labels(&masked), ["MASQUE_PS", "N"]);
    assert_eq!(masked["id"], before["id"]);
    assert_ne!(entry_uuid(&masked), entry_uuid(&before), "MSK-08");
    assert_eq!(world.found_by_other().await, 0);
    assert_eq!(found(&mut world.author, "").await, 1, "his own");
    let hidden = world
        .other
        .get(&format!("/DocumentReference/{}", world.id))
        .await;
    hidden.assert_refused(404, "not-found");

    let unmask = json!([{"op": "replace", "path": "/securityLabel/0",
        "value": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]}}]);
    let shown = world.patch(unmask).await.assert_status(200).json();
    assert_eq!(labels(&shown), ["N"]);
    assert_eq!(world.found_by_other().await, 1);
    assert_eq!(found(&mut world.other, "&security-label=N").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_the_same_time_take_place_one_by_one() {
    let world = World::new(None).await;
    // So few can't come in each other's way more often than a change is tried.
    let few = statuses(&world, 3).await;
    assert!(few.iter().all(|status| *status == 200), "{few:?}");
    // Nobody named a version that could have changed: who never comes through is told to try again.
    let many = statuses(&world, 12).await;
    assert!(many.iter().all(|status| [200, 503].contains(status)));
    assert!(many.contains(&200), "{many:?}");
}

/// Clients that change one document at the same time, each four times, without `If-Match`.
async fn statuses(world: &World, clients: usize) -> Vec<u16> {
    let path = format!("/DocumentReference/{}", world.id);
    let changes = (0..clients).map(|n| {
        let client = world.server.client("medecin2");
        let mut client = client.with(STRUCTURE.0, STRUCTURE.1);
        let path = path.clone();
        let mut value = vec![json!({"coding": [{"system": CONFIDENTIALITY, "code": "N"}]})];
        value.extend((n % 2 == 0).then(|| label("MASQUE_PS")));
        let replace = json!([{"op": "replace", "path": "/securityLabel", "value": value}]);
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            for _ in 0..4 {
                statuses.push(patch(&mut client, &path, &replace).await.status);
            }
            statuses
        })
    });
    let mut all = Vec::new();
    for change in changes.collect::<Vec<_>>() {
        all.extend(change.await.unwrap());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn msk_04_del_01_nobody_else_masks_or_deletes() {
    let mut world = World::new(None).await;
    let path = format!("/DocumentReference/{}", world.id);
    let mask = json!([{"op": "add", "path": "/securityLabel/-", "value": label("MASQUE_PS")}]);
    let delete = json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]);
    let archive = json!([{"op": "add", "path": format!("/extension[url:'{ARCHIVED}']/valueBoolean"), "value": true}]);
    for operations in [&mask, &delete, &archive] {
        patch(&mut world.other, &path, operations)
            .await
            .assert_refused(403, "not-author");
    }
    // A CPE and an establishment change no label and archive nothing.
    let mut hospital = world.server.client("hopital");
    for operations in [&mask, &archive] {
        patch(&mut hospital, &path, operations)
            .await
            .assert_refused(403, "not-allowed");
    }
    // It knows of its own only: this one does not exist for it.
    patch(&mut hospital, &path, &delete)
        .await
        .assert_refused(404, "not-found");
    assert_eq!(found(&mut world.author, "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn del_01_del_02_the_author_deletes_and_it_is_gone() {
    let mut world = World::new(None).await;
    let path = format!("/DocumentReference/{}", world.id);
    let read = world.author.get(&path).await.json();
    let content = read["content"][0]["attachment"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let delete = json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]);
    let deleted = world.patch(delete.clone()).await.assert_status(200).json();
    assert_eq!(deleted["status"], "entered-in-error");
    for client in [&mut world.author, &mut world.other] {
        assert_eq!(found(client, "").await, 0);
        assert_eq!(found(client, ",superseded,entered-in-error").await, 0);
        client
            .get(&path)
            .await
            .assert_refused(410, "document-deleted");
        client
            .get(&content)
            .await
            .assert_refused(410, "document-deleted");
    }
    // Who could not have read it learns nothing.
    let mut secretary = world.server.client("secretaire");
    let refused = secretary.get(&path).await;
    refused.assert_refused(403, "card-cannot-consult");
    world
        .patch(delete)
        .await
        .assert_refused(410, "document-deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structure_deletes_what_it_deposited_by_either_request() {
    let world = World::new(None).await;
    let mut hospital = world.server.client("hopital");
    for verb in [Method::DELETE, Method::PATCH] {
        let document = Document::new();
        let made = hospital
            .post("/DocumentReference", &document.simplified())
            .await;
        let path = format!(
            "/DocumentReference/{}",
            made.assert_status(201).json()["id"].as_str().unwrap()
        );
        if verb == Method::DELETE {
            hospital
                .send(verb, &path, &[], Vec::new())
                .await
                .assert_status(204);
        } else {
            let delete = json!([{"op": "replace", "path": "/status", "value": "superseded"}]);
            patch(&mut hospital, &path, &delete)
                .await
                .assert_status(200);
        }
        hospital
            .get(&path)
            .await
            .assert_refused(410, "document-deleted");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cls_05_what_is_archived_is_found_when_asked() {
    let mut world = World::new(None).await;
    // As the guide prints it, quotes and text for a boolean included.
    let path = format!("/extension[url:'{ARCHIVED}']/valueBoolean");
    let archive = json!([{"op": "replace", "path": path, "value": "true"}]);
    let archived = world.patch(archive).await.assert_status(200).json();
    assert_eq!(archived["extension"][0]["valueBoolean"], true);
    assert_eq!(found(&mut world.other, "&isArchived=false").await, 0);
    assert_eq!(found(&mut world.other, "&isArchived=true").await, 1);
    let path = format!("/DocumentReference/{}", world.id);
    world.other.get(&path).await.assert_status(200);
    let back = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": format!("DocumentReference.extension('{ARCHIVED}').value")},
        {"name": "value", "valueBoolean": false}
    ]}]});
    let fhir = ("Content-Type", "application/fhir+json");
    world
        .author
        .send(Method::PATCH, &path, &[fhir], back.to_string().into_bytes())
        .await
        .assert_status(200);
    assert_eq!(found(&mut world.other, "&isArchived=false").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ann_01_ann_02_invisibility_is_set_at_the_deposit_and_lifted_later() {
    let mut world = World::new(Some("INVISIBLE_PATIENT")).await;
    let path = format!("/DocumentReference/{}", world.id);
    // Another professional sees it, with the alert.
    let read = world.other.get(&path).await.assert_status(200);
    assert_eq!(read.header("dmp-alert"), "hidden-from-patient");
    let url = read.json()["content"][0]["attachment"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        world.other.get(&url).await.header("dmp-alert"),
        "hidden-from-patient"
    );
    let query = format!(
        "/DocumentReference?patient.identifier={}&status=current",
        support::client::encode(PATIENT)
    );
    let bundle = world.other.get(&query).await.json();
    assert!(
        bundle.to_string().contains("hidden-from-patient"),
        "{bundle:#}"
    );
    // He may announce it, and it can't be taken back.
    let lift = json!([{"op": "remove", "path": "/securityLabel/0"}]);
    let lifted = patch(&mut world.other, &path, &lift)
        .await
        .assert_status(200);
    assert_eq!(labels(&lifted.json()), ["N"]);
    assert_eq!(world.other.get(&path).await.header("dmp-alert"), "");
    let hide =
        json!([{"op": "add", "path": "/securityLabel/-", "value": label("INVISIBLE_PATIENT")}]);
    world
        .patch(hide)
        .await
        .assert_refused(422, "label-conflict");
    let both = json!([
        {"op": "add", "path": "/securityLabel/-", "value": label("MASQUE_PS")},
        {"op": "add", "path": "/securityLabel/-", "value": label("INVISIBLE_PATIENT")}
    ]);
    world
        .patch(both)
        .await
        .assert_refused(422, "label-conflict");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_patch_changes_nothing() {
    let mut world = World::new(Some("INVISIBLE_REPRESENTANTS_LEGAUX")).await;
    let path = format!("/DocumentReference/{}", world.id);
    // What a minor keeps from his representatives is told to whoever else reads it (MIN-03).
    let read = world.other.get(&path).await;
    assert_eq!(read.header("dmp-alert"), "hidden-from-representatives");
    let operation =
        |op: &str, path: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    let n = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]});
    let rows = [
        (
            operation("replace", "/description", json!("x")),
            405,
            "not-mutable",
        ),
        (
            operation("replace", "/content/0/attachment/title", json!("x")),
            405,
            "not-mutable",
        ),
        (
            operation("remove", "/status", json!(null)),
            405,
            "not-mutable",
        ),
        (
            operation("replace", "/status", json!("draft")),
            422,
            "code-invalid",
        ),
        (
            operation("replace", "/securityLabel", json!("restricted")),
            422,
            "element-invalid",
        ),
        (
            operation(
                "replace",
                "/securityLabel/0",
                json!({"coding": [{"system": VISIBILITY, "code": "SECRET"}]}),
            ),
            422,
            "code-invalid",
        ),
        (
            operation("remove", "/securityLabel/7", json!(null)),
            422,
            "element-invalid",
        ),
        // There are two: the flag, and the confidentiality.
        (
            operation("replace", "/securityLabel/2", label("MASQUE_PS")),
            422,
            "element-invalid",
        ),
        (
            operation("add", "/securityLabel/3", label("MASQUE_PS")),
            422,
            "element-invalid",
        ),
        (
            operation("replace", "/securityLabel/00", label("MASQUE_PS")),
            422,
            "element-invalid",
        ),
        (
            operation("remove", "/securityLabel/-1", json!(null)),
            422,
            "element-invalid",
        ),
        (
            operation("replace", "/securityLabel/0/coding/0/code", json!("N")),
            405,
            "not-mutable",
        ),
        (
            json!([{"op": "move", "from": "/description", "path": "/status"}]),
            405,
            "not-mutable",
        ),
        (
            json!([{"op": "copy", "from": "/securityLabel/0", "path": "/securityLabel/-"}]),
            422,
            "unsupported-element",
        ),
        (
            operation("test", "/status", json!("superseded")),
            412,
            "version-conflict",
        ),
        (operation("move", "/status", json!("x")), 400, "malformed"),
        (json!([]), 400, "malformed"),
        (json!({"op": "replace"}), 400, "malformed"),
        (
            json!([{"op": "replace", "path": "/status"}]),
            422,
            "element-required",
        ),
    ];
    for (operations, status, code) in rows {
        world
            .patch(operations.clone())
            .await
            .assert_refused(status, code);
    }
    let two = operation("add", "/securityLabel/-", label("MASQUE_PS"));
    world.patch(two).await.assert_status(200);
    world
        .patch(operation("replace", "/securityLabel/2", n))
        .await
        .assert_refused(409, "label-ambiguous");
    let body = operation("replace", "/status", json!("entered-in-error")).to_string();
    let mut send = async |headers: &[(&str, &str)], path: &str| {
        world
            .author
            .send(Method::PATCH, path, headers, body.clone().into_bytes())
            .await
    };
    send(&[("Content-Type", "text/plain")], &path)
        .await
        .assert_refused(415, "unsupported-media-type");
    send(&[PATCH, ("If-Match", "W/\"1\"")], &path)
        .await
        .assert_refused(412, "version-conflict");
    send(&[PATCH], "/DocumentReference")
        .await
        .assert_refused(400, "parameter-required");
    send(
        &[PATCH],
        "/DocumentReference?identifier=urn:ietf:rfc:3986%7Curn:oid:1.2.3",
    )
    .await
    .assert_refused(404, "not-found");
    let read = world.author.get(&path).await.json();
    assert_eq!(read["meta"]["versionId"], "2");
    assert_eq!(read["status"], "current");
}

/// Pieces of patches in any order, cut anywhere.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"op\"",
        "\"replace\"",
        "\"add\"",
        "\"remove\"",
        "\"test\"",
        "\"path\"",
        "\"/status\"",
        "\"/securityLabel/0\"",
        "\"/securityLabel/-\"",
        "\"/securityLabel/99999999999999999999\"",
        "\"value\"",
        "\"entered-in-error\"",
        "{\"coding\":[{}]}",
        "null",
        "-0",
        "\"\u{e9}\"",
        "true",
        "{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"operation\",\"part\":[{\"name\":\"path\",\"valueString\":\"DocumentReference.securityLabel[7]\"},{\"name\":\"type\",\"valueCode\":\"delete\"}]}]}",
        "[{\"op\":\"remove\",\"path\":\"/securityLabel/7\"}]",
    ]);
    (
        prop::collection::vec(pieces, 0..20),
        any::<prop::sample::Index>(),
        any::<bool>(),
    )
        .prop_map(|(pieces, at, cut)| {
            let mut bytes = pieces.concat().into_bytes();
            if cut && !bytes.is_empty() {
                bytes.truncate(at.index(bytes.len()));
            }
            bytes
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_patch_or_a_refusal(bytes in mangled()) {
        entry::any_bytes(&bytes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_replaced_is_not_restored() {
    let mut world = World::new(None).await;
    let newer = Document::replacing(&world.unique_id);
    let mut resource = newer.simplified();
    resource["relatesTo"] = json!([{"code": "replaces", "target": {"identifier": {
        "system": "urn:ietf:rfc:3986", "value": format!("urn:oid:{}", world.unique_id)}}}]);
    world
        .author
        .post("/DocumentReference", &resource)
        .await
        .assert_status(201);
    let restore = json!([{"op": "replace", "path": "/status", "value": "current "}]);
    world
        .patch(restore)
        .await
        .assert_refused(409, "still-replaced");
    // A client that deposited the replacement and then says what it did deletes nothing.
    let path = format!("/DocumentReference/{}", world.id);
    let before = world.author.get(&path).await.assert_status(200).json();
    assert_eq!(before["status"], "superseded");
    let superseded = json!([{"op": "replace", "path": "/status", "value": "superseded"}]);
    let told = world.patch(superseded).await.assert_status(200).json();
    assert_eq!(told["meta"]["versionId"], before["meta"]["versionId"]);
    world.author.get(&path).await.assert_status(200);
    // It can't be archived either, and is told so.
    let archive = |held: bool| json!({"op": "add", "path": "/extension", "value": [{"url": ARCHIVED, "valueBoolean": held}]});
    let refused = world.patch(json!([archive(true)])).await;
    refused.assert_refused(409, "still-replaced");
    world
        .patch(json!([archive(false)]))
        .await
        .assert_status(200);
    let read = world.author.get(&path).await.json();
    assert_eq!(read["meta"]["versionId"], before["meta"]["versionId"]);
    // In the words of a deletion it is one.
    let deleted = json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]);
    world.patch(deleted).await.assert_status(200);
    world.author.get(&path).await.assert_status(410);
}

/// Each condition of a change must hold, and one that is not known is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_conditional_patch_meets_every_condition() {
    let mut world = World::new(None).await;
    let archive = json!([{"op": "add", "path": "/extension/-", "value": {"url": ARCHIVED, "valueBoolean": true}}]);
    let named = format!("/DocumentReference?identifier=urn:oid:{}", world.unique_id);
    let patient = support::client::encode(PATIENT);
    let other = support::client::encode(support::document::OTHER);
    for (more, status, code) in [
        ("&status=superseded".to_owned(), 404, "not-found"),
        (
            "&status=superseded,entered-in-error".to_owned(),
            404,
            "not-found",
        ),
        (format!("&patient.identifier={other}"), 404, "not-found"),
        (
            "&patient=Patient/00000000-0000-4000-8000-000000000000".to_owned(),
            404,
            "not-found",
        ),
        (
            "&patient.identifier=urn:oid:1.2.250.1.213.1.4.10%7C1".to_owned(),
            400,
            "ins-invalid",
        ),
        ("&type=99999-9".to_owned(), 400, "parameter-unsupported"),
        (
            "&status:not=current".to_owned(),
            400,
            "parameter-unsupported",
        ),
        (
            "&identifier=urn:oid:1.2.3".to_owned(),
            400,
            "parameter-invalid",
        ),
    ] {
        let path = format!("{named}{more}");
        let refused = patch(&mut world.author, &path, &archive).await;
        refused.assert_refused(status, code);
    }
    let path = format!("/DocumentReference/{}", world.id);
    let read = world.author.get(&path).await.json();
    assert_eq!(read["meta"]["versionId"], "1");
    let holder = format!("/Patient?identifier={patient}");
    let holder = world.author.get(&holder).await.json();
    let holder = holder["entry"][0]["resource"]["id"].as_str().unwrap();
    for more in [
        format!("&patient.identifier={patient}&status=current&_format=json"),
        format!("&patient=Patient/{holder}&status=superseded,current"),
    ] {
        let done = patch(&mut world.author, &format!("{named}{more}"), &archive).await;
        assert_eq!(done.assert_status(200).json()["meta"]["versionId"], "2");
    }
}

/// The extension by RFC 6901 pointers: a document has it or no extension at all.
#[tokio::test(flavor = "multi_thread")]
async fn archiving_by_pointers() {
    let mut world = World::new(None).await;
    let extension = |archived: bool| json!({"url": ARCHIVED, "valueBoolean": archived});
    let other = json!({"url": "urn:x", "valueBoolean": true});
    let held = json!({"op": "test", "path": "/extension/0/valueBoolean", "value": true});
    // Operation, path, value; status and whether it is archived then.
    for (op, path, value, status, archived) in [
        (
            "replace",
            "/extension/0/valueBoolean",
            json!(true),
            422,
            false,
        ),
        ("replace", "/extension/0", extension(true), 422, false),
        ("remove", "/extension/0", json!(null), 422, false),
        ("remove", "/extension", json!(null), 422, false),
        ("add", "/extension/1", extension(true), 422, false),
        ("add", "/extension/-", other.clone(), 405, false),
        (
            "add",
            "/extension",
            json!([other, extension(true)]),
            405,
            false,
        ),
        ("add", "/extension", json!(true), 422, false),
        ("test", "/extension/0", extension(true), 412, false),
        ("add", "/extension/-", extension(true), 200, true),
        ("test", "/extension/0/valueBoolean", json!(true), 200, true),
        ("test", "/extension", json!([extension(true)]), 200, true),
        (
            "replace",
            "/extension/2/valueBoolean",
            json!(false),
            405,
            true,
        ),
        ("remove", "/extension/1", json!(null), 422, true),
        (
            "replace",
            "/extension/0/valueBoolean",
            json!(false),
            200,
            false,
        ),
        ("add", "/extension", json!([extension(true)]), 200, true),
        ("replace", "/extension/0", extension(false), 200, false),
        ("add", "/extension/0", extension(true), 200, true),
        ("remove", "/extension/0", json!(null), 200, false),
    ] {
        let mut operations = vec![json!({"op": op, "path": path, "value": value})];
        if archived && status == 200 {
            operations.push(held.clone());
        }
        let done = world.patch(Value::Array(operations)).await;
        assert_eq!(done.status, status, "{op} {path}: {:?}", done.json());
        let path = format!("/DocumentReference/{}", world.id);
        let read = world.author.get(&path).await.json();
        assert_eq!(read["extension"].is_array(), archived, "{op} {path}");
    }
    // FHIRPath Patch: an element of several parts.
    let add = |url: &str| {
        json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
            {"name": "type", "valueCode": "add"},
            {"name": "path", "valueString": "DocumentReference"},
            {"name": "name", "valueString": "extension"},
            {"name": "value", "part": [
                {"name": "url", "valueUri": url},
                {"name": "value", "valueBoolean": true}
            ]}
        ]}]})
    };
    let path = format!("/DocumentReference/{}", world.id);
    for (url, status) in [("urn:x", 405), (ARCHIVED, 200)] {
        let headers = [("Content-Type", "application/fhir+json")];
        let body = add(url).to_string().into_bytes();
        let done = world
            .author
            .send(Method::PATCH, &path, &headers, body)
            .await;
        assert_eq!(done.status, status, "{:?}", done.json());
    }
    let read = world.author.get(&path).await.json();
    assert_eq!(read["extension"][0]["valueBoolean"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_patch_says_beside_its_operations_is_told() {
    let mut world = World::new(None).await;
    let path = format!("/DocumentReference/{}", world.id);
    // RFC 6902: members that an operation does not have are passed over.
    let patch = json!([{"op": "replace", "path": "/status", "value": "current", "comment": "x"}]);
    let headers = [
        ("Content-Type", "application/json-patch+json"),
        ("Prefer", "return=OperationOutcome"),
    ];
    let body = patch.to_string().into_bytes();
    let told = world
        .author
        .send(Method::PATCH, &path, &headers, body)
        .await;
    let told = told.assert_status(200).json();
    assert_eq!(told["issue"][0]["expression"][0], "[0].comment");

    let good = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "DocumentReference.status"},
        {"name": "value", "valueCode": "entered-in-error"}
    ]}]});
    let modifier = json!([{"url": "urn:x", "valueBoolean": true}]);
    for (pointer, value, place) in [
        ("/implicitRules", json!("urn:x"), "Parameters.implicitRules"),
        (
            "/meta",
            json!({"tag": [{"code": "x"}]}),
            "Parameters.meta.tag",
        ),
        (
            "/parameter/0/modifierExtension",
            modifier.clone(),
            "Parameters.parameter[0].modifierExtension",
        ),
        (
            "/parameter/0/extension",
            modifier.clone(),
            "Parameters.parameter[0].extension",
        ),
        (
            "/parameter/0/part/2/modifierExtension",
            modifier.clone(),
            "Parameters.parameter[0].part[2].modifierExtension",
        ),
        (
            "/parameter/0/part/2/_valueCode",
            json!({"id": "x"}),
            "Parameters.parameter[0].part[2].value",
        ),
        (
            "/parameter/0/part/3",
            json!({"name": "name", "valueString": "x"}),
            "Parameters.parameter[0].part[3]",
        ),
        (
            "/parameter/0/part/3",
            json!({"name": "index", "valueInteger": 0}),
            "Parameters.parameter[0].part[3]",
        ),
        (
            "/parameter/0/part/3",
            json!({"name": "value", "valueCode": "current"}),
            "Parameters.parameter[0].part[3]",
        ),
    ] {
        let mut patch = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match patch.pointer_mut(parent).unwrap() {
            Value::Array(parts) => parts.push(value),
            parent => parent[name] = value,
        }
        let headers = [("Content-Type", "application/fhir+json")];
        let body = patch.to_string().into_bytes();
        let reply = world
            .author
            .send(Method::PATCH, &path, &headers, body)
            .await;
        reply.assert_refused(422, "unsupported-element");
        assert_eq!(reply.json()["issue"][0]["expression"][0], place);
    }
    let read = world.author.get(&path).await.assert_status(200).json();
    assert_eq!(read["status"], "current");
}

async fn put(client: &mut Client, path: &str, resource: &Value, tag: &str) -> Reply {
    let mut headers = vec![("Content-Type", "application/fhir+json")];
    headers.extend((!tag.is_empty()).then_some(("If-Match", tag)));
    let body = resource.to_string().into_bytes();
    client.send(Method::PUT, path, &headers, body).await
}

type Change<'a> = &'a dyn Fn(&mut Value);

/// A client of libraries reads the resource, changes it and sends it back whole.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_what_a_patch_may() {
    let mut world = World::new(None).await;
    let path = format!("/DocumentReference/{}", world.id);
    let named = format!("/DocumentReference?identifier=urn:oid:{}", world.unique_id);
    let read = world.author.get(&path).await.json();
    // As it was read it changes nothing, in either form.
    let same = put(&mut world.author, &path, &read, "W/\"1\"").await;
    assert_eq!(same.assert_status(200).json(), read);
    let headers = [
        ("Content-Type", "application/fhir+xml"),
        ("Accept", "application/fhir+xml"),
    ];
    let xml = passerelle::translate::wire::write_xml(&read).unwrap();
    let same = world
        .author
        .send(Method::PUT, &path, &headers, xml.into_bytes())
        .await;
    let same = same.assert_status(200);
    assert_eq!(same.header("etag"), "W/\"1\"");

    let edited = |change: Change| {
        let mut resource = read.clone();
        change(&mut resource);
        resource
    };
    let refused: [(Change, u16, &[&str]); 8] = [
        (&|it| it["description"] = json!("x"), 405, &["description"]),
        (
            &|it| {
                it["description"] = json!("x");
                it.as_object_mut().unwrap().remove("custodian");
                it["content"][0]["attachment"]["title"] = json!("x");
            },
            405,
            &["content", "custodian", "description"],
        ),
        (
            &|it| it["extension"] = json!([{"url": "urn:x", "valueBoolean": true}]),
            405,
            &["extension"],
        ),
        (
            &|it| it["id"] = json!(Uuid::new_v4().to_string()),
            422,
            &["id"],
        ),
        (
            &|it| it["status"] = json!("entered-in-errors"),
            422,
            &["status"],
        ),
        (
            &|it| drop(it.as_object_mut().unwrap().remove("securityLabel")),
            422,
            &["securityLabel"],
        ),
        (
            &|it| drop(it.as_object_mut().unwrap().remove("status")),
            422,
            &["status"],
        ),
        (
            &|it| it["subject"]["display"] = json!("x"),
            405,
            &["subject"],
        ),
    ];
    for (change, status, elements) in refused {
        for path in [&path, &named] {
            let reply = put(&mut world.author, path, &edited(change), "").await;
            assert_eq!(reply.status, status, "{elements:?} {:?}", reply.json());
            let told = reply.json()["issue"].as_array().unwrap().clone();
            let told: Vec<_> = told
                .iter()
                .map(|it| it["expression"][0].as_str().unwrap().to_owned())
                .collect();
            let expected: Vec<_> = elements
                .iter()
                .map(|it| format!("DocumentReference.{it}"))
                .collect();
            assert_eq!(told, expected);
        }
    }
    let stale = put(&mut world.author, &path, &read, "W/\"7\"").await;
    stale.assert_refused(412, "version-conflict");
    let unknown = format!("/DocumentReference/{}", Uuid::new_v4());
    put(&mut world.author, &unknown, &read, "")
        .await
        .assert_refused(404, "not-found");
    let elsewhere = format!("{named}&status=superseded");
    put(&mut world.author, &elsewhere, &read, "")
        .await
        .assert_refused(404, "not-found");
    let masked = edited(&|it| {
        it["securityLabel"]
            .as_array_mut()
            .unwrap()
            .push(label("MASQUE_PS"))
    });
    put(&mut world.other, &path, &masked, "")
        .await
        .assert_refused(403, "not-author");
    assert_eq!(world.author.get(&path).await.json(), read);

    // Labels and archiving, by id and by identifier; what the server writes is not looked at.
    let done = put(&mut world.author, &path, &masked, "W/\"1\"")
        .await
        .assert_status(200);
    assert_eq!(labels(&done.json()), ["MASQUE_PS", "N"]);
    assert_eq!(done.header("etag"), "W/\"2\"");
    assert_eq!(world.found_by_other().await, 0);
    let mut archived = done.json();
    archived["securityLabel"] = read["securityLabel"].clone();
    archived["identifier"] = done.json()["identifier"].clone();
    archived["extension"] = json!([{"url": ARCHIVED, "valueBoolean": true}]);
    archived["meta"] = json!({"versionId": "77"});
    archived.as_object_mut().unwrap().remove("id");
    let done = put(&mut world.author, &named, &archived, "")
        .await
        .assert_status(200);
    assert_eq!(labels(&done.json()), ["N"]);
    assert_eq!(done.json()["extension"][0]["valueBoolean"], true);
    let mut deleted = done.json();
    deleted["status"] = json!("entered-in-error");
    put(&mut world.author, &path, &deleted, "")
        .await
        .assert_status(200);
    world.author.get(&path).await.assert_status(410);
}

/// The confidentiality of the document itself is its own: writing another one is told, not left out.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_statuses_the_last_is_meant() {
    let mut world = World::new(None).await;
    let status = |code: &str| json!({"op": "replace", "path": "/status", "value": code});
    let kept = json!([status("entered-in-error"), status("current")]);
    let reply = world.patch(kept).await.assert_status(200);
    assert_eq!(reply.json()["status"], "current");
    assert_eq!(world.found_by_other().await, 1);
    let deleted = json!([status("current"), status("entered-in-error")]);
    world.patch(deleted).await.assert_status(200);
    assert_eq!(world.found_by_other().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r_and_v_are_refused() {
    let mut world = World::new(Some("MASQUE_PS")).await;
    let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
    for code in ["R", "V"] {
        let concept = json!({"coding": [{"system": system, "code": code}]});
        for (op, path, value) in [
            ("add", "/securityLabel/-", concept.clone()),
            ("replace", "/securityLabel/0", concept.clone()),
            ("replace", "/securityLabel/1", concept.clone()),
            ("replace", "/securityLabel", json!([concept])),
        ] {
            let operations = json!([{"op": op, "path": path, "value": value}]);
            let refused = world.patch(operations).await;
            refused.assert_refused(422, "label-conflict");
        }
    }
    let path = format!("/DocumentReference/{}", world.id);
    let read = world.author.get(&path).await.json();
    assert_eq!(labels(&read), ["MASQUE_PS", "N"]);
    assert_eq!(read["meta"]["versionId"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn msk_08_a_version_stays_with_its_identifier() {
    let mut world = World::new(None).await;
    let path = format!("/DocumentReference/{}", world.id);
    let first = world.author.get(&path).await.assert_status(200).json();
    let archive = json!([{"op": "replace", "path": format!("/extension[url:'{ARCHIVED}']/valueBoolean"), "value": "true"}]);
    let second = world.patch(archive.clone()).await.assert_status(200);
    assert_eq!(second.header("etag"), "W/\"2\"");
    let second = second.json();
    let again = world.patch(archive).await.assert_status(200);
    assert_eq!(again.header("etag"), "W/\"2\"", "archived twice");
    assert_eq!(again.json(), second);

    // What it was is what it said then.
    for (version, said) in [("1", &first), ("2", &second)] {
        let read = world
            .author
            .get(&format!("{path}/_history/{version}"))
            .await
            .assert_status(200);
        assert_eq!(read.header("etag"), format!("W/\"{version}\""));
        assert_eq!(&read.json(), said);
    }
    for none in ["0", "3", "01", "+1", "x"] {
        let read = world.author.get(&format!("{path}/_history/{none}")).await;
        read.assert_refused(404, "not-found");
    }

    // The entryUUID that it had stays among its identifiers, and leads to it.
    assert_ne!(entry_uuid(&second), entry_uuid(&first));
    assert_eq!(second["identifier"][2]["use"], "old");
    assert_eq!(second["identifier"][2]["value"], entry_uuid(&first));
    for uuid in [entry_uuid(&first), entry_uuid(&second)] {
        let parameters = [
            ("patient.identifier", PATIENT),
            ("status", "current,superseded"),
            ("isArchived", "true"),
            ("identifier", uuid.as_str()),
        ];
        let found = world.author.search("DocumentReference", &parameters).await;
        assert_eq!(found.assert_status(200).json()["total"], 1, "{uuid}");
    }
}

/// A version is shown by its own labels: what one could not see then, one does not see afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_masked_is_absent() {
    let mut world = World::new(None).await;
    let path = format!("/DocumentReference/{}", world.id);
    let mask = json!([{"op": "replace", "path": "/securityLabel/0", "value": label("MASQUE_PS")}]);
    world.patch(mask).await.assert_status(200);
    for version in ["1", "2", "3"] {
        let read = world.other.get(&format!("{path}/_history/{version}")).await;
        read.assert_refused(404, "not-found");
    }
    let unmask = json!([{"op": "remove", "path": "/securityLabel/0"}]);
    world.patch(unmask).await.assert_status(200);
    for (version, status) in [("1", 200), ("2", 404), ("3", 200)] {
        let read = world.other.get(&format!("{path}/_history/{version}")).await;
        read.assert_status(status);
        let own = world
            .author
            .get(&format!("{path}/_history/{version}"))
            .await;
        own.assert_status(200);
    }
    let delete = json!([{"op": "replace", "path": "/status", "value": "entered-in-error"}]);
    world.patch(delete).await.assert_status(200);
    for version in ["1", "4"] {
        let read = world
            .author
            .get(&format!("{path}/_history/{version}"))
            .await;
        read.assert_refused(410, "document-deleted");
    }
}
