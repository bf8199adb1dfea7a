//! Who acts for whom, and what nobody learns of another record.

use passerelle::dmp::actor::{ActorId, PortalUser};
use passerelle::dmp::ins::{Ins, InsRoot};
use passerelle::dmp::right::{Declaration, Grant, Right};
use serde_json::{Value, json};

use crate::support::portal::{ISSUER, Token};
use crate::support::{Document, Server, consent_for};
use crate::{existence, open, open_with, patient_path, served};

/// Opens the record of a child.
async fn open_minor(server: &Server, patient: &str) {
    open_with(server, patient, |record| {
        record["birthDate"] = json!("2018-05-06")
    })
    .await;
}

/// Deposits a document for a patient; gives the ids of the entry, its content and its submission.
async fn deposited(server: &Server, patient: &str) -> [String; 3] {
    let mut hospital = server.client("laboratoire");
    let reply = hospital
        .post("", &Document::for_patient(patient).bundle())
        .await;
    let entries = reply.assert_status(200).json()["entry"].clone();
    let id = |kind: &str| {
        let located = entries.as_array().unwrap().iter().find_map(|entry| {
            let location = entry["response"]["location"].as_str()?;
            let (_, rest) = location.split_once(&format!("{kind}/"))?;
            Some(rest.split('/').next().unwrap().to_owned())
        });
        located.unwrap_or_else(|| panic!("no {kind} in {entries}"))
    };
    [id("DocumentReference"), id("Binary"), id("List")]
}

/// A delegation to a caregiver, put there behind the server's back.
pub(crate) fn delegate(server: &Server, patient: &str, sub: &str) {
    let (_, number) = patient.split_once('|').unwrap();
    let ins = Ins::parse(InsRoot::NirTest, number).unwrap();
    let to = ActorId::User(PortalUser::new(ISSUER, sub).unwrap());
    let start = jiff::Timestamp::now();
    let right = Right {
        id: uuid::Uuid::new_v4(),
        version: 1,
        updated: start,
        declared_by: "test".to_owned(),
        start,
        end: None,
        declaration: Declaration {
            patient: ins.clone(),
            grant: Grant::Delegation { to: to.clone() },
            name: None,
            active: true,
            until: None,
        },
    };
    let database = rusqlite::Connection::open(server.folder().join("passerelle.db")).unwrap();
    database
        .execute(
            "INSERT INTO consent (ins, actor, category, switch, id, version, declared_by, body) \
             VALUES (?1, ?2, 'delegation', '', ?3, 1, 'test', ?4)",
            rusqlite::params![
                ins.key(),
                to.key(),
                right.id.as_bytes().as_slice(),
                serde_json::to_string(&right).unwrap()
            ],
        )
        .unwrap();
}

async fn search(token: Token<'_>, server: &Server, patient: &str) -> (u16, String) {
    let mut client = token.on(server);
    let parameters = [("patient.identifier", patient), ("status", "current")];
    let reply = client.search("DocumentReference", &parameters).await;
    let told = match reply.status {
        200 => reply.json()["total"].to_string(),
        _ => reply.refusal(),
    };
    (reply.status, told)
}

#[tokio::test]
async fn who_may_act_for_whom() {
    let (portal, server) = served();
    let adult = open(&server, 1).await;
    let minor = crate::ins(2);
    open_minor(&server, &minor).await;
    for patient in [&adult, &minor] {
        deposited(&server, patient).await;
        delegate(&server, patient, "aidant");
    }
    let seen = || (200, "1".to_owned());
    let not_yours = || (403, "not-yours".to_owned());
    let table = [
        ("holder", portal.holder(&adult), &adult, seen()),
        ("young holder", portal.holder(&minor), &minor, seen()),
        ("parent", portal.representative(&minor), &minor, seen()),
        (
            "parent of an adult",
            portal.representative(&adult),
            &adult,
            not_yours(),
        ),
        (
            "protection of the person",
            portal.representative(&adult).claim("protection", "person"),
            &adult,
            seen(),
        ),
        (
            "protection of the goods",
            portal
                .representative(&adult)
                .claim("protection", "property"),
            &adult,
            not_yours(),
        ),
        (
            "caregiver",
            portal.caregiver(&adult, "aidant"),
            &adult,
            seen(),
        ),
        (
            "caregiver of a minor",
            portal.caregiver(&minor, "aidant"),
            &minor,
            seen(),
        ),
        (
            "without delegation",
            portal.caregiver(&adult, "voisin"),
            &adult,
            not_yours(),
        ),
        (
            "protection is no delegation",
            portal
                .caregiver(&adult, "voisin")
                .claim("protection", "person"),
            &adult,
            not_yours(),
        ),
    ];
    for (who, token, patient, expected) in table {
        assert_eq!(search(token, &server, patient).await, expected, "{who}");
    }
}

