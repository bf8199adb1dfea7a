//! What the patient's side does to documents after their deposit.

use hyper::Method;
use serde_json::{Value, json};

use crate::acts::delegate;
use crate::support::client::encode;
use crate::support::{Client, Document, Portal, Reply, Server, consent_for};
use crate::{open, served};

const VISIBILITY: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
/// PS_IdNat of the card `medecin`.
const MEDECIN: &str = "899900000011";

struct World {
    portal: Portal,
    server: Server,
    patient: String,
    physician: Client,
    path: String,
}

/// A physician who may consult the record, and a laboratory's document in it.
async fn world(n: u64) -> World {
    let (portal, server) = served();
    let patient = open(&server, n).await;
    let mut physician = server.client("medecin");
    let consent = consent_for(&patient, MEDECIN);
    physician
        .post("/Consent", &consent)
        .await
        .assert_status(201);
    let mut laboratory = server.client("laboratoire");
    let document = Document::for_patient(&patient).simplified();
    let made = laboratory.post("/DocumentReference", &document).await;
    let id = made.assert_status(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    World {
        portal,
        server,
        patient,
        physician,
        path: format!("/DocumentReference/{id}"),
    }
}

async fn patch(client: &mut Client, path: &str, op: &str, place: &str, value: Value) -> Reply {
    let body = json!([{"op": op, "path": place, "value": value}]).to_string();
    let headers = [("Content-Type", "application/json-patch+json")];
    client
        .send(Method::PATCH, path, &headers, body.into_bytes())
        .await
}

fn mask() -> Value {
    json!({"coding": [{"system": VISIBILITY, "code": "MASQUE_PS"}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn msk_01_msk_03_the_holder_masks_any_document_and_unmasks_it() {
    let mut world = world(61).await;
    let mut holder = world.portal.holder(&world.patient).on(&world.server);
    world.physician.get(&world.path).await.assert_status(200);
    patch(&mut holder, &world.path, "add", "/securityLabel/-", mask())
        .await
        .assert_status(200);
    let hidden = world.physician.get(&world.path).await;
    hidden.assert_refused(404, "not-found");
    // Its author finds it again, by its identifier; the patient always.
    holder.get(&world.path).await.assert_status(200);
    let mut laboratory = world.server.client("laboratoire");
    laboratory.get(&world.path).await.assert_status(200);
    patch(
        &mut holder,
        &world.path,
        "remove",
        "/securityLabel/0",
        json!(null),
    )
    .await
    .assert_status(200);
    world.physician.get(&world.path).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn del_03_what_professionals_deposited_the_holder_does_not_delete() {
    let world = world(62).await;
    let mut holder = world.portal.holder(&world.patient).on(&world.server);
    let deleted = json!("entered-in-error");
    patch(&mut holder, &world.path, "replace", "/status", deleted)
        .await
        .assert_refused(403, "not-author");
    let archived = "/extension[url:'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived']/valueBoolean";
    patch(&mut holder, &world.path, "replace", archived, json!(true))
        .await
        .assert_refused(403, "not-author");
    let hide = json!({"coding": [{"system": VISIBILITY, "code": "INVISIBLE_PATIENT"}]});
    patch(&mut holder, &world.path, "add", "/securityLabel/-", hide)
        .await
        .assert_refused(422, "label-conflict");
    holder.get(&world.path).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn aid_02_a_caregiver_reads_and_masks_nothing() {
    let world = world(63).await;
    delegate(&world.server, &world.patient, "aidant-1");
    let token = world.portal.caregiver(&world.patient, "aidant-1");
    let mut caregiver = token.on(&world.server);
    caregiver.get(&world.path).await.assert_status(200);
    patch(
        &mut caregiver,
        &world.path,
        "add",
        "/securityLabel/-",
        mask(),
    )
    .await
    .assert_refused(403, "not-yours");
    let mut stranger = world
        .portal
        .caregiver(&world.patient, "aidant-2")
        .on(&world.server);
    stranger
        .get(&world.path)
        .await
        .assert_refused(403, "not-yours");
}

#[tokio::test(flavor = "multi_thread")]
async fn ann_04_what_is_not_announced_the_holder_does_not_know() {
    let world = world(64).await;
    let mut laboratory = world.server.client("laboratoire");
    let mut document = Document::for_patient(&world.patient).simplified();
    let labels = document["securityLabel"].as_array_mut().unwrap();
    labels.push(json!({"coding": [{"system": VISIBILITY, "code": "INVISIBLE_PATIENT"}]}));
    let made = laboratory.post("/DocumentReference", &document).await;
    let made = made.assert_status(201).json();
    let path = format!("/DocumentReference/{}", made["id"].as_str().unwrap());
    let mut holder = world.portal.holder(&world.patient).on(&world.server);
    holder.get(&path).await.assert_refused(404, "not-found");
    patch(&mut holder, &path, "add", "/securityLabel/-", mask())
        .await
        .assert_refused(404, "not-found");
    let query = format!(
        "/DocumentReference?patient.identifier={}&status=current",
        encode(&world.patient)
    );
    assert_eq!(holder.get(&query).await.json()["total"], 1);
}