#[tokio::test]
async fn a_token_opens_its_own_record_only() {
    let (portal, server) = served();
    let own = open(&server, 1).await;
    let other = open(&server, 2).await;
    let [document, content, submission] = deposited(&server, &other).await;
    let nowhere = crate::ins(3);
    let closed = crate::ins(4);
    open_with(&server, &closed, |record| {
        record["extension"][0]["valueCode"] = json!("opposed");
        record["active"] = json!(false);
    })
    .await;
    let mut client = portal.holder(&own).on(&server);
    // Whether the record exists, in which state, is not told.
    let mut answers = Vec::new();
    for patient in [&other, &nowhere, &closed] {
        let told = existence(&mut client, patient).await;
        told.assert_refused(403, "not-yours");
        let parameters = [
            ("patient.identifier", patient.as_str()),
            ("status", "current"),
        ];
        let documents = client.search("DocumentReference", &parameters).await;
        documents.assert_refused(403, "not-yours");
        let code = [parameters.as_slice(), &[("code", "submissionset")]].concat();
        let submissions = client.search("List", &code).await;
        submissions.assert_refused(403, "not-yours");
        let consent = client
            .search("Consent", &[("patient.identifier", patient)])
            .await;
        consent.assert_refused(403, "not-yours");
        let put = client
            .put(&patient_path(patient), &json!({"resourceType": "Patient"}))
            .await;
        put.assert_refused(403, "not-yours");
        let deposit = client
            .post(
                "/DocumentReference",
                &super::deposits::own_document(patient),
            )
            .await;
        deposit.assert_refused(403, "not-yours");
        client
            .post("/Consent", &consent_for(patient, "899900000011"))
            .await
            .assert_refused(403, "not-yours");
        answers.push((told.bytes, put.bytes, deposit.bytes));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    // What an id leads to is as unknown.
    let record = server
        .client("exploitant")
        .search("Patient", &[("identifier", &other)])
        .await
        .json()["entry"][0]["resource"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for path in [
        format!("/DocumentReference/{document}"),
        format!("/DocumentReference/{document}/_history/1"),
        format!("/Binary/{content}"),
        format!("/List/{submission}"),
        format!("/Patient/{record}"),
    ] {
        let known = client.get(&path).await;
        known.assert_refused(404, "not-found");
        let (kind, _) = path[1..].split_once('/').unwrap();
        let unknown = client
            .get(&format!("/{kind}/{}", uuid::Uuid::new_v4()))
            .await;
        assert_eq!(known.bytes, unknown.bytes, "{path}");
    }
    // The other holder reads all of it.
    let mut holder = portal.holder(&other).on(&server);
    for path in [
        format!("/DocumentReference/{document}"),
        format!("/Binary/{content}"),
        format!("/List/{submission}"),
        format!("/Patient/{record}"),
    ] {
        holder.get(&path).await.assert_status(200);
    }
}

#[tokio::test]
async fn a_patient_sends_no_bundle_and_opens_no_record() {
    let (portal, server) = served();
    let own = open(&server, 1).await;
    let mut client = portal.holder(&own).on(&server);
    let bundle = Document::for_patient(&own).bundle();
    client
        .post("", &bundle)
        .await
        .assert_refused(403, "not-allowed");
    let nowhere = crate::ins(2);
    let mut newcomer = portal.holder(&nowhere).on(&server);
    let (_, record) = Document::for_patient(&nowhere).record();
    newcomer
        .put(&patient_path(&nowhere), &record)
        .await
        .assert_refused(404, "record-unknown");
    let empty = existence(&mut newcomer, &nowhere).await.assert_status(200);
    assert_eq!(empty.json()["total"], json!(0));
}

#[tokio::test]
async fn a_record_that_was_not_activated_tells_its_state_and_no_more() {
    let (portal, server) = served();
    let patient = crate::ins(1);
    open_with(&server, &patient, |record| {
        record["extension"][0]["valueCode"] = json!("not-activated");
    })
    .await;
    let mut client = portal.holder(&patient).on(&server);
    let told = existence(&mut client, &patient)
        .await
        .assert_status(200)
        .json();
    let shown = &told["entry"][0]["resource"];
    assert_eq!(state(shown), Some("not-activated"));
    let refused = search(portal.holder(&patient), &server, &patient).await;
    assert_eq!(refused, (403, "record-not-activated".to_owned()));
    client
        .post(
            "/DocumentReference",
            &super::deposits::own_document(&patient),
        )
        .await
        .assert_refused(403, "record-not-activated");
}

/// The code of `record-state`.
pub(crate) fn state(patient: &Value) -> Option<&str> {
    extension(patient, "record-state")?["valueCode"].as_str()
}

/// One of our extensions.
pub(crate) fn extension<'a>(patient: &'a Value, name: &str) -> Option<&'a Value> {
    let url = format!("https://passerelle.dev/fhir/StructureDefinition/{name}");
    let extensions = patient["extension"].as_array()?;
    extensions
        .iter()
        .find(|extension| extension["url"] == url.as_str())
}
